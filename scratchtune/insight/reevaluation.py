"""Re-evaluation: some configurations are evaluated again with a study's objective, over fresh seeds.

Every configuration is evaluated with the same seeds, so that differences between configurations are paired. No trial of
the study had one of these seeds.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from scratchtune import checks
from scratchtune.evaluation.parallel import in_order
from scratchtune.insight.study_like import StudyLike
from scratchtune.search import Suggestion
from scratchtune.study import Trial
from scratchtune.study.context import DetachedContext

FRESH = 2  # second part of the spawn key; the seeds of a study's own trials have 1


class FailedEvaluationWarning(RuntimeWarning):
    """Some evaluations failed; their values are NaN."""


def reevaluate(
    study: StudyLike, objective: Callable[[Trial], Any], configurations: Sequence[Mapping[str, Any]], seeds: int = 5,
    n_jobs: int = 1, progress: bool = True,
) -> np.ndarray:
    """Evaluate each configuration with each of ``seeds`` fresh seeds; return the values, (configurations, seeds).

    The objective is called with a new `Trial` that belongs to no study: its ``seed`` is fresh, its ``budget`` is the
    largest of the study's complete trials, it has no parent, and it never should stop. The values are in the study's
    direction. They are the same for the same study, whatever ``n_jobs``, the number of threads, is.

    A value that is not a finite number, or an exception, is NaN here, and a `FailedEvaluationWarning` says how many
    failed and why the first one did.

    Raises
        TypeError or ValueError where an argument is not valid, such as a configuration that is not in the space.

    >>> from scratchtune.study import Study
    >>> study = Study({"x": [0.5, 1.0]})
    >>> reevaluate(study, lambda trial: 2.0 * trial.params["x"], [{"x": 0.5}, {"x": 1.0}], seeds=2)
    array([[1., 1.],
           [2., 2.]])
    """
    if not callable(objective):
        raise TypeError(f"objective is {objective!r}; it must be a function from a trial to a number")
    seeds = checks.integer("seeds", seeds, low=1)
    checked = [study.space.check(params) for params in configurations]
    if not checked:
        raise ValueError("configurations is empty; it must hold at least one dict of hyper-parameters")
    budget = largest_budget(study.trials)
    tasks = [(params, seed) for params in checked for seed in fresh_seeds(study, seeds)]
    with tqdm(total=len(tasks), desc="re-evaluation", unit=" evaluations", delay=2.0,
              disable=None if progress else True) as bar:

        def evaluate(task: tuple[dict[str, Any], int]) -> tuple[float, str | None]:
            outcome = evaluated(objective, *task, budget)
            bar.update()
            return outcome

        outcomes = in_order(evaluate, tasks, n_jobs)
    _warn_of_failures([error for _, error in outcomes])
    return np.array([value for value, _ in outcomes]).reshape(len(checked), seeds)


def fresh_seeds(study: StudyLike, number: int) -> list[int]:
    """Seeds that differ from those of the study's trials; the first ones are the same whatever the number is."""
    entropy = getattr(study, "seed", 0) or 0  # not every file of a study says its seed
    return [int(np.random.SeedSequence(entropy, spawn_key=(k, FRESH)).generate_state(1)[0]) for k in range(number)]


def largest_budget(trials: Sequence[Trial]) -> float | None:
    """The largest budget of the complete trials; None where there are no budgets."""
    return max((trial.budget for trial in trials if trial.state == "complete" and trial.budget is not None),
               default=None)


def evaluated(
    objective: Callable[[Trial], Any], params: Mapping[str, Any], seed: int, budget: float | None,
) -> tuple[float, str | None]:
    """Call the objective with a new trial of that seed and budget; return its value, or NaN and what went wrong."""
    trial = Trial(DetachedContext(seed, None, None, [], 1.0), 0, Suggestion(dict(params), {}, budget, None))
    try:
        value = objective(trial)
    except Exception as error:
        value = error
    state = trial.finish(value, "complete")
    return (np.nan, trial.error) if state == "failed" or trial.value is None else (trial.value, None)


def _warn_of_failures(errors: Sequence[str | None]) -> None:
    failed = [error for error in errors if error is not None]
    if failed:
        checks.warn(f"{len(failed)} of {checks.counted(len(errors), 'evaluation')} failed, the first with {failed[0]}",
                    FailedEvaluationWarning)
