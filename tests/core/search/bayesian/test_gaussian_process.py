"""The Gaussian process: against scikit-learn, against itself by differences, and against functions drawn from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian import fitting, kernels
from scratchtune.core.search.bayesian import gaussian_process as gp

NONE = np.zeros(3)  # no axis of choices


def _data(n: int, seed: int = 0, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(seed).random((n, d))
    return rows, np.sin(5.0 * rows[:, 0]) + rows[:, 1] ** 2 - rows[:, -1]


def _theta(length_scales: Any, signal: float, noise: float, rough: float = 1e-300) -> np.ndarray:
    return np.log([*length_scales, signal, rough, noise])


def test_two_points_by_hand() -> None:
    # one axis, length 1, signal 1, no noise; k(1) = (1 + √5 + 5/3) e^(−√5) = 0.523994
    rows, values = np.array([[0.0], [1.0]]), np.array([1.0, 0.0])
    process = gp.condition(rows, values, np.zeros(1), _theta([1.0], 1.0, 1e-300))
    k = float(kernels.matern52(1.0))
    assert k == pytest.approx(0.5239941088318203, abs=1e-15)
    half = float(kernels.matern52(0.5))
    mean, variance = gp.predict(process, np.array([[0.5]]))
    assert mean[0] == pytest.approx(half / (1.0 + k))  # c @ inv([[1, k], [k, 1]]) @ (1, 0)
    assert variance[0] == pytest.approx(1.0 - 2.0 * half**2 / (1.0 + k))


def test_it_interpolates_without_noise() -> None:
    rows, values = _data(30)
    process = gp.condition(rows, values, NONE, _theta([0.5, 0.7, 1.0], 2.0, 1e-12))
    mean, variance = gp.predict(process, rows)
    np.testing.assert_allclose(mean, values, atol=1e-8)
    assert variance.max() < 1e-9


def test_the_means_at_the_rows_are_the_predictions_there() -> None:
    rows, values = _data(25)
    values = values + 0.2 * np.random.default_rng(3).standard_normal(25)
    for noise in (1e-9, 0.05, 2.0):
        process = gp.condition(rows, values, NONE, _theta([0.5, 0.7, 1.0], 1.0, noise), mean=0.3)
        np.testing.assert_allclose(gp.means_at_rows(process), gp.predict(process, rows)[0], atol=1e-7)


def test_left_out_errors_are_those_of_processes_without_the_value() -> None:
    rows, values = _data(20)
    rows[:, 2], rows[7] = np.arange(20) % 3, rows[4]  # an axis of choices, and a point seen twice
    is_categorical = np.array([0.0, 0.0, 1.0])
    values = values + 0.2 * np.random.default_rng(3).standard_normal(20)
    theta = _theta([0.5, 0.7, 1.0], 1.0, 0.05, rough=0.1)
    errors, of_nearest = gp.left_out_errors(gp.condition(rows, values, is_categorical, theta, mean=0.3))
    for i in range(20):
        others = np.arange(20) != i
        process = gp.condition(rows[others], values[others], is_categorical, theta, mean=0.3)
        assert values[i] - errors[i] == pytest.approx(gp.predict(process, rows[i : i + 1])[0][0], abs=1e-10)
        near = gp.covariance(rows[i : i + 1], rows[others], is_categorical, theta)[0].argmax()
        assert of_nearest[i] == values[i] - values[others][near]
    assert of_nearest[4] == values[4] - values[7] == -of_nearest[7]


def test_its_variance_is_never_above_the_priors_and_points_only_lower_it() -> None:
    rows, values = _data(25)
    points = np.random.default_rng(1).random((200, 3)) * 3.0 - 1.0
    theta = _theta([0.3, 0.2, 0.4], 1.7, 1e-3)
    before = np.full(200, 1.7)
    for n in (1, 5, 25):
        _, variance = gp.predict(gp.condition(rows[:n], values[:n], NONE, theta), points)
        assert (variance <= before + 1e-12).all() and (variance > 0.0).all()
        before = variance


def test_the_rough_part_predicts_the_neighbourhood_alone() -> None:
    # one value far below the others: a process with noise explains it by noise, a rough one by a narrow minimum
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


def test_posterior_and_likelihood_as_scikit_learns() -> None:
    theirs_kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    process_of = pytest.importorskip("sklearn.gaussian_process").GaussianProcessRegressor
    rows, values = _data(50)
    points = np.random.default_rng(2).random((100, 3))
    length_scales, signal, rough, noise = np.array([0.3, 0.8, 2.0]), 1.5, 0.4, 1e-3
    smooth = theirs_kernels.ConstantKernel(signal) * theirs_kernels.Matern(length_scales, nu=2.5)
    finer = theirs_kernels.ConstantKernel(rough) * theirs_kernels.Matern(length_scales / kernels.FINER, nu=2.5)
    theirs = process_of(smooth + finer, alpha=noise, optimizer=None).fit(rows, values)
    mean, std = theirs.predict(points, return_std=True)
    theta = _theta(length_scales, signal, noise, rough)
    ours = gp.predict(gp.condition(rows, values, NONE, theta), points)
    np.testing.assert_allclose(ours[0], mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours[1], std**2, rtol=0, atol=1e-8)
    their_value, their_slopes = theirs.log_marginal_likelihood(theirs.kernel_.theta, eval_gradient=True)
    value, gradient = fitting.log_likelihood_and_grad(rows, values, NONE, theta, 0.0)
    assert value == pytest.approx(their_value, abs=1e-8)
    np.testing.assert_allclose(gradient[3:5], their_slopes[[0, 4]], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(gradient[:3], their_slopes[1:4] + their_slopes[5:8], rtol=1e-7, atol=1e-7)


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


def test_duplicates_and_constants_do_not_break_it() -> None:
    rows = np.repeat(np.array([[0.1, 0.2, 0.3]]), 50, axis=0)
    process = gp.condition(rows, np.ones(50), NONE, _theta([1.0, 1.0, 1.0], 1.0, 1e-300))
    mean, variance = gp.predict(process, rows[:1])
    assert mean[0] == pytest.approx(1.0, abs=1e-6) and 0.0 < variance[0] < 1e-6
    theta, value = fitting.fit_hyperparameters(
        rows, np.zeros(50), NONE, process.theta * 0.0, np.zeros(6), np.ones(6), 30)
    assert np.isfinite(theta).all() and math.isfinite(value)
