"""Clips and transcripts for the example of speech: read, checked, and divided by voice.

Each voice is in one part only, so no test voice is in the training set; this requires transcripts that name the voices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import scratchtune as st
from scratchtune.core import checks
from scratchtune.core.streams import note
from scratchtune.sequences.speech import Clip, Features, Recordings

RATE = 8000  # samples a second, to which all clips are resampled
STEPS = (0.01, 0.015, 0.02)  # the choices of the seconds from one frame to the next
FASTEST = 1.1  # the highest speed in training, relative to the clip's own
TRIM_DB = 40.0  # decibels below the loudest frame; quieter frames at both ends are removed
LEAST = 20  # clips that can be used, in the three parts together
LONGEST = 10.0  # seconds of a clip; all are padded to the longest one, so it determines the time of a training step


@dataclass
class Corpus:
    """The training, validation and test set; ``alphabet`` has the characters of the texts of all three, sorted."""

    train: Recordings
    validation: Recordings
    test: Recordings
    alphabet: str = field(init=False)

    def __post_init__(self) -> None:
        self.alphabet = "".join(sorted(set("".join([*self.train.texts, *self.validation.texts, *self.test.texts]))))
        self._features: dict[tuple[Features, str, float], list[np.ndarray]] = {}

    def features(self, features: Features, part: str, speed: float = 1.0) -> list[np.ndarray]:
        """The features of a part's clips, (frames, features) each, played ``speed`` times as fast; they are cached."""
        key = features, part, speed
        if key not in self._features:
            self._features[key] = [features(st.speech.change_speed(clip, speed)) for clip in getattr(self, part).clips]
        return self._features[key]


def read_corpus(data: str | Path | None, seed: int = 0) -> Corpus:
    """Return the built-in synthetic digit strings, or the clips of a folder (see `st.speech.read_clips`).

    Texts are in lower case. Clips are left out, and their number is printed, if they are too long, if their text is
    empty, or if it needs more frames than the clip may have.
    """
    if data is not None and not Path(data).exists():
        raise FileNotFoundError(f"--data is {str(data)!r}; there is no such folder")
    found = st.speech.load_spoken_digits() if data is None else st.speech.read_clips(data, RATE)
    if found.resampled:
        note(f"{found.resampled:,} of {len(found.clips):,} clips are resampled to {RATE:,} samples a second")
    texts = [" ".join(text.lower().split()) for text in found.texts]
    kept = [index for index, (clip, text) in enumerate(zip(found.clips, texts, strict=True)) if _fits(clip, text)]
    if len(kept) < len(texts):
        note(f"{len(texts) - len(kept):,} of {len(texts):,} clips are left out: they are longer than {LONGEST:.0f} s, "
             "or too short for their text")
    if len(kept) < LEAST:
        raise ValueError(f"--data is {str(data)!r}, with {checks.counted(len(kept), 'clip')} that can be used; it must "
                         f"have at least {LEAST}")
    voices = [found.voices[index] for index in kept]
    if not any(voices):
        note("the transcripts name no voices, so that clips of one voice may be in all three parts")
        voices = [str(index) for index in kept]
    if "" in voices or len(set(voices)) < 3:
        raise ValueError(f"--data is {str(data)!r}, with {checks.counted(len(set(voices) - {''}), 'voice')} and "
                         f"{voices.count('')} of {len(voices)} clips without one; the column voice must say who speaks "
                         "in each clip, at least 3 voices, since each is in one part only; or it must be omitted")
    chosen = found._replace(
        clips=[found.clips[index] for index in kept], texts=[texts[index] for index in kept], voices=voices)
    return Corpus(*st.speech.split_by_voice(chosen, (0.6, 0.2, 0.2), seed))


def _fits(clip: Clip, text: str) -> bool:
    """Whether a clip is not too long, and its text is not too long for the fewest frames that the clip may have."""
    frames = int(st.speech.trim(clip, TRIM_DB).seconds / FASTEST / max(STEPS)) - 1
    blanks = sum(a == b for a, b in zip(text, text[1:], strict=False))  # CTC needs one between equal letters
    return clip.seconds <= LONGEST and 0 < len(text) + blanks <= frames
