"""The kind of each column of a table: number, category, date, identifier or empty.

It is decided here, once, when a table is read (`column_of`, `with_dates`) and before a model is fitted (`kinds_of`). It
is stored with the model, and any later table is converted to it (`as_kind`), whatever its own cells look like.

Identifiers only name or number the rows, so that a model can learn nothing about new rows from them. They are found by
their names and values. The order of the rows is not used: a feature, such as a population, may increase from row to
row.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.tables.reading.columns import Column, Dates, Text, is_category, number_text, text_of, text_of_numbers
from scratchtune.tables.reading.date_columns import ORDERS, Unclear, parse_dates, stray_text, to_days, unclear_text
from scratchtune.tables.reading.notation import MISSING, coerced, found, strays_of, to_number

NUMBER, CATEGORY, DATE, IDENTIFIER, EMPTY = KINDS = "number", "category", "date", "identifier", "empty"
BOOLEANS = "False", "True"
FEW_ROWS = 20  # with fewer rows, nearly any column holds distinct values
YEARS = (1500.0, 2200.0)  # consecutive integers within these bounds are probably years
_ID = re.compile(r"(?:^|[^A-Za-z])(?:id|key|index|idx|row|rownames?|nr|no|number|uuid|guid)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID|Key|Index|Number|Nr|No)$")


class Kind(NamedTuple):
    """The kind of a column, one of `KINDS`; the order of day and month of dates; why it is an identifier.

    ``texts`` are the categories that training has seen.
    """

    kind: str
    order: str | None = None
    why: str = ""
    texts: Sequence[str] = ()


def kinds_of(columns: Mapping[str, Column], asked: Collection[str] = ()) -> dict[str, Kind]:
    """Return the kind of each training column; one that is ``asked`` for is no identifier."""
    return {name: _kind_of(name, column, name in asked) for name, column in columns.items()}


def _kind_of(name: str, column: Column, is_asked: bool) -> Kind:
    if (column.missing() if isinstance(column, Text) else np.isnan(column)).all():
        return Kind(EMPTY)
    if isinstance(column, Dates):
        return Kind(DATE, column.order)
    why = "" if is_asked else identifies(name, column)
    if why:
        return Kind(IDENTIFIER, None, why)
    return Kind(CATEGORY, texts=list(column.counts())) if isinstance(column, Text) else Kind(NUMBER)


def checked_kind(name: str, stored: Any) -> Kind:
    """Return the kind of column ``name`` that a model's file holds; a ValueError or TypeError if it is none."""
    kind = Kind(*stored)
    checks.choice(f"the kind of column {name!r}", kind.kind, KINDS)
    checks.choice(f"the order of column {name!r}", kind.order, (None, *ORDERS))
    if not isinstance(kind.texts, (list, tuple)) or not all(isinstance(text, str) for text in (kind.why, *kind.texts)):
        raise ValueError(f"column {name!r} has the texts {kind.texts!r}; they must be a list of texts")
    return kind


# Columns of a later table ---------------------------------------------------------------------------------------------


def as_kind(name: str, column: Column, kind: Kind) -> Column:
    """Return a column of a later table as its kind in training; a ValueError if its cells are no dates or numbers."""
    if kind.kind == NUMBER:
        return _as_numbers(name, column)
    if kind.kind == DATE:
        return _as_dates(name, column, kind.order)
    text = column if isinstance(column, Text) else text_of_numbers(column)
    if set(kind.texts) <= set(BOOLEANS) and set(text.texts) <= {"0", "1"}:
        return Text(text.codes, [BOOLEANS[int(cell)] for cell in text.texts])
    return text


def unseen_texts(columns: Mapping[str, Column], kinds: Mapping[str, Kind]) -> dict[str, dict[str, int]]:
    """Return for each column with categories that training has not seen those texts, and how many rows hold each."""
    unseen = {}
    for name, kind in kinds.items():
        column = columns[name] if kind.kind == CATEGORY else None
        if isinstance(column, Text):
            known = set(kind.texts)
            unseen[name] = {text: count for text, count in column.counts().items() if text not in known}
    return {name: texts for name, texts in unseen.items() if texts}


def described_unseen(name: str, texts: Mapping[str, int]) -> str:
    """Say which categories of a column training has not seen, the most frequent first."""
    often = sorted(texts, key=lambda text: -texts[text])
    shown = ", ".join(f"{text!r} ({checks.counted(texts[text], 'row')})" for text in often[:5])
    more = f" and {len(often) - 5:,} more" * (len(often) > 5)
    return f"column {name!r} holds categories that were not seen in training: {shown}{more}"


def _as_numbers(name: str, column: Column) -> np.ndarray:
    """Return a column as numbers, also if they are given as texts, as by `csv.DictReader`."""
    if not isinstance(column, Text):
        return column
    known = np.full(len(column.texts) + 1, np.nan)
    for code in np.unique(column.codes[column.codes >= 0]):
        try:
            text = column.texts[code]
            known[code] = BOOLEANS.index(text) if text in BOOLEANS else to_number(text)
        except ValueError:
            pass
        if not np.isfinite(known[code]):
            raise _not_as_in_training(name, column, column.texts[code], "numbers")
    return known[column.codes]


def _as_dates(name: str, column: Column, order: str | None) -> Dates:
    """Return a column as dates, read in the given order of day and month."""
    if isinstance(column, Dates):
        return column
    text = column if isinstance(column, Text) else text_of_numbers(column)
    days = np.array([to_days(cell, order) for cell in text.texts])
    wrong = [cell for cell, day in zip(text.texts, days, strict=True) if np.isnan(day) and cell in text.counts()]
    if wrong:
        raise _not_as_in_training(name, text, wrong[0], "dates")
    return Dates(text.codes, text.texts, days, order)


def _not_as_in_training(name: str, column: Text, cell: str, what: str) -> ValueError:
    return ValueError(f"column {name!r} holds {cell!r} in row {column.first(cell) + 1}; it must hold {what}, as in "
                      "training")


# Values to columns ----------------------------------------------------------------------------------------------------


def column_of(
    name: str, values: Any, as_text: bool = False, markers: Collection[str] = MISSING, as_numbers: bool = False,
) -> Column:
    """Make a column from values: numbers unchanged, durations in days, dates (datetime64), texts and booleans as texts.

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
        return _of_datetimes(name, array, as_text)
    if array.dtype.kind == "m":
        return column_of(name, array / np.timedelta64(1, "D"), as_text, markers)
    if array.dtype.kind == "O":
        return _of_objects(name, array, as_text, markers, as_numbers)
    raise TypeError(f"column {name!r} holds values of type {array.dtype}; it must hold numbers or texts")


def listed(values: list[Any]) -> np.ndarray:
    """Return values as an array of objects, so that NumPy does not convert numbers among texts to texts."""
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


def _of_objects(name: str, array: np.ndarray, as_text: bool, markers: Collection[str], as_numbers: bool) -> Column:
    """Python objects: numbers if all are, else texts; None, NaN and pandas' NA are missing."""
    values = [_plain(value) for value in array]
    if not as_text and all(value is None or _is_number(value) for value in values):
        return _of_numbers(name, values)
    for row, value in enumerate(values):
        if not (value is None or _is_number(value) or isinstance(value, (str, bool, np.bool_))):
            raise TypeError(
                f"column {name!r} holds {value!r} ({type(value).__name__}) in row {row}; it must hold numbers or texts")
    # a number has one text, whether other cells are texts or not
    values = [number_text(float(value)) if isinstance(value, (float, np.floating)) else value for value in values]
    return _checked(name, text_of(values, markers), as_text, as_numbers)


def _plain(value: Any) -> Any:
    """Return a date as text, a duration as days, a `Decimal` as a float, and a missing value as None."""
    if _is_gap(value):
        return None
    if isinstance(value, Decimal):
        return None if value.is_nan() else float(value)
    if isinstance(value, (timedelta, np.timedelta64)):
        return value / (timedelta(days=1) if isinstance(value, timedelta) else np.timedelta64(1, "D"))
    if isinstance(value, np.datetime64):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _of_datetimes(name: str, array: np.ndarray, as_text: bool) -> Text:
    """Return NumPy's dates as a column of `Dates`, or of texts; NaT is missing."""
    different, inverse = np.unique(array, return_inverse=True)
    known = different[~np.isnat(different)]
    day = known.astype("datetime64[D]")
    beyond = (day < np.datetime64("0001-01-01")) | (day > np.datetime64("9999-12-31"))
    if beyond.any():
        raise ValueError(f"column {name!r} holds the date {known[beyond][0]}; it must be of the years 1 to 9999")
    codes = np.where(inverse < len(known), inverse, -1).astype(np.int32)
    days = (known.astype("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    texts = np.datetime_as_string(known).tolist()
    return Text(codes, texts) if as_text else Dates(codes, texts, days)


def with_dates(
    name: str, column: Column, order: str | None = None, where: Callable[[str], str] | None = None,
) -> Column:
    """Return a column of `Dates` if a column of texts holds dates (`date_columns`), else the column itself.

    ``where`` returns the line of a file in which a text first occurs.

    Raises
        ValueError if a few of its texts are not dates, or the order of day and month is unclear.
    """
    if not isinstance(column, Text) or not is_category(column):
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
        isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))) or (
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


# Identifiers ----------------------------------------------------------------------------------------------------------


def identifies(name: str, column: Column) -> str:
    """Say why a column seems to be an identifier of the rows, so that it is left out; an empty text if it does not.

    Distinct integers are identifiers if the column is named like one, or if they are consecutive and not years; texts
    are if the distinct ones are more than nine tenths of the rows, unless they are dates.
    """
    if isinstance(column, Dates):
        return ""
    if isinstance(column, Text):
        return "a different text in nearly every row" if names_the_rows(column) else ""
    numbers = _distinct_integers(column)
    if not len(numbers):
        return ""
    if _ID.search(name) or _CAMEL_ID.search(name):
        return "named like an ID, with a different integer in each row"
    are_consecutive = numbers[-1] - numbers[0] < 1.1 * len(numbers)  # but for a few gaps, as if rows had been left out
    are_years = YEARS[0] <= numbers[0] and numbers[-1] <= YEARS[1]
    return "consecutive integers, each once" if are_consecutive and not are_years else ""


def mostly_single(classes: np.ndarray) -> str:
    """Say that most classes of a target, given by the number of their rows, have a single row; else an empty text."""
    single = int((classes == 1).sum())
    if 2 * single <= len(classes):
        return ""
    return (f"{len(classes):,} classes in {int(classes.sum()):,} rows, {single:,} of them in a single row, about which "
            "nothing can be learned; is it a name of the rows, or a quantity?")


def names_the_rows(column: Text) -> bool:
    """Whether the text is different in nearly every row."""
    return len(column) > FEW_ROWS and len(np.unique(column.codes[column.codes >= 0])) > 0.9 * len(column)


def _distinct_integers(column: np.ndarray) -> np.ndarray:
    """Return the numbers of a column, sorted, if they are distinct integers and not few; else an empty array."""
    numbers = np.sort(column[~np.isnan(column)])
    if len(numbers) <= FEW_ROWS or (numbers != np.floor(numbers)).any() or (np.diff(numbers) == 0.0).any():
        return np.array([])
    return numbers
