"""Dates in a table: texts to days since 1 January 1970, and those days to numeric features.

A column of texts holds dates if at least nine of ten of its cells are dates in one of these forms, with or without a
time of day:

- ISO 8601: 2020-12-31, 2020-12 (the first day of the month); also 2020/12/31 and 2020.12.31;
- the month as a word: 31 December 2020, 31-Dec-20, Dec 31, 2020;
- the day first, with points: 31.12.2020;
- the day or the month first, with slashes or hyphens: 31/12/2020, 12/31/2020. The whole column decides which it is; if
  no cell has a number above 12, the order must be given.

A year of two digits is 1969 to 2068, as in POSIX. A time with an offset, such as +01:00, is converted to UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from itertools import islice

import numpy as np

from scratchtune import checks
from scratchtune.tables.wording import option

ORDERS = ("dmy", "mdy")  # day first, month first
MOSTLY = 0.9  # a column holds dates if at least this share of its cells are dates
PARTS = ("year", "month", "weekday", "day", "hour", "days since")  # features of a date, in this order
CYCLIC = ("month", "weekday", "day", "hour")  # parts that repeat: any value may decide
EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {form: str(number) for number, name in enumerate((
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december"), 1) for form in (name, name[:3])} | {"sept": "9"}
_FORM = re.compile(
    r"(\w+)\.?([ ./-])(\w+)(?:\.?,?\2(\d{1,4}))?"  # a date, or a year and a month
    r"(?:(?:T|,? )(\d{1,2}):(\d\d(?::[\d.]+)?) ?([AP]M)? ?(?:UTC|(Z|[+-]\d\d:?\d\d))?)?", re.IGNORECASE)
_EITHER = re.compile(r"\d{1,2}([/-])\d{1,2}\1\d{2,4}")  # the day or the month may come first


def to_days(text: str, order: str | None = None) -> float:
    """Convert a date to days since 1970-01-01, its time of day to a fraction; NaN if it is not a date.

    ``order`` is "dmy" or "mdy" for dates such as 03/04/2020, which without it are dates only if one of the numbers is
    above 12 or both are equal.

    >>> to_days("1970-01-02T06:00"), to_days("3 Jan 1970"), to_days("04/01/1970", "dmy"), to_days("30.2.1970")
    (1.25, 2.0, 3.0, nan)
    """
    found = _FORM.fullmatch(text.strip())
    try:
        day, moment = _day(found, order), time.fromisoformat(_clock(found)) if found and found[5] else time()
    except ValueError:
        return np.nan
    passed = timedelta(day, moment.second, moment.microsecond, 0, moment.minute, moment.hour)
    return (passed - (moment.utcoffset() or timedelta())) / timedelta(days=1)


def _day(found: re.Match[str] | None, order: str | None) -> int:
    """Return the number of a day since 1970-01-01; a ValueError if there is no such day."""
    if found is None:
        raise ValueError
    first, mark, second, third = found.group(1, 2, 3, 4)
    year, month, day = first, second, third
    if third is None:
        if mark != "-" or len(second) != 2:
            raise ValueError
        day = "1"
    elif len(first) != 4 or not first.isdecimal():
        either = _EITHER.match(found[0])
        if either and order is None:
            order = "dmy" if int(first) > 12 or first == second else "mdy" if int(second) > 12 else ""
        if either and not order:
            raise ValueError
        year, month, day = (third, first, second) if first.isalpha() or either and order == "mdy" else (
            third, second, first)
    century = {4: 0, 2: 1900 if int(year) >= 69 else 2000}.get(len(year), 10_000)  # of no other length
    if month.isalpha():
        month = _MONTHS.get(month.lower(), "0")
    elif mark == " " or mark == "-" and len(year) == 2:
        raise ValueError
    return date(int(year) + century, int(month), int(day)).toordinal() - EPOCH


def _clock(found: re.Match[str]) -> str:
    """Return a time of day in ISO 8601; a ValueError for an hour that no clock of twelve hours shows."""
    hour, rest, half, zone = found.group(5, 6, 7, 8)
    if half is not None:
        if not 1 <= int(hour) <= 12:
            raise ValueError
        hour = str(int(hour) % 12 + 12 * (half.lower() == "pm"))
    return f"{hour:0>2}:{rest}{(zone or '').upper()}"


def parse_dates(
    name: str, counts: Mapping[str, int], order: str | None = None,
) -> tuple[dict[str, float], str | None] | None:
    """Return the dates of a column, given by how often each text occurs; None if it does not hold dates.

    That is by text its days since 1970-01-01, NaN if it is not a date, and "dmy" or "mdy" if the order of day and month
    was needed. ``order`` None: the column decides it.

    Raises
        ValueError if both orders are possible and give different days.
    """
    if not _may_be_dates(counts):
        return None
    either = {text for text in counts if _EITHER.match(text)}
    fixed = {text: to_days(text) for text in counts if text not in either}
    readings = {given: fixed | {text: to_days(text, given) for text in either} for given in ORDERS
                if order in (None, given)}
    cells = {given: sum(counts[text] for text, day in days.items() if day == day) for given, days in readings.items()}
    best = max(cells, key=lambda given: cells[given])
    if cells[best] < MOSTLY * sum(counts.values()):
        return None
    unclear = [text for text in counts if text in either and len({days[text] for days in readings.values()}) == 2]
    if unclear and len(set(cells.values())) < len(cells):
        raise ValueError(
            f"{name!r} holds dates such as {unclear[0]!r}, in which the day or the month may come first; give "
            f"{option('date_order', 'dmy')} (day first) or {option('date_order', 'mdy')} (month first), or "
            f"{option('text', name)} to take the column as text")
    return readings[best], best if either else None


def _may_be_dates(texts: Iterable[str]) -> bool:
    """Whether most of the first hundred texts are dates in one order at least; any other column is read no further."""
    first = list(islice(texts, 100))
    return sum(any(to_days(text, order) == to_days(text, order) for order in ORDERS) for text in first) >= (
        MOSTLY * len(first)) > 0


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
