"""Scales: values of a parameter, or any numbers, as coordinates between two ends, with ticks at round numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.insight import drawing
from scratchtune.insight.reporting.markup import one_line
from scratchtune.search.parameters import Categorical, Parameter

TINY, LARGEST = 1e-300, sys.float_info.max
MOST_CHOICES = 10  # of an axis of choices; of more choices only every second, third, ... has a label


class Scale(NamedTuple):
    """A map from ``low`` to ``high`` onto the coordinates from ``start`` to ``end``; ``ticks`` are (value, label)."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: list[tuple[float, str]]

    def at(self, value: float) -> float:
        """The coordinate of a value, which is moved to the nearest end where it is outside.

        >>> linear_scale([0.0, 10.0], 0.0, 100.0).at(2.5)
        25.0
        """
        numbers = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, value = map(math.log, numbers)
        else:  # scaled by a power of 2, so that differences of the largest and of the smallest numbers are exact
            exponent = math.frexp(max(abs(self.low), abs(self.high)))[1] + 2
            low, high, value = (math.ldexp(number, -exponent) for number in numbers)
        return self.start + (self.end - self.start) * ((value - low) / (high - low))


def linear_scale(values: Sequence[float] | np.ndarray, start: float, end: float, integer: bool = False,
                 most: int = 5) -> Scale:
    """A scale from the smallest value to the largest, both moved outward where there is only one value."""
    low, high = (float(min(values)), float(max(values))) if len(values) else (0.0, 1.0)
    if not high > low:
        room = 0.5 if integer or abs(low) < TINY else abs(low) * 0.05
        low, high = max(low - room, -LARGEST), min(high + room, LARGEST)
    return Scale(low, high, start, end, False, _round_ticks(low, high, most, integer))


def parameter_scale(parameter: Parameter, start: float, end: float, most: int = 4) -> Scale:
    """The scale of a parameter: its range, logarithmic where the parameter is, or the indices of its choices."""
    low, high = drawing.bounds(parameter)
    if isinstance(parameter, Categorical):
        step = -(-parameter.count // MOST_CHOICES)
        ticks = [(float(index), one_line(choice, 12)) for index, choice in enumerate(parameter.choices)][::step]
        return Scale(low, high, start, end, False, ticks)
    if drawing.has_log_axis(parameter):
        return Scale(low, high, start, end, True, _log_ticks(low, high, most))
    return Scale(low, high, start, end, False, _round_ticks(low, high, most, isinstance(parameter.low, int)))


def value_at(parameter: Parameter, value: Any) -> float:
    """The number that stands for a value of a parameter on its scale: itself, or the index of a choice."""
    return float(drawing.positions(parameter, [value])[0])


def number_text(number: float) -> str:
    """A short text of a number on an axis.

    >>> number_text(12000.0), number_text(0.0001), number_text(0.25)
    ('12,000', '1e-4', '0.25')
    """
    if number and (abs(number) < 1e-3 or abs(number) >= 1e6):
        mantissa, exponent = f"{number:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{number:,.10g}" if abs(number) >= 1000 else f"{number:.4g}"


def _round_ticks(low: float, high: float, most: int, integer: bool) -> list[tuple[float, str]]:
    """At most ``most`` + 1 multiples of 1, 2, 2.5 or 5 times a power of ten between two ends."""
    rough = high / most - low / most
    if not TINY < rough < 1e300 or rough < 1e-9 * max(abs(low), abs(high)):  # too near to each other, or too far
        return [(number, f"{number:.17g}" if low / 2 - high / 2 == 0.0 or rough < 1.0 else number_text(number))
                for number in (low, high)]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1.0 - 1e-9))
    if integer:
        step = max(1.0, math.ceil(step))
    numbers = step * np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    digits = max(0, -math.floor(math.log10(step)) + (step / 10.0 ** math.floor(math.log10(step)) == 2.5))
    plain = 0 < digits <= 4 and max(abs(low), abs(high)) < 1e6
    texts = [f"{number + 0.0:,.{digits}f}" if plain else number_text(float(f"{number:.12g}")) for number in numbers]
    return [(float(number), text) for number, text in zip(numbers, texts, strict=True)] or [(low, number_text(low))]


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Powers of ten between two ends, thinned out; of a short range also twice and five times them; else the ends."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in ((1.0,), (1.0, 2.0, 5.0)):
        numbers = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        inside = [number for number in numbers if low * (1 - 1e-9) <= number <= high * (1 + 1e-9)]
        if len(inside) >= 2:
            break
    else:
        inside = [low, high]
    return [(number, number_text(number)) for number in inside[:: -(-len(inside) // (most + 1))]]
