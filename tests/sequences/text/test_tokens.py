"""Tokens: by hand, and splitting and joining as each other's inverse."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from scratchtune.sequences.text import detokenize, tokenize


@pytest.mark.parametrize("text, tokens", [
    ("In the beginning, God said:", ["in", "the", "beginning", ",", "god", "said", ":"]),
    ("¿Dónde está el niño? ¡Aquí!", ["¿", "dónde", "está", "el", "niño", "?", "¡", "aquí", "!"]),
    ("God's people don't", ["god's", "people", "don't"]),
    ("the dogs' \"house\"", ["the", "dogs", "'", '"', "house", '"']),
    ("twenty-one", ["twenty", "-", "one"]),
    ("3.14, 1,000 at 12:30.", ["3.14", ",", "1,000", "at", "12:30", "."]),
    ("e.g. a,b", ["e", ".", "g", ".", "a", ",", "b"]),
    ("wait.... what...", ["wait", "…", "what", "…"]),
    ("a - b", ["a", "–", "b"]),
    (" \t\n", []),
])
def test_texts_by_hand(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_case_is_a_choice() -> None:
    assert tokenize("God SAID", lower=False) == ["God", "SAID"]
    assert tokenize("ÁRBOL Ñ") == ["árbol", "ñ"]


def test_spellings_of_one_character_are_one_token() -> None:
    assert tokenize(unicodedata.normalize("NFD", "niño pasó")) == ["niño", "pasó"]
    assert tokenize("don’t") == tokenize("don't") == ["don't"]
    assert tokenize("ni\u00adño") == ["niño"]  # a soft hyphen
    assert tokenize("x\u0302y") == ["x\u0302y"]  # a mark without a composed form


@pytest.mark.parametrize("text", [
    "in the beginning, god said: \"let there be light\" (and there was).",
    "¿dónde está el niño? ¡aquí! sí—no.",
    "god's people don't: 'yes', 3.14 and 1,000; twenty-one… «sí», 50% and/or $5.",
    "“well”, she said – and left. [sic] {x}",
])
def test_a_text_of_usual_spaces_is_restored(text: str) -> None:
    assert detokenize(tokenize(text)) == text


def test_dots_are_not_joined_to_an_ellipsis() -> None:
    assert tokenize(". . .") == [".", ".", "."] == tokenize(detokenize([".", ".", "."]))


@pytest.mark.parametrize("seed", range(20))
def test_a_joined_text_has_the_same_tokens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    characters = [*"abñéÉ 0123.,:;'’‘\"-–—…¿?¡!()[]«»“”%$€/#@_&+=*<> \u0301\u0302\u00ad日\n", "...", " - ", "don't "]
    for _ in range(300):
        text = "".join(rng.choice(characters, rng.integers(1, 30)))
        tokens = tokenize(text)
        assert all(tokens) and not any(char.isspace() for token in tokens for char in token)
        assert tokenize(detokenize(tokens)) == tokens, text


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"text is 3 \(int\); it must be a str"):
        tokenize(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tokens is the text 'a b'; it must be a list of tokens"):
        detokenize("a b")
    with pytest.raises(TypeError, match="lower is 1 .*; it must be True or False"):
        tokenize("a", lower=1)  # type: ignore[arg-type]
