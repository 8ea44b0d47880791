"""Fronts of several losses: which vectors are better than which others, how much room each has, and their volume.

One vector *dominates* another if it is nowhere larger and somewhere smaller. Those that no other one dominates are the
first front, front 0: the Pareto front. Without them, the next ones that are not dominated are front 1, and so on. A
vector's front is one more than the largest front among the vectors that dominate it.

The *hypervolume* is how much of the space of losses a set of vectors dominates, up to a reference point, by which
fronts are compared. No set has a larger one than the true front; of two fronts that cross, the one with the larger one
need not be better everywhere.

Losses are minimised here; m runs over the objectives.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LARGE = 1e300  # losses above it are halved first, since the difference of two might overflow; the shares are the same


def dominates(a: np.ndarray, b: np.ndarray) -> Any:
    """Whether a dominates b: no loss is larger, and at least one is smaller.

    Formula [dominates]
        d = (1 if minₘ[bₘ − aₘ] >= 0 else 0) · (1 if maxₘ[bₘ − aₘ] > 0 else 0)
    Where
        a: a, (m,), real; sampled as integer in [0, 2], losses; a leading axis, if there is one, runs over vectors
        b: b, (m,), real; sampled as integer in [0, 2], losses
    Returns
        d, True or False; two equal vectors do not dominate each other.
    Variant
        Weak dominance is the first factor alone.
    Source
        Deb, Pratap, Agarwal and Meyarivan (2002), "A fast and elitist multiobjective genetic algorithm: NSGA-II".
    Example
        >>> [bool(dominates(np.array([1.0, 2.0]), np.array(b))) for b in ([1.0, 3.0], [1.0, 2.0], [0.0, 3.0])]
        [True, False, False]
    """
    return np.all(a <= b, axis=-1) & np.any(a < b, axis=-1)


def constrained_dominates(dominating: Any, violated: Any, other: Any) -> Any:
    """Whether one trial precedes another one by constrained domination: by its violation, then by its losses.

    Formula [constrained_dominates]
        c = 1 if u < v else (d if max(u, v) <= 0 else 0)
    Where
        d: dominating, scalar, integer in [0, 1], whether its losses dominate the other's ([dominates])
        u: violated, scalar, >= 0; sampled as integer in [0, 2], its violation, 0 if it is feasible
        v: other, scalar, >= 0; sampled as integer in [0, 2], the other's violation
    Returns
        c, 1 or 0. Of two infeasible trials the losses don't count; with equal violations neither precedes the other.
    Source
        Deb et al. (2002), section VI, definition 1.
    Example
        >>> [int(constrained_dominates(1, u, v)) for u, v in ((0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0))]
        [1, 1, 0, 0]
    """
    return np.where(violated < other, 1, np.where(np.maximum(violated, other) <= 0.0, dominating, 0))


def front_numbers(losses: np.ndarray, violations: Any = 0.0) -> np.ndarray:
    """The front of each vector of losses, (n, m) to (n,); 0 is the Pareto front, and equal vectors share a front.

    With ``violations`` (n,) of constraints, the fronts are those by `constrained_dominates`.

    >>> front_numbers(np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0], [4.0, 4.0]])).tolist()
    [0, 0, 1, 0, 2]
    """
    better = np.array([dominates(losses, one) for one in losses], dtype=bool).reshape(len(losses), len(losses))
    violations = np.broadcast_to(violations, len(losses))
    better = constrained_dominates(better, violations, violations[:, None]).astype(bool)
    left, fronts = better.sum(axis=1), np.full(len(losses), -1)  # how many dominate each one, of those not sorted yet
    front = 0
    while (members := np.flatnonzero((left == 0) & (fronts < 0))).size:
        fronts[members] = front
        left -= better[:, members].sum(axis=1)
        front += 1
    return fronts


def pareto_front(losses: np.ndarray) -> list[int]:
    """Indices of the vectors that no other one dominates, in order; losses are (n, m).

    >>> pareto_front(np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0]]))
    [0, 1]
    """
    return [i for i in range(len(losses)) if not dominates(losses, losses[i]).any()]


# Crowding -------------------------------------------------------------------------------------------------------------


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


def crowded_order(losses: np.ndarray, violations: Any = 0.0) -> np.ndarray:
    """Indices of vectors of losses, (n, m), by their front, then by falling crowding distance, then by index.

    This is the paper's crowded-comparison operator, made a total order by the index.

    >>> crowded_order(np.array([[3.0, 3.0], [0.0, 4.0], [1.0, 2.0], [1.5, 1.5], [4.0, 0.0]])).tolist()
    [1, 4, 3, 2, 0]
    """
    fronts, distances = front_numbers(losses, violations), np.zeros(len(losses))
    for front in range(fronts.max(initial=-1) + 1):
        members = np.flatnonzero(fronts == front)
        distances[members] = crowding_distances(losses[members])
    return np.lexsort((-distances, fronts))


# Hypervolume ----------------------------------------------------------------------------------------------------------


def staircase_area(a: np.ndarray, b: np.ndarray) -> float:
    """Area of the union of rectangles that share a corner, where one side falls and the other grows.

    Formula [staircase_area]
        A = Σᵢ[aᵢ · (bᵢ − b[i − 1])]
    Where
        a: a, (i,), >= 0, the rectangles' widths, in falling order
        b: b, (i,), >= 0, their heights, in growing order
    Returns
        A, a scalar in the product of both units: each term is what a rectangle adds above the one before it; the height
        before the first is 0.
    Source
        Zitzler and Thiele (1998), "Multiobjective optimization using evolutionary algorithms", the size of the
        dominated space in two objectives.
    Example
        >>> float(staircase_area(np.array([3.0, 1.0]), np.array([1.0, 2.0])))
        4.0
    """
    return (a * np.diff(b, prepend=0.0)).sum()


def hypervolume(losses: Sequence[Sequence[float]] | np.ndarray, reference: Sequence[float] | np.ndarray) -> float:
    """The volume that vectors of losses, (n, m), dominate up to a reference point, (m,); the larger, the better.

    Vectors that are not below the reference in every objective count for nothing, nor do those that are dominated. Two
    objectives take one sort; of more, slices along the last one are added up, each with the volume of the others.

    Raises
        ValueError where the shapes do not match, or a number is not finite.

    >>> hypervolume([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0])
    3.0
    """
    corner = np.asarray(reference, dtype=float).reshape(-1)
    found = np.asarray(losses, dtype=float).reshape(len(losses), -1) if len(losses) else np.empty((0, len(corner)))
    if found.shape[1] != len(corner):
        raise ValueError(f"losses have {found.shape[1]} objectives and reference {len(corner)}; both must have as many")
    if not np.isfinite(found).all() or not np.isfinite(corner).all():
        raise ValueError("losses or reference hold NaN or infinity; they must hold finite numbers")
    return _volume(corner - found[np.all(found < corner, axis=1)])


def _volume(boxes: np.ndarray) -> float:
    """The volume of the union of boxes with a common corner, from their sides, (n, m)."""
    if not len(boxes):
        return 0.0
    boxes = boxes[np.argsort(-boxes[:, -1], kind="stable")]
    if boxes.shape[1] == 1:
        return float(boxes[0, 0])
    if boxes.shape[1] == 2:
        return float(staircase_area(boxes[:, 1], np.maximum.accumulate(boxes[:, 0])))
    lower = [*boxes[1:, -1], 0.0]
    return sum((float(side) - float(below)) * _volume(boxes[: i + 1, :-1])
               for i, (side, below) in enumerate(zip(boxes[:, -1], lower, strict=True)) if side > below)
