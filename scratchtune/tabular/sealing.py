"""Sealing: a held-out test set is split off before any work, and used once, to evaluate the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.data import Table, TableEncoder, read_table
from scratchtune.data.notation import Reading
from scratchtune.evaluation import train_test_split
from scratchtune.tabular.model import Target, read_target

SEALED = 0.2


@dataclass
class Prepared:
    """A table with a target, split into the training set (``open_rows``) and the test set (``sealed_rows``)."""

    table: Table
    target: Target
    y: np.ndarray
    open_rows: np.ndarray
    sealed_rows: np.ndarray
    dropped: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()  # dropped columns that hold no value
    reading: Reading = Reading()  # how the table's file was read

    def part(self, rows: np.ndarray) -> tuple[Table, np.ndarray]:
        """The columns and the target of some rows."""
        return self.table[rows], self.y[rows]


def prepare(
    table: Table, target: str, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    seed: int = 0, sealed: float = SEALED,
) -> Prepared:
    """Take the target and some columns out of the table, and hold out a share of the rows, stratified by class."""
    meant, y = read_target(table, target, task, positive)
    check_classes(meant, y)
    for name in drop:
        checks.choice("--drop", name, [name for name in (*table.names, *table.skipped) if name != target])
    empty = [name for name in table.names if name not in (target, *drop) and table.missing(name).all()]
    columns = table.without(target, *(name for name in drop if name in table.names), *empty)
    if not columns.names:
        raise ValueError(f"the table has no column to learn from beside the target {target!r}; it needs at least one")
    return Prepared(columns, meant, y, *seal(meant, y, seed, sealed), (*drop, *empty), tuple(empty), table.reading)


def seal(target: Target, y: np.ndarray, seed: int, sealed: float) -> tuple[np.ndarray, np.ndarray]:
    """The indices of the training rows and of the test rows, sorted; each class must keep two training rows."""
    try:
        open_rows, sealed_rows = train_test_split(
            np.arange(len(y)), test_size=sealed, random_state=seed, stratify=y if target.classes else None)
    except ValueError as problem:
        raise ValueError(f"--sealed is {sealed:g} and there are {len(y)} rows: {problem}") from None
    counts = np.bincount(y[open_rows], minlength=len(target.classes)) if target.classes else np.array([len(open_rows)])
    rare = int(counts.argmin())
    if counts[rare] < 2:
        of_class = f" of the class {target.classes[rare]!r}" if target.classes else ""
        raise ValueError(f"--sealed is {sealed:g}, which leaves {counts[rare]} of the {len(y)} rows{of_class} to train "
                         "on; hold out a smaller share")
    return np.sort(open_rows), np.sort(sealed_rows)


class Encoded(NamedTuple):
    """A table as arrays: training set ``X``, ``y``, held-out test set ``X_sealed``, ``y_sealed``; columns, classes."""

    X: np.ndarray
    y: np.ndarray
    X_sealed: np.ndarray
    y_sealed: np.ndarray
    feature_names: list[str]
    classes: tuple[str, ...]


def prepare_table(
    path: str | Path, target: str, *, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    impute: str | None = None, seed: int = 0, sealed: float = SEALED, text: Collection[str] = (),
    missing: Collection[str] = (), decimal: str | None = None, thousands: str | None = None,
) -> Encoded:
    """Read a table and split and encode its rows as ``scratchtune tune`` does; encoders see the training set only.

    ``text``, ``missing``, ``decimal`` and ``thousands`` are arguments of `read_table`.
    """
    table = read_table(path, text=text, skip=[name for name in drop if name != target], missing=missing,
                       decimal=decimal, thousands=thousands)
    prepared = prepare(table, target, task, positive, drop, seed, sealed)
    (open_table, y), (sealed_table, y_sealed) = prepared.part(prepared.open_rows), prepared.part(prepared.sealed_rows)
    encoder = TableEncoder(impute=impute, handle_unknown="ignore").fit(open_table)
    names = encoder.get_feature_names_out().tolist()
    return Encoded(
        encoder.transform(open_table), y, encoder.transform(sealed_table), y_sealed, names, prepared.target.classes)


def check_classes(target: Target, y: np.ndarray) -> None:
    """Raise unless each class has at least three rows (two to train on, one to test on) and a label of one line."""
    if not target.classes:
        return
    for label in target.classes:
        if len(label.splitlines()) > 1:
            raise ValueError(
                f"the class {label!r} of the target {target.name!r} holds a line break; a label must be one line, "
                "since predict prints one line a row")
    counts = np.bincount(y, minlength=len(target.classes))
    rare = int(counts.argmin())
    if counts[rare] < 3:
        raise ValueError(
            f"the class {target.classes[rare]!r} of the target {target.name!r} is in {counts[rare]} of the rows"
            "; each class needs at least 3: take its rows out, or join it with another class")
