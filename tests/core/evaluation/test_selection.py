"""The one-standard-error rule: by hand, its property, and what counts as simpler."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import OneStandardError
from scratchtune.core.evaluation.selection import simplicity_of, standard_error, student_probability, student_quantile


def table(params: list[dict[str, Any]], scores: Any, metric: str = "score") -> dict[str, Any]:
    scores = np.array(scores, dtype=float)
    columns = {f"split{k}_test_{metric}": scores[:, k] for k in range(scores.shape[1])}
    return {"params": params, f"mean_test_{metric}": scores.mean(axis=1), **columns}


def test_the_rule_by_hand() -> None:
    # The best mean is 0.80; its folds deviate by -0.1, 0, 0.1: deviation 0.1, standard error 0.1 / sqrt(3) = 0.0577.
    # So whatever scores at least 0.7423 is near enough: 64, 32 and 16 units are, and 16 is the simplest of them.
    settings = [{"units": 64}, {"units": 32}, {"units": 16}, {"units": 8}]
    results = table(settings, [[0.7, 0.8, 0.9], [0.7, 0.8, 0.8], [0.75, 0.75, 0.75], [0.74, 0.74, 0.74]])
    assert standard_error(np.array([0.7, 0.8, 0.9])) == pytest.approx(0.1 / np.sqrt(3))
    assert OneStandardError()(results) == 2


def test_it_never_picks_what_is_further_from_the_best_nor_what_is_less_simple_than_it() -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        settings = [{"units": int(u), "l2": float(l2)} for u, l2 in zip(
            rng.integers(1, 9, size=12), rng.choice([0.0, 0.1, 1.0], size=12), strict=True)]
        results = table(settings, rng.normal(size=(12, 1)) * 0.1 + rng.normal(size=(12, 5)) * 0.3)
        best, chosen = int(results["mean_test_score"].argmax()), OneStandardError()(results)
        folds = np.array([results[f"split{k}_test_score"][best] for k in range(5)])
        assert results["mean_test_score"][chosen] >= folds.mean() - folds.std(ddof=1) / np.sqrt(5) - 1e-12
        assert simplicity_of(settings[chosen]) <= simplicity_of(settings[best])


@pytest.mark.parametrize("simpler, other", [
    ({"units": 8}, {"units": 9}),
    ({"units": 8, "hidden_layers": 2}, {"units": 20, "hidden_layers": 1}),
    ({"units": (8, 4)}, {"units": (8, 8)}),
    ({"units": 8, "l2": 0.0}, {"units": 9, "l2": 1.0}),  # the number of units comes first
    ({"units": [8, 4]}, {"units": [9, 9]}),
    ({"l1": 0.1, "l2": 0.0}, {"l1": 0.0, "l2": 0.1}),  # then the penalties, in this order
    ({"l2": 0.1, "weight_decay": 0.0}, {"l2": 0.0, "weight_decay": 0.1}),
    ({"weight_decay": 0.1, "dropout": 0.0}, {"weight_decay": 0.0, "dropout": 0.1}),
    ({"dropout": 0.5, "augment": 0.0}, {"dropout": 0.2, "augment": 0.1}),
    ({"augment": 0.1, "epochs": 90}, {"augment": None, "epochs": 9}),
    ({"epochs": 5}, {"epochs": 50}),
    ({"mlp__l2": 0.5, "epochs": 3}, {"mlp__l2": 0.1, "epochs": 3}),
    ({"l2": 0.5, "learning_rate": 0.1}, {"l2": 0.1, "learning_rate": 0.1}),
])
def test_what_is_simpler_by_default(simpler: dict[str, Any], other: dict[str, Any]) -> None:
    assert simplicity_of(simpler) < simplicity_of(other)


def test_one_s_own_simplicity() -> None:
    settings = [{"C": 10.0, "gamma": 1.0}, {"C": 0.1, "gamma": 1.0}, {"C": 0.1, "gamma": 2.0}]
    results = table(settings, [[0.8, 0.9], [0.79, 0.88], [0.8, 0.88]], "f1")
    assert OneStandardError("f1", simplicity="C")(results) == 2  # equally simple: the better score
    assert OneStandardError("f1", simplicity="C")(results | table(settings, [[0.1, 0.9]] * 3, "test_f1")) == 2
    assert OneStandardError("f1", simplicity="-C")(results) == 0
    assert OneStandardError("f1", simplicity=lambda params: -params["gamma"])(results) == 2


def test_degenerate_tables() -> None:
    one_fold = table([{"units": 1}, {"units": 2}], [[0.7], [0.8]])
    assert OneStandardError()(one_fold) == 1  # a single fold says nothing of the scatter
    failed = table([{"units": 1}, {"units": 2}, {"units": 3}], [[np.nan, 0.7], [0.7, 0.9], [0.8, 0.79]])
    assert OneStandardError()(failed) == 1
    assert OneStandardError()(table([{"units": 2}, {"units": 2}], [[0.5, 0.5], [0.5, 0.5]])) == 0
    assert OneStandardError()(table([{"units": 2}, {"units": 1}], [[-np.inf, -np.inf], [-np.inf, 0.5]])) == 1


def test_what_it_cannot_know_is_said() -> None:
    with pytest.raises(ValueError, match="does not define simplicity for C, kernel; give simplicity"):
        OneStandardError().check(["C", "kernel"])
    with pytest.raises(ValueError, match="simplicity is 'Cc'; it must be one of 'C'.*did you mean 'C'"):
        OneStandardError(simplicity="-Cc").check(["C"])
    with pytest.raises(TypeError, match="simplicity is 3"):
        OneStandardError(simplicity=3)
    OneStandardError(simplicity="mlp__units").check(["mlp__units"])
    OneStandardError().check(["units", "learning_rate"])
    OneStandardError().check([])


# Student's t ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dof", "t", "probability"), [
    (1, 12.706, 0.95), (2, 4.303, 0.95), (3, 3.182, 0.95), (4, 2.776, 0.95), (9, 2.262, 0.95), (30, 2.042, 0.95),
    (7, 0.711, 0.5)])
def test_students_probabilities_and_quantiles_are_those_of_tables(dof: int, t: float, probability: float) -> None:
    assert student_probability(t, dof) == pytest.approx(probability, abs=1e-4)
    assert student_quantile(probability, dof) == pytest.approx(t, abs=5e-4)
