"""The core of a study: what may happen to its trials, one thread at a time, each change written at its end.

It has three parts: the `Ledger` (what has come of the trials), the `Order` (which trial is next) and the `Writer` (the
file). An interruption, such as Ctrl-C, may come at any line and loses nothing: a trial is marked as unwritten before it
changes; its state is set after all else of its outcome; and the clean-up after an interruption can be repeated.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scratchtune.core.study.context import Context
from scratchtune.core.study.definition import Definition
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.ledger import Ledger
from scratchtune.core.study.order import Order
from scratchtune.core.study.progress import log_begun, log_ended
from scratchtune.core.study.queue import Waiting
from scratchtune.core.study.requests import checked_attribute
from scratchtune.core.study.trial import (
    LOST,
    Outcome,
    Trial,
    begin,
    configuration,
    copied,
    is_lost,
    judged,
    propose,
    repeats_at_end,
    settle,
)
from scratchtune.core.study.writer import Writer


class Core:
    """The trials of a study, each running one assigned to an owner (any object, such as a run) until it has ended.

    Usable from several threads. A change is written at its end, also where an interruption cuts it short; in a run only
    when `write` is called: several trials in one commit.

    Attributes, for reading only: ``ledger``, ``order``, ``writer``; ``trials``, in order of number; ``context``, what
    trials see; ``in_run``; ``is_stopping``: `stop_run` was called in the latest run.
    """

    def __init__(
        self, definition: Definition, storage: str | os.PathLike[str] | None = None, start: Sequence[Trial] = (),
        waiting: Sequence[Waiting] = (),
    ) -> None:
        self.ledger = Ledger(definition)
        self.trials = self.ledger.trials
        self.order = Order(self.ledger)
        self.writer = Writer(self.order, storage, self)
        self.context = Context(self.ledger, self.keep)
        self.in_run = self.is_stopping = False
        self._lock = threading.RLock()
        self._workers = 1  # of the run
        self._process: int | None = None  # the process of the latest run; a process forked from it is another one
        if storage is not None:
            self.writer.open()
        if start or waiting:
            self._begin_with(start, waiting)

    def __del__(self) -> None:
        if "writer" in vars(self):
            self.writer.close_file()

    @property
    def definition(self) -> Definition:
        """The definition of the study."""
        return self.ledger.definition

    def _begin_with(self, start: Sequence[Trial], waiting: Sequence[Waiting]) -> None:
        """Start with copies of another study's trials, and a queue; those that the file has must be the same."""
        copies = [copied(trial, self.context) for trial in start]
        if not self.trials:
            with self._changing():
                self.writer.unwritten.trials |= {copy.number: copy for copy in copies}
                self.writer.unwritten.queue = True
                self.order.replace(copies, waiting)
            return
        key = self.definition.space.key
        for number, copy in enumerate(copies):
            stored = self.trials[number] if number < len(self.trials) else None
            if stored is None or key(configuration(stored)) != key(configuration(copy)) or stored.values != copy.values:
                raise StorageError(
                    f"the study {self.definition.name!r} is stored already, and its trial {number} is another one, or "
                    "missing; use another name or file")

    def locked(self) -> contextlib.AbstractContextManager[Any]:
        """A context in which no other thread changes the study."""
        return self._lock

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Within it this thread alone changes the study, and has the right to write its file.

        What has changed is written after an interruption too, or where Python closes this generator because of one; an
        error comes before any change.
        """
        if self._is_forked():
            raise RuntimeError(f"the study {self.definition.name!r} is being run in another process, and can't be "
                               "changed in this one; return the values from the objective")
        with self._lock:
            try:
                self.writer.begin()
                yield
                if not self.in_run:
                    self.writer.write()
                self._end_writing()
            except Exception:
                self._end_writing()
                raise
            except BaseException:  # an interruption, or this generator is closed after one
                self.writer.write()
                self._end_writing()
                raise

    def _end_writing(self) -> None:
        """Give back the right to write, unless a run keeps it."""
        if not self.in_run:
            self.writer.end()

    # Trials begin -----------------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """Assign the next trial to an owner of its own; raises `NotReady` or `Exhausted` where there is none."""
        owner = object()
        try:
            return self.assign(owner)
        except BaseException:  # after an interruption the trial may be in the table, and the caller does not have it
            self.release(owner)
            raise

    def assign(self, owner: object) -> Trial:
        """Assign the next trial to an owner, until it has ended or the owner is released; raises as `ask`."""
        with self._changing():
            self.writer.fix_searcher(self._workers if self.in_run else 1)
            unassigned = self.order.unassigned
            trial = self._restarted(unassigned[0], owner) if unassigned else self._begun(owner)
            log_begun(self.definition.name, trial)
            return trial

    def _begun(self, owner: object) -> Trial:
        """Begin a new trial, and assign it."""
        trial, is_enqueued = self.order.new_trial(self.context)
        number, order, unwritten = trial.number, self.order, self.writer.unwritten
        unwritten.trials[number] = trial
        unwritten.queue |= is_enqueued
        queue = order.queue.after(number) if is_enqueued else order.queue.state
        self.trials[number:], order.owners[number], order.queue.state = [trial], owner, queue
        return trial

    def _restarted(self, trial: Trial, owner: object) -> Trial:
        """Begin an unassigned trial again, and assign it; one that was lost is proposed again."""
        proposal = self.order.proposed_again(trial)
        self.writer.unwritten.trials[trial.number] = trial
        if proposal is not None:
            self.ledger.forget()
            propose(trial, *proposal)
        begin(trial)
        self.order.owners[trial.number] = owner
        return trial

    def enqueue(self, params: Mapping[str, Any], by: str | None = None, again: bool = False) -> None:
        """Append a configuration to those that wait, and write it; unless ``again``, one that is known is skipped."""
        checked, queue = self.definition.space.check(params), self.order.queue
        with self._changing():
            if again or not queue.knows(checked, self.trials):
                number = len(self.trials) + len(queue.state.waiting)
                self.definition.searcher.enqueued(checked, number)  # raises if it is not possible
                self.writer.unwritten.queue = True
                queue.add(Waiting(checked, by))
                self.writer.write()

    def enqueue_repeats(self, numbers: Sequence[int]) -> int:
        """Enqueue repeats of these trials, as the next ones, that neither wait nor are latest; how many now wait."""
        with self._changing():
            state = self.order.queue.state
            waiting, others = ([one for one in state.waiting if (one.repeat_of is None) is is_other]
                               for is_other in (False, True))
            known = Counter([one.repeat_of for one in waiting] + [one.repeat_of for one in repeats_at_end(self.trials)])
            waiting += [Waiting(configuration(self.trials[number]), repeat_of=number)
                        for k, number in enumerate(numbers) if numbers[:k].count(number) >= known[number]]
            self.writer.unwritten.queue = True
            self.order.queue.state = state._replace(waiting=[*waiting, *others])
            return len(waiting)

    # Trials end -------------------------------------------------------------------------------------------------------

    def tell(self, trial: Trial | int, value: Any, state: str | None = None) -> Trial:
        """Record the outcome of a running trial."""
        with self._changing():
            found = self.ledger.find(trial)
            if found.state != "running":
                raise ValueError(f"trial {found.number} is {found.state} already; a trial can be told once")
            if is_lost(found):
                raise ValueError(f"trial {found.number}: {LOST}; ask() proposes it again first")
            self.finish(found, judged(found, value, state))
            return found

    def finish(self, trial: Trial, outcome: Outcome) -> None:
        """Record an outcome, unless the trial has been told already, as by its objective. All outcomes pass here."""
        with self._changing():
            if trial.state == "running":
                self.writer.unwritten.trials[trial.number] = trial
                settle(trial, outcome._replace(finished=time.time()))
                self.order.owners.pop(trial.number, None)
                log_ended(self.definition.name, trial)

    def keep(self, trial: Trial) -> None:
        """Write a running trial, which a stopping rule has decided on; where that fails, the next commit writes it."""
        with self._lock, contextlib.suppress(StorageError):
            self.writer.unwritten.trials[trial.number] = trial
            self.writer.write()

    def begin_again(self, trial: Trial) -> bool:
        """Within a run, begin a trial again whose worker was lost: one more attempt. False if it has been told."""
        with self._lock:
            if trial.state != "running":
                return False
            self.writer.unwritten.trials[trial.number] = trial
            begin(trial)
            return True

    def release(self, owner: object) -> None:
        """Make the running trials of an owner unassigned, so that they are assigned again."""
        with self._lock:
            self.order.disown(owner)
            self._end_writing()

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the study."""
        added = checked_attribute(key, value)
        with self._changing():
            self.writer.unwritten.attributes = True
            self.ledger.user_attrs = self.ledger.user_attrs | added

    # Runs -------------------------------------------------------------------------------------------------------------

    def refuse_second_run(self) -> None:
        """A RuntimeError while the study is being run, as in its own objective or in another thread."""
        if self.in_run:
            raise RuntimeError(f"the study {self.definition.name!r} is being run; run it again when that has ended")

    def refuse_repeats(self) -> None:
        """A ValueError in a study whose trials can't be repeated to confirm them, a RuntimeError during a run."""
        self.refuse_second_run()
        searcher, objectives = self.definition.searcher, self.definition.objectives
        if objectives.several or searcher.mean_budget() is not None:
            raise ValueError("trials can be confirmed only in a study of one objective with a searcher that allots no "
                             f"budgets; this study has {objectives} and {searcher!r}: enqueue trials again instead")

    def begin_run(self, workers: int) -> None:
        """Begin a run: until its end trials are written when `write` is called, and the right to write is kept."""
        with self._lock:
            self.writer.begin()
            self._workers, self._process = workers, os.getpid()
            self.in_run, self.is_stopping = True, False

    def write(self) -> None:
        """Write all that has changed, in one commit."""
        with self._lock:
            self.writer.write()

    def stop_run(self) -> None:
        """Have the run that is under way begin no further trial; a RuntimeError where there is none."""
        if not self.in_run or self._is_forked():
            raise RuntimeError(
                f"the study {self.definition.name!r} is not being run in this process; call stop from a callback, "
                "or from an objective that runs in the study's own process")
        self.is_stopping = True

    def end_run(self, owner: object) -> None:
        """Write what is not written, and release the run's trials. May be called again."""
        with self._lock:
            self.in_run = False
            try:
                self.writer.write()
            finally:
                self.order.disown(owner)
                self._end_writing()

    def _is_forked(self) -> bool:
        """Whether this process was forked from that of the run; without the lock, which a thread may have held then."""
        return self.in_run and self._process != os.getpid()

    # The file, and copies ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write what is not written, and close the file."""
        with self._lock:
            if self.in_run:
                raise RuntimeError(
                    f"the study {self.definition.name!r} is being run; close it when run has returned")
            self.order.owners = {}
            self.writer.close()

    def backup(self, path: Path) -> None:
        """Write a complete copy to another file: all that the own file holds, and the trials in memory."""
        with self._lock:
            self.writer.backup(path)

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"} | {"in_run": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()
