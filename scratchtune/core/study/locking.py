"""The right to write a file of studies: one process at a time has it, and in a process one Study for each study.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from scratchtune.core.files import identity
from scratchtune.core.study.errors import NotWritable, StorageError

try:
    import fcntl
except ImportError:  # this system has no such locks; SQLite's own still make each commit atomic
    fcntl = None  # type: ignore[assignment]

MOMENT = 1.0  # seconds to wait for the right to write of another process, which may only be opening a study


class Lock:
    """The right of this process to write a file, whose path must be a resolved one; until `release`.

    It is the operating system's `flock` on FILE-writer, a small file beside FILE. It ends with its process, however
    that ends, and is not inherited by processes that a writer has started. (POSIX's `lockf` is unsuitable: a process
    loses such a lock as soon as it closes any descriptor of the file, which even a plain copy does.) On a network drive
    the lock is as reliable as that drive's `flock`.

    All locks of one process on one file share the right. Raises `NotWritable` where another process has it for longer
    than ``patience`` seconds, or where FILE-writer can't be created.
    """

    def __init__(self, path: Path, patience: float = MOMENT) -> None:
        self._path, self._holds, deadline = path, True, time.monotonic() + patience
        try:
            with _guard:
                while path not in _held or _held[path].file.closed:
                    try:
                        _held[path] = _Held(path)
                    except NotWritable as problem:
                        if not isinstance(problem.__cause__, BlockingIOError) or time.monotonic() >= deadline:
                            raise
                        time.sleep(0.01)
                _held[path].holders.add(id(self))
        except BaseException:
            self.release()
            raise

    def __del__(self) -> None:
        with suppress(Exception):  # when Python ends, modules may be unloaded already
            if self._holds:
                self.release()

    def release(self) -> None:
        """Give up the right; the last lock of this process on the file removes FILE-writer. May be called again."""
        with _guard:
            held, self._holds = _held.get(self._path), False
            if held is None:
                return
            if held.holders <= {id(self)}:
                with suppress(OSError, ValueError):  # ValueError: it is closed
                    if os.path.samestat(os.fstat(held.file.fileno()), os.stat(held.beside)):
                        os.unlink(held.beside)
                held.file.close()
                del _held[self._path]
            held.holders.discard(id(self))

    def confirm(self) -> None:
        """Take the right again if FILE-writer was deleted; `NotWritable` if another process has it."""
        with _guard:
            held = _held.get(self._path)
            if held is not None and identity(held.file.fileno()) != identity(held.beside):
                held.take()


class _Held:
    """A lock that this process has: the locked FILE-writer, and the ids of the `Lock` objects that share it."""

    def __init__(self, path: Path) -> None:
        self.path, self.beside = path, str(path.with_name(path.name + "-writer"))
        self.holders: set[int] = set()
        self.take()

    def take(self) -> None:
        """Lock FILE-writer and write into it who holds the lock; an interruption closes the file, which unlocks it."""
        while True:
            try:
                file = io.FileIO(self.beside, "a+")
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.file = file
                with suppress(FileNotFoundError):  # it was removed; so it is, too, where it is another file
                    if not os.path.samestat(os.fstat(file.fileno()), os.stat(self.beside)):
                        continue
                    file.truncate(0)
                    since = time.strftime("%Y-%m-%d %H:%M:%S")
                    file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode())
                    return
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read(200).decode("utf-8", "replace").strip() or "another process"
                raise NotWritable(f"{str(self.path)!r} is being written by {holder}; wait for it, or use another file. "
                                  "Reading is possible meanwhile") from error
            except OSError as error:
                raise NotWritable(
                    f"{str(self.path)!r} can't be written: {error.strerror}: {self.beside!r}") from error


_guard = threading.RLock()  # reentrant: a Lock may be garbage-collected, and so released, while it is held
_held: dict[Path, _Held] = {}
_writers: dict[tuple[Path, str], weakref.ref[Any]] = {}  # the latest writer of each study, by file and name


def claim(path: Path, study: str, writer: Any, must_be_latest: bool) -> None:
    """Make an object the writer of a study in this process; its previous writer may not write it any more.

    A StorageError where the previous one is ``in_run``, or of a writer that ``must_be_latest`` where it is not.
    """
    with _guard:
        reference = _writers.get((path, study))
        latest = None if reference is None else reference()
        if latest is not None and latest is not writer:
            if must_be_latest:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} has been taken over by another Study of this process; "
                    "continue with that one")
            if latest.in_run:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} is being run by another Study of this process; wait for it")
        _writers[path, study] = weakref.ref(writer)


def _forget() -> None:
    """In a forked child: it does not have its parent's locks, and its studies do not write here."""
    global _guard
    _guard = threading.RLock()
    for held in _held.values():
        held.file.close()
    _held.clear()
    _writers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
