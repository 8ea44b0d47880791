"""Exercise 17: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def shared_step(gradient_of, theta, alpha, parts):
    parts = [part for part in parts if len(part)]
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts) / sum(map(len, parts))


def plain_mean(gradient_of, theta, alpha, parts):
    return theta - alpha * np.mean([gradient_of(theta, part) for part in parts if len(part)], axis=0)


def plain_sum(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(gradient_of(theta, part) for part in parts if len(part))


def weighted_sum(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts if len(part))


def one_step_after_the_other(gradient_of, theta, alpha, parts):
    for part in parts:
        if len(part):
            theta = theta - alpha * gradient_of(theta, part)
    return theta


def in_place(gradient_of, theta, alpha, parts):
    step = theta - shared_step(gradient_of, theta, alpha, parts)
    theta -= step
    return theta


def asks_everyone(gradient_of, theta, alpha, parts):
    rows = sum(map(len, parts))
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts) / rows


def up_the_gradient(gradient_of, theta, alpha, parts):
    return shared_step(gradient_of, theta, -alpha, parts)


SOLUTION = shared_step
WRONG = [
    ("weight each by its number of rows", plain_mean),
    ("added up, not averaged", plain_sum),
    ("not divided by the number of all rows", weighted_sum),
    ("all gradients must be taken at the same theta", one_step_after_the_other),
    ("changed in place", in_place),
    ("leave out a worker without rows", asks_everyone),
    ("subtract it", up_the_gradient),
]
