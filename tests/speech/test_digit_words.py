"""The words for digits: by hand, and by property."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.speech.digit_words import DIGIT_WORDS, random_digits, spelled_out


@pytest.mark.parametrize("language, words", [
    ("en", "zero four nine"), ("es", "cero cuatro nueve"), ("fr", "zéro quatre neuf"), ("it", "zero quattro nove"),
    ("ru", "ноль четыре девять")])
def test_digits_are_spelled_out(language: str, words: str) -> None:
    assert spelled_out([0, 4, 9], language) == words


def test_each_language_has_ten_words_of_letters() -> None:
    for words in DIGIT_WORDS.values():
        assert len(set(words)) == 10 and all(word.isalpha() and word.islower() for word in words)


def test_random_strings_have_3_to_5_digits() -> None:
    rng = np.random.default_rng(0)
    strings = [random_digits(rng) for _ in range(300)]
    assert {len(digits) for digits in strings} == {3, 4, 5}
    assert {digit for digits in strings for digit in digits} == set(range(10))


def test_what_is_no_digit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"digits is 10; it must be an integer in \[0, 9\]"):
        spelled_out([10])
    with pytest.raises(ValueError, match="language is 'de'"):
        spelled_out([1], "de")
