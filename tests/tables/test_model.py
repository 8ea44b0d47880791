"""A table model: what a target is taken for, the same bits after loading, a file in which nothing is executed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.model import TableEstimator, TableModel, Target, estimator_for, read_target
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table


def customers(rows: int = 120, seed: int = 0) -> dict[str, list[Any]]:
    """Numbers and texts, both with gaps, and an unbalanced target that is text."""
    rng = np.random.default_rng(seed)
    age, city = rng.normal(40.0, 12.0, rows), rng.choice(["Rome", "Oslo", "Nice"], rows)
    churn = np.where((age - 40.0) / 12.0 + (city == "Rome") > 1.2, "yes", "no")
    return {
        "age": [None if i % 17 == 3 else float(value) for i, value in enumerate(age)],
        "city": [None if i % 23 == 5 else str(value) for i, value in enumerate(city)],
        "sex": rng.choice(["f", "m"], rows).tolist(), "churn": churn.tolist()}


def fitted(table: Table, target: str, impute: str | None = "median", **arguments: Any) -> TableModel:
    meant, y = read_target(table, target)
    estimator = estimator_for(meant, **{"random_state": 0, "verbose": 0, "epochs": 3, "units": 8, **arguments})
    return TableModel(TableEstimator(estimator, impute, "error").fit(table.without(target), y), meant)


@pytest.fixture
def table() -> Table:
    return Table.from_columns(customers())


@pytest.fixture
def saved(table: Table, tmp_path: Path) -> Path:
    fitted(table, "churn").save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


# What a target is taken for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "options", "classes", "y", "reason"), [
    (["b", "a", "b", "b"], {}, ("b", "a"), [0, 1, 0, 0], "text"),  # the rarer one is the positive, the second
    (["b", "a", "a", "b"], {}, ("a", "b"), [1, 0, 0, 1], "text"),  # a tie: the order of the alphabet
    (["b", "a", "b", "b"], {"positive": "b"}, ("a", "b"), [1, 0, 1, 1], "text"),
    (["b", "a", "b", "b"], {"positive": "a"}, ("b", "a"), [0, 1, 0, 0], "text"),
    (["z", "x", "y", "x"], {}, ("x", "y", "z"), [2, 0, 1, 0], "text"),  # three classes keep their order
    ([0, 1, 1, 1], {}, ("1", "0"), [1, 0, 0, 0], "only 2 distinct integers"),
    ([0, 1, 1, 1], {"positive": "1"}, ("0", "1"), [0, 1, 1, 1], "only 2 distinct integers"),
    ([10, 9, 2, 9], {}, ("2", "9", "10"), [2, 1, 0, 1], "only 3 distinct integers"),
    ([0, 1, 1, 1], {"task": "regression"}, (), [0, 1, 1, 1], "as asked"),
    ([0.5, 1, 1, 1], {}, (), [0.5, 1, 1, 1], "not integers"),
    ([0.5, 1, 1, 1], {"task": "classification"}, ("1", "0.5"), [1, 0, 0, 0], "as asked"),
    (list(range(21)), {}, (), list(range(21)), "21 distinct numbers"),
])
def test_targets(values: list[Any], options: dict[str, str], classes: tuple[str, ...], y: list[Any],
                 reason: str) -> None:
    target, numbers = read_target(Table.from_columns({"y": values}), "y", **options)
    assert target.classes == classes and numbers.tolist() == y and reason in target.reason
    assert target.task == ("classification" if classes else "regression")


def test_labels_are_what_the_table_holds(table: Table) -> None:
    target, y = read_target(table, "churn")
    assert target.labels(y).tolist() == table.column("churn").values().tolist()
    assert target.classes == ("no", "yes") and 0.1 < y.mean() < 0.4


@pytest.mark.parametrize(("values", "options", "message"), [
    (["a", "b"], {"name": "yy"}, "--target is 'yy'; the table has y, x, did you mean 'y'?"),
    (["a", "a"], {}, "the target 'y' is 'a' in all rows"),
    ([3, 3], {"task": "regression"}, "the target 'y' is 3 in all rows"),
    (["a", None], {}, "missing in 1 of 2 rows, first in row 2"),
    ([0.5, np.nan], {}, "missing in 1 of 2 rows, first in row 2"),
    (["a", "b"], {"task": "regression"}, "holds text; it must hold numbers"),
    (["a", "b"], {"task": "ranking"}, "--task is 'ranking'"),
    (["a", "b"], {"positive": "c"}, "--positive is 'c'; it must be one of 'a', 'b'"),
    ([0.5, 1.5], {"positive": "1"}, "has no classes"),
])
def test_wrong_targets(values: list[Any], options: dict[str, str], message: str) -> None:
    table = Table.from_columns({"y": values, "x": [1, 2]})
    with pytest.raises(ValueError) as caught:
        read_target(table, options.pop("name", "y"), **options)
    assert message in str(caught.value)


# Keeping a model ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["churn", "age"])
@pytest.mark.parametrize("scale", ["standard", "minmax", None])
def test_a_loaded_model_gives_the_same_bits(target: str, scale: str | None, tmp_path: Path) -> None:
    table = Table.from_columns({**customers(), "age": np.arange(120) % 37 / 3.0})
    model = fitted(table, target, scale=scale)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert loaded.predict(table).tolist() == model.predict(table).tolist()
    assert loaded.target == model.target and loaded.dropped == model.dropped
    if model.target.classes:
        probabilities = loaded.predict_proba(table)
        assert probabilities.tobytes() == model.predict_proba(table).tobytes()
        assert model.target.labels(probabilities.argmax(axis=1)).tolist() == model.predict(table).tolist()


def test_another_process_gives_the_same_bits(table: Table, saved: Path) -> None:
    np.savez(saved.with_name("table.npz"), **{
        name: np.array(["" if value is None else value for value in table.column(name).values()])
        if table.is_text(name) else table.column(name) for name in table.names})
    code = ("import sys, hashlib, scratchtune as st; from scratchtune.tables.reading.reading import read_table\n"
            "p = st.load_model(sys.argv[1]).predict_proba(read_table(sys.argv[2]))\n"
            "print(hashlib.sha256(p.tobytes()).hexdigest())")
    command = [sys.executable, "-c", code, str(saved), str(saved.with_name("table.npz"))]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout.strip()
    assert printed == hashlib.sha256(fitted(table, "churn").predict_proba(table).tobytes()).hexdigest()


def test_the_file_holds_json_and_numbers_alone(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as file:
        kinds = {name: file[name].dtype.kind for name in file.files}
        header = json.loads(str(file["header"]))
    assert kinds.pop("header") == "U" and set(kinds.values()) <= set("iuf")
    assert header["kind"] == "table model" and header["target"]["classes"] == ["no", "yes"]


class Malicious:
    def __reduce__(self) -> Any:
        return os.mkdir, ("was-executed",)


@pytest.mark.parametrize("name", ["header", "theta", "more"])
def test_nothing_is_unpickled(name: str, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arrays = {**dict(np.load(saved)), name: np.array([Malicious()], dtype=object)}
    np.savez(saved, **arrays)
    with pytest.raises(ValueError, match="holds Python objects|which no model has"):
        st.load_model(saved)
    assert not (tmp_path / "was-executed").exists()


# Tables to predict for ------------------------------------------------------------------------------------------------


def test_order_and_coding_of_columns_the_target_and_dropped_columns_do_not_matter(table: Table) -> None:
    model = fitted(table, "churn")
    model.dropped = ("id",)
    columns = customers()
    columns = {name: columns[name] for name in ("sex", "city", "age")} | {"id": list(range(120))}
    there = Table.from_columns({name: values[::-1] for name, values in columns.items()})  # texts first seen in reverse
    assert model.predict(there)[::-1].tolist() == model.predict(table).tolist()


def test_gaps_are_filled_as_in_training(table: Table) -> None:
    """The most frequent city and the median age of training, whatever the rows to predict for look like."""
    model = fitted(table, "churn")
    ages, cities = table.column("age"), table.column("city").counts()
    gap = Table.from_columns({"age": [None, 90.0], "city": [None, "Nice"], "sex": ["f", "f"]})
    filled = Table.from_columns({
        "age": [float(np.nanmedian(ages)), 90.0], "city": [max(cities, key=cities.__getitem__), "Nice"],
        "sex": ["f", "f"]})
    assert model.predict_proba(gap).tobytes() == model.predict_proba(filled).tobytes()


def test_an_unknown_text_is_none_of_the_known_ones_if_asked_for(table: Table) -> None:
    model = fitted(table, "churn")
    rows = Table.from_columns({"age": [30.0], "city": ["Atlantis"], "sex": ["f"]})
    with pytest.raises(ValueError, match="'city' holds 'Atlantis' in row 1"):
        model.predict(rows)
    model.fitted.encoder_.handle_unknown = "ignore"
    with pytest.warns(UserWarning, match=r"'city' holds .* not seen in training: 'Atlantis' \(1 row\); .* as zeros$"):
        assert model.predict(rows)[0] in ("no", "yes")
    rows = Table.from_columns({"age": [30.0], "city": ["Rome"], "sex": ["x"]})
    with pytest.warns(UserWarning, match="as zeros, which is also the code of 'f'$"):
        model.predict(rows)


@pytest.mark.parametrize(("change", "message"), [
    ({"sex": None}, "'sex' is missing"),
    ({"sex": None, "gender": ["f"]}, "'sex' is missing, and 'gender' is unknown"),
    ({"age": ["old"]}, "column 'age' holds 'old' in row 1"),
])
def test_other_columns_than_in_training(change: dict[str, Any], message: str, table: Table) -> None:
    columns = {"age": [30.0], "city": ["Rome"], "sex": ["f"], **change}
    rows = Table.from_columns({name: values for name, values in columns.items() if values is not None})
    with pytest.raises(ValueError, match=message):
        fitted(table, "churn").predict(rows)


def test_gaps_without_impute(table: Table) -> None:
    columns = {"age": [1.0, 2.0, 3.0, 4.0], "city": ["a", "b", "a", "b"]}
    model = fitted(Table.from_columns({**columns, "y": ["p", "q", "p", "q"]}), "y", impute=None)
    with pytest.raises(ValueError, match="missing in 'city', first in row 3 .*without --impute"):
        model.predict(Table.from_columns({**columns, "city": ["a", "b", None, "b"]}))


def test_values_have_no_probabilities(table: Table) -> None:
    model = fitted(Table.from_columns({"x": np.arange(30.0), "y": np.arange(30.0) / 7.0}), "y")
    with pytest.raises(ValueError, match="this model predicts values of 'y'"):
        model.predict_proba(Table.from_columns({"x": [1.0]}))


# What a table may be --------------------------------------------------------------------------------------------------


ROWS = {"age": [30.0, 60.5], "city": ["Rome", "Oslo"], "sex": ["f", "m"]}


def test_predicting_takes_whatever_a_table_may_be(saved: Path, tmp_path: Path) -> None:
    """A table, a dict of columns, a list of dicts, of texts too, and the path of a file: the same bits."""
    model = st.load_model(saved)
    rows: list[dict[str, Any]] = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    (tmp_path / "t.csv").write_text("age,city,sex\n30,Rome,f\n60.5,Oslo,m\n")
    expected = model.predict_proba(Table.from_columns(ROWS))
    texts = [{name: str(value) for name, value in row.items()} for row in rows]
    for given in (ROWS, rows, texts, tuple(rows), tmp_path / "t.csv", str(tmp_path / "t.csv")):
        assert model.predict_proba(given).tobytes() == expected.tobytes()
        assert model.predict(given).tolist() == model.predict(Table.from_columns(ROWS)).tolist()


def test_predicting_takes_a_data_frame(saved: Path) -> None:
    pandas = pytest.importorskip("pandas")
    model = st.load_model(saved)
    frame = pandas.DataFrame({**ROWS, "churn": ["no", "yes"]}, index=[7, 3])
    assert model.predict_proba(frame).tobytes() == model.predict_proba(ROWS).tobytes()


@pytest.mark.parametrize("given", [np.zeros((2, 3)), [[1.0, 2.0, 3.0]], [], 5, None], ids=str)
def test_what_is_no_table(given: Any, saved: Path) -> None:
    with pytest.raises(TypeError, match="it must be a data frame, a dict of columns, .* the columns 'age', 'city'"):
        st.load_model(saved).predict(given)


def test_columns_that_the_model_does_not_use_are_ignored(table: Table, saved: Path) -> None:
    model = st.load_model(saved)
    with pytest.warns(UserWarning, match="ignored, since the model does not use them: 'height', 'pet'$"):
        labels = model.predict({**ROWS, "height": [1, 2], "pet": ["cat", None], "churn": ["no", "no"]})
    assert labels.tolist() == model.predict(ROWS).tolist()


def test_a_file_is_read_as_the_training_file_was(tmp_path: Path) -> None:
    """Decimal mark, missing values, delimiter and columns of texts are kept with the model."""
    rng = np.random.default_rng(0)
    lines = [f"{i / 8:.3f};{rng.choice(['1', '2'])};{'pq'[i % 2]}".replace(".", ",") for i in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(["x;code;y", *lines, "-;1;p"]))
    table = read_table(tmp_path / "train.csv", text=["code"], missing=["-"])
    meant, y = read_target(table, "y")
    estimator = estimator_for(meant, random_state=0, verbose=0, epochs=1, units=4)
    model = TableModel(TableEstimator(estimator, "median").fit(table.without("y"), y), meant, (), table.reading)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert loaded.reading == (",", None, ("-",), ";", ("code",), (), None)
    (tmp_path / "new.csv").write_text("x;code\n2,000;1\n-;2\n")  # by itself 2,000 might be two thousand
    expected = loaded.predict_proba({"x": [2.0, None], "code": ["1", "2"]})
    assert loaded.predict_proba(tmp_path / "new.csv").tobytes() == expected.tobytes()
    (tmp_path / "other.csv").write_text('x,code\n"2,000",1\n,2\n')
    assert loaded.predict_proba(tmp_path / "other.csv").tobytes() == expected.tobytes()
    (tmp_path / "point.csv").write_text("x,code\n2.0,1\n0.5,2\n")
    with pytest.raises(ValueError, match="0 of 2 cells of 'x' are numbers; not: '0.5' in line 3"):
        loaded.predict(tmp_path / "point.csv")
    assert len(loaded.read(tmp_path / "point.csv", decimal=".")) == 2


def test_models_of_older_versions_load(saved: Path) -> None:
    rewritten(saved, {"reading": None})
    assert st.load_model(saved).reading == (None, None, (), None, (), (), None)
    rewritten(saved, {"reading": {"decimal": ".", "thousands": None, "missing": [], "delimiter": ",", "text": []}})
    assert st.load_model(saved).reading == (".", None, (), ",", (), (), None)
    assert len(st.load_model(saved).predict(ROWS)) == 2


# Damaged files --------------------------------------------------------------------------------------------------------


def rewritten(path: Path, change: dict[str, Any], **arrays: np.ndarray) -> None:
    """The file again, with entries of the header and arrays exchanged; None takes an entry out."""
    old = dict(np.load(path))
    header = {**json.loads(str(old.pop("header"))), **change}
    header = {name: value for name, value in header.items() if value is not None}
    np.savez(path, header=np.array(json.dumps(header)), **{**old, **arrays})


@pytest.mark.parametrize(("change", "message"), [
    ({"format": 99}, "of format 99; this version reads up to format"),
    ({"kind": "forest"}, "it holds a 'forest', and this version reads network, estimator, table model"),
    ({"target": None}, "damaged: 'target' is missing"),
    ({"target": {"name": "churn"}}, "damaged: 'classes' is missing"),
    ({"target": 5}, "damaged: it holds 5 where an object with 'name' must be"),
    ({"encoder": None}, "damaged: 'encoder' is missing"),
    ({"estimator": {}}, "damaged: 'params' is missing"),
    ({"encoder": 5}, "damaged: this is not the state of a TableEncoder"),
    ({"target": {"name": "churn", "classes": ["no"], "reason": ""}}, "it names 1 classes and its network has 2"),
    ({"target": {"name": "churn", "classes": "ab", "reason": ""}}, "damaged: classes is 'ab'; it must be a list of"),
    ({"target": {"name": "churn", "classes": [1, None], "reason": ""}}, "damaged: classes is [1, None]; it must be a"),
    ({"target": {"name": "churn", "classes": ["a", "a"], "reason": ""}}, "damaged: classes is ['a', 'a']; it must be"),
    ({"target": {"name": 5, "classes": [], "reason": ""}}, "damaged: the target's name and reason is [5, '']"),
    ({"dropped": "x"}, "damaged: dropped is 'x'; it must be a list of texts"), ({"format": -3}, "damaged: its format"),
    ({"reading": {"decimal": ";"}}, "damaged: decimal is ';'; it must be one of"), ({"reading": 5}, "damaged: "),
    ({"reading": {"missing": [5]}}, "damaged: missing is [5]; it must be a list of texts"),
    ({"reading": {"colour": "red"}}, "damaged: "), ({"reading": {"delimiter": 5}}, "damaged: delimiter is 5"),
    ({"target": {"name": "churn", "classes": [], "reason": ""}}, "it names 0 classes and its network has 2"),
])
def test_other_versions_and_damaged_headers(change: dict[str, Any], message: str, saved: Path) -> None:
    rewritten(saved, change)
    with pytest.raises(ValueError) as caught:
        st.load_model(saved)
    assert message in str(caught.value) and str(saved) in str(caught.value)


@pytest.mark.parametrize(("place", "value", "message"), [
    (("learnt", "scaler_"), 5, "scaler_ is 5; it must be a scaler or None"),
    (("learnt", "scaler_", "scaler"), "Robust", "scaler is 'Robust'; it must be one of 'StandardScaler'"),
    (("class",), "os.system", "class is 'os.system'; it must be one of 'MLPClassifier'"),
    (("params", "units"), 10**12, "describe the layers Dense(units=1000000000000), Dense(units=2), and the fitted"),
    (("params", "units"), 3, "describe the layers Dense(units=3), Dense(units=2), and the fitted network has"),
    (("params", "hidden_layers"), 10**9, "hidden_layers is 1000000000; it must be an integer in [0, 1000]"),
    (("network", "layers"), [], "theta is float32 (66,); it must be float32 (0,)"),
    (("learnt", "scaler_", "learnt", "transform"), 5, "its StandardScaler has 'transform', which is no attribute of"),
    (("learnt", "scaler_", "learnt", "with_mean"), False, "scaler_ has with_mean=False; it must be True"),
    (("learnt", "scaler_", "learnt", "mean_", "array"), [1.0], "scaler_.mean_ is float64 (1,); it must be"),
    (("learnt", "scaler_", "learnt", "mean_", "array"), [1e999] * 5, "scaler_.mean_ holds NaN or infinity"),
    (("learnt", "scaler_", "learnt", "scale_", "array"), [0.0] * 5, "scales above 0"),
    (("learnt", "scaler_", "learnt", "scale_"), 3, "scaler_.scale_ is 3; it must be float64 (5,)"),
    (("learnt", "classes_"), 1e308, "classes_ is 1e+308; it must hold 2 different labels in order"),
    (("learnt", "classes_", "array"), [1, 1], "it must hold 2 different labels in order"),
    (("learnt", "classes_", "array"), [1, 7], "its network's classes are [1, 7]; they must be the numbers"),
    (("learnt", "n_features_in_"), 4, "n_features_in_ is 4; the network takes (5,)"),
    (("learnt", "history_", "loss"), ["x"], "history_ of 'loss' is"), (("learnt", "n_iter_"), -1, "n_iter_ is -1"),
    (("params", "epochs"), "x", "epochs is 'x'"), (("network", "input_shape"), [10**6], "theta is float32 (66,)"),
])
def test_a_damaged_estimator(place: tuple[str, ...], value: Any, message: str, saved: Path) -> None:
    estimator = json.loads(str(np.load(saved)["header"]))["estimator"]
    part = estimator
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    rewritten(saved, {"estimator": estimator})
    with pytest.raises(ValueError) as caught:
        st.load_model(saved)
    assert str(caught.value).startswith(f"path is {str(saved)!r}; the model in it is damaged: ")
    assert message in str(caught.value)


def test_a_failed_fit_leaves_all_as_it_was(table: Table) -> None:
    model, rows = fitted(table, "churn"), table.without("churn")
    before = model.predict_proba(rows).tobytes()
    with pytest.raises(ValueError, match="y holds one class, "):
        model.fitted.fit(Table.from_columns({"x": [1.0, 2.0]}), [0, 0])
    assert model.predict_proba(rows).tobytes() == before


def test_an_encoder_that_is_not_the_networks(saved: Path) -> None:
    state = json.loads(str(np.load(saved)["header"]))["encoder"]
    rewritten(saved, {"encoder": {**state, "columns": state["columns"][1:]}})
    with pytest.raises(ValueError, match="its encoder gives 4 columns and its network expects 5"):
        st.load_model(saved)


def test_an_array_of_another_shape(saved: Path) -> None:
    rewritten(saved, {}, theta=np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="the model in it"):
        st.load_model(saved)


def test_every_byte_counts(saved: Path) -> None:
    """A file that is cut off, or has a byte exchanged in its middle, is refused: never read as another model."""
    whole, expected, loaded = saved.read_bytes(), st.load_model(saved).predict_proba(ROWS).tobytes(), 0
    for place in range(100, len(whole) - 100, len(whole) // 20):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1:])
        try:
            assert st.load_model(saved).predict_proba(ROWS).tobytes() == expected
            loaded += 1  # the byte is in a field that zip archives have twice, and only one copy is read
        except ValueError as problem:
            assert re.search("it is no model that scratchtune has saved|the model in it is damaged", str(problem))
        saved.write_bytes(whole[:place])
        with pytest.raises(ValueError, match="it is no model that scratchtune has saved"):
            st.load_model(saved)
    assert loaded <= 2


# Parameters -----------------------------------------------------------------------------------------------------------


def test_parameters_reach_the_estimator() -> None:
    estimator = TableEstimator(estimator_for(Target("y", ("a", "b"), ""))).set_params(units=5, impute="mean")
    assert estimator.estimator.units == 5 and estimator.impute == "mean"
    with pytest.raises(ValueError, match="unit"):
        estimator.set_params(unit=5)
