"""The claims of lesson 52, one training on several workers."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(52, "trained", "accuracy")


@cache
def _measured(draw):
    """The accuracies of two networks with starts of their own, of their mean, and of that from one start."""
    order = np.random.default_rng(draw).permutation(len(lesson.X))
    halves, lesson.test = (order[:700], order[700:1400]), order[1400:]
    one, other, same = (lesson.trained(half, seed, 20) for half, seed in (
        (halves[0], draw), (halves[1], draw + 500), (halves[1], draw)))
    found, first = [lesson.accuracy(one), lesson.accuracy(other)], one.theta.copy()
    for second in (other.theta, same.theta):
        one.theta = (first + second) / 2.0
        found.append(lesson.accuracy(one))
    return found


@claim("52a")
def means_of_two_starts(draw):
    """With two starts the mean of the weights is less accurate than both networks."""
    one, other, own, _ = _measured(draw)
    return min(one, other) > own, min(one, other) - own


@claim("52b")
def one_start_is_better(draw):
    """The mean of the weights is more accurate if both networks began with the same ones."""
    _, _, own, same = _measured(draw)
    return same > own, same - own
