"""A Gaussian process is a probability distribution over functions: it gives every point a mean and a variance.

Given values seen at some points, its posterior predicts the function elsewhere. Points are rows of unit values, one
column for each parameter (`encoding`). Notation:

    n, d            number of points seen, number of axes
    X     rows      (n, d), the points; where ``is_categorical`` is 1 an axis holds indices of choices, in no order
    y     values    (n,), the values seen there, standardised: mean about 0, standard deviation about 1
    θ     theta     (d + 3,), logarithms of the d length scales ℓ, and of the variances s of the signal (the smooth
                    part), t of the rough part and ν of the noise
    K               (n, n), covariance of the values: c(r) between two points (`rough_kernel`), plus ν on the diagonal
    U     upper     (n, n), Cholesky's factor, K = Uᵀ @ U
    α     alpha     (n,), inv(K) @ (y − m), with m the prior mean

A length scale is the distance along an axis over which values are correlated; an axis that does not matter gets a long
one. The rough part has short length scales. Without it a rugged function would be explained by noise, and so would the
best value seen. Sums are taken in the order written, so no result depends on the number of threads.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.search.bayesian.cholesky import (
    cholesky,
    dot,
    inverse,
    solve_lower,
    solve_lower_vector,
    solve_upper,
)
from scratchtune.core.search.bayesian.kernels import (
    NOISE,
    ROUGH,
    SIGNAL,
    length_scales_of,
    rough_kernel,
    scaled_distances,
)

# The posterior at a point --------------------------------------------------------------------------------------------


@jit.function_in_order
def posterior_mean(mean, covariances, alpha):
    """Posterior mean at a point: the prior mean, plus a weighted sum of its covariances with the points seen.

    Formula [posterior_mean]
        μ = m + Σᵢ[cᵢ · αᵢ]
    Where
        m: mean, scalar, real, the prior mean: the prediction far from all points
        c: covariances, (i,), real, of the point with the points seen, without noise
        α: alpha, (i,), real, inv(K) @ (y − m)
    Returns
        μ, in the units of the values.
    Source
        Rasmussen and Williams (2006), algorithm 2.1, line 4.
    """
    return mean + dot(covariances, alpha)


@jit.function_in_order
def posterior_variance(prior_variance, whitened):
    """Posterior variance at a point: the prior variance, less what the points seen explain; never above the prior's.

    Formula [posterior_variance]
        v = s − Σᵢ[wᵢ²]
    Where
        s: prior_variance, scalar, > 0, of the smooth and the rough part together
        w: whitened, (i,), real, the solution of Uᵀ @ w = c, with c the covariances with the points seen
    Returns
        v, of the function itself, without the noise of a value.
    Source
        Rasmussen and Williams (2006), algorithm 2.1, lines 5 and 6.
    """
    return prior_variance - dot(whitened, whitened)


def fitted_means(values: np.ndarray, noise: float, alpha: np.ndarray) -> np.ndarray:
    """Posterior means at the points seen: the values, less the part of each that is taken for noise.

    Formula [fitted_means]
        μᵢ = yᵢ − ν · αᵢ
    Where
        y: values, (i,), real, the values seen
        ν: noise, scalar, >= 0, variance of the noise of a value
        α: alpha, (i,), real, inv(K) @ (y − m)
    Returns
        μ, (i,), in the units of the values; without noise the values themselves.
    Source
        [posterior_mean] at the points seen, where the covariances are K less ν on the diagonal: m + (K − ν · 1) @ α.
    Example
        >>> fitted_means(np.array([1.0, 2.0]), 0.5, np.array([-2.0, 2.0])).tolist()
        [2.0, 1.0]
    """
    return values - noise * alpha


def leave_one_out_error(alpha: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Error of each value as predicted from all others, with the same parameters of the kernel.

    Formula [leave_one_out_error]
        eᵢ = αᵢ / pᵢ
    Where
        α: alpha, (i,), real, inv(K) @ (y − m)
        p: precision, (i,), > 0, the diagonal of inv(K)
    Returns
        e, (i,), in the units of y.
    Source
        Rasmussen and Williams (2006), equation 5.12.
    Example
        >>> leave_one_out_error(np.array([1.0]), np.array([2.0])).tolist()
        [0.5]
    """
    return alpha / precision


# Covariances of sets of points ---------------------------------------------------------------------------------------


@jit.function_in_order
def transposed(a):
    """Return a copy of the transposed matrix; ``out[:] = a.T`` would take ten times as long to compile."""
    out = np.empty((a.shape[1], a.shape[0]))
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j, i] = a[i, j]
    return out


@jit.loop_in_order
def covariance(a, b, is_categorical, theta):
    """Covariances of the function at the points ``a`` (n, d) with those at ``b`` (m, d), (n, m)."""
    length_scales, signal, rough = length_scales_of(theta), math.exp(theta[SIGNAL]), math.exp(theta[ROUGH])
    columns, out = transposed(b), np.empty((len(a), len(b)))
    for i in range(len(a)):
        scaled_distances(a[i], columns, is_categorical, length_scales, out[i])
        for j in range(len(b)):
            out[i, j] = rough_kernel(out[i, j], signal, rough)
    return out


@jit.loop_in_order
def factored(rows, is_categorical, theta):
    """Whether K (for θ) is numerically positive definite, and its Cholesky factor, in the upper triangle of (n, n).

    The lower triangle, which the factor does not need, holds the scaled distances.
    """
    length_scales, signal, rough = length_scales_of(theta), math.exp(theta[SIGNAL]), math.exp(theta[ROUGH])
    n, columns = len(rows), transposed(rows)
    upper = np.empty((n, n))
    for i in range(n):
        scaled_distances(rows[i], columns[:, i:], is_categorical, length_scales, upper[i, i:])
        upper[i, i] = signal + rough + math.exp(theta[NOISE])
        for j in range(i + 1, n):
            upper[j, i] = upper[i, j]
            upper[i, j] = rough_kernel(upper[j, i], signal, rough)
    return cholesky(upper), upper


def solve_alpha(upper: np.ndarray, values: np.ndarray, mean: float) -> np.ndarray:
    """α = inv(K) @ (y − m)."""
    alpha = values - mean
    solve_lower_vector(upper, alpha)
    solve_upper(upper, alpha)
    return alpha


# A fitted process ----------------------------------------------------------------------------------------------------


class Process(NamedTuple):
    """A Gaussian process conditioned on the values seen; the fields are those of the notation above."""

    rows: np.ndarray
    values: np.ndarray
    is_categorical: np.ndarray
    theta: np.ndarray
    mean: Any  # a number
    upper: np.ndarray
    alpha: np.ndarray


def condition(
    rows: np.ndarray, values: np.ndarray, is_categorical: np.ndarray, theta: np.ndarray, mean: float = 0.0,
) -> Process:
    """Condition the process with parameters θ on ``values`` at ``rows``; increase the noise until K has a factor."""
    theta = theta.copy()
    possible, upper = factored(rows, is_categorical, theta)
    while not possible:  # ends: K has a factor at the latest when the noise is n times the signal
        # ten times the noise, or of the signal times exp(−30), if the noise is less
        theta[NOISE] = max(theta[NOISE], theta[SIGNAL] - 30.0) + math.log(10.0)
        possible, upper = factored(rows, is_categorical, theta)
    return Process(rows, values, is_categorical, theta, mean, upper, solve_alpha(upper, values, mean))


@jit.loop_in_order
def posterior(process, points):
    """Posterior mean and variance at each of some points (m, d): two arrays (m,)."""
    m, theta = len(points), process.theta
    prior_variance = math.exp(theta[SIGNAL]) + math.exp(theta[ROUGH])
    means, variances = np.empty(m), np.empty(m)
    for start in range(0, m, 64):  # blocks that fit into the processor's cache
        block = covariance(process.rows, points[start : start + 64], process.is_categorical, theta)
        covariances = transposed(block)  # a copy, since block is changed in place
        solve_lower(process.upper, block)
        whitened = transposed(block)
        for i in range(len(covariances)):
            means[start + i] = posterior_mean(process.mean, covariances[i], process.alpha)
            variances[start + i] = max(posterior_variance(prior_variance, whitened[i]), 1e-12 * prior_variance)
    return means, variances


def predict(process: Process, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and variance of the function itself, without noise, at some rows (m, d): two arrays (m,)."""
    return posterior(process, np.ascontiguousarray(points))


def means_at_rows(process: Process) -> np.ndarray:
    """Posterior means at the rows that the process is conditioned on, (n,)."""
    return fitted_means(process.values, math.exp(process.theta[NOISE]), process.alpha)


def left_out_errors(process: Process) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the values as predicted from the others, (n,): by the process, and by the most correlated one.

    That one is the nearest neighbour by the process's own length scales, the first of several.
    """
    covariances = covariance(process.rows, process.rows, process.is_categorical, process.theta)
    np.fill_diagonal(covariances, -np.inf)
    by_process = leave_one_out_error(process.alpha, np.diag(inverse(process.upper)))
    return by_process, process.values - process.values[covariances.argmax(axis=1)]
