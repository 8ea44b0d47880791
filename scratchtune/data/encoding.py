"""Encoding turns categories into numbers: one column of 0 and 1 for each category.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.data.transformer import (
    Transformer,
    begin_fit,
    check_columns_of,
    check_is_fitted,
    check_two_dimensions,
    column_names,
    input_names,
    refuse_sparse,
)

DROPS = (None, "first", "if_binary")


def one_hot(c, y):
    """Write each row's category as a 1 in its column; a category beyond the columns, or below 0, is written as zeros.

    Formula [one_hot]
        yₙₖ = 1 if k = cₙ else 0
    Where
        c: c, (n,), integer; sampled in [-1, 20], the category of each row
        y: y, (n, k), written
    Variant
        To drop the first category, subtract 1 from c first.
    Source
        The document, section 2.1; scikit-learn, preprocessing.OneHotEncoder.
    Example
        >>> y = np.empty((3, 2))
        >>> one_hot(np.array([1, 0, -1]), y)
        >>> y.tolist()
        [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    y[:] = 0.0
    inside = (c >= 0) & (c < y.shape[1])
    y[inside.nonzero()[0], c[inside]] = 1.0


def leaves_out_first(categories: int, drop: str | None) -> bool:
    """Whether the first of so many categories is dropped."""
    return drop == "first" or (drop == "if_binary" and categories == 2)


def unseen(name: Any, value: Any, row: int, known: Sequence[Any]) -> ValueError:
    """Return the error for a category that `fit` has not seen; at most ten known ones are named."""
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return ValueError(
        f"column {name!r} holds {value!r} in row {row}, a category that was not seen in training (unknown categories); "
        f"known are {', '.join(repr(category) for category in known[:10])}{more}; "
        "--unknown ignore (in Python: handle_unknown='ignore') encodes such a category as zeros")


class OneHotEncoder(Transformer):
    """A column of 0 and 1 for each category of each column, as scikit-learn's with dense output.

    >>> OneHotEncoder().fit_transform([["a", 1], ["b", 3], ["a", 2]]).tolist()
    [[1.0, 0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0, 0.0]]
    """

    def __init__(self, *, drop: str | None = None, handle_unknown: str = "error") -> None:
        self.drop = drop
        self.handle_unknown = handle_unknown

    def fit(self, X: Any, y: Any = None) -> OneHotEncoder:
        """Fit ``categories_``: the distinct values of each column, sorted; a missing value is a category too."""
        checks.choice("drop", self.drop, DROPS)
        checks.choice("handle_unknown", self.handle_unknown, ("error", "ignore"))
        begin_fit(self, X)
        columns = _columns(X)
        self.n_features_in_ = len(columns)
        self.categories_ = [_categories(column, f"column {j}") for j, column in enumerate(columns)]
        self.drop_idx_ = None if self.drop is None else np.array(
            [0 if leaves_out_first(len(known), self.drop) else None for known in self.categories_], dtype=object)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the columns of 0 and 1; an unknown category is an error, or zeros with handle_unknown='ignore'."""
        check_is_fitted(self)
        columns = _columns(X)
        check_columns_of(self, X, len(columns))
        out = np.empty((len(columns[0]), sum(self._widths())))
        start = 0
        for codes, known, width in zip(self._codes(columns), self.categories_, self._widths(), strict=True):
            one_hot(codes - (len(known) - width), out[:, start : start + width])
            start += width
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return ``NAME_CATEGORY`` for each column of 0 and 1."""
        names = input_names(self, input_features)
        return np.array(
            [f"{name}_{category}" for name, known, width in zip(names, self.categories_, self._widths(), strict=True)
             for category in known[len(known) - width :]], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _widths(self) -> list[int]:
        return [len(known) - leaves_out_first(len(known), self.drop) for known in self.categories_]

    def _codes(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return for each column the index of each row's category, a number far below 0 for an unknown one."""
        found = []
        for j, (column, known) in enumerate(zip(columns, self.categories_, strict=True)):
            position = {_key(value): i for i, value in enumerate(known.tolist())}
            distinct, inverse = _distinct_values(column)
            codes = np.array([position.get(_key(value), -2) for value in distinct], dtype=np.int64)[inverse]
            if self.handle_unknown == "error" and (codes < 0).any():
                row = int((codes < 0).argmax())
                name = getattr(self, "feature_names_in_", range(len(columns)))[j]
                raise unseen(name, column[row : row + 1].tolist()[0], row, known.tolist())
            found.append(codes)
        return found


# Values of any kind ---------------------------------------------------------------------------------------------------


def _columns(X: Any) -> list[np.ndarray]:
    """Return the columns; those of a data frame keep their types."""
    if column_names(X) is not None:
        columns = [np.asarray(X[name]) for name in X.columns]
        if len(columns[0]) == 0:
            raise ValueError("X has 0 rows; it must have at least 1")
        return columns
    refuse_sparse(X)
    checks.refuse_masked("X", X)
    array = np.asarray(X)
    if array.dtype.kind == "U" and not isinstance(X, np.ndarray):
        array = np.asarray(X, dtype=object)  # a list of lists may hold numbers and texts
    check_two_dimensions(array)
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold numbers or texts")
    return list(array.T)


def _key(value: Any) -> Any:
    """Return the value itself, or one common object for every NaN, since NaN differs even from itself."""
    return _key if value is not None and _is_nan(value) else value


def _is_nan(value: Any) -> bool:
    return bool(value != value)  # only NaN differs from itself; np.isnan rejects texts


def _distinct_values(column: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Return the distinct values, and for each row the index of its value."""
    if column.dtype != object:
        distinct, inverse = np.unique(column, return_inverse=True)
        return distinct.tolist(), inverse
    position: dict[Any, int] = {}
    try:
        inverse = np.array([position.setdefault(_key(value), len(position)) for value in column], dtype=np.int64)
    except TypeError as problem:
        raise TypeError("a category of X is neither a text nor a number (argument must be a string or a number): "
                        f"{problem}") from None
    return [np.nan if value is _key else value for value in position], inverse


def _categories(column: np.ndarray, name: str) -> np.ndarray:
    """Return the distinct values, sorted; None and NaN come last."""
    if column.dtype != object:
        return np.unique(column)
    distinct, _ = _distinct_values(column)
    present = [value for value in distinct if value is not None and not _is_nan(value)]
    missing = [value for value in (None, np.nan) if any(_key(value) is _key(other) for other in distinct)]
    try:
        return np.array([*sorted(present), *missing], dtype=object)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in distinct})
        raise TypeError(
            f"{name} of X holds values of the types {kinds}; they must be uniformly strings or numbers: all of one "
            "kind") from None
