"""A study's definition is what its table of trials is a function of, apart from the objective; in files it is JSON.

What JSON does not have is written as a dict of one entry that says what it is: ``{"tuple": [1, 2]}``,
``{"dict": [[key, value], ...]}``, ``{"float": "nan"}``, and an object of this package with the arguments of its
constructor, ``{"Int": {"low": 1, "high": 9, ...}}``. Of any other object a file has the repr, ``{"repr": "..."}``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from scratchtune.digests import digest_of_repr
from scratchtune.search import (
    NSGA2,
    SEARCHERS,
    Categorical,
    Float,
    Int,
    RandomSearch,
    Result,
    Searcher,
    Space,
    SuccessiveHalving,
)
from scratchtune.search.learned_space import OpenSpace
from scratchtune.study.file import File, Row, StorageError
from scratchtune.study.objectives import Objectives, stored_objectives
from scratchtune.study.stopping import MedianStopping, Stopping

CLASSES: dict[str, Any] = {made.__name__: made for made in (
    Float, Int, Categorical, *SEARCHERS.values(), NSGA2, SuccessiveHalving, MedianStopping)}
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")  # of an object in memory, as in most objects' repr
PARTS = ("space", "searcher", "seed", "direction")  # what each stored definition has


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
        arguments = {name: part for name, part in vars(value).items() if not name.startswith("_")}
        return {kind.__name__: {name: encoded(part) for name, part in arguments.items()}}
    return {"repr": repr(value)}


def decoded(stored: Any) -> Any:
    """The inverse of `encoded`; of an object of another package it is the repr, a text.

    Raises
        KeyError, TypeError or ValueError where ``stored`` is something else.
    """
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
    """What `encoded` has made, for people: the repr of the value.

    >>> text_of(encoded(Int(1, 3))), text_of(["x", {"tuple": [1]}])
    ('Int(low=1, high=3, log=False, step=1, when=None, prior=None)', "['x', (1,)]")
    """
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
    """The object of a kind; None where it is none, or one of another package."""
    found = decoded(stored) if is_whole(stored) else None
    return found if isinstance(found, kind) else None


class Copied(NamedTuple):
    """What is known of the first trials of a fork, which were proposed in a study with other arguments.

    ``seeds`` are pairs (end, seed) in order: up to trial ``end``, not included, the trials are of a study with that
    seed. ``reasons`` say why each of them was proposed, since this study's searcher can't explain them.
    """

    seeds: tuple[tuple[int, int], ...]
    reasons: tuple[str, ...]

    @property
    def end(self) -> int:
        """How many trials are copied."""
        return self.seeds[-1][0]


class Definition(NamedTuple):
    """The arguments of `Study`, checked; ``earlier`` are the results of the study that this one starts from.

    ``copied`` is for a fork with other arguments than the study that its first trials are from, else None.
    """

    name: str
    space: Space
    searcher: Searcher
    objectives: Objectives
    seed: int
    stopping: Stopping | None
    data: str | None
    earlier: list[Result]
    copied: Copied | None = None

    @property
    def foreign(self) -> int:
        """How many of the first trials this definition's searcher has not proposed."""
        return 0 if self.copied is None else self.copied.end

    def as_stored(self) -> dict[str, Any]:
        """The definition as a file stores and compares it; of a constraint only whether there is one.

        Raises
            StorageError where a part has no text that is the same in every process.
        """
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
        if self.copied is not None:
            stored["copied trials"] = [list(pair) for pair in self.copied.seeds]
        return stored


def read_definition(file: File, name: str, rows: Sequence[Row]) -> tuple[Definition, dict[str, Any]]:
    """Read a study's definition, and return it as it is stored, too.

    A searcher and a stopping rule of the user's own can't be made again: in place of the first it has `RandomSearch`.

    Raises
        StorageError where a part is missing or damaged.
    """
    stored = file.definition(name)
    for part in PARTS:
        if part not in stored:
            raise StorageError(f"{str(file.path)!r} is damaged: the definition of the study {name!r} has no {part!r}")
    space, seed = stored["space"], stored["seed"]
    if not isinstance(space, list) or not all(isinstance(entry, list) and len(entry) == 2 for entry in space):
        raise StorageError(f"{str(file.path)!r} is damaged: the space of the study {name!r} is no list of pairs")
    try:
        if type(seed) is not int or seed < 0:
            raise ValueError(f"its seed is {seed!r:.60}")
        made = Definition(
            name, Space({str(key): decoded(part) for key, part in space}) if space else OpenSpace(),
            made_again(stored["searcher"], Searcher) or RandomSearch(),
            stored_objectives(stored["direction"]), seed,
            made_again(stored.get("stopping"), Stopping), stored.get("data"), [], copied_of(stored, rows))
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise StorageError(
            f"{str(file.path)!r} is damaged: the study {name!r} can't be read: {problem}") from problem
    return made, stored


def copied_of(stored: dict[str, Any], rows: Sequence[Row]) -> Copied | None:
    """What a stored definition says of copied trials; a ValueError where it says something else, or they are missing.
    """
    if "copied trials" not in stored:
        return None
    pairs = stored["copied trials"]
    if not (isinstance(pairs, list) and pairs and all(isinstance(pair, list) and len(pair) == 2 and all(
            type(one) is int and one >= 0 for one in pair) for pair in pairs)):
        raise ValueError(f"the copied trials are {pairs!r:.60}; they must be a list of pairs of integers")
    ends = [end for end, _ in pairs]
    if sorted(set(ends)) != ends:
        raise ValueError(f"the copied trials are {pairs!r:.60}; their ends must increase")
    if len(rows) < ends[-1]:
        raise ValueError(f"it is a fork whose first {ends[-1]} trials are missing; call the fork() that has made it "
                         "again")
    return Copied(tuple((end, seed) for end, seed in pairs), tuple(str(row["reason"]) for row in rows[: ends[-1]]))


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


def refuse_without_space(definition: Definition, start_from: Any) -> None:
    """A ValueError where an argument of a study without a space (define-by-run) requires one."""
    if is_open(definition.space) and definition.searcher.requires_space:
        raise ValueError(f"space is None and searcher is {definition.searcher!r}, which requires a space; give one, or "
                         'use "random", "bayesian", "genetic" or "hyperband"')
    if is_open(definition.space) and start_from is not None:
        raise ValueError("start_from is given without a space; give the space of this study too")
