"""What holds a data set's clips: a folder, or a ZIP file of one; files are read from both in the same way.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

TABLES = ("transcripts.tsv", "transcripts.csv")
_ACCEPTED = f"clips are read from a folder with WAV files and {TABLES[0]}, or from a ZIP file of one"


class Container(Protocol):
    """A folder or a ZIP file: its ``path``, and the name of its ``table`` of transcripts.

    Names of files are relative to the folder of the table, with "/" between folders.
    """

    path: Path
    table: str

    def read(self, name: str) -> bytes:
        """The content of a file; OSError or ValueError, which begins with its name, where it cannot be read."""

    def wav_files(self) -> list[str]:
        """The names of all WAV files, sorted."""


@contextmanager
def opened(path: Path, advice: str) -> Iterator[Container]:
    """Open a folder or a ZIP file that has one table of transcripts; ``advice`` says in the errors what that must be.

    Raises
        OSError if it is no folder and no ZIP file, or has not one table.
    """
    if path.is_dir():
        yield _Folder(path, advice)
        return
    if not path.exists():
        raise NotADirectoryError(f"{path} does not exist; {_ACCEPTED}")
    try:
        file = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise NotADirectoryError(f"{path} is a file, and no whole ZIP file; {_ACCEPTED}") from None
    with file:
        yield _Zip(path, file, advice)


def _one_table(path: Path, found: list[str], advice: str) -> str:
    if len(found) != 1:
        several = len(found) > len(set(map(posixpath.basename, found)))
        kind = "more than one" if several else "both" if found else "neither"
        raise FileNotFoundError(f"{path} has {kind} of {' and '.join(TABLES)}; it must have one of them: {advice}")
    return found[0]


class _Folder:
    """A folder."""

    def __init__(self, path: Path, advice: str) -> None:
        self.path = path
        self.table = _one_table(path, [name for name in TABLES if (path / name).is_file()], advice)

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(f"{name} does not exist") from None
        except OSError as problem:
            raise type(problem)(f"{name} cannot be opened: {problem.strerror}") from None

    def wav_files(self) -> list[str]:
        return [path.relative_to(self.path).as_posix() for path in sorted(self.path.rglob("*"))
                if path.suffix.lower() == ".wav"]


class _Zip:
    """A ZIP file; the folder may be within another one."""

    def __init__(self, path: Path, file: zipfile.ZipFile, advice: str) -> None:
        names = file.namelist()
        found = [name for name in names if posixpath.basename(name) in TABLES]
        self.path, self._file = path, file
        self._folder, self.table = posixpath.split(_one_table(path, found, advice))

    def read(self, name: str) -> bytes:
        inside = posixpath.normpath(posixpath.join(self._folder, Path(name).as_posix()))
        try:
            return self._file.read(inside)
        except KeyError:
            raise FileNotFoundError(f"{name} does not exist") from None
        except RuntimeError:
            raise ValueError(f"{name} is encrypted; unpack the ZIP file, and give the folder") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
            raise ValueError(f"{name} is damaged within the ZIP file: {problem}") from None

    def wav_files(self) -> list[str]:
        begin = f"{self._folder}/" if self._folder else ""
        return sorted(name.removeprefix(begin) for name in self._file.namelist()
                      if name.startswith(begin) and name.lower().endswith(".wav"))
