"""Exercise 50: the terms of one panel of a matrix product, added in order."""

import numpy as np

TOLERANCE = 1e-12  # the bits of float32 count


def _by_hand(terms, first, depth, out=0.0):
    return lambda: (np.full((1, 1), out, np.float32), np.array([terms], np.float32),
                    np.ones((len(terms), 1), np.float32), first, depth)


def _random(rows, terms, columns, first, depth):
    def case():
        rng = np.random.default_rng(terms)
        b = np.exp2(rng.integers(-3, 4, size=(terms, columns)))  # no product is rounded, and no sum of products:
        a = rng.integers(-8, 9, size=(rows, terms))  # only adding to `out` is
        out = rng.uniform(2**22, 2**23, size=(rows, columns))
        return (*(each.astype(np.float32) for each in (out, a, b)), first, depth)

    return case


LARGE = float(2**24)
CASES = [_by_hand([1, 2, 4], 1, 1, 8.0), _by_hand([1, 2, 4, 8], 2, 4, 16.0), _by_hand([0, 0, 1, 1], 2, 2, LARGE),
         _by_hand([LARGE, 1], 0, 2, 1.0), _random(3, 7, 2, 3, 3), _random(5, 40, 9, 16, 16), _random(2, 64, 4, 60, 16)]


def right(out, a, b, first, depth):
    for k in range(first, min(first + depth, a.shape[1])):
        out += a[:, k:k + 1] * b[k]


def _alone(out, a, b, first, depth):
    part = np.zeros_like(out)
    right(part, a, b, first, depth)
    out += part


def _wide(out, a, b, first, depth):
    part = out.astype(np.float64)
    right(part, a.astype(np.float64), b.astype(np.float64), first, depth)
    out[:] = part


def _overwritten(out, a, b, first, depth):
    out[:] = 0.0
    right(out, a, b, first, depth)


def _backwards(out, a, b, first, depth):
    for k in reversed(range(first, min(first + depth, a.shape[1]))):
        out += a[:, k:k + 1] * b[k]


def _from_0(out, a, b, first, depth):
    right(out, a, b, 0, depth)


def _whole_only(out, a, b, first, depth):
    if first + depth <= a.shape[1]:
        right(out, a, b, first, depth)


def _to_depth(out, a, b, first, depth):
    right(out, a, b, first, depth - first)


def _one_less(out, a, b, first, depth):
    right(out, a, b, first, depth - 1)


def _everything(out, a, b, first, depth):
    right(out, a, b, first, a.shape[1])


def _unchanged(out, a, b, first, depth):
    return out + a[:, first:first + depth] @ b[first:first + depth]


def _overrun(out, a, b, first, depth):
    for k in range(first, first + depth):
        out += a[:, [k]] * b[k]


def _rebound(out, a, b, first, depth):
    for k in range(first, min(first + depth, a.shape[1])):
        out = out + a[:, k:k + 1] * b[k]


def _one_before_the_end(out, a, b, first, depth):
    right(out, a, b, first, min(depth, a.shape[1] - first) - 1)


def _numbered(out, a, b, first, depth):
    right(out, a, b, first * depth, depth)


MISTAKES = [
    ("The panel is summed alone, and its sum is then added: that is another order. Add each term to `out` itself.",
     _alone),
    ("The sum is in float64 and rounded at the end; add each term to `out` in float32.", _wide),
    ("The terms of earlier panels are lost: add to what is in `out`.", _overwritten),
    ("The terms are added from the last to the first; begin with k = first.", _backwards),
    ("These are the terms from k = 0 on in every panel: begin with k = first.", _from_0),
    ("The last panel has fewer terms, and they are missing.", _whole_only),
    ("`depth` is the number of terms, not the index after the last: that is first + depth.", _to_depth),
    ("The last term of the panel is missing: there are `depth` of them.", _one_less),
    ("All terms from k = first on are added; a panel has only `depth` of them.", _everything),
    ("`out` is unchanged: change it in place, as in out += ..., and return nothing.", _unchanged),
    ("The last panel may have fewer than `depth` terms: end at a.shape[1].", _overrun),
    ("`out = out + ...` makes a new array, and the caller's is unchanged: write out += ...", _rebound),
    ("The last of the terms is missing: range(first, end) ends before `end` itself.", _one_before_the_end),
    ("`first` is the first k of the panel, not the panel's number.", _numbered),
]
