"""A clip is the samples of one recording and their rate; what cannot be a clip of speech raises an error.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.sequences.speech.samples import flat_share

LARGEST = 2.0**31  # a sample beyond the largest integer of a file is an error, not sound
CLIPPED = 0.005  # the smallest flat share of a clip that counts as clipped


class Clip(NamedTuple):
    """One channel of sound: ``samples``, (n,), floats in [-1, 1], and ``rate``, the samples per second.

    It unpacks as what soundfile and librosa return: ``samples, rate = read_wav(path)``.

    >>> Clip(np.zeros(4000), 8000).seconds
    0.5
    """

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.rate


def checked_samples(name: str, samples: Any) -> np.ndarray:
    """Return samples as a float64 array, (n,).

    Raises
        TypeError where they are not numbers; ValueError where they are integers, empty, not finite or of several
        channels.
    """
    if isinstance(samples, str | os.PathLike):
        raise TypeError(f"{name} is {samples!r:.80}, a text; read the file with `read_wav` first")
    if np.isscalar(samples) or samples is None:
        raise TypeError(f"{name} is {samples!r:.80}; it must be samples, (n,), or what `read_wav` returns")
    array = checks.targets(name, samples)
    if array.ndim > 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be one channel, (n,), such as the mean of all")
    if array.dtype.kind != "f":
        raise ValueError(f"{name} holds {array.dtype} numbers; it must hold floats in [-1, 1], such as those of "
                         "`read_wav`")
    if np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} holds {array[np.abs(array).argmax()]:.3g}; it must hold floats in [-1, 1]")
    return array.astype(np.float64)


def check_speech(name: str, clip: Clip, shortest: float) -> None:
    """Raise a ValueError for a clip that is shorter than ``shortest`` seconds, or in which all samples are equal."""
    if clip.seconds < shortest:
        raise ValueError(f"{name} is too short, {clip.seconds:.3g} seconds; it must have at least {shortest:.3g} "
                         "seconds")
    if clip.samples.min() == clip.samples.max():
        raise ValueError(f"{name} is silent: all of its samples are {clip.samples[0]:.3g}; it must hold sound")


def is_clipped(clip: Clip) -> bool:
    """Whether a clip was recorded too loud, so that its peaks are cut off: formula [flat_share], at least 0.5%.

    >>> wave = 0.99 * np.sin(np.arange(800) / 9)
    >>> is_clipped(Clip(wave, 8000)), is_clipped(Clip(np.clip(3 * wave, -1, 1), 8000))
    (False, True)
    """
    return bool(np.ptp(clip.samples) > 0 and flat_share(clip.samples) >= CLIPPED)
