"""Exercise 23: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def softmax(scores, axis=1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def masked(scores, keep):
    return np.where(keep > 0, scores, -np.inf)


def attend(queries, keys, values, keep):
    return softmax(masked(queries @ keys.T / np.sqrt(queries.shape[1]), keep)) @ values


def not_scaled(queries, keys, values, keep):
    return softmax(masked(queries @ keys.T, keep)) @ values


def divided_by_e(queries, keys, values, keep):
    return softmax(masked(queries @ keys.T / queries.shape[1], keep)) @ values


def multiplied_by_the_root(queries, keys, values, keep):
    return softmax(masked(queries @ keys.T * np.sqrt(queries.shape[1]), keep)) @ values


def mask_ignored(queries, keys, values, keep):
    return softmax(queries @ keys.T / np.sqrt(queries.shape[1])) @ values


def mask_after_softmax(queries, keys, values, keep):
    return (softmax(queries @ keys.T / np.sqrt(queries.shape[1])) * keep) @ values


def scores_set_to_0(queries, keys, values, keep):
    return softmax(queries @ keys.T / np.sqrt(queries.shape[1]) * keep) @ values


def over_the_queries(queries, keys, values, keep):
    return (softmax(queries @ keys.T / np.sqrt(queries.shape[1]), 0) * keep) @ values


def no_softmax(queries, keys, values, keep):
    return (queries @ keys.T / np.sqrt(queries.shape[1]) * keep) @ values


def hard(queries, keys, values, keep):
    return values[masked(queries @ keys.T, keep).argmax(axis=1)]


def overflowing(queries, keys, values, keep):
    powers = np.exp(queries @ keys.T / np.sqrt(queries.shape[1])) * keep
    return powers / powers.sum(axis=1, keepdims=True) @ values


SOLUTION = attend
WRONG = [
    ("scores are not divided", not_scaled),
    ("by its root", divided_by_e),
    ("divide by √e", multiplied_by_the_root),
    ("the mask is missing", mask_ignored),
    ("they do not sum to 1", mask_after_softmax),
    ("a score of 0 is not a weight of 0", scores_set_to_0),
    ("over the keys", over_the_queries),
    ("softmax is missing", no_softmax),
    ("hard look-up", hard),
    ("Scores of 1000 overflow", overflowing),
]
