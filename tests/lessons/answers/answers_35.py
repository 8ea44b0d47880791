"""Exercise 35: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _scores(queries, keys):
    return queries @ keys.T / np.sqrt(queries.shape[1])


@np.errstate(all="ignore")
def exp_overflows(queries, keys, values, keep):
    weights = np.exp(_scores(queries, keys)) * keep
    return weights / weights.sum(axis=1, keepdims=True) @ values


def not_divided(queries, keys, values, keep):
    scores = np.where(keep > 0, queries @ keys.T, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ values


def divided_by_d(queries, keys, values, keep):
    scores = np.where(keep > 0, queries @ keys.T / queries.shape[1], -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ values


def mask_after_the_division(queries, keys, values, keep):
    scores = _scores(queries, keys)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) * keep @ values


def masked_scores_are_zero(queries, keys, values, keep):
    scores = _scores(queries, keys) * keep
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ values


@np.errstate(all="ignore")
def largest_of_all_keys_subtracted(queries, keys, values, keep):
    scores = _scores(queries, keys)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True)) * keep
    return weights / weights.sum(axis=1, keepdims=True) @ values


def normalised_over_queries(queries, keys, values, keep):
    scores = np.where(keep > 0, _scores(queries, keys), -1e9)
    weights = np.exp(scores - scores.max(axis=0)) * keep
    sums = weights.sum(axis=0)
    return weights / np.where(sums > 0, sums, 1.0) @ values


@np.errstate(all="ignore")
def one_largest_score_for_all(queries, keys, values, keep):
    scores = np.where(keep > 0, _scores(queries, keys), -np.inf)
    weights = np.exp(scores - scores.max())
    return weights / weights.sum(axis=1, keepdims=True) @ values


def scores_clipped(queries, keys, values, keep):
    weights = np.exp(np.clip(_scores(queries, keys), -500, 500)) * keep
    return weights / weights.sum(axis=1, keepdims=True) @ values


def mask_ignored(queries, keys, values, keep):
    scores = _scores(queries, keys)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ values


WRONG = [
    ("exp(1000) is infinite", exp_overflows),
    ("The scores are not divided by √d", not_divided),
    ("The scores are divided by d", divided_by_d),
    ("The mask multiplies the weights after softmax", mask_after_the_division),
    ("The mask multiplies the scores", masked_scores_are_zero),
    ("You subtract the largest score of all keys", largest_of_all_keys_subtracted),
    ("The weights of a key sum to 1 over the queries", normalised_over_queries),
    ("You subtract one largest score for all queries", one_largest_score_for_all),
    ("Scores that are cut off at a limit become equal", scores_clipped),
    ("Keys that do not count have weights all the same", mask_ignored),
]
