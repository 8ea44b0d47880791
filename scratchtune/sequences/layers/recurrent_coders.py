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

from typing import Any, NamedTuple

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.gru import (
    GRU,
    gru_memory,
    gru_sequence,
    gru_sequence_backward,
    gru_weights,
)
from scratchtune.sequences.layers.lstm import (
    LSTM,
    lstm_memory,
    lstm_sequence,
    lstm_sequence_backward,
    lstm_weights,
)
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    LENGTH,
    NEEDS_INPUT_GRAD,
    UNITS,
    copy_mask,
    copy_rows,
    copy_steps,
)


class Cell(NamedTuple):
    """A recurrent layer, and the functions from which kernels are made; those of `gru` and `lstm`."""

    layer: Any
    memory: Any
    weights: Any
    run: Any
    run_backward: Any
    write: Any
    read: Any


@jit.function
def gru_write(states, y):
    """y (n, t, j) from the states (t + 1, n, j)."""
    copy_steps(states[1:], 0, y)


@jit.function
def gru_read(dy, dstates):
    """The inverse of `gru_write`, for gradients."""
    dstates[0] = 0.0
    copy_rows(dy, 0, dstates[1:])


@jit.function
def lstm_write(states, y):
    """y (n, t + 1, j) from the states (t + 1, n, 2, j): the states after each step, then the last cell."""
    length = states.shape[0] - 1
    copy_steps(states[1:, :, 0], 0, y[:, :length])
    y[:, length] = states[length, :, 1]


@jit.function
def lstm_read(dy, dstates):
    """The inverse of `lstm_write`, for gradients."""
    length = dstates.shape[0] - 1
    dstates[:] = 0.0
    copy_rows(dy[:, :length], 0, dstates[1:, :, 0])
    dstates[length, :, 1] = dy[:, length]


CELLS = {
    "gru": Cell(GRU, gru_memory, gru_weights, gru_sequence, gru_sequence_backward, gru_write, gru_read),
    "lstm": Cell(LSTM, lstm_memory, lstm_weights, lstm_sequence, lstm_sequence_backward, lstm_write, lstm_read),
}


def kernels(cell: Cell) -> tuple[jit.Kernel, jit.Kernel, jit.Kernel, jit.Kernel]:
    """Make the kernels of an encoder, forward and backward, and those of a decoder."""
    memory_in, weights_in, run, run_backward, write, read = cell[1:]

    @jit.function
    def begin(integers, x, work):
        """The memory with the rows x and their mask; the first state is not set."""
        rows = x.shape[0]
        memory = memory_in(integers, rows, work)
        copy_mask(integers, rows, work, memory.mask)
        copy_rows(x.reshape((rows, integers[LENGTH], integers[FEATURES])), 0, memory.x)
        return memory

    @jit.function
    def steps_of(integers, y):
        return y.reshape((y.shape[0], y.shape[1] // integers[UNITS], integers[UNITS]))

    @jit.called
    def gradients(integers, theta, dy, dtheta, dx, work):
        """Fill dtheta and dx; the memory has the gradient of the first state then."""
        rows, needs_dx = dy.shape[0], dx.size > 0 and integers[NEEDS_INPUT_GRAD] > 0
        memory = memory_in(integers, rows, work)
        read(steps_of(integers, dy), memory.dstates)
        run_backward(weights_in(integers, theta), memory, weights_in(integers, dtheta), needs_dx)
        if needs_dx:
            copy_steps(memory.x, 0, dx.reshape((rows, integers[LENGTH], integers[FEATURES])))
        return memory

    @jit.forward
    def encoder_forward(integers, reals, theta, state, x, y, work, training, step, key):
        memory = begin(integers, x, work)
        memory.states[0] = 0.0
        run(weights_in(integers, theta), memory)
        write(memory.states, steps_of(integers, y))

    @jit.backward
    def encoder_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        gradients(integers, theta, dy, dtheta, dx, work)

    @jit.forward2
    def decoder_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
        memory = begin(integers, x, work)
        first = memory.states[0].reshape((x.shape[0], memory.states[0].size // x.shape[0]))
        first[:] = second[:, second.shape[1] - first.shape[1] :]
        run(weights_in(integers, theta), memory)
        write(memory.states, steps_of(integers, y))

    @jit.backward2
    def decoder_backward(
        integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key,
    ):
        memory = gradients(integers, theta, dy, dtheta, dx, work)
        if dsecond.size > 0:
            dfirst = memory.dstates[0].reshape((x.shape[0], memory.dstates[0].size // x.shape[0]))
            dsecond[:] = 0.0
            dsecond[:, second.shape[1] - dfirst.shape[1] :] = dfirst

    return encoder_forward, encoder_backward, decoder_forward, decoder_backward


KERNELS = {structure: kernels(cell) for structure, cell in CELLS.items()}


class RecurrentEncoder(Layer):
    """A GRU or an LSTM, by ``structure``, whose outputs end with its last state; see the beginning of this file."""

    uses_mask = True

    def __init__(self, units: int, structure: str = "gru") -> None:
        self.structure = checks.choice("structure", structure, CELLS)
        self.layer = CELLS[structure].layer(units, return_sequences=True)
        self.forward, self.backward = KERNELS[structure][:2]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs (length, units), for an LSTM (length + 1, units)."""
        length, units = self.layer.start(input_shape)
        self.weights = self.layer.weights
        return (length + (self.structure == "lstm"), units)

    def keeps_mask(self) -> bool:
        """The last cell has no step of its own."""
        return True

    def integers(self) -> list[int]:
        """Those of the recurrent layer."""
        self.layer.mask_from, self.layer.needs_input_grad = self.mask_from, self.needs_input_grad
        return list(self.layer.integers())

    def work_size(self, rows: int) -> int:
        """That of the recurrent layer."""
        return int(self.layer.work_size(rows))


class RecurrentDecoder(RecurrentEncoder):
    """The same, beginning with the state at the end of the second input."""

    def __init__(self, units: int, structure: str = "gru") -> None:
        super().__init__(units, structure)
        self.forward, self.backward = KERNELS[structure][2:]
