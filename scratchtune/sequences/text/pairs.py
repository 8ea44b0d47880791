"""Pairs of sentences for translation: Bible verses, a file of one's own, numbers in words, dates in words.

The two synthetic tasks are such that a model can become perfect. A file that cannot be read raises one clear sentence.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import gzip
import os
import re
from importlib import resources

import numpy as np

from scratchtune.core import checks
from scratchtune.core.files import read_text

PARTS = ("train", "validation", "test")  # of the verses
HEADER = ("source", "target")
_PURPOSE = "pairs of sentences are read from a TSV file"
_ADVICE = "each line must hold a source sentence, a tab and a target sentence"


def read_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read pairs of sentences, (source, target), from a TSV file: UTF-8, two columns separated by a tab, no quoting.

    A first line ``source<tab>target`` is a header and is not read as a pair. Blanks around a sentence and blank lines
    are ignored.
    Raises
        OSError if the file cannot be opened; ValueError, which names file and line, if a line does not hold two
        sentences, if the file is not UTF-8, or if it holds no pair.
    """
    shown = os.fspath(path)
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(re.split("\r\n|\r|\n", read_text(shown, _PURPOSE)), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2:
            raise ValueError(f"{shown}, line {number}, has {checks.counted(len(cells), 'column')}; {_ADVICE}")
        for name, cell in zip(HEADER, cells, strict=True):
            if not cell:
                raise ValueError(f"{shown}, line {number}, has an empty {name} sentence; {_ADVICE}")
        pairs.append((cells[0], cells[1]))
    if pairs and tuple(cell.lower() for cell in pairs[0]) == HEADER:
        del pairs[0]
    if not pairs:
        raise ValueError(f"{shown} holds no pairs of sentences; {_ADVICE}")
    return pairs


def load_verses(part: str | None = None) -> list[tuple[str, str]]:
    """Short Bible verses: a list of 3,042 pairs (English, Spanish), in the order of the Bible.

    A verse has at most 12 English and 14 Spanish words, counted between blanks. Of the 31,077 verses that both texts
    have, 27,970 longer ones were left out, 28 in chapters that may be numbered differently in the two texts, 16 with a
    heading, such as a psalm's title, and 21 with brackets.

    The Spanish is spelled as in 1909, with "á", "ó" and "é" for today's "a", "o" and "e"; a chapter's first word is
    usually in capitals. A verse may begin or end within a sentence. `verses/LICENSE.txt` names sources and licences.

    The split is fixed: a chapter is in one part only, and verses of different parts share less than 0.6 of their
    distinct words, in English and in Spanish.
    Arguments
        part: "train" (2,429 pairs), "validation" (305), "test" (308), or None for all.
    Raises
        ValueError if there is no such part.

    >>> load_verses("test")[0]
    ('But Noah found favor in Yahweh’s eyes.', 'Empero Noé halló gracia en los ojos de Jehová.')
    """
    checks.choice("part", part, (*PARTS, None))
    return [(english, spanish) for _, of, english, spanish in verses() if part in (None, of)]


def verses() -> list[list[str]]:
    """The rows of the built-in file: a reference such as "1 Samuel 3:4", the part, the English, the Spanish."""
    packed = resources.files("scratchtune.sequences.text").joinpath("verses", "verses.tsv.gz").read_bytes()
    return [line.split("\t") for line in gzip.decompress(packed).decode().splitlines()[1:]]


# Numbers in words -----------------------------------------------------------------------------------------------------

NUMBERS = 1_000_000  # numbers from 0 to 999,999

_ENGLISH = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SPANISH = (
    "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce", "trece",
    "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno", "veintidós",
    "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve")
_SPANISH_TENS = ("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
_SPANISH_HUNDREDS = (
    "", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos",
    "ochocientos", "novecientos")


def number_words(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """Synthetic pairs for translation: n different numbers from 0 to 999,999 in English and Spanish words.

    The English is British, with "and", with hyphens and without commas. Numbers of one to six digits are equally
    frequent, until all numbers of one digit (then of two, ..) are taken: ``number_words(1000)`` has all of one and two
    digits. A shorter list is the beginning of a longer one.
    Arguments
        n: the number of pairs, at most 1,000,000.
        seed: an integer; the same seed gives the same pairs.
    Raises
        TypeError or ValueError if n or seed is not such an integer.

    >>> number_words(2)
    [('three', 'tres'), ('eight hundred and fifty-five', 'ochocientos cincuenta y cinco')]
    """
    n, seed = checks.integer("n", n, 1, NUMBERS), checks.integer("seed", seed, 0)
    sizes = np.diff([0, 10, 100, 1_000, 10_000, 100_000, NUMBERS])  # how many numbers have 1, 2, .. 6 digits
    keys = np.random.default_rng(seed).random(NUMBERS) * np.repeat(sizes, sizes)
    return [(english_words(number), spanish_words(number)) for number in map(int, np.argsort(keys, kind="stable")[:n])]


def english_words(number: int) -> str:
    """A number from 0 to 999,999 in British English.

    >>> english_words(21_407)
    'twenty-one thousand four hundred and seven'
    """
    thousands, rest = divmod(checks.integer("number", number, 0, NUMBERS - 1), 1000)
    if not thousands:
        return _english_below_1000(rest)
    words = f"{_english_below_1000(thousands)} thousand"
    if not rest:
        return words
    return f"{words} {'and ' if rest < 100 else ''}{_english_below_1000(rest)}"


def spanish_words(number: int) -> str:
    """A number from 0 to 999,999 in Spanish; *uno* is shortened to *un* before *mil*, and 1,000 is *mil*.

    >>> spanish_words(21_407)
    'veintiún mil cuatrocientos siete'
    """
    thousands, rest = divmod(checks.integer("number", number, 0, NUMBERS - 1), 1000)
    if not thousands:
        return _spanish_below_1000(rest)
    words = f"{_shortened(_spanish_below_1000(thousands))} mil" if thousands > 1 else "mil"
    return f"{words} {_spanish_below_1000(rest)}" if rest else words


def _english_below_1000(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        words = f"{_ENGLISH[hundreds]} hundred"
        return f"{words} and {_english_below_1000(rest)}" if rest else words
    tens, units = divmod(number, 10)
    if number < 20:
        return _ENGLISH[number]
    return f"{_ENGLISH_TENS[tens]}-{_ENGLISH[units]}" if units else _ENGLISH_TENS[tens]


def _spanish_below_1000(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        if number == 100:
            return "cien"
        words = _SPANISH_HUNDREDS[hundreds]
        return f"{words} {_spanish_below_1000(rest)}" if rest else words
    tens, units = divmod(number, 10)
    if number < 30:
        return _SPANISH[number]
    return f"{_SPANISH_TENS[tens]} y {_SPANISH[units]}" if units else _SPANISH_TENS[tens]


def _shortened(words: str) -> str:
    """Words before *mil*: veintiuno becomes veintiún, and any other uno becomes un."""
    if words.endswith("veintiuno"):
        return words.removesuffix("uno") + "ún"
    return words.removesuffix("o") if words.endswith("uno") else words


# Dates in words and in ISO 8601 ---------------------------------------------------------------------------------------

FIRST, LAST = np.datetime64("1900-01-01"), np.datetime64("2099-12-31")
DAYS = int((LAST - FIRST).astype(int)) + 1  # days
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
    n, seed = checks.integer("n", n, 1, DAYS), checks.integer("seed", seed, 0)
    rng = np.random.default_rng(seed)
    days, styles = rng.permutation(DAYS)[:n], rng.integers(len(STYLES), size=DAYS)[:n]
    return [written_date(int(day), STYLES[style]) for day, style in zip(days, styles, strict=True)]


def written_date(day: int, style: str) -> tuple[str, str]:
    """The day so many days after 1 January 1900, a Monday: in one of `STYLES`, and in ISO 8601.

    >>> written_date(46_350, "{weekday}, {day} {month} {year}")
    ('thursday, 26 november 2026', '2026-11-26')
    """
    iso = str(FIRST + np.timedelta64(day, "D"))
    year, number, in_month = map(int, iso.split("-"))
    names = {"weekday": _WEEKDAYS[day % 7], "month": _MONTHS[number - 1], "ordinal": checks.ordinal(in_month)}
    return style.format(day=in_month, number=number, year=year, **names), iso
