"""A window fades a frame in and out; without it, the cut edges would spread power over all frequencies.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks


def hann(u: np.ndarray) -> np.ndarray:
    """Hann window: it begins and ends at 0.

    Formula [hann]
        wₖ = 0.5 − 0.5 · cos(2 · π · uₖ)
    Computed as
        wₖ = sin(π · uₖ)², which loses no digits near 0
    Where
        u: u, (k,), in [0, 1]; sampled in (0, 1], the position in the window, from 0 to 1
    Returns
        w, (k,), in [0, 1].
    Variant
        `window` takes u = k / n, the periodic window of librosa and torchaudio; NumPy's `hanning` has k / (n − 1),
        the symmetric one.
    Source
        Harris (1978), "On the use of windows for harmonic analysis with the discrete Fourier transform".
    Example
        >>> hann(np.array([0.0, 0.25, 0.5])).round(4).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.sin(np.pi * u) ** 2


def hamming(u: np.ndarray) -> np.ndarray:
    """Hamming window: it begins and ends at 0.08.

    The highest peak that it leaves beside the peak of a tone, the side lobe, is lower than that of the Hann window.

    Formula [hamming]
        wₖ = 0.54 − 0.46 · cos(2 · π · uₖ)
    Where
        u: u, (k,), in [0, 1]; sampled in (0, 1], the position in the window, from 0 to 1
    Returns
        w, (k,), in [0.08, 1].
    Variant
        `window` takes u = k / n, the periodic window; HTK and NumPy's `hamming` have k / (n − 1), the symmetric one.
    Source
        Harris (1978), "On the use of windows for harmonic analysis with the discrete Fourier transform".
    Example
        >>> hamming(np.array([0.0, 0.25, 0.5])).round(4).tolist()
        [0.08, 0.54, 1.0]
    """
    return 0.54 - 0.46 * np.cos(2.0 * np.pi * u)


WINDOWS = {"hann": hann, "hamming": hamming}


def window(kind: str, length: int) -> np.ndarray:
    """Return the periodic window of a kind, "hann" or "hamming", (length,).

    >>> window("hann", 4).round(4).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    checks.choice("kind", kind, WINDOWS)
    checks.integer("length", length, 1)
    return WINDOWS[kind](np.arange(length) / length)
