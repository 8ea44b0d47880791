"""A classifier: a network with softmax outputs that predicts the class of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.estimators.base import MLP
from scratchtune.core.estimators.labels import all_classes, check_classes
from scratchtune.core.estimators.supervised import Classifier, argument
from scratchtune.core.network.losses import CategoricalCrossentropy, Loss
from scratchtune.core.network.program import is_ours


@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(Classifier, MLP):
    """A network for classes: hidden layers, then softmax, trained on cross-entropy.

    Structure: ``hidden_layers`` of ``units`` each (a tuple: one number for each layer) with ``activation``.
    Optimizer: ``optimizer`` ("sgd", "rmsprop", "adam"), ``learning_rate``, ``momentum`` (for sgd only), ``decay``
    (inverse time decay of the learning rate, per step), ``batch_size`` (rows per update), ``epochs`` (passes over the
    rows), ``schedule`` of the learning rate over all steps of `fit` ("cosine" and "linear": down to 0; "cosine_log":
    RealMLP's four waves; None: constant), ``averaging`` (None, or the decay of a moving average of theta over the
    steps, such as 0.99: the average is evaluated for early stopping and is the result).
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
    ``random_state``: the same int gives the same bits; None draws a new seed. ``verbose=1`` shows a progress bar if
    training takes over two seconds. `scratchtune.tables.networks` has networks with more layers, for tables.

    After `fit`: ``classes_``, ``model_`` (the `Sequential`), ``history_``, ``n_iter_`` (epochs), ``scaler_``,
    ``weight_decay_`` (the number behind "auto"), ``n_features_in_``, and ``feature_names_in_`` if the table had names.

    Sample weights are divided by their mean. If all rows are one batch without noise, duplicate rows are merged, so
    that a weight of 2 gives the same bits as having the row twice
    (but not with ``early_stopping``, whose split may separate the two).
    """

    class_weight: Any = None
    label_smoothing: float = argument(0.0, checks.real, 0.0, 1.0, open_high=True)

    loss, output_activation = "categorical_crossentropy", "softmax"

    def training_loss(self) -> str | Loss:
        """Cross-entropy, with smoothed labels where ``label_smoothing`` says so."""
        return CategoricalCrossentropy(self.label_smoothing) if self.label_smoothing else self.loss

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> MLPClassifier:
        """Continue training for one epoch on these rows; the first call must name all ``classes``.

        The scaler is fitted on the rows of the first call only, so the first call should have many rows.
        """
        self.check_arguments()
        first = not self.__sklearn_is_fitted__()
        if first and classes is None:
            raise ValueError("classes is None; the first call of partial_fit must name all classes")
        with protocol.unchanged_by_failure(self):
            X, labels, weight = self.arrays_of(X, y, sample_weight, fitting=first)
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
            codes, weight = self.codes_and_weights(labels, weight)
            self.train_one_epoch(X, codes, weight, len(self.classes_), first)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``classes_``."""
        outputs = self.outputs(X)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file fit the network, the classes among them."""
        super().check_fitted_values()
        check_classes(self.classes_, self.model_.output_shape[0])
        last = self.model_.program.stages[-1]
        if is_ours(last) and self.loss not in last.fused_losses:
            raise ValueError(f"its network ends with {last}; that of a classifier must end with softmax")
