"""Random functions from a Gaussian process's posterior, and the shares of the variance of each, for intervals.

A zero-mean kernel of one axis is Σₘ[λₘ · φₘ(x) · φₘ(x')] with functions φ that are orthonormal on the axis (Mercer's
theorem). So a main effect has coefficients, an interaction of two axes has a matrix of them, and the sum of their
squares is its variance (Parseval). A draw from the prior has independent normal coefficients; it becomes one from the
posterior when the kernel, weighted by inv(K) @ (values − draw at the rows − noise), is added (Matheron's rule).

Interactions of three parameters are drawn at the rows only; in the total variance they count as in the posterior mean.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np

from scratchtune.insight.anova_kernel import (
    BASE,
    Kernel,
    Quadrature,
    anova_covariance,
    effect_covariance,
    kernel_of,
    node_covariance,
)
from scratchtune.insight.gaussian_marginals import LEAST_NOISE, Surrogate, at_nodes, sums_over_axes, variance_of_triples
from scratchtune.insight.variance_decomposition import Shares
from scratchtune.search.cholesky import cholesky, solve_lower, solve_upper

DRAWS = 64
MOST_FUNCTIONS = 10  # of an axis
LEAST_EIGENVALUE = 1e-6  # of an axis whose eigenvalues sum to its variance
LEAST_VARIANCE = 1e-5  # of a pair that is drawn, in units of the variance of the values, before the values are seen


class Features(NamedTuple):
    """The functions of an axis: √λ · φ at the rows, (n, m), and √λ, (m,), with λ scaled by the axis's variance."""

    at_rows: np.ndarray
    scales: np.ndarray


def coefficients(prior: np.ndarray, features: np.ndarray, weights: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Coefficients of one effect in a draw from the posterior, in functions that are orthonormal on the axis.

    Formula [posterior_coefficients]
        cⱼ = lⱼ · (βⱼ + Σᵢ[Fᵢⱼ · rᵢ])
    Where
        β: prior, (j,), real, standard normal numbers
        F: features, (i, j), real, √λⱼ · φⱼ at row i
        r: weights, (i,), real, inv(K) @ (values − prior draw at the rows − noise)
        l: scales, (j,), >= 0, √λⱼ
    Returns
        c, (j,); Σⱼ[cⱼ²] is the variance of the effect.
    Source
        Wilson, Borovitskiy, Terenin, Mostowsky and Deisenroth (2020), "Efficiently sampling functions from Gaussian
        process posteriors", eq. 12.
    Example
        >>> coefficients(np.array([1.0]), np.array([[2.0], [0.0]]), np.array([3.0, 5.0]), np.array([0.5])).tolist()
        [3.5]
    """
    return scales * (prior + weights @ features)


def draw_shares(surrogate: Surrogate, rng: np.random.Generator) -> list[Shares]:
    """Shares of the variance of functions from the posterior, DRAWS of them."""
    kernel = kernel_of(surrogate.theta)
    axes = [_features(line, kernel, j, surrogate.rows[:, j]) for j, line in enumerate(surrogate.axes)]
    pairs = [(j, k) for j, k in combinations(range(len(axes)), 2)
             if kernel.pair * kernel.variances[j] * kernel.variances[k] > LEAST_VARIANCE]
    first = [rng.standard_normal((DRAWS, len(axis.scales))) for axis in axes]
    second = {(j, k): rng.standard_normal((DRAWS, len(axes[j].scales), len(axes[k].scales))) for j, k in pairs}
    at_rows = _rest(surrogate, kernel, rng)
    for axis, prior in zip(axes, first, strict=True):
        at_rows += prior @ axis.at_rows.T
    for (j, k), both in second.items():
        at_rows += math.sqrt(kernel.pair) * np.einsum("sim,im->si", axes[j].at_rows @ both, axes[k].at_rows)
    weights = _solved(surrogate.upper, surrogate.values - at_rows)
    main = np.array([(coefficients(prior, axis.at_rows, weights, axis.scales) ** 2).sum(axis=1)
                     for axis, prior in zip(axes, first, strict=True)])
    variances = {(j, k): _pair_variance(axes[j], axes[k], both, weights, kernel.pair)
                 for (j, k), both in second.items()}
    total = main.sum(axis=0) + sum(variances.values()) + variance_of_triples(surrogate, at_nodes(surrogate))
    zero = np.zeros(DRAWS)
    return [Shares(main[:, s] / total[s], {pair: float(variances.get(pair, zero)[s] / total[s])
                                           for pair in combinations(range(len(axes)), 2)}) for s in range(DRAWS)]


def _features(line: Quadrature, kernel: Kernel, j: int, points: np.ndarray) -> Features:
    """The functions of axis j with the largest eigenvalues: eigenvectors at the nodes, extended to the points."""
    length_scale, root = float(kernel.length_scales[j]), np.sqrt(line.weights)
    among = root[:, None] * effect_covariance(line, length_scale, line.nodes, line.nodes) * root
    eigenvalues, vectors = np.linalg.eigh((among + among.T) / 2.0)
    kept = np.flatnonzero(eigenvalues > LEAST_EIGENVALUE)[::-1][:MOST_FUNCTIONS]
    scales = np.sqrt(eigenvalues[kept])
    at_points = node_covariance(line, length_scale, points) @ (root[:, None] * vectors[:, kept]) / scales
    size = math.sqrt(kernel.variances[j])
    return Features(size * at_points, size * scales)


def _rest(surrogate: Surrogate, kernel: Kernel, rng: np.random.Generator) -> np.ndarray:
    """Draws at the rows, (DRAWS, n), of what has no coefficients: the constant, triples and the noise."""
    sums = sums_over_axes(surrogate.axes, surrogate.theta, surrogate.rows, surrogate.rows)
    upper = anova_covariance(BASE, *sums, 0.0, kernel.triple) - sums[0]
    upper[np.diag_indices(len(upper))] += LEAST_NOISE + kernel.noise
    while not cholesky(upper):  # not positive definite by rounding
        upper = anova_covariance(BASE, *sums, 0.0, kernel.triple) - sums[0]
        upper[np.diag_indices(len(upper))] += 1e-6 + kernel.noise
    return rng.standard_normal((DRAWS, len(upper))) @ np.triu(upper)


def _solved(upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return inv(K) @ each row of ``right`` (s, n)."""
    columns = np.ascontiguousarray(right.T)
    solve_lower(upper, columns)
    rows = np.ascontiguousarray(columns.T)
    for row in rows:
        solve_upper(upper, row)
    return rows


def _pair_variance(
    first: Features, second: Features, prior: np.ndarray, weights: np.ndarray, factor: float,
) -> np.ndarray:
    """Variance of one interaction in each draw, (DRAWS,)."""
    products = (first.at_rows[:, :, None] * second.at_rows[:, None, :]).reshape(len(first.at_rows), -1)
    scales = math.sqrt(factor) * np.outer(first.scales, second.scales).ravel()
    found = coefficients(prior.reshape(len(prior), -1), math.sqrt(factor) * products, weights, scales)
    return np.asarray((found**2).sum(axis=1))
