"""chrF: by hand, by property, against sacrebleu on 1,000 random pairs."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.text import bleu_score, chrf_score

Pairs = tuple[list[str], list[str]]


def test_by_hand() -> None:
    precision = (3 / 4 + 2 / 3 + 1 / 2 + 0 / 1) / 4  # g a t; ga at; gat; none. gata has 4, 3, 2, 1; no order has more
    assert chrf_score(["gato"], ["gata"]) == pytest.approx(100 * precision)
    # hypothesis "ga": precision 1 for orders 1 and 2; recall 2/4 and 1/3
    recall = (2 / 4 + 1 / 3) / 2
    assert chrf_score(["gato"], ["ga"]) == pytest.approx(100 * 5 * recall / (4 + recall))
    assert chrf_score(["gato"], ["ga"], beta=0.0) == pytest.approx(100.0)


def test_another_ending_counts_in_part() -> None:
    references, hypotheses = ["los gatos negros duermen"], ["el gato negro duerme"]
    assert bleu_score(references, hypotheses) == 0.0 < 40.0 < chrf_score(references, hypotheses)


def test_the_bounds() -> None:
    assert chrf_score(["el gato"], ["elgato"]) == pytest.approx(100.0)  # spaces are removed
    assert chrf_score(["ab"], ["xy"]) == chrf_score(["ab"], [""]) == chrf_score([""], ["ab"]) == 0.0


def test_precision_and_recall_change_places(pairs: Pairs) -> None:
    references, hypotheses = pairs
    for a, b in list(zip(references, hypotheses, strict=True))[:100]:
        assert chrf_score([a], [b], beta=1.0) == pytest.approx(chrf_score([b], [a], beta=1.0))
    assert chrf_score(*pairs, beta=2.0) != pytest.approx(chrf_score(*pairs, beta=0.5))


def test_the_order_of_the_sentences_does_not_matter(pairs: Pairs) -> None:
    order = np.random.default_rng(1).permutation(1000)
    assert chrf_score(*([part[index] for index in order] for part in pairs)) == chrf_score(*pairs)


@pytest.mark.parametrize("beta", [2, 1, 3])
def test_it_is_sacrebleus(pairs: Pairs, beta: int) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    metric = sacrebleu.CHRF(beta=beta)
    references, hypotheses = pairs
    expected = metric.corpus_score(hypotheses, [references]).score
    assert chrf_score(references, hypotheses, beta) == pytest.approx(expected, rel=1e-12)
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        expected = metric.sentence_score(hypothesis, [reference]).score
        assert chrf_score([reference], [hypothesis], beta) == pytest.approx(expected, rel=1e-12)


def test_the_defaults_are_sacrebleus(pairs: Pairs) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    references, hypotheses = pairs
    assert chrf_score(*pairs) == pytest.approx(sacrebleu.corpus_chrf(hypotheses, [references]).score, rel=1e-12)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="beta is -1.0; it must be a finite number of at least 0"):
        chrf_score(["a"], ["a"], beta=-1.0)
