"""A dictionary as a prior for a translating network: it needs fewer pairs than a network to find which word is which.

At each step the next token comes from the network, or is the dictionary's translation of a source word. Which source
word that is, the alignment, follows the network's attention. But attention that was learned from few pairs is poor: so
words that have been translated already are left out, and the word after the last one translated is preferred. The end
becomes improbable while source words are left. The written tokens may be any word of the dictionary, not only those of
the network's vocabulary; the network reads such a word as the unknown token. A source word that the dictionary does not
have is copied: names are often the same.

| symbol | here | shape |
|---|---|---|
| source words of a text | ``j`` | |
| tokens that can be written | ``e`` | |
| coverage: how much of each source word has been translated | ``c`` | (j,) |

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scratchtune import checks
from scratchtune.text.chrf import sentence_chrf
from scratchtune.text.dictionary import Dictionary
from scratchtune.text.vocabulary import Vocabulary

WEIGHTS = (0.1, 0.3, 0.5, 0.7)  # from which `chosen_prior` chooses, or 0
NEXT_WORD = 0.3  # the share of [next_word_prior] in the alignment; the rest is the network's attention
END_PENALTY = 2.0  # γ of [end_factor]
EXPLAINED = 1e-4  # a token whose dictionary probability is lower translates no source word


def lexical_mixture(
    network: np.ndarray, alignment: np.ndarray, translations: np.ndarray, weight: float, unknown: float,
) -> np.ndarray:
    """Probabilities of the next token: a mixture of the network's and of the dictionary's translations.

    Formula [lexical_mixture]
        mₑ = (1 − w) · pₑ + (w + (1 − w) · u) · Σⱼ[aⱼ · tⱼₑ]
    Where
        p: network, (e,), in [0, 1], the network's probabilities, 0 for the unknown token
        a: alignment, (j,), in [0, 1], the probability that the next token translates source word j
        t: translations, (j, e), in [0, 1], the dictionary's probabilities
        w: weight, scalar, in [0, 1], of the dictionary
        u: unknown, scalar, in [0, 1], the network's probability of the unknown token, which the dictionary receives
    Returns
        m, (e,), in [0, 1]; it sums to 1 where p sums to 1 − u, a to 1 and each row of t to 1.
    Variant
        Arthur et al. have u = 0: their network writes the unknown token. They train the network with the mixture and
        learn w; here w is chosen on validation pairs.
    Source
        Arthur, Neubig and Nakamura (2016), "Incorporating discrete translation lexicons into neural machine
        translation", sections 3.1 and 3.2 (linear interpolation).
    Example
        >>> lexical_mixture(np.array([0.5, 0.3]), np.array([1.0]), np.array([[0.0, 1.0]]), 0.5, 0.2).tolist()
        [0.25, 0.75]
    """
    return (1.0 - weight) * network + (weight + (1.0 - weight) * unknown) * (alignment @ translations)


def next_word_prior(last: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Prior of the alignment: it is highest at the source word after the one that was translated last.

    Formula [next_word_prior]
        sₙⱼ = vₙⱼ · exp(−|j − lₙ − 1|) / Σᵢ[vₙᵢ · exp(−|i − lₙ − 1|)]
    Where
        l: last, (n,), integer; sampled in [0, 3], the position of the source word translated last, from 0; at first −1
        v: words, (n, j), >= 0; sampled > 0, 1 for a source word, 0 for padding
    Returns
        s, (n, j), >= 0; each row sums to 1.
    Source
        The idea: Vogel, Ney and Tillmann (1996), "HMM-based word alignment in statistical translation": the position
        depends on the previous one; there its distribution is learned.
    Example
        >>> next_word_prior(np.array([0]), np.array([[1.0, 1.0, 1.0]])).round(3).tolist()
        [[0.212, 0.576, 0.212]]
    """
    near = words * np.exp(-np.abs(np.arange(words.shape[1]) - last[:, None] - 1.0))
    return near / near.sum(axis=1, keepdims=True)


def uncovered_alignment(attention: np.ndarray, prior: np.ndarray, coverage: np.ndarray, share: float) -> np.ndarray:
    """Alignment of the next token: attention and the prior, on source words that have not been translated.

    Formula [uncovered_alignment]
        bₙⱼ = ((1 − m) · aₙⱼ + m · sₙⱼ) · max(1 − cₙⱼ, 0.001) ; qₙⱼ = bₙⱼ / Σᵢ[bₙᵢ]
    Where
        a: attention, (n, j), >= 0; sampled > 0, the network's weights, 0 for padding
        s: prior, (n, j), >= 0; sampled > 0, of [next_word_prior]
        c: coverage, (n, j), >= 0; sampled in [0, 2]
        m: share, scalar, in [0, 1], of the prior
    Returns
        q, (n, j), >= 0; each row sums to 1.
    Source
        The idea of coverage: Tu, Lu, Liu, Liu and Li (2016), "Modeling coverage for neural machine translation", where
        a network learns from it. This form, without training, is the project's own.
    Example
        >>> uncovered_alignment(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]), np.array([[0.0, 0.75]]), 0.3).tolist()
        [[0.8, 0.2]]
    """
    left = ((1.0 - share) * attention + share * prior) * np.maximum(1.0 - coverage, 0.001)
    return left / left.sum(axis=1, keepdims=True)


def end_factor(coverage: np.ndarray, words: np.ndarray, penalty: float) -> np.ndarray:
    """Factor of the end's probability: it falls with the number of source words that are left.

    Formula [end_factor]
        fₙ = exp(−γ · Σⱼ[vₙⱼ · max(1 − cₙⱼ, 0)])
    Where
        c: coverage, (n, j), >= 0; sampled in [0, 2]
        v: words, (n, j), >= 0; sampled in [0, 1], 1 for a source word, 0 for padding
        γ: penalty, scalar, >= 0; sampled in [0, 2]
    Returns
        f, (n,), in [0, 1]
    Source
        The project's own. Wu et al. (2016), "Google's neural machine translation system", equation 14, add a coverage
        penalty to the score of a whole sequence instead.
    Example
        >>> end_factor(np.array([[1.0, 0.5, 0.0]]), np.array([[1.0, 1.0, 0.0]]), 2.0).round(4).tolist()
        [0.3679]
    """
    return np.exp(-penalty * (words * np.maximum(1.0 - coverage, 0.0)).sum(axis=1))


class LexicalPrior:
    """A ``dictionary`` with its ``weight`` in the mixture [lexical_mixture], for `Seq2Seq.translate`.

    With the weight 0 the network translates alone. `Seq2Seq.choose_prior` chooses the weight on validation pairs: the
    default was chosen on verses, and harms a translator that is better than the dictionary.
    """

    def __init__(self, dictionary: Dictionary, weight: float = 0.5) -> None:
        if not isinstance(dictionary, Dictionary) or not dictionary.words:
            raise ValueError(f"dictionary is {dictionary!r:.80}; it must be a text.Dictionary that has been fitted")
        self.dictionary = dictionary
        self.weight = checks.real("weight", weight, 0.0, 1.0)


def chosen_prior(
    dictionary: Dictionary, references: Sequence[str], translate: Callable[[LexicalPrior | None], list[str]],
) -> LexicalPrior:
    """Return the dictionary as a prior with 0 or the weight of `WEIGHTS` that helps most on validation pairs.

    ``translate`` returns the translations with a prior, or without one; their score is the mean chrF of the sentences.
    A weight that is not better than 0, the network alone, by two standard errors of the paired differences is not
    taken.
    """
    def scores(prior: LexicalPrior | None) -> np.ndarray:
        return np.array(list(map(sentence_chrf, references, translate(prior))))

    alone, best, most = scores(None), LexicalPrior(dictionary, 0.0), 0.0
    for prior in (LexicalPrior(dictionary, weight) for weight in WEIGHTS):
        gains = scores(prior) - alone
        if gains.mean() > max(most, 2.0 * gains.std() / np.sqrt(len(gains))):
            best, most = prior, float(gains.mean())
    return best


class Mixture:
    """The mixture for some texts; ``tokens`` are all that can be written, those of the vocabulary first."""

    def __init__(
        self, prior: LexicalPrior, vocabulary: Vocabulary, texts: Sequence[Sequence[str]], length: int,
    ) -> None:
        self.prior, self.vocabulary = prior, vocabulary
        words = {word: prior.dictionary.probabilities(word.lower()) or {word: 1.0} for text in texts for word in text}
        self.tokens = list(dict.fromkeys([*vocabulary.tokens, *(token for row in words.values() for token in row)]))
        ids = {token: number for number, token in enumerate(self.tokens)}
        self.table = np.zeros((len(words) + 1, len(self.tokens)))  # the last row: padding
        for number, row in enumerate(words.values()):
            self.table[number, [ids[token] for token in row]] = list(row.values())
        numbers = {word: number for number, word in enumerate(words)}
        self.rows = np.full((len(texts), length), len(words))
        for line, text in zip(self.rows, texts, strict=True):
            line[: len(text)] = [numbers[word] for word in text]

    def read(self, prefixes: np.ndarray) -> np.ndarray:
        """The prefixes as the network reads them: the unknown token for those that are not in its vocabulary."""
        return np.where(prefixes < len(self.vocabulary), prefixes, self.vocabulary.unknown)

    def log_probabilities(
        self, network: np.ndarray, attention: np.ndarray, prefixes: np.ndarray, texts: np.ndarray,
    ) -> np.ndarray:
        """Log-probabilities of the next token (n, tokens), after prefixes (n, length) for texts with these numbers.

        ``network``: its log-probabilities, (n, vocabulary); ``attention``: its weights (n, length, source length).
        """
        rows, vocabulary = self.rows[texts], self.vocabulary
        words = (rows < len(self.table) - 1).astype(float)
        alignment, coverage = self._followed(attention, prefixes, rows, words)
        own = np.zeros((len(rows), len(self.tokens)))
        own[:, : len(vocabulary)] = np.exp(network)
        unknown = own[:, vocabulary.unknown].copy()
        own[:, [vocabulary.padding, vocabulary.unknown, vocabulary.start]] = 0.0
        found = np.array([lexical_mixture(own[n], alignment[n], self.table[rows[n]], self.prior.weight, unknown[n])
                          for n in range(len(rows))])
        found[:, vocabulary.end] *= end_factor(coverage, words, END_PENALTY)
        with np.errstate(divide="ignore"):
            return np.minimum(np.log(found), 0.0)

    def _followed(
        self, attention: np.ndarray, prefixes: np.ndarray, rows: np.ndarray, words: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The alignment of the next token, and the coverage by the prefixes, both (n, source length)."""
        coverage, last = np.zeros(rows.shape), np.full(len(rows), -1)
        for step in range(prefixes.shape[1]):
            prior = next_word_prior(last, words)
            alignment = uncovered_alignment(attention[:, step], prior, coverage, NEXT_WORD)
            if step + 1 < prefixes.shape[1]:
                shares = alignment * self.table[rows, prefixes[:, step + 1, None]]
                total = shares.sum(axis=1)
                is_translation = total > EXPLAINED
                shares[is_translation] /= total[is_translation, None]
                coverage[is_translation] += shares[is_translation]
                last = np.where(is_translation, shares.argmax(axis=1), last)
        return alignment, coverage
