"""A study is a table of trials that a searcher proposes, an objective values, and everybody can look up later.

The table is a function of the space, the searcher, the seed, the enqueued points and the objective alone: trials are
handed out in order of number, and trial ``number`` is proposed from the first ``needs(number)`` results, however many
threads run and in whatever order they finish.
"""

from __future__ import annotations

import bisect
import csv
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.parallel import number_of_workers, workers
from scratchtune.search import DEFAULT, Exhausted, Result, Searcher, Space, Suggestion, as_searcher
from scratchtune.search.space import Constraint
from scratchtune.study.keeping import Keeper
from scratchtune.study.progress import Progress
from scratchtune.study.stopping import as_stopping
from scratchtune.study.trial import STATES, Trial, evaluate

TRIALS = 50  # how many trials a study runs if neither the user nor the searcher says


class NotReady(RuntimeError):
    """The searcher must see an earlier trial first; ``awaited`` is its number."""

    def __init__(self, number: int, awaited: int) -> None:
        super().__init__(
            f"trial {number} can't be proposed yet: the searcher needs the result of trial {awaited} first")
        self.number, self.awaited = number, awaited

    def __reduce__(self) -> tuple[Any, ...]:
        return NotReady, (self.number, self.awaited)


class Study:
    """Trials over a space; kept in memory and, where ``storage`` is a path, in that SQLite file too.

    A study of that ``name`` (None: "study") that is there already is taken up where it was, if it is defined alike.

    >>> study = Study({"x": [-1.0, 0.5, 2.0]}, searcher="grid")
    >>> study.run(lambda trial: trial.params["x"] ** 2, progress=False).best_params
    {'x': 0.5}
    """

    def __init__(
        self, space: Mapping[str, Any] | Space, searcher: str | Searcher = DEFAULT, direction: str = "minimize",
        seed: int = 0, storage: Any = None, name: str | None = None, constraint: Constraint | None = None,
        start_from: Study | None = None, stopping: Any = None,
    ) -> None:
        self.space = Space(space, constraint)
        self.searcher = as_searcher(searcher)
        self.direction = checks.choice("direction", direction, ["minimize", "maximize"])
        self.seed = checks.integer("seed", seed, low=0)
        self.stopping = as_stopping(stopping)
        self.name = "study" if name is None else name
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._trials: list[Trial] = []
        self._results: list[Result | None] = []
        self._leading = 0  # how many of the first trials are finished without a gap
        self._best: Trial | None = None
        self._queue: list[dict[str, Any]] = []
        self._enqueued: list[int] = []
        self._again: list[Trial] = []
        self._numbers: dict[tuple[Any, ...], list[int]] = {}
        self._indexed = 0
        self._lock = threading.RLock()
        self._earlier = [] if start_from is None else self._adopted(start_from)
        self._keeper = None if storage is None else Keeper(self, storage)
        if self._keeper is not None:
            self._take_up(self._keeper.trials())

    # Ask and tell ----------------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """Return the next trial to run; raises `NotReady` while a result is awaited, `Exhausted` at the end."""
        with self._lock:
            if self._again:
                trial = self._again.pop(0)
                trial.begin()
                return trial
            number = len(self._trials)
            if self._leading < self._awaited(number):
                raise NotReady(number, self._leading)
            trial = Trial(self, number, self._queued(number) if self._queue else self._suggested(number))
            self._trials.append(trial)
            self._results.append(None)
            self._write(trial)
            return trial

    def tell(self, trial: Trial | int, value: Any = None, state: str | None = None) -> Trial:
        """Record what came of a trial; a value that is no finite number, or an exception, makes it a failed one."""
        with self._lock:
            found = self._find(trial)
            if found.state != "running":
                raise ValueError(f"trial {found.number} is {found.state} already; a trial can be told once")
            if state is not None:
                checks.choice("state", state, STATES[1:])
            found.finish(value, state)
            self._keep(found)
            self._write(found)
            return found

    def enqueue(self, params: Mapping[str, Any]) -> None:
        """Have a setting tried next, before anything the searcher proposes."""
        with self._lock:
            checked = self.space.check(params)
            self.searcher.enqueued(checked, len(self._trials) + len(self._queue))  # raises where it has no place
            self._queue.append(checked)

    def run(
        self, objective: Callable[[Trial], Any], n_trials: int | None = None, timeout: float | None = None,
        n_jobs: int = 1, executor: Any = None, callbacks: Iterable[Callable[[Study, Trial], Any]] = (),
        progress: bool = True,
    ) -> Study:
        """Run trials on ``n_jobs`` threads until the study has ``n_trials``, failed ones counted; return the study.

        ``n_trials=None`` is the searcher's whole schedule where it has one, else 50. After ``timeout`` seconds no
        further trial begins. Each callback is called as callback(study, trial) when a trial is finished and recorded.
        """
        _refuse("executor", executor, "trials run on threads so far; leave it None and give n_jobs")
        if not callable(objective):
            raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
        limit = None if n_trials is None else checks.integer("n_trials", n_trials, low=1)
        if timeout is not None:
            timeout = checks.real("timeout", timeout, low=0.0)
        _Run(self, objective, limit, timeout, number_of_workers(n_jobs), tuple(callbacks), bool(progress)).go()
        return self

    # What came of it -------------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order of number."""
        return list(self._trials)

    @property
    def best_trial(self) -> Trial:
        """The complete trial of the best value, the first of several; a ValueError if no trial is complete."""
        if self._best is None:
            failed = [trial for trial in self._trials if trial.state == "failed"]
            first = f"; trial {failed[0].number} failed: {failed[0].error}" if failed else ""
            raise ValueError(f"no trial of {len(self._trials)} is complete{first}")
        return self._best

    @property
    def best_params(self) -> dict[str, Any]:
        """The setting of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The best value, in the user's direction."""
        value = self.best_trial.value
        assert value is not None
        return value

    def why(self, number: int) -> str:
        """Say in words why a trial was proposed; as plain data it is ``trials[number].why``."""
        trial = self._find(number)
        if trial.why.get("enqueued"):
            return f"Trial {trial.number}: put into the queue by the user."
        said = self.searcher.explain(trial.why)
        turned = " (A loss is minus the value here.)" if self.direction == "maximize" and "loss" in said else ""
        return f"Trial {trial.number}: {said}{turned}"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table, one trial a line: number, state, value, param_NAME..., budget, parent, error, seconds."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            parameters = [f"param_{name}" for name in self.space.names]
            writer.writerow(["number", "state", "value", *parameters, "budget", "parent", "error", "seconds"])
            for t in self._trials:
                values = [str(t._params[name]) if name in t._params else "" for name in self.space.names]
                writer.writerow([t.number, t.state, t.value, *values, t.budget, t.parent, t.error, t.seconds])

    def __repr__(self) -> str:
        best = "" if self._best is None else f", best value {self._best.value:.6g}"
        return f"<Study {self.name!r}: {self.searcher!r}, {self.direction}, {len(self._trials)} trials{best}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"} | {"_keeper": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()

    # Beneath ---------------------------------------------------------------------------------------------------------

    def _write(self, trial: Trial) -> None:
        if self._keeper is not None:
            self._keeper.write(trial)

    def _take_up(self, trials: list[Trial]) -> None:
        """Go on from trials that were kept; those that were running are handed out again first."""
        self._trials = trials
        self._results = [None] * len(trials)
        self._enqueued = [trial.number for trial in trials if trial.why.get("enqueued")]
        self._again = [trial for trial in trials if trial.state == "running"]
        for trial in trials:
            if trial.state != "running":
                self._keep(trial)

    def _queued(self, number: int) -> Suggestion:
        suggestion = self.searcher.enqueued(self._queue.pop(0), number)
        self._enqueued.append(number)
        return suggestion

    def _awaited(self, number: int) -> int:
        """How many leading trials must be finished before a trial begins: for the searcher and the stopping rule."""
        searcher = 0 if self._queue else self.searcher.needs(number)
        return searcher if self.stopping is None else max(searcher, self.stopping.needs(number))

    def _has_enough_of(self, trial: Trial) -> bool:
        """What the stopping rule says about a running trial, from its reports and those of the trials that it sees."""
        if self.stopping is None:
            return False
        seen = [other for other in self._trials[: self.stopping.needs(trial.number)] if other.state == "complete"]
        own, *others = [{step: self._sign * v for step, v in t.reports.items()} for t in (trial, *seen)]
        return bool(self.stopping.stops(own, others))

    def _suggested(self, number: int) -> Suggestion:
        needs = self.searcher.needs(number)
        seen = [*self._earlier, *(result for result in self._results[:needs] if result is not None)]
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        suggestion = self.searcher.suggest(self.space, seen, Pending(self, needs, number), number, rng)
        if not isinstance(suggestion, Suggestion):
            raise TypeError(f"{self.searcher!r} suggested {suggestion!r}; it must return a Suggestion")
        suggestion.params = self.space.check(suggestion.params)
        return suggestion

    def _find(self, trial: Trial | int) -> Trial:
        number = trial.number if isinstance(trial, Trial) else checks.integer("trial", trial)
        if not 0 <= number < len(self._trials) or (isinstance(trial, Trial) and trial is not self._trials[number]):
            raise ValueError(f"trial {number} is not one of this study, which has {len(self._trials)} trials, from 0")
        return self._trials[number]

    def _keep(self, trial: Trial) -> None:
        """Enter a finished trial into what searchers see, as a loss: smaller is better, NaN is a failure."""
        loss = float("nan") if trial.value is None else self._sign * trial.value
        self._results[trial.number] = Result(trial.number, trial._params, loss, trial.state, trial.budget, trial.parent)
        while self._leading < len(self._results) and self._results[self._leading] is not None:
            self._leading += 1
        if trial.state == "complete" and (self._best is None or self._rank(trial) < self._rank(self._best)):
            self._best = trial

    def _rank(self, trial: Trial) -> tuple[float, int]:
        return self._sign * (trial.value or 0.0), trial.number

    def _adopted(self, study: Study) -> list[Result]:
        """The results of an earlier study, which this one's searcher sees before its own."""
        if not isinstance(study, Study):
            raise TypeError(f"start_from is {study!r}; it must be a Study")
        if study.direction != self.direction:
            raise ValueError(
                f"start_from has the direction {study.direction!r}; it must be {self.direction!r}, as this study's")
        results = [result for result in study._earlier + study._results if result is not None]
        return [result._replace(params=self.space.check(result.params)) for result in results]

    def _numbers_of(self, params: Mapping[str, Any]) -> list[int]:
        """Numbers of the trials that have these params."""
        for trial in self._trials[self._indexed :]:
            self._numbers.setdefault(self.space.key(trial._params), []).append(trial.number)
        self._indexed = len(self._trials)
        return self._numbers.get(self.space.key(params), [])


class Pending(Sequence[dict[str, Any]]):
    """The params of the trials from ``start`` up to ``stop``; whether a setting is among them is one look-up."""

    def __init__(self, study: Study, start: int, stop: int) -> None:
        self._study, self._start, self._stop = study, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, index: Any) -> Any:
        numbers = range(self._start, self._stop)[index]
        if isinstance(numbers, range):
            return [self._study._trials[number]._params for number in numbers]
        return self._study._trials[numbers]._params

    def __contains__(self, params: object) -> bool:
        assert isinstance(params, Mapping)
        return any(self._start <= number < self._stop for number in self._study._numbers_of(params))

    @property
    def enqueued(self) -> int:
        """How many of them were enqueued by the user."""
        enqueued = self._study._enqueued
        return bisect.bisect_left(enqueued, self._stop) - bisect.bisect_left(enqueued, self._start)


def tune(
    objective: Callable[[Trial], Any], space: Mapping[str, Any] | Space, searcher: str | Searcher = DEFAULT,
    n_trials: int | None = None, direction: str = "minimize", seed: int = 0, **options: Any,
) -> Study:
    """Make a study, run it, return it; the options are those of `Study` and of `Study.run`.

    >>> tune(lambda trial: trial.params["x"], {"x": [3, 1, 2]}, "grid", progress=False).best_value
    1.0
    """
    of_study = ("storage", "name", "constraint", "start_from", "stopping")
    made_with = {name: options.pop(name) for name in of_study if name in options}
    return Study(space, searcher, direction, seed, **made_with).run(objective, n_trials, **options)


def _refuse(name: str, value: Any, reason: str) -> None:
    if value is not None:
        raise NotImplementedError(f"{name} is {value!r}, which comes later: {reason}")


class _Run:
    """One call of `Study.run`: hands out trials in order of number, and records them as they finish."""

    def __init__(
        self, study: Study, objective: Callable[[Trial], Any], limit: int | None, timeout: float | None, workers: int,
        callbacks: tuple[Callable[[Study, Trial], Any], ...], show: bool,
    ) -> None:
        self.study, self.objective, self.workers, self.callbacks = study, objective, workers, callbacks
        schedule = study.searcher.planned(study.space, len(study._queue) + len(study._enqueued))
        planned = limit or (TRIALS if schedule is None else schedule)
        self.limit = limit or (TRIALS if schedule is None else None)
        self.deadline = None if timeout is None else time.monotonic() + timeout
        left = max(planned - len(study._trials) + len(study._again), 0)
        headline = None if schedule is None else f"{study.searcher.headline()}: {left} trials"
        self.progress = Progress(left, "trial", workers, show, headline)
        self.flying: dict[Future, Trial] = {}
        self.over = False
        self.failures = 0

    def go(self) -> None:
        begun: list[Trial] = []
        try:
            with workers(self.workers) as pool:
                self._loop(pool, begun)
            self._check()
        finally:
            self._recover(begun)
            if self.failures > 1:
                self.progress.note(f"{self.failures} of {len(begun)} trials failed; the study's table holds the errors")
            self.progress.close()

    def _check(self) -> None:
        """Hold the trials against the searcher's schedule, if it has one, and say that they are right."""
        said = self.study.searcher.check(self.study._results)
        if said is not None:
            self.progress.note(said)

    def _loop(self, pool: Executor, begun: list[Trial]) -> None:
        while True:
            self._fill(pool, begun)
            if not self.flying:
                return
            done, _ = wait(self.flying, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: self.flying[future].number):
                self._collect(future)

    def _fill(self, pool: Executor, begun: list[Trial]) -> None:
        """Give every idle worker a trial, as far as there are any."""
        while len(self.flying) < self.workers and self._may_begin():
            try:
                trial = self.study.ask()
            except NotReady:
                if not self.flying:
                    raise
                self.progress.note(f"not all of the {self.workers} workers are busy: the searcher needs results first")
                return
            except Exhausted as end:
                self.over = True
                if self.limit is not None:
                    self.progress.note(f"the study ends after {len(self.study._trials)} trials: {end}")
                return
            begun.append(trial)
            self.flying[pool.submit(evaluate, self.objective, trial)] = trial

    def _may_begin(self) -> bool:
        if self.over or (self.deadline is not None and time.monotonic() >= self.deadline):
            return False
        return self.limit is None or len(self.study._trials) < self.limit or bool(self.study._again)

    def _collect(self, future: Future) -> None:
        trial = self.flying[future]
        outcome = future.result()
        del self.flying[future]
        self.study.tell(trial, outcome)
        if trial.state == "failed":
            self.failures += 1
            if self.failures == 1:
                self.progress.note(f"trial {trial.number} failed: {trial.error}")
        best = self.study._best
        self.progress.done(self._typical_seconds(trial), None if best is None else best.value)
        for callback in self.callbacks:
            callback(self.study, trial)

    def _typical_seconds(self, trial: Trial) -> float:
        """What the trial's seconds say about a trial of the schedule's mean budget."""
        mean = self.study.searcher.mean_budget()
        return (trial.seconds or 0.0) * (mean / trial.budget if mean and trial.budget else 1.0)

    def _recover(self, begun: list[Trial]) -> None:
        """After an interruption: record what has finished meanwhile; what has not will be handed out again."""
        for future, trial in self.flying.items():
            if future.done() and not future.cancelled() and future.exception() is None and trial.state == "running":
                self.study.tell(trial, future.result())
        self.study._again += [trial for trial in begun if trial.state == "running"]
