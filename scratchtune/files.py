"""Atomic file writes: a reader finds the old content or the new content, never a part of either."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new, empty file in the folder of ``path`` to write to; at the end of the block it replaces ``path``.

    It has a unique name, is on the disk before it replaces ``path``, and gets the permissions of a file that it
    replaces. Links are followed. After an error or an interruption it is removed, and ``path`` is unchanged.

    Raises
        What `replaceable` raises, and OSError where the file cannot be written.
    """
    target = replaceable(Path(path))
    beside = target.with_name(f"scratchtune-{uuid.uuid4().hex}.part")
    try:
        beside.touch(exist_ok=False)
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file atomically, in UTF-8; lone surrogates, as in some file names, are escaped."""
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def replaceable(path: Path) -> Path:
    """Return the file that a path refers to, links followed; it need not exist.

    Raises
        ValueError where the path is not that of a regular file, PermissionError where the file is read-only, and
        FileNotFoundError where its folder does not exist.
    """
    target = Path(os.path.realpath(path))
    if path.exists():  # not target.exists(): the target of a link such as /dev/stdout need not have a path
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            raise ValueError(f"path is {str(path)!r}, which is {kind}; it must be the name of a file")
        if not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK):
            raise PermissionError(f"path is {str(path)!r}, which is read-only; it must be a file that may be replaced")
    elif not target.parent.is_dir():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no folder {str(target.parent)!r}")
    elif target.is_symlink():
        raise ValueError(f"path is {str(path)!r}, a link that leads to itself; it must be the name of a file")
    return target


def identity(path: str | os.PathLike[str] | int) -> tuple[int, int] | None:
    """What identifies a file independently of its name: device and inode; None where there is no file.

    A number is the descriptor of an open file.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
