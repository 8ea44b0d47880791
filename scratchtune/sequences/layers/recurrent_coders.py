"""The recurrent encoder and decoder: the second begins where the first one ends.

The encoder reads the source. Its last state is the decoder's first, from which the decoder reads the target.

    source --> encoder --> states of the encoder
                  |
              last state
                  v
    target --> decoder --> states of the decoder

The outputs end with the last state, all of it: those of a GRU are its states after each step, and those of an LSTM have
the last cell as one step more. So the decoder finds its first state at the end of its second input. If that input is
its own last outputs, the decoder continues.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_matrix
from scratchtune.core.network.layers.base import Layer
from scratchtune.sequences.layers.gru import GRU
from scratchtune.sequences.layers.lstm import LSTM
from scratchtune.sequences.layers.recurrent import Recurrence
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    LENGTH,
    NEEDS_INPUT_GRAD,
    UNITS,
    copy_mask,
    copy_rows,
    copy_steps,
)

CELLS = {"gru": GRU, "lstm": LSTM}


@jit.function
def steps_of(integers, y):
    """View y as (n, steps, units); that of an LSTM has one step more than x, the last cell."""
    return y.reshape((y.shape[0], y.shape[1] // integers[UNITS], integers[UNITS]))


def passes(recurrence: Recurrence) -> tuple[Any, Any]:
    """Make the forward and the backward pass that encoder and decoder have in common."""
    (_, parts, *_), shapes, weights, run, run_backward, outputs = recurrence

    @jit.called
    def forward(integers, theta, x, first, y, work):
        """Fill y. The initial state is at the end of each row of ``first``, (n, numbers); with no numbers it is 0."""
        rows, length, units, steps = x.shape[0], integers[LENGTH], integers[UNITS], steps_of(integers, y)
        memory = jit.views(work, shapes(integers, rows))
        copy_mask(integers, rows, work, memory.mask)
        copy_rows(x.reshape((rows, length, integers[FEATURES])), 0, memory.x)
        memory.states[0] = 0.0
        if first.shape[1] > 0:
            copy_matrix(first[:, first.shape[1] - parts * units :], memory.states[0])
        run(weights(integers, theta), memory)
        copy_steps(outputs(memory.states[1:]), 0, steps[:, :length])
        if parts > 1:
            copy_matrix(memory.states[length, :, units:], steps[:, length])

    @jit.called
    def backward(integers, theta, dy, dtheta, dx, work):
        """Fill dtheta and, if it is needed, dx; return the gradient of the initial state."""
        rows, length, units, dsteps = dy.shape[0], integers[LENGTH], integers[UNITS], steps_of(integers, dy)
        needs_dx = dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        memory = jit.views(work, shapes(integers, rows))
        memory.dstates[0] = 0.0
        copy_rows(dsteps[:, :length], 0, outputs(memory.dstates[1:]))
        if parts > 1:
            memory.dstates[1:length, :, units:] = 0.0
            copy_matrix(dsteps[:, length], memory.dstates[length, :, units:])
        run_backward(weights(integers, theta), memory, weights(integers, dtheta), needs_dx)
        if needs_dx:
            copy_steps(memory.x, 0, dx.reshape((rows, length, integers[FEATURES])))
        return memory.dstates[0]

    return forward, backward


def kernels(recurrence: Recurrence) -> tuple[jit.Kernel, jit.Kernel, jit.Kernel, jit.Kernel]:
    """Make the kernels of an encoder, forward and backward, and those of a decoder."""
    forward, backward = passes(recurrence)

    @jit.forward
    def encoder_forward(integers, reals, theta, state, x, y, work, training, step, key):
        forward(integers, theta, x, np.empty((x.shape[0], 0), x.dtype), y, work)

    @jit.backward
    def encoder_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        backward(integers, theta, dy, dtheta, dx, work)

    @jit.forward2
    def decoder_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
        forward(integers, theta, x, second, y, work)

    @jit.backward2
    def decoder_backward(
        integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key,
    ):
        dfirst = backward(integers, theta, dy, dtheta, dx, work)
        if dsecond.size > 0:
            dsecond[:] = 0.0
            copy_matrix(dfirst, dsecond[:, second.shape[1] - dfirst.shape[1] :])

    return encoder_forward, encoder_backward, decoder_forward, decoder_backward


KERNELS = {structure: kernels(layer(1).recurrence) for structure, layer in CELLS.items()}


class RecurrentEncoder(Layer):
    """A GRU or an LSTM, by ``structure``, whose outputs end with its last state; see the beginning of this file."""

    uses_mask = True

    def __init__(self, units: int, structure: str = "gru") -> None:
        self.structure = checks.choice("structure", structure, CELLS)
        self.layer = CELLS[structure](units, return_sequences=True)
        self.forward, self.backward = KERNELS[structure][:2]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs (length, units), for an LSTM (length + 1, units)."""
        length, units = self.layer.start(input_shape)
        self.weights = self.layer.weights
        return (length + (self.structure == "lstm"), units)

    def keeps_mask(self) -> bool:
        """Always: the additional step of an LSTM, its last cell, is no step of the sequence."""
        return True

    def integers(self) -> list[int]:
        """Those of the recurrent layer, which gets this layer's mask and ``needs_input_grad`` before."""
        self.layer.mask_from, self.layer.needs_input_grad = self.mask_from, self.needs_input_grad
        return list(self.layer.integers())

    @property
    def shapes(self) -> Any:
        """The shapes of the recurrent layer's workspace."""
        return self.layer.shapes


class RecurrentDecoder(RecurrentEncoder):
    """The same, beginning with the state at the end of the second input."""

    def __init__(self, units: int, structure: str = "gru") -> None:
        super().__init__(units, structure)
        self.forward, self.backward = KERNELS[structure][2:]
