"""The writer of a study: its file, the right to write it, and what is not written yet.

An interruption, such as Ctrl-C, may come at any line and loses nothing: what changes is marked first, so it is written
even where the interruption comes just then; and what an interruption has cut short can be called again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchtune.core import checks
from scratchtune.core.files import identity, whole_file
from scratchtune.core.search.searcher import fixed_as, fixes
from scratchtune.core.study.definition import Definition, copied_reasons, encoded, text_of
from scratchtune.core.study.errors import Lost, NotWritable, StorageError
from scratchtune.core.study.file import BESIDE, File, clear_beside, refuse_loss
from scratchtune.core.study.locking import Lock, claim
from scratchtune.core.study.order import Order
from scratchtune.core.study.queue import packed_queue, stored_queue
from scratchtune.core.study.reasons import reason_of
from scratchtune.core.study.trial import Trial, is_lost, row_of, trial_of


class Unwritten:
    """What has changed since the last commit: ``trials`` by number, written as they are by then, and two marks."""

    def __init__(self) -> None:
        self.trials: dict[int, Trial] = {}
        self.queue = self.attributes = False

    def __bool__(self) -> bool:
        return bool(self.trials or self.queue or self.attributes)

    def clear(self) -> None:
        """Nothing is unwritten any more."""
        self.trials.clear()
        self.queue = self.attributes = False


class Writer:
    """Writes the trials of an `Order` to a file; without a ``path`` it does nothing.

    Attributes, for reading only: ``path``, as it was given (None: in memory), ``unwritten``, ``is_closed``. ``core``
    is what other studies of this process see as the writer; it has the ``context`` of the trials, and ``in_run``.
    """

    def __init__(self, order: Order, path: str | os.PathLike[str] | None, core: Any) -> None:
        self.path, self.unwritten, self.is_closed = path, Unwritten(), False
        self._order, self._ledger, self._core = order, order.ledger, core
        self._file: File | None = None  # open while this object has the right to write
        self._may_write = False  # whether it has that right, and its trials are those that the file holds
        self._revision: int | None = None  # of the file, as it was when these were its trials
        self._real: Path | None = None  # the file, without symbolic links
        self._identity: Any = None  # of the file when it was opened: it may be replaced

    def open(self) -> None:
        """Create the study in the file, or check and load it; only read it where another process writes."""
        assert self.path is not None
        ledger = self._ledger
        try:
            file = File(self.path, patience=0.0)
        except NotWritable:
            reading = False
            with contextlib.suppress(StorageError), File(self.path, reading=True) as file:
                reading = ledger.definition.name in file.names()
            file = File(self.path, reading)
        with file:
            self._real, self._identity = file.file, file.identity
            ledger.definition = _entered(ledger.definition, file)
            self._load(file)
            if not file.reading:  # otherwise another process may be changing it
                self._revision = file.revision(ledger.definition.name)

    def _load(self, file: File) -> None:
        """Take over the trials, the queue and the attributes that the file holds."""
        ledger = self._ledger
        name, space = ledger.definition.name, ledger.definition.space
        rows = file.rows(name)
        if not ledger.definition.reasons:
            try:
                ledger.definition = ledger.definition._replace(reasons=copied_reasons(file.definition(name), rows))
            except (TypeError, ValueError) as problem:
                raise StorageError(f"{str(file.path)!r} is damaged: the study {name!r}: {problem}") from problem
        trials = [trial_of(name, row, space, self._core.context) for row in rows]
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise StorageError(f"the study {name!r} is stored with a gap in its numbers; it can't be resumed")
        lost = [trial.number for trial in trials if is_lost(trial)]
        if lost:
            checks.warn(f"of the study {name!r} these trials were lost with a part of its file: {checks.ranges(lost)}; "
                        "they are proposed again, and run, when the study is continued")
        if [trial.state for trial in trials] == [trial.state for trial in ledger.trials]:
            trials = list(ledger.trials)  # those that the user has
        waiting = stored_queue(name, space, file.queue(name))
        ledger.user_attrs = file.attributes(name) | (ledger.user_attrs if self.unwritten.attributes else {})
        self._order.replace(trials, waiting)

    def fix_searcher(self, workers: int) -> None:
        """Before the study's first trial, fix how many trials its searcher proposes at a time, if that is open."""
        ledger = self._ledger
        if ledger.definition.searcher.for_workers(workers) is ledger.definition.searcher:
            return
        file = None if self.path is None else self._opened()
        found = ledger.definition if file is None else _entered(ledger.definition, file)  # another process may have
        found = found._replace(searcher=found.searcher.for_workers(workers))
        ledger.definition = found if file is None else _entered(found, file)

    # Commits ----------------------------------------------------------------------------------------------------------

    def _opened(self) -> File:
        """The file that this study was opened in, not another one of that name, opened for writing."""
        if self._file is None or not self._file.is_open:
            assert self._real is not None
            if identity(self._real) != self._identity:
                raise StorageError(
                    f"{str(self._real)!r} was deleted or replaced since this study was opened; the study in memory has "
                    "all trials: study.backup(path) keeps them in another file, study.to_csv(path) writes them as a "
                    "table")
            self._file = File(self._real)
            if self._may_write:  # commits were lost; all trials are written again, and none that is there overwritten
                _entered(self._ledger.definition, self._file)
                self.unwritten.trials = {trial.number: trial for trial in self._ledger.trials}
                self.unwritten.queue = self.unwritten.attributes = True
        return self._file

    def begin(self) -> None:
        """Take the right to write, and take over what another writer has written since."""
        name = self._ledger.definition.name
        if self.is_closed:
            raise StorageError(f"the study {name!r} is closed: its trials can be read, but no trial can be run; create "
                               "the Study again to continue")
        if self.path is None:
            return
        assert self._real is not None
        claim(self._real, name, self._core, must_be_latest=self._may_write)
        file = self._opened()
        if not self._may_write:
            revision = file.revision(name)
            if revision != self._revision:
                self._load(file)
                self._revision = revision
            self._may_write = True

    def write(self) -> None:
        """Write all that has changed, in one commit; twice where the first commit may have been lost."""
        if self.path is None:
            self.unwritten.clear()
        elif self.unwritten and self._may_write:
            try:
                self._put()
            except Lost:
                self._put()

    def _put(self) -> None:
        """Write what has changed, but no trial that an interruption has kept out of the table."""
        file, ledger, unwritten = self._opened(), self._ledger, self.unwritten
        known, space = len(ledger.trials), ledger.definition.space
        rows = [row_of(trial, space, reason_of(ledger.definition, trial))
                for trial in list(unwritten.trials.values()) if trial.number < known]
        queue = packed_queue(space, self._order.queue.state.waiting) if unwritten.queue else None
        file.put(ledger.definition.name, rows, queue, ledger.user_attrs if unwritten.attributes else None)
        unwritten.clear()

    def end(self) -> None:
        """Close the file, and give back the right to write, unless a trial is under way or something is unwritten."""
        if (self.path is not None and self.unwritten) or self._file is None or self._order.has_running:
            return
        try:
            if self._file.is_open and self._may_write:
                try:
                    self._file.confirm()
                except Lost:
                    self._put()
                self._revision = self._file.revision(self._ledger.definition.name)
        finally:
            self.close_file()

    def close_file(self) -> None:
        """Close the file, and give back the right to write. May be called again."""
        self._may_write = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Write what is not written, and close the file for good."""
        try:
            if self.path is not None and self.unwritten and not self.is_closed:
                self.begin()
                self.write()
        finally:
            self.is_closed = True
            self.close_file()

    # Other files ------------------------------------------------------------------------------------------------------

    def refuse_own(self, path: Path) -> None:
        """Raise a ValueError if a path is the study's file, or a file that belongs to it."""
        for end in () if self._real is None else ("", *BESIDE):
            assert self._real is not None
            own = self._real.with_name(self._real.name + end)
            if Path(os.path.realpath(path)) == own or (identity(path) is not None and identity(path) == identity(own)):
                raise ValueError(f"path is {str(path)!r}, which is the file of this study, or belongs to it; it must "
                                 "be another file")

    def backup(self, path: Path) -> None:
        """Write a complete copy to another file: all that the own file holds, and the trials in memory."""
        definition, space = self._ledger.definition, self._ledger.definition.space
        self.refuse_own(path)
        with contextlib.ExitStack() as until, whole_file(path) as beside:
            until.callback(Lock(path.resolve()).release)
            has_file = self._real is not None and identity(self._real) == self._identity
            if has_file and self._real is not None:
                with File(self._real, reading=True) as file:
                    file.copy_to(beside)
            with File(beside) as copy:
                copy.enter(definition.name, definition.as_stored())
                is_new = self.unwritten.queue or not has_file
                waits = packed_queue(space, self._order.queue.state.waiting) if is_new else None
                copy.put(definition.name, self._rows_of_copy(), waits, self._ledger.user_attrs)
            if path.exists():
                refuse_loss(path, beside)
            clear_beside(path.resolve())

    def _rows_of_copy(self) -> Sequence[dict[str, Any]]:
        """All trials as a copy has them."""
        definition = self._ledger.definition
        return [row_of(one, definition.space, reason_of(definition, one), is_copy=True) for one in self._ledger.trials]

    def __getstate__(self) -> dict[str, Any]:
        """A copy, pickled or deep, is in memory only."""
        return vars(self) | {"path": None, "unwritten": Unwritten(), "is_closed": False, "_file": None,
                             "_may_write": False, "_real": None}


def _entered(definition: Definition, file: File) -> Definition:
    """Create the study in a file, or compare the definitions; return this one, with the file's ``parallel``."""
    name = definition.name
    if name in file.names():
        stored = text_of(file.definition(name).get("searcher"))
        definition = definition._replace(searcher=fixed_as(definition.searcher, stored))
        if fixes(definition.searcher, stored) and not file.reading:
            file.put_searcher(name, encoded(definition.searcher))
    file.enter(name, definition.as_stored(), _shown)
    return definition


def _shown(part: Any) -> str:
    """A part of a stored definition for people; of a parameter its name and its arguments."""
    if isinstance(part, list) and len(part) == 2 and isinstance(part[0], str):
        return f"({part[0]!r}, {text_of(part[1])})"
    return text_of(part) if isinstance(part, (dict, list)) else repr(part)

