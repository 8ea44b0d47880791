"""The search of AutoML: first the portfolio, then Bayesian search over all families, within a budget.

The result is an ordinary study: `study.trials`, `study.why` and the plots of `scratchtune.insight` show what was tried.
With a budget of trials, neither the number of threads nor an interruption changes the study.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.digests import digest_of
from scratchtune.search import BayesianSearch, Categorical
from scratchtune.study import Study, Trial
from scratchtune.tables.families import FAMILIES, FAMILY, TARGET, joint_space
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import Folds, Member
from scratchtune.tables.portfolio import portfolio
from scratchtune.tables.target_scale import scales_to_try

AT_ONCE = 4  # trials that may run at the same time without changing the study
MANY = 10**6  # more trials than any time budget allows
SEARCH_SHARE = 0.92  # of the time budget; the rest chooses the ensemble
LIBRARY = 25  # the best trials, from which the ensemble is chosen
TRIAL_SHARE = 0.2  # the largest share of the search's time that one trial may take
PREDICTIONS = "predictions"  # the array that a stored trial saves


class Budget(NamedTuple):
    """How much is tried: ``seconds`` from ``begun`` (of `time.monotonic`), or, if given, ``trials`` configurations."""

    seconds: float | None
    trials: int | None
    begun: float

    @property
    def deadline(self) -> float | None:
        """When the search must end; None with a budget of trials."""
        return None if self.trials is not None or self.seconds is None else self.begun + SEARCH_SHARE * self.seconds


@dataclass
class Searched:
    """What the search has found: the study, and the members that are in memory, by number of trial.

    ``interruption`` is the one that has ended the search before its budget was used, None if none has.
    """

    study: Study
    folds: Folds
    members: dict[int, Member] = field(default_factory=dict)
    interruption: KeyboardInterrupt | None = None

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
        """Return the numbers of the complete trials, the smallest loss first."""
        complete = [trial for trial in self.study.trials if trial.state == "complete"]
        return [trial.number for trial in sorted(complete, key=lambda trial: (trial.value, trial.number))]

    def trained(self) -> list[int]:
        """Return the same without the trials whose members are not in memory."""
        return [number for number in self.ranked() if number in self.members]


class Objective:
    """The out-of-fold loss of a configuration; it keeps the members from which the ensemble is chosen."""

    def __init__(self, goal: Goal, searched: Searched, budget: Budget, store: bool) -> None:
        self.goal, self.searched, self.budget, self.store = goal, searched, budget, store
        self._lock = threading.Lock()
        self._losses: dict[int, tuple[float, str]] = {}  # of the members in memory, with their families

    def __call__(self, trial: Trial) -> float:
        """Train a trial's configuration on all folds, and return its loss."""
        deadline = self.budget.deadline
        if deadline is not None:  # a share of it for each trial
            deadline = min(deadline, time.monotonic() + TRIAL_SHARE * (deadline - self.budget.begun))
        folds = self.searched.folds
        member = folds.member(trial.params, trial.seed, deadline)
        loss = self.goal.loss(folds.targets, member.predictions)
        if self.store:
            trial.save({PREDICTIONS: member.predictions})
        with self._lock:
            self._keep(trial.number, member, loss, trial.params[FAMILY])
        return loss

    def _keep(self, number: int, member: Member, loss: float, family: str) -> None:
        """Keep a member; forget those that are neither among the best `LIBRARY` nor the best of their family."""
        self.searched.members[number] = member
        self._losses[number] = loss, family
        ranked = sorted(self._losses, key=lambda known: (self._losses[known][0], known))
        firsts = {next(known for known in ranked if self._losses[known][1] == name)
                  for name in {name for _, name in self._losses.values()}}
        for known in ranked[LIBRARY:]:
            if known not in firsts:
                del self._losses[known], self.searched.members[known]


def search(
    goal: Goal, folds: Folds, families: Sequence[str], budget: Budget, seed: int = 0, n_jobs: int = 1,
    storage: str | Path | None = None, progress: bool = True,
) -> Searched:
    """Try configurations until the budget is used, on ``n_jobs`` threads; see `AutoClassifier` for the arguments.

    Raises RuntimeError if no configuration could be trained.
    """
    study = new_study(goal, folds, families, seed, storage)
    searched = Searched(study, folds)
    objective = Objective(goal, searched, budget, store=storage is not None)
    with _bar(budget, len(study.trials), progress) as bar:
        def show(study: Study, trial: Trial) -> None:
            done = time.monotonic() - budget.begun if budget.trials is None else len(study.trials)
            bar.update(min(done, bar.total) - bar.n)
            bar.set_postfix_str(f"trial {trial.number}, best {study.best_value:.6g}" if _has_best(study) else "")

        deadline = budget.deadline
        timeout = None if deadline is None else max(deadline - time.monotonic(), 0.01)
        try:
            study.run(objective, n_trials=budget.trials or MANY, timeout=timeout, n_jobs=min(n_jobs, AT_ONCE),
                      callbacks=[show], progress=False, max_failures="unlimited")
        except KeyboardInterrupt as signalled:
            searched.interruption = signalled
    if not searched.ranked() and searched.interruption is None:
        failed = study.trials[0].error if study.trials else "there was no time for one"
        raise RuntimeError(f"no configuration could be trained; the first: {failed}")
    return searched


def new_study(
    goal: Goal, folds: Folds, families: Sequence[str], seed: int, storage: str | Path | None,
) -> Study:
    """Return the study, in which the portfolio's configurations are enqueued."""
    space = joint_space(families)
    scales = scales_to_try(folds.y, is_regression=True) if not goal.classes else ()
    if len(scales) > 1:
        space[TARGET] = Categorical(list(scales))
    data = digest_of(*[rows for split in folds.splits for rows in split], folds.y,
                     also=f"{goal.scoring} {folds.table.names}")
    study = Study(space, BayesianSearch(parallel=AT_ONCE), "minimize", seed, storage, "auto", data=data)
    for params in with_scales(portfolio(families, goal.classes, len(folds.y)), scales):
        study.enqueue(params)
    return study


def with_scales(configurations: Sequence[dict[str, Any]], scales: Sequence[str]) -> list[dict[str, Any]]:
    """Return the configurations with each scale of the target, where there is a choice: the logarithm first."""
    if len(scales) < 2:
        return list(configurations)
    found = []
    for params in configurations:
        found += [{**params, TARGET: scale} for scale in reversed(scales)]
    return found


def _has_best(study: Study) -> bool:
    return any(trial.state == "complete" for trial in study.trials)


def _bar(budget: Budget, known: int, progress: bool) -> tqdm:
    """A bar over the seconds, or the trials, of the budget; on a terminal only."""
    total = budget.trials or SEARCH_SHARE * (budget.seconds or 0.0)
    shape = "{l_bar}{bar}| {n:.0f}/{total:.0f} {unit} {postfix}"
    return tqdm(total=total, initial=min(known, total) if budget.trials else 0, unit="trials" if budget.trials else "s",
                disable=None if progress else True, bar_format=shape, leave=False)


def best_of_families(searched: Searched) -> dict[str, int]:
    """Return the number of the best trial of each family that has one."""
    best: dict[str, int] = {}
    for number in searched.ranked():
        best.setdefault(searched.study.trials[number].params[FAMILY], number)
    return {name: best[name] for name in FAMILIES if name in best}
