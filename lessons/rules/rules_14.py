"""The claims of lesson 14, the error of a difference over repeated folds."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson
from scratchtune.core.evaluation.selection import corrected_standard_error, standard_error

lesson = of_lesson(14, "class_means", "nearest_neighbour")
TABLES, ROWS = 400, 60


@cache
def _alarms(draw, method, repeats):
    """The false alarms of the plain and of the corrected error: two equally informative columns, five folds."""
    rng = np.random.default_rng(draw)
    X = rng.normal(size=(TABLES, ROWS, 2)) + lesson.y[:, None]
    d = []
    for _ in range(repeats):
        folds = st.StratifiedKFold(5, shuffle=True, random_state=int(rng.integers(2**31)))
        for train, test in folds.split(X[0], lesson.y):
            d.append(np.subtract(*method(X, train, test).mean(axis=1).T))
    table = np.array(d).T
    plain = np.mean([abs(row.mean()) > 2 * standard_error(row) for row in table])
    return plain, np.mean([abs(row.mean()) > 2 * corrected_standard_error(row, 48, 12) for row in table])


@claim("14a")
def plain(draw):
    """By the plain error over 5 times 5 folds at least 30 % are false alarms, with either method."""
    least = min(_alarms(draw, method, 5)[0] for method in (lesson.class_means, lesson.nearest_neighbour))
    return least >= 0.3, least


@claim("14b")
def repeated(draw):
    """With 20 repetitions of five folds the plain error raises more false alarms than with five."""
    more = _alarms(draw, lesson.class_means, 20)[0] - _alarms(draw, lesson.class_means, 5)[0]
    return more > 0, more


@claim("14c")
def stable(draw):
    """With class means at most 5 % are false alarms by the corrected error."""
    found = _alarms(draw, lesson.class_means, 5)[1]
    return found <= 0.05, found


@claim("14d")
def unstable(draw):
    """With nearest neighbours more than 7 % are false alarms by the corrected error."""
    found = _alarms(draw, lesson.nearest_neighbour, 5)[1]
    return found > 0.07, found
