"""A tree grows leaf by leaf, best first: of all leaves, the one whose best split has the largest gain is split next.

The rows of each leaf are a contiguous part of one array of row numbers; a split reorders that part, left rows first. A
leaf that can be split keeps its histogram, so that the larger child's is computed by subtraction.

Source: Ke et al. (2017), LightGBM; Friedman (2001), "Greedy function approximation: a gradient boosting machine".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.random_numbers import random_bits
from scratchtune.tables.trees.split import (
    WIDTH,
    build_histogram,
    category_order,
    category_split,
    gather,
    includes,
    leaf_value,
    number_split,
    subtract_histogram,
    sum_bins,
    write_category_split,
    write_number_split,
)

MOST_BYTES = 2**27  # of kept histograms; if a leaf's was not kept, those of both children are built from rows
NO_SLOT, SPARE_SLOTS = -1, 2
SLOTS, ORDER, CHOICE, COUNTS = 0, 1, 2, 3  # rows of `Work.lists`
FREE, NODES = 0, 1  # the numbers in its last row


class Nodes(NamedTuple):
    """The nodes of a tree: ``links`` (m, 2) int32, ``left`` (m, 4) uint64, ``value`` (m,) float64.

    A row of ``links`` is the column that is split, and the index of the left child, which the right one follows; at a
    leaf it is (-1, 0). ``left`` is the set of the column's codes that go to the left.
    """

    links: np.ndarray
    left: np.ndarray
    value: np.ndarray


class Training(NamedTuple):
    """The codes (d, n) uint8; for each column, where its bins begin and end, and 1 for categories, (d, 3) int64."""

    codes: np.ndarray
    columns: np.ndarray


class Work(NamedTuple):
    """Memory that the trees of a fit share.

    ``rows`` (2, n) uint32 holds the rows in the order of the leaves, and the right ones of a split; ``ordered`` (n, 2)
    float32 the derivatives of a node's rows. ``histograms`` is (slots, bins, 3). For each node ``spans`` (m, 4) int64
    holds the first row, the end, the depth and the slot of its histogram, and ``gains`` (m,) the gain of its best
    split. ``total`` (3,) is a node's sum of bins. ``ranks`` (256,) and a row of ``lists`` (4, most) int64 are for the
    order of categories; its others hold free slots, the choice of columns, and the numbers of free slots and of nodes.
    """

    rows: np.ndarray
    ordered: np.ndarray
    histograms: np.ndarray
    spans: np.ndarray
    gains: np.ndarray
    total: np.ndarray
    ranks: np.ndarray
    lists: np.ndarray


def most_leaves(rows: int, max_leaf_nodes: int | None, max_depth: int | None, min_samples_leaf: int) -> int:
    """The largest number of leaves that a tree can have on so many rows."""
    most = max(rows // min_samples_leaf, 1)
    if max_depth is not None and max_depth < 40:
        most = min(most, 2**max_depth)
    return most if max_leaf_nodes is None else min(most, max_leaf_nodes)


def work_for(training: Training, leaves: int) -> Work:
    """Memory for trees with at most so many leaves."""
    (d, n), bins, nodes = training.codes.shape, int(training.columns[-1, 1]), 2 * leaves - 1
    slots = max(1 + SPARE_SLOTS, min(leaves + 1, MOST_BYTES // (bins * WIDTH * 8)))
    return Work(
        np.empty((2, n), np.uint32), np.empty((n, 2), np.float32), np.empty((slots, bins, WIDTH)),
        np.empty((nodes, 4), np.int64), np.empty(nodes), np.empty(WIDTH), np.empty(256),
        np.empty((4, max(slots, 256, d)), np.int64))


def nodes_for(leaves: int) -> Nodes:
    """Memory for the nodes of a tree with at most so many leaves."""
    most = 2 * leaves - 1
    return Nodes(np.empty((most, 2), np.int32), np.empty((most, 4), np.uint64), np.empty(most))


@jit.loop
def draw_columns(columns, d, chosen, key, node):
    """Put ``chosen`` of the ``d`` columns first, at random, by the first steps of Fisher and Yates's shuffle."""
    for j in range(d):
        columns[j] = j
    if chosen == d:
        return
    for j in range(chosen):
        other = j + np.int64(random_bits(key, np.uint64(node * d + j)) % np.uint64(d - j))
        columns[j], columns[other] = columns[other], columns[j]


@jit.loop
def find_split(training, limits, work, nodes, node, key):
    """Find the best split of a leaf from its histogram; write its gain, column and set of codes that go left."""
    histogram, columns, order = work.histograms[work.spans[node, 3]], training.columns, work.lists[ORDER]
    sum_bins(histogram, columns[0, 1], work.total)
    best, feature, cut, aside = 0.0, -1, 0, 0
    draw_columns(work.lists[CHOICE], columns.shape[0], limits.columns, key, node)
    for k in range(limits.columns):
        j = work.lists[CHOICE, k]
        bins = histogram[columns[j, 0] : columns[j, 1]]
        if columns[j, 2]:
            gain, where, more = category_split(bins, work.total, limits, order, work.ranks)
        else:
            gain, where, more = number_split(bins, work.total, limits)
        if gain > best:
            best, feature, cut, aside = gain, j, where, more
    work.gains[node], nodes.links[node, 0] = best, feature
    if best > 0.0:
        bins = histogram[columns[feature, 0] : columns[feature, 1]]
        if columns[feature, 2]:
            found, _, _, _ = category_order(bins, order, work.ranks)
            write_category_split(nodes.left[node], order, cut, found, aside)
        else:
            write_number_split(nodes.left[node], cut, aside, bins.shape[0] - 1)


@jit.loop
def partition(both, begin, end, column, left):
    """Reorder ``both[0, begin:end]``: first those whose code goes left, each part in its order; return their end."""
    rows, spare = both[0], both[1]
    kept, moved = begin, 0
    for i in range(begin, end):
        row = rows[i]
        goes_left = includes(left, column[row])
        rows[kept] = row
        spare[moved] = row
        kept += goes_left
        moved += 1 - goes_left
    for i in range(moved):
        rows[kept + i] = spare[i]
    return kept


@jit.loop
def new_leaf(nodes, work, node, begin, end, depth):
    """Make a node a leaf of ``work.rows[0, begin:end]``, without a split so far."""
    nodes.links[node, 0], nodes.links[node, 1], nodes.value[node] = -1, 0, 0.0
    for word in range(4):
        nodes.left[node, word] = 0
    spans = work.spans[node]
    spans[0], spans[1], spans[2], spans[3] = begin, end, depth, NO_SLOT
    work.gains[node] = 0.0


@jit.loop
def may_split(limits, work, node):
    """Whether a leaf has enough rows and is not too deep."""
    rows = work.spans[node, 1] - work.spans[node, 0]
    return rows >= 2 * limits.min_samples_leaf and work.spans[node, 2] < limits.max_depth


@jit.loop
def best_leaf(work):
    """The node of which a split has the largest gain, the first of equal ones; -1 if there is none."""
    best, found = 0.0, -1
    for node in range(work.lists[COUNTS, NODES]):
        if work.gains[node] > best:
            best, found = work.gains[node], node
    return found


@jit.loop
def build_in_a_slot(training, derivatives, work, node):
    """Build the histogram of a node from its rows, in a free slot."""
    work.lists[COUNTS, FREE] -= 1
    slot = work.lists[SLOTS, work.lists[COUNTS, FREE]]
    begin, end = work.spans[node, 0], work.spans[node, 1]
    gather(work.rows[0], begin, end, derivatives, work.ordered)
    build_histogram(training.codes, training.columns, work.rows[0], begin, end, work.ordered, work.histograms[slot])
    work.spans[node, 3] = slot


@jit.loop
def release_slot(work, node):
    """Free the slot of a node's histogram."""
    work.lists[SLOTS, work.lists[COUNTS, FREE]] = work.spans[node, 3]
    work.lists[COUNTS, FREE] += 1
    work.spans[node, 3] = NO_SLOT


@jit.loop
def split_leaf(training, work, nodes, node):
    """Divide the rows of a leaf among two new leaves."""
    begin, end, depth = work.spans[node, 0], work.spans[node, 1], work.spans[node, 2]
    child = work.lists[COUNTS, NODES]
    middle = partition(work.rows, begin, end, training.codes[nodes.links[node, 0]], nodes.left[node])
    new_leaf(nodes, work, child, begin, middle, depth + 1)
    new_leaf(nodes, work, child + 1, middle, end, depth + 1)
    nodes.links[node, 1], work.gains[node] = child, 0.0
    work.lists[COUNTS, NODES] += 2


@jit.loop
def find_splits_of_children(training, derivatives, limits, work, nodes, node, key):
    """Find the best splits of both children, by the smaller one's histogram and the node's; free those not needed."""
    small = large = nodes.links[node, 1]
    if work.spans[large, 1] - work.spans[large, 0] >= work.spans[large + 1, 1] - work.spans[large + 1, 0]:
        small += 1
    else:
        large += 1
    if not may_split(limits, work, large):
        if work.spans[node, 3] != NO_SLOT:
            release_slot(work, node)
        return
    build_in_a_slot(training, derivatives, work, small)
    if work.spans[node, 3] == NO_SLOT:
        build_in_a_slot(training, derivatives, work, large)
    else:
        work.spans[large, 3], work.spans[node, 3] = work.spans[node, 3], NO_SLOT
        subtract_histogram(work.histograms[work.spans[large, 3]], work.histograms[work.spans[small, 3]])
    for k in range(2):
        leaf = nodes.links[node, 1] + k
        if may_split(limits, work, leaf):
            find_split(training, limits, work, nodes, leaf, key)
    for k in range(2):
        leaf = nodes.links[node, 1] + k
        if work.gains[leaf] == 0.0 or work.lists[COUNTS, FREE] < SPARE_SLOTS:
            release_slot(work, leaf)


@jit.loop
def grow(training, derivatives, limits, work, nodes, key):
    """Grow a tree on the derivatives of all rows, (n, 2) float32; return its number of nodes, without leaf values.

    ``key`` (uint64) decides which columns are tried at each node.
    """
    for i in range(work.rows.shape[1]):
        work.rows[0, i] = i
    for slot in range(work.histograms.shape[0]):
        work.lists[SLOTS, slot] = slot
    work.lists[COUNTS, FREE], work.lists[COUNTS, NODES] = work.histograms.shape[0], 1
    new_leaf(nodes, work, 0, 0, work.rows.shape[1], 0)
    if limits.max_leaves > 1 and may_split(limits, work, 0):
        build_in_a_slot(training, derivatives, work, 0)
        find_split(training, limits, work, nodes, 0, key)
    for leaves in range(2, limits.max_leaves + 1):
        node = best_leaf(work)
        if node < 0:
            break
        split_leaf(training, work, nodes, node)
        if leaves < limits.max_leaves:
            find_splits_of_children(training, derivatives, limits, work, nodes, node, key)
    return work.lists[COUNTS, NODES]


@jit.loop
def add_leaf_values(derivatives, limits, work, nodes, output):
    """Write the values of the leaves, times the learning rate, and add them to the rows' ``output`` (n,) float64."""
    for node in range(work.lists[COUNTS, NODES]):
        if nodes.links[node, 1] == 0:
            nodes.links[node, 0] = -1  # its best split was not needed
            begin, end = work.spans[node, 0], work.spans[node, 1]
            g, h = 0.0, 0.0
            for i in range(begin, end):
                g += derivatives[work.rows[0, i], 0]
                h += derivatives[work.rows[0, i], 1]
            if h + limits.l2 > 0.0:
                nodes.value[node] = limits.rate * leaf_value(g, h, limits.l2)
            for i in range(begin, end):
                output[work.rows[0, i]] += nodes.value[node]
