"""The power spectrum of a clip's frames: pre-emphasis, short frames that overlap, a window, the Fourier transform.

Pre-emphasis makes high frequencies stronger, since the voice has less energy there. Within a frame speech hardly
changes. A window fades the frame in and out; without it, the cut edges would spread power over all frequencies.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import checks


def preemphasis(samples: np.ndarray, alpha: float) -> np.ndarray:
    """Pre-emphasis: each sample less a share of the one before.

    Formula [preemphasis]
        yₜ = xₜ − α · x[t − 1]
    Where
        x: samples, (t,), real, 0 before the first one
        α: alpha, scalar, in [0, 1], usually 0.97; 0 leaves the samples unchanged
    Returns
        y, (t,).
    Variant
        As python_speech_features and torchaudio. librosa continues the line through the first two samples to the left,
        Kaldi repeats the first sample, and works frame by frame.
    Source
        Young et al. (2006), "The HTK book", section 5.2, equation 5.1.
    Example
        >>> preemphasis(np.array([1.0, 1.0, 3.0]), 0.5).tolist()
        [1.0, 0.5, 2.5]
    """
    emphasised = samples.copy()
    emphasised[1:] -= alpha * samples[:-1]
    return emphasised


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


def hann(u: np.ndarray) -> np.ndarray:
    """Hann window: it begins and ends at 0.

    Formula [hann]
        wₖ = 0.5 − 0.5 · cos(2 · π · uₖ)
    Computed as
        wₖ = sin(π · uₖ)², which loses no digits near 0
    Where
        u: u, (k,), in [0, 1]; sampled in (0, 1], the position in the window, from 0 to 1
    Returns
        w, (k,), in [0, 1].
    Variant
        `window` takes u = k / n, the periodic window of librosa and torchaudio; NumPy's `hanning` has k / (n − 1),
        the symmetric one.
    Source
        Harris (1978), "On the use of windows for harmonic analysis with the discrete Fourier transform".
    Example
        >>> hann(np.array([0.0, 0.25, 0.5])).round(4).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.sin(np.pi * u) ** 2


def hamming(u: np.ndarray) -> np.ndarray:
    """Hamming window: it begins and ends at 0.08.

    The highest peak that it leaves beside the peak of a tone, the side lobe, is lower than that of the Hann window.

    Formula [hamming]
        wₖ = 0.54 − 0.46 · cos(2 · π · uₖ)
    Where
        u: u, (k,), in [0, 1]; sampled in (0, 1], the position in the window, from 0 to 1
    Returns
        w, (k,), in [0.08, 1].
    Variant
        `window` takes u = k / n, the periodic window; HTK and NumPy's `hamming` have k / (n − 1), the symmetric one.
    Source
        Harris (1978), "On the use of windows for harmonic analysis with the discrete Fourier transform".
    Example
        >>> hamming(np.array([0.0, 0.25, 0.5])).round(4).tolist()
        [0.08, 0.54, 1.0]
    """
    return 0.54 - 0.46 * np.cos(2.0 * np.pi * u)


WINDOWS = {"hann": hann, "hamming": hamming}


def window(kind: str, length: int) -> np.ndarray:
    """Return the periodic window of a kind, "hann" or "hamming", (length,).

    >>> window("hann", 4).round(4).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    checks.choice("kind", kind, WINDOWS)
    checks.integer("length", length, 1)
    return WINDOWS[kind](np.arange(length) / length)


def power_spectrum(frames: np.ndarray, bins: np.ndarray, n_fft: int) -> np.ndarray:
    """Power spectrum: the squared size of the discrete Fourier transform of each frame.

    Formula [power_spectrum]
        aₙₖ = Σₜ[xₙₜ · cos(2 · π · bₖ · t / m)] ; cₙₖ = Σₜ[xₙₜ · sin(2 · π · bₖ · t / m)] ; pₙₖ = aₙₖ² + cₙₖ²
    Computed as
        z = rfft(x, m); p = z.real² + z.imag², by NumPy's fast Fourier transform
    Where
        x: frames, (n, t), real
        b: bins, (k,), integer >= 0; sampled in [0, 16], at most m / 2; bin b has the frequency b · rate / m
        m: n_fft, scalar, integer >= 1; sampled in [32, 40], at least t: frames are filled with zeros at their end
    Returns
        p, (n, k), >= 0.
    Variant
        As librosa's `stft` squared, and torchaudio's `Spectrogram` with power 2; python_speech_features divides by m.
        power 1, the magnitude, is its square root.
    Source
        Young et al. (2006), "The HTK book", section 5.4.
    Example
        >>> power_spectrum(np.array([[1.0, 0.0, -1.0, 0.0]]), np.arange(3), 4).tolist()
        [[0.0, 4.0, 0.0]]
    """
    spectrum = np.fft.rfft(frames, n_fft)[:, bins]
    return spectrum.real**2 + spectrum.imag**2
