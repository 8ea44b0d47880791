"""Gradient check: each gradient is compared with central differences of the line of the function f that it is of.

The differentiated scalar is Σ f, the sum over all entries of f's last target (or of the target that ``p of [ID] in z``
names), with respect to one argument. The gradient's arguments are identified as follows:

- an argument that f has too is the same, matched by name;
- an argument whose symbol is a target of f is f's value: a backward pass may take the output of the forward pass;
- one further argument may be the gradient dy of the loss with respect to f; then Σ dy · f is differentiated;
- an argument that the line changes in place (``d'ᵢ = dᵢ + ...``) starts as zero, and an output as NaN.

The difference along one random direction v is compared with the code's Σ g · v: with random weights, a wrong entry of
the gradient g changes that sum. It is taken in decimals of 150 digits, so the step can be so small that its truncation
error is negligible. Where the one-sided derivatives along v disagree, each entry is differenced alone, and those at a
kink are left out: there any value between the one-sided derivatives is a subgradient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from scratchtune.core.formulas import arithmetic
from scratchtune.core.formulas.judge import cases, floats, judge, run
from scratchtune.core.formulas.registry import Formula

STEP = Decimal("1e-30")
MOST = 80  # entries of the argument that is differenced: at a kink they are differenced one by one
LARGEST = 100.0  # cases with larger arguments are skipped: differences would need thousands of digits


def gradient_error(formula: Formula, known: Mapping[str, Formula]) -> float:
    """The code's largest relative error against central differences over all cases; a ValueError if none has one."""
    assert formula.gradient_of is not None
    name, argument = formula.gradient_of.id, formula.gradient_of.argument
    if name not in known or argument not in known[name].parameters:
        raise ValueError(f"Gradient of names [{name}] in {argument}, which does not exist")
    base = known[name]
    target = formula.gradient_of.target or base.equations[-1].target.symbol
    last = formula.equations[-1].target.symbol
    errors = []
    for arguments, weights in _cases(formula, base, target):
        shape = np.shape(arguments[argument])
        if math.prod(shape) > MOST:
            continue
        try:
            found = differences(base, arguments, argument, target, weights)
        except arithmetic.UNDEFINED:
            continue
        code = np.asarray(run(formula, formula.plain, arguments)[last], dtype=np.float64)
        if code.shape != shape:
            raise ValueError(f"the gradient in {argument} has shape {code.shape}; it must have {argument}'s, {shape}")
        for direction, difference in found:
            terms = code * direction
            errors.append(float(abs(terms.sum() - difference) / (0.1 + np.abs(terms).max())))
    if not errors:
        raise ValueError(
            f"[{name}] has no numerical derivative in {argument} in any case; sample its arguments in narrower ranges")
    return math.inf if any(map(math.isnan, errors)) else max(errors)


def differences(
    base: Formula, arguments: Mapping[str, Any], argument: str, target: str, weights: Any = 1.0,
) -> list[tuple[np.ndarray, float]]:
    """Directions, and the derivative of Σ(weights · target) along each, by central differences in decimals.

    One random direction or, if f has a kink along it, the direction of each entry along which f has none.
    """
    start, shape = arithmetic.decimals(arguments[argument]), np.shape(arguments[argument])

    def total(moved: Any) -> Decimal:
        found, _ = base.solve({**arguments, argument: moved})
        value = np.asarray(found[target], dtype=object)
        pairs = zip(np.broadcast_to(weights, value.shape).flat, value.flat, strict=True)
        return sum((Decimal(float(weight)) * entry for weight, entry in pairs), Decimal(0))

    def along(direction: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
        step = STEP * arithmetic.decimals(direction)
        left, right = total(start - step), total(start + step)
        if abs(right - 2 * middle + left) <= STEP * Decimal("1e-9"):
            yield direction, float((right - left) / (2 * STEP))

    with arithmetic.digits(floats(arguments)):
        middle, rng = total(start), np.random.default_rng(0)
        found = list(along(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)))
        return found or [one for unit in np.eye(math.prod(shape)) for one in along(unit.reshape(shape))]


# The arguments of both -----------------------------------------------------------------------------------------------


def _cases(formula: Formula, base: Formula, target: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield arguments for both formulas, and the weights dy (1 where the gradient takes none)."""
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
    """Map each argument of the gradient to its role, as in the list above: same, value, above (dy), start or output."""
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
        raise ValueError(f"[{base.id}] lacks the arguments {', '.join(above)}; only one may be the upstream gradient")
    return roles


def _with_outputs(
    formula: Formula, base: Formula, arguments: dict[str, Any], roles: Mapping[str, str]
) -> dict[str, Any]:
    """Add arrays for the gradient's outputs, of the sizes of the base formula's axes of the same letters."""
    made = [where for where in formula.where if roles[where.argument] in ("output", "start")]
    given = [where for where in (*base.where, *formula.where) if where not in made]
    sizes = {
        letter: size for where in given
        for letter, size in zip(where.letters, np.shape(arguments[where.argument]), strict=True)}
    for where in made:
        shape = [int(letter) if letter.isdigit() else sizes[letter] for letter in where.letters]
        arguments[where.argument] = np.full(shape, 0.0 if roles[where.argument] == "start" else np.nan)
    return arguments
