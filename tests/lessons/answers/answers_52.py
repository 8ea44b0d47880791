"""Exercise 52: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _weighted(gradient_of, theta, parts):
    parts = [part for part in parts if len(part)]
    return sum(len(part) * gradient_of(theta, part) for part in parts) / sum(len(part) for part in parts)


def plain_mean(gradient_of, theta, alpha, parts):
    return theta - alpha * np.mean([gradient_of(theta, part) for part in parts if len(part)], axis=0)


def sum_of_the_gradients(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(gradient_of(theta, part) for part in parts if len(part))


def uphill(gradient_of, theta, alpha, parts):
    return theta + alpha * _weighted(gradient_of, theta, parts)


def empty_part_too(gradient_of, theta, alpha, parts):
    gradient = sum(len(part) * gradient_of(theta, part) for part in parts) / sum(len(part) for part in parts)
    return theta - alpha * gradient


def one_after_the_other(gradient_of, theta, alpha, parts):
    rows = sum(len(part) for part in parts)
    for part in parts:
        if len(part):
            theta = theta - alpha * len(part) / rows * gradient_of(theta, part)
    return theta


def in_place(gradient_of, theta, alpha, parts):
    theta -= alpha * _weighted(gradient_of, theta, parts)
    return theta


def divided_by_the_workers(gradient_of, theta, alpha, parts):
    total = sum(len(part) * gradient_of(theta, part) for part in parts if len(part))
    return theta - alpha * total / len(parts)


def not_divided(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(len(part) * gradient_of(theta, part) for part in parts if len(part))


def gradient_returned(gradient_of, theta, alpha, parts):
    return _weighted(gradient_of, theta, parts)


def plain_mean_over_all_workers(gradient_of, theta, alpha, parts):
    return theta - alpha * sum(gradient_of(theta, part) for part in parts if len(part)) / len(parts)


def each_worker_a_whole_step(gradient_of, theta, alpha, parts):
    for part in parts:
        if len(part):
            theta = theta - alpha * gradient_of(theta, part)
    return theta


WRONG = [
    ("All workers count alike", plain_mean),
    ("The gradients are added up", sum_of_the_gradients),
    ("Theta goes up the gradient", uphill),
    ("gradient_of was called for a worker without rows", empty_part_too),
    ("Theta moves after each part", one_after_the_other),
    ("The old theta was changed", in_place),
    ("The weighted sum is divided by the number of all workers", divided_by_the_workers),
    ("The weighted sum is not divided by the number of all rows", not_divided),
    ("This is the mean gradient", gradient_returned),
    ("This is a plain mean", plain_mean_over_all_workers),
    ("Each part makes a whole step of its own", each_worker_a_whole_step),
]
