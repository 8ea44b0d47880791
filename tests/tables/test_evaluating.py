"""Scores beside those of simple models: the numbers are scikit-learn's, intervals cover, undefined metrics say why."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scratchtune.tables.evaluating import expected_in_words, in_words, scores_of, shown
from scratchtune.tables.expectation import Expected
from scratchtune.tables.splitting import Units
from scratchtune.tables.stored import plain, restored
from scratchtune.tables.target import Target

WEATHER = Target("weather", ("rain", "sun", "fog"), "")
VALUES = Target("y", (), "")


def single(rows: int) -> Units:
    return Units(np.arange(rows))


def draw(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.append(np.arange(classes), rng.integers(classes, size=rows - classes))
    p = rng.dirichlet(np.ones(classes), rows)
    p[np.arange(rows), y] += 0.3
    return y, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_metrics_of_classes_are_those_of_scikit_learn(classes: int) -> None:
    m = pytest.importorskip("sklearn.metrics")
    y, p = draw(150, classes)
    q = p.argmax(axis=1)
    found = scores_of(Target("y", ("a", "b", "c")[:classes], ""), y, p, single(150), {"other": p[::-1]})
    options: dict[str, Any] = {} if classes == 2 else {"average": "macro"}
    auc = m.roc_auc_score(y, p[:, 1]) if classes == 2 else m.roc_auc_score(y, p, multi_class="ovr")
    expected = {
        "log loss": m.log_loss(y, p), "accuracy": m.accuracy_score(y, q), "auc": auc,
        "precision": m.precision_score(y, q, **options), "recall": m.recall_score(y, q, **options),
        "f1": m.f1_score(y, q, **options)}
    assert {name: of["model"] for name, of in found.values.items()} == pytest.approx(expected)
    assert found.values["log loss"]["other"] == pytest.approx(m.log_loss(y, p[::-1]))


def test_the_metrics_of_values_are_those_of_scikit_learn() -> None:
    m = pytest.importorskip("sklearn.metrics")
    y, q = np.random.default_rng(0).normal(size=(2, 80))
    found = scores_of(VALUES, y, q, single(80), {})
    mse = m.mean_squared_error(y, q)
    expected = {"r2": m.r2_score(y, q), "mean squared error": mse, "root mean squared error": mse**0.5,
                "mean absolute error": m.mean_absolute_error(y, q)}
    assert {name: of["model"] for name, of in found.values.items()} == pytest.approx(expected)


def test_a_metric_that_is_undefined_says_why() -> None:
    y, p = draw(40, 3)
    found = scores_of(WEATHER, np.minimum(y, 1), p, single(40), {"other": p})
    assert "auc" not in found.values and "auc: undefined, no row of the class 'fog'" in found.text()
    assert "nan" not in found.text()
    one = scores_of(VALUES, np.full(5, 2.0), np.arange(5.0), single(5), {})
    assert "r2: undefined, all targets are 2" in one.text()


def test_a_single_row_has_scores() -> None:
    found = scores_of(WEATHER, np.array([1]), np.array([[0.2, 0.5, 0.3]]), single(1), {})
    assert found.values["accuracy"]["model"] == 1.0 and "1 row" in found.text()


@pytest.mark.usefixtures("all_resamples")
def test_the_interval_is_that_of_the_binomial() -> None:
    """Oracle: the standard error of a share, sqrt(p (1 - p) / n)."""
    y, p = draw(1_000, 2)
    found = scores_of(Target("y", ("a", "b"), ""), y, p, single(1_000), {})
    share, (low, high) = found.values["accuracy"]["model"], found.intervals["accuracy"]
    assert (high - low) / 2.0 == pytest.approx(1.645 * np.sqrt(share * (1 - share) / 1_000), rel=0.2)
    assert low < share < high


@pytest.mark.usefixtures("all_resamples")
def test_of_many_rows_a_part_is_resampled_and_the_interval_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p = draw(2_000, 2)
    of_all = scores_of(Target("y", ("a", "b"), ""), y, p, single(2_000), {})
    monkeypatch.setattr("scratchtune.tables.evaluating.RESAMPLED", 500)
    of_part = scores_of(Target("y", ("a", "b"), ""), y, p, single(2_000), {})
    for name, (low, high) in of_all.intervals.items():
        assert np.diff(of_part.intervals[name])[0] == pytest.approx(high - low, rel=0.35)


@pytest.mark.usefixtures("all_resamples")
def test_groups_are_resampled_as_a_whole() -> None:
    """Each row ten times: the interval is that of the distinct rows, about sqrt(10) as long as that of single rows."""
    y, p = draw(100, 2)
    y, p = np.tile(y, 10), np.tile(p, (10, 1))
    target = Target("y", ("a", "b"), "")
    groups = scores_of(target, y, p, Units(np.tile(np.arange(100), 10)), {})
    rows = scores_of(target, y, p, single(1_000), {})
    ratio = np.diff(groups.intervals["log loss"])[0] / np.diff(rows.intervals["log loss"])[0]
    assert ratio == pytest.approx(np.sqrt(10.0), rel=0.3)
    assert "100 independent units" in groups.text() and "units" not in rows.text()


def test_the_text_is_an_aligned_table_that_survives_json() -> None:
    y, p = draw(60, 2)
    found = scores_of(Target("y", ("no", "yes"), ""), y, p, single(60), {"most frequent": np.tile([0.5, 0.5], (60, 1))})
    lines = found.text().splitlines()
    assert lines[0] == "60 rows, target 'y': 2 classes"
    assert lines[1].split() == ["metric", "model", "90%", "interval", "most", "frequent"]
    assert len({len(line) for line in lines[1:8]}) == 1
    assert "lower is better: log loss" in lines and "precision, recall, f1, auc: of the class 'yes'" in lines
    assert restored(json.loads(json.dumps(plain(found)))) == found


def test_a_metric_in_words() -> None:
    assert in_words("neg_root_mean_squared_error") == "root mean squared error (lower is better)"
    assert in_words("roc_auc") == "roc auc (higher is better)"
    said = expected_in_words(Expected("neg_log_loss", -0.4, -0.5, -0.35, 0.9, 200))
    assert said == "on 200 new rows: log loss (lower is better) 0.4000, with probability 90% between 0.3500 and 0.5000"
    said = expected_in_words(Expected("accuracy", 0.8, 0.7, 0.9, 0.9, np.inf))
    assert said.startswith("on very many new rows: accuracy (higher is better) 0.8000, with")
    assert said.endswith("between 0.7000 and 0.9000")


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0000"), (0.123456, "0.1235"), (54.62013, "54.62"),
                                             (1234567.0, "1.2346e+06"), (-4.6e-7, "-4.6e-07"), (float("inf"), "inf")])
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_class_that_every_resample_lacks_leaves_the_interval_of_auc_unknown() -> None:
    y = np.repeat(np.arange(60), 2)  # a resample holds all 60 classes about never
    p = np.random.default_rng(0).dirichlet(np.ones(60), 120)
    found = scores_of(Target("y", tuple(f"c{k}" for k in range(60)), ""), y, p, single(120), {})
    assert found.cells()[-1][2] == "unknown" and "nan" not in found.text()
