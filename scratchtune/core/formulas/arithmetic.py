"""What each function and operator of the dialect computes, in decimals of the surrounding context's precision.

A naive line such as ``log(1 − 1 / (1 + exp(−z)))`` is then accurate where double precision would lose every digit, and
can be compared with the stable code. Only + − · / need all of the precision; exp, log and so on have `DIGITS`.
"""

from __future__ import annotations

import decimal
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
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


def _series(terms: Iterator[Decimal]) -> Decimal:
    """Add terms until the sum no longer changes."""
    total, before = Decimal(0), None
    while total != before:
        before, total = total, total + next(terms)
    return total


def _products(first: Decimal, factor: Callable[[int], Decimal]) -> Iterator[Decimal]:
    """Yield the first term, and then each term as factor(n), for n = 1, 2, ..., times the one before it."""
    term = first
    for n in itertools.count(1):
        yield term
        term *= factor(n)


@lru_cache(maxsize=4)
def _pi_to(precision: int) -> Decimal:
    """Machin: π = 16·atan(1/5) − 4·atan(1/239)."""
    return 16 * _atan_of_inverse(Decimal(5)) - 4 * _atan_of_inverse(Decimal(239))


def _atan_of_inverse(x: Decimal) -> Decimal:
    """atan(1/x) = Σₙ[(−1)ⁿ / ((2n + 1) · x²ⁿ⁺¹)]."""
    return _series(Decimal(-1) ** n / ((2 * n + 1) * x ** (2 * n + 1)) for n in itertools.count())


def _pi() -> Decimal:
    return _pi_to(decimal.getcontext().prec)


def _sin(x: Decimal) -> Decimal:
    """Taylor's series, of x in the first period: sin(x) = x − x³/3! + x⁵/5! − ..."""
    x %= 2 * _pi()
    return _series(_products(x, lambda n: -x * x / (2 * n * (2 * n + 1))))


def _erf(x: Decimal) -> Decimal:
    """erf(x) = 2/√π · exp(−x²) · Σₙ[2ⁿ·x²ⁿ⁺¹ / (1·3·5···(2n+1))]: no term is negative, so nothing cancels."""
    total = _series(_products(x, lambda n: 2 * x * x / (2 * n + 1)))
    return 2 / _pi().sqrt() * (-x * x).exp() * total


def _upper_tail(x: Decimal) -> Decimal:
    """1 − erf(x) for x >= 0: for large x the asymptotic series, else erf with extra digits for the cancellation.

    From x² = 400 on, the terms of the asymptotic series fall below 10^−`DIGITS` before they grow.
    """
    if x * x > 400:
        total = _series(_products(Decimal(1), lambda n: -(2 * n - 1) / (2 * x * x)))
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
