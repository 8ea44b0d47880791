"""Exercise 12: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def posterior(K, y, c, s):
    return c @ np.linalg.solve(K, y), s - c @ np.linalg.solve(K, c)


def standard_deviation(K, y, c, s):
    mean, variance = posterior(K, y, c, s)
    return mean, np.sqrt(variance)


def beta_times_beta(K, y, c, s):
    beta = np.linalg.solve(K, c)
    return c @ np.linalg.solve(K, y), s - beta @ beta


def diagonal_only(K, y, c, s):
    return c @ (y / np.diag(K)), s - c @ (c / np.diag(K))


def without_solving(K, y, c, s):
    return c @ y, s - c @ c


def c_not_solved_for(K, y, c, s):
    return c @ np.linalg.solve(K, y), s - c @ c


def variance_before_any_trial(K, y, c, s):
    return c @ np.linalg.solve(K, y), s


def variance_added(K, y, c, s):
    return c @ np.linalg.solve(K, y), s + c @ np.linalg.solve(K, c)


SOLUTION = posterior
WRONG = [
    (r"the variance is 3.5.*this is the standard deviation", standard_deviation),
    (r"the variance is 3.5.*this is s − β · β", beta_times_beta),
    (r"the mean is 0.5.*this uses only the diagonal of K", diagonal_only),
    (r"the mean is 0.5.*this is c · y", without_solving),
    (r"the variance is 3.5.*this is s − c · c", c_not_solved_for),
    (r"the variance is 3.5.*the variance before any trial", variance_before_any_trial),
    (r"the variance is 3.5.*this adds c · β", variance_added),
]
