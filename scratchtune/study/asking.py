"""Define-by-run: an objective requests parameters while it runs, and the study learns its space from the requests.

Before trial n runs, the trials that it may see give a space (`scratchtune.search.learned_space`), and the searcher
proposes a configuration of it. `Asks.suggest_float` and the others take their values from this proposal. A value that
is not in it, or not in the range requested, is drawn at random, keyed by the trial's seed and the parameter's name. So
the values of trial n depend on nothing but the study's definition and the trials that its searcher may see.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.search import Categorical, Float, Int, Space
from scratchtune.search.learned_space import OpenSpace, SpaceLearner, conflict
from scratchtune.search.space import Parameter

KINDS: dict[str, type] = {"Float": Float, "Int": Int, "Categorical": Categorical}
PLAIN = (type(None), bool, int, float, str)
NOTHING_ASKED = (
    "the objective has requested no parameter, and the study has no space; call trial.suggest_float, suggest_int or "
    "suggest_categorical in it, or give the study a space")


class Asked:
    """The parameters that a trial of a study without a space has requested.

    ``proposed``: the configuration that the searcher or the user proposed; ``is_enqueued``: by the user;
    ``parameters``: those requested, in order; ``drawn``: the names of those whose values were drawn at random;
    ``known``: the parameters that the trials which this one may see have requested.
    """

    __slots__ = ("proposed", "is_enqueued", "parameters", "drawn", "known")

    def __init__(self, proposed: Mapping[str, Any], is_enqueued: bool = False) -> None:
        self.proposed, self.is_enqueued = dict(proposed), is_enqueued
        self.parameters: dict[str, Parameter] = {}
        self.drawn: list[str] = []
        self.known: Mapping[str, Parameter] = {}

    def again(self) -> Asked:
        """The same proposal, with nothing requested yet."""
        made = Asked(self.proposed, self.is_enqueued)
        made.known = self.known
        return made

    def answer(self, name: str, parameter: Parameter, seed: int) -> Any:
        """The value of a parameter that is requested the first time in this trial."""
        known = self.known.get(name)
        differs = None if known is None else conflict(known, parameter)
        if differs:
            raise ValueError(
                f"{name!r} is requested as {_short(parameter)}, and was {_short(known)} in earlier trials; its "
                f"{differs} must be the same in all trials; give a different parameter a different name")
        value = self._proposed(name, parameter)
        self.parameters = {**self.parameters, name: parameter}  # a new dict: another thread may be reading the old one
        if value is None:
            self.drawn = [*self.drawn, name]
            return drawn(seed, name, parameter)
        return value[0]

    def _proposed(self, name: str, parameter: Parameter) -> tuple[Any] | None:
        """The proposed value; None where there is none in the range that is requested."""
        if name not in self.proposed:
            return None
        try:
            return (parameter.check(name, self.proposed[name]),)
        except (TypeError, ValueError):
            if self.is_enqueued:
                raise
            return None

    def said(self) -> str:
        """A sentence about what does not follow from the proposal, or nothing."""
        parts = []
        if self.drawn:
            names = ", ".join(self.drawn)
            parts.append(f" Drawn at random, since the proposal has no value for them in the requested range: {names}.")
        unused = [name for name in self.proposed if name not in self.parameters]
        if unused and self.parameters:
            parts.append(f" Proposed, but not requested: {', '.join(unused)}.")
        return "".join(parts)


def drawn(seed: int, name: str, parameter: Parameter) -> Any:
    """A uniform random value of a parameter, keyed by the trial's seed and the parameter's name."""
    key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return parameter.from_unit(float(np.random.default_rng([seed, int.from_bytes(key, "big")]).random()))


def completed(space: Space, proposed: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Complete a proposal to a configuration of a space that was learned later; ``seed`` is that of the trial.

    Its other parameters have the values that the trial will draw for them.
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


def learned_space(trials: Iterable[Any]) -> Space:
    """The space of the parameters that the finished trials of a study without a space have requested."""
    learner = SpaceLearner()
    for trial in trials:
        if trial.state != "running" and trial.asked is not None:
            learner.add(trial.asked.parameters, trial.shared_params, trial.state == "failed")
    return learner.space()


# The methods of a trial ----------------------------------------------------------------------------------------------


class Asks:
    """The methods by which an objective requests parameters of a trial, and attaches attributes to it.

    With a study that has a space, they return the values of the trial's configuration.
    """

    __slots__ = ()
    number: int
    state: str
    shared_params: dict[str, Any]
    asked: Asked | None
    user_attrs: dict[str, Any]

    @property
    def seed(self) -> int:
        """An int that depends on the study's seed and the trial's number."""
        raise NotImplementedError

    @property
    def proposed(self) -> dict[str, Any]:
        """The configuration that was proposed for the trial; in a study with a space, its params."""
        return self.shared_params if self.asked is None else self.asked.proposed

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
        """Return the trial's choice; each is a number, text, bool, None, or a tuple, list or dict of these.

        Raises
            TypeError where a choice is anything else, ValueError where earlier trials have requested the name with
            other choices, and the errors of `suggest_float`.
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
        if self.asked is None:
            return copied_value(self._of_space(name, parameter))
        _check_choices(name, parameter)
        before = self.asked.parameters.get(name)
        if before is not None and before != parameter:
            raise ValueError(f"trial {self.number} has requested {name!r} as {_short(before)}, and now as "
                             f"{_short(parameter)}; within a trial it must be the same, or have another name")
        if before is None:
            if self.state != "running":
                raise ValueError(f"trial {self.number} is {self.state}; a parameter can be requested only "
                                 "while it runs")
            value = self.asked.answer(name, parameter, self.seed)
            self.shared_params = {**self.shared_params, name: value}  # type: ignore[misc]  # a slot of `Trial`
        return copy.deepcopy(self.shared_params[name])

    def _of_space(self, name: str, parameter: Parameter) -> Any:
        """The value of the trial's configuration, where the study has a space."""
        if name not in self.shared_params:
            has = ", ".join(map(repr, self.shared_params)) or "none"
            raise ValueError(
                f"{name!r} is requested, and the configuration of trial {self.number} has {has}"
                f"{checks.nearest(name, list(self.shared_params))}: add it to the study's space, or make the study "
                "without a space")
        try:
            return parameter.check(name, self.shared_params[name])
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{problem}: the study's space has another range for it; ask for the same one") from None

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the trial, any value that JSON has; it is stored when the trial has finished."""
        if self.state != "running":
            raise ValueError(f"trial {self.number} is {self.state}; its attributes are set while it runs")
        added = {checked_key(key): checked_attribute(key, value)}
        self.user_attrs = {**self.user_attrs, **added}  # type: ignore[misc]  # a slot of `Trial`

    set_attr = set_user_attr  # the shorter name of the two


def checked_key(key: Any) -> str:
    """The name of an attribute, or a TypeError."""
    if not isinstance(key, str) or not key:
        raise TypeError(f"key is {key!r}; an attribute's name must be text")
    if key != key.encode("utf-8", "replace").decode("utf-8"):
        raise ValueError(f"key is {key!r}; it must be valid Unicode, without lone surrogates")
    return str.__str__(key)


def copied_value(value: Any) -> Any:
    """A deep copy; a value that can't be copied, such as a module, is shared."""
    if type(value) in PLAIN:  # immutable, and the type of most parameters
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def checked_attribute(key: str, value: Any) -> Any:
    """A copy of an attribute's value as JSON has it, so that it is the same after loading (a tuple becomes a list)."""
    try:
        return json.loads(json.dumps(value, default=_plain))
    except (TypeError, ValueError, RecursionError) as problem:
        raise TypeError(f"the attribute {key!r} can't be written as JSON ({problem}); it must be made of numbers, "
                        "text, booleans, None, lists and dicts") from None


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{value!r:.60} is a {type(value).__name__}")


def nothing_asked(asked: Asked | None, value: Any, error: str | None) -> str | None:
    """The error of a trial that has ended in a study without a space; of one that has requested nothing, a hint."""
    if asked is None or asked.parameters:
        return error
    if error is None:
        return NOTHING_ASKED
    return f"{error}; {NOTHING_ASKED}" if isinstance(value, KeyError) else error


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
    shown = {"low": 0, "high": 0, "choices": 0} | ({"log": 1} if getattr(parameter, "log", False) else {})
    if getattr(parameter, "step", None) not in (None, 1):
        shown["step"] = 2
    parts = [f"{part}={getattr(parameter, part)!r}" for part in shown if hasattr(parameter, part)]
    return f"{type(parameter).__name__}({', '.join(parts)})"


# How a file stores it ------------------------------------------------------------------------------------------------


def packed_asked(asked: Asked, params: Mapping[str, Any], is_running: bool) -> dict[str, Any]:
    """What a trial was proposed and has requested, for JSON: parameters and values as their repr.

    Of a running trial only the proposal: if the run is interrupted, it begins again.
    """
    parameters = {} if is_running else asked.parameters
    rows = [[name, packed_parameter(parameter), repr(params[name])] for name, parameter in parameters.items()]
    return {"proposed": repr(asked.proposed), "asked": rows, "drawn": [] if is_running else asked.drawn}


def unpacked_asked(packed: Mapping[str, Any], is_enqueued: bool) -> tuple[Asked, dict[str, Any]]:
    """The inverse of `packed_asked`; a KeyError, TypeError or ValueError where it is something else."""
    proposed = _literal(packed["proposed"])
    if not isinstance(proposed, dict):
        raise ValueError(f"the proposal is {proposed!r:.60}")
    asked, params = Asked(proposed, is_enqueued), {}
    for name, parameter, value in packed["asked"]:
        asked.parameters[str(name)] = unpacked_parameter(parameter)
        params[str(name)] = asked.parameters[name].check(name, _literal(value))
    asked.drawn = [str(name) for name in packed["drawn"]]
    return asked, params


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, MemoryError, RecursionError) as problem:
        raise ValueError(f"{text!r:.60} is no value: {problem}") from None


def packed_parameter(parameter: Parameter, conditions: Mapping[str, Sequence[Any]] | None = None) -> dict[str, Any]:
    """A parameter for JSON: its kind and, as their repr, its arguments; of the choices a list of them.

    ``conditions`` are those of the parameter, with the indices of the parent's values in place of discrete ones.
    """
    parts: dict[str, Any] = {part.name: repr(getattr(parameter, part.name)) for part in fields(parameter)}
    if isinstance(parameter, Categorical):
        parts["choices"] = list(map(repr, parameter.choices))
    return parts | {"kind": type(parameter).__name__, "when": conditions}


def unpacked_parameter(parts: Mapping[str, Any], parents: Mapping[str, Parameter] | None = None) -> Parameter:
    """The inverse of `packed_parameter`; where a choice is no plain value, all choices are their texts.

    Raises
        IndexError, KeyError, TypeError or ValueError where ``parts`` are something else.
    """
    kind, when = KINDS[parts["kind"]], dict(parts["when"] or {})
    kept = {name: _literal(text) for name, text in parts.items() if name not in ("kind", "choices", "when")}
    if "choices" in parts:
        try:
            kept["choices"] = list(map(_literal, parts["choices"]))
        except ValueError:
            kept["choices"] = parts["choices"]
    known = parents or {}
    kept["when"] = {name: [known[name].value(one) if known[name].count is not None else one for one in values]
                    for name, values in when.items()} or None
    return kind(**kept)


def is_open(space: Space) -> bool:
    """Whether a study was made without a space."""
    return isinstance(space, OpenSpace)


def given_space(space: Any, constraint: Any) -> Space:
    """The space of a study, from the argument; an `OpenSpace` for None.

    Raises
        ValueError for a constraint without a space.
    """
    if space is not None:
        return Space(space, constraint)
    if constraint is not None:
        raise ValueError("constraint is given without a space; give a space too, or return nan (a failed trial) for a "
                         "configuration that is not allowed")
    return OpenSpace()
