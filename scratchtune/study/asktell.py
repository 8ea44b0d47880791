"""The ask-and-tell core of a study: it assigns trials, records their outcomes, and writes both to the study's file.

`Study` and `Run` use it. An interruption, such as Ctrl-C, may come at any line and loses nothing: a trial is noted in
the journal before its state changes, and so is written even where the interruption comes just then; the clean-up after
an interruption can be repeated.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from scratchtune.search import Result, Space
from scratchtune.study.asking import checked_attribute, checked_key, is_open, learned_space
from scratchtune.study.context import StudyContext
from scratchtune.study.definition import Definition
from scratchtune.study.errors import StorageError
from scratchtune.study.journal import Journal, Stored, trial_of, waiting_of, write_backup
from scratchtune.study.progress import log_begun, log_ended
from scratchtune.study.proposals import Proposer
from scratchtune.study.table import Start, Table
from scratchtune.study.trial import Trial, finished_count

Made = TypeVar("Made")


class AskTell:
    """A table of trials with its file, if there is one; usable from several threads."""

    def __init__(
        self, definition: Definition, storage: str | os.PathLike[str] | None, start: Start | None = None,
    ) -> None:
        copied = () if start is None else {*range(len(start.trials)), *start.repeated}
        self.table = Table(definition.space, definition.objectives.sign, copied)
        self._journal = None if storage is None else Journal(definition, storage, self.table)
        stored = Stored([], []) if self._journal is None else self._journal.open()
        self.definition = definition if self._journal is None else self._journal.definition
        self.context = StudyContext(self.definition, self.table)
        self._proposer = Proposer(self.definition, self.table)
        self.user_attrs: dict[str, Any] = {} if self._journal is None else dict(self._journal.attributes)
        self._in_run = False  # trials are then written by `write`, several in one commit
        self._workers = 1  # of the run
        self._process: int | None = None  # the process of the latest run; a process forked from it is another one
        self.is_stopping = False  # whether `stop_run` was called in the latest run, which begins no further trial
        self._is_closed = False
        self._learned: tuple[int, Space] | None = None  # a memo of `space`, with the number of finished trials
        self._lock = threading.RLock()
        self._load(stored)
        if start is not None:
            self._begin_with(start)

    def _begin_with(self, start: Start) -> None:
        """Start with copies of another study's trials; if the file has trials, they must be the same."""
        copies = [trial.copied(self.context) for trial in start.trials]
        for copy in copies[: self.definition.foreign]:
            copy.shared_params = self.definition.space.check(copy.shared_params)
            if not is_open(self.definition.space):
                copy.asked = None
        if not self.table.trials and not self.table.waiting:
            self.table.replace(copies, start.waiting)
            self._change(lambda: self._note(*copies, waiting=True))
            return
        for number, copy in enumerate(copies):
            if number >= len(self.table.trials) or not self._is_copy(self.table.trials[number], copy):
                raise StorageError(
                    f"the study {self.definition.name!r} is stored already, and is no such fork: its trial {number} is "
                    "another one, or missing; use another name or file")

    def _is_copy(self, stored: Trial, trial: Trial) -> bool:
        """Whether both have the same configuration and, if both have ended, the same state and values."""
        key = self.definition.space.key
        alike = (stored.state, stored.values) == (trial.state, trial.values) or "running" in (stored.state, trial.state)
        return key(stored.shared_params) == key(trial.shared_params) and alike

    @property
    def given_path(self) -> str | os.PathLike[str] | None:
        """The path of the study's file, as it was given; None for a study in memory."""
        return None if self._journal is None else self._journal.given_path

    def locked(self) -> AbstractContextManager[Any]:
        """A context in which no other thread changes the study."""
        return self._lock

    # Asking and telling ----------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """Assign the next trial to an owner of its own; raises `NotReady` or `Exhausted` where there is none."""
        owner = object()
        try:
            return self.assign(owner)
        except BaseException:  # after an interruption the trial may be in the table, and the caller does not have it
            self.release(owner)
            raise

    def assign(self, owner: object) -> Trial:
        """Assign the next trial to an owner, until the trial is told or the owner released."""
        return self._change(lambda: self._assigned(owner))

    def _assigned(self, owner: object) -> Trial:
        """Return the next trial: the first unassigned one, or a new one."""
        self._fix_searcher()
        if self.table.unassigned:
            trial = self.table.unassigned[0]
            self._note(trial)
            self.table.restart(trial, owner)
            self._proposer.tell_known(trial)
            log_begun(self.definition.name, trial)
            return trial
        from_queue = self.table.next_enqueued() is not None
        trial = Trial(self.context, len(self.table.trials), self._proposer.next(), is_open(self.definition.space))
        self._proposer.tell_known(trial)
        self._note(trial, waiting=from_queue)
        self.table.add(trial, owner, from_queue)
        log_begun(self.definition.name, trial)
        return trial

    def _fix_searcher(self) -> None:
        """Before the study's first trial, fix how many trials its searcher proposes at a time, if that is open."""
        searcher, workers = self.definition.searcher, self._workers if self._in_run else 1
        if searcher.for_workers(workers) is not searcher:
            fixed = searcher.for_workers(workers) if self._journal is None else self._journal.fix_searcher(workers)
            definition = self.definition._replace(searcher=fixed)
            self._proposer, self.definition = Proposer(definition, self.table), definition

    def tell(self, trial: Trial | int, value: Any, state: str | None = None) -> Trial:
        """Record the outcome of a running trial."""
        return self._change(lambda: self._told(trial, value, state, {}))

    def _told(self, trial: Trial | int, value: Any, state: str | None, measured: Mapping[str, Any]) -> Trial:
        found = self.table.find(trial)
        if found.state != "running":
            raise ValueError(f"trial {found.number} is {found.state} already; a trial can be told once")
        self._finish(found, found.finish(value, state, measured))
        return found

    def tell_outcome(self, trial: Trial, outcome: Mapping[str, Any]) -> None:
        """Record the `Trial.outcome` of another process, unless the trial has been told already."""
        with self._lock:
            if trial.state == "running":
                self._change(lambda: self._finish(trial, trial.finish_as(outcome)))

    def tell_value(self, trial: Trial, value: Any, **measured: Any) -> None:
        """Record a value, unless the trial has been told already, as by its objective.

        ``measured`` are attributes of the trial that the caller knows better than its clock: seconds, visits, scores.
        """
        with self._lock:
            if trial.state == "running":
                self._change(lambda: self._told(trial, value, None, measured))

    def _finish(self, trial: Trial, state: str) -> None:
        """Set the state of a trial whose outcome is recorded."""
        self._note(trial)
        self.table.finish(trial, state)
        log_ended(self.definition.name, trial)

    def begin_again(self, trial: Trial) -> bool:
        """Within a run, reset a running trial to its start; it keeps its owner. False if it has been told already."""
        with self._lock:
            if trial.state != "running":
                return False
            self._note(trial)
            trial.begin()
            return True

    def release(self, owner: object) -> None:
        """Make the running trials of an owner unassigned, so that they are assigned again."""
        with self._lock:
            self.table.release(owner)
            self._end_writing()

    def enqueue(self, params: Mapping[str, Any]) -> None:
        """Append a configuration to those that wait, and write it, unless the file has it (`Table.claim`)."""

        def change() -> None:
            # In a run only the objective of a restarted trial enqueues again: callbacks are called once for each trial.
            again = not self._in_run or any(one.state == "running" and one.attempts > 1 for one in self.table.trials)
            if not (again and self.table.claim(checked, waiting_only=self._in_run)):
                number = self.table.number_of_next_enqueued()
                self.definition.searcher.enqueued(checked, number)  # raises if it is not possible
                self._note(waiting=True)
                self.table.enqueue(checked)
                self.write()

        checked = self.definition.space.check(params)
        self._change(change)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the study, and write it."""
        added = {checked_key(key): checked_attribute(key, value)}

        def change() -> None:
            self.user_attrs |= added
            if self._journal is not None:
                self._journal.note_attributes(added)

        self._change(change)

    # Runs ------------------------------------------------------------------------------------------------------------

    def refuse_second_run(self) -> None:
        """A RuntimeError while the study is being run, as in its own objective or in another thread."""
        if self._in_run:
            raise RuntimeError(f"the study {self.definition.name!r} is being run; run it again when that has ended")

    def begin_run(self, workers: int) -> None:
        """From now on trials are written when `write` is called, and the right to write is kept."""
        with self._lock:
            self._begin_writing()
            self._workers, self._process, self._in_run, self.is_stopping = workers, os.getpid(), True, False
            if self._journal is not None:
                self._journal.in_run = True

    def write(self) -> None:
        """Write all noted trials, in one commit."""
        if self._journal is not None:
            with self._lock:
                self._journal.write()

    def stop_run(self) -> None:
        """Have the run that is under way begin no further trial; a RuntimeError where there is none."""
        if not self._in_run or self._is_forked():
            raise RuntimeError(
                f"the study {self.definition.name!r} is not being run in this process; call stop from a callback, "
                "or from an objective that runs in the study's own process")
        self.is_stopping = True

    def end_run(self, owner: object) -> None:
        """Write what is not written, and release the run's trials. May be called again."""
        with self._lock:
            self._in_run = False
            if self._journal is not None:
                self._journal.in_run = False
            try:
                self.write()
            finally:
                self.release(owner)

    # The file --------------------------------------------------------------------------------------------------------

    def backup(self, path: Path) -> None:
        """Write a complete copy of the study to another file."""
        with self._lock:
            write_backup(self.definition, self.table, self._journal, path, self.user_attrs)

    def refuse_own(self, path: Path) -> None:
        """A ValueError where a path is the study's own file."""
        if self._journal is not None:
            self._journal.refuse_own(path)

    def close(self) -> None:
        """Write what is not written, and close the file."""
        with self._lock:
            if self._in_run:
                raise RuntimeError(
                    f"the study {self.definition.name!r} is being run; close it when run has returned")
            try:
                if self._journal is not None and self._journal.has_unwritten and not self._is_closed:
                    self._begin_writing()
                    self.write()
            finally:
                self._is_closed = True
                self.table.disown_all()
                if self._journal is not None:
                    self._journal.close()

    def _change(self, change: Callable[[], Made]) -> Made:
        """Make a change and write it, also where an interruption cuts the change or the writing short."""
        if self._is_forked():
            raise RuntimeError(f"the study {self.definition.name!r} is being run in another process, and can't be "
                               "changed in this one; return the values from the objective")
        with self._lock:
            try:
                self._begin_writing()
                made = change()
                if not self._in_run:
                    self.write()
                self._end_writing()
                return made
            except Exception:
                self._end_writing()
                raise
            except BaseException:
                self.write()
                self._end_writing()
                raise

    def _begin_writing(self) -> None:
        """Take the right to write, and reconcile the table with what another process has written since."""
        if self._is_closed:
            raise StorageError(f"the study {self.definition.name!r} is closed: its trials can be read, but no trial "
                               "can be run; create the Study again to continue")
        if self._journal is None:
            return
        stored = self._journal.begin_writing()
        self.user_attrs |= self._journal.attributes
        if stored is not None:
            self._load(stored)
            self._journal.reconciled()

    def _end_writing(self) -> None:
        """Give back the right to write when no trial is under way."""
        if self._journal is not None and not self._in_run and not self.table.has_assigned():
            self._journal.end_writing()

    def _load(self, stored: Stored) -> None:
        """Make what is stored the table; trials that were running are assigned again first."""
        trials = [trial_of(self.definition, self.context, row) for row in stored.rows]
        if [trial.number for trial in trials] != list(range(len(trials))):
            raise StorageError(
                f"the study {self.definition.name!r} is stored with a gap in its numbers; it can't be resumed")
        if [trial.state for trial in trials] == [trial.state for trial in self.table.trials]:
            trials = self.table.trials  # those that the user has
        self.table.replace(trials, waiting_of(self.definition, stored.waiting))

    def _note(self, *trials: Trial, waiting: bool = False) -> None:
        if self._journal is not None:
            for trial in trials:
                self._journal.note(trial)
            if waiting:
                self._journal.note_waiting()

    def _is_forked(self) -> bool:
        """Whether this is a worker process that was forked from the one in which the study is being run.

        It is asked without the lock, which another thread may have held when the process was forked.
        """
        return self._in_run and self._process != os.getpid()

    @property
    def space(self) -> Space:
        """The space of the definition; where it has none, what the finished trials have requested."""
        declared = self.definition.space
        if not is_open(declared):
            return declared
        count = finished_count(self.table.trials)
        if self._learned is None or self._learned[0] != count:
            self._learned = count, learned_space(self.table.trials)
        return self._learned[1]

    # Copies ----------------------------------------------------------------------------------------------------------

    def results(self) -> list[Result]:
        """The results that a study which starts from this one sees: those of earlier studies, then its own."""
        return self.definition.earlier + self.table.results()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"} | {
                "_journal": None, "_in_run": False, "_is_closed": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()
        self.table.release_all()
