"""Exercise 13: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def median_of_all_rows(X, train, test):
    filled = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    return filled[train], filled[test]


def test_by_its_own_median(X, train, test):
    return tuple(np.where(np.isnan(X[rows]), np.nanmedian(X[rows], axis=0), X[rows]) for rows in (train, test))


def mean_instead(X, train, test):
    filled = np.where(np.isnan(X), np.nanmean(X[train], axis=0), X)
    return filled[train], filled[test]


def median_with_the_gaps(X, train, test):
    filled = np.where(np.isnan(X), np.median(X[train], axis=0), X)
    return filled[train], filled[test]


def in_place(X, train, test):
    median = np.nanmedian(X[train], axis=0)
    for j in range(X.shape[1]):
        X[np.isnan(X[:, j]), j] = median[j]
    return X[train], X[test]


def one_median_for_all_columns(X, train, test):
    filled = np.where(np.isnan(X), np.nanmedian(X[train]), X)
    return filled[train], filled[test]


def the_whole_table(X, train, test):
    return np.where(np.isnan(X), np.nanmedian(X[train], axis=0), X)


def rows_without_gaps_only(X, train, test):
    complete = X[train][~np.isnan(X[train]).any(axis=1)]
    filled = np.where(np.isnan(X), np.median(complete, axis=0), X)
    return filled[train], filled[test]


def upper_of_two_middles(X, train, test):
    filled = X.copy()
    for j in range(X.shape[1]):
        known = sorted(value for value in X[train, j] if not np.isnan(value))
        filled[np.isnan(X[:, j]), j] = known[len(known) // 2]
    return filled[train], filled[test]


def gaps_count_as_0(X, train, test):
    filled = np.where(np.isnan(X), np.median(np.nan_to_num(X[train]), axis=0), X)
    return filled[train], filled[test]


WRONG = [
    ("These are the medians of all rows", median_of_all_rows),
    ("The test part is filled with its", test_by_its_own_median),
    ("These are means of the training", mean_instead),
    ("Gaps are still there: the median", median_with_the_gaps),
    ("The table that it is given is changed", in_place),
    ("This is one median of the whole", one_median_for_all_columns),
    ("The whole table comes back; return", the_whole_table),
    ("Only training rows without any", rows_without_gaps_only),
    ("Of an even number of values this is the upper", upper_of_two_middles),
    ("A gap counts as 0 in the median", gaps_count_as_0),
]
