"""The Gaussian process: against scikit-learn, against itself by differences, and against functions drawn from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scratchtune.search import gaussian_process as gp

NONE = np.zeros(3)  # no axis of choices


def _data(n: int, seed: int = 0, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(seed).random((n, d))
    return rows, np.sin(5.0 * rows[:, 0]) + rows[:, 1] ** 2 - rows[:, -1]


def _theta(lengths: Any, signal: float, noise: float, rough: float = 1e-300) -> np.ndarray:
    return np.log([*lengths, signal, rough, noise])


def test_two_points_by_hand() -> None:
    # one axis, length 1, signal 1, no noise; k(1) = (1 + √5 + 5/3) e^(−√5) = 0.523994
    rows, values = np.array([[0.0], [1.0]]), np.array([1.0, 0.0])
    process = gp.condition(rows, values, np.zeros(1), _theta([1.0], 1.0, 1e-300))
    k = float(gp.matern52(1.0))
    assert k == pytest.approx(0.5239941088318203, abs=1e-15)
    half = float(gp.matern52(0.5))
    mean, variance = gp.predict(process, np.array([[0.5]]))
    assert mean[0] == pytest.approx(half / (1.0 + k))  # c @ inv([[1, k], [k, 1]]) @ (1, 0)
    assert variance[0] == pytest.approx(1.0 - 2.0 * half**2 / (1.0 + k))


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_factor_and_the_solutions(n: int) -> None:
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, n + 3))
    a = a @ a.T + 0.1 * np.eye(n)
    upper = a.copy()
    assert gp.factor(upper)
    np.testing.assert_allclose(np.triu(upper).T @ np.triu(upper), a, rtol=1e-12, atol=1e-12)
    b = rng.standard_normal((n, 5))
    z = b.copy()
    gp.solve_lower(upper, z)
    np.testing.assert_allclose(np.triu(upper).T @ z, b, rtol=1e-9, atol=1e-9)
    x = b[:, 0].copy()
    gp.solve_upper(upper, x)
    np.testing.assert_allclose(np.triu(upper) @ x, b[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gp.inverse(upper) @ a, np.eye(n), atol=1e-8)


def test_a_matrix_that_is_not_positive_definite_has_no_factor() -> None:
    assert not gp.factor(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not gp.factor(np.array([[np.nan]]))


def test_it_interpolates_without_noise() -> None:
    rows, values = _data(30)
    process = gp.condition(rows, values, NONE, _theta([0.5, 0.7, 1.0], 2.0, 1e-12))
    mean, variance = gp.predict(process, rows)
    np.testing.assert_allclose(mean, values, atol=1e-8)
    assert variance.max() < 1e-9


def test_its_variance_is_never_above_the_priors_and_points_only_lower_it() -> None:
    rows, values = _data(25)
    points = np.random.default_rng(1).random((200, 3)) * 3.0 - 1.0
    theta = _theta([0.3, 0.2, 0.4], 1.7, 1e-3)
    before = np.full(200, 1.7)
    for n in (1, 5, 25):
        _, variance = gp.predict(gp.condition(rows[:n], values[:n], NONE, theta), points)
        assert (variance <= before + 1e-12).all() and (variance > 0.0).all()
        before = variance


def test_the_rough_part_tells_of_the_neighbourhood_alone() -> None:
    # one value that is far below the others: to a process with noise it was luck, to a rough one it is a narrow pit
    rows, values = np.linspace(0.0, 1.0, 21)[:, None], np.zeros(21)
    values[10] = -1.0
    noisy = gp.condition(rows, values, np.zeros(1), _theta([1.0], 1.0, 0.1))
    rough = gp.condition(rows, values, np.zeros(1), _theta([1.0], 1.0, 1e-9, rough=0.1))
    there, beside = np.array([[0.5]]), np.array([[0.8]])
    assert gp.predict(noisy, there)[0][0] > -0.3 and gp.predict(rough, there)[0][0] == pytest.approx(-1.0, abs=1e-6)
    assert abs(gp.predict(rough, beside)[0][0]) < 0.1
    assert gp.predict(rough, there)[1][0] < 1e-6 < gp.predict(rough, np.array([[0.525]]))[1][0]


def test_a_choice_is_like_itself_and_as_unlike_all_others() -> None:
    rows = np.array([[0.5, 0.0], [0.5, 1.0]])
    theta = _theta([1.0, 1.0], 1.0, 1e-9)
    process = gp.condition(rows, np.array([1.0, -1.0]), np.array([0.0, 1.0]), theta)
    mean, variance = gp.predict(process, np.array([[0.5, 0.0], [0.5, 1.0], [0.5, 2.0], [0.5, 7.0]]))
    assert mean == pytest.approx([1.0, -1.0, 0.0, 0.0], abs=1e-6)
    assert variance[2] == variance[3] > variance[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_the_likelihood_by_central_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, values = _data(20, seed)
    rows[:, 2] = rng.integers(0, 3, 20)
    overlap, theta = np.array([0.0, 0.0, 1.0]), rng.normal(-0.5, 0.7, 6)
    _, slopes = gp.likelihood(rows, values, overlap, theta, 0.2)
    for j, step in enumerate(1e-5 * np.eye(6)):
        above, below = (gp.likelihood(rows, values, overlap, theta + s, 0.2)[0] for s in (step, -step))
        assert slopes[j] == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-6)


def test_the_likelihood_is_that_of_a_normal_distribution() -> None:
    rows, values = _data(12)
    theta = _theta([0.4, 0.6, 0.9], 1.3, 0.05)
    covariance = gp.covariance(rows, rows, NONE, theta) + 0.05 * np.eye(12)
    _, logarithm = np.linalg.slogdet(2.0 * math.pi * covariance)
    expected = -0.5 * values @ np.linalg.solve(covariance, values) - 0.5 * logarithm
    assert gp.likelihood(rows, values, NONE, theta, 0.0)[0] == pytest.approx(expected, abs=1e-9)


def test_posterior_and_likelihood_as_scikit_learns() -> None:
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    process_of = pytest.importorskip("sklearn.gaussian_process").GaussianProcessRegressor
    rows, values = _data(50)
    points = np.random.default_rng(2).random((100, 3))
    lengths, signal, rough, noise = np.array([0.3, 0.8, 2.0]), 1.5, 0.4, 1e-3
    smooth = kernels.ConstantKernel(signal) * kernels.Matern(lengths, nu=2.5)
    kernel = smooth + kernels.ConstantKernel(rough) * kernels.Matern(lengths / gp.FINER, nu=2.5)
    theirs = process_of(kernel, alpha=noise, optimizer=None).fit(rows, values)
    mean, deviation = theirs.predict(points, return_std=True)
    theta = _theta(lengths, signal, noise, rough)
    ours = gp.predict(gp.condition(rows, values, NONE, theta), points)
    np.testing.assert_allclose(ours[0], mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours[1], deviation**2, rtol=0, atol=1e-8)
    their_value, their_slopes = theirs.log_marginal_likelihood(theirs.kernel_.theta, eval_gradient=True)
    value, slopes = gp.likelihood(rows, values, NONE, theta, 0.0)
    assert value == pytest.approx(their_value, abs=1e-8)
    np.testing.assert_allclose(slopes[3:5], their_slopes[[0, 4]], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(slopes[:3], their_slopes[1:4] + their_slopes[5:8], rtol=1e-7, atol=1e-7)


def test_intervals_cover_what_they_say_on_functions_drawn_from_it() -> None:
    rng, theta = np.random.default_rng(0), _theta([0.3, 0.5], 1.0, 1e-2)
    inside = {0.674490: 0, 1.281552: 0, 1.959964: 0}
    draws, points = 200, 20
    for _ in range(draws):
        rows = rng.random((15 + points, 2))
        covariance = gp.covariance(rows, rows, np.zeros(2), theta)
        function = np.linalg.cholesky(covariance + 1e-10 * np.eye(len(rows))) @ rng.standard_normal(len(rows))
        values = function[:15] + 0.1 * rng.standard_normal(15)
        mean, variance = gp.predict(gp.condition(rows[:15], values, np.zeros(2), theta), rows[15:])
        apart = np.abs(function[15:] - mean) / np.sqrt(variance)
        inside = {z: count + int((apart < z).sum()) for z, count in inside.items()}
    shares = [count / (draws * points) for count in inside.values()]
    assert shares == pytest.approx([0.5, 0.8, 0.95], abs=0.03)


def test_learning_finds_the_parameters_that_a_function_was_drawn_with() -> None:
    rng, true = np.random.default_rng(3), _theta([0.2, 2.0], 1.0, 1e-3)
    rows = rng.random((120, 2))
    covariance = gp.covariance(rows, rows, np.zeros(2), true) + 1e-3 * np.eye(120)
    values = np.linalg.cholesky(covariance) @ rng.standard_normal(120)
    centre, width = np.log([0.6, 0.6, 1.0, 1e-4, 1e-2]), np.array([1.5, 1.5, 1.0, 0.5, 2.0])
    theta, value = gp.learn(rows, values, np.zeros(2), centre, centre, width, 100)
    assert np.exp(theta[0]) == pytest.approx(0.2, rel=0.4)
    assert np.exp(theta[1]) > 1.0 and np.exp(theta[4]) == pytest.approx(1e-3, rel=0.6)
    at_true = gp.likelihood(rows, values, np.zeros(2), true, 0.0)[0] + gp.log_prior(true, centre, width)
    assert value >= at_true
    slopes = gp.likelihood(rows, values, np.zeros(2), theta, 0.0)[1] + gp.log_prior_grad(theta, centre, width)
    assert np.abs(slopes).max() < 0.1


def test_duplicates_and_constants_do_not_break_it() -> None:
    rows = np.repeat(np.array([[0.1, 0.2, 0.3]]), 50, axis=0)
    process = gp.condition(rows, np.ones(50), NONE, _theta([1.0, 1.0, 1.0], 1.0, 1e-300))
    mean, variance = gp.predict(process, rows[:1])
    assert mean[0] == pytest.approx(1.0, abs=1e-6) and 0.0 < variance[0] < 1e-6
    theta, value = gp.learn(rows, np.zeros(50), NONE, process.theta * 0.0, np.zeros(6), np.ones(6), 30)
    assert np.isfinite(theta).all() and math.isfinite(value)
