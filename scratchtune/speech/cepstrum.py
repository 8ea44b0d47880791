"""Cepstral coefficients: the shape of a log spectrum in a few numbers that are hardly correlated.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def dct(log_energies: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Discrete cosine transform, type II, orthonormal: of log mel energies it gives the MFCC.

    Formula [dct]
        cₙⱼ = (√(1 / #m) if qⱼ = 0 else √(2 / #m)) · Σₘ[yₙₘ · cos(π · qⱼ · (m + 0.5) / #m)]
    Where
        y: log_energies, (n, m), real, a row for each frame
        q: orders, (j,), index of m, the coefficients to compute
    Returns
        c, (n, j). Coefficient 0 is √#m times the mean log energy.
    Variant
        As librosa's and torchaudio's default, `norm="ortho"`. HTK has √(2 / #m) for coefficient 0 too.
        python_speech_features replaces coefficient 0 by the log energy of the frame (`appendEnergy`), and, as HTK and
        Kaldi, multiplies the others by a lifter; both can be switched off there.
    Source
        Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic word recognition",
        equation 1, with the orthonormal factors.
    Example
        >>> dct(np.array([[1.0, 1.0, 1.0, 1.0]]), np.arange(2)).round(4).tolist()
        [[2.0, 0.0]]
    """
    n = log_energies.shape[1]
    basis = np.cos(np.pi * np.outer(np.arange(n) + 0.5, orders) / n)
    return np.where(orders == 0, np.sqrt(1.0 / n), np.sqrt(2.0 / n)) * (log_energies @ basis)
