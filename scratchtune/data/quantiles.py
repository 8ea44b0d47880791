"""Quantiles of weighted rows: a weight of 2 counts as two equal rows, and only the ratios of the weights matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROUNDING = 1e-9  # a cumulative weight this close to a share of the total, relative to the total, counts as equal to it


def weighted_quantiles(x: np.ndarray, weight: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the quantiles of the numbers x (n,) with weights (n,) at ``shares`` of the total weight, (shares,).

    The quantile at p is the smallest number up to which the cumulative weight is at least p times the total; where it
    is exactly that, the mean of this number and the next larger one. So a quantile depends on the weighted distribution
    only: repeated rows give the same result as weights. This is definition 2 of Hyndman and Fan (1996), "Sample
    quantiles in statistical packages", NumPy's ``method="averaged_inverted_cdf"``. NumPy's default, definition 7,
    interpolates between neighbours by the number of rows, which weights do not determine; the two differ by less than
    the gap between neighbours.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]), [0.25, 0.5, 0.75]).tolist()
    [1.0, 1.5, 2.5]
    """
    order = np.argsort(x, kind="stable")
    order = order[weight[order] > 0.0]
    values, total = x[order], np.cumsum(weight[order])
    wanted, rounding = np.asarray(shares) * total[-1], ROUNDING * total[-1]
    last = len(values) - 1
    below = np.minimum(np.searchsorted(total, wanted - rounding), last)  # the first with a weight of at least p
    above = np.minimum(np.searchsorted(total, wanted + rounding), last)  # the first with a weight above p
    return 0.5 * values[below] + 0.5 * values[above]
