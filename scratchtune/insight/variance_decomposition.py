"""Functional ANOVA: how much of a function's variance comes from each parameter, and from each pair of parameters.

The *marginal* of some parameters is the function's mean over all values of the others. The variance of the marginal of
one parameter is that parameter's main effect. The variance of the marginal of two, minus both main effects, is their
interaction. Divided by the variance of the function, these are shares. The shares of all subsets of the parameters sum
to 1, so what main effects and pairs leave is due to interactions of three parameters or more.

They are exact for a function that is known at every point of a full grid (`decompose_grid`). Marginals of a model are
decomposed in the same way (`decompose_tables`).

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks


class Shares(NamedTuple):
    """Shares of the variance: ``main`` (d,), and ``pairs`` by the two axes, the lower one first."""

    main: np.ndarray
    pairs: dict[tuple[int, int], float]


def marginal_variance(marginal: np.ndarray, weight: np.ndarray) -> float:
    """Variance of a marginal over the cells of its axes.

    Formula [marginal_variance]
        V = Σᵢ[wᵢ · (aᵢ − Σₖ[wₖ · aₖ])²]
    Where
        a: marginal, (i,), real; sampled in [-1, 1], the mean of the function in each cell
        w: weight, (i,), probabilities, the share of each cell in the axis; on a grid all are equal
    Returns
        V, a scalar >= 0, in the squared units of the function.
    Variant
        Σᵢ[wᵢ · aᵢ²] minus the square of the mean is the same number, but loses digits where the mean is large.
    Source
        Hutter, Hoos and Leyton-Brown (2014), the variance of a marginal prediction.
    Example
        >>> float(marginal_variance(np.array([1.0, 3.0]), np.array([0.5, 0.5])))
        1.0
    """
    return (weight * (marginal - (weight * marginal).sum()) ** 2).sum()


def interaction_variance(both: float, first: float, second: float) -> float:
    """Variance that is due to two parameters together: that of their marginal, minus both main effects.

    Formula [interaction_variance]
        V = b − f − s
    Where
        b: both, scalar, >= 0, [marginal_variance] of the two parameters' marginal
        f: first, scalar, >= 0, [marginal_variance] of the first parameter's marginal
        s: second, scalar, >= 0, of the second one's
    Returns
        V, a scalar >= 0, apart from rounding.
    Source
        Sobol (1993), "Sensitivity estimates for nonlinear mathematical models"; Hutter et al. (2014).
    Example
        >>> interaction_variance(1.0, 0.5, 0.25)
        0.25
    """
    return both - first - second


def decompose_grid(values: Any) -> Shares:
    """Decompose the variance of a function whose values on a full grid are given, one axis for each parameter.

    All values of a parameter have the same weight. A TypeError or ValueError where the values are not finite numbers,
    or all equal.

    >>> decompose_grid([[0.0, 1.0], [2.0, 3.0]])  # the sum of two parameters' effects, the first is twice as large
    Shares(main=array([0.8, 0.2]), pairs={(0, 1): 0.0})
    """
    array = checks.matrix("values", values).astype(np.float64)
    if array.min() == array.max():
        raise ValueError(f"values are all {array.flat[0]:g}; they must differ, or there is no variance to share")
    array = np.ldexp(array, -int(np.frexp(np.abs(array).max())[1]))  # so that no square overflows or underflows
    axes = range(array.ndim)
    tables = {kept: array.mean(axis=tuple(axis for axis in axes if axis not in kept))
              for kept in (*combinations(axes, 1), *combinations(axes, 2))}
    return decompose_tables(tables, variance(array))


def decompose_tables(tables: Mapping[tuple[int, ...], np.ndarray], total: float) -> Shares:
    """Decompose the variance ``total`` of a function by its marginals: a curve for each axis, a table for each pair.

    All cells of a table have the same weight. An interaction is the variance of a table minus those of its own two
    margins, so it is 0 where the table is a sum, also if the curves are from other cells.
    """
    d = sum(len(kept) == 1 for kept in tables)
    pairs = {(j, k): interaction_variance(variance(tables[j, k]), variance(tables[j, k].mean(axis=1)),
                                          variance(tables[j, k].mean(axis=0))) for j, k in combinations(range(d), 2)}
    main = np.array([variance(tables[(j,)]) for j in range(d)])
    return Shares(main / total, {pair: max(float(part / total), 0.0) for pair, part in pairs.items()})


def variance(table: np.ndarray) -> float:
    """The [marginal_variance] of a table whose cells have the same weight."""
    return float(marginal_variance(table.ravel(), np.full(table.size, 1.0 / table.size)))
