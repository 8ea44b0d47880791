"""Digit strings, synthesised by espeak-ng in many voices: ``python -m benchmarks.common.synthesis FOLDER``.

The speech is synthetic: it is no recording of a person. Each of the voices says some strings of 3 to 5 digits, such as
"four zero seven one". The folder gets WAV files of one channel at 8 kHz, and then the table of their transcripts, so
`read_clips` reads it; a FOLDER that ends in .zip is a ZIP file instead. The same options and the same version of
espeak-ng give the same files, however many jobs run.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks.common import espeak
from scratchtune import checks
from scratchtune.files import whole_file, write_text
from scratchtune.speech.prompts import DIGIT_WORDS
from scratchtune.speech.wav import BITS, wav_bytes
from scratchtune.streams import flushed, note, prepare_streams, tell

PROGRAM = "python -m benchmarks.common.synthesis"
TABLE, ORIGIN = "transcripts.tsv", "synthesis.json"
SHORTEST, LONGEST = 3, 5  # digits of a string
MOST_STRINGS = 100  # of a voice, since file names have two digits for them
_Mapped = Callable[..., Iterator[Any]]  # as `map`


class Plan(NamedTuple):
    """What is synthesised: how many ``voices``, how many ``strings`` of each, and the size of a sample in ``bits``."""

    voices: int = len(espeak.VARIANTS)
    strings: int = 12
    language: str = "en"
    seed: int = 0
    bits: int = 16


class Utterance(NamedTuple):
    """A clip to be made: the name of its file, what is said, and who says it."""

    file: str
    text: str
    voice: espeak.Voice


def checked(plan: Plan) -> Plan:
    """Return the plan; TypeError or ValueError where one of its values is not accepted."""
    checks.integer("voices", plan.voices, 1, len(espeak.VARIANTS))
    checks.integer("strings", plan.strings, 1, MOST_STRINGS)
    checks.choice("language", plan.language, DIGIT_WORDS)
    checks.integer("seed", plan.seed, 0)
    checks.choice("bits", plan.bits, BITS)
    return plan


def spelled_out(digits: Iterable[int], language: str = "en") -> str:
    """Digits as words.

    >>> spelled_out([4, 0, 7, 1]), spelled_out([4, 0], "it")
    ('four zero seven one', 'quattro zero')
    """
    words = DIGIT_WORDS[checks.choice("language", language, DIGIT_WORDS)]
    return " ".join(words[checks.integer("digits", digit, 0, 9)] for digit in digits)


def random_digits(rng: np.random.Generator) -> list[int]:
    """3 to 5 random digits, each length and each digit equally probable."""
    return rng.integers(0, 10, size=rng.integers(SHORTEST, LONGEST + 1)).tolist()


def utterances(plan: Plan) -> list[Utterance]:
    """Every clip of a plan, voice by voice; fewer voices or strings are the beginning of more."""
    found = []
    for number in range(plan.voices):
        rng = np.random.default_rng([plan.seed, number + 1])
        voice = espeak.draw_voice(plan.seed, rng, number, plan.language)
        for k in range(plan.strings):
            text = spelled_out(random_digits(rng), plan.language)
            found.append(Utterance(f"{number:02}_{k:02}.wav", text, voice))
    return found


def table(rows: Sequence[Utterance]) -> str:
    """The table of transcripts: file, text and voice, separated by tabs."""
    return "file\ttext\tvoice\n" + "".join(f"{row.file}\t{row.text}\t{row.voice.name}\n" for row in rows)


def origin(plan: Plan, version: str) -> str:
    """What is written beside the clips, to say what they are and with which options they were made."""
    about = {"what": "synthetic speech, made by espeak-ng", "espeak-ng": version}
    return json.dumps(about | plan._asdict(), indent=1) + "\n"


# Writing --------------------------------------------------------------------------------------------------------------


def synthesise(path: str | os.PathLike[str], plan: Plan, jobs: int = 2, progress: bool = True) -> int:
    """Make the clips of a plan and their table, in a folder, or in a new ZIP file if the name ends in .zip.

    An interrupted call continues where it ended, in the folder. Files that exist are never changed.
    Arguments
        path: a new or empty folder, a folder of the same plan, or a new file that ends in .zip.
        jobs: how many clips are synthesised at the same time; it does not change them.
        progress: whether to show a bar, on a terminal.
    Returns
        The number of clips.
    Raises
        TypeError or ValueError for a plan or path that is not accepted; FileNotFoundError where espeak-ng is not
        installed; RuntimeError where it fails.
    """
    rows, target = utterances(checked(plan)), Path(path)
    checks.integer("jobs", jobs, 1)
    about = origin(plan, espeak.version())
    write = _write_zip if target.suffix.lower() == ".zip" else _write_folder
    write(target, rows, plan, about, functools.partial(_mapped, jobs=jobs, progress=progress))
    return len(rows)


def _mapped(make: Callable[[Utterance], Any], todo: Sequence[Utterance], jobs: int, progress: bool) -> Iterator[Any]:
    """The results of ``make``, in order, with a progress bar."""
    hidden = None if progress else True
    pool = ThreadPoolExecutor(jobs)
    try:
        with tqdm(total=len(todo), desc="synthesising", unit="clip", delay=2, disable=hidden, leave=False) as bar:
            for result in pool.map(make, todo):
                bar.update()
                yield result
    finally:
        pool.shutdown(cancel_futures=True)


def _content(row: Utterance, bits: int) -> bytes:
    """The WAV file of an utterance."""
    return wav_bytes(espeak.say(row.text, row.voice), bits)


def _write_folder(folder: Path, rows: Sequence[Utterance], plan: Plan, about: str, mapped: _Mapped) -> None:
    """Make the clips that are not in the folder yet, and the table when all are there."""
    _claim(folder, about, table(rows))

    def make(row: Utterance) -> None:
        with whole_file(folder / row.file) as beside:
            beside.write_bytes(_content(row, plan.bits))

    for _ in mapped(make, [row for row in rows if not (folder / row.file).exists()]):
        pass
    if not (folder / TABLE).exists():
        write_text(folder / TABLE, table(rows))


def _claim(folder: Path, about: str, transcripts: str) -> None:
    """Create the folder, or check that it is empty or begun by the same call."""
    advice = "give a new or empty folder, or one in which the same command was interrupted"
    if not folder.exists():
        if not folder.parent.is_dir():
            raise FileNotFoundError(f"FOLDER is {str(folder)!r}; there is no folder {str(folder.parent)!r}")
        folder.mkdir()
    elif not folder.is_dir():
        raise NotADirectoryError(f"FOLDER is {str(folder)!r}, which is a file; {advice}, or a file that ends in .zip")
    if not any(folder.iterdir()):
        write_text(folder / ORIGIN, about)
    elif not (folder / ORIGIN).is_file():
        raise ValueError(f"FOLDER is {str(folder)!r}, which holds other files; {advice}")
    elif (folder / ORIGIN).read_bytes() != about.encode():
        raise ValueError(f"FOLDER is {str(folder)!r}, which holds speech that was synthesised with other options or "
                         f"another version of espeak-ng, see {ORIGIN}; {advice}")
    elif (folder / TABLE).exists() and (folder / TABLE).read_bytes() != transcripts.encode():
        raise ValueError(f"FOLDER is {str(folder)!r}, whose {TABLE} was changed; {advice}")


def _write_zip(path: Path, rows: Sequence[Utterance], plan: Plan, about: str, mapped: _Mapped) -> None:
    """Write a ZIP file whose bytes depend on its content alone."""
    if path.exists():
        raise FileExistsError(f"FOLDER is {str(path)!r}, which exists; give a new file, or delete it")
    with whole_file(path) as beside, zipfile.ZipFile(beside, "w") as file:
        def add(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            file.writestr(entry, content, compresslevel=9)

        add(ORIGIN, about.encode())
        for row, content in zip(rows, mapped(lambda row: _content(row, plan.bits), rows), strict=True):
            add(row.file, content)
        add(TABLE, table(rows).encode())


# The command ----------------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _make_parser() -> argparse.ArgumentParser:
    default = Plan()
    parser = _Parser(prog=PROGRAM, description="Synthesise digit strings with espeak-ng in many voices: WAV files of "
                                               "8,000 samples a second, and transcripts.tsv.")
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER",
        help="a new or empty folder, or one in which the same command was interrupted; a new file if it ends in .zip")
    add("--voices", type=int, default=default.voices, metavar="N",
        help=f"the number of voices, at most {len(espeak.VARIANTS)}; no two have the same variant of espeak-ng "
             "(default: %(default)s)")
    add("--strings", type=int, default=default.strings, metavar="N",
        help="the number of digit strings of each voice (default: %(default)s)")
    add("--language", choices=list(DIGIT_WORDS), default=default.language, help="the language (default: %(default)s)")
    add("--seed", type=int, default=default.seed, metavar="N",
        help="the seed of the voices and of the digits (default: %(default)s)")
    add("--bits", type=int, choices=BITS, default=default.bits, help="the size of a sample (default: %(default)s)")
    add("--jobs", type=int, default=2, metavar="N",
        help="how many clips are synthesised at the same time (default: %(default)s)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 1 espeak-ng failed, 2 wrong arguments, 130 interrupted."""
    prepare_streams()
    try:
        given = vars(_make_parser().parse_args(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)
    folder, jobs = given.pop("folder"), given.pop("jobs")
    try:
        number = synthesise(folder, Plan(**given), jobs)
    except KeyboardInterrupt:
        note(f"{PROGRAM}: interrupted; the same command continues in a folder, and begins a ZIP file again")
        return 130
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        note(f"{PROGRAM}: {error}")
        return 1 if isinstance(error, RuntimeError) else 2
    tell(f"{folder}: {checks.counted(number, 'clip')} of synthetic speech")
    return 0


if __name__ == "__main__":
    sys.exit(flushed(main()))
