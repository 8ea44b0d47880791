"""Reading a folder or a ZIP file of clips and their transcripts; a file that cannot be used is left out, and said.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import csv
import io
import os
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scratchtune import checks
from scratchtune.archives import about
from scratchtune.files import decoded_text
from scratchtune.sequences.speech.clip import Clip, check_speech, is_clipped
from scratchtune.sequences.speech.containers import Folder, opened
from scratchtune.sequences.speech.resampling import RATES, check_rates, resample
from scratchtune.sequences.speech.wav import decode_wav

SHORTEST = 0.1  # seconds
_ADVICE = ("it must be a table with a header and the columns file, text and, if known, voice: separated by tabs in "
           "transcripts.tsv, by commas in transcripts.csv")


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


class _Row(NamedTuple):
    """A line of the table."""

    file: str
    text: str
    voice: str
    problem: str = ""  # why it is left out


def read_clips(folder: str | os.PathLike[str], rate: int | None = None, shortest: float = SHORTEST) -> Recordings:
    """Read a folder of WAV files and the table of their transcripts, ``transcripts.tsv`` or ``transcripts.csv``.

    ``folder`` may also be a ZIP file of such a folder.

    The table is UTF-8, and its first line names the columns: ``file``, relative to the folder; ``text``, what is said;
    and ``voice``, who says it, which may be missing. Other columns are ignored. In a TSV file quotes are letters.

    All clips have one rate: ``rate``, to which those of another rate are resampled, or else the rate that most files
    have, and those of another rate are left out. Left out are also files that `read_wav` refuses, silent clips, those
    shorter than ``shortest`` seconds, lines of the table without a text, repeated files, files outside the folder, and
    WAV files without a line.
    A warning counts them; ``left_out`` has the reason of each.

    Raises
        OSError if the folder or its table cannot be opened; ValueError if the table has not these columns, or if no
        clip can be used.
    """
    if rate is not None:
        checks.integer("rate", rate, *RATES)
    least = checks.real("shortest", shortest, 0.0)
    path = Path(folder)
    left_out: list[str] = []
    with opened(path, _ADVICE) as container:
        found = list(_usable(container, rate, least, left_out))
    if rate is None and found:
        rate = Counter(clip.rate for _, clip in found).most_common(1)[0][0]
        found = list(_of_rate(found, rate, left_out))
    if not found or rate is None:
        raise ValueError(f"{path} has no clip that can be used; {checks.counted(len(left_out), 'clip')} left out"
                         + "".join(f", the first because {reason}" for reason in left_out[:1]))
    clips = [clip if clip.rate == rate else Clip(resample(clip.samples, clip.rate, rate), rate) for _, clip in found]
    recordings = Recordings(clips, [row.text for row, _ in found], [row.voice for row, _ in found], left_out,
                            sum(clip.rate != rate for _, clip in found), sum(is_clipped(clip) for _, clip in found))
    _warn(path, recordings)
    return recordings


def _usable(
    container: Folder, rate: int | None, shortest: float, left_out: list[str],
) -> Iterator[tuple[_Row, Clip]]:
    """The lines of the table with their clips; a sentence for each other one is appended to ``left_out``."""
    seen: set[str] = set()
    for row in _rows(container, left_out):
        name = posixpath.normpath(Path(row.file).as_posix())
        if name in seen:
            left_out.append(f"{row.file} is in {container.table} more than once; the first line counts")
            continue
        seen.add(name)
        if name.split("/")[0] == ".." or Path(row.file).is_absolute():
            left_out.append(f"{row.file} is not within the folder of {container.table}; move it there")
            continue
        if row.problem:
            left_out.append(row.problem)
            continue
        if not row.text:
            left_out.append(f"{row.file} has no text in {container.table}")
            continue
        try:
            clip = decode_wav(row.file, container.read(row.file))
            check_speech(row.file, clip, shortest)
            check_rates(f"{row.file}: the new rate", clip.rate, rate or clip.rate)
        except (OSError, ValueError) as problem:
            left_out.append(str(problem))
            continue
        yield row, clip
    left_out += [f"{name} has no transcript in {container.table}" for name in container.wav_files() if name not in seen]


def _of_rate(found: list[tuple[_Row, Clip]], rate: int, left_out: list[str]) -> Iterator[tuple[_Row, Clip]]:
    for row, clip in found:
        if clip.rate == rate:
            yield row, clip
        else:
            left_out.append(f"{row.file} has {clip.rate:,} samples a second, and most files have {rate:,}; pass "
                            f"rate={rate} to resample it")


def _warn(folder: Path, recordings: Recordings) -> None:
    """Say in one sentence what was left out or is doubtful."""
    clips, _, _, left_out, resampled, clipped = recordings
    if not (left_out or clipped):
        return
    parts = [f"{folder}: {checks.counted(len(clips), 'clip')} read"]
    if left_out:
        parts.append(f"{len(left_out):,} left out, the first because {left_out[0]}")
    if clipped:
        parts.append(f"{clipped:,} recorded too loud, with peaks that are cut off, and kept")
    if resampled:
        parts.append(f"{resampled:,} resampled to {clips[0].rate:,} samples a second")
    checks.warn("; ".join(parts))


# The table ------------------------------------------------------------------------------------------------------------


def _rows(container: Folder, left_out: list[str]) -> Iterator[_Row]:
    """The lines of the table that name a file."""
    table, is_tsv = f"{container.path}{os.sep}{container.table}", container.table.endswith(".tsv")
    with about(f"{container.path}:"):
        content = container.read(container.table)
    lines = io.StringIO(decoded_text(table, content, _ADVICE), newline=None)
    reader = csv.reader(lines, delimiter="\t" if is_tsv else ",",
                        quoting=csv.QUOTE_NONE if is_tsv else csv.QUOTE_MINIMAL, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if not {"file", "text"} <= set(header):
            raise ValueError(f"{table} begins with the columns {checks.quoted(header) or 'of no table'}; {_ADVICE}")
        if any(header.count(name) > 1 for name in header if name):
            raise ValueError(f"{table} begins with the columns {checks.quoted(header)}; each name must occur once")
        for cells in reader:
            row = dict(zip(header, map(str.strip, cells), strict=False))
            if any(map(str.strip, cells[len(header) :])) or any("\n" in cell for cell in cells):
                yield _Row(row.get("file", ""), "", "", (
                    f"{cells[0]} has {_many(cells, header)} in {container.table}, line {reader.line_num}"))
                continue
            if row.get("file"):
                yield _Row(row["file"], unicodedata.normalize("NFC", row.get("text", "")), row.get("voice", ""))
            elif any(row.values()):
                left_out.append(f"{container.table}, line {reader.line_num}, has no file")
    except csv.Error as problem:
        raise ValueError(f"{table}, line {reader.line_num}, cannot be read ({problem}); {_ADVICE}") from None


def _many(cells: list[str], header: list[str]) -> str:
    """What is wrong with a line that has more cells than the header, or a cell of several lines."""
    if len(cells) > len(header):
        return f"{len(cells)} cells for {checks.counted(len(header), 'column')} (a text with a comma must be in quotes)"
    return "a cell of several lines"
