"""Exercise 45: the best split of a column, from the sums of the derivatives."""

import numpy as np


def right(x, g, h, lam):
    best = None, 0.0
    values = np.unique(x)
    for lower, upper in zip(values[:-1], values[1:], strict=True):
        left = x <= lower
        gain = (g[left].sum() ** 2 / (h[left].sum() + lam) + g[~left].sum() ** 2 / (h[~left].sum() + lam)
                - g.sum() ** 2 / (h.sum() + lam))
        if gain > best[1] + 1e-12:
            best = float((lower + upper) / 2.0), float(gain)
    return best


CASES = [
    (np.array([3.0, 1.0, 2.0, 6.0]), np.array([2.0, -3.0, -2.5, 3.5]), np.ones(4), 0.0),
    (np.array([3.0, 1.0, 2.0, 6.0, 7.0]), np.array([0.4, -1.0, 0.5, -0.5, 0.3]),
     np.array([0.2, 0.1, 0.25, 0.2, 0.1]), 0.5),
    (np.array([1.0, 1.0, 1.0, 2.0, 2.0, 5.0]), np.array([-4.0, 3.0, 1.0, 2.0, -1.0, 2.0]), np.ones(6), 0.0),
    (np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, -1.0, 1.0, -1.0]), np.ones(4), 1.0),
    (np.array([2.0, 2.0, 2.0]), np.array([1.0, -1.0, 3.0]), np.ones(3), 0.0),
    (np.array([1.0, 3.0, 4.0]), np.array([2.0, 2.0, 2.0]), np.ones(3), 3.0),
    (np.array([-3.0, 0.5, -1.0, 8.0, 2.5]), np.array([6.0, -0.5, 5.0, 3.0, -1.0]),
     np.array([2.0, 1.0, 1.5, 0.5, 1.0]), 2.0),
]


def _with(score=lambda g, h, lam: g**2 / (h + lam), edge=lambda a, b: (a + b) / 2.0, parent=True, later=False,
          cut=lambda x, lower: x <= lower, none=(None, 0.0), factor=1.0, values=np.unique, least=0.0):
    def best_split(x, g, h, lam):
        best = none[0], least
        every = values(x)
        for lower, upper in zip(every[:-1], every[1:], strict=True):
            left = cut(x, lower)
            gain = factor * (score(g[left].sum(), h[left].sum(), lam) + score(g[~left].sum(), h[~left].sum(), lam)
                             - parent * score(g.sum(), h.sum(), lam))
            if gain > best[1] + 1e-12 or later and best[0] is not None and abs(gain - best[1]) < 1e-9:
                best = edge(lower, upper), gain
        return best

    return best_split


def _counts(x, g, h, lam):
    return right(x, g, np.ones(len(x)), lam)


def _unsorted(x, g, h, lam):
    best = None, 0.0
    for k in range(1, len(x)):
        gain = (g[:k].sum() ** 2 / (h[:k].sum() + lam) + g[k:].sum() ** 2 / (h[k:].sum() + lam)
                - g.sum() ** 2 / (h.sum() + lam))
        if gain > best[1] + 1e-12 and x[k - 1] != x[k]:
            best = (x[k - 1] + x[k]) / 2.0, gain
    return best


def _equal(x, g, h, lam):
    order = np.argsort(x, kind="stable")
    x, g, h = x[order], g[order], h[order]
    best = None, 0.0
    for k in range(1, len(x)):
        gain = (g[:k].sum() ** 2 / (h[:k].sum() + lam) + g[k:].sum() ** 2 / (h[k:].sum() + lam)
                - g.sum() ** 2 / (h.sum() + lam))
        if gain > best[1] + 1e-12:
            best = (x[k - 1] + x[k]) / 2.0, gain
    return best


def _halfway(values):
    return (values[:-1] + values[1:]) / 2.0


def _edges(edges, least=0.0):
    """The best of other edges."""
    def best_split(x, g, h, lam):
        best = None, least
        for edge in edges(x):
            left = x < edge
            gain = (g[left].sum() ** 2 / (h[left].sum() + lam) + g[~left].sum() ** 2 / (h[~left].sum() + lam)
                    - g.sum() ** 2 / (h.sum() + lam))
            if gain > best[1] + (1e-12 if best[0] else 0.0):
                best = float(edge), float(gain)
        return best if best[0] is not None else (None, 0.0)

    return best_split


MISTAKES = [
    ("Rows with equal values cannot be separated: an edge is only between two different values.", _equal),
    ("Sort the rows by x first (or compare x with each edge): the sums are those of all rows below the edge.",
     _unsorted),
    ("The score of all rows together is missing: a gain is what the two leaves have more than one.",
     _with(parent=False)),
    ("lam is missing in the scores.", _with(score=lambda g, h, lam: g**2 / h)),
    ("The score divides by the sum of h, not by the number of rows.", _counts),
    ("The score has the square of the sum of gradients.", _with(score=lambda g, h, lam: abs(g) / (h + lam))),
    ("The gain has no factor 1/2 here.", _with(factor=0.5)),
    ("The edge is the value below it; it should be halfway to the next one.", _with(edge=lambda a, b: a)),
    ("The edge is the value above it; it should be halfway from the one before.", _with(edge=lambda a, b: b)),
    ("Of equal gains the last edge was taken; take the smallest one.", _with(later=True)),
    ("A split was returned whose gain is not above 0: return (None, 0.0) where none is.", _with(least=-np.inf)),
    ("The two come in the other order: return the edge, then the gain.",
     lambda x, g, h, lam: right(x, g, h, lam)[::-1]),
    ("The smallest gain was taken, not the largest.", _with(factor=-1.0)),
    ("Only the gain was returned: return (edge, gain).", lambda x, g, h, lam: right(x, g, h, lam)[1]),
    ("An edge is between two rows that happen to follow each other: sort the values first, and take the neighbours.",
     _edges(lambda x: [(a + b) / 2.0 for a, b in zip(x[:-1], x[1:], strict=True) if a != b])),
    ("The split with the largest gain is returned, even if that gain is not above 0: then return (None, 0.0).",
     _edges(lambda x: _halfway(np.unique(x)), least=-np.inf)),
    ("The last edge is missing, between the two largest values.", _edges(lambda x: _halfway(np.unique(x))[:-1])),
]
