"""Alignment: in which frames a network gives each letter of a known text.

A network that was trained by CTC gives a letter as a short peak, which need not be where the letter was spoken (lesson
42).

Of all paths that spell the text, the Viterbi algorithm finds the most probable one. As in CTC, a path goes through
*states*, which are the letters of the text with a blank before, between and after them. From one frame to the next it
stays in its state, moves to the next one, or skips a blank between two different letters. The best path up to a frame
is computed from that up to the frame before (`viterbi_step`); which step was best is kept, to follow the path back.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.sequences.speech.alphabets import BLANK, checked_frames, encode, fewest_frames, letters

NEVER = -1e30  # the logarithm of 0, for a step that does not exist; finite, so that sums and differences are too


class Alignment(NamedTuple):
    """A path: the symbol of each frame, the index in the text of its letter (-1: blank), and the log-probability."""

    symbols: np.ndarray  # (frames,)
    letters: np.ndarray  # (frames,)
    log_probability: float


def viterbi_step(previous: np.ndarray, skips: np.ndarray, emitted: np.ndarray) -> np.ndarray:
    """One step of the Viterbi algorithm: the best path to each state, from those up to the frame before.

    Formula [viterbi_step]
        bₛ = a[s − 1] if s >= 1 else −10^30 ; cₛ = (a[s − 2] if kₛ > 0 else −10^30) if s >= 2 else −10^30 ;
            yₛ = eₛ + max(aₛ, max(bₛ, cₛ))
    Where
        a: previous, (s,), real, log-probability of the best path to each state, up to the frame before
        k: skips, (s,), 0 or 1, whether a path may skip the state before
        e: emitted, (s,), real, log-probability of each state's symbol in this frame
    Returns
        y, (s,), log-probability of the best path to each state, up to this frame.
    Variant
        With a sum of probabilities in place of the maximum, it is [ctc_step].
    Source
        Viterbi (1967), "Error bounds for convolutional codes"; the states are those of Graves et al. (2006),
        "Connectionist temporal classification", section 4.1.
    """
    return emitted + steps(previous, skips).max(axis=0)


def steps(previous: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """Log-probabilities of the ways to reach each state, (3, states): from itself, the state before, and two before."""
    found = np.full((3, len(previous)), NEVER)
    found[0] = previous
    found[1, 1:] = previous[:-1]
    found[2, 2:] = np.where(skips[2:] > 0, previous[:-2], NEVER)
    return found


def align(log_probabilities: Any, text: str, alphabet: Iterable[str]) -> Alignment:
    """Return the most probable path that spells a text; of equal ones, the one that enters later states earliest.

    ``log_probabilities``: natural logarithms, (frames, symbols); symbol 0 is the blank, symbol k the letter k − 1 of
    ``alphabet``.

    >>> align(np.log([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]]), "a", "a").symbols.tolist()
    [0, 1, 0]
    """
    alphabet = letters(alphabet)
    rows = checked_frames(log_probabilities, alphabet)
    labels = encode(text, alphabet)
    if (needed := fewest_frames(labels)) > len(rows):
        raise ValueError(f"text needs {checks.counted(needed, 'frame')} (one for each letter, and one for a blank "
                         f"between equal letters), and log_probabilities has {len(rows)}")
    states = np.full(2 * len(labels) + 1, BLANK)
    states[1::2] = labels
    skips = np.zeros(len(states), dtype=np.int64)
    skips[3::2] = labels[1:] != labels[:-1]
    path, log_probability = _best_path(rows[:, states], skips)
    if log_probability <= NEVER / 2:
        raise ValueError("every path that spells text has the probability 0; log_probabilities must allow one")
    return Alignment(states[path], np.where(path % 2 == 1, path // 2, -1), log_probability)


def _best_path(emitted: np.ndarray, skips: np.ndarray) -> tuple[np.ndarray, float]:
    """The state of each frame on the best path, and its log-probability; ``emitted`` is (frames, states)."""
    frames, count = emitted.shape
    best = np.full(count, NEVER)
    best[:2] = emitted[0, :2]
    back = np.zeros((frames, count), dtype=np.int64)
    for frame in range(1, frames):
        back[frame] = steps(best, skips).argmax(axis=0)
        best = viterbi_step(best, skips, emitted[frame])
    path = np.empty(frames, dtype=np.int64)
    path[-1] = max(range(max(count - 2, 0), count), key=lambda state: best[state])  # the last letter or the last blank
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = path[frame] - back[frame, path[frame]]
    return path, float(best[path[-1]])
