"""Exercise 08: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def fill_gaps(X, train, test):
    median = np.nanmedian(X[train], axis=0)
    return [np.where(np.isnan(X[rows]), median, X[rows]) for rows in (train, test)]


def median_of_all_rows(X, train, test):
    return [np.where(np.isnan(X[rows]), np.nanmedian(X, axis=0), X[rows]) for rows in (train, test)]


SOLUTION = fill_gaps
WRONG = [
    (r"take the median of X\[train\] only", median_of_all_rows),
]
