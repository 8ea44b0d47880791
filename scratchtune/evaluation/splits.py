"""A split is a pair of index arrays: the training rows and the test rows; the folds of cross-validation are splits.

For the same arguments the indices are identical to scikit-learn's. scikit-learn draws from
``numpy.random.RandomState(seed)``, so this module makes the same draws from the same generator in the same order.

Which to use: `StratifiedKFold` for classes, `KFold` for values, `GroupKFold` if several rows come from one source
(a patient, a speaker), `TimeSeriesSplit` if rows are ordered in time and the model is to predict later ones.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.random_splits import ShuffleSplit, Split, StratifiedShuffleSplit, train_test_split
from scratchtune.evaluation.rows import are_classes, discrete_labels, generator, number_of_rows, take_rows

__all__ = [
    "GroupKFold", "KFold", "LeaveOneOut", "PredefinedFolds", "ShuffleSplit", "Split", "StratifiedKFold",
    "StratifiedShuffleSplit", "TimeSeriesSplit", "are_classes", "discrete_labels", "generator", "number_of_rows",
    "resolve_folds", "take_rows", "train_test_split"]


class KFold:
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

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        return self.n_splits

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

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(n_splits={self.n_splits}, shuffle={self.shuffle}, random_state={self.random_state})"


class StratifiedKFold(KFold):
    """Folds in which every class has the same share, up to rounding; y holds class labels or one-hot rows.

    >>> [test.tolist() for train, test in StratifiedKFold(2).split(np.zeros(6), ["a", "a", "b", "b", "b", "b"])]
    [[0, 2, 3], [1, 4, 5]]
    """

    def _fold_of_rows(self, rows: int, y: Any, groups: Any) -> np.ndarray:
        _ignore(groups, self)
        if y is None:
            raise ValueError("y is None; stratified folds need the class labels")
        labels = discrete_labels("y", y)
        if len(labels) != rows:
            raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
        code = _codes_by_appearance(labels)
        counts = np.bincount(code)
        self._check_counts(counts)
        # Deal the rows, sorted by class, to the folds in turn: the folds' numbers of a class then differ by at most 1.
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
            checks.warn(
                f"n_splits is {self.n_splits} and the smallest class has {counts.min()} rows: "
                "some folds test none of it")


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


class TimeSeriesSplit:
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

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return self.n_splits

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

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({arguments})"


class LeaveOneOut:
    """As many folds as rows: each row is tested by a model trained on all others.

    >>> [test.tolist() for train, test in LeaveOneOut().split(np.zeros(3))]
    [[0], [1], [2]]
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield (train, test) for each row."""
        _ignore(groups, self)
        rows = self.get_n_splits(X)
        if rows < 2:
            raise ValueError(f"X has {rows} rows; to leave one out it must have at least 2")
        for row in range(rows):
            yield np.delete(np.arange(rows), row), np.array([row])

    def get_n_splits(self, X: Any, y: Any = None, groups: Any = None) -> int:
        """Return the number of rows."""
        return number_of_rows(X)

    def __repr__(self) -> str:
        return "LeaveOneOut()"


class PredefinedFolds:
    """Splits that the user has made: a sequence of (train, test) index arrays."""

    def __init__(self, splits: Iterable[Any]) -> None:
        self.splits = [checked_split(k, split) for k, split in enumerate(splits)]
        if not self.splits:
            raise ValueError(
                "cv is empty; it must hold at least one (train, test); a generator is empty once it has been used, a "
                "list is not")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield the given splits."""
        return iter(self.splits)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return len(self.splits)


def resolve_folds(cv: Any, y: Any, classes: bool) -> Any:
    """Return the splitter for ``cv``: an object with ``split``.

    An integer (None: 5) means unshuffled folds, stratified if ``classes`` is true (y holds class labels). An object
    with ``split`` is used as it is, and a sequence of (train, test) gives the splits themselves.
    """
    if cv is None or isinstance(cv, (int, np.integer)):
        folds = 5 if cv is None else checks.integer("cv", cv, low=2)
        return StratifiedKFold(folds) if classes else KFold(folds)
    if hasattr(cv, "split") and not isinstance(cv, str):
        return cv
    if isinstance(cv, Iterable) and not isinstance(cv, str):
        return PredefinedFolds(cv)
    raise TypeError(f"cv is {cv!r}; it must be a number of folds, an object with split, or a list of (train, test)")


def checked_split(k: int, split: Any, rows: int | None = None) -> Split:
    """Split number k as two arrays of indices below ``rows``; a ValueError if it is anything else."""
    accepted = "it must be a pair of arrays, (train, test), the indices of the rows"
    if not isinstance(split, (tuple, list, np.ndarray)) or len(split) != 2:
        size = f" of {len(split)}" if hasattr(split, "__len__") else ""
        raise ValueError(f"split {k} of cv is a {type(split).__name__}{size}; {accepted}")
    for part, given in zip(("train", "test"), split, strict=True):
        indices = np.asarray(given)
        if indices.size == 0:
            raise ValueError(f"split {k} of cv has no row to {part} on; {accepted}")
        if indices.ndim != 1 or indices.dtype.kind not in "iub":
            shown = f"of type {indices.dtype} and shape {indices.shape}"
            raise ValueError(f"split {k} of cv, {part}, is {shown}; {accepted}")
        last = len(indices) - 1 if indices.dtype.kind == "b" else int(indices.max())
        if rows is not None and last >= rows:
            raise ValueError(f"split {k} of cv, {part}, names row {last}; X has {rows} rows, 0 to {rows - 1}")
    return np.asarray(split[0]), np.asarray(split[1])


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
