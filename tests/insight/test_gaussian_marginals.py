"""The Gaussian process of main effects and interactions: its gradient, its decomposition, and known truths."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.insight.anova_kernel import effect_covariance, quadrature
from scratchtune.insight.gaussian_draws import draw_shares
from scratchtune.insight.gaussian_marginals import (
    Likelihood,
    Surrogate,
    condition,
    decompose_gaussian,
    fit,
    held_out_errors,
    predict,
    prior,
)
from scratchtune.insight.regression_tree import Axis
from scratchtune.insight.variance_decomposition import decompose_grid

AXES = [Axis(), Axis(choices=3), Axis(edges=np.arange(4) / 4.0)]


def surrogate(n: int = 30) -> Surrogate:
    """A process with fixed parameters on random rows."""
    rng = np.random.default_rng(0)
    rows = np.stack([rng.random(n), rng.integers(3, size=n), (rng.integers(4, size=n) + 0.5) / 4.0], axis=1)
    return condition([quadrature(axis, False) for axis in AXES], rows, rng.standard_normal(n), prior(3)[0])


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("is_smooth", [False, True])
def test_an_effect_has_mean_0_and_variance_1(axis: Axis, is_smooth: bool) -> None:
    line = quadrature(axis, is_smooth)
    among = effect_covariance(line, 0.4, line.nodes, line.nodes)
    assert line.weights @ among == pytest.approx(np.zeros(len(among)), abs=1e-9)
    assert line.weights @ np.diag(among) == pytest.approx(1.0)


def test_the_gradient_of_the_likelihood_equals_difference_quotients() -> None:
    found = surrogate()
    likelihood = Likelihood(found.axes, found.rows, found.values)
    theta = prior(3)[0] + 0.3
    gradient = likelihood.posterior(theta)[1]
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-5
        quotient = (likelihood.posterior(theta + step)[0] - likelihood.posterior(theta - step)[0]) / 2e-5
        assert gradient[j] == pytest.approx(quotient, rel=1e-3, abs=1e-3)


def test_the_decomposition_is_that_of_the_posterior_mean_on_a_fine_grid() -> None:
    found, shares = surrogate(), decompose_gaussian(surrogate())
    x = (np.arange(200) + 0.5) / 200
    points = np.stack(np.meshgrid(x, np.arange(3.0), (np.arange(4) + 0.5) / 4.0, indexing="ij"), axis=-1)
    exact = decompose_grid(predict(found, points.reshape(-1, 3)).reshape(200, 3, 4))
    assert shares.main == pytest.approx(exact.main, abs=1e-4)
    assert shares.pairs == pytest.approx(exact.pairs, abs=1e-4)


def test_held_out_errors_are_those_of_processes_without_the_fold() -> None:
    found, fold = surrogate(), np.arange(6)
    rest = condition(found.axes, found.rows[6:], found.values[6:], found.theta)
    errors = held_out_errors(found, [fold, np.arange(6, 30)])
    assert errors[fold] == pytest.approx(found.values[fold] - predict(rest, found.rows[fold]), abs=1e-6)


def test_a_sum_is_recovered_from_60_trials_and_its_draws_agree() -> None:
    rows = np.random.default_rng(1).random((60, 2))
    values = 3.0 * rows[:, 0] + 2.0 * rows[:, 1]
    values = (values - values.mean()) / values.std()
    fitted = fit(rows, values, [Axis(), Axis()], np.random.default_rng(0))
    found = condition(fitted.axes, rows, values, fitted.theta)
    assert decompose_gaussian(found).main == pytest.approx([9 / 13, 4 / 13], abs=0.01)
    drawn = draw_shares(found, np.random.default_rng(0))
    assert np.mean([shares.main for shares in drawn], axis=0) == pytest.approx([9 / 13, 4 / 13], abs=0.02)
