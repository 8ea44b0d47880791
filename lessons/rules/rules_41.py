"""The claims of lesson 41, from a wave to features: other words, pitches, mouths, microphones and loudness."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson
from scratchtune.sequences.speech.cepstrum import log_mel, mel_filters, normalise

lesson = of_lesson(41, "speak", "spectra", "distance", "FORMANTS")
MEL = mel_filters(26, lesson.N_FFT, lesson.RATE, 0.0, 4000.0)


STAGES = {"log power": lambda wave: np.log(lesson.spectra(wave)),
          "log-mel": lambda wave: log_mel(lesson.spectra(wave), MEL, 1e-10),
          "normalised": lambda wave: normalise(log_mel(lesson.spectra(wave), MEL, 1e-10), 1e-8)}


@cache
def _moved(draw):
    """For each stage, how far each change moves the features, in distances between two words."""
    rng = np.random.default_rng(draw)
    words = ["".join(rng.permutation(list(lesson.FORMANTS))) for _ in range(4)]
    pitch, mouth = rng.uniform(90.0, 130.0), rng.uniform(0.9, 1.1)
    changes = {
        "none": {}, "loud": {"loudness": rng.uniform(2.0, 8.0)}, "microphone": {"microphone": rng.uniform(0.7, 0.95)},
        "pitch": {"pitch": pitch * rng.uniform(1.4, 1.8)}, "formants": {"formants": mouth * rng.uniform(1.07, 1.15)}}
    waves = {name: [lesson.speak(word, **({"pitch": pitch, "formants": mouth} | change)) for word in words]
             for name, change in changes.items()}
    moved = {}
    for stage, features in STAGES.items():
        rows = {name: [features(wave) for wave in each] for name, each in waves.items()}
        unit = np.mean([lesson.distance(a, b) for i, a in enumerate(rows["none"]) for b in rows["none"][:i]])
        moved[stage] = {name: np.mean(list(map(lesson.distance, rows["none"], rows[name]))) / unit for name in changes}
    return moved


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
