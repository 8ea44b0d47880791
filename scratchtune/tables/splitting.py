"""Which rows depend on each other (groups, times, equal rows), and the folds, which keep such rows together.

Rows of one patient, shop or speaker resemble each other: if some are trained on and others predicted, a model that
memorises them gets a score that it does not reach on new groups. Where rows are ordered in time, a random fold trains
on rows that are later than some that it predicts: the future leaks into the training rows.

There are eight folds for small tables, fewer for larger ones, whose configurations would otherwise take too long.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation import GroupKFold, KFold, train_test_split
from scratchtune.core.evaluation.rows import generator
from scratchtune.core.evaluation.splits import Split, TimeSeriesSplit, stratified_folds
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.wording import argument

FOLDS, SMALL_FOLDS, FEWER_FOLDS = 5, 8, 3
SMALL, LARGE, HUGE = 1_000, 30_000, 100_000  # rows
LARGE_A_SECOND, HUGE_A_SECOND = 200, 500  # the same for each second of a time budget, where that is less,
LEAST_LARGE, LEAST_HUGE = 5_000, 10_000  # but not less than these
HELD_OUT = 0.1  # of a table with more than `HUGE` rows
BLOCKS = 20  # of rows in time order, about equal in rows


# Groups and times -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RowOrder:
    """The groups or the times of rows, from the column ``name``.

    ``values`` (n,) are group numbers if ``kind`` is "group", or times (numbers, or days since 1970-01-01) if it is
    "time"; for "none", rows are independent and ``values`` is empty.
    """

    kind: str = "none"
    name: str = ""
    values: np.ndarray = field(default_factory=lambda: np.array([]))


INDEPENDENT = RowOrder()  # rows without groups or times


def row_order(
    table: Table, group: str | None, time: str | None, arguments: tuple[str, str] = ("group", "time"),
) -> RowOrder:
    """Return the groups or times in a column of a table; ``arguments`` are what messages call ``group`` and ``time``.

    Raises ValueError if both are given, the column is absent, or it holds what is no group or time.
    """
    if group is not None and time is not None:
        raise ValueError(f"{argument(arguments[0])} is {group!r} and {argument(arguments[1])} is {time!r}; give one of "
                         "them")
    if group is None and time is None:
        return RowOrder()
    said = argument(arguments[group is None])
    name = checks.choice(said, time if group is None else group, table.names)
    column, missing = table.column(name), table.missing(name)
    if missing.any():
        raise ValueError(
            f"{said} is {name!r}, which is missing in {checks.counted(int(missing.sum()), 'row')}, first in row "
            f"{int(missing.argmax()) + 1}; every row needs a value")
    if group is not None:
        numbers = np.unique(column.codes if isinstance(column, Text) else column, return_inverse=True)[1]
        if numbers.max() == 0:
            raise ValueError(f"{said} is {name!r}, which is the same in all rows; there must be at least two groups")
        return RowOrder("group", name, numbers)
    if isinstance(column, Dates):
        return RowOrder("time", name, column.values_in_days())
    if isinstance(column, Text):
        raise ValueError(f"{said} is {name!r}, which holds texts such as {next(iter(column.counts()))!r}; it must hold "
                         "numbers or dates")
    return RowOrder("time", name, column)


def order_of_arrays(groups: Any, times: Any, rows: int) -> RowOrder:
    """Return the groups or times, each (rows,), of rows, as `row_order`."""
    given = {name: values for name, values in (("groups", groups), ("times", times)) if values is not None}
    if len(given) == 2:
        raise ValueError("groups and times are both given; give one of them")
    for name, values in given.items():
        if np.shape(values) != (rows,):
            raise ValueError(f"{name} has shape {np.shape(values)} and X has {rows} rows; it must hold one value for "
                             "each row")
    table = Table.from_columns(given, text=[name for name in given if name == "groups"])
    return row_order(table, "groups" if "groups" in given else None, "times" if "times" in given else None,
                     ("groups", "times"))


# What the bootstrap resamples -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Units:
    """The unit that each row belongs to, (n,) integers from 0; rows of one unit depend on each other.

    ``kind`` is "row", "group" or "time". Blocks of time are not quite independent: new rows count as one block.
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


def units_of(rows: RowOrder, duplicates: np.ndarray | None, count: int) -> Units:
    """Return the units of rows: groups, blocks of time, or else equal rows (by ``duplicates``), or single rows."""
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


# Folds ----------------------------------------------------------------------------------------------------------------


def splits_for(
    y: np.ndarray, classes: int, cv: int | None = None, rows: RowOrder = INDEPENDENT, seed: int = 0,
    seconds: float = np.inf, duplicates: np.ndarray | None = None,
) -> list[Split]:
    """Return the (training, validation) row indices; ``cv`` folds, or None: as many as rows and ``seconds`` suggest.

    A fold has whole groups, or with times it trains on earlier rows than it tests; without either, rows of equal
    ``duplicates`` are in one fold. A fold that would train on one class is left out, with a warning.

    Raises ValueError if there are too few rows, or no fold trains on two classes.
    """
    enough_rows(len(y))
    splits = _splits(y, classes, cv, rows, seed, seconds, duplicates)
    kept = [split for split in splits if not classes or len(np.unique(y[split[0]])) > 1]
    if not kept:
        raise ValueError(f"the rows that each of {checks.counted(len(splits), 'fold')} trains on hold one class; two "
                         "are needed: more rows of the rare classes, or other folds")
    if len(kept) < len(splits):
        checks.warn(f"{checks.counted(len(splits) - len(kept), 'fold')} of {len(splits)} left out, since the rows to "
                    "train on hold one class")
    return kept


def _splits(
    y: np.ndarray, classes: int, cv: int | None, rows: RowOrder, seed: int, seconds: float,
    duplicates: np.ndarray | None,
) -> list[Split]:
    """The splits of `splits_for`, before those that would train on one class are left out."""
    n = len(y)
    folds = checks.integer("cv", cv, 2) if cv is not None else _number_of_folds(n, seconds)
    if rows.kind == "time":
        return most_time_folds(rows, min(folds, FOLDS) if cv is None else folds)
    if rows.kind == "group":
        return list(GroupKFold(min(folds, len(np.unique(rows.values)))).split(np.zeros((n, 1)), y, rows.values))
    if duplicates is None:
        return _shuffled(y, classes, folds, cv, seed, seconds)
    _, first, number = np.unique(duplicates, return_index=True, return_inverse=True)
    return [(np.flatnonzero(np.isin(number, training)), np.flatnonzero(np.isin(number, validation)))
            for training, validation in _shuffled(y[first], classes, folds, cv, seed, seconds)]


def _shuffled(y: np.ndarray, classes: int, folds: int, cv: int | None, seed: int, seconds: float) -> list[Split]:
    """Return random folds, or one validation set of very many rows; stratified by class.

    A class of two rows or more is in each training part of the folds, and a rare class leaves the others stratified.
    """
    rows = len(y)
    if cv is None and rows > np.clip(HUGE_A_SECOND * seconds, LEAST_HUGE, HUGE):
        counts = np.bincount(y, minlength=classes) if classes else np.array([])
        strata = np.where(counts[y] > 1, y, counts.argmax()) if classes else None  # a single row is no stratum
        training, validation = train_test_split(
            np.arange(rows), test_size=HELD_OUT, random_state=seed, stratify=strata)
        return [(training, validation)]
    folds = max(min(folds, rows // 2), 2)
    if not classes:
        return list(KFold(folds, shuffle=True, random_state=seed).split(np.zeros((rows, 1))))
    fold = stratified_folds(y, folds, generator(seed))
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def some_rows(rows: int, most: int, seed: Sequence[int]) -> np.ndarray:
    """Return the indices of all rows, or of ``most`` that are drawn at random, in order."""
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def enough_rows(rows: int) -> None:
    """Raise a ValueError if there are too few rows for a training and a validation part."""
    if rows < 4:
        raise ValueError(f"X has n_samples={rows} ({checks.counted(rows, 'row')}); AutoML needs at least 4 rows")


def _number_of_folds(rows: int, seconds: float) -> int:
    if rows <= SMALL:
        return SMALL_FOLDS
    return FOLDS if rows <= np.clip(LARGE_A_SECOND * seconds, LEAST_LARGE, LARGE) else FEWER_FOLDS


def time_folds(time: np.ndarray, folds: int) -> list[Split]:
    """Return splits as `TimeSeriesSplit` makes of rows in time order; none if too many rows have the same time.

    A split between rows of the same time is moved to the first: a fold never tests on a time that it has trained on.
    """
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    ends = [int(np.searchsorted(ordered, ordered[test[0]])) for _, test in TimeSeriesSplit(folds).split(time)]
    if ends[0] == 0 or len(set(ends)) < folds:
        return []
    return [(np.sort(order[:start]), np.sort(order[start:end]))
            for start, end in zip(ends, [*ends[1:], len(time)], strict=True)]


def most_time_folds(rows: RowOrder, most: int) -> list[Split]:
    """Return `time_folds`: ``most`` of them, or fewer if many rows have the same time; a ValueError if not even two."""
    for folds in range(min(most, len(rows.values) - 1), 1, -1):
        if splits := time_folds(rows.values, folds):
            return splits
    different = checks.counted(len(np.unique(rows.values)), "different time")
    raise ValueError(f"{argument('time')} is {rows.name!r}, which holds {different} in "
                     f"{checks.counted(len(rows.values), 'row')}; two folds need three times or more, and about a "
                     "third of the rows in each of the three parts")
