"""Exercise 32: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def mean_score(regrets, of_random):
    return np.clip(1 - np.median(regrets, axis=1) / np.median(of_random, axis=1), -1, 1).mean()


def means_over_seeds(regrets, of_random):
    return np.clip(1 - regrets.mean(axis=1) / of_random.mean(axis=1), -1, 1).mean()


def not_limited(regrets, of_random):
    return (1 - np.median(regrets, axis=1) / np.median(of_random, axis=1)).mean()


def all_cases_at_once(regrets, of_random):
    return np.clip(1 - np.median(regrets) / np.median(of_random), -1, 1)


def sums_of_cases(regrets, of_random):
    return np.clip(1 - np.median(regrets, axis=1).mean() / np.median(of_random, axis=1).mean(), -1, 1)


def upside_down(regrets, of_random):
    return np.clip(1 - np.median(of_random, axis=1) / np.median(regrets, axis=1), -1, 1).mean()


def share_left(regrets, of_random):
    return np.clip(np.median(regrets, axis=1) / np.median(of_random, axis=1), -1, 1).mean()


def one_for_each_case(regrets, of_random):
    return np.clip(1 - np.median(regrets, axis=1) / np.median(of_random, axis=1), -1, 1)


SOLUTION = mean_score
WRONG = [
    ("means over the seeds, not medians", means_over_seeds),
    ("without the limit of -1", not_limited),
    ("one median of all cases", all_cases_at_once),
    ("the case with the largest regrets", sums_of_cases),
    ("the ratio is upside down", upside_down),
    ("the share of the regret that is left", share_left),
    ("one number, the mean over the cases", one_for_each_case),
]
