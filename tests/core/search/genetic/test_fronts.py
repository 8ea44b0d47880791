"""Fronts, crowding and hypervolume: by hand, by double loops and random points, and pymoo's or DEAP's numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scratchtune.core.search import hypervolume
from scratchtune.core.search.genetic.fronts import (
    constrained_dominates,
    crowded_order,
    crowding_distances,
    dominates,
    front_numbers,
    pareto_front,
)

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


def test_constrained_domination_by_hand() -> None:
    # b and d violate their constraints, so a, c and e are feasible: a dominates e alone, and c dominates e.
    violations = np.array([0.0, 0.5, 0.0, 2.0, 0.0])
    assert front_numbers(BY_HAND, violations).tolist() == [0, 2, 0, 3, 1]
    assert crowded_order(BY_HAND, violations).tolist() == [0, 2, 4, 1, 3]
    assert front_numbers(BY_HAND, np.ones(5)).tolist() == [0] * 5  # of equal violations none precedes another
    assert front_numbers(BY_HAND, np.zeros(5)).tolist() == front_numbers(BY_HAND).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_no_infeasible_vector_is_on_a_front_before_a_feasible_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    losses, violations = rng.integers(0, 5, (40, 2)).astype(float), rng.integers(0, 3, 40).astype(float)
    order = crowded_order(losses, violations)
    assert (np.diff(violations[order]) >= 0.0).all()
    feasible = np.flatnonzero(violations == 0.0)
    assert front_numbers(losses, violations)[feasible].tolist() == front_numbers(losses[feasible]).tolist()


def test_constrained_domination_is_optunas() -> None:
    evaluation = pytest.importorskip("optuna.samplers.nsgaii._constraints_evaluation")
    trial, study = pytest.importorskip("optuna.trial"), pytest.importorskip("optuna.study")
    rng = np.random.default_rng(11)
    losses, violations = rng.integers(0, 3, (30, 2)).astype(float), rng.integers(0, 3, 30).astype(float)
    theirs = [trial.create_trial(values=one.tolist(), system_attrs={"constraints": [v, -1.0]})
              for one, v in zip(losses, violations, strict=True)]
    both = [study.StudyDirection.MINIMIZE] * 2
    for (i, a), (j, b) in itertools.permutations(enumerate(theirs), 2):
        ours = constrained_dominates(dominates(losses[i], losses[j]), violations[i], violations[j])
        assert bool(ours) == evaluation._constrained_dominates(a, b, both)


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


def test_fronts_are_pymoos() -> None:
    sorting = pytest.importorskip("pymoo.util.nds.non_dominated_sorting")
    losses = np.random.default_rng(4).integers(0, 12, size=(120, 2)).astype(float)
    fronts = front_numbers(losses)
    for number, members in enumerate(sorting.NonDominatedSorting().do(losses)):
        assert sorted(members) == np.flatnonzero(fronts == number).tolist()


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
    order, fronts = crowded_order(losses).tolist(), front_numbers(losses)
    assert sorted(order) == list(range(40))
    distances = np.empty(40)
    for front in set(fronts.tolist()):
        distances[fronts == front] = crowding_distances(losses[fronts == front])
    for a, b in itertools.pairwise(order):
        assert (fronts[a], -distances[a], a) < (fronts[b], -distances[b], b)
    assert crowded_order(np.empty((0, 2))).tolist() == []


def test_the_last_of_a_front_that_is_cut_are_the_most_crowded() -> None:
    front = np.array([[0.0, 4.0], [1.0, 3.0], [1.1, 2.9], [2.0, 2.0], [4.0, 0.0]])
    assert set(crowded_order(front)[:3]) == {0, 3, 4}  # of the pair at 1 and 1.1 neither


def test_they_are_pymoos() -> None:
    pymoo = pytest.importorskip("pymoo.operators.survival.rank_and_crowding.metrics")
    front = on_a_front(5)
    theirs, ours = pymoo.get_crowding_function("cd").do(front), crowding_distances(front)
    inner = np.isfinite(ours)
    assert np.isinf(theirs[~inner]).all() and ours[inner] / 2.0 == pytest.approx(theirs[inner])  # theirs is the mean


def test_two_rectangles_that_overlap() -> None:
    # Up to (3, 3), (1, 2) dominates 2 x 1 and (2, 1) dominates 1 x 2; 1 x 1 of that is common.
    assert hypervolume([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0]) == 3.0


def test_three_boxes() -> None:
    # Each has 1 x 1 x 2 = 2; any two of them share 1 x 1 x 1, and so do all three: 6 - 3 + 1.
    losses = [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    assert hypervolume(losses, [2.0, 2.0, 2.0]) == 4.0


def test_what_is_dominated_or_beyond_the_reference_counts_for_nothing() -> None:
    front = [[1.0, 2.0], [2.0, 1.0]]
    assert hypervolume([*front, [2.0, 2.0], [1.0, 2.0], [0.0, 3.0], [9.0, 0.0]], [3.0, 3.0]) == 3.0
    assert hypervolume([], [1.0, 1.0]) == 0.0 and hypervolume([[2.0, 2.0]], [1.0, 1.0]) == 0.0
    assert hypervolume([[0.25], [0.5]], [1.0]) == 0.75


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_it_is_the_share_of_random_points_that_are_dominated(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    losses, points = rng.random((8, objectives)), rng.random((20_000, objectives))
    share = np.mean([(losses <= point).all(axis=1).any() for point in points])
    assert hypervolume(losses, np.ones(objectives)) == pytest.approx(share, abs=0.015)


def test_a_new_vector_never_lowers_it_and_one_on_the_front_raises_it() -> None:
    losses = np.random.default_rng(0).random((20, 3))
    volumes = [hypervolume(losses[:k], np.ones(3)) for k in range(1, 21)]
    assert (np.diff(volumes) >= -1e-15).all()
    assert hypervolume([[0.5, 0.5], [0.4, 0.9]], [1.0, 1.0]) > hypervolume([[0.5, 0.5]], [1.0, 1.0])


@pytest.mark.parametrize("losses, reference, message", [
    ([[1.0, 2.0]], [3.0], "losses have 2 objectives and reference 1; both must have as many"),
    ([[1.0, float("nan")]], [3.0, 3.0], "losses or reference hold NaN or infinity"),
])
def test_bad_input(losses: list[list[float]], reference: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hypervolume(losses, reference)


def test_hypervolume_is_pymoos() -> None:
    indicators = pytest.importorskip("pymoo.indicators.hv")
    for objectives in (2, 3):
        losses = np.random.default_rng(7).random((25, objectives))
        theirs = indicators.HV(ref_point=np.full(objectives, 0.9))(losses)
        assert hypervolume(losses, np.full(objectives, 0.9)) == pytest.approx(theirs, rel=1e-12)
