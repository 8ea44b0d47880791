"""The model of a study's values: a Gaussian process or a forest, whichever predicts held-out trials better.

Both are compared by cross-validation in 5 folds, on at most 200 trials chosen at random. The
Gaussian process is usually better for a smooth function and few trials, the forest for a function with jumps or with
parts that differ.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.insight.forest import filled, grow_forest
from scratchtune.insight.gaussian_marginals import Surrogate, condition, fit, held_out_errors
from scratchtune.insight.regression_tree import Axis, Tree

FOLDS = 5
FOLD_TREES = 4  # in each fold
MOST_COMPARED = 200  # trials
MOST_FOR_GAUSSIAN = 1000  # trials; its time grows with their cube


class Model(NamedTuple):
    """A Gaussian process or a forest on rows without NaN (n, d), and in words what was chosen."""

    surrogate: Surrogate | None
    forest: list[Tree]
    rows: np.ndarray
    said: str


def choose(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int, kind: str) -> Model:
    """Fit the model of a ``kind`` ("forest" or "gp"), or the better of both ("best"), to standardised values (n,)."""
    rng = np.random.default_rng([seed, 0x6A])
    whole = filled(rows, axes, rng)
    if kind == "forest" or (kind == "best" and len(rows) > MOST_FOR_GAUSSIAN):
        return _forest(rows, values, axes, trees, seed, f"A forest of {trees} trees")
    kept = np.sort(rng.permutation(len(rows))[:MOST_FOR_GAUSSIAN])
    surrogate = fit(whole[kept], values[kept], axes, rng)
    if kind == "gp":
        return Model(surrogate, [], whole, "A Gaussian process")
    chosen = np.sort(rng.permutation(len(rows))[:MOST_COMPARED])
    gaussian, forest = _errors(surrogate, rows[chosen], whole[chosen], values[chosen], axes, seed)
    compared = f"error on held-out trials {min(gaussian, forest):.2g} of the standard deviation"
    if gaussian <= forest:
        return Model(surrogate, [], whole, f"A Gaussian process ({compared}; a forest's is {forest:.2g})")
    return _forest(rows, values, axes, trees, seed,
                   f"A forest of {trees} trees ({compared}; a Gaussian process's is {gaussian:.2g})")


def _forest(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int, said: str) -> Model:
    return Model(None, grow_forest(rows, values, axes, trees, seed), rows, said)


def _errors(
    surrogate: Surrogate, rows: np.ndarray, whole: np.ndarray, values: np.ndarray, axes: list[Axis], seed: int,
) -> tuple[float, float]:
    """Root mean squared errors of both models on held-out rows."""
    order = np.random.default_rng([seed, 0xF0]).permutation(len(rows))
    folds = np.array_split(order, FOLDS)
    gaussian = held_out_errors(condition(surrogate.axes, whole, values, surrogate.theta), folds)
    forest = np.empty(len(rows))
    for fold in folds:
        others = np.setdiff1d(order, fold)
        trees = grow_forest(rows[others], values[others], axes, FOLD_TREES, seed)
        forest[fold] = values[fold] - np.mean([tree.predict(whole[fold]) for tree in trees], axis=0)
    return float(np.sqrt(np.mean(gaussian**2))), float(np.sqrt(np.mean(forest**2)))
