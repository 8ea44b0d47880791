"""`scratchtune tune` and `predict`: a table in, a model out; what is printed, and one sentence for each wrong input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.estimators import default_space
from scratchtune.search import Space
from scratchtune.tables import objective
from scratchtune.tables.prepared import prepare
from scratchtune.tables.reading.notation import MISSING
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.space_file import read_space, written_space

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
    """Run a command in a folder with tables and a quick space; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    write(Path("gaps.csv"), customers())
    write(Path("whole.csv"), whole())
    Path("quick.json").write_text('{"epochs": [2, 4], "units": {"low": 4, "high": 8}}')

    def called(*arguments: Any) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return called


IGNORED = "scratchtune: ignored, since the model does not use them: {}\n"
QUICK = ["--trials", "2", "--folds", "2", "--space", "quick.json", "--jobs", "1", "--no-refit"]
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
    """A metric of the saved model on the test set: the tuned one's, or the default's where it is kept."""
    numbers = next(line for line in printed.splitlines() if line.startswith(name)).removeprefix(name).split()
    return numbers[1] if len(numbers) > 1 else numbers[0]


# The practitioner's day -----------------------------------------------------------------------------------------------


def test_a_table_in_a_model_out(run: Run) -> None:
    printed = tuned(run, "--impute", "--drop", "id", table="gaps.csv")
    assert "150 rows, 3 columns (1 of numbers, 2 of texts, 16 cells missing)" in printed
    assert "target 'churn': classification, since it holds text" in printed
    assert "positive class: 'yes'" in printed and "held-out test set, 30 rows, evaluated once" in printed
    assert all(name in printed for name in ("default", "accuracy", "precision", "recall", "f1", "auc", "log loss"))
    code, labels, messages = run("predict", "model.npz", "gaps.csv")
    assert (code, messages) == (0, IGNORED.format("'id', 'churn'"))
    assert len(labels.splitlines()) == 150 and set(labels.split()) == {"yes", "no"}
    right = np.mean(np.array(labels.split()) == np.array(customers()["churn"]))
    assert right > 0.75
    table, model = read_table("gaps.csv"), st.load_model("model.npz")
    assert model.predict(table).tolist() == labels.split() and model.dropped == ("id",)


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


def test_npz_as_the_table(run: Run) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    np.savez("table.npz", X=X, kind=np.where(X[:, 1] > 1.0, "a", "b"), y=np.digitize(X[:, 0], [-0.5, 0.5]) + 7)
    printed = tuned(run, table="table.npz", target="y")
    assert "it holds only 3 distinct integers" in printed and "positive class" not in printed
    assert "classes: 7 " in printed
    code, labels, _ = run("predict", "model.npz", "table.npz")
    assert code == 0 and set(labels.split()) <= {"7", "8", "9"} and len(labels.split()) == 90


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
    prepared = prepare(read_table("whole.csv"), "churn", positive=positive)
    table, y = prepared.test_set()
    right = st.load_model("model.npz").predict(table)[prepared.target.labels(y) == positive] == positive
    assert float(metric(printed, "recall")) == pytest.approx(right.mean(), abs=5.1e-5)


def test_digits_come_along(run: Run) -> None:
    Path("tiny.json").write_text('{"epochs": [1], "units": [4]}')
    options = ["--folds", "2", "--trials", "1", "--test-size", "0.5", "--space", "tiny.json"]
    code, printed, _ = run("tune", "--data", "digits", *options)
    assert code == 0 and "1,797 rows, 64 columns" in printed and "target 'digit': classification" in printed


# How a table is written -----------------------------------------------------------------------------------------------


def output_of(script: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a script in this process; the lines that it prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script])
        runpy.run_path(script, run_name="__main__")
    return capsys.readouterr().out.splitlines()


def test_a_stray_cell_stops_before_any_work(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    columns = whole()
    columns["age"][4] = "old"
    write(Path("stray.csv"), columns)
    result = run("tune", "stray.csv", "--target", "churn", *QUICK)
    refused(result, f"of {len(columns['age'])} cells of 'age' are numbers; not: 'old' in line 6; give ")
    assert result[1] == "" and len(result[2].splitlines()) == 1 and not Path("model.npz").exists()
    printed = tuned(run, "--missing", "old", "--impute", "--emit", "ours", table="stray.csv")
    assert "4 columns (2 of numbers, 2 of texts, 1 cell missing)" in printed
    assert output_of("model_ours.py", capsys)[0] == f"accuracy {metric(printed, 'accuracy')}"
    code, labels, _ = run("predict", "model.npz", "stray.csv")  # which the model remembers
    assert code == 0 and len(labels.split()) == len(columns["age"])
    assert "4 columns (1 of numbers, 3 of texts" in tuned(run, "--text", "age", table="stray.csv")
    refused(run(*TUNE, "--text", "ages"), "--text is 'ages'; it must be one of")


def test_a_numeric_column_has_missing_values_where_it_holds_no_numbers(run: Run) -> None:
    columns = whole()
    columns["age"][4] = "-"
    write(Path("stray.csv"), columns)
    cells = len(columns["age"])
    message = f"scratchtune: {cells - 1} of {cells} cells of 'age' are numbers; not: '-' in line 6; such cells"
    expected = tuned(run, "--missing", "-", "--impute", table="stray.csv")
    labels = run("predict", "model.npz", "stray.csv")[1]
    code, printed, messages = run(
        "tune", "stray.csv", "--target", "churn", *QUICK, "--numeric", "age", "--impute", "--emit", "ours")
    assert code == 0 and message in messages
    assert metric(printed, "log loss") == metric(expected, "log loss")
    again = run("predict", "model.npz", "stray.csv")
    assert again[:2] == (0, labels) and message in again[2] and IGNORED.format("'churn'") in again[2]
    assert 'numeric=["age"],' in Path("model_ours.py").read_text()
    refused(run(*TUNE, "--numeric", "ages"), "--numeric is 'ages'; it must be one of")
    refused(run(*TUNE, "--numeric", "age", "--text", "age"), "text and numeric both name 'age'")


def test_a_decimal_comma_is_read_and_remembered(run: Run) -> None:
    columns = whole()
    expected = made(run, "--drop", "id")
    labels = run("predict", "model.npz", "whole.csv")[1]
    commas = [[cell.replace(".", ",") for cell in cells] for cells in columns.values()]
    Path("comma.csv").write_text("\n".join(";".join(map(str, row)) for row in [columns, *zip(*commas, strict=True)]))
    printed = tuned(run, "--drop", "id", table="comma.csv")
    assert printed.replace("numbers are read with a decimal comma (--decimal . reads them with a point)\n", "") == (
        expected.replace("(scratchtune", "(replaced; scratchtune"))
    assert run("predict", "model.npz", "comma.csv")[1] == labels
    refused(run("predict", "model.npz", "whole.csv"), "are numbers; not: '")
    assert run("predict", "model.npz", "whole.csv", "--decimal", ".")[1] == labels
    refused(run("tune", "comma.csv", "--target", "churn", "--decimal", ".", *QUICK), "are numbers; not: '")


def test_missing_values_can_be_indicated(run: Run) -> None:
    """In this table a value is missing where the target is yes, and the median, which fills it, is frequent too."""
    rng = np.random.default_rng(0)
    churn = rng.choice(["no", "yes"], 200)
    age = ["" if label == "yes" else str(value) for label, value in zip(churn, rng.integers(20, 23, 200), strict=True)]
    write(Path("lacking.csv"), {"age": age, "churn": churn.tolist()})
    Path("quick.json").write_text('{"epochs": [40, 60]}')
    assert float(metric(tuned(run, "--impute", table="lacking.csv"), "accuracy")) < 0.9
    printed = tuned(run, "--impute", "--indicator", "--emit", "ours", table="lacking.csv")
    assert float(metric(printed, "accuracy")) == 1.0
    assert "add_indicator=True," in Path("model_ours.py").read_text()
    assert run("predict", "model.npz", "lacking.csv")[1].split() == churn.tolist()
    refused(run(*TUNE, "--indicator"), "--indicator is given and --impute is not")


def test_rows_without_a_target_are_left_out_and_counted(run: Run) -> None:
    columns = whole()
    expected = made(run)
    rows = len(columns["churn"])
    for name, cells in columns.items():
        columns[name] = ["NA" if name == "churn" else cells[0], *cells]
    write(Path("unlabelled.csv"), columns)
    code, printed, messages = run("tune", "unlabelled.csv", "--target", "churn", *QUICK)
    assert code == 0 and printed.splitlines()[0] == expected.splitlines()[0]
    assert f"scratchtune: left out, since the target 'churn' is missing: 1 of {rows + 1} rows\n" in messages
    assert metric(printed, "log loss") == metric(expected, "log loss")
    assert "rows of the training set, as asked (1 row without a target left out)\n" in printed


# Predicting new rows --------------------------------------------------------------------------------------------------


def test_a_text_that_training_has_not_seen(run: Run) -> None:
    """One row refuses nothing: it is told, and encoded as in the evaluation on the test set."""
    made(run, "--drop", "id")
    rows = {"age": ["30", "31", "32"], "city": ["Rome", "Atlantis", "Atlantis"], "sex": ["f", "m", "f"]}
    write(Path("new.csv"), rows)
    code, labels, messages = run("predict", "model.npz", "new.csv")
    assert code == 0 and len(labels.split()) == 3
    assert messages == ("scratchtune: column 'city' holds categories that were not seen in training: 'Atlantis' "
                        "(2 rows); they are encoded as zeros\n")
    refused(run("predict", "model.npz", "new.csv", "--unknown", "error"), "column 'city' holds 'Atlantis' in row 2")


def test_predicting_the_training_file_with_categories_of_the_test_set(run: Run) -> None:
    columns = whole()
    held_out = prepare(read_table("whole.csv"), "churn").test_rows
    columns["city"][held_out[0]] = "Atlantis"
    write(Path("rare.csv"), columns)
    tuned(run, table="rare.csv")
    code, labels, messages = run("predict", "model.npz", "rare.csv")
    assert code == 0 and len(labels.split()) == len(columns["city"]) and "'Atlantis' (1 row)" in messages


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
    """The held-out test set gives the metrics that tune has printed."""
    printed = made(run, "--drop", "id")
    columns = {name: cells for name, cells in whole().items() if name != "id"}
    held_out = prepare(read_table("whole.csv"), "churn").test_rows
    write(Path("test.csv"), {"extra": ["x"] * len(held_out), **{
        name: [cells[row] for row in held_out] for name, cells in columns.items()}})
    code, scores, messages = run("score", "model.npz", "test.csv")
    assert code == 0 and messages == IGNORED.format("'extra'")
    assert scores.splitlines()[0] == f"{len(held_out)} rows, target 'churn': classification"
    for name in ("accuracy", "precision", "recall", "f1", "auc", "log loss"):
        line = next(line for line in scores.splitlines() if line.startswith(name))
        assert line.removeprefix(name).split()[0] == metric(printed, name)
    write(Path("bare.csv"), {name: cells for name, cells in columns.items() if name != "churn"})
    refused(run("score", "model.npz", "bare.csv"), "the target 'churn' is not in the table")
    write(Path("maybe.csv"), {**columns, "churn": ["maybe", *columns["churn"][1:]]})
    refused(run("score", "model.npz", "maybe.csv"), "the target 'churn' holds 'maybe' in 1 row; the model knows")
    st.MLPRegressor(epochs=1, verbose=0).fit([[0.0], [1.0]], [0.0, 1.0]).save("other.npz")
    refused(run("score", "other.npz", "whole.csv"), "score takes a model that scratchtune tune or auto has saved")


def test_predictions_as_a_file(run: Run) -> None:
    made(run, "--drop", "id")
    labels = run("predict", "model.npz", "whole.csv")[1].split()
    code, printed, messages = run("predict", "model.npz", "whole.csv", "--out", "p.csv", "--id", "id", "city")
    assert (code, printed) == (0, "") and messages.splitlines()[-1] == "written: p.csv"
    lines = list(csv.reader(Path("p.csv").open(encoding="utf-8")))
    assert lines == [["id", "city", "predicted churn"],
                     *map(list, zip(whole()["id"], whole()["city"], labels, strict=True))]
    run("predict", "model.npz", "whole.csv", "--out", "p.csv", "--proba", "--id", "id")
    shares = list(csv.reader(run("predict", "model.npz", "whole.csv", "--proba")[1].splitlines()))
    assert list(csv.reader(Path("p.csv").open(encoding="utf-8"))) == [
        ["id", "predicted churn", *shares[0]],
        *([name, label, *row] for name, label, row in zip(whole()["id"], labels, shares[1:], strict=True))]
    code, printed, _ = run("predict", "model.npz", "whole.csv", "--out", "p.csv")  # all columns of the table
    assert (code, printed) == (0, "")
    assert list(csv.reader(Path("p.csv").open(encoding="utf-8"))) == [
        [*whole(), "predicted churn"], *map(list, zip(*whole().values(), labels, strict=True))]
    write(Path("taken.csv"), {**whole(), "predicted churn": labels})
    refused(run("predict", "model.npz", "taken.csv", "--out", "q.csv"), "'predicted churn'; the names must be diff")
    assert not Path("q.csv").exists()


@pytest.mark.slow
def test_a_table_may_be_compressed_or_come_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stdin() -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("whole.csv").read_bytes())))
        return "-"

    expected = tuned(run)
    labels = run("predict", "model.npz", "whole.csv")[1]
    Path("whole.csv.gz").write_bytes(gzip.compress(Path("whole.csv").read_bytes()))
    for file in (lambda: "whole.csv.gz", stdin):
        assert tuned(run, table=file()) == expected.replace("(scratchtune", "(replaced; scratchtune")
        assert run("predict", "model.npz", file())[:2] == (0, labels)
        assert run("predict", "model.npz", file(), "--out", "p.csv")[0] == 0
        assert next(csv.reader(Path("p.csv").open())) == [*whole(), "predicted churn"]
        assert run("score", "model.npz", file())[1].startswith(f"{len(whole()['id'])} rows, target 'churn'")
    refused(run("tune", "-", "--target", "churn", *QUICK, "--emit", "ours"), "--emit needs a FILE that the script can")
    Path("whole.csv.gz").write_bytes(Path("whole.csv.gz").read_bytes()[:-20])
    refused(run("predict", "model.npz", "whole.csv.gz"), "whole.csv.gz, which gzip has compressed, is damaged: ")


@pytest.mark.parametrize(("options", "message"), [
    (["--id", "id"], "--id is given and --out is not"),
    (["--out", "whole.csv"], "--out is 'whole.csv', which would overwrite the table"),
    (["--out", "model.npz"], "which would overwrite the model"), (["--out", "nowhere/p.csv"], "there is no folder"),
    (["--out", "p.csv", "--id", "ids"], "--id is 'ids'; it must be one of"),
    (["--out", "p.csv", "--id", "id", "id"], "the names must be different"), (["--thousands", "x"], "--thousands"),
])
def test_wrong_options_of_predict(options: list[str], message: str, run: Run) -> None:
    made(run)
    refused(run("predict", "model.npz", "whole.csv", *options), message)
    assert not Path("p.csv").exists()


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "same"), [
    ([], True), (["--jobs", "2"], True), (["--seed", "1"], False), (["--test-size", "0.4"], False),
    (["--folds", "3"], False),
])
def test_the_same_arguments_give_the_same_bits(options: list[str], same: bool, run: Run) -> None:
    first = tuned(run, out="first.npz").replace("first.npz", "")
    second = tuned(run, *options, out="second.npz").replace("second.npz", "")
    assert (first == second) == same
    if same:
        files = [dict(np.load(name)) for name in ("first.npz", "second.npz")]
        assert all(files[0][name].tobytes() == files[1][name].tobytes() for name in files[0])


def test_a_grid_over_a_space_that_depends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Momentum is for sgd alone, an activation for hidden layers alone: (3 momenta + adam) x (2 activations + none)."""
    tried: list[Any] = []

    def noted(model: Any, *arguments: Any, **options: Any) -> Any:
        network = model.estimator
        tried.append((network.optimizer, network.momentum, network.hidden_layers, network.activation))
        return real(model, *arguments, **options)

    real = objective.cross_validate
    monkeypatch.setattr(objective, "cross_validate", noted)
    Path("space.json").write_text(json.dumps({
        "optimizer": ["sgd", "adam"], "epochs": {"low": 1, "high": 1},
        "momentum": {"low": 0.5, "high": 0.7, "step": 0.1, "when": {"optimizer": ["sgd"]}},
        "activation": {"choices": ["relu", "tanh"], "when": {"hidden_layers": [1]}}, "hidden_layers": [0, 1]}))
    code, printed, _ = run(
        "tune", "whole.csv", "--target", "churn", "--searcher", "grid", "--space", "space.json", "--folds", "2",
        "--scoring", "roc_auc")
    assert code == 0 and "cross-validated roc_auc" in printed
    assert tried[0] == ("adam", 0.9, 1, "relu") and len(tried) == 1 + 4 * 3 + 1  # the default, the grid, the threshold
    assert {momentum for kind, momentum, *_ in tried if kind == "adam"} == {0.9}
    assert len({round(momentum, 6) for kind, momentum, *_ in tried if kind == "sgd"}) == 3


def test_results_on_stdout_messages_on_stderr(run: Run) -> None:
    code, printed, messages = run(*TUNE)
    assert code == 0 and "cross-validating" in messages and "cross-validating" not in printed
    assert all(line.startswith(("held-out test set:", "scratchtune: compiling")) for line in messages.splitlines())


@pytest.mark.filterwarnings("always")
def test_warnings_are_lines_without_code(run: Run) -> None:
    columns = whole()
    columns["churn"] = ["maybe" if i < 4 else label for i, label in enumerate(columns["churn"])]
    write(Path("rare.csv"), columns)
    Path("wild.json").write_text('{"learning_rate": [1e30, 0.01], "epochs": [1]}')
    code, _, messages = run(
        "tune", "rare.csv", "--target", "churn", "--space", "wild.json", "--searcher", "grid", "--folds", "5")
    assert code == 0 and "trial 0 failed: ValueError: this MLPClassifier predicts" in messages
    assert "Warning" not in messages and ".py" not in messages and len(messages.splitlines()) <= 5


@pytest.mark.slow
def test_scripts_are_written_beside_the_model(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("models").mkdir()
    printed = tuned(run, "--drop", "id", "--emit", "ours", "keras", "torch", out="models/churn.npz")
    for kind in ("ours", "keras", "torch"):
        path = Path("models") / f"churn_{kind}.py"
        assert f"script: {path}" in printed
        compile(path.read_text(encoding="utf-8"), path, "exec")
    accuracy, loss = metric(printed, "accuracy"), metric(printed, "log loss")
    assert output_of("models/churn_ours.py", capsys) == [f"accuracy {accuracy}", f"log loss {loss}"]


def test_help_tells_each_option(run: Run) -> None:
    code, printed, _ = run("tune", "--help")
    assert code == 0 and "example: scratchtune tune" in printed
    assert all(option in printed for option in (
        "--target", "--task", "--positive", "--drop", "--impute", "--searcher", "--trials", "--scoring", "--space",
        "--folds", "--test-size", "--jobs", "--seed", "--out", "--emit", "--text", "--missing", "--decimal",
        "--thousands", "--refit", "--no-refit", "--numeric", "--show-space"))
    told = " ".join(printed.split())
    assert all(marker in told for marker in ("empty, NA, N/A, NaN, null, None, ?", "UTF-8", "semicolon", "90%"))
    assert set(MISSING) <= {"", *told.lower().replace(",", " ").split()}  # each marker that there is
    Path("space.json").write_text(printed[printed.index("{\n"):])
    assert repr(read_space("space.json")) == repr({
        name: Space({name: entry}).parameters[name] for name, entry in default_space(1000).items()})
    assert run("predict", "--help")[0] == 0


def test_the_default_space_is_printed_on_request_as_a_space_file(run: Run) -> None:
    code, printed, messages = run("tune", "--show-space")
    assert code == 0 and "the default space for a training set of 1,000 rows" in messages
    Path("space.json").write_text(printed)
    assert read_space("space.json").keys() == default_space(1000).keys()
    code, printed, messages = run("tune", "whole.csv", "--target", "churn", "--show-space")
    rows = int(messages.split("training set of ")[1].split()[0])
    assert code == 0 and printed.strip() == written_space(default_space(rows)) and 90 < rows < 120
    assert run("tune", "none.csv", "--target", "churn", "--show-space")[0] == 2
    assert run("tune", "--data", "digits", "--show-space")[0] == 0


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
    done = shell(f"{QUICKLY} --emit ours | {reader}; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 0 and "Traceback" not in done.stderr and "Broken" not in done.stderr
    assert Path("model.npz").exists() and Path("model_ours.py").exists()


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


def test_an_existing_file_is_replaced_completely_and_it_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tuned(run, "--emit", "ours")
    assert "replaced" not in first
    again = tuned(run, "--emit", "ours", "torch")
    assert "model: model.npz (replaced; " in again and "script: model_ours.py (replaced)" in again
    assert "script: model_torch.py\n" in again and not list(Path().glob("*.part"))


def test_what_is_read_is_not_overwritten(run: Run) -> None:
    refused(run(*TUNE, "--out", "quick.json"), "--out is 'quick.json', which would overwrite the space")
    write(Path("m_ours.py"), whole())
    command = ["tune", "m_ours.py", "--target", "churn", *QUICK, "--out", "m.npz", "--emit", "ours"]
    refused(run(*command), "--emit ours would write 'm_ours.py', which would overwrite the table")
    Path("b.npz").symlink_to("b_ours.py")
    refused(run(*TUNE, "--out", "b.npz", "--emit", "ours"), "would overwrite the model")
    assert "epochs" in Path("quick.json").read_text() and "churn" in Path("m_ours.py").read_text()


@pytest.mark.slow
def test_columns_that_are_not_used_may_hold_anything(run: Run) -> None:
    columns = whole()
    rows = len(columns["age"])
    columns = {"wild": ["inf"] * rows, "number": [f"{2**60 + 1 + i}" for i in range(rows)], **columns}
    write(Path("wild.csv"), columns)
    printed = tuned(run, "--drop", "wild", "number", "--emit", "ours", table="wild.csv")
    assert f"{rows} rows, 4 columns" in printed
    assert subprocess.run([sys.executable, "model_ours.py"], capture_output=True, timeout=120).returncode == 0
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
    assert sorted(set(os.listdir()) - set(names) - {"table.csv", "table.npz", "space.json"}) == []


@pytest.mark.parametrize(("table", "message"), [
    ("absent.csv", "absent.csv does not exist"), (".", ". is a folder"),
    (b"", "is empty"), (b"\x00\x01\x02", "holds binary data"), (b"churn,a\n", "has a header and no rows"),
    (b"churn,a\nyes,1\nno\n", "line 3, has 1 cell and the header has 2"),
    (b"PK\x03\x04", "zip archive"), (b"1,2\n3,4\n", "the header holds only numbers"),
    (b"churn,a\nyes,1\nyes,2\n", "the target 'churn' is 'yes' in all rows"),
    (b"churn,a\n,1\n,2\n", "the target 'churn' is missing in all 2 rows; it must have values to learn from"),
    (b"churn,a\n" + b"yes,1\nno,2\n" * 9 + b"maybe,3\n", "the class 'maybe' of the target 'churn' is in 1 of the rows"),
    (b"churn,a\n" + b"".join(b"%s,n%d\n" % (b"yn"[i % 2:i % 2 + 1], i // 2) for i in range(10_000)),
     "different texts, and max_categories is 1000; leave the column out"),
    (b"churn,a\n" + b"".join(b"%s,n%d\n" % (b"yn"[i % 2:i % 2 + 1], i) for i in range(30)),
     "no column to learn from beside the target 'churn' ('a' seems to identify the rows; see --keep)"),
    (b"churn,a\n" + b"yes,1\nno,\n" * 9, "values are missing in 'a' (9 of 18 rows); --impute fills them"),
    (b"churn,a\n" + b"yes,1\nno,inf\n" * 9, "are numbers; not: 'inf' in line 3 (9 cells)"),
    (b"churn\nyes\nno\n" * 9, "no column to learn from"),
    (b"churn,a\n" + b'yes,1\n"n\no",2\n' * 9, r"the class 'n\no' of the target 'churn' holds a line break"),
    (b"churn,a\n" + b"0,1\n9007199254740992,2\n9007199254740993,3\n" * 9, "'churn' holds '9007199254740993' in line 4"),
], ids=lambda value: str(value)[:40])
@pytest.mark.usefixtures("kept")
def test_what_is_no_table_to_tune_on(table: str | bytes, message: str, run: Run) -> None:
    if isinstance(table, bytes):
        Path("table.csv").write_bytes(table)
        table = "table.csv"
    refused(run("tune", table, "--target", "churn", *QUICK), message)


def test_npz_that_holds_objects(run: Run) -> None:
    np.savez("table.npz", churn=np.array(["a", None], dtype=object))
    refused(run("tune", "table.npz", "--target", "churn", *QUICK), "which are not unpickled")


@pytest.mark.parametrize(("options", "message"), [
    (["--target", "chrn"], "--target is 'chrn'; the table has id, age, city, sex, churn, did you mean 'churn'?"),
    (["--task", "regression"], "--task is 'regression' and the target 'churn' holds text"),
    (["--task", "ranking"], "--task"),
    (["--positive", "maybe"], "--positive is 'maybe'; it must be one of 'no', 'yes'"),
    (["--drop", "ids"], "--drop is 'ids'"),
    (["--drop", "churn"], "--drop is 'churn'"),
    (["--searcher", "gird"], "--searcher is 'gird'; it must be one of 'grid', 'random', 'bayesian', 'genetic', "
                             "'hyperband', did you mean 'grid'?"),
    (["--scoring", "acuracy"], "--scoring is 'acuracy'"),
    (["--scoring", "r2"], "--scoring is 'r2'; for classification it must be one of accuracy"),
    (["--trials", "0"], "--trials is 0"), (["--trials", "many"], "--trials"), (["--jobs", "0"], "--jobs is 0"),
    (["--folds", "1"], "--folds is 1"), (["--folds", "500"], "--folds is 500"),
    (["--test-size", "0"], "--test-size is 0"), (["--test-size", "0.999"], "--test-size is 0.999"),
    (["--seed", "-1"], "--seed is"),
    (["--out", "nowhere/model.npz"], "--out is 'nowhere/model.npz'; there is no folder 'nowhere'"),
    (["--out", "."], "--out is '.', a folder"), (["--out", "whole.csv"], "which would overwrite the table"),
    (["--emit", "tensorflow"], "--emit"), (["--db", "nowhere/x.db"], "no folder 'nowhere'"),
    (["--space", "absent.json"], "--space is 'absent.json'; there is no such file"),
    (["--data", "digits"], "take one of them"),
])
@pytest.mark.usefixtures("kept")
def test_wrong_options(options: list[str], message: str, run: Run) -> None:
    refused(run(*TUNE, *options), message)


def test_spaces_that_are_nested_deeply_or_have_many_names_are_one_sentence_at_once(run: Run) -> None:
    for text in ("[" * 100_000, '{"units": ' * 100_000):
        Path("space.json").write_text(text)
        refused(run(*TUNE, "--space", "space.json"), "--space is 'space.json'; it is nested too deeply")
    Path("space.json").write_text(json.dumps({f"n{i}": [1, 2] for i in range(20_000)}))
    refused(run(*TUNE, "--space", "space.json"), "--space names 'n0'; the hyper-parameters are")
    Path("space.json").write_text('{"hidden_layers": [1000000000]}')
    refused(run(*TUNE, "--space", "space.json"), "hidden_layers is 1000000000; it must be an integer in [0, 1000]")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no file, whoever asks")
def test_a_folder_that_takes_no_file_is_named_as_the_user_did(run: Run) -> None:
    refused(run(*TUNE, "--out", "/proc/m.npz"), "--out is '/proc/m.npz'; no file can be made in the folder '/proc': ")


def test_an_error_that_says_nothing_is_put_into_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(error: Exception) -> Callable[..., Any]:
        def read(*_: Any) -> Any:
            raise error
        return read

    for error, message in (
            (MemoryError(), "there is not enough memory for it"), (LookupError(), "it failed with LookupError")):
        monkeypatch.setattr("scratchtune.cli.tune.read_space", raising(error))
        refused(run(*TUNE, "--space", "quick.json"), f"scratchtune: {message}", code=1)


@pytest.mark.parametrize(("text", "message"), [
    ("{", "it must hold JSON"),
    ('{"unit": [1]}', "did you mean 'units'?"), ('{"units": 5}', "--space, 'units': it is 5"),
    ('{"units": ["a"]}', "--space, 'units'"), ('{"units": {"low": 9, "high": 1}}', "--space, 'units': low is 9"),
])
@pytest.mark.usefixtures("kept")
def test_wrong_spaces(text: str, message: str, run: Run) -> None:
    Path("space.json").write_text(text)
    refused(run(*TUNE, "--space", "space.json"), message)


def test_a_table_or_a_target_that_is_not_given(run: Run) -> None:
    refused(run("tune", "whole.csv"), "--target is missing")
    refused(run("tune", "--data", "digits", "--missing", "-"), "--missing says how a FILE is read; with --data")
    refused(run("tune", "--target", "churn", "--drop", "id", "whole.csv"), "FILE, the table, is not given")


def test_a_search_in_which_every_configuration_fails_is_a_failed_job(run: Run) -> None:
    Path("wild.json").write_text('{"learning_rate": [1e30]}')
    refused(run(*TUNE, "--space", "wild.json"), "every configuration has failed", code=1)
    assert not Path("model.npz").exists()


@pytest.mark.parametrize(("cells", "message"), [
    ({"age": "", "city": "Rome", "sex": "f"}, "values are missing in 'age', first in row 2 (counted from 1) of"),
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

    real = objective.cross_validate
    monkeypatch.setattr(objective, "cross_validate", interrupted)
    code, _, messages = run(*TUNE, "--jobs", jobs)
    assert code == 130 and messages.splitlines()[-1] == "scratchtune: interrupted"


@pytest.mark.usefixtures("kept")
def test_an_interrupted_saving_leaves_the_old_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(file: Any, **arrays: Any) -> None:
        file.write(b"half a model")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", half)
    assert run(*TUNE)[0] == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
@pytest.mark.usefixtures("kept")
def test_ctrl_c(run: Run) -> None:
    command = [sys.executable, "-m", "scratchtune", "tune", "whole.csv", "--target", "churn", "--trials", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "cross-validating" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        messages = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and messages.splitlines()[-1] == "scratchtune: interrupted"
