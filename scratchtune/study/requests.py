"""Define-by-run: an objective requests parameters while it runs, and the study learns its space from the requests.

Before trial n runs, the trials that it may see give a space (`scratchtune.search.learned_space`), and the searcher
proposes a configuration of it. A requested value that is not in the proposal, or not in the range requested, is drawn
at random, keyed by the trial's seed and the parameter's name. So the values of trial n depend on nothing but the
study's definition and the trials that its searcher may see.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.search import Categorical, Float, Int, Space
from scratchtune.search.learned_space import conflict
from scratchtune.search.space import Parameter

PLAIN = (type(None), bool, int, float, str)
NOTHING_REQUESTED = (
    "the objective has requested no parameter, and the study has no space; call trial.suggest_float, suggest_int or "
    "suggest_categorical in it, or give the study a space")


class Requests:
    """The ``parameters`` that a trial of a study without a space has requested, in order.

    ``proposed``: the configuration that the searcher proposed, or that was enqueued; ``drawn``: the names of those
    whose values were drawn at random; ``known``: what the trials that this one may see have requested.
    """

    __slots__ = ("proposed", "is_enqueued", "parameters", "drawn", "known")

    def __init__(
        self, proposed: Mapping[str, Any], is_enqueued: bool = False, known: Mapping[str, Parameter] | None = None,
    ) -> None:
        self.proposed, self.is_enqueued, self.known = dict(proposed), is_enqueued, known or {}
        self.parameters: dict[str, Parameter] = {}
        self.drawn: list[str] = []

    def value(self, name: str, parameter: Parameter, seed: int) -> Any:
        """The value of a parameter that is requested the first time in this trial."""
        known = self.known.get(name)
        differs = None if known is None else conflict(known, parameter)
        if differs:
            raise ValueError(
                f"{name!r} is requested as {_short(parameter)}, and was {_short(known)} in earlier trials; its "
                f"{differs} must be the same in all trials; give a different parameter a different name")
        try:
            value, is_proposed = parameter.check(name, self.proposed[name]), True
        except (KeyError, TypeError, ValueError):
            if self.is_enqueued and name in self.proposed:
                raise
            value, is_proposed = drawn(seed, name, parameter), False
        self.parameters = {**self.parameters, name: parameter}  # a new dict: another thread may be reading the old one
        if not is_proposed:
            self.drawn = [*self.drawn, name]
        return value

    def explanation(self) -> str:
        """A sentence about what does not follow from the proposal, or nothing."""
        parts = []
        if self.drawn:
            names = ", ".join(self.drawn)
            parts.append(f" Drawn at random, since the proposal has no value for them in the requested range: {names}.")
        unused = [name for name in self.proposed if name not in self.parameters]
        if unused and self.parameters:
            parts.append(f" Proposed, but not requested: {', '.join(unused)}.")
        return "".join(parts)

    def error(self, value: Any, error: str | None) -> str | None:
        """The error of the trial, where it has one; of a trial that has requested nothing, a hint."""
        if self.parameters:
            return error
        if error is None:
            return NOTHING_REQUESTED
        return f"{error}; {NOTHING_REQUESTED}" if isinstance(value, KeyError) else error


def drawn(seed: int, name: str, parameter: Parameter) -> Any:
    """A uniform random value of a parameter, keyed by the trial's seed and the parameter's name."""
    key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return parameter.from_unit(float(np.random.default_rng([seed, int.from_bytes(key, "big")]).random()))


def completed(space: Space, proposed: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Complete a proposal to a configuration of a space that was learned later, by the values that a trial of that seed
    will draw.
    """
    params: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, params):
            continue
        try:
            params[name] = parameter.check(name, proposed[name])
        except (KeyError, TypeError, ValueError):
            params[name] = drawn(seed, name, parameter)
    return params


class RequestsParameters:
    """The methods by which an objective requests parameters of a trial: where the study has a space, values of it."""

    __slots__ = ()
    number: int
    state: str
    user_attrs: dict[str, Any]
    _params: dict[str, Any]
    _requests: Requests | None

    @property
    def seed(self) -> int:
        """An int that depends on the study's seed and the trial's number."""
        raise NotImplementedError

    def suggest_float(
        self, name: str, low: float, high: float, *, log: bool = False, step: float | None = None,
    ) -> float:
        """Return the trial's value of a real parameter from low to high, on a log scale or in steps from low.

        Raises
            ValueError where this trial has requested the name with another range, where earlier trials have
            requested it with another kind or scale, or where the study has a space and its value is not in range.
        """
        return self._suggested(name, Float, {"low": low, "high": high, "log": log, "step": step})

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return the trial's value of an integer parameter from low to high; raises the errors of `suggest_float`."""
        return self._suggested(name, Int, {"low": low, "high": high, "step": step, "log": log})

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the trial's choice; raises the errors of `suggest_float`.

        Raises
            TypeError where a choice is no number, text, bool, None, or tuple, list or dict of these.
        """
        return self._suggested(name, Categorical, {"choices": choices})

    def _suggested(self, name: str, kind: type, arguments: Mapping[str, Any]) -> Any:
        if not isinstance(name, str) or not name:
            raise TypeError(f"name is {name!r}; a parameter's name must be text")
        name = str.__str__(name)  # a plain str of one of NumPy's, or of a member of an Enum
        try:
            parameter = kind(**arguments)
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"{name}: {problem}") from None
        if self._requests is None:
            return copied_value(self._of_space(name, parameter))
        _check_choices(name, parameter)
        before = self._requests.parameters.get(name)
        if before is not None and before != parameter:
            raise ValueError(f"trial {self.number} has requested {name!r} as {_short(before)}, and now as "
                             f"{_short(parameter)}; within a trial it must be the same, or have another name")
        if before is None:
            if self.state != "running":
                raise ValueError(f"trial {self.number} is {self.state}; a parameter can be requested only "
                                 "while it runs")
            value = self._requests.value(name, parameter, self.seed)
            self._params = {**self._params, name: value}  # type: ignore[misc]  # a slot of `Trial`
        return copy.deepcopy(self._params[name])

    def _of_space(self, name: str, parameter: Parameter) -> Any:
        """The value of the trial's configuration, where the study has a space."""
        if name not in self._params:
            has = ", ".join(map(repr, self._params)) or "none"
            raise ValueError(
                f"{name!r} is requested, and the configuration of trial {self.number} has {has}"
                f"{checks.nearest(name, list(self._params))}: add it to the study's space, or make the study "
                "without a space")
        try:
            return parameter.check(name, self._params[name])
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{problem}: the study's space has another range for it; ask for the same one") from None

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the trial, any value that JSON has; it is stored when the trial has finished."""
        if self.state != "running":
            raise ValueError(f"trial {self.number} is {self.state}; its attributes are set while it runs")
        self.user_attrs = {**self.user_attrs, **checked_attribute(key, value)}  # type: ignore[misc]  # a slot

    set_attr = set_user_attr  # the shorter name of the two


def copied_value(value: Any) -> Any:
    """A deep copy; a value that can't be copied, such as a module, is shared."""
    if type(value) in PLAIN:  # immutable, and the type of most parameters
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def checked_attribute(key: Any, value: Any) -> dict[str, Any]:
    """An attribute's name and a copy of its value as JSON has it; a TypeError or ValueError where that is impossible."""
    if not isinstance(key, str) or not key:
        raise TypeError(f"key is {key!r}; an attribute's name must be text")
    if key != key.encode("utf-8", "replace").decode("utf-8"):
        raise ValueError(f"key is {key!r}; it must be valid Unicode, without lone surrogates")
    try:
        return {str.__str__(key): json.loads(json.dumps(value, default=_plain))}
    except (TypeError, ValueError, RecursionError) as problem:
        raise TypeError(f"the attribute {key!r} can't be written as JSON ({problem}); it must be made of numbers, "
                        "text, booleans, None, lists and dicts") from None


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{value!r:.60} is a {type(value).__name__}")


def _check_choices(name: str, parameter: Parameter) -> None:
    for choice in parameter.choices if isinstance(parameter, Categorical) else ():
        if not _is_plain(choice):
            raise TypeError(
                f"{name}: choices holds {choice!r:.60}; in a study without a space a choice must be a number, text, "
                "bool, None, or a tuple, list or dict of these: use names, and look the objects up")


def _is_plain(value: Any) -> bool:
    if type(value) in (tuple, list):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(_is_plain(part) for item in value.items() for part in item)
    return type(value) in PLAIN and not (isinstance(value, float) and not math.isfinite(value))


def _short(parameter: Any) -> str:
    """A parameter as it was requested, without what has its default."""
    shown = ["low", "high", "choices"] + ["log"] * bool(getattr(parameter, "log", False))
    if getattr(parameter, "step", None) not in (None, 1):
        shown.append("step")
    parts = [f"{part}={getattr(parameter, part)!r}" for part in shown if hasattr(parameter, part)]
    return f"{type(parameter).__name__}({', '.join(parts)})"
