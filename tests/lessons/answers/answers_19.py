"""Exercise 19: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def variance_returned(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.maximum(s - np.sum(c * np.linalg.solve(K, c), axis=0), 0.0)


def not_cut_at_0(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.sqrt(s - np.sum(c * np.linalg.solve(K, c), axis=0))


def whole_covariance(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.sqrt(np.maximum(s - c.T @ np.linalg.solve(K, c), 0.0))


def not_transposed(K, y, c, s):
    return c @ np.linalg.solve(K, y), np.sqrt(np.maximum(s - np.sum(c * np.linalg.solve(K, c), axis=1), 0.0))


def what_is_explained(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.sqrt(np.sum(c * np.linalg.solve(K, c), axis=0))


def absolute_value(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.sqrt(np.abs(s - np.sum(c * np.linalg.solve(K, c), axis=0)))


def s_is_a_standard_deviation(K, y, c, s):
    return c.T @ np.linalg.solve(K, y), np.sqrt(np.maximum(s**2 - np.sum(c * np.linalg.solve(K, c), axis=0), 0.0))


def k_not_inverted(K, y, c, s):
    return c.T @ K @ y, np.sqrt(np.maximum(s - np.sum(c * (K @ c), axis=0), 0.0))


def without_k(K, y, c, s):
    return c.T @ y, np.sqrt(np.maximum(s - np.sum(c**2, axis=0), 0.0))


def one_for_all_points(K, y, c, s):
    std = np.sqrt(np.maximum(s - np.sum(c * np.linalg.solve(K, c)), 0.0))
    return c.T @ np.linalg.solve(K, y), np.full(c.shape[1], std)


WRONG = [
    ("These are variances; the standard", variance_returned),
    ("A variance that rounding brought below 0 became", not_cut_at_0),
    ("The standard deviations are a matrix", whole_covariance),
    ("c is not transposed: c has a row", not_transposed),
    ("This is the root of what the trials", what_is_explained),
    ("A variance that rounding brought below 0 counts", absolute_value),
    ("s is squared here; it is a variance", s_is_a_standard_deviation),
    ("K multiplies in your formula; its", k_not_inverted),
    ("Means and variances use c alone", without_k),
    ("One sum is taken over all new points", one_for_all_points),
]
