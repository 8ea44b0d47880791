"""Alignment, formula [viterbi_step]: by hand, against all paths, and bad input."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.speech import align


def random_frames(seed: int, frames: int, symbols: int) -> np.ndarray:
    return np.log(np.random.default_rng([seed, frames]).dirichlet(np.ones(symbols), frames))


def spelled(path: Any) -> list[int]:
    return [symbol for symbol, _ in itertools.groupby(path) if symbol > 0]


def test_by_hand() -> None:
    path = [0, 1, 1, 0, 1, 2, 0]  # -aa-ab-
    rows = np.log(0.1 + 0.7 * np.eye(3)[path])
    found = align(rows, "aab", "ab")
    assert found.symbols.tolist() == path
    assert found.letters.tolist() == [-1, 0, 0, -1, 1, 2, -1]
    assert found.log_probability == pytest.approx(7 * math.log(0.8))


def test_the_text_decides_against_the_frames() -> None:
    rows = np.log([[0.05, 0.9, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]])
    assert align(rows, "ab", "ab").symbols.tolist() == [1, 1, 2]
    assert align(rows, "bab", "ab").symbols.tolist() == [2, 1, 2]
    assert align(rows, "", "ab").symbols.tolist() == [0, 0, 0]


@pytest.mark.parametrize("text", ["", "a", "aa", "ab", "aba", "abb", "bbb"])
def test_it_is_the_best_of_all_paths(text: str) -> None:
    labels = ["ab".index(letter) + 1 for letter in text]
    for seed, frames in itertools.product(range(5), (5, 6)):
        rows = random_frames(seed, frames, 3)
        paths = [path for path in itertools.product(range(3), repeat=frames) if spelled(path) == labels]
        totals = [math.fsum(row[symbol] for row, symbol in zip(rows, path, strict=True)) for path in paths]
        found = align(rows, text, "ab")
        assert found.symbols.tolist() == list(paths[int(np.argmax(totals))])
        assert found.log_probability == pytest.approx(max(totals), rel=1e-12)


def test_letters_are_those_of_the_text_in_order() -> None:
    text = "hello all"
    alphabet = "aehlo "
    found = align(random_frames(0, 40, len(alphabet) + 1), text, alphabet)
    spoken = found.letters[found.letters >= 0]
    assert (np.diff(spoken) >= 0).all() and set(spoken.tolist()) == set(range(len(text)))
    assert [alphabet[symbol - 1] for symbol in found.symbols[found.letters >= 0]] == [text[index] for index in spoken]
    assert (found.symbols[found.letters < 0] == 0).all()


def test_as_many_frames_as_needed() -> None:
    assert align(random_frames(0, 5, 3), "aaba", "ab").symbols.tolist() == [1, 0, 1, 2, 1]


@pytest.mark.parametrize("rows, text, error, message", [
    (random_frames(0, 3, 3), "aab", ValueError, r"text needs 4 frames \(one for each letter, and one for a blank "
                                                r"between equal letters\), and log_probabilities has 3"),
    (random_frames(0, 3, 3), "ax", ValueError, "text holds 'x', which is not in the alphabet 'ab'; every letter"),
    (random_frames(0, 3, 3), None, TypeError, r"text is None \(NoneType\); it must be a text"),
    (random_frames(0, 3, 4), "a", ValueError, r"log_probabilities has shape \(3, 4\); it must be \(frames, 3\)"),
    (np.full((2, 3), np.nan), "a", ValueError, "log_probabilities has the maximum nan in frame 0"),
    (np.array([[0.0, -np.inf, -np.inf]] * 2), "a", ValueError, "every path that spells text has the probability 0"),
])
def test_bad_input(rows: Any, text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        align(rows, text, "ab")
