"""Exercise 35: scaled dot-product attention with a mask."""

import numpy as np


def right(queries, keys, values, keep):
    return _attention(queries, keys, values, keep)


def _attention(queries, keys, values, keep, scale=np.sqrt, largest="kept", where="before", softmax="keys"):
    """Attention with one thing changed."""
    with np.errstate(all="ignore"):
        scores = queries @ keys.T / scale(queries.shape[1])
        counted = np.where(keep > 0, scores, -np.inf)
        if where == "scores":
            scores, keep = scores * keep, np.ones(len(keep))
        if softmax == "none":
            return (scores * keep) @ values
        if softmax == "hard":
            return values[counted.argmax(axis=1)]
        axis = 1 if softmax == "keys" else 0
        if largest == "kept":
            scores = scores - (counted.max(axis=1, keepdims=True) if where == "before" and axis == 1
                               else scores.max(axis=axis, keepdims=True))
        elif largest == "all":
            scores = scores - scores.max(axis=1, keepdims=True)
        elif largest == "one":
            scores = scores - counted.max()
        u = np.where(keep > 0, np.exp(scores), 0.0) if where == "before" else np.exp(scores)
        p = u / u.sum(axis=axis, keepdims=True)
        return (p * keep if where == "after" else p) @ values


def _random(seed, i, j, d, o):
    rng = np.random.default_rng(seed)
    keep = (np.arange(j) % 3 != 1).astype(float)
    return rng.normal(size=(i, d)), rng.normal(size=(j, d)), rng.normal(size=(j, o)), keep


CASES = [
    (np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]),
     np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [3.0, 0.0, 1.0, 0.0]]), np.array([[1.0], [4.0], [9.0]]),
     np.array([1.0, 1.0, 0.0])),
    _random(2, 4, 7, 6, 2),
    (np.array([[1000.0, 0.0, 0.0, 0.0]]), np.array([[2.0, 0.0, 0.0, 0.0], [1.998, 0.0, 0.0, 0.0]]),
     np.array([[1.0], [4.0]]), np.ones(2)),  # scores of 1000
    (np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [4000.0, 0.0, 0.0, 0.0]]),
     np.array([[1.0], [4.0], [9.0]]), np.array([1.0, 1.0, 0.0])),  # a score of 2000 that does not count
    (np.array([[1000.0, 0.0, 0.0, 0.0], [-1000.0, 0.0, 0.0, 0.0]]),
     np.array([[2.0, 0.0, 0.0, 0.0], [2.002, 0.0, 0.0, 0.0]]), np.array([[1.0], [4.0]]), np.ones(2)),
]
def _multiplied_by_the_mask(queries, keys, values, keep):
    with np.errstate(all="ignore"):
        u = np.exp(queries @ keys.T / np.sqrt(queries.shape[1])) * keep
        return u / u.sum(axis=1, keepdims=True) @ values


def _over_the_queries(queries, keys, values, keep):
    scores = np.where(keep > 0, queries @ keys.T / np.sqrt(queries.shape[1]), -1e9)
    u = np.exp(scores - scores.max(axis=0)) * keep
    return u / np.where(keep > 0, u.sum(axis=0), 1.0) @ values


def _cut_off(queries, keys, values, keep):
    u = np.exp(np.clip(queries @ keys.T / np.sqrt(queries.shape[1]), -500.0, 500.0)) * keep
    return u / u.sum(axis=1, keepdims=True) @ values


MISTAKES = [
    ("The scores are not divided by √d.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, scale=lambda d: 1.0)),
    ("The scores are divided by d, not by its root.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, scale=lambda d: d)),
    ("The scores are multiplied by √d: divide, so that their variance does not grow with d.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, scale=lambda d: d**-0.5)),
    ("d is the number of features of a key, not the number of keys.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep,
                                                    scale=lambda d: np.sqrt(len(keys)))),
    ("Keys that do not count have weights all the same: the mask is missing.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, np.ones(len(keep)))),
    ("The mask multiplies the weights after softmax, so that they do not sum to 1: apply it before the division.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, where="after")),
    ("The mask multiplies the scores, but a score of 0 is not a weight of 0: exp(0) is 1.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, where="scores")),
    ("Softmax is over the queries: for each query, the weights of the keys should sum to 1.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, softmax="queries")),
    ("The scores are the weights here: softmax is missing.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, softmax="none")),
    ("This is a hard look-up, the value of the best key: return a mean of all values.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, softmax="hard")),
    ("Scores of 1000 overflow in exp: subtract the largest score of each query first; the quotient stays the same.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, largest="none")),
    ("You subtract the largest score of all keys. If that key is masked, all others become exp(-1000) = 0, and 0 / 0 "
     "is no number: take the largest score among the keys that count.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, largest="all")),
    ("You subtract one largest score for all queries. Another query's scores may all be far below it: take one for "
     "each query.",
     lambda queries, keys, values, keep: _attention(queries, keys, values, keep, largest="one")),
    ("exp(1000) is infinite, and infinite times 0 is no number: subtract the largest score of the keys that count "
     "before exp.", _multiplied_by_the_mask),
    ("The weights of a key sum to 1 over the queries: those of a query should, over its keys (axis 1).",
     _over_the_queries),
    ("Scores that are cut off at a limit become equal, and so do their weights: subtract the largest score instead.",
     _cut_off),
]
