"""The power spectrum: how strong each frequency is in a frame.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


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
