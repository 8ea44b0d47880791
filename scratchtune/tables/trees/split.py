"""The best split of a node, from its histogram: the sums of the gradients, the Hessians and the rows in each bin.

A histogram is (bins, 3) float64, and a row's derivatives are (2,) float32. The histogram of a node's larger child is
that of the node minus that of the smaller child, so only the rows of the smaller one are read (Ke et al. 2017,
"LightGBM: a highly efficient gradient boosting decision tree", algorithm 1).

A split divides the codes of one column in two. Numbers are divided at an edge, and missing values go to the side where
the gain is larger. Categories are first ordered by the ratio of their gradients to their Hessians. One division of this
order is the best of all (Fisher 1958), apart from the smoothing of the ratios. A split is described by the set of codes
that go to the left, 256 bits in four words, whatever the column holds.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.core import jit

WIDTH = 3
LEAST_HESSIAN = 1e-3  # least sum of Hessians in a leaf, as in LightGBM's and scikit-learn's defaults
SMOOTHING = 10.0  # added to the sum of Hessians in a category's rank, so that one with few rows is not at an end
LEAST_ROWS = 10  # a category with fewer rows in a node goes to the larger child
WORD, BITS, ONE = np.uint64(6), np.uint64(63), np.uint64(1)


class Limits(NamedTuple):
    """What limits the growth of a tree: ``max_leaves``, ``max_depth`` and ``min_samples_leaf`` are int64.

    ``columns`` are tried at each node, ``l2`` is the penalty of leaf values, ``rate`` the learning rate.
    """

    max_leaves: int
    max_depth: int
    min_samples_leaf: int
    columns: int
    l2: float
    rate: float


@jit.loop
def gather(rows, begin, end, derivatives, ordered):
    """Copy the derivatives of the rows ``rows[begin:end]``, in this order, to the start of ``ordered``."""
    for i in range(end - begin):
        row = rows[begin + i]
        ordered[i, 0], ordered[i, 1] = derivatives[row, 0], derivatives[row, 1]


@jit.function
def add_row(histogram, b, g, h):
    """Add one row's gradient g, its Hessian h and the count 1 to bin b of a histogram."""
    histogram[b, 0] += g
    histogram[b, 1] += h
    histogram[b, 2] += 1.0


@jit.loop
def build_histogram(codes, columns, rows, begin, end, ordered, histogram):
    """Fill a histogram (bins, 3) of all columns from the rows ``rows[begin:end]``.

    ``ordered`` has their derivatives; codes and columns are those of `Training`. Rows are in increasing order, so a
    column's codes are read in the order of memory; two columns at a time, so that derivatives are read half as often.
    """
    for b in range(histogram.shape[0]):
        for k in range(WIDTH):
            histogram[b, k] = 0.0
    d = codes.shape[0]
    for j in range(0, d - 1, 2):
        one, two, first, second = codes[j], codes[j + 1], columns[j, 0], columns[j + 1, 0]
        for i in range(end - begin):
            row, g, h = rows[begin + i], ordered[i, 0], ordered[i, 1]
            add_row(histogram, first + one[row], g, h)
            add_row(histogram, second + two[row], g, h)
    if d % 2 == 1:
        last, first = codes[d - 1], columns[d - 1, 0]
        for i in range(end - begin):
            add_row(histogram, first + last[rows[begin + i]], ordered[i, 0], ordered[i, 1])


@jit.loop
def subtract_histogram(parent, child):
    """Sibling = parent - child, in place of the parent, both (bins, 3)."""
    for b in range(parent.shape[0]):
        for k in range(WIDTH):
            parent[b, k] -= child[b, k]


@jit.loop
def sum_bins(histogram, end, total):
    """Write a node's sums to ``total`` (3,), over the first ``end`` bins: those of column 0, which has all rows."""
    for k in range(WIDTH):
        total[k] = 0.0
    for b in range(end):
        for k in range(WIDTH):
            total[k] += histogram[b, k]


@jit.function
def leaf_value(g, h, lam):
    """The value of a leaf that minimises the second-order approximation of the loss: one Newton step.

    Formula [leaf_value]
        w = −g / (h + λ)
    Where
        g: g, scalar, real, the sum of the gradients of the leaf's rows
        h: h, scalar, > 0, the sum of their Hessians
        λ: lam, scalar, >= 0, the L2 penalty of leaf values
    Source
        Chen and Guestrin (2016), "XGBoost: a scalable tree boosting system", equation 5.
    Example
        >>> float(leaf_value(-6.0, 2.0, 1.0))  # two rows with residuals whose sum is 6
        2.0
    """
    return -g / (h + lam)


@jit.function
def leaf_score(g, h, lam):
    """Twice the decrease of the second-order approximation of the loss by a leaf with its best value.

    Formula [leaf_score]
        s = g² / (h + λ)
    Where
        g: g, scalar, real, the sum of the gradients of the leaf's rows
        h: h, scalar, > 0, the sum of their Hessians
        λ: lam, scalar, >= 0, the L2 penalty of leaf values
    Variant
        The equation has −1/2 before it; as in scikit-learn and LightGBM the constant is left out.
    Source
        Chen and Guestrin (2016), equation 6.
    Example
        >>> float(leaf_score(-6.0, 2.0, 1.0))
        12.0
    """
    return g * g / (h + lam)


@jit.function
def boosting_gain(left, right, parent):
    """Twice the decrease of the second-order approximation of the loss by a split.

    Formula [boosting_gain]
        a = l + r − p
    Where
        l: left, scalar, >= 0, the [leaf_score] of the left child
        r: right, scalar, >= 0, that of the right child
        p: parent, scalar, >= 0, that of the node
    Variant
        XGBoost subtracts a cost of each leaf, γ, and has the factor 1/2.
    Source
        Chen and Guestrin (2016), equation 7, with γ = 0.
    Example
        >>> float(boosting_gain(8.0, 8.0, 0.0))
        16.0
    """
    return left + right - parent


@jit.function
def category_rank(g, h, smoothing):
    """The number by which the categories of a column are ordered: minus a smoothed Newton step of each.

    Formula [category_rank]
        r = g / (h + c)
    Where
        g: g, scalar, real, the sum of the gradients of the category's rows
        h: h, scalar, > 0, the sum of their Hessians
        c: smoothing, scalar, >= 0
    Source
        Ke et al. (2017), LightGBM, cat_smooth; Fisher (1958), "On grouping for maximum homogeneity".
    Example
        >>> category_rank(-6.0, 2.0, 10.0)
        -0.5
    """
    return g / (h + smoothing)


@jit.function
def includes(codes, code):
    """Whether a set of codes, four words of 64 bits, includes a code: 1 or 0."""
    return np.int64((codes[code >> 6] >> np.uint64(code & 63)) & ONE)


@jit.function
def include(codes, code):
    """Add a code to a set of codes."""
    codes[code >> 6] |= ONE << np.uint64(code & 63)


@jit.function
def side_gain(g, h, n, total, limits):
    """The gain of a split with the sums g, h, n on the left and ``total`` in all; -1 if a side is too small."""
    right_h, right_n = total[1] - h, total[2] - n
    if min(n, right_n) < limits.min_samples_leaf or min(h, right_h) < LEAST_HESSIAN:
        return -1.0
    parent = leaf_score(total[0], total[1], limits.l2)
    return boosting_gain(leaf_score(g, h, limits.l2), leaf_score(total[0] - g, right_h, limits.l2), parent)


@jit.loop
def number_split(bins, total, limits):
    """Return (gain, last bin of the left side, whether missing values go left) of the best split of a column's bins.

    The last of the ``bins`` of the column is that of missing values. The gain is 0 if there is none.
    """
    best, best_bin, best_missing = 0.0, -1, 0
    last = bins.shape[0] - 1
    g, h, n = 0.0, 0.0, 0.0
    missing_g, missing_h, missing_n = bins[last, 0], bins[last, 1], bins[last, 2]
    for b in range(last):
        if bins[b, 2] == 0.0:
            continue
        g, h, n = g + bins[b, 0], h + bins[b, 1], n + bins[b, 2]
        gain = side_gain(g, h, n, total, limits)
        if gain > best:
            best, best_bin, best_missing = gain, b, 1 if missing_n == 0.0 and 2.0 * n > total[2] else 0
        if missing_n > 0.0:
            gain = side_gain(g + missing_g, h + missing_h, n + missing_n, total, limits)
            if gain > best:
                best, best_bin, best_missing = gain, b, 1
    return best, best_bin, best_missing


@jit.loop
def category_order(bins, order, ranks):
    """Sort the categories with enough rows by their rank; return their number, and the sums of the others.

    ``order`` and ``ranks`` have room for 256 codes.
    """
    found = 0
    g, h, n = 0.0, 0.0, 0.0
    for b in range(bins.shape[0]):
        if bins[b, 2] < LEAST_ROWS:
            g, h, n = g + bins[b, 0], h + bins[b, 1], n + bins[b, 2]
            continue
        rank, k = category_rank(bins[b, 0], bins[b, 1], SMOOTHING), found
        while k > 0 and ranks[k - 1] > rank:
            ranks[k], order[k] = ranks[k - 1], order[k - 1]
            k -= 1
        ranks[k], order[k] = rank, b
        found += 1
    return found, g, h, n


@jit.loop
def category_split(bins, total, limits, order, ranks):
    """Return (gain, how many categories of the order go left, whether rare ones do) of the best split.

    Missing values are a category.
    """
    found, rare_g, rare_h, rare_n = category_order(bins, order, ranks)
    best, best_count, best_rare = 0.0, 0, 0
    g, h, n = 0.0, 0.0, 0.0
    for k in range(found - 1):
        b = order[k]
        g, h, n = g + bins[b, 0], h + bins[b, 1], n + bins[b, 2]
        if 2.0 * n > total[2] - rare_n:
            gain, rare = side_gain(g + rare_g, h + rare_h, n + rare_n, total, limits), 1
        else:
            gain, rare = side_gain(g, h, n, total, limits), 0
        if gain > best:
            best, best_count, best_rare = gain, k + 1, rare
    return best, best_count, best_rare


@jit.loop
def write_number_split(codes, last_left, missing_left, missing):
    """Write the set of codes of a split of numbers: 0 to ``last_left``, and the code ``missing`` if it goes left."""
    for word in range(4):
        codes[word] = 0
    for code in range(last_left + 1):
        include(codes, code)
    if missing_left:
        include(codes, missing)


@jit.loop
def write_category_split(codes, order, count, found, rare_left):
    """Write the set of codes of a split of categories: the first ``count`` of the ``found`` ones in the order.

    If rare categories go left, so do codes that no row of training has.
    """
    for word in range(4):
        codes[word] = 0
    for code in range(256):
        if rare_left:
            include(codes, code)
    for k in range(found):
        word, bit = order[k] >> 6, ONE << np.uint64(order[k] & 63)
        codes[word] = codes[word] | bit if k < count else codes[word] & ~bit
