"""An alphabet numbers the letters that a recogniser writes: symbol 0 is the blank of CTC, symbol 1 the first letter.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks

BLANK = 0
ROUNDING = 1e-3  # a log-probability may be this far above 0


def letters(alphabet: Iterable[str]) -> tuple[str, ...]:
    """Return the letters of an alphabet, a text or a list of single characters, each of which must occur once."""
    if not isinstance(alphabet, (str, list, tuple)):
        raise TypeError(f"alphabet is {alphabet!r:.80} ({type(alphabet).__name__}); it must be a text or a list of "
                        "single characters")
    found = tuple(alphabet)
    if not found:
        raise ValueError("alphabet is empty; it must hold at least one letter")
    for letter in found:
        if not isinstance(letter, str) or len(letter) != 1:
            raise ValueError(f"alphabet holds {letter!r}; it must hold single characters")
        if found.count(letter) > 1:
            raise ValueError(f"alphabet holds {letter!r} {found.count(letter)} times; each letter must occur once")
    return found


def encode(text: str, alphabet: Iterable[str], name: str = "text") -> np.ndarray:
    """Return the symbols of a text, (letters,), integers from 1; ``name`` is what the errors call it.

    >>> encode("abba", "ab").tolist()
    [1, 2, 2, 1]
    """
    known = letters(alphabet)
    if not isinstance(text, str):
        raise TypeError(f"{name} is {text!r:.80} ({type(text).__name__}); it must be a text")
    for letter in text:
        if letter not in known:
            raise ValueError(f"{name} holds {letter!r}, which is not in the alphabet {''.join(known)!r:.120}; every "
                             "letter must be")
    return np.array([known.index(letter) + 1 for letter in text], dtype=np.int64)


def fewest_frames(symbols: np.ndarray) -> int:
    """Return the fewest frames of a clip with these symbols: equal neighbours have a blank between them."""
    return len(symbols) + int((symbols[1:] == symbols[:-1]).sum())


def spell(symbols: Sequence[int], alphabet: Sequence[str]) -> str:
    """Return the text of symbols from 1.

    >>> spell([1, 2, 2, 1], "ab")
    'abba'
    """
    return "".join(alphabet[symbol - 1] for symbol in symbols)


def checked_frames(log_probabilities: Any, alphabet: Sequence[str]) -> np.ndarray:
    """Return log-probabilities (frames, symbols) as float64; raise an error that says what is wrong with them."""
    try:
        rows = np.ascontiguousarray(log_probabilities, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"log_probabilities is {type(log_probabilities).__name__} that is no array of numbers; it must "
                        "be (frames, symbols)") from None
    wanted = f"(frames, {len(alphabet) + 1}), the blank and {checks.counted(len(alphabet), 'letter')}"
    if rows.ndim != 2 or rows.shape[1] != len(alphabet) + 1 or len(rows) == 0:
        raise ValueError(f"log_probabilities has shape {rows.shape}; it must be {wanted}, with at least one frame")
    highest = rows.max(axis=1)  # NaN if the frame has one
    for frame in np.flatnonzero(~((highest <= ROUNDING) & (highest > -np.inf))):
        raise ValueError(f"log_probabilities has the maximum {highest[frame]} in frame {frame}; it must be finite and "
                         "at most 0, as that of log(softmax) is")
    return rows
