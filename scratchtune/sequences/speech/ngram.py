"""An n-gram language model of letters: the probability of each letter of a text, given the n − 1 before it.

The *tokens* of a text are its letters and an end; the *context* of a token is the n − 1 tokens before it. A text is
padded with n − 1 start tokens, so that its first letter has a full context too. The start is never predicted. The
probabilities of all tokens that can follow a context (the letters of the vocabulary, and the end) sum to 1.

Smoothing gives a probability above 0 to tokens that were never seen after a context. Each order is interpolated with
the one below, whose context is shorter by its first token: a part of the probability is taken from the tokens that were
seen and given to all tokens, in proportion to their lower-order probabilities q. Below order 1, q is uniform.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.declared import check_types, exactly
from scratchtune.sequences.speech.alphabets import letters

START, END = "<s>", "</s>"
SMOOTHINGS = ("kneser-ney", "witten-bell")
ARGUMENTS = ("order", "smoothing", "discount", "uniform", "alphabet")
STORED = {"vocabulary": list[str], "counts": list[list[list[list[str] | dict[str, int]]]]}  # what a file holds besides
MOST_COUNT = 2**53  # floats are exact up to here

Context = tuple[str, ...]
Counts = dict[Context, Counter[str]]  # how often each token follows each context


def kneser_ney(count: Any, total: int, types: int, discount: float, lower: Any) -> Any:
    """Interpolated Kneser-Ney: a discount is taken from each count, and the rest is shared in proportion to q.

    Formula [kneser_ney]
        pᵢ = max(cᵢ − d, 0) / n + d · t / n · qᵢ
    Where
        c: count, (i,), integer >= 0; sampled in [0, 3], the count of each token after the context; a number or an array
        n: total, scalar, integer >= 1, the sum of the counts
        t: types, scalar, integer >= 1, how many of the counts are above 0
        d: discount, scalar, in [0, 1]
        q: lower, (i,), probabilities, of the order below
    Returns
        p, (i,); it sums to 1 if q does.
    Variant
        The highest order counts occurrences; each lower one counts distinct tokens before the n-gram. "Modified"
        Kneser-Ney (Chen and Goodman; KenLM) has three discounts, for counts of 1, 2, and 3 or more. Others estimate d
        as n₁ / (n₁ + 2 · n₂), where n₁ and n₂ are the n-grams that occur once and twice.
    Source
        Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", equation 25.
    Example
        >>> kneser_ney(np.array([3, 1, 0]), 4, 2, 0.5, np.array([0.25, 0.25, 0.5])).tolist()
        [0.6875, 0.1875, 0.125]
    """
    return np.maximum(count - discount, 0.0) / total + discount * types / total * lower


def witten_bell(count: Any, total: int, types: int, lower: Any) -> Any:
    """Interpolated Witten-Bell: the number of distinct tokens after the context is the weight of the order below.

    Formula [witten_bell]
        pᵢ = (cᵢ + t · qᵢ) / (n + t)
    Where
        c: count, (i,), integer >= 0; sampled in [0, 3], the count of each token after the context; a number or an array
        n: total, scalar, integer >= 1, the sum of the counts
        t: types, scalar, integer >= 1, how many of the counts are above 0
        q: lower, (i,), probabilities, of the order below
    Returns
        p, (i,); it sums to 1 if q does.
    Source
        Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", section 2.5.
    Example
        >>> witten_bell(np.array([3, 1, 0]), 4, 2, np.array([0.25, 0.25, 0.5])).round(4).tolist()
        [0.5833, 0.25, 0.1667]
    """
    return (count + types * lower) / (total + types)


def perplexity(log_probability: float, tokens: int) -> float:
    """Perplexity: the number of equally probable tokens among which a model would have to guess, on average.

    Formula [perplexity]
        y = exp(−l / n)
    Where
        l: log_probability, scalar, <= 0, of all texts
        n: tokens, scalar, integer >= 1, the tokens of all texts, with an end token for each
    Returns
        y, a scalar of at least 1.
    Variant
        Some leave the end tokens out of n, or take base-2 logarithms: 2 to the power of the cross-entropy in bits is
        the same number.
    Source
        Jurafsky and Martin, "Speech and language processing" (3rd edition), section 3.3.
    Example
        >>> round(perplexity(3 * math.log(0.25), 3), 12)
        4.0
    """
    return math.exp(-log_probability / tokens)


class NGram:
    """A language model of letters with interpolated smoothing.

    ``order``: n; a letter depends on the n − 1 before it. ``smoothing``: "kneser-ney" (formula [kneser_ney], with
    ``discount``) or "witten-bell" ([witten_bell], no discount). ``alphabet``: all letters that can occur, also those
    that no fitted text has; None for those of the texts.

    ``uniform``: whether order 1 is interpolated with the uniform distribution over the vocabulary, so that every letter
    of the alphabet has a probability above 0. Without it, order 1 has the relative frequencies of its counts, as in
    NLTK.

    >>> model = NGram(order=2, smoothing="witten-bell", uniform=False).fit(["ab", "a"])
    >>> round(model.probability("a", "b"), 4)  # (1 + 2 · 1/5) / (2 + 2): "b" is 1 of 5 tokens
    0.35
    """

    def __init__(
        self, order: int = 3, smoothing: str = "kneser-ney", discount: float = 0.75, uniform: bool = True,
        alphabet: Iterable[str] | None = None,
    ) -> None:
        self.order = checks.integer("order", order, 1)
        self.smoothing = checks.choice("smoothing", smoothing, SMOOTHINGS)
        self.discount = checks.real("discount", discount, 0.0, 1.0)
        self.uniform = checks.boolean("uniform", uniform)
        self.alphabet = None if alphabet is None else letters(alphabet)
        self.vocabulary: tuple[str, ...] = ()
        self._orders: list[Counts] = []  # by the length of the context
        self._rows: dict[Context, tuple[np.ndarray, np.ndarray]] = {}  # what `_distribution` has returned

    # Fitting ---------------------------------------------------------------------------------------------------------

    def fit(self, texts: Iterable[str]) -> NGram:
        """Count the n-grams of some texts, and return the model; counts of an earlier fit are discarded."""
        sentences = [_split("texts", text) for text in _listed(texts)]
        self.vocabulary = (END, *self._letters_of({token for sentence in sentences for token in sentence}))
        self._rows = {}
        orders: list[Counts] = [defaultdict(Counter) for _ in range(self.order)]
        for sentence in sentences:
            for context, token in self._steps(sentence):
                self._count(orders, context, token)
        self._orders = [dict(contexts) for contexts in orders]
        return self

    def _letters_of(self, seen: set[str]) -> Iterable[str]:
        """The letters of the vocabulary: of the alphabet, which must hold all that were seen, or those seen."""
        if self.alphabet is None:
            return sorted(seen)
        if outside := sorted(seen - set(self.alphabet)):
            raise ValueError(f"texts hold {checks.quoted(outside)}, which is not in the alphabet "
                             f"{''.join(self.alphabet)!r}; every letter must be")
        return self.alphabet

    def _count(self, orders: list[Counts], context: Context, token: str) -> None:
        """Count an n-gram in each order, highest first; a lower one of Kneser-Ney once for each token before it."""
        for length in range(self.order - 1, -1, -1):
            found = orders[length][context[self.order - 1 - length :]]
            found[token] += 1
            if self.smoothing == "kneser-ney" and found[token] > 1:
                return

    def _steps(self, tokens: Context) -> list[tuple[Context, str]]:
        """The context of each token of a text and of its end, and the token."""
        padded = self.start() + (*tokens, END)
        return [(padded[k - self.order + 1 : k], padded[k]) for k in range(self.order - 1, len(padded))]

    # Files -----------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments and all counts as a dict that can be written as JSON."""
        self._check_fitted()
        counts = [[[list(context), found] for context, found in contexts.items()] for contexts in self._orders]
        return {name: getattr(self, name) for name in ARGUMENTS} | {
            "alphabet": None if self.alphabet is None else "".join(self.alphabet),
            "vocabulary": list(self.vocabulary), "counts": counts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NGram:
        """Return the model that `to_dict` described."""
        given = exactly("values", values, [*ARGUMENTS, "vocabulary", "counts"])
        check_types({name: given[name] for name in STORED}, STORED)
        model = cls(**{name: given[name] for name in ARGUMENTS})
        model.vocabulary = tuple(given["vocabulary"])
        if model.vocabulary[:1] != (END,) or len(set(model.vocabulary)) < len(model.vocabulary):
            raise ValueError(f"vocabulary is {model.vocabulary!r:.80}; it must be {END!r} and different letters")
        model._orders = [{tuple(context): Counter(counts) for context, counts in contexts}
                         for contexts in given["counts"]]
        model._check_counts()
        return model

    def _check_counts(self) -> None:
        """Raise a ValueError unless each order has contexts of its length, with counts of known tokens."""
        if len(self._orders) != self.order or () not in self._orders[0]:
            raise ValueError(f"counts has {len(self._orders)} orders; it must have {self.order}, the first with ()")
        for length, contexts in enumerate(self._orders):
            for context, counts in contexts.items():
                if len(context) != length or not counts or not {*counts} <= {*self.vocabulary}:
                    raise ValueError(f"counts has {counts!r:.80} after {context!r:.80}, which no fit gives")
                for token, number in counts.items():
                    checks.integer(f"the count of {token!r}", number, 1, MOST_COUNT)

    # Probabilities ---------------------------------------------------------------------------------------------------

    def probability(self, context: Sequence[str], token: str) -> float:
        """Probability of a token after a context.

        ``context``: a text, or a list of tokens, of which only the last n − 1 are used; with fewer tokens the
        probability is that of a lower order. A context that begins with `START` ("<s>") is the beginning of a text.
        ``token``: a letter, or `END` ("</s>").
        """
        self._check_fitted()
        if not isinstance(token, str):
            raise TypeError(f"token is {token!r} ({type(token).__name__}); it must be a letter, or {END!r}")
        if token == START:
            raise ValueError(f"token is {START!r}, the start of a text, which is never predicted")
        tokens = tuple(context)
        if tokens[:1] == (START,):
            tokens = self.start() + tokens[1:]
        self._check_known("context", [item for item in tokens if item != START])
        self._check_known("token", [token])
        return float(self._distribution(self.shortened(tokens))[0][self.vocabulary.index(token)])

    def score(self, text: str) -> float:
        """Log-probability (natural logarithm) of a text and its end; -inf if it is impossible."""
        return math.fsum(self.log_probability(*step) for step in self._steps(self.tokens(text)))

    def perplexity(self, texts: Iterable[str]) -> float:
        """Perplexity of some texts, formula [perplexity]; each text has an end token."""
        texts = _listed(texts)
        total = math.fsum(self.score(text) for text in texts)
        return math.inf if total == -math.inf else perplexity(total, sum(len(self.tokens(text)) + 1 for text in texts))

    def tokens(self, text: str) -> tuple[str, ...]:
        """The letters of a text; an unknown one is an error."""
        self._check_fitted()
        self._check_known("text", tokens := _split("text", text))
        return tokens

    def start(self) -> Context:
        """The context of a text's first token."""
        return (START,) * (self.order - 1)

    def shortened(self, context: Context) -> Context:
        """The part of a context on which the next token depends: its last n − 1 tokens."""
        return context[max(len(context) - self.order + 1, 0) :]

    def log_probability(self, context: Context, token: str) -> float:
        """Logarithm of the probability of a token after at most n − 1 tokens; neither is checked."""
        value = float(self._distribution(context)[0][self.vocabulary.index(token)])
        return math.log(value) if value > 0.0 else -math.inf

    def log_distribution(self, context: Context) -> np.ndarray:
        """Log-probabilities of the whole ``vocabulary``, (tokens,), after at most n − 1 tokens; none is checked."""
        self._check_fitted()
        return self._distribution(context)[1]

    def _distribution(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """The probabilities of the vocabulary and their logarithms; kept, since a search needs contexts many times.

        Each order is smoothed with the one below, from order 1 to the longest end of the context that has been seen.
        """
        if context not in self._rows:
            row = np.full(len(self.vocabulary), 1.0 / len(self.vocabulary))
            for length in range(len(context) + 1):
                found = self._orders[length].get(context[len(context) - length :])
                if found is None:
                    break
                counts = np.array([found[token] for token in self.vocabulary])
                row = self._smoothed(found, counts, row, length)
            with np.errstate(divide="ignore"):
                self._rows[context] = row, np.log(row)
        return self._rows[context]

    def _smoothed(self, found: Counter[str], counts: np.ndarray, lower: np.ndarray, length: int) -> np.ndarray:
        """The probabilities of tokens with these counts, from those of the order below."""
        if length == 0 and not self.uniform:
            return counts / found.total()
        if self.smoothing == "kneser-ney":
            return kneser_ney(counts, found.total(), len(found), self.discount, lower)
        return witten_bell(counts, found.total(), len(found), lower)

    # Checking --------------------------------------------------------------------------------------------------------

    def _check_fitted(self) -> None:
        if not self._orders:
            raise protocol.not_fitted(self)

    def _check_known(self, name: str, tokens: Sequence[str]) -> None:
        for token in tokens:
            if token not in self.vocabulary:
                raise ValueError(f"{name} holds {token!r}, which this model does not know; its letters are "
                                 f"{''.join(self.vocabulary[1:])!r:.120}")


def _split(name: str, text: Any) -> tuple[str, ...]:
    if not isinstance(text, str):
        raise TypeError(f"{name} holds {text!r:.80} ({type(text).__name__}); each must be a text")
    return tuple(text)


def _listed(texts: Any) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"texts is the single text {texts!r:.80}; it must be a list of texts")
    texts = list(texts)
    if not texts:
        raise ValueError("texts is empty; it must hold at least one text")
    return texts
