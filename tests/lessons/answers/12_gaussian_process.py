"""Exercise 12: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def posterior(K, y, c, s):
    return c @ np.linalg.solve(K, y), s - c @ np.linalg.solve(K, c)


SOLUTION = posterior
WRONG = [
    ("", lambda K, y, c, s: (c @ np.linalg.solve(K, y), s)),
]
