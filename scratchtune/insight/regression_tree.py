"""A regression tree divides the space of parameters into boxes, and predicts one value in each.

It is grown from its root. A node with the rows of some trials is split along one axis, where the sum of squared errors
decreases most (CART), until the rows of a node have one value or one configuration. Two things are random, so that the
trees of a forest differ: at every node one axis is left out, and a range is split at a random point between the two
neighbouring values.

Rows are in the unit cube. On an axis of choices a row has the index of its choice, and a split divides the choices in
two: they are ordered by the mean of their rows' values, and one split of this order is the best of all divisions.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Axis(NamedTuple):
    """One axis: ``choices`` is their number, 0 for a range; ``edges`` are a range's only split points, if not empty."""

    choices: int = 0
    edges: np.ndarray = np.empty(0)


class Tree(NamedTuple):
    """Leaves as boxes.

    ``value`` (l,) is the prediction of each leaf. Each axis is divided into cells: ``inside[j]`` (cells, l) is 1 where
    a cell of axis j is inside a leaf, ``weight[j]`` (cells,) is the share of a cell in the axis, and ``bounds[j]`` are
    the lower ends of a range's cells, or the indices of choices.
    """

    value: np.ndarray
    inside: list[np.ndarray]
    weight: list[np.ndarray]
    bounds: list[np.ndarray]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return the prediction at each row, (n,)."""
        found = np.ones((len(rows), len(self.value)))
        for column, bounds, inside in zip(rows.T, self.bounds, self.inside, strict=True):
            found *= inside[np.searchsorted(bounds, column, side="right") - 1]
        return found @ self.value


class _Node(NamedTuple):
    """The rows of a node, and its box: on each axis (lower, upper) of a range, or which choices are inside."""

    rows: np.ndarray
    box: tuple[Any, ...]


def split_gain(left: Any, before: Any, after: Any) -> Any:
    """How much a split decreases the sum of squared errors.

    Formula [split_gain]
        gₖ = sₖ² / lₖ + sₖ² / rₖ
    Where
        s: left, (k,), real; sampled in [-1, 1], the sum of the values left of split k, minus the mean of the node each
        l: before, (k,), > 0; sampled as integer >= 1, how many rows are left of it
        r: after, (k,), > 0; sampled as integer >= 1, how many rows are right of it
    Returns
        g, (k,), >= 0.
    Variant
        Others write the decrease of the variance, which is this divided by the number of rows.
    Source
        Breiman, Friedman, Olshen and Stone (1984), "Classification and regression trees", chapter 8.
    Example
        >>> float(split_gain(-2.0, 2, 2))  # the values 0, 0, 2, 2: the squared errors were 4, and are 0
        4.0
    """
    return left * left / before + left * left / after


def grow(rows: np.ndarray, values: np.ndarray, axes: list[Axis], rng: np.random.Generator) -> Tree:
    """Grow a tree on all rows (n, d) and their values (n,)."""
    box = tuple(np.ones(axis.choices, dtype=bool) if axis.choices else (0.0, 1.0) for axis in axes)
    waiting, leaves = [_Node(np.arange(len(values)), box)], []
    while waiting:
        node = waiting.pop()
        here = values[node.rows]
        split = None if here.min() == here.max() else _best_split(rows[node.rows], here, axes, rng)
        if split is None:
            leaves.append((here.mean(), node.box))
            continue
        j, is_left, parts = split
        for chosen, part in ((is_left, 0), (~is_left, 1)):
            box = (*node.box[:j], _part(node.box[j], parts, part), *node.box[j + 1:])
            waiting.append(_Node(node.rows[chosen], box))
    return _as_tree(leaves, axes)


def _best_split(
    rows: np.ndarray, values: np.ndarray, axes: list[Axis], rng: np.random.Generator,
) -> tuple[int, np.ndarray, Any] | None:
    """Return the axis, which rows are left, and the split point (or which choices are left); None if rows are equal."""
    centred, left_out, u = values - values.mean(), int(rng.integers(len(axes))), rng.random()
    keys = rows.copy()
    for j, axis in enumerate(axes):
        if axis.choices:
            keys[:, j] = _ranks(rows[:, j], centred, axis.choices)[rows[:, j].astype(np.int64)]
    order = np.argsort(keys, axis=0, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=0)
    before = np.arange(1, len(rows), dtype=np.float64)[:, None]
    gain = split_gain(np.cumsum(centred[order], axis=0)[:-1], before, len(rows) - before)
    gain[ordered[1:] == ordered[:-1]] = -1.0
    some = gain.copy()
    some[:, left_out] = -1.0
    gain = some if some.max() >= 0.0 else gain
    i, j = divmod(int(gain.argmax()), len(axes))
    if gain[i, j] < 0.0:
        return None
    low, high = ordered[i, j], ordered[i + 1, j]
    if axes[j].choices:
        return j, keys[:, j] <= low, _ranks(rows[:, j], centred, axes[j].choices) <= low
    return j, keys[:, j] <= low, _between(low, high, axes[j].edges, u)


def _ranks(column: np.ndarray, centred: np.ndarray, choices: int) -> np.ndarray:
    """Rank of each choice by the mean of its rows; a choice without rows has the node's mean."""
    index = column.astype(np.int64)
    means = np.bincount(index, centred, choices) / np.maximum(np.bincount(index, minlength=choices), 1)
    return np.argsort(np.argsort(means, kind="stable"), kind="stable").astype(np.float64)


def _between(low: float, high: float, edges: np.ndarray, u: float) -> float:
    """A random point above low and not above high; one of the edges where there are any."""
    inside = edges[(edges > low) & (edges <= high)]
    return float(inside[int(u * len(inside))]) if len(inside) else float(high - u * (high - low))


def _part(side: Any, parts: Any, part: int) -> Any:
    """The left (0) or right (1) part of a box's side: an interval at a point, or choices by which are left."""
    if isinstance(side, np.ndarray):
        return side & (parts if part == 0 else ~parts)
    return (side[0], parts) if part == 0 else (parts, side[1])


def _as_tree(leaves: list[tuple[float, tuple[Any, ...]]], axes: list[Axis]) -> Tree:
    """The leaves as arrays: on each axis, the cells between all split points."""
    tree = Tree(np.array([value for value, _ in leaves]), [], [], [])
    for j, axis in enumerate(axes):
        sides = np.array([box[j] for _, box in leaves])
        if axis.choices:
            tree.inside.append(sides.T.astype(np.float64))
            tree.weight.append(np.full(axis.choices, 1.0 / axis.choices))
            tree.bounds.append(np.arange(axis.choices, dtype=np.float64))
            continue
        ends = np.unique(sides)
        lower = ends[:-1, None]
        tree.inside.append(((sides[:, 0] <= lower) & (lower < sides[:, 1])).astype(np.float64))
        tree.weight.append(np.diff(ends))
        tree.bounds.append(ends[:-1])
    return tree
