"""The claim of lesson 51, the idle share of four workers."""

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(51, "schedule")


def _idle(needs, durations, workers=4):
    return 1 - sum(durations) / (workers * max(end for _, _, end in lesson.schedule(needs, durations, workers)))


@claim("51a")
def more_in_parallel(draw):
    """With parallel=8 four workers are idle less than with parallel=4, over 60 trials of drawn durations."""
    durations = np.random.default_rng(draw).gamma(4.0, 0.25, size=60)
    less = (_idle(st.BayesianSearch(parallel=4).needs, durations)
            - _idle(st.BayesianSearch(parallel=8).needs, durations))
    return less > 0, less
