"""The target: the column that is predicted, its task and its classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.network.saving import text_list
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


def target_of(name: str, classes: Sequence[str], reason: str) -> Target:
    """The target that a model's file holds; a ValueError unless its entries are texts, and its classes distinct."""
    text_list("the target's name and reason", [name, reason], different=False)
    return Target(name, tuple(text_list("classes", list(classes))), reason)


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
    if guess == "classification":
        return _classes(column, name, reason, positive)
    if isinstance(column, Text):
        raise ValueError(f"{argument('task')} is 'regression' and the target {name!r} holds text; it must hold "
                         "numbers")
    if positive is not None:
        raise ValueError(f"{argument('positive')} is {positive!r} and the target {name!r} has no classes; omit it")
    return Target(name, (), reason), checked_values(f"the target {name!r}", column)


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


def checked_values(name: str, values: np.ndarray) -> np.ndarray:
    """Return the values of a regression; a ValueError if they are too large, or the same in all rows."""
    check_size(name, values)
    if values.min() == values.max():
        raise ValueError(f"{name} is {values[0]:g} in all rows; there is nothing to learn")
    return values


def _classes(
    column: np.ndarray | Text, name: str, reason: str, positive: str | None,
) -> tuple[Target, np.ndarray]:
    """Return the classes in alphabetical or numerical order; of two, the positive one comes second.

    By default that is the rarer one.
    """
    labels, codes = _numbered(column)
    if broken := [label for label in labels if len(label.splitlines()) > 1]:
        raise ValueError(f"the class {broken[0]!r} of the target {name!r} holds a line break; a label must be one "
                         "line, since predict prints one line for each row")
    if len(labels) < 2:
        raise ValueError(f"the target {name!r} is {labels[0]!r} in all rows; there is nothing to learn")
    if positive is not None and len(labels) > 2:
        raise ValueError(f"{argument('positive')} is {positive!r} and the target {name!r} has {len(labels)} classes; "
                         "it is for two")
    if len(labels) == 2:
        rarer = labels[0] if 2 * (codes == 0).sum() < len(codes) else labels[1]
        if labels[0] == (rarer if positive is None else checks.choice(argument("positive"), positive, labels)):
            labels, codes = labels[::-1], 1 - codes
    return Target(name, tuple(labels), reason), codes


def _numbered(column: np.ndarray | Text) -> tuple[list[str], np.ndarray]:
    """Return the labels that occur, sorted, and for each row the index of its label."""
    if isinstance(column, Text):
        labels = list(column.counts())
        place = {label: number for number, label in enumerate(labels)}
        return labels, np.array([place.get(text, -1) for text in column.texts])[column.codes]
    numbers, codes = np.unique(column, return_inverse=True)
    return [number_text(number) for number in numbers.tolist()], codes.astype(np.int64)
