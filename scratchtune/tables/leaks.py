"""Which columns predict the target by themselves, so well that they may have been made from it, or after it.

A row is predicted from the other rows by one column: the mean of those that have the same value or text, or else, for a
number, the interpolation between those with the next smaller and the next larger one. The skill of a column is 1 if it
decides the target, and about 0 or below for most columns:

- classes: the share of the errors of always naming the most frequent class that is avoided;
- values: the R2, of the values or of their ranks, whichever is larger, so that neither a monotone transform nor a heavy
  tail matters. Where one value is frequent, such as 0, also the R2 of the other rows, and the smaller one counts.

A column is suspected if its skill is at least `CERTAIN`, or at least `HIGH` if all other columns together, by boosted
trees, leave at least `FACTOR` times as much unexplained. Dates are left out: a target may change slowly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.tables.features import CODES, Features
from scratchtune.tables.reading.columns import Column, Dates, Text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import some_rows
from scratchtune.tables.trees.estimators import HistGradientBoostingClassifier, HistGradientBoostingRegressor

CERTAIN, HIGH, FACTOR = 0.99, 0.85, 4.0
ROWS, CELLS = 20_000, 5_000_000  # so many rows at most, and fewer where a table is wide or has many classes
FEWEST, FEWEST_OTHER = 20, 5  # rows, and rows that are not of the most frequent class
ATOM = 0.2  # one value of a target is frequent if it is in more rows than this share
TREES, TREE_ROWS, TREE_FOLDS = 50, 3_000, 3


class Leak(NamedTuple):
    """The skill of a suspected column alone, and of all other columns together where that was needed."""

    alone: float
    others: float | None = None


def leaks(table: Table, y: np.ndarray, classes: int, seed: int = 0) -> dict[str, Leak]:
    """Return the suspected columns; ``y`` (n,) are class numbers, or values if ``classes`` is 0."""
    names = [name for name in table.names if not isinstance(table.column(name), Dates) or table.missing(name).any()]
    most = int(max(1_000, min(ROWS, CELLS // max(len(names), 10 * classes, 1))))
    chosen = some_rows(len(y), most, [seed, 3])
    table, y = table[chosen], y[chosen]
    _, counts = np.unique(y, return_counts=True)
    if len(y) < FEWEST or len(counts) < 2 or classes and len(y) - counts.max() < FEWEST_OTHER:
        return {}
    target = np.eye(classes)[y] if classes else np.column_stack([_standardised(y), _standardised(_mean_ranks(y))])
    skills = {name: float(_skills(_from_others(_cells(table, name), target), target, bool(classes)).max())
              for name in names}
    found = {name: Leak(skill) for name, skill in skills.items() if skill >= CERTAIN}
    rest = sorted((name for name in names if name not in found), key=lambda name: -skills[name])
    if len(rest) < 2 or skills[rest[0]] < HIGH or _close(skills[rest[0]], skills[rest[1]]):
        return found
    others = _together(Table({name: table.column(name) for name in table.names if name not in (rest[0], *found)}),
                       y if classes else target[:, 1], classes, seed)
    return found if _close(skills[rest[0]], others) else {**found, rest[0]: Leak(skills[rest[0]], others)}


def _cells(table: Table, name: str) -> Column:
    """A column; of dates whether they are missing, as of a date that is known only after the event."""
    column = table.column(name)
    return table.missing(name).astype(np.float64) if isinstance(column, Dates) else column


def _close(alone: float, others: float) -> bool:
    """Whether others explain nearly as much, so that the target is simply easy to predict."""
    return 1.0 - others < FACTOR * (1.0 - alone)


def _mean_ranks(y: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - 0.5 * (counts + 1))[inverse]


def _standardised(y: np.ndarray) -> np.ndarray:
    centred = y / np.abs(y).max() - (y / np.abs(y).max()).mean()  # nothing overflows
    return centred / np.sqrt((centred**2).mean())


def _from_others(column: Column, target: np.ndarray) -> np.ndarray:
    """Predict each row's target, (n, outputs), from the other rows by one column."""
    cells = column.codes if isinstance(column, Text) else column
    order = np.argsort(cells, kind="stable")  # missing numbers come last
    cells, target = cells[order], target[order]
    begins = np.r_[True, (cells[1:] != cells[:-1]) & ~np.isnan(cells[:-1])]
    first, group = np.flatnonzero(begins), np.cumsum(begins) - 1
    sums, counts = np.add.reduceat(target, first), np.diff(first, append=len(cells))
    if isinstance(column, Text):
        alone = (target.sum(axis=0) - target) / (len(target) - 1)
    else:
        alone = _interpolated(cells[first], sums / counts[:, None])[group]
    rest = np.maximum(counts[group] - 1, 1)[:, None]
    predicted = np.empty(target.shape)
    predicted[order] = np.where(counts[group, None] > 1, (sums[group] - target) / rest, alone)
    return predicted


def _interpolated(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """The target at each value, from the means at the values beside it; a missing value, the last, keeps its mean."""
    known = len(values) - bool(np.isnan(values[-1]))
    if known < 2:
        return means
    at, sized = np.arange(known), values[:known] * 0.25  # no difference overflows
    low, high = np.maximum(at - 1, 0), np.minimum(at + 1, known - 1)
    low[0], high[-1] = 1, known - 2
    inner = sized[high] > sized[low]  # at an end both are the only neighbour
    share = np.divide(sized - sized[low], sized[high] - sized[low], out=np.full(known, 0.5), where=inner)[:, None]
    return np.concatenate([(1.0 - share) * means[low] + share * means[high], means[known:]])


def _skills(predicted: np.ndarray, target: np.ndarray, are_classes: bool) -> np.ndarray:
    """The skill of predictions: one for classes; for values one for each column (see the module on frequent values)."""
    if are_classes:
        right = (target[np.arange(len(target)), predicted.argmax(axis=1)] > 0.0).mean()
        return np.array([1.0 - (1.0 - right) / (1.0 - target.mean(axis=0).max())])
    skills = 1.0 - ((predicted - target) ** 2).mean(axis=0)
    values, counts = np.unique(target[:, 0], return_counts=True)
    rows = target[:, 0] != values[counts.argmax()]
    if counts.max() > ATOM * len(target) and rows.sum() >= FEWEST and len(values) > 2:
        skills = np.minimum(skills, 1.0 - ((predicted - target)[rows] ** 2).mean(axis=0) / target[rows].var(axis=0))
    return skills


def _together(table: Table, y: np.ndarray, classes: int, seed: int) -> float:
    """The skill of a few boosted trees on a table, cross-validated; ``y`` (n,) are class numbers, or ranks."""
    chosen = some_rows(len(y), TREE_ROWS, [seed, 3])
    table, y = table[chosen], y[chosen]
    fold = np.random.default_rng([seed, 4]).permutation(len(y)) % TREE_FOLDS
    try:
        X = Features(CODES).fit(table).transform(table)
    except ValueError:  # no other column repeats a value
        return 0.0
    target = np.eye(classes)[y] if classes else y[:, None]
    predicted, kind = np.zeros(target.shape), (HistGradientBoostingClassifier if classes else
                                               HistGradientBoostingRegressor)
    for k in range(TREE_FOLDS):
        train, test = fold != k, fold == k
        model = kind(max_iter=TREES, verbose=0, random_state=seed).fit(X[train], y[train])
        if isinstance(model, HistGradientBoostingClassifier):
            predicted[np.ix_(test, model.classes_)] = model.predict_proba(X[test])
        else:
            predicted[test, 0] = model.predict(X[test])
    return float(_skills(predicted, target, bool(classes)).max())
