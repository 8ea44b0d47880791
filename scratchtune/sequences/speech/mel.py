"""The mel scale of pitch: equal steps in mel sound equally large, so at high frequencies a mel is more hertz.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def hz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Frequencies in mel; 1,000 Hz is 1,000 mel.

    Formula [hz_to_mel]
        mᵢ = 2595 · log(1 + fᵢ / 700) / log(10)
    Where
        f: hertz, (i,), >= 0; sampled in [0, 22050]
    Returns
        m, (i,), >= 0.
    Variant
        HTK's mel, of torchaudio and python_speech_features, and of librosa with `htk=True`. librosa's default, Slaney's
        mel, is linear below 1,000 Hz.
    Source
        O'Shaughnessy (1987), "Speech communication", page 150; "The HTK book" (2006), equation 5.13.
    Example
        >>> hz_to_mel(np.array([0.0, 700.0, 1000.0])).round(2).tolist()
        [0.0, 781.17, 999.99]
    """
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Frequencies in hertz: the inverse of [hz_to_mel].

    Formula [mel_to_hz]
        fᵢ = 700 · (10^(mᵢ / 2595) − 1)
    Where
        m: mel, (i,), >= 0; sampled in [0, 4000]
    Returns
        f, (i,), >= 0.
    Source
        [hz_to_mel], solved for f.
    Example
        >>> mel_to_hz(np.array([0.0, 2595.0])).tolist()
        [0.0, 6300.0]
    """
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
