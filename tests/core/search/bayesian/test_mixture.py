"""Mixtures of kernels: densities that sum to 1, draws that follow them, and kernels as scipy has them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Float, Int, Space
from scratchtune.core.search.bayesian.mixture import (
    MANY,
    Mixture,
    add_normal_kernels,
    axes_of,
    bandwidths_of,
    count_of_ranges,
    neighbour_bandwidths,
    scott_bandwidth,
)
from scratchtune.core.search.bayesian.parzen import params_at

MIXED = Space({
    "x": Float(-2.0, 3.0), "lr": Float(1e-5, 1.0, log=True), "n": Int(1, 40, log=True),
    "step": Float(0.0, 1.0, step=0.25), "kind": ["a", "b", "c"], "only": [7], "deep": ["p", "q"],
    "momentum": Float(0.0, 0.9, when={"kind": ["b"]}), "nesterov": Int(0, 1, when={"kind": ["b", "c"]}),
    "deeper": Int(3, 9, when={"nesterov": [1]})})
FINITE = Space({"n": Int(1, 4), "c": ["a", "b"], "m": Int(0, 2, when={"c": ["b"]})})


def _random(space: Space, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [space.from_unit(rng.random(len(space.names))) for _ in range(count)]


def _mixture(space: Space, count: int = 12) -> Mixture:
    axes = axes_of(space)
    codes = np.column_stack([axis.read(_random(space, count)) for axis in axes])
    return Mixture(axes, codes, np.linspace(1.0, 2.0, count), prior_weight=1.0, smoothing=0.2)


def _codes(mixture: Mixture, points: list[dict[str, Any]]) -> np.ndarray:
    return np.column_stack([axis.read(points) for axis in mixture.axes])


def test_bandwidths_are_the_distance_to_the_further_neighbour() -> None:
    units = np.array([0.5, 0.2, 0.9, 0.25])
    assert neighbour_bandwidths(units, 0.01) == pytest.approx([0.4, 0.05, 0.4, 0.25])
    assert neighbour_bandwidths(units, 0.3) == pytest.approx([0.4, 0.3, 0.4, 0.3])
    assert neighbour_bandwidths(np.array([0.2]), 0.01) == pytest.approx([0.8])  # one alone: to the further end
    assert neighbour_bandwidths(np.array([0.2, 0.2, 0.2]), 0.1) == pytest.approx([0.1] * 3)
    assert neighbour_bandwidths(np.empty(0), 0.1).shape == (0,)


def test_in_many_dimensions_the_bandwidth_is_a_share_of_the_standard_deviation() -> None:
    units = np.array([0.0, 1.0] * 8)  # standard deviation 0.5, 16 trials: 0.5 / 16^(1/16) in 12 dimensions
    assert bandwidths_of(units, 12) == pytest.approx([0.5 * 2.0**-0.25] * 16)
    assert bandwidths_of(units, MANY - 1) == pytest.approx(neighbour_bandwidths(units, 1.0 / 18.0))
    assert bandwidths_of(np.full(6, 0.3), MANY) == pytest.approx([1.0 / 8.0] * 6)  # never below the limit
    assert bandwidths_of(np.array([0.2]), MANY) == pytest.approx([0.8]) and bandwidths_of(np.empty(0), MANY).size == 0
    space = Space({**{f"x{j}": Float(0.0, 1.0) for j in range(9)}, "n": Int(1, 5), "one": Int(2, 2), "c": ["a", "b"]})
    axes = axes_of(space)
    codes = np.column_stack([axis.read(_random(space, 16)) for axis in axes])
    assert count_of_ranges(axes, codes) == 10
    mixture = Mixture(axes, codes, np.ones(16), prior_weight=1.0, smoothing=0.2, ranges=10)
    assert mixture.kernels[0].bandwidths[:-1] == pytest.approx([scott_bandwidth(codes[:, 0].std(), 16, 10)] * 16)


def test_scotts_rule_as_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    data = np.random.default_rng(0).random((12, 40))
    factor = stats.gaussian_kde(data).scotts_factor()
    assert scott_bandwidth(data[3].std(), 40, 12) == pytest.approx(factor * data[3].std(), rel=1e-12)


def test_the_density_of_a_range_integrates_to_one() -> None:
    for prior in (None, (0.9, 0.1), (0.0, 5.0)):
        mixture = _mixture(Space({"x": Float(0.0, 1.0, prior=prior)}))
        u = (np.arange(200_000) + 0.5) / 200_000
        assert np.exp(mixture.log_density(u[:, None])).mean() == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("space", [
    FINITE,
    Space({"n": Int(1, 300, log=True)}), Space({"n": Int(0, 4000)}), Space({"n": Int(5, 5), "c": ["one"]}),
    Space({"x": Float(0.0, 1.0, step=0.1, prior=(0.3, 0.2)), "c": ["a", "b"]}),
    Space({"c": ["a", "b", "c"], "d": Int(0, 2, when={"c": ["b", "c"]}), "e": ["x", "y"],
           "f": Int(0, 3, when={"d": [1]})}),
])
def test_probabilities_of_all_points_sum_to_one(space: Space) -> None:
    mixture = _mixture(space)
    points = list(space.points())
    assert np.exp(mixture.log_density(_codes(mixture, points))).sum() == pytest.approx(1.0, abs=1e-7)


def test_a_conditional_density_sums_and_integrates_to_one() -> None:
    space = Space({"c": ["a", "b"], "x": Float(0.0, 2.0, when={"c": ["b"]})})
    mixture = _mixture(space)
    u = (np.arange(50_000) + 0.5) / 50_000
    without = np.exp(mixture.log_density(np.array([[0.0, math.nan]])))[0]
    beside = np.exp(mixture.log_density(np.column_stack([np.ones_like(u), u]))).mean()
    assert without + beside == pytest.approx(1.0, abs=1e-7) and min(without, beside) > 0.1


def test_narrow_cells_have_the_density_in_their_middle_times_their_width() -> None:
    centres, bandwidths = np.array([0.4, 0.9]), np.array([0.05, 0.3])
    whole = np.zeros((2, 2))
    for width in (0.9e-3 * bandwidths.min(), 1.1e-3 * bandwidths.max()):
        a = np.array([0.42, 0.7])
        whole[:] = 0.0
        add_normal_kernels(whole, a, a + width, centres, bandwidths)
        fine = np.zeros((1000, 2))
        for n in range(2):
            u = a[n] + width * (np.arange(1000) + 0.5) / 1000
            fine[:] = 0.0
            add_normal_kernels(fine, u, u, centres, bandwidths)
            assert np.exp(whole[n]) == pytest.approx(np.exp(fine).mean(axis=0) * width, rel=1e-6)


def test_kernels_as_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    u, m, s = np.linspace(0.0, 1.0, 11), np.array([0.0, 0.3, 1.0]), np.array([0.02, 0.2, 1.0])
    total = np.zeros((11, 3))
    add_normal_kernels(total, u, u, m, s)
    assert total == pytest.approx(stats.truncnorm.logpdf(u[:, None], -m / s, (1.0 - m) / s, m, s), rel=1e-9)
    total[:] = 0.0
    add_normal_kernels(total, u[:-1], u[1:], m, s)
    masses = np.diff(stats.truncnorm.cdf(u[:, None], -m / s, (1.0 - m) / s, m, s), axis=0)
    assert np.exp(total[:10]) == pytest.approx(masses, abs=1e-12)


def test_a_mixture_as_scipys_kernels_summed() -> None:
    stats = pytest.importorskip("scipy.stats")
    mixture = _mixture(Space({"x": Float(0.0, 1.0), "y": Float(10.0, 20.0)}))
    points = np.random.default_rng(1).random((7, 2))
    each = np.prod([
        stats.truncnorm.pdf(points[:, j, None], -m / s, (1.0 - m) / s, m, s)
        for j, (m, s) in enumerate(mixture.kernels)], axis=0)
    assert np.exp(mixture.log_density(points)) == pytest.approx(each @ mixture.weights, rel=1e-9)


def test_draws_follow_the_density() -> None:
    mixture = _mixture(FINITE)
    draws = 40_000
    drawn = np.nan_to_num(mixture.draw(draws, np.random.default_rng(0)), nan=-1.0)
    rows, counts = np.unique(drawn, axis=0, return_counts=True)
    expected = np.exp(mixture.log_density(np.where(rows < 0, math.nan, rows)))
    assert len(rows) == FINITE.size
    assert (np.abs(counts / draws - expected) < 5.0 * np.sqrt(expected / draws)).all()


def test_draws_of_a_range_follow_the_density() -> None:
    mixture = _mixture(Space({"x": Float(0.0, 1.0)}))
    shares = np.histogram(mixture.draw(50_000, np.random.default_rng(0))[:, 0], bins=20, range=(0.0, 1.0))[0] / 50_000
    u = (np.arange(20_000) + 0.5) / 20_000
    expected = np.exp(mixture.log_density(u[:, None])).reshape(20, -1).mean(axis=1) / 20.0
    assert (np.abs(shares - expected) < 5.0 * np.sqrt(expected / 50_000)).all()


def test_what_the_axes_add_is_the_whole() -> None:
    mixture = _mixture(MIXED)
    for row in mixture.draw(20, np.random.default_rng(0)):
        added = mixture.log_density_by_axis(row)
        assert added.sum() == pytest.approx(mixture.log_density(row[None])[0], rel=1e-9)
        assert (added[np.isnan(row)] == 0.0).all()


def test_codes_and_values_lead_to_each_other() -> None:
    axes = axes_of(MIXED)
    for params in _random(MIXED, 50):
        row = np.array([axis.read([params])[0] for axis in axes])
        again = params_at(axes, row)
        assert list(again) == list(params)
        for name, value in again.items():
            close = isinstance(value, float) and math.isclose(value, params[name], rel_tol=1e-12)
            assert type(value) is type(params[name]) and (close or value == params[name])
