"""Exercise 11: a right answer, and wrong ones, each with the hint that it must get."""

import math


def trials_needed(share, confidence):
    n = 1
    while 1.0 - (1.0 - share) ** n < confidence:
        n += 1
    return n


def by_logarithms(share, confidence, rounded):
    return 1 if share == 1.0 else max(1, rounded(math.log(1.0 - confidence) / math.log(1.0 - share)))


def rounded_to_the_nearest(share, confidence):
    return by_logarithms(share, confidence, round)


def rounded_down(share, confidence):
    return by_logarithms(share, confidence, math.floor)


def not_rounded(share, confidence):
    return by_logarithms(share, confidence, float)


def confidence_by_share(share, confidence):
    return 1 if share == 1.0 else round(confidence / share)


def logarithm_of_0(share, confidence):
    return math.ceil(math.log(1.0 - confidence) / math.log(1.0 - share))


def confidence_not_from_1(share, confidence):
    return 1 if share == 1.0 else math.ceil(math.log(confidence) / math.log(1.0 - share))


def all_trials_good(share, confidence):
    return 1 if share == 1.0 else math.ceil(math.log(1.0 - confidence) / math.log(share))


SOLUTION = trials_needed
WRONG = [
    (r"one too few. Rounding to the nearest integer", rounded_to_the_nearest),
    (r"rounded down, but 17 trials are too few", rounded_down),
    (r"is an integer, not 17.9: round up", not_rounded),
    (r"The shares of several trials do not add up", confidence_by_share),
    (r"log\(1 − 1\) does not exist. One is enough", logarithm_of_0),
    (r"here all n trials miss with probability 0.6", confidence_not_from_1),
    (r"here all n trials are good", all_trials_good),
]
