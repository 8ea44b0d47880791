"""The network that an estimator's arguments describe, its training with early stopping, and its file.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.configured import known_classes
from scratchtune.core.estimators.rates import SCHEDULES, schedule_of, weight_decay_of, with_constant_rate
from scratchtune.core.estimators.rows import SCALERS, distinct_rows, fitted_scaler, seed_from, with_weight
from scratchtune.core.estimators.stored import (
    check_scaler,
    read_values,
    stored_arguments,
    stored_values,
    with_arguments,
)
from scratchtune.core.estimators.supervised import Estimator, argument
from scratchtune.core.network import sequential
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.callbacks import Callback, Deadline, EarlyStopping
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.layers.dropout import Dropout, GaussianNoise
from scratchtune.core.network.losses import Loss
from scratchtune.core.network.optimizers import SGD, Adam, Optimizer, RMSprop
from scratchtune.core.network.penalties import L1L2
from scratchtune.core.network.saving import Arrays, entry, real_array
from scratchtune.core.network.schedules import Schedule
from scratchtune.core.network.sequential import Sequential

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}
MOST_LAYERS = 1000  # hidden layers: far more than any table needs, and few enough to be built and compiled


@dataclass(eq=False, repr=False)
class MLP(Estimator):
    """The base class of estimators that train a network; the arguments are described at `MLPClassifier`.

    `train` splits off a validation set for early stopping, merges duplicate rows, fits the scalers, builds the network
    of `layers` and trains it. A subclass may override `layers`, `features`, `scaled`, `fit_scalers`, `scaled_target`.
    """

    hidden_layers: int = 1
    units: int | Sequence[int] = 64
    activation: str = argument("relu", checks.choice, ACTIVATIONS)
    _: KW_ONLY
    dropout: float = argument(0.0, checks.real, 0.0, 1.0, open_high=True)
    optimizer: str = argument("adam", checks.choice, OPTIMIZERS)
    learning_rate: Any = 0.003
    momentum: float = argument(0.9, checks.real, 0.0, 1.0, open_high=True)
    decay: float = 0.0
    batch_size: int = argument(32, checks.integer, 1)
    epochs: int = argument(20, checks.integer, 1)
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: Any = "auto"
    scale: str | None = argument("standard", checks.choice, [*SCALERS, None])
    augment: float | None = argument(None, checks.real, 0.0)
    early_stopping: bool = argument(False, checks.boolean)
    dtype: str = argument("float32", checks.choice, ("float32", "float64"))
    random_state: Any = None
    validation_fraction: float = argument(0.1, checks.real, 0.0, 1.0, open_low=True, open_high=True)
    patience: int = argument(10, checks.integer, 1)
    verbose: int = 1
    schedule: str | None = argument(None, checks.choice, [*SCHEDULES, None])
    averaging: float | None = argument(None, checks.real, 0.0, 1.0, open_high=True)

    loss: ClassVar[str]
    output_activation: ClassVar[str]
    file_kind = "estimator"
    kept: ClassVar[tuple[str, ...]] = ("scaler_", "history_")

    # The network -----------------------------------------------------------------------------------------------------

    def hidden_units(self) -> list[int]:
        """Return the number of units of each hidden layer; a tuple also defines the number of layers."""
        layers = checks.integer("hidden_layers", self.hidden_layers, 0, MOST_LAYERS)
        if isinstance(self.units, (tuple, list, np.ndarray)):
            units = [checks.integer("units", number, 1) for number in self.units]
            if not units:
                raise ValueError("units is empty; it must have at least one number (hidden_layers=0: no hidden layer)")
            if layers not in (1, len(units)):
                raise ValueError(
                    f"units is {tuple(units)} and hidden_layers is {layers}; a tuple has one number for each layer")
            return units
        return [checks.integer("units", self.units, 1)] * layers

    def layers(self, X: np.ndarray, weight: np.ndarray, outputs: int) -> list[Layer]:
        """The layers for scaled training rows with these weights: noise, hidden layers with dropout, the outputs."""
        hidden: list[Layer] = []
        for units in self.hidden_units():
            hidden += [Dense(units, activation=self.activation), *self.dropout_layer()]
        return [*self.noise_layer(), *hidden, Dense(outputs, activation=self.output_activation)]

    def noise_layer(self) -> list[Layer]:
        """The noise on scaled numbers, if ``augment`` requests it."""
        return [GaussianNoise(self.augment)] if self.augment else []

    def dropout_layer(self) -> list[Layer]:
        """The layer behind a hidden layer, if ``dropout`` requests it."""
        return [Dropout(self.dropout)] if self.dropout else []

    def _network(self, X: np.ndarray, weight: np.ndarray, outputs: int, steps: int | None) -> Sequential:
        model = Sequential(self.layers(X, weight, outputs), self.dtype, self.seed_)
        model.build((None, X.shape[1]))
        model.compile(self._optimizer(len(X), steps), self.training_loss(), penalty=L1L2(self.l1, self.l2))
        return model

    def _build(self, X: np.ndarray, weight: np.ndarray, outputs: int, steps: int | None = None) -> None:
        """Set ``model_``, an untrained network for these rows, and an empty ``history_``."""
        self.model_: Sequential = self._network(self.scaled(X), weight, outputs, steps)
        self.history_: dict[str, list[float]] = {}

    def training_loss(self) -> str | Loss:
        """The loss that the network is trained on."""
        return self.loss

    def _optimizer(self, rows: int = 1, steps: int | None = None) -> Optimizer:
        options: dict[str, Any] = {"momentum": self.momentum} if self.optimizer == "sgd" else {}
        if self.averaging is not None:
            options |= {"use_ema": True, "ema_momentum": self.averaging}
        return OPTIMIZERS[self.optimizer](
            learning_rate=schedule_of(self.schedule, self.learning_rate, steps), decay=self.decay,
            weight_decay=weight_decay_of(self.weight_decay, self.batch_size, rows), **options)

    def check_arguments(self) -> None:
        """Check every argument, and what they are together, before any work."""
        super().check_arguments()
        if self.schedule is not None and isinstance(self.learning_rate, Schedule):
            raise ValueError(f"schedule is {self.schedule!r} and learning_rate is {self.learning_rate!r}, which is a "
                             "schedule itself; give schedule=None, or a number as learning_rate")
        self._optimizer()
        L1L2(self.l1, self.l2)
        self.hidden_units()

    # Training --------------------------------------------------------------------------------------------------------

    @property
    def weight_decay_(self) -> float:
        """The weight decay of the training: ``weight_decay``, or the number that "auto" has given."""
        assert self.model_.optimizer is not None
        return self.model_.optimizer.weight_decay

    def train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int) -> None:
        """Fit the scalers and a fresh network on rows (n, features), targets (n,) or (n, k) and weights (n,)."""
        self.seed_ = seed_from(self.random_state)
        X, target, weight = with_weight(X, target, weight)
        validation = None
        if self.early_stopping:
            (X, Xv), (target, tv), (weight, wv) = self.validation_split(X, target, weight)
            validation = Xv, tv, wv
        rows = self._distinct_if_one_batch(X, target, weight)
        self.fit_scalers(*rows)
        if validation is not None:
            Xv, tv, wv = validation
            validation = self.scaled(Xv), self.scaled_target(tv), wv / wv.mean()
        self._build(rows[0], rows[2], outputs, steps=self.epochs * math.ceil(len(rows[0]) / self.batch_size))
        self._epochs(*rows, epochs=self.epochs, validation=validation)

    def train_one_epoch(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int, first: bool,
    ) -> None:
        """Continue training for one epoch on these rows; the ``first`` call fits the scalers and builds the network.

        The learning rate is constant, since the number of steps of a schedule is not known.
        """
        if first:
            self.seed_ = seed_from(self.random_state)
        rows = self._distinct_if_one_batch(*with_weight(X, target, weight))
        if first:
            if len(X) == 1 and self.scale is not None:
                checks.warn("the first call of partial_fit has one row, to which the scaler is fitted; give it many")
            self.fit_scalers(*rows)
            self._build(rows[0], rows[2], outputs)
        elif self.schedule is not None:
            self.model_ = with_constant_rate(self.model_, self.learning_rate)
        self._epochs(*rows, epochs=1)

    def _distinct_if_one_batch(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The `distinct_rows` if all are one batch, and no noise or dropout treats rows differently; else all rows."""
        one_batch = len(X) <= self.batch_size and not self.augment and not self.dropout
        return distinct_rows(X, target, weight) if one_batch else (X, target, weight)

    def _epochs(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, epochs: int, validation: Any = None,
    ) -> None:
        """Continue training; weights are divided by their mean, so that their scale does not change the step size."""
        X, target = self.scaled(X), self.scaled_target(target)
        callbacks: list[Callback] = []
        if validation is not None:
            callbacks = [EarlyStopping(patience=self.patience, restore_best_weights=True)]
        if self.deadline is not None:
            callbacks.append(Deadline(self.deadline))
        history = self.model_.fit(
            X, target, batch_size=self.batch_size, epochs=epochs, sample_weight=weight / weight.mean(),
            validation_data=validation, callbacks=callbacks, verbose=self.verbose)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ = self.model_.epochs_done

    # Scaling ---------------------------------------------------------------------------------------------------------

    def fit_scalers(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Fit the scaler of X, and that of the targets where the estimator has one."""
        self.scaler_ = fitted_scaler(self.scale, X, weight)

    def scaled_target(self, target: np.ndarray) -> np.ndarray:
        """The targets as the network is trained on them."""
        return target

    def features(self, X: Any, fitting: bool) -> np.ndarray:
        """Return X as a finite matrix (n, features); store the number and the names of its columns, or compare them."""
        return protocol.features(self, X, fitting)

    def scaled(self, X: np.ndarray) -> np.ndarray:
        """Return the rows as the network gets them, of its type; a ValueError if they are too large for it."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.asarray(X if self.scaler_ is None else self.scaler_.transform(X), self.dtype)
        if not np.isfinite(scaled).all():
            raise ValueError(
                f"X holds {np.abs(X).max():g}, too large for {self.dtype} with scale={self.scale!r}; scale X down first"
                + ", or set dtype='float64'" * (self.dtype == "float32"))
        return scaled

    # Predictions -----------------------------------------------------------------------------------------------------

    def outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs for each row, (n, outputs) float64."""
        self.check_is_fitted()
        return self.model_.predict(self.scaled(self.features(X, False))).astype(np.float64)

    # Files -----------------------------------------------------------------------------------------------------------

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a file's content: a header for JSON, and the arrays; `unpacked` restores the estimator."""
        self.check_is_fitted()
        network, arrays = self.model_.packed()
        return {"class": type(self).__name__, "params": stored_arguments(self), "learnt": stored_values(self),
                "network": network}, arrays

    @classmethod
    def unpacked(
        cls, params: dict[str, Any], fitted_values: dict[str, Any], network: dict[str, Any],
        arrays: Arrays,
    ) -> Any:
        """The fitted estimator that `packed` has described, from the parts of its header, and the arrays.

        Class weights and a random state are not stored.
        """
        estimator = with_arguments(cls, params)
        vars(estimator).update(read_values(cls, fitted_values))
        estimator.model_ = sequential.unpacked(network, arrays)
        estimator.check_fitted_values()
        return estimator

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file fit the network and have the types that `fit` gives them."""
        super().check_fitted_values()
        inputs = (self.n_features_in_,)
        if self.model_.input_shape != inputs:
            raise ValueError(f"n_features_in_ is {inputs[0]}; the network takes {self.model_.input_shape}")
        check_scaler("scaler_", self.scaler_, self.n_features_in_)
        for name, values in self.history_.items():
            real_array(f"history_ of {name!r}", np.array(values), (len(values),), "float64", finite=False)


def unpacked(header: dict[str, Any], arrays: Arrays) -> Any:
    """Make the fitted estimator from what `MLP.packed` returns: of a known subclass of `MLP` that has a loss."""
    params, fitted_values = entry(header, "params"), entry(header, "learnt")
    known = {name: kind for name, kind in known_classes(MLP).items() if hasattr(kind, "loss")}
    kind = known[checks.choice("class", entry(header, "class"), known)]
    return kind.unpacked(params, fitted_values, entry(header, "network"), arrays)
