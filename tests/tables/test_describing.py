"""What is said of a table before the work: columns that deserve a look, and none of those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.describing import described
from scratchtune.tables.prepared import prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table


def said(name: str, values: Any, text: tuple[str, ...] = ()) -> str:
    """What is said of one column, beside the first line and those of the target."""
    table = Table.from_columns({name: values, "x": np.arange(120) / 7, "y": ["u", "v"] * 60}, text=text)
    table.reading = table.reading._replace(text=text)
    return "\n".join(line for line in described(prepare(table, "y")).splitlines()[1:] if repr(name) in line)


MIXED = ["1", "2", "3", "4", "A", "B", "C", "D"] * 15


@pytest.mark.parametrize("name, values, what", [
    ("the date", [f"2024-01-{1 + i % 30:02d}" for i in range(120)], "'the date' holds dates, 2024-01-01 to 2024-01-30: "
     "3 parts (weekday, day, days since the first one); text=['the date'] makes each a category"),
    ("city", ["Rome", "rome", "Oslo"] * 40, "'Rome' and 'rome' of 'city' are two categories, since case matters"),
    ("code", MIXED, "'code' is taken as text, though 50% of its cells are numbers"),
    ("size", ["S", "M"] * 60, ""),
])
def test_columns_that_deserve_a_look(name: str, values: Any, what: str) -> None:
    assert said(name, values) == what


def test_what_was_asked_for_needs_no_hint() -> None:
    assert said("code", MIXED, text=("code",)) == ""


def test_one_column_two_cells_and_classes_in_capital_letters() -> None:
    y = ["Yes", "yes", "no"] * 10
    text = described(prepare(Table.from_columns({"a": [None, None, *np.arange(28) / 2], "y": y}), "y"))
    assert "30 rows, 1 column (1 of numbers, 0 of texts, 2 cells missing)" in text
    assert "'Yes' and 'yes' of 'y' are two categories" in text


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
