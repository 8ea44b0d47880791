"""Searches that are compared at an equal number of epochs: each is an *arm* of the comparison.

One searches the whole space, one the learning rate alone; one trains the default again and again, with other seeds.

Implements sections 6.2 and 6.3 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.examples.shared import ranking
from scratchtune.streams import note, tell
from scratchtune.study.best import best_first

SEARCHERS = ("hyperband", "bayesian")
CURVES = ("loss", "val_loss")
RESTART = "restart"  # the only hyper-parameter of the default's arm: its values change nothing but the seed


class _Model(Protocol):
    """A model that is made of one network."""

    @property
    def network(self) -> st.Sequential: ...


M = TypeVar("M", bound=_Model)


@dataclass
class TrainingObjective(Generic[M]):
    """The validation score of a configuration's model, trained for as many epochs as the trial's budget.

    A trial that Hyperband has promoted continues the training of its parent, the trial with fewer epochs. A trial saves
    its model's weights and its learning curves. ``epochs`` is the length of the longest training. ``fixed`` holds
    hyper-parameters that are not searched.
    """

    epochs: int
    fixed: dict[str, Any] = field(default_factory=dict)

    def build(self, params: Mapping[str, Any], seed: int) -> M:
        """Return the compiled model of a configuration, with its initial weights."""
        raise NotImplementedError

    def train(self, model: M, params: Mapping[str, Any], done: int, epochs: int) -> Mapping[str, Sequence[float]]:
        """Train a model from epoch ``done`` to epoch ``epochs``; return the values of `CURVES` after each epoch.

        Raises
            RuntimeError if the training diverges.
        """
        raise NotImplementedError

    def score(self, model: M, params: Mapping[str, Any]) -> float:
        """Return the score of a model on the validation set."""
        raise NotImplementedError

    def __call__(self, trial: st.Trial) -> float:
        """Return the validation score of a trial."""
        params, epochs = self.params(trial), int(trial.budget or self.epochs)
        model, curves = self.restored(trial, trial.load())
        history = self.train(model, params, len(curves["loss"]), epochs)
        value = self.score(model, params)
        trial.report(value, step=epochs)
        trial.save(model.network.get_state() | {
            name: np.append(curves[name], history[name]) for name in CURVES})
        return value

    def params(self, trial: st.Trial) -> dict[str, Any]:
        """The whole configuration of a trial."""
        return self.fixed | {name: value for name, value in trial.params.items() if name != RESTART}

    def restored(self, trial: st.Trial, saved: Mapping[str, np.ndarray] | None) -> tuple[M, dict[str, np.ndarray]]:
        """Return the model of a trial, and its learning curves so far; ``saved`` is what a trial has saved, if any."""
        model = self.build(self.params(trial), trial.seed)
        if saved is None:
            return model, {name: np.zeros(0) for name in CURVES}
        model.network.set_state({name: array for name, array in saved.items() if name not in CURVES})
        return model, {name: saved[name] for name in CURVES}


def hyperband(epochs: int, parts: int = 9, iterations: int = 1) -> st.Hyperband:
    """Hyperband over epochs; a Bayesian search proposes two thirds of the configurations, the rest are random.

    The shortest training has 1 / ``parts`` of the epochs.
    """
    return st.Hyperband(
        epochs, proposer=st.BayesianSearch(parallel=2), min_budget=max(epochs // parts, 1), random_share=1 / 3,
        iterations=iterations)


def trainings(epochs: int, parts: int = 9) -> int:
    """The number of trainings of ``epochs`` epochs that have as many epochs as Hyperband's schedule, rounded down."""
    return hyperband(epochs, parts).cost(going_on=True) // epochs


@dataclass
class Arm(Generic[M]):
    """A search that is compared; ``trials`` is how many it has, None for the whole schedule of Hyperband."""

    name: str
    study: st.Study
    objective: TrainingObjective[M]
    trials: int | None

    def run(self, jobs: int) -> None:
        """Run its trials."""
        self.study.run(self.objective, self.trials, n_jobs=jobs, max_failures="unlimited")

    @property
    def best(self) -> st.Trial:
        """The best of the trials that were trained for the most epochs."""
        found = best_first(self.study.trials, self.study.direction)
        if not found:
            raise RuntimeError(f"all trials of the search {self.name!r} failed: {self.study.trials[0].error}")
        return found[0]

    @property
    def epochs(self) -> int:
        """The epochs of all its trainings; of a promoted trial, only those after its parent's."""
        budget = [int(trial.budget or self.objective.epochs) for trial in self.study.trials]
        return sum(budget) - sum(budget[trial.parent] for trial in self.study.trials if trial.parent is not None)

    def model(self) -> M:
        """The model that the best trial has saved."""
        return self.objective.restored(self.best, self.best.saved)[0]

    def curves(self, trials: Sequence[st.Trial]) -> dict[int, dict[str, list[float]]]:
        """The learning curves that some trials have saved, by their numbers."""
        return {trial.number: {name: (trial.saved or {})[name].tolist() for name in CURVES} for trial in trials}


def prepared_arms(
    space: Mapping[str, Any], default: Mapping[str, Any], objective: Callable[[dict[str, Any]], TrainingObjective[M]],
    searcher: str, parts: int = 9, **options: Any,
) -> list[Arm[M]]:
    """Return the three searches; each trains for as many epochs as Hyperband's schedule, or slightly fewer.

    The first searches the whole ``space``, by ``searcher``. The second searches the learning rate alone, with the other
    hyper-parameters of ``default``. The third trains ``default`` with different seeds. ``objective`` makes an objective
    from the hyper-parameters that are fixed. ``parts`` is that of `hyperband`, ``options`` are those of `Study`.
    """
    epochs = objective({}).epochs
    full = trainings(epochs, parts)
    trials = None if searcher == "hyperband" else full
    arms = []
    for name, searched, fixed in (
        ("tuned", dict(space), {}),
        ("learning rate alone", {"learning_rate": space["learning_rate"]}, dict(default)),
        ("default", {RESTART: list(range(full))}, dict(default)),
    ):
        method: Any = st.GridSearch() if name == "default" else hyperband(epochs, parts) if trials is None else (
            st.BayesianSearch(parallel=2))
        study = st.Study(searched, method, name=f"{name}, {searcher}", **options)
        arms.append(Arm(name, study, objective(fixed), full if name == "default" else trials))
    return arms


def run_all(arms: Sequence[Arm[M]], jobs: int, heading: str) -> Arm[M]:
    """Run the searches, print the best trials of the first and why its best was proposed, and return it."""
    for arm in arms:
        begun = time.perf_counter()
        arm.run(jobs)
        note(f"{arm.name}: {checks.counted(len(arm.study.trials), 'trial')}, {arm.epochs} epochs, "
             f"{time.perf_counter() - begun:.0f} s")
    tuned = arms[0]
    tell(f"\n{ranking(tuned.study, heading, tuned.objective.epochs)}\n\nwhy trial {tuned.best.number}: "
         f"{tuned.study.why(tuned.best.number)}\n")
    return tuned
