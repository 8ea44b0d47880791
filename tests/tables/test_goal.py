"""Goals: scores of predictions equal scikit-learn's scorers; a scoring that does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.tables.goal import LEAST, goal_for, mean_log_loss

RNG = np.random.default_rng(0)
Y2, Y3 = RNG.integers(0, 2, 50), RNG.integers(0, 3, 60)
P2, P3 = RNG.dirichlet(np.ones(2), 50), RNG.dirichlet(np.ones(3), 60)


def test_the_log_loss_by_hand() -> None:
    """-(ln 0.5 + ln 0.25) / 2 = 1.5 ln 2."""
    assert mean_log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]])) == pytest.approx(1.5 * np.log(2.0))


def test_a_probability_of_zero_costs_much_but_not_infinitely() -> None:
    assert mean_log_loss(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(LEAST))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", "roc_auc", "f1", "balanced_accuracy",
                                     "average_precision"])
def test_two_classes_score_as_in_scikit_learn(scoring: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    expected = {
        "neg_log_loss": lambda: -metrics.log_loss(Y2, P2),
        "accuracy": lambda: metrics.accuracy_score(Y2, P2.argmax(axis=1)),
        "roc_auc": lambda: metrics.roc_auc_score(Y2, P2[:, 1]), "f1": lambda: metrics.f1_score(Y2, P2[:, 1] > 0.5),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(Y2, P2[:, 1] > 0.5),
        "average_precision": lambda: metrics.average_precision_score(Y2, P2[:, 1])}
    assert goal_for(2, scoring).score(Y2, P2) == pytest.approx(expected[scoring]())


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_three_classes_score_as_in_scikit_learn(scoring: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    expected = {
        "neg_log_loss": lambda: -metrics.log_loss(Y3, P3),
        "roc_auc_ovr": lambda: metrics.roc_auc_score(Y3, P3, multi_class="ovr"),
        "f1_macro": lambda: metrics.f1_score(Y3, P3.argmax(axis=1), average="macro")}
    assert goal_for(3, scoring).score(Y3, P3) == pytest.approx(expected[scoring]())


@pytest.mark.parametrize(("classes", "scoring"), [(0, "accuracy"), (2, "r2"), (3, "roc_auc"), (3, "f1")])
def test_a_scoring_that_does_not_fit_is_refused(classes: int, scoring: str) -> None:
    with pytest.raises(ValueError, match=rf"scoring is '{scoring}'; for .* it must be one of"):
        goal_for(classes, scoring)


def test_an_unknown_scoring_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        goal_for(2, "acuracy")


def test_predictions_without_features() -> None:
    assert goal_for(3, None).mean(np.array([0, 0, 1, 2]), 2).tolist() == [[0.5, 0.25, 0.25]] * 2
    assert goal_for(0, None).mean(np.array([1.0, 3.0]), 1).tolist() == [2.0]
