"""Units: what rows they hold, and that a resample holds whole units."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.tables.row_order import RowOrder
from scratchtune.tables.units import BLOCKS, Units, time_blocks, units_of


def test_groups_come_before_equal_rows_and_these_before_single_rows() -> None:
    groups, equal = RowOrder("group", "g", np.array([7, 7, 3])), np.array([5, 0, 5])
    assert units_of(groups, equal, 3).numbers.tolist() == [1, 1, 0]
    assert units_of(RowOrder(), equal, 3).numbers.tolist() == [1, 0, 1]
    assert units_of(RowOrder(), None, 3).numbers.tolist() == [0, 1, 2]


def test_blocks_of_time_are_consecutive_and_equal_in_rows() -> None:
    times = np.random.default_rng(0).permutation(100).astype(float)
    units = units_of(RowOrder("time", "t", times), None, 100)
    assert units.kind == "time" and units.count == BLOCKS and set(np.bincount(units.numbers)) == {5}
    assert (np.diff(units.numbers[np.argsort(times)]) >= 0).all()


@pytest.mark.parametrize("rows", [1, 3, BLOCKS, 777])
def test_rows_of_one_time_are_in_one_block(rows: int) -> None:
    times = np.random.default_rng(rows).integers(1 + rows // 2, size=rows).astype(float)
    blocks = time_blocks(times)
    assert all(len(set(blocks[times == time])) == 1 for time in times)
    assert set(blocks) == set(range(blocks.max() + 1)) and blocks.max() < BLOCKS


def test_a_resample_holds_whole_units() -> None:
    units = Units(np.array([2, 0, 1, 0, 2, 2]))
    for seed in range(20):
        rows = units.resampled(np.random.default_rng(seed))
        times = np.bincount(rows, minlength=6)
        assert times[0] == times[4] == times[5] and times[1] == times[3] and times[[0, 1, 2]].sum() == units.count


def test_units_of_some_rows_are_numbered_again() -> None:
    units = Units(np.array([4, 4, 2, 0, 1, 3]), "group").of(np.array([0, 2, 5]))
    assert units.numbers.tolist() == [2, 0, 1] and units.kind == "group"
    assert units.rows(np.array([2, 0, 2])).tolist() == [0, 1, 0]
