"""The right to write a file of studies: one process has it at a time, and the error in another process names it.

The lock is the operating system's `flock` on FILE-writer, a small file beside FILE. It ends with its process, however
that ends, so a killed writer leaves no lock. Processes that a writer has started do not inherit it: workers of a pool
that outlive a killed writer, which CPython does not end, do not block the next writer. (POSIX's `lockf` is unsuitable:
a process loses such a lock as soon as it closes any descriptor of the file, which even a plain copy does.)

The lock belongs to a file name. A file that has several names (hard links) is therefore not written, and FILE-writer is
created again if it was deleted. On a network drive the lock is as reliable as that drive's `flock`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from io import FileIO
from pathlib import Path

from scratchtune.files import identity
from scratchtune.study.errors import NotWritable

try:
    import fcntl
except ImportError:  # this system has no such locks; SQLite's own still make each commit atomic
    fcntl = None  # type: ignore[assignment]

MOMENT = 1.0  # seconds to wait for the lock of another process, which may only be opening a study


class Lock:
    """The right of this process to write a file, whose path must be a resolved one; until `release`.

    All locks of one process on one file share the right. Raises `NotWritable` where another process has it for longer
    than ``patience`` seconds, or where FILE-writer can't be created.
    """

    def __init__(self, path: Path, patience: float = MOMENT) -> None:
        self._path = path
        try:
            with _guard:
                if path not in _held or _held[path].file.closed:
                    _held[path] = _taken(path, patience)
                _held[path].holders.add(id(self))
        except BaseException:
            self.release()
            raise

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # when Python ends, modules may be unloaded already
            self.release()

    def release(self) -> None:
        """Give up the right; the last lock of this process on the file removes FILE-writer. May be called again."""
        with _guard:
            held = _held.get(self._path)
            if held is None:
                return
            if held.holders <= {id(self)}:
                if not held.file.closed and held.is_in_place():
                    with contextlib.suppress(OSError):
                        os.unlink(held.beside)
                held.file.close()
                del _held[self._path]
            held.holders.discard(id(self))

    def confirm(self) -> None:
        """Take the right again if FILE-writer was deleted; `NotWritable` if another process has it."""
        with _guard:
            held = _held.get(self._path)
            if held is not None and not held.is_in_place():
                held.file = _tried(self._path)


class _Held:
    """A lock that this process has: the locked FILE-writer, and the ids of the `Lock` objects that share it."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.beside, self.file = str(beside(path)), file
        self.holders: set[int] = set()

    def is_in_place(self) -> bool:
        """Whether the locked file is the one that other processes would lock."""
        return identity(self.file.fileno()) == identity(self.beside)


_guard = threading.RLock()  # reentrant: a Lock may be garbage-collected, and so released, while it is held
_held: dict[Path, _Held] = {}


def beside(path: Path) -> Path:
    """FILE-writer, the file that is locked for a file of studies."""
    return path.with_name(path.name + "-writer")


def _forget_locks() -> None:
    """In a forked child: it does not have its parent's locks."""
    global _guard
    _guard = threading.RLock()
    for held in _held.values():
        held.file.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)


def _taken(path: Path, patience: float) -> _Held:
    """Take the lock, after waiting for at most ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return _Held(path, _tried(path))
        except NotWritable as problem:
            if not isinstance(problem.__cause__, BlockingIOError) or time.monotonic() >= deadline:
                raise
        time.sleep(0.01)


def _tried(path: Path) -> FileIO:
    """Lock FILE-writer and write into it who holds the lock; an interruption closes the file, which unlocks it."""
    while True:
        try:
            file = FileIO(beside(path), "a+")
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fcntl is None or identity(file.fileno()) == identity(beside(path)):  # otherwise it was removed
                file.truncate(0)
                since = time.strftime("%Y-%m-%d %H:%M:%S")
                file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode())
                return file
        except BlockingIOError as error:
            raise NotWritable(
                f"{str(path)!r} is being written by {_holder(file)}; wait for it, or use another file. Reading is "
                "possible meanwhile") from error
        except OSError as error:
            raise NotWritable(f"{str(path)!r} can't be written: {error.strerror}: {str(beside(path))!r}") from error


def _holder(file: FileIO) -> str:
    """Who holds a lock, according to FILE-writer."""
    with contextlib.suppress(OSError):
        file.seek(0)
        return file.read(200).decode("utf-8", "replace").strip() or "another process"
    return "another process"
