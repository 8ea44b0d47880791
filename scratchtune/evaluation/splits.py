"""A split is a pair of index arrays: the rows to train on, and the rows to test on.

For the same arguments the indices are scikit-learn's, one for one. scikit-learn draws from
``numpy.random.RandomState(seed)``, so the same explicit generator is asked here for the same things in the same order.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.metrics import class_labels, is_one_hot

Split = tuple[np.ndarray, np.ndarray]


class KFold:
    """Folds of equal size (the first ones have one row more), in the order of the rows unless shuffled.

    >>> [test.tolist() for train, test in KFold(3).split(np.zeros(7))]
    [[0, 1, 2], [3, 4], [5, 6]]
    """

    def __init__(self, n_splits: int = 5, *, shuffle: bool = False, random_state: Any = None) -> None:
        self.n_splits = checks.integer("n_splits", n_splits, low=2)
        self.shuffle = checks.boolean("shuffle", shuffle)
        self.random_state = random_state
        if not shuffle and random_state is not None:
            raise ValueError(
                f"random_state is {random_state!r} and shuffle is False; without shuffling it must be None")
        generator(random_state)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each fold: the indices of the rows, in rising order."""
        fold = self._fold_of_rows(number_of_rows(X), y)
        for k in range(self.n_splits):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        return self.n_splits

    def _fold_of_rows(self, rows: int, y: Any) -> np.ndarray:
        """For each row, the fold in which it is tested."""
        if self.n_splits > rows:
            raise ValueError(
                f"n_splits is {self.n_splits} and there are {rows} rows; it must be at most the number of rows")
        order = np.arange(rows)
        if self.shuffle:
            generator(self.random_state).shuffle(order)
        sizes = np.full(self.n_splits, rows // self.n_splits)
        sizes[: rows % self.n_splits] += 1
        fold = np.empty(rows, dtype=np.int64)
        fold[order] = np.repeat(np.arange(self.n_splits), sizes)
        return fold

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(n_splits={self.n_splits}, shuffle={self.shuffle}, random_state={self.random_state})"


class StratifiedKFold(KFold):
    """Folds in which every class has the same share, as nearly as whole rows allow; one-hot rows are classes.

    >>> [test.tolist() for train, test in StratifiedKFold(2).split(np.zeros(6), ["a", "a", "b", "b", "b", "b"])]
    [[0, 2, 3], [1, 4, 5]]
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each fold: the indices of the rows, in rising order."""
        if y is None:
            raise ValueError("y is None; stratified folds need the class labels")
        return super().split(X, y, groups)

    def _fold_of_rows(self, rows: int, y: Any) -> np.ndarray:
        labels = discrete_labels("y", y)
        if len(labels) != rows:
            raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
        code = _codes_by_appearance(labels)
        counts = np.bincount(code)
        self._check_counts(counts)
        # Deal the rows, sorted by class, round the folds: a class then has its share of every fold to within one row.
        dealt = np.sort(code)
        share = np.stack([np.bincount(dealt[k :: self.n_splits], minlength=len(counts)) for k in range(self.n_splits)])
        rng = generator(self.random_state)
        fold = np.empty(rows, dtype=np.int64)
        for c in range(len(counts)):
            folds_of_class = np.repeat(np.arange(self.n_splits), share[:, c])
            if self.shuffle:
                rng.shuffle(folds_of_class)
            fold[code == c] = folds_of_class
        return fold

    def _check_counts(self, counts: np.ndarray) -> None:
        if self.n_splits > counts.max():
            raise ValueError(
                f"n_splits is {self.n_splits} and the largest class has {counts.max()} rows; "
                "it must be at most the number of rows of some class")
        if self.n_splits > counts.min():
            warnings.warn(
                f"n_splits is {self.n_splits} and the smallest class has {counts.min()} rows: "
                "some folds test none of it",
                UserWarning, stacklevel=5)


def train_test_split(
    *arrays: Any, test_size: float | int | None = None, train_size: float | int | None = None,
    random_state: Any = None, shuffle: bool = True, stratify: Any = None,
) -> list[Any]:
    """Split each array into a training and a test part: ``[X_train, X_test, y_train, y_test, ...]``.

    Sizes are shares of the rows (floats) or numbers of rows (ints); a quarter is for testing if neither is given.
    ``stratify`` takes class labels or one-hot rows, whose shares are then kept.

    >>> train_test_split([1, 2, 3, 4], shuffle=False)
    [[1, 2, 3], [4]]
    """
    if not arrays:
        raise ValueError("no array is given; train_test_split needs at least one")
    rows = number_of_rows(arrays[0])
    for position, array in enumerate(arrays):
        if number_of_rows(array) != rows:
            raise ValueError(
                f"array {position} has {number_of_rows(array)} rows and array 0 has {rows}; "
                "they must be equal in number")
    train, test = _sizes(rows, test_size, train_size)
    if not checks.boolean("shuffle", shuffle):
        if stratify is not None:
            raise ValueError("stratify is given and shuffle is False; a stratified split is always shuffled")
        chosen = np.arange(train), np.arange(train, train + test)
    elif stratify is None:
        order = generator(random_state).permutation(rows)
        chosen = order[test : test + train], order[:test]
    else:
        chosen = _stratified_split(rows, stratify, train, test, generator(random_state))
    return [take_rows(array, index) for array in arrays for index in chosen]


def generator(random_state: Any) -> np.random.RandomState:
    """Return a RandomState: a seed makes a new one, one that exists is used on, None takes fresh entropy."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None:
        return np.random.RandomState()
    return np.random.RandomState(checks.integer("random_state", random_state, low=0, high=2**32 - 1))


def number_of_rows(array: Any) -> int:
    """Return the number of rows of an array, a table, a sparse matrix or a list."""
    shape = getattr(array, "shape", None)
    if shape is not None and len(shape) > 0:
        return int(shape[0])
    if hasattr(array, "__len__") and not isinstance(array, (str, bytes, dict)):
        return len(array)
    raise TypeError(f"{type(array).__name__} has no rows; an array, a table or a list is needed")


def take_rows(array: Any, index: np.ndarray) -> Any:
    """Return the rows of an array, a table (by position), a sparse matrix or a list."""
    if array is None:
        return None
    if hasattr(array, "iloc"):
        return array.iloc[index]
    if hasattr(array, "shape"):
        return array[index]
    return [array[i] for i in index]


def discrete_labels(name: str, y: Any) -> np.ndarray:
    """Return class labels, (n,), from labels or one-hot rows; a ValueError where y is continuous."""
    labels = class_labels(name, y)
    if labels.dtype.kind == "f":
        broken = labels[~(labels == np.floor(labels))]
        if broken.size:
            raise ValueError(
                f"{name} holds {broken[0]}; it must hold class labels: whole numbers, text or one-hot rows")
    return labels


def are_classes(y: Any) -> bool:
    """Whether y by itself looks like class labels: integers, booleans, text or one-hot rows (floats do not)."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return is_one_hot(array)
    return array.dtype.kind in "buiUSO"


def resolve_folds(cv: Any, y: Any, classes: bool) -> Any:
    """Return what ``cv`` means: an object with ``split``.

    An integer (None: 5) means unshuffled folds, stratified where ``classes`` says that y holds class labels;
    an object with ``split`` is taken as it is, and a sequence of (train, test) is a split of its own.
    """
    if cv is None or isinstance(cv, (int, np.integer)):
        folds = 5 if cv is None else checks.integer("cv", cv, low=2)
        return StratifiedKFold(folds) if classes else KFold(folds)
    if hasattr(cv, "split") and not isinstance(cv, str):
        return cv
    if isinstance(cv, Iterable) and not isinstance(cv, str):
        return PredefinedFolds(cv)
    raise TypeError(f"cv is {cv!r}; it must be a number of folds, an object with split, or a list of (train, test)")


class PredefinedFolds:
    """Splits that the user has made: a sequence of (train, test) index arrays."""

    def __init__(self, splits: Iterable[Any]) -> None:
        self.splits = [(np.asarray(train), np.asarray(test)) for train, test in splits]
        if not self.splits:
            raise ValueError("cv is empty; it must hold at least one (train, test)")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield the given splits."""
        return iter(self.splits)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return len(self.splits)


def _codes_by_appearance(labels: np.ndarray) -> np.ndarray:
    """Number the classes in the order in which they first appear: labels b, a, b give 0, 1, 0."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _sizes(rows: int, test_size: Any, train_size: Any) -> tuple[int, int]:
    """Numbers of training and test rows; a share of the test rows is rounded up, one of the training rows down."""
    test = _size("test_size", test_size, rows, math.ceil)
    train = _size("train_size", train_size, rows, math.floor)
    if test is None:
        test = math.ceil(0.25 * rows) if train is None else rows - train
    train = rows - test if train is None else train
    if train + test > rows:
        raise ValueError(
            f"train_size is {train_size} and test_size is {test_size}; together they must be at most the {rows} rows")
    if train == 0 or test == 0:
        raise ValueError(
            f"the split of {rows} rows has {train} for training and {test} for testing; both must be at least 1")
    return train, test


def _size(name: str, value: Any, rows: int, whole: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, (int, np.integer)):
        return checks.integer(name, value, low=1, high=rows - 1)
    return int(whole(checks.real(name, value, 0.0, 1.0, open_low=True, open_high=True) * rows))


def _stratified_split(rows: int, stratify: Any, train: int, test: int, rng: np.random.RandomState) -> Split:
    labels = np.asarray(stratify)
    if len(labels) != rows:
        raise ValueError(f"stratify has {len(labels)} rows and the arrays have {rows}; they must be equal in number")
    # Rows of several columns are classes in lexicographic order, as in scikit-learn: the last column comes first.
    _, code, counts = np.unique(labels, return_inverse=True, return_counts=True, axis=0 if labels.ndim > 1 else None)
    _check_strata(counts, train, test)
    members = np.split(np.argsort(code.reshape(-1), kind="stable"), np.cumsum(counts)[:-1])
    train_counts = _proportional_draw(counts, train, rng)
    test_counts = _proportional_draw(counts - train_counts, test, rng)
    train_rows, test_rows = [], []
    for rows_of_class, n_train, n_test in zip(members, train_counts, test_counts, strict=True):
        order = rows_of_class[rng.permutation(len(rows_of_class))]
        train_rows.append(order[:n_train])
        test_rows.append(order[n_train : n_train + n_test])
    return rng.permutation(np.concatenate(train_rows)), rng.permutation(np.concatenate(test_rows))


def _check_strata(counts: np.ndarray, train: int, test: int) -> None:
    if counts.min() < 2:
        raise ValueError("stratify has a class of a single row; every class must have at least 2")
    for name, size in (("train_size", train), ("test_size", test)):
        if size < len(counts):
            raise ValueError(
                f"{name} gives {size} rows and there are {len(counts)} classes; "
                "it must give at least one for each class")


def _proportional_draw(counts: np.ndarray, draws: int, rng: np.random.RandomState) -> np.ndarray:
    """Share ``draws`` rows among classes in proportion; the largest remainders are rounded up, ties drawn."""
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
