"""Regression trees: the best split by hand, what a full tree predicts, choices, and split points."""

from __future__ import annotations

import numpy as np

from scratchtune.insight.regression_tree import Axis, grow


def test_a_step_is_found() -> None:
    rows = np.array([[0.1], [0.2], [0.6], [0.9]])
    tree = grow(rows, np.array([1.0, 1.0, 5.0, 5.0]), [Axis()], np.random.default_rng(0))
    assert sorted(tree.value) == [1.0, 5.0]
    assert 0.2 < tree.bounds[0][1] <= 0.6
    assert tree.predict(np.array([[0.0], [1.0]])).tolist() == [1.0, 5.0]


def test_a_full_tree_predicts_its_rows_and_its_boxes_fill_the_space() -> None:
    rng = np.random.default_rng(1)
    axes = [Axis(), Axis(choices=4), Axis(edges=np.arange(5) / 5)]
    rows = np.column_stack([rng.random(80), rng.integers(4, size=80), (rng.integers(5, size=80) + 0.5) / 5])
    values = rng.normal(size=80)
    tree = grow(rows, values, axes, rng)
    np.testing.assert_allclose(tree.predict(rows), values, atol=1e-12)
    sides = [weight @ inside for weight, inside in zip(tree.weight, tree.inside, strict=True)]
    assert abs(np.prod(sides, axis=0).sum() - 1.0) < 1e-12
    assert set(np.round(tree.bounds[2] * 5, 12)) <= set(range(5))


def test_choices_are_divided_by_their_means() -> None:
    rows = np.array([[0.0], [1.0], [2.0], [3.0]] * 2)
    tree = grow(rows, np.array([7.0, 1.0, 7.0, 1.0] * 2), [Axis(choices=4)], np.random.default_rng(0))
    assert len(tree.value) == 2
    assert tree.predict(rows[:4]).tolist() == [7.0, 1.0, 7.0, 1.0]


def test_equal_rows_have_their_mean() -> None:
    tree = grow(np.full((4, 2), 0.5), np.array([1.0, 2.0, 3.0, 6.0]), [Axis(), Axis()], np.random.default_rng(0))
    assert tree.value.tolist() == [3.0]


def test_neighbouring_floats_are_separated() -> None:
    rows = np.array([[1.0 - 2.0**-53], [1.0], [0.0], [5e-324]])
    values = np.array([1.0, 2.0, 3.0, 4.0])
    for seed in range(20):
        tree = grow(rows, values, [Axis()], np.random.default_rng(seed))
        assert np.isfinite(tree.value).all()
        assert len(tree.value) == 4
