"""What is said of a table before the work: its size, the audit, the split, the target and its positive class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.describing import described
from scratchtune.tables.prepared import prepare
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table


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
