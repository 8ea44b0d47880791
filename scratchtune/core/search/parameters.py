"""A parameter is one hyper-parameter to be tuned: a range of numbers, or choices, and its map to the unit interval.

The formulas below map a value to its *unit value* u in [0, 1], and back. A parameter with n distinct values divides the
unit interval into n cells of equal length (in a log range: of the length that rounding gives them); the unit value of a
value is the middle of its cell, so mapping it back gives exactly that value. In a continuous range this holds for every
value that some unit value is mapped to; for others the last bit may differ. ``when`` is the condition of a parameter, a
dict from other parameters' names to values; ``prior`` is (centre, share of the range), or a weight for each choice.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from scratchtune.core import checks

MOST_VALUES = 2**50  # of a range with a step: with more, the 53 bits of a unit value could not distinguish them
MOST_IN_LOG = 2**40  # the largest integer of a log range, likewise: its logarithm has fewer bits left
MOST_CHOICES = 1_000_000
NARROW_LOG = 1e-9  # where high is at most this share above low, the logarithms have too few digits: see is_logarithmic
SPREADS = (1e-6, 4.0)  # of a prior, as shares of the range: a narrower one is a point, a wider one is flat


def linear_value(u: float, low: float, high: float) -> float:
    """Value on a linear range: equal steps in u are equal differences.

    Formula [linear_value]
        v = low + u · (high − low)
    Where
        u: u, scalar, in [0, 1], the unit value
        low: low, scalar, real
        high: high, scalar, real
    Returns
        v, the parameter's value in its own units.
    Source
        The affine map of the unit interval.
    Example
        >>> linear_value(0.25, 2.0, 4.0)
        2.5
    """
    return low + u * (high - low)


def linear_unit(v: float, low: float, high: float) -> float:
    """Inverse of [linear_value].

    Formula [linear_unit]
        u = (v − low) / (high − low)
    Where
        v: v, scalar, real
        low: low, scalar, real; sampled in [-1, 1]
        high: high, scalar, real; sampled as integer >= 2, above low
    Returns
        u, in [0, 1] for a v in its range.
    Source
        [linear_value], solved for u.
    Example
        >>> linear_unit(2.5, 2.0, 4.0)
        0.25
    """
    return (v - low) / (high - low)


def log_value(u: float, low: float, high: float) -> float:
    """Value on a logarithmic range: equal steps in u are equal factors.

    Formula [log_value]
        v = exp(log(low) + u · (log(high) − log(low)))
    Where
        u: u, scalar, in [0, 1], the unit value
        low: low, scalar, > 0
        high: high, scalar, > 0
    Returns
        v, the parameter's value in its own units.
    Source
        Bergstra and Bengio (2012), section 2.3: drawn geometrically, uniform in the logarithm.
    Example
        >>> round(log_value(0.5, 0.001, 0.1), 12)
        0.01
    """
    return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))


def log_unit(v: float, low: float, high: float) -> float:
    """Inverse of [log_value].

    Formula [log_unit]
        u = (log(v) − log(low)) / (log(high) − log(low))
    Where
        v: v, scalar, > 0
        low: low, scalar, > 0; sampled in (0, 1)
        high: high, scalar, > 0; sampled as integer >= 2, above low
    Returns
        u, in [0, 1] for a v in its range.
    Source
        [log_value], solved for u.
    Example
        >>> round(log_unit(0.01, 0.001, 0.1), 12)
        0.5
    """
    return (math.log(v) - math.log(low)) / (math.log(high) - math.log(low))


def cell_index(u: float, n: int) -> int:
    """Index of the cell, of n equal ones, that contains u; u = 1 belongs to the last.

    Formula [cell_index]
        k = min(floor(u · n), n − 1)
    Where
        u: u, scalar, in [0, 1], the unit value
        n: n, scalar, integer >= 1, how many distinct values there are
    Returns
        k, an integer from 0 to n − 1.
    Variant
        Rounding u · (n − 1) instead would give the first and the last value half the probability of the others.
    Source
        Garrido-Merchan and Hernandez-Lobato (2020), section 3, gives the reason: what is evaluated is what is proposed.
    Example
        >>> cell_index(0.5, 3), cell_index(1.0, 3)
        (1, 2)
    """
    return min(math.floor(u * n), n - 1)


def cell_middle(k: int, n: int) -> float:
    """Middle of cell k of n: the unit value of value number k; [cell_index] maps it back to k.

    Formula [cell_middle]
        u = (k + 0.5) / n
    Where
        k: k, scalar, integer >= 0; sampled >= 1
        n: n, scalar, integer >= 1
    Returns
        u, in (0, 1) for a k below n.
    Source
        The midpoint of [k/n, (k + 1)/n].
    Example
        >>> cell_middle(0, 4)
        0.125
    """
    return (k + 0.5) / n


def stepped_value(k: int, low: float, step: float) -> float:
    """Value number k of a range with a step.

    Formula [stepped_value]
        v = low + k · step
    Where
        k: k, scalar, integer >= 0; sampled >= 1
        low: low, scalar, real
        step: step, scalar, > 0
    Returns
        v, in the parameter's own units.
    Source
        An arithmetic sequence.
    Example
        >>> stepped_value(3, 16, 8)
        40
    """
    return low + k * step


def rounded_log_value(u: float, low: int, high: int) -> int:
    """Integer at a unit value of a logarithmic range: a real number from low − 1/2 to high + 1/2, rounded.

    Formula [rounded_log_value]
        v = max(min(floor(exp(log(low − 0.5) + u · (log(high + 0.5) − log(low − 0.5))) + 0.5), high), low)
    Where
        u: u, scalar, in [0, 1], the unit value
        low: low, scalar, integer >= 1
        high: high, scalar, integer >= 1
    Returns
        v, an integer from low to high.
    Source
        [log_value] with rounding to the nearest.
    Example
        >>> rounded_log_value(0.5, 1, 100)
        7
    """
    v = math.exp(math.log(low - 0.5) + u * (math.log(high + 0.5) - math.log(low - 0.5)))
    return max(min(math.floor(v + 0.5), high), low)


class _Parameter:
    """What the three kinds share: the maps of separate values, and the values of a grid."""

    def from_unit(self: Any, u: float) -> Any:
        """Return the value at the unit value u, which is clipped to [0, 1]."""
        return self.value(cell_index(_unit(u), self.count))

    def to_unit(self: Any, value: Any) -> float:
        """Unit value of a value: the middle of its cell."""
        return cell_middle(self.index(value), self.count)

    def grid(self: Any, resolution: int) -> Sequence[Any]:
        """All values; of a continuous range, or a log range of more values, ``resolution`` of them, evenly spaced."""
        if self.count is not None and (self.count <= resolution or not getattr(self, "log", False)):
            return [self.value(k) for k in range(self.count)]
        units = [0.5] if resolution == 1 else [k / (resolution - 1) for k in range(resolution)]
        if isinstance(self, Int):
            scale = Float(self.low, self.high, log=True)
            return sorted({round(scale.from_unit(u)) for u in units})
        return list(dict.fromkeys(self.from_unit(u) for u in units))

    def __repr__(self) -> str:  # a dataclass's own, after an interruption, would always return "..."
        values = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({values})"


@dataclass(frozen=True, repr=False)
class Float(_Parameter):
    """A real number from low to high, both included: on a log scale with ``log``, in steps from low with ``step``."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    when: Mapping[str, Any] | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        _set(self, low=checks.real("low", self.low), high=checks.real("high", self.high))
        _check_range(self)
        if math.isinf(self.high - self.low):
            raise ValueError(f"low is {self.low} and high is {self.high}; high - low must be a finite number")
        if self.step is not None:
            _set(self, step=checks.real("step", self.step, low=0.0, open_low=True))
            _check_step(self.low, self.high, self.step)
        _set(self, when=_checked_when(self.when), prior=_checked_prior(self.prior, self))
        count = None if self.step is None else round((self.high - self.low) / self.step) + 1
        object.__setattr__(self, "_count", 1 if self.low == self.high else count)  # derived, so these are no fields
        object.__setattr__(self, "_digits", max(_decimals(self.low), _decimals(self.step or 0.0)))

    @property
    def count(self) -> int | None:
        """How many distinct values there are; None for a continuous range."""
        return self._count  # type: ignore[attr-defined]

    def value(self, k: int) -> float:
        """Value with index k of a range with a step, rounded to the decimals of low and step (0.3 for 3 · 0.1)."""
        if self.count is not None and k == self.count - 1:
            return self.high
        short = round(stepped_value(k, self.low, self.step or 0.0), self._digits)  # type: ignore[attr-defined]
        return min(max(short + 0.0, self.low), self.high)  # + 0.0: never -0.0

    def index(self, value: float) -> int:
        """Index of a value in a range with a step, from 0."""
        return 0 if self.step is None else round((value - self.low) / self.step)

    def from_unit(self, u: float) -> float:
        """Return the value at the unit value u, which is clipped to [0, 1]."""
        if self.count is not None:
            return super().from_unit(u)
        u = _unit(u)
        if u <= 0.0 or u >= 1.0:
            return self.low if u <= 0.0 else self.high
        try:
            value = (log_value if is_logarithmic(self) else linear_value)(u, self.low, self.high)
        except OverflowError:  # the logarithm was rounded up beyond that of the largest float
            return self.high
        return min(max(value, self.low), self.high)

    def to_unit(self, value: float) -> float:
        """Unit value of a value: one that `from_unit` maps to exactly this value, if there is one."""
        if self.count is not None:
            return super().to_unit(value)
        return _unit_that_gives(value, min(max(self.unrounded_unit(value), 0.0), 1.0), self.from_unit)

    def unrounded_unit(self, value: float) -> float:
        """Unit value of a value in a continuous range of more than one value, as its formula gives it, not rounded."""
        return (log_unit if is_logarithmic(self) else linear_unit)(value, self.low, self.high)

    def check(self, name: str, value: Any) -> float:
        """Return a value as a Python float; a ValueError or TypeError that names the parameter if it is not allowed."""
        if self.step is None:
            return checks.real(name, value, self.low, self.high)
        slack = 1e-6 * self.step  # so that 3 · 0.1, or 0.1 in float32, counts as a multiple of 0.1
        number = min(max(checks.real(name, value), self.low), self.high)
        nearest = self.value(self.index(number))
        if abs(float(value) - number) > slack:
            checks.real(name, value, self.low, self.high)
        if abs(number - nearest) > slack:
            raise ValueError(
                f"{name} is {value!r}; it must be {self.low} plus a multiple of {self.step}, the nearest is {nearest}")
        return nearest


@dataclass(frozen=True, repr=False)
class Int(_Parameter):
    """An integer from low to high, both included: in integer steps from low, or on a log scale with ``log``."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    when: Mapping[str, Any] | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        _set(self, low=_integer("low", self.low), high=_integer("high", self.high), step=_integer("step", self.step))
        if self.step < 1:
            raise ValueError(f"step is {self.step}; it must be an integer of at least 1")
        _check_range(self)
        if (self.high - self.low) % self.step:
            raise ValueError(
                f"step is {self.step}, which does not divide the range from {self.low} to {self.high}; "
                f"high could be {self.high - (self.high - self.low) % self.step}")
        if self.log and self.high > MOST_IN_LOG:
            raise ValueError(
                f"high is {self.high}; with log=True it must be at most 2**40 = {MOST_IN_LOG}, beyond it take a Float")
        if self.count > MOST_VALUES:
            raise ValueError(
                f"low is {self.low}, high is {self.high} and step is {self.step}, which are {self.count} values; a "
                f"range must have at most 2**50 = {MOST_VALUES}, for more take a larger step or a Float")
        _set(self, when=_checked_when(self.when), prior=_checked_prior(self.prior, self))

    @property
    def count(self) -> int:
        """How many distinct values there are."""
        return (self.high - self.low) // self.step + 1

    def value(self, k: int) -> int:
        """Value with index k."""
        return int(stepped_value(k, self.low, self.step))

    def index(self, value: int) -> int:
        """Index of a value, from 0."""
        return (value - self.low) // self.step

    def from_unit(self, u: float) -> int:
        """Return the value at the unit value u, which is clipped to [0, 1]."""
        if self.log:
            return rounded_log_value(_unit(u), self.low, self.high)
        return super().from_unit(u)

    def to_unit(self, value: int) -> float:
        """Unit value of a value: the middle of its cell."""
        if not self.log:
            return super().to_unit(value)
        low, high = self.low - 0.5, self.high + 0.5
        return (log_unit(value - 0.5, low, high) + log_unit(value + 0.5, low, high)) / 2.0

    def check(self, name: str, value: Any) -> int:
        """Return a value as a Python int; a ValueError or TypeError that names the parameter if it is not allowed."""
        number = _integer(name, value, self.low, self.high)
        if (number - self.low) % self.step:
            raise ValueError(f"{name} is {value!r}; it must be {self.low} plus a multiple of {self.step}")
        return number


@dataclass(frozen=True, repr=False)
class Categorical(_Parameter):
    """One of the given choices, which have no order; in a space a plain list is short for it."""

    choices: Sequence[Any]
    when: Mapping[str, Any] | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        scalar = isinstance(self.choices, np.ndarray) and self.choices.ndim == 0
        if isinstance(self.choices, (str, bytes, dict)) or not hasattr(self.choices, "__len__") or scalar:
            raise TypeError(f"choices is {self.choices!r}; it must be a list of values")
        if isinstance(self.choices, (set, frozenset)):
            raise TypeError(f"choices is {self.choices!r}; it must be a list, since the order of a set is not fixed")
        if len(self.choices) > MOST_CHOICES:
            raise ValueError(
                f"choices holds {len(self.choices)} values; it must hold at most {MOST_CHOICES}, numbers can be an Int")
        choices = tuple(_plain(choice) for choice in self.choices)
        if not choices:
            raise ValueError("choices is empty; it must hold at least one value")
        twice = _first_repeated(choices)
        if twice:
            raise ValueError(f"choices holds {twice[0]!r} twice; every value must be given once")
        _set(self, choices=choices)
        _set(self, when=_checked_when(self.when), prior=_checked_prior(self.prior, self))

    @property
    def count(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def value(self, k: int) -> Any:
        """Choice with index k."""
        return self.choices[k]

    def index(self, value: Any) -> int:
        """Return the index of a choice, from 0."""
        for k, choice in enumerate(self.choices):
            if value is choice or same(value, choice):
                return k
        raise ValueError(f"{value!r} is not one of {list(self.choices)!r}")

    def check(self, name: str, value: Any) -> Any:
        """Return the choice that equals a value; a ValueError that names the parameter if there is none."""
        value = _plain(value)
        for equal in (same, _same_number):  # 1 is accepted for the choice 1.0, unless 1 is a choice too
            for choice in self.choices:
                if equal(value, choice):
                    return choice
        known = ", ".join(repr(choice) for choice in self.choices)
        raise ValueError(
            f"{name} is {value!r}; it must be one of {known}{checks.nearest(value, map(str, self.choices))}")


Parameter = Float | Int | Categorical


def is_logarithmic(parameter: Float | Int) -> bool:
    """Whether a range is mapped by its logarithm: ``log=True``, unless it is too narrow for that.

    Neighbouring floats may have the same logarithm. Where high exceeds low by at most a share of 1e-9, the linear
    map differs from the logarithmic one by less than 1e-9 and keeps all digits.
    """
    return parameter.log and parameter.high - parameter.low > NARROW_LOG * parameter.low


def prior_in_unit(parameter: Float | Int) -> tuple[float, float]:
    """Centre and spread of a range's prior in the unit interval.

    As in `to_unit`, separate values have cells that extend half a step beyond the ends of the range; a centre between
    two values is between the middles of their cells. The spread is clipped to `SPREADS`.
    """
    centre, spread = parameter.prior
    spread = min(max(spread, SPREADS[0]), SPREADS[1])
    if parameter.low == parameter.high:
        return 0.5, spread
    half = 0.5 * (parameter.step or 0.0)
    unit_of = log_unit if is_logarithmic(parameter) else linear_unit
    return min(max(unit_of(centre, parameter.low - half, parameter.high + half), 0.0), 1.0), spread


def same(a: Any, b: Any) -> bool:
    """Whether two choices are the same: equal and of one type, so that 1, 1.0 and True are three."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, float) and math.isnan(a) and math.isnan(b):
        return True
    try:
        return bool(a == b)
    except (TypeError, ValueError):  # arrays and the like have no single answer: they are the same only if identical
        return False


def _same_number(a: Any, b: Any) -> bool:
    numbers = (int, float)
    return type(a) in numbers and type(b) in numbers and a == b


def _unit(u: float) -> float:
    """Return a unit value, clipped to [0, 1], as a plain float."""
    if math.isnan(u):
        raise ValueError("a unit value is nan; it must be a number in [0, 1]")
    return min(max(float(u), 0.0), 1.0)


def _unit_that_gives(value: float, u: float, from_unit: Callable[[float], float]) -> float:
    """A unit value that is mapped to exactly ``value``: u, or one that differs by rounding; u if there is none."""
    near, there, grain = u, from_unit(u), math.ulp(u)
    upward = there < value
    while there != value and (there < value) == upward and grain < 1e-12:  # away from u, until the value is passed
        near, far, grain = u, _unit(u + grain if upward else u - grain), 2.0 * grain
        there = from_unit(far)
        if there == value:
            return far
    if there == value or (there < value) == upward:
        return u
    while near < (middle := 0.5 * (near + far)) < far or far < middle < near:  # and back, by bisection
        there = from_unit(middle)
        if there == value:
            return middle
        near, far = (middle, far) if (there < value) == upward else (near, middle)
    return u


def _set(parameter: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass, in its ``__post_init__``."""
    for name, value in values.items():
        object.__setattr__(parameter, name, value)


def _integer(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    number = checks.integer(name, value, low, high)
    if not -(2**63) <= number < 2**63:
        seen = number if number.bit_length() <= 128 else f"an integer of {number.bit_length()} bits"
        raise ValueError(f"{name} is {seen}; it must be an integer from -2**63 to 2**63 - 1")
    return number


def _check_range(parameter: Float | Int) -> None:
    low, high = parameter.low, parameter.high
    if low > high:
        raise ValueError(f"low is {low} and high is {high}; low must not be above high")
    if checks.boolean("log", parameter.log) and low <= 0:
        raise ValueError(f"low is {low}; with log=True it must be above 0")
    if parameter.log and parameter.step is not None and not (isinstance(parameter, Int) and parameter.step == 1):
        raise ValueError(
            f"step is {parameter.step} and log is True; a range can have a step or a logarithmic scale, not both")


def _check_step(low: float, high: float, step: float) -> None:
    """Check that the step divides the range, up to the rounding of three floats, and that floats resolve it."""
    steps = (high - low) / step
    if steps > MOST_VALUES:
        raise ValueError(
            f"step is {step}, which makes {steps:.1e} values from {low} to {high}; a range must have at most "
            f"2**50 = {MOST_VALUES}")
    largest = max(abs(low), abs(high))
    rounding = 4.0 * math.ulp(largest) + round(steps) * math.ulp(step)
    if abs(round(steps) * step - (high - low)) > 1e-9 * step + min(rounding, 0.01 * step):
        raise ValueError(
            f"step is {step}, which does not divide the range from {low} to {high}; "
            f"high could be {round(low + math.floor(steps) * step, 12)}")
    if low < high and step < 8.0 * math.ulp(largest):
        raise ValueError(f"step is {step}, too small for values of {largest}: floats can't represent them all")


def _checked_when(when: Any) -> dict[str, tuple[Any, ...]] | None:
    """``when`` as a dict from parent names to tuples of values; a single value is short for a list of one."""
    if when is None:
        return None
    if not isinstance(when, Mapping) or not when:
        raise TypeError(f"when is {when!r}; it must be a dict from another parameter's name to a list of its values")
    several = (list, tuple, set, frozenset, range, np.ndarray)
    lists = {name: tuple(values) if isinstance(values, several) else (values,) for name, values in when.items()}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"when[{name!r}] is empty; it must hold at least one value of that parameter")
    return lists


def _checked_prior(prior: Any, parameter: Parameter) -> tuple[float, ...] | None:
    """The prior of a range, (centre, spread), or the weights of choices."""
    if prior is None:
        return None
    choices = len(parameter.choices) if isinstance(parameter, Categorical) else None
    if not isinstance(prior, (Sequence, np.ndarray)) or isinstance(prior, str) or len(prior) != (choices or 2):
        accepted = "be (centre, spread), the spread as a share of the range"
        if choices:
            accepted = f"hold one weight for each of the {choices} choices"
        raise ValueError(f"prior is {prior!r}; it must {accepted}")
    if not isinstance(parameter, Categorical):
        centre = checks.real("prior's centre", prior[0], parameter.low, parameter.high)
        return centre, checks.real("prior's spread", prior[1], low=0.0, open_low=True)
    weights = tuple(checks.real(f"prior[{k}]", weight, low=0.0) for k, weight in enumerate(prior))
    if not 0.0 < sum(weights) < math.inf:
        raise ValueError(f"prior is {prior!r}; the sum of the weights must be a finite number above 0")
    return weights


def _plain(value: Any) -> Any:
    """A NumPy scalar as a Python one, an array as a list; any other value unchanged."""
    return value.item() if isinstance(value, np.generic) else value.tolist() if isinstance(value, np.ndarray) else value


def _first_repeated(choices: Sequence[Any]) -> list[Any]:
    """Return the first choice that is repeated as a list of one, since it may be None; or an empty list."""
    known: set[Any] = set()
    unhashable: list[Any] = []
    for choice in choices:
        try:
            key = (type(choice), "nan" if isinstance(choice, float) and math.isnan(choice) else choice)
            repeated = key in known
            known.add(key)
        except TypeError:  # lists and dicts
            repeated = any(same(choice, other) for other in unhashable)
            unhashable.append(choice)
        if repeated:
            return [choice]
    return []


def _decimals(number: float) -> int:
    """How many decimals a number is written with: 2 for 0.25, 5 for 1e-05."""
    mantissa, _, exponent = repr(float(number)).partition("e")
    return max(len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)
