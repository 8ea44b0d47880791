"""Dates: by hand, the properties of a list of pairs, and Python's datetime as the oracle."""

from __future__ import annotations

import datetime
import re

import pytest

import scratchtune as st
from scratchtune.data.dates import COUNT, STYLES, ordinal, written_date

FIRST = datetime.date(1900, 1, 1)
MONTHS = "january february march april may june july august september october november december".split()


def test_every_style_by_hand() -> None:
    days = (datetime.date(2026, 11, 26) - FIRST).days
    assert [written_date(days, style) for style in STYLES] == [(text, "2026-11-26") for text in (
        "thursday, 26 november 2026", "26 november 2026", "november 26, 2026", "the 26th of november 2026",
        "thu 26 nov 2026", "nov 26, 2026", "thursday, november 26th, 2026", "26/11/2026")]


def test_leap_days_and_the_ends() -> None:
    style = STYLES[0]
    assert written_date(0, style) == ("monday, 1 january 1900", "1900-01-01")
    assert written_date(58, style)[1] == "1900-02-28" and written_date(59, style)[1] == "1900-03-01"
    leap = (datetime.date(2000, 2, 29) - FIRST).days
    assert written_date(leap, style) == ("tuesday, 29 february 2000", "2000-02-29")
    assert written_date(COUNT - 1, style) == ("thursday, 31 december 2099", "2099-12-31")


def test_datetime_has_the_same_days() -> None:
    """All 73,049 days: the ISO date, the weekday, the month's name and the day."""
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for day in range(COUNT):
        date = FIRST + datetime.timedelta(day)
        written = f"{names[date.weekday()]}, {date.day} {MONTHS[date.month - 1]} {date.year}"
        assert written_date(day, STYLES[0]) == (written, date.isoformat())


def test_pairs_are_distinct_and_depend_on_the_seed_alone() -> None:
    pairs = st.datasets.dates(5_000, seed=3)
    assert len({source for source, _ in pairs}) == len({target for _, target in pairs}) == 5_000
    assert pairs == st.datasets.dates(5_000, seed=3) != st.datasets.dates(5_000, seed=4)
    assert pairs[:100] == st.datasets.dates(100, seed=3)
    assert all(re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", target) for _, target in pairs)


def test_all_days_and_all_styles_occur() -> None:
    pairs = st.datasets.dates(COUNT)
    assert len(set(target for _, target in pairs)) == COUNT == 73_049
    days = {(FIRST + datetime.timedelta(day)).isoformat(): day for day in range(COUNT)}
    counts = [sum(written_date(days[target], style)[0] == source for source, target in pairs[:4_000])
              for style in STYLES]
    assert all(abs(count - 500) < 150 for count in counts), counts  # a month "may" is also its abbreviation


def test_ordinals() -> None:
    assert [ordinal(day) for day in (1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 30, 31)] == [
        "1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "14th", "20th", "21st", "22nd", "23rd", "24th",
        "30th", "31st"]


@pytest.mark.parametrize("n, seed, message", [
    (0, 0, r"n is 0; it must be an integer in \[1, 73049\]"),
    (COUNT + 1, 0, r"n is 73050; it must be an integer in \[1, 73049\]"),
    (2.5, 0, "n is 2.5"), (2, -1, "seed is -1"), (2, "0", "seed is '0'"),
])
def test_bad_arguments(n: int, seed: int, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.datasets.dates(n, seed)
