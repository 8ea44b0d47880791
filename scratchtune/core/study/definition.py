"""A study's definition is what its table of trials is a function of, apart from the objective; in files it is JSON.

What JSON does not have is written as a dict of one entry that says what it is: ``{"tuple": [1, 2]}``,
``{"dict": [[key, value], ...]}``, ``{"float": "nan"}``, ``{"Int": {"low": 1, "high": 9, ...}}`` for an object of this
package, and of any other object the repr, ``{"repr": "..."}``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from scratchtune.core import checks, search
from scratchtune.core.configured import Shown
from scratchtune.core.digests import digest_of_repr
from scratchtune.core.search import SEARCHERS, Categorical, Float, Int, RandomSearch, Result, Searcher, Space
from scratchtune.core.search.learned_space import OpenSpace
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import File, Row
from scratchtune.core.study.objectives import Objectives, stored_objectives
from scratchtune.core.study.stopping import AsyncHalving, MedianStopping, Stopping

CLASSES: dict[str, Any] = {made.__name__: made for made in (
    Float, Int, Categorical, *SEARCHERS.values(), search.NSGA2, search.SuccessiveHalving, MedianStopping,
    AsyncHalving)}
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")  # of an object in memory, as in most objects' repr


def encoded(value: Any) -> Any:
    """A value for JSON.

    >>> encoded([(1, 2.5), Int(1, 3)])
    [{'tuple': [1, 2.5]}, {'Int': {'low': 1, 'high': 3, 'log': False, 'step': 1, 'when': None, 'prior': None}}]
    """
    kind = type(value)
    if value is None or kind in (bool, int, str) or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [encoded(part) for part in value]
    if kind is tuple:
        return {"tuple": [encoded(part) for part in value]}
    if kind is dict:
        return {"dict": [[encoded(key), encoded(part)] for key, part in value.items()]}
    if kind is float:
        return {"float": repr(value)}
    if CLASSES.get(kind.__name__) is kind:
        made = value.values() if isinstance(value, Shown) else vars(value)
        arguments = {name: part for name, part in made.items() if not name.startswith("_")}
        return {kind.__name__: {name: encoded(part) for name, part in arguments.items()}}
    return {"repr": repr(value)}


def decoded(stored: Any) -> Any:
    """The inverse of `encoded`, or a KeyError, TypeError or ValueError; of an object of another package the repr."""
    if isinstance(stored, list):
        return [decoded(part) for part in stored]
    if not isinstance(stored, dict):
        return stored
    (kind, content), = stored.items()
    if kind in ("repr", "float"):
        return str(content) if kind == "repr" else float(content)
    if kind == "tuple":
        return tuple(decoded(part) for part in content)
    if kind == "dict":
        return {decoded(key): decoded(part) for key, part in content}
    return CLASSES[kind](**{name: decoded(part) for name, part in dict(content).items()})


def text_of(stored: Any) -> str:
    """What `encoded` has made, for people: the repr of the value."""
    try:
        return str(stored["repr"]) if isinstance(stored, dict) and "repr" in stored else repr(decoded(stored))
    except (KeyError, TypeError, ValueError, RecursionError):
        return json.dumps(stored)


def is_whole(stored: Any) -> bool:
    """Whether the value can be made again: it holds no object of another package."""
    try:
        return bool(encoded(decoded(stored)) == stored)
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def made_again(stored: Any, kind: type) -> Any:
    """The object of this kind that was stored; None where it is of another kind, or of another package."""
    found = decoded(stored) if is_whole(stored) else None
    return found if isinstance(found, kind) else None


class Definition(NamedTuple):
    """The arguments of `Study`, checked; ``reasons``: why its first trials were proposed, where another study did."""

    name: str
    space: Space
    searcher: Searcher
    objectives: Objectives
    seed: int
    stopping: Stopping | None
    data: str | None
    earlier: list[Result]
    reasons: tuple[str, ...] = ()

    @property
    def foreign(self) -> int:
        """How many of the first trials this definition's searcher has not proposed."""
        return len(self.reasons)

    def as_stored(self) -> dict[str, Any]:
        """As a file stores and compares it; a StorageError where the text of a part differs between processes."""
        parameters = [(name, replace(parameter, when=self.space.conditions.get(name) or None))
                      for name, parameter in self.space.parameters.items()]
        for part, value in (*parameters, ("searcher", self.searcher), ("stopping", self.stopping)):
            if any(isinstance(choice, (set, frozenset)) for choice in getattr(value, "choices", ())):
                raise StorageError(f"{part} has choices that are sets, whose order differs between processes; for a "
                                   "stored study, use sorted lists instead")
            if ADDRESS.search(repr(value)):
                raise StorageError(f"{part} is {value!r}; its repr changes between processes. For a stored study, use "
                                   "a name instead, and look the object up in the objective")
        stored = {
            "space": [[name, encoded(parameter)] for name, parameter in parameters],
            "searcher": encoded(self.searcher), "seed": self.seed, "direction": self.objectives.as_stored(),
            "stopping": encoded(self.stopping), "constraint": self.space.constraint is not None,
            "earlier trials": digest_of_repr(self.earlier) if self.earlier else None, "data": self.data}
        if self.reasons:
            stored["copied trials"] = len(self.reasons)
        return stored


def read_definition(file: File, name: str, rows: Sequence[Row]) -> tuple[Definition, dict[str, Any]]:
    """Read a study's definition, and return it as it is stored, too; a StorageError where it is damaged.

    In place of a searcher of the user's own, which can't be made again, it has `RandomSearch`.
    """
    stored = file.definition(name)
    try:
        space = {str(parameter): decoded(part) for parameter, part in stored["space"]}
        made = Definition(
            name, Space(space) if space else OpenSpace(), made_again(stored["searcher"], Searcher) or RandomSearch(),
            stored_objectives(stored["direction"]), checks.integer("its seed", stored["seed"], low=0),
            made_again(stored.get("stopping"), Stopping), stored.get("data"), [], copied_reasons(stored, rows))
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise StorageError(
            f"{str(file.path)!r} is damaged: the study {name!r} can't be read: {problem}") from problem
    return made, stored


def copied_reasons(stored: dict[str, Any], rows: Sequence[Row]) -> tuple[str, ...]:
    """Why the trials that came from another study were proposed; a TypeError or ValueError where they are missing."""
    count = checks.integer("the number of its copied trials", stored.get("copied trials", 0), low=0)
    if len(rows) < count:
        raise ValueError(f"its first {count} trials, which came from another study, are missing")
    return tuple(str(row["reason"]) for row in rows[:count])


def is_open(space: Space) -> bool:
    """Whether a study was made without a space."""
    return isinstance(space, OpenSpace)


def given_space(space: Any, constraint: Any) -> Space:
    """The space of a study, from the argument; an `OpenSpace` for None, or a ValueError with a constraint."""
    if space is not None:
        return Space(space, constraint)
    if constraint is not None:
        raise ValueError("constraint is given without a space; give a space too, or return nan (a failed trial) for a "
                         "configuration that is not allowed")
    return OpenSpace()


def refuse_without_space(definition: Definition, start_from: Any) -> None:
    """A ValueError where an argument of a study without a space (define-by-run) requires one."""
    if is_open(definition.space) and definition.searcher.requires_space:
        raise ValueError(f"space is None and searcher is {definition.searcher!r}, which requires a space; give one, or "
                         'use "random", "bayesian", "genetic" or "hyperband"')
    if is_open(definition.space) and start_from is not None:
        raise ValueError("start_from is given without a space; give the space of this study too")
