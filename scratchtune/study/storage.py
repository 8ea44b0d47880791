"""A storage is one SQLite file of studies: the definition of each, and its trials as they begin and finish.

Trials that finish together are written in one commit, and each commit is on the disk before anything follows from it,
so that no result that a searcher has seen is lost in a power failure. A finished trial is never overwritten. Any
process may read at any time; one process writes at a time (see `scratchtune.study.locking`).

While a file is open for writing, the latest commits are in FILE-wal beside it; when the writer closes it, everything is
in FILE, and nothing is beside it. To copy a file that is being written, use `Study.backup`, or ``.backup`` of SQLite's
own shell: a plain copy of FILE lacks the latest trials. If the writing process itself makes a plain copy,
there is a second effect: closing any descriptor of a file drops the POSIX locks of the process, so SQLite no longer
protects FILE-wal from other programs. Hence a reader changes nothing, not even beside the file, and each commit is
confirmed: where FILE was deleted or replaced, that is an error; where FILE-wal was, all trials are written again.
"""

from __future__ import annotations

import io
import json
import math
import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import numpy as np

from scratchtune import checks
from scratchtune.files import identity, valid_text
from scratchtune.search import Space
from scratchtune.study.errors import NotWritable, StorageError
from scratchtune.study.locking import MOMENT, Lock

APPLICATION = 0x73747564  # "stud", SQLite's application_id of a file of studies
VERSION = 2
OF_STUDY = -1  # the number, in place of a trial's, of the attributes of the study itself
PATIENCE = 5.0  # seconds to wait for the lock of another program
BESIDE = ("-wal", "-shm", "-journal", "-writer")  # suffixes of the files that SQLite and a writer create beside a file
READS = 5  # how often a reader tries: a writer may change the file while it is read
TABLES = """
CREATE TABLE studies (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE trials (
    study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL, state TEXT NOT NULL, value REAL,
    params TEXT NOT NULL, shown TEXT NOT NULL, why TEXT NOT NULL, said TEXT NOT NULL, budget, parent INTEGER,
    reports TEXT NOT NULL, scores TEXT, visits INTEGER, error TEXT, traceback TEXT, attempts INTEGER NOT NULL,
    started REAL, finished REAL, seconds REAL, saved BLOB, PRIMARY KEY (study, number));
CREATE TABLE waiting (
    study INTEGER NOT NULL REFERENCES studies, position INTEGER NOT NULL, number INTEGER, params TEXT NOT NULL,
    shown TEXT NOT NULL, PRIMARY KEY (study, position));
CREATE TABLE attributes (
    study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (study, number, name));
"""
"""``value`` is a number, or a JSON list of those of several objectives; ``params`` is loaded again, ``shown`` is the
same for people; ``why`` are the reasons as data, ``said`` in words. ``waiting`` are the enqueued configurations without
a trial: the commit that writes the trial of one as running removes it there."""


class ForeignFile(StorageError):
    """The file is an SQLite file of another program; ``tables`` are the names of its tables."""

    def __init__(self, message: str, tables: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.tables = frozenset(tables)


class Lost(StorageError):
    """The latest commits may be missing in the file, since another program has deleted FILE-wal."""


class Row(NamedTuple):
    """A trial as it is stored, in the order of the table's columns; ``params`` are those of `packed_params`.

    ``user_attrs`` is no column: attributes have a table of their own.
    """

    number: int
    state: str
    value: float | tuple[float, ...] | None
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
    user_attrs: dict[str, Any] | None = None

    @property
    def values(self) -> tuple[float, ...] | None:
        """The value of each objective."""
        return self.value if self.value is None or isinstance(self.value, tuple) else (self.value,)


class WaitingRow(NamedTuple):
    """An enqueued configuration without a trial, as it is stored; ``number`` where that of its trial is fixed."""

    position: int
    number: int | None
    params: dict[str, Any]
    shown: dict[str, Any]


COLUMNS = Row._fields[:-1]
PUT = (
    f"INSERT INTO trials (study, {', '.join(COLUMNS)}) VALUES ({', '.join('?' * (len(COLUMNS) + 1))}) "
    f"ON CONFLICT (study, number) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS)} "
    "WHERE trials.state = 'running'")
PUT_ATTRIBUTE = (
    "INSERT INTO attributes (study, number, name, content) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (study, number, name) DO UPDATE SET content = excluded.content")

Found = TypeVar("Found")
_open: weakref.WeakSet[Storage] = weakref.WeakSet()
_inherited: list[Any] = []  # connections of the parent of a forked child, which the child must neither use nor close


class Storage:
    """One file, open until `close`; with ``reading`` it must exist, and is not changed. Usable from any thread, one at
    a time.

    Without ``reading`` this process has the right to write while the file is open: `NotWritable` is raised where
    another process has that right for longer than ``patience`` seconds, or where the file is read-only.
    """

    def __init__(self, path: str | os.PathLike[str], reading: bool = False, patience: float = MOMENT) -> None:
        self._db: sqlite3.Connection | None = None
        self._lock: Lock | None = None
        self._ids: dict[str, int] = {}
        self._tidies = False
        self.reading = reading
        self.path = _checked_path(path, reading)
        self.file = Path(os.path.realpath(self.path))
        try:
            if not reading:
                self._lock = Lock(self.file, patience)
            with self._naming_errors("can't be used as a file of studies"):
                _open.add(self)
                self._db = self._with_retries(self._opened_for_reading if reading else self._opened)
                self._prepare()
            self._names = str(self.file), str(self._beside("-wal"))  # compared after each commit
            self.identity, self._wal = map(identity, self._names)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Storage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # when Python ends, modules may be unloaded already
            self.close()

    def _beside(self, end: str) -> Path:
        return self.file.with_name(self.file.name + end)

    @property
    def is_open(self) -> bool:
        """Whether the file is open; in a child that was forked while it was open, it is closed."""
        return self._db is not None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StorageError(f"{str(self.path)!r} is closed; open it again")
        return self._db

    def _opened(self) -> sqlite3.Connection:
        """A connection that writes. An absolute path is never a URI for SQLite, as it does not begin with "file:"."""
        return sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)

    def _opened_for_reading(self) -> sqlite3.Connection:
        """Open a connection that changes neither the file nor a writer's files beside it.

        If there is a writer's index (FILE-shm), it is opened read-only: to create it again would crash a writer that
        has lost its locks. If there is none, SQLite creates one, and `close` removes it. A reader without permission to
        write the file or the folder reads FILE alone, since files that SQLite creates would belong to the reader.
        """
        if self._beside("-shm").exists():
            try:
                return self._addressed("mode=ro&readonly_shm=1")
            except sqlite3.Error:  # that of a killed writer may be unusable until a writer has opened the file
                with suppress(StorageError, OSError):
                    Storage(self.file, patience=0.0).close()
                raise
        if _may_be_written(self.file) and _may_be_written(self.file.parent):
            self._tidies = True
            return self._addressed("mode=ro")
        beside = self._beside("-wal")
        if beside.exists() and beside.stat().st_size:
            raise StorageError(f"{str(self.path)!r} has unmerged writes beside it, which can't be read without "
                               "permission to write; copy both files to another folder")
        return self._addressed("immutable=1")

    def _addressed(self, how: str) -> sqlite3.Connection:
        """Return a connection by a URI with options, which is used once so that errors are raised here."""
        address = f"file:{quote(os.fsencode(self.file))}?{how}"
        db = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return db
        except BaseException:
            db.close()
            raise

    def _prepare(self) -> None:
        """Check that it is a file of studies of this version, and create the tables of a new one."""
        db = self._connection
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master")]
        empty = not tables
        application, version = (db.execute(f"PRAGMA {name}").fetchone()[0]  # last: a writer may be creating it
                                for name in ("application_id", "user_version"))
        if application != APPLICATION and not empty:
            raise ForeignFile(f"{str(self.path)!r} is an SQLite file of another program; it must be one of studies",
                              tables)
        if version != VERSION and not empty:
            raise StorageError(f"{str(self.path)!r} was written by another scratchtune, whose files have the version "
                               f"{version}; this one reads and writes version {VERSION}: use a new file")
        if self.reading:
            if empty:
                raise StorageError(f"{str(self.path)!r} is empty; it must be a file that holds studies")
            return
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from now on FILE-wal exists
        if not empty:
            return
        with self._commit():
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:  # no other thread has created them
                for statement in TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """Make the block a transaction: all that it writes is on the disk after it, or nothing after an error."""
        db = self._connection
        if db.in_transaction:  # an interruption came just after the previous one had begun
            db.execute("ROLLBACK")
        try:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def confirm(self) -> None:
        """Check that the commits are in the file of that name, and that only this process has the right to write.

        Otherwise close the file and raise StorageError, or `Lost` if all trials can be written to it again.
        """
        if identity(self._names[0]) != self.identity:
            self.close()
            raise StorageError(
                f"{str(self.path)!r} was deleted or replaced while it was being written; the study in memory has all "
                "trials: study.backup(path) keeps them in another file, study.to_csv(path) writes them as a table")
        if identity(self._names[1]) != self._wal:
            self._release()
            raise Lost(f"{self._names[1]!r} was deleted by another program while it was being written; no "
                       "trial is lost: run again")
        if self._lock is not None:
            self._lock.confirm()

    @contextmanager
    def _naming_errors(self, what: str) -> Iterator[None]:
        """Turn an error of SQLite into a StorageError that names the file."""
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{str(self.path)!r} {what}: {error}") from error

    @contextmanager
    def _naming_damage(self, what: str) -> Iterator[None]:
        """Turn any error into a StorageError that names the file and the damaged part."""
        try:
            yield
        except Exception as problem:
            raise StorageError(f"{str(self.path)!r} is damaged: {what} can't be read: {problem}") from problem

    def close(self) -> None:
        """Close the file; after writing, FILE then holds everything itself. May be called again."""
        try:
            self._merge()
            self._release()
        except BaseException:  # an interruption
            self._release()
            raise
        if self._tidies:
            self._tidies = False
            with suppress(StorageError, OSError):
                if not self._beside("-wal").stat().st_size:
                    Storage(self.file, patience=0.0).close()

    def _merge(self) -> None:
        """Move the content of FILE-wal into FILE; if that fails, as on a full disk, the next writer does it."""
        if self._db is not None and not self.reading:
            with suppress(sqlite3.Error):
                self._db.execute("PRAGMA busy_timeout = 100")  # milliseconds; a reader may still need the old state
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def _release(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def copy_to(self, path: Path) -> None:
        """Copy a snapshot of the file into an empty file, also while it is being written."""
        with self._naming_errors("can't be copied"), closing(sqlite3.connect(path)) as copy:
            self._with_retries(lambda: self._connection.backup(copy))

    def _with_retries(self, attempt: Callable[[], Found]) -> Found:
        """Read, and try again if a writer has changed the file meanwhile."""
        for left in range(READS - 1, -1, -1):
            try:
                return attempt()
            except sqlite3.Error:
                if not left or not self.reading:
                    raise
                time.sleep(0.01)
        raise AssertionError("the last attempt has returned or raised")

    def _fetched(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """The result of a query."""
        with self._naming_errors("can't be read"):
            return self._with_retries(lambda: self._connection.execute(query, values).fetchall())

    def version(self, name: str, numbers: Iterable[int]) -> list[Any]:
        """A value that changes when another writer changes a study; ``numbers`` are those of its unfinished trials."""
        study, query = self._id(name), "SELECT number, state, attempts FROM trials WHERE study = ? AND number = ?"
        waiting = self._fetched("SELECT count(*), max(position) FROM waiting WHERE study = ?", (study,))
        return [self.count(name), waiting, *(self._fetched(query, (study, number)) for number in numbers)]

    # Studies ---------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of the studies, in the order of their creation."""
        return [name for (name,) in self._fetched("SELECT name FROM studies ORDER BY id")]

    def definition(self, name: str) -> dict[str, Any]:
        """Return the stored definition of a study."""
        found = self._fetched("SELECT definition FROM studies WHERE name = ?", (name,))
        if not found:
            names = self.names()
            known = ", ".join(map(repr, names)) or "none"
            raise StorageError(
                f"{str(self.path)!r} holds no study {name!r}; it holds {known}{checks.nearest(name, names)}")
        with self._naming_damage(f"the definition of the study {name!r}"):
            return _of_kind(dict, "it", json.loads(found[0][0]))

    def enter(self, name: str, definition: Mapping[str, Any]) -> None:
        """Create a study, or check that the stored one of that name has the same definition."""
        if name in self.names():
            self._compare(name, definition)
            return
        with self._naming_errors("can't be written"), self._commit():
            self._connection.execute(
                "INSERT OR IGNORE INTO studies (name, definition, created) VALUES (?, ?, ?)",
                (name, json.dumps(definition), time.time()))
        self._compare(name, definition)

    def put_searcher(self, name: str, searcher: str) -> None:
        """Replace the searcher of a study's definition."""
        changed = json.dumps(self.definition(name) | {"searcher": searcher})
        with self._naming_errors("can't be written"), self._commit():
            self._connection.execute("UPDATE studies SET definition = ? WHERE name = ?", (changed, name))

    def _compare(self, name: str, definition: Mapping[str, Any]) -> None:
        kept = self.definition(name)
        for part, value in json.loads(json.dumps(definition)).items():
            if kept.get(part) != value:
                there, here = _difference(kept.get(part), value)
                raise StorageError(
                    f"the study {name!r} in {str(self.path)!r} has {part} {there}; this one has {here}: use the "
                    "same arguments, or another name or file")

    def _id(self, name: str) -> int:
        if name not in self._ids:
            self.definition(name)  # raises where there is none
            self._ids[name] = self._fetched("SELECT id FROM studies WHERE name = ?", (name,))[0][0]
        return self._ids[name]

    # Trials ----------------------------------------------------------------------------------------------------------

    def put(
        self, name: str, rows: Iterable[Row], waiting: Sequence[WaitingRow] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Write trials in one commit, replacing only those stored as running, and confirm it.

        ``waiting`` are all enqueued configurations without a trial, None if they have not changed; ``attributes`` are
        those of the study itself, of which those of other names stay.
        """
        with self._naming_errors("can't be written, and what it held before is untouched"):
            study, rows = self._id(name), list(rows)
            values = [(study, *_packed_row(row)) for row in rows]
            told = [(study, *one) for row in rows for one in _packed_attributes(row.number, row.user_attrs)]
            with self._commit():
                self._connection.executemany(PUT, values)
                self._connection.executemany(PUT_ATTRIBUTE, told)
                self._connection.executemany(
                    PUT_ATTRIBUTE, [(study, *one) for one in _packed_attributes(OF_STUDY, attributes)])
                if waiting is not None:
                    self._put_waiting(study, waiting)
        self.confirm()

    def _put_waiting(self, study: int, waiting: Sequence[WaitingRow]) -> None:
        """Within a commit: make the stored configurations without a trial these ones."""
        db, wanted = self._connection, {row.position: row for row in waiting}
        stored = {position for (position,) in db.execute("SELECT position FROM waiting WHERE study = ?", (study,))}
        db.executemany("DELETE FROM waiting WHERE study = ? AND position = ?",
                       [(study, position) for position in stored - wanted.keys()])
        db.executemany("INSERT INTO waiting (study, position, number, params, shown) VALUES (?, ?, ?, ?, ?)", [
            (study, position, _plain(row.number), _json(row.params), _json(row.shown))
            for position, row in wanted.items() if position not in stored])

    def waiting(self, name: str) -> list[WaitingRow]:
        """The enqueued configurations that have no trial yet, in their order."""
        found = self._fetched("SELECT position, number, params, shown FROM waiting WHERE study = ? ORDER BY position",
                              (self._id(name),))
        with self._naming_damage(f"an enqueued configuration of the study {name!r}"):
            return [WaitingRow(_of_kind(int, "position", position), _of_kind((int, type(None)), "number", number),
                               *(_of_kind(dict, "params", json.loads(text)) for text in texts))
                    for position, number, *texts in found]

    def rows(self, name: str, saved: bool = True) -> list[Row]:
        """All trials of a study, in order of number; with ``saved=False`` without their saved arrays."""
        return list(self._read(name, "", (), saved))

    def row(self, name: str, number: int) -> Row:
        """Return one trial; raise a StorageError if the study has none of this number."""
        for row in self._read(name, "AND number = ?", (number,)):
            return row
        raise StorageError(f"the study {name!r} in {str(self.path)!r} has no trial {number}; "
                           f"it has {checks.counted(self.count(name), 'trial')}, numbered from 0")

    def count(self, name: str) -> int:
        """How many trials a study has."""
        return int(self._fetched("SELECT count(*) FROM trials WHERE study = ?", (self._id(name),))[0][0])

    def study_attributes(self, name: str) -> dict[str, Any]:
        """The attributes of a study itself."""
        return self._attributes(name).get(OF_STUDY, {})

    def _attributes(self, name: str) -> dict[int, dict[str, Any]]:
        """The attributes of the trials by number, and of the study."""
        attributes: dict[int, dict[str, Any]] = {}
        found = self._fetched(
            "SELECT number, name, content FROM attributes WHERE study = ? ORDER BY rowid", (self._id(name),))
        with self._naming_damage(f"an attribute of the study {name!r}"):
            for number, key, content in found:
                attributes.setdefault(number, {})[key] = json.loads(content)
        return attributes

    def _read(self, name: str, condition: str, values: tuple[Any, ...], saved: bool = True) -> Iterator[Row]:
        columns = [column if saved or column != "saved" else "NULL" for column in COLUMNS]
        attributes = self._attributes(name)
        found = self._fetched(
            f"SELECT {', '.join(columns)} FROM trials WHERE study = ? {condition} ORDER BY number",
            (self._id(name), *values))
        for values in found:
            with self._naming_damage(f"trial {values[0]!r} of the study {name!r}"):
                row = _unpacked_row(values)
            yield row._replace(user_attrs=attributes.get(row.number))


def _forget_connections() -> None:
    """In a forked child: it must not use its parent's SQLite connections."""
    for storage in list(_open):
        _inherited.append(storage._db)
        storage._db = storage._lock = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)


def _checked_path(path: str | os.PathLike[str], reading: bool) -> Path:
    """Return the path of an existing file, or of one that can be created."""
    text = os.fspath(path)
    if not isinstance(text, str) or "\0" in text or text == ":memory:":
        raise StorageError(f"storage is {path!r}; it must be the path of a file")
    found = Path(text)
    if not found.parent.is_dir():
        raise StorageError(f"storage is {text!r}; there is no folder {str(found.parent)!r}")
    if found.is_dir() or (found.exists() and not found.is_file()):
        raise StorageError(f"{text!r} is {'a folder' if found.is_dir() else 'no regular file'}; it must be a file "
                           "of studies")
    if reading and not found.exists():
        raise StorageError(f"{text!r} is not there; it must be a file that holds studies")
    if not reading and found.exists():
        if not _may_be_written(found):
            raise NotWritable(f"{text!r} can't be written: it is read-only")
        if found.stat().st_nlink > 1:
            raise NotWritable(f"{text!r} can't be written: it has another name (a hard link), and SQLite keeps the "
                              "latest commits beside one name alone; make a copy, or delete the other name")
    return found


def _may_be_written(path: Path) -> bool:
    """Whether this process may write a file or a folder."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _difference(there: Any, here: Any) -> tuple[Any, Any]:
    """Two parts of a definition that differ; of two lists only the first elements that differ."""
    if isinstance(there, list) and isinstance(here, list):
        for one, other in zip(there, here, strict=False):
            if one != other:  # of a parameter its name and its text
                return (one[:2], other[:2]) if isinstance(one, list) and isinstance(other, list) else (one, other)
    return there, here


# How SQLite stores a trial -------------------------------------------------------------------------------------------


def packed_params(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Params for JSON: a parameter of discrete values is stored as an index, so that a choice may be any object."""
    return {name: params[name] if parameter.count is None else parameter.index(params[name])
            for name, parameter in space.parameters.items() if name in params}


def unpacked_params(space: Space, packed: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `packed_params`."""
    return {name: packed[name] if parameter.count is None else parameter.value(packed[name])
            for name, parameter in space.parameters.items() if name in packed}


def _packed_row(row: Row) -> tuple[Any, ...]:
    """Return a row as values for SQLite."""
    written: dict[str, Any] = row._asdict() | {
        "value": _json(row.value) if isinstance(row.value, tuple) else row.value,
        "params": _json(row.params), "shown": _json(row.shown), "why": _json(row.why), "reports": _json(row.reports),
        "scores": None if row.scores is None else _json([_finite(score) for score in row.scores]),
        "parent": _plain(row.parent), "visits": None if row.visits is None else min(int(row.visits), 2**63 - 1),
        "said": valid_text(row.said), "error": valid_text(row.error), "traceback": valid_text(row.traceback),
        "budget": _plain(row.budget), "saved": _packed(row.saved)}
    del written["user_attrs"]
    return tuple(written.values())


def _packed_attributes(number: int, attributes: Mapping[str, Any] | None) -> list[tuple[int, str | None, str]]:
    """Attributes of a trial, or of the study, as values for SQLite.

    Values that a user sets directly in ``user_attrs`` are unchecked; their repr is stored rather than every later write
    fail.
    """
    return [(number, valid_text(name), json.dumps(value, default=repr)) for name, value in (attributes or {}).items()]


JSON = {"params": dict, "shown": dict, "why": dict, "reports": dict, "scores": list}
PLAIN = {"number": (int,), "state": (str,), "said": (str,), "value": (int, float, tuple, type(None)),
         "seconds": (int, float, type(None)), "error": (str, type(None))}


def _of_kind(kinds: type | tuple[type, ...], name: str, value: Any) -> Any:
    """Return a value from a file; a ValueError unless it has one of these types."""
    if not isinstance(value, kinds):
        raise ValueError(f"{name} is {value!r:.60}")
    return value


def _unpacked_row(values: tuple[Any, ...]) -> Row:
    """Return a row from the values that SQLite holds."""
    kept: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
    if isinstance(kept["value"], str):
        kept["value"] = _several(kept["value"])
    for name, kinds in PLAIN.items():
        _of_kind(kinds, name, kept[name])
    for name, kind in JSON.items():
        if kept[name] is not None:
            kept[name] = _of_kind(kind, name, json.loads(kept[name]))
    kept["reports"] = {int(step): value for step, value in kept["reports"].items()}
    return Row(**kept | {"saved": _unpacked(kept["saved"])})


def _several(text: str) -> tuple[float, ...]:
    """The values of several objectives; a ValueError unless it is a list of at least two numbers."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) < 2 or not all(type(one) in (int, float) for one in values):
        raise ValueError(f"value is {text!r:.60}")
    return tuple(map(float, values))


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError):  # keys that JSON does not have, or a circular reference
        return json.dumps({"text": repr(value)})


def _finite(score: float | None) -> float | None:
    return None if score is None or math.isnan(score) else float(score)


def _plain(value: Any) -> Any:
    """Return a NumPy number or array as Python's own type; any other value that JSON does not have as its repr."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.tolist() if isinstance(value, np.ndarray) else repr(value)


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
