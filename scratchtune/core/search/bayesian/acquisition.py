"""An acquisition function says how much a point is worth trying, given the posterior mean and std there.

Values are losses, so smaller is better; acquisitions are maximised. ``best`` is the lowest value so far, ``std`` a
standard deviation. Where an improvement is very improbable, the plain formulas underflow to 0 and have no gradient. So
expected improvement and probability of improvement are computed as logarithms, which are finite and have a gradient.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import jit
from scratchtune.core.search.normal import (
    TAIL,
    log_normal_cdf,
    log_normal_cdf_grad,
    log_normal_pdf,
    normal_cdf,
    normal_pdf,
    tail_ratios,
)

# Expected improvement ------------------------------------------------------------------------------------------------


@jit.function_in_order
def expected_improvement(mean, std, best):
    """Expected improvement: how far the value will be below ``best`` on average, where a worse value counts as 0.

    Formula [expected_improvement]
        z = (b − μ) / s ; a = s · (z · Φ(z) + φ(z))
    Where
        μ: mean, scalar, real; sampled in [-1, 1]
        s: std, scalar, > 0; sampled in [0.125, 4], the standard deviation
        b: best, scalar, real; sampled in [-1, 1], the lowest value so far
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
    z = (best - mean) / std
    return std * np.exp(log_improvement(z))


@jit.function_in_order
def log_improvement(z):
    """Logarithm of the expected improvement of a value with standard deviation 1 whose mean is z below the best.

    Formula [log_improvement]
        l = log(z · Φ(z) + φ(z))
    Computed as
        log φ(z) + log r₀ + log r₁ for z <= −4, where r₀ = Φ/φ and r₁ = (z · Φ + φ)/Φ are continued fractions in −z
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        l, finite for every finite z whose square is; about −z² / 2 − 2 · log|z| far to the left.
    Variant
        Ament et al. have log1mexp and erfcx instead of the continued fractions.
    Source
        Ament et al. (2023), equations 9 and 10; NIST Handbook of Mathematical Functions, 7.9 and 7.18.
    """
    if z > TAIL:
        return np.log(z * normal_cdf(z) + normal_pdf(z))
    first, second = tail_ratios(-z)
    return log_normal_pdf(z) + np.log(first) + np.log(second)


@jit.function_in_order
def log_improvement_grad(z):
    """Gradient of [log_improvement].

    Formula [log_improvement_grad]
        g = Φ(z) / (z · Φ(z) + φ(z))
    Computed as
        1 / r₁ for z <= −4
    Gradient of
        [log_improvement] in z
    Where
        z: z, scalar, real; sampled in [-20, 20]
    Returns
        g, > 0; about −z far to the left, where the mean is far above the best value.
    Source
        [log_improvement], differentiated: the gradient of z · Φ(z) + φ(z) is Φ(z).
    """
    if z > TAIL:
        return normal_cdf(z) / (z * normal_cdf(z) + normal_pdf(z))
    return 1.0 / tail_ratios(-z)[1]


@jit.function_in_order
def log_expected_improvement(mean, std, best):
    """Logarithm of [expected_improvement].

    Formula [log_expected_improvement]
        z = (b − μ) / s ; a = log(s · (z · Φ(z) + φ(z)))
    Where
        μ: mean, scalar, real; sampled in [-1, 1]
        s: std, scalar, > 0; sampled in [0.125, 4]
        b: best, scalar, real; sampled in [-1, 1]
    Returns
        a; larger is better.
    Source
        Ament et al. (2023), equation 8.
    """
    return np.log(std) + log_improvement((best - mean) / std)


@jit.function_in_order
def log_expected_improvement_grad(mean, std, best):
    """Gradient of [log_expected_improvement] in the mean; the one in std is (1 − z · g(z)) / s.

    Formula [log_expected_improvement_grad]
        z = (b − μ) / s ; g = −(Φ(z) / (z · Φ(z) + φ(z))) / s
    Gradient of
        [log_expected_improvement] in mean
    Where
        μ: mean, scalar, real; sampled in [-1, 1]
        s: std, scalar, > 0; sampled in [0.125, 4]
        b: best, scalar, real; sampled in [-1, 1]
    Returns
        g, < 0.
    Source
        [log_improvement_grad] and the chain rule.
    """
    return -log_improvement_grad((best - mean) / std) / std


# With noise ----------------------------------------------------------------------------------------------------------


@jit.function_in_order
def updated_mean_std(std, noise):
    """Standard deviation of the posterior mean that a point will have when it has been evaluated once more.

    Formula [updated_mean_std]
        u = s² / √(s² + ν)
    Where
        s: std, scalar, > 0; sampled in [0.125, 4], posterior standard deviation of the function, without noise
        ν: noise, scalar, >= 0; sampled in [0, 2], variance of the noise of a single value
    Returns
        u, at most s: without noise s itself, and the smaller, the less a noisy value says about the function.
    Variant
        Expected improvement with u for s, and with the lowest posterior mean for b, is the expected quantile
        improvement of the quantile 0.5. Higher quantiles add a multiple of √(ν · s² / (s² + ν)) to the mean.
    Source
        Picheny, Ginsbourger, Richet and Caplin (2013), "Quantile-based optimization of noisy computer experiments with
        tunable precision", expected quantile improvement.
    Example
        >>> float(updated_mean_std(3.0, 16.0))
        1.8
    """
    return std * std / np.sqrt(std * std + noise)


@jit.function_in_order
def updated_mean_std_grad(std, noise):
    """Gradient of [updated_mean_std] in the standard deviation.

    Formula [updated_mean_std_grad]
        g = s · (s² + 2 · ν) / (s² + ν)^1.5
    Gradient of
        [updated_mean_std] in std
    Where
        s: std, scalar, > 0; sampled in [0.125, 4]
        ν: noise, scalar, >= 0; sampled in [0, 2]
    Returns
        g, > 0; 1 without noise.
    Source
        [updated_mean_std], differentiated.
    """
    total = std * std + noise
    return std * (total + noise) / (total * np.sqrt(total))


# Probability of improvement ------------------------------------------------------------------------------------------


@jit.function_in_order
def log_probability_of_improvement(mean, std, best):
    """Logarithm of the probability that the value will be below ``best``.

    Formula [log_probability_of_improvement]
        a = log(Φ((b − μ) / s))
    Computed as
        [log_normal_cdf] of (b − μ) / s
    Where
        μ: mean, scalar, real; sampled in [-1, 1]
        s: std, scalar, > 0; sampled in [0.125, 4]
        b: best, scalar, real; sampled in [-1, 1], the value to improve on
    Returns
        a, < 0.
    Variant
        With b the lowest value seen it prefers certain, tiny improvements; so a margin is subtracted from b. With a
        constraint's mean and std, and 0 for b, it is the logarithm of the probability that the constraint holds.
    Source
        Kushner (1964); Jones (2001), section 5.
    """
    return log_normal_cdf((best - mean) / std)


def feasible_acquisition(acquisitions: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Logarithm of the acquisition at n points, multiplied by the probability that each constraint holds there.

    Formula [feasible_acquisition]
        fₙ = aₙ + Σₖ[p[k, n]]
    Where
        a: acquisitions, (n,), real, logarithms of an acquisition, such as the expected improvement
        p: probabilities, (k, n), <= 0, logarithms of the probabilities that a constraint is at most 0
    Returns
        f; each p is [log_probability_of_improvement] of the constraint's process, with its limit as the best value.
    Source
        Gardner et al. (2014), "Bayesian optimization with inequality constraints", equations 4 and 5.
    Example
        >>> feasible_acquisition(np.array([-1.0]), np.array([[-0.5], [-0.25]])).tolist()
        [-1.75]
    """
    return acquisitions + np.sum(probabilities, axis=0)


# Confidence bound ----------------------------------------------------------------------------------------------------


@jit.function_in_order
def confidence_bound(mean, std, kappa):
    """Lower confidence bound, mean − kappa · std, with its sign reversed so that larger is better.

    Formula [confidence_bound]
        a = κ · s − μ
    Where
        μ: mean, scalar, real
        s: std, scalar, >= 0
        κ: kappa, scalar, >= 0, a larger one explores more
    Returns
        a; larger is better.
    Variant
        Texts that maximise have μ + κ · s; minimising the lower bound μ − κ · s is the same thing.
    Source
        Srinivas et al. (2010), equation 6.
    Example
        >>> confidence_bound(1.0, 0.5, 2.0)
        0.0
    """
    return kappa * std - mean


# One of the three, by its index --------------------------------------------------------------------------------------

ACQUISITIONS = ("log_ei", "pi", "lcb")


@jit.loop_in_order
def acquisition_and_partials(kind, mean, std, best, kappa, noise):
    """Value of ``ACQUISITIONS[kind]``, and its partial derivatives in the mean and in the standard deviation.

    ``noise`` is the variance of the noise of a value, which the expected improvement allows for.
    """
    if kind == 0:  # log_ei
        updated = updated_mean_std(std, noise)
        z = (best - mean) / updated
        gradient = log_improvement_grad(z)
        by_updated = (1.0 - z * gradient) / updated
        return (math.log(updated) + log_improvement(z), -gradient / updated,
                by_updated * updated_mean_std_grad(std, noise))
    z = (best - mean) / std
    if kind == 1:  # pi
        gradient = log_normal_cdf_grad(z)
        return log_normal_cdf(z), -gradient / std, -z * gradient / std
    return confidence_bound(mean, std, kappa), -1.0, kappa
