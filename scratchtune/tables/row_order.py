"""Groups and times of rows: splits that hold out whole groups, or the latest rows, so that scores are not optimistic.

Rows of one patient, shop or speaker resemble each other: if some are in the training set and others in the test set,
a model that memorises them gets a score that it does not reach on new groups. Where rows are ordered in time, a random
split trains on rows that are later than some test rows: the future leaks into the training set.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.splits import GroupKFold, Split, TimeSeriesSplit
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.date_columns import written_day
from scratchtune.tables.reading.table import Table


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


def row_order(table: Table, group: str | None, time: str | None) -> RowOrder:
    """Return the groups or times of the rows of a table; a ValueError if both are given, or a value is missing."""
    if group is not None and time is not None:
        raise ValueError(f"--group is {group!r} and --time is {time!r}; give one of them")
    if group is None and time is None:
        return RowOrder()
    name, option = (group, "--group") if group is not None else (time, "--time")
    column = table.column(checks.choice(option, name, table.names))
    missing = table.missing(str(name))
    if missing.any():
        raise ValueError(
            f"{option} is {name!r}, which is missing in {checks.counted(int(missing.sum()), 'row')}, first in row "
            f"{int(missing.argmax()) + 1}; every row needs a value")
    if option == "--group":
        codes = column.codes if isinstance(column, Text) else column
        return RowOrder("group", str(name), np.unique(codes, return_inverse=True)[1])
    if isinstance(column, Dates):
        return RowOrder("time", str(name), column.values_in_days(), True)
    if isinstance(column, Text):
        raise ValueError(f"--time is {name!r}, which holds texts such as {next(iter(column.counts()))!r}; it must hold "
                         "numbers or dates")
    return RowOrder("time", str(name), column)


# The test set ---------------------------------------------------------------------------------------------------------


def hold_out_groups(group: np.ndarray, seed: int, share: float) -> Split:
    """Draw whole groups until about ``share`` of the rows is in the test set; at least one group is on each side.

    >>> training, test = hold_out_groups(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), 0, 0.2)
    >>> len(test), len(training)
    (2, 8)
    """
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
    """Hold out the latest rows, about ``share`` of them; rows of the same time are on the same side.

    >>> [rows.tolist() for rows in hold_out_latest(np.array([5.0, 1.0, 2.0, 3.0, 5.0]), 0.3)]
    [[1, 2, 3], [0, 4]]
    """
    ordered = np.sort(time)
    starts = np.flatnonzero(np.diff(ordered)) + 1  # where a new time begins
    if not len(starts):
        raise ValueError(f"the time is {ordered[0]:g} in all rows; there is no later row to test on")
    start = starts[np.abs(starts - (1.0 - share) * len(time)).argmin()]
    return np.flatnonzero(time < ordered[start]), np.flatnonzero(time >= ordered[start])


# Folds ----------------------------------------------------------------------------------------------------------------


def group_folds(group: np.ndarray, folds: int) -> list[Split]:
    """Folds of whole groups, about equal in rows."""
    return list(GroupKFold(folds).split(group, groups=group))


def time_folds(time: np.ndarray, folds: int) -> list[Split]:
    """Splits that train on earlier rows and test on later ones, as `TimeSeriesSplit` makes of rows in time order.

    A split between rows of the same time is moved to the first of them, so that a fold never tests on a time that it
    has trained on.

    >>> [(train.tolist(), test.tolist()) for train, test in time_folds(np.array([3.0, 0.0, 1.0, 1.0, 2.0, 0.0]), 2)]
    [([1, 5], [2, 3]), ([1, 2, 3, 5], [0, 4])]
    """
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    ends = [int(np.searchsorted(ordered, ordered[test[0]])) for _, test in TimeSeriesSplit(folds).split(time)]
    if ends[0] == 0 or len(set(ends)) < folds:
        raise ValueError(f"too many rows have the same time, of which there are {len(np.unique(time)):,}, for {folds} "
                         "folds; take fewer --folds")
    return [(np.sort(order[:start]), np.sort(order[start:end]))
            for start, end in zip(ends, [*ends[1:], len(time)], strict=True)]


def most_time_folds(rows: RowOrder, most: int) -> list[Split]:
    """Return `time_folds`: ``most`` of them, or fewer if many rows have the same time; a ValueError if not even two."""
    for folds in range(most, 1, -1):
        try:
            return time_folds(rows.values, folds)
        except ValueError:
            continue
    different = len(np.unique(rows.values))
    raise ValueError(f"--time is {rows.name!r}, which holds {checks.counted(different, 'different time')} in "
                     f"{checks.counted(len(rows.values), 'row')}; two folds need three times or more, and about a "
                     "third of the rows in each of the three parts")


# In words -------------------------------------------------------------------------------------------------------------


def described_split(rows: RowOrder, training: np.ndarray, test: np.ndarray) -> list[str]:
    """Say in one line, if rows have groups or times, how they are divided; there may be no test set."""
    if rows.kind == "none":
        return []
    if not len(test):
        folds = "has whole groups" if rows.kind == "group" else "trains on earlier rows than it tests"
        return [f"{rows.kind} by {rows.name!r}: each fold {folds}"]
    if rows.kind == "group":
        sizes = [len(np.unique(rows.values[part])) for part in (training, test)]
        return [f"groups by {rows.name!r}: {sizes[0]:,} in the training set, {sizes[1]:,} others in the test set; "
                "folds have whole groups too"]
    first = rows.values[test].min()
    since = written_day(first) if rows.dates else f"{first:g}"
    return [f"time by {rows.name!r}: the test set is the latest {checks.counted(len(test), 'row')}, from {since}; "
            "each fold trains on earlier rows than it tests"]
