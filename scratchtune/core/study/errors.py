"""What a study raises, and what ends a trial early."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class StorageError(ValueError):
    """The file can't be used: not a file of studies, of a newer version, busy, or with another study of that name."""


class NotWritable(StorageError):
    """The file can't be written, at all or at present; it may be possible to read it."""


class ForeignFile(StorageError):
    """The file is an SQLite file of another program; ``tables`` are the names of its tables."""

    def __init__(self, message: str, tables: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.tables = frozenset(tables)


class Lost(StorageError):
    """The latest commits may be missing in the file, since another program has deleted FILE-wal."""


class NotReady(RuntimeError):
    """The searcher needs the result of trial ``awaited`` first; ``remedy``: the argument of `Study` that avoids it."""

    def __init__(self, number: int, awaited: int, remedy: str = "") -> None:
        several = f", or to have {number - awaited + 1} trials at a time use {remedy}" if remedy else ""
        super().__init__(
            f"trial {number} can't be proposed yet: the result of trial {awaited} is needed first; tell it{several}")
        self.number, self.awaited, self.remedy = number, awaited, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return NotReady, (self.number, self.awaited, self.remedy)


class TrialPruned(Exception):
    """An objective may raise it, or Optuna's, to end its trial early, with the value that was reported last, if any."""
