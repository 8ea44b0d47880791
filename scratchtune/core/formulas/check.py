"""The check compares each formula's line with the code that computes it, in five ways.

1. The line is evaluated in decimals, and the plain Python code must agree with it on every case to `TOLERANCE`.
2. So must the compiled code in float64, and in float32 to `TOLERANCE_FLOAT32`.
3. Arguments that the line does not change must remain unchanged, and every branch of the line must be reached.
4. A gradient must agree with central differences of the line of the function that it differentiates.
5. Every mutant of the code must be caught by the cases of 1, but for those listed in `EQUIVALENT`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchtune.core.formulas import arithmetic
from scratchtune.core.formulas.gradients import gradient_error
from scratchtune.core.formulas.judge import Judged, case, cases, distance, judge, run
from scratchtune.core.formulas.mutants import EQUIVALENT, mutants
from scratchtune.core.formulas.registry import Formula, registry

TOLERANCE = 1e-13
TOLERANCE_FLOAT32 = 1e-4
TOLERANCE_GRADIENT = 1e-12
MOST_CASES = 100  # more are drawn only while a branch of the line has not been reached

Equivalent = Mapping[tuple[str, str], str]


@dataclass
class Row:
    """The results for one formula."""

    id: str
    place: str = ""
    cases: int = 0
    error: float = 0.0
    error_float32: float | None = None
    gradient_error: float | None = None
    caught: int = 0  # of the formula's mutants
    equivalent: int = 0  # not caught, and listed in `EQUIVALENT`
    survived: list[str] = field(default_factory=list)  # the other mutants
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the formula, and every mutant was caught."""
        return not self.problems and not self.survived


def check(formula: Formula, known: Mapping[str, Formula] | None = None, equivalent: Equivalent = EQUIVALENT) -> Row:
    """Check one formula; ``known`` holds those that a gradient may name, the package's own by default."""
    row = Row(formula.id, formula.place)
    with np.errstate(all="ignore"):
        judged = _judged(formula, row)
        _check_code(formula, judged, row)
        if formula.gradient_of:
            _check_gradient(formula, registry() if known is None else known, row)
        if not row.problems:
            _check_mutants(formula, judged, equivalent, row)
    return row


def _judged(formula: Formula, row: Row) -> list[Judged]:
    """Evaluate the line on every case where it is defined; each branch must be reached by one of them."""
    found: list[Judged] = []
    wanted = {(choice, side) for choice in formula.choices for side in (True, False)}
    fixed = list(cases(formula))
    more = (case(formula, number) for number in range(len(fixed), MOST_CASES))
    for number, arguments in enumerate(itertools.chain(fixed, more)):
        if number >= len(fixed) and not wanted:
            break
        try:
            judged, branches = judge(formula, arguments)
        except arithmetic.UNDEFINED:
            continue
        wanted -= branches
        found.append(judged)
    row.cases = len(found)
    if 2 * len(found) < len(fixed):
        row.problems.append(f"the line has a value on only {len(found)} of {len(fixed)} cases; Where must say more")
    row.problems += [f"no case reaches a branch of the line: a condition that is never {side}" for _, side in wanted]
    return found


def _check_code(formula: Formula, judged: Sequence[Judged], row: Row) -> None:
    """Plain and compiled in float64, compiled in float32; the first disagreement of each is described."""
    row.error = _worst("the plain code", formula, formula.plain, judged, np.float64, row)
    if formula.function is not formula.plain:
        row.error = max(row.error, _worst("the compiled code", formula, formula.function, judged, np.float64, row))
        row.error_float32 = _worst("the compiled float32 code", formula, formula.function, judged, np.float32, row)


def _worst(name: str, formula: Formula, function: Any, judged: Sequence[Judged], dtype: Any, row: Row) -> float:
    """The largest distance of a function from the line; the first one above the tolerance is a problem in ``row``."""
    worst, tolerance = 0.0, TOLERANCE if dtype is np.float64 else TOLERANCE_FLOAT32
    for one in judged:
        try:
            error = distance(formula, one, run(formula, function, one.arguments, dtype), dtype)
        except Exception as problem:  # an exception in a formula's code is reported; it does not end the check
            row.problems.append(f"{name} fails: {_brief(problem)}; with {_shown(one.arguments)}")
            break
        worst = max(worst, error)
        if error > tolerance:
            row.problems.append(f"{name} is {error:.1e} away from the line; with {_shown(one.arguments)}")
            break
    return worst


def _check_gradient(formula: Formula, known: Mapping[str, Formula], row: Row) -> None:
    try:
        row.gradient_error = gradient_error(formula, known)
    except Exception as problem:
        row.problems.append(f"the gradient cannot be checked: {_brief(problem)}")
        return
    if row.gradient_error > TOLERANCE_GRADIENT:
        row.problems.append(f"it is {row.gradient_error:.1e} away from the central differences")


def _check_mutants(formula: Formula, judged: Sequence[Judged], equivalent: Equivalent, row: Row) -> None:
    listed = {description for name, description in equivalent if name == formula.id}
    for mutant in mutants(formula.function):
        caught = any(_catches(formula, mutant.function, one) for one in judged)
        row.caught += caught
        if mutant.description in listed:
            listed.remove(mutant.description)
            row.equivalent += not caught
            if caught:
                row.problems.append(f"listed as equivalent, but caught: {mutant.description}")
        elif not caught:
            row.survived.append(mutant.description)
    row.problems += [f"listed as equivalent, but not a mutant: {description}" for description in sorted(listed)]


def _catches(formula: Formula, function: Any, judged: Judged) -> bool:
    try:
        return distance(formula, judged, run(formula, function, judged.arguments)) > TOLERANCE
    except Exception:  # a mutant that raises anything has been caught
        return True


def _shown(arguments: Mapping[str, Any]) -> str:
    with np.printoptions(threshold=12, precision=6):
        shown = {name: value.tolist() if np.size(value) < 7 else str(value) for name, value in arguments.items()}
    return ", ".join(f"{name}={' '.join(str(value).split())}" for name, value in shown.items())


def _brief(problem: Exception) -> str:
    kind = "" if type(problem) is ValueError else type(problem).__name__ + ": "
    return kind + " ".join(str(problem).split())[:300]
