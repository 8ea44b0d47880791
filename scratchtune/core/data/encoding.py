"""Encoding turns categories into numbers: one column of 0 and 1 for each category.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.transformer import Transformer, as_matrix, begin_fit, check_is_fitted, input_names
from scratchtune.core.protocol import check_two_dimensions, column_names, refuse_sparse

DROPS = (None, "first", "if_binary")
MISSING = object()  # stands for every NaN where values are compared, since NaN differs even from itself

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


class OneHotEncoder(Transformer):
    """A column of 0 and 1 for each category of each column, as scikit-learn's with dense output.

    ``categories``: "auto" (those in `fit`, sorted), or a list of categories for each column. ``drop``: leave out the
    "first" category of each column, or that of columns with two ("if_binary"). ``handle_unknown``: a category that was
    not seen in `fit` is an "error", or, with "ignore", has zeros. ``sparse_output`` must be False.

    >>> OneHotEncoder().fit_transform([["a", 1], ["b", 3], ["a", 2]]).tolist()
    [[1.0, 0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0, 0.0]]
    """

    def __init__(
        self, *, categories: Any = "auto", drop: str | None = None, sparse_output: bool = False,
        handle_unknown: str = "error",
    ) -> None:
        self.categories = categories
        self.drop = drop
        self.sparse_output = sparse_output
        self.handle_unknown = handle_unknown

    def fit(self, X: Any, y: Any = None) -> OneHotEncoder:
        """Fit ``categories_``, an array for each column; a missing value (None, NaN) is a category too, the last.

        A ValueError for a bad argument, a TypeError where a column holds numbers and texts.
        """
        checks.choice("drop", self.drop, DROPS)
        checks.choice("handle_unknown", self.handle_unknown, ("error", "ignore"))
        if checks.boolean("sparse_output", self.sparse_output):
            raise ValueError("sparse_output is True; it must be False: the columns are a dense NumPy array, which "
                             "scipy.sparse.csr_matrix makes sparse")
        with protocol.unchanged_by_failure(self):
            begin_fit(self, X)
            columns = _columns(X)
            self.n_features_in_ = len(columns)
            self.categories_ = self._categories(columns)
            self._codes(columns)  # given categories must hold those of X
            self.drop_idx_ = None if self.drop is None else np.array(
                [0 if self._left_out(known) else None for known in self.categories_], dtype=object)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the columns of 0 and 1, (n, all categories); a ValueError for a category that was not seen in fit."""
        check_is_fitted(self)
        columns = _columns(X)
        protocol.compare_columns(self, len(columns), column_names(X))
        out = np.empty((len(columns[0]), sum(self._widths())))
        start = 0
        for codes, known, width in zip(self._codes(columns), self.categories_, self._widths(), strict=True):
            one_hot(codes - (len(known) - width), out[:, start : start + width])
            start += width
        return out

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the categories, (n, columns); zeros are the category that is left out, else None (unknown)."""
        check_is_fitted(self)
        encoded, widths = as_matrix(X), self._widths()
        if encoded.shape[1] != sum(widths):
            raise ValueError(f"X has {encoded.shape[1]} columns; it must have {sum(widths)}, as transform returns them")
        parts = np.split(encoded, np.cumsum(widths)[:-1], axis=1)
        columns = [self._decoded(part, known) for part, known in zip(parts, self.categories_, strict=True)]
        mixed = len({column.dtype.kind for column in columns} & {"U", "O"}) and len({c.dtype for c in columns}) > 1
        return np.stack([column.astype(object) if mixed else column for column in columns], axis=1)

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

    def _categories(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the categories of each column: those in it, or those given."""
        if isinstance(self.categories, str):
            checks.choice("categories", self.categories, ("auto",))
            return [_categories_in(column, f"column {j}") for j, column in enumerate(columns)]
        given = [np.array(list(known), dtype=_dtype_of(known)) for known in self.categories]
        if len(given) != len(columns):
            raise ValueError(f"categories has {len(given)} lists; X has {len(columns)} columns, and each needs one")
        for known in given:
            if not 0 < len(known) == len({_key(category) for category in known.tolist()}):
                raise ValueError(f"categories holds {known.tolist()}; each category of a column must occur once")
        return given

    def _left_out(self, known: np.ndarray) -> bool:
        return leaves_out_first(len(known), self.drop)

    def _widths(self) -> list[int]:
        return [len(known) - self._left_out(known) for known in self.categories_]

    def _codes(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return for each column the index of each row's category, a number far below 0 for an unknown one."""
        found = []
        for j, (column, known) in enumerate(zip(columns, self.categories_, strict=True)):
            position = {_key(category): i for i, category in enumerate(known.tolist())}
            distinct, inverse = _distinct_values(column)
            codes = np.array([position.get(_key(value), -2) for value in distinct], dtype=np.int64)[inverse]
            if self.handle_unknown == "error" and (codes < 0).any():
                row = int((codes < 0).argmax())
                name = getattr(self, "feature_names_in_", range(len(columns)))[j]
                raise _unseen(name, column[row : row + 1].tolist()[0], row, known.tolist())
            found.append(codes)
        return found

    def _decoded(self, part: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return the categories of one column from its columns of 0 and 1."""
        zeros = (part == 0).all(axis=1)
        place = np.column_stack([zeros, part]).argmax(axis=1)  # 0 for zeros, k for the k-th of the columns
        if self._left_out(known):
            return known[place]
        if not zeros.any():
            return known[place - 1]
        if self.handle_unknown == "error":
            raise ValueError(f"X holds only zeros for the categories {known.tolist()[:10]} in row {zeros.argmax()}; "
                             "one of them must be 1")
        return np.array([None, *known.tolist()], dtype=object)[place]


# Values of any kind ---------------------------------------------------------------------------------------------------


def _unseen(name: Any, value: Any, row: int, known: Sequence[Any]) -> ValueError:
    """Return the error for a category that `fit` has not seen; at most ten known ones are named."""
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return ValueError(
        f"column {name!r} holds {value!r} in row {row}, a category that was not seen in training (unknown categories); "
        f"known are {', '.join(repr(category) for category in known[:10])}{more}; handle_unknown='ignore' encodes such "
        "a category as zeros")


def _columns(X: Any) -> list[np.ndarray]:
    """Return the columns; those of a data frame keep their types."""
    if column_names(X) is not None and len(X):
        return [np.asarray(X[name]) for name in X.columns]
    refuse_sparse(X)
    checks.refuse_masked("X", X)
    array = np.asarray(X)
    if array.dtype.kind == "U" and not isinstance(X, np.ndarray):
        array = np.asarray(X, dtype=object)  # a list of lists may hold numbers and texts
    check_two_dimensions(array)
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold numbers or texts")
    return list(array.T)


def _dtype_of(known: Any) -> Any:
    """The type of given categories: that of an array, numbers as they are, texts and others as objects."""
    dtype = np.asarray(known).dtype
    return dtype if isinstance(known, np.ndarray) or dtype.kind in "bif" else object


def _key(value: Any) -> Any:
    """Return the value itself, or `MISSING` for NaN."""
    return MISSING if _is_nan(value) else value


def _is_nan(value: Any) -> bool:
    """Whether a value is NaN or pandas's NA; only NaN differs from itself, and np.isnan rejects texts."""
    return protocol.is_missing(value) or bool(value != value)


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
    return [np.nan if value is MISSING else value for value in position], inverse


def _categories_in(column: np.ndarray, name: str) -> np.ndarray:
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
