"""Trimming: the silence before and after speech is cut off, where the energy is far below the loudest frame's.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks
from scratchtune.sequences.speech.clip import Clip, checked_samples
from scratchtune.sequences.speech.framing import frame_starts, windowed_frames

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
