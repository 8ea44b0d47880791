"""Acquisitions: against averages of draws, in the far tail, and by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchtune.core.search import normal
from scratchtune.core.search.bayesian import acquisition as aq


def test_expected_improvement_by_hand() -> None:
    # at mean = best half of all values improve, by s · φ(0) on average
    assert aq.expected_improvement(2.0, 3.0, 2.0) == pytest.approx(3.0 / math.sqrt(2.0 * math.pi))
    assert aq.expected_improvement(-50.0, 1.0, 0.0) == pytest.approx(50.0)  # what is all but certain


@pytest.mark.parametrize("mean, std, best", [(0.3, 1.0, 0.0), (-0.5, 0.2, -0.4), (1.0, 2.0, -1.0)])
def test_it_is_the_mean_of_many_draws(mean: float, std: float, best: float) -> None:
    draws = np.random.default_rng(0).normal(mean, std, 2_000_000)
    improvements = np.maximum(best - draws, 0.0)
    error = 5.0 * improvements.std() / math.sqrt(len(draws))
    assert aq.expected_improvement(mean, std, best) == pytest.approx(improvements.mean(), abs=error)
    below = aq.log_probability_of_improvement(mean, std, best)
    assert math.exp(below) == pytest.approx((draws < best).mean(), abs=2e-3)


def test_the_logarithm_stays_finite_and_keeps_falling_in_the_tail() -> None:
    z = -np.logspace(0.0, 8.0, 200)
    values = np.array([aq.log_improvement(x) for x in z])
    assert np.isfinite(values).all() and (np.diff(values) < 0.0).all()
    assert aq.log_improvement(-1e8) == pytest.approx(-0.5e16)
    assert aq.log_improvement_grad(-1e8) == pytest.approx(1e8, rel=1e-6)


def test_the_two_computations_agree_where_they_meet() -> None:
    for function in (aq.log_improvement, aq.log_improvement_grad):
        below, above = function(normal.TAIL), function(np.nextafter(normal.TAIL, 0.0))
        assert above == pytest.approx(below, rel=1e-13)


@pytest.mark.parametrize("kind", range(len(aq.ACQUISITIONS)))
@pytest.mark.parametrize("mean, std", [(0.2, 0.5), (3.0, 0.1), (-1.0, 2.0), (0.0, 1e-3)])
@pytest.mark.parametrize("noise", [0.0, 1e-6, 0.3])
def test_partial_derivatives_by_central_differences(kind: int, mean: float, std: float, noise: float) -> None:
    def value(mean: float, std: float) -> float:
        return aq.acquisition_and_partials(kind, mean, std, 0.0, 1.5, noise)[0]

    _, by_mean, by_std = aq.acquisition_and_partials(kind, mean, std, 0.0, 1.5, noise)
    step = 1e-6 * std
    assert by_mean == pytest.approx(
        (value(mean + step, std) - value(mean - step, std)) / (2 * step), rel=1e-5)
    assert by_std == pytest.approx(
        (value(mean, std + step) - value(mean, std - step)) / (2 * step), rel=1e-5, abs=1e-6)


def test_all_prefer_lower_means_and_larger_standard_deviations_above_the_best() -> None:
    for kind, name in enumerate(aq.ACQUISITIONS):
        better, _, _ = aq.acquisition_and_partials(kind, 0.1, 0.5, 0.0, 2.0, 0.0)
        worse, _, _ = aq.acquisition_and_partials(kind, 0.2, 0.5, 0.0, 2.0, 0.0)
        unsure, _, _ = aq.acquisition_and_partials(kind, 0.2, 0.6, 0.0, 2.0, 0.0)
        assert better > worse and unsure > worse, name


# Noise ---------------------------------------------------------------------------------------------------------------


def test_the_updated_mean_by_hand_and_by_draws() -> None:
    assert aq.updated_mean_std(3.0, 16.0) == pytest.approx(1.8)  # 9 / √25
    rng, std, noise = np.random.default_rng(0), 0.7, 0.4
    values = rng.normal(0.0, std, 1_000_000) + rng.normal(0.0, math.sqrt(noise), 1_000_000)
    means = values * std**2 / (std**2 + noise)  # the posterior mean after one value, with the prior mean 0
    assert aq.updated_mean_std(std, noise) == pytest.approx(means.std(), rel=5e-3)


@pytest.mark.parametrize("mean, std", [(0.2, 0.5), (-1.0, 2.0)])
def test_noise_lowers_the_expected_improvement_and_none_leaves_it(mean: float, std: float) -> None:
    values = [aq.acquisition_and_partials(0, mean, std, 0.0, 2.0, noise)[0] for noise in (0.0, 0.01, 0.1, 1.0)]
    assert values[0] == pytest.approx(aq.log_expected_improvement(mean, std, 0.0), rel=1e-14)
    assert (np.diff(values) < 0.0).all()
