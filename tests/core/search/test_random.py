"""Random search: pure, even, without repetition in finite spaces, and drawn from the user's prior."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, Int, RandomSearch, Space
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.mixture import Mixture, axes_of
from scratchtune.core.search.parameters import prior_in_unit
from scratchtune.core.search.random import prior_quantile


def _rng(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _draw(space: Space, number: int, seed: int = 0) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = []
    for k in range(number):
        points.append(RandomSearch().suggest(space, [], points, k, _rng(k, seed)).params)
    return points


SPACE = Space({"x": Float(-1.0, 1.0), "lr": Float(1e-4, 1e-1, log=True), "k": Int(1, 4), "c": ["a", "b"]})


def test_the_same_arguments_give_the_same_suggestion() -> None:
    assert _draw(SPACE, 5) == _draw(SPACE, 5) != _draw(SPACE, 5, seed=1)
    late = RandomSearch().suggest(SPACE, [], _draw(SPACE, 4), 4, _rng(4))
    assert late.params == _draw(SPACE, 5)[4]


def test_draws_are_even() -> None:
    points = _draw(SPACE, 4000)
    assert np.mean([p["x"] for p in points]) == pytest.approx(0.0, abs=0.05)
    assert np.mean([np.log10(p["lr"]) for p in points]) == pytest.approx(-2.5, abs=0.05)
    assert np.bincount([p["k"] for p in points])[1:] / 4000 == pytest.approx([0.25] * 4, abs=0.03)


def test_in_a_finite_space_no_point_comes_twice_before_all_have_come() -> None:
    space = Space({"a": Int(1, 5), "b": ["x", "y", "z"], "m": Categorical([1, 2], when={"b": ["z"]})})
    points = _draw(space, 20)
    assert len({space.key(p) for p in points}) == 20 == space.size
    with pytest.raises(Exhausted, match="all 20 points of the space have been proposed"):
        RandomSearch().suggest(space, [], points, 20, _rng(20))


def test_what_is_left_is_drawn_evenly() -> None:
    space = Space({"a": Int(0, 9)})
    taken = [{"a": k} for k in range(7)]
    drawn = [RandomSearch().suggest(space, [], taken, 7, _rng(7, seed)).params["a"] for seed in range(1500)]
    assert np.bincount(drawn, minlength=10)[7:] / 1500 == pytest.approx([1 / 3] * 3, abs=0.05)
    assert min(drawn) == 7


@pytest.mark.slow
def test_of_a_million_points_the_only_one_that_is_allowed_is_found() -> None:
    space = Space({"a": Int(1, 1_000_000)}, constraint=lambda params: params["a"] == 77)
    assert RandomSearch().suggest(space, [], [], 0, _rng(0)).params == {"a": 77}


def test_a_constraint_holds() -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, constraint=lambda params: params["x"] < params["y"])
    assert all(p["x"] < p["y"] for p in _draw(space, 100))
    rare = Space({"a": Int(1, 300), "b": Int(1, 300)}, constraint=lambda params: params["a"] == 7 and params["b"] == 9)
    assert _draw(rare, 1) == [{"a": 7, "b": 9}]
    for parameter in (Float(0.0, 1.0), Int(0, 5)):
        with pytest.raises(ValueError, match="constraint"):
            _draw(Space({"x": parameter}, constraint=lambda params: False), 1)


def test_a_prior_is_where_the_draws_are() -> None:
    space = Space({
        "x": Float(0.0, 10.0, prior=(2.0, 0.05)), "lr": Float(1e-4, 1.0, log=True, prior=(1e-3, 0.1)),
        "k": Int(0, 100, step=5, prior=(52, 0.02)), "c": Categorical(["a", "b"], prior=[1.0, 9.0]),
        "wide": Float(0, 1, prior=(1, 1e6)),
    })
    points = _draw(space, 1000)
    assert np.mean([p["x"] for p in points]) == pytest.approx(2.0, abs=0.1)
    assert np.std([p["x"] for p in points]) == pytest.approx(0.5, abs=0.1)
    assert np.median([p["lr"] for p in points]) == pytest.approx(1e-3, rel=0.2)
    assert {p["k"] for p in points} <= {45, 50, 55, 60} and np.mean([p["c"] == "b" for p in points]) > 0.85
    assert np.mean([p["wide"] for p in points]) == pytest.approx(0.5, abs=0.05)


def test_why_names_the_stream() -> None:
    why = RandomSearch().suggest(SPACE, [], [], 3, _rng(3, seed=8)).why
    assert why == {"searcher": "random", "sequence": "uniform", "stream": [8, 3], "draw": 1}
    assert "the random numbers of seed 8 and trial 3." in RandomSearch().explain(why)


def test_an_unknown_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match="sequence is 'unifrm'.*did you mean 'uniform'"):
        RandomSearch(sequence="unifrm")


@pytest.mark.parametrize("parameter", [
    Int(1, 8, log=True, prior=(2, 0.01)), Int(1, 100, log=True, prior=(2, 0.01)),
    Int(16, 256, log=True, prior=(64, 1e-4)), Int(0, 9, prior=(1, 0.01)), Float(0.0, 1.0, step=0.1, prior=(0.1, 0.01)),
    Float(1e-4, 1.0, log=True, prior=(1e-2, 1e-6)), Float(0.0, 1.0, prior=(0.5, 1e-200)), Int(7, 7, prior=(7, 0.1))])
def test_every_searcher_takes_the_centre_of_a_sharp_prior_for_the_most_probable(parameter) -> None:
    space, centre = Space({"p": parameter}), parameter.prior[0]
    assert parameter.from_unit(prior_in_unit(parameter)[0]) == pytest.approx(centre)
    for seed in range(10):
        drawn = RandomSearch().suggest(space, [], [], 0, np.random.default_rng(seed)).params["p"]
        assert drawn == pytest.approx(centre, rel=1e-4 if parameter.count is None else 1e-12)
    (axis,) = axes_of(space)
    density = Mixture([axis], np.empty((0, 1)), np.empty(0), 1.0, 0.2)
    encoding, points = Encoding(space), [{"p": value} for value in parameter.grid(9)]
    codes = np.array([[axis.code(point["p"])] for point in points])
    for log_densities in (density.log_density(codes), encoding.log_prior(encoding.rows(points))):
        best = points[int(np.argmax(log_densities))]["p"]
        assert abs(best - centre) == min(abs(point["p"] - centre) for point in points)


def test_a_prior_wider_than_the_range_is_flat() -> None:
    for spread in (1e3, 1e15, 1e300):
        parameter = Float(0.0, 1.0, prior=(0.0, spread))
        assert prior_quantile(parameter, 0.5) == pytest.approx(0.5, abs=0.02)
