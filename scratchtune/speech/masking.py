"""SpecAugment: in training, stretches of time and bands of frequency are hidden, so that no single one is relied upon.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks


def time_mask(features: np.ndarray, start: int, width: int) -> np.ndarray:
    """Time mask: all features of some successive frames are 0.

    Formula [time_mask]
        yₜₖ = xₜₖ if t < s else 0 if t < s + w else xₜₖ
    Where
        x: features, (t, k), real, a row for each frame
        s: start, scalar, integer >= 0; sampled in [0, 3], the first frame that is masked
        w: width, scalar, integer >= 0; sampled in [0, 3], how many are
    Returns
        y, (t, k), a new array.
    Variant
        0 is the mean of normalised features; without normalisation the mean may be put in, as in the paper's section 2.
    Source
        Park et al. (2019), "SpecAugment", section 2.
    Example
        >>> time_mask(np.ones((3, 2)), 1, 1).tolist()
        [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    """
    masked = features.copy()
    masked[start : start + width] = 0.0
    return masked


def frequency_mask(features: np.ndarray, start: int, width: int) -> np.ndarray:
    """Frequency mask: some neighbouring features are 0 in all frames.

    Formula [frequency_mask]
        yₜₖ = xₜₖ if k < s else 0 if k < s + w else xₜₖ
    Where
        x: features, (t, k), real, a row for each frame
        s: start, scalar, integer >= 0; sampled in [0, 3], the first feature that is masked
        w: width, scalar, integer >= 0; sampled in [0, 3], how many are
    Returns
        y, (t, k), a new array.
    Variant
        The features are mel filters in the paper. Neighbouring cepstral coefficients are no band of frequencies.
    Source
        Park et al. (2019), "SpecAugment", section 2.
    Example
        >>> frequency_mask(np.ones((2, 3)), 0, 2).tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    masked = features.copy()
    masked[:, start : start + width] = 0.0
    return masked


@dataclass(frozen=True)
class SpecAugment:
    """SpecAugment's masks, as a function of features and a generator of random numbers; each number can be tuned.

    ``time_masks`` masks of up to ``time_width`` frames each, formula [time_mask], but of at most ``time_share`` of all
    frames; ``frequency_masks`` of up to ``frequency_width`` features, [frequency_mask]. Widths are uniform from 0 to
    the maximum, and so is the start of a mask, from the first position to the last one at which it fits. torchaudio
    calls the widths ``time_mask_param`` and ``freq_mask_param``, and the share ``p``. The paper's time warping is left
    out, as the paper says that it has the least effect.

    >>> SpecAugment(time_width=2)(np.ones((50, 40)), np.random.default_rng(0)).shape
    (50, 40)
    """

    time_masks: int = 2
    time_width: int = 20
    frequency_masks: int = 2
    frequency_width: int = 8
    time_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("time_masks", "time_width", "frequency_masks", "frequency_width"):
            checks.integer(name, getattr(self, name), 0)
        checks.real("time_share", self.time_share, 0.0, 1.0)

    def __call__(self, features: Any, rng: np.random.Generator) -> np.ndarray:
        """Return a masked copy of features, (frames, features)."""
        masked = checks.matrix("features", features)
        frames, columns = masked.shape
        for _ in range(self.time_masks):
            masked = time_mask(masked, *_drawn(frames, min(self.time_width, int(self.time_share * frames)), rng))
        for _ in range(self.frequency_masks):
            masked = frequency_mask(masked, *_drawn(columns, min(self.frequency_width, columns), rng))
        return masked if masked is not features else masked.copy()


def _drawn(size: int, widest: int, rng: np.random.Generator) -> tuple[int, int]:
    """The start and the width of a mask."""
    width = int(rng.integers(0, widest + 1))
    return int(rng.integers(0, size - width + 1)), width
