"""Random numbers in kernels are functions of a key and a counter: without state, a step always draws the same numbers.

Dropout's mask and the order of the rows depend on (seed, step): a training is resumed or repeated bit for bit.

Implements section 8.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import jit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1, _MULTIPLY_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_ONE, _UNUSED_BITS = np.uint64(1), np.uint64(11)
_LN2, _SQRT2 = math.log(2.0), math.sqrt(2.0)
_ARTANH = tuple(2.0 / n for n in range(21, 0, -2))  # the last term is below 1e-17
# the first term that is left out is below 3e-16 in the first quarter of a turn
_SINE = tuple((-1) ** (n // 2) * (2.0 * math.pi) ** n / math.factorial(n) for n in range(19, 0, -2))


@jit.function
def random_bits(key, counter):
    """64 random bits, uint64: number ``counter`` of the generator SplitMix64 with the state ``key``, both uint64.

    Source
        Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators", figure 17.
    """
    z = jit.wrapped_sum(key, jit.wrapped_product(jit.wrapped_sum(counter, _ONE), _GOLDEN))
    z = jit.wrapped_product(z ^ (z >> _SHIFT_1), _MULTIPLY_1)
    z = jit.wrapped_product(z ^ (z >> _SHIFT_2), _MULTIPLY_2)
    return z ^ (z >> _SHIFT_3)


@jit.function
def uniform(bits):
    """A uniform random number in [0, 1) from the upper 53 of 64 random bits, the precision of a float64.

    Formula [uniform]
        u = floor(b / 2^11) / 2^53
    Where
        b: bits, scalar, uint64
    Returns
        u, float64 in [0, 1).
    Source
        Vigna, "xoshiro / xoroshiro generators and the PRNG shootout", generating uniform doubles.
    """
    return np.float64(bits >> _UNUSED_BITS) * (1.0 / 9007199254740992.0)


@jit.function
def log_of_fraction(x):
    """Logarithm of a number in (0, 1], without a branch, so that the compiler can vectorise it.

    Formula [log_of_fraction]
        y = log(x)
    Computed as
        k · log(2) + 2 · (s + s³ / 3 + s⁵ / 5 + ... + s^21 / 21) with x = 2^k · m, s = (m − 1) / (m + 1), 1/√2 < m <= √2
    Where
        x: x, scalar, in (0, 1], a normal float64
    Source
        log(m) = 2 · artanh(s), by its series; k and m are read from the number's bits.
    Example
        >>> float(log_of_fraction(1.0)), round(float(log_of_fraction(0.25)), 4)
        (0.0, -1.3863)
    """
    bits = np.float64(x).view(np.int64)
    k = (bits >> 52) - 1023.0
    m = np.int64((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    k, m = (k + 1.0, 0.5 * m) if m > _SQRT2 else (k, m)
    s = (m - 1.0) / (m + 1.0)
    p = _ARTANH[0]
    for coefficient in _ARTANH[1:]:
        p = p * (s * s) + coefficient
    return k * _LN2 + s * p


@jit.function
def cosine_of_turn(v):
    """Cosine of a fraction of a full turn, without a branch, so that the compiler can vectorise it.

    Formula [cosine_of_turn]
        y = cos(2 · π · v)
    Computed as
        sin(2 · π · w) with w = |v − 1/2| − 1/4, by Taylor's polynomial of degree 19
    Where
        v: v, scalar, in [0, 1], the fraction
    Source
        Taylor's polynomial.
    Example
        >>> [round(float(cosine_of_turn(v)), 12) for v in (0.0, 0.25, 0.5)]
        [1.0, 0.0, -1.0]
    """
    w = abs(v - 0.5) - 0.25
    p = _SINE[0]
    for coefficient in _SINE[1:]:
        p = p * (w * w) + coefficient
    return w * p


@jit.function
def normal(u, v):
    """A standard normal random number from two uniform random numbers: the Box-Muller transform.

    Formula [normal]
        z = √(−2 · log(1 − u)) · cos(2 · π · v)
    Where
        u: u, scalar, in [0, 1), a uniform random number
        v: v, scalar, in [0, 1), another one
    Returns
        z; from numbers of 53 bits, |z| is at most 8.6, which a normal number exceeds with a probability of 10^-17.
    Variant
        The sine of the same angle gives a second number; it is not used, so that a number depends on its index alone.
    Source
        Box and Muller (1958), "A note on the generation of random normal deviates".
    Example
        >>> round(float(normal(1.0 - np.exp(-2.0), 0.0)), 12)
        2.0
    """
    return np.sqrt(-2.0 * log_of_fraction(1.0 - u)) * cosine_of_turn(v)


@jit.function
def shuffle(order, key):
    """Write 0, 1, ..., n - 1 to ``order`` (n,) int64 in random order: the Fisher-Yates shuffle.

    The partner of each swap is uniform, but for relative errors of about n · 2^-53. The same key gives the same order.

    Source
        Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm P.
    """
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        j = int(uniform(random_bits(key, np.uint64(i))) * (i + 1))
        order[i], order[j] = order[j], order[i]
