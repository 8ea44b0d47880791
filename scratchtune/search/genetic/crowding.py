"""Crowding: how much room a vector of losses has between its neighbours on a front, which NSGA-II keeps spread out.

Of two individuals the one on the better front is fitter; on the same front, the one with more room. So selection moves
the population towards the Pareto front, and spreads it along the front.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.search.genetic.nondominated import front_numbers

LARGE = 1e300  # losses above it are halved first, since the difference of two might overflow; the shares are the same


def crowding_gap(below: float, above: float, low: float, high: float) -> float:
    """The distance between a vector's two neighbours in one objective, as a share of the front's range.

    Formula [crowding_gap]
        g = (a − b) / (h − l)
    Where
        b: below, scalar, real; sampled in [-1, 1], the next smaller loss on the front
        a: above, scalar, real; sampled in [-1, 1], the next larger loss
        l: low, scalar, real; sampled in [-3, -2], the smallest loss on the front
        h: high, scalar, real; sampled in [2, 3], the largest loss on the front
    Returns
        g, from 0 to 1, without a unit.
    Variant
        Without the division, the objective with the largest range would dominate the sum.
    Source
        Deb et al. (2002), section III-B, crowding-distance-assignment.
    Example
        >>> crowding_gap(1.0, 3.0, 0.0, 4.0)
        0.5
    """
    return (above - below) / (high - low)


def crowding_distances(losses: np.ndarray) -> np.ndarray:
    """The sum of the `crowding_gap` over the objectives, for each vector of one front; (n, m) to (n,).

    The first and the last in each objective have an infinite distance, so that the ends of the front are kept. Ties
    are ordered by index, so an objective in which all are equal gives it to the first and the last index.

    >>> crowding_distances(np.array([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])).tolist()
    [inf, 1.5, 1.25, inf]
    """
    distances = np.zeros(len(losses))
    for column in losses.T:
        if np.abs(column).max(initial=0.0) > LARGE:
            column = column / 2.0
        order = np.argsort(column, kind="stable")
        low, high = column[order[0]], column[order[-1]]
        distances[order[[0, -1]]] = np.inf
        if low < high:
            inner = order[1:-1]
            distances[inner] += crowding_gap(column[order[:-2]], column[order[2:]], low, high)
    return distances


class CrowdedOrder(NamedTuple):
    """Individuals, the fittest first: indices, and the front and the crowding distance of each index."""

    order: np.ndarray
    fronts: np.ndarray
    distances: np.ndarray


def crowded_order(losses: np.ndarray) -> CrowdedOrder:
    """Sort vectors of losses, (n, m), by their front, then by falling crowding distance, then by index.

    This is the paper's crowded-comparison operator, made a total order by the index.

    >>> crowded_order(np.array([[3.0, 3.0], [0.0, 4.0], [1.0, 2.0], [1.5, 1.5], [4.0, 0.0]])).order.tolist()
    [1, 4, 3, 2, 0]
    """
    fronts, distances = front_numbers(losses), np.zeros(len(losses))
    for front in range(fronts.max(initial=-1) + 1):
        members = np.flatnonzero(fronts == front)
        distances[members] = crowding_distances(losses[members])
    return CrowdedOrder(np.lexsort((-distances, fronts)), fronts, distances)
