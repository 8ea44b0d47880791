"""The claims of lesson 15, the winner's curse: 200 random searches of the trainings in each draw."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

SEARCHES, TRIALS = 200, 60


@cache
def _accuracies():
    trainings = st.datasets.load_trainings()
    right = trainings.validation[..., -1].astype(int)
    return {"narrow": right.reshape(-1, 5) / 250, "wide": (right + trainings.wide).reshape(-1, 5) / 750,
            "held out": trainings.held_out.reshape(-1, 5) / 847}


@cache
def _best(draw, rows, trials):
    """Mean score of the winners, their mean held-out accuracy, and that of their configurations with other seeds."""
    rng = np.random.default_rng(draw)
    tried, seeds = rng.integers(2376, size=(SEARCHES, TRIALS)), rng.integers(5, size=(SEARCHES, TRIALS))
    score, held_out = _accuracies()[rows], _accuracies()["held out"]
    at = score[tried, seeds][:, :trials].argmax(axis=1)
    configuration, seed = tried[np.arange(SEARCHES), at], seeds[np.arange(SEARCHES), at]
    kept = held_out[configuration, seed]
    again = (5 * held_out[configuration].mean(axis=1) - kept) / 4
    return score[configuration, seed].mean(), kept.mean(), again.mean()


def _optimism(draw, rows, trials):
    score, kept, _ = _best(draw, rows, trials)
    return 100 * (score - kept)


@claim("15a")
def with_trials(draw):
    """The optimism of the best of 60 is larger than that of the best of 9."""
    more = _optimism(draw, "narrow", 60) - _optimism(draw, "narrow", 9)
    return more > 0, more


@claim("15b")
def with_rows(draw):
    """The optimism of the best of 60 is smaller on 750 rows than on 250."""
    less = _optimism(draw, "narrow", 60) - _optimism(draw, "wide", 60)
    return less > 0, less


@claim("15c")
def trials_or_rows(draw):
    """The best of 60 on 250 rows has a higher held-out accuracy than the best of 20 on 750."""
    gain = 100 * (_best(draw, "narrow", 60)[1] - _best(draw, "wide", 20)[1])
    return gain > 0, gain


@claim("15d")
def trained_again(draw):
    """With another seed the winner's configuration has a lower held-out accuracy than the winner."""
    _, kept, again = _best(draw, "narrow", 60)
    return again < kept, 100 * (kept - again)
