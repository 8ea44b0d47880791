"""Mean and variance normalisation: it removes the shift of all features of a clip by a microphone or a loud voice.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


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
