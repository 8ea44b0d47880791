"""Hypervolume: how much of the space of losses a set of vectors dominates, up to a reference point.

It is one measure by which Pareto fronts are compared. A further vector below the reference that no other one dominates
increases it, and no set of vectors has a larger one than the true front. It is one number, so of two fronts that
cross, the one with the larger hypervolume need not be better everywhere.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
