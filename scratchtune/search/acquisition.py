"""An acquisition is what a point is worth trying, computed from the mean and the deviation that are believed there.

Values are losses, so less is better; acquisitions are maximised. ``best`` is the least value so far. Deep in the tail,
where an improvement is all but impossible, the plain formulas give 0, and nothing shows which way to go: so expected
improvement and its probability are computed as logarithms, which stay finite and have slopes there.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import jit

TAIL = -4.0  # from here down the normal distribution's tail is a continued fraction; above, plain code loses nothing
CENTRE = 0.0  # from here up Φ is near 1, and what it lacks to 1 is what counts
TERMS = 40


# Expected improvement ------------------------------------------------------------------------------------------------


@jit.function_in_order
def expected_improvement(mean, deviation, best):
    """How much less than ``best`` the value will be on average, counting what is no improvement as none.

    Formula [expected_improvement]
        z = (b − μ) / s ; a = s · (z · Φ(z) + φ(z))
    Where
        μ: mean, scalar, in [-1, 1]
        s: deviation, scalar, in [0.125, 4], above 0
        b: best, scalar, in [-1, 1], the least value so far
    Returns
        a, >= 0, in the units of the values.
    Variant
        Texts that maximise have z = (μ − b) / s.
    Source
        Jones, Schonlau and Welch (1998), equation 15.
    Example
        >>> round(float(expected_improvement(0.0, 1.0, 0.0)), 12)
        0.398942280401
    """
    z = (best - mean) / deviation
    return deviation * np.exp(log_improvement(z))


@jit.function_in_order
def log_improvement(z):
    """Logarithm of the expected improvement of a value with deviation 1 whose mean is z below the best one.

    Formula [log_improvement]
        l = log(z · Φ(z) + φ(z))
    Computed as
        log φ(z) + log r₀ + log r₁ for z <= −4, where r₀ = Φ/φ and r₁ = (z · Φ + φ)/Φ are continued fractions in −z
    Where
        z: z, scalar, in [-20, 20]
    Returns
        l, finite for every finite z whose square is; about −z² / 2 − 2 · log|z| far to the left.
    Variant
        Ament et al. have log1mexp and erfcx instead of the continued fractions.
    Source
        Ament et al. (2023), equations 9 and 10; NIST Handbook of Mathematical Functions, 7.9 and 7.18.
    """
    if z > TAIL:
        return np.log(z * normal_below(z) + normal_density(z))
    first, second = tail_ratios(-z)
    return log_normal_density(z) + np.log(first) + np.log(second)


@jit.function_in_order
def log_improvement_grad(z):
    """Slope of [log_improvement]: the further the best value is out of reach, the more a lower mean helps.

    Formula [log_improvement_grad]
        g = Φ(z) / (z · Φ(z) + φ(z))
    Computed as
        1 / r₁ for z <= −4
    Gradient of
        [log_improvement] in z
    Where
        z: z, scalar, in [-20, 20]
    Returns
        g, > 0; about −z far to the left.
    Source
        [log_improvement], differentiated: the slope of z · Φ(z) + φ(z) is Φ(z).
    """
    if z > TAIL:
        return normal_below(z) / (z * normal_below(z) + normal_density(z))
    return 1.0 / tail_ratios(-z)[1]


@jit.function_in_order
def log_expected_improvement(mean, deviation, best):
    """Logarithm of [expected_improvement].

    Formula [log_expected_improvement]
        z = (b − μ) / s ; a = log(s · (z · Φ(z) + φ(z)))
    Where
        μ: mean, scalar, in [-1, 1]
        s: deviation, scalar, in [0.125, 4]
        b: best, scalar, in [-1, 1]
    Returns
        a, the larger the better.
    Source
        Ament et al. (2023), equation 8.
    """
    return np.log(deviation) + log_improvement((best - mean) / deviation)


@jit.function_in_order
def log_expected_improvement_grad(mean, deviation, best):
    """Gradient of [log_expected_improvement] in the mean; the one in the deviation is (1 − z · g(z)) / s.

    Formula [log_expected_improvement_grad]
        z = (b − μ) / s ; g = −(Φ(z) / (z · Φ(z) + φ(z))) / s
    Gradient of
        [log_expected_improvement] in mean
    Where
        μ: mean, scalar, in [-1, 1]
        s: deviation, scalar, in [0.125, 4]
        b: best, scalar, in [-1, 1]
    Returns
        g, < 0.
    Source
        [log_improvement_grad] and the chain rule.
    """
    return -log_improvement_grad((best - mean) / deviation) / deviation


# Probability of improvement ------------------------------------------------------------------------------------------


@jit.function_in_order
def log_probability(z):
    """Logarithm of the normal distribution: of how probable an improvement is when the mean is z deviations below best.

    Formula [log_normal_below]
        l = log(Φ(z))
    Computed as
        log φ(z) + log r₀ for z <= −4, where r₀ = Φ/φ is a continued fraction in −z
    Where
        z: z, scalar, in [-20, 20]
    Returns
        l, < 0.
    Source
        NIST Handbook of Mathematical Functions, 7.9.
    """
    if z > CENTRE:
        return np.log1p(-normal_below(-z))
    if z > TAIL:
        return np.log(normal_below(z))
    return log_normal_density(z) + np.log(tail_ratios(-z)[0])


@jit.function_in_order
def log_probability_grad(z):
    """Slope of [log_normal_below].

    Formula [log_normal_below_grad]
        g = φ(z) / Φ(z)
    Computed as
        1 / r₀ for z <= −4
    Gradient of
        [log_normal_below] in z
    Where
        z: z, scalar, in [-20, 20]
    Returns
        g, > 0.
    Source
        [log_normal_below], differentiated.
    """
    if z > TAIL:
        return normal_density(z) / normal_below(z)
    return 1.0 / tail_ratios(-z)[0]


@jit.function_in_order
def log_probability_of_improvement(mean, deviation, best):
    """Logarithm of the probability that the value will be below ``best``.

    Formula [log_probability_of_improvement]
        a = log(Φ((b − μ) / s))
    Where
        μ: mean, scalar, in [-1, 1]
        s: deviation, scalar, in [0.125, 4]
        b: best, scalar, in [-1, 1], to be passed by
    Returns
        a, < 0.
    Variant
        With b the least value seen it prefers certain, tiny improvements; so a margin is taken off b.
    Source
        Kushner (1964); Jones (2001), section 5.
    """
    return log_probability((best - mean) / deviation)


# Confidence bound ----------------------------------------------------------------------------------------------------


@jit.function_in_order
def confidence_bound(mean, deviation, kappa):
    """How low the value may well be: the mean less kappa deviations, with the sign turned so that more is better.

    Formula [confidence_bound]
        a = κ · s − μ
    Where
        μ: mean, scalar, real
        s: deviation, scalar, >= 0
        κ: kappa, scalar, >= 0, how optimistic
    Returns
        a, the larger the better.
    Variant
        Texts that maximise have μ + κ · s; minimising the lower bound μ − κ · s is the same thing.
    Source
        Srinivas et al. (2010), equation 6.
    Example
        >>> confidence_bound(1.0, 0.5, 2.0)
        0.0
    """
    return kappa * deviation - mean


# The normal distribution ---------------------------------------------------------------------------------------------


@jit.function_in_order
def normal_density(z):
    """Density of the standard normal distribution.

    Formula [normal_density]
        p = φ(z)
    Where
        z: z, scalar, in [-20, 20]
    Returns
        p, at most 0.3989.
    Source
        exp(−z² / 2) / √(2 · π), by Gauss.
    """
    return np.exp(log_normal_density(z))


@jit.function_in_order
def log_normal_density(z):
    """Logarithm of [normal_density].

    Formula [log_normal_density]
        l = −z² / 2 − log(2 · π) / 2
    Where
        z: z, scalar, in [-20, 20]
    Returns
        l, at most −0.9189.
    Source
        [normal_density].
    """
    return -z * z / 2.0 - 0.5 * np.log(2.0 * np.pi)


@jit.function_in_order
def normal_below(z):
    """Probability that a standard normal number is below z.

    Formula [normal_below]
        p = Φ(z)
    Computed as
        erfc(−z / √2) / 2, which keeps its digits for negative z
    Where
        z: z, scalar, in [-20, 20]
    Returns
        p, in [0, 1].
    Source
        NIST Handbook of Mathematical Functions, 7.1.
    """
    return 0.5 * math.erfc(-z * np.sqrt(0.5))


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


# One of the three, by its number -------------------------------------------------------------------------------------

ACQUISITIONS = ("log_ei", "pi", "bound")


@jit.loop_in_order
def acquired(kind, mean, deviation, best, kappa):
    """Value of acquisition number ``kind``, and its slopes in the mean and in the deviation."""
    z = (best - mean) / deviation
    if kind == 0:
        slope = log_improvement_grad(z)
        return math.log(deviation) + log_improvement(z), -slope / deviation, (1.0 - z * slope) / deviation
    if kind == 1:
        slope = log_probability_grad(z)
        return log_probability(z), -slope / deviation, -z * slope / deviation
    return confidence_bound(mean, deviation, kappa), -1.0, kappa
