"""A block of a Transformer's decoder, which looks up the target's steps so far, then the source's steps.

    x -- normalise - causal self-attention - dropout -- + -- normalise - attention to the source - dropout -- + -- ...
      |_________________________________________________|  |__________________________________________________|

Then follows a feed-forward sublayer, as in the encoder. `scratchtune.sequences.transformer` has the sublayers.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.network.copying import copy_block
from scratchtune.network.random_numbers import random_bits
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, TARGET, halves, masks_of, steps_of
from scratchtune.sequences.layers.sequences import taken
from scratchtune.sequences.layers.transformer_block import HEADS, INNER, TransformerBlock
from scratchtune.sequences.multi_head_attention import add_to
from scratchtune.sequences.transformer import (
    Drop,
    attend,
    attend_grad,
    attention_memory,
    attention_sizes,
    attention_weights,
    feed_forward_memory,
    feed_forward_sizes,
    feed_forward_weights,
    input_grad,
    transform,
    transform_grad,
    values_in,
)


class Memory(NamedTuple):
    """Memory of the three sublayers; what is between them, (n, target length, features) each, and its gradients."""

    own: Any
    other: Any
    network: Any
    first: Any
    second: Any
    dfirst: Any
    dsecond: Any


@jit.function
def decoder_size(integers, n):
    """The size of `Memory`'s arrays."""
    source, target, features, heads = integers[SOURCE], integers[TARGET], integers[FEATURES], integers[HEADS]
    numbers = n * target * features
    return (taken(attention_sizes(n, target, target, features, heads))
            + taken(attention_sizes(n, target, source, features, heads))
            + taken(feed_forward_sizes(n, target, features, integers[INNER]))
            + taken((numbers, numbers, numbers, numbers)))


@jit.function
def decoder_memory(integers, n, work):
    """The arrays of `Memory`, at the end of ``work``."""
    source, target, features, heads = integers[SOURCE], integers[TARGET], integers[FEATURES], integers[HEADS]
    own, shape = work[work.size - decoder_size(integers, n) :], (n, target, features)
    to_itself, used = attention_memory(own, 0, n, target, target, features, heads)
    to_source, used = attention_memory(own, used, n, target, source, features, heads)
    network, used = feed_forward_memory(own, used, n, target, features, integers[INNER])
    first, used = values_in(own, used, shape)
    second, used = values_in(own, used, shape)
    dfirst, used = values_in(own, used, shape)
    dsecond, used = values_in(own, used, shape)
    return Memory(to_itself, to_source, network, first, second, dfirst, dsecond)


@jit.function
def decoder_weights(integers, theta):
    """theta, or its gradient, as the weights of the three sublayers."""
    features, heads = integers[FEATURES], integers[HEADS]
    own, used = attention_weights(theta, 0, features, heads)
    other, used = attention_weights(theta, used, features, heads)
    return own, other, feed_forward_weights(theta, used, features, integers[INNER])


@jit.function
def three_drops(rate, key):
    """Dropout with random numbers of its own for each sublayer."""
    return Drop(rate, key), Drop(rate, random_bits(key, np.uint64(1))), Drop(rate, random_bits(key, np.uint64(2)))


@jit.forward
def transformer_decoder_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """The target's steps of y are the block's outputs; the source's are those of x."""
    n, rate = x.shape[0], reals[0] if training else 0.0 * reals[0]
    source, target = halves(steps_of(integers, x, integers[FEATURES]), integers[SOURCE])
    passed, out = halves(steps_of(integers, y, integers[FEATURES]), integers[SOURCE])
    source_keep, target_keep = masks_of(integers, n, work)
    own, other, network = decoder_weights(integers, theta)
    memory, drops = decoder_memory(integers, n, work), three_drops(rate, key)
    attend(target, memory.own.normalized.y, own, memory.own, target_keep, 1, drops[0], memory.first)
    attend(memory.first, source, other, memory.other, source_keep, 0, drops[1], memory.second)
    transform(memory.second, network, memory.network, drops[2], out)
    copy_block(source, passed)


@jit.backward
def transformer_decoder_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta; dx of the target's steps, and of the source's, to which those above contribute too."""
    n, rate = x.shape[0], reals[0] if training else 0.0 * reals[0]
    source, target = halves(steps_of(integers, x, integers[FEATURES]), integers[SOURCE])
    dpassed, dout = halves(steps_of(integers, dy, integers[FEATURES]), integers[SOURCE])
    dsource, dtarget = halves(steps_of(integers, dx, integers[FEATURES]), integers[SOURCE])
    own, other, network = decoder_weights(integers, theta)
    down, dother, dnetwork = decoder_weights(integers, dtheta)
    memory, drops = decoder_memory(integers, n, work), three_drops(rate, key)
    transform_grad(memory.second, network, memory.network, drops[2], dout, dnetwork, memory.dsecond)
    attend_grad(source, other, memory.other, drops[1], memory.dsecond, dother)
    input_grad(memory.first, other[0], memory.other, memory.dsecond, dother[0], memory.dfirst)
    attend_grad(memory.own.normalized.y, own, memory.own, drops[0], memory.dfirst, down)
    add_to(memory.own.dnormalized, memory.own.dsource)  # in self-attention both are gradients of the same steps
    input_grad(target, own[0], memory.own, memory.dfirst, down[0], dtarget)
    if dx.size > 0:
        copy_block(dpassed, dsource)
        add_to(dsource, memory.other.dsource)


class TransformerDecoder(TransformerBlock):
    """A block over the target's steps, which follow ``source_length`` steps of the source; see `TransformerEncoder`.

    A step looks up itself and the target's steps before it, then the source's steps, which are left as they are.
    """

    forward, backward = transformer_decoder_forward, transformer_decoder_backward

    def __init__(self, intermediate_dim: int, num_heads: int, dropout: float = 0.0, *, source_length: int) -> None:
        super().__init__(intermediate_dim, num_heads, dropout, source_length)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights: those of both attentions, then of the feed-forward network, each with its normalisation."""
        _, _, features = self.split(input_shape)
        self.check_features(features)
        self.add_attention("own", features)
        self.add_attention("other", features)
        self.add_feed_forward(features)
        return input_shape

    def work_size(self, rows: int) -> int:
        """The arrays of `Memory`."""
        return int(decoder_size(np.array(self.integers()), rows))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, target length, source length), the mean of all heads, of the last forward pass."""
        weights = decoder_memory(np.array(self.integers()), rows, work).other.work[3]
        return np.array(weights).mean(axis=1)
