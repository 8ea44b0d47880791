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
from scratchtune.tables.explaining import Explanation, Importance, explained, predicted
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


@pytest.mark.parametrize(("rise", "begins", "ends"), [
    (-0.031, "better by more than two standard errors: ", "0.0310 +- 0.0150 better"),
    (-0.03, "as good within two standard errors: ", "0.0300 +- 0.0150 better"),
    (0.03, "as good within two standard errors: ", "0.0300 +- 0.0150 worse")])
def test_as_good_is_at_most_two_standard_errors_worse(
    rise: float, begins: str, ends: str, of_values: tuple[Any, Evidence], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Oracle: the rise and its standard error, given."""
    monkeypatch.setattr(explaining, "difference", lambda *_: (rise, 0.015))
    assert explained(*of_values).simple == (
        f"{begins}a model without features, mean squared error 6.349, {ends} than the model on the same rows")


@pytest.mark.parametrize("enough", [N, N - 1])
def test_which_simpler_models_are_tried(
    enough: int, of_values: tuple[Any, Evidence], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All are worse, and all columns matter: the simplest come first; of many rows none is trained on few columns."""
    monkeypatch.setattr(explaining, "difference", lambda *_: (0.031, 0.01))
    monkeypatch.setattr(explaining, "ENOUGH", enough)
    model, known = of_values
    few = [f"a linear model with defaults on {count}" for count in ("1 column", "2 columns", "3 columns")]
    alone = ["a linear model (trial 0) alone", "boosted trees (trial 3) alone"]
    assert explained(model, replace(known, baselines=known.baselines | {"linear": known.y + 0.01})).simple == (
        "no simpler model is as good within two standard errors (tried: " + ", ".join([
            "a model without features", *few[: 3 * (enough == N)], "a linear model with defaults",
            "boosted trees with defaults", *alone]) + ")")


def test_one_model_is_no_ensemble(of_values: tuple[Any, Evidence]) -> None:
    model, known = of_values
    number = next(iter(known.members))
    alone = replace(known, members={number: (1.0, known.members[number][1])})
    found = explained(model, alone)
    assert " (trial " not in found.simple
    assert "the model: one configuration, no ensemble, one model for each of 3 folds" in found.text()
    assert "ensemble of" not in found.text()


def by_hand(members: dict[int, tuple[float, list[float]]]) -> tuple[Any, Evidence]:
    """Members with a weight and the factors of four columns, whose weighted sum is the target."""
    X = np.random.default_rng(0).normal(size=(N, 4))
    features = Table({f"x{j}": X[:, j] for j in range(4)})
    models = {number: (weight, [SimpleNamespace(
        features=SimpleNamespace(transform=lambda rows: np.column_stack([rows.column(name) for name in rows.names])),
        predict_matrix=lambda matrix, factors=factors: matrix @ factors)] * 2)
        for number, (weight, factors) in members.items()}
    y = X @ sum(weight * np.array(factors) for weight, factors in members.values())
    halves = np.arange(N // 2), np.arange(N // 2, N)
    model = SimpleNamespace(seed_=0, n_trials=4, time_budget=None, leaderboard_=[
        {"number": number, "family": "trees", "params": {}} for number in members])
    return model, Evidence(Goal("neg_mean_squared_error", 0), Folds(features, y, 0, [halves, halves[::-1]]),
                           np.arange(N), y, Units(np.arange(N)), y, {}, models)  # type: ignore[arg-type]


def test_the_columns_that_change_the_heaviest_member_the_most_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A permuted normal column with factor c has the squared error 2 c^2."""
    monkeypatch.setattr(explaining, "MEASURED", 3)
    found = explained(*by_hand({5: (0.4, [9.0, 0.0, 5.0, 0.0]), 7: (0.6, [0.5, 2.0, -1.0, 3.0])}))
    assert found.unmeasured == ["x0"] and [one.column for one in found.importances] == ["x3", "x2", "x1"]
    assert [one.rise for one in found.importances] == pytest.approx([2 * 1.8**2, 2 * 1.4**2, 2 * 1.2**2], rel=0.3)
    assert [(row["number"], row["weight"]) for row in found.members] == [(7, 0.6), (5, 0.4)]


def test_the_only_member_is_not_simpler_than_itself() -> None:
    """Where the predictions are cross-fitted, a single member need not have the same."""
    model, known = by_hand({5: (1.0, [1.0, 2.0, 3.0, 4.0])})
    found = explained(model, replace(known, predictions=known.y + np.resize([0.1, -0.1], N)))
    assert found.simple == ("no simpler model is as good within two standard errors (tried: none, as it is the "
                            "simplest)")


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


def test_the_text_of_an_ensemble_of_many_members() -> None:
    """A column is visible above three standard errors; five members, and five columns without effect, are named."""
    without = [Importance("edge", 3.0, 1.0), *(Importance(f"x{k}", 0.0, 0.1) for k in range(5))]
    members = [{"number": k, "family": "linear", "weight": (7 - k) / 28, "params": {
        "family": "linear", "linear_alpha": 0.1, "target": ("log", "linear")[k % 2]}} for k in range(7)]
    given = Explanation("r2", 1, 1200, [Importance("age", 0.4, 0.05), *without], ["y", "z"], members, "the end")
    assert given.text() == """\
columns that matter (rise of the loss (minus r2) where a column is permuted, on 1,200 rows that the models were not \
trained on; 90% interval):
  age  0.4000  0.3178 to 0.4822
  no visible importance (at most 3 standard errors): 'edge', 'x0', 'x1', 'x2', 'x3' and 1 more
  not measured: 2 more columns, which change the predictions of the heaviest member less
the model: an ensemble of 7 configurations, each with one model
  25% a linear model (trial 0: alpha=0.1, target=log)
  21% a linear model (trial 1: alpha=0.1)
  18% a linear model (trial 2: alpha=0.1, target=log)
  14% a linear model (trial 3: alpha=0.1)
  11% a linear model (trial 4: alpha=0.1, target=log)
  11% in 2 more
the end"""
    fewer = replace(given, folds=3, importances=without[:5], unmeasured=[], members=members[:5]).text()
    assert fewer.replace("25% a linear", "|").split("|")[0] == """\
columns that matter (rise of the loss (minus r2) where a column is permuted, on 1,200 rows that the models were not \
trained on; 90% interval):
  none visibly
  no visible importance (at most 3 standard errors): 'edge', 'x0', 'x1', 'x2', 'x3'
the model: an ensemble of 5 configurations, each with one model for each of 3 folds
  """
    assert fewer.endswith("target=log)\nthe end")
