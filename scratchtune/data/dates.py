"""Dates in words and in ISO 8601: a synthetic task of translation, on which a model can become perfect.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks

FIRST, LAST = np.datetime64("1900-01-01"), np.datetime64("2099-12-31")
COUNT = int((LAST - FIRST).astype(int)) + 1  # days
STYLES = (
    "{weekday}, {day} {month} {year}",
    "{day} {month} {year}",
    "{month} {day}, {year}",
    "the {ordinal} of {month} {year}",
    "{weekday:.3} {day} {month:.3} {year}",
    "{month:.3} {day}, {year}",
    "{weekday}, {month} {ordinal}, {year}",
    "{day}/{number}/{year}",
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december")


def dates(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """Synthetic pairs for translation: n different days, each in one of several written styles, and in ISO 8601.

    The days are from 1 January 1900 to 31 December 2099. Each has one style, drawn from `STYLES`; names are in lower
    case, and dates in digits have the day first: 26/11/2026. A shorter list is the beginning of a longer one.
    Arguments
        n: the number of pairs, at most 73,049, the number of days.
        seed: an integer; the same seed gives the same pairs.
    Raises
        TypeError or ValueError if n or seed is not such an integer.

    >>> dates(2)
    [('friday, march 31st, 2084', '2084-03-31'), ('december 25, 2074', '2074-12-25')]
    """
    n, seed = checks.integer("n", n, 1, COUNT), checks.integer("seed", seed, 0)
    rng = np.random.default_rng(seed)
    days, styles = rng.permutation(COUNT)[:n], rng.integers(len(STYLES), size=COUNT)[:n]
    return [written_date(int(day), STYLES[style]) for day, style in zip(days, styles, strict=True)]


def written_date(day: int, style: str) -> tuple[str, str]:
    """The day so many days after 1 January 1900, a Monday: in one of `STYLES`, and in ISO 8601.

    >>> written_date(46_350, "{weekday}, {day} {month} {year}")
    ('thursday, 26 november 2026', '2026-11-26')
    """
    iso = str(FIRST + np.timedelta64(day, "D"))
    year, number, in_month = map(int, iso.split("-"))
    names = {"weekday": _WEEKDAYS[day % 7], "month": _MONTHS[number - 1], "ordinal": ordinal(in_month)}
    return style.format(day=in_month, number=number, year=year, **names), iso


def ordinal(day: int) -> str:
    """A day of the month as an ordinal number.

    >>> [ordinal(day) for day in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
