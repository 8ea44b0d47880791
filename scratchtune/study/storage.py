"""A storage is one SQLite file that holds studies: what each is defined by, and every trial as soon as it is known.

Trials that are known together are written in one commit, and each commit is on the disk before anything follows from
it, so what a searcher has seen survives a power cut. A finished trial is never written over. Anyone may read meanwhile;
one process writes at a time (see `scratchtune.study.writers`).
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from scratchtune.search import Space

APPLICATION = 0x73747564  # "stud": what tells our files from other SQLite files
VERSION = 1
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {}  # from a version to the next, in the file's own terms
PATIENCE = 5.0  # seconds that another program's lock is waited for
TABLES = """
CREATE TABLE studies (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE trials (
    study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL, state TEXT NOT NULL, value REAL,
    params TEXT NOT NULL, shown TEXT NOT NULL, why TEXT NOT NULL, said TEXT NOT NULL, budget, parent INTEGER,
    reports TEXT NOT NULL, scores TEXT, visits INTEGER, error TEXT, traceback TEXT, attempts INTEGER NOT NULL,
    started REAL, finished REAL, seconds REAL, saved BLOB, PRIMARY KEY (study, number));
"""
"""``params`` is what is read back, ``shown`` the same for people; ``why`` the reasons as data, ``said`` in words."""


class StorageError(ValueError):
    """The file can't be used: it is none of ours, of a newer version, busy, or holds another study under that name."""


class Row(NamedTuple):
    """A trial as it is kept, in the order of the table's columns; ``params`` are as of `packed_params`."""

    number: int
    state: str
    value: float | None
    params: dict[str, Any]
    shown: dict[str, Any]
    why: dict[str, Any]
    said: str
    budget: float | None
    parent: int | None
    reports: dict[int, float]
    scores: list[float | None] | None
    visits: int | None
    error: str | None
    traceback: str | None
    attempts: int
    started: float | None
    finished: float | None
    seconds: float | None
    saved: dict[str, np.ndarray] | None


PUT = (
    f"INSERT INTO trials (study, {', '.join(Row._fields)}) VALUES ({', '.join('?' * (len(Row._fields) + 1))}) "
    f"ON CONFLICT (study, number) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in Row._fields)} "
    "WHERE trials.state = 'running'")


class Storage:
    """One file, opened; ``reading`` changes nothing in it, and refuses one that is not there. Usable from any thread,
    one at a time.
    """

    def __init__(self, path: str | os.PathLike[str], reading: bool = False) -> None:
        self.path = _checked_path(path, reading)
        with self._told("can't be used as a file of studies"):
            self._db = self._opened_for_reading() if reading else self._opened()
            try:
                self._prepare(reading)
            except BaseException:
                self._db.close()
                raise
        self._ids: dict[str, int] = {}

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)

    def _opened_for_reading(self) -> sqlite3.Connection:
        """A connection that can't write; in a folder that can't be written either, one that looks at the file alone."""
        for how in ("mode=ro", "immutable=1"):
            address = f"file:{quote(str(self.path.resolve()))}?{how}"
            db = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
            try:
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
                return db
            except sqlite3.OperationalError:
                db.close()
                if how == "immutable=1" or os.access(self.path.parent, os.W_OK):
                    raise
                beside = self.path.with_name(self.path.name + "-wal")
                if beside.exists() and beside.stat().st_size:
                    raise StorageError(f"{str(self.path)!r} has unmerged writes beside it, which can't be read in a "
                                       "folder that can't be written; copy both files elsewhere") from None
        raise AssertionError("one of the two has returned or raised")

    def _prepare(self, reading: bool) -> None:
        """Check whose file it is, make the tables of a new one, and bring an old one up to date."""
        application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0]
                                for name in ("application_id", "user_version"))
        empty = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and not empty:
            raise StorageError(f"{str(self.path)!r} is an SQLite file of another program; it must be one of studies")
        if version > VERSION:
            raise StorageError(f"{str(self.path)!r} is of version {version}, written by a newer scratchtune; this one "
                               f"reads up to {VERSION}")
        if reading:
            if empty:
                raise StorageError(f"{str(self.path)!r} is empty; it must be a file that holds studies")
            if version < VERSION:
                raise StorageError(f"{str(self.path)!r} is of version {version}, and this scratchtune reads {VERSION}; "
                                   "open it once with storage= or --db, which brings it up to date")
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        with self._commit():
            if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in TABLES.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION}")
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            for old in range(self._db.execute("PRAGMA user_version").fetchone()[0], VERSION):
                MIGRATIONS[old](self._db)
                self._db.execute(f"PRAGMA user_version = {old + 1}")

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """What is written within is on the disk afterwards, all of it or, after an error, nothing."""
        if self._db.in_transaction:  # an interruption came just after the last one had begun
            self._db.execute("ROLLBACK")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say of an error of SQLite which file it is about."""
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{str(self.path)!r} {what}: {error}") from error

    @contextmanager
    def _damage_told(self, what: str) -> Iterator[None]:
        """Say of what can't be understood where in which file it is."""
        try:
            yield
        except Exception as problem:
            raise StorageError(f"{str(self.path)!r} is damaged: {what} can't be read: {problem}") from problem

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def version(self) -> int:
        """A number that is another one when somebody else has written meanwhile."""
        with self._told("can't be read"):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # Studies ---------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of the studies, in the order in which they were made."""
        with self._told("can't be read"):
            return [name for (name,) in self._db.execute("SELECT name FROM studies ORDER BY id")]

    def definition(self, name: str) -> dict[str, Any]:
        """What a study is defined by."""
        with self._told("can't be read"):
            found = self._db.execute("SELECT definition FROM studies WHERE name = ?", (name,)).fetchone()
        if found is None:
            known = ", ".join(map(repr, self.names())) or "none"
            raise StorageError(f"{str(self.path)!r} holds no study {name!r}; it holds {known}")
        with self._damage_told(f"the definition of the study {name!r}"):
            return _of_kind(dict, "it", json.loads(found[0]))

    def enter(self, name: str, definition: Mapping[str, Any]) -> None:
        """Make a study, or make sure that the one of that name is defined alike."""
        if name in self.names():
            self._compare(name, definition)
            return
        with self._told("can't be written"), self._commit():
            self._db.execute(
                "INSERT OR IGNORE INTO studies (name, definition, created) VALUES (?, ?, ?)",
                (name, json.dumps(definition), time.time()))
        self._compare(name, definition)

    def _compare(self, name: str, definition: Mapping[str, Any]) -> None:
        kept = self.definition(name)
        for part, value in json.loads(json.dumps(definition)).items():
            if kept.get(part) != value:
                there, here = _difference(kept.get(part), value)
                raise StorageError(
                    f"the study {name!r} in {str(self.path)!r} has {part} {there}; this one has {here}: go on with "
                    "the same arguments, or take another name or file")

    def _id(self, name: str) -> int:
        if name not in self._ids:
            self.definition(name)  # raises where there is none
            self._ids[name] = self._db.execute("SELECT id FROM studies WHERE name = ?", (name,)).fetchone()[0]
        return self._ids[name]

    # Trials ----------------------------------------------------------------------------------------------------------

    def put(self, name: str, rows: Iterable[Row]) -> None:
        """Write trials in one commit, over what was known of them while they were running."""
        with self._told("can't be written, and what it held before is untouched"):
            number = self._id(name)
            values = [(number, *_packed_row(row)) for row in rows]
            with self._commit():
                self._db.executemany(PUT, values)

    def rows(self, name: str, saved: bool = True) -> list[Row]:
        """All trials of a study, in order of number; without what they have saved, if that is not wanted."""
        return list(self._read(name, "", (), saved))

    def row(self, name: str, number: int) -> Row:
        """One trial."""
        for row in self._read(name, "AND number = ?", (number,)):
            return row
        raise StorageError(f"the study {name!r} in {str(self.path)!r} has no trial {number}; "
                           f"it has {self.count(name)}, from 0")

    def count(self, name: str) -> int:
        """How many trials a study has."""
        with self._told("can't be read"), closing(self._db.execute(
                "SELECT count(*) FROM trials WHERE study = ?", (self._id(name),))) as found:
            return int(found.fetchone()[0])

    def _read(self, name: str, condition: str, values: tuple[Any, ...], saved: bool = True) -> Iterator[Row]:
        columns = [column if saved or column != "saved" else "NULL" for column in Row._fields]
        with self._told("can't be read"):
            found = self._db.execute(
                f"SELECT {', '.join(columns)} FROM trials WHERE study = ? {condition} ORDER BY number",
                (self._id(name), *values)).fetchall()
        for values in found:
            with self._damage_told(f"trial {values[0]!r} of the study {name!r}"):
                row = _unpacked_row(values)
            yield row


def _checked_path(path: str | os.PathLike[str], reading: bool) -> Path:
    """The path of a file that is there or may be made."""
    text = os.fspath(path)
    if not isinstance(text, str) or "\0" in text or text == ":memory:":
        raise StorageError(f"storage is {path!r}; it must be the path of a file")
    found = Path(text)
    if not found.parent.is_dir():
        raise StorageError(f"storage is {text!r}; there is no folder {str(found.parent)!r}")
    if found.is_dir() or (found.exists() and not found.is_file()):
        raise StorageError(f"{text!r} is {'a folder' if found.is_dir() else 'no plain file'}; it must be a file of "
                           "studies")
    if reading and not found.exists():
        raise StorageError(f"{text!r} is not there; it must be a file that holds studies")
    return found


def _difference(there: Any, here: Any) -> tuple[Any, Any]:
    """Two parts of a definition; of two lists of named things the first that differs."""
    if isinstance(there, list) and isinstance(here, list):
        for one, other in zip(there, here, strict=False):
            if one != other:
                return one, other
    return there, here


# What SQLite holds of a trial ----------------------------------------------------------------------------------------


def packed_params(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Params as something for JSON: of separate values the number in the range or list, so that any choice comes back.
    """
    return {name: params[name] if parameter.count is None else parameter.index(params[name])
            for name, parameter in space.parameters.items() if name in params}


def unpacked_params(space: Space, packed: Mapping[str, Any]) -> dict[str, Any]:
    """Params from what `packed_params` has made of them."""
    return {name: packed[name] if parameter.count is None else parameter.value(packed[name])
            for name, parameter in space.parameters.items() if name in packed}


def _packed_row(row: Row) -> tuple[Any, ...]:
    """A row as SQLite takes it."""
    written: dict[str, Any] = row._asdict() | {
        "params": _json(row.params), "shown": _json(row.shown), "why": _json(row.why), "reports": _json(row.reports),
        "scores": None if row.scores is None else _json([_finite(score) for score in row.scores]),
        "parent": _plain(row.parent), "visits": None if row.visits is None else min(int(row.visits), 2**63 - 1),
        "said": _text(row.said), "error": _text(row.error), "traceback": _text(row.traceback),
        "budget": _plain(row.budget), "saved": _packed(row.saved)}
    return tuple(written.values())


JSON = {"params": dict, "shown": dict, "why": dict, "reports": dict, "scores": list}
PLAIN = {"number": (int,), "state": (str,), "said": (str,), "value": (int, float, type(None)),
         "seconds": (int, float, type(None)), "error": (str, type(None))}


def _of_kind(kinds: type | tuple[type, ...], name: str, value: Any) -> Any:
    """A value of a file, if it is of one of these types."""
    if not isinstance(value, kinds):
        raise ValueError(f"{name} is {value!r:.60}")
    return value


def _unpacked_row(values: tuple[Any, ...]) -> Row:
    """A row from what SQLite holds."""
    kept: dict[str, Any] = dict(zip(Row._fields, values, strict=True))
    for name, kinds in PLAIN.items():
        _of_kind(kinds, name, kept[name])
    for name, kind in JSON.items():
        if kept[name] is not None:
            kept[name] = _of_kind(kind, name, json.loads(kept[name]))
    kept["reports"] = {int(step): value for step, value in kept["reports"].items()}
    return Row(**kept | {"saved": _unpacked(kept["saved"])})


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError):  # keys that JSON does not know, or a circle
        return json.dumps({"text": repr(value)})


def _finite(score: float | None) -> float | None:
    return None if score is None or score != score else float(score)


def _plain(value: Any) -> Any:
    """A NumPy number or array as Python's own; of anything else that JSON does not know, its text."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.tolist() if isinstance(value, np.ndarray) else repr(value)


def _text(text: str | None) -> str | None:
    """Text that is valid Unicode: a file name that is none, say, is written with escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _packed(arrays: Mapping[str, np.ndarray] | None) -> bytes | None:
    if arrays is None:
        return None
    file = io.BytesIO()
    names = np.frombuffer(json.dumps(list(arrays)).encode("ascii"), dtype=np.uint8)
    try:
        np.savez(file, names, *arrays.values())
    except ValueError as error:
        hidden = error.__context__
        while hidden is not None and not isinstance(hidden, KeyboardInterrupt):
            hidden = hidden.__context__
        raise hidden or error from None  # zipfile hides Ctrl-C behind an error of its own
    return file.getvalue()


def _unpacked(blob: bytes | None) -> dict[str, np.ndarray] | None:
    if blob is None:
        return None
    with np.load(io.BytesIO(blob), allow_pickle=False) as file:
        names = json.loads(file["arr_0"].tobytes())
        return {name: file[f"arr_{k}"] for k, name in enumerate(names, 1)}
