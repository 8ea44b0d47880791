"""A clip is the samples of one recording, numbers in [-1, 1], and their rate; silence at its ends can be trimmed.

What cannot be a clip of speech raises an error.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.sequences.speech.spectrum import frame_starts, windowed_frames

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
    """Return samples as float64, (n,); an error where they are no floats, not finite, or of several channels."""
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


def pcm_to_float(samples: np.ndarray, bits: int) -> np.ndarray:
    """Integer samples as numbers in [-1, 1).

    Formula [pcm_to_float]
        yₜ = sₜ / 2^(b − 1)
    Where
        s: samples, (t,), integer; sampled in [-32768, 32767], signed
        b: bits, scalar, integer >= 2; sampled in [8, 32], the size of a sample in the file
    Returns
        y, (t,), float64, in [-1, 1) for samples that fit into b bits.
    Variant
        soundfile, librosa and torchaudio divide by the same number; others divide by 2^(b − 1) − 1. Samples of 8 bits
        are unsigned in a file, so 128 is subtracted first.
    Source
        Microsoft and IBM (1991), "Multimedia programming interface and data specifications", WAVE: data format.
    Example
        >>> pcm_to_float(np.array([-32768, 0, 16384]), 16).tolist()
        [-1.0, 0.0, 0.5]
    """
    return samples / 2.0 ** (bits - 1)


def mix_down(samples: np.ndarray) -> np.ndarray:
    """One channel of several: at each time the mean of all channels.

    Formula [mix_down]
        yₜ = meanₖ[xₜₖ]
    Where
        x: samples, (t, k), real, a column for each channel
    Returns
        y, (t,).
    Variant
        librosa's `to_mono` is the same. Others keep the first channel, or add the channels, which may exceed 1.
    Source
        librosa's reference, `librosa.to_mono`.
    Example
        >>> mix_down(np.array([[0.5, 0.25], [0.0, -1.0]])).tolist()
        [0.375, -0.5]
    """
    return samples.mean(axis=1)


def flat_share(samples: np.ndarray) -> float:
    """Flat share: the share of samples whose size, like that of both neighbours, is the largest of the recording.

    A recording that was too loud is *clipped*: cut off at the largest number of its format, so its peaks are flat.

    Formula [flat_share]
        m = maxₜ[|xₜ|] ; fₜ = 1 if |xₜ| = m else 0 ; s = meanₜ[f[t − 1] · fₜ · f[t + 1]]
    Where
        x: samples, (t,), real; sampled as integer in [-1, 1]
    Returns
        s, a scalar in [0, 1): 0 for most recordings that are not clipped.
    Variant
        Others count the samples at the largest number of the format; this share does not depend on a later change of
        volume.
    Source
        None: a rule of this package.
    Example
        >>> flat_share(np.array([0.0, 0.5, 0.5, 0.5, 0.25]))
        0.2
    """
    sizes = np.abs(samples)
    flat = np.pad(sizes == sizes.max(), 1)
    return float((flat[:-2] & flat[1:-1] & flat[2:]).mean())


FLOOR = 1e-10  # the least mean square; 16 bits have a step of 9.3e-10 squared


def energy_db(frames: np.ndarray, floor: float) -> np.ndarray:
    """Energy of each frame in decibels below the loudest one.

    Formula [energy_db]
        eₙ = max(meanₜ[xₙₜ²], ε) ; dₙ = 10 · log(eₙ / maxⱼ[eⱼ]) / log(10)
    Where
        x: frames, (n, t), real
        ε: floor, scalar, > 0; sampled in [0.0625, 1], the least mean square
    Returns
        d, (n,), <= 0; the loudest frame has 0.
    Variant
        As librosa's `power_to_db` of the mean square, with `ref=np.max`.
    Source
        librosa's reference, `librosa.effects.trim`.
    Example
        >>> energy_db(np.array([[1.0, -1.0], [0.1, 0.1]]), 1e-10).round(4).tolist()
        [0.0, -20.0]
    """
    energies = np.maximum((frames**2).mean(axis=1), floor)
    return 10.0 * np.log10(energies / energies.max())


def trim(clip: Clip, top_db: float = 40.0, window: float = 0.025, step: float = 0.01) -> Clip:
    """Return the clip from the first frame that is at most ``top_db`` decibels below the loudest one, to the last.

    ``window`` and ``step`` are the frames' length and distance in seconds. A clip shorter than a frame is returned
    unchanged. librosa's `trim` has ``top_db=60``, which leaves the noise of most rooms, and frames of 2,048 samples
    around each 512th.

    >>> clip = Clip(np.concatenate([np.zeros(800), np.sin(np.arange(1600)), np.zeros(800)]), 8000)
    >>> len(trim(clip).samples)
    1880
    """
    limit = checks.real("top_db", top_db, 0.0, open_low=True)
    length = max(1, round(clip.rate * checks.real("window", window, 0.0, open_low=True)))
    distance = max(1, round(clip.rate * checks.real("step", step, 0.0, open_low=True)))
    samples = checked_samples("clip", clip.samples)
    if len(samples) < length:
        return clip
    starts = frame_starts(len(samples), length, distance)
    loud = np.flatnonzero(energy_db(windowed_frames(samples, starts, np.ones(length)), FLOOR) >= -limit)
    return Clip(samples[starts[loud[0]] : starts[loud[-1]] + length], clip.rate)
