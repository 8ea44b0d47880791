"""Exercise 14: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def rank_shares(losses):
    parts, order = np.zeros(len(losses)), np.argsort(losses, kind="stable")
    alive = order[: np.sum(~np.isnan(losses))]
    parts[alive] = np.arange(len(alive), 0, -1)
    return parts / parts.sum()


def rank_shares_with_failed_ones(losses):
    parts = np.empty(len(losses))
    parts[np.argsort(losses, kind="stable")] = np.arange(len(losses), 0, -1)
    return parts / parts.sum()


SOLUTION = rank_shares
WRONG = [
    ("", rank_shares_with_failed_ones),
]
