"""Decoding: the text of a recording, from the log-probabilities of all symbols in each of its frames.

A *path* chooses one symbol a frame, and spells the text that is left after merging repeats and removing blanks: both
``a-ab-`` and ``aa-ab`` spell "aab". *Greedy* decoding takes the most probable path. Many paths spell the same text,
though, and the sum of their probabilities may be higher for another text. *Prefix beam search* keeps the best few
prefixes of texts, each with two sums: over its paths that end in a blank, and over those that end in its last letter.
Both are needed because the same letter can be added only to the former: without a blank between, the two are merged.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.speech.alphabets import BLANK, checked_frames, letters, spell
from scratchtune.speech.fusion import Guide, fused, guide_of
from scratchtune.speech.ngram import NGram


class Transcript(NamedTuple):
    """A decoded text with its score, the network's log-probability of it, and the language model's (end included)."""

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


def kept(blank: np.ndarray, label: np.ndarray, p_blank: float, p_last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the paths of each prefix that spell the same prefix one frame later.

    A blank may follow any path. The last letter may be repeated, which spells nothing new.

    Formula [prefix_kept]
        uᵢ = log(exp(bᵢ) + exp(lᵢ)) + z ; vᵢ = lᵢ + eᵢ
    Where
        b: blank, (i,), real, logarithm of the sum over paths that end in a blank
        l: label, (i,), real, over paths that end in the prefix's last letter; −inf for the empty prefix
        z: p_blank, scalar, real, log-probability of the blank in this frame
        e: p_last, (i,), real, of each prefix's last letter
    Returns
        u and v, (i,): the sums over paths that end in a blank, and in the last letter.
    Source
        Graves (2012), "Supervised sequence labelling with recurrent neural networks", section 7.5; Hannun et al.
        (2014), "First-pass large vocabulary continuous speech recognition ..", algorithm 1.
    """
    return np.logaddexp(blank, label) + p_blank, label + p_last


def extended(blank: np.ndarray, label: np.ndarray, last: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Sums over the paths that spell each prefix and one more letter: they end in this letter.

    If it is the prefix's last letter again, there must be a blank between; without one the two would be merged.

    Formula [prefix_extended]
        xᵢₖ = pₖ + (bᵢ if k = yᵢ else log(exp(bᵢ) + exp(lᵢ)))
    Where
        b: blank, (i,), real, logarithm of the sum over paths that end in a blank
        l: label, (i,), real, over paths that end in the prefix's last letter; −inf for the empty prefix
        y: last, (i,), index of k, the last letter; any for the empty prefix
        p: p, (k,), real, log-probability of each letter in this frame
    Returns
        x, (i, k).
    Source
        As [prefix_kept].
    """
    both = np.repeat(np.logaddexp(blank, label)[:, None], len(p), axis=1)
    both[np.arange(len(last)), last] = blank
    return both + p


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
        found = self.children.setdefault((node, letter), len(self.parents))
        if found == len(self.parents):
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


class _Beam(NamedTuple):
    """The prefixes in the beam: nodes; sums over paths that end in a blank or a letter; the language model's part."""

    nodes: list[int]
    blank: np.ndarray
    label: np.ndarray
    language: np.ndarray
    tokens: np.ndarray


def prefix_beam_search(
    log_probabilities: Any, alphabet: Iterable[str], beam_width: int = 8, language_model: NGram | None = None,
    language_weight: float = 0.5, insertion_bonus: float = 0.0,
) -> list[Transcript]:
    """Decode a recording, and return the best ``beam_width`` texts or fewer, best first.

    ``log_probabilities``: natural logarithms, (frames, symbols); symbol 0 is the blank, symbol k the letter k − 1 of
    ``alphabet``. In each frame the ``beam_width`` prefixes of the highest scores are kept, formula [fused_score]. The
    weight and the bonus are applied once for each letter; with a language model of words, once for each word, when a
    space or the end completes it. The probability of the text's end is added after the last frame.

    A wider beam finds a text of higher score nearly always, not always: a prefix that a narrow beam has dropped may
    displace a better one. A beam that is wide enough for all prefixes finds the best text.
    """
    alphabet = letters(alphabet)
    rows = checked_frames(log_probabilities, alphabet)
    checks.integer("beam_width", beam_width, 1)
    weight = checks.real("language_weight", language_weight, 0.0)
    bonus = checks.real("insertion_bonus", insertion_bonus)
    tree = _Tree(guide_of(language_model, weight, alphabet))
    beam = _Beam([0], np.zeros(1), np.full(1, -np.inf), np.zeros(1), np.zeros(1, dtype=np.int64))
    for row in rows:
        beam = _advanced(tree, beam, row, beam_width, weight, bonus)
    return _ended(tree, beam, alphabet, weight, bonus)


def _advanced(tree: _Tree, beam: _Beam, row: np.ndarray, beam_width: int, weight: float, bonus: float) -> _Beam:
    """The beam one frame later: of all prefixes as they are, and with one more letter, the best ones."""
    last = np.array([tree.letters[node] for node in beam.nodes])
    blank, label = kept(beam.blank, beam.label, row[BLANK], row[1:][last])
    longer = extended(beam.blank, beam.label, last, row[1:])
    _merge(tree, beam.nodes, label, longer)
    language = beam.language[:, None] + np.array([tree.gains[node].language for node in beam.nodes])
    tokens = beam.tokens[:, None] + np.array([tree.gains[node].tokens for node in beam.nodes])
    scores = np.concatenate([
        fused(np.logaddexp(blank, label), beam.language, beam.tokens, weight, bonus),
        fused(longer, language, tokens, weight, bonus).ravel()])
    best = _best(scores, beam_width)
    rows, columns = np.divmod(best - len(beam.nodes), longer.shape[1])
    nodes = [beam.nodes[index] if index < len(beam.nodes) else tree.child(beam.nodes[row], column)
             for index, row, column in zip(best.tolist(), rows.tolist(), columns.tolist(), strict=True)]
    return _Beam(
        nodes, _chosen(blank, np.full(longer.size, -np.inf), best), _chosen(label, longer, best),
        _chosen(beam.language, language, best), _chosen(beam.tokens, tokens, best))


def _chosen(as_they_are: np.ndarray, longer: np.ndarray, best: np.ndarray) -> np.ndarray:
    return np.concatenate([as_they_are, longer.ravel()])[best]


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Indices of the highest scores, best first; of equal ones the first. Texts of probability 0 are left out."""
    best = np.argsort(-scores, kind="stable")[:count]
    best = best[scores[best] > -np.inf]
    if len(best) == 0:
        raise ValueError("every text in the beam has the probability 0; language_model and log_probabilities must "
                         "allow one")
    return best


def _merge(tree: _Tree, nodes: list[int], label: np.ndarray, longer: np.ndarray) -> None:
    """Add a prefix's paths that come from its parent to its own, if both are in the beam."""
    positions = {node: position for position, node in enumerate(nodes)}
    for position, node in enumerate(nodes):
        parent = positions.get(tree.parents[node])
        if parent is not None:
            letter = tree.letters[node]
            label[position] = np.logaddexp(label[position], longer[parent, letter])
            longer[parent, letter] = -np.inf


def _ended(tree: _Tree, beam: _Beam, alphabet: Sequence[str], weight: float, bonus: float) -> list[Transcript]:
    """The texts of a beam, with what their end adds, best first."""
    ends = [tree.guide.ending(tree.states[node]) for node in beam.nodes]
    language = beam.language + np.array([log_probability for log_probability, _ in ends])
    tokens = beam.tokens + np.array([count for _, count in ends])
    acoustic = np.logaddexp(beam.blank, beam.label)
    scores = fused(acoustic, language, tokens, weight, bonus)
    return [Transcript(spell(tree.symbols(beam.nodes[index]), alphabet), float(scores[index]), float(acoustic[index]),
                       float(language[index])) for index in _best(scores, len(scores))]
