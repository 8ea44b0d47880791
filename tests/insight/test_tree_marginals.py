"""The decomposition of a tree equals that of its predictions in all cells of the space."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from scratchtune.insight.regression_tree import Axis, Tree, grow
from scratchtune.insight.tree_marginals import decompose_tree


def by_cells(tree: Tree) -> tuple[np.ndarray, dict[tuple[int, int], float]]:
    """The shares by brute force: a prediction in each cell of the product of the axes, weighted by its volume."""
    rows = np.array(list(product(*tree.bounds)))
    volume = np.array([np.prod(part) for part in product(*tree.weight)]).reshape([len(w) for w in tree.weight])
    values = tree.predict(rows).reshape(volume.shape)
    values = values - (values * volume).sum()
    total = (volume * values**2).sum()

    def closed(*kept: int) -> float:
        others = tuple(j for j in range(values.ndim) if j not in kept)
        weight = volume.sum(axis=others)
        return float((((values * volume).sum(axis=others) / weight) ** 2 * weight).sum() / total)

    main = np.array([closed(j) for j in range(values.ndim)])
    pairs = {(j, k): closed(j, k) - main[j] - main[k] for j, k in combinations(range(values.ndim), 2)}
    return main, pairs


def test_equals_brute_force() -> None:
    rng = np.random.default_rng(3)
    axes = [Axis(), Axis(choices=3), Axis(edges=np.arange(6) / 6), Axis()]
    rows = np.column_stack([rng.random(30), rng.integers(3, size=30), (rng.integers(6, size=30) + 0.5) / 6,
                            rng.random(30)])
    tree = grow(rows, rng.normal(size=30), axes, rng)
    main, pairs = by_cells(tree)
    shares = decompose_tree(tree)
    np.testing.assert_allclose(shares.main, main, atol=1e-12)
    for pair, share in pairs.items():
        assert shares.pairs[pair] == pytest.approx(share, abs=1e-12)


def test_a_tree_of_two_parameters_has_nothing_else() -> None:
    rng = np.random.default_rng(4)
    rows = rng.random((40, 2))
    shares = decompose_tree(grow(rows, rows[:, 0] * rows[:, 1], [Axis(), Axis()], rng))
    assert shares.main.sum() + shares.pairs[0, 1] == pytest.approx(1.0, abs=1e-12)


def test_a_constant_tree_has_no_shares() -> None:
    tree = grow(np.full((3, 2), 0.5), np.array([1.0, 2.0, 3.0]), [Axis(), Axis()], np.random.default_rng(0))
    assert decompose_tree(tree).main.tolist() == [0.0, 0.0]
