"""Sequences: Halton's points and Latin hypercubes, pure in (seed, number), and more even than chance."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, Int, RandomSearch, Space
from scratchtune.core.search.random import prior_quantile
from scratchtune.core.search.sequences import digits_of, halton, latin_hypercube, prime, radical_inverse, uniform

BOTH = pytest.mark.parametrize("sequence", [halton, latin_hypercube], ids=lambda function: function.__name__)
NAMES = pytest.mark.parametrize("name", ["halton", "latin_hypercube"])


def _rng(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _points(sequence: Any, n: int, dimensions: int = 2, seed: int = 0) -> np.ndarray:
    return np.array([next(sequence(dimensions, k, seed, _rng(k, seed))) for k in range(n)])


def _discrepancy(x: np.ndarray) -> float:
    """Centred L2 discrepancy, squared (Hickernell, 1998): 0 would be perfectly even."""
    n, d = x.shape
    away = abs(x - 0.5)
    first = (13 / 12) ** d - 2 / n * np.prod(1 + away / 2 - away**2 / 2, axis=1).sum()
    pairs = 1 + away[:, None] / 2 + away[None] / 2 - abs(x[:, None] - x[None]) / 2
    return float(first + np.prod(pairs, axis=2).sum() / n**2)


# Worked examples -----------------------------------------------------------------------------------------------------


def test_radical_inverses_by_hand() -> None:
    assert [radical_inverse(digits_of(n, 3, 2), 3) for n in range(5)] == pytest.approx([0, 1 / 3, 2 / 3, 1 / 9, 4 / 9])
    assert [prime(k) for k in (0, 9, 99)] == [2, 29, 541]


def test_the_first_points_of_a_latin_hypercube_halve_the_cells() -> None:
    x = _points(latin_hypercube, 4, 1)[:, 0]
    assert sorted(np.floor(2 * x[:2])) == [0, 1] and sorted(np.floor(4 * x)) == [0, 1, 2, 3]


# Properties ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 4, 64, 512])
def test_every_power_of_two_of_points_is_a_latin_hypercube(n: int) -> None:
    x = _points(latin_hypercube, n, 3, seed=7)
    for axis in range(3):
        assert np.array_equal(np.sort(np.floor(n * x[:, axis])), np.arange(n))


@pytest.mark.parametrize("axis, base", [(0, 2), (1, 3), (2, 5), (11, 37)])
def test_halton_points_take_turns_in_the_cells_of_each_axis(axis: int, base: int) -> None:
    x = _points(halton, base**2 + base, 12, seed=3)[:, axis]
    for start in range(0, base**2, base):  # every run of b points lies in b different cells, as the radical inverse's
        assert len(set(np.floor(base * x[start : start + base]))) == base
    assert len(set(np.floor(base**2 * x[: base**2]))) == base**2


def test_halton_fills_the_boxes_of_two_axes() -> None:
    x = _points(halton, 6 * 36, seed=5)
    boxes = np.floor(x[:36] * [4, 9])
    assert len({tuple(box) for box in boxes}) == 36  # 2² by 3² boxes, one point in each


@BOTH
@pytest.mark.parametrize("seed", range(3))
def test_more_even_than_chance(sequence: Any, seed: int) -> None:
    chance = np.mean([_discrepancy(_points(uniform, 64, 2, s)) for s in range(8)])
    assert _discrepancy(_points(sequence, 64, 2, seed)) < 0.6 * chance


@BOTH
def test_pure_in_seed_and_number(sequence: Any) -> None:
    x = _points(sequence, 40, 5, seed=1)
    assert np.array_equal(next(sequence(5, 33, 1, _rng(33, 1))), x[33])
    assert np.array_equal(_points(sequence, 40, 3, seed=1), x[:, :3])
    assert not np.array_equal(_points(sequence, 40, 5, seed=2), x)
    assert (x >= 0).all() and (x < 1).all()


@BOTH
def test_a_seed_shifts_no_axis_on_average(sequence: Any) -> None:
    firsts = np.array([next(sequence(2, 0, seed, _rng(0, seed))) for seed in range(300)])
    assert firsts.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.06)


# Oracle --------------------------------------------------------------------------------------------------------------


def test_without_scrambling_it_is_scipy_s_halton() -> None:
    qmc = pytest.importorskip("scipy.stats.qmc")
    ours = [[radical_inverse(digits_of(n, prime(axis), 30), prime(axis)) for axis in range(8)] for n in range(200)]
    assert np.allclose(ours, qmc.Halton(8, scramble=False).random(200), rtol=0, atol=1e-15)


def test_as_even_as_scipy_s_scrambled_sequences() -> None:
    qmc = pytest.importorskip("scipy.stats.qmc")
    theirs = np.mean([qmc.discrepancy(qmc.Halton(2, rng=np.random.default_rng(s)).random(128)) for s in range(10)])
    ours = np.mean([qmc.discrepancy(_points(halton, 128, 2, s)) for s in range(10)])
    assert _discrepancy(_points(halton, 50)) == pytest.approx(qmc.discrepancy(_points(halton, 50)))
    assert ours < 1.3 * theirs


# As a random search --------------------------------------------------------------------------------------------------


@NAMES
def test_in_a_finite_space_no_point_comes_twice(name: str) -> None:
    space, points = Space({"a": Int(1, 4), "b": ["x", "y", "z"]}), []
    for k in range(12):
        points.append(RandomSearch(sequence=name).suggest(space, [], points, k, _rng(k)).params)
    assert len({space.key(p) for p in points}) == 12
    with pytest.raises(Exhausted):
        RandomSearch(sequence=name).suggest(space, [], points, 12, _rng(12))


@NAMES
def test_priors_and_constraints_hold(name: str) -> None:
    space = Space({
        "x": Float(0.0, 10.0, prior=(2.0, 0.05)), "c": Categorical(["a", "b", "c"], prior=[1.0, 3.0, 0.0]),
        "y": Float(0.0, 1.0)}, constraint=lambda params: params["y"] < 0.9)
    points = [RandomSearch(sequence=name).suggest(space, [], [], k, _rng(k)).params for k in range(64)]
    assert all(p["y"] < 0.9 for p in points)
    assert np.mean([p["x"] for p in points]) == pytest.approx(2.0, abs=0.05)  # quantiles, so nearly exact
    assert np.std([p["x"] for p in points]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([p["c"] == "b" for p in points]) == pytest.approx(0.75, abs=0.06)
    assert "c" not in {p["c"] for p in points}


def test_a_prior_s_quantiles_are_those_of_the_cut_off_normal() -> None:
    parameter, normal = Float(0.0, 1.0, prior=(0.2, 0.3)), NormalDist(0.2, 0.3)
    for u in (0.0, 0.1, 0.5, 0.999):
        below = normal.cdf(prior_quantile(parameter, u)) - normal.cdf(0.0)
        assert below / (normal.cdf(1.0) - normal.cdf(0.0)) == pytest.approx(u, abs=1e-9)
    assert prior_quantile(Categorical(["a", "b"], prior=[0.0, 1.0]), 0.0) == 0.75
    assert prior_quantile(Float(0, 1, prior=(0.5, 1e-6)), 0.0) == pytest.approx(0.5, abs=1e-3)


def test_why_names_the_sequence_and_says_where_a_point_stood_by() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    suggestion = RandomSearch(sequence="halton").suggest(space, [], [], 3, _rng(3, seed=8))
    assert suggestion.why == {"searcher": "random", "sequence": "halton", "stream": [8, 3], "draw": 1}
    words = RandomSearch("halton").explain(suggestion.why)
    assert words == "Point 3 of the Halton sequence of seed 8, independent of earlier results."
    assert "draw 2" in RandomSearch("halton").explain(suggestion.why | {"draw": 2})
