"""Exercise 17: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def shared_step(gradient_of, theta, alpha, parts):
    parts = [part for part in parts if len(part)]
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts) / sum(map(len, parts))


def shared_step_with_a_plain_mean(gradient_of, theta, alpha, parts):
    return theta - alpha * np.mean([gradient_of(theta, part) for part in parts if len(part)], axis=0)


SOLUTION = shared_step
WRONG = [
    ("", shared_step_with_a_plain_mean),
]
