"""Values become columns, and each column has a kind: number, category, date, identifier or empty.

What values hold, numbers, dates or texts, is decided when a table is made (`column_of`, `decided`), their kind before a
model is fitted (`kind_in_training`). The kind is stored with the model, and any later table is converted to it
(`as_kind`), whatever its own cells look like.

Identifiers only name or number the rows, so that a model can learn nothing about new rows from them. Their order is not
used to find them: a feature, such as a population, may increase from row to row.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.tables.reading import notation
from scratchtune.tables.reading.columns import Column, Dates, Text, missing_in, number_text, text_of, text_of_numbers
from scratchtune.tables.reading.date_columns import parse_dates, to_days
from scratchtune.tables.reading.notation import Reading, short
from scratchtune.tables.wording import option

NUMBER, CATEGORY, DATE, IDENTIFIER, EMPTY = "number", "category", "date", "identifier", "empty"
BOOLEANS = "False", "True"
FEW_ROWS = 20  # with fewer rows, nearly any column holds distinct values
YEARS = (1500.0, 2200.0)  # consecutive integers within these bounds are probably years
_ID = re.compile(r"(?:^|[^A-Za-z])(?:id|key|index|idx|row|rownames?|nr|no|number|uuid|guid)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID|Key|Index|Number|Nr|No)$")
Where = Callable[[Text, str], str]  # of a text in a column: the line or row where it first occurs
_MAY_BE_NAN = float, np.floating, Decimal, np.datetime64, np.timedelta64
_TEXTS = str, bool, np.bool_


class Kind(NamedTuple):
    """The kind of a column, one of the five above; the order of day and month of dates; why it is an identifier.

    ``texts`` are the categories that training has seen.
    """

    kind: str
    order: str | None = None
    why: str = ""
    texts: Sequence[str] = ()


def kind_in_training(name: str, column: Column, is_asked: bool) -> Kind:
    """Return the kind of a training column; one that the user has asked for is no identifier."""
    if missing_in(column).all():
        return Kind(EMPTY)
    if isinstance(column, Dates):
        return Kind(DATE, column.order)
    if not is_asked and (why := identifies(name, column)):
        return Kind(IDENTIFIER, None, why)
    return Kind(CATEGORY, texts=list(column.counts())) if isinstance(column, Text) else Kind(NUMBER)


def as_kind(name: str, column: Column, kind: Kind) -> Column:
    """Return a column of a later table as its kind in training.

    A text that can only mark a missing value is one, with a warning, where a number or a date must be.

    Raises ValueError if a cell is no date or number.
    """
    if kind.kind == NUMBER:
        return _values_of(name, column, _number_of, "numbers")[column.codes] if isinstance(column, Text) else column
    text = column if isinstance(column, Text) else text_of_numbers(column)
    if kind.kind == DATE:
        if isinstance(column, Dates):
            return column
        days = _values_of(name, text, lambda cell: to_days(cell, kind.order), "dates")
        return Dates(text.codes, text.texts, days[:-1], kind.order)
    if set(kind.texts) <= set(BOOLEANS) and set(text.texts) <= {"0", "1"}:
        return Text(text.codes, [BOOLEANS[int(cell)] for cell in text.texts])
    return text


def _number_of(cell: str) -> float:
    """Return a cell as a number, if it is one or a truth value, else NaN."""
    number = float(BOOLEANS.index(cell)) if cell in BOOLEANS else notation.number_of(cell)
    return number if number is not None and np.isfinite(number) else np.nan


def _values_of(name: str, column: Text, value_of: Callable[[str], float], what: str) -> np.ndarray:
    """Return the value of each distinct text, then NaN for the code -1 (missing); texts without one warn, or raise."""
    values = {text: value_of(text) for text in column.texts}
    others = [text for text in column.counts() if np.isnan(values[text])]
    for text in others:
        if not notation.may_mark_missing(text):
            raise ValueError(f"column {name!r} holds {text!r} in row {column.first(text) + 1}; it must hold {what}, as "
                             "in training")
    _warn_of_gaps(name, column, others, what, in_row)
    return np.array([*values.values(), np.nan])


def identifies(name: str, column: Column) -> str:
    """Say why a column seems to be an identifier of the rows, so that it is left out; an empty text if it does not.

    Distinct integers are identifiers if the column is named like one, or if they are consecutive and not years; texts
    are if the distinct ones are more than nine tenths of the rows, unless they are dates.
    """
    if isinstance(column, Dates) or len(column) <= FEW_ROWS:
        return ""
    if isinstance(column, Text):
        return "a different text in nearly every row" * (len(column.counts()) > 0.9 * len(column))
    numbers = np.sort(column[~np.isnan(column)])
    if len(numbers) <= FEW_ROWS or (numbers != np.floor(numbers)).any() or (np.diff(numbers) == 0.0).any():
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


def column_of(name: str, values: Any, reading: Reading) -> Column:
    """Make a column from values: numbers unchanged, durations in days, texts, truth values and dates as by `decided`.

    Numbers of a column that ``reading.text`` names become texts too.

    Raises ValueError or TypeError for values that are no column; the message names it.
    """
    checks.refuse_masked(f"column {name!r}", values)
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has shape {array.shape}; it must have one value for each row")
    if array.dtype.kind == "m":
        array = array / np.timedelta64(1, "D")
    if array.dtype.kind == "M":
        days = array.astype("datetime64[D]") if np.datetime_data(array.dtype)[0] in ("Y", "M", "W") else array
        array, reading = np.where(np.isnat(array), "", np.datetime_as_string(days)), reading._replace(numeric=())
    if array.dtype.kind not in "iufUTbO":
        raise TypeError(f"column {name!r} holds values of type {array.dtype}; it must hold numbers or texts")
    if array.dtype.kind in "iuf" and name not in reading.text:
        column = array.astype(np.float64)
        if array.dtype.kind == "f" or not (np.abs(column) >= notation.LARGEST_EXACT).any():
            return _finite(name, column, reading)
    return _of_objects(name, array.astype(object).tolist(), reading)


def _of_objects(name: str, values: list[Any], reading: Reading) -> Column:
    """Python objects: numbers if all are, else texts; None, NaN and pandas' NA are missing."""
    values = [_plain(value) for value in values]
    for row, value in enumerate(values):
        if not (value is None or isinstance(value, (*_TEXTS, numbers.Real))):
            raise TypeError(
                f"column {name!r} holds {value!r} ({type(value).__name__}) in row {row}; it must hold numbers or texts")
    # a number has one text, whether other cells are texts or not
    texts = (number_text(float(value)) if isinstance(value, (float, np.floating)) else value for value in values)
    if name in reading.text or any(isinstance(value, _TEXTS) for value in values):
        return decided(name, text_of(texts, reading.markers), reading, in_row)
    try:
        column = _finite(name, np.array([np.nan if value is None else float(value) for value in values]), reading)
    except OverflowError:
        raise ValueError(f"column {name!r} holds a number beyond {np.finfo(np.float64).max:.1e}, the largest float64; "
                         "make it smaller, or None (missing)") from None
    if (np.abs(column) >= notation.LARGEST_EXACT).any():
        return _as_numbers(name, text_of(texts, reading.markers), reading, in_row)
    return column


def _plain(value: Any) -> Any:
    """Return a date as text, a duration as days, a `Decimal` as a float, and a missing value as None."""
    if type(value).__name__ in ("NAType", "NaTType") or isinstance(value, _MAY_BE_NAN) and value != value:
        return None
    if isinstance(value, (timedelta, np.timedelta64)):
        return value / (timedelta(days=1) if isinstance(value, timedelta) else np.timedelta64(1, "D"))
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, np.datetime64) else value


def _finite(name: str, column: np.ndarray, reading: Reading) -> np.ndarray:
    """Return numbers with NaN in place of markers such as -999; a ValueError if one is infinite."""
    infinite = np.isinf(column)
    if infinite.any():
        raise ValueError(f"column {name!r} holds infinity in row {int(infinite.argmax())}; numbers must be finite")
    return without_markers(column, reading)


def without_markers(column: np.ndarray, reading: Reading) -> np.ndarray:
    """Return numbers with NaN in place of the markers of missing values that are numbers, such as -999."""
    markers = reading.missing_numbers
    return np.where(np.isin(column, markers), np.nan, column) if markers else column


def decided(name: str, column: Text, reading: Reading, where: Where) -> Column:
    """Return a column of texts as what it holds: `Dates`, numbers where it is meant to be numeric, or texts.

    Cells that are not numbers or dates are missing, with a warning, if ``reading.numeric`` names the column, or if they
    can only mean that (`may_mark_missing`). Raises ValueError for other cells, or an unclear order of day and month.
    """
    if name in reading.text:
        return column
    counts, given, is_asked = column.counts(), reading.mark, name in reading.numeric
    dates = None if is_asked else parse_dates(name, counts, reading.date_order)
    if dates is not None:
        what, strays = "dates", {text: notation.TEXT for text, day in dates[0].items() if np.isnan(day)}
    else:
        kinds = {text: notation.kind_of(text, given) for text in counts}
        what, strays = "numbers", {text: kind for text, kind in kinds.items() if kind != notation.NUMBER}
        are_numbers = not strays and reading.delimiter is not None  # only a CSV file writes numbers as texts
        if not (is_asked or are_numbers or notation.strays_of(counts, given)):
            return column
    if not is_asked and not all(map(notation.may_mark_missing, strays)):
        raise ValueError(f"{_found(name, column, strays, what, where)}; "
                         f"{notation.ways_out(name, counts, strays, None if dates else given)}")
    _warn_of_gaps(name, column, strays, what, where)
    if dates is not None:
        return Dates(column.codes, column.texts, np.array([dates[0][text] for text in column.texts]), dates[1])
    return _as_numbers(name, column, reading, where)


def _warn_of_gaps(name: str, column: Text, strays: Collection[str], what: str, where: Where) -> None:
    """Warn if cells of a column are read as missing, since they are not ``what`` ("numbers")."""
    if strays:
        checks.warn(f"{_found(name, column, strays, what, where)}; such cells are read as missing "
                    f"({option('text', name)} takes the column as text)")


def _found(name: str, column: Text, strays: Collection[str], what: str, where: Where) -> str:
    """Say how many cells of a column are not numbers or dates, and the most frequent of their texts."""
    counts = column.counts()
    often = sorted(strays, key=lambda text: (-counts[text], text))
    shown = [f"{short(text)} {where(column, text)}" + f" ({counts[text]:,} cells)" * (counts[text] > 1)
             for text in often[:3]]
    more = f" and {checks.counted(len(often) - 3, 'other text')}" if len(often) > 3 else ""
    cells = sum(counts.values())
    return (f"{cells - sum(counts[text] for text in strays):,} of {cells:,} cells of {name!r} are {what}; not: "
            f"{', '.join(shown)}{more}")


def in_row(column: Text, text: str) -> str:
    """Say where a text first occurs among values, whose rows are counted from 0."""
    return f"in row {column.first(text)}"


def _as_numbers(name: str, column: Text, reading: Reading, where: Where) -> np.ndarray:
    """Return the numbers of a column, NaN for other texts.

    If float64 rounds an integer, it is a ValueError where all are integers, which may be codes, and else a warning.
    """
    kinds = [notation.kind_of(text, reading.mark) for text in column.texts]
    values = np.array([notation.to_number(text, reading.mark) if kind == notation.NUMBER else np.nan
                       for text, kind in zip(column.texts, kinds, strict=True)])
    large = np.flatnonzero(np.abs(values) >= notation.LARGEST_EXACT).tolist()
    text = next((text for text in map(column.texts.__getitem__, large) if notation.is_rounded(text, reading.mark)), "")
    if text:
        found = f"column {name!r} holds {short(text)} {where(column, text)}, an integer that float64"
        if (values[~np.isnan(values)] % 1.0 == 0.0).all():
            raise ValueError(f"{found} would round, so that different ones become equal; leave the column out "
                             f"({option('drop', name)}), or take it as text ({option('text', name)})")
        checks.warn(f"{found} rounds to {int(notation.to_number(text, reading.mark))} ({option('text', name)} takes "
                    "the column as text)")
    return without_markers(np.append(values, np.nan)[column.codes], reading)
