"""Deltas: how fast each feature changes, beside the feature itself.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

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
