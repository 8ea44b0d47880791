"""Networks for tables: category codes and numbers are embedded, and an ensemble of networks shares its kernels.

`NetworkClassifier` and `NetworkRegressor` are `MLPClassifier` and `MLPRegressor` with the layers in `tables.layers`.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.data.quantiles import quantile_edges
from scratchtune.core.estimators.base import MLP
from scratchtune.core.estimators.classifier import MLPClassifier
from scratchtune.core.estimators.regressor import MLPRegressor
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.tables.layers.batch_ensemble import BatchEnsembleDense, MemberDense, MemberMean, RepeatMembers
from scratchtune.tables.layers.category_embedding import MOST_CODES, CategoryEmbedding
from scratchtune.tables.layers.number_embeddings import PeriodicEmbedding, PiecewiseEmbedding
from scratchtune.tables.layers.parametric_activation import KERNELS as PARAMETRIC
from scratchtune.tables.layers.parametric_activation import ParametricActivation

UNKNOWN = -1.0  # the code of a missing value
NUMERIC_EMBEDDINGS = (None, "periodic", "piecewise")
BINS = 16  # of each column, for piecewise linear embeddings
MOST_MEMBERS = 1000


@dataclass(eq=False, repr=False)
class Network(MLP):
    """What both classes share: their arguments, which `NetworkClassifier` describes, and the layers."""

    numeric_embedding: str | None = None
    categorical_features: Any = None
    parametric_activation: bool = False
    members: int = 1

    def check_arguments(self) -> None:
        """Check every argument before any work."""
        super().check_arguments()
        checks.choice("numeric_embedding", self.numeric_embedding, NUMERIC_EMBEDDINGS)
        category_columns(self.categorical_features)
        if checks.integer("members", self.members, 1, MOST_MEMBERS) > 1 and self.activation == "softmax":
            raise ValueError(f"members is {self.members} and activation is 'softmax', which takes one vector; it must "
                             "be another activation, or members=1")
        if checks.boolean("parametric_activation", self.parametric_activation):
            checks.choice("parametric_activation is True, and activation", self.activation, PARAMETRIC)

    def layers(self, X: np.ndarray, weight: np.ndarray, outputs: int) -> list[Layer]:
        """The layers of `MLP.layers`, with embeddings before the hidden ones, and members of an ensemble."""
        layers, alone = self.embedding_layers(X, weight), self.members == 1
        layers += [] if alone else [RepeatMembers(self.members)]
        for i, units in enumerate(self.hidden_units()):
            activation = (ParametricActivation if self.parametric_activation else Activation)(self.activation)
            if not alone:
                layers += [BatchEnsembleDense(units, random_signs=i == 0), activation]
            elif self.parametric_activation:
                layers += [Dense(units), activation]
            else:
                layers.append(Dense(units, activation=self.activation))
            layers += self.dropout_layer()
        if alone:
            return [*layers, Dense(outputs, activation=self.output_activation)]
        return [*layers, MemberDense(outputs), MemberMean(self.output_activation)]

    def embedding_layers(self, X: np.ndarray, weight: np.ndarray) -> list[Layer]:
        """Layers that embed codes (then numbers come first), add noise, embed numbers; ``weight`` is of the rows."""
        columns = category_columns(self.categorical_features)
        numeric = [column for column in range(X.shape[1]) if column not in columns]
        categories = [int(max(X[:, column].max(), 0.0)) + 1 for column in columns]
        layers: list[Layer] = [CategoryEmbedding(columns, categories)] if columns else []
        layers += self.noise_layer()
        if numeric and self.numeric_embedding == "piecewise":
            edges = [quantile_edges(X[:, column].astype(np.float64), weight, BINS) for column in numeric]
            layers.append(PiecewiseEmbedding(edges))
        elif numeric and self.numeric_embedding == "periodic":
            layers.append(PeriodicEmbedding(columns=len(numeric)))
        return layers

    def features(self, X: Any, fitting: bool) -> np.ndarray:
        """Return X as a finite matrix (n, features), in which the codes of missing categories are unknown ones."""
        if fitting:
            self._columns = category_columns(self.categorical_features)
        array = protocol.features(self, X, fitting, missing=bool(self._columns))
        return checks.matrix("X", with_known_codes(array, self._columns))

    def scaled(self, X: np.ndarray) -> np.ndarray:
        """Return the rows as the network gets them: only the numbers are scaled, not the codes."""
        scaled = super().scaled(X)
        if self._columns:
            scaled = scaled.copy()
            scaled[:, self._columns] = X[:, self._columns]
        return scaled

    @classmethod
    def unpacked(cls, *parts: Any) -> Any:
        """The fitted estimator that `packed` has described."""
        estimator = super().unpacked(*parts)
        estimator._columns = category_columns(estimator.categorical_features)
        return estimator


@dataclass(eq=False, repr=False)
class NetworkClassifier(Network, MLPClassifier):
    """A network for classes of a table's rows.

    Arguments: those of `MLPClassifier`, and these for more layers.
    ``categorical_features``, the indices of the columns of X that hold category codes 0, 1, ..., which are not scaled:
    at most 8 categories are one-hot columns, more are learned vectors of 8 numbers, and NaN or a code above those of
    `fit` is an unknown category (see `CategoryEmbedding`).
    ``numeric_embedding`` adds three numbers to each other column: "periodic" makes them of waves with learned
    frequencies (see `PeriodicEmbedding`), "piecewise" of at most 16 bins with equally many training rows (see
    `PiecewiseEmbedding`), None adds none.
    ``parametric_activation``: a learned share of the activation in each hidden unit.
    ``members`` networks in one, an ensemble, which share the kernels of hidden layers and are trained on losses of
    their own; their predictions are averaged (see `BatchEnsembleDense`).
    """

    def check_arguments(self) -> None:
        """Check every argument before any work."""
        super().check_arguments()
        if self.label_smoothing and self.members > 1:
            raise ValueError(f"label_smoothing is {self.label_smoothing} and members is {self.members}; the losses of "
                             "members have no smoothed labels: set one of them to its default")


@dataclass(eq=False, repr=False)
class NetworkRegressor(Network, MLPRegressor):
    """A network for values of a table's rows: the arguments of `MLPRegressor`, and those of `NetworkClassifier`."""


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
    """Return X (n, features) with `UNKNOWN` for missing values in these columns; all other codes must be integers."""
    if not columns:
        return X
    if max(columns) >= X.shape[1]:
        raise ValueError(f"categorical_features names the column {max(columns)}; X has {X.shape[1]} columns, "
                         f"so indices must be from 0 to {X.shape[1] - 1}")
    X = X.astype(np.float64)
    codes = X[:, columns]
    codes[np.isnan(codes)] = UNKNOWN
    wrong = (codes != np.floor(codes)) | (np.abs(codes) >= MOST_CODES)
    if wrong.any():
        row, index = np.argwhere(wrong)[0]
        raise ValueError(
            f"X holds {codes[row, index]:g} in row {row + 1} of column {columns[index]}, one of categorical_features; "
            f"it must hold the codes of categories, integers from 0 to {MOST_CODES - 1}")
    X[:, columns] = codes
    return X
