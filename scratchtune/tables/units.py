"""What is independent in a table: rows, groups of rows, equal rows, or blocks of time. The bootstrap resamples these.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scratchtune.tables.row_order import RowOrder

BLOCKS = 20  # of rows in time order, about equal in rows


@dataclass(frozen=True, eq=False)
class Units:
    """The unit that each row belongs to, (n,) integers from 0; rows of one unit depend on each other.

    ``kind`` is "row", "group" or "time". Blocks of time are not quite independent, as what changes slowly outlasts a
    block. So new rows, which are later than all known ones, count as one block, however many they are.
    """

    numbers: np.ndarray
    kind: str = "row"

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.numbers.max()) + 1

    def of(self, rows: np.ndarray) -> Units:
        """The units of some rows, numbered again from 0."""
        return Units(np.unique(self.numbers[rows], return_inverse=True)[1], self.kind)

    def members(self) -> list[np.ndarray]:
        """The row indices of each unit."""
        order = np.argsort(self.numbers, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.numbers))[:-1])

    def resampled(self, rng: np.random.Generator) -> np.ndarray:
        """Draw as many units as there are, with replacement; return the indices of their rows."""
        drawn = rng.integers(self.count, size=self.count)
        if self.count == len(self.numbers):  # single rows: the same, and faster
            return np.argsort(self.numbers)[drawn]
        members = self.members()
        return np.concatenate([members[unit] for unit in drawn])


def units_of(rows: RowOrder, duplicates: np.ndarray | None, count: int) -> Units:
    """Return the units of ``count`` rows: groups, blocks of time, or else equal rows, or else single rows.

    ``duplicates`` (n,) has equal numbers for equal rows.
    """
    if rows.kind == "group":
        return Units(np.unique(rows.values, return_inverse=True)[1], "group")
    if rows.kind == "time":
        return Units(time_blocks(rows.values), "time")
    if duplicates is not None:
        return Units(np.unique(duplicates, return_inverse=True)[1])
    return Units(np.arange(count))


def time_blocks(times: np.ndarray) -> np.ndarray:
    """Return the block of each row: `BLOCKS` of consecutive rows; rows of one time are in one block.

    >>> time_blocks(np.arange(40.0)).tolist()[:5]
    [0, 0, 1, 1, 2]
    """
    ranks = np.searchsorted(np.sort(times), times)  # the number of earlier rows
    return np.unique(ranks * BLOCKS // len(times), return_inverse=True)[1]
