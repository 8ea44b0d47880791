"""The folds of AutoML: eight for small tables, five or three for larger ones, one validation set for very large ones.

What is large depends on the time: in a minute, five folds of a table of 50,000 rows would leave time for a few
configurations only, each trained for an epoch or two.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit
from scratchtune.evaluation.leaks import check_disjoint
from scratchtune.evaluation.splits import Split, checked_split, resolve_folds
from scratchtune.protocol import is_missing

FOLDS, SMALL_FOLDS, FEWER_FOLDS = 5, 8, 3
SMALL, LARGE, HUGE = 1_000, 30_000, 100_000  # rows
LARGE_A_SECOND, HUGE_A_SECOND = 200, 500  # the same for each second of a time budget, where that is less,
LEAST_LARGE, LEAST_HUGE = 5_000, 10_000  # but not less than these
HELD_OUT = 0.1  # of a table with more than `HUGE` rows


def splits_for(
    rows: int, y: np.ndarray, classes: int, cv: Any, groups: Any, seed: int, seconds: float = np.inf,
) -> list[Split]:
    """Return the (training, validation) row indices; ``cv`` is None, a number of folds, a splitter, or pairs.

    ``seconds`` is the time budget, if there is one.

    Raises ValueError if there are too few rows, or only one class among the training rows of a fold.
    """
    enough_rows(rows)
    splits = _splits(rows, y, classes, cv, groups, seed, seconds)
    for number, (training, _) in enumerate(splits, 1):
        if classes and len(np.unique(y[training])) < 2:
            raise ValueError(f"the {checks.counted(len(training), 'row')} that fold {number} of {len(splits)} trains "
                             "on hold one class; each fold needs two: more rows of the rare classes, or other folds")
    return splits


def _splits(
    rows: int, y: np.ndarray, classes: int, cv: Any, groups: Any, seed: int, seconds: float,
) -> list[Split]:
    if groups is not None:
        groups = _group_numbers(groups, rows)
    if cv is not None and (isinstance(cv, bool) or not isinstance(cv, (int, np.integer))):
        return _checked(resolve_folds(cv, y, bool(classes)).split(np.zeros((rows, 1)), y, groups), rows)
    folds = checks.integer("cv", cv, 2) if cv is not None else _folds(rows, seconds)
    if groups is not None:
        folds = min(folds, len(np.unique(groups)))
        return _checked(GroupKFold(folds).split(np.zeros((rows, 1)), y, groups), rows)
    smallest = int(np.bincount(y).min()) if classes else rows
    if cv is None and rows > np.clip(HUGE_A_SECOND * seconds, LEAST_HUGE, HUGE):
        one = StratifiedShuffleSplit if classes and smallest > 1 else ShuffleSplit
        return _checked(one(1, test_size=HELD_OUT, random_state=seed).split(np.zeros((rows, 1)), y), rows)
    folds = min(folds, rows // 2)
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


def _group_numbers(groups: Any, rows: int) -> np.ndarray:
    """Return the number of each row's group, (rows,); a ValueError if there is one group, or a value is missing."""
    given = np.asarray(groups)
    if given.shape != (rows,):
        raise ValueError(f"groups has shape {given.shape} and X has {rows} rows; it must hold one group for each row")
    missing = np.zeros(rows, bool)
    if given.dtype == object:
        missing = np.array([is_missing(group) or group is None or group != group for group in given], bool)
    elif given.dtype.kind in "fM":
        missing = np.isnan(given)
    if missing.any():
        raise ValueError(f"groups is missing in {checks.counted(int(missing.sum()), 'row')}, first in row "
                         f"{int(missing.argmax()) + 1}; every row needs a group")
    names, numbers = np.unique(given.astype(str) if given.dtype == object else given, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"groups is {names[0]!s} in all rows; there must be at least two groups")
    return numbers


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
