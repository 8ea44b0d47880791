"""From log mel energies to the rows that a network reads: cepstral coefficients, deltas, normalisation.

Cepstral coefficients are the shape of a log spectrum in a few numbers that are hardly correlated. Deltas say how fast
each feature changes. Mean and variance normalisation removes the shift by a microphone or a loud voice.

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


OFFSETS = np.array([1, 2])  # frames: the line is fitted to five of them


def deltas(features: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Deltas by regression: the gradient of the least-squares line through a frame and those around it.

    Formula [deltas]
        dₜₖ = Σᵢ[oᵢ · (x[min(t + oᵢ, #t − 1), k] − x[max(t − oᵢ, 0), k])] / (2 · Σᵢ[oᵢ²])
    Where
        x: features, (t, k), real, a row for each frame; the first and the last one are repeated beyond the ends
        o: offsets, (i,), integer >= 1; sampled in [1, 4], distances in frames, usually 1 and 2
    Returns
        d, (t, k), change a frame. The deltas of deltas are called accelerations, or delta-deltas.
    Variant
        As HTK, Kaldi, python_speech_features, torchaudio's `compute_deltas` (5 frames by default), and librosa's
        `delta` with `mode="nearest"`; librosa has 9 frames by default, and fits the line at the ends (`mode="interp"`).
    Source
        Young et al. (2006), "The HTK book", section 5.9, equation 5.16.
    Example
        >>> deltas(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]), np.array([1, 2])).ravel().tolist()
        [0.5, 0.8, 1.0, 0.8, 0.5]
    """
    last = len(features) - 1
    total = np.zeros(features.shape)
    for offset in offsets:
        later, earlier = np.arange(last + 1) + offset, np.arange(last + 1) - offset
        total += offset * (features[np.minimum(later, last)] - features[np.maximum(earlier, 0)])
    return total / (2.0 * (offsets**2).sum())


def with_deltas(features: np.ndarray, orders: int) -> np.ndarray:
    """Return the features, then their deltas, then the deltas of those: ``orders`` blocks of columns are added.

    >>> with_deltas(np.ones((4, 13)), 2).shape
    (4, 39)
    """
    blocks = [features]
    for _ in range(orders):
        blocks.append(deltas(blocks[-1], OFFSETS))
    return np.concatenate(blocks, axis=1)


def normalise(features: np.ndarray, floor: float) -> np.ndarray:
    """Cepstral mean and variance normalisation (CMVN): in each clip every feature has mean 0 and variance 1.

    Formula [cmvn]
        μₖ = meanₜ[xₜₖ] ; σₖ = √(meanₜ[(xₜₖ − μₖ)²]) ; yₜₖ = (xₜₖ − μₖ) / max(σₖ, ε)
    Where
        x: features, (t, k), real, a row for each frame of one clip
        ε: floor, scalar, > 0; sampled in [0.5, 2], the smallest divisor
    Returns
        y, (t, k). A feature that is constant becomes 0.
    Variant
        Some subtract the mean only (CMN), take a sliding window of a few seconds, or all clips of a speaker; Kaldi's
        variance, like this one, is divided by the number of frames.
    Source
        Viikki and Laurila (1998), "Cepstral domain segmental feature vector normalization".
    Example
        >>> normalise(np.array([[1.0, 5.0], [3.0, 5.0]]), 1e-8).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    mean = features.mean(axis=0)
    std = np.sqrt(((features - mean) ** 2).mean(axis=0))
    return (features - mean) / np.maximum(std, floor)
