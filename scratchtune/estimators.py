"""An estimator builds and trains a network: every hyper-parameter is one flat, tunable argument.

`MLPClassifier` and `MLPRegressor` have scikit-learn's protocol. The four families of hyper-parameters are all here:
the optimizer's, the network's structure, regularisation, and the treatment of the data.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks, protocol
from scratchtune.data.scaling import EPSILON, MinMaxScaler, StandardScaler, too_large
from scratchtune.evaluation.splits import generator, train_test_split
from scratchtune.metrics import accuracy_score, class_labels, r2_score
from scratchtune.metrics.labels import rectangular
from scratchtune.network import sequential
from scratchtune.network.activations import ACTIVATIONS
from scratchtune.network.callbacks import Callback, EarlyStopping
from scratchtune.network.configured import Configured
from scratchtune.network.layers import Dense, Dropout, GaussianNoise, Layer
from scratchtune.network.optimizers import SGD, Adam, Optimizer, RMSprop
from scratchtune.network.penalties import L1L2
from scratchtune.network.saving import Member, described, entry, real_array, remade, text_list, write_whole
from scratchtune.network.sequential import Sequential
from scratchtune.search import Float, Int

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}
MOST_LAYERS = 1000  # hidden layers: far more than any table needs, and few enough to be built and compiled
SCALERS: dict[str, type[Any]] = {"standard": StandardScaler, "minmax": MinMaxScaler}


def balanced_weights(counts: np.ndarray) -> np.ndarray:
    """Class weights that give every class the same total weight.

    Formula [balanced_weights]
        wₖ = Σₖ[nₖ] / (#k · nₖ)
    Where
        n: counts, (k,), > 0, the number of rows of each class
    Returns
        w, (k,); the mean weight of a row is 1.
    Source
        King and Zeng (2001), "Logistic regression in rare events data"; scikit-learn, class_weight="balanced".
    Example
        >>> balanced_weights(np.array([3.0, 1.0])).tolist()
        [0.6666666666666666, 2.0]
    """
    return counts.sum() / (len(counts) * counts)


def seed_from(random_state: Any) -> int:
    """The seed of a network: a given integer, a draw from a generator, or a new seed for None."""
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(generator(random_state).randint(0, 2**31 - 1))
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return checks.integer("random_state", random_state, 0, 2**63 - 1)
    raise TypeError(
        f"random_state is {random_state!r} ({type(random_state).__name__}); it must be an integer, a "
        "numpy.random.RandomState or None")


def fitted_scaler(scale: str | None, X: np.ndarray, weight: np.ndarray, name: str = "X") -> Any:
    """The scaler with the given name, fitted on weighted rows; a range does not depend on weights."""
    if scale is None:
        return None
    scaler = SCALERS[scale]()
    try:
        return scaler.fit(X, sample_weight=weight / weight.mean()) if scale == "standard" else scaler.fit(X)
    except ValueError:  # the only possible error for finite rows
        raise too_large(name, X) from None


def counted(X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Only the rows with a weight above 0."""
    if not weight.any():
        raise ValueError("class_weight gives every row the weight 0; at least one must be above 0")
    weight = protocol.relative(weight)
    kept = slice(None) if weight.all() else weight > 0.0
    return X[kept], target[kept], weight[kept]


def merged(X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same rows in a canonical order, duplicates merged into one row with the sum of their weights.

    J on a full batch does not depend on the order of its rows, nor on whether a row occurs twice or has twice the
    weight; with this order the bits do not either.
    """
    rows = np.column_stack([X, target.reshape(len(X), -1)])
    _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return X[first], target[first], np.bincount(place.ravel(), weight)


def is_vector(y: Any) -> bool:
    """Whether there is one value per row, in one dimension or in a single column."""
    array = np.asarray(y)
    return array.ndim == 1 or array.shape[1] == 1


def class_labels_of(y: Any, rows: int) -> np.ndarray:
    """Class labels, (n,), from numbers, text or one-hot rows; a ValueError for anything else."""
    labels = class_labels("y", _labels("y", protocol.column_as_vector(rectangular("y", y))))
    if len(labels) != rows:
        raise ValueError(f"y has {len(labels)} rows and X has {rows}; they must be equal in number")
    return labels


def all_classes(classes: Any) -> np.ndarray:
    """The sorted, distinct labels given to the first `partial_fit`."""
    labels = _labels("classes", rectangular("classes", classes))
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"classes is {classes!r}; it must be a list of labels")
    return np.unique(labels)


def _labels(name: str, labels: np.ndarray) -> np.ndarray:
    """An array of labels, checked: finite integers or text."""
    if labels.dtype == object:
        labels = _of_one_kind(name, labels)
    if labels.dtype.kind == "c":
        raise ValueError(
            f"{name} holds complex numbers (Unknown label type: complex); labels must be integers or text")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(
            f"{name} holds NaN or infinity (Input {name} contains NaN or infinity); every label must be known")
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        raise ValueError(
            f"{name} is continuous, it holds {labels[labels != np.floor(labels)][0]:g}; a classifier takes labels: "
            "integers, text or one-hot rows (Unknown label type: continuous)")
    return labels


def _of_one_kind(name: str, labels: np.ndarray) -> np.ndarray:
    """Labels given as Python objects, as an array of text or of numbers."""
    are_text = [isinstance(label, str) for label in labels.flat]
    if all(are_text):
        return labels
    for label in labels.flat:
        if label is None or (np.isscalar(label) and label != label) or protocol.is_missing(label):
            raise ValueError(f"{name} holds {label!r} (Input {name} contains NaN); every label must be known")
    if any(are_text):
        raise ValueError(f"{name} holds text and numbers (Unknown label type: mixed); labels must be of one kind")
    try:
        return np.array(labels.tolist())
    except ValueError:
        raise ValueError(f"Unknown label type: {name} has rows of unequal length; it must hold labels, (n,)") from None


class _MLP(protocol.Parameters):
    """The base class of both estimators; the arguments are described at `MLPClassifier`.

    The steps of `fit`: `check_arguments`; the subclass's ``_checked`` converts X and y to numbers; `_train` splits off
    a validation set for early stopping; `_train_on` merges duplicate rows, fits the scalers and builds the network;
    `_epochs` trains it."""

    hidden_layers: int
    units: int | Sequence[int]
    activation: str
    dropout: float
    optimizer: str
    learning_rate: Any
    momentum: float
    decay: float
    batch_size: int
    epochs: int
    l1: float
    l2: float
    weight_decay: float
    scale: str | None
    augment: float | None
    early_stopping: bool
    validation_fraction: float
    patience: int
    dtype: str
    random_state: Any
    verbose: int

    model_: Sequential
    loss: str
    output_activation: str
    kind: str

    # The network -----------------------------------------------------------------------------------------------------

    def _layers(self, outputs: int) -> list[Layer]:
        """Noise on the inputs, hidden layers each with its dropout, and the output layer."""
        layers: list[Layer] = [GaussianNoise(self.augment)] if self.augment else []
        for units in self._hidden_units():
            layers.append(Dense(units, activation=self.activation))
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return [*layers, Dense(outputs, activation=self.output_activation)]

    def _hidden_units(self) -> list[int]:
        """The number of units of each hidden layer; a tuple also defines the number of layers."""
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

    def _network(self, inputs: int, outputs: int) -> Sequential:
        model = Sequential(self._layers(outputs), self.dtype, self._seed)
        model.compile(self._optimizer(), self.loss, penalty=L1L2(self.l1, self.l2))
        model.build((None, inputs))
        return model

    def _optimizer(self) -> Optimizer:
        momentum = {"momentum": self.momentum} if self.optimizer == "sgd" else {}
        return OPTIMIZERS[self.optimizer](
            learning_rate=self.learning_rate, decay=self.decay, weight_decay=self.weight_decay, **momentum)

    def check_arguments(self) -> None:
        """Check every argument before any work."""
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.choice("activation", self.activation, ACTIVATIONS)
        checks.choice("scale", self.scale, [*SCALERS, None])
        checks.choice("dtype", self.dtype, ("float32", "float64"))
        for name in ("batch_size", "epochs", "patience"):
            checks.integer(name, getattr(self, name), 1)
        if self.augment is not None:
            checks.real("augment", self.augment, 0.0)
        checks.real("dropout", self.dropout, 0.0, 1.0, open_high=True)
        checks.real("momentum", self.momentum, 0.0, 1.0, open_high=True)
        self._optimizer()
        L1L2(self.l1, self.l2)
        checks.boolean("early_stopping", self.early_stopping)
        checks.real("validation_fraction", self.validation_fraction, 0.0, 1.0, open_low=True, open_high=True)
        self._hidden_units()

    # Training --------------------------------------------------------------------------------------------------------

    def _train(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int) -> None:
        """Fit the scalers and a fresh network on rows (n, features), targets (n,) or (n, k) and weights (n,)."""
        self._seed = seed_from(self.random_state)
        X, target, weight = counted(X, target, weight)
        held_out = None
        if self.early_stopping:
            (X, Xv), (target, tv), (weight, wv) = self._inner_split(X, target, weight)
            held_out = Xv, tv, wv
        rows = self._batched(X, target, weight)
        self._fit_scalers(*rows)
        if held_out is not None:
            held_out = self._scaled(held_out[0]), self._scaled_target(held_out[1]), held_out[2] / held_out[2].mean()
        self._start(X.shape[1], outputs)
        self._epochs(*rows, epochs=self.epochs, held_out=held_out)

    def _train_on(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, outputs: int, first: bool) -> None:
        """One epoch on these rows; the first call fits the scalers and builds the network."""
        if first:
            self._seed = seed_from(self.random_state)
        rows = self._batched(*counted(X, target, weight))
        if first:
            if len(X) == 1 and self.scale is not None:
                checks.warn("the first call of partial_fit has one row, to which the scaler is fitted; give it many")
            self._fit_scalers(*rows)
            self._start(X.shape[1], outputs)
        self._epochs(*rows, epochs=1)

    def _batched(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rows in a canonical order, if all are one batch and no noise or dropout treats them differently."""
        one_batch = len(X) <= self.batch_size and not self.augment and not self.dropout
        return merged(X, target, weight) if one_batch else (X, target, weight)

    def _start(self, inputs: int, outputs: int) -> None:
        self.model_ = self._network(inputs, outputs)
        self.history_: dict[str, list[float]] = {}

    def _epochs(
        self, X: np.ndarray, target: np.ndarray, weight: np.ndarray, epochs: int, held_out: Any = None,
    ) -> None:
        """Continue training; weights are divided by their mean, so that their scale does not change the step size."""
        X, target = self._scaled(X), self._scaled_target(target)
        stop: list[Callback] = []
        if held_out is not None:
            stop = [EarlyStopping(patience=self.patience, restore_best_weights=True)]
        history = self.model_.fit(
            X, target, batch_size=self.batch_size, epochs=epochs, sample_weight=weight / weight.mean(),
            validation_data=held_out, callbacks=stop, verbose=self.verbose)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ = self.model_.epochs_done

    def _inner_split(self, *arrays: np.ndarray) -> list[list[np.ndarray]]:
        """Each array as a training part and a validation part for early stopping."""
        rows = len(arrays[0])
        held_out = math.ceil(self.validation_fraction * rows)
        if held_out == rows:
            raise ValueError(
                f"validation_fraction is {self.validation_fraction} and there are {rows} rows to train on; that "
                "leaves none, give more rows or early_stopping=False")
        parts = train_test_split(
            *arrays, test_size=held_out, random_state=self._seed % 2**32,
            stratify=self._strata(arrays[1], min(held_out, rows - held_out)))
        return [parts[i : i + 2] for i in range(0, len(parts), 2)]

    def _strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The labels to stratify the split by, if each part has at least so many rows."""
        return None

    def _fit_scalers(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        self.scaler_ = fitted_scaler(self.scale, X, weight)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.asarray(X if self.scaler_ is None else self.scaler_.transform(X), self.dtype)
        if not np.isfinite(scaled).all():
            raise ValueError(f"X holds {np.abs(X).max():g}, too large for {self.dtype} with scale={self.scale!r}")
        return scaled

    def _scaled_target(self, target: np.ndarray) -> np.ndarray:
        return target

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        write_whole(Path(path), "estimator", *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The content of a file: a header for JSON, and the arrays; `unpacked` restores the estimator."""
        if not hasattr(self, "model_"):
            raise protocol.not_fitted(self)
        check_units(self)  # do not write a file that could not be read
        network, arrays = self.model_.packed()
        params = {
            name: described(value) if isinstance(value, Configured) else value
            for name, value in self.get_params().items() if name not in ("random_state", "class_weight")}
        learnt = {name: _as_json(value) for name, value in vars(self).items() if name in KEPT}
        return {"class": type(self).__name__, "params": params, "learnt": learnt, "network": network}, arrays

    # Using it --------------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> np.ndarray:
        """The network's outputs for each row, (n, outputs) float64."""
        if not hasattr(self, "model_"):
            raise protocol.not_fitted(self)
        outputs = self.model_.predict(self._scaled(protocol.features(self, X, fitting=False))).astype(np.float64)
        if not np.isfinite(outputs).all():
            raise ValueError(
                f"this {type(self).__name__} gives {outputs[~np.isfinite(outputs)][0]}, its training has diverged; fit "
                f"it with a smaller learning_rate than {self.learning_rate!r}")
        return outputs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        return protocol.tags(self.kind, multi_output=self.kind == "regressor")

    @property
    def _estimator_type(self) -> str:
        return self.kind


class MLPClassifier(_MLP):
    """A network for classes: hidden layers, then softmax, trained on cross-entropy.

    Structure: ``hidden_layers`` of ``units`` each (a tuple: one number for each layer) with ``activation``.
    Optimizer: ``optimizer`` ("sgd", "rmsprop", "adam"), ``learning_rate``, ``momentum`` (for sgd only), ``decay``
    (inverse time decay of the learning rate, per step), ``batch_size`` (rows per update), ``epochs`` (passes over the
    rows).
    Regularisation: ``l1`` and ``l2`` on all of theta, ``weight_decay``, ``dropout`` after each hidden layer,
    ``early_stopping`` on a stratified ``validation_fraction`` of the training rows, after ``patience`` epochs without a
    smaller validation loss; the best weights are restored.
    Data: ``scale`` ("standard", "minmax", None), fitted on the training rows; ``augment``, the standard deviation of
    the noise that is added to scaled rows in training; ``class_weight``, a dict from labels to numbers, or "balanced":
    n / (classes x rows of the class), which gives rare classes more weight.
    ``random_state``: the same int gives the same bits; None draws a new seed. ``verbose=1`` shows a progress bar if
    training takes over two seconds.

    After `fit`: ``classes_``, ``model_`` (the `Sequential`), ``history_``, ``n_iter_`` (epochs), ``scaler_``,
    ``n_features_in_``, and ``feature_names_in_`` if the table had names.

    Sample weights are divided by their mean. If all rows are one batch without noise, duplicate rows are merged, so
    that a weight of 2 gives the same bits as having the row twice
    (but not with ``early_stopping``, whose split may separate the two).
    """

    loss, output_activation, kind = "categorical_crossentropy", "softmax", "classifier"

    def __init__(
        self, hidden_layers: int = 1, units: int | Sequence[int] = 64, activation: str = "relu", dropout: float = 0.0,
        optimizer: str = "adam", learning_rate: Any = 0.003, momentum: float = 0.9, decay: float = 0.0,
        batch_size: int = 32, epochs: int = 20, l1: float = 0.0, l2: float = 0.0, weight_decay: float = 0.0,
        scale: str | None = "standard", augment: float | None = None, early_stopping: bool = False,
        class_weight: Any = None, dtype: str = "float32", random_state: Any = None, validation_fraction: float = 0.1,
        patience: int = 10, verbose: int = 1,
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
        self.class_weight = class_weight
        self.dtype = dtype
        self.random_state = random_state
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train a fresh network on X (n, features) and the labels y (n,), numbers or text, or one-hot rows."""
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            X, labels, weight = self._checked(X, y, sample_weight, fitting=True)
            self.classes_ = np.unique(labels)
            codes = np.searchsorted(self.classes_, labels)
            weight = weight * self._class_weights(codes, weight)
            present = np.unique(codes[weight > 0.0])
            if len(present) < 2:
                only = self.classes_[present].tolist()
                raise ValueError(f"y holds one class only that counts, {only}; there must be at least two")
            self._train(X, codes, weight, len(self.classes_))
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
                raise ValueError(f"classes is {list(classes)}; the first call said {self.classes_.tolist()}")
            strangers = np.setdiff1d(labels, self.classes_)
            if strangers.size:
                raise ValueError(f"y holds {strangers.tolist()[0]!r}; the classes are {self.classes_.tolist()}")
            codes = np.searchsorted(self.classes_, labels)
            self._train_on(X, codes, weight * self._class_weights(codes, weight), len(self.classes_), first)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,)."""
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``classes_``."""
        outputs = self._outputs(X)
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
        X = protocol.features(self, X, fitting)
        labels = class_labels_of(y, len(X))
        return X, labels, protocol.weights(sample_weight, len(X))

    def _strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The classes, unless one of them or one of the parts has too few rows."""
        counts = np.unique(target, return_counts=True)[1]
        return target if counts.min() > 1 and len(counts) <= rows else None

    def _class_weights(self, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The weight of each row's class; for "balanced" a row with weight 2 counts as two rows of its class."""
        if self.class_weight is None:
            return np.ones(len(codes))
        counts = np.bincount(codes, weight, minlength=len(self.classes_))
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            of_class = balanced_weights(np.where(counts > 0.0, counts, counts.max()))
        elif isinstance(self.class_weight, dict):
            known = self.classes_.tolist()
            for label in self.class_weight:
                if label not in known:
                    raise ValueError(f"class_weight names the class {label!r}; the classes are {known}")
            of_class = np.array([
                checks.real(f"class_weight[{label!r}]", self.class_weight.get(label, 1.0), 0.0) for label in known])
        else:
            kind = ValueError if isinstance(self.class_weight, str) else TypeError
            raise kind(
                f"class_weight is {self.class_weight!r}; it must be a dict from labels to numbers, 'balanced' or None")
        return of_class[codes]


class MLPRegressor(_MLP):
    """A network for values: hidden layers, then a linear one, trained on the mean squared error.

    The arguments are those of `MLPClassifier`, except ``class_weight``. With ``scale`` y is scaled too in training, to
    standard deviation 1 ("minmax": to the range [0, 1]), and `predict` inverts it. y may have several columns.
    """

    loss, output_activation, kind = "mean_squared_error", "linear", "regressor"

    def __init__(
        self, hidden_layers: int = 1, units: int | Sequence[int] = 64, activation: str = "relu", dropout: float = 0.0,
        optimizer: str = "adam", learning_rate: Any = 0.003, momentum: float = 0.9, decay: float = 0.0,
        batch_size: int = 32, epochs: int = 20, l1: float = 0.0, l2: float = 0.0, weight_decay: float = 0.0,
        scale: str | None = "standard", augment: float | None = None, early_stopping: bool = False,
        dtype: str = "float32", random_state: Any = None, validation_fraction: float = 0.1, patience: int = 10,
        verbose: int = 1,
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train a fresh network on X (n, features) and the values y, (n,) or (n, outputs)."""
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            X, values, weight = self._checked(X, y, sample_weight, fitting=True)
            self.n_outputs_, self._one_dimensional = values.shape[1], is_vector(y)
            self._train(X, values, weight, values.shape[1])
        return self

    def _checked(self, X: Any, y: Any, sample_weight: Any, fitting: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, y as (n, outputs) and the weights."""
        protocol.required_target(self, y)
        X = protocol.features(self, X, fitting)
        y = checks.targets("y", y, len(X)).astype(np.float64)
        if y.ndim > 2:
            raise ValueError(f"y has shape {y.shape}; it must be (n,) or (n, outputs)")
        return X, y.reshape(len(y), -1), protocol.weights(sample_weight, len(X))

    def _fit_scalers(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        super()._fit_scalers(X, target, weight)
        self.target_scaler_ = fitted_scaler(self.scale, target, weight, "y")
        spans, rounding = np.ptp(target, axis=0), len(target) ** 2 * EPSILON * np.abs(target).max(axis=0)
        lost = (spans > rounding) & (np.ptp(self._scaled_target(target), axis=0) < 0.5)
        if self.scale is not None and lost.any():
            raise ValueError(
                f"y holds values that differ by {spans[lost][0]:g} at most, which scale={self.scale!r} treats as "
                "equal; multiply y by a large number")

    def _scaled_target(self, target: np.ndarray) -> np.ndarray:
        return target if self.target_scaler_ is None else self.target_scaler_.transform(target)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Continue training for one epoch on these rows; the scalers are fitted on the first call's rows only."""
        self.check_arguments()
        first = not hasattr(self, "model_")
        with protocol.unchanged_by_failure(self):
            X, values, weight = self._checked(X, y, sample_weight, fitting=first)
            if first:
                self.n_outputs_, self._one_dimensional = values.shape[1], is_vector(y)
            elif values.shape[1] != self.n_outputs_:
                raise ValueError(f"y has {values.shape[1]} columns; the first call's had {self.n_outputs_}")
            self._train_on(X, values, weight, values.shape[1], first)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The value of each row, (n,), or (n, outputs) if y had several columns."""
        outputs = self._outputs(X)
        if self.target_scaler_ is not None:
            outputs = self.target_scaler_.inverse_transform(outputs)
        return outputs[:, 0] if self._one_dimensional else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the share of the variance of y that the predictions explain."""
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))


# What to tune ---------------------------------------------------------------------------------------------------------


def default_space(rows: int) -> dict[str, Any]:
    """A space to search for an estimator's hyper-parameters, for a table with so many rows.

    The ranges are usual for tables, so that most configurations are sensible and some 30 trials find a good one: one or
    two hidden layers, matching ranges of the learning rate and the number of epochs (fewer for many rows), and
    penalties, dropout and noise from weak to strong, which a network needs that is trained for long. ``class_weight``
    is left to the user, since no score tells how important a class is.
    """
    rows = checks.integer("rows", rows, 1)
    few, many = int(np.clip(3e4 / rows, 3, 20)), int(np.clip(2e5 / rows, 10, 100))
    return {
        "learning_rate": Float(1e-3, 1e-2, log=True),
        "batch_size": [16, 32, 64],
        "epochs": Int(few, many, log=True),
        "hidden_layers": [1, 2],
        "units": Int(32, 256, log=True),
        "activation": ["relu", "tanh"],
        "dropout": Float(0.0, 0.5),
        "l2": Float(1e-5, 1e-2, log=True),
        "augment": Float(0.0, 0.5),
    }


# Files ----------------------------------------------------------------------------------------------------------------

# The fitted attributes apart from the network.
KEPT = ("classes_", "n_features_in_", "feature_names_in_", "n_outputs_", "_one_dimensional", "scaler_",
        "target_scaler_", "history_", "n_iter_", "_seed")
ESTIMATORS: dict[str, type[_MLP]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def unpacked(header: dict[str, Any], arrays: Mapping[str, np.ndarray | Member]) -> Any:
    """The fitted estimator of which ``packed`` is the content; class weights and a random state are not stored."""
    made, learnt = entry(header, "params"), entry(header, "learnt")
    kind = checks.choice("class", entry(header, "class"), ESTIMATORS)
    params = {name: remade(Configured, value) if isinstance(value, dict) else value for name, value in made.items()}
    estimator = ESTIMATORS[kind](**params)
    estimator.check_arguments()
    for name in KEPT:
        if name in learnt:
            setattr(estimator, name, _from_json(learnt[name]))
    estimator.model_ = sequential.unpacked(entry(header, "network"), arrays)
    _check_learnt(estimator)
    check_units(estimator)
    return estimator


def check_units(estimator: Any) -> None:
    """Raise if the hidden layers do not have the units of the arguments; no other argument changes an array's shape."""
    units = [layer.units for layer in estimator.model_.layers if isinstance(layer, Dense)][:-1]
    if units != estimator._hidden_units():
        raise ValueError(
            f"units is {estimator.units!r} and hidden_layers is {estimator.hidden_layers}, and the hidden layers of "
            f"the fitted network have {units} units; set the arguments with which it was fitted, or fit it again")


def _check_learnt(estimator: Any) -> None:
    """Raise unless the stored attributes fit the network and have the types that fitting gives."""
    inputs, outputs = (checks.integer("n_features_in_", estimator.n_features_in_, 1),), estimator.model_.output_shape
    if estimator.model_.input_shape != inputs:
        raise ValueError(f"n_features_in_ is {inputs[0]}; the network takes {estimator.model_.input_shape}")
    _check_scaler("scaler_", estimator.scaler_, inputs)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len(text_list("feature_names_in_", list(names), different=False)) != inputs[0]:
        raise ValueError(f"feature_names_in_ has {len(names)} names; it must have {inputs[0]}")
    for name in ("n_iter_", "_seed"):
        checks.integer(name, getattr(estimator, name), 0)
    for name, values in estimator.history_.items():
        real_array(f"history_ of {name!r}", np.array(values), (len(values),), "float64", finite=False)
    if estimator.kind == "classifier":
        _check_classes(estimator.classes_, outputs)
        return
    checks.boolean("_one_dimensional", estimator._one_dimensional)
    if (checks.integer("n_outputs_", estimator.n_outputs_, 1),) != outputs:
        raise ValueError(f"n_outputs_ is {estimator.n_outputs_}; the network gives {outputs}")
    _check_scaler("target_scaler_", estimator.target_scaler_, outputs)


def _check_classes(classes: Any, outputs: tuple[int, ...]) -> None:
    known = isinstance(classes, np.ndarray) and classes.shape == outputs
    if not known or not np.array_equal(all_classes(classes), classes):
        raise ValueError(f"classes_ is {classes!r}; it must hold {outputs[0]} different labels in order")


def _check_scaler(name: str, scaler: Any, shape: tuple[int, ...]) -> None:
    """Raise unless ``scaler`` is None, or a scaler with one finite number per column and its default arguments."""
    if scaler is None:
        return
    learnt = {StandardScaler: ("mean_", "var_", "scale_"), MinMaxScaler: ("scale_", "min_", "data_min_", "data_max_")}
    if type(scaler) not in learnt:
        raise ValueError(f"{name} is {scaler!r}; it must be a scaler or None")
    for part in learnt[type(scaler)]:
        array = getattr(scaler, part)
        narrow = isinstance(array, np.ndarray) and array.dtype == np.float32  # a range is in the type of the rows
        real_array(f"{name}.{part}", array, shape, "float32" if narrow else "float64")
    if scaler.n_features_in_ != shape[0] or (scaler.scale_ <= 0.0).any():
        raise ValueError(f"{name} has {scaler.n_features_in_!r} columns and the scales {scaler.scale_}; "
                         f"it must have {shape[0]}, and scales above 0")
    for argument, default in type(scaler)().get_params().items():
        if list(np.atleast_1d(getattr(scaler, argument))) != list(np.atleast_1d(default)):
            raise ValueError(f"{name} has {argument}={getattr(scaler, argument)!r}; it must be {default!r}")


def _as_json(value: Any) -> Any:
    """Arrays and scalers as plain data for JSON; floats are preserved exactly."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if type(value) in SCALERS.values():
        learnt = {name: _as_json(item) for name, item in vars(value).items() if not name.startswith("_")}
        return {"scaler": type(value).__name__, "learnt": learnt}
    return value


def _from_json(value: Any) -> Any:
    """The inverse of `_as_json`."""
    if isinstance(value, dict) and "array" in value:
        return np.array(value["array"], dtype=entry(value, "dtype"))
    if isinstance(value, dict) and "scaler" in value:
        known = {kind.__name__: kind for kind in SCALERS.values()}
        scaler = known[checks.choice("scaler", value["scaler"], known)]()
        for name, item in entry(value, "learnt").items():
            if name not in scaler.get_params() and (name.startswith("_") or not name.endswith("_")):
                raise ValueError(f"its {value['scaler']} has {name!r}, which none has")
            setattr(scaler, name, _from_json(item))
        return scaler
    return value
