"""What each function and operator of the dialect computes, in decimals of the surrounding context's precision.

A naive line such as ``log(1 − 1 / (1 + exp(−z)))`` is then accurate where double precision would lose every digit, and
can be compared with the stable code. Only + − · / need all of the precision; exp, log and so on have `DIGITS`.
"""

from __future__ import annotations

import decimal
import math
import operator
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Any

import numpy as np

DIGITS = 150
UNDEFINED = (ArithmeticError, ValueError)  # what a line raises where it is undefined, such as 0 / 0


def decimals(value: Any) -> Any:
    """A number as a decimal, or an array of them."""
    array = np.asarray(value)
    made = np.empty(array.shape, dtype=object)
    for position in np.ndindex(array.shape):
        made[position] = number(array.item(position))
    return made[()]


def rounded(value: Any) -> Any:
    """A decimal, or an array of decimals, rounded to double precision."""
    return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)


def digits(values: Iterable[float] = ()) -> AbstractContextManager[decimal.Context]:
    """Return a decimal context precise enough to add 1 to the exponential of twice any of these values."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    needed = DIGITS + math.ceil(2 * min(largest, 2e4) / math.log(10))
    return decimal.localcontext(decimal.Context(prec=needed, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN))


def _to_digits(function: Callable[..., Decimal]) -> Callable[..., Decimal]:
    """Compute ``function`` with `DIGITS` digits, whatever the precision of the context.

    Recent values are kept: a softmax, for one, needs the same exponentials for each of its entries.
    """

    @lru_cache(maxsize=4096)
    def computed(*values: Decimal) -> Decimal:
        with digits():
            return function(*(+value for value in values))

    return computed


def number(value: Any) -> Decimal:
    """A number, or its text, as a decimal."""
    return Decimal(value) if isinstance(value, (str, int, Decimal)) else Decimal(float(value))


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if exponent == exponent.to_integral_value():
        return Decimal(1) if exponent == 0 else base ** int(exponent)
    return _to_digits(operator.pow)(base, exponent)


def _tanh(x: Decimal) -> Decimal:
    shrunk = _to_digits(lambda x: (-2 * abs(x)).exp())(x)
    return ((1 - shrunk) / (1 + shrunk)).copy_sign(x)


@lru_cache(maxsize=4)
def _pi_to(precision: int) -> Decimal:
    """Machin: π = 16·atan(1/5) − 4·atan(1/239)."""
    return 16 * _series(lambda n: Decimal(-1) ** n / ((2 * n + 1) * Decimal(5) ** (2 * n + 1))) - 4 * _series(
        lambda n: Decimal(-1) ** n / ((2 * n + 1) * Decimal(239) ** (2 * n + 1)))


def _pi() -> Decimal:
    return _pi_to(decimal.getcontext().prec)


def _series(term: Callable[[int], Decimal]) -> Decimal:
    """Add terms until the sum no longer changes."""
    total, before, n = Decimal(0), None, 0
    while total != before:
        before, total, n = total, total + term(n), n + 1
    return total


def _sin(x: Decimal) -> Decimal:
    x, total, before, n = x % (2 * _pi()), Decimal(0), None, 1
    term = x
    while total != before:
        before, total, n = total, total + term, n + 2
        term *= -x * x / (n * (n - 1))
    return total


def _erf(x: Decimal) -> Decimal:
    """erf(x) = 2/√π · exp(−x²) · Σₙ[2ⁿ·x²ⁿ⁺¹ / (1·3·5···(2n+1))]: no term is negative, so nothing cancels."""
    term, total, before, n = x, Decimal(0), None, 0
    while total != before:
        before, total, n = total, total + term, n + 1
        term *= 2 * x * x / (2 * n + 1)
    return 2 / _pi().sqrt() * (-x * x).exp() * total


def _upper_tail(x: Decimal) -> Decimal:
    """1 − erf(x) for x >= 0: for large x the asymptotic series, else erf with extra digits for the cancellation."""
    if x * x > 400:
        term, total, n = Decimal(1), Decimal(0), 0
        while abs(total + term - total) > 0 and n < x * x:
            total, n = total + term, n + 1
            term *= -(2 * n - 1) / (2 * x * x)
        return (-x * x).exp() / (x * _pi().sqrt()) * total
    with decimal.localcontext() as context:
        context.prec += int(x * x) + 10
        return 1 - _erf(x)


def _normal_below(z: Decimal) -> Decimal:
    tail = _upper_tail(abs(z) / Decimal(2).sqrt()) / 2
    return tail if z < 0 else 1 - tail


def _sum(values: list[Any]) -> Any:
    return sum(values, Decimal(0))


FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "exp": _to_digits(Decimal.exp), "log": _to_digits(Decimal.ln), "tanh": _tanh, "sin": _to_digits(_sin),
    "cos": _to_digits(lambda x: _sin(x + _pi() / 2)), "sign": lambda x: x if x == 0 else x / abs(x),
    "max": max, "min": min, "Φ": _to_digits(_normal_below),
    "φ": _to_digits(lambda z: (-z * z / 2).exp() / (2 * _pi()).sqrt()),
    "erf": _to_digits(lambda x: (1 - _upper_tail(abs(x))).copy_sign(x) if abs(x) > 20 else _erf(x)),
    "floor": lambda x: x.to_integral_value(decimal.ROUND_FLOOR)}
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "·": operator.mul, "/": operator.truediv, "^": _power,
    "√": _to_digits(Decimal.sqrt), "negative": operator.neg, "absolute": abs, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "=": operator.eq}
CONSTANTS: dict[str, Callable[[], Decimal]] = {"π": _to_digits(_pi)}
REDUCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "Σ": _sum, "Π": lambda values: reduce(operator.mul, values), "mean": lambda values: _sum(values) / len(values),
    "max": max, "min": min}
