"""Parquet files and Excel workbooks as columns of a table, read by pandas where it is installed."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from scratchtune.archives import Archive, about
from scratchtune.tables.reading.columns import checked_names

FORMATS = {".parquet": ("Parquet", "pyarrow"), ".xlsx": ("Excel", "openpyxl")}


def read_frame(path: str, file: BinaryIO, missing: Collection[str] = ()) -> dict[str, Any]:
    """Return the columns of a Parquet file, or of the first sheet of a workbook, by name.

    ``missing`` are texts that mean a missing value in a workbook. Dates are datetime64.

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
    if kind == "Excel" and zipfile.is_zipfile(file):
        with about(path):
            archive = Archive(file)
            for name in archive.names:
                archive.claim(name)  # a ValueError if together they are too large
    file.seek(0)
    try:
        frame = pandas.read_parquet(file) if kind == "Parquet" else pandas.read_excel(
            file, sheet_name=0, keep_default_na=False, na_values=["", *missing])
    except Exception:  # each reader has errors of its own, which do not name the file
        raise ValueError(f"{path} is no {kind} file, or is damaged; save the table again, or as CSV") from None
    names = ["" if str(name).startswith("Unnamed: ") else str(name).strip() for name in frame.columns]
    return {name: frame.iloc[:, i].to_numpy() for i, name in enumerate(checked_names(names, path))}
