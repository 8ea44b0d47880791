"""Keeping is what joins a study to its storage: trials go into the file as they come, and out when it is opened."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scratchtune.files import identity, whole_file
from scratchtune.search import Suggestion
from scratchtune.study import writers
from scratchtune.study.locking import Lock, NotWritable, StorageError
from scratchtune.study.storage import BESIDE, Lost, Row, Storage, packed_params, unpacked_params
from scratchtune.study.trial import ADDRESS, Trial

if TYPE_CHECKING:
    from scratchtune.study.study import Study


class Keeper:
    """A study's place in a file, which is open only while the study has the right to write."""

    def __init__(self, study: Study, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"storage is {path!r}; it must be the path of a file, or None")
        self._study = study
        self._unwritten: dict[int, Trial] = {}
        self.running = False  # whether the study is within `Study.run`
        self._writes = False  # whether it has the right to write, and has taken up what others have written before
        self._storage: Storage | None = None
        self._given = path
        self._numbers: list[int] = []  # of the trials that were not finished when it was last written
        self._known: Any = None
        self._now: Any = None

    def __del__(self) -> None:
        if getattr(self, "_storage", None) is not None:
            self.close()

    def enter(self) -> list[Trial]:
        """Enter the study in the file, or check that the one there is defined alike; return the trials that are there.

        That takes the right to write for a moment; where another process has it, a study that is there is only read.
        """
        try:
            with Storage(self._given, patience=0.0) as storage:
                return self._entered(storage)
        except NotWritable:
            reading = self._can_be_read()
        with Storage(self._given, reading) as storage:
            return self._entered(storage)

    def _can_be_read(self) -> bool:
        """Whether the study is in the file."""
        with contextlib.suppress(StorageError), Storage(self._given, reading=True) as storage:
            return self._study.name in storage.names()
        return False

    def _entered(self, storage: Storage) -> list[Trial]:
        self.path, self._identity = storage.file, storage.identity
        storage.enter(self._study.name, definition_of(self._study))
        trials = [trial_of(self._study, row) for row in storage.rows(self._study.name)]
        if not storage.reading:  # else it may change meanwhile
            self._know(storage, trials)
        return trials

    def _know(self, storage: Storage, trials: list[Trial]) -> None:
        """Note how the file is, by which it is seen later whether somebody else has written."""
        self._numbers = [trial.number for trial in trials if trial.state == "running"]
        self._known = storage.version(self._study.name, self._numbers)

    def trials(self) -> list[Trial]:
        """The trials that are there, as they were."""
        assert self._storage is not None
        return [trial_of(self._study, row) for row in self._storage.rows(self._study.name)]

    def begin(self) -> bool:
        """Take the right to write, where this study does not have it; whether somebody else has written meanwhile.

        If so, the study takes up what is there, and says so by `taken_up`.
        """
        writers.begin(self.path, self._study.name, self, goes_on=self._writes)
        storage = self._open()
        if not self._writes:
            self._now = storage.version(self._study.name, self._numbers)
            self._writes = self._now == self._known
        return not self._writes

    def _open(self) -> Storage:
        """The file that this study was entered in, and no other one of that name, opened for writing."""
        if self._storage is None or not self._storage.is_open:
            if not self.is_in_place():
                raise StorageError(
                    f"{str(self.path)!r} was deleted or replaced since this study was opened; the study in memory has "
                    "all trials: study.backup(path) keeps them in another file, study.to_csv(path) writes them as a "
                    "table")
            self._storage = Storage(self.path)
            if self._writes:  # it was lost while being written; what is there all the same is not written over
                self._storage.enter(self._study.name, definition_of(self._study))
                self._unwritten = {trial.number: trial for trial in self._study.trials}
        return self._storage

    def is_in_place(self) -> bool:
        """Whether the file is the one that the study was entered in."""
        return identity(self.path) == self._identity

    def taken_up(self) -> None:
        """The study is as the file is now."""
        self._known, self._writes = self._now, True

    def end(self) -> None:
        """Close the file, and give up the right to write, unless something is not written yet."""
        if self._unwritten:
            return
        try:
            if self._storage is not None and self._storage.is_open and self._writes:
                try:
                    self._storage.confirm()
                except Lost:
                    self._put()
                self._know(self._storage, self._study.trials)
        finally:
            self.close()

    @property
    def has_unwritten(self) -> bool:
        """Whether something is not written, as writing has failed."""
        return bool(self._unwritten)

    def close(self) -> None:
        """Close the file, whatever is not written. May be called again."""
        self._writes = False
        if self._storage is not None:
            self._storage.close()
            self._storage = None

    def note(self, trial: Trial) -> None:
        """Have what is known of a trial written with the next commit."""
        self._unwritten[trial.number] = trial

    def write(self) -> None:
        """Write in one commit what has not been written; where that fails it is written the next time."""
        if self._unwritten and self._writes:
            try:
                self._put()
            except Lost:
                self._put()

    def _put(self) -> None:
        storage = self._open()
        storage.put(self._study.name, [row_of(self._study, trial) for trial in self._unwritten.values()])
        self._unwritten.clear()


def write_copy(study: Study, keeper: Keeper | None, path: Path) -> None:
    """Write a study to another file: all that its own file holds, where it has one, and all trials in memory.

    A file that is there is replaced only by a copy that holds all that it holds, and while nobody writes it.
    """
    if keeper is not None:
        refuse_own(keeper, path)
    with contextlib.ExitStack() as until, whole_file(path) as beside:
        if path.exists():
            until.callback(Lock(path.resolve()).release)
        if keeper is not None and keeper.is_in_place():
            with Storage(keeper.path, reading=True) as storage:
                storage.copy_to(beside)
        with Storage(beside) as copy:
            copy.enter(study.name, definition_of(study))
            copy.put(study.name, [_settled(row_of(study, trial)) for trial in study.trials])
        if path.exists():
            _refuse_loss(path, beside)


def _refuse_loss(path: Path, copy: Path) -> None:
    """A ValueError where a file holds anything that its copy does not: another study, or further trials."""
    with contextlib.ExitStack() as until:
        try:
            there = until.enter_context(Storage(path, reading=True))
        except StorageError as problem:
            raise ValueError(f"path is {str(path)!r}, which is there and no file of studies; name a new file, or an "
                             "earlier backup of this study") from problem
        new = until.enter_context(Storage(copy, reading=True))
        for name in there.names():
            known = name in new.names() and new.definition(name) == there.definition(name)
            if not known or new.count(name) < there.count(name):
                raise ValueError(
                    f"path is {str(path)!r}, which holds {there.count(name)} trials of a study {name!r} that would be "
                    "lost; name a new file, or an earlier backup of this study")


def refuse_own(keeper: Keeper, path: Path) -> None:
    """A ValueError where a path leads to the study's file, or to what belongs to it."""
    for end in ("", *BESIDE):
        own = keeper.path.with_name(keeper.path.name + end)
        if Path(os.path.realpath(path)) == own or (identity(path) is not None and identity(path) == identity(own)):
            raise ValueError(f"path is {str(path)!r}, which is the file of this study, or belongs to it; it must be "
                             "another file")


def _settled(row: Row) -> Row:
    """A trial that is running, without what is still changing: it will begin again."""
    return row._replace(reports={}, scores=None, saved=None) if row.state == "running" else row


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
