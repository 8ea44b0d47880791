"""The errors of a file of studies: it can't be used, or can't be written."""

from __future__ import annotations


class StorageError(ValueError):
    """The file can't be used: not a file of studies, of a newer version, busy, or with another study of that name."""


class NotWritable(StorageError):
    """The file can't be written, at all or at present; it may be possible to read it."""
