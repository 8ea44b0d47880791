"""A test set is held out before any work, and used once, to evaluate the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack, cast

import numpy as np

from scratchtune import checks
from scratchtune.evaluation import train_test_split
from scratchtune.tables.model import Target, read_target
from scratchtune.tables.reading.kinds import EMPTY, IDENTIFIER, mostly_single
from scratchtune.tables.reading.notation import Reading
from scratchtune.tables.reading.reading import read_table
from scratchtune.tables.reading.table import Table, check_names
from scratchtune.tables.row_order import RowOrder, hold_out_groups, hold_out_latest, row_order
from scratchtune.tables.table_encoder import TableEncoder

TEST_SHARE = 0.2
INDEPENDENT = RowOrder()  # rows without groups or times


@dataclass
class Prepared:
    """A table with a target, and the indices of the rows of its training set and of its held-out test set."""

    table: Table
    target: Target
    y: np.ndarray
    training_rows: np.ndarray
    test_rows: np.ndarray
    dropped: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()  # dropped columns that hold no value
    reading: Reading = Reading()  # how the table's file was read
    without_target: int = 0  # rows that were left out, since their target is missing
    identifiers: dict[str, str] = field(default_factory=dict)  # dropped columns that seem to identify rows, and why
    rows: RowOrder = INDEPENDENT  # groups or times of the rows
    asked: tuple[str, ...] = ()  # columns that the user wants as they are

    def training_set(self) -> tuple[Table, np.ndarray]:
        """The columns and the target of the training set."""
        return self.table[self.training_rows], self.y[self.training_rows]

    def test_set(self) -> tuple[Table, np.ndarray]:
        """The columns and the target of the held-out test set."""
        return self.table[self.test_rows], self.y[self.test_rows]


class RowOptions(TypedDict, total=False):
    """Identifiers that are features all the same, and the column of groups or of times."""

    keep: Collection[str]
    group: str | None
    time: str | None


def prepare(
    table: Table, target: str, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    seed: int = 0, test_size: float = TEST_SHARE, **options: Unpack[RowOptions],
) -> Prepared:
    """Take the target and some columns out of the table, and hold out a share of the rows as the test set.

    For classes the test set is stratified. Rows without a target are left out, with a warning. Columns that seem to
    identify the rows (`identifiers`) are dropped, unless ``keep``, or the ``text`` or ``numeric`` of the file's
    reading, names them. With ``group``, the name of a column, all rows of a group are on the same side, and the column
    is no feature. With ``time``, the test set are the latest rows.
    """
    check_names("drop", drop)
    skipped, reading, rows = table.skipped, table.reading, len(table)
    if not rows:
        raise ValueError("the table has a header and no rows; it must have at least one row")
    table = rows_with_target(table, target)
    found, y = read_target(table, target, task, positive)
    check_classes(found, y)
    for name in drop:
        checks.choice("--drop", name, [name for name in (*table.names, *skipped) if name != target])
    rows_of = row_order(table, options.get("group"), options.get("time"))
    drop = [*drop, rows_of.name] if rows_of.kind == "group" and rows_of.name not in drop else drop
    asked = (*_kept(table, target, options.get("keep", ())), *reading.text, *reading.numeric)
    kinds = {name: kind for name, kind in table.kinds(asked).items() if name not in (target, *drop)}
    empty = [name for name, kind in kinds.items() if kind.kind == EMPTY]
    identifiers = {name: kind.why for name, kind in kinds.items()
                   if kind.kind == IDENTIFIER and name != rows_of.name}
    columns = table.without(target, *(name for name in drop if name in table.names), *empty, *identifiers)
    if not columns.names:
        only = f" ({', '.join(map(repr, identifiers))} seems to identify the rows; see --keep)" if identifiers else ""
        raise ValueError(f"the table has no column to learn from beside the target {target!r}{only}; it needs at least "
                         "one")
    columns.asked = tuple(columns.names)  # their kinds are decided
    training_rows, test_rows = hold_out(found, y, seed, test_size, rows_of)
    return Prepared(columns, found, y, training_rows, test_rows, (*drop, *empty, *identifiers), tuple(empty), reading,
                    rows - len(table), identifiers, rows_of, asked)


def _kept(table: Table, target: str, keep: Collection[str]) -> list[str]:
    """Return the columns of ``keep``, which must be features."""
    check_names("keep", keep)
    return [checks.choice("--keep", name, [name for name in table.names if name != target]) for name in keep]


def rows_with_target(table: Table, target: str) -> Table:
    """Return the rows whose target is known; warn of the others, and raise a ValueError if there is no other row."""
    missing = table.missing(target) if target in table.names else np.zeros(len(table), bool)
    if not missing.any():
        return table
    left_out, rows = int(missing.sum()), len(table)
    if left_out == rows:
        raise ValueError(f"the target {target!r} is missing in all {checks.counted(rows, 'row')}; it must have values "
                         "to learn from")
    checks.warn(f"left out, since the target {target!r} is missing: {left_out:,} of {checks.counted(rows, 'row')}")
    return table[~missing]


def hold_out(
    target: Target, y: np.ndarray, seed: int, share: float, rows: RowOrder = INDEPENDENT,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the sorted indices of the training and of the test set; each class must keep two training rows.

    A ``share`` of 0 makes all rows the training set.
    """
    if share == 0.0:
        return np.arange(len(y)), np.arange(0)
    try:
        if rows.kind == "group":
            training_rows, test_rows = hold_out_groups(rows.values, seed, share)
        elif rows.kind == "time":
            training_rows, test_rows = hold_out_latest(rows.values, share)
        else:
            training_rows, test_rows = train_test_split(
                np.arange(len(y)), test_size=share, random_state=seed, stratify=y if target.classes else None)
    except ValueError as problem:
        raise ValueError(f"--test-size is {share:g} and there are {len(y)} rows: {problem}") from None
    kept = y[training_rows]
    counts = np.bincount(kept, minlength=len(target.classes)) if target.classes else np.array([len(kept)])
    rare = int(counts.argmin())
    if counts[rare] < 2:
        of_class = f" of the class {target.classes[rare]!r}" if target.classes else ""
        raise ValueError(f"--test-size is {share:g}, which leaves {counts[rare]} of the {len(y)} rows{of_class} to "
                         "train on; hold out a smaller share")
    return np.sort(training_rows), np.sort(test_rows)


class Encoded(NamedTuple):
    """A table as arrays: the training set ``X``, ``y``, the test set ``X_test``, ``y_test``; column and class names."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    feature_names: list[str]
    classes: tuple[str, ...]


class ReadOptions(TypedDict, total=False):
    """How the file is read: these arguments of `read_table`."""

    text: Collection[str]
    numeric: Collection[str]
    missing: Collection[str]
    decimal: str | None
    thousands: str | None
    date_order: str | None


class AllOptions(ReadOptions, total=False):
    """`ReadOptions`, those of the rows, and an argument of the encoder."""

    add_indicator: bool
    keep: Collection[str]
    group: str | None
    time: str | None


def prepare_table(
    path: str | Path, target: str, *, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    impute: str | None = None, seed: int = 0, test_size: float = TEST_SHARE, **read_options: Unpack[AllOptions],
) -> Encoded:
    """Read a table, and split and encode its rows as ``scratchtune tune`` does; encoders see the training set only.

    ``test_size`` is the share of the rows that is held out as the test set. ``text``, ``numeric``, ``missing``,
    ``decimal``, ``thousands`` and ``date_order`` are arguments of `read_table`, ``impute`` and ``add_indicator`` of
    `TableEncoder`, and ``keep``, ``group`` and ``time`` of `prepare`: columns that are features though they seem to
    identify the rows, a column whose groups are never divided, and a column of times, whose latest rows are the test
    set.
    """
    add_indicator = read_options.pop("add_indicator", False)
    for name in read_options:
        if name not in AllOptions.__annotations__:
            raise TypeError(f"prepare_table has no argument {name!r}; those of read_table that it takes are text, "
                            "numeric, missing, decimal, thousands and date_order")
    given = dict(read_options)
    of_rows = {name: given.pop(name) for name in RowOptions.__annotations__ if name in given}
    skip = [name for name in drop if name not in (target, of_rows.get("group"), of_rows.get("time"))]
    table = read_table(path, skip=skip, **cast(ReadOptions, given))
    prepared = prepare(table, target, task, positive, drop, seed, test_size, **cast(RowOptions, of_rows))
    (training, y), (test, y_test) = prepared.training_set(), prepared.test_set()
    encoder = TableEncoder(impute=impute, handle_unknown="ignore", add_indicator=add_indicator).fit(training)
    names = encoder.get_feature_names_out().tolist()
    return Encoded(encoder.transform(training), y, encoder.transform(test), y_test, names, prepared.target.classes)


def check_classes(target: Target, y: np.ndarray) -> None:
    """Raise unless each class has at least three rows (two to train on, one to test on) and a label of one line."""
    if not target.classes:
        return
    for label in target.classes:
        if len(label.splitlines()) > 1:
            raise ValueError(
                f"the class {label!r} of the target {target.name!r} holds a line break; a label must be one line, "
                "since predict prints one line per row")
    counts = np.bincount(y, minlength=len(target.classes))
    if single := mostly_single(counts):
        raise ValueError(f"the target {target.name!r} holds {single} Take "
                         "another column, or --task regression")
    rare = int(counts.argmin())
    if counts[rare] < 3:
        raise ValueError(
            f"the class {target.classes[rare]!r} of the target {target.name!r} is in {counts[rare]} of the rows"
            "; each class needs at least 3: take its rows out, or join it with another class")
