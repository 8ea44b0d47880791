"""What core.js computes, written again for arrays: the same random numbers from the same integers."""

from __future__ import annotations

import numpy as np


def uniform(*numbers: int | np.ndarray) -> np.ndarray:
    """play.uniform, for arrays that are broadcast."""
    mixed = np.array(0x9E3779B9, np.uint32)
    for each in np.broadcast_arrays(*numbers):
        mixed = (mixed ^ each.astype(np.uint32)) * np.uint32(0x85EBCA6B)
        mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        mixed = mixed ^ (mixed >> np.uint32(16))
    return (mixed + 0.5) / 2**32
