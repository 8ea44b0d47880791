"""A gradient is held against central differences of the line of the formula f that it is the gradient of.

What is differentiated is Σ f, the sum over all entries of f's last target (or of the one that ``p of [ID] in z``
names), in one argument. The gradient's arguments are told apart like this:

- one that f has too is the same thing, matched by name;
- one whose symbol is a target of f is f's own value there: a backward pass may be handed what the forward pass made;
- one more may be the gradient dy that arrives from above; then Σ dy · f is differentiated;
- one that the line changes in place (``d'ᵢ = dᵢ + ...``) starts as zero, and an output as NaN.

The differences are taken in decimals of 150 digits, so the step can be so small that nothing of it is left to see.
An entry where the slopes to the left and to the right disagree is a kink, and is left out: there any value between
them is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from scratchtune.formulas import arithmetic
from scratchtune.formulas.cases import MANY, cases
from scratchtune.formulas.judge import floats, judge, run
from scratchtune.formulas.registry import Formula

STEP = Decimal("1e-30")
MOST = 24  # numbers in an argument that is differenced one by one; a larger matrix would say nothing new
WORK = 200_000  # places at which a line with many axes is computed; the cases after that are left out
LARGEST = 100.0  # further out, where differences would need thousands of digits, only the gradient's own line judges


def gradient_error(formula: Formula, known: Mapping[str, Formula]) -> float:
    """How far the code is from central differences, at most, over all cases; a ValueError where it cannot be told."""
    assert formula.gradient_of is not None
    name, argument = formula.gradient_of.id, formula.gradient_of.argument
    if name not in known or argument not in known[name].parameters:
        raise ValueError(f"Gradient of names [{name}] in {argument}, which does not exist")
    base = known[name]
    target = formula.gradient_of.target or base.equations[-1].target.symbol
    last = formula.equations[-1].target.symbol
    errors, work = [], 0
    for arguments, weights in _cases(formula, base, target):
        if np.size(arguments[argument]) > MOST or work > WORK:
            continue
        sizes = base.sizes(arguments)
        work += np.size(arguments[argument]) * math.prod(sizes.values()) * (len(sizes) >= MANY)
        try:
            slopes = differences(base, arguments, argument, target, weights)
        except arithmetic.UNDEFINED:
            continue
        code = np.asarray(run(formula, formula.plain, arguments)[last], dtype=np.float64)
        if code.shape != slopes.shape:
            raise ValueError(f"the gradient in {argument} has shape {code.shape}, and {argument} has {slopes.shape}")
        smooth = ~np.isnan(slopes)
        errors += (np.abs(code - slopes) / (0.1 + np.abs(slopes)))[smooth].tolist()
    if not errors:
        raise ValueError(f"no case of [{name}] could be differenced in {argument}")
    return math.inf if any(map(math.isnan, errors)) else max(errors)


def differences(
    base: Formula, arguments: Mapping[str, Any], argument: str, target: str, weights: Any = 1.0,
) -> np.ndarray:
    """d Σ(weights · target) / d argument by central differences of the line in decimals; NaN at a kink."""
    start = np.asarray(arguments[argument], dtype=np.float64)
    slopes = np.empty(start.shape)

    def total(position: tuple[int, ...], step: Decimal) -> Decimal:
        moved = start.astype(object)
        moved[position] = Decimal(float(start[position])) + step
        found, _ = base.solve({**arguments, argument: moved}, arithmetic.DECIMALS)
        value = np.asarray(found[target], dtype=object)
        pairs = zip(np.broadcast_to(weights, value.shape).flat, value.flat, strict=True)
        return sum((Decimal(float(weight)) * entry for weight, entry in pairs), Decimal(0))

    with arithmetic.digits(floats(arguments)):
        for position in np.ndindex(start.shape):
            left, middle, right = (total(position, step) for step in (-STEP, Decimal(0), STEP))
            kink = abs(right - 2 * middle + left) > STEP * Decimal("1e-9")
            slopes[position] = math.nan if kink else float((right - left) / (2 * STEP))
    return slopes


# The arguments of both -----------------------------------------------------------------------------------------------


def _cases(formula: Formula, base: Formula, target: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Arguments for both formulas, and the weights dy (1 where the gradient takes none)."""
    roles = _roles(formula, base)
    for number, arguments in enumerate(cases(base)):
        if max((abs(x) for x in floats(arguments) if not math.isnan(x)), default=0.0) > LARGEST:
            continue
        try:
            targets = judge(base, arguments)[0].targets
        except arithmetic.UNDEFINED:
            continue
        rng = np.random.default_rng(number)
        weights = np.asarray(rng.standard_normal(np.shape(targets[target])))[()]
        for where in formula.where:
            if roles[where.argument] == "value":
                arguments[where.argument] = targets[where.symbol]
            elif roles[where.argument] == "above":
                arguments[where.argument] = weights
        yield _with_outputs(formula, base, arguments, roles), weights if "above" in roles.values() else 1.0


def _roles(formula: Formula, base: Formula) -> dict[str, str]:
    """What each argument of the gradient is to the base formula."""
    shared = {where.argument for where in base.where if where.domain.drawn}
    targets = {equation.target.symbol for equation in base.equations}
    roles = {}
    for where in formula.where:
        if not where.domain.drawn:
            roles[where.argument] = "output"
        elif where.argument in shared:
            roles[where.argument] = "same"
        elif where.argument in formula.changed.values():
            roles[where.argument] = "start"
        else:
            roles[where.argument] = "value" if where.symbol in targets else "above"
    above = [argument for argument, role in roles.items() if role == "above"]
    if len(above) > 1:
        raise ValueError(f"[{base.id}] lacks the arguments {', '.join(above)}; only one may be the gradient from above")
    return roles


def _with_outputs(
    formula: Formula, base: Formula, arguments: dict[str, Any], roles: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments with room for what the gradient writes, as long as the base formula's axes of the same letters."""
    made = [where for where in formula.where if roles[where.argument] in ("output", "start")]
    given = [where for where in (*base.where, *formula.where) if where not in made]
    sizes = {
        letter: size for where in given
        for letter, size in zip(where.letters, np.shape(arguments[where.argument]), strict=True)
    }
    for where in made:
        shape = [int(letter) if letter.isdigit() else sizes[letter] for letter in where.letters]
        arguments[where.argument] = np.full(shape, 0.0 if roles[where.argument] == "start" else np.nan)
    return arguments
