"""A storage is one SQLite file that holds studies: what each is defined by, and every trial as soon as it is known.

A trial is written when it is handed out, and again when its outcome is told; each is a commit of its own, on the disk
before the next trial begins. A value of a parameter with separate values is kept by its number in the range or list, so
whatever the choices are, what is read equals what was written.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scratchtune.search import Space

APPLICATION = 0x73747564  # "stud": what tells our files from other SQLite files
VERSION = 1
TABLES = """
CREATE TABLE studies (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL);
CREATE TABLE trials (
    study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL, state TEXT NOT NULL, value REAL,
    params TEXT NOT NULL, shown TEXT NOT NULL, why TEXT NOT NULL, said TEXT NOT NULL, budget, parent INTEGER,
    reports TEXT NOT NULL, error TEXT, traceback TEXT, seconds REAL, saved BLOB, PRIMARY KEY (study, number));
"""
"""``params`` is what is read back, ``shown`` the same for people; ``why`` the reasons as data, ``said`` in words."""
COLUMNS = ("number", "state", "value", "params", "shown", "why", "said", "budget", "parent", "reports", "error",
           "traceback", "seconds", "saved")


class StorageError(ValueError):
    """The file can't be used: it is none of ours, of a newer version, or holds another study under that name."""


class Row(NamedTuple):
    """A trial as it is kept, in the order of `COLUMNS`; budgets are plain numbers, reports step to value."""

    number: int
    state: str
    value: float | None
    params: list[Any]
    shown: dict[str, Any]
    why: dict[str, Any]
    said: str
    budget: float | None
    parent: int | None
    reports: dict[int, float]
    error: str | None
    traceback: str | None
    seconds: float | None
    saved: dict[str, np.ndarray] | None


class Storage:
    """One file, opened; ``create=False`` refuses a file that is not there. Usable from any thread, one at a time."""

    def __init__(self, path: str | os.PathLike[str], create: bool = True) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise StorageError(f"storage is {str(path)!r}; there is no folder {str(self.path.parent)!r}")
        if self.path.is_dir() or not (create or self.path.exists()):
            raise StorageError(f"{str(path)!r} is {'a folder' if self.path.is_dir() else 'not there'}; "
                               "it must be a file that holds studies")
        with self._told():
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._prepare()

    def _prepare(self) -> None:
        """Check whose file it is, and make the tables of a new one."""
        application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0]
                                for name in ("application_id", "user_version"))
        empty = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and not empty:
            raise StorageError(f"{str(self.path)!r} is an SQLite file of another program; it must be one of studies")
        if version > VERSION:
            raise StorageError(f"{str(self.path)!r} is of version {version}, written by a newer scratchtune; this one "
                               f"reads up to {VERSION}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if empty:
            self._db.executescript(f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION}; "
                                   f"PRAGMA user_version = {VERSION}; COMMIT;")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of an error of SQLite which file it is about."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{str(self.path)!r} can't be used as a file of studies: {error}") from error

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def names(self) -> list[str]:
        """The names of the studies, in the order in which they were made."""
        with self._told():
            return [name for (name,) in self._db.execute("SELECT name FROM studies ORDER BY id")]

    def definition(self, name: str) -> dict[str, Any]:
        """What a study is defined by."""
        with self._told():
            found = self._db.execute("SELECT definition FROM studies WHERE name = ?", (name,)).fetchone()
        if found is None:
            known = ", ".join(map(repr, self.names())) or "none"
            raise StorageError(f"{str(self.path)!r} holds no study {name!r}; it holds {known}")
        return dict(json.loads(found[0]))

    def enter(self, name: str, definition: Mapping[str, Any]) -> None:
        """Make a study, or make sure that the one of that name is defined alike."""
        if name not in self.names():
            with self._told():
                self._db.execute("INSERT INTO studies (name, definition) VALUES (?, ?)",
                                 (name, json.dumps(definition)))
            return
        kept = self.definition(name)
        for part, value in definition.items():
            if kept.get(part) != value:
                raise StorageError(
                    f"the study {name!r} in {str(self.path)!r} has {part} {kept.get(part)}; this one has {value}. "
                    "Give it the same, or another name")

    def put(self, name: str, row: Row) -> None:
        """Write a trial, over what was known of it."""
        values = (row.number, row.state, row.value, json.dumps(row.params), json.dumps(row.shown, default=repr),
                  json.dumps(row.why, default=repr), row.said, row.budget, row.parent, json.dumps(row.reports),
                  row.error, row.traceback, row.seconds, _packed(row.saved))
        with self._told():
            self._db.execute(
                f"INSERT OR REPLACE INTO trials (study, {', '.join(COLUMNS)}) "
                f"VALUES ((SELECT id FROM studies WHERE name = ?), {', '.join('?' * len(COLUMNS))})", (name, *values))

    def rows(self, name: str) -> list[Row]:
        """All trials of a study, in order of number."""
        return list(self._read(name, ""))

    def row(self, name: str, number: int) -> Row:
        """One trial."""
        for row in self._read(name, f"AND number = {int(number)}"):
            return row
        raise StorageError(f"the study {name!r} in {str(self.path)!r} has no trial {number}; "
                           f"it has {len(self.rows(name))}, from 0")

    def _read(self, name: str, condition: str) -> Iterator[Row]:
        self.definition(name)
        with self._told():
            found = self._db.execute(
                f"SELECT {', '.join(COLUMNS)} FROM trials WHERE study = (SELECT id FROM studies WHERE name = ?) "
                f"{condition} ORDER BY number", (name,)).fetchall()
        for values in found:
            row = Row(*values)
            reports = {int(step): value for step, value in json.loads(row.reports).items()}  # type: ignore[arg-type]
            yield row._replace(
                params=json.loads(row.params), shown=json.loads(row.shown), why=json.loads(row.why),  # type: ignore
                reports=reports, saved=_unpacked(row.saved))  # type: ignore[arg-type]


def packed_params(space: Space, params: Mapping[str, Any]) -> list[Any]:
    """Params as something for JSON: None where absent, the number of a separate value, else the value."""
    return list(space.key(params))


def unpacked_params(space: Space, packed: list[Any]) -> dict[str, Any]:
    """Params from what `packed_params` has made of them."""
    values = zip(packed, space.parameters.items(), strict=True)
    return {name: given if parameter.count is None else parameter.value(given)
            for given, (name, parameter) in values if given is not None}


def _packed(arrays: Mapping[str, np.ndarray] | None) -> bytes | None:
    if arrays is None:
        return None
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _unpacked(blob: bytes | None) -> dict[str, np.ndarray] | None:
    if blob is None:
        return None
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
