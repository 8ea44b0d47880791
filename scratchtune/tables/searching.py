"""The search of AutoML: the defaults, then the portfolio, then Bayesian search over all families, within a budget.

The result is an ordinary study: `study.trials`, `study.why` and the plots of `scratchtune.insight` show what was tried.
With a budget of trials, neither the number of threads nor an interruption changes the study.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.core.digests import digest_of
from scratchtune.core.search import BayesianSearch, Categorical, GridSearch, Hyperband, Searcher, Space, as_searcher
from scratchtune.core.search.grid import finest_grid
from scratchtune.core.study import Study, Trial
from scratchtune.core.study.trial import record
from scratchtune.tables.families import FAMILY, TARGET, defaults, joint_space, portfolio
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
FEW_ROWS = 48  # with which each family is trained once, to compile its kernels
SHORT = {"epochs": 1, "units": 8, "hidden_layers": 1, "max_iter": 2}  # what makes a training short
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


@dataclass
class Searched:
    """What the search has found: the study, and the members that are in memory, by number of trial.

    ``interruption`` is the one that has ended the search before its budget was used, None if none has.
    """

    study: Study
    folds: Folds
    members: dict[int, Member] = field(default_factory=dict)
    interruption: KeyboardInterrupt | None = None
    defaults: dict[str, int] = field(default_factory=dict)  # by family
    is_stored: bool = False  # whether the study has a file

    def member(self, number: int) -> Member:
        """Return a trial's member; one that an earlier process has trained is trained again."""
        if number not in self.members:
            trial = self.study.trials[number]
            self.members[number] = self.folds.member(trial.params, trial.seed)
        return self.members[number]

    def predictions(self, number: int) -> np.ndarray:
        """Return a trial's out-of-fold predictions, from memory or from the study's file."""
        saved = self.study.trials[number].saved
        if number not in self.members and saved is not None and PREDICTIONS in saved:
            return saved[PREDICTIONS]
        return self.member(number).predictions

    def ranked(self) -> list[int]:
        """Return the numbers of the complete trials, the best first."""
        complete = [trial for trial in self.study.trials if trial.state == "complete"]
        complete.sort(key=lambda trial: (trial.value, trial.number))
        return [trial.number for trial in complete]

    def baselines(self) -> dict[str, int]:
        """Return the trial's number of each family's default that was trained, by family."""
        complete = self.ranked()
        return {name: number for name, number in self.defaults.items() if number in complete}


class Objective:
    """The out-of-fold loss of a configuration; it keeps the members from which the ensemble is chosen."""

    def __init__(self, goal: Goal, searched: Searched, budget: Budget) -> None:
        self.goal, self.searched, self.budget = goal, searched, budget
        self._lock = threading.Lock()
        self._losses: dict[int, tuple[float, str]] = {}  # of the members in memory, with their families

    def __call__(self, trial: Trial) -> float:
        """Train a trial's configuration on all folds, and return its loss; the losses of the folds are stored."""
        params, folds = trial.params, self.searched.folds
        member = self.member(params, trial.seed)
        loss = self.goal.loss(folds.targets, member.predictions)
        each = [self.goal.loss(folds.targets[part], member.predictions[part]) for part in folds.parts()]
        record(trial, scores=[None if np.isinf(one) else one for one in each])
        if self.searched.is_stored:
            trial.save({PREDICTIONS: member.predictions})
        with self._lock:
            self._keep(trial.number, member, loss, params[FAMILY])
        return loss

    def member(self, params: Mapping[str, Any], seed: int) -> Member:
        """Train a configuration; after the search's time a TimeoutError ends it, unless no other one was trained."""
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


def run(goal: Goal, searched: Searched, budget: Budget, n_jobs: int = 1, progress: bool = True) -> Searched:
    """Run the search that `new_search` has prepared, on ``n_jobs`` threads, within the budget; return it, now filled.

    Raises RuntimeError if no configuration could be trained.
    """
    study, objective = searched.study, Objective(goal, searched, budget)
    with _bar(budget, len(study.trials), progress) as bar:
        def show(study: Study, trial: Trial) -> None:
            done = time.monotonic() - budget.begun if budget.trials is None else len(study.trials)
            bar.update(min(done, bar.total) - bar.n)
            bar.set_postfix_str(f"best {goal.shown(study.best_value)}" if searched.ranked() else "")

        try:
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
    goal: Goal, folds: Folds, families: Sequence[str], trials: int | None, seed: int, storage: str | Path | None,
    searcher: str | Searcher = "bayesian",
) -> Searched:
    """Return a `Searched` with the study, in which the defaults and, for "bayesian", the portfolio are enqueued.

    ``trials``, if given, sizes a grid. Raises ValueError if the searcher cannot be used.
    """
    space, scales = joint_space(families), (LINEAR,) if goal.classes else scales_to_try(folds.y)
    first = defaults(families, goal.classes, len(folds.splits[0][0]))
    if len(scales) > 1:
        space[TARGET] = Categorical(list(scales))
        first = {name: params | {TARGET: LINEAR} for name, params in first.items()}
    joint = Space(space)
    left = None if trials is None else max(trials - len(first), 1)
    study = Study(joint, searcher_for(searcher, joint, left), "minimize", seed, storage, "auto",
                  data=_digest(goal, folds))
    later = portfolio(families, goal.classes, len(folds.y)) if searcher == "bayesian" else []
    if TARGET in space:
        later = [params | {TARGET: scale} for params in later for scale in reversed(scales)]  # the logarithm first
    enqueued = [*first.values()]
    enqueued += [params for params in later if params not in enqueued]
    for params in enqueued:
        study.enqueue(params, by="scratchtune itself, which tries its defaults first")
    return Searched(study, folds, is_stored=storage is not None,
                    defaults={name: number for number, name in enumerate(first)})


def searcher_for(searcher: str | Searcher, space: Space, trials: int | None) -> Searcher:
    """Return the searcher; a grid is the finest one that fits into the trials, or without ``trials`` a small one."""
    name = argument("searcher")
    if searcher == "bayesian":
        return BayesianSearch(parallel=AT_ONCE)
    if searcher == "grid" and trials is not None:
        return finest_grid(space, trials)
    if searcher == "grid":
        size = GridSearch().total(space)
        if size > LARGEST_GRID:
            raise ValueError(f"{name} is 'grid', and the grid has {size:,} points; without {argument('n_trials')} it "
                             f"may have at most {LARGEST_GRID:,}: give {argument('n_trials')}, for the finest grid of "
                             "so many points")
        return GridSearch()
    made = as_searcher(searcher).for_workers(AT_ONCE)
    if isinstance(made, Hyperband):
        raise ValueError(f"{name} is {searcher!r}, whose trials have different budgets; here each one is trained "
                         "fully, on every fold: take another searcher")
    return made


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


def _bar(budget: Budget, known: int, progress: bool) -> tqdm:
    """A bar over the seconds, or the trials (``known`` are stored), of the budget; on a terminal only."""
    total = budget.trials or budget.searching
    shape = "{l_bar}{bar}| {n:.0f}/{total:.0f} {unit} {postfix}"
    return tqdm(total=total, initial=min(known, total) if budget.trials else 0, unit="trials" if budget.trials else "s",
                disable=None if progress else True, bar_format=shape, leave=False)


def leaderboard(searched: Searched, weights: Mapping[int, float]) -> list[dict[str, Any]]:
    """Return one dict for each complete trial, the best first: number, family, score, weight, seconds, params."""
    ranked = [searched.study.trials[number] for number in searched.ranked()]
    return [{"number": trial.number, "family": trial.params[FAMILY], "score": -float(trial.value or 0.0),
             "weight": weights.get(trial.number, 0.0), "seconds": trial.seconds, "params": trial.params}
            for trial in ranked]


@functools.cache
def compile_kernels(families: tuple[str, ...], classes: int) -> None:
    """Train the portfolio on a few rows, once in a process, so that compiling takes no time of the budget."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=FEW_ROWS)
    gaps = np.where(x > 1.0, np.nan, x)
    table = Table.from_columns({"x": x, "gaps": gaps, "text": rng.choice(["a", "b", "c"], FEW_ROWS)})
    halves = np.arange(FEW_ROWS // 2), np.arange(FEW_ROWS // 2, FEW_ROWS)
    folds = Folds(table, np.arange(FEW_ROWS) % classes if classes else x, classes, [halves])
    for params in portfolio(families, classes, FEW_ROWS):
        short = {name: SHORT.get(name.removeprefix(f"{params[FAMILY]}_"), value) for name, value in params.items()}
        model = folds.fold_model(short, 0, 0, None)
        model.predict_matrix(folds.features(model.features.encoding, 0)[2])
