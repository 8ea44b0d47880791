"""Exercise 34: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def posterior_means(values, covariance, noise):
    K = covariance + noise * np.eye(len(values))
    return values - noise * np.linalg.solve(K, values)


def the_values(values, covariance, noise):
    return values


def only_alpha(values, covariance, noise):
    return np.linalg.solve(covariance + noise * np.eye(len(values)), values)


def squared_noise(values, covariance, noise):
    return posterior_means(values, covariance, noise**2)


def without_noise_in_k(values, covariance, noise):
    return values - noise * np.linalg.solve(covariance, values)


def each_by_itself(values, covariance, noise):
    return values * np.diag(covariance) / (np.diag(covariance) + noise)


SOLUTION = posterior_means
WRONG = [
    ("this is the value itself", the_values),
    ("this is α; subtract it", only_alpha),
    ("the noise is a variance already", squared_noise),
    ("no noise on the diagonal", without_noise_in_k),
    ("its neighbours must count", each_by_itself),
]
