"""A Gaussian process fitted to trials, and the exact marginals of its posterior mean.

The posterior mean is a sum over the trials, of weights α times the kernel. The kernel is that of `anova_kernel`, a sum
of main effects and interactions. So the mean over all other parameters is the same sum with one axis's zero-mean kernel
alone, and the variance of the posterior mean is decomposed without sampling. All parts of the space count equally,
also those with few trials. A searcher that concentrates on good values changes how well a part of the space is known,
but not how much it counts.

Notation as in `gaussian_process` and `anova_kernel`. The parameters θ maximise the marginal likelihood times a prior.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from scratchtune.insight.anova_kernel import (
    BASE,
    Quadrature,
    anova_covariance,
    anova_covariance_grad,
    centring,
    distances,
    effect_covariance,
    kernel_of,
    node_covariance,
    quadrature,
)
from scratchtune.insight.regression_tree import Axis
from scratchtune.insight.variance_decomposition import Shares, marginal_variance
from scratchtune.search.cholesky import cholesky, inverse
from scratchtune.search.fitting import (
    log_likelihood_grad,
    log_marginal_likelihood,
    log_prior,
    log_prior_grad,
    maximise,
)
from scratchtune.search.gaussian_process import solve_alpha

EVALUATIONS = 60  # of the likelihood, at most
LENGTH_STEP = 1e-5  # of the difference quotient in the logarithm of a length scale
LEAST_NOISE = 1e-8  # in units of the variance of the values
LARGEST_FIT = 600_000  # n² d of the rows by which θ is fitted
MOST_FITTED = 200  # rows

# Medians and standard deviations of the logarithms of θ: length scale, variance, pair, triple, noise.
PRIOR = ((0.5, 1.0), (0.3, 2.0), (0.5, 2.0), (0.5, 2.0), (1e-4, 3.0))


class Surrogate(NamedTuple):
    """A Gaussian process on rows (n, d) and values (n,): its axes, θ, K's Cholesky factor, and α = inv(K) @ values."""

    axes: list[Quadrature]
    rows: np.ndarray
    values: np.ndarray
    theta: np.ndarray
    upper: np.ndarray
    alpha: np.ndarray


def gaussian_marginal(alpha: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Marginal of one parameter: the mean of the posterior mean over all others, at each node, minus its mean m.

    Formula [gaussian_marginal]
        aᵢ = Σₖ[αₖ · cₖᵢ]
    Where
        α: alpha, (k,), real, inv(K) @ y
        c: covariance, (k, i), real, zero-mean covariance of each row with each node, times the axis's variance
    Returns
        a, (i,), in the units of the values; the mean m over the whole space is not in it.
    Source
        Durrande, Ginsbourger, Roustant and Carraro (2013), section 4.
    Example
        >>> gaussian_marginal(np.array([1.0, -2.0]), np.array([[0.5, 1.0], [0.0, 0.25]])).tolist()
        [0.5, 0.5]
    """
    return alpha @ covariance


def gaussian_interaction(alpha: np.ndarray, first: np.ndarray, second: np.ndarray, factor: float) -> np.ndarray:
    """Interaction of two parameters: their common marginal minus both single marginals and m, at pairs of nodes.

    Formula [gaussian_interaction]
        aᵢⱼ = p · Σₖ[αₖ · cₖᵢ · dₖⱼ]
    Where
        α: alpha, (k,), real, inv(K) @ y
        c: first, (k, i), real, of the first axis, as in [gaussian_marginal]
        d: second, (k, j), real, of the second axis
        p: factor, scalar, >= 0, the kernel's factor of pairs
    Returns
        a, (i, j), in the units of the values; its mean over either axis is 0.
    Source
        Durrande, Ginsbourger, Roustant and Carraro (2013), section 4.
    Example
        >>> gaussian_interaction(np.array([2.0]), np.array([[1.0, 3.0]]), np.array([[0.5]]), 1.0).tolist()
        [[1.0], [3.0]]
    """
    return factor * ((first * alpha[:, None]).T @ second)


# Fitting -------------------------------------------------------------------------------------------------------------


def fit(rows: np.ndarray, values: np.ndarray, axes: list[Axis], rng: np.random.Generator) -> Surrogate:
    """Fit a Gaussian process to standardised values (n,) at rows (n, d) without NaN.

    θ is fitted by at most 200 random rows, with each of the two kernels; the one with the higher likelihood is used.
    """
    d = rows.shape[1]
    few = min(len(rows), MOST_FITTED, max(int(math.sqrt(LARGEST_FIT / d)), 40))
    chosen = np.sort(rng.permutation(len(rows))[:few])
    best: tuple[float, list[Quadrature], np.ndarray] | None = None
    for is_smooth in (False, True):
        lines = [quadrature(axis, is_smooth) for axis in axes]
        likelihood = Likelihood(lines, rows[chosen], values[chosen])
        theta, value = maximise(likelihood.posterior, prior(d)[0], EVALUATIONS)
        if best is None or value > best[0]:
            best = value, lines, theta
    assert best is not None
    return condition(best[1], rows, values, best[2])


def prior(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of θ (2 d + 3,)."""
    counts = [d, d, 1, 1, 1]
    return (np.repeat([math.log(median) for median, _ in PRIOR], counts),
            np.repeat([std for _, std in PRIOR], counts))


def condition(lines: list[Quadrature], rows: np.ndarray, values: np.ndarray, theta: np.ndarray) -> Surrogate:
    """Condition the process with parameters θ on values; increase the noise until K has a Cholesky factor."""
    theta, plain = theta.copy(), covariance(lines, theta, rows, rows)
    while True:
        upper = plain.copy()
        upper[np.diag_indices(len(upper))] += LEAST_NOISE + math.exp(theta[-1])
        if cholesky(upper):
            return Surrogate(lines, rows, values, theta, upper, solve_alpha(upper, values, 0.0))
        theta[-1] = max(theta[-1], math.log(LEAST_NOISE)) + math.log(10.0)


def covariance(lines: list[Quadrature], theta: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Covariances of the function at rows a (n, d) with those at rows b (m, d), (n, m)."""
    kernel = kernel_of(theta)
    return anova_covariance(BASE, *sums_over_axes(lines, theta, a, b), kernel.pair, kernel.triple)


def sums_over_axes(
    lines: list[Quadrature], theta: np.ndarray, a: np.ndarray, b: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over the axes of z, z² and z³, (n, m) each, between rows a (n, d) and b (m, d)."""
    kernel = kernel_of(theta)
    return _power_sums(kernel.variances[j] * effect_covariance(line, float(kernel.length_scales[j]), a[:, j], b[:, j])
                       for j, line in enumerate(lines))


def _power_sums(covariances: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of matrices, of their squares and of their cubes, entry by entry."""
    first = second = third = np.zeros(())
    for z in covariances:
        square = z * z
        first, second, third = first + z, second + square, third + square * z
    return first, second, third


class Likelihood:
    """The marginal likelihood of values (n,) at rows (n, d) and its gradient in θ."""

    def __init__(self, lines: list[Quadrature], rows: np.ndarray, values: np.ndarray) -> None:
        self.lines, self.rows, self.values = lines, rows, values
        self.upper = np.triu_indices(len(rows))
        self.distances = [distances(line, column[self.upper[0]], column[self.upper[1]])
                          for line, column in zip(lines, rows.T, strict=True)]

    def posterior(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Logarithm of likelihood times prior, and its gradient (2 d + 3,); −inf if K has no Cholesky factor."""
        kernel, n, (centre, std) = kernel_of(theta), len(self.rows), prior(len(self.lines))
        z = np.array([variance * self._effect(j, float(length)) for j, (length, variance) in
                      enumerate(zip(kernel.length_scales, kernel.variances, strict=True))])
        sums = _power_sums(z)
        upper = np.zeros((n, n))
        upper[self.upper] = anova_covariance(BASE, *sums, kernel.pair, kernel.triple)
        upper[np.diag_indices(n)] += LEAST_NOISE + kernel.noise
        if not cholesky(upper):
            return -math.inf, np.zeros(len(theta))
        alpha = solve_alpha(upper, self.values, 0.0)
        value = log_marginal_likelihood(self.values, alpha, np.diag(upper)) + log_prior(theta, centre, std)
        weight = inverse(upper)
        log_likelihood_grad(alpha, weight, weight)
        gradient = self._chain_rule(theta, z, sums, weight)
        return value, gradient + log_prior_grad(theta, centre, std)

    def _effect(self, j: int, length_scale: float) -> np.ndarray:
        """The zero-mean kernel of axis j at the pairs of rows on and above the diagonal."""
        centred = centring(self.lines[j], length_scale)
        means = centred.means_of(self.rows[:, j])
        return centred.effect(self.distances[j], means[self.upper[0]], means[self.upper[1]])

    def _chain_rule(
        self, theta: np.ndarray, z: np.ndarray, sums: tuple[np.ndarray, np.ndarray, np.ndarray], weight: np.ndarray,
    ) -> np.ndarray:
        """Gradient in θ from that in the entries of K; each pair of different rows counts twice.

        K depends on a length scale by one axis's kernel alone, so a difference quotient costs one more such kernel.
        """
        kernel, d = kernel_of(theta), len(z)
        doubled = np.where(self.upper[0] == self.upper[1], 1.0, 2.0) * weight[self.upper]
        gradient = np.zeros(len(theta))
        for j in range(d):
            outer = doubled * anova_covariance_grad(z[j], sums[0], sums[1], kernel.pair, kernel.triple)
            moved = kernel.variances[j] * self._effect(j, float(kernel.length_scales[j]) * math.exp(LENGTH_STEP))
            gradient[j] = (outer * (moved - z[j])).sum() / LENGTH_STEP
            gradient[d + j] = (outer * z[j]).sum()
        for k, factors in enumerate(((1.0, 0.0), (0.0, 1.0))):
            gradient[2 * d + k] = (doubled * (anova_covariance(0.0, *sums, factors[0], factors[1]) - sums[0])).sum()
        gradient[2 * d : 2 * d + 2] *= kernel.pair, kernel.triple
        gradient[-1] = kernel.noise * np.trace(weight)
        return gradient


# What is known afterwards --------------------------------------------------------------------------------------------


def predict(surrogate: Surrogate, rows: np.ndarray) -> np.ndarray:
    """Posterior mean at rows (m, d), (m,)."""
    return covariance(surrogate.axes, surrogate.theta, rows, surrogate.rows) @ surrogate.alpha


def at_nodes(surrogate: Surrogate) -> list[np.ndarray]:
    """Covariances of the rows with the nodes of each axis, (n, q), times the axis's variance."""
    kernel = kernel_of(surrogate.theta)
    return [kernel.variances[j] * node_covariance(line, float(kernel.length_scales[j]), surrogate.rows[:, j])
            for j, line in enumerate(surrogate.axes)]


def decompose_gaussian(surrogate: Surrogate) -> Shares:
    """Decompose the variance of the posterior mean over the whole space; all shares are 0 where it is constant."""
    kernel, covariances, alpha = kernel_of(surrogate.theta), at_nodes(surrogate), surrogate.alpha
    weights, axes = [line.weights for line in surrogate.axes], range(len(covariances))
    main = np.array([marginal_variance(gaussian_marginal(alpha, covariances[j]), weights[j]) for j in axes])
    pairs = {}
    for j, k in combinations(axes, 2):
        interaction = gaussian_interaction(alpha, covariances[j], covariances[k], kernel.pair)
        pairs[j, k] = float(weights[j] @ interaction**2 @ weights[k])
    total = float(main.sum()) + sum(pairs.values()) + variance_of_triples(surrogate, covariances)
    if not total > 0.0:
        return Shares(np.zeros(len(main)), dict.fromkeys(pairs, 0.0))
    return Shares(main / total, {pair: variance / total for pair, variance in pairs.items()})


def variance_of_triples(surrogate: Surrogate, covariances: list[np.ndarray]) -> float:
    """Variance of all interactions of three parameters."""
    sums = _power_sums((here * line.weights) @ here.T for line, here in zip(surrogate.axes, covariances, strict=True))
    triples = anova_covariance(0.0, *sums, 0.0, kernel_of(surrogate.theta).triple ** 2) - sums[0]
    return max(float((surrogate.alpha * (triples @ surrogate.alpha)).sum()), 0.0)


def held_out_errors(surrogate: Surrogate, folds: list[np.ndarray]) -> np.ndarray:
    """Errors (n,) of the rows of each fold, as predicted without them; θ is not fitted again.

    They are inv(P_FF) @ α_F, with P = inv(K) and F the rows of a fold (Rasmussen and Williams 2006, section 5.4.2, for
    folds of one row).
    """
    precision, errors = inverse(surrogate.upper), np.empty(len(surrogate.alpha))
    for fold in folds:
        errors[fold] = np.linalg.solve(precision[np.ix_(fold, fold)], surrogate.alpha[fold])
    return errors
