"""Exercise 41: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _logs(power, filters):
    return np.log(np.maximum(power @ filters.T, 1e-10))


def _normalised(x, axis=0, ddof=0):
    std = x.std(axis=axis, keepdims=True, ddof=ddof)
    return np.where(std > 1e-8, (x - x.mean(axis=axis, keepdims=True)) / np.maximum(std, 1e-8), 0.0)


def normalised_over_the_filters(power, filters):
    return _normalised(_logs(power, filters), axis=1)


def normalised_over_all(power, filters):
    return _normalised(_logs(power, filters), axis=None)


@np.errstate(all="ignore")
def log_before_the_filters(power, filters):
    return _normalised(np.log(np.maximum(power, 1e-10)) @ filters.T)


def energy_added_instead_of_limited(power, filters):
    return _normalised(np.log(power @ filters.T + 1e-10))


def mean_only(power, filters):
    x = _logs(power, filters)
    return x - x.mean(axis=0)


@np.errstate(all="ignore")
def constant_feature_is_nan(power, filters):
    x = _logs(power, filters)
    return (x - x.mean(axis=0)) / x.std(axis=0)


def without_the_logarithm(power, filters):
    return _normalised(np.maximum(power @ filters.T, 1e-10))


def divided_by_the_variance(power, filters):
    x = _logs(power, filters)
    return (x - x.mean(axis=0)) / np.maximum(x.var(axis=0), 1e-8)


def zeros_only_are_limited(power, filters):
    energy = power @ filters.T
    return _normalised(np.log(np.where(energy == 0, 1e-10, energy)))


def unbiased_variance(power, filters):
    return _normalised(_logs(power, filters), ddof=1)


WRONG = [
    ("Each frame was normalised over its filters", normalised_over_the_filters),
    ("All features were normalised together", normalised_over_all),
    ("The logarithm comes after the sum over the bins", log_before_the_filters),
    ("1e-10 is added to each energy", energy_added_instead_of_limited),
    ("The means are subtracted", mean_only),
    ("A feature that is the same in all frames has the standard deviation 0", constant_feature_is_nan),
    ("The logarithm is missing", without_the_logarithm),
    ("Divide by the standard deviation", divided_by_the_variance),
    ("Only energies of 0 are replaced", zeros_only_are_limited),
    ("The variance is the mean of the squares over the frames", unbiased_variance),
]
