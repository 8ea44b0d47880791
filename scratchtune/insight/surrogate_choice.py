"""The model of a study's values: a Gaussian process or a forest, whichever predicts held-out trials better.

Both are compared by cross-validation in 5 folds, on at most 200 trials chosen at random. The Gaussian process is
usually better for a smooth function and few trials, the forest for a function with jumps or with parts that differ. The
process is of the values or of their logarithms (`warping`), whichever has the higher marginal likelihood.

The choice is biased in two ways, and both favour the process: its fitted parameters have seen the held-out trials,
which lowers its error somewhat; and the forest that is compared has 4 trees, not all, which increases its error. Where
trials are concentrated, so are the held-out ones: the error says little about the rest of the space.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.insight.forest import filled, grow_forest
from scratchtune.insight.gaussian_marginals import Surrogate, condition, fit, held_out_errors
from scratchtune.insight.regression_tree import Axis, Tree
from scratchtune.insight.warping import Warp, best_warp, unwarped, warps

FOLDS = 5
FOLD_TREES = 4  # in each fold
MOST_COMPARED = 200  # trials
MOST_FOR_GAUSSIAN = 1000  # trials; above, only the forest is used
MOST_CONDITIONED = 500  # trials that the process interpolates; its time grows with their cube


class Model(NamedTuple):
    """A Gaussian process or a forest on rows without NaN (n, d), and in words what was chosen.

    The process is one of (value − centre) / std. ``alphas`` are the weights of random functions from the posterior,
    (s, n), where the process is warped, and None otherwise.
    """

    surrogate: Surrogate | None
    forest: list[Tree]
    rows: np.ndarray
    said: str
    alphas: np.ndarray | None = None
    centre: float = 0.0
    std: float = 1.0


_latest: dict[tuple[Any, ...], Model] = {}  # what `choose` was asked last, and its answer


def choose(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int, kind: str) -> Model:
    """Fit the model of a ``kind`` ("forest" or "gp"), or the better of both ("best"), to standardised values (n,).

    The latest model is kept, because the importance and the partial dependence of a study need the same one.
    """
    asked = (rows.shape, rows.tobytes(), values.tobytes(), tuple((axis.choices, axis.edges.tobytes()) for axis in axes),
             trees, seed, kind)
    model = _latest.get(asked) or _chosen(rows, values, axes, trees, seed, kind)
    _latest.clear()
    _latest[asked] = model
    return model


def _chosen(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int, kind: str) -> Model:
    rng = np.random.default_rng([seed, 0x6A])
    whole = filled(rows, axes, rng)
    if kind == "forest" or (kind == "best" and len(rows) > MOST_FOR_GAUSSIAN):
        return _forest(rows, values, axes, trees, seed, f"A forest of {trees} trees")
    kept = np.sort(rng.permutation(len(rows))[:MOST_CONDITIONED])
    fitted = fit(whole[kept], values[kept], axes, rng)
    warp, theta = best_warp(warps(values), whole[kept], values[kept], fitted)
    heights = values if warp is None else warp.forward(values)
    surrogate = condition(fitted.axes, whole[kept], heights[kept], theta)
    name = "A Gaussian process" if warp is None else "A Gaussian process of the logarithm"
    if kind == "best":
        chosen = np.sort(rng.permutation(len(rows))[:MOST_COMPARED])
        gaussian, forest = _errors(surrogate, warp, (rows[chosen], whole[chosen], values[chosen]), axes, seed)
        compared = f"error on held-out trials {min(gaussian, forest):.2g} of the standard deviation"
        if forest < gaussian:
            return _forest(rows, values, axes, trees, seed,
                           f"A forest of {trees} trees ({compared}; a Gaussian process's is {gaussian:.2g})")
        name += f" ({compared}; a forest's is {forest:.2g})"
    if warp is None:
        return Model(surrogate, [], whole, name)
    second = unwarped(surrogate, warp, axes, rng)
    return Model(second.surrogate, [], whole, name, second.alphas, second.centre, second.std)


def _forest(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int, said: str) -> Model:
    return Model(None, grow_forest(rows, values, axes, trees, seed), rows, said)


def _errors(
    surrogate: Surrogate, warp: Warp | None, data: tuple[np.ndarray, np.ndarray, np.ndarray], axes: list[Axis],
    seed: int,
) -> tuple[float, float]:
    """Root mean squared errors on held-out rows of ``data``: rows, rows without NaN, values.

    Both are of warped values where there is a warp: otherwise the few values of the tail would decide alone.
    """
    rows, whole, values = data
    order = np.random.default_rng([seed, 0xF0]).permutation(len(rows))
    folds = np.array_split(order, FOLDS)
    heights = values if warp is None else warp.forward(values)
    gaussian = held_out_errors(condition(surrogate.axes, whole, heights, surrogate.theta), folds)
    forest = np.empty(len(rows))
    for fold in folds:
        others = np.setdiff1d(order, fold)
        trees = grow_forest(rows[others], values[others], axes, FOLD_TREES, seed)
        predicted = np.mean([tree.predict(whole[fold]) for tree in trees], axis=0)
        forest[fold] = heights[fold] - (predicted if warp is None else warp.forward(predicted))
    return float(np.sqrt(np.mean(gaussian**2))), float(np.sqrt(np.mean(forest**2)))
