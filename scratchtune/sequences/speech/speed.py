"""Speed perturbation: in training, each clip is played a little slower or faster, which changes its pitch too.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math

from scratchtune import checks
from scratchtune.sequences.speech.clip import Clip, checked_samples
from scratchtune.sequences.speech.resampling import stretched


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
