"""Cepstral coefficients: the shape of a log spectrum in a few numbers that are hardly correlated.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def dct_basis(positions: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Basis of the discrete cosine transform, type II, orthonormal: the columns are cosines of 0, 1/2, 1 .. periods.

    Formula [dct_basis]
        bₘⱼ = (√(1 / #m) if qⱼ = 0 else √(2 / #m)) · cos(π · qⱼ · vₘ)
    Where
        v: positions, (m,), in (0, 1); sampled in [0.0625, 0.875], of the inputs: (m + 0.5) / #m
        q: orders, (j,), integer >= 0; sampled in [0, 3], below #m, the numbers of the coefficients
    Returns
        b, (m, j), whose columns have length 1 and are orthogonal.
    Variant
        As librosa's and torchaudio's default, `norm="ortho"`. HTK has √(2 / #m) for coefficient 0 too.
    Source
        Ahmed, Natarajan and Rao (1974), "Discrete cosine transform", equation 1, with orthonormal factors.
    Example
        >>> dct_basis(np.array([0.25, 0.75]), np.arange(2)).round(4).tolist()
        [[0.7071, 0.7071], [0.7071, -0.7071]]
    """
    scale = np.sqrt(np.where(orders == 0, 1.0, 2.0) / len(positions))
    return scale * np.cos(np.pi * np.outer(positions, orders))


def dct(log_energies: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Discrete cosine transform of each row; that of log mel energies gives the cepstral coefficients (MFCC).

    Formula [dct]
        cₙⱼ = Σₘ[yₙₘ · bₘⱼ]
    Where
        y: log_energies, (n, m), real, a row for each frame
        b: basis, (m, j), in [-1, 1], of [dct_basis]
    Returns
        c, (n, j). Coefficient 0 is √#m times the mean log energy.
    Variant
        As librosa and torchaudio. python_speech_features replaces coefficient 0 by the log energy of the frame
        (`appendEnergy`), and, as HTK and Kaldi, multiplies the others by a lifter; both can be switched off there.
    Source
        Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic word recognition",
        equation 1.
    Example
        >>> dct(np.array([[3.0, 1.0]]), np.array([[0.5, 1.0], [0.5, -1.0]])).tolist()
        [[2.0, 2.0]]
    """
    return log_energies @ basis


def mfcc(log_energies: np.ndarray, n_coefficients: int) -> np.ndarray:
    """Return the first cepstral coefficients of log mel energies, (frames, n_mels), as (frames, n_coefficients).

    >>> mfcc(np.ones((1, 4)), 2).round(4).tolist()
    [[2.0, 0.0]]
    """
    n_mels = log_energies.shape[1]
    return dct(log_energies, dct_basis((np.arange(n_mels) + 0.5) / n_mels, np.arange(n_coefficients)))
