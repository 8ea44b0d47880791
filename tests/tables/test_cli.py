"""`scratchtune tune` and `predict`: a table in, a model out; what is printed, and one sentence for each wrong input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables import members
from scratchtune.tables.reading.notation import MISSING
from scratchtune.tables.reading.reading import read_table

pytestmark = pytest.mark.usefixtures("few_resamples")

Run = Callable[..., tuple[int, str, str]]


def customers(rows: int = 150) -> dict[str, list[str]]:
    """The cells of a table: numbers and texts, both with gaps, a text with a comma, an unbalanced text target."""
    rng = np.random.default_rng(0)
    age, city = rng.normal(40.0, 12.0, rows), rng.choice(["Rome", "Oslo", "Nice, West"], rows)
    churn = np.where((age - 40.0) / 12.0 + (city == "Rome") + rng.normal(0.0, 0.3, rows) > 1.2, "yes", "no")
    return {
        "id": [f"{i // 2}" for i in range(rows)],  # not distinct, else it is left out
        "age": ["" if i % 17 == 3 else f"{value:.2f}" for i, value in enumerate(age)],
        "city": ["NA" if i % 23 == 5 else str(value) for i, value in enumerate(city)],
        "sex": rng.choice(["f", "m"], rows).tolist(), "churn": churn.tolist()}


def whole() -> dict[str, list[str]]:
    """The same without gaps."""
    columns = customers()
    kept = [i for i in range(150) if columns["age"][i] and columns["city"][i] != "NA"]
    return {name: [cells[i] for i in kept] for name, cells in columns.items()}


def write(path: Path, columns: dict[str, list[str]]) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder with tables; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    write(Path("gaps.csv"), customers())
    write(Path("whole.csv"), whole())

    def called(*arguments: Any) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return called


IGNORED = "scratchtune: ignored, since the model does not use them: {}\n"
QUICK = ["--trials", "2", "--folds", "2", "--families", "linear", "--jobs", "1"]
TUNE = ["tune", "whole.csv", "--target", "churn", *QUICK]


def tuned(run: Run, *more: str, table: str = "whole.csv", target: str = "churn", out: str = "model.npz") -> str:
    code, printed, messages = run("tune", table, "--target", target, *QUICK, "--out", out, *more)
    assert code == 0, messages
    return printed


MADE: dict[tuple[str, ...], tuple[str, bytes]] = {}


def made(run: Run, *more: str) -> str:
    """The same as `tuned` with the whole table, where many tests need one model: it is tuned once."""
    if more not in MADE:
        MADE[more] = tuned(run, *more), Path("model.npz").read_bytes()
    Path("model.npz").write_bytes(MADE[more][1])
    return MADE[more][0]


def metric(printed: str, name: str) -> str:
    """A metric of the saved model on the test set, whose scores are the last."""
    lines = [line for line in printed.splitlines() if line.startswith(name)]
    return lines[-1].removeprefix(f"{name} (lower is better)").removeprefix(name).split()[0]


def steady(printed: str) -> str:
    """What is printed, without the seconds that the search took."""
    return re.sub(r"in \d+ s", "in 0 s", printed)


# The practitioner's day -----------------------------------------------------------------------------------------------


def test_a_table_in_a_model_out(run: Run) -> None:
    printed = tuned(run, "--drop", "id", table="gaps.csv")
    assert "150 rows, 3 columns (1 of numbers, 2 of texts, 16 cells missing)" in printed
    assert "target 'churn': classification, since it holds text" in printed and "positive class: 'yes'" in printed
    assert printed.index("positive class") < printed.index("verdict") < printed.index("cross-validation")
    assert all(name in printed for name in ("accuracy", "precision", "recall", "f1", "auc", "log loss"))
    code, labels, messages = run("predict", "model.npz", "gaps.csv")
    assert (code, messages) == (0, IGNORED.format("'id', 'churn'"))
    assert len(labels.splitlines()) == 150 and set(labels.split()) == {"yes", "no"}
    right = np.mean(np.array(labels.split()) == np.array(customers()["churn"]))
    assert right > 0.75
    table, model = read_table("gaps.csv"), st.load_model("model.npz")
    assert model.predict(table).tolist() == labels.split() and model.dropped_ == ("id",)


def test_probabilities_are_a_table_that_loses_nothing(run: Run) -> None:
    made(run)
    code, printed, _ = run("predict", "model.npz", "whole.csv", "--proba")
    header, *lines = printed.splitlines()
    p = np.array([[float(cell) for cell in line.split(",")] for line in lines])
    assert code == 0 and header == "no,yes"
    assert p.tobytes() == st.load_model("model.npz").predict_proba(read_table("whole.csv")).tobytes()
    _, labels, _ = run("predict", "model.npz", "whole.csv")
    assert labels.split() == np.array(["no", "yes"])[p.argmax(axis=1)].tolist()


def test_predicting_takes_the_table_without_target_and_dropped_columns_in_any_order(run: Run) -> None:
    made(run, "--drop", "id")
    write(Path("new.csv"), {name: whole()[name] for name in ("sex", "city", "age")})
    assert run("predict", "model.npz", "new.csv")[:2] == run("predict", "model.npz", "whole.csv")[:2]
    assert run("predict", "model.npz", "new.csv")[2] == ""


@pytest.mark.slow
def test_a_reader_may_stop_reading(run: Run) -> None:
    made(run)
    command = f"{sys.executable} -m scratchtune predict model.npz whole.csv | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert done.stdout in ("yes\n", "no\n") and done.stderr == IGNORED.format("'churn'")


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_other_formats_are_read_by_pandas(ending: str, run: Run) -> None:
    """A model of either file predicts the rows of both, and of CSV, alike."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip({"parquet": "pyarrow", "xlsx": "openpyxl"}[ending])
    frame, other = pandas.read_csv("gaps.csv"), f"gaps.{ending}"
    frame.to_parquet(other) if ending == "parquet" else frame.to_excel(other, index=False)
    tuned(run, table="gaps.csv", out="csv.npz")
    tuned(run, table=other)
    answers = [run("predict", model, table, "--proba")[1] for model in ("csv.npz", "model.npz")
               for table in ("gaps.csv", other)]
    assert answers[0] and len(set(answers)) == 1
    assert run("score", "model.npz", other)[1] == run("score", "model.npz", "gaps.csv")[1]
    assert run("predict", "model.npz", other, "--out", "out.csv")[0] == 0
    assert read_table("out.csv").names == [*frame.columns, "predicted churn"]


def test_numbers_to_predict(run: Run) -> None:
    columns = whole() | {"height": [f"{float(age) / 3.0 + 150.0:.3f}" for age in whole()["age"]]}
    write(Path("heights.csv"), columns)
    printed = tuned(run, table="heights.csv", target="height")
    assert "regression, since it holds numbers that are not integers" in printed
    assert all(name in printed for name in ("r2", "mean squared error", "mean absolute error"))
    assert "accuracy" not in printed
    _, values, _ = run("predict", "model.npz", "heights.csv")
    expected = st.load_model("model.npz").predict(read_table("heights.csv"))
    assert [float(value) for value in values.split()] == expected.tolist()


@pytest.mark.parametrize(("options", "said"), [
    (["--task", "regression"], "target 'flag': regression, as asked"),
    ([], "target 'flag': classification, since it holds only 2 distinct integers"),
    (["--positive", "0"], "positive class: '0', as asked"),
    (["--positive", "1"], "positive class: '1'"),
    ([], "positive class: '1', the rarer one (--positive 0 chooses the other)"),
])
def test_a_target_of_0_and_1(options: list[str], said: str, run: Run) -> None:
    columns = whole()
    columns["flag"] = ["1" if answer == "yes" else "0" for answer in columns.pop("churn")]
    write(Path("flags.csv"), columns)
    assert said in tuned(run, *options, table="flags.csv", target="flag")


@pytest.mark.parametrize("positive", ["yes", "no"])
def test_the_positive_class_is_what_recall_is_about(positive: str, run: Run) -> None:
    printed = tuned(run, "--positive", positive)
    assert f"precision, recall, f1, auc: of the class {positive!r}" in printed
    scores = run("score", "model.npz", "whole.csv")[1]
    right = st.load_model("model.npz").predict("whole.csv")[np.array(whole()["churn"]) == positive] == positive
    assert float(metric(scores, "recall")) == pytest.approx(right.mean(), abs=5.1e-5)


def test_digits_come_along(run: Run) -> None:
    code, printed, _ = run("tune", "--data", "digits", "--folds", "2", "--trials", "1", "--families", "linear")
    assert code == 0 and "1,797 rows, 61 columns" in printed and "target 'digit': classification" in printed


def test_the_default_budget_is_time(run: Run) -> None:
    code, printed, messages = run("tune", "whole.csv", "--target", "churn", "--minutes", "0.03")
    assert code == 0 and "verdict:" in printed, messages


# How a table is written -----------------------------------------------------------------------------------------------


def test_a_stray_cell_stops_before_any_work(run: Run) -> None:
    columns = whole()
    columns["age"][4] = "old"
    write(Path("stray.csv"), columns)
    result = run("tune", "stray.csv", "--target", "churn", *QUICK)
    refused(result, f"of {len(columns['age'])} cells of 'age' are numbers; not: 'old' in line 6; give ")
    assert result[1] == "" and len(result[2].splitlines()) == 1 and not Path("model.npz").exists()
    printed = tuned(run, "--missing", "old", table="stray.csv")
    assert "4 columns (2 of numbers, 2 of texts, 1 cell missing)" in printed
    code, labels, _ = run("predict", "model.npz", "stray.csv")  # which the model remembers
    columns["age"][5] = "none"
    write(Path("again.csv"), columns)
    _, others, _ = run("predict", "model.npz", "again.csv", "--missing", "none")  # it is added to those remembered
    assert code == 0 and len(others.split()) == len(labels.split()) == len(columns["age"])
    assert "4 columns (1 of numbers, 3 of texts" in tuned(run, "--text", "age", table="stray.csv")
    refused(run(*TUNE, "--text", "ages"), "--text is 'ages'; it must be one of")


def test_a_numeric_column_has_missing_values_where_it_holds_no_numbers(run: Run) -> None:
    columns = whole()
    columns["age"][4] = "-"
    write(Path("stray.csv"), columns)
    cells = len(columns["age"])
    message = f"scratchtune: {cells - 1} of {cells} cells of 'age' are numbers; not: '-' in line 6; such cells"
    expected = tuned(run, "--missing", "-", table="stray.csv")
    labels = run("predict", "model.npz", "stray.csv")[1]
    code, printed, messages = run("tune", "stray.csv", "--target", "churn", *QUICK, "--numeric", "age")
    assert code == 0 and message in messages
    assert metric(printed, "log loss") == metric(expected, "log loss")
    again = run("predict", "model.npz", "stray.csv")
    assert again[:2] == (0, labels) and message in again[2] and IGNORED.format("'churn'") in again[2]
    refused(run(*TUNE, "--numeric", "ages"), "--numeric is 'ages'; it must be one of")
    refused(run(*TUNE, "--numeric", "age", "--text", "age"), "text and numeric both name 'age'")


def test_a_decimal_comma_is_read_and_remembered(run: Run) -> None:
    columns = whole()
    expected = made(run, "--drop", "id")
    labels = run("predict", "model.npz", "whole.csv")[1]
    commas = [[cell.replace(".", ",") for cell in cells] for cells in columns.values()]
    Path("comma.csv").write_text("\n".join(";".join(map(str, row)) for row in [columns, *zip(*commas, strict=True)]))
    printed = tuned(run, "--drop", "id", table="comma.csv")
    comma = "numbers are read with a decimal comma (--decimal . reads them with a point)\n"
    assert steady(printed.replace(comma, "")) == steady(expected.replace("(scratchtune", "(replaced; scratchtune"))
    assert run("predict", "model.npz", "comma.csv")[1] == labels
    refused(run("predict", "model.npz", "whole.csv"), "are numbers; not: '")
    assert run("predict", "model.npz", "whole.csv", "--decimal", ".")[1] == labels
    refused(run("tune", "comma.csv", "--target", "churn", "--decimal", ".", *QUICK), "are numbers; not: '")


def test_rows_without_a_target_are_left_out_and_counted(run: Run) -> None:
    columns = whole()
    expected = made(run)
    for name, cells in columns.items():
        columns[name] = ["NA" if name == "churn" else cells[0], *cells]
    write(Path("unlabelled.csv"), columns)
    code, printed, _ = run("tune", "unlabelled.csv", "--target", "churn", *QUICK)
    assert code == 0 and printed.splitlines()[0] == expected.splitlines()[0]
    assert f"left out, since the target is missing: 1 of {len(columns['churn'])} rows" in printed
    assert metric(printed, "log loss") == metric(expected, "log loss")


# Predicting new rows --------------------------------------------------------------------------------------------------


def test_a_text_that_training_has_not_seen(run: Run) -> None:
    """One row refuses nothing: it is told, and treated as a rare one."""
    made(run, "--drop", "id")
    rows = {"age": ["30", "31", "32"], "city": ["Rome", "Atlantis", "Atlantis"], "sex": ["f", "m", "f"]}
    write(Path("new.csv"), rows)
    code, labels, messages = run("predict", "model.npz", "new.csv")
    assert code == 0 and len(labels.split()) == 3
    assert messages == ("scratchtune: column 'city' holds categories that were not seen in training: 'Atlantis' "
                        "(2 rows); each counts as rare, or as missing if no text was rare\n")


@pytest.mark.parametrize("family", ["trees", "linear"])
def test_a_date_that_training_has_not_seen_is_a_date(family: str, run: Run) -> None:
    """The target is decided by the day: a rule that holds for dates of later years too."""
    days = np.datetime64("2023-01-01") + np.random.default_rng(0).permutation(600)
    rows = {"when": days.astype(str).tolist(), "y": np.where((days.astype(int) - 4) % 7 < 5, "work", "rest").tolist()}
    write(Path("days.csv"), rows)
    code, _, messages = run("tune", "days.csv", "--target", "y", "--trials", "1", "--folds", "2", "--families", family)
    assert code == 0, messages
    new = np.datetime64("2026-03-01") + np.arange(28)
    write(Path("new.csv"), {"when": new.astype(str).tolist()})
    code, labels, messages = run("predict", "model.npz", "new.csv")
    assert (code, messages) == (0, "") and len(labels.split()) == 28
    if family == "trees":
        truth = np.where((new.astype(int) - 4) % 7 < 5, "work", "rest")
        assert np.mean(np.array(labels.split()) == truth) > 0.9


def test_columns_that_the_model_does_not_use(run: Run) -> None:
    made(run, "--drop", "id")
    columns = {name: whole()[name] for name in ("sex", "age", "city")}
    rows = len(columns["age"])
    write(Path("new.csv"), {"wild": ["inf"] * rows, **columns, "mixed": ["1"] * (rows - 1) + ["x"]})
    write(Path("plain.csv"), columns)
    code, labels, messages = run("predict", "model.npz", "new.csv")
    assert (code, messages) == (0, IGNORED.format("'wild', 'mixed'"))
    assert run("predict", "model.npz", "plain.csv") == (0, labels, "")


def test_a_saved_model_is_scored_on_labelled_rows(run: Run) -> None:
    made(run, "--drop", "id")
    columns = {name: cells for name, cells in whole().items() if name != "id"}
    write(Path("test.csv"), {"extra": ["x"] * 40, **{name: cells[:40] for name, cells in columns.items()}})
    code, scores, messages = run("score", "model.npz", "test.csv")
    assert code == 0 and messages == IGNORED.format("'extra'")
    assert scores.splitlines()[0].startswith("40 rows, target 'churn'")
    right = st.load_model("model.npz").predict("test.csv") == np.array(columns["churn"][:40])
    assert float(metric(scores, "accuracy")) == pytest.approx(right.mean(), abs=5.1e-5)
    write(Path("bare.csv"), {name: cells for name, cells in columns.items() if name != "churn"})
    refused(run("score", "model.npz", "bare.csv"), "'churn' is missing")
    write(Path("maybe.csv"), {**columns, "churn": ["maybe", *columns["churn"][1:]]})
    refused(run("score", "model.npz", "maybe.csv"), "the target 'churn' holds 'maybe' in 1 row; the model knows")
    st.MLPRegressor(epochs=1, verbose=0).fit([[0.0], [1.0]], [0.0, 1.0]).save("other.npz")
    refused(run("score", "other.npz", "whole.csv"), "score takes a model that scratchtune tune has saved")


def test_predictions_as_a_file(run: Run) -> None:
    made(run, "--drop", "id")
    labels = run("predict", "model.npz", "whole.csv")[1].split()
    run("predict", "model.npz", "whole.csv", "--out", "p.csv", "--proba")
    shares = list(csv.reader(run("predict", "model.npz", "whole.csv", "--proba")[1].splitlines()))
    assert list(csv.reader(Path("p.csv").open(encoding="utf-8"))) == [
        [*whole(), "predicted churn", *shares[0]], *([*row, label, *probabilities] for row, label, probabilities in zip(
            zip(*whole().values(), strict=True), labels, shares[1:], strict=True))]
    code, printed, messages = run("predict", "model.npz", "whole.csv", "--out", "p.csv")
    assert (code, printed) == (0, "") and messages.splitlines()[-1] == "written: p.csv"
    assert list(csv.reader(Path("p.csv").open(encoding="utf-8"))) == [
        [*whole(), "predicted churn"], *map(list, zip(*whole().values(), labels, strict=True))]
    write(Path("taken.csv"), {**whole(), "predicted churn": labels})
    refused(run("predict", "model.npz", "taken.csv", "--out", "q.csv"), "'predicted churn'; the names must be diff")
    assert not Path("q.csv").exists()


def test_columns_that_the_model_does_not_use_are_copied_as_they_were_written(run: Run) -> None:
    made(run, "--drop", "id")
    columns = {**whole(), "id": ["2.50"] * len(whole()["id"])}
    run("predict", "model.npz", write(Path("new.csv"), columns), "--out", "p.csv")
    assert [row["id"] for row in csv.DictReader(Path("p.csv").open(encoding="utf-8"))] == columns["id"]


def test_a_file_of_predictions_has_the_separators_of_the_table(run: Run) -> None:
    columns = {"x": [f"{i / 8:.3f}".replace(".", ",") for i in range(-30, 30)], "y": [f"{i},5" for i in range(60)]}
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    Path("comma.csv").write_text("\n".join(";".join(row) for row in rows))
    tuned(run, table="comma.csv", target="y")
    assert run("predict", "model.npz", "comma.csv", "--out", "p.csv")[0] == 0
    lines = [line.split(";") for line in Path("p.csv").read_text().splitlines()]
    assert lines[0] == ["x", "y", "predicted y"] and [line[0] for line in lines[1:]] == columns["x"]
    printed = [float(value) for value in run("predict", "model.npz", "comma.csv")[1].split()]
    assert [float(line[2].replace(",", ".")) for line in lines[1:]] == printed and "." not in lines[1][2]


@pytest.mark.slow
def test_a_table_may_be_compressed_or_come_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stdin() -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("whole.csv").read_bytes())))
        return "-"

    expected = tuned(run)
    labels = run("predict", "model.npz", "whole.csv")[1]
    Path("whole.csv.gz").write_bytes(gzip.compress(Path("whole.csv").read_bytes()))
    for file in (lambda: "whole.csv.gz", stdin):
        assert steady(tuned(run, table=file())) == steady(expected.replace("(scratchtune", "(replaced; scratchtune"))
        assert run("predict", "model.npz", file())[:2] == (0, labels)
        assert run("predict", "model.npz", file(), "--out", "p.csv")[0] == 0
        assert next(csv.reader(Path("p.csv").open())) == [*whole(), "predicted churn"]
        assert run("score", "model.npz", file())[1].startswith(f"{len(whole()['id'])} rows, target 'churn'")
    Path("whole.csv.gz").write_bytes(Path("whole.csv.gz").read_bytes()[:-20])
    refused(run("predict", "model.npz", "whole.csv.gz"), "whole.csv.gz, which gzip has compressed, is damaged: ")


@pytest.mark.parametrize(("options", "message"), [
    (["--out", "whole.csv"], "--out is 'whole.csv', which would overwrite the table"),
    (["--out", "model.npz"], "which would overwrite the model"), (["--out", "nowhere/p.csv"], "there is no folder"),
    (["--decimal", "x"], "--decimal"),
])
def test_wrong_options_of_predict(options: list[str], message: str, run: Run) -> None:
    made(run)
    refused(run("predict", "model.npz", "whole.csv", *options), message)
    assert not Path("p.csv").exists()


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "same"), [
    ([], True), (["--jobs", "2"], True), (["--seed", "1"], False), (["--folds", "3"], False),
])
def test_the_same_arguments_give_the_same_bits(options: list[str], same: bool, run: Run) -> None:
    first = steady(tuned(run, out="first.npz").replace("first.npz", ""))
    second = steady(tuned(run, *options, out="second.npz").replace("second.npz", ""))
    assert (first == second) == same
    if same:
        files = [dict(np.load(name)) for name in ("first.npz", "second.npz")]
        assert files[0].keys() == files[1].keys()
        assert all(files[0][name].tobytes() == files[1][name].tobytes() for name in files[0] if name != "header")


def test_a_grid_after_the_default(run: Run) -> None:
    code, printed, messages = run(*TUNE, "--searcher", "grid", "--scoring", "roc_auc", "--db", "grid.db")
    assert code == 0 and "auc" in printed, messages
    first, second = st.load_study("grid.db").trials
    assert first.params != second.params and first.params["family"] == "linear"


def test_results_on_stdout_messages_on_stderr(run: Run) -> None:
    code, printed, messages = run(*TUNE)
    assert code == 0 and "verdict" in printed
    assert all(line.startswith("scratchtune: ") for line in messages.splitlines()), messages


def diverging(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Make so many configurations of networks diverge, the first ones; each is trained for an epoch."""
    numbers, member = count(), members.Folds.member

    def diverged(folds: members.Folds, params: dict[str, Any], *arguments: Any) -> Any:
        wrong = {"network_learning_rate": 1e30} if next(numbers) < most else {}
        return member(folds, params | {"network_epochs": 1} | wrong, *arguments)

    monkeypatch.setattr(members.Folds, "member", diverged)


@pytest.mark.filterwarnings("always")
def test_warnings_are_lines_without_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = whole()
    columns["churn"] = ["maybe" if i < 1 else label for i, label in enumerate(columns["churn"])]
    write(Path("rare.csv"), columns)
    diverging(monkeypatch, 1)
    code, printed, messages = run("tune", "rare.csv", "--target", "churn", *QUICK, "--families", "network")
    assert code == 0 and "1 failed or did not finish" in printed
    assert "Warning" not in messages and ".py" not in messages and len(messages.splitlines()) <= 6


FIRST = {"--help", "--help-all", "--target", "--out", "--minutes", "--trials", "--families", "--scoring", "--drop",
         "--group", "--time", "--seed", "--jobs", "--db", "--report", "--task", "--positive", "--strict"}
RARE = {"--data", "--keep", "--text", "--numeric", "--missing", "--decimal", "--date-order",
        "--searcher", "--folds", "--impute", "--debug"}


@pytest.mark.parametrize("command", ["tune", "auto"])
def test_the_first_help_has_at_most_20_options(command: str, run: Run) -> None:
    def options(printed: str) -> set[str]:
        return {word.strip(",") for line in printed.splitlines() if line.startswith("  -")
                for word in line.split() if word.startswith("--")}

    code, printed, _ = run(command, "--help")
    assert code == 0 and "example: scratchtune tune" in printed
    shown = {option for option in options(printed) if f"  {option}" in printed or option == "--help"}
    assert shown == FIRST and len(shown) <= 20
    code, printed, _ = run(command, "--help-all")
    told = " ".join(printed.split())
    assert code == 0 and all(f"  {option}" in printed for option in RARE)
    assert all(marker in told for marker in ("empty, NA, N/A, NaN, null, None, ?", "UTF-8", "semicolon"))
    assert set(MISSING) <= {"", *told.lower().replace(",", " ").split()}  # each marker that there is
    assert run("predict", "--help")[0] == 0


# Streams and files ----------------------------------------------------------------------------------------------------


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which $ST is the command; bash, since it tells the exit code of each part of a pipe."""
    environment = {**os.environ, "ST": f"{sys.executable} -m scratchtune", **environment}
    return subprocess.run(["bash", "-c", line], capture_output=True, timeout=120, env=environment, encoding="utf-8")


bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
QUICKLY = f"$ST tune whole.csv --target churn {' '.join(QUICK)}"


@pytest.mark.slow
@bash
@pytest.mark.parametrize("reader", ["true", "head -1"])
@pytest.mark.usefixtures("run")
def test_a_reader_that_is_gone_loses_no_file(reader: str) -> None:
    done = shell(f"{QUICKLY} --report p.html | {reader}; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 0 and "Traceback" not in done.stderr and "Broken" not in done.stderr
    assert Path("model.npz").exists() and Path("p.html").exists()


@pytest.mark.slow
@bash
def test_closed_streams(run: Run) -> None:
    made(run)
    for options in ("", "--proba"):
        done = shell(f"$ST predict model.npz whole.csv {options} >&-")
        assert done.returncode == 2 and "stdout is closed" in done.stderr and len(done.stderr.splitlines()) == 1
    done = shell("$ST predict absent.npz whole.csv 2>&-")
    assert (done.returncode, done.stdout) == (2, "")
    done = shell("$ST predict model.npz whole.csv 2>&-")
    assert done.returncode == 0 and set(done.stdout.split()) == {"yes", "no"}


@bash
@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk here")
def test_results_that_cannot_be_written_are_no_success(run: Run) -> None:
    made(run)
    done = shell("$ST predict model.npz whole.csv > /dev/full")
    assert done.returncode == 2 and "No space left" in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.slow
def test_results_are_not_lossy_whatever_the_terminal_speaks(run: Run) -> None:
    columns = whole()
    columns["churn"] = ["größe" if label == "yes" else label for label in columns["churn"]]
    write(Path("letters.csv"), columns)
    tuned(run, table="letters.csv")
    command = [sys.executable, "-m", "scratchtune", "predict", "model.npz", "letters.csv"]
    for encoding, heard in (("ascii", "utf-8"), ("latin-1", "latin-1"), ("utf-8", "utf-8")):
        done = subprocess.run(
            command, capture_output=True, timeout=120, env={**os.environ, "PYTHONIOENCODING": encoding})
        assert set(done.stdout.decode(heard).split()) == {"größe", "no"}


@pytest.mark.slow
def test_the_report_is_written_beside_the_model(run: Run) -> None:
    Path("models").mkdir()
    command = [*TUNE, "--out", "models/churn.npz", "--report"]
    code, printed, messages = run(*command)
    assert code == 0 and "replaced" not in printed, messages
    code, printed, messages = run(*command)
    assert "model: models/churn.npz (replaced; " in printed and "report: models/report.html" in printed
    assert "churn" in Path("models/report.html").read_text(encoding="utf-8") and not list(Path().rglob("*.part"))


def test_what_is_read_is_not_overwritten(run: Run) -> None:
    write(Path("m.html"), whole())
    command = ["tune", "m.html", "--target", "churn", "--trials", "1", "--out", "m.npz", "--report", "m.html"]
    refused(run(*command), "--report is 'm.html', which would overwrite the table")
    Path("b.npz").symlink_to("b.html")
    command = ["tune", "whole.csv", "--target", "churn", "--out", "b.npz", "--report", "b.html"]
    refused(run(*command), "overwrite the model")
    assert "churn" in Path("m.html").read_text()


@pytest.mark.slow
def test_columns_that_are_not_used_may_hold_anything(run: Run) -> None:
    columns = whole()
    rows = len(columns["age"])
    columns = {"wild": ["inf"] * rows, "number": [f"{2**60 + 1 + i}" for i in range(rows)], **columns}
    write(Path("wild.csv"), columns)
    assert f"{rows} rows, 4 columns" in tuned(run, "--drop", "wild", "number", table="wild.csv")
    expected = run("predict", "model.npz", "wild.csv")
    write(Path("other.csv"), {**columns, "churn": ["-inf"] * rows})
    assert expected[0] == 0 and run("predict", "model.npz", "other.csv") == expected


def test_names_are_stripped_as_the_header_is(run: Run) -> None:
    assert "target 'churn'" in tuned(run, "--drop", " id ", target=" churn ")


# Wrong input ----------------------------------------------------------------------------------------------------------


def refused(result: tuple[int, str, str], message: str, code: int = 2) -> None:
    """The exit code, one sentence on stderr, no traceback, no model."""
    assert result[0] == code and message in result[2]
    last = result[2].splitlines()[-1]
    assert last.startswith("scratchtune") and message in last and "Traceback" not in result[2]
    assert not list(Path().glob("*.part"))


@pytest.fixture
def kept(run: Run) -> Any:
    """A model that is there already, and must stay as it is."""
    Path("model.npz").write_bytes(b"an old model")
    names = sorted(os.listdir())
    yield
    assert Path("model.npz").read_bytes() == b"an old model"
    assert sorted(set(os.listdir()) - set(names) - {"table.csv"}) == []


@pytest.mark.parametrize(("table", "message"), [
    ("absent.csv", "absent.csv does not exist"), (".", ". is a folder"),
    (b"", "is empty"), (b"\x00\x01\x02", "holds binary data"), (b"churn,a\n", "has a header and no rows"),
    (b"churn,a\nyes,1\nno\n", "line 3, has 1 cell and the header has 2"),
    (b"PK\x03\x04", "zip archive"), (b"1,2\n3,4\n", "the header holds only numbers"),
    (b"churn,a\nyes,1\nyes,2\n", "the target 'churn' is 'yes' in all rows"),
    (b"churn,a\n,1\n,2\n", "the target 'churn' is missing in all 2 rows; it must have values to learn from"),
    (b"churn,a\n" + b"".join(b"%s,n%d\n" % (b"yn"[i % 2:i % 2 + 1], i) for i in range(30)),
     "no column is left to learn from"),
    (b"churn,a\n" + b"yes,1\nno,inf\n" * 9, "are numbers; not: 'inf' in line 3 (9 cells)"),
    (b"churn\nyes\nno\n" * 9, "no column is left to learn from"),
    (b"churn,a\n" + b'yes,1\n"n\no",2\n' * 9, r"the class 'n\no' of the target 'churn' holds a line break"),
    (b"churn,a\n" + b"0,1\n9007199254740992,2\n9007199254740993,3\n" * 9, "'churn' holds '9007199254740993' in line 4"),
], ids=lambda value: str(value)[:40])
@pytest.mark.usefixtures("kept")
def test_what_is_no_table_to_tune_on(table: str | bytes, message: str, run: Run) -> None:
    if isinstance(table, bytes):
        Path("table.csv").write_bytes(table)
        table = "table.csv"
    refused(run("tune", table, "--target", "churn", *QUICK), message)


def test_what_the_audit_finds_is_said_and_strict_stops_there(run: Run) -> None:
    """A column that is known only after the target is named and kept; a constant one is left out."""
    columns = whole()
    columns["left"] = [f"after {label}" for label in columns["churn"]]
    columns["country"] = ["IT"] * len(columns["age"])
    write(Path("leak.csv"), columns)
    printed = tuned(run, table="leak.csv")
    assert "'left' alone explains 100.0% of the target" in printed and "--drop left leaves it out" in printed
    assert "'country'" in printed and printed.index("'left'") < printed.index("verdict")
    assert set(st.load_model("model.npz").kinds_) == {"id", "age", "city", "sex", "left"}
    Path("model.npz").unlink()
    refused(run("tune", "leak.csv", "--target", "churn", *QUICK, "--strict"), "--strict stops here, since the audit")
    assert not Path("model.npz").exists()


@pytest.mark.parametrize(("options", "message"), [
    (["--target", "chrn"], "--target is 'chrn'; the table has id, age, city, sex, churn, did you mean 'churn'?"),
    (["--task", "regression"], "--task is 'regression' and the target 'churn' holds text"),
    (["--task", "ranking"], "--task"),
    (["--positive", "maybe"], "--positive is 'maybe'; it must be one of 'no', 'yes'"),
    (["--drop", "ids"], "--drop is 'ids'"),
    (["--drop", "churn"], "--drop is 'churn'"),
    (["--searcher", "gird"], "--searcher is 'gird'; it must be one of 'grid', 'random', 'bayesian', 'genetic', "
                             "'hyperband', 'cmaes', did you mean 'grid'?"),
    (["--scoring", "acuracy"], "scoring is 'acuracy'"), (["--scoring", "r2"], "scoring is 'r2'"),
    (["--families", "tree"], "did you mean 'trees'"), (["--minutes", "1"], "--trials and --minutes are given"),
    (["--group", "churn"], "--group is 'churn', the target"), (["--report", "x.txt"], "must end in"),
    (["--trials", "0"], "--trials is 0"), (["--trials", "many"], "--trials"), (["--jobs", "0"], "--jobs is 0"),
    (["--folds", "1"], "--folds is 1"),
    (["--seed", "-1"], "--seed is"),
    (["--out", "nowhere/model.npz"], "--out is 'nowhere/model.npz'; there is no folder '/"),
    (["--out", "."], "--out is '.', which is a folder"), (["--out", "whole.csv"], "which would overwrite the table"),
    (["--db", "nowhere/x.db"], "there is no folder '/"),
    (["--data", "digits"], "take one of them"),
])
@pytest.mark.usefixtures("kept")
def test_wrong_options(options: list[str], message: str, run: Run) -> None:
    refused(run(*TUNE, *options), message)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no file, whoever asks")
def test_a_folder_that_takes_no_file_is_named_as_the_user_did(run: Run) -> None:
    refused(run(*TUNE, "--out", "/proc/m.npz"), "--out is '/proc/m.npz'; no file can be made in the folder '/proc': ")


def test_an_error_that_says_nothing_is_put_into_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(error: Exception) -> Callable[..., Any]:
        def read(*_: Any, **__: Any) -> Any:
            raise error
        return read

    for error, message in (
            (MemoryError(), "there is not enough memory for it"), (LookupError(), "it failed with LookupError")):
        monkeypatch.setattr("scratchtune.tables.job.read_table", raising(error))
        refused(run(*TUNE), f"scratchtune: {message}", code=1)


def test_a_table_or_a_target_that_is_not_given(run: Run) -> None:
    refused(run("tune", "whole.csv"), "--target is missing")
    refused(run("tune", "--data", "digits", "--missing", "-"), "--missing says how a FILE is read; with --data")
    refused(run("tune", "--target", "churn", "--drop", "id", "whole.csv"), "FILE, the table, is not given")


def test_a_search_in_which_every_configuration_fails_is_a_failed_job(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    diverging(monkeypatch, 2)
    refused(run(*TUNE, "--families", "network"), "no configuration could be trained", code=1)
    assert not Path("model.npz").exists()


@pytest.mark.parametrize(("cells", "message"), [
    ({"age": "30", "city": "Rome"}, "'sex' is missing"),
    ({"age": "30", "city": "Rome", "gender": "f"}, "'sex' is missing, and 'gender' is unknown"),
    ({"age": "old", "city": "Rome", "sex": "f"}, "column 'age' holds 'old' in row 2"),
])
def test_rows_that_cannot_be_predicted(cells: dict[str, str], message: str, run: Run) -> None:
    made(run, "--drop", "id")
    write(Path("new.csv"), {name: [whole().get(name, ["x"])[0], cell] for name, cell in cells.items()})
    result = run("predict", "model.npz", "new.csv")
    refused(result, message)
    assert result[1] == ""


def test_what_is_no_model(run: Run) -> None:
    made(run)
    good = Path("model.npz").read_bytes()
    network = st.Sequential([st.Dense(2, activation="softmax")])
    network.compile(loss="categorical_crossentropy")
    network.build((None, 2))
    network.save("network.npz")
    Path("cut.npz").write_bytes(good[: len(good) // 2])
    arrays = dict(np.load("model.npz"))
    newer = {**arrays, "header": np.array(json.dumps({**json.loads(str(arrays["header"])), "format": 99}))}
    np.savez("newer.npz", **newer)
    np.savez("numbers.npz", x=np.zeros(3))
    for name, message in {
        "absent.npz": "there is no such file", "whole.csv": "it is no model that scratchtune has saved",
        "cut.npz": "it is no model that scratchtune has saved", "numbers.npz": "it is no model that scratchtune",
        "newer.npz": "of format 99; this version reads up to format",
        "network.npz": "holds a Sequential; predict takes",
    }.items():
        refused(run("predict", name, "whole.csv"), message)
    refused(run("predict", "model.npz", "absent.csv"), "absent.csv does not exist")


def test_values_have_no_probabilities(run: Run) -> None:
    write(Path("values.csv"), {"x": [f"{i / 3}" for i in range(60)], "y": [f"{i / 7}" for i in range(60)]})
    tuned(run, table="values.csv", target="y")
    refused(run("predict", "model.npz", "values.csv", "--proba"), "--proba is for classes")


# Interrupted ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.usefixtures("kept")
def test_an_interrupted_run_leaves_the_old_model(
    call: int, jobs: str, run: Run, monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) >= call:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    real = members.Folds.fold_model
    monkeypatch.setattr(members.Folds, "fold_model", interrupted)
    code, _, messages = run(*TUNE, "--jobs", jobs)
    assert code == 130 and messages.splitlines()[-1] == "scratchtune: interrupted"


@pytest.mark.usefixtures("kept")
def test_an_interrupted_saving_leaves_the_old_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(file: Any, **arrays: Any) -> None:
        file.write(b"half a model")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", half)
    assert run(*TUNE)[0] == 130


def interrupted_by(signal_number: int, *more: str) -> tuple[int, list[str]]:
    """Start a long search, and send a signal when it has begun; the exit code and the messages."""
    command = [sys.executable, "-m", "scratchtune", "tune", "whole.csv", "--target", "churn", "--families", "linear",
               "--folds", "2", "--trials", "100000", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while "positive class" not in process.stdout.readline():
                assert process.poll() is None
            while more and not stored(more[1]):
                time.sleep(0.2)
                assert process.poll() is None
            time.sleep(1.0)
            process.send_signal(signal_number)
            messages = process.communicate(timeout=60)[1].splitlines()
        finally:
            process.kill()
    return process.returncode, messages


def stored(db: str) -> int:
    """How many trials of a study that another process makes are complete."""
    try:
        return sum(trial.state == "complete" for trial in st.load_study(db).trials)
    except (OSError, ValueError, RuntimeError):  # it is not there yet
        return 0


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
@pytest.mark.usefixtures("kept")
def test_ctrl_c(run: Run) -> None:
    code, messages = interrupted_by(signal.SIGINT)
    assert code in (130, -signal.SIGINT) and messages[-1] == "scratchtune: interrupted", messages  # 130 for a shell


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_a_terminated_search_is_continued_by_the_same_command(run: Run) -> None:
    code, messages = interrupted_by(signal.SIGTERM, "--db", "s.db")
    assert code == 143 and messages[-1] == "scratchtune: terminated" and any("s.db" in line for line in messages)
    assert not Path("model.npz").exists()
    trials, kept = len(st.load_study("s.db").trials) + 1, stored("s.db")
    code, _, said = run("tune", "whole.csv", "--target", "churn", "--families", "linear", "--folds", "2", "--trials",
                        trials, "--db", "s.db")
    assert code == 0 and stored("s.db") == trials > kept > 0, said
