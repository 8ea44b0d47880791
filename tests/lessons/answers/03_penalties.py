"""Exercise 03: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def soft_threshold(theta, alpha, lam):
    theta[:] = np.sign(theta) * np.maximum(abs(theta) - alpha * lam, 0.0)


SOLUTION = soft_threshold
WRONG = [
    ("", lambda theta, alpha, lam: theta.__isub__(alpha * lam * np.sign(theta))),
]
