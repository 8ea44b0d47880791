"""A file of studies is one SQLite file: the definition of each study, its queue, and its trials as they begin and end.

Trials that begin and end together are written in one commit, and each commit is on the disk before anything follows
from it, so that no result that a searcher has seen is lost in a power failure. A finished trial is never overwritten.
Any process may read at any time; one process writes at a time: it has the `Lock` of the file.

While a file is open for writing, the latest commits are in FILE-wal beside it; when the writer closes it, everything is
in FILE. A plain copy of FILE by the writing process itself drops SQLite's POSIX locks, so other programs may delete
FILE-wal. Hence a reader changes nothing, not even beside the file, and each commit is confirmed: where FILE was deleted
or replaced, that is an error; where FILE-wal was, all trials are written again.

A damaged file is an error, never other values: each row has a digest of all that is read of it, and the *head* of a
study counts its trials and has the sum of their digests, so that no row can be missing or an older one either. What is
whole in a damaged file is found by `scratchtune.core.study.salvage`; for it each study is stored twice, on two pages.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from scratchtune.core import checks
from scratchtune.core.digests import digest_of, digest_of_repr
from scratchtune.core.files import identity
from scratchtune.core.study.errors import ForeignFile, Lost, NotWritable, StorageError
from scratchtune.core.study.locking import MOMENT, Lock

APPLICATION = 0x73747564  # "stud", SQLite's application_id of a file of studies
VERSION = 4
PATIENCE = 5.0  # seconds to wait for the lock of another program
BESIDE = ("-wal", "-shm", "-journal", "-writer")  # suffixes of the files that SQLite and a writer create beside a file
READS = 5  # how often a reader tries: a writer may change the file while it is read
STUDY = ("id INTEGER PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, "
         "queue TEXT NOT NULL, attributes TEXT NOT NULL, revision INTEGER NOT NULL")
TABLES = (
    f"CREATE TABLE studies ({STUDY})", f"CREATE TABLE spares ({STUDY})",
    "CREATE TABLE heads (id INTEGER PRIMARY KEY, digest TEXT NOT NULL, revision INTEGER NOT NULL, "
    "trials INTEGER NOT NULL, total TEXT NOT NULL)",
    "CREATE TABLE trials (id INTEGER PRIMARY KEY, digest TEXT NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL, "
    "saved BLOB)")
"""JSON are ``definition``, ``queue`` (enqueued configurations without a trial), ``attributes``, and ``record``, all of
a trial but its saved arrays, of which it has a digest. ``spares`` has the same rows as ``studies``. The ``revision`` of
a head grows with each commit; that of a row of ``studies`` is the one since which it is so. ``total`` is the XOR of the
digests of all trials. The id of a trial is that of its study times `TRIALS`, plus its number: one b-tree, no index."""
TRIALS = 2**32

Row = dict[str, Any]  # a trial as a file has it: "number", "state", the entries of its record, and "saved"


class Head(NamedTuple):
    """What a file has of a study beside its definition: ``total`` is the XOR of the digests of its ``trials``."""

    revision: int = 0
    trials: int = 0
    total: str = "0" * 16

    def with_digests(self, revision: int, added: int, digests: Iterable[str]) -> Head:
        """The head after a commit that adds so many trials; ``digests`` are those that it adds and that it removes."""
        total = int(self.total, 16)
        for digest in digests:
            total ^= int(digest, 16)
        return Head(revision, self.trials + added, f"{total:016x}")


_open: weakref.WeakSet[File] = weakref.WeakSet()
_inherited: list[Any] = []  # connections of the parent of a forked child, which the child must neither use nor close


class File:
    """One file, open until `close`, for one thread at a time; with ``reading`` it must exist, and is not changed.

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
                self._db = self._opened()
                self._prepare()
            self._names = str(self.file), str(self._beside("-wal"))  # compared after each commit
            self.identity, self._wal = map(identity, self._names)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # when Python ends, modules may be unloaded already
            if self._db is not None:
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
        if self.reading:
            return self._read(self._opened_for_reading)
        return sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)

    def _opened_for_reading(self) -> sqlite3.Connection:
        """Open a connection that changes neither the file nor a writer's files beside it.

        A writer's index (FILE-shm) is opened read-only: to create it again would crash a writer that has lost its
        locks. If there is none, SQLite creates one, and `close` removes it; without write permission only FILE is read.
        """
        if self._beside("-shm").exists():
            try:
                return self._addressed("mode=ro&readonly_shm=1")
            except sqlite3.Error:  # that of a killed writer may be unusable until a writer has opened the file
                with suppress(StorageError, OSError):
                    File(self.file, patience=0.0).close()
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
        """A connection by a URI with options, used once so that errors are raised here."""
        address = f"file:{quote(os.fsencode(self.file))}?{how}"
        db = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self) -> None:
        """Check that it is a file of studies of this version, and create the tables of a new one."""
        db = self._connection
        found, application, version = self._read(lambda: self._state(lambda db: (
            dict(db.execute("SELECT name, sql FROM sqlite_master ORDER BY rowid").fetchall()),
            *(db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")))))
        tables = list(found)
        if application != APPLICATION and tables:
            raise ForeignFile(f"{str(self.path)!r} is an SQLite file of another program; it must be one of studies",
                              tables)
        if version != VERSION and tables:
            raise StorageError(f"{str(self.path)!r} was written by another scratchtune, whose files have the version "
                               f"{version}; this one reads and writes version {VERSION}: use a new file")
        if application == APPLICATION and tuple(found.values()) != TABLES:
            raise self.damaged("its schema is not that of a file of studies")
        if self.reading:
            if not tables:
                raise StorageError(f"{str(self.path)!r} is empty; it must be a file that holds studies")
            return
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from now on FILE-wal exists
        if tables:
            return
        with self._commit():
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:  # no other thread has created them
                for statement in TABLES:
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        """Make the block a transaction: all that it writes is on the disk after it, or nothing after an error."""
        db = self._connection
        if db.in_transaction:  # an interruption came just after the previous one had begun
            db.execute("ROLLBACK")
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def confirm(self) -> None:
        """Raise `Lost` where commits are missing that can be written again, StorageError where the file is another."""
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
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter: a message of SQLite quotes damaged bytes
            is_damage = type(error) in (sqlite3.DatabaseError, UnicodeDecodeError)
            raise StorageError(f"{str(self.path)!r} {what}: {error}{_hint(self.path) * is_damage}") from error

    def damaged(self, what: str) -> StorageError:
        """The error of a damaged file, which says what is to be done."""
        return StorageError(f"{str(self.path)!r} is damaged: {what}{_hint(self.path)}")

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as problem:
            raise self.damaged(f"{what} can't be read: {problem}") from problem

    def close(self) -> None:
        """Close the file; after writing, FILE then holds everything itself. May be called again."""
        try:
            if self._db is not None and not self.reading:
                with suppress(sqlite3.Error):  # as on a full disk: the next writer moves FILE-wal into FILE
                    self._db.execute("PRAGMA busy_timeout = 100")  # milliseconds; a reader may need the old state
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._release()
        except BaseException:  # an interruption, which may have cut `_release` short
            self._release()
            raise
        if self._tidies:
            self._tidies = False
            with suppress(StorageError, OSError):
                if not self._beside("-wal").stat().st_size:
                    File(self.file, patience=0.0).close()

    def _release(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def disinherit(self) -> None:
        """In a forked child: it must not use its parent's connection."""
        _inherited.append(self._db)
        self._db = self._lock = None

    def copy_to(self, path: Path) -> None:
        """Copy a snapshot of the file into an empty file, also while it is being written."""
        with self._naming_errors("can't be copied"), closing(sqlite3.connect(path)) as copy:
            self._connection.backup(copy)

    def _fetched(self, read: Callable[[sqlite3.Connection], Any]) -> Any:
        with self._naming_errors("can't be read"):
            return self._read(lambda: self._state(read))

    def _state(self, read: Callable[[sqlite3.Connection], Any]) -> Any:
        """What a function reads, all of it in one state of the file, also while another process writes."""
        db = self._connection
        if db.in_transaction:  # left by an interruption
            db.execute("ROLLBACK")
        try:
            db.execute("BEGIN")
            return read(db)
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def _read(self, read: Callable[[], Any]) -> Any:
        """Call a function; a reader tries again if a writer has changed the file meanwhile."""
        for _ in range(READS - 1 if self.reading else 0):
            with suppress(sqlite3.Error):
                return read()
            time.sleep(0.01)
        return read()

    def names(self) -> list[str]:
        """The names of the studies, in the order of their creation."""
        studies, spares, heads = self._fetched(lambda db: [
            db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in ("studies", "spares", "heads")])
        if studies != spares or [row[0] for row in studies] != [row[0] for row in heads]:
            raise self.damaged("a study is missing, or its two copies differ")
        for row in studies:
            self._check("studies", row, f"the definition of the study {row[2]!r}")
        return [row[2] for row in studies]

    def _check(self, table: str, row: Sequence[Any], what: str) -> None:
        if tuple(row) != row_with_digest(table, row[0], *row[2:]):
            raise self.damaged(f"{what} is not what was written")

    def _of_study(self, name: str) -> list[Any]:
        """The row of a study."""
        found, spare = self._fetched(lambda db: [
            db.execute(f"SELECT * FROM {table} WHERE name = ?", (name,)).fetchall() for table in ("studies", "spares")])
        if found != spare:
            raise self.damaged(f"the two copies of the study {name!r} differ")
        if not found:
            names = self.names()
            known = ", ".join(map(repr, names)) or "none"
            raise StorageError(
                f"{str(self.path)!r} holds no study {name!r}; it holds {known}{checks.nearest(name, names)}")
        self._check("studies", found[0], f"the definition of the study {name!r}")
        return list(found[0])

    def _json_of(self, name: str, column: str, kind: type) -> Any:
        text = self._of_study(name)[("definition", "queue", "attributes").index(column) + 3]
        with self._reading(f"the {column} of the study {name!r}"):
            return _of_kind(kind, "it", json.loads(text))

    def definition(self, name: str) -> dict[str, Any]:
        """The stored definition of a study."""
        return self._json_of(name, "definition", dict)

    def queue(self, name: str) -> list[Any]:
        """The enqueued configurations of a study that have no trial yet (`packed_queue`)."""
        return self._json_of(name, "queue", list)

    def attributes(self, name: str) -> dict[str, Any]:
        """The attributes of a study."""
        return self._json_of(name, "attributes", dict)

    def _id(self, name: str) -> int:
        if name not in self._ids:
            self._ids[name] = int(self._of_study(name)[0])
        return self._ids[name]

    def _head(self, db: sqlite3.Connection, study: int) -> Head:
        rows = db.execute("SELECT * FROM heads WHERE id = ?", (study,)).fetchall()
        if len(rows) != 1:
            raise self.damaged("the number of trials of a study is missing")
        self._check("heads", rows[0], "the number of trials of a study")
        return Head(*rows[0][2:])

    def revision(self, name: str) -> int:
        """A number that grows with each change of a study."""
        study = self._id(name)
        return int(self._fetched(lambda db: self._head(db, study)).revision)

    def count(self, name: str) -> int:
        """How many trials a study has."""
        study = self._id(name)
        return int(self._fetched(lambda db: self._head(db, study)).trials)

    def enter(self, name: str, definition: Mapping[str, Any], shown: Callable[[Any], str] = repr) -> None:
        """Create a study, or compare the stored definition with this one; ``shown`` makes a text of what differs."""
        if name not in self.names():
            with self._naming_errors("can't be written"), self._commit() as db:
                if not db.execute("SELECT 1 FROM studies WHERE name = ?", (name,)).fetchone():  # as by another thread
                    study = db.execute("SELECT coalesce(max(id), 0) + 1 FROM studies").fetchone()[0]
                    _write(db, study, Head(), [name, json.dumps(definition), "[]", "{}"])
        kept = self.definition(name)
        for part, value in json.loads(json.dumps(definition)).items():
            if kept.get(part) != value:
                there, here = map(shown, _difference(kept.get(part), value))
                raise StorageError(
                    f"the study {name!r} in {str(self.path)!r} has {part} {there}; this one has {here}: use the "
                    "same arguments, or another name or file")

    def put_searcher(self, name: str, searcher: Any) -> None:
        """Replace the searcher of a study's definition, as by the same one with its number of workers."""
        study, _, _, _, *others, _ = self._of_study(name)
        definition = json.dumps(self.definition(name) | {"searcher": searcher})
        with self._naming_errors("can't be written"), self._commit() as db:
            head = self._head(db, study)
            _write(db, study, head._replace(revision=head.revision + 1), [name, definition, *others])

    def put(
        self, name: str, rows: Iterable[Row], queue: Sequence[Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Write trials in one commit, replacing only those stored as running, and confirm it.

        ``queue`` and ``attributes`` replace those of the study, None if they have not changed.
        """
        with self._naming_errors("can't be written, and what it held before is untouched"):
            study, texts = self._id(name), None
            if queue is not None or attributes is not None:
                texts = self._of_study(name)[2:-1]
                texts[2:] = (there if new is None else as_json(new)
                             for there, new in zip(texts[2:], (queue, attributes), strict=True))
            packed = [_packed_row(study, row) for row in rows]
            with self._commit() as db:
                head, added, digests = self._head(db, study), 0, []
                for row in packed:
                    before = db.execute("SELECT state, digest FROM trials WHERE id = ?", row[:1]).fetchone()
                    if before is None or before[0] == "running":
                        db.execute("REPLACE INTO trials VALUES (?, ?, ?, ?, ?)", row)
                        digests += [row[1], *(() if before is None else before[1:])]
                        added += before is None
                _write(db, study, head.with_digests(head.revision + 1, added, digests), texts)
        self.confirm()

    def rows(self, name: str, saved: bool = True) -> list[Row]:
        """All trials of a study, in order of number; with ``saved=False`` without their saved arrays."""
        study, column = self._id(name), "saved" if saved else "NULL"
        head, packed = self._fetched(lambda db: (self._head(db, study), db.execute(
            f"SELECT id, digest, state, record, {column} FROM trials WHERE id >= ? AND id < ? ORDER BY id",
            (study * TRIALS, (study + 1) * TRIALS)).fetchall()))
        rows = []
        for row in packed:
            what = f"trial {row[0] % TRIALS} of the study {name!r}"
            self._check("trials", row[:4], what)
            with self._reading(what):
                rows.append(unpacked_row(row, saved))
        lost = set(range(head.trials)) - {row["number"] for row in rows}
        if lost:
            raise self.damaged(f"trial {min(lost)} of the study {name!r} is missing")
        if head != Head(head.revision).with_digests(head.revision, len(rows), (row[1] for row in packed)):
            raise self.damaged(f"the trials of the study {name!r} are not those that were written last")
        return rows

    def problem(self) -> str:
        """What SQLite's own check finds, in its words; "" where all is well."""
        return self._fetched(lambda db: db.execute("PRAGMA integrity_check(1)").fetchone()[0]).removesuffix("ok")


def _write(db: sqlite3.Connection, study: int, head: Head, texts: Sequence[str] | None) -> None:
    """Write the head of a study, and its name, definition, queue and attributes if they are given."""
    db.execute("REPLACE INTO heads VALUES (?, ?, ?, ?, ?)", row_with_digest("heads", study, *head))
    for table in ("studies", "spares") if texts is not None else ():
        db.execute(f"REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)",
                   row_with_digest("studies", study, *texts or (), head.revision))


def _hint(path: Path) -> str:
    return f"; scratchtune check {shlex.quote(str(path))} says what is whole, and copies it with --salvage NEW.db"


def _checked_path(path: str | os.PathLike[str], reading: bool) -> Path:
    """The path of an existing file, or of one that can be created."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"storage is {path!r}; it must be the path of a file, or None")
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
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _difference(there: Any, here: Any) -> tuple[Any, Any]:
    """The two parts of a definition; of two lists only the first elements that differ."""
    if isinstance(there, list) and isinstance(here, list):
        for one, other in zip(there, here, strict=False):
            if one != other:
                return one, other
    return there, here


def refuse_loss(path: Path, copy: Path) -> None:
    """A ValueError if a file holds anything that its copy does not: another study, or further trials."""
    try:
        existing = File(path, reading=True)
    except StorageError as problem:
        raise ValueError(f"path is {str(path)!r}, which exists and is no file of studies; name a new file, or an "
                         "earlier backup of this study") from problem
    with existing, File(copy, reading=True) as new:
        for name in existing.names():
            known = name in new.names() and new.definition(name) == existing.definition(name)
            trials, waiting = existing.count(name), len(existing.queue(name))
            if not known or (new.count(name), len(new.queue(name))) < (trials, waiting):
                enqueued = f" and {checks.counted(waiting, 'enqueued configuration')}" if waiting else ""
                raise ValueError(
                    f"path is {str(path)!r}, which holds {trials} trials{enqueued} of a study {name!r} that would "
                    "be lost; name a new file, or an earlier backup of this study")


def clear_beside(path: Path) -> None:
    """Merge what a killed writer has left beside a file that will be replaced: SQLite would apply it to the new one."""
    wal = path.with_name(path.name + "-wal")
    if path.exists() and wal.exists() and wal.stat().st_size:
        File(path).close()
        if wal.exists() and wal.stat().st_size:
            raise NotWritable(f"{str(path)!r} can't be replaced while another program reads it; wait for it, or use "
                              "another file")
    for end in BESIDE[:-1]:
        path.with_name(path.name + end).unlink(missing_ok=True)


# How SQLite stores a trial -------------------------------------------------------------------------------------------


def row_with_digest(table: str, key: int, *values: Any) -> tuple[Any, ...]:
    """A row with the digest of all of it in second place; of a trial all but its saved arrays."""
    return key, digest_of_repr((table, key, *values)), *values


def _packed_row(study: int, row: Row) -> tuple[Any, ...]:
    record = {name: value for name, value in row.items() if name not in ("number", "state")}
    saved = _packed(row["saved"])
    record["saved"] = _digest(saved)
    try:
        text = json.dumps(record, default=_plain)
    except (TypeError, ValueError):
        text = json.dumps({name: json.loads(as_json(value)) for name, value in record.items()})
    return *row_with_digest("trials", study * TRIALS + row["number"], row["state"], text), saved


def unpacked_row(row: Sequence[Any], saved: bool = True) -> Row:
    """A trial from its row in the file; a ValueError where the saved arrays are not those that were written."""
    key, _, state, record, blob = row
    content = _of_kind(dict, "its record", json.loads(record))
    if saved and content.get("saved") != _digest(blob):
        raise ValueError("its saved arrays are not those that were written")
    return {"number": key % TRIALS, "state": state, **content, "saved": _unpacked(blob)}


def _digest(blob: bytes | None) -> str | None:
    return None if blob is None else digest_of(np.frombuffer(blob, dtype=np.uint8))


def as_json(value: Any) -> str:
    """A value as JSON; of what a user's searcher or attribute may hold and JSON does not have, its repr."""
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError):  # keys that JSON does not have, or a circular reference
        return json.dumps({"text": repr(value)})


def _plain(value: Any) -> Any:
    """A NumPy number or array as Python's own type; any other value that JSON does not have as its repr."""
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else repr(value)


def _of_kind(kind: type, name: str, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name} is {value!r:.60}")
    return value


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


def _disinherit() -> None:
    """In a forked child: it has none of its parent's connections (its locks are gone already: `locking`)."""
    for file in list(_open):
        file.disinherit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disinherit)
