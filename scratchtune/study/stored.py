"""A study read from a file: for looking at it, without the objective and the constraint, or to continue it.

The file holds the searcher, the stopping rule and the arguments of each parameter as texts, their ``repr``. They are
parsed, never evaluated: only the classes of this package are made of them, with plain values as arguments.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scratchtune import checks
from scratchtune.digests import digest_of_repr
from scratchtune.search import NSGA2, SEARCHERS, RandomSearch, Searcher, Space, SuccessiveHalving
from scratchtune.search.learned_space import OpenSpace
from scratchtune.search.space import Parameter
from scratchtune.study.asking import is_open, learned_space, unpacked_parameter
from scratchtune.study.context import StudyContext
from scratchtune.study.definition import Copied, Definition, checked_seeds
from scratchtune.study.errors import StorageError
from scratchtune.study.export import definition_of
from scratchtune.study.journal import trial_of, waiting_of
from scratchtune.study.objectives import Objectives, stored_objectives
from scratchtune.study.results import HasBestTrial
from scratchtune.study.stopping import MedianStopping, Stopping
from scratchtune.study.storage import Row, Storage
from scratchtune.study.table import Table
from scratchtune.study.trial import Trial

NO_TRIALS = digest_of_repr([])  # what a definition has where a study has started from no other one
CLASSES: dict[str, type] = {
    made.__name__: made for made in (*SEARCHERS.values(), MedianStopping, NSGA2, SuccessiveHalving)}


@dataclass(frozen=True)
class StoredStudy(HasBestTrial):
    """A stored study, for reading only; its attributes and methods are those of `Study` that need no objective.

    A choice that is no number, text, bool or None is represented by its repr. The space has no constraint, since a file
    holds only whether there is one: ``has_constraint``.
    ``searcher`` and ``stopping`` are None where they are not of this package, and ``stopping`` where there is none;
    ``searcher_text`` and ``stopping_text`` are their repr in any case. ``seed`` is None where the file has no integer.
    ``has_earlier`` says whether the study has started from trials of another one, which the file lacks. ``waiting`` are
    the enqueued configurations that have no trial yet.
    """

    name: str
    space: Space
    objectives: Objectives
    trials: list[Trial]
    searcher: Searcher | None = None
    searcher_text: str = "None"
    seed: int | None = None
    stopping: Stopping | None = None
    stopping_text: str = "None"
    has_constraint: bool = False
    has_earlier: bool = False
    reasons: list[str] = field(default_factory=list, repr=False)
    user_attrs: dict[str, Any] = field(default_factory=dict, repr=False)
    waiting: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def why(self, number: int) -> str:
        """Explain in words why a trial was proposed, as it was stored."""
        known = len(self.reasons)
        if not 0 <= checks.integer("number", number) < known:
            raise ValueError(f"trial {number} is not one of this study, which has {known} trials, from 0")
        return self.reasons[number]

    def at(self, k: int) -> StoredStudy:
        """The study with its first ``k`` trials alone, as they are stored."""
        k = checks.integer("k", k, low=0, high=len(self.trials))
        return replace(self, trials=self.trials[:k], reasons=self.reasons[:k])


def read_study(storage: Storage, name: str) -> StoredStudy:
    """Read a study; raise a StorageError if a part of it is missing or damaged."""
    definition, rows = definition_of(storage, name), storage.rows(name, saved=False)
    seed = definition["seed"] if type(definition["seed"]) is int and definition["seed"] >= 0 else None
    searcher, stopping = (_made(str(definition.get(part)), kind)
                          for part, kind in (("searcher", Searcher), ("stopping", Stopping)))
    try:
        space = _space(definition["space"]) if definition["space"] else OpenSpace()
        copied = checked_seeds(definition.get("copied trials", []))
        made = Definition(
            name, space, searcher or RandomSearch(), stored_objectives(definition["direction"]), seed or 0, None, None,
            [], Copied(copied, tuple(row.said for row in rows)) if copied else None)
        trials, waiting = _trials(made, rows), waiting_of(made, storage.waiting(name))
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {name!r} can't be read: {problem}"
                           ) from problem
    return StoredStudy(
        name, learned_space(trials) if is_open(space) else space, made.objectives, trials, searcher,
        str(definition["searcher"]), seed, stopping, str(definition.get("stopping")),
        bool(definition.get("constraint")), definition.get("earlier trials", NO_TRIALS) != NO_TRIALS,
        [row.said for row in rows], storage.study_attributes(name), [one.params for one in waiting])


def _trials(definition: Definition, rows: Sequence[Row]) -> list[Trial]:
    table = Table(definition.space, definition.objectives.sign)
    for row in rows:
        if row.parent is not None and not (type(row.parent) is int and 0 <= row.parent < row.number):
            raise ValueError(f"trial {row.number} continues trial {row.parent!r:.60}, which is no earlier one")
    table.replace([trial_of(definition, StudyContext(definition, table), row) for row in rows], [])
    return table.trials


# The searcher and the stopping rule ----------------------------------------------------------------------------------


def _made(text: str, kind: type) -> Any:
    """Make a searcher or a stopping rule from its repr; None for one that is not of this package."""
    try:
        made = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, KeyError, TypeError, ValueError, RecursionError, MemoryError):
        return None
    return made if isinstance(made, kind) and repr(made) == text else None


def _value(node: ast.expr) -> Any:
    """A plain value, or an instance of one of `CLASSES` whose arguments are such values."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    if not isinstance(node.func, ast.Name) or node.args:
        raise ValueError(f"{ast.unparse(node)!r:.60} is no call with named arguments")
    return CLASSES[node.func.id](**{str(part.arg): _value(part.value) for part in node.keywords})


# The space -----------------------------------------------------------------------------------------------------------


def _space(stored: Sequence[Any]) -> Space:
    """The space of a definition; its parents come before the parameters whose conditions name them."""
    parameters: dict[str, Parameter] = {}
    for name, _, parts in stored:
        parameters[name] = unpacked_parameter(parts, parameters)
    return Space(parameters)


# To continue it -------------------------------------------------------------------------------------------------------


def stored_arguments(
    path: str | os.PathLike[str], name: str | None, given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of `Study` for a stored study: those ``given``, by name, and the others from the file.

    Raises
        StorageError if the file can't be read, if ``name`` is None and the file holds several studies, or if an
        argument that is not given can't be made from its text in the file.
    """
    with Storage(path, reading=True) as storage:
        name = _only_name(storage) if name is None else name
        study, definition = read_study(storage, name), definition_of(storage, name)
    lacking, stored = [], definition["space"]
    space = study.space if stored else None  # None: the study learns it from what its trials request
    changed = [parameter for parameter, text, _ in stored if text != repr(study.space.parameters[parameter])]
    if changed and "space" not in given:
        lacking.append(f"space (the choices of {', '.join(changed)} are not plain values)")
    if study.searcher is None and "searcher" not in given:
        lacking.append(f"searcher (a {study.searcher_text})")
    if study.stopping is None and study.stopping_text != "None" and "stopping" not in given:
        lacking.append(f"stopping (a {study.stopping_text})")
    if study.has_constraint and "constraint" not in given:
        lacking.append("constraint")
    if study.has_earlier and "start_from" not in given:
        lacking.append("start_from")
    if lacking:
        first = lacking[0].partition(" ")[0]
        raise StorageError(
            f"the study {name!r} in {os.fspath(path)!r} can't be made from the file alone; give load_study what is "
            f"not in it: {' and '.join(lacking)}, as in load_study(path, name, {first}=...)")
    return {"space": space, "searcher": study.searcher, **_directions(study.objectives), "seed": study.seed,
            "stopping": study.stopping, "data": definition.get("data"), "storage": path, "name": name, **given}


def _directions(objectives: Objectives) -> dict[str, Any]:
    """The arguments of `Study` for objectives."""
    if not objectives.several:
        return {"direction": objectives.direction}
    return {"directions": dict(zip(objectives.names, objectives.directions, strict=False)) or objectives.directions}


def _only_name(storage: Storage) -> str:
    names = storage.names()
    if len(names) != 1:
        holds = f"{len(names)} studies, {checks.quoted(names)}" if names else "no study"
        raise StorageError(f"name is None and {str(storage.path)!r} holds {holds}; give the name of one")
    return names[0]
