"""Which searcher suits a task: `recommend` names one, and the reason in a sentence.

Implements section 9.1 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune.core import checks
from scratchtune.core.search import NSGA2, BayesianSearch, GridSearch, Hyperband, RandomSearch, Searcher, Space
from scratchtune.core.search.searcher import TRIALS

MANY, QUICK = 1000, 0.1  # trials; seconds of one, divided by the number of workers
ETA = 3  # Hyperband continues one of so many trials


class Recommendation(NamedTuple):
    """What `recommend` returns: a searcher for `Study` or `tune`, and why; it prints as both."""

    searcher: Searcher
    reason: str

    def __repr__(self) -> str:
        return f"searcher: {code_of(self.searcher)}\nbecause: {self.reason}"


def recommend(
    space: Any, n_trials: int | None = None, seconds_per_trial: float | None = None, n_jobs: int = 1,
    noisy: bool | None = None, max_budget: int | None = None, objectives: int = 1,
) -> Recommendation:
    """Return the searcher to use for a space and a budget, and the reason.

    space: as for `Study`: a dict from names to parameters or lists, or a `Space`.
    n_trials: how many trials there will be; None: as many as `Study.run` runs.
    seconds_per_trial: how long one takes. n_jobs: how many run at the same time.
    noisy: whether a trial run again with the same parameters gives clearly another value (another seed, another
    split); None counts as False.
    max_budget: the largest budget of a trial, such as the number of epochs of a full training, if the objective can be
    run with a smaller one and continue later (``trial.budget``, ``trial.load``); Hyperband needs it.
    objectives: how many values a trial has.

    Raises
        TypeError or ValueError if an argument is not as described.

    >>> print(recommend({"units": [16, 32, 64], "dropout": [0.0, 0.5]}, n_trials=10))
    searcher: GridSearch()
    because: the space has 6 points, and 10 trials are enough for all of them.
    """
    space = space if isinstance(space, Space) else Space(space)
    trials = TRIALS if n_trials is None else checks.integer("n_trials", n_trials, 1)
    seconds = None if seconds_per_trial is None else checks.real("seconds_per_trial", seconds_per_trial, 0.0)
    jobs = checks.integer("n_jobs", n_jobs, 1)
    is_noisy = noisy is not None and checks.boolean("noisy", noisy)
    budget = 0 if max_budget is None else checks.integer("max_budget", max_budget, 1)
    if checks.integer("objectives", objectives, 1) > 1:
        return Recommendation(NSGA2(), f"it searches the trade-offs between {objectives} objectives, of which none is "
                              "the best by itself.")
    if space.size is not None and space.size <= trials and not is_noisy:
        return Recommendation(GridSearch(), f"the space has {checks.counted(space.size, 'point')}, and "
                              f"{checks.counted(trials, 'trial')} are enough for all of them.")
    parallel = jobs if jobs > 1 else None
    if budget >= ETA:
        racing = Hyperband(max_budget=budget, eta=ETA, proposer=BayesianSearch("tpe", parallel))
        if n_trials is None or racing.cost(True) <= 1.25 * trials * budget:
            return Recommendation(racing, "a trial can be stopped early and continued, so it spends most epochs on the "
                                  "configurations that are good after a few.")
    if trials >= MANY and seconds is not None and seconds / jobs < QUICK:
        return Recommendation(RandomSearch(), f"{trials:,} trials this short end before a model of them is worth its "
                              "time, and random proposals need no earlier results.")
    reason = "each trial is proposed from a model of all earlier ones, which suits trials that are few or slow"
    if jobs > 1:
        reason += f"; it proposes for {jobs} workers without waiting for those that still run"
    if is_noisy:
        reason += "; the values are noisy, so take study.recommended(), not the best value observed"
    return Recommendation(BayesianSearch(parallel=parallel), f"{reason}.")


def code_of(searcher: Searcher) -> str:
    """The expression that constructs a searcher, without arguments that are the defaults.

    >>> code_of(BayesianSearch(parallel=4))
    'BayesianSearch(parallel=4)'
    """
    required = {"max_budget"} if isinstance(searcher, Hyperband) else set()
    default = type(searcher)(**{name: getattr(searcher, name) for name in required})
    shown = {name: value for name, value in searcher.values().items()
             if name in required or repr(value) != repr(getattr(default, name))}
    return (f"{type(searcher).__name__}(" + ", ".join(
        f"{name}={code_of(value) if isinstance(value, Searcher) else repr(value)}" for name, value in shown.items())
        + ")")
