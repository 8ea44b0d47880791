"""Tables: rows and columns by hand, what becomes numbers and what texts, data frames."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation.rows import number_of_rows, take_rows
from scratchtune.tables.reading.columns import Text, number_text
from scratchtune.tables.reading.table import Table


def _table() -> Table:
    return Table.from_columns({"age": [31, None, 7], "city": ["Rome", "Oslo", "Rome"], "vip": [True, False, True]})


def _values(table: Table, name: str) -> list[Any]:
    column = table.column(name)
    return (column.values() if isinstance(column, Text) else column).tolist()


def test_a_table_by_hand() -> None:
    table = _table()
    assert table.names == ["age", "city", "vip"] and table.shape == (3, 3) and len(table) == 3
    assert str(_values(table, "age")) == "[31.0, nan, 7.0]" and table.column("age").dtype == np.float64
    city = table.column("city")
    assert isinstance(city, Text) and city.codes.tolist() == [0, 1, 0] and city.texts == ["Rome", "Oslo"]
    assert city.codes.dtype == np.int32 and city.counts() == {"Oslo": 1, "Rome": 2}
    assert _values(table, "vip") == ["True", "False", "True"]
    assert table.missing("age").tolist() == [False, True, False] and not table.missing("city").any()
    assert table.without("city", "vip").names == ["age"] and table.names == ["age", "city", "vip"]


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0, 0]), np.array([True, False, True])], ids=str)
def test_rows_are_those_of_each_column(rows: Any) -> None:
    table = _table()[rows]
    for name in table.names:
        assert str(_values(table, name)) == str(np.array(_values(_table(), name), object)[rows].tolist())


def test_a_table_of_rows() -> None:
    table = Table.from_columns([{"age": 31, "city": "Rome"}, {"city": None, "age": 7.5}, {"zip": 1}], text=["zip"])
    assert str([_values(table, name) for name in table.names]) == (
        "[[31.0, 7.5, nan], ['Rome', None, None], [None, None, '1']]")


@pytest.mark.parametrize("values", [
    [1.5, "o", 2.5], ["1.5", "o", "2.5"], np.array(["1.5", "o", "2.5"]), [1, "o", 2, None]])
def test_a_stray_text_in_a_column_of_numbers(values: Any) -> None:
    with pytest.raises(ValueError, match=r"2 of 3 cells of 'c' are numbers; not: 'o' in row 1; give .* text=\['c'\]"):
        Table.from_columns({"c": values})
    assert _values(Table.from_columns({"c": values}, text=["c"]), "c")[1] == "o"
    with pytest.warns(UserWarning, match="2 of 3 cells of 'c' are numbers; not: 'o' in row 1; such cells"):
        numbers = Table.from_columns({"c": values}, numeric=["c"]).column("c")
    assert isinstance(numbers, np.ndarray) and np.isnan(numbers[1])


def test_a_text_that_can_only_mean_a_missing_value() -> None:
    """It is one among numbers, in training and in a later table; "-" among texts is a text."""
    with pytest.warns(UserWarning, match="2 of 3 cells of 'c' are numbers; not: '-' in row 1; such cells"):
        table = Table.from_columns({"c": [1.5, "-", 2.5], "d": ["a", "-", "b"]})
    assert str(_values(table, "c")) == "[1.5, nan, 2.5]" and _values(table, "d") == ["a", "-", "b"]
    with pytest.warns(UserWarning, match="0 of 1 cells of 'c' are numbers; not: 'unknown'"):
        later = Table.from_columns({"c": ["unknown"], "d": ["a"]}).as_kinds(table.kinds())
    assert str(_values(later, "c")) == "[nan]"
    with pytest.raises(ValueError, match="column 'c' holds 'high' in row 1; it must hold numbers, as in training"):
        Table.from_columns({"c": ["high"], "d": ["a"]}).as_kinds(table.kinds())


def test_numbers_as_texts() -> None:
    table = Table.from_columns({"a": [1, 20], "b": [1.0, np.nan], "c": [2**60 + 1, 3]}, text=["a", "b", "c"])
    assert [_values(table, name) for name in "abc"] == [["1", "20"], ["1", None], [str(2**60 + 1), "3"]]
    with pytest.raises(TypeError, match="text is 'a'; it must be a list"):
        Table.from_columns({"a": [1]}, text="a")


def test_splits_take_rows_of_it() -> None:
    table = _table()
    assert number_of_rows(table) == 3
    assert _values(take_rows(table, np.array([1])), "city") == ["Oslo"]


@pytest.mark.parametrize("values, expected", [
    (np.array([1, 2], np.int8), [1.0, 2.0]), (np.array([1.5, np.nan], np.float32), [1.5, np.nan]),
    (["1", "2"], ["1", "2"]), ([1, "a"], ["1", "a"]), ([None, " NA "], [None, None]), ([np.nan, "x"], [None, "x"]),
    ([None, None], [np.nan, np.nan]), ([2**60, 3], [2.0**60, 3.0]),
], ids=str)
def test_what_becomes_numbers_and_what_texts(values: Any, expected: list[Any]) -> None:
    assert str(_values(Table.from_columns({"c": values}), "c")) == str(expected)


@pytest.mark.parametrize("columns, problem, what", [
    ({"a": [1], "b": [1, 2]}, ValueError, "different numbers of rows: 'a' has 1, 'b' has 2"),
    ({"a": [1.0, np.inf]}, ValueError, "column 'a' holds infinity in row 1"),
    ({"a": [[1]]}, ValueError, "column 'a' has shape"), ({1: [1]}, ValueError, "a column named 1"),
    ({"a": [object()]}, TypeError, "column 'a' holds <object"), ({"a": np.array([1j])}, TypeError, "of type complex"),
    ({"d": np.append(np.arange(30).astype("datetime64[D]"), np.datetime64("20000-01-01"))}, ValueError,
     "30 of 31 cells of 'd' are dates; not: '.?20000-01-01' in row 30"),
    ([1, 2], TypeError, "columns is a list"),
    ({"a": [1, 10**400]}, ValueError, "column 'a' holds a number beyond 1.8e"),
    ({"a": [2**53 + 1, None]}, ValueError, "column 'a' holds .9007199254740993. in row 0, an integer that"),
    ({"a": np.array([0, 2**64 - 1], np.uint64)}, ValueError, "column 'a' holds .18446744073709551615. in row 1"),
    ({"a": [Fraction(10**400, 3)]}, ValueError, "column 'a' holds a number beyond 1.8e"),
])
def test_what_is_no_table(columns: Any, problem: type[Exception], what: str) -> None:
    with pytest.raises(problem, match=what):
        Table.from_columns(columns)


def test_an_absent_column_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no column 'citty', did you mean 'city'"):
        _table().column("citty")
    with pytest.raises(TypeError, match="indexed by rows"):
        _table()["city"]


def test_a_number_as_a_file_has_it() -> None:
    assert [number_text(x) for x in (3.0, -1.0, 0.1, 1e300)] == ["3", "-1", "0.1", "1e+300"]
    assert [number_text(x) for x in (2.0**60, -(2.0**63))] == [str(2**60), str(-(2**63))]


def test_a_data_frame_becomes_a_table() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({
        "n": [1, 2, 3], "gap": [1.0, None, 3.0], "t": ["a", None, "b"], "c": pandas.Categorical(["x", "y", "x"]),
        "i": pandas.array([1, None, 3], dtype="Int64"), "b": [True, False, True],
    }, index=[7, 8, 9])
    table = Table.from_columns(frame)
    assert str([_values(table, name) for name in table.names]) == (
        "[[1.0, 2.0, 3.0], [1.0, nan, 3.0], ['a', None, 'b'], ['x', 'y', 'x'], [1.0, nan, 3.0], "
        "['True', 'False', 'True']]")
    with pytest.raises(ValueError, match="2 columns named 'n'"):
        Table.from_columns(frame[["n", "n"]])
