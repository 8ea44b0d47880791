"""One Study of a process writes a study at a time; between processes see `scratchtune.study.locking`."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import Protocol

from scratchtune.study.locking import StorageError

_guard = threading.RLock()
_owners: dict[tuple[Path, str], weakref.ref[Writer]] = {}  # who has written a study last


class Writer(Protocol):
    """Who writes a study."""

    running: bool  # whether it is within a run, which nobody may take over


def begin(path: Path, study: str, writer: Writer, goes_on: bool) -> None:
    """Let a writer of this process write a study; a StorageError where another writer runs it. One that does not run it
    is taken over from: it may not go on.

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
        _owners[path, study] = weakref.ref(writer)


def _begin_anew() -> None:
    """In a forked child: its parent's writers write no more here."""
    global _guard
    _guard = threading.RLock()
    _owners.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
