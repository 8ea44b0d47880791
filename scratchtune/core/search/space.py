"""A space is what may be tuned: named parameters, each with a range or choices and a condition for its existence.

For searchers a space is a unit cube with one axis for each parameter; `parameters` has the maps of the axes. All
searchers use them, so none can propose a value outside of a range or between its steps. A finite space is also a
sequence of points, in the order of `itertools.product`, in which an absent parameter multiplies nothing.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search.foreign import from_foreign
from scratchtune.core.search.parameters import Categorical, Float, Int, Parameter, log_unit, log_value, same

__all__ = [
    "Categorical", "Constraint", "Float", "Int", "Parameter", "Space", "combinations", "log_unit", "log_value", "same"]

Constraint = Callable[[dict[str, Any]], bool]


def combinations(sizes: Sequence[int]) -> int:
    """Size of a grid: the product of the numbers of values of its parameters.

    Formula [grid_combinations]
        N = Πᵢ[nᵢ]
    Where
        n: sizes, (i,), integer >= 1, how many values parameter i has
    Returns
        N, a number of configurations.
    Variant
        A parameter that exists only under a condition is counted within that condition alone; see `Space.size`.
    Source
        The document, section 3.1: all possible combinations.
    Example
        >>> combinations([3, 3])
        9
    """
    return math.prod(int(size) for size in sizes)


class Space:
    """Named parameters in a fixed order: as given, but a parameter comes after those that its ``when`` names.

    ``constraint`` is a function from params to bool; points for which it is False are not part of the space.

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
        self._mentioned: dict[str, set[int]] = {}  # of each parameter that conditions name, indices of the values named
        for name in self.names:
            for position, indices in self.parents(name):
                self._mentioned.setdefault(self.names[position], set()).update(indices.tolist())
        self._groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}  # cache of `_linked`
        self._counts: dict[tuple[Any, ...], int] = {}  # cache of `_count`

    def __repr__(self) -> str:
        constraint = "" if self.constraint is None else f", constraint={self.constraint!r}"
        return f"Space({self.parameters!r}{constraint})"

    def is_active(self, name: str, params: Mapping[str, Any]) -> bool:
        """Whether a parameter exists, given the params of those before it: whether its ``when`` holds."""
        for parent, allowed in self.conditions[name].items():
            if parent not in params or not any(same(params[parent], value) for value in allowed):
                return False
        return True

    def parents(self, name: str) -> list[tuple[int, np.ndarray]]:
        """Position of each parameter that the condition of ``name`` names, and the indices of its allowed values."""
        return [(self.names.index(parent), np.array([self.parameters[parent].index(value) for value in allowed]))
                for parent, allowed in self.conditions[name].items()]

    def from_unit(self, point: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """Return the params at a point of the unit cube, one coordinate for each name; inactive ones are absent."""
        params: dict[str, Any] = {}
        if len(point) != len(self.names):
            raise ValueError(f"point has {len(point)} coordinates; it must have {len(self.names)}, one a parameter")
        for u, (name, parameter) in zip(point, self.parameters.items(), strict=True):
            if not self.conditions[name] or self.is_active(name, params):
                params[name] = parameter.from_unit(float(u))
        return params

    def to_unit(self, params: Mapping[str, Any]) -> np.ndarray:
        """Point of the unit cube, (d,), of params; NaN on the axis of an absent parameter."""
        units = (p.to_unit(params[name]) if name in params else math.nan for name, p in self.parameters.items())
        return np.array(list(units))

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params as Python values in the space's order; a ValueError or TypeError that says what is wrong."""
        if not isinstance(params, Mapping):
            raise TypeError(f"params is {params!r}; it must be a dict from names to values")
        for name in params:
            if name not in self.parameters:
                known = ", ".join(map(repr, self.names))
                raise ValueError(
                    f"params holds {name!r}; the space's parameters are {known}{checks.nearest(name, self.names)}")
        checked: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if self.is_active(name, checked):
                if name not in params:
                    raise ValueError(f"params lacks {name!r}; every parameter whose condition holds needs a value")
                checked[name] = parameter.check(name, params[name])
            elif name in params:
                raise ValueError(
                    f"params holds {name!r} = {params[name]!r}, which exists only when "
                    f"{self.conditions[name]!r}; omit it")
        if not self.allows(checked):
            raise ValueError(
                f"params is {checked!r}, which the constraint refuses; give params for which it returns True")
        return checked

    def lacks(self, params: Mapping[str, Any]) -> list[str]:
        """The names of the parameters that have no value in params, although their conditions hold."""
        return [name for name in self.parameters if name not in params and self.is_active(name, params)]

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether the constraint, if there is one, holds.

        Raises
            ValueError if the constraint raises an error; TypeError if it returns anything but True or False.
        """
        if self.constraint is None:
            return True
        try:
            answer = self.constraint(dict(params))
        except Exception as error:
            raise ValueError(
                f"the constraint raised {type(error).__name__}: {error}, for {dict(params)!r}; it must return True or "
                "False for every point of the space") from error
        if not isinstance(answer, (bool, np.bool_)) and not (isinstance(answer, int) and answer in (0, 1)):
            raise TypeError(f"the constraint returned {answer!r} for {dict(params)!r}; it must return True or False")
        return bool(answer)

    def key(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a hashable form of params, by which they are looked up in a set or a dict."""
        return tuple(
            None if name not in params else params[name] if p.count is None else p.index(params[name])
            for name, p in self.parameters.items())

    @property
    def size(self) -> int | None:
        """Number of distinct points, without the constraint; absent parameters multiply nothing; None if infinite."""
        if any(parameter.count is None for parameter in self.parameters.values()):
            return None
        if not self._mentioned:
            return combinations([_finite(parameter) for parameter in self.parameters.values()])
        return self._count(self.names, {})

    def point(self, number: int) -> dict[str, Any]:
        """Point ``number`` of a finite space, from 0; the last parameter varies fastest."""
        params: dict[str, Any] = {}
        for position, (name, parameter) in enumerate(self.parameters.items()):
            if not self.is_active(name, params):
                continue
            for first, length in self._runs(name):
                inner = self._count(self.names[position + 1 :], {**params, name: parameter.value(first)})
                if number < length * inner:
                    params[name] = parameter.value(first + number // inner)
                    number %= inner
                    break
                number -= length * inner
        return params

    def points(self) -> Iterator[dict[str, Any]]:
        """All points of a finite space that the constraint allows, in order."""
        return (params for params in self.every_point() if self.allows(params))

    def every_point(self) -> Iterator[dict[str, Any]]:
        """All points of a finite space, without the constraint, in order."""
        return iter(()) if self.size is None else self._points_from(0, {})

    def _points_from(self, position: int, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the points that begin with params, the values of the parameters before ``position``."""
        if position == len(self.names):
            yield dict(params)
            return
        name = self.names[position]
        if not self.is_active(name, params):
            yield from self._points_from(position + 1, params)
            return
        parameter = self.parameters[name]
        for k in range(_finite(parameter)):
            yield from self._points_from(position + 1, {**params, name: parameter.value(k)})

    def _runs(self, name: str) -> list[tuple[int, int]]:
        """(first index, length) of runs of a parameter's values between which no condition distinguishes."""
        return _runs(_finite(self.parameters[name]), self._mentioned.get(name, ()))

    def _count(self, names: tuple[str, ...], params: dict[str, Any]) -> int:
        """Number of points of some parameters, given the params of all that come before the first of them."""
        if not names:
            return 1
        if names not in self._groups:
            self._groups[names] = _linked({name: [p for p in self.conditions[name] if p in names] for name in names})
        if len(self._groups[names]) > 1:
            return combinations([self._count(group, params) for group in self._groups[names]])
        name, rest = names[0], names[1:]
        key = (names, *(self._may_be_active(later, names, params) for later in names))
        if key not in self._counts:
            if not self.is_active(name, params):
                self._counts[key] = self._count(rest, params)
            else:
                self._counts[key] = sum(
                    length * self._count(rest, {**params, name: self.parameters[name].value(first)})
                    for first, length in self._runs(name))
        return self._counts[key]

    def _may_be_active(self, name: str, undecided: tuple[str, ...], params: dict[str, Any]) -> bool:
        """Whether the condition of a parameter may hold, given the values (or absence) of its parents in params."""
        return all(
            parent in undecided or (parent in params and any(same(params[parent], value) for value in allowed))
            for parent, allowed in self.conditions[name].items())


def _runs(count: int, mentioned: Iterable[int]) -> list[tuple[int, int]]:
    """The indices below ``count`` in runs, (first, length): each mentioned one alone, those between together.

    >>> _runs(10, [3, 4])
    [(0, 3), (3, 1), (4, 1), (5, 5)]
    """
    starts = sorted({0, *mentioned, *(number + 1 for number in mentioned)} - {count})
    return [(start, end - start) for start, end in zip(starts, [*starts[1:], count], strict=True)]


def _linked(conditions: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Group the names such that no condition connects two groups: the numbers of their points are multiplied."""
    groups: dict[int, list[str]] = {}
    group_of: dict[str, list[str]] = {}
    for name in conditions:
        linked = {id(group_of[parent]): group_of[parent] for parent in conditions[name]}
        joined: list[str] = max(linked.values(), key=len, default=[])  # the others are added to the largest
        added = [name, *(other for group in linked.values() if group is not joined for other in group)]
        joined.extend(added)
        group_of.update((other, joined) for other in added)
        for key in linked:
            del groups[key]
        groups[id(joined)] = joined
    order = {name: at for at, name in enumerate(conditions)}
    return [tuple(sorted(group, key=order.__getitem__)) for group in groups.values()]


def _finite(parameter: Parameter) -> int:
    if parameter.count is None:
        raise ValueError("a continuous range has no number of values; give it a step, or a resolution to the grid")
    return parameter.count


def _named_parameters(parameters: Any) -> dict[str, Parameter]:
    """The parameters of a space by name, from what a user gives; a TypeError or ValueError says what is wrong."""
    if not isinstance(parameters, Mapping):
        raise TypeError(
            f"space is {parameters!r}; it must be a dict from names to Float, Int, Categorical or lists of choices")
    if not parameters:
        raise ValueError("space is empty; it must have at least one parameter")
    for name in parameters:
        if not isinstance(name, str) or not name:
            raise TypeError(f"space has the name {name!r}; a parameter's name must be text")
    return {name: _as_parameter(name, given) for name, given in parameters.items()}


def _as_parameter(name: str, given: Any) -> Parameter:
    """The parameter that one entry means: itself, one of another library (`from_foreign`), or a list of choices."""
    if isinstance(given, (Float, Int, Categorical)):
        return given
    try:
        found = from_foreign(given)
    except (TypeError, ValueError) as problem:
        raise type(problem)(f"{name} is {given!r}: {problem}") from None
    if isinstance(found, (list, tuple, range, np.ndarray)):
        try:
            return Categorical(list(found) if isinstance(found, np.ndarray) else found)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None
    if not isinstance(found, (Float, Int)):
        raise TypeError(f"{name} is {given!r}; it must be a Float, an Int, a Categorical, a list of choices, a range "
                        "as a tuple of two numbers, or a distribution of SciPy")
    return found


def _condition(name: str, given: Mapping[str, Parameter]) -> dict[str, tuple[Any, ...]]:
    """Return the condition of a parameter, with every value checked by the parent that it is a value of."""
    condition = {}
    for parent, values in (given[name].when or {}).items():
        if parent not in given or parent == name:
            others = [other for other in given if other != name]
            known = f"one of {', '.join(map(repr, others))}{checks.nearest(parent, others)}"
            raise ValueError(f"when of {name!r} names {parent!r}; it must name another parameter of the space, "
                             f"{known if others else 'which has none'}")
        if given[parent].count is None:
            raise ValueError(
                f"when of {name!r} names {parent!r}, which is continuous; it must name one with separate values")
        condition[parent] = tuple(given[parent].check(f"when[{parent!r}] of {name!r}", value) for value in values)
    return condition


def _parents_first(conditions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names in the given order, but each after the names in its condition."""
    ordered: dict[str, None] = {}
    waiting = list(conditions)
    while waiting:
        name = next((name for name in waiting if conditions[name].keys() <= ordered.keys()), None)
        if name is None:
            raise ValueError(
                f"the conditions of {', '.join(map(repr, waiting))} form a circle; "
                "`when` must lead to parameters without one")
        ordered[name] = None
        waiting.remove(name)
    return list(ordered)
