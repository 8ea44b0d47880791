"""A split is a pair of index arrays: the training rows and the test rows; the folds of cross-validation are splits.

For the same arguments the indices are identical to scikit-learn's. scikit-learn draws from
``numpy.random.RandomState(seed)``, so this module makes the same draws from the same generator in the same order.

Which to use: `StratifiedKFold` for classes, `KFold` for values, `GroupKFold` if several rows come from one source
(a patient, a speaker), `TimeSeriesSplit` if rows are ordered in time.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.configured import Shown
from scratchtune.core.evaluation.rows import generator, number_of_rows, take_rows
from scratchtune.core.metrics.labels import checked_labels

Split = tuple[np.ndarray, np.ndarray]


class _Splitter(Shown):
    """What the splitters share: the number of splits, and how they are shown."""

    n_splits: int

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return self.n_splits


class KFold(_Splitter):
    """Folds of equal size (the first ones may have one row more), in the order of the rows unless shuffled.

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
        """Yield (train, test) for each fold: the indices of the rows, in ascending order."""
        fold = self._fold_of_rows(number_of_rows(X), y, groups)
        for k in range(self.n_splits):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)

    def _fold_of_rows(self, rows: int, y: Any, groups: Any) -> np.ndarray:
        """Return for each row the fold in which it is tested."""
        _ignore(groups, self)
        if self.n_splits > rows:
            raise ValueError(
                f"n_splits is {self.n_splits} and there are {rows} rows; it must be at most the number of rows")
        order = np.arange(rows)
        if self.shuffle:
            generator(self.random_state).shuffle(order)
        fold = np.empty(rows, dtype=np.int64)
        fold[order] = np.repeat(np.arange(self.n_splits), _equal_parts(rows, self.n_splits))
        return fold


class StratifiedKFold(KFold):
    """Folds in which every class has the same share, up to rounding; y holds class labels or one-hot rows.

    >>> [test.tolist() for train, test in StratifiedKFold(2).split(np.zeros(6), ["a", "a", "b", "b", "b", "b"])]
    [[0, 2, 3], [1, 4, 5]]
    """

    def _fold_of_rows(self, rows: int, y: Any, groups: Any) -> np.ndarray:
        _ignore(groups, self)
        if y is None:
            raise ValueError("y is None; stratified folds need the class labels")
        labels = checked_labels("y", y)
        if len(labels) != rows:
            raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
        self._check_counts(np.unique(labels, return_counts=True)[1])
        return stratified_folds(labels, self.n_splits, generator(self.random_state) if self.shuffle else None)

    def _check_counts(self, counts: np.ndarray) -> None:
        if self.n_splits > counts.max():
            raise ValueError(
                f"n_splits is {self.n_splits} and the largest class has {counts.max()} rows; "
                "it must be at most the number of rows of some class")
        if self.n_splits > counts.min():
            checks.warn(
                f"n_splits is {self.n_splits} and the smallest class has {counts.min()} rows: "
                "some folds test none of it")


def stratified_folds(labels: np.ndarray, folds: int, rng: np.random.RandomState | None) -> np.ndarray:
    """Return the fold of each row, (n,): of each class, the folds' numbers of rows differ by at most 1.

    So a class of two rows or more is in at least two folds. Without ``rng`` the rows of a class are not shuffled.
    """
    code = _codes_by_appearance(labels)
    dealt = np.sort(code)  # the rows, sorted by class, are dealt to the folds in turn
    share = np.stack([np.bincount(dealt[k::folds], minlength=int(dealt[-1]) + 1) for k in range(folds)])
    fold = np.empty(len(labels), dtype=np.int64)
    for c, of_class in enumerate(share.T):
        folds_of_class = np.repeat(np.arange(folds), of_class)
        if rng is not None:
            rng.shuffle(folds_of_class)
        fold[code == c] = folds_of_class
    return fold


class GroupKFold(KFold):
    """Folds that do not split groups: all rows of a group (a patient, a speaker, a day) are tested in the same fold.

    Without shuffling, groups are assigned in descending order of size, each to the fold with the fewest rows so far.
    With shuffling, the folds get equal numbers of groups, not of rows.

    >>> [test.tolist() for train, test in GroupKFold(2).split(np.zeros(5), groups=["a", "b", "b", "c", "a"])]
    [[1, 2, 3], [0, 4]]
    """

    def _fold_of_rows(self, rows: int, y: Any, groups: Any) -> np.ndarray:
        names, group = np.unique(_checked_groups(groups, rows), return_inverse=True)
        if self.n_splits > len(names):
            raise ValueError(
                f"n_splits is {self.n_splits} and there are {len(names)} groups; it must be at most their number")
        fold_of_group = self._dealt(len(names)) if self.shuffle else self._balanced(np.bincount(group))
        return fold_of_group[group]

    def _dealt(self, groups: int) -> np.ndarray:
        fold = np.empty(groups, dtype=np.int64)
        order = generator(self.random_state).permutation(groups)
        fold[order] = np.repeat(np.arange(self.n_splits), _equal_parts(groups, self.n_splits))
        return fold

    def _balanced(self, sizes: np.ndarray) -> np.ndarray:
        fold = np.empty(len(sizes), dtype=np.int64)
        rows_of_fold = np.zeros(self.n_splits)
        for group in np.argsort(sizes, kind="stable")[::-1]:
            fold[group] = rows_of_fold.argmin()
            rows_of_fold[fold[group]] += sizes[group]
        return fold


class TimeSeriesSplit(_Splitter):
    """Splits that train on the past and test on the future; rows must be in the order of time.

    Each split tests the ``test_size`` rows after those of the previous split, and trains on all rows before them (at
    most ``max_train_size``) except the last ``gap``, whose targets may not be known in time.

    >>> [(train.tolist(), test.tolist()) for train, test in TimeSeriesSplit(2, test_size=1, gap=1).split(np.zeros(5))]
    [([0, 1], [3]), ([0, 1, 2], [4])]
    """

    def __init__(
        self, n_splits: int = 5, *, max_train_size: int | None = None, test_size: int | None = None, gap: int = 0,
    ) -> None:
        self.n_splits = checks.integer("n_splits", n_splits, low=2)
        self.max_train_size = None if max_train_size is None else checks.integer("max_train_size", max_train_size, 1)
        self.test_size = None if test_size is None else checks.integer("test_size", test_size, low=1)
        self.gap = checks.integer("gap", gap, low=0)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each split, in the order of time."""
        _ignore(groups, self)
        rows, test = number_of_rows(X), self._rows_to_test(number_of_rows(X))
        for start in range(rows - self.n_splits * test, rows, test):
            end = start - self.gap
            first = 0 if self.max_train_size is None else max(end - self.max_train_size, 0)
            yield np.arange(first, end), np.arange(start, start + test)

    def _rows_to_test(self, rows: int) -> int:
        if self.n_splits + 1 > rows:
            raise ValueError(
                f"n_splits is {self.n_splits} and there are {rows} rows; it must be less than the number of rows")
        test = rows // (self.n_splits + 1) if self.test_size is None else self.test_size
        if rows - self.gap - test * self.n_splits <= 0:
            raise ValueError(
                f"n_splits is {self.n_splits}, with {test} rows to test each and a gap of {self.gap}; "
                f"of the {rows} rows none is left to train the first one on; lower n_splits, test_size or gap")
        return test


def splits_of(cv: Any, X: Any, y: Any, groups: Any, classes: bool) -> list[Split]:
    """Return the (train, test) pairs of ``cv`` for these rows.

    An integer (None: 5) means unshuffled folds, stratified if ``classes`` is true (y holds class labels). Else ``cv``
    is an object with ``split``, or a sequence of (train, test).
    """
    splits = cv
    if cv is None or isinstance(cv, (int, np.integer)):
        folds = 5 if cv is None else checks.integer("cv", cv, low=2)
        cv = StratifiedKFold(folds) if classes else KFold(folds)
    if hasattr(cv, "split") and not isinstance(cv, str):
        splits = cv.split(X, y) if groups is None else cv.split(X, y, groups)
    elif isinstance(cv, str) or not isinstance(cv, Iterable):
        raise TypeError(f"cv is {cv!r}; it must be a number of folds, an object with split, or a list of (train, test)")
    pairs = [_checked_split(k, split, number_of_rows(X)) for k, split in enumerate(splits)]
    if not pairs:
        raise ValueError(f"cv is {cv!r}, which gave no split; it must give at least one (train, test); a generator is "
                         "empty once used")
    return pairs


def _checked_split(k: int, split: Any, rows: int) -> Split:
    """Split number k as two arrays of indices below ``rows``; a ValueError if it is anything else."""
    accepted = "it must be a pair of arrays, (train, test), the indices of the rows or a mask of all rows"
    if not isinstance(split, (tuple, list, np.ndarray)) or len(split) != 2:
        size = f" of {len(split)}" if hasattr(split, "__len__") else ""
        raise ValueError(f"split {k} of cv is a {type(split).__name__}{size}; {accepted}")
    parts = [np.asarray(given) for given in split]
    for part, indices in zip(("train", "test"), parts, strict=True):
        if indices.size == 0:
            raise ValueError(f"split {k} of cv has no row to {part} on; {accepted}")
        if indices.ndim != 1 or indices.dtype.kind not in "iub":
            shown = f"of type {indices.dtype} and shape {indices.shape}"
            raise ValueError(f"split {k} of cv, {part}, is {shown}; {accepted}")
        if indices.dtype.kind == "b" and len(indices) != rows:
            raise ValueError(f"split {k} of cv, {part}, is a mask of {len(indices)} rows; X has {rows}")
        last = int(indices.max())
        if last >= rows:
            raise ValueError(f"split {k} of cv, {part}, names row {last}; X has {rows} rows, 0 to {rows - 1}")
    train, test = (np.flatnonzero(one) if one.dtype.kind == "b" else one for one in parts)
    return train, test


def _ignore(groups: Any, splitter: Any) -> None:
    if groups is not None:
        checks.warn(f"groups is given and {type(splitter).__name__} ignores it; GroupKFold does not split groups")


def _checked_groups(groups: Any, rows: int) -> np.ndarray:
    if groups is None:
        raise ValueError("groups is None; GroupKFold needs the group of each row")
    array = np.asarray(groups)
    if array.ndim != 1 or len(array) != rows:
        raise ValueError(f"groups has shape {array.shape} and X has {rows} rows; it must hold one group for each row")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError("groups holds NaN; every row must belong to a group")
    return array


def _equal_parts(number: int, parts: int) -> np.ndarray:
    """Sizes of parts that differ by at most 1, the larger ones first."""
    sizes = np.full(parts, number // parts)
    sizes[: number % parts] += 1
    return sizes


def _codes_by_appearance(labels: np.ndarray) -> np.ndarray:
    """Number the classes in the order of first occurrence: labels b, a, b give 0, 1, 0."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


# Random splits --------------------------------------------------------------------------------------------------------


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
    train, test = _sizes(rows, test_size, train_size)
    if not checks.boolean("shuffle", shuffle):
        if stratify is not None:
            raise ValueError("stratify is given and shuffle is False; a stratified split is always shuffled")
        chosen = np.arange(train), np.arange(train, train + test)
    elif stratify is None:
        order = generator(random_state).permutation(rows)
        chosen = order[test : test + train], order[:test]
    else:
        chosen = _stratified_split(_strata(stratify, rows), train, test, generator(random_state))
    return [take_rows(array, index) for array in arrays for index in chosen]


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


def _sizes(rows: int, test_size: Any, train_size: Any) -> tuple[int, int]:
    """Return the numbers of training rows, whose share is rounded down, and of test rows, whose share is rounded up."""
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


def _size(name: str, value: Any, rows: int, rounding: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, (int, np.integer)):
        return checks.integer(name, value, low=1, high=rows - 1)
    return int(rounding(checks.real(name, value, 0.0, 1.0, open_low=True, open_high=True) * rows))


def _strata(stratify: Any, rows: int) -> list[np.ndarray]:
    """The rows of each class, in ascending order; classes are sorted by label. Several columns are joined to a text."""
    labels = np.asarray(stratify)
    if len(labels) != rows:
        raise ValueError(f"stratify has {len(labels)} rows and the arrays have {rows}; they must be equal in number")
    if labels.ndim > 1:
        labels = np.array([" ".join(row.astype(str)) for row in labels.reshape(rows, -1)])
    _, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError("stratify has a class of a single row; every class must have at least 2")
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
    """Allocate ``draws`` rows to classes in proportion; the largest remainders are rounded up, ties drawn at random."""
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
