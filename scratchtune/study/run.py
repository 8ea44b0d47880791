"""A run evaluates trials until a study has enough of them: one loop, for trials of one task or of several.

A task is what a worker gets: an objective's call (`ObjectiveWorkers`), or one fold of a cross-validation
(`FoldWorkers`). Tasks of several trials are under way at a time, in one queue for all workers. Trials begin in order of
number, and a trial is recorded when its last task has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from scratchtune.search import Exhausted
from scratchtune.study.asktell import AskTell
from scratchtune.study.proposals import NotReady
from scratchtune.study.trial import Trial


class Task(NamedTuple):
    """The part of a trial that one worker evaluates: ``part`` counts the tasks of the trial, from 0."""

    trial: Trial
    part: int


class Workers(Protocol):
    """What evaluates the trials of a run. A `Run` calls these methods; none of them calls the run.

    ``in_flight``: the tasks that were submitted and whose outcomes were not used yet. ``at_once``: how many trials run
    at a time, if the searcher proposes as many.
    """

    in_flight: dict[Future, Task]
    at_once: int

    def started(self) -> AbstractContextManager[Any]:
        """A context in which the workers exist."""

    def room(self) -> int:
        """How many further trials the workers can take now."""

    def begin(self, trials: Sequence[Trial]) -> None:
        """Submit the tasks of new trials, perhaps none, and of trials that must be submitted again."""

    def on_idle(self, reason: NotReady | Exhausted) -> None:
        """The study has proposed fewer trials than there was room for; may raise the reason, which ends the run."""

    def ended(self) -> Collection[Future]:
        """Wait until a task has ended; return all that have."""

    def collect(self, future: Future) -> None:
        """Use the outcome of a task that has ended, and remove it from ``in_flight``; an error ends the run."""

    def wait(self) -> None:
        """After an interruption, wait for the tasks that use the study's own trials, as those in threads do."""

    def record(self, task: Task, outcome: Any) -> None:
        """Record the result of a task; if it is the trial's last one, tell the trial. May be called again."""


class Run:
    """The loop of a run.

    New trials begin while the workers have room and the study has fewer than ``limit`` trials, until ``deadline``, a
    time of `time.monotonic`, or until `AskTell.stop_run` is called.
    """

    def __init__(self, core: AskTell, workers: Workers, limit: int | None, deadline: float | None = None) -> None:
        self.core, self.workers, self.limit, self.deadline = core, workers, limit, deadline
        self.is_over = False  # no trial is left to begin

    def go(self, before: Iterable[Callable[[], Any]] = ()) -> None:
        """Run to the end. After an error or an interruption, record what has finished by then.

        Each of ``before`` is called within the run, before any trial begins.
        """
        self.core.refuse_second_run()  # before all that `_leave` would end
        try:
            self._begin_and_work(before)
            self._leave()
        except BaseException:  # it may have cut `_leave` short
            self._leave()
            raise

    def _begin_and_work(self, before: Iterable[Callable[[], Any]]) -> None:
        self.core.begin_run(self.workers.at_once)
        try:
            with self.workers.started():
                for call in before:
                    call()
                self._loop()
        finally:
            self.workers.wait()

    def _loop(self) -> None:
        """Evaluate trials until no task is under way and no trial may begin."""
        workers = self.workers
        while True:
            trials, reason = self._next_trials()
            self.core.write()  # in one commit what has ended and what begins, before anything follows from it
            workers.begin(trials)
            if isinstance(reason, NotReady) and not workers.in_flight:
                raise reason
            if reason is not None:
                workers.on_idle(reason)
            if not workers.in_flight:
                return
            for future in sorted(workers.ended(), key=self._order):
                if future in workers.in_flight:  # otherwise it was removed together with another one
                    workers.collect(future)

    def _order(self, future: Future) -> tuple[int, int]:
        trial, part = self.workers.in_flight[future]
        return trial.number, part

    def _next_trials(self) -> tuple[list[Trial], NotReady | Exhausted | None]:
        """Return as many new trials as have room and may begin now, and the reason if the study proposes no more."""
        trials: list[Trial] = []
        room = self.workers.room()
        while len(trials) < room and self._may_begin():
            try:
                trials.append(self.core.assign(self))
            except NotReady as reason:
                return trials, reason
            except Exhausted as end:
                self.is_over = True
                return trials, end
        return trials, None

    def _may_begin(self) -> bool:
        if self.is_over or self.core.is_stopping or (self.deadline is not None and time.monotonic() >= self.deadline):
            return False
        table = self.core.table
        return self.limit is None or len(table.trials) < self.limit or bool(table.unassigned)

    def _leave(self) -> None:
        """Record the trials that have finished by now, and release the others. May be called again."""
        try:
            for future, task in self.workers.in_flight.items():
                ended_well = future.done() and not future.cancelled() and future.exception() is None
                if ended_well and task.trial.state == "running":
                    self.workers.record(task, future.result())
        finally:
            self.core.end_run(self)
