"""BLEU, formulas [ngram_precision] and others: by hand, by property, against sacrebleu on 1,000 random pairs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.text import bleu_score, tokenize_13a
from scratchtune.sequences.text.matches import clipped_matches, count_ngrams, ngrams

Pairs = tuple[list[str], list[str]]


def sentence_bleu(reference: str, hypothesis: str, **arguments: Any) -> float:
    """BLEU of one sentence; the longest n-grams are those that it has."""
    return bleu_score([reference], [hypothesis], **{"effective_order": True, **arguments})


def test_by_hand() -> None:
    # 1-grams: 5 of 6; 2-grams: the cat, cat sat, sat on; 3-grams: the cat sat, cat sat on; 4-grams: the cat sat on
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)
    assert bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"]) == pytest.approx(expected)
    # two words too short: matches 4, 3, 2, 1 of as many, times exp(1 - 6 / 4)
    assert bleu_score(["the cat sat on the mat"], ["the cat sat on"]) == pytest.approx(100 * math.exp(-0.5))


def test_counts_of_the_corpus_are_summed() -> None:
    references, hypotheses = ["a b", "c d e"], ["a b", "c x e"]
    expected = 100 * math.sqrt(4 / 5 * 1 / 3)
    assert bleu_score(references, hypotheses, max_order=2) == pytest.approx(expected)
    mean = np.mean([sentence_bleu(*pair, max_order=2) for pair in zip(references, hypotheses, strict=True)])
    assert abs(mean - expected) > 1.0


def test_a_repeated_word_matches_as_often_as_the_reference_has_it() -> None:
    assert clipped_matches(np.array([7]), np.array([2])) == 2  # the paper's "the the the the the the the"
    reference, hypothesis = "the cat is on the mat".split(), ["the"] * 7
    counts = count_ngrams([(reference, hypothesis)], 2)
    assert [part.tolist() for part in counts] == [[[2, 0]], [[7, 6]], [[6, 5]]]
    assert bleu_score([reference], [hypothesis], max_order=1) == pytest.approx(100 * 2 / 7)


def test_smoothings_by_hand() -> None:
    pair = (["a b c d"], ["a x c y"])  # matches 2, 0, 0, 0 of 4, 3, 2, 1
    assert bleu_score(*pair, smoothing="none") == 0.0
    assert bleu_score(*pair) == pytest.approx(100 * (2 / 4 * 1 / 6 * 1 / 8 * 1 / 8) ** 0.25)


def test_the_bounds() -> None:
    assert bleu_score(["a b c d e"], ["a b c d e"]) == pytest.approx(100.0)
    assert bleu_score(["a b"], ["c d"]) == bleu_score(["a b"], [""]) == bleu_score([""], ["a"]) == 0.0
    assert bleu_score(["a b"], ["a b"]) == 0.0  # no 3-gram
    assert bleu_score(["a b"], ["a b"], effective_order=True) == sentence_bleu("a b", "a b") == pytest.approx(100.0)


def test_the_order_of_the_sentences_does_not_matter(pairs: Pairs) -> None:
    order = np.random.default_rng(1).permutation(1000)
    shuffled = [[part[index] for index in order] for part in pairs]
    assert bleu_score(*shuffled) == bleu_score(*pairs)


def test_ngrams_by_hand() -> None:
    assert ngrams("aab", 1) == {("a",): 2, ("b",): 1}
    assert ngrams(["a", "b"], 2) == {("a", "b"): 1}
    assert ngrams("ab", 3) == {}


def test_tokens_by_hand() -> None:
    assert tokenize_13a("Hello, (world) 3.5 5-6 a-b &quot;x&quot; U.S.") == [
        "Hello", ",", "(", "world", ")", "3.5", "5", "-", "6", "a-b", '"', "x", '"', "U", ".", "S", "."]


def test_tokens_are_sacrebleus(pairs: Pairs) -> None:
    tokenizer_13a = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a")
    theirs = tokenizer_13a.Tokenizer13a()
    marks = [f"1{mark}a{mark}2{mark} {mark}" for mark in map(chr, range(32, 256))]
    for text in (*pairs[0], *pairs[1], *marks):
        assert tokenize_13a(text) == theirs(text.rstrip()).split()


ARGUMENTS = [dict(zip(("smoothing", "effective_order", "tokenizer", "max_order"), values, strict=True)) for values in
            itertools.product(("exp", "none"), (False, True), ("13a", "none"), (1, 4, 6))]


def theirs(smoothing: str, effective_order: bool, tokenizer: str, max_order: int) -> Any:
    """The score object of sacrebleu with these arguments."""
    sacrebleu = pytest.importorskip("sacrebleu")
    return sacrebleu.BLEU(smooth_method=smoothing, effective_order=effective_order, tokenize=tokenizer,
                          max_ngram_order=max_order, force=True)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: "-".join(map(str, arguments.values())))
def test_it_is_sacrebleus(pairs: Pairs, arguments: dict[str, Any]) -> None:
    metric = theirs(**arguments)
    references, hypotheses = pairs
    expected = metric.corpus_score(hypotheses, [references]).score
    assert bleu_score(references, hypotheses, **arguments) == pytest.approx(expected, rel=1e-12)
    sentences = list(zip(references, hypotheses, strict=True))
    for reference, hypothesis in sentences if arguments["max_order"] == 4 else sentences[:100]:
        expected = metric.sentence_score(hypothesis, [reference]).score
        assert sentence_bleu(reference, hypothesis, **arguments) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_the_defaults_are_sacrebleus(pairs: Pairs) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    references, hypotheses = pairs
    assert bleu_score(*pairs) == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references], force=True).score)
    for reference, hypothesis in list(zip(*pairs, strict=True))[:100]:
        assert sentence_bleu(reference, hypothesis) == pytest.approx(
            sacrebleu.sentence_bleu(hypothesis, [reference]).score)


@pytest.mark.parametrize("arguments, message", [
    ({"max_order": 0}, "max_order is 0; it must be an integer of at least 1"),
    ({"smoothing": "expo"}, "smoothing is 'expo'; it must be one of 'exp', .* did you mean 'exp'"),
    ({"tokenizer": "zh"}, "tokenizer is 'zh'; it must be one of '13a', 'none'"),
])
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bleu_score(["a"], ["a"], **arguments)
