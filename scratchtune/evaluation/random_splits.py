"""A random split draws the training rows and the test rows at random, once or several times independently.

For the same arguments the indices are identical to scikit-learn's. scikit-learn draws from
``numpy.random.RandomState(seed)``, so this module makes the same draws from the same generator in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.rows import generator, number_of_rows, take_rows

Split = tuple[np.ndarray, np.ndarray]


def train_test_split(
    *arrays: Any, test_size: float | int | None = None, train_size: float | int | None = None,
    random_state: Any = None, shuffle: bool = True, stratify: Any = None,
) -> list[Any]:
    """Split each array into a training and a test part: ``[X_train, X_test, y_train, y_test, ...]``.

    Sizes are shares of the rows (floats) or numbers of rows (ints); by default a quarter is for testing.
    ``stratify`` takes class labels or one-hot rows; each part then has the same shares of the classes.

    >>> train_test_split([1, 2, 3, 4], shuffle=False)
    [[1, 2, 3], [4]]
    """
    rows = _common_number_of_rows(arrays)
    train, test = _sizes(rows, test_size, train_size, 0.25)
    if not checks.boolean("shuffle", shuffle):
        if stratify is not None:
            raise ValueError("stratify is given and shuffle is False; a stratified split is always shuffled")
        chosen = np.arange(train), np.arange(train, train + test)
    elif stratify is None:
        chosen = _random_split(rows, train, test, generator(random_state))
    else:
        chosen = _stratified_split(_strata("stratify", stratify, rows), train, test, generator(random_state))
    return [take_rows(array, index) for array in arrays for index in chosen]


class ShuffleSplit:
    """``n_splits`` independent draws of training and test rows; a row may be tested several times, or never.

    >>> [len(test) for train, test in ShuffleSplit(2, test_size=0.25, random_state=0).split(np.zeros(8))]
    [2, 2]
    """

    def __init__(
        self, n_splits: int = 10, *, test_size: float | int | None = None, train_size: float | int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_splits = checks.integer("n_splits", n_splits, low=1)
        self.test_size, self.train_size, self.random_state = test_size, train_size, random_state
        generator(random_state)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each draw: the indices of the rows, in random order."""
        rows = number_of_rows(X)
        train, test = _sizes(rows, self.test_size, self.train_size, 0.1)
        rng = generator(self.random_state)
        for _ in range(self.n_splits):
            yield _random_split(rows, train, test, rng)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of draws."""
        return self.n_splits

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({arguments})"


class StratifiedShuffleSplit(ShuffleSplit):
    """Independent draws in which every class has the same share; y takes class labels or one-hot rows.

    >>> y = np.array([0, 0, 1, 1])
    >>> [sorted(y[test].tolist()) for train, test in StratifiedShuffleSplit(2, test_size=2).split(y, y)]
    [[0, 1], [0, 1]]
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each draw: the indices of the rows, in random order."""
        if y is None:
            raise ValueError("y is None; stratified draws need the class labels")
        rows = number_of_rows(X)
        train, test = _sizes(rows, self.test_size, self.train_size, 0.1)
        strata = _strata("y", y, rows)
        rng = generator(self.random_state)
        for _ in range(self.n_splits):
            yield _stratified_split(strata, train, test, rng)


def _common_number_of_rows(arrays: tuple[Any, ...]) -> int:
    if not arrays:
        raise ValueError("no array is given; train_test_split needs at least one")
    rows = number_of_rows(arrays[0])
    for position, array in enumerate(arrays):
        if number_of_rows(array) != rows:
            raise ValueError(
                f"array {position} has {number_of_rows(array)} rows and array 0 has {rows}; "
                "they must be equal in number")
    return rows


def _sizes(rows: int, test_size: Any, train_size: Any, default: float) -> tuple[int, int]:
    """Return the numbers of training and test rows.

    A share of the test rows is rounded up, one of the training rows down.
    """
    test = _size("test_size", test_size, rows, math.ceil)
    train = _size("train_size", train_size, rows, math.floor)
    if test is None:
        test = math.ceil(default * rows) if train is None else rows - train
    train = rows - test if train is None else train
    if train + test > rows:
        raise ValueError(
            f"train_size is {train_size} and test_size is {test_size}; together they must be at most the {rows} rows")
    if train == 0 or test == 0:
        raise ValueError(
            f"the split of {rows} rows has {train} for training and {test} for testing; both must be at least 1")
    return train, test


def _size(name: str, value: Any, rows: int, rounding: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, (int, np.integer)):
        return checks.integer(name, value, low=1, high=rows - 1)
    return int(rounding(checks.real(name, value, 0.0, 1.0, open_low=True, open_high=True) * rows))


def _random_split(rows: int, train: int, test: int, rng: np.random.RandomState) -> Split:
    order = rng.permutation(rows)
    return order[test : test + train], order[:test]


def _strata(name: str, labels: Any, rows: int) -> list[np.ndarray]:
    """The rows of each class, in ascending order; classes are sorted by label; several columns are joined to one text.
    """
    labels = np.asarray(labels)
    if len(labels) != rows:
        raise ValueError(f"{name} has {len(labels)} rows and the arrays have {rows}; they must be equal in number")
    if labels.ndim > 1:
        labels = np.array([" ".join(row.astype(str)) for row in labels.reshape(rows, -1)])
    _, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(f"{name} has a class of a single row; every class must have at least 2")
    return np.split(np.argsort(code, kind="stable"), np.cumsum(counts)[:-1])


def _stratified_split(strata: list[np.ndarray], train: int, test: int, rng: np.random.RandomState) -> Split:
    for name, size in (("train_size", train), ("test_size", test)):
        if size < len(strata):
            raise ValueError(
                f"{name} gives {size} rows and there are {len(strata)} classes; "
                "it must give at least one for each class")
    counts = np.array([len(members) for members in strata])
    train_counts = _proportional_draw(counts, train, rng)
    test_counts = _proportional_draw(counts - train_counts, test, rng)
    train_rows, test_rows = [], []
    for members, n_train, n_test in zip(strata, train_counts, test_counts, strict=True):
        order = members[rng.permutation(len(members))]
        train_rows.append(order[:n_train])
        test_rows.append(order[n_train : n_train + n_test])
    return rng.permutation(np.concatenate(train_rows)), rng.permutation(np.concatenate(test_rows))


def _proportional_draw(counts: np.ndarray, draws: int, rng: np.random.RandomState) -> np.ndarray:
    """Allocate ``draws`` rows to classes in proportion; the largest remainders are rounded up, ties broken at random.
    """
    exact = counts / counts.sum() * draws
    drawn = np.floor(exact)
    remainder = exact - drawn
    missing = int(draws - drawn.sum())
    for value in np.unique(remainder)[::-1]:
        if missing <= 0:
            break
        tied = np.flatnonzero(remainder == value)
        lucky = rng.choice(tied, size=min(len(tied), missing), replace=False)
        drawn[lucky] += 1
        missing -= len(lucky)
    return drawn.astype(np.int64)
