"""Speed perturbation: in training, each clip is played a little slower or faster, which changes its pitch too.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scratchtune import checks
from scratchtune.speech.clip import Clip, checked_samples
from scratchtune.speech.resampling import stretched


def change_speed(clip: Clip, factor: float) -> Clip:
    """Return the clip played ``factor`` times as fast: formulas [sampling_times] and [sinc_interpolation].

    It has 1 / factor of the length, rounded up, at the same rate; every frequency is multiplied by the factor. Those
    that would be above half the rate are removed.

    >>> change_speed(Clip(np.sin(np.arange(900)), 8000), 0.9).seconds
    0.125
    """
    speed = checks.real("factor", factor, 0.1, 10.0)
    samples = checked_samples("clip", clip.samples)
    if speed == 1.0:
        return Clip(samples, clip.rate)
    return Clip(stretched(samples, speed, math.ceil(len(samples) / speed)), clip.rate)


@dataclass(frozen=True)
class SpeedPerturbation:
    """Plays a clip at one of several speeds, drawn with equal probability; the paper has 0.9, 1 and 1.1.

    >>> clip = Clip(np.sin(np.arange(900)), 8000)
    >>> SpeedPerturbation((0.9,))(clip, np.random.default_rng(0)).seconds
    0.125
    """

    factors: Sequence[float] = (0.9, 1.0, 1.1)

    def __post_init__(self) -> None:
        if isinstance(self.factors, str) or not isinstance(self.factors, Sequence) or not self.factors:
            raise TypeError(f"factors is {self.factors!r}; it must be a list of at least one number, such as "
                            "(0.9, 1.0, 1.1)")
        for number, factor in enumerate(self.factors):
            checks.real(f"factors[{number}]", factor, 0.1, 10.0)

    def __call__(self, clip: Clip, rng: np.random.Generator) -> Clip:
        """Return the clip at a speed drawn from the generator."""
        return change_speed(clip, self.factors[int(rng.integers(len(self.factors)))])
