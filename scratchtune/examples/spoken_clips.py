"""Clips and transcripts for the example of speech: read, checked, and divided by voice.

Each voice is in one part only, so no test voice was heard in training.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.speech import Clip, Features, Recordings
from scratchtune.streams import note

RATE = 8000  # samples a second, to which all clips are resampled
STEPS = (0.01, 0.015, 0.02)  # seconds from one frame to the next, which can be tuned
FASTEST = 1.1  # a clip is played at most so much faster in training
TRIM_DB = 40.0  # silence before and after speech is removed
SHARES = 0.6, 0.2, 0.2  # of the voices: to train on, to validate on, to test on
LEAST = 20  # clips
LONGEST = 10.0  # seconds of a clip; the time of a training step is proportional to the longest one


@dataclass
class Corpus:
    """Recordings to train on, to validate on and to test on; ``alphabet`` holds the letters of their texts."""

    train: Recordings
    validation: Recordings
    test: Recordings
    alphabet: str = field(init=False)

    def __post_init__(self) -> None:
        self.alphabet = "".join(sorted(set("".join([*self.train.texts, *self.validation.texts, *self.test.texts]))))
        self._clips: dict[tuple[str, float], list[Clip]] = {}
        self._features: dict[tuple[Features, str, float], list[np.ndarray]] = {}

    def part(self, name: str) -> Recordings:
        """The recordings of "train", "validation" or "test"."""
        return getattr(self, name)

    def features(self, features: Features, part: str, speed: float = 1.0) -> list[np.ndarray]:
        """The features of a part's clips, played ``speed`` times as fast; they are computed once."""
        key = features, part, speed
        if key not in self._features:
            self._features[key] = [features(clip) for clip in self.clips(part, speed)]
        return self._features[key]

    def clips(self, part: str, speed: float = 1.0) -> list[Clip]:
        """The clips of a part, played ``speed`` times as fast; they are computed once."""
        if (part, speed) not in self._clips:
            self._clips[part, speed] = [st.speech.change_speed(clip, speed) for clip in self.part(part).clips]
        return self._clips[part, speed]


def read_corpus(data: str | Path | None, quick: bool = False, seed: int = 0) -> Corpus:
    """Return the built-in synthetic digit strings, or the clips of a folder (see `st.speech.read_clips`).

    Texts are in lower case. Left out, and counted, are clips that are too long, and those whose text has more letters
    than the clip can have frames.
    """
    found = st.speech.load_spoken_digits() if data is None else st.speech.read_clips(_folder(Path(data)), RATE)
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
    chosen = found._replace(clips=[found.clips[index] for index in kept], texts=[texts[index] for index in kept],
                            voices=voices)
    return Corpus(*st.speech.split_by_voice(chosen, SHARES, seed))


def _folder(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"--data is {str(path)!r}; there is no such folder")
    return path


def _fits(clip: Clip, text: str) -> bool:
    """Whether a clip is not too long, and its text not too long for the fewest frames that it may have."""
    frames = int(st.speech.trim(clip, TRIM_DB).seconds / FASTEST / max(STEPS)) - 1
    blanks = sum(a == b for a, b in zip(text, text[1:], strict=False))  # between equal letters
    return clip.seconds <= LONGEST and 0 < len(text) + blanks <= frames
