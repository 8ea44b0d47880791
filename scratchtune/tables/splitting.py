"""The folds of AutoML: eight for small tables, five or three for larger ones, one validation set for very large ones.

What is large depends on the time: in a minute, five folds of a table of 50,000 rows would leave time for a few
configurations only, each trained for an epoch or two.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation import GroupKFold, KFold, StratifiedKFold, train_test_split
from scratchtune.evaluation.leaks import check_disjoint
from scratchtune.evaluation.splits import Split, checked_split, resolve_folds
from scratchtune.tables.row_order import RowOrder, most_time_folds

FOLDS, SMALL_FOLDS, FEWER_FOLDS = 5, 8, 3
SMALL, LARGE, HUGE = 1_000, 30_000, 100_000  # rows
LARGE_A_SECOND, HUGE_A_SECOND = 200, 500  # the same for each second of a time budget, where that is less,
LEAST_LARGE, LEAST_HUGE = 5_000, 10_000  # but not less than these
INDEPENDENT = RowOrder()
HELD_OUT = 0.1  # of a table with more than `HUGE` rows


def splits_for(
    y: np.ndarray, classes: int, cv: Any = None, rows: RowOrder = INDEPENDENT, seed: int = 0, seconds: float = np.inf,
    duplicates: np.ndarray | None = None,
) -> list[Split]:
    """Return the (training, validation) row indices; ``cv`` is None, a number of folds, a splitter, or pairs.

    A fold has whole groups of rows, or with times it trains on earlier rows than it tests. Equal rows, which have the
    same number in ``duplicates`` (n,), are in one fold. ``seconds`` is the time budget, if there is one. A fold that
    would train on one class alone is left out, with a warning.

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
    y: np.ndarray, classes: int, cv: Any, rows: RowOrder, seed: int, seconds: float, duplicates: np.ndarray | None,
) -> list[Split]:
    n = len(y)
    groups = rows.values if rows.kind == "group" else None
    if cv is not None and (isinstance(cv, bool) or not isinstance(cv, (int, np.integer))):
        return _checked(resolve_folds(cv, y, bool(classes)).split(np.zeros((n, 1)), y, groups), n)
    folds = checks.integer("cv", cv, 2) if cv is not None else _folds(n, seconds)
    if rows.kind == "time":
        return most_time_folds(rows, min(folds, FOLDS) if cv is None else folds)
    if groups is not None:
        return _checked(GroupKFold(min(folds, len(np.unique(groups)))).split(np.zeros((n, 1)), y, groups), n)
    if duplicates is None:
        return _shuffled(y, classes, folds, cv, seed, seconds)
    _, first, number = np.unique(duplicates, return_index=True, return_inverse=True)
    return [(np.flatnonzero(np.isin(number, training)), np.flatnonzero(np.isin(number, validation)))
            for training, validation in _shuffled(y[first], classes, folds, cv, seed, seconds)]


def _shuffled(y: np.ndarray, classes: int, folds: int, cv: Any, seed: int, seconds: float) -> list[Split]:
    """Return folds of rows in random order, stratified by class where each has enough rows."""
    rows, counts = len(y), np.bincount(y, minlength=classes) if classes else np.array([len(y)])
    smallest = int(counts[counts > 0].min())
    if cv is None and rows > np.clip(HUGE_A_SECOND * seconds, LEAST_HUGE, HUGE):
        strata = y if classes and smallest > 1 else None
        one = train_test_split(np.arange(rows), test_size=HELD_OUT, random_state=seed, stratify=strata)
        return _checked([one], rows)
    folds = max(min(folds, rows // 2), 2)
    splitter = StratifiedKFold if classes and smallest >= folds else KFold
    return _checked(splitter(folds, shuffle=True, random_state=seed).split(np.zeros((rows, 1)), y), rows)


def enough_rows(rows: int) -> None:
    """Raise a ValueError if there are too few rows for a training and a validation part."""
    if rows < 4:
        raise ValueError(f"X has n_samples={rows} ({checks.counted(rows, 'row')}); AutoML needs at least 4 rows")


def _folds(rows: int, seconds: float) -> int:
    if rows <= SMALL:
        return SMALL_FOLDS
    return FOLDS if rows <= np.clip(LARGE_A_SECOND * seconds, LEAST_LARGE, LARGE) else FEWER_FOLDS


def _checked(splits: Any, rows: int) -> list[Split]:
    """Return the splits as index arrays; an error if a fold trains on a row that it tests, or two folds test a row."""
    pairs: list[Split] = []
    for number, split in enumerate(splits):
        training, validation = checked_split(number, split, rows)
        pairs.append((np.arange(rows)[training], np.arange(rows)[validation]))
    check_disjoint(pairs)
    times = np.bincount(np.concatenate([validation for _, validation in pairs]), minlength=rows)
    if times.max() > 1:
        raise ValueError(f"cv tests row {int(times.argmax())} {times.max()} times; AutoML needs one out-of-fold "
                         "prediction of a row, so its folds must not share rows that they test, as those of KFold")
    return pairs
