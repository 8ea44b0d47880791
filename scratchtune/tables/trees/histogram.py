"""Histograms: for each bin of each column, the sum of the gradients, the sum of the Hessians and the number of rows.

A histogram is (bins, 3) float64, and a row's derivatives are (2,) float32. The histogram of a node's larger child is
that of the node minus that of the smaller child, so only the rows of the smaller one are read.

Source: Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree", algorithm 1.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit

WIDTH = 3


@jit.loop
def gather(rows, begin, end, derivatives, ordered):
    """Copy the derivatives of the rows ``rows[begin:end]``, in this order, to the start of ``ordered``."""
    for i in range(end - begin):
        row = rows[begin + i]
        ordered[i, 0], ordered[i, 1] = derivatives[row, 0], derivatives[row, 1]


@jit.function
def add_row(histogram, b, g, h):
    """Count one row in a bin."""
    histogram[b, 0] += g
    histogram[b, 1] += h
    histogram[b, 2] += 1.0


@jit.loop
def build_histogram(codes, columns, rows, begin, end, ordered, histogram):
    """Fill a histogram (bins, 3) of all columns from the rows ``rows[begin:end]``.

    ``ordered`` holds their derivatives, from its start. ``codes`` is (d, n) uint8. Rows are in increasing order, so a
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
    """The sums of a node, (3,), from the first ``end`` bins of its histogram, those of the first column."""
    for k in range(WIDTH):
        total[k] = 0.0
    for b in range(end):
        for k in range(WIDTH):
            total[k] += histogram[b, k]
