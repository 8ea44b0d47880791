"""A run hands out the trials of a study in order of number, each as soon as it may begin, and records what comes back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from typing import TYPE_CHECKING, Any

from scratchtune.evaluation.parallel import workers
from scratchtune.search import Exhausted
from scratchtune.study.executors import Sender
from scratchtune.study.progress import Progress
from scratchtune.study.trial import NotReady, Trial

if TYPE_CHECKING:
    from scratchtune.study.study import Study

LONG = 2.0  # seconds; of a shorter run it is not worth saying that workers were idle
TRIALS = 50  # how many trials a study runs if neither the user nor the searcher says


def idle_share(busy: float, workers: int, lasted: float) -> float:
    """Share of the workers' time in which they had no trial.

    Formula [idle_share]
        s = max(1 − b / (w · t), 0)
    Where
        b: busy, scalar, >= 0, seconds of trials, added up
        w: workers, scalar, integer >= 1
        t: lasted, scalar, > 0, seconds from the first begin to the last end
    Returns
        s, from 0 to 1.
    Source
        One less the efficiency of a parallel program, as in Amdahl (1967).
    Example
        >>> idle_share(6.0, 4, 2.0)
        0.25
    """
    return max(1.0 - busy / (workers * lasted), 0.0)


class Run:
    """One call of `Study.run`; its arguments are described there."""

    def __init__(
        self, study: Study, objective: Callable[[Trial], Any], limit: int | None, timeout: float | None, workers: int,
        executor: Executor | None, callbacks: tuple[Callable[[Study, Trial], Any], ...], show: bool, retries: int,
        max_failures: int | None,
    ) -> None:
        self.study, self.objective, self.workers, self.executor = study, objective, workers, executor
        self.callbacks, self.retries, self.max_failures = callbacks, retries, max_failures
        schedule = study.searcher.planned(study.space, len(study._queue) + len(study._enqueued))
        planned = limit or (TRIALS if schedule is None else schedule)
        self.limit = limit or (TRIALS if schedule is None else None)
        self.deadline = None if timeout is None else time.monotonic() + timeout
        left = max(planned - len(study._trials) + len(study._again), 0)
        headline = None if schedule is None else f"{study.searcher.headline()}: {left} trials"
        self.progress = Progress(left, "trial", workers, show, headline)
        self.flying: dict[Future, Trial] = {}
        self.lost: dict[int, int] = {}  # how often a trial's worker was lost
        self.sender: Sender | None = None
        self.begun: list[Trial] = []
        self.failed: list[Trial] = []
        self.over = False
        self.busy, self.since, self.until = 0.0, 0.0, 0.0  # seconds of work; first begin, last end

    def go(self) -> None:
        """Run to the end."""
        try:
            try:
                self._work()
                self._leave()
            except BaseException as end:  # an error, or an interruption, which may have cut leaving short
                self._leave()
                if isinstance(end, SystemExit):
                    self.progress.note("sys.exit() was called, which ends the run; the next run goes on from here")
                raise
            self._check()
        finally:
            if len(self.failed) > 1:
                self.progress.note(
                    f"{len(self.failed)} of {len(self.begun)} trials failed; the study's table holds the errors")
            self.progress.close()

    def _work(self) -> None:
        self.study._begin_run()
        pool = workers(self.workers) if self.executor is None else contextlib.nullcontext(self.executor)
        try:
            with pool as executor:
                self.sender = Sender(executor, self.objective, self.workers)
                self._loop()
        finally:
            self._wait_for_threads()

    def _check(self) -> None:
        """Hold the trials against the searcher's schedule, if it has one, and say that they are right."""
        results = [None if trial.state == "running" else self.study._result(trial) for trial in self.study.trials]
        said = self.study.searcher.check(results)
        if said is not None:
            self.progress.note(said)
        lasted = self.until - self.since
        self.study.idle_share = idle = idle_share(self.busy, self.workers, lasted) if lasted > 0.0 else 0.0
        if self.workers > 1 and idle > 0.05 and self.until - self.since > LONG:
            self.progress.note(f"the {self.workers} workers were idle for {idle:.0%} of the time")

    def _loop(self) -> None:
        while True:
            trials = self._next()
            self.study._write()  # what has ended and what begins, in one commit, before anything follows from it
            for trial in trials:
                self._submit(trial)
            if not self.flying:
                return
            done, _ = wait(self.flying, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: self.flying[future].number):
                self._collect(future, self.flying[future])
                del self.flying[future]  # not before: what an interruption leaves here is recorded by `_leave`

    def _next(self) -> list[Trial]:
        """A trial for every idle worker, as far as there are any."""
        trials: list[Trial] = []
        while len(self.flying) + len(trials) < self.workers and self._may_begin():
            try:
                trials.append(self.study._ask(self))
            except NotReady:
                if not self.flying and not trials:
                    raise
                self.progress.note(f"not all of the {self.workers} workers are busy: the searcher needs results first")
                break
            except Exhausted as end:
                self.over = True
                if self.limit is not None:
                    self.progress.note(f"the study ends after {len(self.study._trials)} trials: {end}")
                break
            self.begun.append(trials[-1])
        return trials

    def _may_begin(self) -> bool:
        if self.over or (self.deadline is not None and time.monotonic() >= self.deadline):
            return False
        return self.limit is None or len(self.study._trials) < self.limit or bool(self.study._again)

    def _submit(self, trial: Trial, with_objective: bool = False) -> None:
        self.since = self.since or time.monotonic()
        trial._clock = time.perf_counter()
        assert self.sender is not None
        try:
            future = self.sender.submit(trial, self.study._apart, with_objective)
        except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: it has been shut down
            raise RuntimeError(
                f"the executor takes no trials ({error}). Nothing is lost: run again with a new one") from error
        self.flying[future] = trial

    def _collect(self, future: Future, trial: Trial) -> None:
        """Record what came of a trial; one whose worker was lost, or did not have the objective, is sent again."""
        self.until = time.monotonic()
        self.busy += time.perf_counter() - trial._clock
        error = None if future.cancelled() else future.exception()
        assert self.sender is not None
        if error is not None and (self.sender.is_here or not isinstance(error, Exception)):
            raise error  # an interruption
        if isinstance(error, BrokenExecutor):
            raise RuntimeError(
                f"the executor is broken ({error}); trial {trial.number} was running. Nothing is lost: run again with "
                "a new executor") from error
        if error is not None or future.cancelled():
            self._lose(trial, error or CancelledError())
            return
        outcome = future.result()
        if outcome is None and not self.sender.is_here and trial.state == "running":
            self._submit(trial, with_objective=True)
            return
        self._record(trial, outcome)

    def _lose(self, trial: Trial, error: BaseException) -> None:
        """Begin a trial again whose worker was lost; after too many times it has failed."""
        if trial.state != "running":  # somebody has told it meanwhile
            self._record(trial, None)
            return
        self.lost[trial.number] = self.lost.get(trial.number, 0) + 1
        if self.lost[trial.number] > self.retries:
            self._record(trial, RuntimeError(
                f"its worker was lost {self.lost[trial.number]} times, at last with {type(error).__name__}: {error}"))
            return
        self.progress.note(f"the worker of trial {trial.number} was lost ({type(error).__name__}): it begins again")
        trial.begin()
        self._submit(trial, with_objective=True)

    def _record(self, trial: Trial, outcome: Any) -> None:
        self._tell(trial, outcome)
        if trial.state == "failed":
            self.failed.append(trial)
            if len(self.failed) == 1:
                self.progress.note(f"trial {trial.number} failed: {trial.error}")
        best = self.study._best
        self.progress.done(self._typical_seconds(trial), None if best is None else best.value)
        if self.callbacks:
            self.study._write()  # a callback may rely on what it is told of
        for callback in self.callbacks:
            callback(self.study, trial)
        if self.max_failures is not None and len(self.failed) >= self.max_failures:
            first = self.failed[0]
            raise RuntimeError(
                f"{len(self.failed)} trials have failed, which max_failures={self.max_failures} does not allow; the "
                f"first, trial {first.number}: {first.error}\n{first.traceback or ''}".rstrip())

    def _tell(self, trial: Trial, outcome: Any) -> None:
        """Tell the study; an objective may have told it itself."""
        assert self.sender is not None
        with self.study._lock:
            if trial.state != "running":
                return
            if isinstance(outcome, dict) and not self.sender.is_here:
                self.study._taken(trial, outcome)
            else:
                self.study.tell(trial, outcome)

    def _typical_seconds(self, trial: Trial) -> float:
        """What the trial's seconds say about a trial of the schedule's mean budget."""
        mean = self.study.searcher.mean_budget()
        return (trial.seconds or 0.0) * (mean / trial.budget if mean and trial.budget else 1.0)

    def _wait_for_threads(self) -> None:
        """After an interruption: threads may still work on the study's own trials."""
        late = [future for future in self.flying if not future.cancel()]
        if self.sender is not None and self.sender.is_here:
            wait(late)

    def _leave(self) -> None:
        """Record what has finished meanwhile; what has not will be handed out again. Doing it again is no harm."""
        try:
            for future, trial in self.flying.items():
                if future.done() and not future.cancelled() and future.exception() is None and trial.state == "running":
                    outcome = future.result()
                    if self.sender is not None and (outcome is not None or self.sender.is_here):
                        self._tell(trial, outcome)
        finally:
            self.study._end_run(self)
