"""One process writes a file of studies at a time; who else wants to is told who does.

The lock is one of the operating system's, on a small file beside: it ends with its process, however that ends, so a
writer that was killed keeps nobody out. Processes that a writer has started do not inherit it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import weakref
from io import FileIO
from pathlib import Path
from typing import Protocol

from scratchtune.study.storage import StorageError

try:
    import fcntl
except ImportError:  # no such locks on this system: SQLite's own still keep single commits whole
    fcntl = None  # type: ignore[assignment]

_guard = threading.RLock()  # a Study may be collected, and end its writing, within
_files: dict[Path, tuple[FileIO, set[int]]] = {}  # of this process: the locked file, and ids of who writes under it
_owners: dict[tuple[Path, str], weakref.ref[Writer]] = {}  # who has written a study last


class Writer(Protocol):
    """Who writes a study."""

    running: bool  # whether it is within a run, which nobody may take over


def beside(path: Path) -> Path:
    """The file whose lock stands for a file of studies; all paths here are resolved ones."""
    return path.with_name(path.name + "-writer")


def begin(path: Path, study: str, writer: Writer, goes_on: bool) -> None:
    """Let a writer of this process write a study; a StorageError where another process writes the file, or another
    writer of this process runs this study. One that does not run is taken over from: it may not go on.

    ``goes_on`` says whether this writer has handed out what it has not written yet, and so must still be the last.
    """
    with _guard:
        reference = _owners.get((path, study))
        owner = None if reference is None else reference()
        if owner is not None and owner is not writer:
            if goes_on:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} has been taken up by another Study of this process; go on "
                    "with that one")
            if owner.running:
                raise StorageError(
                    f"the study {study!r} in {str(path)!r} is being run by another Study of this process; wait for it")
        if path in _files:
            _files[path][1].add(id(writer))
        else:
            _files[path] = _locked(path), {id(writer)}
        _owners[path, study] = weakref.ref(writer)


def end(path: Path, writer: Writer) -> None:
    """The writer writes no more for now; the last one of this process lets the lock go."""
    with _guard:
        if path in _files and id(writer) in _files[path][1]:
            file, writers = _files[path]
            if writers == {id(writer)}:
                file.close()
                del _files[path]
            writers.discard(id(writer))


def _begin_anew() -> None:
    """In a forked child: it does not have its parent's locks."""
    global _guard
    _guard = threading.RLock()
    for file, _ in _files.values():
        file.close()
    _files.clear()
    _owners.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def _locked(path: Path) -> FileIO:
    """The locked file beside, which says who holds the lock; an interruption that drops it unlocks it."""
    try:
        file = FileIO(beside(path), "a+")
    except OSError as error:
        raise StorageError(f"{str(path)!r} can't be written: {error.strerror}: {str(beside(path))!r}") from error
    try:
        if fcntl is not None:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = ""
        with contextlib.suppress(OSError):
            file.seek(0)
            holder = file.read(200).decode("utf-8", "replace").strip()
        file.close()
        raise StorageError(
            f"{str(path)!r} is being written by {holder or 'another process'}; wait for it, or take another file. "
            "Reading is possible meanwhile") from None
    file.truncate(0)
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode())
    return file
