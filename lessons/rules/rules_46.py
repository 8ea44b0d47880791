"""The claims of lesson 46, AutoML."""

from functools import cache

import numpy as np

from lessons.claims import claim
from scratchtune.tables.ensemble_selection import cross_fitted, greedy_weights, weighted
from scratchtune.tables.goal import Goal

SQUARES = Goal("neg_mean_squared_error", classes=0)


def _table(rows, rng):
    x = rng.random((rows, 10))
    target = 10.0 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20.0 * (x[:, 2] - 0.5) ** 2 + 10.0 * x[:, 3] + 5.0 * x[:, 4]
    return x, target + rng.normal(size=rows)


def _member(x, y, new, rng):
    """Predictions out of fold, and for new rows, of random hidden units with a fitted output layer."""
    weights, scale, penalty = rng.normal(size=(11, rng.integers(5, 80))), rng.uniform(0.2, 1.5), rng.uniform(0.01, 3.0)
    hidden, hidden_new = (np.tanh(scale * np.column_stack([part - 0.5, np.ones(len(part))]) @ weights)
                          for part in (x, new))
    folds, inside, outside = np.arange(len(y)) % 5, np.empty(len(y)), np.zeros(len(new))
    for fold in range(5):
        a, b = hidden[folds != fold], y[folds != fold]
        output = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ (b - b.mean()))
        inside[folds == fold] = b.mean() + hidden[folds == fold] @ output
        outside += (b.mean() + hidden_new @ output) / 5.0
    return inside, outside


@claim("46a")
def the_ensemble_is_best(draw):
    """On new rows of ten tables, the greedy ensemble has a lower mean error than the best model and the mean of all."""
    found = []
    for k in range(10):
        rng = np.random.default_rng([draw, k])
        (x, y), (new, y_new) = _table(150, rng), _table(2000, rng)
        inside, outside = (np.array(part) for part in zip(*(_member(x, y, new, rng) for _ in range(40)), strict=True))
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
