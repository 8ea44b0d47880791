"""Notation: what is a number in which notation, which cells are in the way of a column of numbers, what can be done."""

from __future__ import annotations

import pytest

from scratchtune.tables.reading.notation import (
    NUMBER,
    OTHERWISE,
    TEXT,
    decimal_of,
    kind_of,
    strays_of,
    to_number,
    ways_out,
)
from scratchtune.tables.wording import command_line


def counts(*texts: str, **many: int) -> dict[str, int]:
    return {**dict.fromkeys(texts, 1), **many}


NUMBERS = counts(*(f"{i}.5" for i in range(30)))


@pytest.mark.parametrize("cell, decimal, number", [
    ("1.5", ".", 1.5), (" -1e3 ", ".", -1000.0), ("1,5", ",", 1.5), (",5", ",", 0.5), ("1,5e2", ",", 150.0),
    ("12", ",", 12.0), ("1.5", ",", None), ("1,5", ".", None), ("1_000", ".", None), ("x", ".", None)])
def test_what_is_a_number(cell: str, decimal: str, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError):
            to_number(cell, decimal)
    else:
        assert to_number(cell, decimal) == number


@pytest.mark.parametrize("text, kind", [
    ("3", NUMBER), ("007", TEXT), ("1,5", OTHERWISE), ("0,125", OTHERWISE), ("1,100", OTHERWISE),
    ("1,100,000", OTHERWISE), ("1,100.5", OTHERWISE), ("1.100,5", OTHERWISE), ("1 100", OTHERWISE),
    ("(296)", OTHERWISE), ("(a)", TEXT), ("12%", OTHERWISE), ("$3", OTHERWISE), ("3,50 €", OTHERWISE), ("-", TEXT),
    ("A1", TEXT), ("12.05.2024", TEXT), ("1.10.2", TEXT), ("12 kg", TEXT), ("-inf", OTHERWISE), ("1e400", OTHERWISE)])
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
    ([counts("1,5"), counts("1,234,567")], ","),  # where the reader stops too
    ([counts("1,5", "a", "b", "c", "d")], "."),  # a column of texts
])
def test_the_decimal_mark_that_all_agree_on(columns: list[dict[str, int]], mark: str) -> None:
    assert decimal_of(dict(zip("abc", columns, strict=False))) == mark


@pytest.mark.parametrize("columns, is_unclear", [
    ({"a": counts("750", "2.531", "3.671")}, True),
    ({"a": counts("750", "2.531")}, False),  # a single one
    ({"a": counts("2.531", "3.671")}, False),  # no integer beside them
    ({"a": counts("750", "2.531", "3.671"), "b": counts("0.5", "1")}, False),  # another column decides it
    ({"a": counts("750", "2.531", "3.671", "x1", "x2", "x3", "x4", "x5", "x6", "x7")}, False),  # a column of texts
])
def test_a_point_before_three_digits_may_separate_thousands(
    columns: dict[str, dict[str, int]], is_unclear: bool,
) -> None:
    if is_unclear:
        with pytest.raises(ValueError, match=r"'2.531' in 'a' may have a decimal point \(decimal='.' says so\), or"):
            decimal_of(columns)
    else:
        assert decimal_of(columns) == "."


@pytest.mark.parametrize("column, decimal, ways", [
    ({**NUMBERS, "-": 2}, ".", [
        "give missing=['-'] if that marks a missing value", "numeric=['x'] to make every cell missing that is not a "
        "number", "text=['x'] to take the column as text", "correct the file"]),
    ({**NUMBERS, "n a": 1, "$": 3}, ".", ["give missing=['n a', '$'] if that marks a missing value"]),
    (counts("1,5", "2"), ".", ["give decimal=',' to read '1,5' as 1.5"]),
    (counts("1,100", "900"), ".", ["give decimal=',' to read '1,100' as 1.1", "numeric=['x'] to make"]),
    (counts("1,100", "1,234,567"), ".", ["write '1,100' as a plain, finite number"]),
    (counts("1.234,5", "2"), ".", ["write '1.234,5' as a plain, finite number"]),
    (counts("1.100", "900"), ",", ["give decimal='.' to read '1.100' as 1.1"]),
    (counts("0.25", "1.100", "9"), ",", ["give decimal='.' to read '0.25' as 0.25"]),
    (counts("5%", "12.5%"), ".", ["write '5%' as a plain, finite number"]),
])
def test_what_can_be_done(column: dict[str, int], decimal: str, ways: list[str]) -> None:
    assert ways_out("x", column, strays_of(column, decimal), decimal).startswith(", or ".join(ways))


def test_the_command_line_is_told_its_options() -> None:
    with command_line():
        assert ways_out("x y", {**NUMBERS, "$": 1}, {"$": TEXT}, ".").startswith(
            "give --missing '$' if that marks a missing value, or --numeric 'x y' to make every cell missing that is ")
