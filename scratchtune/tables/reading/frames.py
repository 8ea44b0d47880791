"""Parquet files and Excel workbooks as columns of a table, read by pandas where it is installed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

FORMATS = {".parquet": ("Parquet", "pyarrow"), ".xlsx": ("Excel", "openpyxl")}


def is_frame(path: str) -> bool:
    """Whether a file is one that pandas reads, by the ending of its name.

    >>> is_frame("sales.XLSX"), is_frame("sales.csv")
    (True, False)
    """
    return Path(path).suffix.lower() in FORMATS


def read_frame(path: str, file: BinaryIO, missing: Collection[str] = ()) -> dict[str, Any]:
    """Return the columns of a Parquet file, or of the first sheet of a workbook, by name.

    ``missing`` are texts that mean a missing value in a workbook. Dates are
    datetime64.

    Raises
        ValueError if pandas or its reader is not installed, or the file is not of the format that its name says.
    """
    kind, needs = FORMATS[Path(path).suffix.lower()]
    try:
        import pandas

        __import__(needs)
    except ImportError:
        raise ValueError(
            f"{path} is read by pandas with {needs}, which are not both installed; install them (pip install pandas "
            f"{needs}), or save the table as CSV") from None
    try:
        frame = pandas.read_parquet(file) if kind == "Parquet" else pandas.read_excel(
            file, sheet_name=0, keep_default_na=False, na_values=["", *missing])
    except Exception as problem:  # each reader has errors of its own
        raise ValueError(f"{path} cannot be read as {kind}: {str(problem).splitlines()[0]}") from None
    names = [str(name).strip() for name in frame.columns]
    for name in names:
        if not name or name.startswith("Unnamed: "):
            raise ValueError(f"{path}: column {names.index(name) + 1} has no name; name it, or leave it out")
        if names.count(name) > 1:
            raise ValueError(f"{path}: {names.count(name)} columns are named {name!r}; names must be different")
    return {name: frame.iloc[:, i].to_numpy() for i, name in enumerate(names)}
