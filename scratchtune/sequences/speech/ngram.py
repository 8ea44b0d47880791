"""An n-gram language model: the probability of each token of a text, given the n − 1 tokens before it.

A token is a letter or a word; the *context* of a token is the n − 1 tokens before it. A text is padded with n − 1 start
tokens, so that its first token has a full context too, and with one end token. The start is never predicted. The
probabilities of all tokens that can follow a context (the letters or words of the vocabulary, and the end) sum to 1.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.sequences.speech.smoothing import kneser_ney, perplexity, witten_bell

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
UNITS = ("character", "word")
SMOOTHINGS = ("kneser-ney", "witten-bell")
ARGUMENTS = ("order", "unit", "smoothing", "discount", "uniform", "alphabet")

Context = tuple[str, ...]


class _Followers:
    """What follows one context: the count of each token, and the sum of the counts."""

    __slots__ = ("counts", "total")

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts: dict[str, int] = dict(counts or {})
        self.total = sum(self.counts.values())

    def add(self, token: str) -> bool:
        """Count a token once more; return whether it is the first time."""
        self.counts[token] = self.counts.get(token, 0) + 1
        self.total += 1
        return self.counts[token] == 1


class NGram:
    """A language model of characters or words with interpolated smoothing.

    ``order``: n; a token depends on the n − 1 before it. ``unit``: "character", or "word" (a text is split at
    spaces). ``smoothing``: "kneser-ney" (formula [kneser_ney], with ``discount``) or "witten-bell" ([witten_bell], no
    discount). ``alphabet``: all letters that can occur, also those that no fitted text has; for characters only.

    ``uniform``: whether order 1 is interpolated with the uniform distribution over the vocabulary, so that every letter
    of the alphabet and, for words, the unknown word "<unk>" have a probability above 0. Without it, order 1 has the
    relative frequencies of its counts, as in NLTK.

    >>> model = NGram(order=2, smoothing="witten-bell", uniform=False).fit(["ab", "a"])
    >>> round(model.probability("a", "b"), 4)  # (1 + 2 · 1/5) / (2 + 2): "b" is 1 of 5 tokens
    0.35
    """

    def __init__(
        self, order: int = 3, unit: str = "character", smoothing: str = "kneser-ney", discount: float = 0.75,
        uniform: bool = True, alphabet: Iterable[str] | None = None,
    ) -> None:
        self.order = checks.integer("order", order, 1)
        self.unit = checks.choice("unit", unit, UNITS)
        self.smoothing = checks.choice("smoothing", smoothing, SMOOTHINGS)
        self.discount = checks.real("discount", discount, 0.0, 1.0)
        self.uniform = checks.boolean("uniform", uniform)
        self.alphabet = self._checked_alphabet(alphabet)
        self.vocabulary: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()
        self._orders: list[dict[Context, _Followers]] = []  # by the length of the context
        self._rows: dict[Context, np.ndarray] = {}  # what `log_distribution` has returned, for characters

    def _checked_alphabet(self, alphabet: Any) -> tuple[str, ...] | None:
        if alphabet is None:
            return None
        if self.unit == "word":
            raise ValueError(f"alphabet is {alphabet!r:.80}, and unit='word' has none; it must be None")
        letters = tuple(alphabet)
        for letter in letters:
            if not isinstance(letter, str) or len(letter) != 1:
                raise ValueError(f"alphabet holds {letter!r}; it must hold single characters")
        return letters

    # Fitting ---------------------------------------------------------------------------------------------------------

    def fit(self, texts: Iterable[str]) -> NGram:
        """Count the n-grams of some texts, and return the model; counts of an earlier fit are discarded."""
        sentences = [self._split("texts", text) for text in _listed(texts)]
        seen = {token for sentence in sentences for token in sentence}
        self.vocabulary = self._made_vocabulary(seen)
        self._known, self._rows = frozenset(self.vocabulary), {}
        self._orders = [defaultdict(_Followers) for _ in range(self.order)]
        for sentence in sentences:
            padded = self.start() + (*sentence, END)
            for position in range(self.order - 1, len(padded)):
                self._count(padded[position - self.order + 1 : position], padded[position])
        self._orders = [dict(contexts) for contexts in self._orders]
        return self

    def _made_vocabulary(self, seen: set[str]) -> tuple[str, ...]:
        if self.alphabet is None:
            return (END, *((UNKNOWN,) if self.unit == "word" else ()), *sorted(seen - {UNKNOWN}))
        if outside := sorted(seen - set(self.alphabet)):
            raise ValueError(f"texts hold {checks.quoted(outside)}, which is not in the alphabet "
                             f"{''.join(self.alphabet)!r}; every letter must be")
        return (END, *dict.fromkeys(self.alphabet))

    def _count(self, context: Context, token: str) -> None:
        """Count an n-gram in all orders.

        In the lower orders of Kneser-Ney, the count of an n-gram is the number of distinct tokens that occur before it.
        So it grows only if the n-gram with the token before is new.
        """
        for length in range(self.order - 1, -1, -1):
            is_new = self._orders[length][context[self.order - 1 - length :]].add(token)
            if self.smoothing == "kneser-ney" and not is_new:
                return

    # Files -----------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments and all counts as a dict that can be written as JSON."""
        self._check_fitted()
        counts = [[[list(context), found.counts] for context, found in contexts.items()] for contexts in self._orders]
        return {name: getattr(self, name) for name in ARGUMENTS} | {
            "alphabet": None if self.alphabet is None else "".join(self.alphabet),
            "vocabulary": list(self.vocabulary), "counts": counts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NGram:
        """Return the model that `to_dict` described."""
        if not isinstance(values, Mapping) or {*values} != {*ARGUMENTS, "vocabulary", "counts"}:
            raise ValueError(f"values is {values!r:.80}; it must be what `NGram.to_dict` returns")
        model = cls(**{name: values[name] for name in ARGUMENTS})
        model.vocabulary = tuple(values["vocabulary"])
        model._known = frozenset(model.vocabulary)
        model._orders = [{tuple(context): _Followers(counts) for context, counts in contexts}
                         for contexts in values["counts"]]
        return model

    # Probabilities ---------------------------------------------------------------------------------------------------

    def probability(self, context: Sequence[str], token: str) -> float:
        """Probability of a token after a context.

        ``context``: a text, or a list of tokens, of which only the last n − 1 are used; with fewer tokens the
        probability is that of a lower order. A context that begins with `START` ("<s>") is the beginning of a text.
        ``token``: a letter, a word, or `END` ("</s>").
        """
        self._check_fitted()
        if not isinstance(token, str):
            raise TypeError(f"token is {token!r} ({type(token).__name__}); it must be a letter, a word, or {END!r}")
        if token == START:
            raise ValueError(f"token is {START!r}, the start of a text, which is never predicted")
        tokens = self._split("context", context) if isinstance(context, str) else tuple(context)
        if tokens[:1] == (START,):
            tokens = self.start() + tokens[1:]
        tokens = tuple(item if item == START else self._token("context", item) for item in tokens)
        return self._probability(self.shortened(tokens), self._token("token", token))

    def score(self, text: str) -> float:
        """Log-probability (natural logarithm) of a text and its end; -inf if it is impossible."""
        self._check_fitted()
        tokens = tuple(self._token("text", token) for token in self._split("text", text))
        padded = self.start() + (*tokens, END)
        return math.fsum(self.log_probability(padded[position - self.order + 1 : position], padded[position])
                         for position in range(self.order - 1, len(padded)))

    def perplexity(self, texts: Iterable[str]) -> float:
        """Perplexity of some texts, formula [perplexity]; each text has an end token."""
        texts = _listed(texts)
        total = math.fsum(self.score(text) for text in texts)
        return math.inf if total == -math.inf else perplexity(total, sum(len(self.tokens(text)) + 1 for text in texts))

    def tokens(self, text: str) -> tuple[str, ...]:
        """The tokens of a text, without start and end; an unknown word is "<unk>", an unknown letter an error."""
        self._check_fitted()
        return tuple(self._token("text", token) for token in self._split("text", text))

    def start(self) -> Context:
        """The context of a text's first token."""
        return (START,) * (self.order - 1)

    def shortened(self, context: Context) -> Context:
        """The part of a context on which the next token depends: its last n − 1 tokens."""
        return context[max(len(context) - self.order + 1, 0) :]

    def log_probability(self, context: Context, token: str) -> float:
        """Logarithm of the probability of a token after at most n − 1 tokens; neither is checked."""
        value = self._probability(context, token)
        return math.log(value) if value > 0.0 else -math.inf

    def log_distribution(self, context: Context) -> np.ndarray:
        """Log-probabilities of the whole ``vocabulary``, (tokens,), after at most n − 1 tokens, which are not checked.

        Those of characters are cached, since a decoder needs the same contexts many times.
        """
        self._check_fitted()
        if context not in self._rows:
            lower = np.full(len(self.vocabulary), 1.0 / len(self.vocabulary))
            for length, found in enumerate(self._seen(context)):
                counts = np.array([found.counts.get(token, 0) for token in self.vocabulary])
                lower = self._smoothed(found, counts, lower, length)
            with np.errstate(divide="ignore"):
                row = np.log(lower)
            if self.unit == "word":
                return row
            self._rows[context] = row
        return self._rows[context]

    def _probability(self, context: Context, token: str) -> float:
        value = 1.0 / len(self.vocabulary)
        for length, found in enumerate(self._seen(context)):
            value = float(self._smoothed(found, found.counts.get(token, 0), value, length))
        return value

    def _seen(self, context: Context) -> Iterator[_Followers]:
        """Yield what follows each suffix of a context, from order 1 to the longest suffix that has been seen."""
        for length in range(len(context) + 1):
            found = self._orders[length].get(context[len(context) - length :])
            if found is None:
                return
            yield found

    def _smoothed(self, found: _Followers, count: Any, lower: Any, length: int) -> Any:
        """The probabilities of tokens with these counts, from those of the order below."""
        if length == 0 and not self.uniform:
            return count / found.total
        if self.smoothing == "kneser-ney":
            return kneser_ney(count, found.total, len(found.counts), self.discount, lower)
        return witten_bell(count, found.total, len(found.counts), lower)

    # Checking --------------------------------------------------------------------------------------------------------

    def _check_fitted(self) -> None:
        if not self._orders:
            raise protocol.not_fitted(self)

    def _split(self, name: str, text: Any) -> tuple[str, ...]:
        if not isinstance(text, str):
            raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
        tokens = tuple(text) if self.unit == "character" else tuple(text.split())
        for token in (START, END):
            if token in tokens:
                raise ValueError(f"{name} holds the word {token!r}, which stands for the start or end of a text")
        return tokens

    def _token(self, name: str, token: Any) -> str:
        if token in self._known:
            return token
        if self.unit == "word":
            return UNKNOWN
        letters = "".join(self.vocabulary[1:])
        raise ValueError(f"{name} holds {token!r}, which this model does not know; its letters are {letters!r:.120}")


def _listed(texts: Any) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"texts is the single text {texts!r:.80}; it must be a list of texts")
    texts = list(texts)
    if not texts:
        raise ValueError("texts is empty; it must hold at least one text")
    return texts
