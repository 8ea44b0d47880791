"""Re-evaluation: some configurations are evaluated again with a study's objective, over fresh seeds.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.parallel import in_order, number_of_workers
from scratchtune.core.search import Suggestion
from scratchtune.core.search.space import same
from scratchtune.core.study import Trial
from scratchtune.core.study.best import best_first, of_largest_budget
from scratchtune.core.study.progress import Progress
from scratchtune.core.study.requests import copied_params
from scratchtune.core.study.trial import View, configuration, evaluate
from scratchtune.insight.drawing import TrialTable

FRESH = 2  # second part of the spawn key; the seeds of a study's own trials have 1
Params = dict[str, Any]
Outcomes = dict[int, tuple[float, str | None]]  # by seed: the value, or NaN and why the evaluation failed
PENDING = (math.nan, "interrupted")


class FailedEvaluationWarning(RuntimeWarning):
    """Some evaluations failed; their values are NaN."""


def reevaluate(
    study: TrialTable, objective: Callable[[Trial], Any], configurations: Sequence[Mapping[str, Any]] | int,
    seeds: int = 5, n_jobs: int = 1, progress: bool = True,
) -> np.ndarray:
    """Evaluate each configuration with each of ``seeds`` fresh seeds; return the values, (configurations, seeds).

    Every configuration is evaluated with the same seeds, so that differences are paired (`gain_of`); no trial of the
    study had one of them. ``configurations`` may be a number: so many of the study's best ones, the best first.

    The objective is called with a new `Trial` that belongs to no study: its ``seed`` is fresh, its ``budget`` is the
    largest of the study's complete trials, it has no parent, and it never should stop. The values are the same for the
    same study, whatever ``n_jobs``, the number of threads, is.

    A value that is not a finite number, or an exception, is NaN here, and a `FailedEvaluationWarning` says how many
    failed and why the first one did. A TypeError or ValueError where an argument is not valid, such as a configuration
    that is not in the space.

    >>> from scratchtune.core.study import Study
    >>> study = Study({"x": [0.5, 1.0]})
    >>> reevaluate(study, lambda trial: 2.0 * trial.params["x"], [{"x": 0.5}, {"x": 1.0}], seeds=2, progress=False)
    array([[1., 1.],
           [2., 2.]])
    """
    seeds = checks.integer("seeds", seeds, low=1)
    if isinstance(configurations, (int, np.integer)):
        most = checks.integer("configurations", configurations, low=1)
        ranked = {study.space.key(configuration(one)): one.params for one in best_first(study.trials, study.direction)}
        configurations = list(ranked.values())[:most]
    checked = [study.space.check(params) for params in configurations]
    if not checked:
        raise ValueError("there is no configuration to evaluate; give at least one dict of hyper-parameters")
    evaluations, drawn = Evaluations(study, objective, n_jobs), fresh_seeds(study, seeds)
    with evaluations.announced(len(checked) * seeds, "evaluation", progress):
        evaluations.run(checked, drawn)
    if evaluations.errors:
        checks.warn(f"{len(evaluations.errors)} of {checks.counted(evaluations.count, 'evaluation')} failed, the first "
                    f"with {evaluations.errors[0]}", FailedEvaluationWarning)
    return np.array([evaluations.values(params, drawn) for params in checked])


def fresh_seeds(study: TrialTable, number: int) -> list[int]:
    """Seeds that differ from those of the study's trials; the first ones are the same whatever the number is."""
    entropy = getattr(study, "seed", 0) or 0  # not every file of a study says its seed
    return [int(np.random.SeedSequence(entropy, spawn_key=(k, FRESH)).generate_state(1)[0]) for k in range(number)]


class Evaluations:
    """Evaluations of configurations with an objective, by threads, each done once; ``count`` is their number.

    A TypeError where the objective is no function.
    """

    def __init__(self, study: TrialTable, objective: Callable[[Trial], Any], n_jobs: int) -> None:
        if not callable(objective):
            raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
        budgets = [trial.budget for trial in of_largest_budget(study.trials) if trial.budget is not None]
        self._objective, self._workers = objective, number_of_workers(n_jobs)
        self._budget = next(iter(budgets), None)  # all of them are equal
        self.count = 0
        self._done: list[tuple[Params, Outcomes]] = []
        self._progress = Progress(None, "evaluation", show=False)

    def announced(self, most: int, unit: str, show: bool, headline: str | None = None) -> Any:
        """A context in which a bar shows how many of at most ``most`` evaluations are done."""
        self._progress = Progress(most, unit, self._workers, checks.boolean("progress", show) and most > 0, headline)
        return contextlib.closing(self._progress)

    def run(self, configurations: Sequence[Params], seeds: Sequence[int]) -> None:
        """Evaluate each configuration with each seed, except what is done."""
        tasks = []
        for params in configurations:
            outcomes = self._outcomes(params)
            for seed in seeds:
                if seed not in outcomes:
                    outcomes[seed] = PENDING
                    tasks.append((params, seed, outcomes))
        self.count += len(tasks)
        in_order(self._evaluate, tasks, self._workers)

    def values(self, params: Params, seeds: Sequence[int]) -> np.ndarray:
        """The values of a configuration, (seeds,); NaN where an evaluation failed, or was not done."""
        outcomes = self._outcomes(params)
        return np.array([outcomes.get(seed, PENDING)[0] for seed in seeds])

    def errors_of(self, params: Params) -> list[str | None]:
        """Why each evaluation of a configuration failed, None for one that did not."""
        return [error for _, error in self._outcomes(params).values()]

    @property
    def errors(self) -> list[str]:
        """Why evaluations of any configuration failed, one text for each that did."""
        return [error for _, outcomes in self._done for _, error in outcomes.values() if error is not None]

    def _outcomes(self, params: Params) -> Outcomes:
        for known, outcomes in self._done:
            if known.keys() == params.keys() and all(same(known[name], params[name]) for name in params):
                return outcomes
        self._done.append((params, {}))
        return self._done[-1][1]

    def _evaluate(self, task: tuple[Params, int, Outcomes]) -> None:
        """Call the objective with a new trial of that seed; store its value, or NaN and what went wrong."""
        params, seed, outcomes = task
        suggestion = Suggestion(copied_params(params), {}, self._budget, None)
        found = evaluate(self._objective, Trial(View(seed), 0, suggestion))
        if found.state == "complete" and found.values is not None:
            outcomes[seed] = found.values[0], None
        else:
            outcomes[seed] = math.nan, found.error or "the objective has ended it early"
        self._progress.done(found.seconds or 0.0)
