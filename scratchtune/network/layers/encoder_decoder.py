"""An encoder-decoder reads a source sequence, and writes a target sequence token by token.

The *encoder* is a recurrent layer over the vectors of the source's tokens. The *decoder* is another one over those of
the target's, which begins with the encoder's last state. At each step, *attention* looks up the encoder's states: their
mean, weighted by how well each one fits the decoder's state. State and mean together give the logits of the next token.

    source tokens      target tokens           a row of inputs: source, then target
         |                  |
      vectors            vectors               two tables (`embedding`)
         |                  |
      encoder  --last-->  decoder              `gru_sequence` or `lstm_sequence`
         |                  |
       states  --------> attention             `dot_scores` or `additive_scores`, `masked_softmax`
                            |
                  tanh([state; mean] @ W + b)  Luong's attentional state, with dropout
                            |
                          logits               a row of outputs: (target length, target vocabulary)

This is one layer, so that the epoch loop does not change: a row holds both sequences, and the kernels compose the
functions of the layers named above. The token 0 is padding, which the encoder skips and attention leaves out.

| symbol | here | shape |
|---|---|---|
| decoder's state and attention's mean, side by side | ``both`` | (rows, target length, 2 units) |
| encoder's states | ``encoded`` | (rows, source length, units) |
| attention's weights | ``weights`` | (rows, target length, source length) |
| attentional state | ``hidden`` | (rows, target length, units) |

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.attention import (
    additive_scores,
    additive_scores_key_grad,
    additive_scores_query_grad,
    additive_scores_scale_grad,
    attention_scores_grad,
    dot_product_attention_value_grad,
    dot_scores,
    dot_scores_key_grad,
    dot_scores_query_grad,
    masked_softmax,
)
from scratchtune.network.exponential import vector_tanh
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import add_bias, bias_grad
from scratchtune.network.layers.dropout import dropout
from scratchtune.network.layers.embedding import embedding, embedding_grad, padding_mask
from scratchtune.network.layers.gru import gru_memory, gru_sequence, gru_sequence_backward, gru_size, gru_weights
from scratchtune.network.layers.lstm import lstm_memory, lstm_sequence, lstm_sequence_backward, lstm_size, lstm_weights
from scratchtune.network.layers.sequences import accumulate, copy_rows, copy_steps, padded, take
from scratchtune.network.matmul import multiply, multiply_transposed
from scratchtune.network.random_numbers import random_bits, uniform

STRUCTURES = {"gru": 3, "lstm": 4}  # blocks of a recurrent layer's weights
ATTENTIONS = ("none", "dot", "additive")
NONE, DOT, ADDITIVE = range(3)
SOURCE, TARGET, SOURCE_TOKENS, TARGET_TOKENS, EMBEDDING, UNITS, ATTENTION, BLOCKS, BIASES = range(9)  # of integers


class Parts(NamedTuple):
    """theta, or dtheta, in parts; ``encoder`` and ``decoder`` are those of a recurrent layer."""

    source_table: Any
    target_table: Any
    encoder: Any
    decoder: Any
    scale: Any
    combine: Any
    combine_bias: Any
    output: Any
    output_bias: Any


class Memory(NamedTuple):
    """The arrays of this file's docstring; the workspaces of encoder and decoder; tanhs of additive scores."""

    both: Any
    encoded: Any
    weights: Any
    hidden: Any
    dboth: Any
    dencoded: Any
    dhidden: Any
    tanhs: Any
    encoder: Any
    decoder: Any


@jit.function
def parts_of(integers, theta):
    """The parts of theta, in the order of `EncoderDecoder.build`."""
    size, units, blocks = integers[EMBEDDING], integers[UNITS], integers[BLOCKS]
    recurrent = (size + units + integers[BIASES]) * blocks * units
    tokens = integers[TARGET_TOKENS]
    a = integers[SOURCE_TOKENS] * size
    b = a + tokens * size
    c = b + recurrent
    d = c + recurrent
    e = d + (units if integers[ATTENTION] == ADDITIVE else 0)
    inputs = units if integers[ATTENTION] == NONE else 2 * units
    f = e + inputs * units
    g = f + units
    h = g + units * tokens
    return Parts(theta[:a].reshape((integers[SOURCE_TOKENS], size)), theta[a:b].reshape((tokens, size)), theta[b:c],
                 theta[c:d], theta[d:e], theta[e:f].reshape((inputs, units)), theta[f:g],
                 theta[g:h].reshape((units, tokens)), theta[h:])


@jit.function
def coder_integers(integers, length):
    """The integers of the encoder or the decoder, a recurrent layer: see `sequences.LENGTH` and those after it."""
    return np.array([length, integers[EMBEDDING], integers[UNITS], 1, 0, 1, 1, 1])


@jit.function
def memory_of(integers, rows, work, encoder_size, decoder_size):
    """The parts of ``work``; arrays without attention have their place too."""
    source, target, units = integers[SOURCE], integers[TARGET], integers[UNITS]
    additive = integers[ATTENTION] == ADDITIVE
    both, used = take(work, 0, rows * target * 2 * units)
    encoded, used = take(work, used, rows * source * units)
    weights, used = take(work, used, rows * target * source)
    hidden, used = take(work, used, rows * target * units)
    dboth, used = take(work, used, rows * target * 2 * units)
    dencoded, used = take(work, used, rows * source * units)
    dhidden, used = take(work, used, rows * target * units)
    tanhs, used = take(work, used, rows * target * source * units if additive else 0)
    encoder, used = take(work, used, encoder_size)
    decoder, used = take(work, used, decoder_size)
    features = units if additive else 0
    return Memory(
        both.reshape((rows, target, 2 * units)), encoded.reshape((rows, source, units)),
        weights.reshape((rows, target, source)), hidden.reshape((rows, target, units)),
        dboth.reshape((rows, target, 2 * units)), dencoded.reshape((rows, source, units)),
        dhidden.reshape((rows, target, units)), tanhs.reshape((rows, target, source, features)), encoder, decoder)


# Attention, row by row ------------------------------------------------------------------------------------------------


@jit.function
def attend(kind, parts, memory, keep):
    """Fill ``weights`` and the second half of ``both``; ``keep`` (rows, source) is 0 for padding."""
    units = memory.encoded.shape[2]
    for i in range(memory.both.shape[0]):
        query, key, weights = memory.both[i, :, :units], memory.encoded[i], memory.weights[i]
        if kind == DOT:
            dot_scores(query, key, 1.0, weights)
        else:
            additive_scores(query, key, parts.scale, memory.tanhs[i], weights)
        masked_softmax(weights, keep[i], 0, weights)
        multiply(weights, key, memory.both[i, :, units:])


@jit.function
def attend_backward(kind, parts, memory, dparts):
    """From ``dboth``: fill ``dencoded``, and add to the first half of ``dboth``."""
    rows, target, source = memory.weights.shape
    units = memory.encoded.shape[2]
    dscores, dquery = np.empty((target, source), memory.both.dtype), np.empty((target, units), memory.both.dtype)
    dkey = np.empty((source, units), memory.both.dtype)
    dparts.scale[:] = 0.0
    for i in range(rows):
        query, key, weights = memory.both[i, :, :units], memory.encoded[i], memory.weights[i]
        dmean = memory.dboth[i, :, units:]
        attention_scores_grad(weights, key, dmean, dscores)
        dot_product_attention_value_grad(weights, dmean, memory.dencoded[i])
        if kind == DOT:
            dot_scores_query_grad(key, 1.0, dscores, dquery)
            dot_scores_key_grad(query, 1.0, dscores, dkey)
        else:
            additive_scores_query_grad(memory.tanhs[i], parts.scale, dscores, dquery)
            additive_scores_key_grad(memory.tanhs[i], parts.scale, dscores, dkey)
            additive_scores_scale_grad(memory.tanhs[i], dscores, dparts.scale)
        accumulate(dquery, memory.dboth[i, :, :units])
        accumulate(dkey, memory.dencoded[i])


# Logits ---------------------------------------------------------------------------------------------------------------


@jit.function
def flat(x):
    """(rows, length, numbers) as (rows · length, numbers)."""
    return x.reshape((x.shape[0] * x.shape[1], x.shape[2]))


@jit.function
def dropped(x, rate, key):
    """Apply `dropout` in place, with a random number for each entry; the same again with the same key."""
    numbers = x.reshape(x.size)
    for i in range(numbers.size):
        numbers[i] = dropout(numbers[i], uniform(random_bits(key, np.uint64(i))), rate)


@jit.function
def logits(integers, parts, memory, rate, key, y):
    """From ``both``: fill ``hidden`` and the logits y, (rows · target length, vocabulary)."""
    hidden, inputs = flat(memory.hidden), flat(memory.both)[:, : parts.combine.shape[0]]
    multiply(inputs, parts.combine, hidden)
    add_bias(hidden, parts.combine_bias)
    for n in range(hidden.shape[0]):
        for j in range(hidden.shape[1]):
            hidden[n, j] = vector_tanh(hidden[n, j])
    memory.dhidden[:] = memory.hidden  # with dropout: what the logits are computed from
    if rate > 0.0:
        dropped(memory.dhidden, rate, key)
    multiply(flat(memory.dhidden), parts.output, y)
    add_bias(y, parts.output_bias)


@jit.function
def logits_backward(integers, parts, memory, rate, key, dy, dparts):
    """From dy: fill ``dboth``, and the gradients of the weights of `logits`."""
    hidden, dhidden = flat(memory.hidden), flat(memory.dhidden)
    multiply(dhidden.T, dy, dparts.output)
    bias_grad(dy, dparts.output_bias)
    multiply_transposed(dy, parts.output, dhidden)
    if rate > 0.0:
        dropped(memory.dhidden, rate, key)
    for n in range(hidden.shape[0]):
        for j in range(hidden.shape[1]):
            dhidden[n, j] *= 1.0 - hidden[n, j] * hidden[n, j]
    inputs = parts.combine.shape[0]
    multiply(flat(memory.both)[:, :inputs].T, dhidden, dparts.combine)
    bias_grad(dhidden, dparts.combine_bias)
    multiply_transposed(dhidden, parts.combine, flat(memory.dboth)[:, :inputs])


# The kernels ----------------------------------------------------------------------------------------------------------


@jit.function
def read_tokens(integers, parts, x, encoder, decoder):
    """Fill the inputs and the masks of encoder and decoder from the tokens x; all have the steps first."""
    tokens, source = x.T, integers[SOURCE]
    embedding(tokens[:source], parts.source_table, encoder.x)
    embedding(tokens[source:], parts.target_table, decoder.x)
    padding_mask(tokens[:source], encoder.mask)
    padding_mask(tokens[source:], decoder.mask)


@jit.function
def read_tokens_grad(integers, x, encoder, decoder, dparts):
    """The gradients of both tables; ``x`` of encoder and decoder holds those of their inputs."""
    tokens, source = x.T, integers[SOURCE]
    embedding_grad(tokens[:source], encoder.x, dparts.source_table)
    embedding_grad(tokens[source:], decoder.x, dparts.target_table)


@jit.function
def gru_outputs(states):
    """The states (t, n, j) of a GRU are its outputs."""
    return states


@jit.function
def lstm_outputs(states):
    """The outputs (t, n, j) among the states (t, n, 2, j) of an LSTM."""
    return states[:, :, 0]


class Coder(NamedTuple):
    """The functions of a recurrent layer from which kernels are made; those of `gru` and `lstm`."""

    size: Any
    memory: Any
    weights: Any
    run: Any
    run_backward: Any
    outputs: Any


def forward_kernel(coder: Coder) -> jit.Kernel:
    """Make the forward kernel of an encoder-decoder of such layers."""
    size, memory_in, weights_in, run, _, outputs = coder

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        rows, source, target = x.shape[0], integers[SOURCE], integers[TARGET]
        first, second = coder_integers(integers, source), coder_integers(integers, target)
        parts = parts_of(integers, theta)
        memory = memory_of(integers, rows, work, size(first, rows), size(second, rows))
        encoder, decoder = memory_in(first, rows, memory.encoder), memory_in(second, rows, memory.decoder)
        read_tokens(integers, parts, x, encoder, decoder)
        encoder.states[0] = 0.0
        run(weights_in(first, parts.encoder), encoder)
        decoder.states[0] = encoder.states[source]
        run(weights_in(second, parts.decoder), decoder)
        copy_steps(outputs(encoder.states)[1:], 0, memory.encoded)
        copy_steps(outputs(decoder.states)[1:], 0, memory.both[:, :, : integers[UNITS]])
        if integers[ATTENTION] != NONE:
            attend(integers[ATTENTION], parts, memory, encoder.mask.T)
        rate = reals[0] if training else 0.0 * reals[0]
        logits(integers, parts, memory, rate, key, y.reshape((rows * target, integers[TARGET_TOKENS])))

    return forward


def backward_kernel(coder: Coder) -> jit.Kernel:
    """Make the backward kernel: the same steps, the last one first."""
    size, memory_in, weights_in, _, run_backward, outputs = coder

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        rows, source, target = x.shape[0], integers[SOURCE], integers[TARGET]
        first, second = coder_integers(integers, source), coder_integers(integers, target)
        parts, dparts = parts_of(integers, theta), parts_of(integers, dtheta)
        memory = memory_of(integers, rows, work, size(first, rows), size(second, rows))
        encoder, decoder = memory_in(first, rows, memory.encoder), memory_in(second, rows, memory.decoder)
        rate = reals[0] if training else 0.0 * reals[0]
        logits_backward(
            integers, parts, memory, rate, key, dy.reshape((rows * target, integers[TARGET_TOKENS])), dparts)
        memory.dencoded[:] = 0.0
        if integers[ATTENTION] != NONE:
            attend_backward(integers[ATTENTION], parts, memory, dparts)
        encoder.dstates[:] = 0.0
        decoder.dstates[:] = 0.0
        copy_rows(memory.dboth[:, :, : integers[UNITS]], 0, outputs(decoder.dstates)[1:])
        copy_rows(memory.dencoded, 0, outputs(encoder.dstates)[1:])
        run_backward(weights_in(second, parts.decoder), decoder, weights_in(second, dparts.decoder), True)
        last, passed = encoder.dstates[source].reshape(-1), decoder.dstates[0].reshape(-1)
        for i in range(last.size):  # the decoder began with the encoder's last state
            last[i] += passed[i]
        run_backward(weights_in(first, parts.encoder), encoder, weights_in(first, dparts.encoder), True)
        read_tokens_grad(integers, x, encoder, decoder, dparts)
        dx[:] = 0.0

    return backward


CODERS = {
    "gru": Coder(gru_size, gru_memory, gru_weights, gru_sequence, gru_sequence_backward, gru_outputs),
    "lstm": Coder(lstm_size, lstm_memory, lstm_weights, lstm_sequence, lstm_sequence_backward, lstm_outputs),
}
KERNELS = {name: (forward_kernel(coder), backward_kernel(coder)) for name, coder in CODERS.items()}


class EncoderDecoder(Layer):
    """Encoder, decoder and attention between them; see this file's docstring.

    Rows hold ``source_length`` tokens of the source, below ``source_tokens``, then those of the target, below
    ``target_tokens``; the outputs are the logits (target length, ``target_tokens``) of the token after each.
    """

    def __init__(
        self, source_tokens: int, target_tokens: int, source_length: int, structure: str = "gru",
        attention: str = "dot", embedding: int = 64, units: int = 128, dropout: float = 0.0,
    ) -> None:
        self.source_tokens = checks.integer("source_tokens", source_tokens, 2)
        self.target_tokens = checks.integer("target_tokens", target_tokens, 2)
        self.source_length = checks.integer("source_length", source_length, 1)
        self.structure = checks.choice("structure", structure, STRUCTURES)
        self.attention = checks.choice("attention", attention, ATTENTIONS)
        self.embedding, self.units = checks.integer("embedding", embedding, 1), checks.integer("units", units, 1)
        self.dropout = checks.real("dropout", dropout, 0.0, 1.0, open_high=True)
        self.forward, self.backward = KERNELS[self.structure]

    def shared_arguments(self) -> dict[str, Any]:
        """The arguments that do not depend on vocabularies or lengths."""
        names = ("structure", "attention", "embedding", "units", "dropout")
        return {name: getattr(self, name) for name in names}

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights: both tables; kernel, recurrent kernel, bias of encoder and decoder; attention; the dense layers."""
        if len(input_shape) != 1 or input_shape[0] <= self.source_length:
            raise ValueError(f"EncoderDecoder gets rows of shape {tuple(input_shape)}; with source_length="
                             f"{self.source_length} it takes (source length + target length,)")
        size, units, blocks = self.embedding, self.units, STRUCTURES[self.structure]
        biases = (2, 3 * units) if self.structure == "gru" else (4 * units,)
        self.add_weight("source_table", (self.source_tokens, size), "uniform")
        self.add_weight("target_table", (self.target_tokens, size), "uniform")
        for name in ("encoder", "decoder"):
            self.add_weight(f"{name}_kernel", (size, blocks * units), "glorot_uniform")
            self.add_weight(f"{name}_recurrent_kernel", (units, blocks * units), "orthogonal")
            self.add_weight(f"{name}_bias", biases, "zeros", is_bias=True)
        if self.attention == "additive":
            self.add_weight("scale", (units,), "glorot_uniform")
        inputs = units if self.attention == "none" else 2 * units
        for name, shape in (("combine", (inputs, units)), ("output", (units, self.target_tokens))):
            self.add_weight(f"{name}_kernel", shape, "glorot_uniform")
            self.add_weight(f"{name}_bias", shape[1:], "zeros", is_bias=True)
        return (input_shape[0] - self.source_length, self.target_tokens)

    def integers(self) -> list[int]:
        """Lengths, numbers of tokens, sizes, the kind of attention, and the blocks and biases of a recurrent layer."""
        biases = 2 if self.structure == "gru" else 1
        return [self.source_length, self.output_shape[0], self.source_tokens, self.target_tokens, self.embedding,
                self.units, ATTENTIONS.index(self.attention), STRUCTURES[self.structure], biases]

    def reals(self) -> list[float]:
        """The rate of dropout."""
        return [self.dropout]

    def work_size(self, rows: int) -> int:
        """The arrays of `Memory`."""
        integers = np.array(self.integers())
        source, target, units = self.source_length, self.output_shape[0], self.units
        size = CODERS[self.structure].size
        coders = [int(size(coder_integers(integers, length), rows)) for length in (source, target)]
        tanhs = rows * target * source * units if self.attention == "additive" else 0
        sizes = [rows * target * 2 * units, rows * source * units, rows * target * source, rows * target * units]
        return sum(int(padded(size)) for size in [*sizes, *sizes[:2], sizes[3], tanhs, *coders])

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """Attention's weights (rows, target length, source length) in the workspace of the last forward pass."""
        integers = np.array(self.integers())
        sizes = [int(CODERS[self.structure].size(coder_integers(integers, length), rows))
                 for length in (self.source_length, self.output_shape[0])]
        return np.array(memory_of(integers, rows, work, *sizes).weights)
