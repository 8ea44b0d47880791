"""Searches at equal cost: what they have in common, with a model of one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.examples.arms import CURVES, SEARCHERS, TrainingObjective, hyperband, prepared_arms, trainings


class _Network:
    """One number, which a training moves towards 1."""

    def __init__(self) -> None:
        self.value = 0.0

    def get_state(self) -> dict[str, np.ndarray]:
        return {"value": np.array(self.value)}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.value = float(state["value"])


@dataclass
class _Model:
    network: Any = field(default_factory=_Network)


class _Objective(TrainingObjective[_Model]):
    """Each epoch makes the distance to 1 smaller by the learning rate."""

    def build(self, params: Mapping[str, Any], seed: int) -> _Model:
        return _Model()

    def train(self, model: _Model, params: Mapping[str, Any], done: int, epochs: int) -> dict[str, list[float]]:
        losses = []
        for _ in range(done, epochs):
            model.network.value += params["learning_rate"] * (1.0 - model.network.value)
            losses.append(1.0 - model.network.value)
        return {name: losses for name in CURVES}

    def score(self, model: _Model, params: Mapping[str, Any]) -> float:
        return 1.0 - model.network.value


SPACE = {"learning_rate": st.Float(0.01, 0.5), "units": [1, 2]}
DEFAULT = {"learning_rate": 0.05, "units": 1}


@pytest.mark.parametrize("searcher", SEARCHERS)
def test_all_searches_train_for_as_many_epochs_or_slightly_fewer(searcher: str) -> None:
    arms = prepared_arms(SPACE, DEFAULT, lambda fixed: _Objective(9, fixed), searcher, direction="minimize")
    for arm in arms:
        arm.run(1)
    most = hyperband(9).cost(going_on=True)
    assert [arm.name for arm in arms] == ["tuned", "learning rate alone", "default"]
    assert all(most - 9 < arm.epochs <= most for arm in arms)
    tuned, rate, default = (arm.best.value for arm in arms)
    assert default == pytest.approx(0.95**9) and max(tuned, rate) < default


def test_a_promoted_trial_continues_its_parent_and_its_curves() -> None:
    arm = prepared_arms(SPACE, DEFAULT, lambda fixed: _Objective(9, fixed), "hyperband", direction="minimize")[0]
    arm.run(1)
    rate = arm.best.params["learning_rate"]
    assert arm.best.parent is not None and arm.best.value == pytest.approx((1 - rate) ** 9)
    curve = arm.curves([arm.best])[arm.best.number]["val_loss"]
    assert curve == pytest.approx([(1 - rate) ** epoch for epoch in range(1, 10)])
    assert arm.model().network.value == pytest.approx(1 - arm.best.value)


def test_what_is_fixed_is_part_of_a_configuration_and_the_restart_is_not() -> None:
    arm = prepared_arms(SPACE, DEFAULT, lambda fixed: _Objective(9, fixed), "bayesian", direction="minimize")[2]
    arm.run(1)
    assert len(arm.study.trials) == trainings(9) and arm.objective.params(arm.best) == DEFAULT


def test_a_search_without_a_finished_trial_says_why() -> None:
    class Failing(_Objective):
        def score(self, model: _Model, params: Mapping[str, Any]) -> float:
            raise RuntimeError("the training diverged")

    arm = prepared_arms(SPACE, DEFAULT, lambda fixed: Failing(3, fixed), "bayesian", direction="minimize")[1]
    arm.run(1)
    with pytest.raises(RuntimeError, match="all trials of the search 'learning rate alone' failed"):
        arm.best  # noqa: B018
