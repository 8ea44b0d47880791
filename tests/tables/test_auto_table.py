"""``scratchtune auto``: from a file to a saved model that predicts, scores and explains."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables import auto as estimators
from scratchtune.tables.auto_table import auto_table
from scratchtune.tables.prepared import Prepared, prepare
from scratchtune.tables.reading.reading import read_table

pytestmark = pytest.mark.usefixtures("few_resamples")

RNG = np.random.default_rng(0)
ROWS = [{"x": f"{x:.3f}", "city": city, "day": f"2024-{1 + i // 28:02}-{1 + i % 28:02}", "shop": str(i % 7),
         "bought": "yes" if x + (city == "Rome") > 0.4 else "no", "price": f"{np.exp(x):.3f}"}
        for i, (x, city) in enumerate(zip(RNG.normal(size=120), RNG.choice(["Rome", "Oslo"], 120), strict=True))]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file of 120 customers."""
    with open(tmp_path / "customers.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return tmp_path / "customers.csv"


def auto(table: Path, *options: str) -> int:
    """Run the command with two configurations."""
    return main(["auto", str(table), "--trials", "2", "--out", str(table.with_name("m.npz")), *options])


def test_the_command_saves_a_model_that_predicts(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert auto(table, "--target", "bought", "--drop", "price", "--test-size", "0.25") == 0
    said = capsys.readouterr().out
    assert "tried: 2 configurations" in said and "held-out test set" in said and "scratchtune predict" in said
    assert main(["predict", str(table.with_name("m.npz")), str(table)]) == 0
    labels = capsys.readouterr().out.split()
    assert np.mean([label == row["bought"] for label, row in zip(labels, ROWS, strict=True)]) > 0.8
    assert main(["score", str(table.with_name("m.npz")), str(table)]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert "tried: 2" in st.load_model(table.with_name("m.npz")).explain()


def test_a_skewed_target_is_tried_on_both_scales(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert auto(table, "--target", "price", "--drop", "bought") == 0
    study = auto_table(prepare(read_table(table), "price", test_size=0.0, drop=["bought"]), n_trials=2,
                       random_state=0).model.fitted.estimator.study_
    assert [trial.params["target"] for trial in study.trials] == ["log", "linear"]


def folds_of(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The folds of the search on a prepared table, as pairs of row indices."""
    seen: list[Any] = []
    search = estimators.search

    def watched(goal: Any, folds: Any, *options: Any) -> Any:
        seen.extend(folds.splits)
        return search(goal, folds, *options)

    monkeypatch.setattr(estimators, "search", watched)
    auto_table(prepared, n_trials=1, random_state=0, families="linear")
    return seen


def test_groups_are_not_divided(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = folds_of(prepare(read_table(table), "bought", test_size=0.0, group="shop"), monkeypatch)
    shops = np.array([row["shop"] for row in ROWS])
    assert len(folds) > 1 and not any(set(shops[train]) & set(shops[test]) for train, test in folds)


def test_folds_train_on_earlier_rows_than_they_test(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = folds_of(prepare(read_table(table), "bought", test_size=0.0, time="day"), monkeypatch)
    days = np.array([row["day"] for row in ROWS])
    assert len(folds) == 5 and all(max(days[train]) < min(days[test]) for train, test in folds)


def test_a_category_that_training_has_not_seen(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert auto(table, "--target", "bought", "--families", "linear") == 0
    new = table.with_name("new.csv")
    new.write_text(table.read_text(encoding="utf-8").replace("Oslo", "Bonn", 1), encoding="utf-8")
    assert main(["predict", str(table.with_name("m.npz")), str(new)]) == 0
    assert "'Bonn' (1 row); they are treated as rare categories" in capsys.readouterr().err
    assert main(["predict", str(table.with_name("m.npz")), str(new), "--unknown", "error"]) == 2
    assert "'Bonn'" in capsys.readouterr().err


def test_the_command_takes_times_and_groups(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert auto(table, "--target", "bought", "--time", "day", "--families", "linear") == 0
    assert "time by 'day': each fold trains on earlier rows than it tests" in capsys.readouterr().out
    assert auto(table, "--target", "bought", "--group", "shop", "--families", "linear") == 0
    assert "group by 'shop': each fold has whole groups" in capsys.readouterr().out


@pytest.mark.parametrize(("options", "message"), [
    (["--target", "bougt"], "did you mean 'bought'"), (["--target", "bought", "--minutes", "0"], "--minutes is 0"),
    (["--target", "bought", "--families", "tree"], "did you mean 'trees'"), ([], "--target is missing"),
    (["--target", "bought", "--scoring", "r2"], "scoring is 'r2'"),
    (["--target", "bought", "--jobs", "0"], "--jobs is 0"),
])
def test_bad_input_gets_one_line(
    table: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert auto(table, *options) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and message in error[0]
