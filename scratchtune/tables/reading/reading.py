"""Reading a table from a file; one that cannot be read raises one clear sentence.

A CSV file is read in chunks of rows, so that memory holds little more than the table. A column is read as numbers until
a cell is not a number; if that happens after the first chunk, the column is read a second time, as texts.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypedDict, Unpack

import numpy as np
from tqdm import tqdm

from scratchtune.core import checks
from scratchtune.core.archives import Archive, about, gunzipped
from scratchtune.core.files import decoded_text, opened_file
from scratchtune.tables.reading.columns import Codes, Column, Text, checked_names, text_of
from scratchtune.tables.reading.kinds import decided, without_markers
from scratchtune.tables.reading.notation import (
    DELIMITERS,
    LARGEST_EXACT,
    NUMBER,
    Reading,
    check_names,
    checked_reading,
    decimal_of,
    is_missing,
    kind_of,
    to_number,
)
from scratchtune.tables.reading.table import Table, made_of

FRAMES = {".parquet": ("a Parquet file", "pyarrow"), ".xlsx": ("an Excel workbook", "openpyxl")}  # read by pandas
GZIP = b"\x1f\x8b"  # with these two bytes a file begins that gzip has compressed
_PURPOSE = "a table is a .csv, .parquet or .xlsx file"
_CELLS = 400_000  # read at a time
_FEWEST_ROWS = 16  # read at a time, however many columns there are
_SNIFFED = 1000  # rows that decide what the decimal mark is


class FileNotation(TypedDict, total=False):
    """How a file writes numbers and dates: these arguments of `read_table`."""

    decimal: str | None
    date_order: str | None


def read_table(
    path: str | os.PathLike[str] | BinaryIO, *, delimiter: str | None = None, text: Collection[str] = (),
    numeric: Collection[str] = (), skip: Collection[str] = (), only: Collection[str] | None = None,
    missing: Collection[str] = (), **notation: Unpack[FileNotation],
) -> Table:
    """Read a table from a CSV file, which may be compressed by gzip; ``.parquet`` and ``.xlsx`` files by pandas.

    Of a workbook the first sheet is read; both are then read as data frames are (`Table.from_columns`). ``path`` may
    also be a binary file that is open for reading, such as a pipe; the rest of it is read into memory. By its name only
    a regular file is read. A compressed file may unpack to 100 times its size, at least to 64 MB.

    CSV is in UTF-8, its first line holds the names; the delimiter is a comma, a semicolon, a tab or a bar, and is
    detected. A column holds numbers if each of its cells is a number or missing, else texts. ``text`` names columns
    that are read as texts in any case, ``numeric`` columns whose cells are missing where they are not numbers (a
    warning counts them), ``skip`` columns that are not read, and ``only`` the columns to read, if not all. A cell is
    missing if it is empty, NA, N/A, NaN, null, None or ? (in any case), or one of ``missing``, such as "-" or "-999".

    Numbers have a decimal point. With ``decimal=","`` they have a comma; with ``decimal=None`` they do too if the
    delimiter is not a comma and the first 1,000 rows show it (`notation.decimal_of`); they have no separator of
    thousands. Integers beyond 2^53 must be exact in float64; beside decimals, rounding one is a warning. Other cells in
    a column that is meant to be numeric (`notation`) are an error that names them; but those such as ".", "-" or
    "unknown", which can only mean it, are missing, with a warning.

    A column of texts that are dates becomes a column of `Dates` (`date_columns` lists the forms). ``date_order``, "dmy"
    or "mdy", says whether the day or the month comes first where the column does not show it.

    Raises OSError if the file cannot be opened, ValueError if it is not a table.
    """
    check_names("skip", skip)
    check_names("only", only)
    reading = checked_reading(delimiter=delimiter, text=text, numeric=numeric, missing=missing, **notation)

    def is_read(name: str) -> bool:
        return name not in skip and (only is None or name in only)

    shown = name_of(path)
    with _opened(path) as file:
        if Path(shown).suffix.lower() in FRAMES:
            return _of_frame(shown, file, reading, is_read)
        return _CSV(shown, file, reading, is_read).table()


def name_of(path: str | os.PathLike[str] | BinaryIO) -> str:
    """Return the name of a file as messages show it."""
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(getattr(path, "name", "the file"))


def first_line(path: str | os.PathLike[str]) -> bytes:
    """Return the first line of a file that can be read twice, at most 65,536 bytes; decompressed if it is gzip."""
    with _opened(path) as file:
        return file.readline(1 << 16)


def _opened(path: str | os.PathLike[str] | BinaryIO) -> BinaryIO:
    """Open a regular file; one that is open, as a pipe may be, or is compressed, is read into memory."""
    file = opened_file(path, _PURPOSE) if isinstance(path, (str, os.PathLike)) else io.BytesIO(path.read())
    is_gzip = file.read(2) == GZIP
    file.seek(0)
    if not is_gzip:
        return file
    with file, about(f"{name_of(path)}, which gzip has compressed,"):
        return gunzipped(file)


def _of_frame(path: str, file: BinaryIO, reading: Reading, is_read: Callable[[str], bool]) -> Table:
    """Read a file of `FRAMES`."""
    kind, engine = FRAMES[ending := Path(path).suffix.lower()]
    if ending == ".xlsx":
        with about(path):
            archive = Archive(file)
            for name in archive.names:
                archive.claim(name)  # a ValueError if together they are too large
    file.seek(0)
    try:
        import pandas

        frame = (pandas.read_excel(file, na_values=["?", *reading.missing]) if ending == ".xlsx" else
                 pandas.read_parquet(file))
    except ImportError:
        raise ValueError(f"{path} is {kind}, which pandas reads with {engine}; install both (pip install pandas "
                         f"{engine}), or save the table as CSV") from None
    except Exception:  # each reader has errors of its own, which do not name the file
        raise ValueError(f"{path} is not {kind}, or is damaged; save the table again, or as CSV") from None
    if frame.empty:
        raise ValueError(f"{path} has no rows; a table has at least one row and one column")
    names = [str(name).strip() for name in frame.columns]
    frame.columns = ["" if ending == ".xlsx" and name.startswith("Unnamed: ") else name for name in names]
    try:
        with about(f"{path}:"):
            return made_of(frame, reading._replace(delimiter=None), [name for name in names if not is_read(name)])
    except TypeError as problem:
        raise ValueError(f"{path}: {problem}") from None


# CSV ------------------------------------------------------------------------------------------------------------------


class _CSV:
    """A CSV file that is being read, once or twice."""

    def __init__(self, path: str, file: BinaryIO, reading: Reading, is_read: Callable[[str], bool]) -> None:
        self.path, self.file, self.width = path, file, 0
        self._check_text()
        self.delimiter = reading.delimiter or max(DELIMITERS, key=self._quality)
        header = f"{path}, line 1"
        self.names = checked_names([name.strip() for name in self._first_rows(1)[0]], header)
        if all(kind_of(name) == NUMBER for name in self.names):
            raise ValueError(f"{header}: the header holds only numbers; it must hold the names of the columns")
        self.width = len(self.names)
        self.kept = {i: name for i, name in enumerate(self.names) if is_read(name)}
        self.reading = reading._replace(delimiter=self.delimiter, decimal=reading.decimal or self._decimal(reading))

    def table(self) -> Table:
        """Return the table of the selected columns."""
        texts = frozenset(self.reading.text)
        read = self._columns(self.kept, {i for i, name in self.kept.items() if name in texts})
        late = {i for i in self.kept if i not in read}
        read |= self._columns(late, late) if late else {}
        with about(f"{self.path}:"):
            columns = {name: decided(name, column, self.reading, self._where)
                       if isinstance(column := read.pop(i), Text) and name not in texts else column
                       for i, name in self.kept.items()}
        return Table(columns, [name for name in self.names if name not in columns], self.reading)

    def _columns(self, wanted: Iterable[int], as_text: set[int]) -> dict[int, Column]:
        """Read the ``wanted`` columns by index, without those that turn out not to be numeric after the first chunk."""
        parts: dict[int, list[np.ndarray]] = {i: [] for i in wanted}
        codes = {i: Codes(self.reading.markers) for i in as_text}
        rows = 0
        for chunk in self._chunks():
            columns = list(zip(*chunk, strict=True))
            for i in list(parts):
                part = self._numbers(columns[i]) if i not in codes else None
                if part is None and i not in codes and rows:  # the texts of the rows before are lost
                    del parts[i]
                    continue
                if part is None:
                    part = codes.setdefault(i, Codes(self.reading.markers)).of(columns[i])
                parts[i].append(part)
            rows += len(chunk)
        if not rows:
            raise ValueError(f"{self.path} has a header and no rows; a table has at least one row")
        return {i: Text(np.concatenate(parts.pop(i)), codes[i].texts) if i in codes else np.concatenate(parts.pop(i))
                for i in list(parts)}

    def _numbers(self, cells: Sequence[str]) -> np.ndarray | None:
        """Cells as numbers, NaN for a missing value; None if a cell is neither, or may not be exact."""
        read = float if self.reading.mark == "." else partial(to_number, decimal=self.reading.mark)
        if read is float and "_" in "".join(cells):  # Python reads 1_000 as a number
            return None
        with suppress(ValueError):
            try:
                part = [read(cell) if cell else np.nan for cell in cells]
            except ValueError:
                part = [np.nan if is_missing(cell, self.reading.markers) else read(cell) for cell in cells]
            numbers = without_markers(np.array(part), self.reading)
            return None if (np.abs(numbers) >= LARGEST_EXACT).any() else numbers
        return None

    def _chunks(self) -> Iterator[list[list[str]]]:
        """Yield the rows below the header, some at a time."""
        size = os.fstat(self.file.fileno()).st_size if not isinstance(self.file, io.BytesIO) else None
        with closing(self._rows()) as rows, tqdm(total=size, desc=f"reading {Path(self.path).name}", unit="B",
                                                 unit_scale=True, delay=2, leave=False, disable=None) as bar:
            next(rows)
            while chunk := list(islice(rows, max(_FEWEST_ROWS, _CELLS // self.width))):
                yield chunk
                bar.update(self.file.tell() - bar.n)

    def _rows(self) -> Generator[list[str], None, None]:
        """Yield all rows, the header included, from the start of the file; empty lines are skipped."""
        self.file.seek(0)
        lines = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        end = 0  # the last line of the row before
        try:
            for cells in reader:
                self.line = end = reader.line_num
                if not cells:
                    continue
                if self.width and len(cells) != self.width:
                    comment = " (is line 1 a comment? then leave it out)" if self.names[0].startswith("#") else ""
                    raise ValueError(f"{self.path}, line {self.line}, has {checks.counted(len(cells), 'cell')} and the "
                                     f"header has {self.width}{comment}")
                yield cells
        except UnicodeDecodeError:
            self.file.seek(0)
            decoded_text(self.path, self.file.read(), _PURPOSE)  # raises an error that names the line
        except csv.Error as problem:
            raise ValueError(f"{self.path}, line {end + 1}, is not CSV: {problem} in line {reader.line_num}; is there "
                             f"a quote in line {end + 1} that is not closed?") from None
        finally:
            lines.detach()

    def _first_rows(self, number: int) -> list[list[str]]:
        """Return the first rows, the header included."""
        with closing(self._rows()) as rows:
            return list(islice(rows, number))

    def _where(self, column: Text, text: str) -> str:
        """Say in which line of the file a text first occurs."""
        with closing(self._rows()) as rows:
            next(islice(rows, column.first(text) + 1, None))
            return f"in line {self.line}"

    def _check_text(self) -> None:
        """Raise a ValueError if the file holds no text."""
        start = self.file.read(1 << 16)
        if not start.strip(b"\xef\xbb\xbf \t\r\n"):
            raise ValueError(f"{self.path} is empty; the first line of a table holds the names of its columns")
        if start.startswith(b"PK\x03\x04"):
            raise ValueError(f"{self.path} is a zip archive, as Excel's workbooks and NumPy's .npz files are; save it "
                             "as CSV, let the name of a workbook end in .xlsx, or give a dict of arrays")
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
            decoded_text(self.path, start, _PURPOSE)  # raises

    def _quality(self, delimiter: str) -> tuple[bool, int]:
        """Whether a delimiter splits the first rows into equal numbers of cells, and the header into how many.

        One that splits the header, and meets a row that is not CSV, is still better than one that splits nothing: the
        error about that row is due.
        """
        self.delimiter, widths = delimiter, list[int]()
        try:
            with closing(self._rows()) as rows:
                for cells in islice(rows, 50):
                    widths.append(len(cells))
        except ValueError:
            return False, widths[0] if widths[:1] > [1] else 0
        return len(set(widths)) == 1 and widths[0] > 1, widths[0]

    def _decimal(self, reading: Reading) -> str:
        """Return the decimal mark of the first rows; it is a comma only if the delimiter is not a comma."""
        if self.delimiter == ",":
            return "."
        rows = self._first_rows(1 + min(_SNIFFED, max(_FEWEST_ROWS, _CELLS // self.width)))[1:]
        cells = list(zip(*rows, strict=True))
        return decimal_of({name: text_of(cells[i], reading.markers).counts() for i, name in self.kept.items()
                           if cells and name not in reading.text})
