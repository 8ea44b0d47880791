"""Digit strings, synthesised by espeak-ng in many voices: ``python -m benchmarks.common.synthesis FOLDER``.

The speech is synthetic: it is no recording of a person. Each of the voices, which differ in accent, timbre, speed and
pitch, says some strings of 3 to 5 digits, such as "four zero seven one". FOLDER, which must be new, gets WAV files of
one channel at 8 kHz and the table of their transcripts, so `read_clips` reads it; if its name ends in .zip, it is a ZIP
file instead. The same options and the same version of espeak-ng give the same files. The built-in clips were made by
`python -m benchmarks.common.synthesis spoken_digits.zip --strings 3 --bits 8`.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import wave
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.sequences.speech import Clip, read_wav, trim

PROGRAM = "espeak-ng"
RATE = 8000  # samples a second
PEAK = 0.6  # the size of a clip's largest sample, the same for all voices
DIGIT_WORDS = {
    "en": "zero one two three four five six seven eight nine", "es": "cero uno dos tres cuatro cinco seis siete ocho "
    "nueve", "fr": "zéro un deux trois quatre cinq six sept huit neuf", "it": "zero uno due tre quattro cinque sei "
    "sette otto nove", "ru": "ноль один два три четыре пять шесть семь восемь девять"}
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
SHORTEST, LONGEST = 3, 5  # digits of a string


class Voice(NamedTuple):
    """A voice of espeak-ng: its name is accent+variant; its speed in words a minute, its pitch from 0 to 99."""

    name: str
    speed: int
    pitch: int


class Plan(NamedTuple):
    """What is synthesised: how many ``voices``, how many ``strings`` of each, and the size of a sample in ``bits``."""

    voices: int = len(VARIANTS)
    strings: int = 12
    language: str = "en"
    seed: int = 0
    bits: int = 16


class Utterance(NamedTuple):
    """A clip to be made: the name of its file, what is said, and who says it."""

    file: str
    text: str
    voice: Voice


def utterances(plan: Plan) -> list[Utterance]:
    """Every clip of a plan, voice by voice; no two voices have the same variant.

    Fewer voices or strings are the beginning of more.
    """
    found, words = [], DIGIT_WORDS[plan.language].split()
    variants = np.random.default_rng(plan.seed).permutation(VARIANTS)
    for number in range(plan.voices):
        rng, accents = np.random.default_rng([plan.seed, number + 1]), ACCENTS[plan.language]
        accent = accents[int(rng.integers(len(accents)))]
        voice = Voice(f"{accent}+{variants[number]}", *(int(rng.integers(low, high + 1)) for low, high in (
            SPEEDS, PITCHES)))
        for k in range(plan.strings):
            digits = rng.integers(0, 10, size=rng.integers(SHORTEST, LONGEST + 1)).tolist()
            found.append(Utterance(f"{number:02}_{k:02}.wav", " ".join(words[digit] for digit in digits), voice))
    return found


# espeak-ng ------------------------------------------------------------------------------------------------------------


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


def version() -> str:
    """The version of the installed espeak-ng, such as "1.52.0"; FileNotFoundError where it is not installed."""
    found = re.search(r"\d+(\.\d+)+", _output("--version"))
    return found[0] if found else "unknown"


def say(text: str, voice: Voice) -> Clip:
    """A text, spoken by espeak-ng: without silence at the ends, the largest sample of size 0.6."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.wav")
        # -D: the noise of breath has a fixed seed rather than the time, so the same voice gives the same clip
        _output("-D", "-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "-b", "1",
                "--stdin", "-w", str(path), text=text)
        clip = trim(read_wav(path, RATE))
    return Clip(clip.samples * (PEAK / np.abs(clip.samples).max()), RATE)


# Writing --------------------------------------------------------------------------------------------------------------


def wav_bytes(clip: Clip, bits: int) -> bytes:
    """The content of a WAV file of one channel, in samples of 8 bits, which are unsigned, or of 16 bits."""
    content, scale = io.BytesIO(), 2.0 ** (bits - 1)
    numbers = np.clip(np.floor(clip.samples * scale + 0.5), -scale, scale - 1.0)
    with wave.open(content, "wb") as file:
        file.setparams((1, bits // 8, clip.rate, 0, "NONE", ""))
        file.writeframes(((numbers + 128).astype(np.uint8) if bits == 8 else numbers.astype("<i2")).tobytes())
    return content.getvalue()


def files(plan: Plan) -> Iterator[tuple[str, bytes]]:
    """The name and the content of each file: how they were made, the clips, and the table of transcripts."""
    about = {"what": "synthetic speech, made by espeak-ng", "espeak-ng": version()} | plan._asdict()
    yield "synthesis.json", (json.dumps(about, indent=1) + "\n").encode()
    rows = utterances(plan)
    for row in tqdm(rows, "synthesising", unit="clip", disable=None, leave=False):
        yield row.file, wav_bytes(say(row.text, row.voice), plan.bits)
    lines = [f"{row.file}\t{row.text}\t{row.voice.name}\n" for row in rows]
    yield "transcripts.tsv", ("file\ttext\tvoice\n" + "".join(lines)).encode()


def synthesise(path: Path, plan: Plan) -> None:
    """Write the files of a plan to a new folder, or to a new ZIP file, whose bytes depend on its content alone.

    Raises
        FileExistsError if there is something at the path; FileNotFoundError, RuntimeError where espeak-ng is missing or
        fails.
    """
    if path.exists():
        raise FileExistsError(f"FOLDER is {str(path)!r}, which exists; give a new one")
    made = list(files(plan))  # all of them before anything is written
    if path.suffix.lower() != ".zip":
        path.mkdir(parents=True)
        for name, content in made:
            (path / name).write_bytes(content)
        return
    with zipfile.ZipFile(path, "w") as file:
        for name, content in made:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            file.writestr(entry, content, compresslevel=9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 0 done, 2 wrong arguments, or espeak-ng is missing or fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.common.synthesis", description=str(__doc__),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    for name, choices in (("voices", range(1, len(VARIANTS) + 1)), ("strings", range(1, 101)), ("seed", None),
                          ("language", DIGIT_WORDS), ("bits", (8, 16))):
        default = Plan._field_defaults[name]
        parser.add_argument(f"--{name}", type=type(default), default=default, choices=choices, metavar=name.upper(),
                            help="(default: %(default)s)")
    given = vars(parser.parse_args(arguments))
    path = given.pop("folder")
    try:
        synthesise(path, Plan(**given))
    except (OSError, RuntimeError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 2
    print(f"{path}: {given['voices'] * given['strings']} clips of synthetic speech")
    return 0


if __name__ == "__main__":
    sys.exit(main())
