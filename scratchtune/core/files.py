"""Files: atomic writes, so that a reader finds the old or the new content, never a part; reading of regular files."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new, empty file in the folder of ``path`` to write to; at the end of the block it replaces ``path``.

    It is on the disk before it replaces ``path``, and gets the permissions of a file that it replaces. After an error
    or an interruption it is removed. Raises what `replaceable` raises, and OSError where it cannot be written.
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


def valid_text(text: str | None) -> str | None:
    """Text that can be written as UTF-8: lone surrogates, as in some file names, are escaped. None stays None."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def replaceable(path: Path) -> Path:
    """Return the file that a path refers to, links followed; it need not exist.

    Raises ValueError for what is no regular file, PermissionError if it is read-only, FileNotFoundError without folder.
    """
    target = Path(os.path.realpath(path))
    if path.exists():  # not target.exists(): the target of a link such as /dev/stdout need not have a path
        if kind := irregular(path):
            raise ValueError(f"path is {str(path)!r}, which is {kind}; it must be the name of a file")
        if not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK):
            raise PermissionError(f"path is {str(path)!r}, which is read-only; it must be a file that may be replaced")
    elif not target.parent.is_dir():
        raise FileNotFoundError(f"path is {str(path)!r}; there is no folder {str(target.parent)!r}")
    elif target.is_symlink():
        raise ValueError(f"path is {str(path)!r}, a link that leads to itself; it must be the name of a file")
    return target


def check_writable(path: Path, option: str) -> None:
    """Raise a ValueError or an OSError, which names the option, where no file can be written at ``path``."""
    try:
        tempfile.TemporaryFile(dir=replaceable(path).parent).close()
    except (ValueError, OSError) as problem:
        begin, folder = f"{option} is", os.path.dirname(os.path.realpath(path))
        if reason := getattr(problem, "strerror", None):
            raise OSError(f"{begin} {str(path)!r}; no file can be made in the folder {folder!r}: {reason}") from None
        raise type(problem)(str(problem).replace("path is", begin, 1)) from None


def made_folder(folder: Path, option: str) -> None:
    """Make a folder where it is absent; a ValueError or an OSError names the option where no file can be made in it."""
    if file := next((part for part in (folder, *folder.parents) if part.exists() and not part.is_dir()), None):
        raise ValueError(f"{option} is {str(folder)!r}, and {str(file)!r} is a file; it must be a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise OSError(f"{option} is {str(folder)!r}; no file can be made in it: {problem.strerror}") from None


def page_path(given: str | os.PathLike[str] | None, default: Path, option: str = "--report") -> Path | None:
    """Return the path of a page, checked: None where none is wanted, ``default`` where the option has no FILE."""
    if given is None:
        return None
    path = Path(given) if str(given) else default
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{option} is {str(path)!r}; its name must end in .html or .htm")
    check_writable(path, option)
    return path


def identity(path: str | os.PathLike[str] | int) -> tuple[int, int] | None:
    """Device and inode of a file or of an open file's descriptor, which identify it; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def irregular(path: str | os.PathLike[str]) -> str:
    """What is there in place of a regular file, such as a pipe, which may block for ever; "" for a file or nothing."""
    if os.path.isdir(path):
        return "a folder"
    return "no regular file" if os.path.exists(path) and not os.path.isfile(path) else ""


def opened_file(path: str | os.PathLike[str], purpose: str, shown: str | None = None) -> BinaryIO:
    """Open a regular file for reading; OSError if it cannot be opened, ValueError if it is a pipe or a device.

    ``purpose`` says in the errors what is read from such a file; ``shown`` is its name there, if not ``path``.
    """
    shown = os.fspath(path) if shown is None else shown
    if kind := irregular(path):
        raise (IsADirectoryError if kind == "a folder" else ValueError)(f"{shown} is {kind}; {purpose}")
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"{shown} does not exist; {purpose}") from None
    except OSError as problem:
        raise type(problem)(f"{shown} cannot be opened: {problem.strerror}") from None


def read_text(path: str | os.PathLike[str], purpose: str) -> str:
    """Return the text of a file in UTF-8, without the mark that Windows programs write before it.

    Raises what `opened_file` raises, and a ValueError, which names the line, if it is not a text in UTF-8.
    """
    with opened_file(path, purpose) as file:
        return decoded_text(os.fspath(path), file.read(), purpose)


def decoded_text(path: str, content: bytes, purpose: str) -> str:
    """Decode a file's content as `read_text` does; ``path`` names it in errors, ``purpose`` is advice that ends one."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path}, line 1, begins as UTF-16 does; save the file as UTF-8")
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = len(re.findall(b"\r\n|\r|\n", content[: problem.start])) + 1
        raise ValueError(f"{path}, line {line}, has the byte 0x{content[problem.start]:02x}, which is not UTF-8; "
                         "save the file as UTF-8") from None
    if "\0" in text:
        line = len(re.findall("\r\n|\r|\n", text[: text.index("\0")])) + 1
        raise ValueError(f"{path}, line {line}, holds binary data; {purpose}")
    return text
