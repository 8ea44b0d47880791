"""Which searcher suits a task, and why: rules based on this project's own measurements.

`BayesianSearch()` is the answer unless all points of the space can be tried, or trials can be stopped early. Rules that
recommend one of its models, or another searcher, for few trials, noise or many parameters were tried on some of the
development cases of benchmarks/recommending.py, and were not clearly better.

Implements section 9.1 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scratchtune import checks
from scratchtune.search import (
    BayesianSearch,
    Categorical,
    Float,
    GeneticSearch,
    GridSearch,
    Hyperband,
    Int,
    RandomSearch,
    Searcher,
    Space,
)
from scratchtune.tables import overhead

TRIALS = 50  # where neither the user nor the searcher says how many, as in `Study.run`
ETA = 3  # Hyperband continues one of so many trials
LESS_THAN_OVERHEAD = 1.0  # seconds of all trials over those of all proposals: below it, a hint is given


@dataclass(frozen=True)
class Evidence:
    """A sentence, the file of benchmarks/results that it rests on, and the figures as that file writes them.

    A test looks each figure up in its file, and fails if a new measurement has replaced it.
    """

    sentence: str
    file: str
    figures: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.sentence} (benchmarks/results/{self.file}: {', '.join(self.figures)})"


@dataclass(frozen=True)
class Task:
    """The input of the rules; ``size`` is None for a space with a continuous parameter."""

    space: Space
    trials: int | None
    seconds: float | None
    jobs: int
    noisy: bool
    max_budget: int | None

    @property
    def budget(self) -> int:
        """The number of trials, or the default one."""
        return TRIALS if self.trials is None else self.trials

    @property
    def size(self) -> int | None:
        """The number of points of a finite space; its constraint, if there is one, is not counted."""
        return self.space.size

    def described(self) -> str:
        """The space in a few words."""
        kinds = {"continuous": 0, "integer": 0, "categorical": 0}
        for parameter in self.space.parameters.values():
            kinds["categorical" if isinstance(parameter, Categorical) else "integer" if isinstance(parameter, Int)
                  or (isinstance(parameter, Float) and parameter.count is not None) else "continuous"] += 1
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
        size = "" if self.size is None else f", {checks.counted(self.size, 'point')} in all"
        return (f"{checks.counted(len(self.space.names), 'parameter')} ({parts}"
                f"{', conditional' if any(self.space.conditions.values()) else ''}{size})")


@dataclass(frozen=True)
class Recommendation:
    """What `recommend` returns; ``str`` prints it.

    searcher: an object for `Study` or `tune`. reasons: each with its measurement. runner_up: the next best searcher.
    trials: how many trials there will be. seconds: how long they are expected to take, proposals included; None without
    ``seconds_per_trial``. overhead: the seconds that the proposals take of it.
    """

    searcher: Searcher
    reasons: list[Evidence]
    runner_up: Searcher
    trials: int
    seconds: float | None
    overhead: float
    task: str

    def __str__(self) -> str:
        lines = [f"searcher: {code_of(self.searcher)}", f"for: {self.task}, {checks.counted(self.trials, 'trial')}",
                 *(f"because: {reason}" for reason in self.reasons), f"next best: {code_of(self.runner_up)}"]
        proposals = f"proposals take about {_duration(self.overhead)} of it (benchmarks/results/{overhead.MEASURED})"
        if self.seconds is None:
            lines.append(f"expected time: unknown without the seconds of a trial; {proposals.replace(' of it', '')}")
        else:
            lines.append(f"expected time: {_duration(self.seconds)}; {proposals}")
        return "\n".join(lines)


def recommend(
    space: Any, n_trials: int | None = None, seconds_per_trial: float | None = None, n_jobs: int = 1,
    noisy: bool | None = None, max_budget: int | None = None,
) -> Recommendation:
    """Return the searcher to use for a space and a budget, with the measurements that it is based on.

    space: as for `Study`: a dict from names to parameters or lists, or a `Space`.
    n_trials: how many trials there will be; None: as many as `Study.run` runs.
    seconds_per_trial: how long one takes, for the expected time.
    n_jobs: how many run at the same time. noisy: whether a trial run again with the same parameters gives clearly
    another value (another seed, another split); None counts as False.
    max_budget: the largest budget of a trial, such as the number of epochs of a full training, if the objective can be
    run with a smaller one and continue later (``trial.budget``, ``trial.load``); Hyperband needs it.

    Raises
        TypeError or ValueError if an argument is not as described.

    >>> code_of(recommend({"units": [16, 32, 64], "dropout": [0.0, 0.5]}, n_trials=10).searcher)
    'GridSearch()'
    """
    task = Task(
        space if isinstance(space, Space) else Space(space),
        None if n_trials is None else checks.integer("n_trials", n_trials, 1),
        None if seconds_per_trial is None else checks.real("seconds_per_trial", seconds_per_trial, 0.0),
        checks.integer("n_jobs", n_jobs, 1), noisy is not None and checks.boolean("noisy", noisy),
        None if max_budget is None else checks.integer("max_budget", max_budget, 1))
    searcher, runner_up, reason = _chosen(task)
    total = getattr(searcher, "total", None)
    whole = None if total is None else total(task.space)
    trials = min(task.budget if task.trials is not None or whole is None else whole, whole or task.budget)
    if isinstance(searcher, Hyperband):
        trials = whole or trials
    cost = overhead.seconds(name_of(searcher), trials)
    seconds = None if task.seconds is None else _trial_seconds(task, searcher, trials) + cost
    reasons = [reason, *_also(task, searcher, cost, trials)]
    return Recommendation(searcher, reasons, runner_up, trials, seconds, cost, task.described())


def name_of(searcher: Searcher) -> str:
    """The name of a searcher in the measurements."""
    if isinstance(searcher, BayesianSearch):
        return "bayesian" if searcher.model == "auto" else f"bayesian:{searcher.model}"
    return {GridSearch: "grid", RandomSearch: "random", GeneticSearch: "genetic", Hyperband: "hyperband"}[
        type(searcher)]


def code_of(searcher: Searcher) -> str:
    """The expression that constructs a searcher, with the arguments that are not the defaults.

    >>> code_of(BayesianSearch(parallel=4))
    'BayesianSearch(parallel=4)'
    """
    usual, shown = type(searcher), []
    required = {"max_budget"} if isinstance(searcher, Hyperband) else set()
    default = usual(**{name: getattr(searcher, name) for name in required})
    for name in ARGUMENTS[usual]:
        value = getattr(searcher, name)
        if name in required or value != getattr(default, name):
            shown.append(f"{name}={code_of(value) if isinstance(value, Searcher) else repr(value)}")
    return f"{usual.__name__}({', '.join(shown)})"


ARGUMENTS: Mapping[type, tuple[str, ...]] = {
    GridSearch: ("resolution",), RandomSearch: ("sequence",), BayesianSearch: ("model", "parallel"),
    GeneticSearch: ("population", "offspring"), Hyperband: ("max_budget", "eta", "proposer")}


def _trial_seconds(task: Task, searcher: Searcher, trials: int) -> float:
    """The seconds of the trials themselves; those of Hyperband take a share of a full trial each."""
    assert task.seconds is not None
    full = float(trials)
    if isinstance(searcher, Hyperband) and task.max_budget is not None:
        full = searcher.cost(True) / task.max_budget
    return full * task.seconds / min(task.jobs, max(trials, 1))


def _also(task: Task, searcher: Searcher, cost: float, trials: int) -> list[Evidence]:
    """Reasons for the arguments, and a hint where proposals take longer than the trials."""
    found = []
    if task.jobs > 1 and isinstance(searcher, BayesianSearch):
        found.append(Evidence(
            f"parallel={searcher.parallel} keeps all {task.jobs} workers busy: a proposal then knows the parameters of "
            "the trials that still run, but not their values; each proposal takes milliseconds, so no worker waits "
            "long for it", overhead.MEASURED, ("7.58",)))
    if task.seconds is not None and cost > task.seconds * trials * LESS_THAN_OVERHEAD:
        found.append(Evidence(
            "a trial is so short that the proposals take longer than all trials: random search, whose proposals take "
            "0.04 ms, can make more trials in the same time", overhead.MEASURED, ("0.04",)))
    return found


def _duration(seconds: float) -> str:
    """Seconds as text, in the unit that suits them."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2g} s" if seconds >= 1.0 else f"{float(f'{1000.0 * seconds:.2g}'):g} ms"


# The rules ------------------------------------------------------------------------------------------------------------


def _chosen(task: Task) -> tuple[Searcher, Searcher, Evidence]:
    """The searcher of the first rule that holds, the next best one, and the measurement that the rule rests on."""
    bayesian, gaussian = _bayesian(task), _bayesian(task, "gp")
    if task.size is not None and task.size <= task.budget and not (task.noisy and task.trials is None):
        return GridSearch(), bayesian, Evidence(
            f"the space has {task.size} points and all of them fit into {checks.counted(task.budget, 'trial')}, so "
            "none is missed; a grid was worse than random search where it had to leave out values, from 3 parameters "
            "on", "random_against_grid.md", ("64 trials in all: random is ahead of both grids from 3 parameters on",))
    if (racing := _racing(task)) is not None:
        return racing, bayesian, Evidence(
            "trials can be stopped early and continued: tuning a network on the digits, Hyperband with TPE reached the "
            "final loss of random search in 334 epochs (median), BayesianSearch in 472, random search in 958",
            "tuning_cost.md", ("334", "472", "958"))
    if any(task.space.conditions.values()):
        return bayesian, gaussian, Evidence(
            "some parameters exist only under a condition: on such a space, a network's with 7 parameters, "
            "BayesianSearch() reached the final loss of random search in 472 epochs (median), the Gaussian process "
            "alone in 554, TPE alone in 688, the genetic search in 1026, random search in 958", "tuning_cost.md",
            ("472", "554", "688", "1026", "958"))
    return bayesian, gaussian, Evidence(
        "on 25 functions and tables BayesianSearch() removed 0.784 of random search's regret after 100 trials (mean "
        "score), the Gaussian process alone 0.768, TPE alone 0.753, the genetic search 0.675", "search_quality.md",
        ("+0.784", "+0.768", "+0.753", "+0.675"))


def _bayesian(task: Task, model: str = "auto") -> Searcher:
    return BayesianSearch(model, parallel=task.jobs if task.jobs > 1 else None)


def _racing(task: Task) -> Hyperband | None:
    """Hyperband, if trials have budgets, and its schedule costs at most a quarter more than the trials."""
    if task.max_budget is None or task.max_budget < ETA:
        return None
    racing = Hyperband(max_budget=task.max_budget, eta=ETA, proposer=_bayesian(task, "tpe"))
    return racing if task.trials is None or racing.cost(True) <= 1.25 * task.trials * task.max_budget else None
