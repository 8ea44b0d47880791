"""The claims of lesson 32, the rate alone and a search: look-ups in the trainings, 300 searches a draw."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.play.trainings import VALUES

SEARCHES, FIRST = 300, 8


@cache
def _table():
    trainings = st.datasets.load_trainings()
    return trainings.validation[..., -1].astype(int), 100 * (trainings.expected.max() - trainings.expected)


def _regret(rng, kind, trials, default=None):
    """The mean regret of the winner after so many trials; kind is "rate", "all" or "then"."""
    validation, regret = _table()
    default = [VALUES[name].index(value) for name, value in zip(list(VALUES)[1:], default or (), strict=False)]
    orders = np.argsort(rng.random((SEARCHES, 11)), axis=1)
    best, lost, rate = np.full(SEARCHES, -1), np.zeros(SEARCHES), np.zeros(SEARCHES, int)
    for trial in range(trials):
        at = [rng.integers(0, size, SEARCHES) for size in regret.shape]
        if kind == "rate" or (kind == "then" and trial < FIRST):
            at = [orders[:, trial % 11], *(np.full(SEARCHES, each) for each in default)]
        elif kind == "then":
            at[0] = np.clip(rate + rng.integers(-1, 2, SEARCHES), 0, 10)
        rows = validation[(*at, rng.integers(0, 5, SEARCHES))]
        better = rows > best
        best, lost = np.where(better, rows, best), np.where(better, regret[tuple(at)], lost)
        rate = np.where(better, at[0], rate)
    return lost.mean()


@claim("32a")
def they_cross(draw):
    """With usual other values the rate alone is ahead of random search over all five after 5 trainings, and behind it
    after 60."""
    rng, default = np.random.default_rng(draw), (32, 0.0, 0.0, 64)
    gains = [_regret(rng, "all", trials) - _regret(rng, "rate", trials, default) for trials in (5, 60)]
    return gains[0] > 0 > gains[1], gains[1]


@claim("32b")
def a_good_default(draw):
    """With dropout 0.4 and 192 units the rate alone is ahead after 60 trainings, too."""
    rng = np.random.default_rng(draw)
    gain = _regret(rng, "all", 60) - _regret(rng, "rate", 60, (32, 0.0, 0.4, 192))
    return gain > 0, gain


@claim("32c")
def never_the_worst(draw):
    """The rate for 8 trainings and then all five is not the worst of the three after 27, with a default at random."""
    rng = np.random.default_rng(draw)
    default = tuple(values[rng.integers(0, len(values))] for values in (
        (16, 32, 64), (0.0, 0.001), (0.0, 0.2, 0.4), (64, 192)))
    both = _regret(rng, "then", 27, default)
    worst = max(_regret(rng, "rate", 27, default), _regret(rng, "all", 27))
    return both < worst, worst - both
