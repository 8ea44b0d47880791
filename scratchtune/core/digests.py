"""Digests identify data by a short text: equal data have the same digest, different data almost certainly not."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def digest_of(*arrays: np.ndarray, also: str = "") -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a text and some arrays, with their types and shapes."""
    digest = hashlib.sha256(also.encode("utf-8", "backslashreplace"))
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        has_objects = array.dtype.hasobject
        digest.update(repr(array.tolist()).encode() if has_objects else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def digest_of_repr(things: Any) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of ``repr(things)``; "none" where there are no things."""
    return hashlib.sha256(repr(things).encode("utf-8", "backslashreplace")).hexdigest()[:16] if things else "none"
