"""A run of `Study.run`: each trial is one call of the objective, by threads or by an executor whose workers may die.

Implements section 7.3 of the document.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scratchtune import checks
from scratchtune.evaluation.parallel import workers
from scratchtune.search import Exhausted
from scratchtune.search.searcher import TRIALS
from scratchtune.study.asktell import AskTell
from scratchtune.study.executors import Sender, capacity
from scratchtune.study.progress import Progress
from scratchtune.study.proposals import NotReady
from scratchtune.study.run import Run, Task
from scratchtune.study.trial import Trial

LONG = 2.0  # seconds; idle workers of a shorter run are not reported
QUIET = 10.0  # seconds without a result, after which the executor is asked whether it has workers at all
FEW = 5  # a run ends if so many trials at its beginning all fail with the same error
UNLIMITED = "unlimited"
FRAME = re.compile(r'  File "(.+)", line (\d+), in .+(?:\n   ( .+))?')
LIBRARIES = (os.path.dirname(os.__file__), str(Path(__file__).parents[1]), "<frozen ")
NO_MISTAKE = re.compile(r"told as failed|TrialPruned\b|.*value is \S*(nan|inf)\b")  # a configuration is the cause


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
    """The arguments of `Study.run`, described and checked as there; ``callbacks`` get the study and the trial.

    With ``only_timeout`` the number of trials has no limit but the searcher's schedule.
    """

    n_trials: int | None = None
    timeout: float | None = None
    n_jobs: int = 1
    executor: Any = None
    callbacks: Any = ()
    progress: bool = True
    retries: int = 2
    max_failures: int | str | None = None
    only_timeout: bool = False
    workers: int = field(init=False)

    def __post_init__(self) -> None:
        if self.n_trials is not None:
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
        self.workers = capacity(self.executor, self.n_jobs)


def run_objective(
    core: AskTell, objective: Callable[[Trial], Any], options: RunOptions, callbacks: Sequence[Callable[[Trial], Any]],
    losses: dict[int, int], before: Sequence[Callable[[], Any]] = (),
) -> float:
    """Run trials to the end, and print notes about failures, the schedule and idle workers; return the idle share.

    Each of ``callbacks`` is called with a trial that is finished and recorded; each of ``before`` before any trial
    begins, if one is to begin.
    """
    definition, table = core.definition, core.table
    schedule = definition.searcher.planned(definition.space, table.count_enqueued() + definition.foreign)
    limit = options.n_trials or (TRIALS if schedule is None and not options.only_timeout else None)
    deadline = None if options.timeout is None else time.monotonic() + options.timeout
    planned = limit if schedule is None or limit is not None else schedule
    left = None if planned is None else max(planned - len(table.trials) + len(table.unassigned), 0)
    whole = "" if schedule in (None, planned) else f" (the whole schedule has {schedule})"
    headline = None if schedule is None else f"{definition.searcher.headline()}: {left} trials{whole}"
    progress = Progress(left, "trial", options.workers, bool(options.progress), headline)
    running = ObjectiveWorkers(core, objective, options, callbacks, losses, progress, may_exhaust=limit is None)
    try:
        Run(core, running, limit, deadline).go(() if left == 0 else before)
        if core.is_stopping:
            progress.note(f"stop was called: the run ends with {len(table.trials)} trials; the next run continues")
        return running.report()
    except SystemExit:
        progress.note("sys.exit() was called, which ends the run; the next run continues from here")
        raise
    finally:
        running.report_failures()
        progress.close()


class ObjectiveWorkers:
    """The workers of an executor, which call the objective, one call for each trial; they may be lost.

    ``may_exhaust``: the run ends with the searcher's last trial, so that this is not worth a note.
    """

    def __init__(
        self, core: AskTell, objective: Callable[[Trial], Any], options: RunOptions,
        callbacks: Sequence[Callable[[Trial], Any]], losses: dict[int, int], progress: Progress, may_exhaust: bool,
    ) -> None:
        self.core, self.objective, self.options, self.callbacks = core, objective, options, callbacks
        self.losses, self.progress, self.may_exhaust = losses, progress, may_exhaust
        self.at_once = options.workers
        self.in_flight: dict[Future, Task] = {}
        self.begun: list[Trial] = []
        self.to_resend: list[Trial] = []  # begun, and submitted again since their worker was lost
        self.failures = Failures(options.max_failures, self.at_once)
        self._uses_budget: bool | None = None  # what the objective's first trial that did not fail has shown
        self._sender: Sender
        self._busy, self._since, self._until = 0.0, 0.0, 0.0  # seconds of work; first begin, last end

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """A context in which the workers exist: threads, or the user's executor and the pools that replace it."""
        executor = self.options.executor
        pool = workers(self.at_once) if executor is None else contextlib.nullcontext(executor)
        with pool as executor, Sender(executor, self.objective, self.at_once) as self._sender:
            yield

    def report(self) -> float:
        """Compare the trials with the searcher's schedule, if it has one; return how idle the workers were."""
        table = self.core.table
        message = self.core.definition.searcher.check(
            [None if trial.state == "running" else table.result_of(trial) for trial in table.trials])
        if message is not None and self._uses_budget is not False:
            self.progress.note(message)
        lasted = self._until - self._since
        idle = idle_share(self._busy, self.at_once, lasted) if lasted > 0.0 else 0.0
        if self.at_once > 1 and idle > 0.05 and lasted > LONG:
            self.progress.note(f"the {self.at_once} workers were idle for {idle:.0%} of the time")
        return idle

    def report_failures(self) -> None:
        """Print how many trials have failed, if more than one has."""
        if len(self.failures.trials) > 1:
            self.progress.note(
                f"{len(self.failures.trials)} of {len(self.begun)} trials failed; the study's table holds the errors")

    # Trials begin ----------------------------------------------------------------------------------------------------

    def room(self) -> int:
        """As many trials as workers are free, less those that must be submitted again first."""
        return self._free() - len(self.to_resend)

    def _free(self) -> int:
        """How many trials may be submitted now: beside a trial that runs alone, none."""
        return max((1 if self._one_at_a_time() else self.at_once) - len(self.in_flight), 0)

    def _one_at_a_time(self) -> bool:
        """Whether a trial that fails if it loses one more worker runs alone, so that no other trial can be the cause.
        """
        return not self._sender.isolates and any(
            lost >= self.options.retries and self.core.table.trials[number].state == "running"
            for number, lost in self.losses.items())

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
        self._since = self._since or time.monotonic()
        trial.start_clock()
        detach = self.core.context.detached
        try:
            try:
                future = self._sender.submit(trial, detach, with_objective)
            except BrokenExecutor:
                if not self._separate():
                    raise
                future = self._sender.submit(trial, detach, with_objective)
        except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: it has been shut down
            unfinished = _named(trial for trial in self.begun if trial.state == "running")
            raise RuntimeError(
                f"the executor takes no trials ({error}); not finished: {unfinished}. Nothing is lost: run again with "
                "a new executor") from error
        self.in_flight[future] = Task(trial, 0)

    def on_idle(self, reason: NotReady | Exhausted) -> None:
        """Print a note that the searcher needs results first, or has nothing left to propose."""
        if isinstance(reason, NotReady):
            remedy = self.core.definition.searcher.remedy(self.at_once)
            proposes = f"; {remedy} proposes as many trials at a time" if remedy else ""
            self.progress.note(
                f"not all of the {self.at_once} workers are busy: the searcher needs results first{proposes}")
        elif not self.may_exhaust:
            self.progress.note(f"the study ends after {len(self.core.table.trials)} trials: {reason}")

    # Trials end ------------------------------------------------------------------------------------------------------

    def ended(self) -> set[Future]:
        """Wait until a trial has ended, and print a note if there is no worker that could end one."""
        while True:
            done, _ = wait(self.in_flight, timeout=QUIET, return_when=FIRST_COMPLETED)
            if not self._sender.isolates and any(isinstance(_error_of(future), BrokenExecutor) for future in done):
                done, _ = wait(self.in_flight, timeout=QUIET)  # it has broken for the others too
            if done:
                return done
            if self._sender.lacks_workers():
                waiting = _named(task.trial for task in self.in_flight.values())
                self.progress.note(f"{waiting} must wait: the executor has no workers at present")

    def collect(self, future: Future) -> None:
        """Use the outcome of a call; an interruption, or a failed trial too many, ends the run."""
        self._use(future)
        self.in_flight.pop(future, None)  # afterwards: an interruption before it leaves the outcome to be recorded

    def _use(self, future: Future) -> None:
        """Record a trial's outcome; a trial whose worker was lost, or did not have the objective, is sent again."""
        trial = self.in_flight[future].trial
        self._until = time.monotonic()
        self._busy += trial.elapsed()
        error = _error_of(future)
        if error is not None and not future.cancelled() and (
                self._sender.is_local or not isinstance(error, Exception)):
            raise error  # an interruption
        if isinstance(error, BrokenExecutor) and not self._sender.was_begun(future):
            raise RuntimeError(
                f"the executor's worker processes die before they begin a trial; the latest was to run trial "
                f"{trial.number} ({error}). Check its initializer, and that the script has "
                "`if __name__ == \"__main__\":`; nothing is lost: run again with a new executor") from error
        if isinstance(error, BrokenExecutor) and self._separate():
            return
        if error is not None:
            self._lose(trial, error)
            return
        outcome = future.result()
        if outcome is None and not self._sender.is_local and trial.state == "running":
            self._send(trial, with_objective=True)
            return
        self._finish(trial, outcome)

    def _finish(self, trial: Trial, outcome: Any) -> None:
        """Tell a trial, and call the callbacks."""
        self.record(Task(trial, 0), outcome)
        self.losses.pop(trial.number, None)
        said = self.failures.add(trial, outcome)
        if said is not None:
            self.progress.note(said, always=self.options.max_failures != UNLIMITED)
        self._note_budget(trial)
        best = self.core.table.best
        self.progress.done(self._typical_seconds(trial), None if best is None else best.value)
        if self.callbacks:
            self.core.write()  # a callback may rely on the trial being stored
        for callback in self.callbacks:
            callback(trial)
        self.failures.refuse()

    def _note_budget(self, trial: Trial) -> None:
        """Print a note if the first trial that has not failed was given a budget that its objective has not read."""
        if self._uses_budget is not None or trial.state == "failed":
            return
        self._uses_budget = trial.given_budget is None or trial.uses_budget
        if not self._uses_budget:
            self.progress.note(
                f"trial {trial.number} ended without reading trial.budget ({trial.given_budget:g}, from "
                f"{type(self.core.definition.searcher).__name__}), so every trial may do the whole work: train for "
                "trial.budget epochs and continue with trial.load() and trial.save(arrays), or for an objective that "
                "reports its values use stopping=MedianStopping() with another searcher", always=True)

    def record(self, task: Task, outcome: Any) -> None:
        """Tell a trial what its call has returned, here or in another process."""
        if self._sender.is_local:
            self.core.tell_value(task.trial, outcome)
        elif isinstance(outcome, dict):
            self.core.tell_outcome(task.trial, outcome)
        elif outcome is not None:  # an error; None is the answer of a worker that does not have the objective
            self.core.tell_value(task.trial, outcome)

    def _typical_seconds(self, trial: Trial) -> float:
        """The seconds that a trial of the schedule's mean budget takes, estimated from this one."""
        mean, budget = self.core.definition.searcher.mean_budget(), trial.given_budget
        return (trial.seconds or 0.0) * (mean / budget if mean and budget else 1.0)

    def wait(self) -> None:
        """Cancel the trials that have not begun; wait for those in threads, which use the study's own trials."""
        late = [future for future in self.in_flight if not future.cancel()]
        if late and self._sender.is_local:
            wait(late)

    # Workers are lost ------------------------------------------------------------------------------------------------

    def _separate(self) -> bool:
        """After the user's process pool broke: its trials begin again, each in a pool of its own.

        Which of them ended its worker is not known, nor whether one did, so it counts against none. From now on a
        worker that dies breaks the pool of its trial alone. False if the executor can't be replaced in this way.
        """
        pools = self._sender.separate()
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
        """Begin a trial again whose worker was lost; after too many times it has failed.

        Where several trials may have shared the worker, a loss makes a trial fail only if the trial ran alone.
        """
        if trial.state != "running":  # it has been told meanwhile
            self._finish(trial, None)
            return
        retries = self.options.retries
        lost = self.losses.get(trial.number, 0) + 1
        ran_alone = self._sender.isolates or self.at_once == 1 or self.losses.get(trial.number, -1) >= retries
        self.losses[trial.number] = lost if ran_alone else min(lost, retries)
        if self.losses[trial.number] > retries:
            times = "once" if lost == 1 else f"{lost} times, at last"
            problem = RuntimeError(f"its worker was lost {times} with {type(error).__name__}")
            problem.__cause__ = error
            self._finish(trial, problem)
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
    numbers = [str(number) for number in sorted(trial.number for trial in trials)]
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    return f"trials {', '.join(numbers[:-1])} and {numbers[-1]}"


# The failed trials of a run: the first is printed, and if the objective itself is wrong, the run ends -----------------


class Failures:
    """Counts the trials of a run as they end.

    ``most`` is the argument ``max_failures`` of `Study.run`. ``trials`` are those that have failed.
    """

    def __init__(self, most: int | str | None, workers: int) -> None:
        self.trials: list[Trial] = []
        self._most, self._few, self._ended = most, max(FEW, workers), 0
        self._first: BaseException | None = None  # of the first failed trial

    def add(self, trial: Trial, outcome: Any) -> str | None:
        """Count an ended trial, with its objective's outcome; return what to print if it is the first failed one."""
        self._ended += 1
        if trial.state == "failed":
            self.trials.append(trial)
        if self._ended > len(self.trials) and not isinstance(self._most, int):
            self._first = None  # frees the arrays that its traceback refers to
        if trial.state != "failed" or len(self.trials) > 1:
            return None
        elsewhere = RuntimeError(f"in a worker process\n{trial.traceback}") if trial.traceback else None
        self._first = outcome if isinstance(outcome, BaseException) else elsewhere
        return f"trial {trial.number} failed: {trial.error}{place_in(trial.traceback or '')}"

    def refuse(self) -> None:
        """Raise a RuntimeError from the first error: if too many have failed, or all of the first ones by one error."""
        count, errors = len(self.trials), {trial.error for trial in self.trials}
        if isinstance(self._most, int) and count >= self._most:
            raise RuntimeError(
                f"{count} trials have failed, which max_failures={self._most} does not allow; the first, trial "
                f"{self.trials[0].number}: {self.trials[0].error}") from self._first
        if self._most is None and count == self._ended == self._few and len(errors) == 1:
            error = str(self.trials[0].error)
            if not NO_MISTAKE.match(error):
                raise RuntimeError(
                    f"the first {count} trials of this run have all failed with the same error, {error}"
                    f"{place_in(self.trials[0].traceback or '')}. Correct the objective and run again, "
                    f'or continue with max_failures="{UNLIMITED}"') from self._first


def place_in(traceback: str) -> str:
    """The last line of a traceback that is not in a library, as ", in FILE, line N: code"; "" if there is none."""
    frames = [found for found in FRAME.findall(traceback)
              if "-packages" not in found[0] and not found[0].startswith(LIBRARIES)]
    return ", in {}, line {}{}".format(*frames[-1][:2], frames[-1][2] and f":{frames[-1][2]}") if frames else ""
