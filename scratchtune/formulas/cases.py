"""A case is one set of arguments for a formula, drawn from the domains that its docstring's Where states.

Every draw comes from a generator keyed by the formula's ID and the case's number, so that a case that fails today
fails tomorrow. Some cases are random; then each argument in turn takes its edge values (zero, one, the ends of its
interval, ±1e4 for logits) while the others stay random; at last all stand at their first edge together.
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
MANY, MOST = 5, 2000  # axes; a line with as many is computed at so many places at most: the longest axes are cut
SIZES = (1, 2, 3, 4, 5, 9, 17)  # of the axes: single, odd, even, beyond the fours of kernels and a vector of sixteen


def cases(formula: Formula) -> Iterator[dict[str, Any]]:
    """The arguments of each case, by name, in float64 and integers: the random ones first, then the edges."""
    plans: list[dict[str, Pattern]] = [{} for _ in range(RANDOM_CASES)]
    first = {}
    for where in formula.where:
        if where.domain.drawn:
            patterns = [tuple(pattern) for pattern in edges(where.domain)]
            if not where.letters:
                patterns = [(value,) for pattern in patterns for value in pattern]
            first[where.argument] = patterns[0]
            plans += [{where.argument: pattern} for pattern in dict.fromkeys(patterns)]
    for number, plan in enumerate([*plans, first]):
        yield case(formula, number, plan)


def case(formula: Formula, number: int, plan: Mapping[str, Pattern] | None = None) -> dict[str, Any]:
    """Case ``number`` of a formula, with the edge patterns of ``plan`` for the arguments that it names.

    All axes are single in case 0 and longest in case 1; at an edge none is too short for its pattern.
    """
    rng = np.random.default_rng([zlib.crc32(formula.id.encode()), number])
    letters = sorted({letter for where in formula.where for letter in where.letters if not letter.isdigit()})
    choices = (SIZES[:1], SIZES[-1:])[number] if number < 2 else SIZES if number < RANDOM_CASES else SIZES[2:]
    sizes = _cut({letter: int(rng.choice(choices)) for letter in letters})
    arguments = {}
    for where in formula.where:
        shape = tuple(int(letter) if letter.isdigit() else sizes[letter] for letter in where.letters)
        arguments[where.argument] = draw(where.domain, shape, rng, sizes, (plan or {}).get(where.argument))
    return arguments


def _cut(sizes: dict[str, int]) -> dict[str, int]:
    """The sizes; of `MANY` the longest are made shorter, down to 2, until there are at most `MOST` places on all."""
    while len(sizes) >= MANY and math.prod(sizes.values()) > MOST and max(sizes.values()) > 2:
        longest = max(sizes, key=lambda letter: sizes[letter])
        sizes[longest] = SIZES[SIZES.index(sizes[longest]) - 1]
    return sizes
