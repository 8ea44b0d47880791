"""Preparing a table: the target, and the columns that are no features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.prepared import described, prepare, prepared_of_arrays
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table


def columns(rows: int = 150) -> dict[str, Any]:
    """A number of the row, a number with gaps, a text with gaps, a target of two classes."""
    rng = np.random.default_rng(0)
    age, city = rng.normal(40.0, 12.0, rows), rng.choice(["Rome", "Oslo", "Nice"], rows)
    score = (age - 40.0) / 12.0 + (city == "Rome") + rng.normal(0.0, 0.3, rows)
    target = np.where(score > 1.2, "yes", "no")
    return {
        "row": np.arange(rows), "age": np.where(np.arange(rows) % 17 == 3, np.nan, age),
        "city": np.where(np.arange(rows) % 23 == 5, "", city), "y": target}


def table(**changed: Any) -> Table:
    return Table.from_columns({**columns(), **changed})


def test_columns_that_are_no_features() -> None:
    """A number of the rows and a column without a value are dropped, and so is what the user names."""
    given = table(nothing=[None] * 150)
    prepared = prepare(given, "y", drop=["city"])
    assert prepared.table.names == ["age"] and set(prepared.dropped) == {"city", "row", "nothing"}
    assert set(prepared.audit.dropped) == {"row", "nothing"}
    assert prepare(given, "y", keep=["row"]).table.names == ["row", "age", "city"]


def test_rows_without_a_target_are_left_out() -> None:
    """The result is that of the table without these rows, whether the target holds texts or numbers."""
    for values in (["a", None, "b"] * 50, [0.5, np.nan, 1.5] * 50):
        given = table(y=values)
        found, expected = (prepare(one, "y") for one in (given, given[np.arange(150) % 3 != 1]))
        assert found.target == expected.target and found.y.tolist() == expected.y.tolist()
        np.testing.assert_array_equal(found.table.column("age"), expected.table.column("age"))


def test_what_other_tools_take_is_no_error() -> None:
    """A class with one row, thousands of texts, missing values."""
    assert prepare(table(y=["a"] * 149 + ["b"]), "y").y.sum() == 1
    many = Table.from_columns({"name": [f"n{i // 2}" for i in range(5000)], "y": ["a", "b"] * 2500})
    assert prepare(many, "y").table.names == ["name"]


@pytest.mark.parametrize(("change", "options", "message"), [
    ({"y": [None] * 150}, {}, "the target 'y' is missing in all 150 rows; it must have values to learn from"),
    ({}, {"drop": ["rows"]}, "drop is 'rows'; it must be one of 'row', 'age', 'city', 'two', 'age2', did you mean"),
    ({}, {"drop": ["y"]}, "drop is 'y'; it must be one of 'row', 'age', 'city'"),
    ({}, {"keep": ["y"]}, "keep is 'y'; it must be one of 'row', 'age', 'city'"),
    ({}, {"drop": ["age", "city", "two", "age2"]}, "no column is left to learn from"),
])
def test_what_cannot_be_prepared(change: dict[str, Any], options: dict[str, Any], message: str) -> None:
    given = {**columns(), "two": np.arange(150) % 2, "age2": np.arange(150) / 2}
    with pytest.raises(ValueError) as caught:
        prepare(Table.from_columns({**given, **change}), "y", **options)
    assert message in str(caught.value)
    with pytest.raises(TypeError, match="drop is 'xy'; it must be a list of texts"):
        prepare(table(), "y", drop="xy")


def test_arrays_are_prepared_alike() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.choice([3, 5], 40)
    prepared = prepared_of_arrays(X, y, "classifier", groups=np.arange(40) % 5)
    assert prepared.labels.tolist() == [3, 5] and prepared.labels[prepared.y].tolist() == y.tolist()
    assert prepared.target.classes == ("3", "5") and prepared.rows.kind == "group"
    assert prepared.table.names == ["x0", "x1", "x2"]
    values = prepared_of_arrays(X, X[:, 0], "regressor", times=np.arange(40))
    assert values.target.classes == () and len(values.labels) == 0 and values.rows.kind == "time"
    for kind, wrong, message in (("classifier", np.ones(40), "y holds one class"),
                                 ("regressor", np.ones(40), "y is 1 in all rows")):
        with pytest.raises(ValueError, match=message):
            prepared_of_arrays(X, wrong, kind)


def test_the_table_the_audit_and_the_target_have_their_lines() -> None:
    y = ["Yes", "maybe", "no"] * 10
    columns = {"a": [None, None, *np.arange(28) / 2], "empty": [None] * 30, "y": y}
    lines = described(prepare(Table.from_columns(columns), "y")).splitlines()
    assert lines[0] == "30 rows, 1 column (1 of numbers, 0 of texts, 2 cells missing)"
    assert any("'empty'" in line for line in lines[1:-2])
    assert lines[-2] == "target 'y': classification, since it holds text"
    assert lines[-1] == "classes: Yes 33.3%, maybe 33.3%, no 33.3%"


def test_a_decimal_comma_is_said(tmp_path: Any) -> None:
    (tmp_path / "t.csv").write_text("a;y\n" + "1,5;u\n2,5;v\n" * 9)
    assert "numbers are read with a decimal comma (decimal='.' reads" in described(
        prepare(read_table(tmp_path / "t.csv"), "y"))


@pytest.mark.parametrize(("labels", "positive", "line"), [
    (["yes"] * 20 + ["no"] * 10, None, "positive class: 'no', the rarer one (positive='yes' chooses the other)"),
    (["yes"] * 15 + ["no"] * 15, None, "positive class: 'yes', the second in order, since both are equally frequent "
                                       "(positive='no' chooses the other)"),
    (["yes"] * 20 + ["no"] * 10, "yes", "positive class: 'yes', as asked"),
])
def test_the_positive_class_has_a_reason(labels: list[str], positive: str | None, line: str) -> None:
    table = Table.from_columns({"a": np.arange(30) / 2, "y": labels})
    assert line in described(prepare(table, "y", positive=positive), positive).splitlines()
