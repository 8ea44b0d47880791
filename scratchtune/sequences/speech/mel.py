"""Mel filters: triangles, equally wide on the mel scale of pitch, that sum the power of a spectrum in a few bands.

Equal steps in mel sound equally large, so at high frequencies a mel is more hertz.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np


def hz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Frequencies in mel; 1,000 Hz is 1,000 mel.

    Formula [hz_to_mel]
        mᵢ = 2595 · log(1 + fᵢ / 700) / log(10)
    Where
        f: hertz, (i,), >= 0; sampled in [0, 22050]
    Returns
        m, (i,), >= 0.
    Variant
        HTK's mel, of torchaudio and python_speech_features, and of librosa with `htk=True`. librosa's default, Slaney's
        mel, is linear below 1,000 Hz.
    Source
        O'Shaughnessy (1987), "Speech communication", page 150; "The HTK book" (2006), equation 5.13.
    Example
        >>> hz_to_mel(np.array([0.0, 700.0, 1000.0])).round(2).tolist()
        [0.0, 781.17, 999.99]
    """
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Frequencies in hertz: the inverse of [hz_to_mel].

    Formula [mel_to_hz]
        fᵢ = 700 · (10^(mᵢ / 2595) − 1)
    Where
        m: mel, (i,), >= 0; sampled in [0, 4000]
    Returns
        f, (i,), >= 0.
    Source
        [hz_to_mel], solved for f.
    Example
        >>> mel_to_hz(np.array([0.0, 2595.0])).tolist()
        [0.0, 6300.0]
    """
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def triangles(frequencies: np.ndarray, lows: np.ndarray, centres: np.ndarray, highs: np.ndarray) -> np.ndarray:
    """Triangular filters: the weight rises from 0 at the low edge to 1 at the centre, and falls to 0 at the high edge.

    Formula [triangles]
        wₘₖ = max(0, min((fₖ − aₘ) / (cₘ − aₘ), (bₘ − fₖ) / (bₘ − cₘ)))
    Where
        f: frequencies, (k,), >= 0; sampled in [0, 6], of the spectrum's bins, in hertz
        a: lows, (m,), >= 0; sampled in [0, 1], below c
        c: centres, (m,), > 0; sampled in [2, 3]
        b: highs, (m,), > 0; sampled in [4, 5], above c
    Returns
        w, (m, k), in [0, 1], a row for each filter.
    Variant
        As torchaudio's default, and librosa's with `norm=None`. librosa's default, Slaney's, divides each filter by
        half its width in hertz, so that all have the same area. python_speech_features rounds the edges to bins; in
        HTK and Kaldi the sides are straight in mel, not in hertz.
    Source
        Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic word recognition",
        figure 1; torchaudio's `melscale_fbanks`.
    Example
        >>> triangles(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0]), np.array([2.0]), np.array([6.0])).tolist()
        [[0.0, 0.5, 1.0, 0.5]]
    """
    rising = (frequencies - lows[:, None]) / (centres - lows)[:, None]
    falling = (highs[:, None] - frequencies) / (highs - centres)[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def mel_filters(n_mels: int, n_fft: int, rate: int, fmin: float, fmax: float) -> np.ndarray:
    """Return the filters, (n_mels, n_fft // 2 + 1), whose centres and edges are equally spaced in mel.

    Raises a ValueError where a filter is so narrow that it has no bin of the spectrum.

    >>> mel_filters(2, 8, 8000, 0.0, 4000.0).round(3).tolist()
    [[0.0, 0.676, 0.0, 0.0, 0.0], [0.0, 0.324, 0.906, 0.453, 0.0]]
    """
    low, high = hz_to_mel(np.array([fmin, fmax]))
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2))
    filters = triangles(np.arange(n_fft // 2 + 1) * rate / n_fft, edges[:-2], edges[1:-1], edges[2:])
    empty = np.flatnonzero(filters.max(axis=1) == 0.0)
    if len(empty):
        raise ValueError(f"n_mels is {n_mels}, and filter {empty[0]}, from {edges[empty[0]]:.0f} to "
                         f"{edges[empty[0] + 2]:.0f} Hz, has none of the spectrum's frequencies, which are "
                         f"{rate / n_fft:.3g} Hz apart; use fewer filters or a longer window")
    return filters


def log_mel(power: np.ndarray, filters: np.ndarray, floor: float) -> np.ndarray:
    """Logarithm of the energy (summed power) in each mel filter; loudness is perceived on a logarithmic scale.

    Formula [log_mel]
        yₙₘ = log(max(Σₖ[pₙₖ · wₘₖ], ε))
    Where
        p: power, (n, k), >= 0, the power spectrum of each frame
        w: filters, (m, k), in [0, 1]
        ε: floor, scalar, > 0; sampled in [0.0625, 4], the least energy
    Returns
        y, (n, m).
    Variant
        The natural logarithm, as in HTK, Kaldi and python_speech_features. librosa's `power_to_db` is 10 / log(10)
        times this one, with floor 1e-10, and raises values more than 80 dB below the maximum to that level; so does
        torchaudio's MFCC, or with `log_mels=True` it computes log(energy + 1e-6).
    Source
        Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic word recognition".
    Example
        >>> log_mel(np.array([[1.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 0.5]]), 1e-10).round(4).tolist()
        [[0.0, 0.6931]]
    """
    return np.log(np.maximum(power @ filters.T, floor))
