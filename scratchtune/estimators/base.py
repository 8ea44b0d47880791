"""What both estimators share: the network that the arguments describe, its training, early stopping, and its file.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators.columns import (
    NUMERIC_EMBEDDINGS,
    category_columns,
    category_layers,
    numeric_layers,
    with_known_codes,
)
from scratchtune.estimators.rates import check_rates, rate_factors, scheduled, weight_decay_of, with_constant_rate
from scratchtune.estimators.rows import SCALERS, fitted_scaler, merged, seed_from, with_weight
from scratchtune.estimators.stored import KEPT, as_json, check_scaler, from_json, listed
from scratchtune.evaluation.splits import train_test_split
from scratchtune.network import sequential
from scratchtune.network.activations import ACTIVATIONS
from scratchtune.network.callbacks import Callback, Deadline, EarlyStopping
from scratchtune.network.configured import Configured
from scratchtune.network.layers import (
    Activation,
    BatchEnsembleDense,
    CategoryEmbedding,
    Dense,
    Dropout,
    GaussianNoise,
    Layer,
    MemberDense,
    MemberMean,
    ParametricActivation,
    PeriodicEmbedding,
    PiecewiseEmbedding,
    RepeatMembers,
    Scaling,
)
from scratchtune.network.layers.parametric_activation import KERNELS as PARAMETRIC
from scratchtune.network.losses import Loss
from scratchtune.network.optimizers import SGD, Adam, Optimizer, RMSprop
from scratchtune.network.penalties import L1L2
from scratchtune.network.program import Program
from scratchtune.network.saving import Arrays, described, real_array, remade, text_list, write_whole
from scratchtune.network.sequential import Sequential

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}
ARGUMENTS_OF: dict[type[Layer], str] = {  # the argument that requests a layer
    PeriodicEmbedding: "numeric_embedding", PiecewiseEmbedding: "numeric_embedding", Scaling: "scaling_layer",
    ParametricActivation: "parametric_activation"}
MOST_MEMBERS = 1000
MOST_LAYERS = 1000  # hidden layers: far more than any table needs, and few enough to be built and compiled


class MLP(protocol.Parameters):
    """The base class of both estimators; the arguments are described at `MLPClassifier`.

    A subclass's `fit` checks the arguments (`check_arguments`) and the data, and calls `train`. That splits off a
    validation set for early stopping, merges duplicate rows, fits the scalers, builds the network and trains it.
    A subclass may override `strata`, `fit_scalers` and `scaled_target`.
    """

    model_: Sequential
    n_features_in_: int
    loss: str
    output_activation: str
    kind: str
    deadline: float | None = None  # of time.monotonic: training ends after the epoch that passes it

    def __init__(
        self, hidden_layers: int = 1, units: int | Sequence[int] = 64, activation: str = "relu", dropout: float = 0.0,
        optimizer: str = "adam", learning_rate: Any = 0.003, momentum: float = 0.9, decay: float = 0.0,
        batch_size: int = 32, epochs: int = 20, l1: float = 0.0, l2: float = 0.0, weight_decay: Any = "auto",
        scale: str | None = "standard", augment: float | None = None, early_stopping: bool = False,
        dtype: str = "float32", random_state: Any = None, validation_fraction: float = 0.1, patience: int = 10,
        verbose: int = 1, schedule: str | None = None, averaging: float | None = None,
        layer_rates: Mapping[str, float] | None = None, numeric_embedding: str | None = None, embedding_dim: int = 4,
        frequency_scale: float = 0.1, categorical_features: Any = None, scaling_layer: bool = False,
        parametric_activation: bool = False, members: int = 1,
    ) -> None:
        self.hidden_layers = hidden_layers
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.decay = decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.l1 = l1
        self.l2 = l2
        self.weight_decay = weight_decay
        self.scale = scale
        self.augment = augment
        self.early_stopping = early_stopping
        self.dtype = dtype
        self.random_state = random_state
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.verbose = verbose
        self.schedule = schedule
        self.averaging = averaging
        self.layer_rates = layer_rates
        self.numeric_embedding = numeric_embedding
        self.embedding_dim = embedding_dim
        self.frequency_scale = frequency_scale
        self.categorical_features = categorical_features
        self.scaling_layer = scaling_layer
        self.parametric_activation = parametric_activation
        self.members = members

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

    def _input_layers(self, X: np.ndarray, weight: np.ndarray) -> list[Layer]:
        """Of scaled training rows: vectors of categories, noise, embeddings of numbers, and scales."""
        columns = self._code_columns
        noise: list[Layer] = [GaussianNoise(self.augment)] if self.augment else []
        numeric = numeric_layers(
            X, weight, columns, self.numeric_embedding, self.embedding_dim, self.frequency_scale)
        scaling: list[Layer] = [Scaling()] if self.scaling_layer else []
        return [*category_layers(X, columns), *noise, *numeric, *scaling]

    def _hidden_layer(self, units: int, first: bool) -> list[Layer]:
        if self.parametric_activation or self.members > 1:
            dense = Dense(units) if self.members == 1 else BatchEnsembleDense(units, random_signs=first)
            kind = ParametricActivation if self.parametric_activation else Activation
            return [dense, kind(self.activation)]
        return [Dense(units, activation=self.activation)]

    def _layers(self, X: np.ndarray, weight: np.ndarray, outputs: int) -> list[Layer]:
        """What `_input_layers` returns, hidden layers each with its dropout, and the output layer."""
        layers = self._input_layers(X, weight)
        layers += [RepeatMembers(self.members)] if self.members > 1 else []
        for i, units in enumerate(self.hidden_units()):
            layers += self._hidden_layer(units, i == 0)
            if self.dropout:
                layers.append(Dropout(self.dropout))
        if self.members > 1:
            return [*layers, MemberDense(outputs), MemberMean(self.output_activation)]
        return [*layers, Dense(outputs, activation=self.output_activation)]

    def _network(self, X: np.ndarray, weight: np.ndarray, outputs: int, steps: int | None) -> Sequential:
        model = Sequential(self._layers(X, weight, outputs), self.dtype, self._seed)
        model.build((None, X.shape[1]))
        optimizer = self._optimizer(len(X), steps, model.program)
        model.compile(optimizer, self.training_loss(), penalty=L1L2(self.l1, self.l2))
        return model

    def training_loss(self) -> str | Loss:
        """The loss that the network is trained on."""
        return self.loss

    def _optimizer(self, rows: int = 1, steps: int | None = None, program: Program | None = None) -> Optimizer:
        options: dict[str, Any] = {"momentum": self.momentum} if self.optimizer == "sgd" else {}
        if self.averaging is not None:
            options |= {"use_ema": True, "ema_momentum": self.averaging}
        if self.layer_rates is not None and program is not None:
            options["rate_factors"] = rate_factors(self.layer_rates, program)
        return OPTIMIZERS[self.optimizer](
            learning_rate=scheduled(self.schedule, self.learning_rate, steps), decay=self.decay,
            weight_decay=weight_decay_of(self.weight_decay, self.batch_size, rows), **options)

    def check_arguments(self) -> None:
        """Check every argument before any work."""
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.choice("activation", self.activation, ACTIVATIONS)
        self._check_layer_arguments()
        checks.choice("scale", self.scale, [*SCALERS, None])
        checks.choice("dtype", self.dtype, ("float32", "float64"))
        for name in ("batch_size", "epochs", "patience"):
            checks.integer(name, getattr(self, name), 1)
        if self.augment is not None:
            checks.real("augment", self.augment, 0.0)
        checks.real("dropout", self.dropout, 0.0, 1.0, open_high=True)
        checks.real("momentum", self.momentum, 0.0, 1.0, open_high=True)
        if self.averaging is not None:
            checks.real("averaging", self.averaging, 0.0, 1.0, open_high=True)
        check_rates(self.learning_rate, self.schedule, self.layer_rates)
        self._optimizer()
        L1L2(self.l1, self.l2)
        checks.boolean("early_stopping", self.early_stopping)
        checks.real("validation_fraction", self.validation_fraction, 0.0, 1.0, open_low=True, open_high=True)
        self.hidden_units()

    def _check_layer_arguments(self) -> None:
        """Check the arguments of the layers for tables."""
        checks.choice("numeric_embedding", self.numeric_embedding, NUMERIC_EMBEDDINGS)
        checks.integer("embedding_dim", self.embedding_dim, 2)
        checks.real("frequency_scale", self.frequency_scale, 0.0, open_low=True)
        category_columns(self.categorical_features)
        if checks.integer("members", self.members, 1, MOST_MEMBERS) > 1 and self.activation == "softmax":
            raise ValueError(f"members is {self.members} and activation is 'softmax', which takes one vector; it must "
                             "be another activation, or members=1")
        checks.boolean("scaling_layer", self.scaling_layer)
        if checks.boolean("parametric_activation", self.parametric_activation):
            checks.choice("parametric_activation is True, and activation", self.activation, PARAMETRIC)

    # Training --------------------------------------------------------------------------------------------------------

    @property
    def seed_(self) -> int:
        """The seed of the network: ``random_state`` if it is an integer, else the one that was drawn by `fit`."""
        return self._seed

    @property
    def weight_decay_(self) -> float:
        """The weight decay of the training: ``weight_decay``, or the number that "auto" has given."""
        assert self.model_.optimizer is not None
        return self.model_.optimizer.weight_decay

    def train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int) -> None:
        """Fit the scalers and a fresh network on rows (n, features), targets (n,) or (n, k) and weights (n,)."""
        self._seed = seed_from(self.random_state)
        X, target, weight = with_weight(X, target, weight)
        validation = None
        if self.early_stopping:
            (X, Xv), (target, tv), (weight, wv) = self._validation_split(X, target, weight)
            validation = Xv, tv, wv
        rows = self._merged_if_one_batch(X, target, weight)
        self.fit_scalers(*rows)
        if validation is not None:
            Xv, tv, wv = validation
            validation = self._scaled(Xv), self.scaled_target(tv), wv / wv.mean()
        self._build(rows[0], rows[2], outputs, steps=self.epochs * math.ceil(len(rows[0]) / self.batch_size))
        self._epochs(*rows, epochs=self.epochs, validation=validation)

    def train_one_epoch(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int, first: bool,
    ) -> None:
        """Continue training for one epoch on these rows; the ``first`` call fits the scalers and builds the network.

        The learning rate is constant, since the number of steps of a schedule is not known.
        """
        if first:
            self._seed = seed_from(self.random_state)
        rows = self._merged_if_one_batch(*with_weight(X, target, weight))
        if first:
            if len(X) == 1 and self.scale is not None:
                checks.warn("the first call of partial_fit has one row, to which the scaler is fitted; give it many")
            self.fit_scalers(*rows)
            self._build(rows[0], rows[2], outputs)
        elif self.schedule is not None:
            self.model_ = with_constant_rate(self.model_, self.learning_rate)
        self._epochs(*rows, epochs=1)

    def _merged_if_one_batch(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rows in a canonical order, if all are one batch and no noise or dropout treats them differently."""
        one_batch = len(X) <= self.batch_size and not self.augment and not self.dropout
        return merged(X, target, weight) if one_batch else (X, target, weight)

    def _build(self, X: np.ndarray, weight: np.ndarray, outputs: int, steps: int | None = None) -> None:
        self.model_ = self._network(self._scaled(X), weight, outputs, steps)
        self.history_: dict[str, list[float]] = {}

    def _epochs(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, epochs: int, validation: Any = None,
    ) -> None:
        """Continue training; weights are divided by their mean, so that their scale does not change the step size."""
        X, target = self._scaled(X), self.scaled_target(target)
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

    # Early stopping --------------------------------------------------------------------------------------------------

    def _validation_split(self, *arrays: np.ndarray) -> list[list[np.ndarray]]:
        """Split each array into a training part and a validation part for early stopping."""
        rows = len(arrays[0])
        held_out = math.ceil(self.validation_fraction * rows)
        if held_out == rows:
            raise ValueError(
                f"validation_fraction is {self.validation_fraction} and there are {rows} rows to train on, "
                "which leaves none; give more rows, or early_stopping=False")
        parts = train_test_split(
            *arrays, test_size=held_out, random_state=self._seed % 2**32,
            stratify=self.strata(arrays[1], min(held_out, rows - held_out)))
        return [parts[i : i + 2] for i in range(0, len(parts), 2)]

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The labels to stratify the validation split by, if each part has at least ``rows`` rows; None for none."""
        return None

    # Scaling ---------------------------------------------------------------------------------------------------------

    def fit_scalers(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Fit the scaler of X, and that of the targets where the estimator has one."""
        self.scaler_ = fitted_scaler(self.scale, X, weight)

    def scaled_target(self, target: np.ndarray) -> np.ndarray:
        """The targets as the network is trained on them."""
        return target

    def features(self, X: Any, fitting: bool) -> np.ndarray:
        """Return X as a finite matrix (n, features), in which the codes of missing categories are unknown ones."""
        if fitting:
            self._codes = category_columns(self.categorical_features)
        array = protocol.features(self, X, fitting, missing=bool(self._code_columns))
        return checks.matrix("X", with_known_codes(array, self._code_columns))

    @property
    def _code_columns(self) -> list[int]:
        """The columns of X that hold category codes, as they were in `fit`."""
        return vars(self).get("_codes", [])

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.asarray(X if self.scaler_ is None else self.scaler_.transform(X), self.dtype)
        if self._code_columns:
            scaled = scaled.copy()
            scaled[:, self._code_columns] = X[:, self._code_columns]
        if not np.isfinite(scaled).all():
            raise ValueError(
                f"X holds {np.abs(X).max():g}, too large for {self.dtype} with scale={self.scale!r}; scale X down first"
                + ", or set dtype='float64'" * (self.dtype == "float32"))
        return scaled

    # Predictions -----------------------------------------------------------------------------------------------------

    def outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs for each row, (n, outputs) float64."""
        if not hasattr(self, "model_"):
            raise protocol.not_fitted(self)
        outputs = self.model_.predict(self._scaled(self.features(X, fitting=False))).astype(np.float64)
        if not np.isfinite(outputs).all():
            raise ValueError(
                f"this {type(self).__name__} predicts {outputs[~np.isfinite(outputs)][0]}, since its training has "
                f"diverged; fit it with a smaller learning_rate than {self.learning_rate!r}")
        return outputs

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        write_whole(Path(path), "estimator", *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return a file's content: a header for JSON, and the arrays; `unpacked` restores the estimator."""
        if not hasattr(self, "model_"):
            raise protocol.not_fitted(self)
        self.check_units()  # do not write a file that could not be read
        network, arrays = self.model_.packed()
        params = {
            name: described(value) if isinstance(value, Configured) else listed(value)
            for name, value in self.get_params().items() if name not in ("random_state", "class_weight")}
        fitted_values = {name: as_json(value) for name, value in vars(self).items() if name in KEPT}
        return {"class": type(self).__name__, "params": params, "learnt": fitted_values, "network": network}, arrays

    @classmethod
    def unpacked(
        cls, params: dict[str, Any], fitted_values: dict[str, Any], network: dict[str, Any],
        arrays: Arrays,
    ) -> Any:
        """The fitted estimator that `packed` has described, from the parts of its header, and the arrays.

        Class weights and a random state are not stored.
        """
        estimator = cls(**{
            name: remade(Configured, value) if isinstance(value, dict) and "class" in value else value
            for name, value in params.items()})
        estimator.check_arguments()
        vars(estimator).update({name: from_json(fitted_values[name]) for name in KEPT if name in fitted_values})
        estimator.model_ = sequential.unpacked(network, arrays)
        estimator._codes = [
            column for layer in estimator.model_.layers if isinstance(layer, CategoryEmbedding)
            for column in layer.columns]
        estimator.check_fitted_values()
        estimator.check_units()
        return estimator

    def check_units(self) -> None:
        """Raise if the hidden layers do not have the units of the arguments, or other layers are not those requested.

        No other argument changes an array's shape.
        """
        kinds = (Dense, BatchEnsembleDense, MemberDense)
        units = [layer.units for layer in self.model_.layers if isinstance(layer, kinds)][:-1]
        if units != self.hidden_units():
            raise ValueError(
                f"units is {self.units!r} and hidden_layers is {self.hidden_layers}, and the hidden layers of the "
                f"fitted network have {units} units; set the arguments with which it was fitted, or fit it again")
        for layer in self.model_.layers:
            if isinstance(layer, RepeatMembers) and layer.members != self.members:
                raise ValueError(f"members is {self.members}, and the fitted network has {layer.members}; set the "
                                 "argument with which it was fitted, or fit it again")
            name = ARGUMENTS_OF.get(type(layer))
            if name is not None and getattr(self, name) in (None, False):
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, and the fitted network has the layer {type(layer).__name__}; "
                    "set the arguments with which it was fitted, or fit it again")
        if category_columns(self.categorical_features) != self._code_columns:
            raise ValueError(f"categorical_features is {self.categorical_features!r}, and the fitted network has codes "
                             f"in the columns {self._code_columns}; set the argument with which it was fitted, or fit "
                             "it again")

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file fit the network and have the types that `fit` gives them."""
        inputs = (checks.integer("n_features_in_", self.n_features_in_, 1),)
        if self.model_.input_shape != inputs:
            raise ValueError(f"n_features_in_ is {inputs[0]}; the network takes {self.model_.input_shape}")
        check_scaler("scaler_", self.scaler_, inputs)
        names = getattr(self, "feature_names_in_", None)
        if names is not None and len(text_list("feature_names_in_", list(names), different=False)) != inputs[0]:
            raise ValueError(f"feature_names_in_ has {len(names)} names; it must have {inputs[0]}")
        for name in ("n_iter_", "_seed"):
            checks.integer(name, getattr(self, name), 0)
        for name, values in self.history_.items():
            real_array(f"history_ of {name!r}", np.array(values), (len(values),), "float64", finite=False)

    # scikit-learn ----------------------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        return protocol.tags(self.kind, multi_output=self.kind == "regressor")

    @property
    def _estimator_type(self) -> str:
        return self.kind
