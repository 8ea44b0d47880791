"""Fitting a Gaussian process means choosing the most probable parameters of its kernel, given the values seen.

The log marginal likelihood of the values plus the logarithm of a prior of the parameters is maximised. The gradient of
both is known, and a quasi-Newton method (BFGS) follows it to a local maximum.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from scratchtune.core import jit
from scratchtune.core.search.bayesian.cholesky import inverse
from scratchtune.core.search.bayesian.gaussian_process import factored, solve_alpha
from scratchtune.core.search.bayesian.kernels import (
    FINER,
    NOISE,
    ROUGH,
    SIGNAL,
    difference,
    length_scales_of,
    matern52,
    rough_kernel_grad_over_r,
)

TOLERANCE = 1e-2  # fitting ends when a step is predicted to increase the log posterior density by less than this

# What is maximised ---------------------------------------------------------------------------------------------------


def log_marginal_likelihood(values: np.ndarray, alpha: np.ndarray, diagonal: np.ndarray) -> float:
    """Logarithm of the probability density of the values under the kernel: a good fit raises it, flexibility lowers it.

    Formula [log_marginal_likelihood]
        L = −0.5 · Σᵢ[yᵢ · αᵢ] − Σᵢ[log(uᵢ)] − 0.5 · #i · log(2 · π)
    Where
        y: values, (i,), real, less the mean
        α: alpha, (i,), real, inv(K) @ y
        u: diagonal, (i,), > 0, of Cholesky's factor: Σᵢ[log(uᵢ)] = log(det(K)) / 2
    Returns
        L, a log density.
    Source
        Rasmussen and Williams (2006), equation 5.8 and algorithm 2.1, line 7.
    """
    logs = float(np.log(diagonal).sum())
    return -0.5 * float((values * alpha).sum()) - logs - 0.5 * len(values) * math.log(2.0 * math.pi)


def log_likelihood_grad(alpha: np.ndarray, precision: np.ndarray, out: np.ndarray) -> None:
    """Gradient of [log_marginal_likelihood] in the entries of the covariance, taken as independent of each other.

    Formula [log_likelihood_grad]
        Wᵢⱼ = 0.5 · (αᵢ · αⱼ − Pᵢⱼ)
    Where
        α: alpha, (i,), real, inv(K) @ y
        P: precision, (i, i), real, inv(K)
        W: out, (i, i), written
    Variant
        Its chain rule, dL/dθ = Σᵢⱼ[Wᵢⱼ · dKᵢⱼ/dθ], is trace((α αᵀ − inv(K)) @ dK/dθ) / 2 in other texts.
    Source
        Rasmussen and Williams (2006), equation 5.9.
    """
    out[:] = 0.5 * (alpha[:, None] * alpha - precision)


def log_prior(theta: np.ndarray, mean: np.ndarray, std: np.ndarray) -> float:
    """Logarithm of the prior density of the kernel's parameters: of independent normals, without their constants.

    Formula [log_parameter_prior]
        L = −0.5 · Σⱼ[((θⱼ − cⱼ) / wⱼ)²]
    Where
        θ: theta, (j,), real, logarithms of the kernel's parameters
        c: mean, (j,), real
        w: std, (j,), > 0, standard deviations
    Returns
        L, to be added to [log_marginal_likelihood]; so each parameter has a log-normal prior.
    Source
        Hvarfner, Hellsten and Nardi (2024), section 4, for the length scales.
    """
    return -0.5 * float((((theta - mean) / std) ** 2).sum())


def log_prior_grad(theta: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Gradient of the logarithm of the parameters' prior.

    Formula [log_parameter_prior_grad]
        gⱼ = (cⱼ − θⱼ) / wⱼ²
    Gradient of
        [log_parameter_prior] in theta
    Where
        θ: theta, (j,), real
        c: mean, (j,), real
        w: std, (j,), > 0
    Returns
        g, (j,).
    Source
        [log_parameter_prior], differentiated.
    """
    return (mean - theta) / std**2


def log_likelihood_and_grad(
    rows: np.ndarray, values: np.ndarray, is_categorical: np.ndarray, theta: np.ndarray, mean: float,
) -> tuple[float, np.ndarray]:
    """[log_marginal_likelihood] of the values and its gradient in θ, (d + 3,); −inf and zeros if K has no factor."""
    possible, upper = factored(rows, is_categorical, theta)
    gradient = np.zeros(len(theta))
    if not possible:
        return -math.inf, gradient
    alpha = solve_alpha(upper, values, mean)
    weight = inverse(upper)
    log_likelihood_grad(alpha, weight, weight)
    chain_rule(rows, is_categorical, theta, upper, weight, gradient)
    return log_marginal_likelihood(values - mean, alpha, np.diag(upper)), gradient


@jit.loop_in_order
def chain_rule(rows, is_categorical, theta, distances, weight, gradient):
    """Add dL/dθ = Σᵢⱼ[Wᵢⱼ · dKᵢⱼ/dθ] to ``gradient``; only the lower triangle of ``distances`` is read (`factored`)."""
    d = rows.shape[1]
    length_scales, signal, rough = length_scales_of(theta), math.exp(theta[SIGNAL]), math.exp(theta[ROUGH])
    for i in range(len(rows)):
        gradient[SIGNAL] += weight[i, i] * signal
        gradient[ROUGH] += weight[i, i] * rough
        gradient[NOISE] += weight[i, i] * math.exp(theta[NOISE])
        for j in range(i):  # each pair of different points counts twice
            factor, r = 2.0 * weight[i, j], distances[i, j]
            gradient[SIGNAL] += factor * signal * matern52(r)
            gradient[ROUGH] += factor * rough * matern52(FINER * r)
            factor *= rough_kernel_grad_over_r(r, signal, rough)
            for k in range(d):
                gradient[k] += factor * (difference(rows[i, k], rows[j, k], is_categorical[k]) / length_scales[k]) ** 2


# BFGS ----------------------------------------------------------------------------------------------------------------


def fit_hyperparameters(
    rows: np.ndarray, values: np.ndarray, is_categorical: np.ndarray, theta: np.ndarray,
    prior_mean: np.ndarray, prior_std: np.ndarray, evaluations: int,
) -> tuple[np.ndarray, float]:
    """Maximise the log likelihood plus the log prior, starting at θ; returns as `maximise`."""

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_likelihood_and_grad(rows, values, is_categorical, theta, 0.0)
        return value + log_prior(theta, prior_mean, prior_std), gradient + log_prior_grad(theta, prior_mean, prior_std)

    return maximise(objective, theta, evaluations)


def maximise(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]], theta: np.ndarray, evaluations: int,
) -> tuple[np.ndarray, float]:
    """Maximise a function that returns its value and gradient: BFGS (Nocedal and Wright 2006, algorithm 6.1).

    The inverse Hessian starts as a multiple of the identity that makes the first step no longer than 1. A step that
    does not increase the value by 1e-4 of what the gradient predicts is shortened (Armijo's condition). At most
    ``evaluations`` values are computed. Returns the best θ and the value there.
    """
    value, gradient = objective(theta)
    inverse_hessian, fresh, used = _first_inverse_hessian(gradient), True, 1  # fresh: without any curvature
    while used < evaluations and math.isfinite(value):
        step = _step(inverse_hessian, gradient)
        predicted = float((step * gradient).sum())
        share, accepted = 1.0, False
        while predicted > TOLERANCE and used < evaluations and share > 1e-3 and not accepted:
            new_theta = theta + share * step
            new_value, new_gradient = objective(new_theta)
            used += 1
            accepted = new_value >= value + 1e-4 * share * predicted
            share *= 0.3
        if accepted:
            inverse_hessian = _bfgs_update(inverse_hessian, new_theta - theta, gradient - new_gradient)
            theta, value, gradient, fresh = new_theta, new_value, new_gradient, False
        elif fresh:  # not even the gradient's own direction increases the value
            break
        else:
            inverse_hessian, fresh = _first_inverse_hessian(gradient), True
    return theta, value


def _first_inverse_hessian(gradient: np.ndarray) -> np.ndarray:
    """A multiple of the identity, since no curvature is known yet."""
    return np.eye(len(gradient)) / max(1.0, float(np.abs(gradient).max()))


def _step(inverse_hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The quasi-Newton step, limited to 2 in each parameter."""
    step = (inverse_hessian * gradient).sum(axis=1)
    return step / max(1.0, float(np.abs(step).max()) / 2.0)


def _bfgs_update(inverse_hessian: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """BFGS update of the inverse Hessian of −f, which is minimised, for a step and the change of its gradient.

    Without positive curvature along the step it is left as it is, so that it stays positive definite. Nocedal and
    Wright (2006), "Numerical Optimization", equation 6.17.
    """
    curvature = float((step * change).sum())
    if curvature <= 1e-10 * float((change * change).sum()):
        return inverse_hessian
    image = (inverse_hessian * change).sum(axis=1)
    gain = (1.0 + float((change * image).sum()) / curvature) / curvature
    cross = image[:, None] * step
    return inverse_hessian + gain * (step[:, None] * step) - (cross + cross.T) / curvature
