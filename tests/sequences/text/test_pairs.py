"""Pairs of sentences: files, numbers in words and dates; num2words and Python's datetime as the oracles."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.text.pairs import (
    DAYS,
    NUMBERS,
    STYLES,
    dates,
    english_words,
    number_words,
    spanish_words,
    written_date,
)


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("content, pairs", [
    ("one\tuno\ntwo\tdos\n", [("one", "uno"), ("two", "dos")]),
    ("one\tuno", [("one", "uno")]),
    ("source\ttarget\none\tuno\n", [("one", "uno")]),
    ("\nSource\tTARGET \n\none\tuno\n", [("one", "uno")]),
    ("one\tuno\nsource\ttarget\n", [("one", "uno"), ("source", "target")]),  # a header is the first line
    ("target\tsource\n", [("target", "source")]),
    ("\ufeffsource\ttarget\r\none\tuno\r\n", [("one", "uno")]),
    ("one\tuno\rtwo\tdos\r", [("one", "uno"), ("two", "dos")]),
    ("\n  one  two \t uno dos \n \t \n\n", [("one  two", "uno dos")]),
    ('"one\tuno"\n', [('"one', 'uno"')]),  # a quote is a letter
    ("one\u2028line\tuna línea\n", [("one\u2028line", "una línea")]),
    ("one\tuno\none\tuno\n", [("one", "uno"), ("one", "uno")]),
])
def test_pairs_that_are_read(tmp_path: Path, content: str, pairs: list[tuple[str, str]]) -> None:
    path = _file(tmp_path, content)
    assert st.read_pairs(path) == st.read_pairs(str(path)) == pairs


@pytest.mark.parametrize("content, message", [
    ("one\tuno\ntwo\n", r"pairs\.tsv, line 2, has 1 column; each line must hold a source sentence, a tab and a target"),
    ("one,uno\n", "line 1, has 1 column;"),
    ("source\ttarget\none\tuno\n\ntwo\tdos\tdeux\n", "line 4, has 3 columns;"),
    ("one\tuno\t\n", "line 1, has 3 columns;"),
    ("one\tuno\n\tdos\n", "line 2, has an empty source sentence;"),
    ("one\tuno\ntwo\t \n", "line 2, has an empty target sentence;"),
    ("", r"pairs\.tsv holds no pairs of sentences; each line must hold"),
    ("\n \n", "holds no pairs of sentences"),
    ("source\ttarget\n", "holds no pairs of sentences"),
    (b"one\tuno\nboy\tni\xf1o\n", "line 2, has the byte 0xf1, which is not UTF-8; save the file as UTF-8"),
    (b"\xef\xbb\xbfone\tuno\r\n\r\ntwo\t\xf1\r\n", "line 3, has the byte 0xf1"),
    ("one\tuno\n".encode("utf-16"), "line 1, begins as UTF-16 does; save the file as UTF-8"),
    (b"one\tuno\n\0\1\t\2\n", "line 2, holds binary data"),
])
def test_files_that_are_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        st.read_pairs(_file(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none.tsv does not exist; pairs of sentences are read from a TSV file"):
        st.read_pairs(tmp_path / "none.tsv")
    with pytest.raises(IsADirectoryError, match="is a folder; pairs of sentences are read from a TSV file"):
        st.read_pairs(tmp_path)


def test_the_pairs_that_are_built_in_can_be_written_and_read(tmp_path: Path) -> None:
    pairs = [*st.datasets.load_verses("test"), *st.datasets.number_words(50), *st.datasets.dates(50)]
    assert st.read_pairs(_file(tmp_path, "".join(f"{source}\t{target}\n" for source, target in pairs))) == pairs


# Numbers in words -----------------------------------------------------------------------------------------------------

TABLE = [
    (0, "zero", "cero"),
    (1, "one", "uno"),
    (11, "eleven", "once"),
    (15, "fifteen", "quince"),
    (16, "sixteen", "dieciséis"),
    (20, "twenty", "veinte"),
    (21, "twenty-one", "veintiuno"),
    (22, "twenty-two", "veintidós"),
    (23, "twenty-three", "veintitrés"),
    (26, "twenty-six", "veintiséis"),
    (30, "thirty", "treinta"),
    (31, "thirty-one", "treinta y uno"),
    (40, "forty", "cuarenta"),
    (99, "ninety-nine", "noventa y nueve"),
    (100, "one hundred", "cien"),
    (101, "one hundred and one", "ciento uno"),
    (121, "one hundred and twenty-one", "ciento veintiuno"),
    (200, "two hundred", "doscientos"),
    (407, "four hundred and seven", "cuatrocientos siete"),
    (500, "five hundred", "quinientos"),
    (716, "seven hundred and sixteen", "setecientos dieciséis"),
    (900, "nine hundred", "novecientos"),
    (999, "nine hundred and ninety-nine", "novecientos noventa y nueve"),
    (1_000, "one thousand", "mil"),
    (1_001, "one thousand and one", "mil uno"),
    (1_021, "one thousand and twenty-one", "mil veintiuno"),
    (1_100, "one thousand one hundred", "mil cien"),
    (1_999, "one thousand nine hundred and ninety-nine", "mil novecientos noventa y nueve"),
    (2_000, "two thousand", "dos mil"),
    (21_000, "twenty-one thousand", "veintiún mil"),
    (21_021, "twenty-one thousand and twenty-one", "veintiún mil veintiuno"),
    (22_000, "twenty-two thousand", "veintidós mil"),
    (31_000, "thirty-one thousand", "treinta y un mil"),
    (31_031, "thirty-one thousand and thirty-one", "treinta y un mil treinta y uno"),
    (100_000, "one hundred thousand", "cien mil"),
    (100_100, "one hundred thousand one hundred", "cien mil cien"),
    (101_000, "one hundred and one thousand", "ciento un mil"),
    (121_000, "one hundred and twenty-one thousand", "ciento veintiún mil"),
    (201_001, "two hundred and one thousand and one", "doscientos un mil uno"),
    (500_500, "five hundred thousand five hundred", "quinientos mil quinientos"),
    (999_999, "nine hundred and ninety-nine thousand nine hundred and ninety-nine",
     "novecientos noventa y nueve mil novecientos noventa y nueve"),
]


@pytest.mark.parametrize("number, english, spanish", TABLE)
def test_numbers_by_hand(number: int, english: str, spanish: str) -> None:
    assert (english_words(number), spanish_words(number)) == (english, spanish)


def test_num2words_has_the_same_words() -> None:
    """Its English has commas after thousands; its Spanish lacks the shortening before *mil* (uno mil for un mil)."""
    reference = pytest.importorskip("num2words").num2words
    larger = np.random.default_rng(0).choice(np.arange(10_000, NUMBERS), 3_000, replace=False)
    for number in [*range(10_000), *map(int, larger)]:
        assert english_words(number) == reference(number, lang="en_GB").replace(",", "")
        spanish = reference(number, lang="es").replace("veintiuno mil", "veintiún mil").replace("uno mil", "un mil")
        assert spanish_words(number) == spanish


def test_different_numbers_have_different_words() -> None:
    numbers = [*range(2_000), *range(2_000, NUMBERS, 97)]
    assert len({english_words(number) for number in numbers}) == len(numbers)
    assert len({spanish_words(number) for number in numbers}) == len(numbers)


def test_pairs_of_numbers_are_distinct_and_depend_on_the_seed_alone() -> None:
    pairs = st.datasets.number_words(5_000, seed=3)
    assert len(set(pairs)) == 5_000
    assert pairs == st.datasets.number_words(5_000, seed=3) != st.datasets.number_words(5_000, seed=4)
    assert pairs[:100] == st.datasets.number_words(100, seed=3)


def test_numbers_of_every_length_are_equally_frequent() -> None:
    digits = {english_words(number): len(str(number)) for number in range(1_000)}
    lengths = np.zeros(7, dtype=int)
    for english, _ in st.datasets.number_words(3_000):
        below, thousand, _ = english.partition(" thousand")
        lengths[digits[below] + (3 if thousand else 0)] += 1
    assert lengths[:3].tolist() == [0, 10, 90]
    assert (abs(lengths[3:] - 2_900 / 4) < 4 * np.sqrt(2_900 * 3 / 16)).all()


@pytest.mark.parametrize("n, seed, message", [
    (0, 0, r"n is 0; it must be an integer in \[1, 1000000\]"),
    (NUMBERS + 1, 0, r"n is 1000001; it must be an integer in \[1, 1000000\]"),
    (2.5, 0, "n is 2.5"), (2, -1, "seed is -1"), (2, "0", "seed is '0'"), (True, 0, "n is True"),
])
def test_bad_numbers(n: int, seed: int, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.datasets.number_words(n, seed)


@pytest.mark.parametrize("words", [english_words, spanish_words])
@pytest.mark.parametrize("number", [-1, NUMBERS])
def test_numbers_out_of_range(words, number: int) -> None:
    with pytest.raises(ValueError, match=r"number is .*; it must be an integer in \[0, 999999\]"):
        words(number)


# Dates ----------------------------------------------------------------------------------------------------------------

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
    assert written_date(DAYS - 1, style) == ("thursday, 31 december 2099", "2099-12-31")


def test_datetime_has_the_same_days() -> None:
    """All 73,049 days: the ISO date, the weekday, the month's name and the day."""
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for day in range(DAYS):
        date = FIRST + datetime.timedelta(day)
        written = f"{names[date.weekday()]}, {date.day} {MONTHS[date.month - 1]} {date.year}"
        assert written_date(day, STYLES[0]) == (written, date.isoformat())


def test_pairs_of_dates_are_distinct_and_depend_on_the_seed_alone() -> None:
    pairs = st.datasets.dates(5_000, seed=3)
    assert len({source for source, _ in pairs}) == len({target for _, target in pairs}) == 5_000
    assert pairs == st.datasets.dates(5_000, seed=3) != st.datasets.dates(5_000, seed=4)
    assert pairs[:100] == st.datasets.dates(100, seed=3)
    assert all(re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", target) for _, target in pairs)


def test_all_days_and_all_styles_occur() -> None:
    pairs = st.datasets.dates(DAYS)
    assert len(set(target for _, target in pairs)) == DAYS == 73_049
    days = {(FIRST + datetime.timedelta(day)).isoformat(): day for day in range(DAYS)}
    counts = [sum(written_date(days[target], style)[0] == source for source, target in pairs[:4_000])
              for style in STYLES]
    assert all(abs(count - 500) < 150 for count in counts), counts  # a month "may" is also its abbreviation


@pytest.mark.parametrize("n, seed, message", [
    (0, 0, r"n is 0; it must be an integer in \[1, 73049\]"),
    (DAYS + 1, 0, r"n is 73050; it must be an integer in \[1, 73049\]"),
    (2.5, 0, "n is 2.5"), (2, -1, "seed is -1"), (2, "0", "seed is '0'"),
])
def test_bad_dates(n: int, seed: int, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.datasets.dates(n, seed)


@pytest.mark.parametrize("made", [dates, number_words])
def test_the_first_pairs_are_those_of_seed_0(made: Any) -> None:
    assert made(5) == made(5, 0) != made(5, 1)
