"""Synthetic speech by the program espeak-ng, in voices that differ in accent, timbre, speed and pitch."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.speech.clip import Clip
from scratchtune.speech.trimming import trim
from scratchtune.speech.wav import read_wav

PROGRAM = "espeak-ng"
RATE = 8000  # samples a second of the clips that are made
PEAK = 0.6  # the size of a clip's largest sample, the same for all voices
ACCENTS = {
    "en": ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"),
    "es": ("es", "es-419"), "fr": ("fr-fr", "fr-be", "fr-ch"), "it": ("it",), "ru": ("ru", "ru-lv"),
}
# espeak-ng's variants (timbres). Left out: whispers, robots, monsters and strong echoes; those whose formant 1, 2 or 3
# is below 75% or above 135% of the default voice's; and those that are nearly equal to another. The log mel features of
# the same words in any two of these differ by a root mean square of at least 0.2 standard deviations.
VARIANTS = tuple((
    "Alex Andrea Annie Denis Diogo Gene Gene2 Hugo Mario Mike Nguyen Storm anika antonio aunty belinda benjamin david "
    "ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa ian iven iven2 iven3 iven4 john klatt klatt2 klatt3 klatt4 "
    "linda m1 m2 m3 m4 m5 m6 m7 m8 max miguel mike2 norbert pablo paul pedro quincy rob robert sandro steph "
    "victor").split())
SPEEDS, PITCHES = (140, 220), (20, 80)  # lowest and highest: words a minute; on espeak-ng's scale from 0 to 99


class Voice(NamedTuple):
    """A voice of espeak-ng: ``accent`` is its language and region, ``variant`` its timbre.

    ``speed`` is in words a minute, ``pitch`` from 0 to 99, espeak-ng's own scale.
    """

    accent: str
    variant: str
    speed: int
    pitch: int

    @property
    def name(self) -> str:
        """Accent and variant, as espeak-ng's option ``-v`` takes them."""
        return f"{self.accent}+{self.variant}"


def draw_voice(order: int, rng: np.random.Generator, number: int, language: str) -> Voice:
    """Draw a voice: the variant at index ``number`` of a random order of all variants, and the rest by ``rng``.

    ``order`` is the seed of the random order, so no two numbers of the same order have the same variant.
    """
    variants = np.random.default_rng(order).permutation(VARIANTS)
    accents = ACCENTS[language]
    accent = accents[int(rng.integers(len(accents)))]
    return Voice(accent, str(variants[number]), int(rng.integers(SPEEDS[0], SPEEDS[1] + 1)),
                 int(rng.integers(PITCHES[0], PITCHES[1] + 1)))


def version() -> str:
    """The version of the installed espeak-ng, such as "1.52.0".

    Raises
        FileNotFoundError where espeak-ng is not installed, ValueError where it lacks some of the variants.
    """
    found = re.search(r"\d+(\.\d+)+", _output("--version"))
    known = set(re.findall(r"!v/(\S+)", _output("--voices=variant")))
    number = found[0] if found else "of an unknown version"
    missing = [variant for variant in VARIANTS if variant not in known]
    if missing:
        raise ValueError(f"{PROGRAM} {number} lacks the variants {checks.quoted(missing)}; install version 1.52 or a "
                         "later one")
    return number


def say(text: str, voice: Voice, rate: int = RATE) -> Clip:
    """A text, spoken by espeak-ng: without silence at the ends, the largest sample of size 0.6.

    Raises
        FileNotFoundError where espeak-ng is not installed, RuntimeError where it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.wav")
        # -D: the noise of breath has a fixed seed rather than the time, so the same voice gives the same clip
        _output("-D", "-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "-b", "1",
                "--stdin", "-w", str(path), text=text)
        clip = trim(read_wav(path, rate))
    return Clip(clip.samples * (PEAK / np.abs(clip.samples).max()), rate)


def _output(*arguments: str, text: str = "") -> str:
    """What espeak-ng prints."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise FileNotFoundError(f"{PROGRAM} is not installed, and it synthesises the speech; install it, on Debian "
                                f"and Ubuntu by `apt install {PROGRAM}`")
    done = subprocess.run([program, *arguments], input=text.encode(), capture_output=True)
    if done.returncode:
        message = " ".join(done.stderr.decode(errors="replace").split())
        raise RuntimeError(f"{PROGRAM} {' '.join(arguments)} ended with code {done.returncode}: {message}")
    return done.stdout.decode(errors="replace")
