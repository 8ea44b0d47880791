"""Output warping: a Gaussian process of the logarithm of a study's values, and its marginals in their own units.

A product of effects is a sum on the logarithmic scale, and one value that is far above all others has less influence
there. The decomposition is that of the values themselves and not of their logarithms: the process's median is computed
at quasi-random points of the whole space, as are random functions from its posterior, and a second process, in the
units of the values, interpolates each of them.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.insight.anova_kernel import Quadrature
from scratchtune.insight.gaussian_marginals import (
    Fitted,
    Surrogate,
    covariance,
    fit_parameters,
    interpolate,
    predict,
)
from scratchtune.insight.regression_tree import Axis
from scratchtune.search.cholesky import cholesky, solve_lower
from scratchtune.search.gaussian_process import solve_alpha
from scratchtune.search.sequences import halton_coordinate

SHIFTS = (0.01, 0.03, 0.1)  # how far the logarithm's pole is below the lowest value, in standard deviations
LEAST_GAIN = 3.0  # of the log marginal likelihood, for which a warp is used
POINTS = 256  # at which the second process is fitted
DRAWS = 64
LEAST_VARIANCE = 1e-6  # on the diagonal, so that the covariance of draws has a Cholesky factor


class Warp(NamedTuple):
    """y to (log(sign · y − lowest) − centre) / std; ``sign`` is −1 where the tail of the values is below."""

    sign: float
    lowest: float
    centre: float
    std: float

    def forward(self, values: np.ndarray) -> np.ndarray:
        """[log_warp] of values."""
        return log_warp(self.sign * values, self.lowest, self.centre, self.std)

    def back(self, warped: np.ndarray) -> np.ndarray:
        """The values, from warped ones."""
        return self.sign * log_unwarp(warped, self.lowest, self.centre, self.std)


class Unwarped(NamedTuple):
    """The second process, of (value − centre) / std, and the weights α of random functions, (DRAWS, POINTS)."""

    surrogate: Surrogate
    alphas: np.ndarray
    centre: float
    std: float


def log_warp(values: np.ndarray, lowest: float, centre: float, std: float) -> np.ndarray:
    """Logarithms of the distances of values from a number below them, standardised.

    Formula [log_warp]
        wᵢ = (log(yᵢ − l) − c) / s
    Where
        y: values, (i,), in [1, 3], above l
        l: lowest, scalar, in [-1, 0.5]
        c: centre, scalar, real, the mean of the logarithms
        s: std, scalar, in [0.1, 2], their standard deviation
    Returns
        w, (i,), without a unit.
    Source
        Box and Cox (1964), "An analysis of transformations", section 2: λ = 0 with a shift.
    Example
        >>> log_warp(np.array([2.0]), 1.0, -1.0, 0.5).tolist()
        [2.0]
    """
    return (np.log(values - lowest) - centre) / std


def log_unwarp(warped: np.ndarray, lowest: float, centre: float, std: float) -> np.ndarray:
    """The values whose [log_warp] is given.

    Formula [log_unwarp]
        yᵢ = l + exp(wᵢ · s + c)
    Where
        w: warped, (i,), real; sampled in [-2, 2]
        l: lowest, scalar, real
        c: centre, scalar, in [-1, 1]
        s: std, scalar, in [0.1, 2]
    Returns
        y, (i,), in the units of the values. The median of w becomes the median of y.
    Source
        [log_warp], solved for y.
    Example
        >>> log_unwarp(np.array([2.0]), 1.0, -1.0, 0.5).tolist()
        [2.0]
    """
    return lowest + np.exp(warped * std + centre)


def log_warp_density(values: np.ndarray, lowest: float, std: float) -> float:
    """What a warp adds to the log density of values: the logarithm of its derivative.

    Formula [log_warp_density]
        L = −Σᵢ[log(yᵢ − l)] − #i · log(s)
    Where
        y: values, (i,), in [1, 3], above l
        l: lowest, scalar, in [-1, 0.5]
        s: std, scalar, in [0.1, 2]
    Returns
        L. The log marginal likelihood of the warped values plus L is that of the values, so warps can be compared.
    Source
        Snelson, Rasmussen and Ghahramani (2004), "Warped Gaussian processes", equation 6.
    """
    return -float(np.log(values - lowest).sum()) - len(values) * float(np.log(std))


def warps(values: np.ndarray) -> list[Warp]:
    """Candidates for standardised values (n,): the tail is above where their third moment is positive."""
    sign = 1.0 if float((values**3).sum()) >= 0.0 else -1.0
    found = []
    for shift in SHIFTS:
        lowest = float((sign * values).min()) - shift
        logs = np.log(sign * values - lowest)
        found.append(Warp(sign, lowest, float(logs.mean()), float(logs.std())))
    return found


def best_warp(
    candidates: list[Warp], rows: np.ndarray, values: np.ndarray, fitted: Fitted,
) -> tuple[Warp | None, np.ndarray]:
    """The warp of the highest marginal likelihood, None if that is no warp, and θ; ``fitted`` is without a warp."""
    best: tuple[Warp | None, np.ndarray] = None, fitted.theta
    highest = fitted.likelihood + LEAST_GAIN
    rows, values = rows[fitted.rows], values[fitted.rows]
    for warp in candidates:
        theta, likelihood = fit_parameters(fitted.axes, rows, warp.forward(values), best[1])
        likelihood += log_warp_density(warp.sign * values, warp.lowest, warp.std)
        if likelihood > highest:
            best, highest = (warp, theta), likelihood
    return best


def unwarped(surrogate: Surrogate, warp: Warp, axes: list[Axis], rng: np.random.Generator) -> Unwarped:
    """The second process, fitted to the median of the warped one at quasi-random points."""
    points = _points(axes, surrogate.axes)
    middle = predict(surrogate, points)
    median = warp.back(middle)
    centre, std = float(median.mean()), float(median.std()) or 1.0
    values = (median - centre) / std
    second = interpolate(surrogate.axes, points, values, surrogate.theta)
    drawn = (warp.back(middle + _deviations(surrogate, points, rng)) - centre) / std
    return Unwarped(second, np.array([solve_alpha(second.upper, one, 0.0) for one in drawn]), centre, std)


def _points(axes: list[Axis], lines: list[Quadrature]) -> np.ndarray:
    """Quasi-random points of the whole space, (POINTS, d): of choices and of few values, the nodes themselves."""
    points = np.array([[halton_coordinate(number, j, 0) for j in range(len(axes))] for number in range(POINTS)])
    for j, (axis, line) in enumerate(zip(axes, lines, strict=True)):
        if axis.choices or len(axis.edges):
            ends = np.cumsum(line.weights)[:-1]
            points[:, j] = line.nodes[np.searchsorted(ends, points[:, j], side="right")]
    return points


def _deviations(surrogate: Surrogate, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random functions from the posterior, less its mean, at points, (DRAWS, m)."""
    whitened = covariance(surrogate.axes, surrogate.theta, surrogate.rows, points)
    solve_lower(surrogate.upper, whitened)
    plain = covariance(surrogate.axes, surrogate.theta, points, points) - whitened.T @ whitened
    added = LEAST_VARIANCE
    while True:
        upper = plain.copy()
        upper[np.diag_indices(len(upper))] += added
        if cholesky(upper):
            return rng.standard_normal((DRAWS, len(upper))) @ np.triu(upper)
        added *= 10.0
