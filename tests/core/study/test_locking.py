"""One process has the right to write a file: what ends it, and what does not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scratchtune.core.study.errors import NotWritable, StorageError
from scratchtune.core.study.locking import Lock


def beside(path: Path) -> Path:
    return path.with_name(path.name + "-writer")


def hold(pipe: Any, path: Path, seconds: float) -> None:
    """In another process: take the lock and hold it, or send why that is not possible."""
    try:
        lock = Lock(path)
    except NotWritable as problem:
        pipe.send(str(problem))
    else:
        pipe.send("held")
        time.sleep(seconds)
        lock.release()


def test_the_last_lock_of_a_process_removes_the_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    first, second = Lock(path), Lock(path)
    assert f"process {os.getpid()} on " in beside(path).read_text()
    first.release()
    first.release()  # no second time
    assert beside(path).exists()
    del second
    assert not beside(path).exists()


def test_another_process_is_waited_for_a_moment_and_then_named(tmp_path: Path, elsewhere: Callable[..., Any]) -> None:
    path = tmp_path / "a.db"
    process, pipe = elsewhere(hold, path, 60.0)
    assert pipe.recv() == "held"
    with pytest.raises(NotWritable, match=rf"is being written by process {process.pid} on .* since .*; wait for"):
        Lock(path, patience=0.1)
    process.kill()
    process.join()
    Lock(path, patience=0.0).release()  # it ended with its process
    assert elsewhere(hold, path, 0.2)[1].recv() == "held"
    Lock(path, patience=30.0).release()
    assert not beside(path).exists()


def test_to_look_at_the_file_beside_does_not_end_the_lock(tmp_path: Path, elsewhere: Callable[..., Any]) -> None:
    path = tmp_path / "a.db"
    lock = Lock(path)
    beside(path).read_text()  # with POSIX's locks, closing it here would end it
    assert f"is being written by process {os.getpid()}" in elsewhere(hold, path, 0.0)[1].recv()
    lock.release()


def test_a_file_beside_that_was_deleted_is_made_anew_unless_somebody_else_was_faster(
    tmp_path: Path, elsewhere: Callable[..., Any],
) -> None:
    path = tmp_path / "a.db"
    lock = Lock(path)
    beside(path).unlink()
    lock.confirm()
    assert beside(path).exists()
    beside(path).unlink()
    process, pipe = elsewhere(hold, path, 60.0)
    assert pipe.recv() == "held"
    with pytest.raises(StorageError, match=f"is being written by process {process.pid}"):
        lock.confirm()
    lock.release()
    assert beside(path).exists()  # it is the other one's


def test_a_file_beside_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    beside(tmp_path / "a.db").mkdir()
    with pytest.raises(NotWritable, match="can't be written: Is a directory: .*a.db-writer"):
        Lock(tmp_path / "a.db")
