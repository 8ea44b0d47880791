"""The folds of AutoML: five, fewer where the table is large, and one validation set where it is huge.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit
from scratchtune.evaluation.leaks import check_disjoint
from scratchtune.evaluation.splits import Split, resolve_folds

FOLDS, SMALL_FOLDS, FEWER_FOLDS = 5, 8, 3
SMALL, LARGE, HUGE = 1_000, 30_000, 100_000  # rows
HELD_OUT = 0.1  # of a huge table


def splits_for(rows: int, y: np.ndarray, classes: int, cv: Any, groups: Any, seed: int) -> list[Split]:
    """Return the (training, validation) row indices; ``cv`` is None, a number of folds, a splitter, or pairs.

    Raises ValueError if there are too few rows, or only one class among the training rows of a fold.
    """
    enough_rows(rows)
    splits = _splits(rows, y, classes, cv, groups, seed)
    for number, (training, _) in enumerate(splits, 1):
        if classes and len(np.unique(y[training])) < 2:
            raise ValueError(f"the {checks.counted(len(training), 'row')} that fold {number} of {len(splits)} trains on "
                             "hold one class; each fold needs two: more rows of the rare classes, or other folds")
    return splits


def _splits(rows: int, y: np.ndarray, classes: int, cv: Any, groups: Any, seed: int) -> list[Split]:
    if cv is not None and not isinstance(cv, (int, np.integer)):
        return _checked(resolve_folds(cv, y, bool(classes)).split(np.zeros((rows, 1)), y, groups))
    folds = int(cv) if cv is not None else _folds(rows)
    if groups is not None:
        folds = min(folds, len(np.unique(groups)))
        return _checked(GroupKFold(folds).split(np.zeros((rows, 1)), y, groups))
    smallest = int(np.bincount(y).min()) if classes else rows
    if cv is None and rows > HUGE:
        one = StratifiedShuffleSplit if classes and smallest > 1 else ShuffleSplit
        return _checked(one(1, test_size=HELD_OUT, random_state=seed).split(np.zeros((rows, 1)), y))
    folds = min(folds, rows // 2)
    splitter = StratifiedKFold if classes and smallest >= folds else KFold
    return _checked(splitter(folds, shuffle=True, random_state=seed).split(np.zeros((rows, 1)), y))


def enough_rows(rows: int) -> None:
    """Raise a ValueError if there are too few rows for a training and a validation part."""
    if rows < 4:
        raise ValueError(f"X has n_samples={rows} ({checks.counted(rows, 'row')}); AutoML needs at least 4 rows")


def _folds(rows: int) -> int:
    return SMALL_FOLDS if rows <= SMALL else FOLDS if rows <= LARGE else FEWER_FOLDS


def _checked(splits: Any) -> list[Split]:
    pairs = [(np.asarray(training), np.asarray(validation)) for training, validation in splits]
    check_disjoint(pairs)
    return pairs
