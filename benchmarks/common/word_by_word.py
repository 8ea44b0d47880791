"""Two translators without a network, to compare others with: a dictionary, and the nearest training pair.

The dictionary is learned from pairs of sentences by IBM Model 1, in both directions. The model writes each target word
independently: it chooses one of the source words, or NULL, all with equal probability, and then a target word from the
table t(target word | source word). Expectation maximisation repeats two steps, from a uniform table:

    E step    pₙᵢ = tₙᵢ / Σⱼ[tₙⱼ]         the probability that target word n translates source word i of its sentence
    M step    tₖ = cₖ / Σₗ[cₗ : sₗ = sₖ]   cₖ is the sum of the p of entry k, sₖ its source word

Source: Brown, Della Pietra, Della Pietra and Mercer (1993), "The mathematics of statistical machine translation",
equations 14 and 17.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.sequences.text import detokenize, tokenize

Pairs = Sequence[tuple[str, str]]
NULL = ""  # an empty word at the head of every source sentence; it explains words that translate none of the others


def ibm1(pairs: Sequence[tuple[list[str], list[str]]], iterations: int = 20) -> dict[tuple[str, str], float]:
    """The table t(target | source) of tokenised pairs: the probability of (source word, target word).

    >>> books = [("das haus", "the house"), ("das buch", "the book"), ("ein buch", "a book")]
    >>> table = ibm1([(source.split(), target.split()) for source, target in books], 3)
    >>> [round(table["buch", word], 2) for word in ("book", "a", "the")]
    [0.73, 0.16, 0.11]
    """
    entries: dict[tuple[str, str], int] = {}
    found = [(n, entries.setdefault((word, written), len(entries))) for n, (source, written) in enumerate(
        (source, written) for source, target in pairs for written in target) for word in (NULL, *source)]
    words, links = np.array(found).T  # of each possible alignment: the target word's number, the entry of the table
    sources = np.unique([source for source, _ in entries], return_inverse=True)[1]
    table = np.ones(len(entries))
    for _ in range(iterations):
        shares = table[links] / np.bincount(words, table[links])[words]
        counts = np.bincount(links, shares)
        table = counts / np.bincount(sources, counts)[sources]
    return dict(zip(entries, table.tolist(), strict=True))


def dictionary(pairs: Pairs) -> dict[str, str]:
    """The translation of each source word: the target word with the largest t(target | source) · t(source | target).

    >>> dictionary([("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")])["haus"]
    'house'
    """
    split = [(tokenize(source), tokenize(target)) for source, target in pairs]
    forward, backward = ibm1(split), ibm1([(target, source) for source, target in split])
    best: dict[str, tuple[float, str]] = {}
    for (source, target), share in forward.items():
        if source != NULL and (score := share * backward[target, source]) > best.get(source, (-1.0, ""))[0]:
            best[source] = score, target
    return {source: target for source, (_, target) in best.items()}


def word_by_word(words: dict[str, str], texts: Sequence[str]) -> list[str]:
    """Translate each word by a dictionary, in the order of the source; an unknown word stays: it may be a name."""
    return [detokenize([words.get(word, word) for word in tokenize(text)]) for text in texts]


def nearest_pairs(pairs: Pairs, texts: Sequence[str]) -> list[str]:
    """The translation of the training sentence that shares the largest share of both sentences' words (Jaccard)."""
    known = [frozenset(tokenize(source)) for source, _ in pairs]
    found = []
    for own in map(set, map(tokenize, texts)):
        nearest = int(np.argmax([len(own & other) / len(own | other) for other in known]))
        found.append(detokenize(tokenize(pairs[nearest][1])))
    return found
