"""The runner of a cross-validated search puts the folds of all settings under way into one queue for all threads.

No thread waits for a setting to end, and no result depends on the number of threads: the study says which setting comes
next, and from which results.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

import numpy as np

from scratchtune.evaluation.cross_validation import FoldScore
from scratchtune.evaluation.parallel import workers
from scratchtune.search import Exhausted
from scratchtune.study.study import NotReady, Study
from scratchtune.study.trial import Trial

TrainAndScore = Callable[[Trial, int], FoldScore]  # a trial on the fold of that number


class Runner:
    """Runs the trials of a study, each on all folds; ``value`` makes a trial's value of its folds' outcomes.

    ``table`` holds the outcomes by the trials' numbers.
    """

    def __init__(
        self, study: Study, folds: int, train: TrainAndScore, value: Callable[[list[FoldScore]], float | Exception],
    ) -> None:
        self.study, self.folds, self.train, self.value = study, folds, train, value
        self.table: dict[int, list[FoldScore]] = {}
        self._folds: dict[int, list[Future]] = {}
        self._flying: dict[Future, Trial] = {}

    def run(self, limit: int | None, threads: int) -> None:
        """Run until the study has ``limit`` trials, or all that the searcher proposes."""
        with workers(threads) as pool:
            while self._begin_trials(pool, limit, threads) or self._flying:
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                for future in done:
                    self._finish(self._flying.pop(future))

    def _begin_trials(self, pool: Executor, limit: int | None, threads: int) -> int:
        """Queue the folds of further trials, so many that no thread is idle; return how many trials were begun."""
        begun = 0
        while len(self._flying) < 2 * threads and self._may_begin(limit):
            try:
                trial = self.study.ask()
            except Exhausted:
                if not self._folds:
                    raise
                break
            except NotReady:
                if not self._flying:
                    raise
                break
            folds = [pool.submit(self.train, trial, fold) for fold in range(self.folds)]
            self._folds[trial.number] = folds
            self._flying |= dict.fromkeys(folds, trial)
            begun += 1
        return begun

    def _may_begin(self, limit: int | None) -> bool:
        return limit is None or len(self.study.trials) < limit or bool(self.study._again)

    def _finish(self, trial: Trial) -> None:
        """Tell the study of a trial all of whose folds are done; an error that is to be raised is raised at once."""
        folds = self._folds[trial.number]
        for fold in folds:
            if fold.done():
                fold.result()
        if trial.number in self.table or not all(fold.done() for fold in folds):
            return
        outcomes = self.table[trial.number] = [fold.result() for fold in folds]
        trial.seconds = float(np.sum([outcome.fit_time + outcome.score_time for outcome in outcomes]))
        trial.visits = sum(outcome.visits for outcome in outcomes) or None
        trial.scores = [None if np.isnan(outcome.score) else outcome.score for outcome in outcomes]
        self.study.tell(trial, self.value(outcomes))


def digest_of(*arrays: np.ndarray, also: str = "") -> str:
    """The first 16 hexadecimal digits of a SHA-256 of arrays and a text, to recognise the same rows and folds."""
    digest = hashlib.sha256(also.encode("utf-8", "backslashreplace"))
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        plain = array.dtype.hasobject
        digest.update(repr(array.tolist()).encode() if plain else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def timed(train: TrainAndScore, done: Callable[[float], None]) -> TrainAndScore:
    """The same function, which tells how long each call has taken."""

    def train_and_tell(trial: Trial, fold: int) -> FoldScore:
        begun = time.perf_counter()
        outcome = train(trial, fold)
        done(time.perf_counter() - begun)
        return outcome

    return train_and_tell
