"""Exercise 13: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def density(trials, count, b, prior=1.0):
    kernels = [((np.arange(count) == trial) + b / count) / (1.0 + b) for trial in trials]
    return (np.sum(kernels, axis=0) + prior / count) / (len(trials) + prior)


def log_ratios(good, bad, count, b):
    return np.log(density(good, count, b)) - np.log(density(bad, count, b))


def without_prior(good, bad, count, b):
    return np.log(density(good, count, b, prior=0.0)) - np.log(density(bad, count, b, prior=0.0))


def without_smoothing(good, bad, count, b):
    return log_ratios(good, bad, count, 0.0)


def b_for_each_choice(good, bad, count, b):
    def mixture(trials):
        kernels = [((np.arange(count) == trial) + b) / (1.0 + b) for trial in trials]
        return np.mean([*kernels, np.full(count, 1.0 / count)], axis=0)

    return np.log(mixture(good)) - np.log(mixture(bad))


def kernels_not_divided(good, bad, count, b):
    def mixture(trials):
        kernels = [(np.arange(count) == trial) + b / count for trial in trials]
        return np.mean([*kernels, np.full(count, 1.0 / count)], axis=0)

    return np.log(mixture(good)) - np.log(mixture(bad))


def kernels_summed_up(good, bad, count, b):
    sums = [(len(trials) + 1) * density(trials, count, b) for trials in (good, bad)]
    return np.log(sums[0]) - np.log(sums[1])


def prior_with_the_weight_of_count(good, bad, count, b):
    return np.log(density(good, count, b, prior=count)) - np.log(density(bad, count, b, prior=count))


def difference_without_logarithms(good, bad, count, b):
    return density(good, count, b) - density(bad, count, b)


def bad_over_good(good, bad, count, b):
    return -log_ratios(good, bad, count, b)


SOLUTION = log_ratios
WRONG = [
    (r"the prior, one more kernel, is missing", without_prior),
    (r"the smoothing by b is missing", without_smoothing),
    (r"each choice gets b; it should be b · πₖ", b_for_each_choice),
    (r"the kernel is not divided by 1 \+ b", kernels_not_divided),
    (r"the kernels are summed up, not averaged", kernels_summed_up),
    (r"the prior counts as several trials", prior_with_the_weight_of_count),
    (r"this is l − g, without logarithms", difference_without_logarithms),
    (r"the sign is wrong", bad_over_good),
]
