"""The target: the column that is predicted, its task and classes, and the scale on which a number is learned.

A skewed target that is not negative may be predicted better on a logarithmic scale, on which errors are relative. The
exponential of a prediction estimates the geometric mean of y; the mean is larger, by the smearing factor.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.tables.reading.columns import Text, number_text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.wording import argument

FEW = 20  # at most so many distinct integers are treated as classes
TASKS = ("classification", "regression")
LINEAR, LOG, LOG1P = "linear", "log", "log1p"  # y, log(y), log(1 + y) for targets with zeros
SKEWED = 1.0  # with a skewness above this, both scales are tried
LARGEST, SMALLEST = 1e75, 1e-75  # of a target: the fourth powers, in the variance of squared errors, are floats


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


def rows_with_target(table: Table, target: str) -> Table:
    """Return the rows whose target is known; a ValueError if the column is absent, or missing in all rows."""
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

    Raises ValueError if the column is constant, or its values do not fit the task.
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
    """Return the values of a regression; a ValueError if squared errors would overflow or be 0, or all are the same."""
    largest = float(values[np.abs(values).argmax()])
    if abs(largest) > LARGEST:
        raise ValueError(f"{name} holds {largest:g}; every value must be at most {LARGEST:g} in size: divide {name} by "
                         "a constant")
    if 0.0 < abs(largest) < SMALLEST:
        raise ValueError(f"the largest value of {name} is {largest:g} in size; it must be at least {SMALLEST:g}, since "
                         f"squared errors would be 0: multiply {name} by a constant")
    if values.min() == values.max():
        raise ValueError(f"{name} is {values[0]:g} in all rows; there is nothing to learn")
    return values


def _classes(
    column: np.ndarray | Text, name: str, reason: str, positive: str | None,
) -> tuple[Target, np.ndarray]:
    """Return the target, and each row's class; of two classes the positive one, by default the rarer, comes second."""
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


def skewness(y: np.ndarray, weight: np.ndarray) -> float:
    """Skewness of a sample: positive if the tail of large values is the longer one, 0 for a symmetric sample.

    Formula [skewness]
        m = Σₙ[wₙ · yₙ] / Σₙ[wₙ] ; v = Σₙ[wₙ · (yₙ − m)²] / Σₙ[wₙ] ; g = Σₙ[wₙ · (yₙ − m)³] / Σₙ[wₙ] / (v · √(v))
    Where
        y: y, (n,), real, not all equal
        w: weight, (n,), >= 0; sampled > 0, the weight of each value
    Returns
        g, a scalar without a unit.
    Variant
        The moment coefficient, biased in small samples; pandas multiplies it by √(n (n − 1)) / (n − 2).
    Source
        Joanes and Gill (1998), "Comparing measures of sample skewness and kurtosis", g1.
    Example
        >>> round(float(skewness(np.array([0.0, 0.0, 3.0]), np.ones(3))), 6)
        0.707107
    """
    total = weight.sum()
    centred = y - (weight * y).sum() / total
    variance = (weight * centred**2).sum() / total
    return (weight * centred**3).sum() / total / (variance * np.sqrt(variance))


def smearing_factor(residuals: np.ndarray, weight: np.ndarray) -> float:
    """Smearing factor: the mean of y is this multiple of the exponential of a prediction of log(y).

    Formula [smearing_factor]
        s = Σₙ[wₙ · exp(eₙ)] / Σₙ[wₙ]
    Where
        e: residuals, (n,), real, log(y) minus its prediction, for the training rows
        w: weight, (n,), >= 0; sampled > 0, the weight of each row
    Returns
        s, a scalar > 0; at least 1 if the residuals have mean 0.
    Variant
        Assuming normal residuals with variance v, it would be exp(v / 2). The residuals of a network that memorises its
        training rows are too small, and s is then too near to 1.
    Source
        Duan (1983), "Smearing estimate: a nonparametric retransformation method", equation 2.4.
    Example
        >>> float(smearing_factor(np.log([0.5, 2.0]), np.ones(2)))
        1.25
    """
    return (weight * np.exp(residuals)).sum() / weight.sum()


class TargetScale(NamedTuple):
    """A fitted scale: ``kind``, the smearing factor, and the bounds of predictions on the scale of the logarithm.

    The bounds are those of the training rows, extended by their distance on both sides, so that no exponential
    overflows.
    """

    kind: str = LINEAR
    smearing: float = 1.0
    low: float = 0.0
    high: float = 0.0

    def checked(self) -> TargetScale:
        """Return the scale itself; a ValueError where no training gives it."""
        checks.choice("kind", self.kind, (LINEAR, LOG, LOG1P))
        checks.real("smearing", self.smearing, 0.0, open_low=True)
        checks.real("high", self.high, checks.real("low", self.low))
        return self

    def invert(self, predicted: np.ndarray) -> np.ndarray:
        """Return predictions of the target from those of its logarithm; unchanged if the scale is linear.

        >>> TargetScale("log", 1.25, 0.0, 9.0).invert(np.log([1.0, 4.0])).tolist()
        [1.25, 5.0]
        """
        if self.kind == LINEAR:
            return predicted
        means = self.smearing * np.exp(np.clip(np.asarray(predicted, dtype=np.float64), self.low, self.high))
        return means if self.kind == LOG else np.maximum(means - 1.0, 0.0)


def scaled(y: np.ndarray, kind: str) -> np.ndarray:
    """Return a target on the scale ``kind``, on which it is learned: `LINEAR`, `LOG` or `LOG1P`."""
    if kind == LINEAR:
        return y
    return np.log(y) if kind == LOG else np.log1p(y)


def fitted_scale(kind: str, y: np.ndarray, predict: Callable[[], np.ndarray]) -> TargetScale:
    """Fit the scale to the training rows: ``predict`` returns their predictions on the scale ``kind``."""
    if kind == LINEAR:
        return TargetScale()
    z = scaled(y, kind)
    low, high = float(z.min()), float(z.max())
    low, high = 2.0 * low - high, 2.0 * high - low
    residuals = z - np.clip(np.asarray(predict(), dtype=np.float64), low, high)
    return TargetScale(kind, float(smearing_factor(residuals, np.ones(len(z)))), low, high)


def scales_to_try(y: np.ndarray) -> tuple[str, ...]:
    """Return the scales of a regression's target to compare: linear, then the logarithm if it is skewed and >= 0."""
    smallest = float(y.min())
    skewed = smallest >= 0.0 and float(skewness(y, np.ones(len(y)))) > SKEWED
    return (LINEAR, LOG if smallest > 0.0 else LOG1P) if skewed else (LINEAR,)
