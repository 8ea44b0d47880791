"""Exercise 02: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def of_the_sums(theta, lam):
    square = np.sum(theta**2)
    return lam * square / (1.0 + square)


def without_lambda(theta, lam):
    return np.sum(theta**2 / (1.0 + theta**2))


def denominator_without_square(theta, lam):
    return lam * np.sum(theta**2 / (1.0 + theta))


def lambda_in_the_denominator(theta, lam):
    return lam * np.sum(theta**2 / (lam + theta**2))


def without_the_sum(theta, lam):
    return lam * theta**2 / (1.0 + theta**2)


def mean_of_the_terms(theta, lam):
    return lam * np.mean(theta**2 / (1.0 + theta**2))


def absolute_values(theta, lam):
    return lam * np.sum(np.abs(theta) / (1.0 + np.abs(theta)))


def missing_parentheses(theta, lam):
    return lam * np.sum(theta**2 / 1 + theta**2)


def sum_by_sum(theta, lam):
    return lam * np.sum(theta**2) / np.sum(1.0 + theta**2)


def cut_at_lambda(theta, lam):
    return lam * np.sum(np.minimum(theta**2, 1.0))


WRONG = [
    ("The sum is taken too early: divide", of_the_sums),
    ("lambda is missing: R is lambda", without_lambda),
    ("The denominator has theta itself", denominator_without_square),
    ("lambda is in the denominator, too", lambda_in_the_denominator),
    ("The sum is missing: this is a number", without_the_sum),
    ("This is the mean over the parameters", mean_of_the_terms),
    ("The squares are missing; this takes", absolute_values),
    ("Parentheses are missing: in Python", missing_parentheses),
    ("The numerators are summed and the", sum_by_sum),
    ("Each square is cut at 1 here. The", cut_at_lambda),
]
