"""Exercise 09: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def with_shifts(X, y):
    images = np.pad(np.reshape(X, (-1, 8, 8)), ((0, 0), (1, 1), (1, 1)))
    places = ((1, 1), (2, 1), (0, 1), (1, 2), (1, 0))
    return np.concatenate([images[:, i : i + 8, j : j + 8].reshape(-1, 64) for i, j in places]), np.tile(y, 5)


SOLUTION = with_shifts
WRONG = [
    ("", lambda X, y: (np.tile(X, (5, 1)), np.tile(y, 5))),
]
