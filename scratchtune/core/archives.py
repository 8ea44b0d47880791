"""Readers of compressed files, ZIP and gzip: the size that a file claims is compared with a limit before unpacking.

A file of 200 KB can unpack to 200 MB, or claim to hold terabytes. Here a file may unpack to 64 MB, or to 100 times
its size if that is more, as images of one color do.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

import numpy as np

SMALLEST_LIMIT = 1 << 26  # bytes
MOST_TIMES = 100  # the size of the file
_CHUNK = 1 << 20  # bytes that are unpacked at a time
_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED  # other methods may unpack more than the claimed size
_DAMAGE = (OSError, EOFError, struct.error, zlib.error, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError)


def most_unpacked(size: int) -> int:
    """Return how many bytes a compressed file of ``size`` bytes may unpack to."""
    return max(SMALLEST_LIMIT, MOST_TIMES * size)


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Raise each error of reading a file, as by damage or encryption, as a ValueError that begins with ``subject``."""
    try:
        yield
    except _DAMAGE as problem:
        raise ValueError(f"{subject} is damaged: {problem}") from None
    except RuntimeError:
        raise ValueError(f"{subject} is encrypted; unpack it first") from None
    except ValueError as problem:
        raise ValueError(f"{subject} {problem}") from None


def gunzipped(file: BinaryIO) -> io.BytesIO:
    """Return the content of a file that gzip has compressed, as a file in memory; `about` completes its errors."""
    most = most_unpacked(file.seek(0, os.SEEK_END))
    file.seek(0)
    content = io.BytesIO()
    with gzip.open(file) as unpacked:
        while content.write(unpacked.read(_CHUNK)):
            if content.tell() > most:
                raise ValueError(f"unpacks to more than {most:,} bytes, the limit for a file of its size; unpack it "
                                 "first if that is its true size")
    content.seek(0)
    return content


class Archive:
    """An open ZIP file, of which `most_unpacked` bytes may be read in all; `about` completes its errors."""

    def __init__(self, file: BinaryIO) -> None:
        self._left = most_unpacked(file.seek(0, os.SEEK_END))
        self.file = zipfile.ZipFile(file)
        self.names = self.file.namelist()

    def claim(self, name: str, most: int | None = None) -> int:
        """Return a member's size, and count it as read; KeyError if there is none, ValueError if it is not accepted."""
        info = self.file.getinfo(name)
        advice, most = "" if most else "; if that is right, write it uncompressed", min(self._left, most or self._left)
        if info.file_size > most:
            raise ValueError(f"claims {info.file_size:,} bytes; at most {most:,} are unpacked from a file of this "
                             f"size{advice}")
        if info.compress_type not in _METHODS:
            raise ValueError("is compressed by a method other than deflate; write the file again with that")
        self._left -= info.file_size
        return info.file_size

    def read(self, name: str, most: int) -> bytes:
        """Return a member's content, at most so many bytes."""
        self.claim(name, most)
        return self.file.read(name)


class Member:
    """An array in a ZIP file: its shape and dtype are read at once, its numbers by `read`; nothing is unpickled."""

    def __init__(self, archive: Archive, file_name: str) -> None:
        self._archive, self._file_name, self.name = archive, file_name, file_name.removesuffix(".npy")
        with about(f"the array {self.name!r}"):
            size = archive.claim(file_name)
            with archive.file.open(file_name) as file:
                self.shape, self._by_columns, self.dtype = _array_header(file)
                self._start = file.tell()
            wanted = self.dtype.itemsize * math.prod(self.shape)
            if wanted != size - self._start:
                raise ValueError(f"claims {wanted:,} bytes of numbers and has {size - self._start:,}")

    def read(self) -> np.ndarray:
        """Return the array, in C's order and this machine's byte order; raise a ValueError if the file is damaged."""
        with about(f"the array {self.name!r}"), self._archive.file.open(self._file_name) as file:
            file.read(self._start)
            numbers = np.frombuffer(bytearray(file.read()), self.dtype)
            array = numbers.reshape(self.shape, order="F" if self._by_columns else "C")
            return np.asarray(array, self.dtype.newbyteorder("="), order="C")


def _array_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return the shape of NumPy's array in a file, whether it is stored by columns, and its dtype."""
    try:
        version = np.lib.format.read_magic(file)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, by_columns, dtype = reader(file)
    except _DAMAGE:
        raise
    except Exception as problem:  # Python's parser reads the header, and may raise anything
        raise ValueError(f"is not an array in NumPy's format .npy: {problem}") from None
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are not unpickled; save it as numbers or as texts of fixed "
                         "width, array.astype(str)")
    return shape, by_columns, dtype
