"""What is whole in a damaged file of studies, found without SQLite: ``scratchtune check``, and its ``--salvage``.

A damaged page can make all others unreachable by SQL, so the whole file is searched for rows, wherever they are: in
SQLite's format (sqlite.org/fileformat2.html, 1.6 and 2.1) a row is its id, a header of the types of its columns, and
their values; the rest of a long one is on a chain of pages. The row's digest proves that it is whole, and names its
table, study and number. Older versions of a row may be left in unused space: a finished trial is later than a running
one, and of a study's own row the one with the highest revision is the latest.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scratchtune.core import checks
from scratchtune.core.files import whole_file
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import TRIALS, File, Head, Row, row_with_digest, unpacked_row
from scratchtune.core.study.trial import lost_row

MAGIC = b"SQLite format 3\0"
PAGE = 4096  # bytes; SQLite's default, where the file's first page does not say it
HEADER = re.compile(rb"(?=([\x05-\x20])\x00\x2d)")  # of any row: its length, then NULL (the id) and 16 letters (digest)
HEX = re.compile(rb"[0-9a-f]{16}")
SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)  # bytes of a value by its type; 12 and more are blobs and texts


@dataclass
class Found:
    """What is whole of a study, whose id is ``study``: its ``parts``, its head, and its trials by number.

    The parts, None where they are lost, are its name, its definition, its queue and its attributes.
    """

    study: int
    parts: tuple[str, dict[str, Any], list[Any], dict[str, Any]] | None = None
    head: Head | None = None
    rows: dict[int, Row] = field(default_factory=dict)

    @property
    def again(self) -> list[int]:
        """The numbers of the trials that a salvage has found lost, and that are not proposed again yet."""
        return [number for number, row in self.rows.items() if "lost" in row["why"]]

    @property
    def lost(self) -> list[int]:
        """The numbers of the trials that it has had, and that are not whole."""
        count = max([0 if self.head is None else self.head.trials, *(number + 1 for number in self.rows)])
        return [number for number in range(count) if number not in self.rows]

    def __str__(self) -> str:
        whole = checks.counted(len(self.rows) - len(self.again), "whole trial")
        if self.parts is None:
            return f"study number {self.study}: its definition is lost, so that its {whole} can't be used"
        unsure = " (how many it has had is lost)" * (self.head is None)
        lost = f"; lost: {checks.ranges(self.lost)}" * bool(self.lost)
        lost += f"; lost before, and run again when it is continued: {checks.ranges(self.again)}" * bool(self.again)
        return f"study {self.parts[0]!r}: {whole}{lost}{unsure}"


def check(path: Path) -> tuple[str, list[Found]]:
    """What is wrong with a file, "" where it is whole, and what is whole in it; a StorageError where nothing is."""
    try:
        with File(path, reading=True) as file:
            if problem := file.problem():
                raise file.damaged(problem)
            return "", [
                Found(k, (name, file.definition(name), file.queue(name), file.attributes(name)),
                      Head(trials=file.count(name)), {row["number"]: row for row in file.rows(name)})
                for k, name in enumerate(file.names(), 1)]
    except StorageError as error:
        found = search(path) if path.is_file() else []
        if not found:
            raise
        return str(error), found


def salvage(found: Sequence[Found], path: Path) -> None:
    """Write what is whole to a new file; a trial that is lost is there as one to be proposed again.

    A ValueError where the file exists, or no study can be written.
    """
    if path.exists():
        raise ValueError(f"--salvage is {str(path)!r}, which exists; it must be the name of a new file")
    if all(one.parts is None for one in found):
        raise ValueError("no definition of a study is whole, and without it no trial can be read")
    with whole_file(path) as beside, File(beside) as copy:
        for one in found:
            if one.parts is not None:
                name, definition, queue, attributes = one.parts
                copy.enter(name, definition)
                copy.put(name, [*one.rows.values(), *map(lost_row, one.lost)], queue, attributes)


def search(path: Path) -> list[Found]:
    """What is whole of each study in a file, also of what is in FILE-wal beside it.

    A row may be there in several versions. The latest counts: of a trial the finished one, and of several attempts the
    last; of the others the one of the highest revision.
    """
    studies: dict[int, Found] = {}
    revisions: dict[int, int] = {}
    for image in _images(path):
        for table, row in rows_in(image):
            key, _, *values = row
            study, number = divmod(key, TRIALS) if table == "trials" else (key, 0)
            found = studies.setdefault(study, Found(study))
            if table == "trials":
                with suppress(ValueError):  # its saved arrays are damaged, so the trial counts as lost
                    new, old = unpacked_row(row), found.rows.get(number)
                    found.rows[number] = new if old is None else max(
                        old, new, key=lambda one: (one["state"] != "running", one["attempts"]))
            elif table == "heads":
                found.head = max(found.head or Head(), Head(*values))  # the revision is the first field
            else:
                name, definition, queue, attributes, revision = values
                if revision >= revisions.get(study, 0):
                    found.parts = name, json.loads(definition), json.loads(queue), json.loads(attributes)
                    revisions[study] = revision
    return [studies[study] for study in sorted(studies)]


def _images(path: Path) -> list[bytes]:
    """The content of a file after its FILE-wal was moved into it, in a copy; both where SQLite can't do that."""
    with tempfile.TemporaryDirectory() as folder:
        copies = [Path(folder) / f"a{end}" for end in ("", "-wal")]
        for copy, end in zip(copies, ("", "-wal"), strict=True):
            if path.with_name(path.name + end).exists():
                shutil.copyfile(path.with_name(path.name + end), copy)
        if copies[1].exists():
            with suppress(sqlite3.Error), closing(sqlite3.connect(copies[0])) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return [copy.read_bytes() for copy in copies if copy.exists()]


def rows_in(image: bytes) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every whole row in the content of a file, with the name of its table; those of ``spares`` are of ``studies``."""
    page = int.from_bytes(image[16:18], "big") if image.startswith(MAGIC) else PAGE
    page = {1: 65536}.get(page, page) if page in (1, *(2**k for k in range(9, 16))) else PAGE
    for match in HEADER.finditer(image):
        begin, length = match.start(), match[1][0]
        if HEX.match(image, begin + length):
            with suppress(ValueError):  # other bytes that look like a header
                digest, *values = _values(image, begin, length, page)
                yield from _proven(_ids(image, begin), digest, values)


def _proven(ids: Sequence[int], digest: str, values: list[Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The row of one of these ids that has this digest, if there is one."""
    for table, checked in {3: (("trials", 2), ("heads", 3)), 5: (("studies", 5),)}.get(len(values), ()):
        for key in ids:
            if row_with_digest(table, key, *values[:checked])[1] == digest:
                yield table, (key, digest, *values)


def _ids(image: bytes, end: int) -> list[int]:
    """The integers that may be before a header, each as SQLite writes it: seven bits a byte, the last one below 128."""
    found, value = [], 0
    for k, byte in enumerate(image[max(end - 8, 0) : end][::-1]):
        if (byte < 128) != (k == 0):
            break
        value |= (byte & 127) << 7 * k
        found.append(value)
    return found


def _values(image: bytes, begin: int, length: int, page: int) -> list[Any]:
    """The values of a row but its id; a ValueError where there is none."""
    types, value = [], 0
    for byte in image[begin + 1 : begin + length]:
        value = value << 7 | byte & 127
        if byte < 128:
            types.append(value)
            value = 0
    sizes = [SIZES[kind] if kind < 10 else max(kind - 12, 0) // 2 for kind in types]
    content, at, values = _content(image, begin, length + sum(sizes), page), length, list[Any]()
    for kind, size in zip(types[1:], sizes[1:], strict=True):
        part = content[at : at + size]
        values.append(
            None if kind == 0 else part if kind >= 12 and kind % 2 == 0 else part.decode() if kind >= 13 else
            kind - 8 if kind in (8, 9) else int.from_bytes(part, "big", signed=True))
        at += size
    return values


def _content(image: bytes, begin: int, size: int, page: int) -> bytes:
    """A row of so many bytes: what does not fit on its page is on others, each with the number of the next one."""
    if size > len(image):
        raise ValueError("there is no such row")
    most, least = page - 35, (page - 12) * 32 // 255 - 23
    local = least + (size - least) % (page - 4)
    local = size if size <= most else local if local <= most else least
    parts = [image[begin : begin + local]]
    following = int.from_bytes(image[begin + local : begin + local + 4], "big")
    for _ in range(local, size, page - 4):  # a page that is not there gives nothing; what is too much is not read
        at = (following - 1) * page
        parts.append(image[at + 4 : at + page])
        following = int.from_bytes(image[at : at + 4], "big")
    return b"".join(parts)
