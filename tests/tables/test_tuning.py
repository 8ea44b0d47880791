"""Tuning on a table: the test set stays held out, metrics are scikit-learn's, the same seed gives the same bits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.estimators import default_space
from scratchtune.evaluation.splits import Split
from scratchtune.job_options import JobOptions, silent
from scratchtune.search import Categorical, Float, Int, Space
from scratchtune.tables.describing import described
from scratchtune.tables.evaluating import HeldOutMetric, evaluate, metrics_for, score
from scratchtune.tables.model import TableEstimator, TableModel, Target, estimator_for, read_target
from scratchtune.tables.objective import TableObjective, check_scoring, default_scoring
from scratchtune.tables.prepared import prepare, prepare_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.result import TableTuning
from scratchtune.tables.search_options import Search, checked_searcher
from scratchtune.tables.space_file import read_space, written_space
from scratchtune.tables.table_encoder import TableEncoder
from scratchtune.tables.tuning import tune_prepared

QUIET = JobOptions(progress=False)
DECIDED = {"hidden_layers": 0, "weight_decay": 0.0}  # the columns below have a linear relation to the target
LINEAR = {name: [value] for name, value in DECIDED.items()}
QUICK = {"epochs": [30, 40], "units": [8, 16], "learning_rate": [0.01]}


def columns(rows: int = 150, classes: int = 2) -> dict[str, Any]:
    """A number of the row, a number with gaps, a text with gaps, a target: text for classes, a number for none."""
    rng = np.random.default_rng(0)
    age, city = rng.normal(40.0, 12.0, rows), rng.choice(["Rome", "Oslo", "Nice"], rows)
    score = (age - 40.0) / 12.0 + (city == "Rome") + rng.normal(0.0, 0.3, rows)
    names = np.array(["no", "yes", "perhaps"])
    target = names[np.digitize(score, [[1.2], [0.0, 1.5]][classes - 2])] if classes else score
    return {
        "row": np.arange(rows), "age": np.where(np.arange(rows) % 17 == 3, np.nan, age),
        "city": np.where(np.arange(rows) % 23 == 5, "", city), "y": target}


def tuned(given: dict[str, Any] | None = None, **options: Any) -> TableTuning:
    table = Table.from_columns(given or columns())
    prepared = prepare(table, "y", keep=[name for name in ("row", "name") if name in table.names])
    options = {"searcher": "random", "trials": 3, "space": QUICK, "impute": "median", "jobs": 1, "folds": 3,
               "storage": None, "progress": False, "say": silent, "refit": False, **options}
    search = Search(*(options.pop(name) for name in ("searcher", "trials", "space")), options.pop("seed", 0))
    run = JobOptions(*(options.pop(name) for name in ("jobs", "storage", "progress", "say")))
    return tune_prepared(prepared, search, run=run, **options)


def folds_of(result: TableTuning) -> Sequence[Split]:
    """The three folds of the training set."""
    objective = TableObjective(result.prepared.target, *result.prepared.training_set(), result.scoring)
    objective.split(3)
    return objective.splits


def bits(result: TableTuning) -> bytes:
    """The model, its training and the metrics on the test set."""
    theta = result.model.fitted.estimator.model_.theta.tobytes()
    return theta + repr([result.params, result.metrics, [trial.value for trial in result.study.trials]]).encode()


# The test set ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_share_of_each_class_is_held_out(classes: int, share: float) -> None:
    prepared = prepare(Table.from_columns(columns(classes=classes)), "y", test_size=share)
    assert sorted([*prepared.training_rows, *prepared.test_rows]) == list(range(150))
    assert len(prepared.test_rows) == 150 * share
    for one in range(classes):
        there, held_out = (prepared.y == one).sum(), (prepared.y[prepared.test_rows] == one).sum()
        assert abs(held_out - share * there) <= 1.0


def test_the_seed_chooses_the_test_set() -> None:
    table = Table.from_columns(columns())
    first, again, other = (prepare(table, "y", seed=seed).test_rows.tolist() for seed in (1, 1, 2))
    assert first == again != other


class Spy:
    """Notes which rows a method's first argument holds: its column "row"."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method, self.seen = method, []

    def __get__(self, owner: Any, kind: Any = None) -> Callable[..., Any]:
        def called(X: Any, *arguments: Any, **options: Any) -> Any:
            rows = X.column("row") if isinstance(X, Table) else X[:, 0]
            self.seen.append(tuple(sorted(rows.astype(int).tolist())))
            return self.method(owner, X, *arguments, **options)

        return called


@pytest.mark.parametrize("classes", [0, 2])
def test_nothing_is_fitted_on_the_test_set_nor_on_a_folds_validation_rows(
    classes: int, monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = st.MLPClassifier if classes else st.MLPRegressor
    spies = {}
    for kind in (TableEncoder, network):
        spies[kind] = Spy(kind.fit)
        monkeypatch.setattr(kind, "fit", spies[kind])
    scaler = Spy(st.StandardScaler.fit)
    monkeypatch.setattr(st.StandardScaler, "fit", scaler)
    result = tuned(columns(classes=classes))
    prepared = result.prepared
    table, y = prepared.training_set()
    training = [tuple(prepared.training_rows[train].tolist())
                for train, _ in folds_of(result)]
    of_everything, whole = set(prepared.training_rows.tolist()), tuple(prepared.training_rows.tolist())
    assert all(set(rows) <= of_everything for spy in spies.values() for rows in spy.seen)
    for spy in spies.values():
        assert [spy.seen.count(rows) for rows in training] == [4 + (classes == 2)] * 3
        assert spy.seen.count(whole) in (2, 3)  # the default and the best one; an encoder once more to see if it can
        assert len(spy.seen) <= 15 + 3 + 1 and min(map(len, spy.seen)) >= 32  # and a few rows, to compile
    assert set(scaler.seen) >= {*training, whole}
    if classes:  # in regression a scaler sees y too
        assert all(set(rows) <= of_everything for rows in scaler.seen)


@pytest.mark.parametrize("classes", [0, 2])
def test_values_of_the_test_set_change_neither_parameters_nor_model(classes: int, tmp_path: Path) -> None:
    given = columns(classes=classes)
    first = tuned(given)
    changed = first.prepared.test_rows
    given["age"][changed] *= 100.0
    given["city"][changed] = "Oslo"
    if not classes:
        given["y"][changed] += 50.0
    second = tuned(given)
    assert first.prepared.test_rows.tolist() == second.prepared.test_rows.tolist()
    assert [row.tuned for row in first.metrics] != [row.tuned for row in second.metrics]
    assert [trial.value for trial in first.study.trials] == [trial.value for trial in second.study.trials]
    files = []
    for i, result in enumerate((first, second)):
        result.model.save(tmp_path / f"{i}.npz")
        files.append({name: array.tobytes() for name, array in np.load(tmp_path / f"{i}.npz").items()})
    assert first.params == second.params and files[0] == files[1]


def test_prepare_table_splits_and_encodes_as_tuning_does(tmp_path: Path) -> None:
    """What an emitted script trains on is what the tuned model was trained on."""
    given = columns()
    np.savez(tmp_path / "table.npz", **given)
    rows = prepare_table(tmp_path / "table.npz", "y", drop=["row"], impute="median")
    prepared = prepare(Table.from_columns(given), "y", drop=["row"])
    result = tune_prepared(prepared, Search("grid", space={"epochs": [1]}), impute="median", refit=False, run=QUIET)
    encoder = result.model.fitted.encoder_
    assert rows.classes == ("no", "yes") and rows.feature_names == encoder.get_feature_names_out().tolist()
    for X, y, part in ((rows.X, rows.y, prepared.training_set()), (rows.X_test, rows.y_test, prepared.test_set())):
        table, expected = part
        assert X.tobytes() == encoder.transform(table).tobytes() and y.tolist() == expected.tolist()


def test_prepare_table_names_the_arguments_that_it_takes() -> None:
    accepted = "text, numeric, missing, decimal, thousands and date_order"
    with pytest.raises(TypeError, match=f"prepare_table has no argument 'seal'; .* {accepted}"):
        prepare_table("table.npz", "y", seal=0.1)  # type: ignore[call-arg]


def test_columns_without_any_value_are_left_out_and_printed() -> None:
    prepared = prepare(Table.from_columns({**columns(), "nothing": [None] * 150}), "y", drop=["row"])
    assert prepared.table.names == ["age", "city"] and prepared.dropped == ("row", "nothing")
    assert "left out, since they hold no value: 'nothing'" in described(prepared)


def test_rows_without_a_target_are_left_out() -> None:
    """The result is that of the table without these rows, whether the target holds texts or numbers."""
    for values in (["a", None, "b"] * 50, [0.5, np.nan, 1.5] * 50):
        table = Table.from_columns({**columns(), "y": values})
        with pytest.warns(UserWarning, match="left out, since the target 'y' is missing: 50 of 150 rows"):
            found = prepare(table, "y")
        expected = prepare(table[np.arange(150) % 3 != 1], "y")
        assert found.without_target == 50 and found.target == expected.target
        assert found.y.tolist() == expected.y.tolist() and found.test_rows.tolist() == expected.test_rows.tolist()
        np.testing.assert_array_equal(found.table.column("age"), expected.table.column("age"))


@pytest.mark.parametrize(("change", "options", "message"), [
    ({}, {"test_size": 0.999}, "--test-size is 0.999 and there are 150 rows"),
    ({}, {"test_size": 0.001}, "--test-size is 0.001 and there are 150 rows"),
    ({"y": ["a"] * 147 + ["b"] * 3}, {"test_size": 0.7}, "rows of the class 'b' to train on; hold out a smaller share"),
    ({"y": [None] * 150}, {}, "the target 'y' is missing in all 150 rows; it must have values to learn from"),
    ({"y": ["a"] * 149 + ["b"]}, {}, "the class 'b' of the target 'y' is in 1 of the rows"),
    ({}, {"drop": ["rows"]}, "--drop is 'rows'; it must be one of 'row', 'age', 'city', did you mean 'row'?"),
    ({}, {"drop": ["y"]}, "--drop is 'y'; it must be one of 'row', 'age', 'city'"),
    ({}, {"drop": ["row", "age", "city"]}, "no column to learn from beside the target 'y'"),
])
def test_what_cannot_be_held_out(change: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        prepare(Table.from_columns({**columns(), **change}), "y", **options)
    assert message in str(caught.value)


# Evaluating -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
def test_metrics_of_classes_are_scikit_learns(classes: int) -> None:
    m = pytest.importorskip("sklearn.metrics")
    result = tuned(columns(classes=classes))
    table, y = result.prepared.test_set()
    y, labels = result.model.target.labels(y), list(result.model.target.classes)
    q, p = result.model.predict(table), result.model.predict_proba(table)
    options = {"average": "macro", "labels": labels} if classes == 3 else {"pos_label": labels[1]}
    options["zero_division"] = 0.0
    auc = m.roc_auc_score(y == labels[1], p[:, 1]) if classes == 2 else m.roc_auc_score(y, p[:, np.argsort(labels)],
                                                                                     multi_class="ovr")
    expected = {
        "accuracy": m.accuracy_score(y, q), "precision": m.precision_score(y, q, **options),
        "recall": m.recall_score(y, q, **options), "f1": m.f1_score(y, q, **options), "auc": auc,
        "log loss": m.log_loss(y, p[:, np.argsort(labels)])}
    assert {row.name: row.tuned for row in result.metrics} == pytest.approx(expected, rel=1e-9)
    for row in result.metrics:
        assert f"{row.name:<24} {row.default:10.4f} {row.tuned:10.4f}" in result.text()


def test_metrics_of_values_are_scikit_learns() -> None:
    m = pytest.importorskip("sklearn.metrics")
    result = tuned(columns(classes=0))
    table, y = result.prepared.test_set()
    q = result.model.predict(table)
    expected = {
        "r2": m.r2_score(y, q), "mean squared error": m.mean_squared_error(y, q),
        "root mean squared error": m.root_mean_squared_error(y, q), "mean absolute error": m.mean_absolute_error(y, q)}
    assert {row.name: row.tuned for row in result.metrics} == pytest.approx(expected, rel=1e-9)


def test_scores_of_a_saved_model(all_resamples: None) -> None:
    """The metrics are scikit-learn's for the model's predictions; rows without a target are left out."""
    sklearn = pytest.importorskip("sklearn.metrics")
    table = Table.from_columns({**columns(), "y": [None, *(0.5 * i for i in range(149))]})
    target, y = read_target(table[1:], "y")
    estimator = TableEstimator(estimator_for(target, random_state=0, verbose=0, epochs=2, units=4), "median")
    model = TableModel(estimator.fit(table[1:].without("y"), y), target)
    with pytest.warns(UserWarning, match="left out, since the target 'y' is missing: 1 of 150 rows"):
        scores = score(model, table)
    predicted = model.predict(table[1:])
    assert (scores.rows, scores.majority) == (149, None)
    assert dict((name, value) for name, value, _ in scores.metrics) == pytest.approx({
        "r2": sklearn.r2_score(y, predicted), "mean squared error": sklearn.mean_squared_error(y, predicted),
        "root mean squared error": sklearn.root_mean_squared_error(y, predicted),
        "mean absolute error": sklearn.mean_absolute_error(y, predicted)})
    errors = predicted - y  # the standard error of a mean is known without the bootstrap
    assert scores.metrics[1].error == pytest.approx((errors**2).std() / np.sqrt(149), rel=0.3)
    assert scores.text().splitlines()[0] == "149 rows, target 'y': regression"
    with pytest.raises(ValueError, match="the target 'y' holds text; it must hold numbers, as in training"):
        score(model, Table.from_columns({**columns(), "y": ["a"] * 150}))


class Says:
    """A model that gives the answers it was made with."""

    def __init__(self, answers: np.ndarray) -> None:
        self.answers = answers

    def predict(self, table: Table) -> np.ndarray:
        return self.answers if self.answers.ndim == 1 else self.answers.argmax(axis=1)

    def predict_proba(self, table: Table) -> np.ndarray:
        return self.answers


def test_gain_and_its_error_by_hand(all_resamples: None) -> None:
    """Of 100 rows the default has 60 right, the tuned one 20 more: the gain's error is sqrt(0.2 · 0.8 / 100)."""
    y = np.zeros(100, int)
    default, better = (np.where(np.arange(100)[:, None] < right, [[0.9, 0.1]], [[0.1, 0.9]]) for right in (60, 80))
    metrics = {row.name: row for row in evaluate(
        Target("y", ("a", "b"), ""), Says(default), Says(better), Table({}), y, seed=0)}
    accuracy, loss = metrics["accuracy"], metrics["log loss"]
    assert (accuracy.default, accuracy.tuned) == (0.6, 0.8) and accuracy.gain == pytest.approx(0.2)
    assert accuracy.error == pytest.approx(0.04, rel=0.2)
    assert loss.gain == loss.default - loss.tuned > 0.0  # a smaller loss is better
    assert np.isnan(metrics["auc"].tuned)  # no row of class b is in the test set


def test_a_model_has_not_gained_on_itself() -> None:
    rng = np.random.default_rng(0)
    says = Says(rng.normal(size=50))
    for row in evaluate(Target("y", (), ""), says, says, Table({}), rng.normal(size=50), seed=0):
        assert row.gain == 0.0 and row.error == 0.0 and row.text().split()[-2:] == ["0.0000", "0.0000"]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_the_table_keeps_its_columns_whatever_the_size_of_the_numbers(scale: float) -> None:
    rng = np.random.default_rng(0)
    y = scale * rng.normal(size=50)
    rows = evaluate(Target("y", (), ""), Says(y * 0.9), Says(y * 0.8), Table({}), y, seed=0)
    assert len({len(row.text()) for row in rows}) == 1
    assert all(float(row.text().split()[-4]) == pytest.approx(row.default, rel=0.02) for row in rows)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_default_scoring_is_one_of_those_that_fit(classes: int) -> None:
    target, _ = read_target(Table.from_columns(columns(classes=classes)), "y")
    assert check_scoring(default_scoring(target), target) == default_scoring(target)
    assert len(metrics_for(target)) == (6 if classes else 4)


@pytest.mark.parametrize(("scoring", "classes", "message"), [
    ("acuracy", 2, "did you mean 'accuracy'?"),
    ("r2", 2, "for classification it must be one of accuracy"),
    ("f1", 0, "for regression it must be one of r2"),
    ("f1", 3, "there are 3: take f1_macro"),
    ("roc_auc", 3, "take roc_auc_ovr"),
    ("f1_samples", 2, "for classification it must be one of"),
])
def test_scoring_that_does_not_fit(scoring: str, classes: int, message: str) -> None:
    target, _ = read_target(Table.from_columns(columns(classes=classes)), "y")
    with pytest.raises(ValueError) as caught:
        check_scoring(scoring, target)
    assert message in str(caught.value)


# Tuning ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [0, 2])
def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(classes: int) -> None:
    given, linear = columns(classes=classes), {**LINEAR, "learning_rate": [0.01, 0.02], "epochs": [30, 60]}
    first = tuned(given, space=linear)
    assert first.beaten and any(row.error > 0.0 for row in first.metrics)  # a model of its own, not the default again
    one = bits(first)
    assert one == bits(tuned(given, space=linear)) == bits(tuned(given, space=linear, jobs=2))
    assert one != bits(tuned(given, space=linear, seed=1))


def test_the_order_of_the_rows_does_not_decide_what_a_fold_is() -> None:
    given = columns(classes=0)
    order = np.argsort(given["y"])
    result = tuned({name: np.asarray(values)[order] for name, values in given.items()})
    table, y = result.prepared.training_set()
    means = [y[test].mean() for _, test in folds_of(result)]
    assert np.ptp(means) < 0.5 * y.std()  # unshuffled folds would be the thirds of a sorted table


@pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "neg_log_loss"])
def test_the_score_is_a_mean_of_cross_validation(scoring: str) -> None:
    result = tuned(scoring=scoring, searcher="grid", trials=None)
    assert len(result.study.trials) == 4 and {trial.state for trial in result.study.trials} == {"complete"}
    table, y = result.prepared.training_set()
    folds = folds_of(result)
    again = st.cross_validate(result.model.fitted, table, y, scoring=scoring, cv=folds)["test_score"].mean()
    best = max([result.default_score, *(trial.value for trial in result.study.trials)])
    assert again == best
    assert f"cross-validated {scoring} (larger is better): default {result.default_score:.4f}" in result.text()


def test_the_default_is_kept_where_nothing_is_better() -> None:
    result = tuned(space={"learning_rate": [1e-7]})
    assert not result.beaten and result.params == {} and "the default is kept" in result.text()
    assert result.tuned_folds == result.default_folds  # the scores of the model returned, not of the best trial
    assert result.model.fitted.estimator.learning_rate == st.MLPClassifier().learning_rate
    assert all(row.gain == 0.0 for row in result.metrics)


@pytest.mark.parametrize(("classes", "about"), [
    (0, None), (2, "precision, recall, f1, auc: of the class 'yes'"),
    (3, "precision, recall, f1, auc: means over the classes"),
])
def test_the_class_of_precision_is_printed(classes: int, about: str | None) -> None:
    text = tuned(columns(classes=classes), trials=1).text()
    assert about in text if about else "precision" not in text


def test_a_grid_without_trials_has_a_limit() -> None:
    space = Space({"units": Int(1, 2000)})
    with pytest.raises(ValueError, match="the grid has .* points; without --trials it may have at most 1,000: "):
        checked_searcher("grid", None, Space({"units": list(range(1, 1002))}))
    assert checked_searcher("grid", 10, space)[1] is space


@pytest.mark.parametrize(("searcher", "trials", "settings"), [("grid", None, 4), ("random", 2, 2), ("grid", 3, 3)])
def test_the_number_of_configurations_is_printed(searcher: str, trials: int | None, settings: int) -> None:
    said: list[str] = []
    result = tuned(searcher=searcher, trials=trials, say=said.append)
    assert len(result.study.trials) == settings and f"up to {settings} configurations on 120 rows in 3 folds" in said[0]


def test_a_better_configuration_is_printed_with_its_reason() -> None:
    result = tuned(columns(classes=0), space={**LINEAR, "epochs": [60], "learning_rate": [0.02]})
    assert result.beaten and result.params == {**DECIDED, "epochs": 60, "learning_rate": 0.02}
    text = result.text()
    assert "best parameters: hidden_layers=0, weight_decay=0, epochs=60" in text and "why: Trial 0" in text
    assert result.model.fitted.estimator.epochs == 60


def test_class_weights_go_by_labels() -> None:
    """In the space the classes have their labels; the network knows them by their numbers."""
    given = columns()
    by_labels = tuned(given, space={"class_weight": [{"yes": 3.0, "no": 1.0}]}, scoring="recall")
    table, y = by_labels.prepared.training_set()
    assert by_labels.model.target.classes == ("no", "yes") and by_labels.beaten
    assert by_labels.model.fitted.estimator.class_weight == {1: 3.0, 0: 1.0}


@pytest.mark.filterwarnings("ignore::scratchtune.DivergenceWarning")
def test_configurations_that_fail_do_not_end_the_search() -> None:
    result = tuned(space={"learning_rate": [1e30, 0.02], "epochs": [60]}, searcher="grid", trials=None)
    assert [trial.state for trial in result.study.trials] == ["failed", "complete"]
    assert "its training has diverged" in str(result.study.trials[0].error)
    with pytest.raises(RuntimeError, match="every configuration has failed, the first .*training has diverged"):
        tuned(space={"learning_rate": [1e30]})


@pytest.mark.parametrize(("options", "message"), [
    ({"impute": None}, "values are missing in 'age' (9 of 150 rows), 'city' (7 of 150 rows); --impute fills them"),
    ({"folds": 150}, "--folds is 150: "),
    ({"space": {"unit": [1]}}, "--space names 'unit'; the hyper-parameters are hidden_layers"),
    ({"space": {"random_state": [1]}}, "--space names 'random_state'"),
    ({"space": {"units": [0]}}, "--space, 'units': units is 0"),
    ({"space": {"dropout": Float(0.0, 1.0)}}, "--space, 'dropout': dropout is 1.0"),
    ({"space": {"activation": ["rely"]}}, "did you mean 'relu'?"),
    ({"space": {"class_weight": ["balance"]}}, "class_weight is 'balance'"),
    ({"space": {"class_weight": [{"maybe": 1.0}]}}, "a label of class_weight is 'maybe'; it must be one of 'no', "),
    ({"space": {"units": Int(1, 2, when={"depth": [1]})}}, "--space: when of 'units' names 'depth'"),
])
def test_what_cannot_be_tuned(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        tuned(**options)
    assert message in str(caught.value)


def test_a_text_column_with_ten_thousand_values() -> None:
    many = {"name": [f"n{i}" for i in range(10_000)], "y": ["a", "b"] * 5_000}
    with pytest.raises(ValueError, match="column 'name' holds 8000 different texts"):
        tuned(many)


# Spaces from a file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entry", "parameter"), [
    ([1, 2], Categorical([1, 2])),
    (["relu", None], Categorical(["relu", None])),
    ({"choices": ["relu", "tanh"], "when": {"layers": [1, 2]}}, Categorical(["relu", "tanh"], when={"layers": [1, 2]})),
    ({"low": 8, "high": 256, "log": True}, Int(8, 256, log=True)),
    ({"low": 8, "high": 256, "step": 8}, Int(8, 256, step=8)),
    ({"low": 0, "high": 1, "type": "float"}, Float(0, 1)),
    ({"low": 1e-4, "high": 1, "log": True}, Float(1e-4, 1, log=True)),
    ({"low": 0.0, "high": 0.9, "when": {"optimizer": ["sgd"]}}, Float(0.0, 0.9, when={"optimizer": ["sgd"]})),
])
def test_a_space_from_json(entry: Any, parameter: Any, tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text(json.dumps({"name": entry}))
    assert repr(read_space(tmp_path / "space.json")["name"]) == repr(parameter)


@pytest.mark.parametrize(("text", "message"), [
    ("{", "it must hold JSON"), ("[1]", "it must hold an object"), ("{}", "it must hold an object"),
    ('{"units": 5}', "--space, 'units': it is 5; it must be a list of values, or a range such as"),
    ('{"units": {"low": 1}}', "--space, 'units': it is {\"low\": 1}"),
    ('{"units": {"low": 9, "high": 1}}', "--space, 'units': low is 9 and high is 1"),
    ('{"units": {"low": "a", "high": 1}}', "--space, 'units': low is 'a'"),
    ('{"units": {"low": 1, "high": 2, "steps": 1}}', "it has 'steps'; a range has low, high, log, step, when, prior, "),
    ('{"units": {"low": 1, "high": 2, "type": "whole"}}', "type is 'whole'"),
    ('{"units": {"choices": [1], "log": true}}', "it has 'log'; a choice has choices, when, prior"),
    ('{"units": []}', "--space, 'units': choices is empty"), ('{"units": [8, 8]}', "choices holds 8 twice"),
])
def test_a_wrong_space(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text(text)
    with pytest.raises(ValueError) as caught:
        read_space(tmp_path / "space.json")
    assert message in str(caught.value)


def test_a_score_without_a_value_is_an_error_before_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    given = columns(classes=3)
    given["y"][:] = np.where(np.arange(150) % 2, "no", "yes")
    given["y"][[3, 60, 100, 149]] = "perhaps"  # three of them are open: some fold of five tests none
    with pytest.raises(ValueError, match="has no value in some of the 5 folds: a class is too rare"):
        tuned(given, scoring="roc_auc_ovr", folds=5)


def test_classes_that_are_never_predicted_are_printed() -> None:
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=120), "y": np.where(np.arange(120) % 12 == 0, "rare", "often")}
    prepared = prepare(Table.from_columns(given), "y")
    text = tune_prepared(prepared, Search("random", 1, {"epochs": [1]}), run=QUIET).text()
    assert "no row of the test set is correctly predicted as 'rare'" in text
    assert "baseline, always 'often': accuracy 0.9167" in text


# What is said of the result -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gain", "warned"), [(-0.3, True), (-0.1, False), (0.3, False)])
@pytest.mark.parametrize(("scoring", "name"), [
    ("neg_log_loss", "log loss"), ("accuracy", "accuracy"), ("balanced_accuracy", "log loss")])
def test_a_tuned_model_that_is_worse_on_the_test_set_is_a_warning(
    gain: float, warned: bool, scoring: str, name: str,
) -> None:
    result = tuned(trials=1)
    result.scoring = scoring
    sign = -1.0 if name == "log loss" else 1.0
    result.metrics = [HeldOutMetric(row.name, 1.0, 1.0, 0.1) for row in result.metrics]
    worse = HeldOutMetric(name, 1.0, 1.0 + sign * gain, 0.1)
    result.metrics = [worse if row.name == name else row for row in result.metrics]
    said = f"warning: on the test set the tuned model is worse than the default by 0.3000 +- 0.1000 in {name}, more"
    assert (said in result.text()) == warned and ("warning" in result.text()) == warned


def test_cross_validated_scores_have_standard_errors() -> None:
    result = tuned(columns(classes=0), space={**LINEAR, "epochs": [60], "learning_rate": [0.02]}, trials=1)
    assert result.beaten and np.mean(result.tuned_folds) == result.study.best_value
    errors = [np.std(folds, ddof=1) / np.sqrt(3) for folds in (result.default_folds, result.tuned_folds)]
    assert (f"default {result.default_score:.4f} +- {errors[0]:.4f}, tuned {result.study.best_value:.4f} +- "
            f"{errors[1]:.4f} (standard error over 3 folds)") in result.text()
    (said,) = [line for line in result.text().splitlines() if line.startswith("verdict: ")]
    assert f"{result.default_score:.3f}"[:5] in said and "default" in said and "test set took no part in it" in said


def test_only_the_default_is_shown_where_it_is_kept() -> None:
    text = tuned(space={"learning_rate": [1e-7]}).text()
    assert "gain" not in text and "tuned" not in text and "verdict" not in text
    assert next(line for line in text.splitlines() if line.startswith("accuracy")).split()[2:] == []


@pytest.mark.parametrize("classes", [0, 2])
def test_refit_trains_on_all_rows_and_changes_no_score(classes: int) -> None:
    first, again = tuned(columns(classes=classes)), tuned(columns(classes=classes), refit=True)
    assert first.metrics == again.metrics and first.params == again.params
    assert "is trained on the 120 rows of the training set, as asked" in first.text() and not first.refitted
    assert "is trained on all 150 rows, those of the test set too; the scores above are of a model" in again.text()
    assert "--no-refit" in again.text() and "refit=False" in repr(again)
    prepared = again.prepared
    alone = type(again.model.fitted.estimator)(**again.model.fitted.estimator.get_params())
    alone.fit(TableEncoder(impute="median").fit_transform(prepared.table), prepared.y)
    assert alone.model_.theta.tobytes() == again.model.fitted.estimator.model_.theta.tobytes()


def test_the_default_space_is_written_as_a_file_of_it_is_read(tmp_path: Path) -> None:
    for space in (default_space(1000), {"u": Int(8, 64, step=8), "a": Categorical(["b", None], when={"u": [8]})}):
        (tmp_path / "space.json").write_text(written_space(space))
        again = read_space(tmp_path / "space.json")
        assert repr(Space(again)) == repr(Space(space)) and again.keys() == space.keys()


def test_a_table_without_rows_and_a_text_as_list_are_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        st.tune_table({"x": np.zeros(0), "y": np.zeros(0)}, target="y")
    with pytest.raises(TypeError, match="drop is 'xy'; it must be a list of texts"):
        st.tune_table({"x": np.arange(9.0), "y": np.arange(9.0)}, target="y", drop="xy")
