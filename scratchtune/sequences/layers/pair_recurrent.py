"""The coders of an encoder-decoder: two recurrent layers, of which the second begins where the first one ends.

The encoder reads the source. Its last state is the decoder's first, from which the decoder reads the target.

    source --> encoder --> states of the encoder
                  |
              last state
                  v
    target --> decoder --> states of the decoder

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.sequences.layers.gru import gru_memory, gru_sequence, gru_sequence_backward, gru_size, gru_weights
from scratchtune.sequences.layers.lstm import (
    lstm_memory,
    lstm_sequence,
    lstm_sequence_backward,
    lstm_size,
    lstm_weights,
)
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, TARGET, PairLayer, halves, masks_of, steps_of
from scratchtune.sequences.layers.sequences import copy_rows, copy_steps

UNITS = 4  # of integers, after those of all layers for pairs
BLOCKS = {"gru": 3, "lstm": 4}  # of a recurrent layer's weights


class Coder(NamedTuple):
    """The functions of a recurrent layer from which kernels are made; those of `gru` and `lstm`."""

    size: Any
    memory: Any
    weights: Any
    run: Any
    run_backward: Any
    outputs: Any


@jit.function
def gru_outputs(states):
    """The states (t, n, j) of a GRU are its outputs."""
    return states


@jit.function
def lstm_outputs(states):
    """The outputs (t, n, j) among the states (t, n, 2, j) of an LSTM."""
    return states[:, :, 0]


CODERS = {
    "gru": Coder(gru_size, gru_memory, gru_weights, gru_sequence, gru_sequence_backward, gru_outputs),
    "lstm": Coder(lstm_size, lstm_memory, lstm_weights, lstm_sequence, lstm_sequence_backward, lstm_outputs),
}


@jit.function
def coder_integers(integers, part):
    """The integers of a recurrent layer over one of the parts, `SOURCE` or `TARGET`: see `sequences.LENGTH`."""
    return np.array([integers[part], integers[FEATURES], integers[UNITS], 1, 0, 1, 1])


@jit.function
def copy_steps_mask(mask, steps):
    """Copy a mask (n, t) to one with the steps first, (t, n)."""
    copy_rows(mask.reshape((*mask.shape, 1)), 0, steps.reshape((*steps.shape, 1)))


def coders(coder: Coder) -> Any:
    """Make the function that divides weights and memory between encoder and decoder."""
    size, memory_in, weights_in = coder[:3]

    @jit.function
    def both(integers, theta, rows, work):
        """Weights and memory of the encoder, then those of the decoder; the memory is at the end of ``work``."""
        first, second = coder_integers(integers, SOURCE), coder_integers(integers, TARGET)
        middle, each = work.size - size(second, rows), theta.size // 2
        return (weights_in(first, theta[:each]), memory_in(first, rows, work[:middle]),
                weights_in(second, theta[each:]), memory_in(second, rows, work[middle:]))

    return both


def forward_kernel(coder: Coder) -> jit.Kernel:
    """Make the forward kernel of an encoder and a decoder of such layers."""
    both, run, outputs = coders(coder), coder.run, coder.outputs

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        rows = x.shape[0]
        encoder_weights, encoder, decoder_weights, decoder = both(integers, theta, rows, work)
        source, target = halves(steps_of(integers, x, integers[FEATURES]), integers[SOURCE])
        of_source, of_target = halves(steps_of(integers, y, integers[UNITS]), integers[SOURCE])
        source_mask, target_mask = masks_of(integers, rows, work)
        copy_steps_mask(source_mask, encoder.mask)
        copy_steps_mask(target_mask, decoder.mask)
        copy_rows(source, 0, encoder.x)
        copy_rows(target, 0, decoder.x)
        encoder.states[0] = 0.0
        run(encoder_weights, encoder)
        copy_to(encoder.states[integers[SOURCE]], decoder.states[0])
        run(decoder_weights, decoder)
        copy_steps(outputs(encoder.states)[1:], 0, of_source)
        copy_steps(outputs(decoder.states)[1:], 0, of_target)

    return forward


def backward_kernel(coder: Coder) -> jit.Kernel:
    """Make the backward kernel: the same steps, the last one first."""
    both, run_backward, outputs = coders(coder), coder.run_backward, coder.outputs

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows = x.shape[0]
        encoder_weights, encoder, decoder_weights, decoder = both(integers, theta, rows, work)
        encoder_grads, _, decoder_grads, _ = both(integers, dtheta, rows, work)
        of_source, of_target = halves(steps_of(integers, dy, integers[UNITS]), integers[SOURCE])
        encoder.dstates[:] = 0.0
        decoder.dstates[:] = 0.0
        copy_rows(of_source, 0, outputs(encoder.dstates)[1:])
        copy_rows(of_target, 0, outputs(decoder.dstates)[1:])
        run_backward(decoder_weights, decoder, decoder_grads, True)
        last, passed = encoder.dstates[integers[SOURCE]].reshape(-1), decoder.dstates[0].reshape(-1)
        for i in range(last.size):  # the decoder began with the encoder's last state
            last[i] += passed[i]
        run_backward(encoder_weights, encoder, encoder_grads, True)
        if dx.size > 0:
            source, target = halves(steps_of(integers, dx, integers[FEATURES]), integers[SOURCE])
            copy_steps(encoder.x, 0, source)
            copy_steps(decoder.x, 0, target)

    return backward


KERNELS = {structure: (forward_kernel(coder), backward_kernel(coder)) for structure, coder in CODERS.items()}


class PairRecurrent(PairLayer):
    """An encoder over the source and a decoder over the target, both ``structure`` ("gru" or "lstm") of ``units``.

    The outputs are the states of the encoder after each step of the source, and those of the decoder.
    """

    def __init__(self, units: int, source_length: int, structure: str = "gru") -> None:
        super().__init__(source_length)
        self.units = checks.integer("units", units, 1)
        self.structure = checks.choice("structure", structure, CODERS)
        self.forward, self.backward = KERNELS[self.structure]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights: a kernel, a recurrent kernel and a bias of the encoder, then those of the decoder."""
        _, _, features = self.split(input_shape)
        columns = BLOCKS[self.structure] * self.units
        shape, start = ((2, columns), "zeros") if self.structure == "gru" else ((columns,), "unit_forget_bias")
        for name in ("encoder", "decoder"):
            self.add_weight(f"{name}_kernel", (features, columns), "glorot_uniform")
            self.add_weight(f"{name}_recurrent_kernel", (self.units, columns), "orthogonal")
            self.add_weight(f"{name}_bias", shape, start, is_bias=True)
        return (input_shape[0], self.units)

    def integers(self) -> list[int]:
        """Those of all layers for pairs, and the units."""
        return [*super().integers(), self.units]

    def work_size(self, rows: int) -> int:
        """The memory of both coders."""
        size = CODERS[self.structure].size
        integers = [*self.split(self.input_shape), 0, self.units]
        return sum(int(size(coder_integers(np.array(integers), part), rows)) for part in (SOURCE, TARGET))
