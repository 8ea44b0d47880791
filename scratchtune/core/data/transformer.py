"""A transformer is fitted to rows by `fit` and changes rows by `transform`: scikit-learn's protocol.

scikit-learn's Pipeline, ColumnTransformer and clone accept any object with these methods, so scikit-learn is not
imported here (its tags and its exception for an unfitted transformer are used only if it has been imported already).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.protocol import check_two_dimensions, column_names, refuse_sparse

CHUNK = 2**18  # numbers processed at a time: they fit into the cache, and no second copy of the table is needed


class Transformer(protocol.Parameters):
    """Base class of the transformers. A subclass stores its arguments unchanged; `fit` sets attributes like mean_."""

    n_features_in_: int
    feature_names_in_: np.ndarray

    fit: Callable[..., Any]
    transform: Callable[..., np.ndarray]

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Fit to ``X`` and transform it."""
        return self.fit(X, y, **fit_params).transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output columns: here those of the input columns."""
        return np.array(input_names(self, input_features), dtype=object)

    def __sklearn_tags__(self) -> Any:
        from sklearn import utils  # only scikit-learn calls this, so it is installed

        tags = utils.Tags(
            estimator_type=None, target_tags=utils.TargetTags(required=False),
            transformer_tags=utils.TransformerTags(preserves_dtype=["float64", "float32"]))
        tags.input_tags.allow_nan = True
        return tags


# What transformers share ----------------------------------------------------------------------------------------------


def begin_fit(transformer: Transformer, X: Any) -> None:
    """Discard the result of an earlier fit, and store the names of the columns of ``X`` if they have any."""
    for name in [name for name in vars(transformer) if name.endswith("_") and not name.startswith("_")]:
        delattr(transformer, name)
    names = column_names(X)
    if names is not None:
        transformer.feature_names_in_ = np.array(names, dtype=object)


def check_is_fitted(transformer: Transformer) -> None:
    """Raise a NotFittedError unless `fit` has been called."""
    if not hasattr(transformer, "n_features_in_"):
        raise protocol.not_fitted(transformer)


def input_names(transformer: Transformer, given: Any = None) -> list[str]:
    """Return the names of the input columns: those of `fit`, or those given, or x0, x1, ..."""
    check_is_fitted(transformer)
    known = getattr(transformer, "feature_names_in_", None)
    if given is None:
        return list(known) if known is not None else [f"x{i}" for i in range(transformer.n_features_in_)]
    given = list(given)
    if known is not None and given != list(known):
        raise ValueError(f"input_features is {given}; it must be the names seen in fit, {list(known)}")
    if len(given) != transformer.n_features_in_:
        raise ValueError(f"input_features has {len(given)} names; it must have {transformer.n_features_in_}")
    return given


# Matrices with missing values -----------------------------------------------------------------------------------------


def as_matrix(X: Any, name: str = "X") -> np.ndarray:
    """Return ``X`` as (n, columns) of float32 (if it is) or float64; NaN is a missing value, infinity an error.

    Raises
        TypeError for a sparse matrix or objects; ValueError for texts, not exactly two dimensions, or no rows.
    """
    refuse_sparse(X, name)
    array = _numbers(X, name)
    check_two_dimensions(array, name)
    for rows in chunks(array):
        broken = np.isinf(array[rows])
        if broken.any():
            i, j = (int(index) for index in np.argwhere(broken)[0])
            raise ValueError(
                f"{name} holds infinity, first at [{rows.start + i}, {j}]; every value must be a finite number or NaN")
    return array


def _numbers(X: Any, name: str) -> np.ndarray:
    checks.refuse_masked(name, X)
    try:
        array = np.asarray(X)
        if array.dtype.kind == "c":
            raise ValueError("Complex data not supported")
        return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    except OverflowError:
        raise checks.too_large(name) from None
    except (TypeError, ValueError) as problem:
        raise type(problem)(
            f"{name} can't be converted to numbers ({problem}); it must be a table of numbers, of shape (n, columns): "
            "encode texts first, as OneHotEncoder does") from None


def chunks(array: np.ndarray) -> Iterator[slice]:
    """Slices of rows that hold about `CHUNK` numbers each."""
    step = max(1, CHUNK // max(1, array.shape[1]))
    return (slice(start, start + step) for start in range(0, array.shape[0], step))


def in_chunks(scaler: Any, X: Any, formula: Callable[..., np.ndarray], *statistics: str) -> np.ndarray:
    """A formula of the rows and of a scaler's attributes ``statistics``, in chunks; in place unless it has ``copy``."""
    check_is_fitted(scaler)
    array = as_matrix(X)
    protocol.compare_columns(scaler, array.shape[1], column_names(X))
    out = array if not scaler.copy and array.flags.writeable else np.empty_like(array)
    given = [np.asarray(getattr(scaler, name), array.dtype) for name in statistics]
    for rows in chunks(array):
        out[rows] = formula(array[rows], *given)
    return out
