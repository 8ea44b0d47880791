"""A run of cross-validated trials: the folds of all trials under way are tasks in one queue for all threads.

No thread waits for a configuration's last fold, and no result depends on the number of threads: the study says which
configuration is next, and from which results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np

from scratchtune.evaluation.cross_validation import FoldScore
from scratchtune.evaluation.parallel import workers
from scratchtune.search import Exhausted
from scratchtune.study.asktell import AskTell
from scratchtune.study.run import Run
from scratchtune.study.trial import Trial

FitAndScore = Callable[[Trial, int], FoldScore]  # a trial on the fold of that number
ValueOf = Callable[[list[FoldScore]], "float | Exception"]  # a trial's value, or its error, from all its folds


class FoldRun(Run):
    """Evaluates trials on all folds, until the study has ``limit`` trials or the searcher is exhausted.

    ``scores`` holds, by the trials' numbers and the folds', what ``fit_and_score`` has returned.
    """

    def __init__(
        self, core: AskTell, fit_and_score: FitAndScore, folds: int, value_of: ValueOf, limit: int | None, threads: int,
    ) -> None:
        super().__init__(core, limit, folds, at_once=2 * threads)  # so that a thread that is free finds another task
        self.fit_and_score, self.value_of, self.threads = fit_and_score, value_of, threads
        self.scores: dict[int, dict[int, FoldScore]] = {}
        self._pool: Executor

    def _work(self) -> None:
        with workers(self.threads) as self._pool:
            self.loop()

    def _submit(self, trial: Trial, part: int) -> Future:
        return self._pool.submit(self.fit_and_score, trial, part)

    def _tell(self, trial: Trial, part: int, outcome: Any) -> None:
        found = self.scores.setdefault(trial.number, {})
        found[part] = outcome
        if len(found) == self.tasks and trial.state == "running":
            scores = [found[fold] for fold in range(self.tasks)]
            trial.seconds = float(np.sum([score.fit_time + score.score_time for score in scores]))
            trial.visits = sum(score.visits for score in scores) or None
            trial.scores = [None if np.isnan(score.score) else score.score for score in scores]
            self.core.tell_value(trial, self.value_of(scores))

    def _on_exhausted(self, end: Exhausted) -> None:
        if not self.begun:
            raise end


def timed(fit_and_score: FitAndScore, done: Callable[[float], None]) -> FitAndScore:
    """Wrap a function: after each call ``done`` is called with the seconds that it took."""

    def timed_fit_and_score(trial: Trial, fold: int) -> FoldScore:
        begun = time.perf_counter()
        score = fit_and_score(trial, fold)
        done(time.perf_counter() - begun)
        return score

    return timed_fit_and_score
