"""Parquet and Excel files are read as the same table as CSV."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune import archives
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.reading import read_table

pandas = pytest.importorskip("pandas")


@pytest.fixture(params=["parquet", "xlsx"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of numbers with a gap, texts with a gap, booleans, dates."""
    kind: str = request.param
    pytest.importorskip({"parquet": "pyarrow", "xlsx": "openpyxl"}[kind])
    frame = pandas.DataFrame({
        "age": [31.0, None, 7.0], "city": ["Rome", None, "-"], "vip": [True, False, True],
        "when": pandas.to_datetime(["2020-12-31", "2021-01-01", None])})
    file = tmp_path / f"t.{kind}"
    if kind == "parquet":
        frame.to_parquet(file)
    else:
        frame.to_excel(file, index=False)
    return file


def test_a_table_is_read(path: Path) -> None:
    table = read_table(path, missing=["-"], skip=["vip"])
    assert table.names == ["age", "city", "when"] and table.skipped == ("vip",)
    np.testing.assert_equal(table.column("age"), [31.0, np.nan, 7.0])
    assert table.column("city").values().tolist() == ["Rome", None, None]  # type: ignore[union-attr]
    assert isinstance(table.column("when"), Dates) and table.missing("when").tolist() == [False, False, True]
    assert read_table(path, only=["vip"]).column("vip").values().tolist() == [  # type: ignore[union-attr]
        "True", "False", "True"]


def test_one_sentence_without_pandas(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ValueError, match=r"is read by pandas with \w+, which are not both installed; install them"):
        read_table(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"a,b\n1,2\n"])
def test_a_damaged_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.(parquet|xlsx) is no (Parquet|Excel) file, or is damaged; save"):
        read_table(path)


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openpyxl")
    monkeypatch.setattr(archives, "SMALLEST_LIMIT", 1_000)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", bytes(10_000_000))
    with pytest.raises(ValueError, match=r"t\.xlsx claims 10,000,000 bytes; at most "):
        read_table(tmp_path / "t.xlsx")


@pytest.mark.parametrize("columns, what", [
    ({"a": []}, "has no rows"), ({"a": [1], " a": [2]}, "has 2 columns named 'a'"),
    ({" ": [1], "b": [1]}, "column 1 has no name")])
def test_what_is_no_table(path: Path, columns: dict[str, Any], what: str) -> None:
    frame = pandas.DataFrame(columns)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_excel(path, index=False)
    with pytest.raises(ValueError, match=what):
        read_table(path)
