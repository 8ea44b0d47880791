"""Exercise 08: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def filled(X, rows, values):
    return np.where(np.isnan(X[rows]), values, X[rows])


def fill_gaps(X, train, test):
    median = np.nanmedian(X[train], axis=0)
    return [filled(X, train, median), filled(X, test, median)]


def median_of_all_rows(X, train, test):
    median = np.nanmedian(X, axis=0)
    return filled(X, train, median), filled(X, test, median)


def test_part_with_its_own_median(X, train, test):
    return filled(X, train, np.nanmedian(X[train], axis=0)), filled(X, test, np.nanmedian(X[test], axis=0))


def mean_of_the_training_rows(X, train, test):
    mean = np.nanmean(X[train], axis=0)
    return filled(X, train, mean), filled(X, test, mean)


def one_median_for_the_table(X, train, test):
    median = np.nanmedian(X[train])
    return filled(X, train, median), filled(X, test, median)


def median_that_keeps_nan(X, train, test):
    median = np.median(X[train], axis=0)
    return filled(X, train, median), filled(X, test, median)


def fills_the_table_itself(X, train, test):
    X[:] = filled(X, slice(None), np.nanmedian(X[train], axis=0))
    return X[train], X[test]


def test_part_first(X, train, test):
    return fill_gaps(X, train, test)[::-1]


SOLUTION = fill_gaps
WRONG = [
    (r"training part becomes 9: this is the median of all rows", median_of_all_rows),
    (r"test part becomes 800: this is the median of the test rows", test_part_with_its_own_median),
    (r"becomes 4: this is the mean", mean_of_the_training_rows),
    (r"becomes 9.5: this is the median of the whole table", one_median_for_the_table),
    (r"np.nanmedian leaves NaNs out", median_that_keeps_nan),
    (r"changes the table that it is given", fills_the_table_itself),
    (r"should return the training part, \(4, 2\), and the test part", test_part_first),
]
