"""The claims of lesson 24, races on the trainings."""

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.core.search.schedule import bracket_size

SEARCHES = 500


def _best_of(races, rng, trainings):
    """The regret of the best winner of races from so many epochs on, with so many random configurations each."""
    curves, expected, best = trainings.validation.reshape(-1, 5, 27), trainings.expected.ravel(), (-1.0, 0.0)
    for n, epochs in races:
        configurations = rng.choice(len(curves), n, replace=False)
        table, left = curves[configurations, rng.integers(0, 5, n)].astype(int), np.arange(n)
        while epochs < 27:
            left = left[np.argsort(-table[left, epochs - 1], kind="stable")[: max(len(left) // 3, 1)]]
            epochs *= 3
        winner = left[table[left, -1].argmax()]
        if table[winner, -1] > best[0]:  # the first of equal accuracies
            best = table[winner, -1], 100.0 * (expected.max() - expected[configurations[winner]])
    return best[1]


def _regrets(draw, races):
    trainings, rng = st.datasets.load_trainings(), np.random.default_rng(draw)
    return np.array([_best_of(races, rng, trainings) for _ in range(SEARCHES)])


def _of_both(draw):
    """Regrets of random search less those of Hyperband, at 351 and 357 epochs."""
    return _regrets(draw, [(13, 27)]) - _regrets(draw + 10_000, [(bracket_size(3, s, 3), 27 // 3**s) for s in range(4)])


@claim("24a")
def a_race_or_three_trainings(draw):
    """At 81 epochs winners of races of 27 have a lower mean regret, of 500, than the best of three trainings."""
    gain = np.mean(_regrets(draw, [(3, 27)]) - _regrets(draw + 10_000, [(27, 1)]))
    return gain > 0, gain


@claim("24b")
def hyperband_on_average(draw):
    """At equal epochs the mean regret of 500 searches is lower with Hyperband than with random search."""
    gain = np.mean(_of_both(draw))
    return gain > 0, gain


@claim("24c")
def but_not_in_each_pair(draw):
    """Of 500 pairs of searches at equal epochs Hyperband is ahead in fewer than two of three."""
    share = np.mean(_of_both(draw) > 0)
    return share < 2 / 3, share
