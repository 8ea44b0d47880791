"""Exercise 13: gaps, filled with medians of the training rows."""

import numpy as np

GAP = np.nan


def _case(rows, train, test):
    return lambda: (np.array(rows, float), np.array(train), np.array(test))


CASES = [
    _case([[1, 30], [GAP, 10], [2, GAP], [9, 26], [GAP, GAP], [900, 12], [700, GAP]], [0, 1, 2, 3], [4, 5, 6]),
    _case([[GAP, 5, 0], [3, GAP, -4], [1, 2, 8], [4, 7, GAP], [20, -9, 1], [6, GAP, GAP]], [5, 2, 4, 0], [3, 1]),
    _case([[1, 2], [3, 4], [GAP, 8], [7, GAP], [10, 11]], [0, 1, 4], [3, 2]),
    _case([[1, 9], [4, 2], [GAP, 3], [6, 5], [20, GAP], [GAP, 7], [8, GAP]], [0, 1, 2, 3, 4], [5, 6]),  # even numbers
]


def _filled(part, values):
    return np.where(np.isnan(part), values, part)


def right(X, train, test):
    return _by(lambda X, train, test: np.nanmedian(X[train], axis=0))(X, train, test)


def _by(values, of_test=None):
    """Fill with what `values` makes of the table, and the test part with `of_test` if that is given."""
    def solution(X, train, test):
        first = values(X, train, test)
        return _filled(X[train], first), _filled(X[test], first if of_test is None else of_test(X, train, test))

    return solution


def _in_place(X, train, test):
    values = np.nanmedian(X[train], axis=0)
    X[:] = _filled(X, values)
    return X[train], X[test]


def _dropped(X, train, test):
    values = np.nanmedian(X[train], axis=0)
    kept = ~np.isnan(X[train]).any(axis=1)
    return X[train][kept], _filled(X[test], values)


def _exchanged(X, train, test):
    return right(X, train, test)[::-1]


def _together(X, train, test):
    return np.vstack(right(X, train, test))


def _middle(part, less):
    columns = [np.sort(column[~np.isnan(column)]) for column in part.T]
    return np.array([column[(len(column) - less) // 2] for column in columns])


MISTAKES = [
    ("These are the medians of all rows, test rows included: a leak. Take those of X[train].",
     _by(lambda X, train, test: np.nanmedian(X, axis=0))),
    ("The test part is filled with its own medians. New rows may come one by one: fill them with the training rows' "
     "medians.", _by(lambda X, train, test: np.nanmedian(X[train], axis=0),
                     lambda X, train, test: np.nanmedian(X[test], axis=0))),
    ("Both parts are filled with the medians of the test rows; new rows tell nothing to the training.",
     _by(lambda X, train, test: np.nanmedian(X[test], axis=0))),
    ("These are means of the training rows, not medians.", _by(lambda X, train, test: np.nanmean(X[train], axis=0))),
    ("This is one median of the whole training part; each column has its own (axis=0).",
     _by(lambda X, train, test: np.nanmedian(X[train]))),
    ("Gaps are still there: the median of values with a NaN among them is NaN. Leave NaNs out, as np.nanmedian does.",
     _by(lambda X, train, test: np.median(X[train], axis=0))),
    ("Gaps became 0: that is a value like any other, and not the median.", _by(lambda X, train, test: 0.0)),
    ("A gap counts as 0 in the median: leave gaps out.",
     _by(lambda X, train, test: np.median(np.nan_to_num(X[train]), axis=0))),
    ("The table that it is given is changed; fill a copy.", _in_place),
    ("Training rows with gaps are left out; fill them.", _dropped),
    ("The two parts are exchanged: first the training part.", _exchanged),
    ("Both parts are in one array; return two.", _together),
    ("These are the first training rows' values, not medians.", _by(lambda X, train, test: X[train][0])),
    ("The whole table comes back; return two parts: the training rows, and the test rows.",
     lambda X, train, test: _filled(X, np.nanmedian(X[train], axis=0))),
    ("Only training rows without any gap count in the median; take all values of a column that are no gaps.",
     _by(lambda X, train, test: np.median(X[train][~np.isnan(X[train]).any(axis=1)], axis=0))),
    ("Of an even number of values this is the upper of the two in the middle; the median is their mean.",
     _by(lambda X, train, test: _middle(X[train], 0))),
    ("Of an even number of values this is the lower of the two in the middle; the median is their mean.",
     _by(lambda X, train, test: _middle(X[train], 1))),
]
