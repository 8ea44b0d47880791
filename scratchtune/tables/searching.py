"""The search of AutoML: the defaults, then the portfolio, then Bayesian search over all families, within a budget.

The result is an ordinary study: `study.trials`, `study.why` and the plots of `scratchtune.insight` show what was tried.
With a budget of trials, neither the number of threads nor an interruption changes the study.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.digests import digest_of
from scratchtune.evaluation.splits import Split
from scratchtune.search import BayesianSearch, Categorical, GridSearch, Hyperband, Searcher, Space, as_searcher
from scratchtune.search.grid import finest_grid
from scratchtune.streams import note
from scratchtune.study import Study, Trial
from scratchtune.tables.families import DEFAULTS, FAMILY, TARGET, defaults, given_space, joint_space, portfolio
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import Folds, Member
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import LINEAR, scales_to_try
from scratchtune.tables.wording import argument

AT_ONCE = 4  # trials that may run at the same time without changing the study
MANY = 10**6  # more trials than any time budget allows
SEARCH_SHARE, LATER = 0.92, 6.0  # of the time budget; the rest, or so many seconds, evaluates and explains the model
LIBRARY = 25  # the best trials, from which the ensemble is chosen
TRIAL_SHARE = 0.2  # the largest share of the search's time that one trial may take
PREDICTIONS = "predictions"  # the array that a stored trial saves
FEW_ROWS = 48  # with which each family is trained once, since Numba compiles a kernel at its first use
LONG = 2.0  # seconds of compiling that are worth a line
SHORT = {"epochs": 1, "units": 8, "hidden_layers": 1, "max_iter": 2}  # what makes a training short
_compiled: set[tuple[str, int]] = set()  # families, with the number of classes up to 3, of this process
LARGEST_GRID = 1000  # points of a grid without a number of trials


class Budget(NamedTuple):
    """How much is tried: ``seconds`` from ``begun`` (of `time.monotonic`), or, if given, ``trials`` configurations."""

    seconds: float | None
    trials: int | None
    begun: float

    @property
    def deadline(self) -> float | None:
        """When the search must end; None with a budget of trials."""
        return None if self.trials is not None or self.seconds is None else self.begun + self.searching

    @property
    def searching(self) -> float:
        """The seconds of the search: at least half of all."""
        seconds = self.seconds or 0.0
        return max(seconds / 2.0, min(SEARCH_SHARE * seconds, seconds - LATER))


class Plan(NamedTuple):
    """What is searched, and how: the arguments of `AutoClassifier` of these names."""

    families: Sequence[str]
    searcher: str | Searcher = "bayesian"
    space: Mapping[str, Any] | None = None
    target_scale: str = "auto"

    @property
    def has_portfolio(self) -> bool:
        """Whether the defaults and the portfolio are the first trials: a user's searcher or space has its own."""
        return self.searcher == "bayesian" and self.space is None


@dataclass
class Searched:
    """What the search has found: the study, and the members that are in memory, by number of trial.

    The default of a family has a number below 0 if it is no trial, since the space is a user's. ``interruption`` is
    the one that has ended the search before its budget was used, None if none has.
    """

    study: Study
    folds: Folds
    members: dict[int, Member] = field(default_factory=dict)
    interruption: KeyboardInterrupt | None = None
    defaults: dict[str, int] = field(default_factory=dict)  # by family
    configurations: Sequence[dict[str, Any]] = ()  # of the defaults, in the same order
    is_stored: bool = False  # whether the study has a file

    def params(self, number: int) -> dict[str, Any]:
        """Return a configuration by its number, which is below 0 for a default that is no trial."""
        return self.study.trials[number].params if number >= 0 else self.configurations[-1 - number]

    def member(self, number: int) -> Member:
        """Return a trial's member; one that an earlier process has trained is trained again."""
        if number not in self.members:
            self.members[number] = self.folds.member(self.params(number), self.study.trials[number].seed)
        return self.members[number]

    def predictions(self, number: int) -> np.ndarray:
        """Return a trial's out-of-fold predictions, from memory or from the study's file."""
        saved = self.study.trials[number].saved if number >= 0 else None
        if number not in self.members and saved is not None and PREDICTIONS in saved:
            return saved[PREDICTIONS]
        return self.member(number).predictions

    def ranked(self) -> list[int]:
        """Return the numbers of the complete trials, the best first."""
        complete = [trial for trial in self.study.trials if trial.state == "complete"]
        complete.sort(key=lambda trial: (trial.value, trial.number))
        return [trial.number for trial in complete]

    def baselines(self) -> dict[str, int]:
        """Return the number of each family's default that was trained, by family."""
        known = {*self.ranked(), *self.members}
        return {name: number for name, number in self.defaults.items() if number in known}


class Objective:
    """The out-of-fold loss of a configuration; it keeps the members from which the ensemble is chosen."""

    def __init__(self, goal: Goal, searched: Searched, budget: Budget, store: bool) -> None:
        self.goal, self.searched, self.budget, self.store = goal, searched, budget, store
        self._lock = threading.Lock()
        self._losses: dict[int, tuple[float, str]] = {}  # of the members in memory, with their families

    def __call__(self, trial: Trial) -> float:
        """Train a trial's configuration on all folds, and return its loss; the losses of the folds are stored."""
        params, folds = trial.params, self.searched.folds
        member = self.member(params, trial.seed)
        loss = self.goal.loss(folds.targets, member.predictions)
        trial.scores = [None if np.isinf(one) else one for one in fold_losses(self.goal, folds, member.predictions)]
        if self.store:
            trial.save({PREDICTIONS: member.predictions})
        with self._lock:
            self._keep(trial.number, member, loss, params[FAMILY])
        return loss

    def member(self, params: Mapping[str, Any], seed: int) -> Member:
        """Train a configuration; where the time is over and another one is trained, a TimeoutError ends it."""
        over = self.budget.deadline
        if over is None:
            return self.searched.folds.member(params, seed)
        deadline = min(over, time.monotonic() + TRIAL_SHARE * (over - self.budget.begun))  # a share for each trial
        return self.searched.folds.member(params, seed, deadline, lambda: over if self.searched.members else np.inf)

    def _keep(self, number: int, member: Member, loss: float, family: str) -> None:
        """Keep a member; forget those that are not among the best `LIBRARY`, best of their family, or a default."""
        self.searched.members[number] = member
        self._losses[number] = loss, family
        ranked = sorted(self._losses, key=lambda known: (self._losses[known][0], known))
        firsts = {next(known for known in ranked if self._losses[known][1] == name)
                  for name in {name for _, name in self._losses.values()}}
        for known in ranked[LIBRARY:]:
            if known not in firsts and known not in self.searched.defaults.values():
                del self._losses[known], self.searched.members[known]


def fold_losses(goal: Goal, folds: Folds, predictions: np.ndarray) -> list[float]:
    """Return the loss of out-of-fold predictions on the validation rows of each fold."""
    return [goal.loss(folds.targets[part], predictions[part]) for part in folds.parts()]


def run(goal: Goal, searched: Searched, budget: Budget, n_jobs: int = 1, progress: bool = True) -> Searched:
    """Run the search that `new_search` has prepared, on ``n_jobs`` threads, until the budget is used.

    Raises RuntimeError if no configuration could be trained.
    """
    study, objective = searched.study, Objective(goal, searched, budget, searched.is_stored)
    with _bar(budget, len(study.trials), progress) as bar:
        def show(study: Study, trial: Trial) -> None:
            done = time.monotonic() - budget.begun if budget.trials is None else len(study.trials)
            bar.update(min(done, bar.total) - bar.n)
            bar.set_postfix_str(f"best {goal.shown(study.best_value)}" if searched.ranked() else "")

        try:
            for number in (known for known in searched.defaults.values() if known < 0):
                searched.members[number] = objective.member(searched.params(number), study.seed)
            deadline = budget.deadline
            timeout = None if deadline is None else max(deadline - time.monotonic(), 0.01)
            study.run(objective, n_trials=budget.trials or MANY, timeout=timeout, n_jobs=min(n_jobs, AT_ONCE),
                      callbacks=[show], progress=False, max_failures="unlimited")
        except KeyboardInterrupt as signalled:
            searched.interruption = signalled
    if not searched.ranked() and searched.interruption is None:
        failed = study.trials[0].error if study.trials else "there was no time for one"
        raise RuntimeError(f"no configuration could be trained; the first: {failed}")
    return searched


def new_search(
    goal: Goal, folds: Folds, plan: Plan, trials: int | None, seed: int, storage: str | Path | None,
) -> Searched:
    """Return the study, in which the defaults and the portfolio's configurations are enqueued; ``trials`` if given.

    Raises ValueError if the plan does not fit the target.
    """
    families = plan.families
    space = joint_space(families) if plan.space is None else given_space(families, plan.space, goal.classes)
    scales = scales_to_try(folds.y, not goal.classes, plan.target_scale)
    if scales != (LINEAR,):
        space[TARGET] = Categorical(list(scales))
    joint, data = Space(space), _digest(goal, folds)
    study = Study(joint, searcher_for(plan, joint, trials), "minimize", seed, storage, "auto", data=data)
    names = [name for name in DEFAULTS if name in families]
    scale = {TARGET: scales[0]} if TARGET in space else {}
    first = [params | scale for params in defaults(families, goal.classes, len(folds.splits[0][0])).values()]
    found = Searched(study, folds, is_stored=storage is not None, configurations=first)
    if not plan.has_portfolio:
        found.defaults = {name: -1 - k for k, name in enumerate(names)}
        return found
    later = with_scales(portfolio(families, goal.classes, len(folds.y)), scales)
    for params in [*first, *(params for params in later if params not in first)]:
        study.enqueue(params, by="scratchtune itself, which tries its defaults first")
    found.defaults = {name: number for number, name in enumerate(names)}
    return found


def searcher_for(plan: Plan, space: Space, trials: int | None) -> Searcher:
    """Return the searcher.

    A grid gets the finest resolution that fits into the trials; without ``trials`` its size is limited.
    """
    name, known = argument("searcher"), plan.searcher
    if known == "bayesian":
        return BayesianSearch(parallel=AT_ONCE)
    if known == "grid" and trials is not None:
        return finest_grid(space, trials)
    if known == "grid":
        size = GridSearch().total(space)
        if size > LARGEST_GRID:
            raise ValueError(f"{name} is 'grid', and the grid has {size:,} points; without {argument('n_trials')} it "
                             f"may have at most {LARGEST_GRID:,}: give {argument('n_trials')}, for the finest grid of "
                             f"so many points, or a smaller {argument('space')}")
        return GridSearch()
    searcher = as_searcher(known).for_workers(AT_ONCE)
    if isinstance(searcher, Hyperband):
        raise ValueError(f"{name} is {known!r}, whose trials have different budgets; here each one is trained "
                         "fully, on every fold: take another searcher")
    return searcher


def _digest(goal: Goal, folds: Folds) -> str:
    """Return a hash of all that determines the losses: rows, columns, folds and scoring."""
    arrays, about = [folds.y, *(rows for split in folds.splits for rows in split)], f"{goal.scoring} {folds.impute}"
    for name in folds.table.names:
        column = folds.table.column(name)
        arrays.append(column.codes if isinstance(column, Text) else column)
        if isinstance(column, Dates):
            arrays.append(column.days)
        about += f", {name!r} {column.texts!r}" if isinstance(column, Text) else f", {name!r}"
    return digest_of(*arrays, also=about)


def with_scales(configurations: Sequence[dict[str, Any]], scales: Sequence[str]) -> list[dict[str, Any]]:
    """Return the configurations with each scale of the target, where there is a choice: the logarithm first."""
    if tuple(scales) == (LINEAR,):
        return list(configurations)
    return [{**params, TARGET: scale} for params in configurations for scale in reversed(scales)]


def _bar(budget: Budget, known: int, progress: bool) -> tqdm:
    """A bar over the seconds, or the trials, of the budget; on a terminal only."""
    total = budget.trials or budget.searching
    shape = "{l_bar}{bar}| {n:.0f}/{total:.0f} {unit} {postfix}"
    return tqdm(total=total, initial=min(known, total) if budget.trials else 0, unit="trials" if budget.trials else "s",
                disable=None if progress else True, bar_format=shape, leave=False)


def leaderboard(goal: Goal, searched: Searched, weights: Mapping[int, float]) -> list[dict[str, Any]]:
    """Return one dict for each complete trial, the best first: number, family, score, weight, seconds, params.

    The defaults of families are among them, with numbers below 0 if they are no trials.
    """
    trials, found = searched.study.trials, []
    for number in {*searched.ranked(), *searched.baselines().values()}:
        trial, params = trials[number] if number >= 0 else None, searched.params(number)
        loss = trial.value if trial else goal.loss(searched.folds.targets, searched.predictions(number))
        found.append({
            "number": number, "family": params[FAMILY], "score": -float(loss or 0.0),
            "weight": weights.get(number, 0.0), "seconds": trial.seconds if trial else None, "params": params})
    return sorted(found, key=lambda row: (-row["score"], row["number"]))


def compile_kernels(families: Sequence[str], classes: int, verbose: bool) -> float:
    """Train the portfolio's configurations on a few rows, unless this process has done so; return the seconds."""
    begun = time.monotonic()
    missing = [name for name in families if (name, min(classes, 3)) not in _compiled]
    if missing:
        folds = _few_rows(min(classes, 3))
        for params in _different(portfolio(missing, classes, FEW_ROWS)):
            model = folds.fold_model(params, 0, 0, None)
            model.predict_matrix(folds.features(model.features.encoding, 0)[2])
        _compiled.update((name, min(classes, 3)) for name in missing)
    seconds = time.monotonic() - begun
    if verbose and seconds > LONG:
        note(f"compiling the kernels, once: {seconds:.0f} s")
    return seconds


def _few_rows(classes: int) -> Folds:
    """A table with numbers, gaps and categories, and one fold."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=FEW_ROWS)
    gaps = np.where(x > 1.0, np.nan, x)
    table = Table.from_columns({"x": x, "gaps": gaps, "text": rng.choice(["a", "b", "c"], FEW_ROWS)})
    split: Split = np.arange(FEW_ROWS // 2), np.arange(FEW_ROWS // 2, FEW_ROWS)
    return Folds(table, np.arange(FEW_ROWS) % classes if classes else x, classes, [split])


def _different(configurations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return short trainings, each kind once: they differ in what is compiled, such as an embedding, not in numbers."""
    found: dict[str, dict[str, Any]] = {}
    for params in configurations:
        short = {name: SHORT.get(name.removeprefix(f"{params[FAMILY]}_"), value) for name, value in params.items()}
        kind = {name: value if isinstance(value, (str, bool, type(None))) else None for name, value in short.items()}
        kind["members"] = params.get("network_members")
        kind["dropout"] = params.get("network_dropout", 0.0) > 0.0
        found.setdefault(repr(sorted(kind.items(), key=str)), short)
    return list(found.values())
