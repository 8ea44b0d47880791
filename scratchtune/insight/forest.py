"""A forest of regression trees on trials, and the mean of their exact variance decompositions.

The trees differ by what is random in growing them, and above some hundred trials each sees another part of them. A
parameter that is absent in a trial has no effect on its value. So each tree gets a random value for it, drawn
uniformly, for every such trial.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.insight.regression_tree import Axis, Tree, grow
from scratchtune.insight.tree_marginals import decompose_tree
from scratchtune.insight.variance_decomposition import Shares

MOST_ROWS = 24_000  # of all trees together
LEAST_ROWS = 300  # of each tree, if there are as many


def grow_forest(rows: np.ndarray, values: np.ndarray, axes: list[Axis], trees: int, seed: int) -> list[Tree]:
    """Grow trees on rows (n, d), with NaN where a parameter is absent, and values (n,); the seed decides all.

    Each tree sees all rows, or as many random ones as `MOST_ROWS` of all trees together allow.
    """
    forest, most = [], max(MOST_ROWS // trees, LEAST_ROWS)
    for number in range(trees):
        rng = np.random.default_rng([seed, number])
        chosen = np.arange(len(rows)) if len(rows) <= most else np.sort(rng.permutation(len(rows))[:most])
        forest.append(grow(filled(rows[chosen], axes, rng), values[chosen], axes, rng))
    return forest


def decompose_forest(forest: list[Tree]) -> Shares:
    """Mean of the shares of all trees."""
    found = [decompose_tree(tree) for tree in forest]
    pairs = {pair: float(np.mean([shares.pairs[pair] for shares in found])) for pair in found[0].pairs}
    return Shares(np.mean([shares.main for shares in found], axis=0), pairs)


def filled(rows: np.ndarray, axes: list[Axis], rng: np.random.Generator) -> np.ndarray:
    """The rows with a random value in place of each NaN: uniform on a range, any of the choices."""
    u = rng.random(rows.shape)
    counts = np.array([axis.choices for axis in axes])
    return np.where(np.isnan(rows), np.where(counts > 0, np.floor(u * counts), u), rows)
