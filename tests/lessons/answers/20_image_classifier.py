"""Exercise 20: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def kendall(a, b):
    pairs = [(i, j) for j in range(len(a)) for i in range(j)]
    return sum(np.sign(a[j] - a[i]) * np.sign(b[j] - b[i]) for i, j in pairs) / len(pairs)


def kendall_without_ties(a, b):
    pairs = [(i, j) for j in range(len(a)) for i in range(j)]
    return np.mean([1.0 if (a[j] > a[i]) == (b[j] > b[i]) else -1.0 for i, j in pairs])


SOLUTION = kendall
WRONG = [
    ("", kendall_without_ties),
]
