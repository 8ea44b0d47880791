"""Keeping is what joins a study to its storage: trials go into the file as they come, and out when it is opened."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from scratchtune.search import Suggestion
from scratchtune.study import writers
from scratchtune.study.storage import Row, Storage, StorageError, packed_params, unpacked_params
from scratchtune.study.trial import ADDRESS, Trial

if TYPE_CHECKING:
    from scratchtune.study.study import Study


class Keeper:
    """A study's place in a file. Made, it enters the study there, or checks that the one there is defined alike."""

    def __init__(self, study: Study, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"storage is {path!r}; it must be the path of a file, or None")
        self._study = study
        self._unwritten: dict[int, Trial] = {}
        self.running = False  # whether the study is within `Study.run`
        self._writes = False  # whether it has the right to write, and has taken up what others have written before
        self._storage = Storage(path)
        self._known = self._now = self._storage.version()
        self.path = self._storage.path.resolve()
        self._storage.enter(study.name, definition_of(study))

    def __del__(self) -> None:
        if hasattr(self, "path"):
            writers.end(self.path, self)

    def trials(self) -> list[Trial]:
        """The trials that are there, as they were."""
        return [trial_of(self._study, row) for row in self._storage.rows(self._study.name)]

    def begin(self) -> bool:
        """Take the right to write, where this study does not have it; whether somebody else has written meanwhile.

        If so, the study takes up what is there, and says so by `taken_up`.
        """
        writers.begin(self.path, self._study.name, self, goes_on=self._writes)
        if not self._writes:
            self._now = self._storage.version()
            self._writes = self._now == self._known
        return not self._writes

    def taken_up(self) -> None:
        """The study is as the file is now."""
        self._known, self._writes = self._now, True

    def end(self) -> None:
        """Give the right to write back, unless something is not written yet."""
        if not self._unwritten:
            self._writes = False
            writers.end(self.path, self)

    def note(self, trial: Trial) -> None:
        """Have what is known of a trial written with the next commit."""
        self._unwritten[trial.number] = trial

    def write(self) -> None:
        """Write in one commit what has not been written; where that fails it is written the next time."""
        if self._unwritten and self._writes:
            self._storage.put(self._study.name, [row_of(self._study, trial) for trial in self._unwritten.values()])
            self._unwritten.clear()


def definition_of(study: Study) -> dict[str, Any]:
    """What a study's table is a function of, beside the objective; of a constraint only whether there is one."""
    parameters = [[name, repr(parameter)] for name, parameter in study.space.parameters.items()]
    definition = {
        "space": parameters, "searcher": repr(study.searcher), "seed": study.seed, "direction": study.direction,
        "stopping": repr(study.stopping), "constraint": study.space.constraint is not None,
        "earlier trials": digest(study._earlier), "data": study.data}
    for name, parameter in study.space.parameters.items():
        if any(isinstance(choice, (set, frozenset)) for choice in getattr(parameter, "choices", ())):
            raise StorageError(f"{name} has choices that are sets, whose order differs from process to process; in a "
                               "study that is kept take sorted lists instead")
    for part, value in (*parameters, *definition.items()):
        if isinstance(value, str) and ADDRESS.search(value):
            raise StorageError(
                f"{part} is {value}, which has another text in every process; in a study that is kept take a name "
                "instead, and look the object up in the objective")
    return definition


def digest(things: Any) -> str:
    """A short text that is another one for other things: of those that have a text of their own."""
    return hashlib.sha256(repr(things).encode("utf-8", "backslashreplace")).hexdigest()[:16] if things else "none"


def row_of(study: Study, trial: Trial) -> Row:
    """A trial as it is kept."""
    return Row(
        trial.number, trial.state, trial.value, packed_params(study.space, trial._params), trial._params, trial.why,
        study.reason_of(trial), trial.budget, trial.parent, trial.reports, trial.scores, trial.visits, trial.error,
        trial.traceback, trial.attempts, trial.started, trial.finished, trial.seconds, trial._saved)


def trial_of(study: Study, row: Row) -> Trial:
    """A trial as it was; one that was running is so again."""
    try:
        params = study.space.check(unpacked_params(study.space, row.params))
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(
            f"trial {row.number} of the study {study.name!r} is none of this space: {problem}") from problem
    trial = Trial(study, row.number, Suggestion(params, row.why, row.budget, row.parent))
    trial.attempts, trial.started = row.attempts, row.started or trial.started
    if row.state != "running":
        for name in ("state", "value", "reports", "scores", "visits", "error", "traceback", "finished", "seconds"):
            setattr(trial, name, getattr(row, name))
        trial._saved = row.saved
    return trial
