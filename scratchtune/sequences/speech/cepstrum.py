"""From a power spectrum to the rows that a network reads: mel filters, cepstral coefficients, deltas, normalisation.

Mel filters are triangles, equally wide on the mel scale of pitch, that sum the power of a spectrum in a few bands.
Equal steps in mel sound equally large, so at high frequencies a mel is more hertz.

Cepstral coefficients are the shape of a log spectrum in a few numbers that are hardly correlated. Deltas say how fast
each feature changes. Mean and variance normalisation removes the shift by a microphone or a loud voice.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

# Mel filters ----------------------------------------------------------------------------------------------------------


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


# Cepstral coefficients ------------------------------------------------------------------------------------------------


def dct_basis(positions: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Basis of the discrete cosine transform, type II, orthonormal: the columns are cosines of 0, 1/2, 1 .. periods.

    Formula [dct_basis]
        bₘⱼ = (√(1 / #m) if qⱼ = 0 else √(2 / #m)) · cos(π · qⱼ · vₘ)
    Where
        v: positions, (m,), in (0, 1); sampled in [0.0625, 0.875], of the inputs: (m + 0.5) / #m
        q: orders, (j,), integer >= 0; sampled in [0, 3], below #m, the numbers of the coefficients
    Returns
        b, (m, j), whose columns have length 1 and are orthogonal.
    Variant
        As librosa's and torchaudio's default, `norm="ortho"`. HTK has √(2 / #m) for coefficient 0 too.
    Source
        Ahmed, Natarajan and Rao (1974), "Discrete cosine transform", equation 1, with orthonormal factors.
    Example
        >>> dct_basis(np.array([0.25, 0.75]), np.arange(2)).round(4).tolist()
        [[0.7071, 0.7071], [0.7071, -0.7071]]
    """
    scale = np.sqrt(np.where(orders == 0, 1.0, 2.0) / len(positions))
    return scale * np.cos(np.pi * np.outer(positions, orders))


def dct(log_energies: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Discrete cosine transform of each row; that of log mel energies gives the cepstral coefficients (MFCC).

    Formula [dct]
        cₙⱼ = Σₘ[yₙₘ · bₘⱼ]
    Where
        y: log_energies, (n, m), real, a row for each frame
        b: basis, (m, j), in [-1, 1], of [dct_basis]
    Returns
        c, (n, j). Coefficient 0 is √#m times the mean log energy.
    Variant
        As librosa and torchaudio. python_speech_features replaces coefficient 0 by the log energy of the frame
        (`appendEnergy`), and, as HTK and Kaldi, multiplies the others by a lifter; both can be switched off there.
    Source
        Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic word recognition",
        equation 1.
    Example
        >>> dct(np.array([[3.0, 1.0]]), np.array([[0.5, 1.0], [0.5, -1.0]])).tolist()
        [[2.0, 2.0]]
    """
    return log_energies @ basis


def mfcc(log_energies: np.ndarray, n_coefficients: int) -> np.ndarray:
    """Return the first cepstral coefficients of log mel energies, (frames, n_mels), as (frames, n_coefficients).

    >>> mfcc(np.ones((1, 4)), 2).round(4).tolist()
    [[2.0, 0.0]]
    """
    n_mels = log_energies.shape[1]
    return dct(log_energies, dct_basis((np.arange(n_mels) + 0.5) / n_mels, np.arange(n_coefficients)))


# Deltas and normalisation ---------------------------------------------------------------------------------------------


OFFSETS = np.array([1, 2])  # frames: the line is fitted to five of them


def deltas(features: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Deltas by regression: the gradient of the least-squares line through a frame and those around it.

    Formula [deltas]
        dₜₖ = Σᵢ[oᵢ · (x[min(t + oᵢ, #t − 1), k] − x[max(t − oᵢ, 0), k])] / (2 · Σᵢ[oᵢ²])
    Where
        x: features, (t, k), real, a row for each frame; the first and the last one are repeated beyond the ends
        o: offsets, (i,), integer >= 1; sampled in [1, 4], distances in frames, usually 1 and 2
    Returns
        d, (t, k), change a frame. The deltas of deltas are called accelerations, or delta-deltas.
    Variant
        As HTK, Kaldi, python_speech_features, torchaudio's `compute_deltas` (5 frames by default), and librosa's
        `delta` with `mode="nearest"`; librosa has 9 frames by default, and fits the line at the ends (`mode="interp"`).
    Source
        Young et al. (2006), "The HTK book", section 5.9, equation 5.16.
    Example
        >>> deltas(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]), np.array([1, 2])).ravel().tolist()
        [0.5, 0.8, 1.0, 0.8, 0.5]
    """
    last = len(features) - 1
    total = np.zeros(features.shape)
    for offset in offsets:
        later, earlier = np.arange(last + 1) + offset, np.arange(last + 1) - offset
        total += offset * (features[np.minimum(later, last)] - features[np.maximum(earlier, 0)])
    return total / (2.0 * (offsets**2).sum())


def with_deltas(features: np.ndarray, orders: int) -> np.ndarray:
    """Return the features, then their deltas, then the deltas of those: ``orders`` blocks of columns are added.

    >>> with_deltas(np.ones((4, 13)), 2).shape
    (4, 39)
    """
    blocks = [features]
    for _ in range(orders):
        blocks.append(deltas(blocks[-1], OFFSETS))
    return np.concatenate(blocks, axis=1)


def normalise(features: np.ndarray, floor: float) -> np.ndarray:
    """Cepstral mean and variance normalisation (CMVN): in each clip every feature has mean 0 and variance 1.

    Formula [cmvn]
        μₖ = meanₜ[xₜₖ] ; σₖ = √(meanₜ[(xₜₖ − μₖ)²]) ; yₜₖ = (xₜₖ − μₖ) / max(σₖ, ε)
    Where
        x: features, (t, k), real, a row for each frame of one clip
        ε: floor, scalar, > 0; sampled in [0.5, 2], the smallest divisor
    Returns
        y, (t, k). A feature that is constant becomes 0.
    Variant
        Some subtract the mean only (CMN), take a sliding window of a few seconds, or all clips of a speaker; Kaldi's
        variance, like this one, is divided by the number of frames.
    Source
        Viikki and Laurila (1998), "Cepstral domain segmental feature vector normalization".
    Example
        >>> normalise(np.array([[1.0, 5.0], [3.0, 5.0]]), 1e-8).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    mean = features.mean(axis=0)
    std = np.sqrt(((features - mean) ** 2).mean(axis=0))
    return (features - mean) / np.maximum(std, floor)
