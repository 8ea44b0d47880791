"""The target: the column that is predicted, its task and its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.network.saving import entry, text_list
from scratchtune.tables.reading.columns import Text, number_text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target_scale import check_size
from scratchtune.tables.wording import argument

FEW = 20  # at most so many distinct integers are treated as classes
TASKS = ("classification", "regression")


class Target(NamedTuple):
    """The column that is predicted: its name, its class labels (none for regression), the reason for this task.

    Of two classes the second one is the positive class, for which precision, recall, F1 and AUC are computed.
    """

    name: str
    classes: tuple[str, ...]
    reason: str

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return "classification" if self.classes else "regression"

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """The texts of numbered classes, (n,) of Python strings."""
        return np.array(self.classes, dtype=object)[codes]


def target_of(stored: Mapping[str, Any]) -> Target:
    """The target stored in a model's file, checked: its entries are texts, its classes distinct."""
    name, classes, reason = (entry(stored, field) for field in Target._fields)
    text_list("the target's name and reason", [name, reason], different=False)
    return Target(name, tuple(text_list("classes", list(classes) if isinstance(classes, tuple) else classes)), reason)


def rows_with_target(table: Table, target: str) -> Table:
    """Return the rows whose target is known; a ValueError if there is none.

    Raises
        ValueError if the column is absent, or missing in all rows.
    """
    if target not in table.names:
        known = ", ".join(table.names[:20])
        raise ValueError(f"{argument('target')} is {target!r}; the table has {known}"
                         f"{checks.nearest(target, table.names)}")
    missing = table.missing(target)
    if missing.all():
        raise ValueError(f"the target {target!r} is missing in all {checks.counted(len(table), 'row')}; it must have "
                         "values to learn from")
    return table[~missing] if missing.any() else table


def read_target(
    table: Table, name: str, task: str | None = None, positive: str | None = None,
) -> tuple[Target, np.ndarray]:
    """Return a table's `Target`, and its column as numbers: each row's class, int64, or value, float64.

    Raises
        ValueError if the column is constant, or its values do not fit the task.
    """
    column = table.column(name)
    guess, reason = _task_of(column)
    if task is not None and task != guess:
        guess, reason = checks.choice(argument("task"), task, TASKS), "as asked"
    if guess == "regression":
        return _values(column, name, reason, positive)
    return _classes(column, name, reason, positive)


def known_target(table: Table, target: Target) -> np.ndarray:
    """Return the column of a fitted model's target as numbers: each row's class, int64, or value, float64.

    Raises ValueError if the column does not exist, has missing values, or holds what the model cannot predict.
    """
    if target.name not in table.names:
        raise ValueError(f"the target {target.name!r} is not in the table; the model is scored against this column")
    column = table.column(target.name)
    if not target.classes:
        if isinstance(column, Text):
            raise ValueError(f"the target {target.name!r} holds text; it must hold numbers, as in training")
        return column
    labels, codes = _numbered(column)
    unknown = [label for label in labels if label not in target.classes]
    if unknown:
        rows = int(np.isin(codes, [labels.index(label) for label in unknown]).sum())
        raise ValueError(
            f"the target {target.name!r} holds {checks.quoted(unknown)} in {checks.counted(rows, 'row')}; the model "
            f"knows the classes {checks.quoted(target.classes)}")
    return np.array([target.classes.index(label) for label in labels])[codes]


def _task_of(column: np.ndarray | Text) -> tuple[str, str]:
    """Return the task that fits a target column, and why."""
    if isinstance(column, Text):
        return "classification", "it holds text"
    different = np.unique(column)
    if not (different == np.floor(different)).all():
        return "regression", "it holds numbers that are not integers"
    if len(different) > FEW:
        return "regression", f"it holds {len(different):,} distinct numbers"
    return "classification", f"it holds only {len(different)} distinct integers"


def _values(
    column: np.ndarray | Text, name: str, reason: str, positive: str | None,
) -> tuple[Target, np.ndarray]:
    if isinstance(column, Text):
        raise ValueError(f"{argument('task')} is 'regression' and the target {name!r} holds text; it must hold "
                         "numbers")
    if positive is not None:
        raise ValueError(f"{argument('positive')} is {positive!r} and the target {name!r} has no classes; omit it")
    check_size(f"the target {name!r}", column)
    if column.min() == column.max():
        raise ValueError(f"the target {name!r} is {column[0]:g} in all rows; there is nothing to learn")
    return Target(name, (), reason), column


def _classes(
    column: np.ndarray | Text, name: str, reason: str, positive: str | None,
) -> tuple[Target, np.ndarray]:
    """Return the classes in alphabetical or numerical order; of two, the positive one comes second.

    By default that is the rarer one.
    """
    labels, codes = _numbered(column)
    counts = np.bincount(codes, minlength=len(labels))
    if broken := [label for label in labels if len(label.splitlines()) > 1]:
        raise ValueError(f"the class {broken[0]!r} of the target {name!r} holds a line break; a label must be one "
                         "line, since predict prints one line for each row")
    if len(labels) < 2:
        raise ValueError(f"the target {name!r} is {labels[0]!r} in all rows; there is nothing to learn")
    if positive is not None:
        checks.choice(argument("positive"), positive, labels)
    if positive is not None and len(labels) > 2:
        raise ValueError(f"{argument('positive')} is {positive!r} and the target {name!r} has {len(labels)} classes; "
                         "it is for two")
    if len(labels) == 2:
        first = labels[0] == positive if positive is not None else counts[0] < counts[1]
        if first:
            labels, codes = labels[::-1], 1 - codes
    return Target(name, tuple(labels), reason), codes


def _numbered(column: np.ndarray | Text) -> tuple[list[str], np.ndarray]:
    """Return the labels that occur, sorted, and for each row the index of its label."""
    if isinstance(column, Text):
        present, codes = np.unique(column.codes, return_inverse=True)
        texts = [column.texts[code] for code in present]
        order = sorted(range(len(texts)), key=texts.__getitem__)
        place = np.argsort(order)
        return [texts[i] for i in order], place[codes].astype(np.int64)
    numbers, codes = np.unique(column, return_inverse=True)
    return [number_text(float(number)) for number in numbers], codes.astype(np.int64)
