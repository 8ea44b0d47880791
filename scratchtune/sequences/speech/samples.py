"""Samples: sound as numbers in [-1, 1]; from the integers of a file, several channels to one, clipped peaks.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


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
