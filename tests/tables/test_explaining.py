"""The explanation: importances of a table whose effects are known, what the model is, honest simple models."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scratchtune.tables import explaining
from scratchtune.tables.ensemble_selection import Evidence
from scratchtune.tables.explaining import Explanation, explained, predicted
from scratchtune.tables.families import FAMILY
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import Folds
from scratchtune.tables.reading.table import Table
from scratchtune.tables.searching import Budget, Searched, leaderboard, new_search, run
from scratchtune.tables.splitting import Units, splits_for
from scratchtune.tables.stored import plain, restored
from scratchtune.tables.target import Target

N = 240


def table(seed: int = 0) -> tuple[Table, np.ndarray]:
    """Effects in the order day > x > city; two columns of noise, one of them texts."""
    rng = np.random.default_rng(seed)
    day, x, city = rng.integers(0, 700, N), rng.normal(size=N), rng.choice(["Rome", "Oslo", "Nice"], N)
    columns = {"x": x, "noise": rng.normal(size=N), "city": city.tolist(), "colour": rng.choice(["red", "blue"], N),
               "day": (np.datetime64("2020-01-01") + day).astype("datetime64[D]")}
    return Table.from_columns(columns), day / 100.0 + x + 0.7 * (city == "Rome") + 0.1 * rng.normal(size=N)


def evidence(y: np.ndarray, classes: int, features: Table, families: tuple[str, ...] = ("trees", "linear")) -> tuple[
        Any, Evidence]:
    """The evidence of an ensemble of the best two of four configurations, and what explanations read of a model."""
    goal = Goal("neg_log_loss" if classes else "neg_mean_squared_error", classes)
    folds = Folds(features, y, classes, splits_for(y, classes, 3))
    prepared: Searched = new_search(goal, folds, families, 4, 0, None)
    found = run(goal, prepared, Budget(None, 4, 0.0), progress=False)
    numbers = found.ranked()[:2]
    weights = dict(zip(numbers, (0.7, 0.3), strict=True))
    predictions = np.sum([w * found.predictions(number) for number, w in weights.items()], axis=0)
    best = {found.study.trials[number].params[FAMILY]: found.predictions(number) for number in found.ranked()[::-1]}
    baselines = {"most frequent" if classes else "mean": goal.mean(y, len(y)), **best}
    members = {number: (w, found.member(number).models) for number, w in weights.items()}
    labels = ("no", "yes", "fog")[:classes]
    model = SimpleNamespace(seed_=0, n_trials=4, time_budget=60.0, target_=Target("y", labels, ""),
                            leaderboard_=leaderboard(found, weights), verdict_=SimpleNamespace(default="trees"))
    return model, Evidence(goal, folds, np.arange(len(y)), folds.targets, Units(np.arange(len(y))), predictions,
                           baselines, members)


@pytest.fixture(scope="module")
def of_values() -> tuple[Any, Evidence]:
    features, y = table()
    return evidence(y, 0, features)


@pytest.fixture(scope="module")
def of_classes() -> tuple[Any, Evidence]:
    features, y = table()
    return evidence(np.digitize(y, [3.0, 5.0]), 3, features)


@pytest.fixture(scope="module")
def explanation(of_values: tuple[Any, Evidence]) -> Explanation:
    return explained(*of_values)


def test_the_columns_are_in_the_order_of_their_effects(explanation: Explanation) -> None:
    assert [found.column for found in explanation.visible][:3] == ["day", "x", "city"]
    assert not {"noise", "colour"} & {found.column for found in explanation.visible}
    assert all(found.ends[0] <= found.rise <= found.ends[1] for found in explanation.importances)


def test_unchanged_rows_are_predicted_out_of_fold(of_values: tuple[Any, Evidence]) -> None:
    """Oracle: the out-of-fold predictions that the search has computed."""
    _, known = of_values
    rows = np.random.default_rng(0).permutation(N)[:100]
    np.testing.assert_allclose(predicted(known, rows)[0], known.predictions[rows], rtol=1e-6)


def test_a_replaced_column_has_the_cells_of_other_rows(
    of_values: tuple[Any, Evidence], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a table that is divided into parts, too."""
    _, known = of_values
    rows = np.arange(50)
    itself = [(name, known.folds.rows[rows]) for name in known.folds.table.names]
    monkeypatch.setattr(explaining, "CELLS", 100)
    found = predicted(known, rows, itself)
    np.testing.assert_allclose(found, np.broadcast_to(found[0], found.shape))
    other = predicted(known, rows, [("noise", rows[::-1]), ("day", rows[::-1])])
    assert np.abs(other[2] - other[0]).mean() > np.abs(other[1] - other[0]).mean()


def test_it_says_what_it_is_and_which_simple_model_is_as_good(explanation: Explanation) -> None:
    text = explanation.text()
    for part in ("columns that matter (rise of the mean squared error where a column is permuted, on 240 rows",
                 "no visible importance (at most 3 standard errors): ", "  70% ",
                 "the model: an ensemble of 2 configurations, each with one model for each of 3 folds"):
        assert part in text
    assert text.endswith(explanation.simple) and " two standard errors" in explanation.simple


def test_the_model_itself_is_not_among_those_that_were_tried(of_values: tuple[Any, Evidence]) -> None:
    """Boosted trees that are as good as the truth: those of one column are listed as what they are."""
    model, known = of_values
    perfect = known.y + 0.001
    found = explained(model, replace(known, predictions=perfect, baselines={
        "mean": known.baselines["mean"], "trees": perfect}))
    assert found.simple == (
        "no simpler model is as good within two standard errors (tried: a model without features, boosted trees with "
        "defaults on 1 column, boosted trees with defaults on 2 columns, boosted trees with defaults on 3 columns)")


def test_a_member_alone_is_simpler_than_the_ensemble(of_values: tuple[Any, Evidence]) -> None:
    model, known = of_values
    number, (_, models) = next(iter(known.members.items()))
    noisy = predicted(replace(known, members={number: (1.0, models)}), np.arange(N))[0] + np.resize([0.02, -0.02], N)
    found = explained(model, replace(known, predictions=noisy, baselines={}))
    assert f" (trial {number}) alone, " in found.simple and "two standard errors: " in found.simple


def test_nothing_is_simpler_than_the_model_without_features(of_values: tuple[Any, Evidence]) -> None:
    model, known = of_values
    found = explained(model, replace(known, predictions=known.baselines["mean"]))
    assert "tried: none, as it is the simplest" in found.text()


@pytest.mark.parametrize(("shift", "begins"), [
    (0.0, "better by more than two standard errors: a model without features, mean squared error "),
    (0.02, "as good within two standard errors: a model without features, "), (0.2, "no simpler model is as good")])
def test_as_good_is_at_most_two_standard_errors_worse(
    shift: float, begins: str, of_values: tuple[Any, Evidence], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Oracle: the rise and its standard error, given."""
    monkeypatch.setattr(explaining, "difference", lambda *_: (shift - 0.1 * (not shift), 0.015))
    assert explained(*of_values).simple.startswith(begins)


def test_one_model_is_no_ensemble(of_values: tuple[Any, Evidence]) -> None:
    model, known = of_values
    number = next(iter(known.members))
    alone = replace(known, members={number: (1.0, known.members[number][1])})
    found = explained(model, alone)
    assert " (trial " not in found.simple
    assert "the model: one configuration, no ensemble, one model for each of 3 folds" in found.text()
    assert "ensemble of" not in found.text()


def test_without_an_effect_no_column_matters_and_no_features_are_as_good() -> None:
    features, _ = table()
    y = np.random.default_rng(7).integers(0, 2, N)
    found = explained(*evidence(y, 2, features, ("linear",)))
    assert not found.visible and ": a model without features, log loss " in found.simple


@pytest.mark.slow  # 40 columns
def test_of_many_columns_some_are_screened_out() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 40))
    features = Table({f"x{j}": X[:, j] for j in range(40)})
    found = explained(*evidence(3.0 * X[:, 0] + X[:, 33], 0, features, ("linear",)))
    assert [one.column for one in found.importances[:2]] == ["x0", "x33"]
    assert len(found.importances) == explaining.MEASURED and len(found.unmeasured) == 10
    assert "not measured: 10 more columns" in found.text()


def test_it_is_the_same_after_json(explanation: Explanation) -> None:
    stored = restored(json.loads(json.dumps(plain(explanation))))
    assert stored == explanation and stored.text() == explanation.text()
