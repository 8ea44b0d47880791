"""Each value of a range with a finite number of values has an interval of unit values, its *cell*.

On a linear scale all cells have the same length. On the log scale of an `Int` the cell of a value is what is rounded to
it. A value is known by its index, from 0.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core.search.parameters import Float, Int


def cell_indices(parameter: Float | Int, u: np.ndarray) -> np.ndarray:
    """Return the index of the cell in which each unit value of ``u`` is, int64, from 0.

    >>> cell_indices(Int(1, 100, log=True), np.array([0.0, 0.5, 1.0])).tolist()
    [0, 6, 99]
    """
    if log_cells := _log_cells(parameter):
        low, width = log_cells
        values = np.floor(np.exp(low + u * width) + 0.5).astype(np.int64)
        return np.minimum(np.maximum(values, parameter.low), parameter.high) - parameter.low
    count = parameter.count or 1
    return np.minimum(u * count, count - 1).astype(np.int64)


def cell_edges(parameter: Float | Int, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edges of cells, as unit values.

    >>> [edges.tolist() for edges in cell_edges(Int(1, 4), np.array([0, 3]))]
    [[0.0, 0.75], [0.25, 1.0]]
    """
    if log_cells := _log_cells(parameter):
        low, width = log_cells
        below = parameter.low + indices - 0.5
        return (np.log(below) - low) / width, (np.log(below + 1.0) - low) / width
    count = parameter.count or 1
    return indices / count, (indices + 1.0) / count


def cell_middles(parameter: Float | Int, indices: np.ndarray) -> np.ndarray:
    """Middles of cells, as unit values.

    >>> cell_middles(Int(1, 4), np.array([0, 3])).tolist()
    [0.125, 0.875]
    """
    if log_cells := _log_cells(parameter):
        low, width = log_cells
        below, above = np.log(indices - 0.5 + parameter.low), np.log(indices + 0.5 + parameter.low)
        return ((below + above) / 2.0 - low) / width
    return (indices + 0.5) / (parameter.count or 1)


def _log_cells(parameter: Float | Int) -> tuple[float, float] | None:
    """On the log scale of an `Int`, the logarithm of the lowest edge and its distance from the highest; else None."""
    if not (isinstance(parameter, Int) and parameter.log):
        return None
    low = float(np.log(parameter.low - 0.5))
    return low, float(np.log(parameter.high + 0.5)) - low
