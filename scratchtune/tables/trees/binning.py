"""Binning: each column becomes at most 256 codes of one byte, so that a tree only compares small integers.

A column of numbers is cut at its quantiles, or between its distinct values if there are few. Its codes are 0 to the
number of edges; the next code means "missing". A column of categories has a code for each category, in the order of
their numbers; the next code means "missing or unknown". Trees split between codes, so only the order of the numbers
matters, and the number of splits to compare does not grow with the number of rows.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

MOST_BINS = 255  # without the one of missing values: a code is one byte
SAMPLE = 200_000  # rows from which the quantiles are computed, as in scikit-learn


class Bins(NamedTuple):
    """How columns become codes.

    The edges of column j, float64 in increasing order, are ``edges[starts[j] : starts[j + 1]]``: the upper limits of
    its bins but the last, or its categories where ``categorical[j]`` is 1. ``starts`` is (d + 1,) int64 and
    ``categorical`` (d,) uint8.
    """

    edges: np.ndarray
    starts: np.ndarray
    categorical: np.ndarray

    def columns(self) -> np.ndarray:
        """Where the bins of each column begin and end in a histogram, and 1 for categories, (d, 3) int64."""
        ends = np.cumsum(np.diff(self.starts) + np.where(self.categorical == 1, 1, 2))
        return np.column_stack([np.concatenate([[0], ends[:-1]]), ends, self.categorical]).astype(np.int64)


def quantile_edge(lower: Any, upper: Any) -> Any:
    """The edge between two neighbouring values: their midpoint.

    Formula [quantile_edge]
        e = l / 2 + u / 2
    Where
        l: lower, scalar, real
        u: upper, scalar, real
    Variant
        LightGBM has midpoints too; XGBoost cuts at a value, so that rounding this value can move it to the other side.
        (l + u) / 2 is the same number, but overflows for large values.
    Source
        scikit-learn, HistGradientBoostingRegressor: midpoints of quantiles.
    Example
        >>> quantile_edge(1.0, 4.0)
        2.5
    """
    return 0.5 * lower + 0.5 * upper


def find_bins(X: np.ndarray, categorical: np.ndarray, max_bins: int, seed: int) -> Bins:
    """Return the bins of the columns of X, (n, d) float64 in which NaN is missing; at most ``max_bins`` for each.

    Of more categories than ``max_bins`` the most frequent have a code; the others count as missing.
    """
    sample = X
    if len(X) > SAMPLE:
        chosen = np.random.default_rng([seed, 0]).choice(len(X), SAMPLE, replace=False, shuffle=False)
        sample = X[np.sort(chosen)]
    edges = [category_edges(X[:, j], max_bins) if categorical[j] else number_edges(sample[:, j], max_bins)
             for j in range(X.shape[1])]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in edges])]).astype(np.int64)
    return Bins(np.concatenate(edges), starts, categorical.astype(np.uint8))


def number_edges(column: np.ndarray, max_bins: int) -> np.ndarray:
    """Midpoints between the distinct values of a column (n,), or between its quantiles if there are too many."""
    ordered = np.sort(column[~np.isnan(column)])
    distinct = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
    if len(distinct) <= max_bins:
        return quantile_edge(distinct[:-1], distinct[1:])
    positions = np.linspace(0, 100, max_bins + 1)[1:-1] / 100 * (len(ordered) - 1)
    lower, upper = np.floor(positions).astype(np.int64), np.ceil(positions).astype(np.int64)
    return np.unique(quantile_edge(ordered[lower], ordered[upper]))


def category_edges(column: np.ndarray, max_bins: int) -> np.ndarray:
    """The categories of a column (n,) in increasing order; of too many, the most frequent."""
    categories, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:max_bins]
    return categories[np.sort(frequent)]


def encode(bins: Bins, X: np.ndarray) -> np.ndarray:
    """Return the codes of the rows of X, (n, d) float64, as (d, n) uint8: the codes of a column are contiguous."""
    codes = np.empty(X.shape[::-1], np.uint8)
    for j in range(X.shape[1]):
        column, edges = X[:, j], bins.edges[bins.starts[j] : bins.starts[j + 1]]
        found = np.searchsorted(edges, column)
        if bins.categorical[j]:
            known = found < len(edges)
            known[known] = edges[found[known]] == column[known]
            found[~known] = len(edges)
        else:
            found[np.isnan(column)] = len(edges) + 1
        codes[j] = found
    return codes
