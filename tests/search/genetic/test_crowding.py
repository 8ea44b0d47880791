"""Crowding distance: a front of four points by hand, its properties, and DEAP's or pymoo's numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scratchtune.search.genetic.fronts import crowded_order, crowding_distances


def test_four_points_by_hand() -> None:
    # The ranges are 0 to 4 in both objectives. Between the neighbours of (1, 2) there are (3 - 0) / 4 in x and
    # (4 - 1) / 4 in y, together 1.5; between those of (3, 1) there are (4 - 1) / 4 and (2 - 0) / 4, together 1.25.
    front = np.array([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
    assert crowding_distances(front).tolist() == [np.inf, 1.5, 1.25, np.inf]


def test_an_objective_in_which_all_are_equal_adds_nothing() -> None:
    assert crowding_distances(np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0]])).tolist() == [np.inf, 1.0, np.inf]
    assert crowding_distances(np.ones((1, 2))).tolist() == [np.inf]
    assert crowding_distances(np.ones((3, 2))).tolist() == [np.inf, 0.0, np.inf]


def on_a_front(seed: int, n: int = 30) -> np.ndarray:
    """Points of which none dominates another."""
    x = np.random.default_rng(seed).permutation(n * 3)[:n] / (n * 3.0)
    return np.column_stack([x, 1.0 - x**2])


def test_units_and_the_order_of_the_points_do_not_matter() -> None:
    front = on_a_front(0)
    distances, order = crowding_distances(front), np.random.default_rng(1).permutation(len(front))
    assert crowding_distances(front * [1e6, 1e-3] + [5.0, -7.0]) == pytest.approx(distances)
    assert crowding_distances(front[order]) == pytest.approx(distances[order])
    assert np.isinf(distances).sum() == 2


def test_losses_near_the_largest_float_do_not_overflow() -> None:
    front = np.array([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
    with np.errstate(over="raise", invalid="raise"):
        found = crowding_distances((front - 2.0) * [8.9e307, 1.0])  # from -1.78e308 to 1.78e308
    assert found == pytest.approx(crowding_distances(front))


def test_the_order_is_front_then_distance_then_index() -> None:
    rng = np.random.default_rng(2)
    losses = rng.integers(0, 8, size=(40, 2)).astype(float)
    found = crowded_order(losses)
    assert sorted(found.order) == list(range(40))
    for a, b in itertools.pairwise(found.order):
        assert (found.fronts[a], -found.distances[a], a) < (found.fronts[b], -found.distances[b], b)
    assert crowded_order(np.empty((0, 2))).order.tolist() == []


def test_the_last_of_a_front_that_is_cut_are_the_most_crowded() -> None:
    front = np.array([[0.0, 4.0], [1.0, 3.0], [1.1, 2.9], [2.0, 2.0], [4.0, 0.0]])
    assert set(crowded_order(front).order[:3]) == {0, 3, 4}  # of the pair at 1 and 1.1 neither


def test_they_are_pymoos() -> None:
    pymoo = pytest.importorskip("pymoo.operators.survival.rank_and_crowding.metrics")
    front = on_a_front(5)
    theirs, ours = pymoo.get_crowding_function("cd").do(front), crowding_distances(front)
    inner = np.isfinite(ours)
    assert np.isinf(theirs[~inner]).all() and ours[inner] / 2.0 == pytest.approx(theirs[inner])  # theirs is the mean
