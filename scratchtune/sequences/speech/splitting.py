"""Splitting clips by voice, so that a recogniser is tested on voices that are not in its training set.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune import checks
from scratchtune.sequences.speech.clip import is_clipped
from scratchtune.sequences.speech.folder import Recordings


def split_by_voice(recordings: Recordings, shares: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0,
                   ) -> tuple[Recordings, ...]:
    """Split clips into parts, such as training, validation and test, so that no voice is in two of them.

    In each part the clips keep their order. ``left_out`` is empty and ``resampled`` 0 in the parts, since these
    describe how the whole set was read.
    Arguments
        recordings: clips with their texts and voices, as `read_clips` returns them.
        shares: the share of the voices (not of the clips) in each part; they add up to 1, and every part gets at least
            one voice.
        seed: an integer, which determines the voices of each part.
    Raises
        TypeError or ValueError for other shares, for clips without a voice, or if there are fewer voices than parts.

    >>> from scratchtune.sequences.speech.clip import Clip
    >>> found = Recordings([], ["one", "two", "four", "six"], ["Ann", "Bo", "Cy", "Ann"], [], 0, 0)
    >>> found = found._replace(clips=[Clip(np.ones(9), 8000)] * 4)
    >>> [part.voices for part in split_by_voice(found)]
    [['Cy'], ['Ann', 'Ann'], ['Bo']]
    """
    parts = _checked(shares)
    checks.integer("seed", seed, 0)
    silent = sum(not voice for voice in recordings.voices)
    if silent:
        raise ValueError(f"recordings has {checks.counted(silent, 'clip')} of {len(recordings.voices):,} without a "
                         "voice; the column voice of the table must say who speaks in each")
    voices = list(dict.fromkeys(recordings.voices))
    if len(voices) < len(parts):
        raise ValueError(f"recordings has {checks.counted(len(voices), 'voice')}, and shares has {len(parts)} parts; "
                         "there must be at least one voice for each part")
    order = np.random.default_rng(seed).permutation(len(voices))
    ends = np.cumsum(_sizes(parts, len(voices)))
    part_of = {voices[number]: int(np.searchsorted(ends, k, side="right")) for k, number in enumerate(order)}
    return tuple(_part(recordings, [i for i, voice in enumerate(recordings.voices) if part_of[voice] == k])
                 for k in range(len(parts)))


def _checked(shares: Sequence[float]) -> list[float]:
    accepted = "at least two numbers above 0 that add up to 1, such as (0.6, 0.2, 0.2)"
    if isinstance(shares, str) or not isinstance(shares, Sequence | np.ndarray):
        raise TypeError(f"shares is {shares!r}; it must be {accepted}")
    parts = [checks.real(f"shares[{k}]", share, 0.0, 1.0, open_low=True) for k, share in enumerate(shares)]
    if len(parts) < 2 or abs(sum(parts) - 1.0) > 1e-9:
        raise ValueError(f"shares is {shares!r}, with the sum {sum(parts):.6g}; it must be {accepted}")
    return parts


def _sizes(shares: list[float], number: int) -> np.ndarray:
    """How many of the voices each part gets: at least 1, the others in proportion, by the largest remainders."""
    exact = np.array(shares) * number
    sizes = np.maximum(np.floor(exact + 1e-9), 1).astype(int)
    while sizes.sum() != number:
        excess = exact - sizes
        if sizes.sum() < number:
            sizes[excess.argmax()] += 1
        else:  # a small share was raised to 1
            sizes[np.where(sizes > 1, excess, np.inf).argmin()] -= 1
    return sizes


def _part(recordings: Recordings, chosen: list[int]) -> Recordings:
    clips = [recordings.clips[i] for i in chosen]
    return Recordings(clips, [recordings.texts[i] for i in chosen], [recordings.voices[i] for i in chosen], [], 0,
                      sum(map(is_clipped, clips)))
