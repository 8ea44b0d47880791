"""Framing: a clip is divided into short frames that overlap; within one, speech hardly changes.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def number_of_frames(samples: int, length: int, step: int) -> int:
    """The number of frames that fit into a clip as a whole.

    Formula [number_of_frames]
        n = floor((s − w) / h) + 1
    Where
        s: samples, scalar, integer >= 1; sampled in [10, 40], at least w
        w: length, scalar, integer >= 1; sampled in [1, 10], samples of a frame
        h: step, scalar, integer >= 1; sampled in [1, 5], samples from the start of a frame to that of the next
    Returns
        n, an integer >= 1 where s >= w. Samples after the last whole frame are left out.
    Variant
        As librosa and torchaudio with `center=False`, and Kaldi with `snip_edges`. With `center=True`, the default
        of librosa and torchaudio, half a frame is added at both ends; python_speech_features fills the last frame with
        zeros.
    Source
        Kaldi's reference, `NumFrames`.
    Example
        >>> number_of_frames(16000, 400, 160)
        98
    """
    return (samples - length) // step + 1


def windowed_frames(samples: np.ndarray, starts: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Frames of a clip, each multiplied by a window.

    Formula [windowed_frames]
        yₙₖ = x[aₙ + k] · wₖ
    Where
        x: samples, (t,), real, 0 after the last one
        a: starts, (n,), index of t, the first sample of each frame
        w: window, (k,), in [0, 1]
    Returns
        y, (n, k), a row for each frame.
    Source
        Rabiner and Schafer (1978), "Digital processing of speech signals", chapter 4.
    Example
        >>> windowed_frames(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 1]), np.array([0.5, 1.0, 0.5])).tolist()
        [[0.5, 2.0, 1.5], [1.0, 3.0, 2.0]]
    """
    padded = np.pad(samples, (0, len(window)))
    return padded[np.add.outer(starts, np.arange(len(window)))] * window


def frame_starts(samples: int, length: int, step: int) -> np.ndarray:
    """Return the index of the first sample of each frame of a clip, (frames,); see [number_of_frames].

    >>> frame_starts(10, 4, 3).tolist()
    [0, 3, 6]
    """
    return step * np.arange(number_of_frames(samples, length, step))
