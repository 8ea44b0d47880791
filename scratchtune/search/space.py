"""A space is what may be tuned: named parameters, each with a range or choices and a condition for its existence.

Every searcher sees a space as a unit cube with one axis for each parameter. The maps between a value and its place
u in [0, 1] are the formulas below; they are shared, so that no searcher can propose a value outside its range or off
its step. A parameter with n distinct values owns n cells of equal length (in a log range: of the length that rounding
gives them), and a value's own place is the middle of its cell, so going there and back gives exactly that value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks


def linear_value(u: float, low: float, high: float) -> float:
    """Place on a linear range: equal steps in u are equal differences.

    Formula [unit_linear]
        v = low + u · (high − low)
    Where
        u: u, scalar, in [0, 1], the place in the unit cube
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


def linear_place(v: float, low: float, high: float) -> float:
    """Inverse of [unit_linear].

    Formula [unit_linear_inverse]
        u = (v − low) / (high − low)
    Where
        v: v, scalar, real
        low: low, scalar, in [-1, 1]
        high: high, scalar, integer >= 2
    Returns
        u, in [0, 1] for a v in its range.
    Source
        [unit_linear], solved for u.
    Example
        >>> linear_place(2.5, 2.0, 4.0)
        0.25
    """
    return (v - low) / (high - low)


def log_value(u: float, low: float, high: float) -> float:
    """Place on a logarithmic range: equal steps in u are equal factors.

    Formula [unit_log]
        v = exp(log(low) + u · (log(high) − log(low)))
    Where
        u: u, scalar, in [0, 1], the place in the unit cube
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


def log_place(v: float, low: float, high: float) -> float:
    """Inverse of [unit_log].

    Formula [unit_log_inverse]
        u = (log(v) − log(low)) / (log(high) − log(low))
    Where
        v: v, scalar, > 0
        low: low, scalar, in (0, 1)
        high: high, scalar, integer >= 2
    Returns
        u, in [0, 1] for a v in its range.
    Source
        [unit_log], solved for u.
    Example
        >>> round(log_place(0.01, 0.001, 0.1), 12)
        0.5
    """
    return (math.log(v) - math.log(low)) / (math.log(high) - math.log(low))


def cell_index(u: float, n: int) -> int:
    """Number of the cell, of n equal ones, in which u lies; u = 1 belongs to the last.

    Formula [unit_cell]
        k = min(floor(u · n), n − 1)
    Where
        u: u, scalar, in [0, 1], the place in the unit cube
        n: n, scalar, integer >= 1, how many distinct values there are
    Returns
        k, a whole number from 0 to n − 1.
    Variant
        Rounding u · (n − 1) instead would give the first and the last value half the chance of the others.
    Source
        Garrido-Merchan and Hernandez-Lobato (2020), section 3, gives the reason: what is evaluated is what is proposed.
    Example
        >>> cell_index(0.5, 3), cell_index(1.0, 3)
        (1, 2)
    """
    return min(math.floor(u * n), n - 1)


def cell_middle(k: int, n: int) -> float:
    """Middle of cell k of n: the place of the value number k; [unit_cell] leads back to k.

    Formula [unit_cell_middle]
        u = (k + 0.5) / n
    Where
        k: k, scalar, integer >= 1
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
        k: k, scalar, integer >= 1
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


def log_integer(u: float, low: int, high: int) -> int:
    """Whole number at a place of a logarithmic range; each owns what rounds to it, from low − 1/2 to high + 1/2.

    Formula [unit_log_integer]
        v = max(min(floor(exp(log(low − 0.5) + u · (log(high + 0.5) − log(low − 0.5))) + 0.5), high), low)
    Where
        u: u, scalar, in [0, 1], the place in the unit cube
        low: low, scalar, integer >= 1
        high: high, scalar, integer >= 1
    Returns
        v, a whole number from low to high.
    Source
        [unit_log] with rounding to the nearest.
    Example
        >>> log_integer(0.5, 1, 100)
        7
    """
    v = math.exp(math.log(low - 0.5) + u * (math.log(high + 0.5) - math.log(low - 0.5)))
    return max(min(math.floor(v + 0.5), high), low)


def combinations(sizes: Sequence[int]) -> int:
    """Size of a grid: the product of the numbers of values of its parameters.

    Formula [grid_combinations]
        N = Πᵢ[nᵢ]
    Where
        n: sizes, (i,), integer >= 1, how many values parameter i has
    Returns
        N, a whole number of settings.
    Variant
        A parameter that exists only under a condition is counted within that condition alone; see `Space.size`.
    Source
        The document, section 3.1: all possible combinations.
    Example
        >>> combinations([3, 3])
        9
    """
    return math.prod(int(size) for size in sizes)


@dataclass(frozen=True)
class Float:
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
        if self.step is not None:
            _set(self, step=checks.real("step", self.step, low=0.0, open_low=True))
            _check_step(self)
        _set(self, when=_checked_when(self.when), prior=_checked_prior(self.prior, self))

    @property
    def count(self) -> int | None:
        """How many distinct values there are; None for a continuous range."""
        if self.low == self.high:
            return 1
        return None if self.step is None else round((self.high - self.low) / self.step) + 1

    def value(self, k: int) -> float:
        """Value number k of a range with a step, as short as low and step are (0.3, not 0.30000000000000004)."""
        if self.count is not None and k == self.count - 1:
            return self.high
        step = self.step or 0.0
        digits = max(_decimals(self.low), _decimals(step))
        return min(round(stepped_value(k, self.low, step), digits), self.high)

    def index(self, value: float) -> int:
        """Number of a value in a range with a step."""
        return 0 if self.step is None else round((value - self.low) / self.step)

    def from_unit(self, u: float) -> float:
        """Value at the place u of the unit interval."""
        if self.count is not None:
            return self.value(cell_index(u, self.count))
        if u <= 0.0 or u >= 1.0:
            return self.low if u <= 0.0 else self.high
        value = log_value(u, self.low, self.high) if self.log else linear_value(u, self.low, self.high)
        return min(max(value, self.low), self.high)

    def to_unit(self, value: float) -> float:
        """Place of a value in the unit interval."""
        if self.count is not None:
            return cell_middle(self.index(value), self.count)
        return log_place(value, self.low, self.high) if self.log else linear_place(value, self.low, self.high)

    def check(self, name: str, value: Any) -> float:
        """Return a value as a plain float; an error that names the parameter where it is not one of this range."""
        number = checks.real(name, value, self.low, self.high)
        if self.count is None:
            return number
        nearest = self.value(self.index(number))
        if not math.isclose(number, nearest, rel_tol=1e-9, abs_tol=1e-9 * (self.step or 0.0)):
            raise ValueError(
                f"{name} is {value!r}; it must be {self.low} plus a multiple of {self.step}, the nearest is {nearest}")
        return nearest

    def grid(self, resolution: int) -> list[float]:
        """All values of a range with a step; of a continuous one ``resolution`` places, evenly from low to high."""
        if self.count is not None:
            return [self.value(k) for k in range(self.count)]
        return [self.from_unit(u) for u in _even_places(resolution)]


@dataclass(frozen=True)
class Int:
    """A whole number from low to high, both included: in whole steps from low, or on a log scale with ``log``."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    when: Mapping[str, Any] | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        _set(self, low=_whole("low", self.low), high=_whole("high", self.high), step=_whole("step", self.step))
        if self.step < 1:
            raise ValueError(f"step is {self.step}; it must be a whole number of at least 1")
        _check_range(self)
        _check_step(self)
        _set(self, when=_checked_when(self.when), prior=_checked_prior(self.prior, self))

    @property
    def count(self) -> int:
        """How many distinct values there are."""
        return (self.high - self.low) // self.step + 1

    def value(self, k: int) -> int:
        """Value number k."""
        return int(stepped_value(k, self.low, self.step))

    def index(self, value: int) -> int:
        """Number of a value, from 0."""
        return (value - self.low) // self.step

    def from_unit(self, u: float) -> int:
        """Value at the place u of the unit interval."""
        if self.log:
            return log_integer(u, self.low, self.high)
        return self.value(cell_index(u, self.count))

    def to_unit(self, value: int) -> float:
        """Place of a value in the unit interval: the middle of what leads to it."""
        if not self.log:
            return cell_middle(self.index(value), self.count)
        low, high = self.low - 0.5, self.high + 0.5
        return (log_place(value - 0.5, low, high) + log_place(value + 0.5, low, high)) / 2.0

    def check(self, name: str, value: Any) -> int:
        """Return a value as a plain int; an error that names the parameter where it is not one of this range."""
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            value = int(value)
        number = checks.integer(name, value, self.low, self.high)
        if (number - self.low) % self.step:
            raise ValueError(f"{name} is {value!r}; it must be {self.low} plus a multiple of {self.step}")
        return number

    def grid(self, resolution: int) -> list[int]:
        """All values; of a log range with more than ``resolution``, that many even places of its scale, rounded."""
        if not self.log or self.count <= resolution:
            return [self.value(k) for k in range(self.count)]
        scale = Float(self.low, self.high, log=True)
        return sorted({round(scale.from_unit(u)) for u in _even_places(resolution)})


@dataclass(frozen=True)
class Categorical:
    """One of the given choices, in no order; a plain list in a space is short for it."""

    choices: Sequence[Any]
    when: Mapping[str, Any] | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.choices, (str, bytes, dict)) or not hasattr(self.choices, "__len__"):
            raise TypeError(f"choices is {self.choices!r}; it must be a list of values")
        choices = tuple(_plain(choice) for choice in self.choices)
        if not choices:
            raise ValueError("choices is empty; it must hold at least one value")
        twice = _first_repeated(choices)
        if twice:
            raise ValueError(f"choices holds {twice[0]!r} twice; every value must be given once")
        _set(self, choices=choices, when=_checked_when(self.when), prior=_checked_weights(self.prior, len(choices)))

    @property
    def count(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def value(self, k: int) -> Any:
        """Choice number k."""
        return self.choices[k]

    def index(self, value: Any) -> int:
        """Number of a choice, from 0."""
        for k, choice in enumerate(self.choices):
            if value is choice or same(value, choice):
                return k
        raise ValueError(f"{value!r} is not one of {list(self.choices)!r}")

    def from_unit(self, u: float) -> Any:
        """Choice at the place u of the unit interval."""
        return self.choices[cell_index(u, len(self.choices))]

    def to_unit(self, value: Any) -> float:
        """Place of a choice in the unit interval."""
        return cell_middle(self.index(value), len(self.choices))

    def check(self, name: str, value: Any) -> Any:
        """Return a value as the choice that it is; an error that names the parameter where it is none."""
        value = _plain(value)
        for choice in self.choices:
            if value is choice or same(value, choice) or _same_number(value, choice):
                return choice
        known = ", ".join(repr(choice) for choice in self.choices)
        raise ValueError(
            f"{name} is {value!r}; it must be one of {known}{checks.nearest(value, map(str, self.choices))}")

    def grid(self, resolution: int) -> list[Any]:
        """All choices."""
        return list(self.choices)


Parameter = Float | Int | Categorical
Constraint = Callable[[dict[str, Any]], bool]


class Space:
    """Named parameters in a fixed order: as given, but a parameter comes after those that its ``when`` names.

    ``constraint`` is a function from params to bool; what it refuses is not part of the space.

    >>> space = Space({"optimizer": ["sgd", "adam"], "momentum": Float(0.0, 0.9, when={"optimizer": ["sgd"]})})
    >>> space.from_unit([0.1, 0.5]), space.from_unit([0.9, 0.5])
    ({'optimizer': 'sgd', 'momentum': 0.45}, {'optimizer': 'adam'})
    """

    def __init__(self, parameters: Mapping[str, Any] | Space, constraint: Constraint | None = None) -> None:
        if isinstance(parameters, Space):
            constraint = constraint or parameters.constraint
            parameters = dict(parameters.parameters)
        if constraint is not None and not callable(constraint):
            raise TypeError(f"constraint is {constraint!r}; it must be a function from params to True or False")
        self.constraint: Constraint | None = constraint
        given = _named_parameters(parameters)
        self.conditions = {name: _condition(name, given) for name in given}
        self.parameters: dict[str, Parameter] = {name: given[name] for name in _parents_first(self.conditions)}
        self.names = tuple(self.parameters)
        self._parents = {parent for condition in self.conditions.values() for parent in condition}
        self._groups = _linked({name: self.conditions[name] for name in self.names})
        self._counts: dict[tuple[Any, ...], int] = {}  # of points, found so far by `_count_from`

    def is_active(self, name: str, params: Mapping[str, Any]) -> bool:
        """Whether a parameter exists beside the params of those before it, which is what its ``when`` decides."""
        for parent, allowed in self.conditions[name].items():
            if parent not in params or not any(same(params[parent], value) for value in allowed):
                return False
        return True

    def from_unit(self, point: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """Params at a point of the unit cube, one coordinate for each of ``names``; what does not exist is absent."""
        params: dict[str, Any] = {}
        for u, (name, parameter) in zip(point, self.parameters.items(), strict=True):
            if not self.conditions[name] or self.is_active(name, params):
                params[name] = parameter.from_unit(float(u))
        return params

    def to_unit(self, params: Mapping[str, Any]) -> np.ndarray:
        """Point of the unit cube, (d,), of params; NaN on the axis of an absent parameter."""
        places = (p.to_unit(params[name]) if name in params else math.nan for name, p in self.parameters.items())
        return np.array(list(places))

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params as plain values in the space's order, or raise one sentence about what is wrong with them."""
        if not isinstance(params, Mapping):
            raise TypeError(f"params is {params!r}; it must be a dict from names to values")
        for name in params:
            if name not in self.parameters:
                known = ", ".join(map(repr, self.names))
                raise ValueError(f"params holds {name!r}; the space has {known}{checks.nearest(name, self.names)}")
        checked: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if self.is_active(name, checked):
                if name not in params:
                    raise ValueError(f"params lacks {name!r}; every parameter whose condition holds needs a value")
                checked[name] = parameter.check(name, params[name])
            elif name in params:
                raise ValueError(
                    f"params holds {name!r} = {params[name]!r}, which exists only when {self.conditions[name]!r}")
        if not self.allows(checked):
            raise ValueError(f"params is {checked!r}, which the constraint refuses")
        return checked

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether the constraint, if there is one, holds."""
        return self.constraint is None or bool(self.constraint(dict(params)))

    def key(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return params as something that can be looked up in a set or a dict."""
        return tuple(
            None if name not in params else params[name] if p.count is None else p.index(params[name])
            for name, p in self.parameters.items())

    @property
    def size(self) -> int | None:
        """Number of distinct points, absent parameters not multiplied, the constraint not asked; None if infinite."""
        if any(parameter.count is None for parameter in self.parameters.values()):
            return None
        if not self._parents:
            return combinations([_finite(parameter) for parameter in self.parameters.values()])
        return self._count_from(0, {})

    def point(self, number: int) -> dict[str, Any]:
        """Point number ``number`` of a finite space; the last parameter varies fastest, as in `itertools.product`."""
        params: dict[str, Any] = {}
        for position, (name, parameter) in enumerate(self.parameters.items()):
            if not self.is_active(name, params):
                continue
            for k, size in self._branches(position, parameter, params):
                if number < size:
                    params[name] = parameter.value(k + number // (size // self._width(name, parameter)))
                    number %= size // self._width(name, parameter)
                    break
                number -= size
        return params

    def points(self) -> Iterator[dict[str, Any]]:
        """All points of a finite space that the constraint allows, in order of number."""
        every = map(self.point, range(self.size or 0))
        return (params for params in every if self.allows(params))

    def _width(self, name: str, parameter: Parameter) -> int:
        """How many values one branch of the tree of points holds: all of them where nothing depends on the value."""
        return 1 if name in self._parents else _finite(parameter)

    def _branches(self, position: int, parameter: Parameter, params: dict[str, Any]) -> Iterator[tuple[int, int]]:
        """(first value, number of points) of each branch at this parameter."""
        name, width = self.names[position], self._width(self.names[position], parameter)
        for k in range(0, _finite(parameter), width):
            yield k, width * self._count_from(position + 1, {**params, name: parameter.value(k)})

    def _count_from(self, position: int, params: dict[str, Any]) -> int:
        """Number of points of the parameters from ``position`` on, beside the params of those before it."""
        rest = self.names[position:]
        groups = ([name for name in group if name in rest] for group in self._groups)
        return combinations([self._count_group(tuple(group), params) for group in groups])

    def _count_group(self, names: tuple[str, ...], params: dict[str, Any]) -> int:
        """Number of points of parameters that depend on each other and on no others but those in params."""
        if not names:
            return 1
        name, rest = names[0], names[1:]
        key = (names, *(self._may_be_active(later, names, params) for later in names))
        if key not in self._counts:
            parameter = self.parameters[name]
            if not self.is_active(name, params):
                self._counts[key] = self._count_group(rest, params)
            elif name in self._parents:
                every = ({**params, name: parameter.value(k)} for k in range(_finite(parameter)))
                self._counts[key] = sum(self._count_group(rest, with_value) for with_value in every)
            else:
                self._counts[key] = _finite(parameter) * self._count_group(rest, params)
        return self._counts[key]

    def _may_be_active(self, name: str, undecided: tuple[str, ...], params: dict[str, Any]) -> bool:
        """Whether the condition of a parameter holds as far as its parents are decided, absent ones included."""
        return all(
            parent in undecided or (parent in params and any(same(params[parent], value) for value in allowed))
            for parent, allowed in self.conditions[name].items())


def _linked(conditions: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Names in groups that no condition connects, so that their numbers of points multiply."""
    groups: list[list[str]] = []
    for name in conditions:
        linked = [group for group in groups if any(parent in group for parent in conditions[name])]
        groups = [group for group in groups if group not in linked]
        groups.append([other for group in linked for other in group] + [name])
    order = list(conditions)
    return [sorted(group, key=order.index) for group in groups]


def _set(parameter: Any, **values: Any) -> None:
    """Write normalised values into a frozen dataclass that is being made."""
    for name, value in values.items():
        object.__setattr__(parameter, name, value)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return checks.integer(name, value)


def _check_range(parameter: Float | Int) -> None:
    low, high = parameter.low, parameter.high
    if low > high:
        raise ValueError(f"low is {low} and high is {high}; low must not be above high")
    if checks.boolean("log", parameter.log) and low <= 0:
        raise ValueError(f"low is {low}; with log=True it must be above 0")
    if parameter.log and parameter.step not in (None, 1):
        raise ValueError(f"step is {parameter.step} and log is True; a range has one of the two")
    if isinstance(parameter, Float) and parameter.log and parameter.step is not None:
        raise ValueError(f"step is {parameter.step} and log is True; a range has one of the two")


def _check_step(parameter: Float | Int) -> None:
    width, step = parameter.high - parameter.low, parameter.step
    steps = round(width / step) if step else 0
    if step is not None and abs(steps * step - width) > 1e-9 * step:
        raise ValueError(
            f"step is {step}, which does not divide the range from {parameter.low} to {parameter.high}; "
            f"high could be {round(parameter.low + math.floor(width / step) * step, 12)}")


def _checked_when(when: Any) -> dict[str, tuple[Any, ...]] | None:
    """``when`` as a dict from parent names to tuples of values; a single value is short for a list of one."""
    if when is None:
        return None
    if not isinstance(when, Mapping) or not when:
        raise TypeError(f"when is {when!r}; it must be a dict from another parameter's name to a list of its values")
    lists = {name: tuple(v) if isinstance(v, (list, tuple, set, range)) else (v,) for name, v in when.items()}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"when[{name!r}] is empty; it must hold at least one value of that parameter")
    return lists


def _checked_prior(prior: Any, parameter: Float | Int) -> tuple[float, float] | None:
    if prior is None:
        return None
    if not isinstance(prior, Sequence) or isinstance(prior, str) or len(prior) != 2:
        raise TypeError(f"prior is {prior!r}; it must be (centre, spread), the spread as a share of the range")
    centre = checks.real("prior's centre", prior[0], parameter.low, parameter.high)
    return centre, checks.real("prior's spread", prior[1], low=0.0, open_low=True)


def _checked_weights(prior: Any, choices: int) -> tuple[float, ...] | None:
    if prior is None:
        return None
    if not isinstance(prior, (Sequence, np.ndarray)) or isinstance(prior, str) or len(prior) != choices:
        raise ValueError(f"prior is {prior!r}; it must hold one weight for each of the {choices} choices")
    weights = tuple(checks.real(f"prior[{k}]", weight, low=0.0) for k, weight in enumerate(prior))
    if sum(weights) == 0.0:
        raise ValueError(f"prior is {prior!r}; at least one weight must be above 0")
    return weights


def _plain(value: Any) -> Any:
    """A NumPy scalar as a Python one; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


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


def _first_repeated(choices: Sequence[Any]) -> list[Any]:
    """The first choice that came before, as a list of one, or an empty list."""
    known: set[Any] = set()
    unhashable: list[Any] = []
    for choice in choices:
        try:
            key = (type(choice), choice)
            repeated = key in known
            known.add(key)
        except TypeError:  # lists and dicts
            repeated = any(same(choice, other) for other in unhashable)
            unhashable.append(choice)
        if repeated:
            return [choice]
    return []


def _same_number(a: Any, b: Any) -> bool:
    numbers = (int, float)
    return type(a) in numbers and type(b) in numbers and a == b


def _decimals(number: float) -> int:
    """How many decimals a number is written with: 2 for 0.25, 5 for 1e-05."""
    mantissa, _, exponent = repr(float(number)).partition("e")
    return max(len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)


def _even_places(resolution: int) -> list[float]:
    return [0.5] if resolution == 1 else [k / (resolution - 1) for k in range(resolution)]


def _finite(parameter: Parameter) -> int:
    if parameter.count is None:
        raise ValueError("a continuous range has no number of values; give it a step, or a resolution to the grid")
    return parameter.count


def _named_parameters(parameters: Any) -> dict[str, Parameter]:
    if not isinstance(parameters, Mapping):
        raise TypeError(
            f"space is {parameters!r}; it must be a dict from names to Float, Int, Categorical or lists of choices")
    if not parameters:
        raise ValueError("space is empty; it must have at least one parameter")
    return {_checked_name(name): _as_parameter(name, given) for name, given in parameters.items()}


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise TypeError(f"space has the name {name!r}; a parameter's name must be text")
    return name


def _as_parameter(name: str, given: Any) -> Parameter:
    if isinstance(given, (Float, Int, Categorical)):
        return given
    if isinstance(given, (list, tuple, range, np.ndarray)):
        try:
            return Categorical(list(given))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
    raise TypeError(f"{name} is {given!r}; it must be a Float, an Int, a Categorical or a list of choices")


def _condition(name: str, given: Mapping[str, Parameter]) -> dict[str, tuple[Any, ...]]:
    """The condition of a parameter, every value checked against the parameter that it is a value of."""
    condition = {}
    for parent, values in (given[name].when or {}).items():
        if parent not in given or parent == name:
            others = [other for other in given if other != name]
            if not others:
                raise ValueError(
                    f"when of {name!r} names {parent!r}; it must name another parameter of the space, which has none")
            raise ValueError(
                f"when of {name!r} names {parent!r}; it must name another parameter of the space, one of "
                f"{', '.join(map(repr, others))}{checks.nearest(parent, others)}")
        if given[parent].count is None:
            raise ValueError(
                f"when of {name!r} names {parent!r}, which is continuous; it must name one with separate values")
        condition[parent] = tuple(given[parent].check(f"when[{parent!r}] of {name!r}", value) for value in values)
    return condition


def _parents_first(conditions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names in the given order, but each after the names in its condition."""
    ordered: list[str] = []
    waiting = list(conditions)
    while waiting:
        ready = next((name for name in waiting if all(parent in ordered for parent in conditions[name])), None)
        if ready is None:
            raise ValueError(
                f"the conditions of {', '.join(map(repr, waiting))} form a circle; "
                "`when` must lead to parameters without one")
        ordered.append(ready)
        waiting.remove(ready)
    return ordered
