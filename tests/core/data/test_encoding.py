"""One-hot columns: by hand, and by property."""

from __future__ import annotations

import numpy as np

from scratchtune.core.data.encoding import leaves_out_first, one_hot


def test_one_hot_by_hand() -> None:
    rows = np.empty((4, 2))
    one_hot(np.array([1, 0, 2, -1]), rows)  # a category beyond the columns, or below 0, has zeros
    assert rows.tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]


def test_the_columns_add_up_to_one_and_name_the_category() -> None:
    codes = np.random.default_rng(0).integers(7, size=100)
    rows = np.empty((100, 7))
    one_hot(codes, rows)
    assert (rows.sum(axis=1) == 1).all() and (rows.argmax(axis=1) == codes).all()


def test_the_first_of_two_is_left_out() -> None:
    assert [leaves_out_first(2, drop) for drop in (None, "first", "if_binary")] == [False, True, True]
    assert not leaves_out_first(3, "if_binary")
