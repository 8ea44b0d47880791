"""Exercise 10: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def each_by_its_own(train, new):
    return tuple((X - X.mean(axis=0)) / np.where(X.std(axis=0) > 1e-12, X.std(axis=0), 1.0) for X in (train, new))


def fitted_to_all_rows(train, new):
    every = np.vstack([train, new])
    mean, std = every.mean(axis=0), every.std(axis=0)
    std = np.where(std > 1e-12, std, 1.0)
    return (train - mean) / std, (new - mean) / std


def n_less_one(train, new):
    mean, std = train.mean(axis=0), train.std(axis=0, ddof=1)
    std = np.where(std > 1e-12, std, 1.0)
    return (train - mean) / std, (new - mean) / std


def divided_by_the_variance(train, new):
    mean, variance = train.mean(axis=0), train.var(axis=0)
    variance = np.where(variance > 1e-20, variance, 1.0)
    return (train - mean) / variance, (new - mean) / variance


def one_mean_for_all_columns(train, new):
    mean, std = train.mean(), train.std()
    return (train - mean) / std, (new - mean) / std


def constant_columns_divided_by_0(train, new):
    with np.errstate(all="ignore"):
        mean, std = train.mean(axis=0), train.std(axis=0)
        return (train - mean) / std, (new - mean) / std


def constant_only_if_exactly_0(train, new):
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std == 0.0] = 1.0
    return (train - mean) / std, (new - mean) / std


def small_number_added(train, new):
    mean, std = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / std, (new - mean) / std


def constant_columns_unchanged(train, new):
    mean, std = train.mean(axis=0), train.std(axis=0)
    constant = np.ptp(train, axis=0) == 0.0
    mean, std = np.where(constant, 0.0, mean), np.where(constant, 1.0, std)
    return (train - mean) / std, (new - mean) / std


def constant_columns_0(train, new):
    mean, std = train.mean(axis=0), train.std(axis=0)
    constant = np.ptp(train, axis=0) == 0.0
    std = np.where(constant, np.inf, std)
    return (train - mean) / std, (new - mean) / std


WRONG = [
    ("`new` is scaled by its own mean", each_by_its_own),
    ("The scaler has seen the rows of", fitted_to_all_rows),
    ("The variance is divided by n -", n_less_one),
    ("Divide by the standard deviation", divided_by_the_variance),
    ("Mean and standard deviation are", one_mean_for_all_columns),
    ("A constant column is divided by", constant_columns_divided_by_0),
    ("Three times 0.1 is a constant column", constant_only_if_exactly_0),
    ("A tiny number is added to the standard", small_number_added),
    ("The constant column is returned", constant_columns_unchanged),
    ("A column that is constant in `train`", constant_columns_0),
]
