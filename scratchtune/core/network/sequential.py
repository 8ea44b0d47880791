"""A sequential model is a stack of layers, compiled with a loss and an optimizer, and trained by gradient descent.

Names, arguments and defaults are Keras's. All trainable parameters are one flat vector, `Sequential.theta`; the weights
that `get_weights` lists are parts of it.

Implements section 5 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import numpy as np
from tqdm import tqdm

from scratchtune.core import checks, interruption
from scratchtune.core.configured import Configured
from scratchtune.core.declared import exactly
from scratchtune.core.network import batches, engine, losses, optimizers, penalties
from scratchtune.core.network.activations import OURS
from scratchtune.core.network.callbacks import Callback, History
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.program import Program, build_layers, is_ours
from scratchtune.core.network.saving import Arrays, described, entry, real_array, remade, write_whole
from scratchtune.core.network.training import (
    HIGHER_IS_BETTER,
    MEASURES,
    Objective,
    Plan,
    Training,
    TrainingState,
    coordinate,
    measured,
)

MOST_STEPS = 2**53  # of an optimizer, and epochs: floats are exact up to here
FIT_ARGUMENTS = ("batch_size", "epochs", "class_weight", "shuffle", "validation_split")
LAYER_ARGUMENTS = {"dropout": "rate", "units": "units", "activation": "activation"}  # of all hidden layers that have it
TRAINING = ("optimizer", "loss", "metrics", "label_smoothing", "delta", "penalty", "step", "epochs")  # of a file
MOST_ROW = 2**27  # numbers: inputs, outputs and workspace of all layers for one row, 512 MB in float32


class Input(Configured):
    """The shape of a row of inputs, as the first entry of a `Sequential`, which is then built at once; Keras's name."""

    is_in_a_model = False

    def __init__(self, shape: Sequence[int]) -> None:
        if not isinstance(shape, (tuple, list)) or not shape:
            raise TypeError(f"shape is {shape!r}; it must be a tuple such as (features,) or (height, width, channels)")
        self.shape = tuple(checks.integer("shape", size, 1) for size in shape)

    def check_change(self, name: str) -> None:
        """Refuse it once the entry is in a model, which is built for this shape."""
        if self.is_in_a_model:
            raise AttributeError(f"{name} of {self!r} is set, which a model begins with; make another model")


class Sequential:
    """A stack of layers, which may begin with an `Input`; Keras's `Sequential`.

    ``dtype`` is "float32" or "float64"; ``seed`` decides the first weights, the order of the rows and dropout.
    """

    @checks.refusing
    def __init__(self, layers: Iterable[Layer | Input] = (), dtype: str = "float32", seed: int = 0) -> None:
        self.dtype = checks.choice("dtype", dtype, ("float32", "float64"))
        self.seed = checks.integer("seed", seed, 0, 2**63 - 1)
        self.layers: list[Layer] = []
        self.stop_training = False
        self.optimizer: optimizers.Optimizer | None = None
        self._program: Program | None = None
        self._training_state = TrainingState()
        self._input: list[Input] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Layer | Input) -> None:
        """Append a layer; a model whose first entry is an `Input` is built with it."""
        if isinstance(layer, Input):
            if self.layers or self._input:
                raise ValueError(f"layers holds {layer!r} after {[*self._input, *self.layers][-1]!r}; an Input must be "
                                 "the first entry")
            layer.is_in_a_model = True
            self._input.append(layer)
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"layers holds {layer!r}; it must hold layers such as Dense(64, activation='relu')")
        if layer.is_in_a_model:
            raise ValueError(f"layers holds {layer!r}, which is in a model already; make another, or use its fresh()")
        layer.is_in_a_model = True
        self.layers.append(layer)
        self._program = None
        if self._input:
            self.build((None, *self._input[0].shape))

    # What it is made of -----------------------------------------------------------------------------------------------

    @checks.refusing
    def compile(
        self, optimizer: str | optimizers.Optimizer = "rmsprop", loss: str | losses.Loss = "mean_squared_error",
        metrics: Sequence[str] | None = (), penalty: penalties.L1L2 | None = None,
    ) -> None:
        """Set a copy of the optimizer, without steps and moments, the loss, the metrics and the penalty."""
        if isinstance(metrics, str):
            raise TypeError(f"metrics is {metrics!r}; it must be a list of names, such as [{metrics!r}]")
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        self.metrics = [checks.choice("metrics", metric, MEASURES) for metric in metrics or ()]
        self.penalty = penalties.given(penalty) or penalties.L1L2()
        self._training_state = TrainingState()

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Draw the weights for rows of shape ``input_shape[1:]``; `fit` does it where it was not called."""
        self._build(self._new_program(input_shape))

    def _new_program(self, input_shape: Sequence[int | None]) -> Program:
        """The layers built for rows of shape ``input_shape[1:]``, without weights."""
        if not self.layers:
            raise ValueError("layers is empty; a model must have at least one layer")
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise ValueError(
                f"input_shape is {input_shape!r}; it must be a tuple of None and the shape of a row, such as "
                "(None, features) or (None, height, width, channels)")
        shape = tuple(checks.integer("input_shape", size, 1) for size in tuple(input_shape)[1:])
        return Program(self.layers, shape, self.dtype, self.seed)

    def _build(self, program: Program) -> None:
        """Draw the weights of a program, which is this model's from now on."""
        program.draw_weights()
        self._program, self._training_state = program, TrainingState()

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._program is not None

    @property
    def program(self) -> Program:
        """The built layers, laid out for the engine."""
        if self._program is None:
            raise ValueError("the model has no weights yet; call build with None and the shape of a row, such as "
                             "(None, features) or (None, height, width, channels), or fit first")
        return self._program

    @property
    def theta(self) -> np.ndarray:
        """All trainable parameters, (P,): a view that may be written."""
        return self.program.theta

    @theta.setter
    def theta(self, values: Any) -> None:
        """Write all parameters, so that ``model.theta -= alpha * gradient`` updates the model."""
        theta = self.program.theta
        if values is theta:  # written in place already
            return
        given = checks.targets("theta", values)
        if given.shape != theta.shape:
            raise ValueError(f"theta has shape {given.shape}; it must have the shape {theta.shape}")
        theta[:] = given

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a row of inputs."""
        return self.program.input_shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of a row of outputs."""
        return self.program.output_shape

    @property
    def optimizer_step(self) -> int:
        """How many updates the optimizer has made since it was compiled."""
        return self._training_state.step

    @property
    def epochs_done(self) -> int:
        """How many epochs the model has been trained since it was compiled."""
        return self._training_state.epochs

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights: kernel (inputs, units), bias (units,), ..., layer by layer; then moving averages."""
        return self.program.get_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights by arrays of the shapes that `get_weights` gives."""
        self.program.set_weights(weights)

    def get_state(self) -> dict[str, np.ndarray]:
        """Copies of all that training continues from: theta, moving averages, the optimizer's slots, steps, epochs."""
        counts = {"step": np.array(self.optimizer_step), "epochs": np.array(self.epochs_done)}
        return {name: array.copy() for name, array in self._memory().items()} | counts

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue, bit for bit, from the `get_state` of a model with the same layers, optimizer and dtype.

        The rows' order and dropout depend on the seed and the epoch, so the seed must be the same too.
        """
        memory = self._memory()
        wanted = {name: array.shape for name, array in memory.items()} | {"step": (), "epochs": ()}
        given = {name: np.shape(array) for name, array in state.items()}
        if given != wanted:
            raise ValueError(f"state has the shapes {given}; they must be {wanted}")
        self._set_counts(*(np.asarray(state[name]).item() for name in ("step", "epochs")))
        for name, array in memory.items():
            array[:] = state[name]

    def _memory(self) -> dict[str, np.ndarray]:
        """The arrays that a training continues from."""
        links = self._compiled().chain(self.program.ranges())
        slots = self._training_state.allocated(links, self.dtype)
        return {"theta": self.program.theta, "state": self.program.state, "slots": slots}

    def _set_counts(self, step: Any, epochs: Any) -> None:
        """Continue from so many steps and epochs."""
        state = self._training_state
        state.step = checks.integer("step", step, 0, MOST_STEPS)
        state.epochs = checks.integer("epochs", epochs, 0, MOST_STEPS)

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(map(str, [*self._input, *self.layers]))}])"

    def summary(self) -> None:
        """Print the layers, the shapes of their outputs and their numbers of parameters."""
        total = self.theta.size
        width = max(36, *(len(str(layer)) + 2 for layer in self.layers))
        print(f"{'Layer':<{width}}{'Output shape':<20}{'Parameters':>12}")
        for layer in self.layers:
            count = sum(engine.parameter_count(stage) for stage in layer.stages())
            print(f"{str(layer):<{width}}{str((None, *layer.output_shape)):<20}{count:>12,}")
        print(f"{'Total':<{width + 20}}{total:>12,}")

    # Training ---------------------------------------------------------------------------------------------------------

    @checks.refusing
    def fit(
        self, X: Any, y: Any, batch_size: int = 32, epochs: int = 1, verbose: int = 1,
        callbacks: Sequence[Callback] | None = (), validation_split: float = 0.0, validation_data: Any = None,
        shuffle: bool = True, class_weight: dict[int, float] | None = None, sample_weight: Any = None,
        executor: Any = None, workers: int = 2,
    ) -> History:
        """Train for ``epochs`` passes over the rows, an update a batch; return the history.

        X is (n, features) or (n, ...), y holds labels, one-hot rows or values. A second call continues from where the
        first one ended. ``verbose=1`` shows a progress bar where that takes over two seconds. With an ``executor``, of
        `concurrent.futures` or alike, each batch is divided among so many ``workers`` of it (see
        `scratchtune.interop.distributed`).
        """
        optimizer = self._compiled()
        program, data = self._data(X, y, sample_weight)
        plan = Plan(checks.integer("batch_size", batch_size, 1), checks.integer("epochs", epochs, 1),
                    checks.boolean("shuffle", shuffle))
        data, held_out = self._split(data, validation_split, validation_data, program)
        data = data._replace(weight=data.weight * batches.class_weights(data.target, class_weight))
        plan = plan._replace(batch_size=min(plan.batch_size, len(data.x)))
        if not self.built:
            self._build(program)
        self._warn_without_probabilities()
        names = ["loss", *self.metrics]
        self.measured = names + [f"val_{name}" for name in names if held_out is not None]
        history = History()
        watchers = [*(callbacks or ()), history]  # last: it records what callbacks add to the values
        for watcher in watchers:
            if not isinstance(watcher, Callback):
                raise TypeError(f"callbacks holds {watcher!r}; it must hold callbacks such as EarlyStopping()")
        for watcher in watchers:
            watcher.model = self
            watcher.on_train_begin()
        training = Training(self._objective(), optimizer, self._training_state, self.metrics, self.seed)
        rows = batches.engine_rows(data, self.dtype)
        measured_rows = None if held_out is None else batches.engine_rows(held_out, self.dtype)
        with nullcontext() if executor is None else closing(coordinate(
                training.objective, rows, plan.batch_size, executor, workers)) as coordinator:
            history.diverged = self._train(training, rows, measured_rows, plan, watchers, coordinator, bool(verbose))
        if not history.diverged:
            training.keep_average()
        for watcher in watchers:
            watcher.on_train_end()
        return history

    def _train(
        self, training: Training, rows: engine.Rows, held_out: engine.Rows | None, plan: Plan,
        watchers: Sequence[Callback], coordinator: Any, show: bool,
    ) -> bool:
        """Train for the plan's epochs, or until a callback sets ``stop_training``; return whether the loss diverged."""
        self.stop_training = False
        alone = current_thread() is main_thread()  # bars of trainings in several threads would overwrite each other
        hidden = None if show and alone else True  # None: where the output is no terminal
        bar = tqdm(total=plan.epochs, desc="training", unit="epoch", delay=2, disable=hidden, leave=False)
        with bar, np.errstate(over="ignore", invalid="ignore"):
            for number in range(plan.epochs):
                interruption.check()
                logs = training.epoch(number, rows, plan, coordinator)
                if logs is None:
                    for watcher in watchers:
                        watcher.on_divergence(number)
                    return True
                with training.averaged():
                    if held_out is not None:
                        logs |= training.validated(held_out)
                    for watcher in watchers:
                        watcher.on_epoch_end(number, logs)
                loss = logs["loss"]
                bar.update()
                if not bar.disable:
                    bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
                if self.stop_training:
                    break
            training.warn_if_risen(rows, loss)
        return False

    def _split(
        self, data: engine.Rows, split: float, given: Any, program: Program,
    ) -> tuple[engine.Rows, engine.Rows | None]:
        """Return the training set and the validation set, which is ``given`` or the last fraction of the rows."""
        if given is None:
            return batches.split_off_validation(data, split)
        checks.real("validation_split", split, 0.0, 1.0, open_high=True)
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError(f"validation_data is a {type(given).__name__}; it must be a tuple (X, y)")
        X = self._inputs(given[0], "validation_data X")
        if X.shape[1:] != data.x.shape[1:]:
            raise ValueError(f"validation_data X has rows of shape {X.shape[1:]}; X has {data.x.shape[1:]}")
        target = self._targets(given[1], program, len(X), "validation_data y")
        weights = batches.sample_weights(given[2] if len(given) == 3 else None, len(X), "validation_data weights")
        return data, engine.Rows(X, target, weights)

    # Using it ---------------------------------------------------------------------------------------------------------

    @checks.refusing
    def predict(self, X: Any, batch_size: int | None = None, verbose: int = 0) -> np.ndarray:
        """The network's outputs, (n, outputs): probabilities after softmax or sigmoid. ``verbose`` changes nothing.

        Raises ValueError where an output is not finite, as after a training that has diverged.
        """
        outputs = self.program.outputs(batches.flat_rows(self._inputs(X), self.dtype), batch_size)
        return checks.finite_outputs(outputs, None if self.optimizer is None else self.optimizer.learning_rate)

    def __call__(self, X: Any, training: bool = False, key: int = 0) -> np.ndarray:
        """The outputs for X; with ``training`` those of training, where ``key`` draws dropout and augmentation."""
        if not training:
            return self.predict(X)
        key = checks.integer("key", key, 0, 2**64 - 1)
        return self.program.outputs_in_training(batches.flat_rows(self._inputs(X), self.dtype), key)

    @checks.refusing
    def evaluate(self, X: Any, y: Any, sample_weight: Any = None, verbose: int = 0) -> dict[str, float]:
        """The loss, which includes the penalty as in training, and the metrics, in evaluation mode."""
        rows = self._evaluated(X, y, sample_weight)
        return {"loss": self._objective().value(rows)} | measured(self.program, rows, self.metrics)

    def score(self, X: Any, y: Any) -> float:
        """Return the first metric of `compile`, or minus the loss, with its sign such that larger is better."""
        rows = self._evaluated(X, y)
        if not self.metrics:
            return -self._objective().value(rows)
        first = self.metrics[0]
        value = measured(self.program, rows, [first])[first]
        return value if first in HIGHER_IS_BETTER else -value

    def objective(self, X: Any, y: Any) -> float:
        """J(theta): the mean loss over the rows plus the penalty, in evaluation mode."""
        rows = self._evaluated(X, y)
        return self._objective().value(rows)

    def gradient(self, X: Any, y: Any) -> np.ndarray:
        """grad J(theta), (P,): the gradient of `objective`."""
        rows = self._evaluated(X, y)
        return self._objective().gradient(rows)

    # Copies -----------------------------------------------------------------------------------------------------------

    def fresh(self, seed: int | None = None) -> Sequential:
        """Return an untrained copy: the same layers, compiled alike, with the same seed or another one."""
        layers: list[Layer | Input] = [*self._input, *(layer.fresh() for layer in self.layers)]
        copy = Sequential(layers, self.dtype, self.seed if seed is None else seed)
        if self.optimizer is not None:
            copy.compile(self.optimizer, self.loss, self.metrics, self.penalty)
        return copy

    def configured(self, params: dict[str, Any]) -> tuple[Sequential, dict[str, Any]]:
        """Return a fresh copy with some hyper-parameters set, and those of them that are arguments of fit.

        `configure` says which argument a name sets.
        """
        layers, optimizer, penalty, fit_arguments = configure(
            params, [layer.fresh() for layer in self.layers], self._compiled(), self.penalty)
        copy = Sequential([*self._input, *layers], self.dtype, self.seed)
        copy.compile(optimizer, self.loss, self.metrics, penalty)
        return copy, fit_arguments

    # Files ------------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the model, its weights and the optimizer's slots to an .npz file; nothing in it is executable."""
        write_whole(Path(path), "network", *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what `save` writes, and `unpacked` reads: a description of the model, as JSON, and its arrays."""
        arrays = {"theta": self.program.theta, "state": self.program.state}
        header: dict[str, Any] = {"dtype": self.dtype, "seed": self.seed, "input_shape": list(self.input_shape),
                                  "layers": [described(layer) for layer in self.layers], "training": None}
        for name, array in arrays.items():  # refuse to write what could not be read
            real_array(name, array, array.shape, self.dtype)
        if self.optimizer is not None:
            header["training"] = {
                "optimizer": described(self.optimizer), "loss": self.loss.name, "metrics": self.metrics,
                "label_smoothing": self.loss.label_smoothing, "delta": self.loss.delta,
                "penalty": described(self.penalty), "step": self.optimizer_step, "epochs": self.epochs_done,
            }
            if self._training_state.slots is not None:
                arrays["slots"] = self._training_state.slots
        return header, arrays

    # Guards -----------------------------------------------------------------------------------------------------------

    def check_data(self, X: Any, y: Any) -> None:
        """Raise what `fit` would raise for these data, and do nothing else."""
        self._compiled()
        self._data(X, y)

    def _compiled(self) -> optimizers.Optimizer:
        """Return the optimizer of a compiled model."""
        if self.optimizer is None:
            raise ValueError("the model is not compiled; call compile(optimizer=..., loss=...) first")
        return self.optimizer

    def _objective(self) -> Objective:
        return Objective(self.program, self.loss, self.penalty)

    def _data(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Program, engine.Rows]:
        """The program, for a model that is not built a new one; and the data, checked."""
        X = self._inputs(X)
        program = self._program or self._new_program((None, *X.shape[1:]))
        target = self._targets(y, program, len(X))
        return program, engine.Rows(X, target, batches.sample_weights(sample_weight, len(X)))

    def _inputs(self, X: Any, name: str = "X") -> np.ndarray:
        X = batches.checked_inputs(X, self.dtype, None if self._program is None else self._program.input_shape, name)
        for first in self.layers[:1]:
            first.check_inputs(name, X)
        return X

    def _targets(self, y: Any, program: Program, rows: int, name: str = "y") -> np.ndarray:
        return batches.encoded_targets(y, self.loss, program.output_shape, rows, self.dtype, name)

    def _evaluated(self, X: Any, y: Any, sample_weight: Any = None) -> engine.Rows:
        """Rows to evaluate, checked; the model is built for them."""
        self._compiled()
        program, data = self._data(X, y, sample_weight)
        if not self.built:
            self._build(program)
        return batches.engine_rows(data, self.dtype)

    def _warn_without_probabilities(self) -> None:
        """Warn if a loss of probabilities gets outputs without softmax or sigmoid."""
        last = self.program.stages[-1]
        gives = isinstance(last, Activation) and (last.name in ("softmax", "sigmoid") or last.name not in OURS)
        lacks_any = is_ours(last) and not gives and self.loss.name not in last.fused_losses
        if lacks_any and self.loss.targets in ("classes", "probabilities"):
            fitting = "softmax" if self.loss.targets == "classes" else "sigmoid"
            what, advice = f"the last layer is {type(last).__name__}", f"add Activation({fitting!r})"
            if isinstance(last, Dense):
                what = f"the last layer's activation is {last.activated.name!r}"
                advice = f"give the layer activation={fitting!r}"
            checks.warn(f"{what}; {self.loss.name} takes probabilities, {advice}")


def unpacked(header: dict[str, Any], arrays: Arrays) -> Sequential:
    """Make the model that `Sequential.packed` has described."""
    model = Sequential(
        [remade(Layer, layer) for layer in _list("layers", entry(header, "layers"))], entry(header, "dtype"),
        entry(header, "seed"))
    shape = _list("input_shape", entry(header, "input_shape"))
    parameters, kept = _sizes_of(model.layers, shape)  # before they are allocated: a file may claim any size
    theta = real_array("theta", entry(arrays, "theta"), (parameters,), model.dtype)
    state = real_array("state", entry(arrays, "state"), (kept,), model.dtype)
    model._program = model._new_program((None, *shape))
    model.program.theta[:], model.program.state[:] = theta, state
    model.program.check_state()
    training = entry(header, "training")
    if training is not None:
        told = exactly("training", training, TRAINING)
        model.compile(
            remade(optimizers.Optimizer, told["optimizer"]), _stored_loss(told), told["metrics"],
            remade(penalties.L1L2, told["penalty"]))
        model._set_counts(told["step"], told["epochs"])
        if told["step"] or "slots" in arrays:
            slots = model._memory()["slots"]
            slots[:] = real_array("slots", entry(arrays, "slots"), slots.shape, model.dtype, finite=False)
    return model


def _stored_loss(told: dict[str, Any]) -> losses.Loss:
    """The loss of a file's training, with its label smoothing or its delta; a ValueError if it has none of that."""
    loss = losses.get(told["loss"])
    if told["delta"] != loss.delta:
        loss = losses.Huber(told["delta"])
    elif told["label_smoothing"] != loss.label_smoothing:
        loss = losses.CategoricalCrossentropy(told["label_smoothing"])
    if loss.name != told["loss"]:
        raise ValueError(f"its loss is {told['loss']!r} with the arguments of {loss.name!r}")
    return loss


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is {value!r}; it must be a list")
    return value


def _sizes_of(layers: list[Layer], input_shape: Sequence[int]) -> tuple[int, int]:
    """Count the layers' parameters, and their numbers of state; a ValueError if one row needs absurdly much memory."""
    build_layers(layers, input_shape)
    stages = [stage for layer in layers for stage in layer.stages()]
    row = math.prod(input_shape) + sum(math.prod(stage.output_shape) + stage.work_size(1) for stage in stages)
    if row > MOST_ROW:
        raise ValueError(f"input_shape is {input_shape}, so that one row needs {row:,} numbers; a network from a file "
                         f"may need at most {MOST_ROW:,}")
    kept = sum(math.prod(part) for stage in stages for part in stage.state_shapes())
    return sum(engine.parameter_count(stage) for stage in stages), kept


# Hyper-parameters by name ---------------------------------------------------------------------------------------------


def configure(
    params: Mapping[str, Any], layers: list[Layer], optimizer: optimizers.Optimizer, penalty: penalties.L1L2,
) -> tuple[list[Layer], optimizers.Optimizer, penalties.L1L2, dict[str, Any]]:
    """Return fresh layers, an optimizer and a penalty with hyper-parameters set by name, and the arguments of fit.

    A name is looked up among the arguments of the optimizer, then of fit, then of the penalty (l1, l2), then dropout,
    units and activation, which are set in all hidden layers that have them. An unknown name is a ValueError.
    """
    layers = list(layers)
    of_optimizer, of_fit, of_penalty = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for name, value in params.items():
        if name in optimizer.arguments():
            of_optimizer[name] = value
        elif name in FIT_ARGUMENTS:
            of_fit[name] = checks.integer(name, value, 1) if name in ("batch_size", "epochs") else value
        elif name in ("l1", "l2"):
            of_penalty[name] = value
        elif not (name in LAYER_ARGUMENTS and _set_in_layers(layers, LAYER_ARGUMENTS[name], value)):
            known = _known(layers, optimizer)
            meant = checks.nearest(name, known) or f"; its parameters are {', '.join(known)}"
            raise ValueError(f"parameter {name!r} is unknown to this model{meant}")
    if of_penalty:
        penalty = penalties.L1L2(**{"l1": penalty.l1, "l2": penalty.l2, "biases": penalty.biases, **of_penalty})
    return layers, optimizer.fresh(**of_optimizer), penalty, of_fit


def _set_in_layers(layers: list[Layer], argument: str, value: Any) -> bool:
    """Set an argument of all hidden layers that have it, but no activation before an `Activation`; False if none."""
    having = [i for i, layer in enumerate(_hidden(layers)) if argument in layer.arguments()]
    if argument == "activation":
        having = [i for i in having if isinstance(layers[i], Activation) or not _is_followed_by_activation(layers, i)]
    for i in having:
        layers[i] = layers[i].fresh(**{argument: value})
    return bool(having)


def _hidden(layers: list[Layer]) -> list[Layer]:
    """The layers before the output layer, which is the last one that has units or filters, or if none has, the last."""
    with_units = [i for i, layer in enumerate(layers) if {"units", "filters"} & set(layer.arguments())]
    return layers[: with_units[-1] if with_units else len(layers) - 1]


def _is_followed_by_activation(layers: list[Layer], i: int) -> bool:
    """Whether an `Activation` follows layer i before the next layer with units or filters does."""
    for layer in layers[i + 1 :]:
        if isinstance(layer, Activation):
            return True
        if {"units", "filters"} & set(layer.arguments()):
            break
    return False


def _known(layers: list[Layer], optimizer: optimizers.Optimizer) -> list[str]:
    """Return the names that this model accepts."""
    hidden = {argument for layer in _hidden(layers) for argument in layer.arguments()}
    in_layers = [name for name, argument in LAYER_ARGUMENTS.items() if argument in hidden]
    return [*optimizer.arguments(), *FIT_ARGUMENTS, "l1", "l2", *in_layers]
