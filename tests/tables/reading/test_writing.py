"""Rows are written in the notation of the file that was read, and are read again as they were."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scratchtune.tables.reading.writing import csv_like

from scratchtune.tables.reading.notation import Reading
from scratchtune.tables.reading.reading import DELIMITERS, read_table


def test_rows_by_hand() -> None:
    """Delimiter and decimal mark are the file's; cells are quoted where needed; formulas are made harmless."""
    rows = [["a", "b c"], [1.5, "x;y"], [np.float64(-2e-9), None], [3, "=1+1"], ["-1,5", 'say "hi"']]
    assert csv_like(Reading(",", None, delimiter=";"), rows) == (
        "a;b c\n1,5;\"x;y\"\n-2e-09;\n3;'=1+1\n-1,5;\"say \"\"hi\"\"\"\n")
    assert csv_like(Reading(), [[0.5, "a,b"]]) == '0.5,"a,b"\n'


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("decimal", [".", ","])
def test_what_is_written_is_read_again(delimiter: str, decimal: str) -> None:
    rng = np.random.default_rng(0)
    numbers = (rng.normal(size=50) * 10.0 ** rng.integers(-9, 9, 50)).tolist()
    texts = ["x" + "".join(rng.choice(list('a"|,;\n\té'), 4)) for _ in numbers]
    text = csv_like(Reading(decimal, None, delimiter=delimiter), [["n", "t"], *zip(numbers, texts, strict=True)])
    table = read_table(io.BytesIO(text.encode()), decimal=decimal, delimiter=delimiter)
    assert table.column("n").tolist() == numbers
    assert table.column("t").values().tolist() == [cell.strip() for cell in texts]  # type: ignore[union-attr]
