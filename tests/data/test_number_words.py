"""Numbers in words: a table written by hand, the properties of a list of pairs, and num2words as the oracle."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.data.number_words import COUNT, english_words, spanish_words

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
def test_by_hand(number: int, english: str, spanish: str) -> None:
    assert (english_words(number), spanish_words(number)) == (english, spanish)


def test_num2words_has_the_same_words() -> None:
    """Its English has commas after thousands; its Spanish lacks the shortening before *mil* (uno mil for un mil)."""
    reference = pytest.importorskip("num2words").num2words
    larger = np.random.default_rng(0).choice(np.arange(10_000, COUNT), 3_000, replace=False)
    for number in [*range(10_000), *map(int, larger)]:
        assert english_words(number) == reference(number, lang="en_GB").replace(",", "")
        spanish = reference(number, lang="es").replace("veintiuno mil", "veintiún mil").replace("uno mil", "un mil")
        assert spanish_words(number) == spanish


def test_different_numbers_have_different_words() -> None:
    numbers = [*range(2_000), *range(2_000, COUNT, 97)]
    assert len({english_words(number) for number in numbers}) == len(numbers)
    assert len({spanish_words(number) for number in numbers}) == len(numbers)


def test_pairs_are_distinct_and_depend_on_the_seed_alone() -> None:
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
    (COUNT + 1, 0, r"n is 1000001; it must be an integer in \[1, 1000000\]"),
    (2.5, 0, "n is 2.5"), (2, -1, "seed is -1"), (2, "0", "seed is '0'"), (True, 0, "n is True"),
])
def test_bad_arguments(n: int, seed: int, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.datasets.number_words(n, seed)


@pytest.mark.parametrize("words", [english_words, spanish_words])
@pytest.mark.parametrize("number", [-1, COUNT])
def test_numbers_out_of_range(words, number: int) -> None:
    with pytest.raises(ValueError, match=r"number is .*; it must be an integer in \[0, 999999\]"):
        words(number)
