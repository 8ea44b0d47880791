"""Exercise 13: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def log_ratios(good, bad, count, b):
    def density(trials):
        kernels = [((np.arange(count) == c) + b / count) / (1.0 + b) for c in trials]
        return np.mean([*kernels, np.full(count, 1.0 / count)], axis=0)

    return np.log(density(good)) - np.log(density(bad))


def log_ratios_without_prior(good, bad, count, b):
    shares = [(np.bincount(trials, minlength=count) + b / count) / (len(trials) + b) for trials in (good, bad)]
    return np.log(shares[0]) - np.log(shares[1])


SOLUTION = log_ratios
WRONG = [
    ("", log_ratios_without_prior),
]
