"""A study read from a file: for looking at it, without the objective and the constraint, or to continue it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scratchtune.core import checks
from scratchtune.core.search import Searcher, Space
from scratchtune.core.study.context import Context
from scratchtune.core.study.definition import is_open, is_whole, made_again, read_definition, text_of
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import File
from scratchtune.core.study.ledger import Ledger
from scratchtune.core.study.objectives import Objectives
from scratchtune.core.study.queue import stored_queue
from scratchtune.core.study.reasons import brief_reason
from scratchtune.core.study.results import HasBestTrial
from scratchtune.core.study.stopping import Stopping
from scratchtune.core.study.trial import Trial, learned_space, trial_of


@dataclass(frozen=True)
class StoredStudy(HasBestTrial):
    """A stored study, for reading only; its attributes and methods are those of `Study` that need no objective.

    A choice that is an object of another package is represented by its repr. A file holds of a constraint only whether
    there is one. ``searcher`` and ``stopping`` are None where they are not of this package; `text` has their repr.
    ``waiting`` are the enqueued configurations without a trial, ``stored`` is the definition as the file has it.
    """

    name: str
    space: Space
    objectives: Objectives
    trials: list[Trial]
    stored: dict[str, Any] = field(repr=False)
    searcher: Searcher | None = None
    seed: int = 0
    stopping: Stopping | None = None
    reasons: list[str] = field(default_factory=list, repr=False)
    user_attrs: dict[str, Any] = field(default_factory=dict, repr=False)
    waiting: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def has_constraint(self) -> bool:
        """Whether the study has a constraint."""
        return bool(self.stored.get("constraint"))

    @property
    def has_earlier(self) -> bool:
        """Whether the study has started from trials of another one."""
        return self.stored.get("earlier trials") is not None

    def text(self, part: str) -> str:
        """The repr of a part of the definition, such as the searcher, also where it can't be made again."""
        return text_of(self.stored.get(part))

    def why(self, number: int, brief: bool = False) -> str:
        """Explain in words why a trial was proposed, as it was stored, ``brief`` in one sentence."""
        known = len(self.reasons)
        if not 0 <= checks.integer("number", number) < known:
            raise ValueError(f"trial {number} is not one of this study, which has {known} trials, from 0")
        if not checks.boolean("brief", brief):
            return self.reasons[number]
        searcher = None if number < self.stored.get("copied trials", 0) else self.searcher
        return brief_reason(self.trials[number], self.reasons[number], searcher, self.objectives, known)

    def at(self, k: int) -> StoredStudy:
        """The study with its first ``k`` trials alone, as they are stored."""
        k = checks.integer("k", k, low=0, high=len(self.trials))
        return replace(self, trials=self.trials[:k], reasons=self.reasons[:k])


def read_study(file: File, name: str) -> StoredStudy:
    """Read a study; raise a StorageError if a part of it is missing or damaged."""
    rows = file.rows(name, saved=False)
    made, stored = read_definition(file, name, rows)
    ledger = Ledger(made)
    trials = ledger.trials
    try:
        trials += [trial_of(name, row, made.space, Context(ledger)) for row in rows]
        waiting = stored_queue(name, made.space, file.queue(name))
        reasons = [str(row["reason"]) for row in rows]
    except (KeyError, StorageError) as problem:
        raise StorageError(
            f"{str(file.path)!r} is damaged: the study {name!r} can't be read: {problem}") from problem
    return StoredStudy(
        name, learned_space(trials) if is_open(made.space) else made.space, made.objectives, trials, stored,
        made_again(stored["searcher"], Searcher), made.seed, made.stopping, reasons,
        file.attributes(name), [one.params for one in waiting])


def stored_arguments(path: str | os.PathLike[str], name: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `Study` for a stored study: those ``given``, and the others from the file, or a StorageError."""
    with File(path, reading=True) as file:
        study = read_study(file, _only_name(file) if name is None else name)
    changed = [parameter for parameter, stored in study.stored["space"] if not is_whole(stored)]
    missing = {
        "space": changed and f" (the choices of {', '.join(changed)} are not plain values)",
        "searcher": study.searcher is None and f" (a {study.text('searcher')})",
        "stopping": study.stopping is None and study.text("stopping") != "None" and f" (a {study.text('stopping')})",
        "constraint": study.has_constraint, "start_from": study.has_earlier}
    lacking = [f"{part}{'' if note is True else note}" for part, note in missing.items() if note and part not in given]
    if lacking:
        first = lacking[0].partition(" ")[0]
        raise StorageError(
            f"the study {study.name!r} in {os.fspath(path)!r} can't be made from the file alone; give load_study what "
            f"is not in it: {' and '.join(lacking)}, as in load_study(path, name, {first}=...)")
    objectives = study.objectives
    directions = dict(zip(objectives.names, objectives.directions, strict=False)) or objectives.directions
    return {"space": study.space if study.stored["space"] else None,  # None: it is learned from what trials request
            "searcher": study.searcher, "seed": study.seed, "stopping": study.stopping,
            "data": study.stored.get("data"), "storage": path, "name": study.name,
            **({"directions": directions} if objectives.several else {"direction": objectives.direction}), **given}


def _only_name(file: File) -> str:
    names = file.names()
    if len(names) != 1:
        holds = f"{len(names)} studies, {checks.quoted(names)}" if names else "no study"
        raise StorageError(f"name is None and {str(file.path)!r} holds {holds}; give the name of one")
    return names[0]
