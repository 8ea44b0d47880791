"""Exercise 45: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _score(g, h, lam):
    return g.sum() ** 2 / (h.sum() + lam)


def _edges(x):
    values = np.unique(x)
    return (values[:-1] + values[1:]) / 2


def _best(x, g, h, lam, gain_of, edges):
    edge, best = None, 0.0
    for each in edges:
        gain = gain_of(x < each)
        if gain > best:
            edge, best = float(each), float(gain)
    return edge, best


def parent_forgotten(x, g, h, lam):
    return _best(x, g, h, lam, lambda left: _score(g[left], h[left], lam) + _score(g[~left], h[~left], lam), _edges(x))


def not_sorted(x, g, h, lam):
    edges = [(a + b) / 2 for a, b in zip(x[:-1], x[1:], strict=True) if a != b]
    whole = _score(g, h, lam)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], h[left], lam) + _score(g[~left], h[~left], lam) - whole), edges)


def counts_for_h(x, g, h, lam):
    ones = np.ones_like(h)
    whole = _score(g, ones, lam)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], ones[left], lam) + _score(g[~left], ones[~left], lam) - whole), _edges(x))


def equal_values_split(x, g, h, lam):
    order = np.argsort(x, kind="stable")
    x, g, h = x[order], g[order], h[order]
    edge, best = None, 0.0
    for k in range(1, len(x)):
        gain = _score(g[:k], h[:k], lam) + _score(g[k:], h[k:], lam) - _score(g, h, lam)
        if gain > best:
            edge, best = (x[k - 1] + x[k]) / 2, gain
    return edge, best


def edge_at_the_value(x, g, h, lam):
    whole = _score(g, h, lam)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], h[left], lam) + _score(g[~left], h[~left], lam) - whole), np.unique(x)[1:])


def largest_edge_of_equal_gains(x, g, h, lam):
    whole = _score(g, h, lam)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], h[left], lam) + _score(g[~left], h[~left], lam) - whole), _edges(x)[::-1])


def without_lambda(x, g, h, lam):
    whole = _score(g, h, 0.0)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], h[left], 0.0) + _score(g[~left], h[~left], 0.0) - whole), _edges(x))


def negative_gain_is_best(x, g, h, lam):
    whole = _score(g, h, lam)
    edges = _edges(x)
    if not len(edges):
        return None, 0.0
    gains = [_score(g[x < e], h[x < e], lam) + _score(g[x >= e], h[x >= e], lam) - whole for e in edges]
    k = int(np.argmax(gains))
    return float(edges[k]), float(gains[k])


def no_square(x, g, h, lam):
    def score(g, h):
        return abs(g.sum()) / (h.sum() + lam)

    return _best(x, g, h, lam, lambda left: (
        score(g[left], h[left]) + score(g[~left], h[~left]) - score(g, h)), _edges(x))


def last_edge_left_out(x, g, h, lam):
    whole = _score(g, h, lam)
    return _best(x, g, h, lam, lambda left: (
        _score(g[left], h[left], lam) + _score(g[~left], h[~left], lam) - whole), _edges(x)[:-1])


WRONG = [
    ("The score of all rows together is missing", parent_forgotten),
    ("An edge is between two rows that happen to follow each other", not_sorted),
    ("The score divides by the sum of h", counts_for_h),
    ("Rows with equal values cannot be separated", equal_values_split),
    ("The edge is the value above it", edge_at_the_value),
    ("Of equal gains the last edge was taken", largest_edge_of_equal_gains),
    ("lam is missing in the scores", without_lambda),
    ("The split with the largest gain is returned", negative_gain_is_best),
    ("The score has the square of the sum of gradients", no_square),
    ("The last edge is missing", last_edge_left_out),
]
