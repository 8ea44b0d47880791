"""A bidirectional layer reads a sequence forwards and backwards, with weights of their own for each direction.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.layers.base import Layer
from scratchtune.sequences.layers.gru import AFTER, BEFORE
from scratchtune.sequences.layers.lstm import LSTM_RECURRENCE
from scratchtune.sequences.layers.recurrent import Recurrence, Recurrent, passes
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    HAS_MASK,
    LENGTH,
    NEEDS_INPUT_GRAD,
    RETURN_SEQUENCES,
    UNITS,
    add_steps,
    add_steps_grad,
    copy_rows,
)

NUMBERS = 7  # integers of a recurrent layer; those of the forward direction come first


@jit.function
def half(integers, y, direction):
    """View one direction, 0 forwards or 1 backwards, of y or dy as (n, t, j)."""
    units = integers[UNITS]
    return y.reshape((y.shape[0], y.shape[1] // (2 * units), 2, units))[:, :, direction]


@jit.function
def output_mask(integers, rows, work, steps):
    """The mask of the outputs (t, n): with return_sequences those of padding are 0, as in Keras; else all count."""
    mask = np.ones((steps, rows), work.dtype)
    if integers[HAS_MASK] and integers[RETURN_SEQUENCES]:
        copy_rows(work[: rows * steps].reshape((rows, steps, 1)), 0, mask.reshape((steps, rows, 1)))
    return mask


def _kernels(recurrence: Recurrence) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a bidirectional layer from the functions of a recurrent one.

    Both directions have a workspace of their own at the end of ``work``; that of the forward direction comes first.
    """
    shapes, (forwards, output_gradients, backwards) = recurrence.shapes, passes(recurrence)

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        rows, middle = x.shape[0], theta.size // 2
        y[:] = 0.0
        for direction in range(2):
            numbers, own = integers[direction * NUMBERS :], (1 - direction) * jit.size_of(shapes(integers, rows))
            part = theta[direction * middle : (direction + 1) * middle]
            states, into = forwards(numbers, part, x, work[: work.size - own]), half(integers, y, direction)
            mask = output_mask(integers, rows, work, into.shape[1])
            add_steps(states[states.shape[0] - into.shape[1] :], mask, direction, into)

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows, middle, needs_dx = x.shape[0], theta.size // 2, dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        dx[:] = 0.0
        for direction in range(2):
            numbers, own = integers[direction * NUMBERS :], (1 - direction) * jit.size_of(shapes(integers, rows))
            memory, above = work[: work.size - own], half(integers, dy, direction)
            dstates = output_gradients(numbers, rows, memory)
            mask = output_mask(integers, rows, work, above.shape[1])
            add_steps_grad(above, mask, direction, dstates[dstates.shape[0] - above.shape[1] :])
            part = slice(direction * middle, (direction + 1) * middle)
            steps = backwards(numbers, theta[part], dtheta[part], rows, memory, needs_dx)
            if needs_dx:
                everything = np.ones((steps.shape[0], rows), x.dtype)
                row_grad = dx.reshape((rows, integers[LENGTH], integers[FEATURES]))
                add_steps(steps, everything, direction, row_grad)

    return forward, backward


KERNELS = {recurrence: _kernels(recurrence) for recurrence in (AFTER, BEFORE, LSTM_RECURRENCE)}


class Bidirectional(Layer):
    """A `GRU` or `LSTM` in both directions, whose outputs are side by side, as with Keras's merge_mode "concat".

    ``layer`` itself is not trained: both directions are copies with weights of their own. With return_sequences the
    outputs at padding are 0, as in Keras.
    """

    uses_mask = True

    def __init__(self, layer: Recurrent) -> None:
        if not isinstance(layer, Recurrent):
            raise TypeError(f"layer is {layer!r}; it must be a GRU or an LSTM, such as GRU(64)")
        if layer.go_backwards:
            raise ValueError(f"layer is {layer!r}; it must have go_backwards=False: Bidirectional makes a copy that "
                             "goes backwards")
        self.layer = self.config["layer"] = layer.fresh()

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights are those of the forward direction, then those of the backward one."""
        self.directions = [self.layer, self.layer.fresh(go_backwards=True)]
        self.forward, self.backward = KERNELS[self.layer.recurrence]
        for name, direction in zip(("forward", "backward"), self.directions, strict=True):
            output_shape = direction.start(input_shape)
            for weight in direction.weights:
                self.weights.append(weight._replace(name=f"{name}_{weight.name}"))
        return (*output_shape[:-1], 2 * output_shape[-1])

    def integers(self) -> list[int]:
        """Those of both directions."""
        for direction in self.directions:
            direction.mask_from, direction.needs_input_grad = self.mask_from, self.needs_input_grad
        return [number for direction in self.directions for number in direction.integers()]

    def work_size(self, rows: int) -> int:
        """That of both directions."""
        return sum(direction.work_size(rows) for direction in self.directions)
