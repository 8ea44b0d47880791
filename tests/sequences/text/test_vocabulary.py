"""Vocabularies: ids by hand, decoding as the inverse of encoding, and bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scratchtune.sequences.text import Vocabulary, tokenize

TEXTS = ["the cat and the dog", "The cat sleeps.", "a dog"]


def test_ids_by_hand() -> None:
    vocabulary = Vocabulary(TEXTS)
    # the: 3; cat, dog: 2; '.', a, and, sleeps: 1
    assert vocabulary.tokens[4:] == ["the", "cat", "dog", ".", "a", "and", "sleeps"]
    assert vocabulary.encode("the bird sleeps") == [4, 1, 10]
    assert vocabulary.encode("the cat", start=True, end=True) == [2, 4, 5, 3]
    assert (vocabulary.padding, vocabulary.unknown, vocabulary.start, vocabulary.end) == (0, 1, 2, 3)
    assert len(vocabulary) == 11 and "cat" in vocabulary and "bird" not in vocabulary and 4 not in vocabulary


def test_rare_tokens_are_left_out() -> None:
    assert Vocabulary(TEXTS, min_count=2).tokens[4:] == ["the", "cat", "dog"]
    assert len(Vocabulary(TEXTS, min_count=9)) == 4
    assert "The" in Vocabulary(TEXTS, lower=False)


def test_decoding_is_the_inverse_of_encoding() -> None:
    vocabulary = Vocabulary(TEXTS)
    for text in TEXTS:
        assert vocabulary.decode(vocabulary.encode(text, start=True, end=True) + [0, 0]) == text.lower()
    assert vocabulary.decode([2, 4, 1, 3, 5]) == "the [UNK]"
    assert vocabulary.decode_tokens([0, 4, 7, 3]) == ["the", "."]
    assert vocabulary.decode([]) == ""


def test_tokens_of_ones_own_may_be_characters() -> None:
    vocabulary = Vocabulary([list("2024-01-31")])
    ids = vocabulary.encode(list("31-12"))
    assert "".join(vocabulary.decode_tokens(ids)) == "31-12"


def test_special_tokens_are_in_no_text() -> None:
    assert "[UNK]" not in tokenize("[UNK] [PAD]", lower=False)
    assert Vocabulary([["a", "[END]", "[END]"]]).tokens == ["[PAD]", "[UNK]", "[START]", "[END]", "a"]


def test_it_is_written_as_json_and_read() -> None:
    for vocabulary in (Vocabulary(TEXTS), Vocabulary(["Ñandú"], lower=False)):
        read = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
        assert read.to_dict() == vocabulary.to_dict() and read.encode("Ñandú cat") == vocabulary.encode("Ñandú cat")
    assert repr(Vocabulary(TEXTS)) == "<Vocabulary of 11 tokens>"


@pytest.mark.parametrize("arguments, error, message", [
    ({"texts": "a text"}, TypeError, "texts is the single text 'a text'; it must be a list of texts"),
    ({"texts": []}, ValueError, "texts is empty; it must hold at least one text"),
    ({"texts": ["a", "  "]}, ValueError, r"texts\[1\] is '  '; it must hold at least one token"),
    ({"texts": [3]}, TypeError, r"texts\[0\] is 3 \(int\); it must be a text or a list of tokens"),
    ({"texts": ["a"], "min_count": 0}, ValueError, "min_count is 0; it must be an integer of at least 1"),
    ({"texts": ["a"], "lower": 1}, TypeError, "lower is 1 .* must be True or False"),
])
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Vocabulary(**arguments)


def test_bad_texts_and_ids() -> None:
    vocabulary = Vocabulary(TEXTS)
    with pytest.raises(ValueError, match="text is ''; it must hold at least one token"):
        vocabulary.encode("")
    with pytest.raises(ValueError, match=r"ids\[1\] is 11; it must be an integer in \[0, 10\]"):
        vocabulary.decode([4, 11])
    with pytest.raises(ValueError, match=r"ids\[0\] is -1; it must be"):
        vocabulary.decode([-1])
    with pytest.raises(TypeError, match=r"ids\[0\] is 'the'"):
        vocabulary.decode(["the"])  # type: ignore[list-item]


@pytest.mark.parametrize("values, message", [
    ({"tokens": []}, "it must be a dict with 'tokens' and 'lower'"),
    ({"tokens": "abc", "lower": True}, "it must be a list of tokens"),
    ({"tokens": ["the", "cat"], "lower": True}, "begins with 'the', 'cat'; it must begin with '.PAD.', '.UNK.'"),
    ({"tokens": ["[PAD]", "[UNK]", "[START]", "[END]", "a", "a"], "lower": True}, "hold each token once"),
])
def test_a_file_that_is_no_vocabulary_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_dict(values)
