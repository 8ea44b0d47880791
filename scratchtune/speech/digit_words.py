"""The words for the digits 0 to 9 in five languages, and random strings of them.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scratchtune import checks

DIGIT_WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    "fr": ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    "it": ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
    "ru": ("ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
}
SHORTEST, LONGEST = 3, 5  # digits of a random string


def spelled_out(digits: Iterable[int], language: str = "en") -> str:
    """Digits as words.

    >>> spelled_out([4, 0, 7, 1]), spelled_out([4, 0], "it")
    ('four zero seven one', 'quattro zero')
    """
    words = DIGIT_WORDS[checks.choice("language", language, DIGIT_WORDS)]
    return " ".join(words[checks.integer("digits", digit, 0, 9)] for digit in digits)


def random_digits(rng: np.random.Generator) -> list[int]:
    """3 to 5 random digits, each length and each digit equally probable."""
    return rng.integers(0, 10, size=rng.integers(SHORTEST, LONGEST + 1)).tolist()
