"""A recurrent layer reads a sequence step by step: a cell computes the next state from a step's inputs and the state.

A `Cell` is one step and its gradient; `gru` and `lstm` have them. Here is what all cells share: the loop over the
steps, masks of padding, both directions of time, and what the layer returns.

| symbol | here | shape |
|---|---|---|
| x @ kernel for all steps; dJ/d(that) in the backward pass | ``inputs`` | (length, rows, blocks, units) |
| state @ recurrent kernel; dJ/d(that) in the backward pass | ``inner`` | (length or 1, rows, blocks, units) |
| state after each step, with the initial one | ``states`` | (length + 1, rows, parts * units) |
| what the gradient needs of each step | ``gates`` | (length, rows, gates, units) |

One product computes the inputs' part of all steps. Then each step needs a product of its own with the state before it.
The backward pass computes the gates' gradients step by step from the last to the first; after that one product for each
weight sums over all steps.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune.core import checks, jit
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import bias_grad
from scratchtune.core.network.matmul import copy_panels, multiply, multiply_transposed, pack_transposed
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    GO_BACKWARDS,
    LENGTH,
    NEEDS_INPUT_GRAD,
    RETURN_SEQUENCES,
    UNITS,
    copy_mask,
    copy_rows,
    copy_steps,
    sequence_shape,
)

MOST_COLUMNS = 32  # of a panel, on any processor (`jit.tile_columns`)


class Cell(NamedTuple):
    """One step of a recurrent layer, for all rows, and its gradient.

    - ``step(weights, panels, now)`` fills ``now.next_state``; ``panels`` are those of `packed_kernel`.
    - ``step_grad(weights, panels, now, dnext, dstate)`` replaces ``now.inputs`` and, if ``keeps_inner``, ``now.inner``
      by their gradients, and adds to ``dstate``; ``panels`` are those of `packed_transposed_kernel`.
    - ``recurrent_grad(memory, dweights)`` fills the gradients of the weights that multiply the state, after all steps.

    Numbers of blocks of units: ``blocks`` in each product, ``parts`` in the state (the first is the output), ``gates``
    that are kept. ``keeps_inner``: whether ``recurrent_grad`` needs the inner gradients of all steps.
    """

    blocks: int
    parts: int
    gates: int
    keeps_inner: bool
    step: Any
    step_grad: Any
    recurrent_grad: Any


class Step(NamedTuple):
    """The arrays of one step; a cell's formulas say what each one holds."""

    inputs: Any
    inner: Any
    mask: Any
    state: Any
    gates: Any
    next_state: Any


class Weights(NamedTuple):
    """kernel (features, blocks * units), recurrent (units, blocks * units), bias (1 or 2, blocks, units); or gradients.

    The second bias, if there is one, is added to the product with the state.
    """

    kernel: Any
    recurrent: Any
    bias: Any


class Memory(NamedTuple):
    """What the forward pass keeps for the backward pass; the shapes are in this file's docstring.

    ``x`` (length, rows, features) holds dJ/dx after the backward pass. ``states[0]`` is the initial state. ``dstates``
    is dJ/dstates: at first what comes from the outputs, in the end all of it, so that ``dstates[0]`` is the gradient of
    the initial state. ``panels`` is memory for copies of the recurrent kernel.
    """

    x: Any
    mask: Any
    states: Any
    dstates: Any
    inputs: Any
    inner: Any
    gates: Any
    panels: Any


class Recurrence(NamedTuple):
    """The functions that run a cell over sequences.

    - ``shapes(integers, rows)``: those of the arrays of `Memory`.
    - ``weights(integers, theta)``: theta, or its gradient, as `Weights`.
    - ``run(weights, memory)``: fills ``states`` after the initial one, from ``x``, ``mask`` and ``states[0]``.
    - ``run_backward(weights, memory, dweights, needs_dx)``: fills ``dweights``, completes ``dstates``, and replaces
      ``x`` by dJ/dx if that is needed.
    - ``outputs(states)``: the part of the states that the layer returns, (steps, rows, units).
    """

    cell: Cell
    shapes: Any
    weights: Any
    run: Any
    run_backward: Any
    outputs: Any


@jit.function
def packed_kernel(recurrent, memory):
    """Copy the recurrent kernel to panels (see `matmul`) in ``memory``, by which each step multiplies."""
    columns = jit.tile_columns(recurrent)
    blocks = (recurrent.shape[1] + columns - 1) // columns
    panels = memory[: blocks * recurrent.shape[0] * columns].reshape((blocks, recurrent.shape[0], columns))
    copy_panels(recurrent, panels)
    return panels


@jit.function
def packed_transposed_kernel(recurrent, memory):
    """Copy its transpose to panels in ``memory``, by which each step of the backward pass multiplies."""
    columns = jit.tile_columns(recurrent)
    blocks = (recurrent.shape[0] + columns - 1) // columns
    panels = memory[: blocks * recurrent.shape[1] * columns].reshape((blocks, recurrent.shape[1], columns))
    pack_transposed(recurrent, panels)
    return panels


@jit.function
def step_of(memory, t):
    """The arrays of step t; of ``inner`` there may be one for all steps."""
    return Step(memory.inputs[t], memory.inner[min(t, memory.inner.shape[0] - 1)], memory.mask[t], memory.states[t],
                memory.gates[t], memory.states[t + 1])


# All steps ------------------------------------------------------------------------------------------------------------


@jit.called
def input_product(weights, memory):
    """Fill ``memory.inputs`` for all steps: x @ kernel."""
    length, rows, features = memory.x.shape
    columns, total = weights.kernel.shape[1], length * rows
    multiply(memory.x.reshape((total, features)), weights.kernel, memory.inputs.reshape((total, columns)))


@jit.called
def input_gradients(weights, memory, dweights, needs_dx):
    """Fill the gradients of kernel and input bias; dJ/dx replaces ``memory.x`` if it is needed."""
    length, rows, features = memory.x.shape
    columns, total = weights.kernel.shape[1], length * rows
    x, dinputs = memory.x.reshape((total, features)), memory.inputs.reshape((total, columns))
    multiply(x.T, dinputs, dweights.kernel)
    bias_grad(dinputs, dweights.bias[0].reshape(columns))
    if needs_dx:
        multiply_transposed(dinputs, weights.kernel, x)


def _views(cell: Cell) -> tuple[Any, Any, Any]:
    """Make the functions ``shapes``, ``weights`` and ``outputs`` of `Recurrence`."""
    blocks, parts, gates, keeps_inner = cell[:4]

    @jit.function
    def shapes(integers, rows):
        length, features, units = integers[LENGTH], integers[FEATURES], integers[UNITS]
        states, steps = (length + 1, rows, parts * units), length if keeps_inner else 1
        return Memory(
            x=(length, rows, features), mask=(length, rows), states=states, dstates=states,
            inputs=(length, rows, blocks, units), inner=(steps, rows, blocks, units),
            gates=(length, rows, gates, units), panels=(blocks * units * (units + MOST_COLUMNS),))

    @jit.function
    def weights(integers, theta):
        features, units = integers[FEATURES], integers[UNITS]
        columns = blocks * units
        first, second = features * columns, (features + units) * columns
        bias = theta[second:]
        return Weights(theta[:first].reshape((features, columns)), theta[first:second].reshape((units, columns)),
                       bias.reshape((bias.size // columns, blocks, units)))

    @jit.function
    def outputs(states):
        if parts == 1:
            return states
        return states[:, :, : states.shape[2] // parts]

    return shapes, weights, outputs


def recurrence(cell: Cell) -> Recurrence:
    """Make the functions that run a cell over sequences."""
    shapes, weights_of, outputs = _views(cell)
    step, step_grad, recurrent_grad = cell[4:]

    @jit.loop_in_order
    def run(weights, memory):
        input_product(weights, memory)
        panels = packed_kernel(weights.recurrent, memory.panels)
        for t in range(memory.x.shape[0]):
            step(weights, panels, step_of(memory, t))

    @jit.loop_in_order
    def run_backward(weights, memory, dweights, needs_dx):
        panels = packed_transposed_kernel(weights.recurrent, memory.panels)
        for t in range(memory.x.shape[0] - 1, -1, -1):
            step_grad(weights, panels, step_of(memory, t), memory.dstates[t + 1], memory.dstates[t])
        recurrent_grad(memory, dweights)
        input_gradients(weights, memory, dweights, needs_dx)

    return Recurrence(cell, shapes, weights_of, run, run_backward, outputs)


# One direction, or both -----------------------------------------------------------------------------------------------


def passes(recurrence: Recurrence) -> tuple[Any, Any, Any]:
    """Make the functions of a layer's passes in one direction, whose integers are `Recurrent.integers`.

    - ``forwards(integers, theta, x, work)`` processes the rows x from the initial state 0, and returns the outputs of
      all steps, (t, n, j), in the order of processing.
    - ``output_gradients(integers, rows, work)``: the array for the gradients of these, to be filled next.
    - ``backwards(integers, theta, dtheta, rows, work, needs_dx)`` fills dtheta; returns dJ/dx, if it is needed, as
      steps (t, n, j) in the order of processing.
    """
    _, shapes, weights, run, run_backward, outputs = recurrence

    @jit.called
    def forwards(integers, theta, x, work):
        rows = x.shape[0]
        memory = jit.views(work, shapes(integers, rows))
        copy_mask(integers, rows, work, memory.mask)
        copy_rows(x.reshape((rows, integers[LENGTH], integers[FEATURES])), integers[GO_BACKWARDS], memory.x)
        memory.states[0] = 0.0
        run(weights(integers, theta), memory)
        return outputs(memory.states[1:])

    @jit.called
    def output_gradients(integers, rows, work):
        memory = jit.views(work, shapes(integers, rows))
        memory.dstates[:] = 0.0
        return outputs(memory.dstates[1:])

    @jit.called
    def backwards(integers, theta, dtheta, rows, work, needs_dx):
        memory = jit.views(work, shapes(integers, rows))
        run_backward(weights(integers, theta), memory, weights(integers, dtheta), needs_dx)
        return memory.x

    return forwards, output_gradients, backwards


def recurrent_kernels(recurrence: Recurrence) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a recurrent layer, whose integers are `Recurrent.integers`."""
    forwards, output_gradients, backwards = passes(recurrence)

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        steps = forwards(integers, theta, x, work)
        steps = steps if integers[RETURN_SEQUENCES] else steps[steps.shape[0] - 1 :]
        copy_steps(steps, 0, y.reshape((steps.shape[1], steps.shape[0], steps.shape[2])))

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows, needs_dx = x.shape[0], dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        dsteps = output_gradients(integers, rows, work)
        dsteps = dsteps if integers[RETURN_SEQUENCES] else dsteps[dsteps.shape[0] - 1 :]
        copy_rows(dy.reshape((rows, dsteps.shape[0], dsteps.shape[2])), 0, dsteps)
        steps = backwards(integers, theta, dtheta, rows, work, needs_dx)
        if needs_dx:
            copy_steps(steps, integers[GO_BACKWARDS], dx.reshape((rows, integers[LENGTH], integers[FEATURES])))

    return forward, backward


class Recurrent(Layer):
    """Base class of GRU and LSTM; a row is a sequence (length, features)."""

    uses_mask = True

    def __init__(self, units: int, return_sequences: bool = False, go_backwards: bool = False) -> None:
        self.units = checks.integer("units", units, 1)
        self.return_sequences = checks.boolean("return_sequences", return_sequences)
        self.go_backwards = checks.boolean("go_backwards", go_backwards)

    @property
    def recurrence(self) -> Recurrence:
        """The functions that the kernels are made from; a property, so that another process can get the layer."""
        raise NotImplementedError(f"{type(self).__name__} has no recurrence")

    @property
    def shapes(self) -> Any:
        """Those of the workspace; a mask that the layer uses is counted by the layer that makes it."""
        return self.recurrence.shapes

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights are a kernel (features, blocks * units), a recurrent one (units, blocks * units), and a bias."""
        length, features = sequence_shape(type(self).__name__, input_shape)
        columns = self.recurrence.cell.blocks * self.units
        self.add_weight("kernel", (features, columns), "glorot_uniform")
        self.add_weight("recurrent_kernel", (self.units, columns), "orthogonal")
        self.add_weight("bias", *self.bias(columns), is_bias=True)
        return (length, self.units) if self.return_sequences else (self.units,)

    def bias(self, columns: int) -> tuple[tuple[int, ...], str]:
        """The shape and the initializer of the bias."""
        return (columns,), "zeros"

    def integers(self) -> list[int]:
        """The sizes, the arguments, whether there is a mask, and whether a layer below has weights."""
        length, features = self.input_shape
        return [length, features, self.units, int(self.return_sequences), int(self.go_backwards),
                int(self.mask_from is not None), int(self.needs_input_grad)]
