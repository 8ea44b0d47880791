"""Non-dominated sorting: five points by hand, every pair by a double loop, pymoo's sorting."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.search.genetic.fronts import dominates, front_numbers, pareto_front

#      y
#    4 | a . . . e      a (1, 4), b (2, 2) and d (4, 1) are on the front: none of them is worse than another in both.
#    3 | . . c . .      c (3, 3) is dominated by b alone, so it is on front 1.
#    2 | . b . . .      e (5, 4) is dominated by all others, c among them, so it is on front 2.
#    1 | . . . d .
#       1 2 3 4 5  x
BY_HAND = np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0], [5.0, 4.0]])


def test_five_points_by_hand() -> None:
    assert front_numbers(BY_HAND).tolist() == [0, 0, 1, 0, 2]
    assert pareto_front(BY_HAND) == [0, 1, 3]


def test_equal_vectors_share_a_front_and_dominate_nothing() -> None:
    twice = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0], [2.0, 1.0]])
    assert front_numbers(twice).tolist() == [0, 0, 1, 1] and pareto_front(twice) == [0, 1]
    assert not dominates(twice[0], twice[1]) and dominates(twice[0], twice[2])


def test_no_vectors_and_one() -> None:
    assert front_numbers(np.empty((0, 2))).tolist() == [] and pareto_front(np.empty((0, 2))) == []
    assert front_numbers(np.array([[3.0, 3.0]])).tolist() == [0]


def peeled(losses: np.ndarray) -> list[int]:
    """The definition: the first front is what nothing left dominates; it is taken away, and so on."""
    fronts, left, front = [-1] * len(losses), set(range(len(losses))), 0
    while left:
        members = [i for i in left if not any(
            all(a <= b for a, b in zip(losses[j], losses[i], strict=True)) and tuple(losses[j]) != tuple(losses[i])
            for j in left)]
        for i in members:
            fronts[i] = front
        left -= set(members)
        front += 1
    return fronts


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_a_double_loop_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 40)), int(rng.integers(1, 5))
    losses = rng.integers(0, 6, size=(n, m)).astype(float) if seed % 2 else rng.random((n, m))  # with ties and without
    assert front_numbers(losses).tolist() == peeled(losses)
    assert pareto_front(losses) == [i for i, front in enumerate(peeled(losses)) if front == 0]


def test_only_the_order_of_the_losses_matters() -> None:
    losses = np.random.default_rng(3).random((50, 3))
    rescaled = np.column_stack([np.exp(losses[:, 0]), 1e9 * losses[:, 1] - 5.0, losses[:, 2] ** 3])
    assert front_numbers(losses).tolist() == front_numbers(rescaled).tolist()


def test_it_is_pymoos() -> None:
    sorting = pytest.importorskip("pymoo.util.nds.non_dominated_sorting")
    losses = np.random.default_rng(4).integers(0, 12, size=(120, 2)).astype(float)
    fronts = front_numbers(losses)
    for number, members in enumerate(sorting.NonDominatedSorting().do(losses)):
        assert sorted(members) == np.flatnonzero(fronts == number).tolist()
