"""The columns of X as the network gets them: category codes are embedded, and numbers where that is requested.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.data.quantile_bins import quantile_edges
from scratchtune.network.layers import CategoryEmbedding, Layer, PeriodicEmbedding, PiecewiseEmbedding
from scratchtune.network.layers.embedding import MOST_TOKENS

UNKNOWN = -1.0  # the code of a missing value
NUMERIC_EMBEDDINGS = (None, "periodic", "piecewise")
BINS = 16  # of each column, for piecewise linear embeddings


def category_columns(categorical_features: Any) -> list[int]:
    """The indices that an estimator's argument names, as a list; a ValueError or TypeError if they are no indices."""
    if categorical_features is None:
        return []
    if isinstance(categorical_features, str) or np.ndim(categorical_features) != 1:
        raise TypeError(f"categorical_features is {categorical_features!r}; it must be None or a list of the indices "
                        "of columns of X")
    columns = [checks.integer("categorical_features", column, 0) for column in categorical_features]
    if len(set(columns)) < len(columns):
        raise ValueError(f"categorical_features is {columns}; each column must be in it once")
    return columns


def with_known_codes(X: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Return X (n, features) with `UNKNOWN` for missing values in these columns; raise for codes that are no integers.
    """
    if not columns:
        return X
    if max(columns) >= X.shape[1]:
        raise ValueError(f"categorical_features names the column {max(columns)}; X has {X.shape[1]} columns, "
                         f"so indices must be from 0 to {X.shape[1] - 1}")
    X = X.astype(np.float64)
    codes = X[:, columns]
    codes[np.isnan(codes)] = UNKNOWN
    wrong = (codes != np.floor(codes)) | (np.abs(codes) >= MOST_TOKENS)
    if wrong.any():
        row, index = np.argwhere(wrong)[0]
        raise ValueError(
            f"X holds {codes[row, index]:g} in row {row + 1} of column {columns[index]}, one of categorical_features; "
            f"it must hold the codes of categories, integers from 0 to {MOST_TOKENS - 1}")
    X[:, columns] = codes
    return X


def category_layers(X: np.ndarray, columns: Sequence[int]) -> list[Layer]:
    """The layer that embeds the codes in these columns of the training rows, if there are any."""
    if not columns:
        return []
    return [CategoryEmbedding(list(columns), [int(max(X[:, column].max(), 0.0)) + 1 for column in columns])]


def numeric_layers(
    X: np.ndarray, weight: np.ndarray, columns: Sequence[int], embedding: str | None, embedding_dim: int,
    frequency_scale: float,
) -> list[Layer]:
    """The layer that embeds the numeric columns, which come first in its inputs, if one is requested.

    ``X`` are the scaled training rows with weights (n,), and ``columns`` the categorical ones of their columns.
    """
    numeric = [column for column in range(X.shape[1]) if column not in columns]
    if embedding is None or not numeric:
        return []
    if embedding == "piecewise":
        edges = [quantile_edges(X[:, column].astype(np.float64), weight, BINS) for column in numeric]
        return [PiecewiseEmbedding(edges, embedding_dim)]
    return [PeriodicEmbedding(embedding_dim, frequency_scale=frequency_scale, columns=len(numeric))]
