"""Notation: what is a number in which notation, which cells are in the way of a column of numbers, what can be done."""

from __future__ import annotations

import pytest

from scratchtune.tables.reading.notation import (
    advice,
    decimal_of,
    found,
    kind_of,
    strays_of,
    to_number,
    unclear_points,
)


def counts(*texts: str, **many: int) -> dict[str, int]:
    return {**dict.fromkeys(texts, 1), **many}


NUMBERS = counts(*(f"{i}.5" for i in range(30)))


@pytest.mark.parametrize("cell, decimal, thousands, number", [
    ("1.5", ".", None, 1.5), (" -1e3 ", ".", None, -1000.0), ("1,5", ",", None, 1.5), (",5", ",", None, 0.5),
    ("1,5e2", ",", None, 150.0), ("1,234", ".", ",", 1234.0), ("1,234,567.5", ".", ",", 1234567.5),
    ("1.234,5", ",", ".", 1234.5), ("12", ",", ".", 12.0), ("1 234", ".", " ", 1234.0),
    ("1\u202f234", ".", " ", 1234.0),
    ("1'234.5", ".", "'", 1234.5), ("1.5", ",", None, None), ("1,5", ".", None, None), ("1,5", ".", ",", None),
    ("12,34", ".", ",", None), ("0,123", ".", ",", None), ("1_000", ".", None, None), ("x", ".", None, None),
])
def test_what_is_a_number(cell: str, decimal: str, thousands: str | None, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError):
            to_number(cell, decimal, thousands)
    else:
        assert to_number(cell, decimal, thousands) == number


@pytest.mark.parametrize("text, kind", [
    ("3", "a number"), ("007", "no number"), ("1,5", "a decimal comma"), ("0,125", "a decimal comma"),
    ("1,100", "a decimal mark or a thousands separator"), ("1,100,000", "a thousands separator"),
    ("1,100.5", "a thousands separator"), ("1.100,5", "a thousands separator"), ("1 100", "a thousands separator"),
    ("(296)", "a sign"), ("(a)", "no number"),
    ("12%", "a sign"), ("$3", "a sign"), ("3,50 €", "a sign"), ("-", "no number"), ("A1", "no number"),
    ("12.05.2024", "no number"), ("1.10.2", "no number"), ("12 kg", "no number"),
])
def test_what_a_text_looks_like(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize("column, strays", [
    ({**NUMBERS, "-": 1}, ["-"]), ({**NUMBERS, "-": 500}, ["-"]), ({**NUMBERS, "1,5": 1}, ["1,5"]),
    ({**NUMBERS, "a": 1, "b": 1, "c": 1}, ["a", "b", "c"]),
    ({**NUMBERS, "a": 9, "b": 9, "c": 9, "d": 9}, []),  # 30 of 66 cells are numbers, and 4 texts are none
    ({"1": 300, "a": 1, "b": 1, "c": 1, "d": 1}, ["a", "b", "c", "d"]),  # 99 %
    ({"yes": 1712, "1": 200, "2": 291, "3": 100, "4": 100}, []),  # categories
    ({**NUMBERS, "yes": 1712}, ["yes"]),
    (counts("1", "2", "3", "-"), ["-"]), (counts("A1", "17", "B2"), []), (counts("1", "x"), []),
    (counts("01", "1", "A"), []), (counts("a", "b"), []), (counts("1", "2"), []), ({}, []),
    (counts("71%", "80.5%", "3%"), ["71%", "80.5%", "3%"]), (counts("XS", "S", "M", "L", "38", "40"), []),
])
def test_the_cells_that_are_in_the_way(column: dict[str, int], strays: list[str]) -> None:
    assert list(strays_of(column)) == strays


@pytest.mark.parametrize("columns, mark", [
    ([counts("1,5", "2,25", "3")], ","), ([counts("1,5"), counts("Rome", "Oslo")], ","), ([], "."),
    ([counts("1,5"), counts("1,100", "2,200")], ","),  # the first column has decided it
    ([counts("1,5", "-", "2,5", "3")], ","), ([counts("1,5"), counts("1.234,5")], ","),
    ([counts("1,5"), counts("1.234")], ","),  # which may have thousands; the reader stops there
    ([counts("1,100", "2,200")], "."), ([counts("1,5"), counts("0.25")], "."),
    ([counts("1,5"), counts("1,234,567")], "."),
    ([counts("1,5", "a", "b", "c", "d")], "."),  # a column of texts
])
def test_the_decimal_mark_that_all_agree_on(columns: list[dict[str, int]], mark: str) -> None:
    assert decimal_of(columns) == mark


def said(column: dict[str, int], decimal: str = ".", point: str = "") -> str:
    strays = strays_of(column, decimal)
    return f"{found('x', column, strays, lambda text: 'there')}; {advice('x', column, strays, decimal, point)}"


@pytest.mark.parametrize("column, decimal, point, parts", [
    ({**NUMBERS, "-": 2}, ".", "", [
        "30 of 32 cells of 'x' are numbers; not: '-' there (2 cells); give --missing - if it marks a missing value, or "
        "give --numeric x to make every cell missing that is not a number, or give --text x to take "
        "the column as text (in Python: arguments of read_table), or correct the file"]),
    ({**NUMBERS, "n a": 1, "$": 3}, ".", "", ["not: '$' there (3 cells), 'n a' there; give --missing '$' 'n a' if"]),
    ({**NUMBERS, "-": 99}, ".", "", ["30 of 129 cells of 'x' are numbers; not: '-' there (99 cells); give"]),
    (counts("1,5", "2"), ".", "", ["give --decimal , if all numbers of the file have a decimal comma"]),
    (counts("1,5", "2"), ".", "0.25", ["write 1.5 for '1,5', since other numbers have a decimal point ('0.25')"]),
    (counts("1,100", "900"), ".", "", ["say what '1,100' is: 1.100 with a decimal comma (--decimal ,), or 1100 with a "
                                       "thousands separator (--thousands ,)"]),
    (counts("1,100", "900"), ".", "0.5", ["give --thousands , to read '1,100' as 1100"]),
    (counts("1,100", "1,234,567"), ".", "", ["give --thousands , to read '1,234,567' as 1234567"]),
    (counts("1.234,5", "2"), ".", "", ["give --decimal , --thousands . to read '1.234,5' as 1234.5"]),
    (counts("1 234", "2"), ".", "", ["give --thousands ' ' to read '1 234' as 1234"]),
    (counts("1.100", "900"), ",", "", ["1.100 with a decimal point (--decimal .), or 1100 with a thousands separator"]),
    (counts("0.25", "9"), ",", "", ["write 0,25 for '0.25', or give --decimal . if all"]),
    (counts("0.25", "1.100", "9"), ",", "", [
        "'1.100' there; write 0,25 for '0.25', or give --decimal . if all numbers of the file have a decimal point, or "
        "give --text"]),
    (counts("5%", "12.5%"), ".", "", [
        "'x' holds numbers that are not written as such: '5%' there", "write 5 for '5%' and so on"]),
])
def test_what_can_be_done(column: dict[str, int], decimal: str, point: str, parts: list[str]) -> None:
    text = said(column, decimal, point)
    assert all(part in text for part in parts) and "\n" not in text


@pytest.mark.parametrize("columns, unclear", [
    ({"a": counts("750", "2.531", "3.671")}, ("a", "2.531")),
    ({"a": counts("750", "2.531")}, None),  # a single one
    ({"a": counts("2.531", "3.671")}, None),  # no integer beside them
    ({"a": counts("750", "2.531", "3.671"), "b": counts("0.5", "1")}, None),  # another column decides it
    ({"a": counts("750", "2.531", "3.671", "x1", "x2", "x3", "x4", "x5", "x6", "x7")}, None),  # a column of texts
])
def test_a_point_before_three_digits_may_separate_thousands(
    columns: dict[str, dict[str, int]], unclear: object,
) -> None:
    assert unclear_points(columns) == unclear


def test_a_long_cell_and_many_are_cut() -> None:
    text = said({"1": 1000, "x" * 200: 1, **counts("a", "b", "c", "d")})
    assert "xxx...'" in text and "x" * 50 not in text and "and 2 other texts" in text
