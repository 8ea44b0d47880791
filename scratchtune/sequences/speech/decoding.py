"""Decoding: the text of a recording, from the log-probabilities of all symbols in each of its frames.

The symbols are the letters and the *blank*, which stands for no letter and is written "-" here. A *path* chooses one
symbol in each frame, and spells the text that is left after merging repeats and removing blanks: both ``a-ab-`` and
``aa-ab`` spell "aab". *Greedy* decoding takes the most probable path. But many paths spell the same text, and the sum
of their probabilities may be higher for another text. *Prefix beam search* keeps, in each frame, the best few prefixes
(beginnings of texts). For each prefix it has two sums of probabilities: of the paths that end in a blank, and of those
that end in the prefix's last letter. Both are needed, because a repeat of the last letter can be added to the former
only: without a blank between them, the two letters are merged.

The score of a text is the sum of three terms (`fused`): the log-probability by the network, that by a language model
times a weight, and a bonus for each letter. Without the bonus a language model favours short texts, since every letter
has a probability below 1.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.declared import exactly
from scratchtune.sequences.speech.alphabets import BLANK, checked_frames, letters, spell
from scratchtune.sequences.speech.ngram import END, Context, NGram


class Transcript(NamedTuple):
    """A decoded text, its score, and its log-probability by the network and by the language model (end included)."""

    text: str
    score: float
    acoustic: float
    language: float


def collapse(path: Sequence[int]) -> list[int]:
    """Merge repeats, then remove blanks: the symbols that a path spells.

    >>> collapse([1, 1, 0, 1, 2, 0])
    [1, 1, 2]
    """
    return [int(symbol) for before, symbol in zip([BLANK, *path[:-1]], path, strict=True)
            if symbol not in (before, BLANK)]


def greedy_decode(log_probabilities: Any, alphabet: Iterable[str]) -> str:
    """Return the text that the most probable path spells; ``log_probabilities`` are (frames, symbols), blank first.

    >>> greedy_decode(np.log([[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2]]), "ab")
    'aa'
    """
    alphabet = letters(alphabet)
    return spell(collapse(checked_frames(log_probabilities, alphabet).argmax(axis=1).tolist()), alphabet)


def decode(
    log_probabilities: Any, alphabet: Iterable[str], beam_width: int = 8, language_model: NGram | None = None,
    language_weight: float = 0.5, insertion_bonus: float = 0.0,
) -> str:
    """Return the best text that `prefix_beam_search` finds.

    >>> decode(np.log([[0.6, 0.4], [0.6, 0.4]]), "a")  # "a": 0.4 · 0.6 + 0.6 · 0.4 + 0.4 · 0.4 = 0.64; no letter: 0.36
    'a'
    """
    return prefix_beam_search(
        log_probabilities, alphabet, beam_width, language_model, language_weight, insertion_bonus)[0].text


# One frame ------------------------------------------------------------------------------------------------------------


@jit.function
def log_sum_of_two(a, b):
    """The logarithm of a sum of two numbers whose logarithms are given; −inf is the logarithm of 0.

    Formula [log_sum_of_two]
        y = log(exp(a) + exp(b))
    Computed as
        max(a, b) + log(1 + exp(−|a − b|)): nothing overflows
    Where
        a: a, scalar, real
        b: b, scalar, real
    Source
        Algebra.
    Example
        >>> import math
        >>> round(math.exp(log_sum_of_two(math.log(0.25), math.log(0.5))), 12)
        0.75
    """
    highest = max(a, b)
    return highest if highest == -np.inf else highest + np.log1p(np.exp(min(a, b) - highest))


@jit.function
def keep(blank, label, p_blank, p_last, kept_blank, kept_label):
    """Sums over the paths of each prefix that spell the same prefix one frame later.

    A blank may follow any path. The last letter may be repeated, which spells nothing new.

    Formula [prefix_kept]
        uᵢ = log(exp(bᵢ) + exp(lᵢ)) + z ; vᵢ = lᵢ + eᵢ
    Where
        b: blank, (i,), real, logarithm of the sum over paths that end in a blank
        l: label, (i,), real, over paths that end in the prefix's last letter; −inf for the empty prefix
        z: p_blank, scalar, real, log-probability of the blank in this frame
        e: p_last, (i,), real, of each prefix's last letter
        u: kept_blank, (i,), written, sum over paths that end in a blank
        v: kept_label, (i,), written, in the last letter
    Source
        Graves (2012), "Supervised sequence labelling with recurrent neural networks", section 7.5; Hannun et al.
        (2014), "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs",
        algorithm 1.
    """
    for i in range(blank.size):
        kept_blank[i] = log_sum_of_two(blank[i], label[i]) + p_blank
        kept_label[i] = label[i] + p_last[i]


@jit.function
def extend(blank, label, last, p, longer):
    """Sums over the paths that spell each prefix and one more letter: they end in this letter.

    If it is the prefix's last letter again, there must be a blank between; without one the two would be merged.

    Formula [prefix_extended]
        xᵢₖ = pₖ + (bᵢ if k = yᵢ else log(exp(bᵢ) + exp(lᵢ)))
    Where
        b: blank, (i,), real, logarithm of the sum over paths that end in a blank
        l: label, (i,), real, over paths that end in the prefix's last letter; −inf for the empty prefix
        y: last, (i,), index of k, the last letter; any for the empty prefix
        p: p, (k,), real, log-probability of each letter in this frame
        x: longer, (i, k), written
    Source
        As [prefix_kept].
    """
    for i in range(blank.size):
        both = log_sum_of_two(blank[i], label[i])
        for k in range(p.size):
            longer[i, k] = p[k] + (blank[i] if k == last[i] else both)


@jit.function
def fused(acoustic, language, tokens, weight, bonus):
    """Score of a text, or of the beginning of one, by network and language model.

    Formula [fused_score]
        s = a + w · l + b · n
    Where
        a: acoustic, scalar, <= 0, the network's log-probability of the text
        l: language, scalar, <= 0, the language model's
        n: tokens, scalar, integer >= 0, letters of the text
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


# The search -----------------------------------------------------------------------------------------------------------


class _Tree:
    """All prefixes that have been in the beam: each is a node, whose parent is the prefix without its last letter.

    Of each node it has the number of letters, the language model's log-probability, and what every letter adds to that,
    (letters,).
    """

    def __init__(self, model: NGram | None, alphabet: Sequence[str]) -> None:
        self.model, self.alphabet = model, alphabet
        self.numbers = None if model is None else np.array([model.vocabulary.index(letter) for letter in alphabet])
        self.parents, self.letters = [-1], [0]  # the empty prefix
        self.lengths, self.language = [0], [0.0]
        self.contexts: list[Context] = [() if model is None else model.start()]
        self.gains = [self._gains(self.contexts[0])]
        self.children: dict[tuple[int, int], int] = {}

    def _gains(self, context: Context) -> np.ndarray:
        """What each letter after a context adds to the language model's log-probability, (letters,)."""
        if self.model is None:
            return np.zeros(len(self.alphabet))
        return self.model.log_distribution(context)[self.numbers]

    def child(self, node: int, letter: int) -> int:
        """The prefix with one more letter; it is the same node whenever it is reached."""
        found = self.children.get((node, letter))
        if found is None:
            found = self.children[node, letter] = len(self.parents)
            self.parents.append(node)
            self.letters.append(letter)
            self.lengths.append(self.lengths[node] + 1)
            self.language.append(self.language[node] + self.gains[node][letter])
            longer = (*self.contexts[node], self.alphabet[letter])
            self.contexts.append(() if self.model is None else self.model.shortened(longer))
            self.gains.append(self._gains(self.contexts[-1]))
        return found

    def ending(self, node: int) -> float:
        """What the end of the text adds to the language model's log-probability."""
        return 0.0 if self.model is None else self.model.log_probability(self.contexts[node], END)

    def text(self, node: int) -> str:
        """The letters of a prefix."""
        symbols = []
        while node > 0:
            symbols.append(self.letters[node] + 1)
            node = self.parents[node]
        return spell(symbols[::-1], self.alphabet)


BLANKS, LABELS = range(2)  # sums over a prefix's paths that end in a blank, and in its last letter


@jit.called
def fill_candidates(sums, last, parents, row, candidates):
    """Fill the sums of all candidates one frame later, (2, prefixes · symbols).

    The first candidates are the prefixes unchanged, then each prefix with every letter. ``sums`` is (2, prefixes),
    ``row`` (symbols,), the log-probabilities in this frame. ``last``: the index of each prefix's last letter.
    ``parents``: the position of each prefix's parent in the beam, or −1; the parent's paths that become those of the
    prefix are added to its own.
    """
    count = sums.shape[1]
    blank, label, p = sums[BLANKS], sums[LABELS], row[1:]
    kept_label, longer = candidates[LABELS, :count], candidates[LABELS, count:].reshape((count, p.size))
    candidates[BLANKS] = -np.inf
    keep(blank, label, row[BLANK], p[last], candidates[BLANKS, :count], kept_label)
    extend(blank, label, last, p, longer)
    for i in range(count):
        if parents[i] >= 0:
            kept_label[i] = log_sum_of_two(kept_label[i], longer[parents[i], last[i]])
            longer[parents[i], last[i]] = -np.inf


@jit.called
def scores_of(sums, language, lengths, weight, bonus):
    """Score of each prefix by all its paths, (prefixes,), formula [fused_score]."""
    scores = np.empty(sums.shape[1])
    for j in range(scores.size):
        acoustic = log_sum_of_two(sums[BLANKS, j], sums[LABELS, j])
        scores[j] = fused(acoustic, language[j], lengths[j], weight, bonus)
    return scores


def prefix_beam_search(
    log_probabilities: Any, alphabet: Iterable[str], beam_width: int = 8, language_model: NGram | None = None,
    language_weight: float = 0.5, insertion_bonus: float = 0.0,
) -> list[Transcript]:
    """Decode a recording, and return the best ``beam_width`` texts or fewer, best first.

    ``log_probabilities``: natural logarithms, (frames, symbols); symbol 0 is the blank, symbol k the letter k − 1 of
    ``alphabet``. In each frame the ``beam_width`` prefixes of the highest scores are kept, formula [fused_score]. The
    weight and the bonus are applied once for each letter, and the probability of the text's end after the last frame.

    A wider beam usually finds a text of an equal or higher score, but for some recordings one of a lower score: a
    prefix that only the wider beam keeps can later displace the one that leads to the better text. A beam that is wide
    enough for all prefixes finds the best text.
    """
    alphabet = letters(alphabet)
    rows = checked_frames(log_probabilities, alphabet)
    Decoder(beam_width, language_model, language_weight, insertion_bonus)  # checks them
    weight, bonus = float(language_weight), float(insertion_bonus)
    tree = _Tree(_checked_model(language_model, weight, alphabet), alphabet)
    nodes, sums = [0], np.array([[0.0], [-np.inf]])
    for row in rows:
        nodes, sums = _advanced(tree, nodes, sums, row, beam_width, weight, bonus)
    return _ended(tree, nodes, sums, weight, bonus)


def _checked_model(model: NGram | None, weight: float, alphabet: Sequence[str]) -> NGram | None:
    """The language model, fitted and with all letters of the alphabet; None where its weight is 0."""
    if model is None:
        return None
    model.tokens("")  # raises an error if it is not fitted
    for letter in alphabet if weight > 0.0 else ():
        if letter not in model.vocabulary:
            raise ValueError(f"alphabet holds {letter!r}, which language_model does not know; fit it with "
                             "NGram(alphabet=...)")
    return model if weight > 0.0 else None


def _advanced(
    tree: _Tree, nodes: list[int], sums: np.ndarray, row: np.ndarray, beam_width: int, weight: float, bonus: float,
) -> tuple[list[int], np.ndarray]:
    """The beam one frame later, its nodes and their sums: the best prefixes, unchanged or with one letter more."""
    positions = {node: position for position, node in enumerate(nodes)}
    parents = np.array([positions.get(tree.parents[node], -1) for node in nodes])
    last, lengths = np.array([tree.letters[node] for node in nodes]), np.array([tree.lengths[node] for node in nodes])
    language, gains = np.array([tree.language[node] for node in nodes]), np.array([tree.gains[node] for node in nodes])
    candidates = np.empty((2, len(nodes) * len(row)))
    fill_candidates(sums, last, parents, row, candidates)
    language = np.append(language, language[:, None] + gains)
    lengths = np.append(lengths, np.repeat(lengths + 1, len(row) - 1))
    best = _best(scores_of(candidates, language, lengths, weight, bonus), beam_width)
    chosen = []
    for index in best.tolist():
        prefix, letter = divmod(index - len(nodes), len(row) - 1)  # negative: an unchanged prefix
        chosen.append(nodes[index] if prefix < 0 else tree.child(nodes[prefix], letter))
    return chosen, candidates.take(best, axis=1)


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Indices of the highest scores, best first; of equal ones the first. Texts of probability 0 are left out."""
    best = np.argsort(-scores, kind="stable")[:count]
    best = best[scores[best] > -np.inf]
    if len(best) == 0:
        raise ValueError("every text in the beam has the probability 0; language_model and log_probabilities must "
                         "allow one")
    return best


def _ended(tree: _Tree, nodes: list[int], sums: np.ndarray, weight: float, bonus: float) -> list[Transcript]:
    """The texts of a beam after the last frame, best first; their scores include the end of the text."""
    language = np.array([tree.language[node] + tree.ending(node) for node in nodes])
    scores = scores_of(sums, language, np.array([tree.lengths[node] for node in nodes]), weight, bonus)
    acoustic = np.logaddexp(sums[BLANKS], sums[LABELS])
    return [Transcript(tree.text(nodes[index]), float(scores[index]), float(acoustic[index]), float(language[index]))
            for index in _best(scores, len(scores))]


# All choices of a decoding --------------------------------------------------------------------------------------------


NUMBERS = ("beam_width", "language_weight", "insertion_bonus")


@dataclass(frozen=True)
class Decoder:
    """A function of log-probabilities, (frames, symbols), that returns a text; the arguments are those of `decode`.

    With ``beam_width`` 1, no language model and no bonus it is `greedy_decode`: the most probable symbol of each frame.

    >>> import numpy as np
    >>> Decoder(beam_width=4)(np.log([[0.6, 0.4], [0.6, 0.4]]), "a")
    'a'
    """

    beam_width: int = 1
    language_model: NGram | None = None
    language_weight: float = 0.5
    insertion_bonus: float = 0.0

    def __post_init__(self) -> None:
        checks.integer("beam_width", self.beam_width, 1)
        checks.real("language_weight", self.language_weight, 0.0)
        checks.real("insertion_bonus", self.insertion_bonus)
        if not isinstance(self.language_model, NGram | None):
            raise TypeError(f"language_model is {self.language_model!r:.80}; it must be a speech.NGram, or None")

    def __call__(self, log_probabilities: Any, alphabet: Iterable[str]) -> str:
        """Return the text."""
        if self.beam_width == 1 and self.language_model is None and self.insertion_bonus == 0.0:
            return greedy_decode(log_probabilities, alphabet)
        return decode(log_probabilities, alphabet, self.beam_width, self.language_model, self.language_weight,
                      self.insertion_bonus)

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments, with the language model's counts, as a dict that can be written as JSON."""
        model = None if self.language_model is None else self.language_model.to_dict()
        return {name: getattr(self, name) for name in NUMBERS} | {"language_model": model}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decoder:
        """Return the decoder that `to_dict` described."""
        given = exactly("values", values, [*NUMBERS, "language_model"])
        model = given["language_model"]
        return cls(**{**given, "language_model": None if model is None else NGram.from_dict(model)})
