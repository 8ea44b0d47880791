"""What is independent in a table: rows, groups of rows, equal rows, or blocks of time. The bootstrap resamples these.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scratchtune.tables.row_order import RowOrder

BLOCKS = 20  # of rows in time order, about equal in rows


@dataclass(frozen=True, eq=False)
class Units:
    """The unit that each row belongs to, (n,) integers from 0; rows of one unit depend on each other.

    ``kind`` is "row", "group" or "time". New rows come after all known ones in time, and blocks of time are not quite
    independent, so new rows count as one block, however many they are.
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

    @cached_property
    def _layout(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rows by unit, where each unit begins among them, and how many rows it has."""
        sizes = np.bincount(self.numbers)
        return np.argsort(self.numbers, kind="stable"), np.cumsum(sizes) - sizes, sizes

    def rows(self, drawn: np.ndarray) -> np.ndarray:
        """The row indices of some units, one unit after the other.

        >>> Units(np.array([1, 0, 1])).rows(np.array([1, 0, 1])).tolist()
        [0, 2, 1, 0, 2]
        """
        order, starts, sizes = self._layout
        if len(order) == len(sizes):  # each row is a unit
            return order[drawn]
        ends = np.cumsum(sizes[drawn])
        return order[np.arange(ends[-1]) + np.repeat(starts[drawn] - ends + sizes[drawn], sizes[drawn])]

    def resampled(self, rng: np.random.Generator) -> np.ndarray:
        """Draw as many units as there are, with replacement; return the indices of their rows."""
        return self.rows(rng.integers(self.count, size=self.count))


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
