"""A case is one set of arguments for a formula, drawn from the sampling ranges that its docstring's Where states.

Every draw comes from a generator keyed by the formula's ID and the case's number, so that a failing case can be
reproduced. The first cases are random. In the next ones, each argument in turn takes its edge values (zero, one, the
bounds of its interval, ±1e4 for logits) while the others are random. In the last one, all take their first edge value.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scratchtune.formulas.domains import Pattern, draw, edges
from scratchtune.formulas.registry import Formula

RANDOM_CASES = 8
MANY, MOST = 5, 2000  # a line with MANY axes is evaluated at MOST index positions at most: the longest axes are cut
SIZES = (1, 2, 3, 4, 5, 9, 17)  # of the axes: one, odd, even, beyond kernels' unrolling by 4 and a vector of 16 lanes


def cases(formula: Formula) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each case, by name, in float64 and integers: the random ones first, then the edges."""
    plans: list[dict[str, Pattern]] = [{} for _ in range(RANDOM_CASES)]
    first = {}
    for where in formula.where:
        if where.domain.drawn:
            patterns = [tuple(pattern) for pattern in edges(where.sampled)]
            if not where.letters:
                patterns = [(value,) for pattern in patterns for value in pattern]
            first[where.argument] = patterns[0]
            plans += [{where.argument: pattern} for pattern in dict.fromkeys(patterns)]
    for number, plan in enumerate([*plans, first]):
        yield case(formula, number, plan)


def case(formula: Formula, number: int, plan: Mapping[str, Pattern] | None = None) -> dict[str, Any]:
    """Case ``number`` of a formula, with the edge patterns of ``plan`` for the arguments that it names.

    All axes have length 1 in case 0 and are longest in case 1; at an edge each is long enough for its pattern.
    """
    rng = np.random.default_rng([zlib.crc32(formula.id.encode()), number])
    letters = sorted({letter for where in formula.where for letter in where.letters if not letter.isdigit()})
    choices = (SIZES[:1], SIZES[-1:])[number] if number < 2 else SIZES if number < RANDOM_CASES else SIZES[2:]
    sizes = _cut({letter: int(rng.choice(choices)) for letter in letters})
    arguments = {}
    for where in formula.where:
        shape = tuple(int(letter) if letter.isdigit() else sizes[letter] for letter in where.letters)
        values = draw(where.sampled, shape, rng, sizes, (plan or {}).get(where.argument))
        arguments[where.argument] = values if where.domain.integral else np.float64(values)
    return arguments


def _cut(sizes: dict[str, int]) -> dict[str, int]:
    """Return the sizes; of `MANY` axes the longest are shortened, down to 2, until their product is at most `MOST`."""
    while len(sizes) >= MANY and math.prod(sizes.values()) > MOST and max(sizes.values()) > 2:
        longest = max(sizes, key=lambda letter: sizes[letter])
        sizes[longest] = SIZES[SIZES.index(sizes[longest]) - 1]
    return sizes
