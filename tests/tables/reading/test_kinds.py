"""Columns that identify the rows are left out and named; honest columns are not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.tables.prepared import described, prepare
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.kinds import DATE, Kind, as_kind, identifies, mostly_single
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table

RNG = np.random.default_rng(0)
IDENTIFIERS: dict[str, Any] = {
    "id": RNG.permutation(10_000)[:120], "x": RNG.permutation(120) + 7, "rownames": np.arange(1, 121),
    "name": [f"n{i}" for i in range(120)]}
HONEST: dict[str, Any] = {
    "pop": np.cumsum(RNG.integers(100, 300, 120)), "year": np.arange(1900, 2020), "paid": RNG.permutation(10_000)[:120],
    "id": np.arange(120) // 2, "value": RNG.normal(size=120), "town": [f"town {i % 40}" for i in range(120)],
    "when": [str(np.datetime64("2020-01-01") + i) for i in range(120)]}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_identifiers(name: str) -> None:
    assert identifies(name, Table.from_columns(IDENTIFIERS).column(name))


@pytest.mark.parametrize("name", ["customer_id", "PassengerId"])
def test_names_of_identifiers(name: str) -> None:
    assert identifies(name, np.asarray(IDENTIFIERS["id"], float)).startswith("named like an ID")


@pytest.mark.parametrize("name", HONEST)
def test_honest_columns(name: str) -> None:
    assert not identifies(name, Table.from_columns(HONEST).column(name))


def test_the_order_of_the_rows_does_not_matter() -> None:
    values = np.arange(120.0)
    assert identifies("x", values) == identifies("x", RNG.permutation(values)) != ""


def test_they_are_left_out_and_named_unless_kept(tmp_path: Path) -> None:
    y = RNG.integers(0, 2, 120).tolist()
    table = Table.from_columns({**IDENTIFIERS, "value": RNG.normal(size=120), "y": y})
    prepared = prepare(table, "y", keep=["x"])
    assert prepared.table.names == ["x", "value"] and prepared.dropped == ("id", "rownames", "name")
    assert "; likewise 'rownames', 'name'" in described(prepared)
    (tmp_path / "t.csv").write_text("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(120)))
    for option in ("text", "numeric"):
        assert prepare(read_table(tmp_path / "t.csv", **{option: ["id"]}), "y").table.names == ["id"]  # type: ignore
    with pytest.raises(ValueError, match="no column is left to learn from"):
        prepare(read_table(tmp_path / "t.csv"), "y")


@pytest.mark.parametrize(("values", "expected"), [
    (np.array([36, 12], "timedelta64[h]"), [1.5, 0.5]), ([timedelta(hours=36), None], [1.5, np.nan]),
    ([Decimal("1.5"), Decimal("NaN")], [1.5, np.nan]), ([1, None, 2], [1.0, np.nan, 2.0])])
def test_cells_that_are_numbers(values: Any, expected: list[float]) -> None:
    given = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    np.testing.assert_array_equal(Table.from_columns({"x": given}).column("x"), expected)


def test_a_number_among_texts_has_one_text() -> None:
    assert Table.from_columns({"x": np.array([2, 2.0, "a"], object)}, text=["x"]).column("x").texts == ["2", "a"]
    days = np.array(["2020-01-01"], "datetime64[D]")
    assert Table.from_columns({"x": days}, text=["x"]).kinds()["x"].texts == ["2020-01-01"]


def test_most_classes_have_one_row() -> None:
    assert not mostly_single(np.array([9, 9, 1])) and not mostly_single(np.array([1, 5]))
    assert mostly_single(np.array([1, 1, 3])).startswith("3 classes in 5 rows, 2 of them in a single row")


def test_a_column_of_dates_without_a_value_stays_one() -> None:
    column = Table.from_columns({"when": [None, None]}, text=["when"]).column("when")
    once = as_kind("when", column, Kind(DATE))
    twice = as_kind("when", once, Kind(DATE))
    assert isinstance(once, Dates) and isinstance(twice, Dates) and np.isnan(twice.values_in_days()).all()
