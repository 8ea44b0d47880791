"""A program is a stack of built layers, laid out in memory for the engine: their weights, and what they compute.

All trainable parameters are one flat vector, ``theta``. What layers keep beside it, such as moving averages, is another
one, ``state``. Weights are views of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network import engine, initializers
from scratchtune.core.network.layers.base import Layer, Weight

EVALUATION_ROWS = 256  # rows at a time where nothing is trained
EVALUATION_NUMBERS = 2**22  # fewer rows where the values of all layers would be more numbers than this, as for images

_COMPILED: dict[str, set[jit.Kernel]] = {"float32": set(), "float64": set()}  # by dtype, in this process


class Program:
    """Layers built for rows of ``input_shape``. The weights are 0 until they are set, as `draw_weights` does.

    ``stages`` are the layers that the engine runs; ``theta`` is (P,), ``state`` (S,), both of ``dtype``.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: tuple[int, ...], dtype: str, seed: int) -> None:
        self.layers, self.input_shape, self.dtype, self.seed = list(layers), input_shape, dtype, seed
        self.output_shape = build_layers(self.layers, input_shape)
        self.stages = [stage for layer in self.layers for stage in layer.stages()]
        wire(self.stages)
        self.theta = engine.aligned(sum(engine.parameter_count(stage) for stage in self.stages), dtype)
        self.state = engine.aligned(sum(len(stage.state()) for stage in self.stages), dtype)
        self.state[:] = [number for stage in self.stages for number in stage.state()]
        self._networks: dict[int, engine.Network] = {}

    # Weights ----------------------------------------------------------------------------------------------------------

    def ranges(self) -> list[tuple[Weight, int, int]]:
        """Each weight and its entries of theta, from the first number up to the second, in order."""
        weights = [weight for stage in self.stages for weight in stage.weights]
        stops = accumulate((math.prod(weight.shape) for weight in weights), initial=0)
        return [(weight, *bounds) for weight, bounds in zip(weights, pairwise(stops), strict=True)]

    def draw_weights(self) -> None:
        """Draw the initial weights, by ``seed``; moving averages are not changed."""
        for number, (weight, start, stop) in enumerate(self.ranges()):
            rng = np.random.default_rng([self.seed, number])
            numbers = initializers.get(weight.initializer)(weight.shape, weight.fans, rng)
            self.theta[start:stop] = weight.scale * numbers.ravel()

    def _arrays(self) -> list[np.ndarray]:
        """Views of the weights, layer by layer, then of moving averages."""
        weights = [self.theta[start:stop].reshape(weight.shape) for weight, start, stop in self.ranges()]
        shapes = [shape for stage in self.stages for shape in stage.state_shapes()]
        stops = pairwise(accumulate(map(math.prod, shapes), initial=0))
        return [*weights, *(self.state[slice(*ends)].reshape(shape) for shape, ends in zip(shapes, stops, strict=True))]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, layer by layer, then of moving averages."""
        return [array.copy() for array in self._arrays()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights by arrays of the shapes that `get_weights` gives; a ValueError for other shapes."""
        arrays, views = [np.asarray(weight, np.float64) for weight in weights], self._arrays()
        found, wanted = [array.shape for array in arrays], [view.shape for view in views]
        if found != wanted:
            raise ValueError(f"weights have the shapes {found}; they must be {wanted}")
        for view, array in zip(views, arrays, strict=True):
            view[...] = array

    def check_state(self) -> None:
        """Raise a ValueError where a layer's numbers in ``state`` are none that a training gives."""
        stops = pairwise(accumulate((len(stage.state()) for stage in self.stages), initial=0))
        for stage, ends in zip(self.stages, stops, strict=True):
            stage.check_state(self.state[slice(*ends)])

    def is_finite(self) -> bool:
        """Whether all of theta and state are finite numbers."""
        return bool(np.isfinite(self.theta).all() and np.isfinite(self.state).all())

    # What it computes -------------------------------------------------------------------------------------------------

    def forwards(self) -> list[jit.Kernel]:
        """The kernels of a forward pass."""
        return [stage.forward for stage in self.stages]

    def network(self, batch_size: int) -> engine.Network:
        """Return the engine's network around this theta and state, for up to ``batch_size`` rows; it is cached."""
        if batch_size not in self._networks:
            self._networks[batch_size] = self.new_network(batch_size)
        return self._networks[batch_size]

    def new_network(self, batch_size: int, state: np.ndarray | None = None) -> engine.Network:
        """The same with memory of its own for values and gradient, and with another ``state`` if one is given."""
        return engine.build_network(self.stages, self.theta, self.state if state is None else state, batch_size)

    def evaluation_rows(self) -> int:
        """How many rows are processed at a time where nothing is trained."""
        numbers = int(np.prod(self.input_shape)) + sum(int(np.prod(stage.output_shape)) for stage in self.stages)
        return min(EVALUATION_ROWS, max(EVALUATION_NUMBERS // numbers, 1))

    def outputs(self, x: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        """Return the outputs (n, ...) for the rows x, (n, inputs) of this dtype, in evaluation mode."""
        compile_kernels(self.dtype, self.forwards())
        rows = self.evaluation_rows() if batch_size is None else batch_size
        batch_size = min(checks.integer("batch_size", rows, 1), max(len(x), EVALUATION_ROWS))
        outputs = np.empty((len(x), int(np.prod(self.output_shape))), self.dtype)
        layers, unlabelled = len(self.stages), engine.Rows(x, outputs[:0], np.empty(0, self.dtype))
        no_loss = engine.Criterion(0, layers, engine.NO_PENALTY)
        with np.errstate(over="ignore", invalid="ignore"):
            engine.evaluate_rows(self.network(batch_size), no_loss, unlabelled, batch_size, layers, outputs)
        return outputs.reshape(len(x), *self.output_shape)

    def outputs_and_work(self, x: np.ndarray, layer: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield each batch's outputs, (rows, ...), in evaluation mode, and a stage's workspace: views, reused later."""
        compile_kernels(self.dtype, self.forwards())
        layers, most = len(self.stages), min(self.evaluation_rows(), len(x))
        network = self.network(most)
        work = network.work[network.at.work_start[layer] : network.at.work_stop[layer]]
        for start in range(0, len(x), most):
            n = len(x[start : start + most])
            engine.matrix(network.values, network.at, 0, n)[:] = x[start : start + most]
            with np.errstate(over="ignore", invalid="ignore"):
                engine.forward_pass(network, 0, layers, n, False, 0, np.uint64(0))
            yield engine.matrix(network.values, network.at, layers, n).reshape(n, *self.output_shape), work

    def outputs_in_training(self, x: np.ndarray, key: int) -> np.ndarray:
        """Return the outputs (n, ...) for the rows x as in training, drawn by ``key``; no moving average changes."""
        compile_kernels(self.dtype, self.forwards())
        n, layers = len(x), len(self.stages)
        network = self.new_network(n, self.state.copy())
        engine.matrix(network.values, network.at, 0, n)[:] = x
        engine.forward_pass(network, 0, layers, n, True, 0, np.uint64(key))
        return engine.matrix(network.values, network.at, layers, n).reshape(n, *self.output_shape).copy()

    # Copies -----------------------------------------------------------------------------------------------------------

    def replica(self) -> Program:
        """Return a copy with layers and memory of its own, and the same weights."""
        copy = Program([layer.fresh() for layer in self.layers], self.input_shape, self.dtype, self.seed)
        copy.theta[:], copy.state[:] = self.theta, self.state
        return copy

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_networks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._networks = {}
        self.theta, self.state = realigned(self.theta), realigned(self.state)


def is_ours(layer: Layer) -> bool:
    """Whether a layer is one of this package, not a user's own, which may give probabilities in a way of its own."""
    return type(layer).__module__.startswith(f"{checks.PACKAGE}.")


def realigned(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins on a cache line, as the engine's arrays do: pickling does not keep the alignment."""
    copy = engine.aligned(array.size, array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def build_layers(layers: Iterable[Layer], input_shape: Sequence[int]) -> tuple[int, ...]:
    """Build the layers, without weights, for rows of ``input_shape``; return the shape of a row of outputs."""
    shape = tuple(checks.integer("input_shape", size, 1) for size in input_shape)
    for layer in layers:
        shape = layer.start(shape)
    return shape


def wire(stages: Sequence[Layer]) -> None:
    """Tell each built layer what it must know of those below: whether one has weights, and which one makes its mask.

    A mask is an array of the workspace: not of the values, since layers such as dropout would have to copy it, and no
    argument of kernels, since few layers use one.
    """
    needs_grad = [False]  # of the network's inputs, then of each stage's outputs
    masks: list[Layer | None] = [None]
    for stage, (x, second) in zip(stages, engine.inputs_of(stages), strict=True):
        stage.needs_input_grad = needs_grad[x]  # dx is used only for the weights of layers below
        needs_grad.append(needs_grad[x] or bool(stage.weights) or second >= 0 and needs_grad[second])
        used = masks[second if stage.uses_second_mask else x]
        stage.mask_from = used if stage.uses_mask else None
        masks.append(stage if stage.makes_mask() else masks[x] if stage.keeps_mask() else None)


def compile_kernels(dtype: str, kernels: Iterable[jit.Kernel]) -> None:
    """Compile these kernels and the engine's loops, unless this process has compiled them already."""
    wanted = dict.fromkeys(kernels)
    if not wanted.keys() <= _COMPILED[dtype]:
        jit.prepare([*(jit.kernel_job(kernel, dtype) for kernel in wanted), *engine.loop_jobs(dtype)])
        _COMPILED[dtype] |= wanted.keys()
