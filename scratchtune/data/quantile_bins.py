"""Quantile bins: bins with about equally many rows each.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import numpy as np


def quantile_edges(values: np.ndarray, weight: np.ndarray, bins: int) -> list[float]:
    """Return the different edges of at most ``bins`` bins of the values (n,) with weights (n,), in increasing order.

    An edge is a value that occurs: the smallest one up to which the share of the weights is at least 0, 1 / bins, 2 /
    bins, ... So a weight of 2 has the same effect as repeating the row.

    >>> quantile_edges(np.array([4.0, 1.0, 2.0, 3.0]), np.ones(4), 2)
    [1.0, 2.0, 4.0]
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    wanted = np.linspace(0.0, 1.0, bins + 1) * below[-1] * (1.0 - 1e-12)  # so that rounding does not decide
    found = np.searchsorted(below, wanted)
    return [float(edge) for edge in np.unique(values[order][found])]
