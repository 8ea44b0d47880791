"""What is said of a table before the work: columns that deserve a look, and none of those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.describing import described, hints
from scratchtune.tables.prepared import prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table

RNG = np.random.default_rng(0)
MANY = [f"0x{i:x}" if i < 60 else "0x0" for i in range(120)]  # 59 of 60 texts occur once, yet in half of the rows


def said(name: str, values: Any, as_asked: bool = False) -> str:
    table = Table.from_columns({name: values}, text=[name] if as_asked else [])
    return "\n".join(hints(name, table.column(name), as_asked))


@pytest.mark.parametrize("name, values, what", [
    ("Branche, Sektor", MANY, "59 of them once, each a category of its own; --drop 'Branche, Sektor' leaves it out"),
    ("date", [f"2024-01-{1 + i % 30:02d}" for i in range(120)],
     "'date' holds dates, 2024-01-01 to 2024-01-30: 3 parts (weekday, day, days since the first one); --text date "),
    ("at", [f"10:{i % 30:02d}" for i in range(120)],
     "'at' holds times such as '10:00', 30 different, each a category of its own; put numbers in "),
    ("city", ["Rome", "rome", "Oslo"] * 40, "'Rome' and 'rome' of 'city' are two categories, since case matters"),
    ("code", ["1", "2", "3", "4", "A", "B", "C", "D"] * 15, "'code' is taken as text, though 50% of its cells are num"),
])
def test_columns_that_deserve_a_look(name: str, values: Any, what: str) -> None:
    assert what in said(name, values)


@pytest.mark.parametrize("name, values", [
    ("pop", np.cumsum(RNG.integers(100, 300, 120)) + 198_712),  # a population grows
    ("paid", RNG.permutation(10_000)[:120]), ("grid", RNG.permutation(10_000)[:120]),  # no name of an ID
    ("id", np.arange(120) // 2), ("id", np.arange(120) / 2), ("id", np.arange(20)), ("x", RNG.normal(size=120)),
    ("town", [f"town {i % 40}" for i in range(120)]), ("size", ["S", "M"] * 60),
])
def test_columns_that_do_not(name: str, values: Any) -> None:
    assert said(name, values) == ""


def test_what_was_asked_for_needs_no_hint() -> None:
    assert said("code", ["1", "2", "3", "4", "A", "B", "C", "D"] * 15, as_asked=True) == ""


def test_one_column_two_cells_and_classes_in_capital_letters() -> None:
    y = ["Yes", "yes", "no"] * 10
    text = described(prepare(Table.from_columns({"a": [None, None, *np.arange(28) / 2], "y": y}), "y"))
    assert "30 rows, 1 column (1 of numbers, 0 of texts, 2 cells missing)" in text
    assert "'Yes' and 'yes' of 'y' are two categories" in text


def test_a_decimal_comma_is_said(tmp_path: Any) -> None:
    (tmp_path / "t.csv").write_text("a;y\n" + "1,5;u\n2,5;v\n" * 9)
    assert "numbers are read with a decimal comma (--decimal . reads" in described(
        prepare(read_table(tmp_path / "t.csv"), "y"))


@pytest.mark.parametrize(("labels", "positive", "line"), [
    (["yes"] * 20 + ["no"] * 10, None, "positive class: 'no', the rarer one (--positive yes chooses the other)"),
    (["yes"] * 15 + ["no"] * 15, None, "positive class: 'yes', the second in order, since both are equally frequent "
                                       "(--positive no chooses the other)"),
    (["yes"] * 20 + ["no"] * 10, "yes", "positive class: 'yes', as asked"),
])
def test_the_positive_class_has_a_reason(labels: list[str], positive: str | None, line: str) -> None:
    table = Table.from_columns({"a": np.arange(30) / 2, "y": labels})
    assert line in described(prepare(table, "y", None, positive), positive).splitlines()
