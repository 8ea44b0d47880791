"""A formula's line is evaluated in decimals, its code is run on the same arguments, and the two are compared.

The distance is |code − line| / (|line| + 10⁻³ · the largest entry of an array argument): relative, but a sum that
cancels to nearly zero is compared with the size of its terms. For a function of scalars it is purely relative.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.formulas import arithmetic
from scratchtune.formulas.registry import Formula, Where


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
