"""The optimiser of an acquisition function: its gradient by differences, and where gradient ascent ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian import acquisition_search as search
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.surrogate import NO_CONSTRAINTS, compress_and_standardize, fitted_process
from scratchtune.core.search.space import Float, Int, Space

MIXED = Space({
    "x": Float(0.0, 1.0), "n": Int(1, 32, log=True), "kind": ["a", "b", "c"],
    "y": Float(0.0, 1.0, when={"kind": "b"})})


def points(space: Space, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [space.from_unit(rng.random(len(space.names))) for _ in range(count)]


def bowl(params: dict[str, Any]) -> float:
    return (params["x"] - 0.3) ** 2 + 0.1 * (params.get("y", 0.5) - 0.7) ** 2


def test_a_step_size_by_hand() -> None:
    """A step of 2 on a parabola of curvature 3; 4 times the last one where the gradient did not change."""
    before, after, scale = np.array([1.0, 9.0]), np.array([3.0, 0.0]), np.array([1.0, 0.0])  # one that stays
    assert search.barzilai_borwein(before, after, -3.0 * before, -3.0 * after, scale, 0.5) == pytest.approx(1.0 / 3.0)
    assert search.barzilai_borwein(before, after, before, before, scale, 0.5) == 2.0


@pytest.mark.parametrize("kind", range(len(ACQUISITIONS)))
def test_the_gradient_by_central_differences(kind: int) -> None:
    space = Space({"x": Float(0.0, 1.0, prior=(0.2, 0.3)), "y": Float(0.0, 1.0), "kind": ["a", "b"]})
    encoding = Encoding(space)
    rows = encoding.rows(points(space, 12))
    values = np.sin(9.0 * rows[:, 0]) + rows[:, 1] + rows[:, 2]
    process = gp.condition(rows, values, encoding.is_categorical, np.log([0.4, 0.7, 1.0, 1.0, 0.2, 1e-4]))
    goal = search.Goal(kind, -0.5, 1.5, 0.7, 0.02)
    centre, precision = encoding.prior()
    prior = search.RangePrior(centre, goal.weight * precision)

    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        return search.acquisition_and_grad(process, goal, prior, point)

    for point in (np.array([0.35, 0.6, 1.0]), np.array([0.8, 0.1, 0.0])):
        value, gradient = at(point)
        assert value == pytest.approx(search.goal_values(encoding, process, goal, point[None])[0], rel=1e-9)
        for j in range(2):
            step = 1e-6 * np.eye(3)[j]
            assert gradient[j] == pytest.approx((at(point + step)[0] - at(point - step)[0]) / 2e-6, rel=1e-4, abs=1e-5)


def test_ascents_end_higher_and_inside_and_keep_what_is_not_free() -> None:
    encoding, rng, tried = Encoding(MIXED), np.random.default_rng(3), points(MIXED, 15)
    losses = np.array([bowl(params) for params in tried])
    process = fitted_process(encoding, encoding.rows(tried), compress_and_standardize(losses).values)
    goal = search.Goal(0, -1.0, 2.0, 0.0, 0.0)
    starts = encoding.from_unit(rng.random((20, 4)))
    ends = search.ascended(encoding, process, goal, starts.copy())
    before, after = (search.goal_values(encoding, process, goal, rows) for rows in (starts, ends))
    assert (after >= before - 1e-12).all()
    np.testing.assert_array_equal(ends[:, 1:3], starts[:, 1:3])  # steps and choices
    np.testing.assert_array_equal(ends[starts[:, 2] != 1.0, 3], 0.5)  # what is absent
    assert ((ends[:, [0, 3]] >= 0.0) & (ends[:, [0, 3]] <= 1.0)).all() and (ends != starts).any()


# Decisions by hand ---------------------------------------------------------------------------------------------------

LINE = Space({"x": Float(0.0, 1.0)})


def process_of(units: list[float], values: list[float]) -> gp.Process:
    """A process on a line, nearly without noise, so that its means at the rows are the values."""
    return gp.condition(np.array(units)[:, None], np.array(values), np.zeros(1), np.log([0.05, 1.0, 1e-9, 1e-9]))


class Steady:
    """Random numbers that are all the same: the middle, and steps of 0.1 standard deviations."""

    def random(self, shape: Any) -> np.ndarray:
        return np.full(shape, 0.5)

    def integers(self, low: int, high: int, shape: Any) -> np.ndarray:
        return low + np.arange(np.prod(shape)).reshape(shape) % (high - low)

    def standard_normal(self, shape: Any) -> np.ndarray:
        return np.full(shape, 0.1)


def test_candidates_are_uniform_and_around_the_five_best_by_hand() -> None:
    # Six of thirteen are uniform. The others step 0.1 standard deviations (0.3, 0.09, 0.027, then again) from the five
    # rows with the lowest means, the lowest first: 0.6, 0.1, 0.5, 0.3, 0.8, and again 0.6, 0.1.
    process = process_of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8], [-2.0, 2.0, 0.0, 1.0, -1.0, -3.0, 0.5])
    found = search.candidates(Encoding(LINE), process, NO_CONSTRAINTS, Steady(), 13)[:, 0]  # type: ignore[arg-type]
    near = np.array([0.6, 0.1, 0.5, 0.3, 0.8, 0.6, 0.1]) + 0.1 * np.array([0.3, 0.09, 0.027, 0.3, 0.09, 0.027, 0.3])
    assert found == pytest.approx(np.concatenate([np.full(6, 0.5), near]))


def test_of_d_steps_one_is_drawn_again_on_average_by_hand() -> None:
    # All uniform numbers are 0.5. A step is drawn again if its number is below 1 / d, here as the third of the four
    # values: where d is 1, but not where it is 2. Moving by 0.03 of the range leaves a value as it is.
    for d, right in ((1, 3), (2, 1)):
        space = Space({f"n{j}": Int(1, 4) for j in range(d)})
        encoding = Encoding(space)
        rows = encoding.rows([dict.fromkeys(space.names, 1)])
        process = gp.condition(rows, np.zeros(1), np.zeros(d), np.log([0.5] * d + [1.0, 1e-9, 1e-9]))
        near = search.candidates(encoding, process, NO_CONSTRAINTS, Steady(), 2)[1]  # type: ignore[arg-type]
        assert encoding.params(near) == dict.fromkeys(space.names, right)


def test_fewer_candidates_of_many_trials_and_ascents_from_the_six_best(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, counts, starts = np.linspace(0.05, 0.95, 10)[:, None], [], []

    def candidates(encoding: Any, process: Any, constraints: Any, rng: Any, m: int) -> np.ndarray:
        counts.append(m)
        return pool

    def ascended(encoding: Any, process: Any, goal: Any, rows: np.ndarray) -> np.ndarray:
        starts.append(rows[:, 0])
        return rows

    monkeypatch.setattr(search, "candidates", candidates)
    monkeypatch.setattr(search, "ascended", ascended)
    goal = search.Goal(ACQUISITIONS.index("lcb"), 0.0, 0.0, 0.0, 0.0)  # with κ = 0 it is minus the mean
    for n in (120, 121):
        units = np.linspace(0.0, 1.0, n)
        process = gp.condition(units[:, None], (units - 0.6) ** 2, np.zeros(1), np.log([0.3, 1.0, 1e-9, 1e-4]))
        ranked = search.search(Encoding(LINE), process, goal, set(), None)  # type: ignore[arg-type]
        # Of 0.05, 0.15, ..., 0.95 those nearest to 0.6 have the lowest means, here in pairs at the same distance.
        assert sorted(starts[-1].tolist()) == pytest.approx([0.35, 0.45, 0.55, 0.65, 0.75, 0.85])
        assert (np.diff([candidate.value for candidate in ranked]) <= 0.0).all() and len(ranked) == 4
    assert counts == [500, 250]


def test_new_points_by_hand() -> None:
    # By value: 0.0, twice; 0.01, too near to it; 0.5, taken; 0.02, just far enough from 0.0; 0.9 and 0.3, equal, in the
    # order of the pool. These are four, so 0.7 is left out. Where 0.5 is not taken, it comes after 0.0.
    pool = np.array([[0.5], [0.0], [0.01], [0.9], [0.02], [0.3], [0.7], [0.0]])
    values = np.array([4.0, 5.0, 4.5, 2.0, 3.0, 2.0, 1.0, 5.0])
    found = search.new_points(Encoding(LINE), pool, values, {LINE.key({"x": 0.5})})
    assert found == [(1, {"x": 0.0}), (4, {"x": 0.02}), (3, {"x": 0.9}), (5, {"x": 0.3})]
    below = Space(LINE.parameters, constraint=lambda params: params["x"] < 0.6)
    assert [index for index, _ in search.new_points(Encoding(below), pool, values, set())] == [1, 0, 4, 5]


def test_the_local_search_ends_at_the_best_step_by_hand() -> None:
    # The means fall from 1 to 9, except for a bump at 2: from 1 the best of the neighbours (up to three steps) is 4,
    # from there 7, then 9. Two rows that are equal count once.
    space = Space({"n": Int(1, 30)})
    encoding = Encoding(space)
    points = [{"n": n} for n in range(1, 31)]
    means = np.array([float(abs(params["n"] - 9)) for params in points])
    means[1] = 20.0
    process = gp.condition(encoding.rows(points), means, np.zeros(1), np.log([0.01, 1.0, 1e-9, 1e-9]))
    goal = search.Goal(ACQUISITIONS.index("lcb"), 0.0, 0.0, 0.0, 0.0)
    ends, values = search.discrete_local_search(
        encoding, process, goal, encoding.rows([{"n": 1}, {"n": 1}, {"n": 9}]))
    assert [encoding.params(row)["n"] for row in ends] == [9, 9]
    assert values.tolist() == search.goal_values(encoding, process, goal, ends).tolist()
