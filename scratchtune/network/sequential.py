"""A sequential model is a stack of layers, compiled with a loss and an optimizer, and trained by gradient descent.

Names, arguments and defaults are Keras's. All trainable parameters are one flat vector, `Sequential.theta`; the weights
that `get_weights` lists are parts of it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import numpy as np
from tqdm import tqdm

from scratchtune import checks, interruption, jit
from scratchtune.network import engine, initializers, losses, optimizers, penalties
from scratchtune.network.callbacks import Callback, History
from scratchtune.network.distributed import Shared
from scratchtune.network.layers import Dense, Layer
from scratchtune.network.layers.activation import Activation
from scratchtune.network.measures import GROWING, MEASURES
from scratchtune.network.saving import Member, described, entry, real_array, remade, write_whole

EVALUATION_ROWS = 256  # rows at a time where nothing is trained
EVALUATION_NUMBERS = 2**22  # fewer rows where all values of all layers would be more numbers than these: images
FIT_ARGUMENTS = ("batch_size", "epochs", "class_weight", "shuffle", "validation_split")
MOST_STEPS = 2**53  # of an optimizer, and epochs: kernels count in 64 bits, and a float is exact up to here
PLACED_IN_LAYERS = {"dropout": "rate", "units": "units", "activation": "activation"}


_PREPARED: dict[str, set[jit.Kernel]] = {"float32": set(), "float64": set()}


_Data = tuple[np.ndarray, np.ndarray, np.ndarray]  # X, targets, weights


class DivergenceWarning(UserWarning):
    """A training was ended because its loss was no longer finite."""


class Sequential:
    """A stack of layers.

    ``dtype`` is "float32" or "float64"; ``seed`` decides the first weights, the order of the rows and dropout.
    """

    def __init__(self, layers: Iterable[Layer] = (), dtype: str = "float32", seed: int = 0) -> None:
        self.dtype = checks.choice("dtype", dtype, ("float32", "float64"))
        self.seed = checks.integer("seed", seed, 0, 2**63 - 1)
        self.layers: list[Layer] = []
        self.built = self.stop_training = False
        self.optimizer: optimizers.Optimizer | None = None
        for layer in layers:
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Put a layer on top."""
        if not isinstance(layer, Layer):
            raise TypeError(f"layers holds {layer!r}; it must hold layers such as Dense(64, activation='relu')")
        if layer.is_in_a_model:
            raise ValueError(f"layers holds {layer!r}, which is in a model already; make another, or use its fresh()")
        layer.is_in_a_model = True
        self.layers.append(layer)
        self.built = False

    # What it is made of -----------------------------------------------------------------------------------------------

    def compile(
        self, optimizer: str | optimizers.Optimizer = "rmsprop", loss: str | losses.Loss = "mean_squared_error",
        metrics: Sequence[str] | None = (), penalty: penalties.L1L2 | None = None,
    ) -> None:
        """Choose the optimizer, the loss, what else is measured, and a penalty; a fresh optimizer forgets all steps."""
        if isinstance(metrics, str):
            raise TypeError(f"metrics is {metrics!r}; it must be a list of names, such as [{metrics!r}]")
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        self.metrics = [checks.choice("metrics", metric, MEASURES) for metric in metrics or ()]
        self.penalty = penalties.get(penalty)
        self.optimizer_step = self.epochs_done = 0
        self._slots: np.ndarray | None = None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights for rows of ``input_shape[1:]``; fit does it by itself."""
        if not self.layers:
            raise ValueError("layers is empty; a model must have at least one layer")
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise ValueError(f"input_shape is {input_shape!r}; it must be (None, features)")
        shape = tuple(checks.integer("input_shape", size, 1) for size in tuple(input_shape)[1:])
        self.input_shape = shape
        for layer in self.layers:
            shape = layer.start(shape)
        self.output_shape = shape
        self.stages = [stage for layer in self.layers for stage in layer.stages()]
        for stage, below in zip(self.stages, accumulate(bool(stage.weights) for stage in self.stages), strict=True):
            stage.hands_back = below - bool(stage.weights) > 0
        self.theta = engine.aligned(sum(engine.parameter_count(stage) for stage in self.stages), self.dtype)
        self._state = engine.aligned(sum(len(stage.state()) for stage in self.stages), self.dtype)
        self._state[:] = [number for stage in self.stages for number in stage.state()]
        self._slots, self.optimizer_step, self.epochs_done = None, 0, 0
        self._networks: dict[int, engine.Network] = {}
        self.built = True
        self.set_weights([*self._initial_weights(), *self._averages()])

    def _weights(self) -> list[Any]:
        return [weight for stage in self.stages for weight in stage.weights]

    def _initial_weights(self) -> list[np.ndarray]:
        return [
            initializers.get(weight.initializer)(weight.shape, weight.fans, np.random.default_rng([self.seed, number]))
            for number, weight in enumerate(self._weights())
        ]

    def _averages(self) -> list[np.ndarray]:
        """What layers keep beside theta, an array each: views, in the order of the layers."""
        shapes = [shape for stage in self.stages for shape in stage.state_shapes()]
        stops = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        return [self._state[stops[i] : stops[i + 1]].reshape(shape) for i, shape in enumerate(shapes)]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights: kernel (inputs, units), bias (units,), ..., layer by layer; then moving averages."""
        self._must_be_built()
        weights = [self.theta[start:stop].reshape(weight.shape).copy() for weight, start, stop in self._parts()]
        return [*weights, *(average.copy() for average in self._averages())]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights by arrays of the shapes that `get_weights` gives."""
        self._must_be_built()
        arrays = [np.asarray(weight, np.float64) for weight in weights]
        averages = self._averages()
        wanted = [weight.shape for weight in self._weights()] + [average.shape for average in averages]
        if [array.shape for array in arrays] != wanted:
            raise ValueError(f"weights have the shapes {[array.shape for array in arrays]}; this model has {wanted}")
        for array, (_, start, stop) in zip(arrays, self._parts(), strict=False):
            self.theta[start:stop] = array.ravel()
        for average, array in zip(averages, arrays[len(arrays) - len(averages) :], strict=True):
            average[:] = array

    def get_state(self) -> dict[str, np.ndarray]:
        """Copies of all that training goes on from: theta, moving averages, the optimizer's memory, steps, epochs."""
        self._must_be_built()
        self._must_be_compiled()
        return {
            "theta": self.theta.copy(), "state": self._state.copy(), "slots": self._descent().slots.copy(),
            "step": np.array(self.optimizer_step), "epochs": np.array(self.epochs_done),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from where a model of the same layers, optimizer and dtype was at `get_state`, bit for bit.

        The rows' order and dropout depend on the seed and the epoch, so the seed must be the same too.
        """
        self._must_be_built()
        self._must_be_compiled()
        own = {"theta": self.theta, "state": self._state, "slots": self._descent().slots}
        wanted = {name: array.shape for name, array in own.items()} | {"step": (), "epochs": ()}
        given = {name: np.shape(array) for name, array in state.items()}
        if given != wanted:
            raise ValueError(f"state has the shapes {given}; this model has {wanted}")
        step, epochs = (
            checks.integer(name, np.asarray(state[name]).item(), 0, MOST_STEPS) for name in ("step", "epochs"))
        for name, array in own.items():
            array[:] = state[name]
        self.optimizer_step, self.epochs_done = step, epochs

    def _parts(self) -> list[tuple[Any, int, int]]:
        """Each weight with the place where it begins and ends in theta."""
        stops = np.cumsum([0, *(int(np.prod(weight.shape)) for weight in self._weights())])
        return [(weight, int(stops[i]), int(stops[i + 1])) for i, weight in enumerate(self._weights())]

    def summary(self) -> None:
        """Print the layers, what they put out and how many parameters they have."""
        self._must_be_built()
        width = max(36, *(len(str(layer)) + 2 for layer in self.layers))
        print(f"{'Layer':<{width}}{'Output shape':<20}{'Parameters':>12}")
        for layer in self.layers:
            count = sum(engine.parameter_count(stage) for stage in layer.stages())
            print(f"{str(layer):<{width}}{str((None, *layer.output_shape)):<20}{count:>12,}")
        print(f"{'Total':<{width + 20}}{self.theta.size:>12,}")

    # The engine, set up for this model --------------------------------------------------------------------------------

    def _network(self, batch_size: int) -> engine.Network:
        if batch_size not in self._networks:
            self._networks[batch_size] = engine.build_network(self.stages, self.theta, self._state, batch_size)
        return self._networks[batch_size]

    def _trained_stages(self) -> tuple[int, jit.Kernel]:
        """How many stages run before the loss, and its kernel, which may take the last activation upon itself."""
        last = self.stages[-1]
        fused = losses.FUSED.get((last.name, self.loss.name)) if isinstance(last, Activation) else None
        return (len(self.stages) - 1, fused) if fused and len(self.stages) > 1 else (len(self.stages), self.loss.kernel)

    def _penalty(self) -> engine.Penalty:
        counted = [(start, stop) for weight, start, stop in self._parts() if self.penalty.biases or not weight.is_bias]
        ranges = [(0, self.theta.size)] if self.penalty.biases else counted
        return engine.Penalty(self.penalty.l1, self.penalty.l2, np.array(ranges, np.int64).reshape(-1, 2))

    def _descent(self) -> engine.Descent:
        assert self.optimizer is not None
        if self._slots is None:
            padded = max(-(-self.theta.size // 16), 1) * 16
            memory = engine.aligned(max(self.optimizer.slots, 1) * padded, self.dtype)
            self._slots = memory.reshape(-1, padded)
        update = self.optimizer.update.compiled(self.dtype)
        settings = np.array(self.optimizer.settings, np.float64)
        return engine.Descent(update, self._slots, settings, self.optimizer.weight_decay)

    def _rows(self, X: np.ndarray, target: np.ndarray, weight: np.ndarray) -> engine.Rows:
        flat = np.ascontiguousarray(X.reshape(len(X), -1), self.dtype)
        return engine.Rows(flat, np.ascontiguousarray(target, self.dtype), np.ascontiguousarray(weight, self.dtype))

    def _prepare(self, fitting: bool) -> None:
        """Compile the kernels that this model needs, those that are not yet."""
        kernels = [stage.forward for stage in self.stages]
        if self.optimizer is not None:
            kernels.append(self._trained_stages()[1])
        if fitting:
            assert self.optimizer is not None
            kernels += [*(stage.backward for stage in self.stages), self.optimizer.update]
        wanted = frozenset(kernels)
        if not wanted <= _PREPARED[self.dtype]:
            jobs = [jit.kernel_job(kernel, self.dtype) for kernel in dict.fromkeys(kernels)]
            jit.prepare([*jobs, *engine.loop_jobs(self.dtype)])
            _PREPARED[self.dtype] |= wanted

    def _engine(self, batch_size: int) -> tuple[Any, ...]:
        """What the epoch loop works with: network, number of layers before the loss, loss, penalty, descent."""
        layers, kernel = self._trained_stages()
        return self._network(batch_size), layers, kernel.compiled(self.dtype), self._penalty(), self._descent()

    # Training ---------------------------------------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, batch_size: int = 32, epochs: int = 1, verbose: int = 1,
        callbacks: Sequence[Callback] | None = (), validation_split: float = 0.0, validation_data: Any = None,
        shuffle: bool = True, class_weight: dict[int, float] | None = None, sample_weight: Any = None,
        executor: Any = None, workers: int = 2,
    ) -> History:
        """Train for ``epochs`` passes over the rows, an update a batch; return the history.

        X is (n, features) or (n, ...), y holds labels, one-hot rows or values. A second call goes on from where the
        first one ended. ``verbose=1`` shows a progress bar where that takes over two seconds. With an ``executor``, any
        of `concurrent.futures`, the rows of each batch are shared out to so many ``workers`` of it (see
        `scratchtune.network.distributed`).
        """
        self._must_be_compiled()
        X, target = self._checked(X, y)
        batch_size, epochs = checks.integer("batch_size", batch_size, 1), checks.integer("epochs", epochs, 1)
        shuffle = checks.boolean("shuffle", shuffle)
        weight = _sample_weights("sample_weight", sample_weight, len(X))
        trained, held_out = self._split((X, target, weight), validation_split, validation_data)
        X, target, weight = trained
        weight = weight * _class_weights(target, class_weight)
        self._build_for(X)
        self._expect_probabilities()
        history = History()
        watchers = [history, *_checked_callbacks(callbacks)]
        names = ["loss", *self.metrics]
        self.measured = names + [f"val_{name}" for name in names if held_out is not None]
        for watcher in watchers:
            watcher.model = self
            watcher.on_train_begin()
        self.stop_training = False
        self._prepare(fitting=True)
        rows = self._rows(X, target, weight)
        measured = None if held_out is None else self._rows(*held_out)
        alone = current_thread() is main_thread()  # trainings side by side would write over each other's bars
        hidden = None if verbose and alone else True  # None: where the output is no terminal
        bar = tqdm(total=epochs, desc="training", unit="epoch", delay=2, disable=hidden, leave=False)
        size = min(batch_size, len(X))
        shared = None if executor is None else Shared(self, rows, size, executor, workers)
        try:
            with bar, np.errstate(over="ignore", invalid="ignore"):
                self._train(rows, measured, size, epochs, shuffle, bar, watchers, shared)
        finally:
            if shared is not None:
                shared.close()
        for watcher in watchers:
            watcher.on_train_end()
        return history

    def _train(
        self, rows: engine.Rows, held_out: engine.Rows | None, batch_size: int, epochs: int, shuffle: bool, bar: Any,
        watchers: list[Any], shared: Shared | None,
    ) -> None:
        machine = self._engine(batch_size)
        for epoch in range(epochs):
            interruption.check()
            logs = self._epoch(machine, rows, batch_size, shuffle, epoch, shared)
            if logs is None:
                watchers[0].diverged = True
                break
            if held_out is not None:
                logs |= {f"val_{name}": value for name, value in self._measure(held_out).items()}
            for watcher in watchers:
                watcher.on_epoch_end(epoch, logs)
            bar.update()
            if not bar.disable:
                bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
            if self.stop_training:
                break

    def _epoch(
        self, machine: tuple[Any, ...], rows: engine.Rows, batch_size: int, shuffle: bool, epoch: int,
        shared: Shared | None,
    ) -> dict[str, float] | None:
        """Train one epoch; its values, or None where the loss was no longer finite."""
        assert self.optimizer is not None
        n, seed, steps = len(rows.x), np.uint64(self.seed), -(-len(rows.x) // batch_size)
        order = engine.epoch_order(n, self.epochs_done, seed) if shuffle else np.arange(n)
        outputs = np.empty((n if self.metrics else 0, rows.target.shape[1]), self.dtype)
        rates, before = self.optimizer.rates(self.optimizer_step, steps), (self.theta.copy(), self._state.copy())
        if shared is not None:
            value, done = shared.train_epoch(
                rates, order, batch_size, self.optimizer_step, seed, self._shown_stages(), outputs)
        else:
            value, done = engine.train_epoch(
                *machine, rates, rows, order, batch_size, self.optimizer_step, seed, self._shown_stages(), outputs)
        if done < steps or not self._is_finite():
            self._diverged(before, epoch, done)
            return None
        self.optimizer_step += steps
        self.epochs_done += 1
        return {"loss": float(value)} | {name: MEASURES[name](rows.target, order, outputs) for name in self.metrics}

    def _shown_stages(self) -> int:
        """How many stages the training metrics need; which of the classes is largest, softmax does not change."""
        layers = self._trained_stages()[0]
        return layers if self.metrics == ["accuracy"] and self.output_shape[-1] > 1 else len(self.stages)

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.theta).all() and np.isfinite(self._state).all())

    def _diverged(self, before: tuple[np.ndarray, np.ndarray], epoch: int, step: int) -> None:
        kept = f"those after step {step} of this epoch"
        if not self._is_finite():
            self.theta[:], self._state[:] = before
            kept = "those from before this epoch"
        self._slots, self.optimizer_step = None, 0  # what the optimizer remembers may be infinite
        assert self.optimizer is not None
        warnings.warn(
            f"training diverged in epoch {epoch + 1} after {step} steps: the loss is no longer finite; the last finite "
            f"weights are kept, {kept}; try a smaller learning_rate than {self.optimizer.learning_rate!r}, "
            f"or scaled inputs",
            DivergenceWarning, stacklevel=5,
        )

    def _split(self, rows: _Data, split: float, data: Any) -> tuple[_Data, _Data | None]:
        """The rows to train on, and those that are only measured: given as ``data``, or the last share of all."""
        split = checks.real("validation_split", split, 0.0, 1.0, open_high=True)
        if data is not None:
            if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
                raise ValueError(f"validation_data is a {type(data).__name__}; it must be a tuple (X, y)")
            Xv, tv = self._checked(data[0], data[1], "validation_data X", "validation_data y")
            if Xv.shape[1:] != rows[0].shape[1:]:
                raise ValueError(f"validation_data X has rows of shape {Xv.shape[1:]}; X has {rows[0].shape[1:]}")
            weights = data[2] if len(data) == 3 else None
            return rows, (Xv, tv, _sample_weights("validation_data weights", weights, len(Xv)))
        first = int(len(rows[0]) * (1.0 - split))
        if split == 0.0:
            return rows, None
        if not 0 < first < len(rows[0]):
            n = len(rows[0])
            raise ValueError(f"validation_split is {split}; it splits {n} rows into {first} and {n - first}, "
                             f"but both parts need a row")
        X, target, weight = rows
        return (X[:first], target[:first], weight[:first]), (X[first:], target[first:], weight[first:])

    # Using it ---------------------------------------------------------------------------------------------------------

    def predict(self, X: Any, batch_size: int | None = None, verbose: int = 0) -> np.ndarray:
        """The network's outputs, (n, outputs): probabilities after softmax or sigmoid. ``verbose`` changes nothing."""
        self._must_be_built()
        X = self._checked_inputs(X)
        self._prepare(fitting=False)
        return self._outputs(np.ascontiguousarray(X.reshape(len(X), -1), self.dtype), batch_size)

    def _evaluation_rows(self) -> int:
        """How many rows go through the network at a time where nothing is trained."""
        numbers = int(np.prod(self.input_shape)) + sum(int(np.prod(stage.output_shape)) for stage in self.stages)
        return min(EVALUATION_ROWS, max(EVALUATION_NUMBERS // numbers, 1))

    def _outputs(self, x: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        rows = self._evaluation_rows() if batch_size is None else batch_size
        batch_size = min(checks.integer("batch_size", rows, 1), max(len(x), EVALUATION_ROWS))
        outputs = np.empty((len(x), int(np.prod(self.output_shape))), self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            engine.predict_rows(self._network(batch_size), len(self.stages), x, outputs, batch_size)
        return outputs.reshape(len(x), *self.output_shape)

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None, verbose: int = 0) -> dict[str, float]:
        """The loss, with the penalty as in training, and the metrics, in evaluation mode."""
        return self._measure(self._evaluated(X, y, sample_weight))

    def _evaluated(self, X: Any, y: Any, sample_weight: Any = None) -> engine.Rows:
        """Rows to evaluate, checked, with the model built and compiled for them."""
        self._must_be_compiled()
        X, target = self._checked(X, y)
        weight = _sample_weights("sample_weight", sample_weight, len(X))
        self._build_for(X)
        self._prepare(fitting=False)
        return self._rows(X, target, weight)

    def _measure(self, rows: engine.Rows) -> dict[str, float]:
        return {"loss": self._data_loss(rows) + self._penalty_value()} | self._measured_metrics(rows, self.metrics)

    def _measured_metrics(self, rows: engine.Rows, names: Sequence[str]) -> dict[str, float]:
        if not names:
            return {}
        outputs, order = self._outputs(rows.x).reshape(len(rows.x), -1), np.arange(len(rows.x))
        return {name: MEASURES[name](rows.target, order, outputs) for name in names}

    def _data_loss(self, rows: engine.Rows) -> float:
        layers, kernel = self._trained_stages()
        at_a_time = self._evaluation_rows()
        network = self._network(at_a_time)
        with np.errstate(over="ignore", invalid="ignore"):
            return float(engine.evaluate_rows(network, layers, kernel.compiled(self.dtype), rows, at_a_time))

    def _penalty_value(self) -> float:
        l1, l2, ranges = self._penalty()
        return sum(float(penalties.l1_l2_penalty(self.theta[start:stop], l1, l2)) for start, stop in ranges)

    def score(self, X: Any, y: Any) -> float:
        """The first metric that was compiled, or minus the loss: larger is better."""
        rows = self._evaluated(X, y)
        if not self.metrics:
            return -self._data_loss(rows) - self._penalty_value()
        first = self.metrics[0]
        value = self._measured_metrics(rows, [first])[first]
        return value if first in GROWING else -value

    def objective(self, X: Any, y: Any) -> float:
        """J(theta): the mean loss over the rows plus the penalty, in evaluation mode."""
        return self._data_loss(self._evaluated(X, y)) + self._penalty_value()

    def gradient(self, X: Any, y: Any) -> np.ndarray:
        """grad J(theta), (P,): the gradient of `objective`."""
        rows = self._evaluated(X, y)
        self._prepare(fitting=True)
        layers, kernel = self._trained_stages()
        network = engine.build_network(self.stages, self.theta, self._state, len(rows.x))
        engine.matrix(network.values, network.at, 0, len(rows.x))[:] = rows.x
        with np.errstate(over="ignore", invalid="ignore"):
            engine.loss_and_gradient(
                network, layers, kernel.compiled(self.dtype), self._penalty(), rows.target, rows.weight, False, 0,
                np.uint64(0),
            )
        return network.gradient

    # Copies -----------------------------------------------------------------------------------------------------------

    def fresh(self, seed: int | None = None) -> Sequential:
        """An untrained copy: the same layers, compiled alike, with the same seed or another one."""
        copy = Sequential([layer.fresh() for layer in self.layers], self.dtype, self.seed if seed is None else seed)
        if self.optimizer is not None:
            copy.compile(self.optimizer, self.loss, self.metrics, self.penalty)
        return copy

    def replica(self) -> Sequential:
        """A copy with the same weights and memory of its own, compiled alike."""
        copy = self.fresh()
        copy.build((None, *self.input_shape))
        copy.theta[:], copy._state[:] = self.theta, self._state
        return copy

    def configured(self, params: dict[str, Any]) -> tuple[Sequential, dict[str, Any]]:
        """A fresh copy with some hyper-parameters set, and those of them that are arguments of fit.

        A name is looked for among the optimizer's arguments, then those of fit, then the penalty's (l1, l2), then
        dropout, units and activation, which go to all hidden layers that have them.
        """
        self._must_be_compiled()
        assert self.optimizer is not None
        copy, fit_arguments, penalty = self.fresh(), {}, {}
        optimizer_arguments = {}
        for name, value in params.items():
            if name in self.optimizer.arguments():
                optimizer_arguments[name] = value
            elif name in FIT_ARGUMENTS:
                fit_arguments[name] = value
            elif name in ("l1", "l2"):
                penalty[name] = value
            elif name in PLACED_IN_LAYERS and copy._place(PLACED_IN_LAYERS[name], value):
                continue
            else:
                raise ValueError(self._unknown(name))
        copy.compile(self.optimizer.fresh(**optimizer_arguments), self.loss, self.metrics, self.penalty)
        if penalty:
            kept = {"l1": self.penalty.l1, "l2": self.penalty.l2, "biases": self.penalty.biases}
            copy.penalty = penalties.L1L2(**{**kept, **penalty})
        for name in {"batch_size", "epochs"} & fit_arguments.keys():
            checks.integer(name, fit_arguments[name], 1)
        return copy, fit_arguments

    def _place(self, argument: str, value: Any) -> bool:
        """Give ``value`` to all hidden layers that have this argument; False where none has."""
        places = [i for i, layer in enumerate(self._hidden_layers()) if argument in layer.arguments()]
        if argument == "activation":
            places = [i for i in places if isinstance(self.layers[i], Activation)
                      or not self._has_an_activation_of_its_own(i)]
        for i in places:
            self.layers[i] = self.layers[i].fresh(**{argument: value})
            self.layers[i].is_in_a_model = True
        return bool(places)

    def _hidden_layers(self) -> list[Layer]:
        """The layers before the one that gives the outputs, which is the last one that has units or filters."""
        weighty = [i for i, layer in enumerate(self.layers) if {"units", "filters"} & set(layer.arguments())]
        return self.layers[: weighty[-1] if weighty else len(self.layers) - 1]

    def _has_an_activation_of_its_own(self, i: int) -> bool:
        """Whether layer i is linear because an Activation follows, before the next layer with units or filters."""
        for layer in self.layers[i + 1 :]:
            if isinstance(layer, Activation):
                return True
            if {"units", "filters"} & set(layer.arguments()):
                break
        return False

    def _unknown(self, name: str) -> str:
        assert self.optimizer is not None
        hidden = {argument for layer in self._hidden_layers() for argument in layer.arguments()}
        placed = [parameter for parameter, argument in PLACED_IN_LAYERS.items() if argument in hidden]
        known = [*self.optimizer.arguments(), *FIT_ARGUMENTS, "l1", "l2", *placed]
        return f"parameter {name!r} is unknown to this model; it has {', '.join(known)}{checks.nearest(name, known)}"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_networks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._networks = {}
        for name in ("theta", "_state", "_slots"):
            if isinstance(vars(self).get(name), np.ndarray):
                copied = vars(self)[name]
                vars(self)[name] = engine.aligned(copied.size, copied.dtype).reshape(copied.shape)
                vars(self)[name][...] = copied

    # Files ------------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the model, its weights and the optimizer's memory to an .npz file; nothing in it is executable."""
        write_whole(Path(path), "network", *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `save` writes: how the model is made, as JSON, and its arrays; `unpacked` makes it again."""
        self._must_be_built()
        header: dict[str, Any] = {
            "dtype": self.dtype, "seed": self.seed, "input_shape": list(self.input_shape),
            "layers": [described(layer) for layer in self.layers],
        }
        for name, array in (("theta", self.theta), ("state", self._state)):
            real_array(name, array, array.shape, self.dtype)  # what would not be read is not written
        arrays = {"theta": self.theta, "state": self._state}
        if self.optimizer is not None:
            header |= {
                "optimizer": described(self.optimizer), "loss": self.loss.name, "metrics": self.metrics,
                "penalty": described(self.penalty), "step": self.optimizer_step, "epochs": self.epochs_done,
            }
            if self._slots is not None:
                arrays["slots"] = self._slots
        return header, arrays

    def check_data(self, X: Any, y: Any) -> None:
        """Raise what `fit` would raise for these data, and do nothing else."""
        self._must_be_compiled()
        self._checked(X, y)

    # Guards -----------------------------------------------------------------------------------------------------------

    def _must_be_built(self) -> None:
        if not self.built:
            raise ValueError("the model has no weights yet; call build((None, features)) or fit first")

    def _must_be_compiled(self) -> None:
        if self.optimizer is None:
            raise ValueError("the model is not compiled; call compile(optimizer=..., loss=...) first")

    def _checked_inputs(self, X: Any, name: str = "X") -> np.ndarray:
        X = checks.matrix(name, X)
        if self.built and X.shape[1:] != self.input_shape:
            raise ValueError(
                f"{name} has rows of shape {X.shape[1:]}; this model was built for rows of shape {self.input_shape}"
            )
        self._must_fit(name, X)
        return X

    def _expect_probabilities(self) -> None:
        """Warn where a loss of probabilities gets what a dense layer has computed, without an activation."""
        last = self.stages[-1]
        is_ours = type(last).__module__.startswith(f"{checks.PACKAGE}.")  # what another layer gives, nobody knows here
        gives_any = is_ours and not (isinstance(last, Activation) and last.name in ("softmax", "sigmoid"))
        if gives_any and self.loss.targets != "values":
            fitting = "softmax" if self.loss.targets == "classes" else "sigmoid"
            what = (f"the last layer's activation is {last.activation.name!r}" if isinstance(last, Dense)
                    else f"the last layer is {type(last).__name__}")
            to_dense, to_others = f"give the layer activation={fitting!r}", f"add Activation({fitting!r})"
            advice = to_dense if isinstance(last, Dense) else to_others
            warnings.warn(f"{what}; {self.loss.name} takes probabilities, {advice}", stacklevel=3)

    def _must_fit(self, name: str, array: np.ndarray) -> None:
        largest = max(float(array.max()), -float(array.min()))
        if largest > float(np.finfo(self.dtype).max):
            raise ValueError(f"{name} holds {largest:g}, too large for {self.dtype}; scale it, or take dtype='float64'")

    def _checked(self, X: Any, y: Any, x_name: str = "X", y_name: str = "y") -> tuple[np.ndarray, np.ndarray]:
        """X and the encoded targets; nothing is built for it."""
        X = self._checked_inputs(X, x_name)
        if not self.layers:
            raise ValueError("layers is empty; a model must have at least one layer")
        outputs = int(np.prod(self.output_shape)) if self.built else _outputs_of(self.layers, X.shape[1:])
        target = losses.encode(self.loss, y, outputs, len(X), y_name)
        self._must_fit(y_name, target)
        return X, target

    def _build_for(self, X: np.ndarray) -> None:
        if not self.built:
            self.build((None, *X.shape[1:]))


def unpacked(header: dict[str, Any], arrays: Mapping[str, np.ndarray | Member]) -> Sequential:
    """The model that `Sequential.packed` has described."""
    model = Sequential(
        [remade(Layer, layer) for layer in _list("layers", entry(header, "layers"))], entry(header, "dtype"),
        entry(header, "seed"))
    shape = _list("input_shape", entry(header, "input_shape"))
    parameters, kept = _sizes_of(model.layers, shape)  # of arrays that are not made yet: a file may claim any size
    theta = real_array("theta", entry(arrays, "theta"), (parameters,), model.dtype)
    state = real_array("state", entry(arrays, "state"), (kept,), model.dtype)
    model.build((None, *shape))
    if "optimizer" in header:
        model.compile(
            remade(optimizers.Optimizer, header["optimizer"]), entry(header, "loss"), entry(header, "metrics"),
            remade(penalties.L1L2, entry(header, "penalty")),
        )
        model.optimizer_step = checks.integer("step", entry(header, "step"), 0, MOST_STEPS)
        model.epochs_done = checks.integer("epochs", entry(header, "epochs"), 0, MOST_STEPS)
        if "slots" in arrays:
            slots = model._descent().slots
            slots[:] = real_array("slots", arrays["slots"], slots.shape, model.dtype, finite=False)
    model.theta[:] = theta
    model._state[:] = state
    return model


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is {value!r}; it must be a list")
    return value


def _sizes_of(layers: list[Layer], input_shape: Sequence[int]) -> tuple[int, int]:
    """How many parameters the layers have, and how many numbers they keep beside them."""
    shape = tuple(checks.integer("input_shape", size, 1) for size in input_shape)
    for layer in layers:
        shape = layer.start(shape)
    stages = [stage for layer in layers for stage in layer.stages()]
    kept = sum(math.prod(part) for stage in stages for part in stage.state_shapes())
    return sum(engine.parameter_count(stage) for stage in stages), kept


def _outputs_of(layers: list[Layer], input_shape: tuple[int, ...]) -> int:
    shape = input_shape
    for layer in layers:
        shape = layer.fresh().start(shape)
    return int(np.prod(shape))


def _sample_weights(name: str, weights: Any, rows: int) -> np.ndarray:
    """One number of at least 0 for each row; ones where none are given."""
    if weights is None:
        return np.ones(rows)
    weights = checks.targets(name, weights, rows).astype(np.float64)
    if weights.size != rows or weights.min() < 0.0:
        found = f"has shape {weights.shape} and the least value {weights.min():g}"
        raise ValueError(f"{name} {found}; it must hold one number of at least 0 for each row")
    return weights.ravel()


def _class_weights(target: np.ndarray, class_weight: Any) -> np.ndarray:
    """The weight of each row's class, 1 for a class that is not named."""
    if class_weight is None:
        return np.ones(len(target))
    if not isinstance(class_weight, dict):
        raise TypeError(f"class_weight is {class_weight!r}; it must be a dict from labels to numbers, or None")
    labels = target.argmax(1) if target.shape[1] > 1 else target[:, 0]
    weight = np.ones(len(target))
    for label, value in class_weight.items():
        weight[labels == label] = checks.real(f"class_weight[{label!r}]", value, 0.0)
    return weight


def _checked_callbacks(callbacks: Sequence[Callback] | None) -> Sequence[Callback]:
    for callback in callbacks or ():
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks holds {callback!r}; it must hold callbacks such as EarlyStopping(patience=5)")
    return callbacks or ()
