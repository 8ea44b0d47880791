"""A table is a set of named columns of equal length: numbers or texts, in which values may be missing.

A column of numbers is a float64 array with NaN for missing values. A column of texts is a `Text`: each distinct text
once, and for each row its index as an int32, so that a million rows need little memory. A column of dates is a `Dates`,
which is a `Text` that also has the day of each distinct text.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.data.date_columns import Unclear, parse_dates, stray_text, unclear_text
from scratchtune.data.notation import MISSING, Reading, coerced, found, strays_of, to_number


class Text:
    """A column of texts: ``codes`` (n,) int32 are indices into the list ``texts``, -1 for a missing value."""

    def __init__(self, codes: np.ndarray, texts: list[str]) -> None:
        self.codes = codes
        self.texts = texts

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Text:
        """Some rows, by a slice or an array of indices; the list of texts is shared."""
        return Text(self.codes[rows], self.texts)

    def values(self) -> np.ndarray:
        """The texts of all rows, (n,) of Python strings, None for a missing value."""
        return np.array([*self.texts, None], dtype=object)[self.codes]

    def counts(self) -> dict[str, int]:
        """How often each text occurs in these rows, in alphabetical order; texts that do not occur are left out."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))
        return {text: int(count) for text, count in sorted(zip(self.texts, counts, strict=True)) if count}

    def missing(self) -> np.ndarray:
        """Where a value is missing, (n,) of bool."""
        return self.codes < 0

    def first(self, text: str) -> int:
        """The index of the first row that holds ``text``, which must occur."""
        return int((self.codes == self.texts.index(text)).argmax())

    def __repr__(self) -> str:
        return f"Text({len(self)} rows, {len(self.texts)} different texts)"


class Dates(Text):
    """A column of texts that are dates: ``days`` (len(texts),) float64 are their days since 1970-01-01.

    ``order`` is "dmy" or "mdy" if dates such as 03/04/2020 are among them, else None.
    """

    def __init__(self, codes: np.ndarray, texts: list[str], days: np.ndarray, order: str | None = None) -> None:
        super().__init__(codes, texts)
        self.days, self.order = days, order

    def __getitem__(self, rows: Any) -> Dates:
        """Some rows, by a slice or an array of indices; the lists of texts and days are shared."""
        return Dates(self.codes[rows], self.texts, self.days, self.order)

    def values_in_days(self) -> np.ndarray:
        """The days since 1970-01-01 of all rows, (n,) float64, NaN for a missing value; the time is a fraction."""
        return np.append(self.days, np.nan)[self.codes]


Column = np.ndarray | Text


class Table:
    """Columns of equal length by name; `read_table` makes one of a file, `from_columns` of arrays or a data frame.

    >>> table = Table.from_columns({"age": [31, None, 7], "city": ["Rome", "Oslo", "Rome"]})
    >>> table
    Table(3 rows, 2 columns: 1 of numbers, 1 of texts)
    >>> table.column("age").tolist(), table.column("city").values().tolist()
    ([31.0, nan, 7.0], ['Rome', 'Oslo', 'Rome'])
    """

    def __init__(
        self, columns: Mapping[str, Column], skipped: Iterable[str] = (), reading: Reading | None = None,
    ) -> None:
        self._columns = dict(columns)
        self.skipped = tuple(skipped)  # columns of a file that were not read
        self.reading = Reading() if reading is None else reading  # how the file was read
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name!r} has {length}" for name, length in list(lengths.items())[:10])
            raise ValueError(f"the columns have different numbers of rows: {shown}; all must have the same number")
        self._rows = next(iter(lengths.values()), 0)

    @classmethod
    def from_columns(
        cls, columns: Any, *, text: Collection[str] = (), numeric: Collection[str] = (), date_order: str | None = None,
    ) -> Table:
        """Make a table of a dict of arrays or lists, or of a data frame (anything with ``columns`` and ``dtypes``).

        Numbers are numbers and strings are texts, even strings of digits. A column of numbers with a few texts between
        them is an error that names them, as in `read_table`, unless ``text`` names the column, or ``numeric``, which
        makes such cells missing, with a warning. Dates (datetime64, Python's, or texts as in `date_columns`, with
        ``date_order`` "dmy" or "mdy" where the order of day and month is unclear) become a column of `Dates`.
        """
        check_kinds(text, numeric)
        if hasattr(columns, "columns") and hasattr(columns, "dtypes"):
            names = list(columns.columns)
            _check_names(names, "the data frame")
            columns = {name: columns[name].to_numpy() for name in names}
        if not isinstance(columns, Mapping):
            raise TypeError(f"columns is a {type(columns).__name__}; it must be a dict of arrays or a data frame")
        _check_names(list(columns), "columns")
        made = {str(name): column_of(
            str(name), values, name in text, as_numbers=name in numeric) for name, values in columns.items()}
        return cls({name: column if name in (*text, *numeric) else with_dates(name, column, date_order)
                    for name, column in made.items()})

    @classmethod
    def from_rows(
        cls, rows: Sequence[Mapping[str, Any]], *, text: Collection[str] = (), numeric: Collection[str] = (),
        date_order: str | None = None,
    ) -> Table:
        """Make a table of a list of dicts, one for each row; a value that a dict lacks is missing.

        ``text``, ``numeric`` and ``date_order`` are as for `from_columns`.

        >>> Table.from_rows([{"age": 31, "city": "Rome"}, {"age": 7}]).column("city").values().tolist()
        ['Rome', None]
        """
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: _listed([row.get(name) for row in rows]) for name in names}
        return cls.from_columns(columns, text=text, numeric=numeric, date_order=date_order)

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._columns)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        return self._rows, len(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, rows: Any) -> Table:
        """Some rows, by a slice, an array of indices or an array of bool."""
        if isinstance(rows, (str, int, np.integer, tuple)):
            raise TypeError(f"a table is indexed by rows (a slice or an array), not by {rows!r}; see column(name)")
        return Table({name: column[rows] for name, column in self._columns.items()})

    def column(self, name: str) -> Column:
        """One column: a float64 array, or a `Text`."""
        self._check_known([name])
        return self._columns[name]

    def without(self, *names: str) -> Table:
        """The table without some of its columns."""
        self._check_known(names)
        return Table({name: column for name, column in self._columns.items() if name not in names})

    def is_text(self, name: str) -> bool:
        """Whether a column holds texts."""
        return isinstance(self.column(name), Text)

    def missing(self, name: str) -> np.ndarray:
        """Where a column has no value, (n,) of bool."""
        column = self.column(name)
        return column.missing() if isinstance(column, Text) else np.isnan(column)

    def _check_known(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._columns:
                shown = ", ".join(map(repr, self.names[:20])) + ", .." * (len(self.names) > 20)
                near = checks.nearest(name, self.names)
                raise ValueError(f"there is no column {name!r}{near}; the table has {shown}")

    def __repr__(self) -> str:
        texts = sum(isinstance(column, Text) for column in self._columns.values())
        rows, columns = self.shape
        return f"Table({rows} rows, {columns} columns: {columns - texts} of numbers, {texts} of texts)"


def check_names(argument: str, given: Any) -> None:
    """Raise a TypeError if an argument is a single text instead of a list of texts."""
    if isinstance(given, str):
        raise TypeError(f"{argument} is {given!r}; it must be a list of texts")


def check_kinds(text: Collection[str], numeric: Collection[str]) -> None:
    """Raise unless ``text`` and ``numeric`` are lists of names that have none in common."""
    check_names("text", text)
    check_names("numeric", numeric)
    both = [name for name in text if name in numeric]
    if both:
        raise ValueError(f"text and numeric both name {both[0]!r}; a column is one or the other")


def _check_names(names: list[Any], what: str) -> None:
    """Raise a ValueError unless all names are distinct texts; ``what`` names their owner in the message."""
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"{what} has a column named {name!r}; a name must be a text, not empty or blank")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} has {names.count(name)} columns named {name!r}; the names must be different")


# Values to columns ----------------------------------------------------------------------------------------------------


def column_of(
    name: str, values: Any, as_text: bool = False, markers: Collection[str] = MISSING, as_numbers: bool = False,
) -> Column:
    """Make a column from an array, a list or a series: numbers unchanged, texts and booleans as texts.

    With ``as_text`` numbers become texts too; without it, a column of texts that is numeric but for a few texts
    (`notation.strays_of`) is a ValueError. With ``as_numbers`` texts become numbers; those that are no numbers are
    missing, with a warning.
    """
    checks.refuse_masked(f"column {name!r}", values)
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has shape {array.shape}; it must have one value for each row")
    if array.dtype.kind in "iu":
        return text_of(array, markers) if as_text else _exact(name, array)
    if array.dtype.kind == "f":
        numbers = _finite(name, array.astype(np.float64))
        return text_of_numbers(numbers, markers) if as_text else numbers
    if array.dtype.kind in "UTb":
        return _checked(name, text_of(array.astype(object), markers), as_text, as_numbers)
    if array.dtype.kind == "M":
        return _of_datetimes(array)
    if array.dtype.kind == "O":
        return _of_objects(name, array, as_text, markers, as_numbers)
    raise TypeError(f"column {name!r} holds values of type {array.dtype}; it must hold numbers or texts")


def _listed(values: list[Any]) -> np.ndarray:
    """Values as an array of objects, so that NumPy does not convert numbers among texts to texts."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _checked(name: str, column: Text, as_text: bool, as_numbers: bool) -> Column:
    """Return a column of texts, or its numbers; raise a ValueError if it is meant to be numeric, unless asked for."""
    if as_numbers:
        return _coerced(name, column)
    counts = {} if as_text else column.counts()
    strays = strays_of(counts)
    if strays:
        shown = found(name, counts, strays, lambda text: f"in row {column.first(text)}")
        raise ValueError(
            f"{shown}; make them numbers or None, or give Table.from_columns or tune_table numeric=[{name!r}] to have "
            f"them missing, or text=[{name!r}] to take the column as text (on the command line: --numeric, --text)")
    return column


def _coerced(name: str, column: Text) -> np.ndarray:
    """Return the numbers of a column of texts, NaN for a text that is not a number, with a warning."""
    numbers, others = {}, {}
    for text, count in column.counts().items():
        try:
            numbers[text] = to_number(text)
        except ValueError:
            others[text] = count
    if others:
        checks.warn(coerced(name, len(column), others, lambda text: f"in row {column.first(text)}"))
    return _finite(name, np.array([*(numbers.get(text, np.nan) for text in column.texts), np.nan])[column.codes])


def text_of(values: Iterable[Any], markers: Collection[str] = MISSING) -> Text:
    """Return a column of texts; None and the markers are missing values."""
    known = Codes(markers)
    codes = np.fromiter((known["" if value is None else str(value)] for value in values), np.int32)
    return Text(codes, known.texts)


class Codes(dict[str, int]):
    """Maps each text to an integer, in order of first occurrence, and markers of missing values to -1."""

    def __init__(self, markers: Collection[str] = MISSING) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._markers = markers

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        code = -1 if text.lower() in self._markers else self._numbers.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
        self[cell] = code
        return code


def text_of_numbers(numbers: np.ndarray, markers: Collection[str] = MISSING) -> Text:
    """Return a column of numbers as texts."""
    different, inverse = np.unique(numbers, return_inverse=True)
    known = Codes(markers)
    codes = np.array([known["" if np.isnan(number) else number_text(float(number))] for number in different], np.int32)
    return Text(codes[inverse], known.texts)


def _of_objects(name: str, array: np.ndarray, as_text: bool, markers: Collection[str], as_numbers: bool) -> Column:
    """Python objects: numbers if all are, else texts; None, NaN and pandas' NA are missing."""
    values = [None if _is_gap(value) else value for value in array]
    if not as_text and all(value is None or _is_number(value) for value in values):
        return _of_numbers(name, values)
    values = [value.isoformat() if isinstance(value, date) else value for value in values]
    for row, value in enumerate(values):
        if not (value is None or _is_number(value) or isinstance(value, (str, bool, np.bool_))):
            raise TypeError(
                f"column {name!r} holds {value!r} ({type(value).__name__}) in row {row}; it must hold numbers or texts")
    return _checked(name, text_of(values, markers), as_text, as_numbers)


def _of_datetimes(array: np.ndarray) -> Dates:
    """Return NumPy's dates as a column; NaT is missing."""
    different, inverse = np.unique(array, return_inverse=True)
    known = different[~np.isnat(different)]
    codes = np.where(inverse < len(known), inverse, -1).astype(np.int32)
    days = (known.astype("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return Dates(codes, np.datetime_as_string(known).tolist(), days)


def with_dates(
    name: str, column: Column, order: str | None = None, where: Callable[[str], str] | None = None,
) -> Column:
    """Return a column of `Dates` if a column of texts holds dates (`date_columns`), else the column itself.

    ``where`` returns the line of a file in which a text first occurs.

    Raises
        ValueError if a few of its texts are not dates, or the order of day and month is unclear.
    """
    if not isinstance(column, Text) or isinstance(column, Dates):
        return column
    counts = column.counts()
    try:
        parsed = parse_dates(counts, order)
    except Unclear as problem:
        raise ValueError(unclear_text(name, str(problem))) from None
    if parsed is None:
        return column
    if any(day != day for day in parsed.days.values()):
        raise ValueError(stray_text(
            name, counts, parsed.days, where or (lambda text: f"in row {column.first(text)}")))
    days = np.array([parsed.days.get(text, np.nan) for text in column.texts])
    return Dates(column.codes, column.texts, days, parsed.order)


def _of_numbers(name: str, values: list[Any]) -> np.ndarray:
    """Convert Python numbers to an array, None to NaN; raise a ValueError if a number is too large."""
    for row, value in enumerate(values):
        if isinstance(value, numbers.Integral) and not is_exact(int(value)):
            raise ValueError(f"column {name!r} holds {_short(int(value))} in row {row}, {INEXACT}")
    try:
        return _finite(name, np.array([np.nan if value is None else value for value in values], dtype=np.float64))
    except OverflowError:  # a fraction may be as large
        raise ValueError(
            f"column {name!r} holds a number beyond {np.finfo(np.float64).max:.1e}, the largest float64; make it "
            "smaller, or None (missing)") from None


def _is_gap(value: Any) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)) or (
        type(value).__name__ in ("NAType", "NaTType"))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _finite(name: str, array: np.ndarray) -> np.ndarray:
    infinite = np.isinf(array)
    if infinite.any():
        raise ValueError(f"column {name!r} holds infinity in row {int(infinite.argmax())}; numbers must be finite")
    return array


# Exact integers -------------------------------------------------------------------------------------------------------

EXACT = 2.0**53  # up to here every integer is exact in float64
INEXACT = (
    "an integer that float64 would round, so that different ones become equal; leave the column out (--drop), "
    "or make it one of texts, such as by a letter before each")


def is_exact(number: int) -> bool:
    """Whether an integer is exact in float64."""
    try:
        return int(float(number)) == number
    except OverflowError:
        return False


def _exact(name: str, array: np.ndarray) -> np.ndarray:
    """Integers as float64; a ValueError if one would be rounded."""
    numbers = array.astype(np.float64)
    for row in np.flatnonzero(np.abs(numbers) >= EXACT):
        if not is_exact(int(array[row])):
            raise ValueError(f"column {name!r} holds {array[row]} in row {row}, {INEXACT}")
    return numbers


def _short(number: int) -> str:
    digits = str(number) if abs(number) < 10**40 else ""
    return digits or f"a number of about {int(number.bit_length() * 0.30103) + 1} digits"


def number_text(number: float) -> str:
    """A number as the text that a file most likely has for it: "3" for 3.0."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)
