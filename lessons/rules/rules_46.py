"""The claims of lesson 46, AutoML."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson
from scratchtune.tables.ensemble_selection import cross_fitted, greedy_weights, weighted
from scratchtune.tables.goal import Goal

lesson = of_lesson(46, "friedman", "members")
SQUARES = Goal("neg_mean_squared_error", classes=0)


@claim("46a")
def the_ensemble_is_best(draw):
    """On new rows of ten tables, the greedy ensemble has a lower mean error than the best model and the mean of all."""
    found = []
    for k in range(10):
        rng = np.random.default_rng([draw, k])
        (x, y), (new, y_new) = lesson.friedman(150, rng), lesson.friedman(2000, rng)
        inside, outside = lesson.members(x, y, new, rng)
        best = ((inside - y) ** 2).mean(axis=1).argmin()
        found.append([SQUARES.loss(y_new, each) for each in (
            weighted(outside, greedy_weights(SQUARES, y, inside)), outside[best], outside.mean(axis=0))])
    ensemble, best, mean = np.mean(found, axis=0)
    return ensemble < min(best, mean), min(best, mean) - ensemble


@cache
def _stated(draw, count):
    """The mean stated and cross-fitted error of ensembles of noise, for four tables of noise."""
    own, crossed = [], []
    for k in range(4):
        rng = np.random.default_rng([draw, k])
        y, guesses = rng.normal(size=150), rng.normal(0.0, 0.3, (count, 150))
        y /= np.sqrt(np.mean(y**2))
        own.append(SQUARES.loss(y, weighted(guesses, greedy_weights(SQUARES, y, guesses))))
        crossed.append(SQUARES.loss(y, cross_fitted(SQUARES, y, guesses, np.array_split(np.arange(150), 5))))
    return np.mean(own), np.mean(crossed)


@claim("46b")
def stated_is_too_good(draw):
    """From 100 models of noise, the stated error is below 1, and further from 1 than the cross-fitted one."""
    own, crossed = _stated(draw, 100)
    return own < 1.0 and abs(crossed - 1.0) < 1.0 - own, own


@claim("46c")
def more_models_are_more_optimistic(draw):
    """From 100 models of noise the stated error is lower than from 10."""
    return _stated(draw, 100)[0] < _stated(draw, 10)[0], _stated(draw, 10)[0] - _stated(draw, 100)[0]
