"""Exercise 35: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def front(losses):
    return [i for i, one in enumerate(losses)
            if not any((other <= one).all() and (other < one).any() for other in losses)]


def equal_ones_dominate(losses):
    return [i for i, one in enumerate(losses)
            if not any((other <= one).all() for j, other in enumerate(losses) if j != i)]


def without_repetitions(losses):
    return [i for i in front(losses) if not any((losses[j] == losses[i]).all() for j in range(i))]


def better_in_all(losses):
    return [i for i, one in enumerate(losses) if not any((other < one).all() for other in losses)]


def better_in_one(losses):
    return [i for i, one in enumerate(losses) if not any((other < one).any() for other in losses)]


def largest(losses):
    return front(-np.asarray(losses))


SOLUTION = front
WRONG = [
    ("two equal vectors do not dominate each other", equal_ones_dominate),
    ("two equal vectors are both on the front", without_repetitions),
    ("1 dominates 2, although they are equal in one objective", better_in_all),
    ("to be better in one objective is not enough", better_in_one),
    ("losses are minimised", largest),
]
