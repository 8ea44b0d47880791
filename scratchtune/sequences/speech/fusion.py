"""Fusion: how the scores of the network and of a language model are combined in the search for a text.

The score of a text is the sum of three terms (`fused`): the log-probability by the network, that by the language model
times a weight, and a bonus for each token. A token is a letter; with a language model of words it is a word, which is
complete at the next space or the end. Without the bonus a language model favours short texts, since every token has a
probability below 1.

The search (see `decoding`) extends *prefixes*, the beginnings of texts, by one letter at a time. A *guide* computes
what each letter adds to the language model's term; its *state* is what it needs to know about the prefix.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from scratchtune import jit
from scratchtune.sequences.speech.ngram import END, UNKNOWN, Context, NGram


@jit.function
def fused(acoustic, language, tokens, weight, bonus):
    """Score of a text, or of the beginning of one, by network and language model.

    Formula [fused_score]
        s = a + w · l + b · n
    Where
        a: acoustic, scalar, <= 0, the network's log-probability of the text
        l: language, scalar, <= 0, the language model's
        n: tokens, scalar, integer >= 0, letters or words of the text
        w: weight, scalar, >= 0, the language model's weight
        b: bonus, scalar, real, the insertion bonus
    Returns
        s, a scalar.
    Variant
        Hannun et al. multiply probabilities, and write the bonus as |text|^β; its logarithm grows more slowly than
        b · n, which is what most decoders have.
    Source
        Hannun, Maas, Jurafsky and Ng (2014), "First-pass large vocabulary continuous speech recognition using
        bi-directional recurrent DNNs", equation 4; with b · n as in Graves and Jaitly (2014), section 4.
    Example
        >>> fused(-2.0, -3.0, 4, 0.5, 0.25)
        -2.5
    """
    return acoustic + weight * language + bonus * tokens


class Gains(NamedTuple):
    """What each letter adds to a prefix: the language model's log-probability, and the number of tokens."""

    language: np.ndarray  # (letters,), natural logarithms
    tokens: np.ndarray  # (letters,)


class Guide(Protocol):
    """The language model's part in a search."""

    def start(self) -> Any:
        """The state of the empty prefix."""

    def gains(self, state: Any) -> Gains:
        """What each letter adds to a prefix in this state."""

    def advance(self, state: Any, letter: int) -> Any:
        """The state after one more letter, given by its index in the alphabet."""

    def ending(self, state: Any) -> tuple[float, int]:
        """What the end of the text adds: a log-probability, and a number of tokens."""


class NoGuide:
    """Without a language model: every letter is a token, and adds no log-probability."""

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._gains = Gains(np.zeros(len(alphabet)), np.ones(len(alphabet)))

    def start(self) -> None:
        """No state."""

    def gains(self, state: None) -> Gains:
        """A token for each letter."""
        return self._gains

    def advance(self, state: None, letter: int) -> None:
        """No state."""

    def ending(self, state: None) -> tuple[float, int]:
        """Nothing."""
        return 0.0, 0


class CharacterGuide:
    """A model of characters: the state is the context, the last n − 1 letters."""

    def __init__(self, model: NGram, alphabet: Sequence[str]) -> None:
        numbers = {token: number for number, token in enumerate(model.vocabulary)}
        for letter in alphabet:
            if letter not in numbers:
                raise ValueError(f"alphabet holds {letter!r}, which language_model does not know; fit it with "
                                 "NGram(alphabet=...)")
        self._model, self._alphabet = model, alphabet
        self._numbers = np.array([numbers[letter] for letter in alphabet])
        self._tokens = np.ones(len(alphabet))
        self._gains: dict[Context, Gains] = {}

    def start(self) -> Context:
        """The context of the first letter."""
        return self._model.start()

    def gains(self, state: Context) -> Gains:
        """The log-probability of each letter after this context."""
        if state not in self._gains:
            self._gains[state] = Gains(self._model.log_distribution(state)[self._numbers], self._tokens)
        return self._gains[state]

    def advance(self, state: Context, letter: int) -> Context:
        """The context with one more letter."""
        return self._model.shortened((*state, self._alphabet[letter]))

    def ending(self, state: Context) -> tuple[float, int]:
        """The log-probability of the end, which is not a token that the bonus counts."""
        return self._model.log_probability(state, END), 0


class WordGuide:
    """A model of words: the state is the context, the last n − 1 words, and the letters of the word that has begun.

    With ``counts_only`` the log-probabilities are 0, and words are only counted, for the bonus.
    """

    def __init__(self, model: NGram, alphabet: Sequence[str], counts_only: bool) -> None:
        self._model, self._alphabet, self._counts_only = model, alphabet, counts_only
        self._known = frozenset(model.vocabulary)
        self._space = alphabet.index(" ") if " " in alphabet else -1
        self._none = Gains(np.zeros(len(alphabet)), np.zeros(len(alphabet)))
        self._gains: dict[tuple[Context, str], Gains] = {}

    def start(self) -> tuple[Context, str]:
        """The context of the first word."""
        return self._model.start(), ""

    def gains(self, state: tuple[Context, str]) -> Gains:
        """At a space, the log-probability of the word before it; other letters add nothing."""
        context, word = state
        if self._space < 0 or not word:
            return self._none
        token = self._token(word)
        if (context, token) not in self._gains:
            language, tokens = self._none.language.copy(), self._none.tokens.copy()
            language[self._space], tokens[self._space] = self._log_probability(context, token), 1.0
            self._gains[context, token] = Gains(language, tokens)
        return self._gains[context, token]

    def advance(self, state: tuple[Context, str], letter: int) -> tuple[Context, str]:
        """The word with one more letter, or the context with one more word."""
        context, word = state
        if letter != self._space:
            return context, word + self._alphabet[letter]
        return (self._model.shortened((*context, self._token(word))), "") if word else state

    def ending(self, state: tuple[Context, str]) -> tuple[float, int]:
        """The log-probability of the last word, if one has begun, and of the end."""
        context, word = state
        if not word:
            return self._log_probability(context, END), 0
        token = self._token(word)
        after = self._model.shortened((*context, token))
        return self._log_probability(context, token) + self._log_probability(after, END), 1

    def _log_probability(self, context: Context, token: str) -> float:
        return 0.0 if self._counts_only else self._model.log_probability(context, token)

    def _token(self, word: str) -> str:
        return word if word in self._known else UNKNOWN


def guide_of(model: Any, weight: float, alphabet: Sequence[str]) -> Guide:
    """The guide for a language model; with weight 0 its unit only decides whether the bonus counts letters or words."""
    if model is None:
        return NoGuide(alphabet)
    if not isinstance(model, NGram):
        raise TypeError(f"language_model is {model!r:.80} ({type(model).__name__}); it must be None or an NGram")
    model.tokens("")  # raises an error if it is not fitted
    if model.unit == "word":
        return WordGuide(model, alphabet, counts_only=weight == 0.0)
    return CharacterGuide(model, alphabet) if weight > 0.0 else NoGuide(alphabet)
