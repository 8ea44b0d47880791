"""A backup is a complete copy of a study's file, made at any time, also while trials run."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scratchtune import checks
from scratchtune.files import whole_file
from scratchtune.study.definition import Definition
from scratchtune.study.errors import StorageError
from scratchtune.study.journal import Journal, row_of, waiting_rows
from scratchtune.study.locking import Lock
from scratchtune.study.storage import Row, Storage
from scratchtune.study.table import Table


def write_backup(
    definition: Definition, table: Table, journal: Journal | None, path: Path, attributes: Mapping[str, Any],
) -> None:
    """Write a study to another file: all that its own file holds, where it has one, and its table in memory.

    An existing file is replaced only if the copy holds all that it holds, and while no other process writes it.
    """
    if journal is not None:
        journal.refuse_own(path)
    with contextlib.ExitStack() as until, whole_file(path) as beside:
        if path.exists():
            until.callback(Lock(path.resolve()).release)
        if journal is not None and journal.is_in_place():
            with Storage(journal.path, reading=True) as storage:
                storage.copy_to(beside)
        with Storage(beside) as copy:
            copy.enter(definition.name, definition.as_stored())
            waits = waiting_rows(definition, table.waiting) if journal is None or journal.is_behind else None
            copy.put(definition.name, [_settled(row_of(definition, one)) for one in table.trials], waits, attributes)
        if path.exists():
            _refuse_loss(path, beside)


def _settled(row: Row) -> Row:
    """A row without what a running trial is still changing: the trial will begin again."""
    return row._replace(reports={}, scores=None, saved=None, user_attrs=None) if row.state == "running" else row


def _refuse_loss(path: Path, copy: Path) -> None:
    """Raise a ValueError if a file holds anything that its copy does not: another study, or further trials."""
    with contextlib.ExitStack() as until:
        try:
            existing = until.enter_context(Storage(path, reading=True))
        except StorageError as problem:
            raise ValueError(f"path is {str(path)!r}, which exists and is no file of studies; name a new file, or an "
                             "earlier backup of this study") from problem
        new = until.enter_context(Storage(copy, reading=True))
        for name in existing.names():
            known = name in new.names() and new.definition(name) == existing.definition(name)
            if not known or _size(new, name) < _size(existing, name):
                trials, waiting = _size(existing, name)
                enqueued = f" and {checks.counted(waiting, 'enqueued configuration')}" if waiting else ""
                raise ValueError(
                    f"path is {str(path)!r}, which holds {trials} trials{enqueued} of a study {name!r} that would "
                    "be lost; name a new file, or an earlier backup of this study")


def _size(storage: Storage, name: str) -> tuple[int, int]:
    """How many trials a study has, and how many enqueued configurations without a trial."""
    return storage.count(name), len(storage.waiting(name))
