"""The journal joins a study's table to its file: trials are loaded when a study is opened, and written as they change.

Between processes, `scratchtune.study.locking` decides who writes a file. Within a process, one `Study` object at a time
writes a study: the registry at the end of this module.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.files import identity, whole_file
from scratchtune.search import Searcher, Suggestion
from scratchtune.search.searcher import fixed_as, fixes
from scratchtune.study.asking import Asked, is_open, packed_asked, unpacked_asked
from scratchtune.study.definition import Copied, Definition, checked_seeds
from scratchtune.study.errors import NotWritable, StorageError
from scratchtune.study.locking import Lock
from scratchtune.study.storage import BESIDE, Lost, Row, Storage, WaitingRow, packed_params, unpacked_params
from scratchtune.study.table import Table, Waiting
from scratchtune.study.trial import ENDED, Trial


class Journal:
    """The file of one study, which is open only while this object has the right to write.

    A trial is noted before its state changes. The next commit writes all noted trials as they are by then; after a
    commit that failed they stay noted. When commits were lost, the whole ``table`` is written again.
    """

    def __init__(self, definition: Definition, path: str | os.PathLike[str], table: Table) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"storage is {path!r}; it must be the path of a file, or None")
        self.in_run = False  # whether the study is within `Study.run`; no other object may then take the right to write
        self.given_path = path
        self.definition, self._table = definition, table
        self._noted: dict[int, Trial] = {}
        self._noted_waiting = False
        self._noted_attributes: dict[str, Any] = {}  # of the study itself, not written yet
        self.attributes: dict[str, Any] = {}  # of the study itself, those in the file and noted ones
        self._may_write = False  # whether it has the right to write, and its table holds what others wrote before
        self._storage: Storage | None = None
        self._running: list[int] = []  # numbers of the trials that were not finished when the version was read
        self._version: Any = None  # of the file, as the table was reconciled with it
        self._newest: Any = None  # of the file, as it was found by `begin_writing`

    def __del__(self) -> None:
        if getattr(self, "_storage", None) is not None:
            self.close()

    # Opening ---------------------------------------------------------------------------------------------------------

    def open(self) -> Stored:
        """Create the study in the file, or check that the stored one has this definition; return what is stored.

        That takes the right to write for a moment. Where another process has it, a stored study is only read.
        """
        try:
            with Storage(self.given_path, patience=0.0) as storage:
                return self._opened(storage)
        except NotWritable:
            reading = self._is_readable()
        with Storage(self.given_path, reading) as storage:
            return self._opened(storage)

    def _is_readable(self) -> bool:
        """Whether the study is in the file."""
        with contextlib.suppress(StorageError), Storage(self.given_path, reading=True) as storage:
            return self.definition.name in storage.names()
        return False

    def _opened(self, storage: Storage) -> Stored:
        self.path, self._identity = storage.file, storage.identity
        self._enter(storage)
        name = self.definition.name
        rows, waiting, self.attributes = storage.rows(name), storage.waiting(name), storage.study_attributes(name)
        if self.definition.copied is None:
            self.definition = _as_a_fork(self.definition, storage, rows)
        if not storage.reading:  # otherwise another process may be changing it
            self._remember_version(storage, [row.number for row in rows if row.state == "running"])
        return Stored(rows, waiting)

    def _enter(self, storage: Storage) -> None:
        """Create the study in the file, or compare the two definitions; one may leave its searcher's `parallel` open.
        """
        name = self.definition.name
        if name in storage.names():
            stored = str(storage.definition(name).get("searcher"))
            self.definition = self.definition._replace(searcher=fixed_as(self.definition.searcher, stored))
            if fixes(self.definition.searcher, stored) and not storage.reading:
                storage.put_searcher(name, repr(self.definition.searcher))
        storage.enter(name, self.definition.as_stored())

    def fix_searcher(self, workers: int) -> Searcher:
        """Set the searcher's number of workers, unless another process has set it, and return the searcher."""
        storage = self._opened_for_writing()
        self._enter(storage)
        self.definition = self.definition._replace(searcher=self.definition.searcher.for_workers(workers))
        self._enter(storage)
        return self.definition.searcher

    def _remember_version(self, storage: Storage, running: list[int]) -> None:
        """Remember the file's version, which shows later whether another writer has changed the study."""
        self._running = running
        self._version = storage.version(self.definition.name, self._running)

    # Writing ---------------------------------------------------------------------------------------------------------

    def begin_writing(self) -> Stored | None:
        """Take the right to write, unless this object has it.

        If another writer has changed the study, return what is stored. The caller adopts it and then calls
        `reconciled`; if it is interrupted before, the next `begin_writing` returns it again. Else return None.
        """
        _claim(self.path, self.definition.name, self, must_be_latest=self._may_write)
        storage = self._opened_for_writing()
        if not self._may_write:
            self._newest = storage.version(self.definition.name, self._running)
            self._may_write = self._newest == self._version
            self.attributes = storage.study_attributes(self.definition.name) | self._noted_attributes
        name = self.definition.name
        return None if self._may_write else Stored(storage.rows(name), storage.waiting(name))

    def reconciled(self) -> None:
        """The study in memory has now the trials that `begin_writing` has returned."""
        self._version, self._may_write = self._newest, True

    def note(self, trial: Trial) -> None:
        """Have a trial written with the next commit, as it is by then."""
        self._noted[trial.number] = trial

    def note_waiting(self) -> None:
        """Have the configurations that wait written with the next commit, as they are by then."""
        self._noted_waiting = True

    def note_attributes(self, attributes: dict[str, Any]) -> None:
        """Have attributes of the study itself written with the next commit."""
        self._noted_attributes |= attributes
        self.attributes |= attributes

    def write(self) -> None:
        """Write all noted trials in one commit; twice where the first commit may have been lost."""
        if self.has_unwritten and self._may_write:
            try:
                self._put()
            except Lost:
                self._put()

    def end_writing(self) -> None:
        """Close the file, and give back the right to write, unless something is not written yet."""
        if self.has_unwritten:
            return
        try:
            if self._storage is not None and self._storage.is_open and self._may_write:
                try:
                    self._storage.confirm()
                except Lost:
                    self._put()
                self._remember_version(
                    self._storage, [trial.number for trial in self._table.trials if trial.state == "running"])
        finally:
            self.close()

    @property
    def has_unwritten(self) -> bool:
        """Whether something noted is not written, since writing has failed."""
        return bool(self._noted or self._noted_waiting or self._noted_attributes)

    def close(self) -> None:
        """Close the file, whatever is not written. May be called again."""
        self._may_write = False
        if self._storage is not None:
            self._storage.close()
            self._storage = None

    def _opened_for_writing(self) -> Storage:
        """Return the file that this study was opened in, not another one of that name, opened for writing."""
        if self._storage is None or not self._storage.is_open:
            if not self.is_in_place():
                raise StorageError(
                    f"{str(self.path)!r} was deleted or replaced since this study was opened; the study in memory has "
                    "all trials: study.backup(path) keeps them in another file, study.to_csv(path) writes them as a "
                    "table")
            self._storage = Storage(self.path)
            if self._may_write:  # commits were lost; all trials are written again, and none that is there overwritten
                self._enter(self._storage)
                self._noted, self._noted_waiting = {trial.number: trial for trial in self._table.trials}, True
        return self._storage

    def _put(self) -> None:
        """Write what is noted, but no trial that an interruption has kept out of the table."""
        storage, known = self._opened_for_writing(), len(self._table.trials)
        noted = [row_of(self.definition, trial) for trial in self._noted.values() if trial.number < known]
        waiting = waiting_rows(self.definition, self._table.waiting) if self._noted_waiting else None
        storage.put(self.definition.name, noted, waiting, self._noted_attributes)
        self._noted.clear()
        self._noted_waiting, self._noted_attributes = False, {}

    # The file --------------------------------------------------------------------------------------------------------

    def is_in_place(self) -> bool:
        """Whether the file is the one that the study was opened in."""
        return identity(self.path) == self._identity

    def refuse_own(self, path: Path) -> None:
        """Raise a ValueError if a path is the study's file, or a file that belongs to it."""
        for end in ("", *BESIDE):
            own = self.path.with_name(self.path.name + end)
            if Path(os.path.realpath(path)) == own or (identity(path) is not None and identity(path) == identity(own)):
                raise ValueError(f"path is {str(path)!r}, which is the file of this study, or belongs to it; it must "
                                 "be another file")


def _as_a_fork(definition: Definition, storage: Storage, rows: Sequence[Row]) -> Definition:
    """Add to a definition which of the stored trials are copied from a study with other arguments."""
    stored = storage.definition(definition.name).get("copied trials")
    if stored is None:
        return definition
    try:
        seeds = checked_seeds(stored)
    except ValueError as problem:
        raise StorageError(f"{str(storage.path)!r} is damaged: the study {definition.name!r}: {problem}") from problem
    said = tuple(row.said for row in rows[: seeds[-1][0]])
    if len(said) < seeds[-1][0]:
        raise StorageError(f"the study {definition.name!r} in {str(storage.path)!r} is a fork whose first "
                           f"{seeds[-1][0]} trials are missing; call the fork() that has made it again")
    return definition._replace(copied=Copied(seeds, said))


# A trial and its row --------------------------------------------------------------------------------------------------


class Stored(NamedTuple):
    """The trials of a study, and its enqueued configurations without a trial, as they are stored."""

    rows: list[Row]
    waiting: list[WaitingRow]


def waiting_rows(definition: Definition, waiting: Iterable[Waiting]) -> list[WaitingRow]:
    """Return configurations that wait as they are stored."""
    space = definition.space
    return [WaitingRow(one.position, one.number, packed_asked(Asked(one.params), {}, True) if is_open(space)
                       else packed_params(space, one.params), one.params) for one in waiting]


def waiting_of(definition: Definition, rows: Iterable[WaitingRow]) -> list[Waiting]:
    """The inverse of `waiting_rows`."""
    found = []
    for row in rows:
        asked, params = _unpacked(definition, row.params, True, "an enqueued configuration")
        found.append(Waiting(row.position, params if asked is None else asked.proposed, row.number))
    return found


def row_of(definition: Definition, trial: Trial) -> Row:
    """Return a trial as it is stored."""
    is_running, shown = trial.state == "running", trial.shared_params
    if trial.asked is None:
        packed = packed_params(definition.space, trial.shared_params)
    else:
        packed = packed_asked(trial.asked, trial.shared_params, is_running)
        shown = trial.proposed if is_running else shown
    several = trial.values is not None and len(trial.values) > 1
    return Row(
        trial.number, trial.state, trial.values if several else trial.value, packed, shown, trial.why,
        definition.reason_of(trial), trial.given_budget, trial.parent,
        trial.reports, trial.scores, trial.visits, trial.error, trial.traceback, trial.attempts, trial.started,
        trial.finished, trial.seconds, trial.saved, None if is_running else trial.user_attrs)


def trial_of(definition: Definition, context: Any, row: Row) -> Trial:
    """Make a trial from its stored row; one that was running is reset to its start."""
    asked, params = _unpacked(definition, row.params, bool(row.why.get("enqueued")), f"trial {row.number}")
    proposed = params if asked is None else asked.proposed
    trial = Trial(context, row.number, Suggestion(proposed, row.why, row.budget, row.parent), asked is not None)
    trial.attempts, trial.started = row.attempts, row.started or trial.started
    if row.state != "running":
        trial.shared_params, trial.asked, trial.user_attrs = params, asked, row.user_attrs or {}
        for part in ENDED:
            setattr(trial, part, getattr(row, part))
    return trial


def _unpacked(
    definition: Definition, packed: dict[str, Any], is_enqueued: bool, what: str,
) -> tuple[Asked | None, dict[str, Any]]:
    """Stored params; in a study without a space also what was proposed and requested."""
    try:
        if is_open(definition.space):
            return unpacked_asked(packed, is_enqueued)
        return None, definition.space.check(unpacked_params(definition.space, packed))
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"{what} of the study {definition.name!r} is not in this space: {problem}") from problem


# Backups ------------------------------------------------------------------------------------------------------------


def write_backup(
    definition: Definition, table: Table, journal: Journal | None, path: Path, attributes: Mapping[str, Any],
) -> None:
    """Write a study to another file: all that its own file holds, where it has one, and its table in memory.

    An existing file is replaced only if the copy holds all that it holds, and while no other process writes it.
    """
    if journal is not None:
        journal.refuse_own(path)
    with contextlib.ExitStack() as until, whole_file(path) as beside:
        if path.exists():
            until.callback(Lock(path.resolve()).release)
        if journal is not None and journal.is_in_place():
            with Storage(journal.path, reading=True) as storage:
                storage.copy_to(beside)
        with Storage(beside) as copy:
            copy.enter(definition.name, definition.as_stored())
            is_behind = journal is None or journal._noted_waiting or not journal.is_in_place()
            waits = waiting_rows(definition, table.waiting) if is_behind else None
            again: dict[str, Any] = {"reports": {}, "scores": None, "saved": None, "user_attrs": None}
            rows = [row_of(definition, trial)._replace(**again if trial.state == "running" else {})
                    for trial in table.trials]
            copy.put(definition.name, rows, waits, attributes)
        if path.exists():
            _refuse_loss(path, beside)


def _refuse_loss(path: Path, copy: Path) -> None:
    """Raise a ValueError if a file holds anything that its copy does not: another study, or further trials."""
    with contextlib.ExitStack() as until:
        try:
            existing = until.enter_context(Storage(path, reading=True))
        except StorageError as problem:
            raise ValueError(f"path is {str(path)!r}, which exists and is no file of studies; name a new file, or an "
                             "earlier backup of this study") from problem
        new = until.enter_context(Storage(copy, reading=True))
        for name in existing.names():
            known = name in new.names() and new.definition(name) == existing.definition(name)
            if not known or _size(new, name) < _size(existing, name):
                trials, waiting = _size(existing, name)
                enqueued = f" and {checks.counted(waiting, 'enqueued configuration')}" if waiting else ""
                raise ValueError(
                    f"path is {str(path)!r}, which holds {trials} trials{enqueued} of a study {name!r} that would "
                    "be lost; name a new file, or an earlier backup of this study")


def _size(storage: Storage, name: str) -> tuple[int, int]:
    """How many trials a study has, and how many enqueued configurations without a trial."""
    return storage.count(name), len(storage.waiting(name))


# The writers of this process ------------------------------------------------------------------------------------------

_guard = threading.RLock()
_writers: dict[tuple[Path, str], weakref.ref[Journal]] = {}  # the latest writer of each study, by file and name


def _claim(path: Path, study: str, journal: Journal, must_be_latest: bool) -> None:
    """Make a journal the writer of a study in this process; its previous writer may not write it any more.

    Raises
        StorageError where the previous writer is within a run. With ``must_be_latest``, when the journal has trials
        that were assigned and not written yet, also where it is not the latest writer itself.
    """
    with _guard:
        reference = _writers.get((path, study))
        latest = None if reference is None else reference()
        if latest is not None and latest is not journal:
            if must_be_latest:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} has been taken over by another Study of this process; "
                    "continue with that one")
            if latest.in_run:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} is being run by another Study of this process; wait for it")
        _writers[path, study] = weakref.ref(journal)


def _forget_writers() -> None:
    """In a forked child: the journals of its parent do not write here."""
    global _guard
    _guard = threading.RLock()
    _writers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_writers)
