"""Reading a folder or a ZIP file of clips and their transcripts; a file that cannot be used is left out, and said.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import io
import os
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.archives import Archive, about
from scratchtune.core.files import decoded_text, opened_file
from scratchtune.sequences.speech.clip import Clip, check_speech, is_clipped
from scratchtune.sequences.speech.resampling import RATES, resample
from scratchtune.sequences.speech.wav import MOST_BYTES, PURPOSE, decode_wav, read_clip

SHORTEST = 0.1  # seconds
TABLE = "transcripts.tsv"
_ACCEPTED = f"clips are read from a folder with WAV files and {TABLE}, or from a ZIP file of one"
_ADVICE = "it must be a table with a header and the columns file, text and, if known, voice, separated by tabs"


class Recordings(NamedTuple):
    """Clips and what is said in them, in the order of the table: ``texts[i]`` and ``voices[i]`` are of ``clips[i]``.

    ``voices``: who speaks, "" where the table does not say. ``left_out``: a sentence for each clip that is not there.
    ``resampled``: how many clips had another rate. ``clipped``: how many were recorded too loud; they are kept.
    """

    clips: list[Clip]
    texts: list[str]
    voices: list[str]
    left_out: list[str]
    resampled: int
    clipped: int


def read_clips(folder: str | os.PathLike[str], rate: int | None = None) -> Recordings:
    """Read a folder of WAV files and the table of their transcripts, ``transcripts.tsv``, or a ZIP file of a folder.

    The table is UTF-8, and its first line names the columns, separated by tabs: ``file``, relative to the folder;
    ``text``, what is said; and ``voice``, who says it, which may be missing. Other columns are ignored.

    All clips are resampled to one rate: ``rate``, or else the rate that most files have. Left out are files that
    `read_wav` refuses, silent clips, those shorter than 0.1 seconds, lines of the table without a text, repeated files,
    files outside the folder, and WAV files without a line. A warning counts them; ``left_out`` has the reason of each.

    Raises an OSError if the folder or its table cannot be opened, a ValueError if it has not these columns, or no clip
    can be used.
    """
    if rate is not None:
        checks.integer("rate", rate, *RATES)
    path = Path(folder)
    left_out: list[str] = []
    with _opened(path) as source:
        rows = list(_usable(source, left_out))
    if rate is None and rows:
        rate = Counter(clip.rate for _, clip in rows).most_common(1)[0][0]
    found = Recordings([], [], [], left_out, 0, 0)
    for row, clip in rows:
        try:
            samples = clip.samples if rate is None or rate == clip.rate else resample(clip.samples, clip.rate, rate)
        except ValueError as problem:
            left_out.append(f"{row['file']}: {problem}")
            continue
        found.clips.append(Clip(samples, rate or clip.rate))
        found.texts.append(unicodedata.normalize("NFC", row["text"]))
        found.voices.append(row.get("voice", ""))
        found = found._replace(
            resampled=found.resampled + (rate != clip.rate), clipped=found.clipped + is_clipped(clip))
    if not found.clips:
        raise ValueError(f"{path} has no clip that can be used; {checks.counted(len(left_out), 'clip')} left out"
                         + "".join(f", the first because {reason}" for reason in left_out[:1]))
    _warn(path, found)
    return found


def load_spoken_digits() -> Recordings:
    """Digit strings in English: 180 clips of *synthetic* speech, no recordings of people, as `read_clips` returns them.

    Each of 60 voices of espeak-ng, which differ in accent, timbre, speed and pitch, says three strings of 3 to 5
    digits, such as "four zero seven one". A clip has 8,000 samples a second, of 8 bits, and no silence at its ends.
    `spoken_digits/LICENSE.txt` names the source.

    >>> found = load_spoken_digits()
    >>> len(found.clips), len(set(found.voices)), found.texts[0], found.voices[0]
    (180, 60, 'three eight two nine', 'en-gb-x-rp+benjamin')
    """
    built_in = resources.files("scratchtune.sequences.speech").joinpath("spoken_digits", "spoken_digits.zip")
    with resources.as_file(built_in) as path:
        return read_clips(path)


def _usable(source: _Source, left_out: list[str]) -> Iterator[tuple[dict[str, str], Clip]]:
    """The lines of the table with their clips; a sentence for each other one is appended to ``left_out``."""
    seen: set[str] = set()
    for number, row in _rows(source):
        file = row["file"]
        name = posixpath.normpath(Path(file).as_posix())
        problem = ""
        if not file:
            problem = f"{TABLE}, line {number}, has no file"
        elif name in seen:
            problem = f"{file} is in {TABLE} more than once; the first line counts"
        elif name.split("/")[0] == ".." or Path(file).is_absolute():
            problem = f"{file} is not within the folder of {TABLE}; move it there"
        elif not row["text"]:
            problem = f"{file} has no text in {TABLE}"
        seen.add(name)
        if not problem:
            try:
                clip = decode_wav(file, source.read(file))
                check_speech(file, clip, SHORTEST)
                yield row, clip
            except (OSError, ValueError) as error:
                problem = str(error)
        left_out += [problem] if problem else []
    left_out += [f"{name} has no transcript in {TABLE}" for name in source.names
                 if name.lower().endswith(".wav") and name not in seen]


def _rows(source: _Source) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of the table that are not empty: their numbers, and the cell of every column."""
    table = f"{source.path}{os.sep}{TABLE}"
    with about(f"{source.path}:"):
        content = source.read(TABLE)
    lines = io.StringIO(decoded_text(table, content, _ADVICE), newline=None)
    header = [cell.strip().lower() for cell in lines.readline().split("\t")]
    if not {"file", "text"} <= set(header) or len(set(header)) < len(header):
        raise ValueError(f"{table} begins with the columns {checks.quoted(header)}; {_ADVICE}, each once")
    for number, line in enumerate(lines, 2):
        cells = [cell.strip() for cell in line.split("\t")]
        if any(cells):
            yield number, dict.fromkeys(header, "") | dict(zip(header, cells, strict=False))


def _warn(folder: Path, recordings: Recordings) -> None:
    """Say in one sentence what was left out or is doubtful."""
    clips, _, _, left_out, resampled, clipped = recordings
    parts = [f"{folder}: {checks.counted(len(clips), 'clip')} read"]
    if left_out:
        parts.append(f"{len(left_out):,} left out, the first because {left_out[0]}")
    if clipped:
        parts.append(f"{clipped:,} recorded too loud, with peaks that are cut off, and kept")
    if resampled:
        parts.append(f"{resampled:,} resampled to {clips[0].rate:,} samples a second")
    if left_out or clipped:
        checks.warn("; ".join(parts))


# Folders and ZIP files ------------------------------------------------------------------------------------------------


class _Source(NamedTuple):
    """The names of a folder's files, with "/" between folders, and the function that reads one by its name."""

    path: Path
    names: list[str]
    read: Callable[[str], bytes]


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    """Open a folder with a table of transcripts, or a ZIP file of one; an OSError if it is neither."""
    if path.is_dir():
        if not (path / TABLE).is_file():
            raise FileNotFoundError(f"{path} has no {TABLE}; {_ADVICE}")
        names = [each.relative_to(path).as_posix() for each in sorted(path.rglob("*"))]
        yield _Source(path, names, lambda name: read_clip(path / name, name))
        return
    if not path.exists():
        raise NotADirectoryError(f"{path} does not exist; {_ACCEPTED}")
    with opened_file(path, _ACCEPTED) as file:
        try:
            with about("it"):
                archive = Archive(file)
        except ValueError:
            raise NotADirectoryError(f"{path} is a file, but not a complete ZIP file; {_ACCEPTED}") from None
        tables = [name for name in archive.names if posixpath.basename(name) == TABLE]
        if len(tables) != 1:
            raise FileNotFoundError(f"{path} has {len(tables)} files {TABLE}; it must have one: {_ADVICE}")
        begin = tables[0].removesuffix(TABLE)  # the folder may be within another one

        def read(name: str) -> bytes:
            inside = posixpath.normpath(begin + Path(name).as_posix())
            if inside not in archive.names:
                raise FileNotFoundError(f"{name} does not exist; {PURPOSE}")
            with about(name):
                return archive.read(inside, MOST_BYTES)

        yield _Source(path, sorted(name[len(begin) :] for name in archive.names if name.startswith(begin)), read)


# Splitting by voice ---------------------------------------------------------------------------------------------------


def split_by_voice(
    recordings: Recordings, shares: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0,
) -> tuple[Recordings, ...]:
    """Split clips into parts, such as training, validation and test, so that no voice is in two of them.

    In each part the clips keep their order; ``left_out`` and ``resampled``, of the whole set, are empty and 0.

    ``shares`` are those of the voices (not of the clips) in each part; they add up to 1, and every part gets at least
    one voice. ``seed`` determines the voices of each part. Raises a TypeError or a ValueError for other shares, for
    clips without a voice, or if there are fewer voices than parts.

    >>> clips = [Clip(np.ones(9), 8000)] * 4
    >>> found = Recordings(clips, ["one", "two", "four", "six"], ["Ann", "Bo", "Cy", "Ann"], [], 0, 0)
    >>> [part.voices for part in split_by_voice(found)]
    [['Cy'], ['Ann', 'Ann'], ['Bo']]
    """
    parts = _checked_shares(shares)
    checks.integer("seed", seed, 0)
    silent = sum(not voice for voice in recordings.voices)
    if silent:
        raise ValueError(f"recordings has {checks.counted(silent, 'clip')} of {len(recordings.voices):,} without a "
                         "voice; the column voice of the table must say who speaks in each")
    voices = list(dict.fromkeys(recordings.voices))
    if len(voices) < len(parts):
        raise ValueError(f"recordings has {checks.counted(len(voices), 'voice')}, and shares has {len(parts)} parts; "
                         "there must be at least one voice for each part")
    order = np.random.default_rng(seed).permutation(len(voices))
    ends = np.cumsum(_sizes(parts, len(voices)))
    part_of = {voices[number]: int(np.searchsorted(ends, k, side="right")) for k, number in enumerate(order)}
    chosen = [[i for i, voice in enumerate(recordings.voices) if part_of[voice] == k] for k in range(len(parts))]
    return tuple(Recordings(clips := [recordings.clips[i] for i in rows], [recordings.texts[i] for i in rows],
                            [recordings.voices[i] for i in rows], [], 0, sum(map(is_clipped, clips)))
                 for rows in chosen)


def _checked_shares(shares: Sequence[float]) -> list[float]:
    accepted = "at least two numbers above 0 that add up to 1, such as (0.6, 0.2, 0.2)"
    if isinstance(shares, str) or not isinstance(shares, Sequence | np.ndarray):
        raise TypeError(f"shares is {shares!r}; it must be {accepted}")
    parts = [checks.real(f"shares[{k}]", share, 0.0, 1.0, open_low=True) for k, share in enumerate(shares)]
    if len(parts) < 2 or abs(sum(parts) - 1.0) > 1e-9:
        raise ValueError(f"shares is {shares!r}, with the sum {sum(parts):.6g}; it must be {accepted}")
    return parts


def _sizes(shares: list[float], number: int) -> np.ndarray:
    """How many of the voices each part gets: at least 1, the others in proportion, by the largest remainders."""
    exact = np.array(shares) * number
    sizes = np.maximum(np.floor(exact + 1e-9), 1).astype(int)
    while sizes.sum() != number:
        excess = exact - sizes
        if sizes.sum() < number:
            sizes[excess.argmax()] += 1
        else:  # a small share was raised to 1
            sizes[np.where(sizes > 1, excess, np.inf).argmin()] -= 1
    return sizes
