"""What is independent in a table: rows, groups of rows, equal rows, or blocks of time. The bootstrap resamples these.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.tables.row_order import RowOrder


class Units(NamedTuple):
    """The unit that each row belongs to, (n,) integers from 0; rows of one unit depend on each other."""

    numbers: np.ndarray

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.numbers.max()) + 1

    def of(self, rows: np.ndarray) -> Units:
        """The units of some rows, numbered again from 0."""
        return Units(np.unique(self.numbers[rows], return_inverse=True)[1])

    def resampled(self, rng: np.random.Generator) -> np.ndarray:
        """Draw as many units as there are, with replacement; return the indices of their rows."""
        order = np.argsort(self.numbers, kind="stable")
        ends = np.cumsum(np.bincount(self.numbers))
        drawn = rng.integers(self.count, size=self.count)
        return np.concatenate([order[(ends[u - 1] if u else 0) : ends[u]] for u in drawn])


def units_of(rows: RowOrder, duplicates: np.ndarray | None, count: int) -> Units:
    """Return the units of ``count`` rows: groups, or else equal rows (``duplicates``, (n,)), or else single rows."""
    if rows.kind == "group":
        return Units(rows.values.astype(np.int64))
    if duplicates is not None:
        return Units(np.unique(duplicates, return_inverse=True)[1])
    return Units(np.arange(count))
