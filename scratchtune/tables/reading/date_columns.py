"""Dates in a table: texts to days since 1 January 1970, and those days to numeric features.

A column of texts holds dates if at least nine of ten of its cells are dates in one of these forms, with or without a
time of day:

- the year first, as in ISO 8601: 2020-12-31, 2020/12/31, 2020.12.31, 2020-12 (the first day of the month);
- the month as a word: 31 December 2020, 31-Dec-20, Dec 31, 2020;
- the day first, with points: 31.12.2020;
- the day or the month first, with slashes or hyphens: 31/12/2020, 12/31/2020. The whole column decides which it is; if
  no cell has a number above 12, the order must be given.

A year of two digits is 1969 to 2068, as in POSIX. A time with an offset, such as +01:00, is converted to UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import islice
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.tables.reading.notation import most_frequent

ORDERS = ("dmy", "mdy")  # day first, month first
MOSTLY = 0.9  # a column holds dates if at least this share of its cells are dates
PARTS = ("year", "month", "weekday", "day", "hour", "days since")  # features of a date, in this order
CYCLIC = ("month", "weekday", "day", "hour")  # parts that repeat: any value may decide
EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {name: number for number, names in enumerate((
    "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
    "sep sept september", "oct october", "nov november", "dec december"), 1) for name in names.split()}
_TIME = re.compile(
    r"(.+?)(?:[T ]|, )(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?(?: ?([AaPp])[Mm])?"
    r"(?: ?(?:(Z|UTC)|([+-])(\d{2}):?(\d{2})))?")
_FORMS = tuple((re.compile(pattern), order) for pattern, order in (
    (r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", "1 3 4"), (r"(\d{4})-(0[1-9]|1[0-2])", "1 2 0"),
    (r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})", "3 2 1"), (r"(\d{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4}|\d{2})", "3 2 1"),
    (r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})", "3 1 2")))
_EITHER = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|(?<=/)\d{2})")


class Unclear(ValueError):
    """Raised where it cannot be decided whether the day or the month comes first."""


def to_days(text: str, order: str | None = None) -> float:
    """Convert a date to days since 1970-01-01, its time of day to a fraction; NaN if it is not a date.

    ``order`` is "dmy" or "mdy" for dates such as 03/04/2020, which without it are dates only if one of the numbers is
    above 12 or both are equal.

    >>> to_days("1970-01-02T06:00"), to_days("3 Jan 1970"), to_days("04/01/1970", "dmy"), to_days("30.2.1970")
    (1.25, 2.0, 3.0, nan)
    """
    text, time = text.strip(), 0.0
    if ":" in text:
        found = _TIME.fullmatch(text)
        if found is None:
            return np.nan
        text, time = found[1], _time_of(found)
    for pattern, groups in _FORMS:
        match = pattern.fullmatch(text)
        if match:
            return _day(*(match[int(group)] if group != "0" else "1" for group in groups.split())) + time
    match = _EITHER.fullmatch(text)
    if match is None:
        return np.nan
    if order is None:
        order = "dmy" if int(match[1]) > 12 else "mdy" if int(match[3]) > 12 or match[1] == match[3] else None
    day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
    return np.nan if order is None else _day(match[4], month, day) + time


def _day(year: str, month: str, day: str) -> float:
    """Return the number of a day; NaN if there is no such day."""
    number = _MONTHS.get(month.lower(), 0) if month.isalpha() else int(month)
    century = 0 if len(year) == 4 else 1900 if int(year) >= 69 else 2000
    try:
        return float(date(int(year) + century, number, int(day)).toordinal() - EPOCH)
    except ValueError:
        return np.nan


def _time_of(found: re.Match[str]) -> float:
    """Return a time of day as a fraction of a day, in UTC if it has an offset; NaN if there is no such time."""
    hour, minute, second = int(found[2]), int(found[3]), float(found[4] or 0.0)
    if found[5]:
        if not 1 <= hour <= 12:
            return np.nan
        hour = hour % 12 + 12 * (found[5] in "pP")
    if hour > 23 or minute > 59 or second >= 61.0:
        return np.nan
    offset = (int(found[8]) * 60 + int(found[9])) * (-1 if found[7] == "-" else 1) if found[7] else 0
    return ((hour * 60 + minute - offset) * 60 + second) / 86_400


# A column -------------------------------------------------------------------------------------------------------------


class Parsed(NamedTuple):
    """The dates of a column: by text its days since 1970-01-01, and the order of day and month, if any was needed."""

    days: dict[str, float]
    order: str | None


def parse_dates(counts: Mapping[str, int], order: str | None = None) -> Parsed | None:
    """Return the dates of a column, given by how often each text occurs; None if it does not hold dates.

    Texts that are not dates have NaN. ``order`` is "dmy", "mdy", or None: the column decides.

    Raises
        Unclear if both orders are possible and give different days.
    """
    if order is None and not _may_be_dates(counts):
        return None
    fixed = {text: to_days(text) for text in counts if not _EITHER.match(text)}  # the same in both orders
    readings = {given: {text: fixed[text] if text in fixed else to_days(text, given) for text in counts}
                for given in ORDERS if order in (None, given)}
    cells = {given: sum(counts[text] for text, day in days.items() if day == day) for given, days in readings.items()}
    best = max(cells, key=lambda given: cells[given])
    if not cells[best] or cells[best] < MOSTLY * sum(counts.values()):
        return None
    if len(set(cells.values())) == 1 and len(readings) == 2:
        for text in counts:
            if readings["dmy"][text] != readings["mdy"][text] and readings["dmy"][text] == readings["dmy"][text]:
                raise Unclear(text)
    return Parsed(readings[best], None if len(fixed) == len(counts) else best)


def _may_be_dates(texts: Iterable[str]) -> bool:
    """Whether most of the first hundred texts are dates in one order at least; any other column is read no further."""
    first = list(islice(texts, 100))
    return sum(any(to_days(text, order) == to_days(text, order) for order in ORDERS) for text in first) >= (
        MOSTLY * len(first)) > 0


def stray_text(name: str, counts: Mapping[str, int], days: Mapping[str, float], where: Callable[[str], str]) -> str:
    """Return the error message for the texts of a column of dates that are not dates."""
    others = [text for text, day in days.items() if day != day]
    cells, dates = sum(counts.values()), sum(n for text, n in counts.items() if days[text] == days[text])
    shown = most_frequent(counts, others, where)
    return (f"{dates:,} of {cells:,} cells of {name!r} are dates; not: {shown}; correct the file, give --missing if it "
            f"marks a missing value, or --text {name} to take the column as text (in Python: arguments of read_table)")


def unclear_text(name: str, text: str) -> str:
    """Return the error message for a column of dates whose order of day and month cannot be decided."""
    return (f"{name!r} holds dates such as {text!r}, in which the day or the month may come first; give --date-order "
            f"dmy (day first) or --date-order mdy (month first), or --text {name} to take the column as text (in "
            "Python: date_order, text)")


# Features -------------------------------------------------------------------------------------------------------------


def date_part(days: np.ndarray, part: str, first: float = 0.0) -> np.ndarray:
    """Return one feature of dates, (n,), NaN where a date is NaN; ``days`` (n,) are days since 1970-01-01.

    The weekday is 0 on Monday, the day is that of the month, and "days since" counts from ``first``.

    >>> [float(date_part(np.array([18627.75]), part, first=18600.0)[0]) for part in PARTS]
    [2020.0, 12.0, 3.0, 31.0, 18.0, 27.75]
    """
    checks.choice("part", part, PARTS)
    if part == "days since":
        return days - first
    known = np.where(np.isnan(days), 0.0, days)
    whole = np.floor(known).astype(np.int64)
    day = whole.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    found = {
        "year": lambda: month.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": lambda: month.astype(np.int64) % 12 + 1,
        "weekday": lambda: (whole + 3) % 7,  # 1 January 1970 was a Thursday
        "day": lambda: (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        "hour": lambda: np.floor((known - whole) * 24 + 1e-9),
    }[part]()
    return np.where(np.isnan(days), np.nan, found.astype(np.float64))


def parts_of(days: np.ndarray, first: float = 0.0) -> dict[str, list[float]]:
    """Return the features of a column that are not constant, each with its values, sorted, and at least "days since".

    ``days`` and ``first`` are as for `date_part`.
    """
    known = days[~np.isnan(days)]
    values = {part: np.unique(date_part(known, part, first)).tolist() for part in PARTS}
    return {part: different for part, different in values.items() if part == "days since" or len(different) > 1}


def holds_times(texts: Iterable[str]) -> bool:
    """Whether texts are times of day, such as 10:30, without a date; only the first hundred are checked."""
    return _may_be_dates(f"1970-01-01 {text}" for text in texts)


def written_day(days: float) -> str:
    """A date in ISO 8601, without its time.

    >>> written_day(18627.75)
    '2020-12-31'
    """
    return date.fromordinal(int(np.floor(days)) + EPOCH).isoformat()
