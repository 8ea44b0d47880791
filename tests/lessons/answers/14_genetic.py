"""Exercise 14: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def rank_shares(losses):
    parts, order = np.zeros(len(losses)), np.argsort(losses, kind="stable")
    alive = order[: np.sum(~np.isnan(losses))]
    parts[alive] = np.arange(len(alive), 0, -1)
    return parts / parts.sum()


def failed_ones_counted(losses):
    parts = np.empty(len(losses))
    parts[np.argsort(losses, kind="stable")] = np.arange(len(losses), 0, -1)
    return parts / parts.sum()


def failed_ones_in_m(losses):
    parts = failed_ones_counted(losses)
    parts[np.isnan(losses)] = 0.0
    return parts / parts.sum()


def reversed_ranks(losses):
    return rank_shares([-loss for loss in losses])


def ranks_from_0(losses):
    parts = np.maximum(rank_shares(losses) * 1e9, 0.0)
    parts = np.searchsorted(np.unique(parts), parts).astype(float)
    return parts / max(parts.sum(), 1.0)


def argsort_for_ranks(losses):
    parts = len(losses) - np.argsort(losses, kind="stable")
    return parts / parts.sum()


def later_one_of_equals(losses):
    return rank_shares(losses[::-1])[::-1]


def equals_share(losses):
    losses = np.array(losses)
    parts = np.array([0.0 if np.isnan(loss) else np.sum(losses > loss) + 0.5 + 0.5 * np.sum(losses == loss)
                      for loss in losses])
    return parts / parts.sum()


def parts_not_shares(losses):
    alive = np.sum(~np.isnan(losses))
    return rank_shares(losses) * alive * (alive + 1) / 2


def by_value(losses):
    fitness = np.nanmax(losses) - np.array(losses) + 1.0
    return np.nan_to_num(fitness / np.nansum(fitness))


SOLUTION = rank_shares
WRONG = [
    ("a failed one gets no part", failed_ones_counted),
    ("m counts only those that did not fail", failed_ones_in_m),
    ("the largest loss gets the most", reversed_ranks),
    ("the least fit gets 1 part, not 0", ranks_from_0),
    ("not the rank of each", argsort_for_ranks),
    ("the earlier one is the fitter, not the later", later_one_of_equals),
    ("equals share their parts", equals_share),
    ("the shares add up to 6, not to 1", parts_not_shares),
    ("only their order may count", by_value),
]
