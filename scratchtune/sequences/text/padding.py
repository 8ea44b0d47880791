"""Padding: sequences of different lengths become the rows of one array; short ones are filled, long ones are cut.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks

SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any], maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre",
) -> np.ndarray:
    """Return sequences of numbers as one array, (sequences, maxlen); Keras's function and defaults.

    ``maxlen``: the length of every row, by default that of the longest sequence; a longer one loses its first numbers.
    ``padding``: whether zeros fill a short sequence before ("pre") or after it ("post"). "pre" is Keras's default; a
    model with a mask usually takes "post".

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], padding="post").tolist()
    [[1, 0, 0], [2, 3, 0], [4, 5, 6]]
    """
    checks.choice("padding", padding, SIDES)
    kind = np.dtype(dtype)
    if kind.kind not in "buif":
        raise TypeError(f"dtype is {dtype!r}; it must be a type of numbers, such as 'int32'")
    rows = [_row(f"sequences[{number}]", row, kind) for number, row in enumerate(sequences)]
    if not rows:
        raise ValueError("sequences is empty; it must hold at least one sequence")
    width = max(len(row) for row in rows) if maxlen is None else checks.integer("maxlen", maxlen, 1)
    padded = np.zeros((len(rows), width), kind)
    for row, target in zip(rows, padded, strict=True):
        kept = row[max(len(row) - width, 0):]
        first = 0 if padding == "post" else width - len(kept)
        target[first : first + len(kept)] = kept
    return padded


def _row(name: str, row: Any, kind: np.dtype) -> np.ndarray:
    """A sequence as a vector of the type ``kind``; an error if it is no list of numbers that this can represent."""
    try:
        values = np.asarray(row)
    except ValueError:  # lists of unequal length
        values = np.empty((0, 0))
    if values.ndim != 1 or (values.size and values.dtype.kind not in "buif"):
        raise TypeError(f"{name} is {row!r:.80} ({type(row).__name__}); it must be a list of numbers")
    with np.errstate(invalid="ignore"):
        converted = values.astype(kind)
    if kind.kind != "f" and values.size and (converted != values).any():
        raise ValueError(f"{name} holds {values[converted != values][0]}, which {kind} cannot represent; dtype must be "
                         "one that can, such as 'float32'")
    return converted
