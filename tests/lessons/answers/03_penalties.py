"""Exercise 03: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def soft_threshold(theta, alpha, lam):
    theta[:] = np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


def no_maximum_with_zero(theta, alpha, lam):
    theta -= alpha * lam * np.sign(theta)


def a_new_array(theta, alpha, lam):
    return np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


def no_alpha(theta, alpha, lam):
    theta[:] = np.sign(theta) * np.maximum(abs(theta) - lam, 0.0)


def no_lambda(theta, alpha, lam):
    theta[:] = np.sign(theta) * np.maximum(abs(theta) - alpha, 0.0)


def no_absolute_value(theta, alpha, lam):
    theta[:] = np.maximum(theta - alpha * lam, 0.0)


def no_sign(theta, alpha, lam):
    theta[:] = np.maximum(abs(theta) - alpha * lam, 0.0)


def weight_decay(theta, alpha, lam):
    theta -= alpha * lam * theta


def sign_by_division(theta, alpha, lam):
    with np.errstate(invalid="ignore"):
        theta[:] = theta / abs(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


SOLUTION = soft_threshold
WRONG = [
    ("maximum with 0 is missing", no_maximum_with_zero),
    ("theta is unchanged: write into it", a_new_array),
    ("alpha is missing, so each moves by lam", no_alpha),
    ("lam is missing", no_lambda),
    ("negative parameters are lost", no_absolute_value),
    ("sign is lost", no_sign),
    ("a share of itself, which is weight decay", weight_decay),
    (r"theta / \|theta\| has no value where theta is 0", sign_by_division),
]
