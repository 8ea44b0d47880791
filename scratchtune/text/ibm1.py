"""IBM Model 1: a dictionary with probabilities, learned from pairs of sentences; the baseline for a translator.

The model writes each target word independently: it chooses one of the source words, or NULL, all with equal
probability, and then a target word from the table t(target word | source word). Which source word it was, the
*alignment*, is not observed. Expectation maximisation (EM) repeats two steps from a uniform table:

    E step    alignments that the table makes probable: their expected counts   `alignment_posterior`, `expected_counts`
    M step    the table that these counts make most probable                    `translation_probability`

The likelihood never falls, and has a single maximum value, so the start does not matter. NULL is an empty word at the
head of every source sentence, which explains target words that translate none of the others.

| symbol | here | shape |
|---|---|---|
| target words of sentences with equally many source words | ``n`` | |
| source words of such a sentence, NULL first | ``i`` | |
| entries of the table, the pairs of words that occur in some pair of sentences | ``k`` | |
| which entry belongs to a target word and a source word of its sentence | ``links`` | (n, i) |

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.text.tokens import tokenize

NULL = 0  # the id of NULL among the source words


# Formulas -------------------------------------------------------------------------------------------------------------


def alignment_posterior(probabilities: np.ndarray) -> np.ndarray:
    """E step: the probability that a target word translates each of its sentence's source words, given the table.

    Formula [alignment_posterior]
        pₙᵢ = tₙᵢ / Σⱼ[tₙⱼ]
    Where
        t: probabilities, (n, i), >= 0; sampled > 0, t(target word n | source word i), NULL among the source words
    Returns
        p, (n, i), >= 0; each row sums to 1.
    Variant
        In Model 2 and later ones the position of a source word matters too; in Model 1 that factor is constant.
    Source
        Brown, Della Pietra, Della Pietra and Mercer (1993), "The mathematics of statistical machine translation",
        equation 17, the quotient in front of the sums.
    Example
        >>> alignment_posterior(np.array([[1.0, 3.0]])).tolist()
        [[0.25, 0.75]]
    """
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def expected_counts(posterior: np.ndarray, links: np.ndarray, counts: np.ndarray) -> None:
    """E step: add to the expected counts how often each source word was translated by each target word.

    Formula [expected_counts]
        c'ₖ = cₖ + Σₙᵢ[pₙᵢ · (1 if wₙᵢ = k else 0)]
    Where
        p: posterior, (n, i), >= 0, the probability that target word n translates source word i
        w: links, (n, i), index of k, the entry of the table for these two words
        c: counts, (k,), >= 0, in place: c becomes c'
    Source
        Brown, Della Pietra, Della Pietra and Mercer (1993), equation 17: a word that occurs several times in a sentence
        counts each time.
    Example
        >>> counts = np.zeros(3)
        >>> expected_counts(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([[0, 2], [0, 1]]), counts)
        >>> counts.tolist()
        [1.25, 0.0, 0.75]
    """
    counts += np.bincount(links.ravel(), posterior.ravel(), minlength=counts.size)


def translation_probability(counts: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """M step: the share of a source word's expected counts that each of its target words has.

    Formula [translation_probability]
        tₖ = cₖ / Σₗ[cₗ · (1 if sₗ = sₖ else 0)]
    Where
        c: counts, (k,), > 0, the expected counts of the table's entries
        s: sources, (k,), integer >= 0; sampled in [0, 3], the source word of each entry
    Returns
        t, (k,); those of a source word sum to 1.
    Source
        Brown, Della Pietra, Della Pietra and Mercer (1993), equation 14.
    Example
        >>> translation_probability(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1])).tolist()
        [0.25, 0.75, 1.0]
    """
    return counts / np.bincount(sources, counts)[sources]


def ibm1_log_likelihood(probabilities: np.ndarray) -> float:
    """Log-likelihood of target words: for each, the logarithm of the table's mean over the source words, and NULL.

    Formula [ibm1_log_likelihood]
        L = Σₙ[log(meanᵢ[tₙᵢ])]
    Where
        t: probabilities, (n, i), >= 0; sampled > 0, t(target word n | source word i), NULL among the source words
    Returns
        L, a scalar; EM never makes it smaller.
    Variant
        Brown et al. have a factor ε in addition, the probability of the target's length, which is the same for all.
    Source
        Brown, Della Pietra, Della Pietra and Mercer (1993), the logarithm of equation 16.
    Example
        >>> round(float(ibm1_log_likelihood(np.array([[0.5, 0.3], [0.1, 0.1]]))), 4)  # log 0.4 + log 0.1
        -3.2189
    """
    return np.log(probabilities.mean(axis=1)).sum()


# The model ------------------------------------------------------------------------------------------------------------


class IBMModel1:
    """A table of translation probabilities between the words of two languages, learned by ``iterations`` of EM.

    Texts are split by `tokenize`, and letters become lower case.

    >>> pairs = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]
    >>> {word: round(value, 2) for word, value in IBMModel1(iterations=3).fit(pairs).probabilities("buch").items()}
    {'book': 0.73, 'a': 0.16, 'the': 0.11}
    """

    def __init__(self, iterations: int = 20) -> None:
        self.iterations = checks.integer("iterations", iterations, 1)
        self.log_likelihoods: list[float] = []  # before the first iteration, and after each
        self.source_words: list[str] = []  # the word with the id 1 first; 0 is `NULL`
        self.target_words: list[str] = []
        self.sources = self.targets = np.zeros(0, np.int64)  # ids of the words of each entry of the table
        self.table = np.zeros(0)

    def fit(self, pairs: Iterable[tuple[str, str]]) -> IBMModel1:
        """Learn the table of pairs (source, target), and return the model."""
        split = tokenized_pairs(pairs)
        source_ids, target_ids = (numbered(texts) for texts in zip(*split, strict=True))
        self.source_words, self.target_words = list(source_ids), list(target_ids)
        keys = self._keys(split, source_ids, target_ids)
        entries, links = np.unique(np.concatenate([key.ravel() for key in keys]), return_inverse=True)
        self.sources, self.targets = np.divmod(entries, len(target_ids) + 1)
        ends = np.cumsum([key.size for key in keys])[:-1]
        groups = [part.reshape(key.shape) for part, key in zip(np.split(links, ends), keys, strict=True)]
        self.table = np.full(len(entries), 1.0 / len(target_ids))
        self.log_likelihoods = [self._log_likelihood(groups)]
        for _ in range(self.iterations):
            counts = np.zeros(len(entries))
            for group in groups:
                expected_counts(alignment_posterior(self.table[group]), group, counts)
            self.table = translation_probability(counts, self.sources)
            self.log_likelihoods.append(self._log_likelihood(groups))
        return self

    def _log_likelihood(self, groups: list[np.ndarray]) -> float:
        return float(sum(ibm1_log_likelihood(self.table[group]) for group in groups))

    @staticmethod
    def _keys(
        split: list[tuple[list[str], list[str]]], source_ids: dict[str, int], target_ids: dict[str, int],
    ) -> list[np.ndarray]:
        """The keys (source id · base + target id) of all links: an array (n, i) for each number i of source words."""
        rows: dict[int, tuple[list[list[int]], list[int]]] = {}
        for source, target in split:
            ids = [NULL, *(source_ids[word] for word in source)]
            sentences, words = rows.setdefault(len(ids), ([], []))
            sentences += [ids] * len(target)
            words += [target_ids[word] for word in target]
        base = len(target_ids) + 1
        return [np.array(sentences, np.int64) * base + np.array(words)[:, None] for sentences, words in rows.values()]

    def probabilities(self, word: str | None) -> dict[str, float]:
        """t(target word | source word) of a source word, the most probable first; of NULL, if ``word`` is None.

        A word that no pair had has none.
        """
        if word is not None and word not in self.source_words:
            return {}
        here = np.flatnonzero(self.sources == (NULL if word is None else self.source_words.index(word) + 1))
        best = here[np.argsort(-self.table[here], kind="stable")]
        return {self.target_words[self.targets[k] - 1]: float(self.table[k]) for k in best}


def numbered(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """The words of some texts, with their ids from 1 in the order of their first occurrence."""
    words = dict.fromkeys(word for text in texts for word in text)
    return {word: number for number, word in enumerate(words, start=1)}


def tokenized_pairs(pairs: Any) -> list[tuple[list[str], list[str]]]:
    """The tokens of pairs of texts; an error for anything else, or a text without tokens."""
    if isinstance(pairs, str):
        raise TypeError(f"pairs is the single text {pairs!r:.80}; it must be a list of pairs (source, target)")
    found = []
    for number, pair in enumerate(pairs):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise ValueError(f"pairs[{number}] is {pair!r:.80}; it must be a pair of texts (source, target)")
        source, target = map(tokenize, pair)
        if not (source and target):
            raise ValueError(f"pairs[{number}] is {pair!r:.80}; each text must hold at least one token")
        found.append((source, target))
    if not found:
        raise ValueError("pairs is empty; it must hold at least one pair (source, target)")
    return found
