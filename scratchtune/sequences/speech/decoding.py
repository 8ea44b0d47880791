"""Decoding: the text of a recording, from the log-probabilities of all symbols in each of its frames.

The symbols are the letters and the *blank*, which stands for no letter and is written "-" here. A *path* chooses one
symbol in each frame, and spells the text that is left after merging repeats and removing blanks: both ``a-ab-`` and
``aa-ab`` spell "aab". *Greedy* decoding takes the most probable path. But many paths spell the same text, and the sum
of their probabilities may be higher for another text. *Prefix beam search* keeps, in each frame, the best few prefixes
(beginnings of texts). For each prefix it has two sums of probabilities: of the paths that end in a blank, and of those
that end in the prefix's last letter. Both are needed, because a repeat of the last letter can be added to the former
only: without a blank between them, the two letters are merged.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.sequences.speech.alphabets import BLANK, checked_frames, letters, spell
from scratchtune.sequences.speech.fusion import Guide, fused, guide_of
from scratchtune.sequences.speech.ngram import NGram


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


# The search -----------------------------------------------------------------------------------------------------------


class _Tree:
    """All prefixes that have been in the beam: each is a node, whose parent is the prefix without its last letter."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.parents, self.letters = [-1], [0]  # the empty prefix
        self.states: list[Any] = [guide.start()]
        self.gains = [guide.gains(self.states[0])]
        self.children: dict[tuple[int, int], int] = {}

    def child(self, node: int, letter: int) -> int:
        """The prefix with one more letter; it is the same node whenever it is reached."""
        found = self.children.get((node, letter))
        if found is None:
            found = self.children[node, letter] = len(self.parents)
            self.parents.append(node)
            self.letters.append(letter)
            self.states.append(self.guide.advance(self.states[node], letter))
            self.gains.append(self.guide.gains(self.states[-1]))
        return found

    def symbols(self, node: int) -> list[int]:
        """The symbols of a prefix, integers from 1."""
        found = []
        while node > 0:
            found.append(self.letters[node] + 1)
            node = self.parents[node]
        return found[::-1]


PARTS = 4  # of a prefix: sums over paths that end in a blank, in its last letter; language model's sum; tokens
BLANKS, LABELS, LANGUAGE, TOKENS = range(PARTS)


class _Beam(NamedTuple):
    """The prefixes in the beam: their nodes, and their parts, (PARTS, prefixes)."""

    nodes: list[int]
    parts: np.ndarray


@jit.called
def fill_candidates(parts, last, parents, language, tokens, row, candidates):
    """Fill the parts of all candidates one frame later, (PARTS, prefixes · symbols).

    The first candidates are the prefixes unchanged, then each prefix with every letter. ``parts`` is (PARTS, prefixes),
    ``row`` (symbols,), the log-probabilities in this frame. ``last``: the index of each prefix's last letter.
    ``parents``: the position of each prefix's parent in the beam, or −1; the parent's paths that become those of the
    prefix are added to its own. ``language`` and ``tokens``, (prefixes, letters): what each letter adds to each prefix.
    """
    count, letters_ = language.shape
    blank, label = parts[BLANKS], parts[LABELS]
    kept_label, longer = candidates[LABELS, :count], candidates[LABELS, count:].reshape((count, letters_))
    p = row[1:]
    keep(blank, label, row[BLANK], p[last], candidates[BLANKS, :count], kept_label)
    extend(blank, label, last, p, longer)
    for i in range(count):
        if parents[i] >= 0:
            kept_label[i] = log_sum_of_two(kept_label[i], longer[parents[i], last[i]])
            longer[parents[i], last[i]] = -np.inf
        for part in (LANGUAGE, TOKENS):
            candidates[part, i] = parts[part, i]
        for k in range(letters_):
            j = count + i * letters_ + k
            candidates[BLANKS, j] = -np.inf
            candidates[LANGUAGE, j] = parts[LANGUAGE, i] + language[i, k]
            candidates[TOKENS, j] = parts[TOKENS, i] + tokens[i, k]


@jit.called
def scores_of(parts, weight, bonus):
    """Score of each prefix by all its paths, (prefixes,), formula [fused_score]."""
    scores = np.empty(parts.shape[1])
    for j in range(scores.size):
        acoustic = log_sum_of_two(parts[BLANKS, j], parts[LABELS, j])
        scores[j] = fused(acoustic, parts[LANGUAGE, j], parts[TOKENS, j], weight, bonus)
    return scores


def prefix_beam_search(
    log_probabilities: Any, alphabet: Iterable[str], beam_width: int = 8, language_model: NGram | None = None,
    language_weight: float = 0.5, insertion_bonus: float = 0.0,
) -> list[Transcript]:
    """Decode a recording, and return the best ``beam_width`` texts or fewer, best first.

    ``log_probabilities``: natural logarithms, (frames, symbols); symbol 0 is the blank, symbol k the letter k − 1 of
    ``alphabet``. In each frame the ``beam_width`` prefixes of the highest scores are kept, formula [fused_score]. The
    weight and the bonus are applied once for each letter; with a language model of words, once for each word, when a
    space or the end completes it. The probability of the text's end is added after the last frame.

    A wider beam usually finds a text of an equal or higher score, but for some recordings one of a lower score: a
    prefix that only the wider beam keeps can later displace the one that leads to the better text. A beam that is wide
    enough for all prefixes finds the best text.
    """
    alphabet = letters(alphabet)
    rows = checked_frames(log_probabilities, alphabet)
    checks.integer("beam_width", beam_width, 1)
    weight = checks.real("language_weight", language_weight, 0.0)
    bonus = checks.real("insertion_bonus", insertion_bonus)
    tree = _Tree(guide_of(language_model, weight, alphabet))
    beam = _Beam([0], np.array([[0.0], [-np.inf], [0.0], [0.0]]))
    for row in rows:
        beam = _advanced(tree, beam, row, beam_width, weight, bonus)
    return _ended(tree, beam, alphabet, weight, bonus)


def _advanced(tree: _Tree, beam: _Beam, row: np.ndarray, beam_width: int, weight: float, bonus: float) -> _Beam:
    """The beam one frame later: the best of all prefixes, unchanged or with one more letter."""
    nodes, letter_count = beam.nodes, len(row) - 1
    positions = {node: position for position, node in enumerate(nodes)}
    parents = np.array([positions.get(tree.parents[node], -1) for node in nodes])
    last = np.array([tree.letters[node] for node in nodes])
    language = np.array([tree.gains[node].language for node in nodes])
    tokens = np.array([tree.gains[node].tokens for node in nodes])
    candidates = np.empty((PARTS, len(nodes) * len(row)))
    fill_candidates(beam.parts, last, parents, language, tokens, row, candidates)
    best = _best(scores_of(candidates, weight, bonus), beam_width)
    chosen = []
    for index in best.tolist():
        prefix, letter = divmod(index - len(nodes), letter_count)  # negative: an unchanged prefix
        chosen.append(nodes[index] if prefix < 0 else tree.child(nodes[prefix], letter))
    return _Beam(chosen, candidates.take(best, axis=1))


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Indices of the highest scores, best first; of equal ones the first. Texts of probability 0 are left out."""
    best = np.argsort(-scores, kind="stable")[:count]
    best = best[scores[best] > -np.inf]
    if len(best) == 0:
        raise ValueError("every text in the beam has the probability 0; language_model and log_probabilities must "
                         "allow one")
    return best


def _ended(tree: _Tree, beam: _Beam, alphabet: Sequence[str], weight: float, bonus: float) -> list[Transcript]:
    """The texts of a beam, with what their end adds, best first."""
    parts = beam.parts.copy()
    parts[LANGUAGE:] += np.array([tree.guide.ending(tree.states[node]) for node in beam.nodes]).T
    scores = scores_of(parts, weight, bonus)
    acoustic = np.logaddexp(parts[BLANKS], parts[LABELS])
    return [Transcript(spell(tree.symbols(beam.nodes[index]), alphabet), float(scores[index]),
                       float(acoustic[index]), float(parts[LANGUAGE, index]))
            for index in _best(scores, len(scores))]
