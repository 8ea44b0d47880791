"""A translator word by word, with a dictionary that is learned from pairs of sentences: the baseline for a network.

It is two tables of `ibm1`, one for each direction. The translation of a source word is the target word with the highest
product of both probabilities, t(target | source) · t(source | target): each of the two must explain the other. The
words stay in the order of the source, and one that no training pair had stays as it is: names are often the same.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.text.ibm1 import NULL, IBMModel1, translation_probability
from scratchtune.text.tokens import detokenize, tokenize

SMALLEST = 1e-300  # of a product of probabilities, which may underflow


class Dictionary:
    """A word-by-word translator, learned by ``iterations`` of EM in each direction.

    >>> pairs = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]
    >>> Dictionary().fit(pairs).translate("Ein Haus, Noah")
    'a house, noah'
    """

    def __init__(self, iterations: int = 20) -> None:
        self.forward, self.backward = IBMModel1(iterations), IBMModel1(iterations)
        self.words: dict[str, str] = {}  # the translation of each source word
        self._numbers: dict[str, int] = {}
        self._ends = self._targets = np.zeros(0, np.int64)
        self._shares = np.zeros(0)

    def fit(self, pairs: Sequence[tuple[str, str]]) -> Dictionary:
        """Learn the dictionary of pairs (source, target), and return the translator."""
        pairs = pairs if isinstance(pairs, str) else list(pairs)
        forward = self.forward.fit(pairs)
        backward = self.backward.fit([(target, source) for source, target in pairs])
        real, same = (np.flatnonzero(model.sources != NULL) for model in (forward, backward))
        same = same[np.lexsort((backward.sources[same], backward.targets[same]))]  # the same entries in the same order
        product = forward.table[real] * backward.table[same]
        sources, targets = forward.sources[real], forward.targets[real]
        self._numbers = {word: number for number, word in enumerate(forward.source_words, start=1)}
        self._ends = np.searchsorted(sources, np.arange(len(forward.source_words) + 2))
        self._targets, self._shares = targets, translation_probability(
            np.sqrt(np.maximum(product, SMALLEST)), sources)
        order = np.lexsort((targets, -product, sources))  # by source word, its best target word first
        first = order[np.unique(sources[order], return_index=True)[1]]
        self.words = {forward.source_words[source - 1]: forward.target_words[target - 1]
                      for source, target in zip(sources[first], targets[first], strict=True)}
        return self

    def probabilities(self, word: str) -> dict[str, float]:
        """The translations of a source word with their probabilities, which sum to 1; none for an unknown word.

        They are proportional to the geometric mean of both directions, √(t(target | source) · t(source | target)).
        """
        if word not in self._numbers:
            return {}
        here = slice(*self._ends[self._numbers[word] : self._numbers[word] + 2])
        return {self.forward.target_words[target - 1]: float(share)
                for target, share in zip(self._targets[here], self._shares[here], strict=True)}

    def translate(self, texts: Any) -> Any:
        """Return the translation of a text, or the list of those of a list of texts, in lower case."""
        if not self.words:
            raise ValueError("the dictionary is empty; call fit first")
        several = [texts] if isinstance(texts, str) else list(texts)
        found = [detokenize([self.words.get(word, word) for word in tokenize(text)]) for text in several]
        return found[0] if isinstance(texts, str) else found
