"""Groups and times of rows: splits that hold out whole groups, or the latest rows, so that scores are not optimistic.

Rows of one patient, shop or speaker resemble each other: if some are in the training set and others in the test set,
a model that memorises them gets a score that it does not reach on new groups. Where rows are ordered in time, a random
split trains on rows that are later than some test rows: the future leaks into the training set.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.splits import Split, TimeSeriesSplit
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.wording import argument


@dataclass(frozen=True, eq=False)
class RowOrder:
    """The groups or the times of rows, from the column ``name``.

    ``values`` (n,) are group numbers if ``kind`` is "group", or times (numbers, or days since 1970-01-01) if it is
    "time"; for "none", rows are independent and ``values`` is empty.
    """

    kind: str = "none"
    name: str = ""
    values: np.ndarray = field(default_factory=lambda: np.array([]))
    dates: bool = False  # whether the times are dates

    def __getitem__(self, rows: np.ndarray) -> RowOrder:
        """Some rows."""
        return self if self.kind == "none" else RowOrder(self.kind, self.name, self.values[rows], self.dates)


def row_order(
    table: Table, group: str | None, time: str | None, arguments: tuple[str, str] = ("group", "time"),
) -> RowOrder:
    """Return the groups or times in a column of a table; independent rows if both are None.

    ``arguments`` are what messages call ``group`` and ``time``.

    Raises
        ValueError if both are given, the column is absent, or it holds what is no group or time.
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
        return RowOrder("time", name, column.values_in_days(), dates=True)
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


# The test set ---------------------------------------------------------------------------------------------------------


def hold_out(
    classes: np.ndarray, seed: int, share: float, rows: RowOrder, duplicates: np.ndarray | None = None,
) -> Split:
    """Return the sorted indices of the training and of the test set, which has about this ``share`` of the rows.

    ``classes`` (n,) are numbers of classes, zeros for a regression, and ``duplicates`` (n,) the same number for equal
    rows. Whole groups are held out, or the latest rows, or rows that are drawn for each class.
    """
    if share == 0.0:
        return np.arange(len(classes)), np.arange(0)
    try:
        if rows.kind == "group":
            training, test = hold_out_groups(rows.values, seed, share)
        elif rows.kind == "time":
            training, test = hold_out_latest(rows.values, share)
        else:
            numbers = np.arange(len(classes)) if duplicates is None else duplicates
            training, test = hold_out_rows(classes, numbers, seed, share)
    except ValueError as problem:
        raise ValueError(f"{argument('test_size')} is {share:g} and there are {len(classes)} rows: {problem}") from None
    if classes.any() and len(np.unique(classes[training])) < 2:
        raise ValueError(f"{argument('test_size')} is {share:g}, which leaves one class in the {len(training)} rows to "
                         "train on; hold out a smaller share")
    return training, test


def hold_out_rows(classes: np.ndarray, unit: np.ndarray, seed: int, share: float) -> Split:
    """Draw about the same ``share`` of each class; rows with the same ``unit`` are on the same side.

    The units of each class are shuffled, and a systematic sample of all of them is taken. A class of one unit stays in
    the training set.
    """
    first = np.unique(unit, return_index=True)[1]  # a row of each unit
    rng = np.random.default_rng([seed, 2])
    shuffled = first[rng.permutation(len(first))]
    ordered = shuffled[np.argsort(classes[shuffled], kind="stable")]
    ordered = ordered[np.bincount(classes[ordered])[classes[ordered]] > 1]
    if len(ordered) < 2:
        raise ValueError("no row can be held out, since each class has one row")
    steps = np.floor(share * np.arange(len(ordered) + 1) + rng.random())
    held = ordered[np.diff(steps) > 0.0]
    is_test = np.isin(unit, unit[held if len(held) else ordered[:1]])
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def hold_out_groups(group: np.ndarray, seed: int, share: float) -> Split:
    """Draw whole groups until about ``share`` of the rows is in the test set; at least one group is on each side."""
    sizes = np.bincount(group)
    if len(sizes) < 3:
        raise ValueError(f"there {'is' if len(sizes) == 1 else 'are'} {checks.counted(len(sizes), 'group')}; at least "
                         "3 are needed, 2 to train on and 1 to test on")
    wanted, held, chosen = share * len(group), 0, np.zeros(len(sizes), dtype=bool)
    for candidate in np.random.default_rng([seed, 2]).permutation(len(sizes)):
        if abs(held + sizes[candidate] - wanted) < abs(held - wanted) and chosen.sum() < len(sizes) - 2:
            chosen[candidate] = True
            held += int(sizes[candidate])
    if not chosen.any():
        chosen[sizes.argmin()] = True
    return np.flatnonzero(~chosen[group]), np.flatnonzero(chosen[group])


def hold_out_latest(time: np.ndarray, share: float) -> Split:
    """Hold out the latest rows, about ``share`` of them; rows of the same time are on the same side."""
    ordered = np.sort(time)
    starts = np.flatnonzero(np.diff(ordered)) + 1  # where a new time begins
    if not len(starts):
        raise ValueError(f"the time is {ordered[0]:g} in all rows; there is no later row to test on")
    start = starts[np.abs(starts - (1.0 - share) * len(time)).argmin()]
    return np.flatnonzero(time < ordered[start]), np.flatnonzero(time >= ordered[start])


# Folds ----------------------------------------------------------------------------------------------------------------


def time_folds(time: np.ndarray, folds: int) -> list[Split]:
    """Splits that train on earlier rows and test on later ones, as `TimeSeriesSplit` makes of rows in time order.

    A split between rows of the same time is moved to the first of them, so that a fold never tests on a time that it
    has trained on. No splits if too many rows have the same time.
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
