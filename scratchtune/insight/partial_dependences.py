"""Partial dependence: the mean prediction over all other parameters, at each value of one or two parameters.

It is the marginal of `variance_decomposition`, in the units of the values. The model is that of `importance`: a
Gaussian process or a forest. All values of the other parameters count equally, also those with few trials near them.

The interval is for the *mean* over the other parameters, and not for the value of a new trial, which varies more. The
interval of a Gaussian process is that of its posterior with the fitted parameters, as if these were known exactly; so
it is somewhat too narrow. Where the process is one of the logarithm of the values (`warping`), the interval is that of
random functions from its posterior. The interval of a forest is the range of its trees' means: it only shows how much
the trees differ.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.anova_kernel import BASE, effect_covariance, kernel_of
from scratchtune.insight.comparable import (
    LEAST_TRIALS,
    check_enough,
    check_study,
    comparable_trials,
    encoded,
    standardised,
    values_that_differ,
)
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.gaussian_marginals import Surrogate
from scratchtune.insight.regression_tree import Tree
from scratchtune.insight.surrogate_choice import Model, choose
from scratchtune.search import Categorical
from scratchtune.search.cholesky import solve_lower
from scratchtune.search.parameters import Parameter

POINTS = {1: 50, 2: 30}  # on each continuous axis, by the number of axes


class PartialDependence(NamedTuple):
    """The mean prediction at points of one or two axes; ``mean``, ``lower`` and ``upper`` have the axes' lengths.

    ``points`` are the values of each parameter; of a choice, those that were tried. ``basis`` names the model and the
    trials.
    """

    params: tuple[str, ...]
    points: tuple[list[Any], ...]
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    basis: str


def partial_dependence(
    study: TrialTable, params: str | Sequence[str], level: float = 0.95, n_trees: int = 64, seed: int = 0,
) -> PartialDependence:
    """Mean of the predicted value over all other parameters, by one or two parameters, with an interval.

    ``level`` is the interval's probability, between 0.5 and 0.999. A parameter that is absent counts as one without
    effect there. Raises a ValueError for an unknown parameter, more than two, equal values or too few trials.
    """
    check_study(study)
    names = drawing.chosen_names(study, params, len(study.space.names))
    if len(names) not in (1, 2):
        raise ValueError(f"params holds {len(names)} parameters; a partial dependence has one or two")
    level = checks.real("level", level, 0.5, 0.999)
    n_trees, seed = checks.integer("n_trees", n_trees, low=1), checks.integer("seed", seed, low=0)
    return dependences(study, [names], level, n_trees, seed)[0]


def dependences(
    study: TrialTable, groups: Sequence[Sequence[str]], level: float = 0.95, n_trees: int = 64, seed: int = 0,
) -> list[PartialDependence]:
    """The dependence on each group of one or two parameters; one model, fitted once, is used for all groups."""
    found = comparable_trials(study, "a partial dependence")
    values = values_that_differ(found, "a partial dependence")
    check_enough(study, found, f"a partial dependence needs {LEAST_TRIALS}")
    rows, axes, tried = encoded(study.space, [trial.shared_params for trial in found.trials])
    heights, scale = standardised(values)
    model = choose(rows, heights, axes, n_trees, seed, "best")
    out = []
    for names in groups:
        columns = [study.space.names.index(name) for name in names]
        points = [_points(study.space.parameters[name], POINTS[len(names)], tried[j])
                  for j, name in zip(columns, names, strict=True)]
        marginal = _marginal(model, columns, [unit for unit, _ in points], level)
        parts = [scale.restored(model.centre + model.std * part) for part in marginal]
        out.append(PartialDependence(tuple(names), tuple(shown for _, shown in points), parts[0], parts[1], parts[2],
                                     f"{model.said}: {found.basis}."))
    return out


def _points(parameter: Parameter, most: int, tried: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Coordinates of points of an axis in the model, and their values."""
    if isinstance(parameter, Categorical):
        return np.arange(float(len(tried))), [parameter.value(int(index)) for index in tried]
    units = np.linspace(0.0, 1.0, most)
    values: list[Any] = sorted({parameter.from_unit(float(unit)) for unit in units})
    return np.array([parameter.to_unit(value) for value in values]), values


def _marginal(model: Model, columns: list[int], at: list[np.ndarray], level: float) -> tuple[np.ndarray, ...]:
    """Mean and interval in standardised units, in the shape of the axes."""
    shape = [len(points) for points in at]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*at, indexing="ij")], axis=1)
    if model.surrogate is not None:
        if model.alphas is not None:
            return tuple(part.reshape(shape) for part in _of_draws(model.surrogate, model.alphas, columns, grid, level))
        mean, variance = _of_gaussian(model.surrogate, columns, grid)
        half = NormalDist().inv_cdf((1.0 + level) / 2.0) * np.sqrt(variance)
        return tuple(part.reshape(shape) for part in (mean, mean - half, mean + half))
    trees = np.array([_of_tree(tree, columns, grid) for tree in model.forest])
    low, high = np.quantile(trees, ((1.0 - level) / 2.0, (1.0 + level) / 2.0), axis=0)
    return tuple(part.reshape(shape) for part in (trees.mean(axis=0), low, high))


def _of_gaussian(surrogate: Surrogate, columns: list[int], grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and variance of the mean over all other axes, at points (m, axes)."""
    with_rows = _marginal_covariance(surrogate, columns, grid, surrogate.rows[:, columns])
    prior = np.array([_marginal_covariance(surrogate, columns, point[None], point[None])[0, 0] for point in grid])
    whitened = np.ascontiguousarray(with_rows.T)
    solve_lower(surrogate.upper, whitened)
    return with_rows @ surrogate.alpha, np.maximum(prior - (whitened**2).sum(axis=0), 0.0)


def _marginal_covariance(surrogate: Surrogate, columns: list[int], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Covariance of the function's mean over the other axes, at points a, with the function at points b.

    Effects of other axes have the mean 0, so only the constant and the effects of these axes remain.
    """
    kernel = kernel_of(surrogate.theta)
    z = [kernel.variances[j] * effect_covariance(surrogate.axes[j], float(kernel.length_scales[j]), a[:, k], b[:, k])
         for k, j in enumerate(columns)]
    return BASE + z[0] if len(z) == 1 else BASE + z[0] + z[1] + kernel.pair * z[0] * z[1]


def _of_draws(
    surrogate: Surrogate, alphas: np.ndarray, columns: list[int], grid: np.ndarray, level: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over all other axes at points (m, axes), and the quantiles of random functions, widened to include it."""
    with_rows = _marginal_covariance(surrogate, columns, grid, surrogate.rows[:, columns])
    mean = with_rows @ surrogate.alpha
    low, high = np.quantile(alphas @ with_rows.T, ((1.0 - level) / 2.0, (1.0 + level) / 2.0), axis=0)
    return mean, np.minimum(low, mean), np.maximum(high, mean)


def _of_tree(tree: Tree, columns: list[int], grid: np.ndarray) -> np.ndarray:
    """Mean of a tree over all other axes, at points (m, axes)."""
    found = np.ones((len(grid), len(tree.value)))
    for j, (weight, inside, bounds) in enumerate(zip(tree.weight, tree.inside, tree.bounds, strict=True)):
        if j in columns:
            at = np.searchsorted(bounds, grid[:, columns.index(j)], side="right") - 1
            found *= inside[np.clip(at, 0, len(bounds) - 1)]
        else:
            found *= weight @ inside
    return found @ tree.value
