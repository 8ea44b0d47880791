"""Numbers in words, in English and Spanish: a synthetic task of translation, on which a model can become perfect.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks

COUNT = 1_000_000  # numbers from 0 to 999,999

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
    n, seed = checks.integer("n", n, 1, COUNT), checks.integer("seed", seed, 0)
    sizes = np.diff([0, 10, 100, 1_000, 10_000, 100_000, COUNT])  # how many numbers have 1, 2, .. 6 digits
    keys = np.random.default_rng(seed).random(COUNT) * np.repeat(sizes, sizes)
    return [(english_words(number), spanish_words(number)) for number in map(int, np.argsort(keys, kind="stable")[:n])]


def english_words(number: int) -> str:
    """A number from 0 to 999,999 in British English.

    >>> english_words(21_407)
    'twenty-one thousand four hundred and seven'
    """
    thousands, rest = divmod(checks.integer("number", number, 0, COUNT - 1), 1000)
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
    thousands, rest = divmod(checks.integer("number", number, 0, COUNT - 1), 1000)
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
