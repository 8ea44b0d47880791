"""A sequence is a rule for points that fill the unit cube more evenly than independent random points do.

Independent random points leave gaps and clusters. Points of a Halton sequence or a Latin hypercube are random too, but
a new point is at a distance from the earlier ones: on every single axis at least, and for a Halton sequence also in the
cube of the first few axes. Point ``number`` is a function of the study's seed and of the number alone, so it need not
wait for other trials.

Implements section 3.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

FRACTION = 2**53  # evenly spaced floats in [0, 1)
_HALTON, _LATIN = 2, 3  # in the key of a stream of random numbers, so that it differs from the trials' streams


def uniform(dimensions: int, number: int, seed: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield uniform, independent points of the unit cube, (dimensions,); all but the first are spare ones."""
    while True:
        yield rng.random(dimensions)


def halton(dimensions: int, number: int, seed: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield point ``number`` of the Halton sequence that the seed scrambles, then uniform spare ones."""
    yield np.array([halton_coordinate(number, axis, seed) for axis in range(dimensions)])
    yield from uniform(dimensions, number, seed, rng)


def latin_hypercube(dimensions: int, number: int, seed: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield point ``number`` of the seed's growing Latin hypercube, then uniform spare ones."""
    yield np.array([latin_axis(seed, axis, number.bit_length())[number] for axis in range(dimensions)])
    yield from uniform(dimensions, number, seed, rng)


def _generator(seed: int, axis: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(axis, stream)))


# Halton --------------------------------------------------------------------------------------------------------------


def radical_inverse(digits: Sequence[int], base: int) -> float:
    """Radical inverse: the digits of an integer, the lowest first, written after the point.

    Formula [radical_inverse]
        u = Σₖ[dₖ / b^(k + 1)]
    Where
        d: digits, (k,), integer >= 0; sampled in [0, 1], digit k of the number, less than b
        b: base, scalar, integer >= 2; sampled in [2, 7]
    Returns
        u, in [0, 1); neighbouring integers are far from each other.
    Variant
        In base 2 it is van der Corput's sequence. For Halton's each axis takes another prime as its base.
    Source
        Halton (1960), "On the efficiency of certain quasi-random sequences of points", section 1.
    Example
        >>> [radical_inverse(digits, 2) for digits in ([0, 0], [1, 0], [0, 1], [1, 1])]
        [0.0, 0.5, 0.25, 0.75]
    """
    u = 0.0
    for digit in reversed(digits):
        u = (u + digit) / base
    return u


def digits_of(number: int, base: int, count: int) -> list[int]:
    """Return the ``count`` lowest digits of an integer, the lowest first.

    >>> digits_of(6, 2, 4)
    [0, 1, 1, 0]
    """
    digits = []
    for _ in range(count):
        number, digit = divmod(number, base)
        digits.append(digit)
    return digits


def halton_coordinate(number: int, axis: int, seed: int) -> float:
    """Coordinate of point ``number`` on an axis: the radical inverse in that axis' prime, with permuted digits.

    The seed draws one permutation of the digits for each position after the point. A permutation exchanges cells of
    equal length, so the points stay as even as before, and it removes the correlation of axes with large primes.
    """
    permutations = _permutations(seed, axis)
    base = len(permutations[0])
    digits = digits_of(number, base, len(permutations))
    permuted = [permutation[digit] for permutation, digit in zip(permutations, digits, strict=True)]
    return min(radical_inverse(permuted, base), 1.0 - 1.0 / FRACTION)


@lru_cache(maxsize=512)
def _permutations(seed: int, axis: int) -> list[list[int]]:
    """A permutation of the digits for each position after the point; as many positions as a float can represent."""
    base, rng = prime(axis), _generator(seed, axis, _HALTON)
    count = next(k for k in range(1, 54) if base**k >= FRACTION)
    return [rng.permutation(base).tolist() for _ in range(count)]


@lru_cache(maxsize=512)
def prime(k: int) -> int:
    """Prime number k: 2 for 0, 3 for 1, 5 for 2.

    >>> [prime(k) for k in range(6)]
    [2, 3, 5, 7, 11, 13]
    """
    candidate = 2 if k == 0 else prime(k - 1) + 1
    while any(candidate % divisor == 0 for divisor in range(2, int(candidate**0.5) + 1)):
        candidate += 1
    return candidate


# Latin hypercube -----------------------------------------------------------------------------------------------------


def latin_coordinate(cell: int, u: float, n: int) -> float:
    """A random coordinate within one of n cells of equal length.

    Formula [latin_hypercube]
        x = (c + u) / n
    Where
        c: cell, scalar, integer >= 0; sampled >= 1, the number of the cell, from 0
        u: u, scalar, in [0, 1]
        n: n, scalar, integer >= 1, of points and of cells
    Returns
        x, in [0, 1) for a c below n and a u below 1.
    Variant
        The middle of each cell, u = 1/2, is the design of Patterson (1954).
    Source
        McKay, Beckman and Conover (1979), section 2: X = F⁻¹((π − 1 + ξ) / N).
    Example
        >>> latin_coordinate(1, 0.5, 4)
        0.375
    """
    return (cell + u) / n


@lru_cache(maxsize=64)
def latin_axis(seed: int, axis: int, doublings: int) -> np.ndarray:
    """The first 2^doublings coordinates on an axis, in order of number: each of so many cells contains exactly one.

    Each doubling halves the cells. Of every two halves one is empty, and gets one of the new points, in an order that
    is drawn for each axis. So the first 1, 2, 4, 8, ... points are Latin hypercubes, each a part of the next one.
    """
    rng = _generator(seed, axis, _LATIN)
    coordinates = rng.random(1)
    for _ in range(doublings):
        n = 2 * len(coordinates)
        taken = np.floor(coordinates * n).astype(np.int64)
        empty = rng.permutation(np.setdiff1d(np.arange(n), taken))
        added = [latin_coordinate(int(cell), u, n) for cell, u in zip(empty, rng.random(len(empty)), strict=True)]
        coordinates = np.concatenate([coordinates, np.minimum(added, (empty + 1.0) / n - 1.0 / FRACTION)])
    return coordinates
