"""Histograms: for each bin of each column, the sum of the gradients, the sum of the Hessians and the number of rows.

A histogram is (bins, 4) float64; its last number is 0, so that the four are one vector instruction. `WIDTH` numbers of
float32 describe a row likewise: (gradient, Hessian, 1, 0). The histogram of a node's larger child is that of the node
minus that of the smaller child, so only the rows of the smaller one are read.

Source: Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree", algorithm 1.
"""

from __future__ import annotations

from scratchtune import jit

WIDTH = 4


@jit.loop
def gather(rows, begin, end, derivatives, ordered):
    """Copy the derivatives of the rows ``rows[begin:end]``, in this order, to the start of ``ordered``."""
    for i in range(end - begin):
        for k in range(WIDTH):
            ordered[i, k] = derivatives[rows[begin + i], k]


@jit.loop
def build_histogram(codes, columns, rows, begin, end, ordered, histogram):
    """Fill a histogram (bins, 4) of all columns from the rows ``rows[begin:end]``.

    ``ordered`` holds their derivatives, from its start. ``codes`` is (d, n) uint8. Rows are in increasing order, so a column's codes are read in the order of memory.
    """
    for b in range(histogram.shape[0]):
        for k in range(WIDTH):
            histogram[b, k] = 0.0
    for j in range(codes.shape[0]):
        column, first = codes[j], columns[j, 0]
        for i in range(end - begin):
            b = first + column[rows[begin + i]]
            for k in range(WIDTH):
                histogram[b, k] += ordered[i, k]


@jit.loop
def subtract_histogram(parent, child):
    """Sibling = parent - child, in place of the parent, both (bins, 4)."""
    for b in range(parent.shape[0]):
        for k in range(WIDTH):
            parent[b, k] -= child[b, k]


@jit.loop
def sum_bins(histogram, end, total):
    """The sums of a node, (4,), from the first ``end`` bins of its histogram, those of the first column."""
    for k in range(WIDTH):
        total[k] = 0.0
    for b in range(end):
        for k in range(WIDTH):
            total[k] += histogram[b, k]
