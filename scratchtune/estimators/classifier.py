"""A classifier: a network with softmax outputs that predicts the class of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.base import MLP
from scratchtune.estimators.class_weights import weight_of_rows
from scratchtune.estimators.labels import all_classes, class_labels_of
from scratchtune.metrics import accuracy_score
from scratchtune.network.losses import CategoricalCrossentropy, Loss


class MLPClassifier(MLP):
    """A network for classes: hidden layers, then softmax, trained on cross-entropy.

    Structure: ``hidden_layers`` of ``units`` each (a tuple: one number for each layer) with ``activation``.
    Optimizer: ``optimizer`` ("sgd", "rmsprop", "adam"), ``learning_rate``, ``momentum`` (for sgd only), ``decay``
    (inverse time decay of the learning rate, per step), ``batch_size`` (rows per update), ``epochs`` (passes over the
    rows), ``schedule`` of the learning rate over all steps of `fit` ("cosine" and "linear": down to 0; "cosine_log":
    RealMLP's four waves; None: constant), ``averaging`` (None, or the decay of a moving average of theta over the
    steps, such as 0.99: the average is evaluated for early stopping and is the result), ``layer_rates`` (factors of the
    learning rate by group of weights, such as {"biases": 0.1, "first": 2.0, "last": 0.5}).
    Regularisation: ``l1`` and ``l2`` on all of theta, ``weight_decay`` (at each step theta loses the share
    ``learning_rate`` x ``weight_decay`` of itself; "auto": less for more batches per epoch, 0.1 for 42 and
    0.02 for 1,000, see `normalized_weight_decay`), ``dropout`` after each hidden layer,
    ``early_stopping`` on a stratified ``validation_fraction`` of the training rows, after ``patience`` epochs without a
    smaller validation loss; the best weights are restored. ``label_smoothing``, in [0, 1): the part of each label that
    is divided among all classes.
    Data: ``scale`` ("standard", "minmax", "robust": quartile ranges from the median, smoothly clipped, "quantile": to a
    normal distribution, None), fitted on the training rows; ``augment``, the standard deviation of the noise that is
    added to scaled rows in training; ``class_weight``, a dict from labels to numbers, or "balanced":
    n / (classes x rows of the class), which gives rare classes more weight.
    Layers for tables: ``categorical_features``, the indices of the columns of X that hold category codes 0, 1, ...,
    which are not scaled: at most 8 categories are one-hot columns, more are learned vectors of 8 numbers, and NaN or a
    code above those of `fit` is an unknown category (see `CategoryEmbedding`); ``numeric_embedding`` adds to each other
    column ``embedding_dim`` - 1 numbers: "periodic" makes them of waves with learned frequencies, which are initially
    normal with scale ``frequency_scale`` (see `PeriodicEmbedding`), "piecewise" of at most 16 bins with equally many
    training rows (see `PiecewiseEmbedding`), None adds none; ``scaling_layer``, a learned scale for each input of the
    first hidden layer, initially 1; ``parametric_activation``, a learned share of the activation in each hidden unit.
    Ensemble: ``members`` networks in one, which share the kernels of hidden layers and are trained on losses of their
    own; their predictions are averaged (see `BatchEnsembleDense`).
    ``random_state``: the same int gives the same bits; None draws a new seed. ``verbose=1`` shows a progress bar if
    training takes over two seconds.

    After `fit`: ``classes_``, ``model_`` (the `Sequential`), ``history_``, ``n_iter_`` (epochs), ``scaler_``,
    ``weight_decay_`` (the number behind "auto"), ``n_features_in_``, and ``feature_names_in_`` if the table had names.

    Sample weights are divided by their mean. If all rows are one batch without noise, duplicate rows are merged, so
    that a weight of 2 gives the same bits as having the row twice
    (but not with ``early_stopping``, whose split may separate the two).
    """

    loss, output_activation, kind = "categorical_crossentropy", "softmax", "classifier"

    def __init__(
        self, hidden_layers: int = 1, units: int | Sequence[int] = 64, activation: str = "relu", dropout: float = 0.0,
        optimizer: str = "adam", learning_rate: Any = 0.003, momentum: float = 0.9, decay: float = 0.0,
        batch_size: int = 32, epochs: int = 20, l1: float = 0.0, l2: float = 0.0, weight_decay: Any = "auto",
        scale: str | None = "standard", augment: float | None = None, early_stopping: bool = False,
        class_weight: Any = None, dtype: str = "float32", random_state: Any = None, validation_fraction: float = 0.1,
        patience: int = 10, verbose: int = 1, label_smoothing: float = 0.0, schedule: str | None = None,
        averaging: float | None = None, layer_rates: Mapping[str, float] | None = None,
        numeric_embedding: str | None = None, embedding_dim: int = 4, frequency_scale: float = 0.1,
        categorical_features: Any = None, scaling_layer: bool = False, parametric_activation: bool = False,
        members: int = 1,
    ) -> None:
        super().__init__(
            hidden_layers, units, activation, dropout, optimizer, learning_rate, momentum, decay, batch_size, epochs,
            l1, l2, weight_decay, scale, augment, early_stopping, dtype, random_state, validation_fraction, patience,
            verbose, schedule, averaging, layer_rates, numeric_embedding, embedding_dim, frequency_scale,
            categorical_features, scaling_layer, parametric_activation, members)
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    def check_arguments(self) -> None:
        """Check every argument before any work."""
        super().check_arguments()
        smoothing = checks.real("label_smoothing", self.label_smoothing, 0.0, 1.0, open_high=True)
        if smoothing and self.members > 1:
            raise ValueError(f"label_smoothing is {smoothing} and members is {self.members}; the losses of members "
                             "have no smoothed labels: set one of them to its default")

    def training_loss(self) -> str | Loss:
        """Cross-entropy, with smoothed labels where ``label_smoothing`` says so."""
        return CategoricalCrossentropy(self.label_smoothing) if self.label_smoothing else self.loss

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train a fresh network on X (n, features) and the labels y (n,), numbers or text, or one-hot rows."""
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            X, labels, weight = self._checked(X, y, sample_weight, fitting=True)
            self.classes_ = np.unique(labels)
            codes = np.searchsorted(self.classes_, labels)
            weight = weight * weight_of_rows(self.class_weight, self.classes_, codes, weight)
            present = np.unique(codes[weight > 0.0])
            if len(present) < 2:
                only = self.classes_[present].tolist()
                raise ValueError(
                    f"y holds one class, {only}, in the rows with weights above 0; it must hold at least two")
            self.train(X, codes, weight, len(self.classes_))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> MLPClassifier:
        """Continue training for one epoch on these rows; the first call must name all ``classes``.

        The scaler is fitted on the rows of the first call only, so the first call should have many rows.
        """
        self.check_arguments()
        first = not hasattr(self, "model_")
        if first and classes is None:
            raise ValueError("classes is None; the first call of partial_fit must name all classes")
        with protocol.unchanged_by_failure(self):
            X, labels, weight = self._checked(X, y, sample_weight, fitting=first)
            if first:
                self.classes_ = all_classes(classes)
            elif classes is not None and not np.array_equal(all_classes(classes), self.classes_):
                raise ValueError(
                    f"classes is {list(classes)}; omit it, or give those of the first call, {self.classes_.tolist()}")
            unknown = np.setdiff1d(labels, self.classes_)
            if unknown.size:
                raise ValueError(
                    f"y holds {unknown.tolist()[0]!r}; it must hold the classes of the first call, "
                    f"{self.classes_.tolist()}")
            codes = np.searchsorted(self.classes_, labels)
            weight = weight * weight_of_rows(self.class_weight, self.classes_, codes, weight)
            self.train_one_epoch(X, codes, weight, len(self.classes_), first)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,)."""
        outputs = self.outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``classes_``."""
        outputs = self.outputs(X)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy on X and y."""
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)

    def _checked(self, X: Any, y: Any, sample_weight: Any, fitting: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        protocol.required_target(self, y)
        X = self.features(X, fitting)
        labels = class_labels_of(y, len(X))
        return X, labels, protocol.weights(sample_weight, len(X))

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The classes, unless one of them or one of the parts has too few rows."""
        counts = np.unique(target, return_counts=True)[1]
        return target if counts.min() > 1 and len(counts) <= rows else None

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file fit the network, the classes among them."""
        super().check_fitted_values()
        known, outputs = self.classes_, self.model_.output_shape
        is_array = isinstance(known, np.ndarray) and known.shape == outputs
        if not is_array or not np.array_equal(all_classes(known), known):
            raise ValueError(f"classes_ is {known!r}; it must hold {outputs[0]} different labels in order")
