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

from scratchtune.core import checks
from scratchtune.tables.wording import option

ORDERS = ("dmy", "mdy")  # day first, month first
MOSTLY = 0.9  # a column holds dates if at least this share of its cells are dates
PARTS = ("year", "month", "weekday", "day", "hour", "days since")  # features of a date, in this order
CYCLIC = ("month", "weekday", "day", "hour")  # parts that repeat: any value may decide
EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {form: number for number, name in enumerate((
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december"), 1) for form in (name, name[:3])} | {"sept": 9}
_YEAR, _CLOCK = r"(?P<year>\d{4}|\d\d)", (
    r"(?:(?:T|,? )(?P<hour>\d{1,2}):(?P<rest>\d\d(?::[\d.]+)?) ?(?P<half>[AP]M)? ?"
    r"(?:UTC|(?P<zone>Z|[+-]\d\d:?\d\d))?)?")
_FORMS = [re.compile(form + _CLOCK, re.IGNORECASE) for form in (
    r"(?P<year>\d{4})(?P<mark>[./-]| (?=[a-z]))(?P<month>\d\d?|[a-z]+)\.?(?P=mark)(?P<day>\d\d?)",
    r"(?P<year>\d{4})-(?P<month>\d\d)(?P<day>)",
    rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.{_YEAR}",
    rf"(?P<day>\d\d?)\.?(?P<mark>[ ./-])(?P<month>[a-z]+)\.?,?(?P=mark){_YEAR}",
    rf"(?P<month>[a-z]+)\.?(?P<mark>[ ./-])(?P<day>\d\d?)\.?,?(?P=mark){_YEAR}")]
_EITHER = re.compile(rf"(\d\d?)(?:/(\d\d?)/{_YEAR}|-(\d\d?)-(?P<long>\d{{4}})){_CLOCK}", re.IGNORECASE)


def to_days(text: str, order: str | None = None) -> float:
    """Convert a date to days since 1970-01-01, its time of day to a fraction; NaN if it is not a date.

    ``order`` is "dmy" or "mdy" for dates such as 03/04/2020, which without it are dates only if one of the numbers is
    above 12 or both are equal.

    >>> to_days("1970-01-02T06:00"), to_days("3 Jan 1970"), to_days("04/01/1970", "dmy"), to_days("30.2.1970")
    (1.25, 2.0, 3.0, nan)
    """
    text = text.strip()
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is not None:
        return _days(found, found["month"], found["day"])
    found = _EITHER.fullmatch(text)
    if found is None:
        return np.nan
    first, second = found[1], found[2] or found[4]
    days = {"dmy": _days(found, second, first), "mdy": _days(found, first, second)}
    possible = {day for given, day in days.items() if order in (None, given) and day == day}
    return possible.pop() if len(possible) == 1 else np.nan


def _days(found: re.Match[str], month: str, day: str) -> float:
    """The days since 1970-01-01 of a text that has one of the forms; NaN if there is no such day or time."""
    parts = found.groupdict()
    year, hour = parts["year"] or parts["long"], parts["hour"]
    century = 0 if len(year) == 4 else 1900 if int(year) >= 69 else 2000
    try:
        if parts["half"]:
            hour = int(hour) % 12 + 12 * (parts["half"].lower() == "pm") if 1 <= int(hour) <= 12 else "no hour"
        clock = time.fromisoformat(f"{hour:0>2}:{parts['rest']}{(parts['zone'] or '').upper()}") if hour else time()
        number = date(century + int(year), _MONTHS.get(month.lower()) or int(month), int(day or 1)).toordinal()
    except ValueError:
        return np.nan
    passed = timedelta(number - EPOCH, clock.second, clock.microsecond, 0, clock.minute, clock.hour)
    return (passed - (clock.utcoffset() or timedelta())) / timedelta(days=1)


def parse_dates(
    name: str, counts: Mapping[str, int], order: str | None = None,
) -> tuple[dict[str, float], str | None] | None:
    """Return the dates of a column, given by how often each text occurs; None if it does not hold dates.

    They are the days since 1970-01-01 of each text (NaN: no date), and the order of day and month if it was needed.

    Raises ValueError if both orders are possible and give different days.
    """
    if not _may_be_dates(counts):
        return None
    either = {text for text in counts if _EITHER.fullmatch(text)}
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


def written_day(days: float) -> str:
    """A date in ISO 8601, without its time.

    >>> written_day(18627.75)
    '2020-12-31'
    """
    return date.fromordinal(int(np.floor(days)) + EPOCH).isoformat()
