"""The optimiser of an acquisition function: its gradient by differences, and where gradient ascent ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.search.bayesian import acquisition_search as search
from scratchtune.search.bayesian import gaussian_process as gp
from scratchtune.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.search.bayesian.encoding import Encoding
from scratchtune.search.bayesian.surrogate import compress_and_standardize, fitted_process
from scratchtune.search.space import Float, Int, Space

MIXED = Space({
    "x": Float(0.0, 1.0), "n": Int(1, 32, log=True), "kind": ["a", "b", "c"],
    "y": Float(0.0, 1.0, when={"kind": "b"})})


def points(space: Space, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [space.from_unit(rng.random(len(space.names))) for _ in range(count)]


def bowl(params: dict[str, Any]) -> float:
    return (params["x"] - 0.3) ** 2 + 0.1 * (params.get("y", 0.5) - 0.7) ** 2


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
