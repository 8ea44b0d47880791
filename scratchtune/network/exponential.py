"""The exponential of numbers <= 0, which is all that activations need, in a form that the compiler vectorises.

So are exp(x) − 1, without the cancellation where x is near 0, and the hyperbolic tangent that is computed from it.

The C library computes one exponential at a time; vector instructions compute 8 or 16 at once.

Implements section 8.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import jit

_ZERO_BELOW = -1e4
_LOG2_E = math.log2(math.e)
_LN2_HIGH = 0.693359375  # only a few bits of log(2), so that k times it is exact ...
_LN2_LOW = -2.1219444005469057e-4  # ... and the rest of log(2)
_TAYLOR = tuple(1.0 / math.factorial(n) for n in range(13, -1, -1))  # the last term is below 2e-16
_TAYLOR_EXPM1 = _TAYLOR[:-1]  # of (exp(r) − 1) / r


@jit.function_in_order
def exp_nonpositive(x):
    """Exponential of a number <= 0; zero where the result would be subnormal.

    Formula [exp_nonpositive]
        y = exp(x)
    Computed as
        2^k · (1 + r + r² / 2! + ... + r^13 / 13!) with x = k · log(2) + r and |r| <= log(2) / 2
    Where
        x: x, scalar, <= 0; sampled in [-80, 0]
    Source
        Cody and Waite (1980), "Software manual for the elementary functions", chapter 6, with Taylor's polynomial.
    Example
        >>> float(exp_nonpositive(0.0)), round(float(exp_nonpositive(-1.0)), 4)
        (1.0, 0.3679)
    """
    x = _ZERO_BELOW if x < _ZERO_BELOW else x  # so that k stays exact; NaN stays NaN
    k = np.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0 * r  # zero in the precision of r
    for coefficient in _TAYLOR:
        p = p * r + coefficient
    return p * jit.power_of_two(k)


@jit.function_in_order
def expm1_nonpositive(x):
    """Exponential of a number <= 0, minus 1, which is as accurate near 0 as elsewhere.

    Formula [expm1_nonpositive]
        y = exp(x) − 1
    Computed as
        2^k · r · (1 + r / 2! + ... + r^12 / 13!) + (2^k − 1) with x = k · log(2) + r and |r| <= log(2) / 2
    Where
        x: x, scalar, <= 0; sampled in [-6, 0]
    Source
        As [exp_nonpositive].
    Example
        >>> float(abs(expm1_nonpositive(0.0))), round(float(expm1_nonpositive(-1.0)), 4)
        (0.0, -0.6321)
    """
    x = _ZERO_BELOW if x < _ZERO_BELOW else x  # so that k stays exact; NaN stays NaN
    k = np.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0 * r  # zero in the precision of r
    for coefficient in _TAYLOR_EXPM1:
        p = p * r + coefficient
    power = jit.power_of_two(k)
    return p * r * power + (power - 1.0)


@jit.function_in_order
def vector_tanh(z):
    """Hyperbolic tangent, in a form that the compiler vectorises.

    Formula [vector_tanh]
        a = tanh(z)
    Computed as
        |e| / (e + 2) with e = exp(−2 · |z|) − 1, with the sign of z
    Where
        z: z, scalar, logits
    Variant
        The C library computes one number at a time, which is more accurate in the last bit.
    Source
        Abramowitz and Stegun (1964), "Handbook of mathematical functions", 4.5.
    Example
        >>> float(abs(vector_tanh(0.0))), round(float(vector_tanh(-1.0)), 4)
        (0.0, -0.7616)
    """
    e = expm1_nonpositive(-2.0 * abs(z))
    a = abs(e) / (e + 2.0)
    return a if z >= 0.0 else -a


@jit.function
def exp_in_place(x):
    """Replace each number of a contiguous array by its exponential, in place; all must be <= 0.

    Formula [exp_in_place]
        x'ₙₖ = exp(xₙₖ)
    Where
        x: x, (n, k), <= 0; sampled in [-80, 0]
    Source
        As [exp_nonpositive].
    """
    flat = x.reshape(x.size)
    for i in range(flat.size):
        flat[i] = exp_nonpositive(flat[i])
