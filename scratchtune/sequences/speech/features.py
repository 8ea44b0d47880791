"""The features of speech: from a clip to a row of numbers for each hundredth of a second.

Pre-emphasis, frames, window, power spectrum, mel filters, logarithm; for MFCC the cosine transform; deltas; mean and
variance normalisation.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.sequences.speech.cepstrum import log_mel, mel_filters, mfcc, normalise, with_deltas
from scratchtune.sequences.speech.clip import Clip, check_speech, checked_samples, trim
from scratchtune.sequences.speech.resampling import resample
from scratchtune.sequences.speech.spectrum import (
    WINDOWS,
    frame_starts,
    power_spectrum,
    preemphasis,
    window,
    windowed_frames,
)

KINDS = ("mfcc", "log_mel")
MOST_WEIGHTS = 1 << 25  # of all filters
ENERGY_FLOOR = 1e-10  # of the energy in a mel filter; librosa's `amin`
STD_FLOOR = 1e-8


@dataclass(frozen=True)
class Features:
    """How features of a clip are computed, as a function: ``features(clip)`` is an array, (frames, features).

    A clip is what `read_wav` returns, (samples, rate), which is resampled to the rate of the features, or an array of
    samples, which is assumed to have this rate.

    ``window``, ``step``: the length of a frame and the time from one to the next, in seconds. ``n_mels``: mel filters
    from 0 to half the rate. ``kind``: "log_mel", the logarithm of their energies, formula [log_mel], or "mfcc", the
    first ``n_coefficients`` of their cosine transform, [dct]. ``rate``: samples a second; None for that of each clip,
    or, in a `SpeechRecognizer`, of the first clip of its first fit. ``preemphasis``: α of [preemphasis], 0 for none.
    ``window_kind``: "hann" or "hamming". ``deltas``: 1 to append the [deltas], 2 to append those of the deltas too.
    ``normalize``: whether each clip's features have mean 0 and variance 1, [cmvn]. ``trim_db``: remove silence at both
    ends that is so many decibels below the loudest frame (`trim`).

    The convention is that of librosa with ``htk=True, norm=None, center=False`` and of torchaudio with
    ``center=False``, but for the natural logarithm, pre-emphasis and normalisation; the formulas say how others differ.

    >>> Features(rate=8000)(np.sin(np.arange(8000) ** 1.2)).shape
    (98, 13)
    """

    window: float = 0.025
    step: float = 0.01
    n_mels: int = 40
    kind: str = "mfcc"
    rate: int | None = None
    n_coefficients: int = 13
    preemphasis: float = 0.97
    window_kind: str = "hann"
    deltas: int = 0
    normalize: bool = True
    trim_db: float | None = None

    def __post_init__(self) -> None:
        checks.choice("kind", self.kind, KINDS)
        checks.choice("window_kind", self.window_kind, WINDOWS)
        for name in ("window", "step"):
            checks.real(name, getattr(self, name), 0.0, open_low=True)
        checks.integer("n_mels", self.n_mels, 1)
        checks.integer("n_coefficients", self.n_coefficients, 1, self.n_mels if self.kind == "mfcc" else None)
        checks.real("preemphasis", self.preemphasis, 0.0, 1.0)
        checks.integer("deltas", self.deltas, 0, 2)
        checks.boolean("normalize", self.normalize)
        if self.trim_db is not None:
            checks.real("trim_db", self.trim_db, 0.0, open_low=True)
        if self.rate is not None:
            self._check_rate(checks.integer("rate", self.rate, 1))

    def _check_rate(self, rate: int) -> None:
        """Check the arguments whose limits depend on the rate."""
        for name in ("window", "step"):
            if round(getattr(self, name) * rate) < 1:
                raise ValueError(f"{name} is {getattr(self, name)} seconds; it must be at least one sample, "
                                 f"{1 / rate:.3g}")
        if self.n_mels * self.fft_size > MOST_WEIGHTS:
            raise ValueError(f"n_mels is {self.n_mels}, and a frame has {self.frame_length:,} samples; the filters "
                             f"must have at most {MOST_WEIGHTS:,} weights")
        self.filters  # noqa: B018 - an empty filter is an error before any clip is read

    def of_rate(self, rate: int) -> Features:
        """Return these features with a rate, unless they have one."""
        return self if self.rate is not None else replace(self, rate=int(rate))

    @property
    def _known_rate(self) -> int:
        if self.rate is None:
            raise ValueError("rate is None, so that a frame has no number of samples yet; make Features(rate=...)")
        return self.rate

    @property
    def frame_length(self) -> int:
        """The samples of a frame."""
        return round(self.window * self._known_rate)

    @property
    def frame_step(self) -> int:
        """The samples from the start of a frame to that of the next."""
        return round(self.step * self._known_rate)

    @property
    def n_features(self) -> int:
        """The numbers of a row."""
        return (self.n_coefficients if self.kind == "mfcc" else self.n_mels) * (1 + self.deltas)

    @property
    def fft_size(self) -> int:
        """The size of the Fourier transform: the least power of 2 that holds a frame."""
        return 1 << (self.frame_length - 1).bit_length()

    @cached_property
    def filters(self) -> np.ndarray:
        """The mel filters, (n_mels, fft_size // 2 + 1)."""
        return mel_filters(self.n_mels, self.fft_size, self._known_rate, 0.0, self._known_rate / 2)

    def __call__(self, clip: Clip | Any, name: str = "clip") -> np.ndarray:
        """Return the features of a clip, (frames, features), float64; ``name`` is what the errors call it.

        Raises a TypeError or a ValueError where it is no clip, has no known rate, is silent, or shorter than a frame.
        """
        rate = rate_of(clip, name)
        if self.rate is None and rate is not None:
            return self.of_rate(rate)(clip, name)
        samples = self._samples(clip, name)
        frames = windowed_frames(
            preemphasis(samples, self.preemphasis), frame_starts(len(samples), self.frame_length, self.frame_step),
            window(self.window_kind, self.frame_length))
        power = power_spectrum(frames, np.arange(self.fft_size // 2 + 1), self.fft_size)
        rows = log_mel(power, self.filters, ENERGY_FLOOR)
        if self.kind == "mfcc":
            rows = mfcc(rows, self.n_coefficients)
        rows = with_deltas(rows, self.deltas)
        return normalise(rows, STD_FLOOR) if self.normalize else rows

    def clip(self, clip: Any, name: str = "clip") -> Clip:
        """Return a clip or an array of samples, checked and resampled to the rate of the features."""
        rate = rate_of(clip, name)
        samples = checked_samples(name, clip if rate is None else clip[0])
        if self.rate is None:
            raise ValueError(f"{name} is an array of samples, whose rate is not known; pass (samples, rate), such as "
                             "`read_wav` returns, or make Features(rate=...)")
        return Clip(samples if rate is None else resample(samples, rate, self.rate), self.rate)

    def _samples(self, clip: Any, name: str) -> np.ndarray:
        """The samples of a clip, checked and trimmed."""
        whole = self.clip(clip, name)
        check_speech(name, whole, self.frame_length / whole.rate)
        return whole.samples if self.trim_db is None else trim(whole, self.trim_db, self.window, self.step).samples


def rate_of(clip: Any, name: str = "clip") -> int | None:
    """The rate of a clip, None for an array of samples; a TypeError where the second item of a pair is no rate."""
    if not isinstance(clip, tuple) or len(clip) != 2:
        return None
    if not isinstance(clip[1], int | np.integer):
        raise TypeError(f"{name} is a pair whose second item is of type {type(clip[1]).__name__}; it must be "
                        "(samples, rate), such as `read_wav` returns")
    return checks.integer(f"rate of {name}", clip[1], 1)
