"""A run hands out the trials of a study in order of number, each as soon as it may begin, and records what comes back.

Implements section 7.3 of the document.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
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
QUIET = 10.0  # seconds without a result, after which it is asked whether there are workers at all
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
        self.again: list[Trial] = []  # begun, and to be sent once more since their worker was lost
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
            with pool as executor, Sender(executor, self.objective, self.workers) as self.sender:
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
                if len(self.flying) < self.workers:
                    self._submit(trial, with_objective=trial.number in self.study._lost)
                else:  # a pool has broken just now, and there are fewer workers than before
                    self.again.append(trial)
            if not self.flying:
                return
            for future in sorted(self._ended(), key=lambda future: self.flying[future].number):
                if future in self.flying:  # not taken out together with another one of a pool that broke
                    self._collect(future, self.flying[future])
                    self.flying.pop(future, None)  # not before: an interruption leaves here what `_leave` records

    def _ended(self) -> set[Future]:
        """Wait until a trial has ended, and say it if there is no worker that could end one."""
        assert self.sender is not None
        while True:
            done, _ = wait(self.flying, timeout=QUIET, return_when=FIRST_COMPLETED)
            if not self.sender.isolates and any(isinstance(_error_of(future), BrokenExecutor) for future in done):
                done, _ = wait(self.flying, timeout=QUIET)  # it has broken for the others too
            if done:
                return done
            if self.sender.lacks_workers():
                self.progress.note(f"{_named(self.flying.values())} must wait: the executor has no workers at present")

    def _next(self) -> list[Trial]:
        """A trial for every idle worker, as far as there are any."""
        trials: list[Trial] = []
        at_once = 1 if self._one_at_a_time() else self.workers
        while self.again and len(self.flying) + len(trials) < at_once:
            trials.append(self.again.pop(0))
        while len(self.flying) + len(trials) < at_once and self._may_begin():
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

    def _one_at_a_time(self) -> bool:
        """Whether a trial that may fail for its next lost worker runs by itself, so that no other can be the cause."""
        assert self.sender is not None
        return not self.sender.isolates and any(
            lost >= self.retries and self.study._trials[number].state == "running"
            for number, lost in self.study._lost.items())

    def _may_begin(self) -> bool:
        if self.over or (self.deadline is not None and time.monotonic() >= self.deadline):
            return False
        return self.limit is None or len(self.study._trials) < self.limit or bool(self.study._again)

    def _submit(self, trial: Trial, with_objective: bool = False) -> None:
        self.since = self.since or time.monotonic()
        trial._clock = time.perf_counter()
        assert self.sender is not None
        try:
            try:
                future = self.sender.submit(trial, self.study._apart, with_objective)
            except BrokenExecutor:
                if not self._separate():
                    raise
                future = self.sender.submit(trial, self.study._apart, with_objective)
        except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: it has been shut down
            unfinished = _named(trial for trial in self.begun if trial.state == "running")
            raise RuntimeError(
                f"the executor takes no trials ({error}); not finished: {unfinished}. Nothing is lost: run again with "
                "a new one") from error
        self.flying[future] = trial

    def _collect(self, future: Future, trial: Trial) -> None:
        """Record what came of a trial; one whose worker was lost, or did not have the objective, is sent again."""
        self.until = time.monotonic()
        self.busy += time.perf_counter() - trial._clock
        error = _error_of(future)
        assert self.sender is not None
        if error is not None and not future.cancelled() and (self.sender.is_here or not isinstance(error, Exception)):
            raise error  # an interruption
        if isinstance(error, BrokenExecutor) and not self.sender.was_begun(future):
            raise RuntimeError(
                f"the executor is broken: its worker processes die before they can begin with a trial, at last trial "
                f"{trial.number} ({error}). Nothing is lost: run again with a new one") from error
        if isinstance(error, BrokenExecutor) and self._separate():
            return
        if error is not None:
            self._lose(trial, error)
            return
        outcome = future.result()
        if outcome is None and not self.sender.is_here and trial.state == "running":
            self._submit(trial, with_objective=True)
            return
        self._record(trial, outcome)

    def _separate(self) -> bool:
        """After the user's pool of processes broke: the trials that ran begin again, each in a pool of its own.

        Which of them ended its worker is not known, nor whether one did, so it counts against none. From here on a
        worker that dies breaks the pool of its trial alone. False if the executor can't be replaced in this way.
        """
        assert self.sender is not None
        pools = self.sender.separate()
        if not pools:
            return False
        self.workers = min(self.workers, pools)
        wait(self.flying)  # all have ended or broken
        broken = [future for future in self.flying if isinstance(_error_of(future), BrokenExecutor)]
        trials = [self.flying.pop(future) for future in broken]
        during = f" while {_named(trials)} ran" if trials else ""
        once_more = f", at first {_named(trials)} once more" if trials else ""
        self.progress.note(
            f"a worker process died{during}, and its process pool broke: from here on each trial runs in a process "
            f"pool of its own{once_more}")
        for trial in trials:
            self._begin_again(trial)
        return True

    def _lose(self, trial: Trial, error: BaseException) -> None:
        """Begin a trial again whose worker was lost; after too many times it has failed.

        Where several trials may have shared the worker, a loss makes a trial fail only if the trial ran by itself.
        """
        if trial.state != "running":  # somebody has told it meanwhile
            self._record(trial, None)
            return
        assert self.sender is not None
        before = self.study._lost.get(trial.number)
        sure = self.sender.isolates or self.workers == 1 or (before is not None and before >= self.retries)
        lost = (before or 0) + 1
        self.study._lost[trial.number] = lost if sure else min(lost, self.retries)
        if self.study._lost[trial.number] > self.retries:
            times = "once" if lost == 1 else f"{lost} times, at last"
            problem = RuntimeError(f"its worker was lost {times} with {type(error).__name__}")
            problem.__cause__ = error
            self._record(trial, problem)
            return
        self.progress.note(
            f"the worker of trial {trial.number} was lost ({type(error).__name__}: {error}): it begins again")
        self._begin_again(trial)

    def _begin_again(self, trial: Trial) -> None:
        if trial.state != "running":  # somebody has told it meanwhile
            self._record(trial, None)
            return
        self.study._lost.setdefault(trial.number, 0)
        trial.begin()
        self.again = sorted([*self.again, trial], key=lambda trial: trial.number)

    def _record(self, trial: Trial, outcome: Any) -> None:
        self._tell(trial, outcome)
        self.study._lost.pop(trial.number, None)
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


def _error_of(future: Future) -> BaseException | None:
    """What a future that has ended raised."""
    return CancelledError() if future.cancelled() else future.exception()


def _named(trials: Iterable[Trial]) -> str:
    """Such as "trial 4", "trials 4 and 5", "trials 4, 5 and 6"."""
    numbers = [str(number) for number in sorted(trial.number for trial in trials)]
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    return f"trials {', '.join(numbers[:-1])} and {numbers[-1]}"
