"""A run evaluates trials until a study has enough of them: one loop, for trials of one task or of several.

A task is what a worker gets: an objective's call (`ObjectiveRun`), or one fold of a cross-validation (`FoldRun`). Tasks
of several trials are under way at a time, in one queue for all workers. Trials begin in order of number, and a trial is
recorded when its last task has ended.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, NamedTuple

from scratchtune.search import Exhausted
from scratchtune.study.asktell import AskTell
from scratchtune.study.proposals import NotReady
from scratchtune.study.trial import Trial


class Task(NamedTuple):
    """The part of a trial that one worker evaluates: ``part`` is 0 to ``Run.tasks`` - 1."""

    trial: Trial
    part: int


class Run:
    """The loop. A subclass defines what workers do (`_work`, `_submit`) and how outcomes are recorded (`_tell`).

    ``tasks`` is the number of tasks of each trial; new trials begin while fewer than ``at_once`` tasks are under way
    and the study has fewer than ``limit`` trials, until ``deadline``, a time of `time.monotonic`.
    """

    def __init__(
        self, core: AskTell, limit: int | None, tasks: int, at_once: int, deadline: float | None = None,
    ) -> None:
        self.core, self.limit, self.tasks, self.at_once, self.deadline = core, limit, tasks, at_once, deadline
        self.in_flight: dict[Future, Task] = {}
        self.begun: list[Trial] = []
        self.is_over = False  # no trial is left to begin

    def go(self) -> None:
        """Run to the end. After an error or an interruption, record what has finished by then."""
        try:
            self._begin_and_work()
            self._leave()
        except BaseException:  # it may have cut `_leave` short
            self._leave()
            raise

    # The loop --------------------------------------------------------------------------------------------------------

    def _begin_and_work(self) -> None:
        self.core.begin_run()
        try:
            self._work()
        finally:
            self._wait_for_threads()

    def loop(self) -> None:
        """Evaluate trials until no task is under way and no trial may begin."""
        while True:
            trials = self._next_trials()
            self.core.write()  # in one commit what has ended and what begins, before anything follows from it
            for trial in trials:
                self._begin(trial)
            if not self.in_flight:
                return
            for future in sorted(self._ended(), key=self._order):
                if future in self.in_flight:  # otherwise it was removed together with another one
                    self._collect(future)
                    self.in_flight.pop(future, None)  # afterwards: if interrupted, `_leave` finds it here

    def _order(self, future: Future) -> tuple[int, int]:
        trial, part = self.in_flight[future]
        return trial.number, part

    def _next_trials(self) -> list[Trial]:
        """Return as many trials as workers have room for, and as may begin now."""
        trials = self._trials_to_resend()
        while self._has_room(len(trials)) and self._may_begin():
            try:
                trials.append(self.core.assign(self))
            except NotReady:
                if not self.in_flight and not trials:
                    raise
                self._on_waiting()
                break
            except Exhausted as end:
                self.is_over = True
                self._on_exhausted(end)
                break
            self.begun.append(trials[-1])
        return trials

    def _has_room(self, trials: int) -> bool:
        """Whether a further trial has room beside the tasks under way and so many trials that are about to begin."""
        return len(self.in_flight) + self.tasks * trials < self.at_once

    def _may_begin(self) -> bool:
        if self.is_over or (self.deadline is not None and time.monotonic() >= self.deadline):
            return False
        table = self.core.table
        return self.limit is None or len(table.trials) < self.limit or bool(table.unassigned)

    def _begin(self, trial: Trial) -> None:
        """Submit the tasks of a trial."""
        for part in range(self.tasks):
            future = self._submit(trial, part)
            self.in_flight[future] = Task(trial, part)

    def _ended(self) -> set[Future]:
        """Wait until a task has ended."""
        return wait(self.in_flight, return_when=FIRST_COMPLETED)[0]

    def _collect(self, future: Future) -> None:
        """Use the outcome of a task; an error that it raised ends the run."""
        trial, part = self.in_flight[future]
        self._tell(trial, part, future.result())

    # The end ---------------------------------------------------------------------------------------------------------

    def _wait_for_threads(self) -> None:
        """After an interruption, wait for the tasks in threads, which use the study's own trials."""
        wait([future for future in self.in_flight if not future.cancel()])

    def _leave(self) -> None:
        """Record the trials that have finished by now, and release the others. May be called again."""
        try:
            for future, (trial, part) in self.in_flight.items():
                if future.done() and not future.cancelled() and future.exception() is None and trial.state == "running":
                    self._tell(trial, part, future.result())
        finally:
            self.core.end_run(self)

    # What a subclass defines -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Create the workers, and call `loop` while they are there."""
        raise NotImplementedError

    def _submit(self, trial: Trial, part: int) -> Future:
        """Have a worker do a task."""
        raise NotImplementedError

    def _tell(self, trial: Trial, part: int, outcome: Any) -> None:
        """Use the outcome of a task: if it is the trial's last, tell the trial. May be called again."""
        raise NotImplementedError

    def _trials_to_resend(self) -> list[Trial]:
        """Trials that have begun already and must be submitted again, as far as there is room for them."""
        return []

    def _on_waiting(self) -> None:
        """The searcher needs results before it proposes the next trial."""

    def _on_exhausted(self, end: Exhausted) -> None:
        """The searcher has nothing left to propose."""
