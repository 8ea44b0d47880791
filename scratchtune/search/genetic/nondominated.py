"""Non-dominated sorting: which of several vectors of losses are better than which others, without weighing the losses.

One vector *dominates* another if it is nowhere larger and somewhere smaller. Those that no other one dominates are the
first front, front 0: the Pareto front. Without them, the next ones that are not dominated are front 1, and so on. A
vector's front is one more than the largest front among the vectors that dominate it.

Losses are minimised here; m runs over the objectives.

Implements section 3.4 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np


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


def front_numbers(losses: np.ndarray) -> np.ndarray:
    """The front of each vector of losses, (n, m) to (n,); 0 is the Pareto front, and equal vectors share a front.

    >>> front_numbers(np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0], [4.0, 4.0]])).tolist()
    [0, 0, 1, 0, 2]
    """
    better = np.array([dominates(losses, one) for one in losses], dtype=bool).reshape(len(losses), len(losses))
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
