"""Pre-emphasis: high frequencies are made stronger, since the voice has less energy there.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def preemphasis(samples: np.ndarray, alpha: float) -> np.ndarray:
    """Pre-emphasis: each sample less a share of the one before.

    Formula [preemphasis]
        yₜ = xₜ − α · x[t − 1]
    Where
        x: samples, (t,), real, 0 before the first one
        α: alpha, scalar, in [0, 1], usually 0.97; 0 leaves the samples unchanged
    Returns
        y, (t,).
    Variant
        As python_speech_features and torchaudio. librosa continues the line through the first two samples to the left,
        Kaldi repeats the first sample, and works frame by frame.
    Source
        Young et al. (2006), "The HTK book", section 5.2, equation 5.1.
    Example
        >>> preemphasis(np.array([1.0, 1.0, 3.0]), 0.5).tolist()
        [1.0, 0.5, 2.5]
    """
    emphasised = samples.copy()
    emphasised[1:] -= alpha * samples[:-1]
    return emphasised
