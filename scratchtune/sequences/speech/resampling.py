"""Resampling: a clip at another rate, by interpolation between its samples with a windowed sinc.

A clip of rate r holds frequencies up to r / 2. If the new rate is lower, the frequencies above half of it are removed,
or they would appear as wrong, lower ones (aliasing). If it is higher, no frequency is added: the upper part of the
spectrum is empty. The same interpolation changes the speed of a clip.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.sequences.speech.clip import Clip, checked_samples

WIDTH = 6.0  # zero crossings of the sinc on either side, torchaudio's default
ROLLOFF = 0.99  # the highest frequency that is kept, as a share of half the lower rate; torchaudio's default
RATES = 1_000, 768_000  # samples a second; others are those of a damaged header
MOST_TIMES = 24  # the old rate, as 192,000 is of 8,000: a higher one costs much, and adds nothing
_VALUES = 1 << 18  # neighbours that are weighted at a time: 2 MB


def sampling_times(numbers: np.ndarray, step: float) -> np.ndarray:
    """The times at which a clip is read, in samples of that clip: equal steps from the first sample.

    Formula [sampling_times]
        τₘ = kₘ · r
    Where
        k: numbers, (m,), integer >= 0, the numbers of the new samples
        r: step, scalar, > 0, old rate / new rate; to play a clip faster, how many times faster
    Returns
        τ, (m,).
    Source
        Ko et al. (2015), "Audio augmentation for speech recognition": speed perturbation is x(α · t).
    Example
        >>> sampling_times(np.arange(3), 2.5).tolist()
        [0.0, 2.5, 5.0]
    """
    return numbers * step


def sinc_interpolation(samples: np.ndarray, times: np.ndarray, cutoff: float, width: float) -> np.ndarray:
    """Windowed-sinc interpolation: the clip at any times, without the frequencies above a cutoff.

    Formula [sinc_interpolation]
        uₘₜ = c · (τₘ − t) ; yₘ = c · Σₜ[xₜ · (sin(π · uₘₜ) / (π · uₘₜ) if |uₘₜ| > 0 else 1)
            · (cos(π · uₘₜ / (2 · w))² if |uₘₜ| < w else 0)]
    Where
        x: samples, (t,), real, 0 before the first and after the last one
        τ: times, (m,), real; sampled in [-1, 3], in samples
        c: cutoff, scalar, in (0, 1]; sampled in [0.125, 1], the highest frequency that is kept, as a share of half the
            rate
        w: width, scalar, > 0; sampled in [1, 6], zero crossings of the sinc on either side; the Hann window ends there
    Returns
        y, (m,).
    Variant
        As torchaudio's `resample` with "sinc_interp_hann". A Kaiser window is common too; librosa calls the library
        soxr. Linear interpolation is faster, and lets high frequencies appear as wrong ones.
    Source
        Smith (2002), "Digital audio resampling", theory of ideal bandlimited interpolation; torchaudio's `resample`.
    Example
        >>> sinc_interpolation(np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.5, 2.0]), 1.0, 6.0).round(4).tolist()
        [1.0, 0.6258, 0.0]
    """
    values, distances = _neighbours(samples, times, math.ceil(width / cutoff))
    u = cutoff * distances
    window = np.where(np.abs(u) < width, np.cos(np.pi * u / (2.0 * width)) ** 2, 0.0)
    return cutoff * (values * np.sinc(u) * window).sum(axis=1)


def _neighbours(samples: np.ndarray, times: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples around each time, and the time less each one's own time, both (times, 2 · reach + 2)."""
    index = np.floor(times).astype(np.int64)[:, None] + np.arange(-reach, reach + 2)
    inside = (index >= 0) & (index < len(samples))
    values = np.where(inside, samples[np.clip(index, 0, len(samples) - 1)], 0.0)
    return values, times[:, None] - index


def resample(samples: Any, rate: int, new_rate: int) -> np.ndarray:
    """Return samples at another rate, formula [sinc_interpolation]: ceil(n · new_rate / rate) of them.

    Rates are 1,000 to 768,000 samples a second; the new one is at most 24 times the old one.

    >>> resample(np.ones(80), 8000, 4000).shape
    (40,)
    """
    rate, new_rate = checks.integer("rate", rate, *RATES), checks.integer("new_rate", new_rate, *RATES)
    if new_rate > MOST_TIMES * rate:
        raise ValueError(f"the new rate is {new_rate:,} for a clip of {rate:,} samples a second; it must be at most "
                         f"{MOST_TIMES} times as high: {MOST_TIMES * rate:,}")
    values = checked_samples("samples", samples)
    if rate == new_rate:
        return values.copy()
    return stretched(values, rate / new_rate, -(-len(values) * new_rate // rate))


def stretched(samples: np.ndarray, step: float, length: int) -> np.ndarray:
    """Return ``length`` samples, each ``step`` samples of the clip after the one before."""
    made = np.empty(length)
    cutoff = min(1.0, 1.0 / step) * ROLLOFF
    at_a_time = max(1, int(_VALUES * cutoff / (2 * WIDTH)))
    for first in range(0, length, at_a_time):
        numbers = np.arange(first, min(first + at_a_time, length))
        made[numbers] = sinc_interpolation(samples, sampling_times(numbers, step), cutoff, WIDTH)
    return made


def change_speed(clip: Clip, factor: float) -> Clip:
    """Return the clip played ``factor`` times as fast: formulas [sampling_times] and [sinc_interpolation].

    It has 1 / factor of the length, rounded up, at the same rate; every frequency is multiplied by the factor. Those
    that would be above half the rate are removed.

    >>> change_speed(Clip(np.sin(np.arange(900)), 8000), 0.9).seconds
    0.125
    """
    speed = checks.real("factor", factor, 0.1, 10.0)
    samples = checked_samples("clip", clip.samples)
    if speed == 1.0:
        return Clip(samples, clip.rate)
    return Clip(stretched(samples, speed, math.ceil(len(samples) / speed)), clip.rate)
