"""Random numbers in kernels are functions of a key and a counter: no state, so the same step always draws the same.

A generator with a state would have to be handed from step to step, and from thread to thread. Here dropout's mask and
the order of the rows depend on (seed, step) alone: a training can be interrupted, resumed or repeated, bit for bit.
"""

from __future__ import annotations

import numpy as np

from scratchtune import jit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1, _MULTIPLY_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_ONE, _DROP = np.uint64(1), np.uint64(11)


@jit.function
def random_bits(key, counter):
    """64 random bits: what the generator SplitMix64 with the state ``key`` gives as its ``counter``-th number.

    Both are uint64, and so is the result. Each output bit depends on every bit of both.

    Source
        Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators", figure 17.
    """
    z = key + (counter + _ONE) * _GOLDEN
    z = (z ^ (z >> _SHIFT_1)) * _MULTIPLY_1
    z = (z ^ (z >> _SHIFT_2)) * _MULTIPLY_2
    return z ^ (z >> _SHIFT_3)


@jit.function
def uniform(bits):
    """A number in [0, 1) from 64 random bits: the upper 53 of them, all that a float64 holds.

    Formula [uniform]
        u = floor(b / 2^11) / 2^53
    Where
        b: bits, scalar, uint64
    Returns
        u, float64 in [0, 1).
    Source
        Vigna, "xoshiro / xoroshiro generators and the PRNG shootout", generating uniform doubles.
    """
    return np.float64(bits >> _DROP) * (1.0 / 9007199254740992.0)


@jit.function
def shuffle(order, key):
    """Put 0, 1, ..., n - 1 into ``order`` (n,) int64 in random order: Fisher and Yates's shuffle.

    Each swap's partner is uniform up to n · 2^-53. A key of 64 bits reaches at most 2^64 of the n! orders. The same key
    gives the same order.

    Source
        Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm P.
    """
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        j = int(uniform(random_bits(key, np.uint64(i))) * (i + 1))
        order[i], order[j] = order[j], order[i]
