"""The normal distribution: its density and distribution function, their logarithms far in the tail, and truncation.

Far in the lower tail Φ(z) underflows to 0, and so do differences of its values. The logarithms here are finite there,
and so are their gradients: for z <= `TAIL` Φ is computed from a continued fraction. A *truncated* normal distribution
is a normal distribution restricted to the unit interval.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from scratchtune.core import jit

TAIL = -4.0  # Φ is computed from a continued fraction up to here; above it the plain formula keeps its digits
CENTRE = 0.0  # above it log Φ(z) is computed from 1 − Φ(z), since Φ(z) may be near 1
TERMS = 40  # of the continued fraction
_SQRT_HALF = math.sqrt(0.5)
_SQRT_2_PI = math.sqrt(2.0 * math.pi)


# Density and distribution function -----------------------------------------------------------------------------------


@jit.function_in_order
def normal_pdf(z):
    """Density of the standard normal distribution.

    Formula [normal_pdf]
        p = φ(z)
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        p, at most 0.3989.
    Source
        exp(−z² / 2) / √(2 · π), by Gauss.
    """
    return np.exp(log_normal_pdf(z))


@jit.function_in_order
def log_normal_pdf(z):
    """Logarithm of [normal_pdf].

    Formula [log_normal_pdf]
        l = −z² / 2 − log(2 · π) / 2
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        l, at most −0.9189.
    Source
        [normal_pdf].
    """
    return -z * z / 2.0 - 0.5 * np.log(2.0 * np.pi)


@jit.function_in_order
def normal_cdf(z):
    """Probability that a standard normal random number is below z.

    Formula [normal_cdf]
        p = Φ(z)
    Computed as
        erfc(−z / √2) / 2, which keeps its digits for negative z
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        p, in [0, 1].
    Source
        NIST Handbook of Mathematical Functions, 7.1.
    """
    return 0.5 * math.erfc(-z * np.sqrt(0.5))


@jit.function_in_order
def log_normal_cdf(z):
    """Logarithm of [normal_cdf].

    Formula [log_normal_cdf]
        l = log(Φ(z))
    Computed as
        log φ(z) + log r₀ for z <= −4, where r₀ = Φ/φ is a continued fraction in −z
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        l, < 0.
    Source
        NIST Handbook of Mathematical Functions, 7.9.
    """
    if z > CENTRE:
        return np.log1p(-normal_cdf(-z))
    if z > TAIL:
        return np.log(normal_cdf(z))
    return log_normal_pdf(z) + np.log(tail_ratios(-z)[0])


@jit.function_in_order
def log_normal_cdf_grad(z):
    """Gradient of [log_normal_cdf].

    Formula [log_normal_cdf_grad]
        g = φ(z) / Φ(z)
    Computed as
        1 / r₀ for z <= −4
    Gradient of
        [log_normal_cdf] in z
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        g, > 0.
    Source
        [log_normal_cdf], differentiated.
    """
    if z > TAIL:
        return normal_pdf(z) / normal_cdf(z)
    return 1.0 / tail_ratios(-z)[0]


@jit.function_in_order
def tail_ratios(x):
    """r₀ = I₀/φ and r₁ = I₁/I₀ at x >= 4, where I₀ = Φ(−x) and Iₙ is the integral of Iₙ₋₁ from x on.

    Integrating by parts, Iₙ₋₁ = x · Iₙ + (n + 1) · Iₙ₊₁, so rₙ = 1 / (x + (n + 1) · rₙ₊₁): Laplace's continued
    fraction, which is summed from its far end. I₁(x) = φ(x) − x · Φ(−x) is the expected improvement.
    """
    ratio = 1.0 / x
    for n in range(TERMS, 1, -1):
        ratio = 1.0 / (x + n * ratio)
    return 1.0 / (x + ratio), ratio


# Truncated to the unit interval --------------------------------------------------------------------------------------


@jit.function_in_order
def normal_mass(a, b, m, s):
    """Probability that a normal random number is between a and b.

    Formula [normal_mass]
        P = Φ((b − m) / s) − Φ((a − m) / s)
    Where
        a: a, scalar, real; sampled in [0, 0.25]
        b: b, scalar, real; sampled in [0.5, 1], at least a
        m: m, scalar, real; sampled in [0, 1], the mean
        s: s, scalar, > 0; sampled in [0.5, 2], the standard deviation
    Returns
        P, a probability. Between 0 and 1 it is what truncation to the unit interval leaves.
    Variant
        Beyond six standard deviations the difference loses its digits. In a mixture the prior outweighs what is lost.
    Source
        The definition of the cumulative distribution function Φ, by the error function.
    Example
        >>> round(float(normal_mass(0.0, 1.0, 0.5, 0.5)), 6)
        0.682689
    """
    return 0.5 * (math.erf((b - m) / s * _SQRT_HALF) - math.erf((a - m) / s * _SQRT_HALF))


@jit.function_in_order
def log_truncated_normal(u, m, s, mass):
    """Logarithm of the density at u of a normal distribution that is truncated to [0, 1].

    Formula [log_truncated_normal]
        q = −((u − m) / s)² / 2 − log(s · √(2 · π) · P)
    Where
        u: u, scalar, in [0, 1]
        m: m, scalar, real; sampled in [0, 1], the mean before truncation
        s: s, scalar, > 0; sampled in [0.01, 1], the standard deviation before truncation
        P: mass, scalar, in (0, 1]; sampled in (0, 1), [normal_mass] between 0 and 1
    Returns
        q, the logarithm of a density whose integral from 0 to 1 is 1.
    Source
        Bergstra et al. (2011), section 4.2; the truncated normal distribution.
    Example
        >>> round(float(log_truncated_normal(0.5, 0.5, 0.5, 0.6826894921370859)), 6)
        0.155924
    """
    z = (u - m) / s
    return -0.5 * (z * z) - np.log(s * _SQRT_2_PI * mass)


@jit.function_in_order
def log_truncated_normal_cell(cell, mass):
    """Logarithm of the probability of one cell of [0, 1] under a truncated normal distribution.

    Formula [log_truncated_normal_cell]
        q = log(C / P)
    Where
        C: cell, scalar, in (0, 1]; sampled in (0, 1), [normal_mass] between the ends of the cell
        P: mass, scalar, in (0, 1]; sampled in (0, 1), [normal_mass] between 0 and 1
    Returns
        q, the logarithm of a probability; over all cells of a range the probabilities sum to 1.
    Source
        Watanabe (2023), section 3.3.3: the kernel of a discrete parameter.
    Example
        >>> round(float(log_truncated_normal_cell(0.25, 0.5)), 6)
        -0.693147
    """
    return np.log(cell / mass)


def draw_truncated_normals(m: np.ndarray, s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one number from each of n normal distributions that are truncated to [0, 1]; return an array of shape (n,).

    ``m`` and ``s`` are the means and standard deviations before truncation. A number outside [0, 1] is drawn again.
    """
    drawn = rng.normal(m, s)
    while True:
        outside = np.flatnonzero((drawn < 0.0) | (drawn > 1.0))
        if not len(outside):
            return drawn
        drawn[outside] = rng.normal(m[outside], s[outside])


def truncated_normal_quantile(u: float, m: float, s: float) -> float:
    """Quantile u of a truncated normal distribution: a random number is below it with probability u.

    >>> truncated_normal_quantile(0.5, 0.5, 0.2)
    0.5
    """
    normal = NormalDist(m, s)
    below, above = normal.cdf(0.0), normal.cdf(1.0)
    share = min(max(below + u * (above - below), 1e-300), 1.0 - 2.0**-53)
    return min(max(normal.inv_cdf(share), 0.0), 1.0)
