"""What holds a data set's clips: a folder, or a ZIP file of one; files are read from both in the same way.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scratchtune.archives import Archive, about
from scratchtune.files import opened_file
from scratchtune.sequences.speech.wav import MOST_BYTES, PURPOSE, read_clip

TABLES = ("transcripts.tsv", "transcripts.csv")
_ACCEPTED = f"clips are read from a folder with WAV files and {TABLES[0]}, or from a ZIP file of one"


@contextmanager
def opened(path: Path, advice: str) -> Iterator[Folder]:
    """Open a folder or a ZIP file that has one table of transcripts; ``advice`` says in the errors what that must be.

    Raises
        OSError if it is no folder and no ZIP file, or has not one table.
    """
    if path.is_dir():
        yield Folder(path, advice)
        return
    if not path.exists():
        raise NotADirectoryError(f"{path} does not exist; {_ACCEPTED}")
    with opened_file(path, _ACCEPTED) as file:
        try:
            with about("it"):
                archive = Archive(file)
        except ValueError:
            raise NotADirectoryError(f"{path} is a file, but not a complete ZIP file; {_ACCEPTED}") from None
        yield _Zip(path, archive, advice)


def _one_table(path: Path, found: list[str], advice: str) -> str:
    if len(found) != 1:
        several = len(found) > len(set(map(posixpath.basename, found)))
        kind = "more than one" if several else "both" if found else "neither"
        raise FileNotFoundError(f"{path} has {kind} of {' and '.join(TABLES)}; it must have one of them: {advice}")
    return found[0]


class Folder:
    """A folder, its ``path``, and the name of its ``table`` of transcripts.

    Names of files are relative to the folder of the table, with "/" between folders.
    """

    def __init__(self, path: Path, advice: str) -> None:
        self.path = path
        self.table = _one_table(path, [name for name in TABLES if (path / name).is_file()], advice)

    def read(self, name: str) -> bytes:
        """The content of a file; OSError or ValueError, which begins with its name, where it cannot be read."""
        return read_clip(self.path / name, name)

    def wav_files(self) -> list[str]:
        """The names of all WAV files, sorted."""
        return [path.relative_to(self.path).as_posix() for path in sorted(self.path.rglob("*"))
                if path.suffix.lower() == ".wav"]


class _Zip(Folder):
    """A ZIP file; the folder may be within another one."""

    def __init__(self, path: Path, archive: Archive, advice: str) -> None:
        found = [name for name in archive.names if posixpath.basename(name) in TABLES]
        self.path, self._archive = path, archive
        self._folder, self.table = posixpath.split(_one_table(path, found, advice))

    def read(self, name: str) -> bytes:
        inside = posixpath.normpath(posixpath.join(self._folder, Path(name).as_posix()))
        if inside not in self._archive.names:
            raise FileNotFoundError(f"{name} does not exist; {PURPOSE}")
        with about(name):
            return self._archive.read(inside, MOST_BYTES)

    def wav_files(self) -> list[str]:
        begin = f"{self._folder}/" if self._folder else ""
        return sorted(name.removeprefix(begin) for name in self._archive.names
                      if name.startswith(begin) and name.lower().endswith(".wav"))
