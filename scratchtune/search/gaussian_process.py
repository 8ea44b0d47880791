"""A Gaussian process is a belief about a function: at every point a mean and a deviation, learned from values seen.

Points are rows of places in the unit cube, one column for each parameter (`encoding`). Notation:

    n, d            number of points seen, number of axes
    X     rows      (n, d), the points; where ``overlap`` is 1 an axis holds the number of a choice, in no order
    y     values    (n,), what was found there, about 0 on average and 1 in deviation
    θ     theta     (d + 3,), logarithms of the d lengths ℓ and of the variances s of the signal, t of the roughness and
                    ν of the noise
    K               (n, n), covariance of the values: c(r) between two points (`rough_kernel`), plus ν on the diagonal
    U     upper     (n, n), Cholesky's factor, K = Uᵀ @ U
    α     alpha     (n,), inv(K) @ (y − m), with m the mean far from all points

The signal is what is smooth, and tells something far away; the roughness is what a trial tells of its neighbourhood
alone. Without it a process would take a rugged surface for a noisy one, and believe that the best value was luck.
The lengths say how far along an axis a value tells something of another; an axis that does not matter gets a long one.
All sums are taken in the order in which they are written, so that the same history gives the same suggestion wherever
it is computed again, however many threads there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from scratchtune import jit

FINER = 8.0  # how much shorter the lengths of the rough part are
TOLERANCE = 1e-2  # of the logarithm of the likelihood: what a step must promise to be taken

# The kernel ----------------------------------------------------------------------------------------------------------


@jit.function_in_order
def scaled_distance(a, b, overlap, lengths):
    """Distance between two points, each axis in units of its length; two different choices are one unit apart.

    Formula [scaled_distance]
        r = √(Σⱼ[(((0 if aⱼ = bⱼ else 1) if oⱼ = 1 else aⱼ − bⱼ) / ℓⱼ)²])
    Where
        a: a, (j,), integer in [0, 3], a point (any real number; whole ones here, so that some are equal)
        b: b, (j,), integer in [0, 3], another
        o: overlap, (j,), 0 or 1, 1 on the axes of choices in no order
        ℓ: lengths, (j,), > 0
    Returns
        r, a number >= 0.
    Variant
        One length for all axes is called isotropic; one for each, automatic relevance determination.
    Source
        Rasmussen and Williams (2006), equation 5.1 and section 5.1; Hutter, Hoos and Leyton-Brown (2011), section
        4.1.1, for choices.
    Example
        >>> a, b, overlap = np.array([0.0, 2.0]), np.array([3.0, 1.0]), np.array([0.0, 1.0])
        >>> float(scaled_distance(a, b, overlap, np.array([1.0, 0.25])))
        5.0
    """
    total = 0.0
    for j in range(len(lengths)):
        if overlap[j] == 1.0:
            scaled = (0.0 if a[j] == b[j] else 1.0) / lengths[j]
        else:
            scaled = (a[j] - b[j]) / lengths[j]
        total += scaled * scaled
    return np.sqrt(total)


@jit.function_in_order
def matern52(r):
    """Matérn's kernel with ν = 5/2: how alike the values at a distance r are; its functions have two derivatives.

    Formula [matern52]
        k = (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)
    Where
        r: r, scalar, >= 0, a scaled distance
    Returns
        k, a correlation in (0, 1].
    Source
        Rasmussen and Williams (2006), equation 4.17.
    Example
        >>> float(matern52(0.0))
        1.0
    """
    root = np.sqrt(5.0)
    return (1.0 + root * r + 5.0 / 3.0 * r * r) * np.exp(-root * r)


@jit.function_in_order
def matern52_slope(r):
    """Slope of [matern52] divided by −r, which is smooth at r = 0 too.

    Formula [matern52_slope]
        h = 5 / 3 · (1 + √5 · r) · exp(−√5 · r)
    Where
        r: r, scalar, >= 0
    Returns
        h = −k'(r) / r, a number > 0.
    Source
        [matern52], differentiated.
    """
    root = np.sqrt(5.0)
    return 5.0 / 3.0 * (1.0 + root * r) * np.exp(-root * r)


@jit.function_in_order
def matern52_grad(r):
    """Gradient of Matérn's kernel in the distance.

    Formula [matern52_grad]
        g = −r · (5 / 3 · (1 + √5 · r) · exp(−√5 · r))
    Gradient of
        [matern52] in r
    Where
        r: r, scalar, >= 0
    Returns
        g, a number <= 0.
    Source
        [matern52], differentiated.
    """
    return -r * matern52_slope(r)


@jit.function_in_order
def rough_kernel(r, signal, rough):
    """Covariance of the values at two points: a smooth part, and a rough one that forgets eight times as fast.

    Formula [rough_kernel]
        q = 8 · r ; c = s · (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r) + t · (1 + √5 · q + 5 / 3 · q²) · exp(−√5 · q)
    Where
        r: r, scalar, >= 0, a scaled distance
        s: signal, scalar, > 0, the smooth part's variance
        t: rough, scalar, >= 0, the rough part's variance
    Returns
        c, at most s + t.
    Source
        Sums of kernels: Rasmussen and Williams (2006), section 5.4.3; here both are [matern52].
    """
    return signal * matern52(r) + rough * matern52(FINER * r)


@jit.function_in_order
def rough_kernel_slope(r, signal, rough):
    """Slope of [rough_kernel] divided by −r, which is smooth at r = 0 too.

    Formula [rough_kernel_slope]
        q = 8 · r ; h = 5 / 3 · (s · (1 + √5 · r) · exp(−√5 · r) + t · 8² · (1 + √5 · q) · exp(−√5 · q))
    Where
        r: r, scalar, >= 0
        s: signal, scalar, > 0
        t: rough, scalar, >= 0
    Returns
        h = −c'(r) / r; so dc/dxⱼ = −h · (xⱼ − x'ⱼ) / ℓⱼ² and dc/d(log ℓⱼ) = h · ((xⱼ − x'ⱼ) / ℓⱼ)².
    Source
        [rough_kernel], differentiated.
    """
    return signal * matern52_slope(r) + rough * FINER**2 * matern52_slope(FINER * r)


# Cholesky ------------------------------------------------------------------------------------------------------------


@jit.loop_in_order
def factor(a):
    """Cholesky's factor, in place: on and above the diagonal of ``a`` stands U, Uᵀ @ U = a. False where a has none.

    Row i is what is left of a's row i when the rows above have been taken away: Uᵢᵢ Uᵢⱼ = aᵢⱼ − Σₖ[Uₖᵢ Uₖⱼ], k < i
    (Golub and Van Loan 2013, section 4.2.5). The inner loop runs along rows, four at a time.
    """
    n = a.shape[0]
    for i in range(n):
        row, whole = a[i, i:], i - i % 4
        for k in range(0, whole, 4):
            r0, r1, r2, r3 = a[k, i:], a[k + 1, i:], a[k + 2, i:], a[k + 3, i:]
            f0, f1, f2, f3 = r0[0], r1[0], r2[0], r3[0]
            for j in range(n - i):
                row[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        for k in range(whole, i):
            r0 = a[k, i:]
            f0 = r0[0]
            for j in range(n - i):
                row[j] -= f0 * r0[j]
        if not row[0] > 0.0:
            return False
        scale = 1.0 / math.sqrt(row[0])
        for j in range(n - i):
            row[j] *= scale
    return True


@jit.loop_in_order
def solve_lower(upper, b):
    """Solve Uᵀ @ z = b in place, for the columns of ``b`` (n, m): from the first row down."""
    n, m = b.shape
    for i in range(n):
        row, whole = b[i], i - i % 4
        for k in range(0, whole, 4):
            f0, f1, f2, f3 = upper[k, i], upper[k + 1, i], upper[k + 2, i], upper[k + 3, i]
            r0, r1, r2, r3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(m):
                row[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        for k in range(whole, i):
            f0, r0 = upper[k, i], b[k]
            for j in range(m):
                row[j] -= f0 * r0[j]
        scale = 1.0 / upper[i, i]
        for j in range(m):
            row[j] *= scale


@jit.loop_in_order
def solve_upper(upper, b):
    """Solve U @ x = b in place, for one column ``b`` (n,): from the last row up."""
    for i in range(len(b) - 1, -1, -1):
        b[i] = (b[i] - dot(upper[i, i + 1 :], b[i + 1 :])) / upper[i, i]


@jit.function_in_order
def dot(a, b):
    """Σ aᵢ · bᵢ in eight sums, of every eighth product each, that are added at the end: a vector of the processor."""
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = len(a) - len(a) % 8
    for i in range(0, whole, 8):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
        s4 += a[i + 4] * b[i + 4]
        s5 += a[i + 5] * b[i + 5]
        s6 += a[i + 6] * b[i + 6]
        s7 += a[i + 7] * b[i + 7]
    for i in range(whole, len(a)):
        s0 += a[i] * b[i]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


# The posterior -------------------------------------------------------------------------------------------------------


@jit.function_in_order
def posterior_mean(mean, covariances, alpha):
    """Mean of the belief at a point: each value seen pulls at it, as far as it covaries with it.

    Formula [posterior_mean]
        μ = m + Σᵢ[cᵢ · αᵢ]
    Where
        m: mean, scalar, real, what is believed far from all points
        c: covariances, (i,), real, of the point with the points seen, without noise
        α: alpha, (i,), real, inv(K) @ (y − m)
    Returns
        μ, in the units of the values.
    Source
        Rasmussen and Williams (2006), algorithm 2.1, line 4.
    """
    return mean + dot(covariances, alpha)


@jit.function_in_order
def posterior_variance(signal, whitened):
    """Variance of the belief at a point: the prior's, less what the points seen tell; never above the prior's.

    Formula [posterior_variance]
        v = s − Σᵢ[wᵢ²]
    Where
        s: signal, scalar, > 0, the prior's variance: of the smooth and the rough part together
        w: whitened, (i,), real, the solution of Uᵀ @ w = c, with c the covariances with the points seen
    Returns
        v, of the function itself, without the noise of a value.
    Source
        Rasmussen and Williams (2006), algorithm 2.1, lines 5 and 6.
    """
    return signal - dot(whitened, whitened)


def log_marginal_likelihood(values: np.ndarray, alpha: np.ndarray, diagonal: np.ndarray) -> float:
    """Logarithm of how likely the values were under the kernel: a good fit counts for it, a flexible kernel against it.

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


def likelihood_grad(alpha: np.ndarray, precision: np.ndarray, out: np.ndarray) -> None:
    """Slopes of [log_marginal_likelihood] in the entries of the covariance, taken as independent of each other.

    Formula [likelihood_grad]
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


def log_prior(theta: np.ndarray, centre: np.ndarray, width: np.ndarray) -> float:
    """Logarithm of a normal density for each parameter, without its constant: the belief before any value is seen.

    Formula [log_parameter_prior]
        L = −0.5 · Σⱼ[((θⱼ − cⱼ) / wⱼ)²]
    Where
        θ: theta, (j,), real, logarithms of the kernel's parameters
        c: centre, (j,), real
        w: width, (j,), > 0, standard deviations
    Returns
        L, to be added to [log_marginal_likelihood]; so each parameter has a log-normal prior.
    Source
        Hvarfner, Hellsten and Nardi (2024), section 4, for the lengths.
    """
    return -0.5 * float((((theta - centre) / width) ** 2).sum())


def log_prior_grad(theta: np.ndarray, centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Gradient of the logarithm of the parameters' prior.

    Formula [log_parameter_prior_grad]
        gⱼ = (cⱼ − θⱼ) / wⱼ²
    Gradient of
        [log_parameter_prior] in theta
    Where
        θ: theta, (j,), real
        c: centre, (j,), real
        w: width, (j,), > 0
    Returns
        g, (j,).
    Source
        [log_parameter_prior], differentiated.
    """
    return (centre - theta) / width**2


# All of it for one set of points -------------------------------------------------------------------------------------


@jit.loop_in_order
def covariance(a, b, overlap, theta):
    """Covariances of the function at the points ``a`` (n, d) with those at ``b`` (m, d), (n, m)."""
    d = a.shape[1]
    lengths, signal, rough = lengths_of(theta), math.exp(theta[d]), math.exp(theta[d + 1])
    out = np.empty((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            out[i, j] = rough_kernel(scaled_distance(a[i], b[j], overlap, lengths), signal, rough)
    return out


@jit.loop_in_order
def factored(rows, overlap, theta):
    """Cholesky's factor of K for some θ, in the upper triangle; False where rounding leaves none.

    Below the diagonal stand the scaled distances, since the place is free.
    """
    d, n = rows.shape[1], len(rows)
    lengths, signal, rough = lengths_of(theta), math.exp(theta[d]), math.exp(theta[d + 1])
    upper = np.empty((n, n))
    for i in range(n):
        upper[i, i] = signal + rough + math.exp(theta[d + 2])
        for j in range(i + 1, n):
            upper[j, i] = scaled_distance(rows[i], rows[j], overlap, lengths)
            upper[i, j] = rough_kernel(upper[j, i], signal, rough)
    return factor(upper), upper


def weights(upper: np.ndarray, values: np.ndarray, mean: float) -> np.ndarray:
    """α = inv(K) @ (y − m)."""
    alpha = values - mean
    solve_lower(upper, alpha[:, None])
    solve_upper(upper, alpha)
    return alpha


@jit.loop_in_order
def inverse(upper):
    """inv(K) = inv(U) @ inv(U)ᵀ, from the factor; only its lower triangle is computed, the rest mirrors it."""
    n = len(upper)
    lower = np.zeros((n, n))
    for i in range(n):
        lower[i, i] = 1.0
    solve_lower(upper, lower)
    out = np.zeros((n, n))
    for k in range(n):  # the outer product of row k of inv(Uᵀ), which ends at k
        row = lower[k]
        for i in range(k + 1):
            target, scale = out[i], row[i]
            for j in range(i + 1):
                target[j] += scale * row[j]
    for i in range(n):
        for j in range(i):
            out[j, i] = out[i, j]
    return out


def likelihood(
    rows: np.ndarray, values: np.ndarray, overlap: np.ndarray, theta: np.ndarray, mean: float,
) -> tuple[float, np.ndarray]:
    """[log_marginal_likelihood] of the values and its gradient in θ, (d + 3,); minus infinity where K has no factor."""
    possible, upper = factored(rows, overlap, theta)
    slopes = np.zeros(len(theta))
    if not possible:
        return -math.inf, slopes
    alpha = weights(upper, values, mean)
    weight = inverse(upper)
    likelihood_grad(alpha, weight, weight)
    chain_rule(rows, overlap, theta, upper, weight, slopes)
    return log_marginal_likelihood(values - mean, alpha, np.diag(upper)), slopes


@jit.loop_in_order
def chain_rule(rows, overlap, theta, distances, weight, slopes):
    """Write dL/dθ = Σᵢⱼ[Wᵢⱼ · dKᵢⱼ/dθ]; each pair of different points counts twice."""
    d = rows.shape[1]
    lengths, signal, rough = lengths_of(theta), math.exp(theta[d]), math.exp(theta[d + 1])
    for i in range(len(rows)):
        slopes[d] += weight[i, i] * signal
        slopes[d + 1] += weight[i, i] * rough
        slopes[d + 2] += weight[i, i] * math.exp(theta[d + 2])
        for j in range(i):
            pull, r = 2.0 * weight[i, j], distances[i, j]
            slopes[d] += pull * signal * matern52(r)
            slopes[d + 1] += pull * rough * matern52(FINER * r)
            pull *= rough_kernel_slope(r, signal, rough)
            for k in range(d):
                slopes[k] += pull * (difference(rows[i, k], rows[j, k], overlap[k]) / lengths[k]) ** 2


@jit.function_in_order
def lengths_of(theta):
    """The lengths, (d,), from θ."""
    lengths = np.empty(len(theta) - 3)
    for j in range(len(lengths)):
        lengths[j] = math.exp(theta[j])
    return lengths


@jit.function_in_order
def difference(a, b, overlap):
    """How far two points are apart along one axis."""
    if overlap == 1.0:
        return 0.0 if a == b else 1.0
    return a - b


# Learning the kernel's parameters ------------------------------------------------------------------------------------


def learn(
    rows: np.ndarray, values: np.ndarray, overlap: np.ndarray, theta: np.ndarray, centre: np.ndarray,
    width: np.ndarray, evaluations: int,
) -> tuple[np.ndarray, float]:
    """Climb from θ to a maximum of likelihood times prior: BFGS (Nocedal and Wright 2006, algorithm 6.1), maximising.

    The inverse Hessian starts as a multiple of the identity that makes the first step no longer than 1; a step that
    does not climb by a ten-thousandth of what its slope promises is shortened. Returns the best θ and its value.
    """

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = likelihood(rows, values, overlap, theta, 0.0)
        return value + log_prior(theta, centre, width), slopes + log_prior_grad(theta, centre, width)

    value, slopes = objective(theta)
    hessian, fresh, used = _first_hessian(slopes), True, 1
    while used < evaluations and math.isfinite(value):
        step = _step(hessian, slopes)
        promise = float((step * slopes).sum())
        share, climbed = 1.0, False
        while promise > TOLERANCE and used < evaluations and share > 1e-3 and not climbed:
            new_theta = theta + share * step
            new_value, new_slopes = objective(new_theta)
            used += 1
            climbed = new_value >= value + 1e-4 * share * promise
            share *= 0.3
        if climbed:
            hessian = _updated(hessian, new_theta - theta, slopes - new_slopes)
            theta, value, slopes, fresh = new_theta, new_value, new_slopes, False
        elif fresh:
            break
        else:
            hessian, fresh = _first_hessian(slopes), True
    return theta, value


def _first_hessian(slopes: np.ndarray) -> np.ndarray:
    """No curvature known yet: a multiple of the identity."""
    return np.eye(len(slopes)) / max(1.0, float(np.abs(slopes).max()))


def _step(hessian: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """The quasi-Newton step, at most 2 in any parameter."""
    step = (hessian * slopes).sum(axis=1)
    return step / max(1.0, float(np.abs(step).max()) / 2.0)


def _updated(hessian: np.ndarray, moved: np.ndarray, bent: np.ndarray) -> np.ndarray:
    """The BFGS update of the inverse Hessian for a step and the change of the slope along it (Nocedal, eq. 6.17)."""
    curvature = float((moved * bent).sum())
    if curvature <= 1e-10 * float((bent * bent).sum()):
        return hessian
    image = (hessian * bent).sum(axis=1)
    gain = (1.0 + float((bent * image).sum()) / curvature) / curvature
    cross = image[:, None] * moved
    return hessian + gain * (moved[:, None] * moved) - (cross + cross.T) / curvature


# A fitted process ----------------------------------------------------------------------------------------------------


class Process(NamedTuple):
    """A Gaussian process that has seen values: all that the functions below need, as plain arrays."""

    rows: np.ndarray
    values: np.ndarray
    overlap: np.ndarray
    theta: np.ndarray
    mean: float
    upper: np.ndarray
    alpha: np.ndarray


def condition(
    rows: np.ndarray, values: np.ndarray, overlap: np.ndarray, theta: np.ndarray, mean: float = 0.0,
) -> Process:
    """The process with parameters θ that has seen ``values`` at ``rows``; noise is added until K has a factor."""
    theta = theta.copy()
    while True:
        possible, upper = factored(rows, overlap, theta)
        if possible:
            return Process(rows, values, overlap, theta, mean, upper, weights(upper, values, mean))
        theta[-1] = max(theta[-1], theta[-3] - 30.0) + math.log(10.0)


@jit.loop_in_order
def believe(rows, overlap, theta, mean, upper, alpha, points):
    """Mean and variance of the belief at each of some points (m, d): two arrays (m,)."""
    d, m = rows.shape[1], len(points)
    total = math.exp(theta[d]) + math.exp(theta[d + 1])
    means, variances = np.empty(m), np.empty(m)
    for start in range(0, m, 64):  # so that what is worked on stays near the processor
        block = covariance(rows, points[start : start + 64], overlap, theta)
        across, inside = np.empty(block.T.shape), np.empty(block.T.shape)
        across[:] = block.T  # a copy, which np.ascontiguousarray need not be: a single point's block is solved in place
        solve_lower(upper, block)
        inside[:] = block.T
        for i in range(len(across)):
            means[start + i] = posterior_mean(mean, across[i], alpha)
            variances[start + i] = max(posterior_variance(total, inside[i]), 1e-12 * total)
    return means, variances


def predict(process: Process, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the function itself at some rows."""
    p = process
    return believe(p.rows, p.overlap, p.theta, p.mean, p.upper, p.alpha, np.ascontiguousarray(points))
