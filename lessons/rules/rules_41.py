"""The claims of lesson 41, from a wave to features: other words, pitches, mouths, microphones and loudness."""

from functools import cache

import numpy as np

from lessons.claims import claim
from scratchtune.sequences.speech.cepstrum import log_mel, mel_filters, normalise
from scratchtune.sequences.speech.spectrum import frame_starts, power_spectrum, preemphasis, window, windowed_frames

RATE, LENGTH, STEP, N_FFT = 8000, 200, 80, 256
FORMANTS = {"i": (300.0, 2300.0), "e": (450.0, 1900.0), "a": (750.0, 1200.0), "o": (450.0, 850.0), "u": (320.0, 800.0)}
MEL = mel_filters(26, N_FFT, RATE, 0.0, 4000.0)


def _speak(word, pitch, formants=1.0, loudness=1.0, microphone=0.0):
    times = np.arange(len(word) * 960)
    y = np.diff(np.floor(times * pitch / RATE), prepend=-1.0)
    for k, bandwidth in enumerate((80.0, 120.0)):
        centres = (np.arange(len(word)) + 0.5) * 960
        hertz = formants * np.interp(times, centres, [FORMANTS[vowel][k] for vowel in word])
        x, y, r = y, np.zeros(len(y) + 2), np.exp(-np.pi * bandwidth / RATE)
        swing = 2.0 * r * np.cos(2.0 * np.pi * hertz / RATE)
        for t in range(len(x)):
            y[t + 2] = (1.0 - r) * x[t] + swing[t] * y[t + 1] - r * r * y[t]
        y = y[2:]
    y = preemphasis(y, microphone)
    return loudness * 0.1 * y / np.sqrt((y**2).mean()) + np.random.default_rng(0).normal(scale=1e-5, size=len(y))


def _spectra(wave):
    frames = windowed_frames(preemphasis(wave, 0.97), frame_starts(len(wave), LENGTH, STEP), window("hann", LENGTH))
    return power_spectrum(frames, np.arange(N_FFT // 2 + 1), N_FFT)


STAGES = {"log power": lambda wave: np.log(_spectra(wave)), "log-mel": lambda wave: log_mel(_spectra(wave), MEL, 1e-10),
          "normalised": lambda wave: normalise(log_mel(_spectra(wave), MEL, 1e-10), 1e-8)}


@cache
def _moved(draw):
    """For each stage, how far each change moves the features, in distances between two words."""
    rng = np.random.default_rng(draw)
    words = ["".join(rng.permutation(list(FORMANTS))) for _ in range(4)]
    pitch, mouth = rng.uniform(90.0, 130.0), rng.uniform(0.9, 1.1)
    changes = {
        "none": {}, "loud": {"loudness": rng.uniform(2.0, 8.0)}, "microphone": {"microphone": rng.uniform(0.7, 0.95)},
        "pitch": {"pitch": pitch * rng.uniform(1.4, 1.8)}, "formants": {"formants": mouth * rng.uniform(1.07, 1.15)}}
    waves = {name: [_speak(word, **({"pitch": pitch, "formants": mouth} | change)) for word in words]
             for name, change in changes.items()}
    moved = {}
    for stage, features in STAGES.items():
        rows = {name: [features(wave) for wave in each] for name, each in waves.items()}
        unit = np.mean([_distance(a, b) for i, a in enumerate(rows["none"]) for b in rows["none"][:i]])
        moved[stage] = {name: np.mean([_distance(*pair) for pair in zip(rows["none"], rows[name], strict=True)]) / unit
                        for name in changes}
    return moved


def _distance(a, b):
    return np.linalg.norm(a - b, axis=1).mean()


@claim("41a")
def mel_filters_and_pitch(draw):
    """The mel filters at least halve the distance to a voice of another pitch, in distances between words."""
    share = _moved(draw)["log-mel"]["pitch"] / _moved(draw)["log power"]["pitch"]
    return share < 0.5, share


@claim("41b")
def what_is_left(draw):
    """After normalising, other formants change the features more than loudness and microphone together."""
    left = _moved(draw)["normalised"]
    return left["formants"] > left["loud"] + left["microphone"], left["formants"]
