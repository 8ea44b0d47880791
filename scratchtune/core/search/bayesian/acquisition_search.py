"""The search for the point with the highest acquisition; since there are many local maxima, it combines three methods.

The acquisition is computed at many random candidates. The best of these are the starting points of gradient ascent
along the continuous axes. Along steps and choices, which have no gradient, a local search tries the neighbours.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import acquisition_and_partials, feasible_acquisition
from scratchtune.core.search.bayesian.cholesky import solve_lower_vector, solve_upper
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.kernels import (
    ROUGH,
    SIGNAL,
    length_scales_of,
    rough_kernel,
    rough_kernel_grad_over_r,
    scaled_distance,
)
from scratchtune.core.search.bayesian.surrogate import NO_CONSTRAINTS

CANDIDATES, STARTS = 500, 6  # random points, and how many of the best of them gradient ascent starts from
MANY_TRIALS = 120  # with more trials half as many candidates are drawn, since each takes longer
EVALUATIONS = 30  # of the acquisition in one gradient ascent, at most
ROUNDS = 4  # of the local search, at most
RUNNERS_UP = 3  # candidates beside the best one that are returned
MIN_DISTANCE = 0.02  # of two candidates, along the axis where they differ most, as a share of the range


class Goal(NamedTuple):
    """What is maximised: ``ACQUISITIONS[kind]``, plus ``weight`` times the logarithm of the user's prior.

    ``noise`` is the variance of the noise of a value, as the process has it. With ``constraints`` the logarithms of the
    probabilities that they hold are added (`feasible_acquisition`).
    """

    kind: int
    best: float
    kappa: float
    weight: float
    noise: float
    constraints: gp.Process = NO_CONSTRAINTS


class RangePrior(NamedTuple):
    """The user's normal prior of each axis, (d,): its centre, and its precision times `Goal.weight`.

    The precision is 1 / variance, or 0 for an axis without a prior. So ``-0.5 * precision * (x - centre) ** 2`` is the
    logarithm of the prior times its weight, up to a constant.
    """

    centre: np.ndarray
    precision: np.ndarray


class Candidate(NamedTuple):
    """A point that may be proposed: what is maximised there, its row and its params."""

    value: float
    row: np.ndarray
    params: dict[str, Any]


def search(
    encoding: Encoding, process: gp.Process, goal: Goal, taken: set[Any], rng: np.random.Generator,
) -> list[Candidate]:
    """Return the best new points, the best first; any two of them are at least `MIN_DISTANCE` from each other.

    The goal is evaluated at random candidates, the best of which are starts of gradient ascent. A constraint of the
    space is known before a trial, so candidates that violate it are dropped; those of the objective are known only
    after a trial, so the goal has the probability that they hold (``goal.constraints``).
    """
    count = CANDIDATES if len(process.rows) <= MANY_TRIALS else CANDIDATES // 2
    pool = candidates(encoding, process, goal.constraints, rng, count)
    if encoding.space.constraint:
        pool = pool[[encoding.space.allows(encoding.params(row)) for row in pool]]
    values = goal_values(encoding, process, goal, pool)
    maxima = ascended(encoding, process, goal, pool[np.argsort(-values, kind="stable")[:STARTS]])
    if encoding.counts.any():
        maxima, highest = discrete_local_search(encoding, process, goal, maxima)
    else:
        highest = goal_values(encoding, process, goal, maxima)
    pool, values = np.concatenate([maxima, pool]), np.concatenate([highest, values])
    found = new_points(encoding, pool, values, taken)
    return [Candidate(float(values[index]), pool[index], params) for index, params in found]


# What is maximised ---------------------------------------------------------------------------------------------------


def goal_values(encoding: Encoding, process: gp.Process, goal: Goal, points: np.ndarray) -> np.ndarray:
    """What is maximised, (m,), at each row of ``points`` (m, d)."""
    means, variances = gp.predict(process, points)
    values = feasible_acquisition(acquisition_values(means, variances, goal), log_feasible(goal.constraints, points))
    return values + goal.weight * encoding.log_prior(points) if encoding.has_prior else values


def log_feasible(constraints: gp.Process, points: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities, (k, m), that each of the constraints holds at each row of ``points`` (m, d)."""
    of_each = [of_constraint(constraints, k) for k in range(len(constraints.theta))]
    found = [acquisition_values(*gp.predict(process, points), goal) for process, goal in of_each]
    return np.reshape(found, (len(of_each), len(points)))


@jit.loop_in_order
def of_constraint(constraints, k):
    """The process of constraint k, and the goal that is the logarithm of the probability that the constraint holds."""
    rows, values, is_categorical, theta, mean, upper, alpha = constraints
    return (gp.Process(rows, values[k], is_categorical, theta[k], mean[k], upper[k], alpha[k]),
            Goal(kind=1, best=0.0, kappa=0.0, weight=0.0, noise=0.0, constraints=constraints))


@jit.loop_in_order
def acquisition_values(means, variances, goal):
    """Return the acquisition alone, from posterior means and variances (m,)."""
    out = np.empty(len(means))
    for i in range(len(means)):
        std = math.sqrt(variances[i])
        out[i] = acquisition_and_partials(goal.kind, means[i], std, goal.best, goal.kappa, goal.noise)[0]
    return out


@jit.loop_in_order
def acquisition_and_grad(process, goal, prior, point):
    """Return the value of what is maximised at one point (d,), and its gradient (d,).

    The value is the acquisition plus the logarithm of the user's prior times its weight, for the priors of ranges. The
    gradient is only valid along axes without choices.

    Let c be the covariances of the point with the n rows, m the prior mean, K the covariance matrix of the rows' values
    with noise, s and t the variances of the kernel's smooth and rough part. With α = inv(K) @ (y − m) and
    β = inv(K) @ c, the posterior mean and variance are m + c · α and s + t − c · β. So the gradient of the mean is
    Σᵢ αᵢ · dcᵢ/dx, and that of the standard deviation is −Σᵢ βᵢ · dcᵢ/dx / std. The kernel's gradient is
    dcᵢ/dxⱼ = −hᵢ · (xⱼ − xᵢⱼ) / ℓⱼ², with hᵢ from [rough_kernel_grad_over_r].
    """
    n, d = process.rows.shape
    theta = process.theta
    length_scales, signal, rough = length_scales_of(theta), math.exp(theta[SIGNAL]), math.exp(theta[ROUGH])
    distances, whitened, beta = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        distances[i] = scaled_distance(process.rows[i], point, process.is_categorical, length_scales)
        whitened[i] = rough_kernel(distances[i], signal, rough)  # c; solve_lower_vector turns it into inv(Uᵀ) @ c
    mean = gp.posterior_mean(process.mean, whitened, process.alpha)
    solve_lower_vector(process.upper, whitened)
    variance = max(gp.posterior_variance(signal + rough, whitened), 1e-12 * (signal + rough))
    for i in range(n):
        beta[i] = whitened[i]  # solve_upper turns it into inv(U) @ inv(Uᵀ) @ c, which is β, as K = Uᵀ @ U
    solve_upper(process.upper, beta)
    std = math.sqrt(variance)
    value, by_mean, by_std = acquisition_and_partials(goal.kind, mean, std, goal.best, goal.kappa, goal.noise)
    gradient = np.zeros(d)
    for i in range(n):  # the derivative by cᵢ, times dcᵢ/dx; the division by ℓ² follows below
        by_covariance = by_mean * process.alpha[i] - by_std / std * beta[i]
        factor = by_covariance * -rough_kernel_grad_over_r(distances[i], signal, rough)
        for j in range(d):
            gradient[j] += factor * (point[j] - process.rows[i, j])
    for j in range(d):  # the prior's logarithm times its weight is −precision · (x − centre)² / 2
        gradient[j] = gradient[j] / length_scales[j] ** 2 - prior.precision[j] * (point[j] - prior.centre[j])
        value -= 0.5 * prior.precision[j] * (point[j] - prior.centre[j]) ** 2
    return value, gradient


# Gradient ascent -----------------------------------------------------------------------------------------------------


def ascended(encoding: Encoding, process: gp.Process, goal: Goal, starts: np.ndarray) -> np.ndarray:
    """Return the rows, (m, d), at which gradient ascent from ``starts`` ends, moved to points of the space."""
    ends = np.ascontiguousarray(starts)
    if encoding.continuous.any() and len(ends):
        free = np.where(encoding.active(ends) & encoding.continuous, 1.0, 0.0)
        centre, precision = encoding.prior()
        gradient_ascent(process, goal, RangePrior(centre, goal.weight * precision), free, ends, EVALUATIONS)
    return encoding.snapped(ends)


@jit.loop_in_order
def gradient_ascent(process, goal, prior, free, points, evaluations):
    """Gradient ascent from each row of ``points`` (m, d), in place, along the axes where ``free`` (m, d) is 1.

    The step size is that of Barzilai and Borwein (1988), with each axis in units of its length scale. A step that
    increases the value by less than 1e-4 of what the gradient predicts is shortened. Points stay in the unit cube.
    """
    d = points.shape[1]
    scale, precision, trial = np.empty(d), np.empty(d), np.empty(d)
    no_prior = RangePrior(prior.centre, np.zeros(d))
    for k in range(len(points)):
        point = points[k]
        for j in range(d):
            scale[j] = min(math.exp(2.0 * process.theta[j]), 1.0) * free[k, j]
            precision[j] = prior.precision[j] * free[k, j]
            trial[j] = point[j]
        value, gradient, predicted, rate = -np.inf, np.zeros(d), 0.0, 0.0
        for used in range(evaluations):
            new_value, new_gradient = acquisition_and_grad(process, goal, RangePrior(prior.centre, precision), trial)
            for c in range(len(goal.constraints.theta)):
                constraint, probability = of_constraint(goal.constraints, c)
                more, added = acquisition_and_grad(constraint, probability, no_prior, trial)
                new_value += more
                for j in range(d):
                    new_gradient[j] += added[j]
            accepted = used == 0 or new_value >= value + 1e-4 * predicted
            if used == 0:
                rate = first_rate(new_gradient, scale)
            elif accepted:
                rate = barzilai_borwein(point, trial, gradient, new_gradient, scale, rate)
            else:
                rate *= 0.25
            if accepted:
                value, gradient = new_value, new_gradient
                for j in range(d):
                    point[j] = trial[j]
            predicted = take_step(point, gradient, rate, scale, trial)
            if predicted < 1e-9:
                break


@jit.function_in_order
def first_rate(gradient, scale):
    """Return the step size with which the first step is 0.1 long, in units of the length scales."""
    largest = 0.0
    for j in range(len(scale)):
        largest = max(largest, abs(gradient[j]) * math.sqrt(scale[j]))
    return 0.1 / max(largest, 1e-300)


@jit.function_in_order
def barzilai_borwein(point, new_point, gradient, new_gradient, scale, rate):
    """The step size sᵀ s / sᵀ z, with step s and change z of the negative gradient; 4 times the last if sᵀ z <= 0."""
    length, curvature = 0.0, 0.0
    for j in range(len(scale)):
        if scale[j] > 0.0:
            length += (new_point[j] - point[j]) ** 2 / scale[j]
            curvature -= (new_point[j] - point[j]) * (new_gradient[j] - gradient[j])
    return length / curvature if curvature > 1e-300 else 4.0 * rate


@jit.function_in_order
def take_step(point, gradient, rate, scale, trial):
    """Write the next point to ``trial``, within the unit cube; return the increase that the gradient predicts."""
    predicted = 0.0
    for j in range(len(scale)):
        if scale[j] > 0.0:
            trial[j] = min(max(point[j] + rate * scale[j] * gradient[j], 0.0), 1.0)
        predicted += (trial[j] - point[j]) * gradient[j]
    return predicted


# Candidates and neighbours -------------------------------------------------------------------------------------------


def candidates(
    encoding: Encoding, process: gp.Process, constraints: gp.Process, rng: np.random.Generator, m: int,
) -> np.ndarray:
    """Random rows, (m, d): half are uniform, half around the five seen with the lowest means, if probably feasible."""
    d = len(encoding.parameters)
    uniform = encoding.from_unit(rng.random((m // 2, d)))
    losses = gp.means_at_rows(process) - log_feasible(constraints, process.rows).sum(axis=0)
    order = np.argsort(losses, kind="stable")[:5]
    near = process.rows[order[np.arange(m - m // 2) % len(order)]].copy()
    spread = 0.3 ** rng.integers(1, 4, (len(near), 1))  # standard deviation 0.3, 0.09 or 0.027
    near = near + spread * rng.standard_normal(near.shape) * (encoding.is_categorical == 0.0)
    other = encoding.from_unit(rng.random(near.shape))
    swapped = (rng.random(near.shape) < 1.0 / d) & (encoding.counts > 0)  # steps and choices are drawn again
    near = np.where(swapped, other, near)
    return np.concatenate([uniform, encoding.snapped(near)])


def discrete_local_search(
    encoding: Encoding, process: gp.Process, goal: Goal, maxima: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Move each row to its best neighbour in steps and choices, then by gradient ascent; return the rows, their values.

    A row near an earlier one is dropped, one without a better neighbour stays. At most `ROUNDS`, until none moves.
    """
    kept: list[int] = []
    for i, row in enumerate(maxima):
        if all(np.abs(row - maxima[other]).max() >= MIN_DISTANCE for other in kept):
            kept.append(i)
    maxima = maxima[kept]
    values = goal_values(encoding, process, goal, maxima)
    improving = list(range(len(maxima)))
    for _ in range(ROUNDS):
        around = encoding.neighbours(maxima[improving])
        ends = np.cumsum([len(rows) for rows in around]).tolist()
        neighbours = goal_values(encoding, process, goal, np.concatenate([*around, maxima[:0]]))
        starts = {}
        for i, rows, end in zip(improving, around, ends, strict=True):
            own = neighbours[end - len(rows) : end]
            if len(own) and own.max() > values[i]:
                starts[i] = rows[int(np.argmax(own))]
        if not starts:
            break
        reached = ascended(encoding, process, goal, np.array(list(starts.values())))
        found = goal_values(encoding, process, goal, reached).tolist()
        for i, row, value in zip(starts, reached, found, strict=True):
            if value > values[i]:
                maxima[i], values[i] = row, value
        improving = list(starts)
    return maxima, values


def new_points(
    encoding: Encoding, pool: np.ndarray, values: np.ndarray, taken: set[Any],
) -> list[tuple[int, dict[str, Any]]]:
    """Return indices and params of the best rows that are new, allowed and `MIN_DISTANCE` from each other."""
    found: list[tuple[int, dict[str, Any]]] = []
    checked = set()
    for index in np.argsort(-values, kind="stable").tolist():
        row = pool[index]
        if row.tobytes() in checked or any(np.abs(row - pool[other]).max() < MIN_DISTANCE for other, _ in found):
            continue
        checked.add(row.tobytes())
        params = encoding.params(row)
        if encoding.space.key(params) not in taken and encoding.space.allows(params):
            found.append((index, params))
            if len(found) > RUNNERS_UP:
                break
    return found
