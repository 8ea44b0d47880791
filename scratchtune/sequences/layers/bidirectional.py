"""A bidirectional layer reads a sequence forwards and backwards, with weights of their own, and merges the outputs.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.gru import AFTER, BEFORE
from scratchtune.sequences.layers.lstm import LSTM_RECURRENCE
from scratchtune.sequences.layers.recurrent import Recurrence, Recurrent, passes
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    GO_BACKWARDS,
    HAS_MASK,
    LENGTH,
    RETURN_SEQUENCES,
    UNITS,
    add_steps,
    add_steps_grad,
    copy_rows,
)

MERGE_MODES = {"concat": 1.0, "sum": 1.0, "ave": 0.5}  # by which each direction's outputs are multiplied
PER_DIRECTION = 7  # integers of a recurrent layer
CONCATENATES, NEEDS_INPUT_GRAD = 2 * PER_DIRECTION, 2 * PER_DIRECTION + 1


@jit.function
def output_mask(integers, rows, work, steps):
    """The mask of the outputs (t, n): with return_sequences those of padding are 0, as in Keras; else all count."""
    mask = np.ones((steps, rows), work.dtype)
    if integers[HAS_MASK] and integers[RETURN_SEQUENCES]:
        copy_rows(work[: rows * steps].reshape((rows, steps, 1)), 0, mask.reshape((steps, rows, 1)))
    return mask


@jit.function
def part_of(integers, y, direction):
    """The part of y, or dy, for a direction, (n, t, j): its half if outputs are concatenated, otherwise all of it."""
    units = integers[UNITS]
    width = 2 * units if integers[CONCATENATES] else units
    first = direction * units if integers[CONCATENATES] else 0
    return y.reshape((y.shape[0], y.shape[1] // width, width))[:, :, first : first + units]


def _kernels(recurrence: Recurrence) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a bidirectional layer from the functions of a recurrent one.

    Both directions have a workspace of their own at the end of ``work``; that of the forward direction comes first.
    """
    shapes, (run, output_gradients, run_backward) = recurrence.shapes, passes(recurrence)

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        rows, half = x.shape[0], theta.size // 2
        own = jit.size_of(shapes(integers, rows))
        y[:] = 0.0
        for direction in range(2):
            numbers = integers[direction * PER_DIRECTION : (direction + 1) * PER_DIRECTION]
            memory = work[: work.size - (1 - direction) * own]
            states = run(numbers, theta[direction * half : (direction + 1) * half], x, memory)
            into = part_of(integers, y, direction)
            length = into.shape[1]
            mask = output_mask(integers, rows, work, length)
            add_steps(states[states.shape[0] - length :], mask, direction, reals[0], into)

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows, half = x.shape[0], theta.size // 2
        own, needs_dx = jit.size_of(shapes(integers, rows)), dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        dx[:] = 0.0
        for direction in range(2):
            numbers = integers[direction * PER_DIRECTION : (direction + 1) * PER_DIRECTION]
            memory = work[: work.size - (1 - direction) * own]
            above = part_of(integers, dy, direction)
            length = above.shape[1]
            dstates = output_gradients(numbers, rows, memory)
            dstates[: dstates.shape[0] - length] = 0.0
            mask = output_mask(integers, rows, work, length)
            add_steps_grad(above, mask, direction, reals[0], dstates[dstates.shape[0] - length :])
            part = slice(direction * half, (direction + 1) * half)
            steps = run_backward(numbers, theta[part], dtheta[part], rows, memory, needs_dx)
            if needs_dx:
                everything = np.ones((steps.shape[0], rows), x.dtype)
                row_grad = dx.reshape((rows, integers[LENGTH], integers[FEATURES]))
                add_steps(steps, everything, numbers[GO_BACKWARDS], x.dtype.type(1.0), row_grad)

    return forward, backward


KERNELS = {recurrence: _kernels(recurrence) for recurrence in (AFTER, BEFORE, LSTM_RECURRENCE)}


class Bidirectional(Layer):
    """A `GRU` or `LSTM` in both directions; arguments have Keras's names and defaults.

    ``layer`` itself is not trained: both directions are copies with weights of their own. ``merge_mode`` "concat"
    appends the backward direction's outputs, "sum" adds them, "ave" takes the mean. With return_sequences the outputs
    at padding are 0, as in Keras.
    """

    uses_mask = True

    def __init__(self, layer: Recurrent, merge_mode: str = "concat") -> None:
        if not isinstance(layer, Recurrent):
            raise TypeError(f"layer is {layer!r}; it must be a GRU or an LSTM, such as GRU(64)")
        if layer.go_backwards:
            raise ValueError(f"layer is {layer!r}; it must have go_backwards=False: Bidirectional makes a copy that "
                             "goes backwards")
        self.merge_mode = checks.choice("merge_mode", merge_mode, MERGE_MODES)
        self.directions = [layer.fresh(), layer.fresh(go_backwards=True)]
        self.forward, self.backward = KERNELS[layer.recurrence]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights are those of the forward direction, then those of the backward one."""
        for name, direction in zip(("forward", "backward"), self.directions, strict=True):
            output_shape = direction.start(input_shape)
            for weight in direction.weights:
                self.weights.append(weight._replace(name=f"{name}_{weight.name}"))
        factor = 2 if self.merge_mode == "concat" else 1
        return (*output_shape[:-1], factor * output_shape[-1])

    def integers(self) -> list[int]:
        """Those of both directions, whether outputs are concatenated, and whether a layer below has weights."""
        for direction in self.directions:
            direction.mask_from, direction.needs_input_grad = self.mask_from, self.needs_input_grad
        numbers = [number for direction in self.directions for number in direction.integers()]
        return [*numbers, int(self.merge_mode == "concat"), int(self.needs_input_grad)]

    def reals(self) -> list[float]:
        """The factor of each direction's outputs."""
        return [MERGE_MODES[self.merge_mode]]

    def work_size(self, rows: int) -> int:
        """The workspaces of both directions."""
        return sum(direction.work_size(rows) for direction in self.directions)
