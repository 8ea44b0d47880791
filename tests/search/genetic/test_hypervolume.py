"""Hypervolume: two rectangles by hand, boxes in three objectives, random points, pymoo's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.search import hypervolume


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


def test_it_is_pymoos() -> None:
    indicators = pytest.importorskip("pymoo.indicators.hv")
    for objectives in (2, 3):
        losses = np.random.default_rng(7).random((25, objectives))
        theirs = indicators.HV(ref_point=np.full(objectives, 0.9))(losses)
        assert hypervolume(losses, np.full(objectives, 0.9)) == pytest.approx(theirs, rel=1e-12)
