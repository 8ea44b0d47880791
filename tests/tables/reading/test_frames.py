"""Parquet and Excel files are read as the same table as CSV."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.core import archives
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.reading import read_table

pandas = pytest.importorskip("pandas")


def written(frame: Any, path: Path) -> None:
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_excel(path, index=False)


@pytest.fixture(params=["parquet", "xlsx"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of numbers with a gap, texts with a gap, booleans, dates."""
    pytest.importorskip({"parquet": "pyarrow", "xlsx": "openpyxl"}[request.param])
    file = tmp_path / f"t.{request.param}"
    written(pandas.DataFrame({
        "age": [31.0, None, 7.0], "city": ["Rome", None, "-"], "vip": [True, False, True],
        "when": pandas.to_datetime(["2020-12-31", "2021-01-01", None])}), file)
    return file


def test_a_table_is_read(path: Path) -> None:
    table = read_table(path, missing=["-", "7"], skip=["vip"], text=["city"])
    assert table.names == ["age", "city", "when"] and table.skipped == ("vip",) and table.reading.missing == ("-", "7")
    np.testing.assert_equal(table.column("age"), [31.0, np.nan, np.nan])
    assert table.column("city").values().tolist() == ["Rome", None, None]  # type: ignore[union-attr]
    assert isinstance(table.column("when"), Dates) and table.missing("when").tolist() == [False, False, True]
    with path.open("rb") as file:
        assert read_table(file, only=["vip"]).column("vip").values().tolist() == [  # type: ignore[union-attr]
            "True", "False", "True"]


@pytest.mark.parametrize("absent", ["pandas", None])
def test_one_sentence_without_pandas_or_its_engine(
    absent: str | None, path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [absent] if absent else ["openpyxl", "pyarrow", "fastparquet"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"which pandas reads with \w+; install both \(pip install pandas \w+\), or"):
        read_table(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"a,b\n1,2\n"])
def test_a_damaged_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.(parquet is not a Parquet file, or is damaged; save|xlsx is damaged: )"):
        read_table(path)


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SMALLEST_LIMIT", 1_000)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", bytes(10_000_000))
    with pytest.raises(ValueError, match=r"t\.xlsx claims 10,000,000 bytes; at most "):
        read_table(tmp_path / "t.xlsx")


def test_a_zip_archive_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as file:
        file.writestr("a", b"")
    with pytest.raises(ValueError, match=r"t\.xlsx is not an Excel workbook, or is damaged; save"):
        read_table(tmp_path / "t.xlsx")


@pytest.mark.parametrize("columns, what", [
    ({"a": []}, "has no rows"), ({"a": [1], " a": [2]}, "has 2 columns named 'a'"),
    ({" ": [1], "b": [1]}, "column 1 has no name"), ({"a": ["1,5", "2.5", "3.5"] * 9}, "t.*: 18 of 27 cells of 'a'")])
def test_what_is_no_table(path: Path, columns: dict[str, Any], what: str) -> None:
    written(pandas.DataFrame(columns), path)
    with pytest.raises(ValueError, match=what):
        read_table(path)


def test_a_column_without_a_name_in_a_workbook(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    pandas.DataFrame({"a": [1]}).to_excel(tmp_path / "t.xlsx")
    with pytest.raises(ValueError, match=r"t\.xlsx: the data frame: column 1 has no name; name it"):
        read_table(tmp_path / "t.xlsx")
