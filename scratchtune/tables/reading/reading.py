"""Reading a table from a CSV file or NumPy's ``.npz``; a file that cannot be read raises one clear sentence.

A CSV file is read in chunks of rows, so that memory holds little more than the table. A column is read as numbers until
a cell is not a number; if that happens after the first chunk, the column is read a second time, as texts.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypedDict, Unpack

import numpy as np
from tqdm import tqdm

from scratchtune import checks
from scratchtune.archives import Archive, Member, about, gunzipped
from scratchtune.files import opened_file
from scratchtune.tables.reading.columns import Codes, Column, Text, text_of
from scratchtune.tables.reading.date_columns import ORDERS
from scratchtune.tables.reading.frames import is_frame, read_frame
from scratchtune.tables.reading.kinds import EXACT, INEXACT, column_of, is_exact, with_dates
from scratchtune.tables.reading.notation import (
    DECIMALS,
    MISSING,
    THOUSANDS,
    Reading,
    advice,
    coerced,
    decimal_of,
    found,
    is_decimal_point,
    is_missing,
    strays_of,
    to_number,
    unclear_points,
)
from scratchtune.tables.reading.table import Table, check_kinds, check_names

DELIMITERS = (",", ";", "\t")
GZIP = b"\x1f\x8b"  # with these two bytes a file begins that gzip has compressed
_PURPOSE = "a table is a .csv, .npz, .parquet or .xlsx file"
_CELLS = 400_000  # read at a time
_SNIFFED = 1000  # rows that decide what the decimal mark is
_NAN = float("nan")


class FileNotation(TypedDict, total=False):
    """How a file writes numbers and dates: these arguments of `read_table`."""

    decimal: str | None
    thousands: str | None
    date_order: str | None


def read_table(
    path: str | os.PathLike[str] | BinaryIO, *, delimiter: str | None = None, text: Collection[str] = (),
    numeric: Collection[str] = (), skip: Collection[str] = (), only: Collection[str] | None = None,
    missing: Collection[str] = (), **notation: Unpack[FileNotation],
) -> Table:
    """Read a table from a file: ``.npz`` as NumPy saves it, anything else as CSV, which may be compressed by gzip.

    ``.parquet`` and the first sheet of ``.xlsx`` are read by pandas, where it is installed.

    ``path`` may also be a binary file that is open for reading, such as a pipe; the rest of it is read into memory.
    By its name only a regular file is read. A compressed file may unpack to 100 times its size, at least to 64 MB.

    CSV: UTF-8, the first line holds the names; the delimiter is a comma, a semicolon or a tab, and is detected.
    A column holds numbers if each of its cells is a number or missing, else texts. ``text`` names columns that are read
    as texts in any case, ``numeric`` columns whose cells are missing where they are not numbers (a warning counts
    them), ``skip`` columns that are not read, and ``only`` the columns to read, if not all (``table.skipped`` are the
    columns of the file that were not read). A cell is missing if it is empty, NA, N/A, NaN,
    null, None or ? (in any case), or one of ``missing``, such as "-" or "-999". Blanks around a cell and empty lines
    are ignored.

    Numbers have a decimal point. With ``decimal=","`` they have a comma; with ``decimal=None`` they do too if the
    delimiter is not a comma and the first 1,000 rows are unambiguous (`notation.decimal_of`). ``thousands`` is the
    thousands separator: a comma, a point, a blank or an apostrophe. Integers beyond 2^53 must be exact in float64. If a
    column is meant to be numeric (`notation`: at least nine of ten cells look like numbers, or at most three distinct
    texts do not) and has cells that are not numbers, the error names them.

    A column of texts that are dates becomes a column of `Dates` (`date_columns` lists the forms). ``date_order``, "dmy"
    or "mdy", says whether the day or the month comes first where the column does not show it.

    In an ``.npz`` each array of one dimension is a column, and one of two dimensions, named X, is the columns X0, X1,
    ..; nothing is unpickled. ``table.reading`` is how the file was read.

    Raises
        OSError if the file cannot be opened, ValueError if it is not a table.
    """
    shown = name_of(path)
    if delimiter is not None:
        checks.choice("delimiter", delimiter, DELIMITERS)
    for argument, given in (("skip", skip), ("only", only), ("missing", missing)):
        check_names(argument, given)
    check_kinds(text, numeric)
    decimal, thousands, date_order = _marks(**notation)
    columns = _Columns(tuple(text), frozenset(skip), None if only is None else frozenset(only))
    markers = tuple(marker.strip() for marker in missing)
    reading = Reading(decimal, thousands, markers, delimiter, tuple(text), tuple(numeric), date_order)
    with _opened(path) as file:
        if Path(shown).suffix.lower() == ".npz":
            return _read_arrays(shown, file, columns, reading)
        if is_frame(shown):
            return _read_frame(shown, file, columns, reading)
        return _CSV(shown, file, reading).table(columns)


def _marks(
    decimal: str | None = None, thousands: str | None = None, date_order: str | None = None,
) -> tuple[str | None, str | None, str | None]:
    """Return the arguments, checked; the thousands separator may decide the decimal mark."""
    checks.choice("date_order", date_order, (None, *ORDERS))
    checks.choice("decimal", decimal, (None, *DECIMALS))
    checks.choice("thousands", thousands, (None, *THOUSANDS))
    if thousands is not None and thousands == decimal:
        raise ValueError(f"thousands is {thousands!r}, and so is decimal; they must be different")
    if decimal is None and thousands in DECIMALS:
        decimal = next(mark for mark in DECIMALS if mark != thousands)
    return decimal, thousands, date_order


class _Columns(NamedTuple):
    """Which columns of a file are read, and which of them as texts."""

    text: tuple[str, ...]
    skip: frozenset[str]
    only: frozenset[str] | None

    def reads(self, name: str) -> bool:
        """Whether a column is read."""
        return name not in self.skip and (self.only is None or name in self.only)


def _markers(missing: Iterable[str]) -> frozenset[str]:
    """The texts that mark a missing value, in lower case."""
    return MISSING | {marker.lower() for marker in missing}


def _missing_numbers(missing: Iterable[str]) -> np.ndarray:
    """Return the markers that are numbers, such as -999: they are compared by value, not as texts."""
    found = []
    for marker in missing:
        try:
            found.append(float(marker))
        except ValueError:
            pass
    return np.array(found)


def name_of(path: str | os.PathLike[str] | BinaryIO) -> str:
    """Return the name of a file as messages show it."""
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(getattr(path, "name", "the file"))


def first_line(path: str | os.PathLike[str]) -> bytes:
    """Return the first line of a file that can be read twice, at most 65,536 bytes; decompressed if it is gzip."""
    with opened_file(path, _PURPOSE) as file:
        is_gzip = file.read(2) == GZIP
        file.seek(0)
        with about(f"{path}, which gzip has compressed,"):
            return (gzip.open(file) if is_gzip else file).readline(1 << 16)


def _opened(path: str | os.PathLike[str] | BinaryIO) -> BinaryIO:
    """Open a regular file; one that is open, as a pipe may be, or is compressed, is read into memory."""
    file = opened_file(path, _PURPOSE) if isinstance(path, (str, os.PathLike)) else io.BytesIO(path.read())
    is_gzip = file.read(2) == GZIP
    file.seek(0)
    if not is_gzip:
        return file
    with file, about(f"{name_of(path)}, which gzip has compressed,"):
        return gunzipped(file)


# CSV ------------------------------------------------------------------------------------------------------------------


class _Numbers:
    """Collects a column of numbers, chunk by chunk; `add` returns whether all cells were numbers."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.markers, self.missing_numbers = _markers(reading.missing), _missing_numbers(reading.missing)
        self.parts: list[np.ndarray] = []
        self.rows = 0
        self.first_infinity: int | None = None
        self.first_inexact: tuple[int, str] | None = None
        self.point = ""  # a cell whose point must be a decimal point
        self.all_integers = True

    def add(self, cells: Sequence[str]) -> bool:
        try:
            part = self._numbers(cells)
        except ValueError:
            return False
        if not self.point and "." in "".join(cells):
            self.point = next(filter(is_decimal_point, cells), "").strip()
        infinite = np.isinf(part)
        if self.first_infinity is None and infinite.any():
            self.first_infinity = self.rows + int(infinite.argmax())
        self._check_integers(cells, part)
        self.parts.append(part)
        self.rows += len(part)
        return True

    def _check_integers(self, cells: Sequence[str], part: np.ndarray) -> None:
        """In a column of integers, find the first cell that float64 rounds; numbers with decimals may be rounded."""
        present = part[~np.isnan(part)]
        self.all_integers = self.all_integers and bool((present == np.floor(present)).all())
        if not self.all_integers or self.first_inexact is not None:
            return
        for i in map(int, np.flatnonzero((np.abs(part) >= EXACT) & np.isfinite(part))):
            if _is_rounded(cells[i], self.reading.thousands):
                self.first_inexact = self.rows + i, cells[i].strip()
                return

    def _numbers(self, cells: Sequence[str]) -> np.ndarray:
        """Cells as numbers, NaN for a missing value; a ValueError if a cell is neither."""
        if self.reading.decimal == "." and self.reading.thousands is None:
            part = _plain_numbers(cells, self.markers)
        else:
            part = np.array([_NAN if is_missing(cell, self.markers) else to_number(
                cell, self.reading.decimal or ".", self.reading.thousands) for cell in cells])
        if len(self.missing_numbers):
            part[np.isin(part, self.missing_numbers)] = _NAN
        return part

    def column(self) -> Column:
        column = np.concatenate(self.parts)
        self.parts = []
        return column


class _Coerced(_Numbers):
    """Collects a column of numbers in which a cell that is not a number becomes missing."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self.others: Counter[str] = Counter()  # the cells that are not numbers
        self.first: dict[str, int] = {}  # the rows where they first occur

    def _numbers(self, cells: Sequence[str]) -> np.ndarray:
        try:
            return super()._numbers(cells)
        except ValueError:
            return super()._numbers([self._number_or_missing(row, cell) for row, cell in enumerate(cells, self.rows)])

    def _number_or_missing(self, row: int, cell: str) -> str:
        """Return a cell if it is a number or missing, else an empty one."""
        try:
            if not is_missing(cell, self.markers):
                to_number(cell, self.reading.decimal or ".", self.reading.thousands)
            return cell
        except ValueError:
            text = cell.strip()
            self.others[text] += 1
            self.first.setdefault(text, row)
            return ""


class _Texts:
    """Collects a column of texts, chunk by chunk."""

    first_infinity = None
    first_inexact = None
    point = ""

    def __init__(self, reading: Reading) -> None:
        self.parts: list[np.ndarray] = []
        self.codes = Codes(_markers(reading.missing))

    def add(self, cells: Sequence[str]) -> bool:
        self.parts.append(np.fromiter(map(self.codes.__getitem__, cells), np.int32, len(cells)))
        return True

    def column(self) -> Column:
        return Text(np.concatenate(self.parts), self.codes.texts)


def _plain_numbers(cells: Sequence[str], markers: Collection[str]) -> np.ndarray:
    """Cells with a decimal point as numbers, NaN for a missing value; a ValueError if a cell is neither."""
    if "_" in "".join(cells):  # Python reads 1_000 as a number
        raise ValueError
    try:
        return np.array([float(cell) if cell else _NAN for cell in cells])
    except ValueError:
        return np.array([_NAN if is_missing(cell, markers) else float(cell) for cell in cells])


def _is_rounded(cell: str, thousands: str | None) -> bool:
    """Whether a cell is an integer that is not exact in float64."""
    try:
        return not is_exact(int(re.sub(r"\D", "", cell) if thousands is not None and thousands in cell else cell))
    except ValueError:  # 1e300 or 2.5
        return False


class _CSV:
    """A CSV file that is being read, once or twice."""

    def __init__(self, path: str, file: BinaryIO, reading: Reading) -> None:
        self.path, self.file, self.start = path, file, 0
        self._check_bytes()
        named = self._named_delimiter()
        self.delimiter = reading.delimiter or named or self._delimiter()
        self.names = self._names()
        self.reading = reading._replace(delimiter=self.delimiter)

    def table(self, columns: _Columns) -> Table:
        """Return the table of the selected columns."""
        kept = {i: name for i, name in enumerate(self.names) if columns.reads(name)}
        if self.reading.decimal is None:
            self.reading = self.reading._replace(decimal=self._decimal(columns))
        collectors: dict[int, Any] = {i: self._collector(name) for i, name in kept.items()}
        late = self._collect(collectors)
        if late:
            again: dict[int, Any] = {i: _Texts(self.reading) for i in late}
            self._collect(again)
            collectors |= again
        for i, collector in collectors.items():
            if collector.first_infinity is not None:
                self._refuse(collector.first_infinity, f"holds infinity as {self.names[i]!r}; numbers must be finite")
            if collector.first_inexact is not None and collector.all_integers:
                row, cell = collector.first_inexact
                self._refuse(row, f"holds {cell} as {self.names[i]!r}, {INEXACT}")
            if isinstance(collector, _Coerced) and collector.others:
                checks.warn(f"{self.path}: " + coerced(self.names[i], collector.rows, collector.others, partial(
                    self._where, collector.first)))
        point = next((collector.point for collector in collectors.values() if collector.point), "")
        read = {name: collectors.pop(i).column() for i, name in kept.items()}
        self._check_strays({name: column for name, column in read.items() if name not in columns.text}, point)
        for name, column in read.items():
            if name not in (*self.reading.text, *self.reading.numeric) and isinstance(column, Text):
                read[name] = self._with_dates(name, column)
        return Table(read, [name for name in self.names if name not in read], self.reading)

    def _with_dates(self, name: str, column: Text) -> Column:
        """Return a column of texts as dates if it holds dates."""
        try:
            return with_dates(
                name, column, self.reading.date_order, lambda text: f"in line {self._line(column.first(text))}")
        except ValueError as problem:
            raise ValueError(f"{self.path}: {problem}") from None

    def _collector(self, name: str) -> _Numbers | _Texts:
        """Return what collects a column."""
        if name in self.reading.text:
            return _Texts(self.reading)
        return (_Coerced if name in self.reading.numeric else _Numbers)(self.reading)

    def _where(self, first: dict[str, int], text: str) -> str:
        """Return the line where a text first occurs."""
        return f"in line {self._line(first[text])}"

    def _check_strays(self, columns: dict[str, Column], point: str) -> None:
        """Refuse a file in which a numeric column has a few cells that are not numbers; ``point``: see `advice`."""
        decimal, thousands = self.reading.decimal or ".", self.reading.thousands
        strays = {name: strays_of(column.counts(), decimal, thousands)
                  for name, column in columns.items() if isinstance(column, Text)}
        strays = {name: texts for name, texts in strays.items() if texts}
        if not strays:
            return
        name, texts = next(iter(strays.items()))
        column = columns[name]
        assert isinstance(column, Text)
        counts = column.counts()
        point = next(filter(is_decimal_point, counts), "") or point
        shown = found(name, counts, texts, lambda text: f"in line {self._line(column.first(text))}")
        others = [other for other in strays if other != name]
        likewise = f"; {checks.quoted(others)} {'has' if len(others) == 1 else 'have'} such cells too" if others else ""
        raise ValueError(f"{self.path}: {shown}; {advice(name, counts, texts, decimal, point)}{likewise}")

    def _collect(self, collectors: dict[int, Any]) -> list[int]:
        """Read all rows into the collectors; return the columns that turned out not to be numeric too late."""
        failed: list[int] = []
        rows = 0
        for chunk in self._chunks():
            columns = list(zip(*chunk, strict=True))
            for i in list(collectors):
                if not collectors[i].add(columns[i]):
                    collectors[i] = _Texts(self.reading)
                    collectors[i].add(columns[i])
                    if rows > 0:  # the rows before were read as numbers, and their texts are lost
                        del collectors[i]
                        failed.append(i)
            rows += len(chunk)
        if rows == 0:
            raise ValueError(f"{self.path} has a header and no rows; a table has at least one row")
        return failed

    def _chunks(self) -> Iterator[list[list[str]]]:
        """Yield the rows below the header, some at a time; each has as many cells as there are names."""
        width = len(self.names)
        size = os.fstat(self.file.fileno()).st_size if not isinstance(self.file, io.BytesIO) else None
        start, reader = 0, self._rows()
        next(reader)
        with tqdm(total=size, desc=f"reading {Path(self.path).name}", unit="B", unit_scale=True, delay=2, leave=False,
                  disable=None) as bar:
            while chunk := list(islice(reader, max(1, _CELLS // width))):
                if set(map(len, chunk)) != {width}:
                    row = next(row for row, cells in enumerate(chunk) if len(cells) != width)
                    cells = len(chunk[row])
                    comment = " (is line 1 a comment? then leave it out)" if self.names[0].startswith("#") else ""
                    self._refuse(
                        start + row, f"has {cells} cell{'s' * (cells != 1)} and the header has {width}{comment}")
                yield chunk
                start += len(chunk)
                bar.update(self.file.tell() - bar.n)

    def _rows(self) -> Iterator[list[str]]:
        """Yield all rows, the header included, from the start of the file; empty lines are skipped."""
        self.file.seek(self.start)
        lines = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        try:
            yield from filter(None, reader)
        except UnicodeDecodeError:
            raise ValueError(self._wrong_encoding()) from None
        except csv.Error as problem:
            if "field limit" in str(problem):
                problem = csv.Error(
                    f"a cell has more than {csv.field_size_limit():,} characters; is there a quote that is not closed?")
            line = reader.line_num + (self.start > 0)
            raise ValueError(f"{self.path}, line {line}, is not CSV: {problem}") from None
        finally:
            lines.detach()

    def _refuse(self, row: int, what: str) -> None:
        """Raise a ValueError that names the line in which a row (the first below the header is 0) ends."""
        raise ValueError(f"{self.path}, line {self._line(row)}, {what}")

    def _line(self, row: int) -> int:
        """Return the line of the file in which a row (the first below the header is 0) ends."""
        self.file.seek(self.start)
        lines = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        next(islice(filter(None, reader), row + 1, None))
        lines.detach()
        return reader.line_num + (self.start > 0)

    # Before the rows

    def _check_bytes(self) -> None:
        start = self.file.read(1 << 16)
        if not start.strip(b"\xef\xbb\xbf \t\r\n"):
            raise ValueError(f"{self.path} is empty; the first line of a table holds the names of its columns")
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError(f"{self.path} is UTF-16; save it as UTF-8")
        if start.startswith(b"PK\x03\x04"):
            raise ValueError(f"{self.path} is a zip archive, as Excel's workbooks are; save it as CSV, or let the name "
                             "of a workbook end in .xlsx")
        if b"\0" in start:
            raise ValueError(
                f"{self.path} holds binary data; a table is text (CSV), or NumPy's format with the name ending in .npz")

    def _wrong_encoding(self) -> str:
        self.file.seek(0)
        for number, line in enumerate(self.file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as problem:
                byte = line[problem.start]
                return f"{self.path}, line {number}, has the byte 0x{byte:02x}, which is not UTF-8; save it as UTF-8"
        return f"{self.path} is not UTF-8; save it as UTF-8"

    def _named_delimiter(self) -> str | None:
        """Return the delimiter that a first line ``sep=;`` names, which Excel writes; the header is the next line."""
        self.file.seek(0)
        line = self.file.readline(16)
        named = re.fullmatch(rb"(?:\xef\xbb\xbf)?sep=(.)\r?\n", line)
        if named is None:
            return None
        self.start = len(line)
        return str(checks.choice(f"{self.path}, line 1: sep", named[1].decode("latin-1"), DELIMITERS))

    def _decimal(self, columns: _Columns) -> str:
        """Return the decimal mark of the first rows; it is a comma only if the delimiter is not a comma."""
        if self.delimiter == ",":
            return "."
        rows = self._rows()
        first = [row for row in islice(rows, 1, 1 + _SNIFFED) if len(row) == len(self.names)]
        rows.close()  # type: ignore[attr-defined]
        cells = zip(self.names, zip(*first, strict=True), strict=False)
        texts = {name: text_of(values, _markers(self.reading.missing)).counts() for name, values in cells
                 if columns.reads(name) and name not in columns.text}
        decimal, unclear = decimal_of(texts.values()), unclear_points(texts)
        if decimal == "." and unclear is not None and self.reading.thousands is None:
            name, text = unclear
            raise ValueError(
                f"{text!r} in {name!r} may be {text} with a decimal point (--decimal .), or {text.replace('.', '')} "
                "with a thousands separator (--thousands .); say which (in Python: arguments of read_table)")
        return decimal

    def _delimiter(self) -> str:
        """Return the delimiter that splits the first rows into equal numbers of cells, and into the most cells."""
        def quality(delimiter: str) -> tuple[bool, int]:
            self.delimiter = delimiter
            rows = self._rows()
            try:
                widths = [len(row) for row in islice(rows, 50)]
            except ValueError:
                return False, 0
            finally:
                rows.close()  # type: ignore[attr-defined]
            return len(set(widths)) == 1 and widths[0] > 1, widths[0]

        return max(DELIMITERS, key=quality)

    def _names(self) -> list[str]:
        """Return the header's names, which must be non-empty and distinct."""
        rows = self._rows()
        names = [name.strip() for name in next(rows)]
        rows.close()  # type: ignore[attr-defined]
        where = f"{self.path}, line {1 + (self.start > 0)}: "
        if len(names) == 1 and "|" in names[0]:
            raise ValueError(
                f"{where}the header is one cell, {names[0]!r}; cells must be separated by a comma, a semicolon or a "
                "tab, not by |")
        if all(_is_number(name) for name in names):
            raise ValueError(f"{where}the header holds only numbers; it must hold the names of the columns")
        for i, name in enumerate(names):
            if not name:
                raise ValueError(
                    f"{where}column {i + 1} has no name; name it, or leave it out if it only numbers the rows "
                    "(pandas: to_csv(.., index=False))")
            if names.count(name) > 1:
                raise ValueError(f"{where}{names.count(name)} columns are named {name!r}; names must be different")
        return names


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


# NumPy's archives -----------------------------------------------------------------------------------------------------


def _read_arrays(path: str, file: BinaryIO, wanted: _Columns, reading: Reading) -> Table:
    try:
        with about(path):
            archive = Archive(file)
    except ValueError:
        raise ValueError(f"{path} is not an .npz file; numpy.savez(path, name=array, ..) writes one") from None
    columns: dict[str, Column] = {}
    skipped: list[str] = []
    taken: set[str] = set()
    for file_name in archive.names:
        name = file_name.removesuffix(".npy").strip()
        if not _may_be_read(name, wanted):
            skipped.append(name)
            taken.add(name)
            continue
        with about(f"{path}:"):
            array = Member(archive, file_name).read()
        for column, values in _columns_of(path, name, array):
            if column in taken:
                raise ValueError(f"{path} has two columns named {column!r}; names must be different")
            taken.add(column)
            if not wanted.reads(column):
                skipped.append(column)
                continue
            try:
                columns[column] = _converted(column, values, wanted, reading)
            except (TypeError, ValueError) as problem:
                raise ValueError(f"{path}: {problem}") from None
    _check_lengths(path, columns)
    return Table(columns, skipped, reading)


def _read_frame(path: str, file: BinaryIO, wanted: _Columns, reading: Reading) -> Table:
    """Read a Parquet file or a workbook."""
    columns: dict[str, Column] = {}
    arrays = read_frame(path, file, reading.missing)
    for name, values in arrays.items():
        if wanted.reads(name):
            try:
                columns[name] = _converted(name, values, wanted, reading)
            except (TypeError, ValueError) as problem:
                raise ValueError(f"{path}: {problem}") from None
    if not arrays or not len(next(iter(arrays.values()))):
        raise ValueError(f"{path} has no rows; a table has at least one row and one column")
    return Table(columns, [name for name in arrays if name not in columns], reading)


def _converted(name: str, values: Any, wanted: _Columns, reading: Reading) -> Column:
    """Return an array as a column of the table."""
    column = _without_missing_numbers(reading, column_of(
        name, values, name in wanted.text, _markers(reading.missing), name in reading.numeric))
    return column if name in (*wanted.text, *reading.numeric) else with_dates(name, column, reading.date_order)


def _may_be_read(name: str, wanted: _Columns) -> bool:
    """Whether an array, or one of its columns if it has two dimensions, may be selected, before it is loaded."""
    return wanted.reads(name) or name not in wanted.skip and any(
        column.startswith(name) and column[len(name):].isdecimal() for column in wanted.only or ())


def _without_missing_numbers(reading: Reading, column: Column) -> Column:
    """A column of numbers with NaN in place of markers such as -999."""
    marked = _missing_numbers(reading.missing)
    return column if isinstance(column, Text) or not len(marked) else np.where(np.isin(column, marked), _NAN, column)


def _columns_of(path: str, name: str, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if array.ndim == 1:
        yield name, array
    elif array.ndim == 2:
        yield from ((f"{name}{j}", array[:, j]) for j in range(array.shape[1]))
    else:
        raise ValueError(f"{path}: the array {name!r} has shape {array.shape}; it must have one or two dimensions")


def _check_lengths(path: str, columns: dict[str, Column]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if not lengths or not any(lengths.values()):
        raise ValueError(f"{path} has no rows; a table has at least one row and one column")
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} has {length}" for name, length in list(lengths.items())[:10])
        raise ValueError(f"{path}: the arrays have different numbers of rows: {shown}; all must have the same number")
