"""A formula's line is evaluated in decimals, its code is run on the same arguments, and the two are compared.

A *case* is one set of arguments, drawn from the sampling ranges that the docstring's Where states.

The distance is |code − line| / (|line| + 10⁻³ · the largest entry of an array argument): relative, but a sum that
cancels to nearly zero is compared with the size of its terms. For a function of scalars it is purely relative.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core.formulas import arithmetic
from scratchtune.core.formulas.domains import Pattern, draw, edges
from scratchtune.core.formulas.registry import Formula, Where

RANDOM_CASES = 8
MANY, MOST = 5, 2000  # a line with MANY axes is evaluated at MOST index positions at most: the longest axes are cut
SIZES = (1, 2, 3, 4, 5, 9, 17)  # of the axes: one, odd, even, beyond kernels' unrolling by 4 and a vector of 16 lanes


# Cases ---------------------------------------------------------------------------------------------------------------
#
# Every draw comes from a generator keyed by the formula's ID and the case's number, so that a failing case can be
# reproduced. The first cases are random. In the next ones, each argument in turn takes its edge values (zero, one, the
# bounds of its interval, ±1e4 for logits) while the others are random. In the last one, all take their first edge.


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


# The line ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """A case and the line's value of every target."""

    arguments: Mapping[str, Any]
    targets: Mapping[str, Any]


def judge(formula: Formula, arguments: Mapping[str, Any]) -> tuple[Judged, set[Any]]:
    """Return the line's values for some arguments, and the branches taken; raises one of `arithmetic.UNDEFINED`."""
    with arithmetic.digits(floats(arguments)):
        targets, branches = formula.solve(arguments)
        return Judged(arguments, {name: arithmetic.rounded(value) for name, value in targets.items()}), branches


def floats(arguments: Mapping[str, Any]) -> Iterator[float]:
    """All floating-point numbers in the arguments."""
    for value in arguments.values():
        if np.asarray(value).dtype.kind == "f":
            yield from np.ravel(value).tolist()


# Running the code ----------------------------------------------------------------------------------------------------


def run(formula: Formula, function: Any, arguments: Mapping[str, Any], dtype: Any = np.float64) -> dict[str, Any]:
    """Call the code on copies of the arguments, and return its value of each target of the line.

    A primed target is an argument after the call; an output is an array that the code has written. The others are
    returned: the last one, or as many as the returned tuple has. Earlier targets are intermediate steps of the line.
    """
    given = {where.argument: _cast(where, arguments[where.argument], dtype) for where in formula.where}
    before = {name: np.copy(value) for name, value in given.items()}
    returned = function(*formula.values(given))
    changed = formula.changed
    _check_untouched(formula, before, given)
    others = [equation.target.symbol for equation in formula.equations if equation.target.symbol not in changed]
    results = () if returned is None else returned if isinstance(returned, tuple) else (returned,)
    if len(results) > len(others):
        raise ValueError(f"it returns {len(results)} values, and the line defines {len(others)} to return")
    if others and not results and formula.equations[-1].target.symbol == others[-1]:
        raise ValueError(f"it returns nothing, and the line ends with {others[-1]}")
    values = {target: given[argument] for target, argument in changed.items()}
    return values | dict(zip(others[len(others) - len(results) :], results, strict=True))


def _cast(where: Where, value: Any, dtype: Any) -> Any:
    """Return a copy in the given precision; integers keep their type, and a scalar one is an int (or np.uint64)."""
    if where.domain.integral:
        return np.copy(value) if where.letters else value if where.domain.kind == "uint64" else int(value)
    return np.array(value, dtype=dtype) if where.letters else dtype(value)


def _check_untouched(formula: Formula, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    free = {*formula.changed.values(), *(where.argument for where in formula.where if where.domain.kind == "scratch")}
    for name in before:
        if name not in free and not np.array_equal(before[name], after[name], equal_nan=True):
            raise ValueError(f"it changes its argument {name!r}, which the line does not change")


# Comparing -----------------------------------------------------------------------------------------------------------


def distance(formula: Formula, judged: Judged, values: Mapping[str, Any], dtype: Any = np.float64) -> float:
    """Return the largest distance of the code's values from the line's; inf for NaN or a wrong shape."""
    arrays = [judged.arguments[where.argument] for where in formula.where if where.letters and where.domain.drawn]
    largest = max((float(np.abs(array).max()) for array in arrays if array.dtype.kind == "f"), default=0.0)
    grace = 1e-3 * largest + float(np.finfo(dtype).tiny)
    errors = (_apart(value, judged.targets[target], grace, dtype) for target, value in values.items())
    return max(errors, default=math.inf)


def _apart(code: Any, line: Any, grace: float, dtype: Any) -> float:
    if isinstance(code, np.ndarray) and code.dtype == np.float64 != dtype:
        raise ValueError("float32 arguments gave a float64 array; cast each number to the arrays' dtype")
    line, code = np.asarray(np.asarray(line, dtype), np.float64), np.asarray(code)
    if code.dtype.kind not in "fiub" or code.shape != line.shape:
        return math.inf
    same = (code == line) | (np.isnan(code) & np.isnan(line))
    error = np.where(same, 0.0, np.abs(code - line) / (np.abs(line) + grace))
    return float(np.max(np.where(np.isnan(error), math.inf, error), initial=0.0))
