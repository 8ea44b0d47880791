"""Values to columns: what a list, an array or the texts of a file hold, numbers, dates or texts."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.tables.reading.columns import Column, Dates, Text, number_text, text_of
from scratchtune.tables.reading.date_columns import parse_dates
from scratchtune.tables.reading.notation import (
    LARGEST_EXACT,
    NUMBER,
    Reading,
    is_rounded,
    kind_of,
    may_mark_missing,
    number_ways,
    short,
    strays_of,
    to_number,
    usual_ways,
)
from scratchtune.tables.wording import option

Where = Callable[[Text, str], str]  # of a text in a column: the line or row where it first occurs
_MAY_BE_NAN = float, np.floating, Decimal, np.datetime64, np.timedelta64
_TEXTS = str, bool, np.bool_


def column_of(name: str, values: Any, reading: Reading) -> Column:
    """Make a column from values: numbers unchanged, durations in days, texts, truth values and dates as by `decided`.

    Numbers of a column that ``reading.text`` names become texts too.

    Raises
        ValueError or TypeError for values that are no column; the message names it.
    """
    checks.refuse_masked(f"column {name!r}", values)
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"column {name!r} has shape {array.shape}; it must have one value for each row")
    if array.dtype.kind == "m":
        array = array / np.timedelta64(1, "D")
    if array.dtype.kind == "M":
        unit = "D" if np.datetime_data(array.dtype)[0] in ("Y", "M", "W") else None
        array = np.where(np.isnat(array), "", np.datetime_as_string(array, unit=unit))
    if array.dtype.kind not in "iufUTbO":
        raise TypeError(f"column {name!r} holds values of type {array.dtype}; it must hold numbers or texts")
    if array.dtype.kind in "iuf" and name not in reading.text:
        column = array.astype(np.float64)
        if array.dtype.kind == "f" or not (np.abs(column) >= LARGEST_EXACT).any():
            return _finite(name, column, reading)
    return _of_objects(name, array.astype(object).tolist(), reading)


def _of_objects(name: str, values: list[Any], reading: Reading) -> Column:
    """Python objects: numbers if all are, else texts; None, NaN and pandas' NA are missing."""
    values = [_plain(value) for value in values]
    for row, value in enumerate(values):
        if not (value is None or isinstance(value, (*_TEXTS, numbers.Real))):
            raise TypeError(
                f"column {name!r} holds {value!r} ({type(value).__name__}) in row {row}; it must hold numbers or texts")
    if name in reading.text or any(isinstance(value, _TEXTS) for value in values):
        # a number has one text, whether other cells are texts or not
        texts = [number_text(float(value)) if isinstance(value, (float, np.floating)) else value for value in values]
        return decided(name, text_of(texts, reading.markers), reading, in_row)
    try:
        column = np.array([np.nan if value is None else float(value) for value in values])
    except OverflowError:
        raise ValueError(f"column {name!r} holds a number beyond {np.finfo(np.float64).max:.1e}, the largest float64; "
                         "make it smaller, or None (missing)") from None
    for row in np.flatnonzero(np.abs(column) >= LARGEST_EXACT).tolist():
        if isinstance(values[row], numbers.Integral) and is_rounded(str(values[row])):
            raise _inexact(name, str(values[row]), f"in row {row}")
    return _finite(name, column, reading)


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


def in_row(column: Text, text: str) -> str:
    """Say where a text first occurs among values, whose rows are counted from 0."""
    return f"in row {column.first(text)}"


# Texts ----------------------------------------------------------------------------------------------------------------


def decided(name: str, column: Text, reading: Reading, where: Where) -> Column:
    """Return a column of texts as what it holds: `Dates`, numbers where it is meant to be numeric, or texts.

    Cells that are not numbers are missing, with a warning, if ``reading.numeric`` names the column, or if they can only
    mean that (`may_mark_missing`); likewise among dates.

    Raises
        ValueError if other cells are in the way, or the order of day and month is unclear.
    """
    if name in reading.text:
        return column
    counts = column.counts()
    others: Collection[str]
    if name in reading.numeric:
        others = {text for text in counts if kind_of(text, *reading.notation) != NUMBER}
        warn_of_gaps(name, column, others, "numbers", where)
        return _as_numbers(name, column, others, reading, where)
    dates = parse_dates(name, counts, reading.date_order)
    if dates is not None:
        days, order = np.array([dates[0][text] for text in column.texts]), dates[1]
        others = [text for text, day in dates[0].items() if np.isnan(day)]
        _check_gaps(name, column, others, "dates", usual_ways(name, others), where)
        return Dates(column.codes, column.texts, days, order)
    others = strays = strays_of(counts, *reading.notation)
    if not strays:
        return column
    _check_gaps(name, column, others, "numbers", number_ways(name, counts, strays, reading.notation), where)
    return _as_numbers(name, column, others, reading, where)


def _check_gaps(name: str, column: Text, others: Collection[str], what: str, ways: list[str], where: Where) -> None:
    """Raise a ValueError if a cell that is not one of ``what`` ("numbers") need not mean a missing value, else warn.

    ``ways`` say what can be done about it.
    """
    if all(map(may_mark_missing, others)):
        return warn_of_gaps(name, column, others, what, where)
    counts = column.counts()
    proper = sum(count for text, count in counts.items() if text not in others)
    raise ValueError(f"{proper:,} of {sum(counts.values()):,} cells of {name!r} are {what}; not: "
                     f"{_most_frequent(column, others, where)}; {', or '.join(ways)}")


def warn_of_gaps(name: str, column: Text, others: Collection[str], what: str, where: Where) -> None:
    """Warn that some cells of a column, if any, are read as missing, since they are not ``what`` ("numbers")."""
    counts = column.counts()
    if others:
        checks.warn(f"{sum(counts[text] for text in others):,} of {sum(counts.values()):,} cells of {name!r}, which "
                    f"are not {what}, are read as missing: {_most_frequent(column, others, where)}; "
                    f"{option('text', name)} takes the column as text")


def _most_frequent(column: Text, texts: Collection[str], where: Where) -> str:
    """Return the three most frequent of some texts, with the places where they first occur."""
    counts = column.counts()
    often = sorted(texts, key=lambda text: (-counts[text], text))
    shown = [f"{short(text)} {where(column, text)}" + f" ({counts[text]:,} cells)" * (counts[text] > 1)
             for text in often[:3]]
    return ", ".join(shown) + (f" and {checks.counted(len(often) - 3, 'other text')}" if len(often) > 3 else "")


def _as_numbers(name: str, column: Text, others: Collection[str], reading: Reading, where: Where) -> np.ndarray:
    """Return the numbers of a column, NaN for the other texts; a ValueError if float64 would round an integer."""
    values = [np.nan if text in others else to_number(text, *reading.notation) for text in column.texts]
    check_exact(name, column, np.array(values), reading, where)
    return without_markers(np.array([*values, np.nan])[column.codes], reading)


def check_exact(name: str, column: Text, numbers: np.ndarray, reading: Reading, where: Where) -> None:
    """Raise a ValueError if a column holds integers only, and float64 would round one of its texts."""
    present = numbers[~np.isnan(numbers)]
    if (present == np.floor(present)).all() and (np.abs(present) >= LARGEST_EXACT).any():
        for text in column.texts:
            if is_rounded(text, *reading.notation):
                raise _inexact(name, text, where(column, text))


def _inexact(name: str, text: str, where: str) -> ValueError:
    """Return the error for an integer that no float64 holds."""
    return ValueError(
        f"column {name!r} holds {text[:40]} {where}, an integer that float64 would round, so that different ones "
        f"become equal; leave the column out ({option('drop', name)}), or take it as text ({option('text', name)})")
