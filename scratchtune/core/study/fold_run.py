"""A run of cross-validated trials: the folds of all trials under way are tasks in one queue for all threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from typing import Any

import numpy as np

from scratchtune.core.evaluation.cross_validation import FoldScore
from scratchtune.core.evaluation.parallel import number_of_workers, workers
from scratchtune.core.search import Exhausted
from scratchtune.core.study.core import Core
from scratchtune.core.study.errors import NotReady
from scratchtune.core.study.run import Run, Task
from scratchtune.core.study.study import Study, core_of
from scratchtune.core.study.trial import Trial, judged


def run_folds(
    study: Study, fit_and_score: Callable[[Trial, int], FoldScore], folds: int,
    value_of: Callable[[list[FoldScore]], float | Exception], n_trials: int | None = None, n_jobs: int = 1,
) -> dict[int, list[FoldScore]]:
    """Evaluate trials on all folds, until the study has ``n_trials``; return the results of each trial, by number.

    ``fit_and_score`` evaluates a trial on the fold of that number; an error of it ends the run. ``value_of`` makes the
    trial's value, or its error, of the results of all folds.
    """
    core = core_of(study)
    evaluating = FoldWorkers(core, fit_and_score, folds, value_of, number_of_workers(n_jobs))
    Run(core, evaluating, n_trials).go()
    return {number: [found[fold] for fold in range(folds)] for number, found in sorted(evaluating.scores.items())}


class FoldWorkers:
    """Threads that evaluate folds. ``scores`` holds the results, by the trials' numbers and the folds'."""

    def __init__(
        self, core: Core, fit_and_score: Callable[[Trial, int], FoldScore], folds: int,
        value_of: Callable[[list[FoldScore]], float | Exception], threads: int,
    ) -> None:
        self.core, self.fit_and_score, self.folds, self.value_of = core, fit_and_score, folds, value_of
        self.threads, self.at_once = threads, 1  # so that no trial depends on the number of threads
        self.in_flight: dict[Future, Task] = {}
        self.scores: dict[int, dict[int, FoldScore]] = {}
        self._pool: Executor

    @contextmanager
    def started(self) -> Iterator[None]:
        """A context in which the threads exist; at its end the folds that have begun are awaited."""
        try:
            with workers(self.threads) as self._pool:
                yield
        finally:
            wait([future for future in self.in_flight if not future.cancel()])

    def room(self) -> int:
        """As many trials as keep two tasks for each thread."""
        return -((len(self.in_flight) - 2 * self.threads) // self.folds)

    def begin(self, trials: Sequence[Trial]) -> None:
        """Submit the folds of trials."""
        for trial in trials:
            for fold in range(self.folds):
                future = self._pool.submit(self.fit_and_score, trial, fold)
                self.in_flight[future] = Task(trial, fold)

    def on_idle(self, reason: NotReady | Exhausted) -> None:
        """Raise where the searcher has nothing to propose."""
        if isinstance(reason, Exhausted) and not self.in_flight and not self.scores:
            raise reason

    def ended(self) -> set[Future]:
        """Wait until a fold has ended."""
        return wait(self.in_flight, return_when=FIRST_COMPLETED)[0]

    def collect(self, future: Future) -> None:
        """Record the result of a fold; an error that it raised ends the run."""
        self.record(self.in_flight[future], future.result())
        self.in_flight.pop(future, None)  # afterwards: an interruption before it leaves the result to be recorded

    def record(self, task: Task, outcome: Any) -> None:
        """Keep the result of a fold, and tell the trial when it is the last one."""
        trial, fold, _ = task
        found = self.scores.setdefault(trial.number, {})
        found[fold] = outcome
        if len(found) == self.folds and trial.state == "running":
            scores = [found[fold] for fold in range(self.folds)]
            seconds = max(float(np.sum([each.fit_time + each.score_time for each in scores])), 0.0)
            self.core.finish(trial, judged(
                trial, self.value_of(scores), seconds=seconds, visits=sum(each.visits for each in scores) or None,
                scores=[None if np.isnan(each.score) else each.score for each in scores]))


def timed(
    fit_and_score: Callable[[Trial, int], FoldScore], done: Callable[[float], None],
) -> Callable[[Trial, int], FoldScore]:
    """Wrap a function: after each call ``done`` is called with the seconds that it took."""
    def timed_fit_and_score(trial: Trial, fold: int) -> FoldScore:
        begun = time.perf_counter()
        score = fit_and_score(trial, fold)
        done(time.perf_counter() - begun)
        return score

    return timed_fit_and_score
