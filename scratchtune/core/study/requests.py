"""Define-by-run: an objective requests parameters while it runs, and the study learns its space from the requests.

Before trial n runs, the trials that it may see give a space (`scratchtune.core.search.learned_space`), and the searcher
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
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune.core.search import Categorical, Space
from scratchtune.core.search.learned_space import conflict
from scratchtune.core.search.space import Parameter

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
                f"{name!r} is requested as {shown(parameter)}, and was {shown(known)} in earlier trials; its "
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
    """Complete a proposal to a configuration of a space learned later, by what a trial of that seed will draw."""
    params: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, params):
            continue
        try:
            params[name] = parameter.check(name, proposed[name])
        except (KeyError, TypeError, ValueError):
            params[name] = drawn(seed, name, parameter)
    return params


def copied_value(value: Any) -> Any:
    """A deep copy; a value that can't be copied, such as a module, is shared."""
    if type(value) in PLAIN:  # immutable, and the type of most parameters
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def copied_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of a configuration, by `copied_value`."""
    return {name: value if type(value) in PLAIN else copied_value(value) for name, value in params.items()}


def checked_attribute(key: Any, value: Any) -> dict[str, Any]:
    """An attribute's name and a copy of its value as JSON has it; a TypeError or ValueError where it has none."""
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


def check_choices(name: str, parameter: Parameter) -> None:
    """Raise a TypeError for a choice that a study without a space can't store."""
    for choice in parameter.choices if isinstance(parameter, Categorical) else ():
        if not _is_plain(choice):
            raise TypeError(
                f"{name}: choices holds {choice!r:.60}; in a study without a space a choice must be a finite number, "
                "text, bool, None, or a tuple, list or dict of these: use names, and look the objects up")


def _is_plain(value: Any) -> bool:
    """Whether a file gives back an equal value: a subclass would come back as its base, and NaN equals nothing."""
    if type(value) in (tuple, list):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(_is_plain(part) for item in value.items() for part in item)
    return type(value) in PLAIN and not (isinstance(value, float) and not math.isfinite(value))


def shown(parameter: Any) -> str:
    """A parameter as it was requested, without what has its default."""
    shown = ["low", "high", "choices"] + ["log"] * bool(getattr(parameter, "log", False))
    if getattr(parameter, "step", None) not in (None, 1):
        shown.append("step")
    parts = [f"{part}={getattr(parameter, part)!r}" for part in shown if hasattr(parameter, part)]
    return f"{type(parameter).__name__}({', '.join(parts)})"
