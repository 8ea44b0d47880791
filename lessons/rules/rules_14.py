"""The claims of lesson 14, the error of a difference over repeated folds."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.evaluation.selection import corrected_standard_error, standard_error

TABLES, ROWS = 400, 60


def _class_means(X, y, train, test):
    first, second = (X[:, train[y[train] == label]].mean(axis=1) for label in (0, 1))
    return (X[:, test] > (first + second)[:, None] / 2) == y[test][:, None]


def _nearest(X, y, train, test):
    near = abs(X[:, test, None] - X[:, None, train]).argmin(axis=2)
    return y[train][near] == y[test][:, None]


@cache
def _alarms(draw, method, repeats):
    """The false alarms of the plain and of the corrected error: two equally informative columns, five folds."""
    rng = np.random.default_rng(draw)
    y = np.arange(ROWS) % 2
    X = rng.normal(size=(TABLES, ROWS, 2)) + y[:, None]
    d = []
    for _ in range(repeats):
        folds = st.StratifiedKFold(5, shuffle=True, random_state=int(rng.integers(2**31)))
        for train, test in folds.split(X[0], y):
            d.append(np.subtract(*method(X, y, train, test).mean(axis=1).T))
    table = np.array(d).T
    plain = np.mean([abs(row.mean()) > 2 * standard_error(row) for row in table])
    return plain, np.mean([abs(row.mean()) > 2 * corrected_standard_error(row, 48, 12) for row in table])


@claim("14a")
def plain(draw):
    """By the plain error over 5 times 5 folds at least 30 % are false alarms, with either method."""
    least = min(_alarms(draw, method, 5)[0] for method in (_class_means, _nearest))
    return least >= 0.3, least


@claim("14b")
def repeated(draw):
    """With 20 repetitions of five folds the plain error raises more false alarms than with five."""
    more = _alarms(draw, _class_means, 20)[0] - _alarms(draw, _class_means, 5)[0]
    return more > 0, more


@claim("14c")
def stable(draw):
    """With class means at most 5 % are false alarms by the corrected error."""
    found = _alarms(draw, _class_means, 5)[1]
    return found <= 0.05, found


@claim("14d")
def unstable(draw):
    """With nearest neighbours more than 7 % are false alarms by the corrected error."""
    found = _alarms(draw, _nearest, 5)[1]
    return found > 0.07, found
