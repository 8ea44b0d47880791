"""A run evaluates trials until a study has enough of them: one loop, for trials of one task or of several.

A task is what a worker gets: a call of an objective (`ObjectiveWorkers`), by threads or by an executor whose workers
may die; or one fold of a cross-validation (`fold_run`). Trials begin in order of number, and a trial is recorded when
its last task has ended.

Implements section 7.3 of the document.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scratchtune.core import checks
from scratchtune.core.evaluation.parallel import workers
from scratchtune.core.search import Exhausted
from scratchtune.core.search.searcher import TRIALS
from scratchtune.core.study.best import best_first
from scratchtune.core.study.core import Core
from scratchtune.core.study.errors import NotReady
from scratchtune.core.study.executors import Sender, capacity
from scratchtune.core.study.failures import UNLIMITED, Failures
from scratchtune.core.study.progress import Progress
from scratchtune.core.study.recommended import candidates_of
from scratchtune.core.study.trial import Outcome, Trial, evaluate, judged, repeats_at_end

LONG = 2.0  # seconds; idle workers of a shorter run are not reported
QUIET = 10.0  # seconds without a result, after which the executor is asked whether it has workers at all
REPEATS = 2  # of each candidate, in a run with ``confirm``


class Task(NamedTuple):
    """The part of a trial that one worker evaluates: ``part`` counts the tasks of the trial, from 0."""

    trial: Trial
    part: int = 0
    submitted: float = 0.0  # a time of `time.monotonic`


class Run:
    """The loop of a run, which calls methods of its ``workers``; none of them calls the run.

    Workers have tasks ``in_flight``, and run ``at_once`` trials at a time. New trials begin while the workers have
    `room` and the study has fewer than ``limit`` trials, until ``deadline`` or `Core.stop_run`.
    """

    def __init__(self, core: Core, workers: Any, limit: float | None, deadline: float | None = None) -> None:
        self.core, self.workers, self.limit, self.deadline = core, workers, limit, deadline
        self.is_over = False  # no trial is left to begin

    def go(self, before: Iterable[Callable[[], Any]] = ()) -> None:
        """Call each of ``before`` and run to the end; after an error or an interruption, record what has finished."""
        core, workers = self.core, self.workers
        core.refuse_second_run()  # before all that `_leave` would end
        try:
            core.begin_run(workers.at_once)
            with workers.started():
                for call in before:
                    call()
                while True:
                    trials, reason = self._next_trials()
                    core.write()  # in one commit what has ended and what begins, before anything follows from it
                    workers.begin(trials)
                    if reason is not None:
                        self._on_idle(reason)
                    if not workers.in_flight:
                        break
                    for future in sorted(workers.ended(), key=self._order):
                        if future in workers.in_flight:  # otherwise it was removed together with another one
                            workers.collect(future)
            self._leave()
        except BaseException:  # it may have cut `_leave` short
            self._leave()
            raise

    def _order(self, future: Future) -> tuple[int, int]:
        return self.workers.in_flight[future].trial.number, self.workers.in_flight[future].part

    def _next_trials(self) -> tuple[list[Trial], NotReady | Exhausted | None]:
        """As many new trials as have room and may begin now, and the reason if the study proposes no more."""
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
        return self.limit is None or len(self.core.trials) < self.limit or bool(self.core.order.unassigned)

    def _on_idle(self, reason: NotReady | Exhausted) -> None:
        """Raise `NotReady` where no running trial can give the result; otherwise the workers note why none begins."""
        if isinstance(reason, NotReady) and not self.workers.in_flight:
            raise reason
        self.workers.on_idle(reason)

    def _leave(self) -> None:
        """Record the trials that have finished, and release the others. May be called again."""
        try:
            for future, task in self.workers.in_flight.items():
                ended_well = future.done() and not future.cancelled() and future.exception() is None
                if ended_well and task.trial.state == "running":
                    self.workers.record(task, future.result())
        finally:
            self.core.end_run(self)


# A run of an objective ------------------------------------------------------------------------------------------------


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


@dataclass
class RunOptions:
    """The arguments of `Study.run`, checked."""

    n_trials: float | None = None
    timeout: float | None = None
    n_jobs: int = 1
    executor: Any = None
    callbacks: Any = ()
    progress: bool = True
    retries: int = 2
    max_failures: int | str | None = None
    confirm: float | None = None
    workers: int = field(init=False)

    def __post_init__(self) -> None:
        if self.n_trials not in (None, math.inf):
            self.n_trials = checks.integer("n_trials", self.n_trials, low=1)
        if self.timeout is not None:
            self.timeout = checks.real("timeout", self.timeout, low=0.0)
        if self.max_failures not in (None, UNLIMITED):
            self.max_failures = checks.integer("max_failures", self.max_failures, low=1)
        self.callbacks = tuple(self.callbacks) if isinstance(self.callbacks, Iterable) else (self.callbacks,)
        for callback in self.callbacks:
            if not callable(callback):
                raise TypeError(f"callbacks holds {callback!r}; it must hold functions of a study and a trial")
        self.retries = checks.integer("retries", self.retries, low=0)
        is_one_thread = self.executor is None and type(self.n_jobs) is int and self.n_jobs == 1
        self.workers = 1 if is_one_thread else capacity(self.executor, self.n_jobs)


def run_objective(
    study: Any, core: Core, objective: Callable[[Trial], Any], options: RunOptions, losses: dict[int, int],
) -> float:
    """Run trials to the end, as `Study.run` does; print notes about failures and the schedule; return the idle share.

    ``losses``: how often each running trial has lost its worker.
    """
    if not callable(objective):
        raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
    callbacks = [functools.partial(callback, study) for callback in options.callbacks]
    before = [functools.partial(one.before_run, study) for one in options.callbacks if hasattr(one, "before_run")]
    searcher, queue = core.definition.searcher, core.order.queue.state
    extra = len(queue.begun) + len(queue.waiting) + core.definition.foreign
    schedule = searcher.planned(core.definition.space, extra)
    limit = options.n_trials or (TRIALS if schedule is None else None)
    limit = None if limit == math.inf else limit
    deadline = None if options.timeout is None else time.monotonic() + options.timeout
    planned = limit if schedule is None or limit is not None else schedule
    candidates = 0 if options.confirm is None else repeated_candidates(core, options.confirm, options.n_trials)
    left = None if planned is None else max(int(planned) - len(core.trials) + len(core.order.unassigned), 0)
    whole = "" if schedule in (None, planned) else f" (the whole schedule has {schedule})"
    headline = None if schedule is None else f"{searcher.headline()}: {left} trials{whole}"
    progress = Progress(left, "trial", options.workers, bool(options.progress), headline)
    running = ObjectiveWorkers(core, objective, options, callbacks, losses, progress, may_exhaust=limit is None)
    try:
        Run(core, running, limit and limit - REPEATS * candidates, deadline).go(() if left == 0 else before)
        if candidates and not core.is_stopping and (deadline is None or time.monotonic() < deadline):
            waiting = core.enqueue_repeats(candidates_of(study, candidates) * REPEATS)
            Run(core, running, len(core.trials) + waiting, deadline).go()
        if core.is_stopping:
            progress.note(f"stop was called: the run ends with {len(core.trials)} trials; the next run continues")
        return running.report()
    except SystemExit:
        progress.note("sys.exit() was called, which ends the run; the next run continues from here")
        raise
    finally:
        count = len(running.failures.trials)
        if count > 1:
            progress.note(f"{count} of {len(running.begun)} trials failed; the study's table holds the errors")
        progress.close()


def repeated_candidates(core: Core, confirm: float, n_trials: Any) -> int:
    """How many candidates a run of ``n_trials`` repeats at its end, by its share ``confirm``; or a ValueError."""
    core.refuse_repeats()
    confirm = checks.real("confirm", confirm, low=0.0, high=0.5, open_low=True)
    n_trials = checks.integer("n_trials", n_trials, low=1)
    searched = len(core.trials) - len(repeats_at_end(core.trials))
    count = min(round(confirm * n_trials), n_trials - searched) // REPEATS
    if count < 2:
        raise ValueError(f"confirm is {confirm:g} of {n_trials} trials, and the study has {searched}; two candidates "
                         f"need {2 * REPEATS} repeats: raise n_trials or confirm, or use study.confirm")
    return count


class ObjectiveWorkers:
    """Threads, or the workers of an executor, that call the objective, once for each trial; the latter may be lost."""

    def __init__(
        self, core: Core, objective: Callable[[Trial], Any], options: RunOptions,
        callbacks: Sequence[Callable[[Trial], Any]], losses: dict[int, int], progress: Progress, may_exhaust: bool,
    ) -> None:
        self.core, self.objective, self.options, self.callbacks = core, objective, options, callbacks
        self.losses, self.progress = losses, progress
        self.may_exhaust = may_exhaust  # to run out of trials is the expected end
        self.workers = self.at_once = options.workers  # of which fewer may be used later
        self.in_flight: dict[Future, Task] = {}
        self.begun: list[Trial] = []
        self.to_resend: list[Trial] = []  # begun, and submitted again since their worker was lost
        self.failures = Failures(options.max_failures, at_least=options.workers)
        self._uses_budget: bool | None = None  # what the objective's first trial that did not fail has shown
        self._threads: Any = None  # an executor of them
        self._sender: Sender | None = None  # of an executor whose workers are not threads of this process
        self._busy = 0.0  # seconds of work
        self._since = self._until = 0.0  # when the first trial began, and the last one ended

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """A context in which the workers exist: this thread, several, or the user's executor."""
        executor = self.options.executor
        try:
            with contextlib.ExitStack() as until:
                if executor is None and self.at_once > 1:
                    self._threads = until.enter_context(workers(self.at_once))
                elif isinstance(executor, ThreadPoolExecutor):
                    self._threads = executor
                elif executor is not None:
                    self._sender = until.enter_context(Sender(executor, self.objective, self.at_once))
                yield
        finally:
            self._wait()

    def report(self) -> float:
        """Return how idle the workers were, and print it where that is much."""
        lasted = self._until - self._since
        idle = idle_share(self._busy, self.at_once, lasted) if lasted > 0.0 else 0.0
        if self.at_once > 1 and idle > 0.05 and lasted > LONG:
            self.progress.note(f"the {self.at_once} workers were idle for {idle:.0%} of the time")
        return idle

    def room(self) -> int:
        """As many trials as workers are free, less those to be submitted again first."""
        return self._free() - len(self.to_resend)

    def _free(self) -> int:
        """How many trials may be submitted now; one that fails if it loses one more worker runs alone."""
        runs_alone = self._sender is not None and not self._sender.isolates and any(
            lost >= self.options.retries and self.core.trials[number].state == "running"
            for number, lost in self.losses.items())
        return max((1 if runs_alone else self.at_once) - len(self.in_flight), 0)

    def begin(self, trials: Sequence[Trial]) -> None:
        """Submit trials; first those that have lost their worker, as far as there is room."""
        self.begun += trials
        free = self._free()
        again, self.to_resend = self.to_resend[:free], self.to_resend[free:]
        for trial in (*again, *trials):
            if len(self.in_flight) < self.at_once:
                self._send(trial, with_objective=trial.number in self.losses)
            else:  # a pool has just broken, and there are fewer workers than before
                self.to_resend.append(trial)

    def _send(self, trial: Trial, with_objective: bool = False) -> None:
        """Submit a trial; with one worker, which is this thread, evaluate it at once."""
        submitted = time.monotonic()
        self._since = self._since or submitted
        if self._sender is None and self._threads is None:
            future: Future = Future()
            future.set_result(evaluate(self.objective, trial))
        else:
            future = self._submitted(trial, with_objective)
        self.in_flight[future] = Task(trial, 0, submitted)

    def _submitted(self, trial: Trial, with_objective: bool) -> Future:
        try:
            if self._threads is not None:
                return self._threads.submit(evaluate, self.objective, trial)
            assert self._sender is not None
            try:
                return self._sender.submit(trial, with_objective)
            except BrokenExecutor:
                if not self._separate():
                    raise
                return self._sender.submit(trial, with_objective)
        except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: it has been shut down
            unfinished = _named(trial for trial in self.begun if trial.state == "running")
            raise RuntimeError(
                f"the executor takes no trials ({error}); not finished: {unfinished}. Nothing is lost: run again with "
                "a new executor") from error

    def on_idle(self, reason: NotReady | Exhausted) -> None:
        """Print a note that the searcher needs results first, or has nothing left to propose."""
        if isinstance(reason, NotReady):
            remedy = self.core.definition.searcher.remedy(self.at_once)
            proposes = f"; {remedy} proposes as many trials at a time" if remedy else ""
            self.progress.note(
                f"not all of the {self.at_once} workers are busy: the searcher needs results first{proposes}")
        elif not self.may_exhaust:
            self.progress.note(f"the study ends after {len(self.core.trials)} trials: {reason}")

    def ended(self) -> set[Future]:
        """Wait until a trial has ended, and print a note if there is no worker that could end one."""
        while True:
            done, _ = wait(self.in_flight, timeout=QUIET, return_when=FIRST_COMPLETED)
            if self._sender is None:
                if done:
                    return done
                continue
            if not self._sender.isolates and any(isinstance(_error_of(future), BrokenExecutor) for future in done):
                done, _ = wait(self.in_flight, timeout=QUIET)  # it has broken for the others too
            if done:
                return done
            if self._sender.lacks_workers():
                waiting = _named(task.trial for task in self.in_flight.values())
                self.progress.note(f"{waiting} must wait: the executor has no workers at present")

    def collect(self, future: Future) -> None:
        """Finish a trial whose call has ended, or begin it again; an interruption or too many failures end the run."""
        trial, _, submitted = self.in_flight[future]
        self._until = time.monotonic()
        self._busy += self._until - submitted
        error = _error_of(future)
        if error is not None:
            self._on_error(future, trial, error)
        else:
            outcome = future.result()
            if outcome is None and trial.state == "running":  # a worker that does not have the objective
                self._send(trial, with_objective=True)
            else:
                self._finish(trial, outcome)
        self.in_flight.pop(future, None)  # afterwards: an interruption before it leaves the outcome to be recorded

    def _on_error(self, future: Future, trial: Trial, error: BaseException) -> None:
        """Begin a trial again whose worker was lost; an interruption, or workers that die at once, end the run."""
        if not future.cancelled() and (self._sender is None or not isinstance(error, Exception)):
            raise error
        if isinstance(error, BrokenExecutor) and self._sender is not None and not self._sender.was_begun(future):
            raise RuntimeError(
                f"the executor's worker processes die before they begin a trial; the latest was to run trial "
                f"{trial.number} ({error}). Check its initializer, and that the script has "
                "`if __name__ == \"__main__\":`; nothing is lost: run again with a new executor") from error
        if not isinstance(error, BrokenExecutor) or not self._separate():
            self._lose(trial, error)

    def _finish(self, trial: Trial, outcome: Outcome | None) -> None:
        """Tell a trial, show progress and failures, call the callbacks; raise where too many have failed."""
        if outcome is not None:
            self.core.finish(trial, outcome)
        self.losses.pop(trial.number, None)
        note = self.failures.note(trial, outcome)
        if note:
            self.progress.note(note, always=self.options.max_failures != UNLIMITED)
        if trial.state != "failed" and self._uses_budget is None:
            self._note_budget(trial)
        mean, budget = self.core.definition.searcher.mean_budget(), trial.given_budget
        typical = mean / budget if mean and budget else 1.0  # of the schedule, estimated from this trial
        self.progress.done((trial.seconds or 0.0) * typical, self._best_value)
        if self.callbacks:
            self.core.write()  # a callback may rely on the trial being stored
        for callback in self.callbacks:
            callback(trial)
        self.failures.refuse()

    def _best_value(self) -> float | None:
        objectives = self.core.definition.objectives
        best = [] if objectives.several else best_first(self.core.trials, objectives.direction)
        return best[0].value if best else None

    def _note_budget(self, trial: Trial) -> None:
        """Print a note if the first trial that has not failed has not read its budget."""
        self._uses_budget = trial.given_budget is None or trial.uses_budget
        if not self._uses_budget:
            self.progress.note(
                f"trial {trial.number} ended without reading trial.budget ({trial.given_budget:g}, from "
                f"{type(self.core.definition.searcher).__name__}), so every trial may do the whole work: train for "
                "trial.budget epochs and continue with trial.load() and trial.save(arrays), or for an objective that "
                "reports its values use stopping=AsyncHalving() or MedianStopping() with another searcher", always=True)

    def record(self, task: Task, outcome: Outcome | None) -> None:
        """Tell a trial what its call has returned; None: its worker did not have the objective."""
        if outcome is not None:
            self.core.finish(task.trial, outcome)

    def _wait(self) -> None:
        """Cancel the trials that have not begun; wait for those in threads, which use the study's own trials."""
        late = [future for future in self.in_flight if not future.cancel()]
        if late and self._sender is None:
            wait(late)

    def _separate(self) -> bool:
        """After the user's process pool broke, its trials begin again, each in a pool of its own; False if that fails.

        Which of them ended its worker is not known, so no trial is charged with this crash.
        """
        pools = 0 if self._sender is None else self._sender.separate()
        if not pools:
            return False
        self.at_once = min(self.at_once, pools)
        wait(self.in_flight)  # all have ended or broken
        broken = [future for future in self.in_flight if isinstance(_error_of(future), BrokenExecutor)]
        trials = [self.in_flight.pop(future).trial for future in broken]
        during = f" while {_named(trials)} ran" if trials else ""
        once_more = f", at first {_named(trials)} once more" if trials else ""
        self.progress.note(
            f"a worker process died{during}, and its process pool broke: from here on each trial runs in a process "
            f"pool of its own{once_more}")
        for trial in trials:
            self._begin_again(trial)
        return True

    def _lose(self, trial: Trial, error: BaseException) -> None:
        """Begin a trial again whose worker was lost; after too many times, the last of them alone, it has failed."""
        if trial.state != "running":  # it has been told meanwhile
            self._finish(trial, None)
            return
        retries = self.options.retries
        lost = self.losses.get(trial.number, 0) + 1
        isolated = self._sender is None or self._sender.isolates
        ran_alone = isolated or self.at_once == 1 or self.losses.get(trial.number, -1) >= retries
        self.losses[trial.number] = lost if ran_alone else min(lost, retries)
        if self.losses[trial.number] > retries:
            times = "once" if lost == 1 else f"{lost} times, at last"
            problem = RuntimeError(f"its worker was lost {times} with {type(error).__name__}")
            problem.__cause__ = error
            self._finish(trial, judged(trial, problem))
            return
        self.progress.note(
            f"the worker of trial {trial.number} was lost ({type(error).__name__}: {error}): it begins again")
        self._begin_again(trial)

    def _begin_again(self, trial: Trial) -> None:
        if not self.core.begin_again(trial):  # it has been told meanwhile
            self._finish(trial, None)
            return
        self.losses.setdefault(trial.number, 0)
        self.to_resend = sorted([*self.to_resend, trial], key=lambda trial: trial.number)


def _error_of(future: Future) -> BaseException | None:
    """What a future that has ended raised."""
    return CancelledError() if future.cancelled() else future.exception()


def _named(trials: Iterable[Trial]) -> str:
    """Such as "trial 4", "trials 4 and 5", "trials 4, 5 and 6"."""
    *first, last = [str(number) for number in sorted(trial.number for trial in trials)]
    return f"trials {', '.join(first)} and {last}" if first else f"trial {last}"
