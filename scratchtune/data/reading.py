"""Reading a table: a CSV file or NumPy's ``.npz`` becomes a `Table`, or one clear sentence says why it does not.

A CSV file is read in chunks of rows, so that memory holds little more than the table. A column counts as numbers until
a cell is found that is none; the columns where that happens late are read once more, as texts.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tqdm import tqdm

from scratchtune import checks
from scratchtune.data.tables import EXACT, INEXACT, Codes, Column, Table, Text, column_of, is_exact, is_missing, text_of

DELIMITERS = (",", ";", "\t")
_CELLS = 400_000  # read at a time
_NAN = float("nan")


def read_table(
    path: str | os.PathLike[str], *, delimiter: str | None = None, text: Collection[str] = (),
    skip: Collection[str] = (),
) -> Table:
    """Read a table from a file: ``.npz`` as NumPy saves it, anything else as CSV.

    CSV: UTF-8, the first line holds the names; the delimiter is a comma, a semicolon or a tabulator, found by itself.
    A column holds numbers if each of its cells is one or is missing, else texts; ``text`` names columns that hold texts
    whatever they look like, ``skip`` those that are not read, whatever they hold (``table.skipped`` are those that were
    there). A cell is missing that is empty, NA, N/A, NaN, null, None or ? (in whatever case). Blanks around a cell and
    empty lines are passed over. Whole numbers beyond 2^53 must be ones that a float64 holds exactly. In an ``.npz``
    each array of one dimension is a column, one of two dimensions, named X, the columns X0, X1, ..; nothing is
    unpickled.

    Raises
        OSError where the file cannot be opened, ValueError where it is no table.
    """
    shown = os.fspath(path)
    if delimiter is not None:
        checks.choice("delimiter", delimiter, DELIMITERS)
    for argument, given in (("text", text), ("skip", skip)):
        if isinstance(given, str):
            raise TypeError(f"{argument} is {given!r}; it must be a list of names of columns")
    with _opened(shown) as file:
        if Path(shown).suffix.lower() == ".npz":
            return _read_arrays(shown, file, text, skip)
        return _CSV(shown, file, delimiter).table(text, skip)


def _opened(path: str) -> BinaryIO:
    """The file's bytes; what can be read only once, as a pipe, is read into memory."""
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a directory; a table is a .csv or an .npz file")
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there; a table is a .csv or an .npz file") from None
    except OSError as problem:
        raise type(problem)(f"{path} cannot be opened: {problem.strerror}") from None
    if file.seekable():
        return file
    with file:
        return io.BytesIO(file.read())


# CSV ------------------------------------------------------------------------------------------------------------------


class _Numbers:
    """Collects a column of numbers, chunk by chunk; `add` says whether all cells were numbers."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.rows = 0
        self.first_infinity: int | None = None
        self.first_inexact: tuple[int, str] | None = None
        self.whole = True

    def add(self, cells: Sequence[str]) -> bool:
        try:
            part = _numbers(cells)
        except ValueError:
            return False
        infinite = np.isinf(part)
        if self.first_infinity is None and infinite.any():
            self.first_infinity = self.rows + int(infinite.argmax())
        self._look_at_whole_numbers(cells, part)
        self.parts.append(part)
        self.rows += len(part)
        return True

    def _look_at_whole_numbers(self, cells: Sequence[str], part: np.ndarray) -> None:
        """In a column of whole numbers, find the first cell that is rounded; a measure with decimals may be."""
        present = part[~np.isnan(part)]
        self.whole = self.whole and bool((present == np.floor(present)).all())
        if not self.whole or self.first_inexact is not None:
            return
        for i in map(int, np.flatnonzero((np.abs(part) >= EXACT) & np.isfinite(part))):
            if _is_rounded(cells[i]):
                self.first_inexact = self.rows + i, cells[i].strip()
                return

    def column(self) -> Column:
        whole = np.concatenate(self.parts)
        self.parts = []
        return whole


class _Texts:
    """Collects a column of texts, chunk by chunk."""

    first_infinity = None
    first_inexact = None

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.codes = Codes()

    def add(self, cells: Sequence[str]) -> bool:
        self.parts.append(np.fromiter(map(self.codes.__getitem__, cells), np.int32, len(cells)))
        return True

    def column(self) -> Column:
        return Text(np.concatenate(self.parts), self.codes.texts)


def _numbers(cells: Sequence[str]) -> np.ndarray:
    """Cells as numbers, NaN where one is missing; a ValueError where one is neither."""
    if "_" in "".join(cells):  # Python reads 1_000 as a number
        raise ValueError
    try:
        return np.array([float(cell) if cell else _NAN for cell in cells])
    except ValueError:
        return np.array([_NAN if is_missing(cell) else float(cell) for cell in cells])


def _is_rounded(cell: str) -> bool:
    """Whether a cell is written as a whole number that a float64 does not hold."""
    try:
        return not is_exact(int(cell))
    except ValueError:  # 1e300 or 2.5
        return False


class _CSV:
    """A CSV file that is being read, once or twice."""

    def __init__(self, path: str, file: BinaryIO, delimiter: str | None) -> None:
        self.path, self.file = path, file
        self._check_bytes()
        self.delimiter = delimiter or self._delimiter()
        self.names = self._names()

    def table(self, text: Collection[str], skip: Collection[str]) -> Table:
        """The table without the columns in ``skip``; those in ``text`` as texts."""
        kept = {i: name for i, name in enumerate(self.names) if name not in skip}
        collectors: dict[int, Any] = {i: _Texts() if name in text else _Numbers() for i, name in kept.items()}
        late = self._collect(collectors)
        if late:
            again: dict[int, Any] = {i: _Texts() for i in late}
            self._collect(again)
            collectors |= again
        for i, collector in collectors.items():
            if collector.first_infinity is not None:
                self._refuse(collector.first_infinity, f"holds infinity as {self.names[i]!r}; numbers must be finite")
            if collector.first_inexact is not None and collector.whole:
                row, cell = collector.first_inexact
                self._refuse(row, f"holds {cell} as {self.names[i]!r}, {INEXACT}")
        return Table({name: collectors.pop(i).column() for i, name in kept.items()},
                     [name for name in self.names if name in skip])

    def _collect(self, collectors: dict[int, Any]) -> list[int]:
        """Read all rows into the collectors; the columns of those that were given up on, since they are no numbers."""
        failed: list[int] = []
        rows = 0
        for chunk in self._chunks():
            columns = list(zip(*chunk, strict=True))
            for i in list(collectors):
                if not collectors[i].add(columns[i]):
                    collectors[i] = _Texts()
                    collectors[i].add(columns[i])
                    if rows > 0:  # what came before was read as numbers, and its texts are lost
                        del collectors[i]
                        failed.append(i)
            rows += len(chunk)
        if rows == 0:
            raise ValueError(f"{self.path} has a header and no rows; a table has at least one row")
        return failed

    def _chunks(self) -> Iterator[list[list[str]]]:
        """The rows below the header, some at a time; each has as many cells as there are names."""
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
        """All rows with the header, from the start; without empty lines."""
        self.file.seek(0)
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
            raise ValueError(f"{self.path}, line {reader.line_num}, is not CSV: {problem}") from None
        finally:
            lines.detach()

    def _refuse(self, row: int, what: str) -> None:
        """Raise a ValueError that says in which line a row (the first below the header is 0) ends."""
        self.file.seek(0)
        lines = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        next(islice(filter(None, reader), row + 1, None))
        line = reader.line_num
        lines.detach()
        raise ValueError(f"{self.path}, line {line}, {what}")

    # Before the rows

    def _check_bytes(self) -> None:
        start = self.file.read(1 << 16)
        if not start.strip(b"\xef\xbb\xbf \t\r\n"):
            raise ValueError(f"{self.path} is empty; the first line of a table holds the names of its columns")
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError(f"{self.path} is UTF-16; save it as UTF-8")
        if start.startswith(b"PK\x03\x04"):
            raise ValueError(f"{self.path} is a zip archive, as Excel's workbooks are; save it as CSV")
        if b"\0" in start:
            raise ValueError(f"{self.path} is a binary file; a table is a .csv or an .npz file")

    def _wrong_encoding(self) -> str:
        self.file.seek(0)
        for number, line in enumerate(self.file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as problem:
                byte = line[problem.start]
                return f"{self.path}, line {number}, has the byte 0x{byte:02x}, which is not UTF-8; save it as UTF-8"
        return f"{self.path} is not UTF-8; save it as UTF-8"

    def _delimiter(self) -> str:
        """The delimiter that cuts the first rows into equally many cells, and into the most of them."""
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
        """The header: names that are there, and different."""
        rows = self._rows()
        names = [name.strip() for name in next(rows)]
        rows.close()  # type: ignore[attr-defined]
        where = f"{self.path}, line 1: "
        if len(names) == 1 and "|" in names[0]:
            raise ValueError(
                f"{where}the header is one cell, {names[0]!r}; cells must be set apart by a comma, a semicolon or a "
                "tabulator, not by |")
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


def _read_arrays(path: str, file: BinaryIO, text: Collection[str], skip: Collection[str]) -> Table:
    try:
        archive = np.load(file, allow_pickle=False)
        names = archive.files
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile):
        raise ValueError(f"{path} is not an .npz file; numpy.savez(path, name=array, ..) writes one") from None
    columns: dict[str, Column] = {}
    skipped = [name.strip() for name in names if name.strip() in skip]
    for name in names:
        if name.strip() in skip:
            continue
        for column, values in _columns_of(path, name.strip(), _array(path, archive, name)):
            if column in (*columns, *skipped):
                raise ValueError(f"{path} has two columns named {column!r}; names must be different")
            if column in skip:
                skipped.append(column)
                continue
            try:
                columns[column] = text_of(values) if column in text and values.dtype.kind in "iu" else column_of(
                    column, values)
            except (TypeError, ValueError) as problem:
                raise ValueError(f"{path}: {problem}") from None
    _check_lengths(path, columns)
    return Table(columns, skipped)


def _array(path: str, archive: Any, name: str) -> np.ndarray:
    try:
        return archive[name]
    except ValueError as problem:
        if "pickle" not in str(problem):
            raise ValueError(f"{path}: the array {name!r} cannot be read: {problem}") from None
        raise ValueError(
            f"{path}: the array {name!r} holds Python objects, which are not unpickled; save it as numbers or as "
            "texts of fixed width, array.astype(str)") from None
    except (OSError, EOFError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{path}: the array {name!r} is damaged: {problem}") from None


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
        raise ValueError(f"{path}: the arrays have different numbers of rows: {shown}; all must have as many")
