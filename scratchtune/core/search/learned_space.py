"""A learned space is what the objective of a study without a space has requested so far (define-by-run).

Each trial asks for its parameters while it runs, and another trial may ask for others. `SpaceLearner` makes one `Space`
of them for the searcher. A parameter that some trials have not requested becomes a conditional one where the value of
one other parameter explains, in all trials, whether it is requested: then searchers treat it as one with ``when``.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from scratchtune.core.search.parameters import Categorical, Float, Int, Parameter, same
from scratchtune.core.search.space import Space

MOST_PARENT_VALUES = 64  # a parameter with more values is not considered as a parent of others


class OpenSpace(Space):
    """The space of a study in which no trial has requested a parameter yet; any params are accepted."""

    def __init__(self) -> None:
        self.constraint = None
        self.conditions: dict[str, dict[str, tuple[Any, ...]]] = {}
        self.parameters: dict[str, Parameter] = {}
        self.names = ()

    def __repr__(self) -> str:
        return "OpenSpace()"

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params as a dict; a TypeError where they have no names."""
        if not isinstance(params, Mapping):
            raise TypeError(f"params is {params!r}; it must be a dict from names to values")
        for name in params:
            if not isinstance(name, str) or not name:
                raise TypeError(f"params has the name {name!r}; a parameter's name must be text")
        return {str.__str__(name): _plain(name, value) for name, value in params.items()}

    def key(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a hashable form of params: by repr, since a value may be a list or a dict."""
        return tuple((name, type(value), repr(value)) for name, value in sorted(params.items()))

    @property
    def size(self) -> int | None:
        """None: how many points there are is not known."""
        return None


def _plain(name: str, value: Any) -> Any:
    """A value as Python's own type, so that a file can hold it; a TypeError or ValueError where it has none."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in (tuple, list):
        return type(value)(_plain(name, part) for part in value)
    if type(value) is dict:
        return {_plain(name, key): _plain(name, part) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; it must be finite")
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return value if type(value) is kind else kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    raise TypeError(f"{name} is {value!r:.60}; in a study without a space it must be a number, text, bool, None, or a "
                    "tuple, list or dict of these")


def conflict(known: Parameter, asked: Parameter) -> str | None:
    """Name what differs between two parameters of one name but must be the same; None where they agree.

    The bounds and steps of two ranges may differ, since they may depend on another parameter.
    """
    if type(known) is not type(asked):
        return "kind"
    if isinstance(known, Categorical) or isinstance(asked, Categorical):
        one, other = (getattr(parameter, "choices", ()) for parameter in (known, asked))
        return None if len(one) == len(other) and all(map(same, one, other)) else "choices"
    return "scale (log)" if known.log != asked.log else None


def merged(name: str, one: Parameter, other: Parameter) -> Parameter:
    """The smallest parameter that has the values of both: the hull of two ranges, or all choices of both.

    >>> merged("x", Float(0.0, 1.0), Float(0.5, 2.0))
    Float(low=0.0, high=2.0, log=False, step=None, when=None, prior=None)
    """
    if one == other:
        return one
    if isinstance(one, Categorical) and isinstance(other, Categorical):
        new = [choice for choice in other.choices if not any(same(choice, known) for known in one.choices)]
        return Categorical([*one.choices, *new])
    if isinstance(one, Categorical) or isinstance(other, Categorical) or conflict(one, other):
        raise ValueError(
            f"trials have requested {name!r} as {one!r} and as {other!r}, which can't be one parameter; give the two "
            "different names")
    low, high = min(one.low, other.low), max(one.high, other.high)
    is_aligned = one.step == other.step and (one.step is None or _divides(one.step, one.low - other.low))
    if isinstance(one, Int):
        step = one.step if is_aligned and _divides(one.step, high - low) else 1
        return Int(int(low), int(high), log=one.log, step=step)
    return Float(low, high, log=one.log, step=one.step if is_aligned and high - low >= (one.step or 0.0) else None)


def within(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params that are values of the space's parameters of the same names; the others are left out."""
    found: dict[str, Any] = {}
    for name in filter(space.parameters.__contains__, params):
        with suppress(TypeError, ValueError):
            found[name] = space.parameters[name].check(name, params[name])
    return found


def _divides(step: float, length: float) -> bool:
    """Whether a length is a multiple of the step, up to rounding."""
    return abs(length / step - round(length / step)) <= 1e-9


class SpaceLearner:
    """Learns a space from trials, which are added in order of number."""

    def __init__(self) -> None:
        self.added = 0
        self._parameters: dict[str, Parameter] = {}  # in the order in which they were requested first
        self._whole = 0  # trials that have not failed: what they have not requested is absent
        self._asked_by: Counter[str] = Counter()  # how many of these have requested a parameter
        # For pairs (parameter, other parameter with few values): the other's values, by repr, in the trials that have
        # requested both, and how many of them there are.
        self._present: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._values: dict[str, Counter[str]] = defaultdict(Counter)  # the same of each of these other parameters
        self._space: Space = OpenSpace()
        self._is_new = False  # whether trials were added since `_space` was made

    def add(self, asked: Mapping[str, Parameter], params: Mapping[str, Any], has_failed: bool) -> None:
        """Add the parameters that a trial has requested; one that has failed may not have requested all of its own."""
        self.added += 1
        self._is_new = True
        for name, parameter in asked.items():
            known = self._parameters.get(name)
            if known is not None and conflict(known, parameter) not in (None, "choices"):
                has_failed = True  # this trial says nothing about which parameters depend on which others
                continue
            self._parameters[name] = parameter if known is None else merged(name, known, parameter)
        if has_failed:
            return
        self._whole += 1
        few = {name: repr(params[name]) for name, parameter in asked.items()
               if parameter.count is not None and parameter.count <= MOST_PARENT_VALUES}
        for other, value in few.items():
            self._values[other][value] += 1
        for name in asked:
            self._asked_by[name] += 1
            for other, value in few.items():
                if other != name:
                    self._present[name, other][value] += 1

    def space(self) -> Space:
        """The space of the trials that were added; an `OpenSpace` where none has requested anything.

        The same object as before unless it has changed, since searchers cache by it and compare it by ``is``.
        """
        if self._is_new:
            found = {name: self._conditional(name, parameter) for name, parameter in self._parameters.items()}
            if found and found != self._space.parameters:
                self._space = Space(found)
            self._is_new = False
        return self._space

    def _conditional(self, name: str, parameter: Parameter) -> Parameter:
        """A parameter with the condition that explains in which trials it is absent, if there is one.

        Of several explanations, that of the parameter with the fewest values in the trials counts, since each of these
        values has been seen most often; of those the one that was requested last.
        """
        count = self._asked_by[name]
        if count == self._whole or count == 0:
            return parameter
        best: tuple[int, str, list[Any]] | None = None
        for other, possible in self._parameters.items():
            if other == name:
                break  # a condition names a parameter that was requested before
            allowed = self._explained(name, count, other, possible)
            if allowed and (best is None or len(self._values[other]) <= best[0]):
                best = len(self._values[other]), other, allowed
        return parameter if best is None else replace(parameter, when={best[1]: best[2]})

    def _explained(self, name: str, count: int, other: str, possible: Parameter) -> list[Any]:
        """The values of another parameter with which one is requested; empty where they don't explain its absence.

        A value that no trial has had yet counts as one with which it is requested.
        """
        here, seen = self._present[name, other], self._values[other]
        if possible.count is None or possible.count > MOST_PARENT_VALUES or sum(here.values()) != count:
            return []
        if any(here[value] != seen[value] for value in here):
            return []  # with this value it is sometimes absent
        values = [possible.value(k) for k in range(possible.count)]
        return [value for value in values if repr(value) in here or repr(value) not in seen]
