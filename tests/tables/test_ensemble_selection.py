"""Greedy ensemble selection: a worked example, and that an ensemble is never worse than its best model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.ensemble_selection import Evidence, cross_fitted, greedy_weights, verdict_of, weighted
from scratchtune.tables.goal import Goal, goal_for
from scratchtune.tables.splitting import Units

SQUARED = Goal("neg_mean_squared_error", 0)


def test_two_models_that_err_in_opposite_directions_are_averaged() -> None:
    """Errors 1 and -1: the mean of both has none."""
    y = np.array([0.0, 1.0, 2.0])
    assert greedy_weights(SQUARED, y, [y + 1.0, y - 1.0, y + 5.0]).tolist() == [0.5, 0.5, 0.0]


def test_a_perfect_model_is_taken_alone() -> None:
    y = np.array([0.0, 1.0, 2.0])
    assert greedy_weights(SQUARED, y, [y + 1.0, y]).tolist() == [0.0, 1.0]


def test_an_ensemble_is_at_least_as_good_as_its_best_model() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    models = [rng.dirichlet(np.ones(3), 200) * 0.7 + 0.3 * np.eye(3)[y] for _ in range(6)]
    goal = goal_for(3, None)
    weights = greedy_weights(goal, y, models)
    assert weights.sum() == pytest.approx(1.0)
    assert goal.loss(y, weighted(models, weights)) <= min(goal.loss(y, model) for model in models)


def test_cross_fitted_predictions_do_not_use_the_targets_of_their_own_rows() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=60)
    models = [y + rng.normal(size=60) for _ in range(4)]
    parts = np.array_split(np.arange(60), 3)
    changed = y.copy()
    changed[parts[0]] += 100.0
    before, after = (cross_fitted(SQUARED, target, models, parts) for target in (y, changed))
    assert (before[parts[0]] == after[parts[0]]).all() and (before != after).any()


def test_a_loss_without_a_value_does_not_win() -> None:
    """The area under the curve needs both classes; a constant target has none, and the first model is taken."""
    goal = goal_for(2, "roc_auc")
    y, p = np.zeros(4, int), np.full((4, 2), 0.5)
    assert greedy_weights(goal, y, [p, p]).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("ours", "baselines", "options", "expected"), [
    (0.5, {"trees": 1.0, "linear": 2.0, "mean": 3.0}, {}, (0.75, "trees", "ensemble", "")),
    (1.0, {"trees": 1.0, "linear": 1.0}, {}, (0.0, "linear", "default", "")),  # of equal ones the first
    (0.5, {"network": 1.0, "mean": 0.5}, {}, (0.75, "network", "ensemble", "features, mean squared error 0.25")),
    (2.0, {"network": 1.0, "mean": 1.0}, {}, (-3.0, "network", "default", "features, mean squared error 1")),
    (2.0, {"network": 1.0, "mean": 0.5}, {"interrupted": True}, (-3.0, "network", "ensemble", "")),
])
def test_which_model_is_saved(ours: float, baselines: dict[str, float], options: Any, expected: Any) -> None:
    """Each error of a model is the same, so that the gain in squared error is sure."""
    y = np.arange(8.0)
    made = Evidence(SQUARED, None, y, y, Units(np.arange(8)), y + ours,  # type: ignore[arg-type]
                    {name: y + error for name, error in baselines.items()}, {})
    found = verdict_of(made, (2, 5), 0, **{"interrupted": False} | options)
    warning = found.text.partition("not better than a model without ")[2]
    assert (found.gain, found.default, found.saved, warning) == expected
    assert found.error == pytest.approx(0.0, abs=1e-12)
