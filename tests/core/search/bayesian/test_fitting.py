"""Fitting the kernel's parameters: the likelihood and its gradient, and that the true parameters are found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian import fitting
from scratchtune.core.search.bayesian import gaussian_process as gp

NONE = np.zeros(3)  # no axis of choices


def _data(n: int, seed: int = 0, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(seed).random((n, d))
    return rows, np.sin(5.0 * rows[:, 0]) + rows[:, 1] ** 2 - rows[:, -1]


def _theta(length_scales: Any, signal: float, noise: float, rough: float = 1e-300) -> np.ndarray:
    return np.log([*length_scales, signal, rough, noise])


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_the_likelihood_by_central_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, values = _data(20, seed)
    rows[:, 2] = rng.integers(0, 3, 20)
    is_categorical, theta = np.array([0.0, 0.0, 1.0]), rng.normal(-0.5, 0.7, 6)
    _, gradient = fitting.log_likelihood_and_grad(rows, values, is_categorical, theta, 0.2)
    for j, step in enumerate(1e-5 * np.eye(6)):
        above, below = (
            fitting.log_likelihood_and_grad(rows, values, is_categorical, theta + s, 0.2)[0] for s in (step, -step))
        assert gradient[j] == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-6)


def test_the_likelihood_is_that_of_a_normal_distribution() -> None:
    rows, values = _data(12)
    theta = _theta([0.4, 0.6, 0.9], 1.3, 0.05)
    covariance = gp.covariance(rows, rows, NONE, theta) + 0.05 * np.eye(12)
    _, logarithm = np.linalg.slogdet(2.0 * math.pi * covariance)
    expected = -0.5 * values @ np.linalg.solve(covariance, values) - 0.5 * logarithm
    assert fitting.log_likelihood_and_grad(rows, values, NONE, theta, 0.0)[0] == pytest.approx(expected, abs=1e-9)


def test_fitting_finds_the_parameters_that_a_function_was_drawn_with() -> None:
    rng, true = np.random.default_rng(3), _theta([0.2, 2.0], 1.0, 1e-3)
    rows = rng.random((120, 2))
    covariance = gp.covariance(rows, rows, np.zeros(2), true) + 1e-3 * np.eye(120)
    values = np.linalg.cholesky(covariance) @ rng.standard_normal(120)
    centre, width = np.log([0.6, 0.6, 1.0, 1e-4, 1e-2]), np.array([1.5, 1.5, 1.0, 0.5, 2.0])
    theta, value = fitting.fit_hyperparameters(rows, values, np.zeros(2), centre, centre, width, 100)
    assert np.exp(theta[0]) == pytest.approx(0.2, rel=0.4)
    assert np.exp(theta[1]) > 1.0 and np.exp(theta[4]) == pytest.approx(1e-3, rel=0.6)
    likelihood_at_true, _ = fitting.log_likelihood_and_grad(rows, values, np.zeros(2), true, 0.0)
    assert value >= likelihood_at_true + fitting.log_prior(true, centre, width)
    _, gradient = fitting.log_likelihood_and_grad(rows, values, np.zeros(2), theta, 0.0)
    gradient += fitting.log_prior_grad(theta, centre, width)
    assert np.abs(gradient).max() < 0.1


def test_a_shorter_step_may_gain_less() -> None:
    """Of a predicted gain of 1, the whole step must gain 1e-4, and 0.3 of it 0.3e-4."""
    values = iter([0.0, -1.0, 0.5e-4])
    theta, value = fitting.maximise(lambda theta: (next(values), np.array([1.0])), np.array([0.0]), 3)
    assert (theta.tolist(), value) == ([0.3], 0.5e-4)
