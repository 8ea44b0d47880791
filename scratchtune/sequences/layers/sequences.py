"""What layers for sequences share: the order of the numbers in memory, the mask, and the recurrent layers' arguments.

A row is a sequence, (length, features). A recurrent layer processes one step of all rows at a time, so its workspace
has the steps first: (length, rows, features). Then the rows of one step are contiguous.

A mask has a 1 for each step of a sequence and a 0 for padding. At a 0 a recurrent layer keeps its state.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.matmul import copy_panels, pack_transposed

# Rows and steps -------------------------------------------------------------------------------------------------------


@jit.function_noalias
def add_steps(steps, mask, backwards, weight, x):
    """Add numbers that are ordered by steps to rows, if need be in reverse; a step with mask 0 adds nothing.

    Formula [add_steps]
        x'ₙₜⱼ = xₙₜⱼ + (w · s[#t − 1 − t if b > 0 else t, n, j] if mₜₙ > 0 else 0)
    Where
        s: steps, (t, n, j), real
        m: mask, (t, n), 0 or 1
        b: backwards, scalar, integer in [0, 1], whether the first of the steps is the last one of the rows
        w: weight, scalar, real
        x: x, (n, t, j), real
    Source
        Keras, layers.RNN with go_backwards, and layers.Bidirectional.
    """
    length, rows, features = steps.shape
    for t in range(length):
        step = length - 1 - t if backwards > 0 else t
        for n in range(rows):
            if mask[t, n] > 0.0:
                for j in range(features):
                    x[n, t, j] += weight * steps[step, n, j]


@jit.function_noalias
def add_steps_grad(dx, mask, backwards, weight, dsteps):
    """Gradient with respect to the steps; with weight 1 and no zeros in the mask, also the copy of rows to steps.

    Formula [add_steps_grad]
        dₜₙⱼ = w · g[n, #t − 1 − t if b > 0 else t, j] if m[#t − 1 − t if b > 0 else t, n] > 0 else 0
    Gradient of
        [add_steps] in steps
    Where
        g: dx, (n, t, j), real, dJ/dx
        m: mask, (t, n), 0 or 1
        b: backwards, scalar, integer in [0, 1]
        w: weight, scalar, real
        d: dsteps, (t, n, j), written
    Source
        Calculus.
    """
    length, rows, features = dsteps.shape
    for step in range(length):
        t = length - 1 - step if backwards > 0 else step
        for n in range(rows):
            if mask[t, n] > 0.0:
                for j in range(features):
                    dsteps[step, n, j] = weight * dx[n, t, j]
            else:
                for j in range(features):
                    dsteps[step, n, j] = 0.0


@jit.function_noalias
def copy_rows(x, backwards, steps):
    """Copy rows (n, t, j) to steps (t, n, j), the last one first if ``backwards`` is 1."""
    everything = np.ones((x.shape[1], x.shape[0]), x.dtype)
    add_steps_grad(x, everything, backwards, x.dtype.type(1.0), steps)


@jit.function_noalias
def copy_steps(steps, backwards, x):
    """The inverse of `copy_rows`."""
    x[:] = 0.0
    everything = np.ones((x.shape[1], x.shape[0]), x.dtype)
    add_steps(steps, everything, backwards, x.dtype.type(1.0), x)


@jit.function_noalias
def accumulate(increment, total):
    """Add ``increment`` to ``total``, both (n, j)."""
    for n in range(total.shape[0]):
        for j in range(total.shape[1]):
            total[n, j] += increment[n, j]


# Recurrent layers -----------------------------------------------------------------------------------------------------

LENGTH, FEATURES, UNITS, RETURN_SEQUENCES, GO_BACKWARDS, HAS_MASK, NEEDS_INPUT_GRAD = range(7)  # of integers
ALIGNED = 16  # numbers: parts of a workspace are multiples of it, so that each begins on a cache line
MOST_COLUMNS = 32  # of a panel, on any processor (`jit.tile_columns`)


@jit.function
def padded(size):
    """The least multiple of `ALIGNED` that is at least ``size``."""
    return (size + ALIGNED - 1) // ALIGNED * ALIGNED


@jit.function
def take(work, used, size):
    """The next ``size`` numbers of ``work``, and how many are used then."""
    return work[used : used + size], used + padded(size)


@jit.function
def taken(sizes):
    """How many numbers `take` uses for arrays of these sizes, one after the other."""
    total = 0
    for size in sizes:
        total += padded(size)
    return total


@jit.function
def packed_kernel(recurrent, memory):
    """Copy the recurrent kernel to panels, which a step multiplies by."""
    columns = jit.tile_columns(recurrent)
    blocks = (recurrent.shape[1] + columns - 1) // columns
    panels = memory[: blocks * recurrent.shape[0] * columns].reshape((blocks, recurrent.shape[0], columns))
    copy_panels(recurrent, panels)
    return panels


@jit.function
def packed_transposed_kernel(recurrent, memory):
    """Copy the transposed recurrent kernel to panels, which a step of the backward pass multiplies by."""
    columns = jit.tile_columns(recurrent)
    blocks = (recurrent.shape[0] + columns - 1) // columns
    panels = memory[: blocks * recurrent.shape[1] * columns].reshape((blocks, recurrent.shape[1], columns))
    pack_transposed(recurrent, panels)
    return panels


@jit.function
def panels_size(rows, columns):
    """The size of the memory for either copy of a recurrent kernel (rows, columns), if there are more columns."""
    return padded(columns * (rows + MOST_COLUMNS))


@jit.function
def mask_of(has_mask, rows, length, work):
    """The mask (n, t) that ``work`` begins with; all 1 if there is none."""
    if has_mask:
        mask = work[: rows * length]
    else:
        mask = np.ones(rows * length, work.dtype)
    return mask.reshape((rows, length))


@jit.called
def copy_mask(integers, rows, work, mask):
    """Fill ``mask`` (t, n), in the order of processing, from the one that ``work`` begins with, or else with ones."""
    length = integers[LENGTH]
    if integers[HAS_MASK]:
        given = work[: rows * length].reshape((rows, length, 1))
        copy_rows(given, integers[GO_BACKWARDS], mask.reshape((length, rows, 1)))
    else:
        mask[:] = 1.0


@jit.called
def write_outputs(integers, steps, y):
    """y is the outputs (t, n, j) of all steps in the order of processing, or those of the last one."""
    first = 0 if integers[RETURN_SEQUENCES] else steps.shape[0] - 1
    copy_steps(steps[first:], 0, y.reshape((steps.shape[1], steps.shape[0] - first, steps.shape[2])))


@jit.called
def read_gradients(integers, dy, dsteps):
    """Copy dJ/dy to the gradient of each step's output, (t, n, j); it is 0 for steps that y does not contain."""
    first = 0 if integers[RETURN_SEQUENCES] else dsteps.shape[0] - 1
    dsteps[:first] = 0.0
    copy_rows(dy.reshape((dsteps.shape[1], dsteps.shape[0] - first, dsteps.shape[2])), 0, dsteps[first:])


def sequence_shape(name: str, input_shape: tuple[int, ...]) -> tuple[int, int]:
    """The shape of a row if it is (length, features); a ValueError otherwise."""
    if len(input_shape) != 2:
        raise ValueError(f"{name} gets rows of shape {tuple(input_shape)}; it takes sequences (length, features): "
                         f"for tokens put Embedding(input_dim, output_dim) before it")
    length, features = input_shape
    return length, features


class Passes(NamedTuple):
    """The functions of a recurrent layer from which kernels are made, for one direction or for both.

    - ``size(integers, rows)``: the size of the workspace without a mask, which is at the end of ``work``.
    - ``run(integers, theta, x, work)``: processes the rows x; returns the state after each step, (t, n, j), in the
      order of processing.
    - ``output_gradients(integers, rows, work)``: the array for the gradients of these states, to be filled next.
    - ``run_backward(integers, theta, dtheta, rows, work, needs_dx)``: fills dtheta; returns dJ/dx, if it is needed, as
      steps (t, n, j) in the order of processing.
    """

    size: Any
    run: Any
    output_gradients: Any
    run_backward: Any


def recurrent_kernels(passes: Passes) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a recurrent layer, whose integers are `Recurrent.integers`."""
    _, run, output_gradients, run_backward = passes

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        write_outputs(integers, run(integers, theta, x, work), y)

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows, needs_dx = x.shape[0], dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        read_gradients(integers, dy, output_gradients(integers, rows, work))
        steps = run_backward(integers, theta, dtheta, rows, work, needs_dx)
        if needs_dx:
            copy_steps(steps, integers[GO_BACKWARDS], dx.reshape((rows, integers[LENGTH], integers[FEATURES])))

    return forward, backward


class Recurrent(Layer):
    """What GRU and LSTM have in common; a row is a sequence (length, features)."""

    uses_mask = True

    def __init__(self, units: int, return_sequences: bool = False, go_backwards: bool = False) -> None:
        self.units = checks.integer("units", units, 1)
        self.return_sequences = checks.boolean("return_sequences", return_sequences)
        self.go_backwards = checks.boolean("go_backwards", go_backwards)

    @property
    def passes(self) -> Passes:
        """The functions that the kernels are made from; no attribute, since these are not copied with a layer."""
        raise NotImplementedError(f"{type(self).__name__} has no passes")

    def output_of(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an output row: the state after each step, or after the last one."""
        length, _ = sequence_shape(type(self).__name__, input_shape)
        return (length, self.units) if self.return_sequences else (self.units,)

    def integers(self) -> list[int]:
        """The sizes, the arguments, whether there is a mask, and whether a layer below has weights."""
        length, features = self.input_shape
        return [length, features, self.units, int(self.return_sequences), int(self.go_backwards),
                int(self.mask_from is not None), int(self.needs_input_grad)]

    def work_size(self, rows: int) -> int:
        """The layer's own workspace; a mask that it uses is counted by the layer that makes it."""
        return int(jit.plain(self.passes.size)(self.integers(), rows))


def refuse_arguments(layer: str, given: dict[str, tuple[Any, Any]]) -> None:
    """Raise a ValueError for the first argument whose value is not the only one supported; both are in ``given``."""
    for name, (value, supported) in given.items():
        if value is not supported and value != supported:
            raise ValueError(f"{name} is {value!r}; {layer} supports {supported!r} only")
