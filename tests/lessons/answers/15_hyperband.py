"""Exercise 15: a right answer, and wrong ones, each with the hint that it must get."""

import math

import numpy as np


def race_on_a_table(curves, eta, kept=lambda n, eta: n // eta, judged=lambda epoch, eta: epoch, index=None):
    """The right answer; with other arguments a wrong one."""
    left, epoch, spent = list(range(len(curves))), 1, len(curves)
    while True:
        left.sort(key=lambda i: (curves[i, judged(epoch, eta) - 1], 0 if index is None else index(i)))
        if epoch == curves.shape[1]:
            return left[0], spent
        left = left[: kept(len(left), eta)]
        spent += len(left) * (eta - 1) * epoch
        epoch *= eta


def best_in_the_end(curves, eta):
    return int(curves[:, -1].argmin()), race_on_a_table(curves, eta)[1]


def judged_at_the_end_of_the_next_rung(curves, eta):
    most = curves.shape[1]
    return race_on_a_table(curves, eta, judged=lambda epoch, eta: min(epoch * eta, most) if epoch > 1 else 1)


def whole_cost_of_each_rung(curves, eta):
    n, epoch, spent = len(curves), 1, 0
    while epoch <= curves.shape[1]:
        spent += n * epoch
        n, epoch = n // eta, epoch * eta
    return race_on_a_table(curves, eta)[0], spent


def everyone_to_the_end(curves, eta):
    return race_on_a_table(curves, eta)[0], curves.size


def rounded_up(curves, eta):
    return race_on_a_table(curves, eta, kept=lambda n, eta: math.ceil(n / eta))


def equals_by_index(curves, eta):
    return race_on_a_table(curves, eta, index=lambda i: i)


def last_of_equals(curves, eta):
    winner, spent = race_on_a_table(curves[::-1], eta)
    return len(curves) - 1 - winner, spent


def sorted_by_numpy_in_each_rung(curves, eta):
    """Right: a stable sort of the positions keeps the order of the rung before."""
    left, epoch, spent = np.arange(len(curves)), 1, len(curves)
    while epoch < curves.shape[1]:
        left = left[np.argsort(curves[left, epoch - 1], kind="stable")][: len(left) // eta]
        spent += len(left) * (eta - 1) * epoch
        epoch *= eta
    return int(left[np.argmin(curves[left, -1])]), spent


SOLUTION = race_on_a_table
WRONG = [
    ("3 is the best in the end, but it is last after one epoch", best_in_the_end),
    ("the second rung ends after 2", judged_at_the_end_of_the_next_rung),
    ("only the new ones are spent", whole_cost_of_each_rung),
    ("those that are dropped are not trained any more", everyone_to_the_end),
    ("half of 5 is rounded down to 2", rounded_up),
    ("it came first in the rung before", equals_by_index),
    ("the lower index comes first", last_of_equals),
]
