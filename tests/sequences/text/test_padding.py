"""Padding: by hand, against Keras, and bad input."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.text import pad_sequences

ROWS = [[1], [2, 3], [], [4, 5, 6]]


def test_by_hand() -> None:
    assert pad_sequences(ROWS).tolist() == [[0, 0, 1], [0, 2, 3], [0, 0, 0], [4, 5, 6]]
    assert pad_sequences(ROWS, padding="post").tolist() == [[1, 0, 0], [2, 3, 0], [0, 0, 0], [4, 5, 6]]
    assert pad_sequences(ROWS, maxlen=2).tolist() == [[0, 1], [2, 3], [0, 0], [5, 6]]
    assert pad_sequences(ROWS).dtype == np.int32 and pad_sequences(ROWS, dtype="float32").dtype == np.float32


@pytest.mark.slow  # importing Keras takes long
def test_it_is_kerass() -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    for _ in range(50):
        rows = [rng.integers(1, 9, rng.integers(0, 7)).tolist() for _ in range(rng.integers(1, 6))] + [[1]]
        for padding in ("pre", "post"):
            for maxlen in (None, 1, 4, 9):
                arguments: dict[str, Any] = {"maxlen": maxlen, "padding": padding}
                expected = keras.utils.pad_sequences(rows, **arguments)
                np.testing.assert_array_equal(pad_sequences(rows, **arguments), expected, strict=True)
        np.testing.assert_array_equal(pad_sequences(rows), keras.utils.pad_sequences(rows), strict=True)


@pytest.mark.parametrize("rows, arguments, error, message", [
    ([], {}, ValueError, "sequences is empty"),
    (["abc"], {}, TypeError, r"sequences\[0\] is 'abc' .*; it must be a list of numbers"),
    ([[1], 2], {}, TypeError, r"sequences\[1\] is 2 \(int\); it must be a list of numbers"),
    ([[[1], [2, 3]]], {}, TypeError, r"sequences\[0\] is \[\[1\], \[2, 3\]\]"),
    ([[0.5]], {}, ValueError, r"sequences\[0\] holds 0.5, which int32 cannot represent"),
    ([[2**40]], {}, ValueError, "holds 1099511627776, which int32 cannot represent"),
    ([[1]], {"maxlen": 0}, ValueError, "maxlen is 0; it must be an integer of at least 1"),
    ([[1]], {"padding": "left"}, ValueError, "padding is 'left'; it must be one of 'pre', 'post'"),
    ([[1]], {"dtype": "str"}, TypeError, "dtype is 'str'; it must be a type of numbers"),
])
def test_bad_input(rows: Any, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pad_sequences(rows, **arguments)
