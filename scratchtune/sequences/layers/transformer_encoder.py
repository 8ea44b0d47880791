"""A block of a Transformer's encoder: each step looks up the steps of its sequence, then goes through a small network.

    x --- normalise - self-attention - dropout --- + --- normalise - feed-forward - dropout --- + --- y
      |____________________________________________|  |_________________________________________|

`scratchtune.sequences.transformer` has the two sublayers.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.network.copying import copy_block
from scratchtune.network.random_numbers import random_bits
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, halves, masks_of, steps_of
from scratchtune.sequences.layers.sequences import sequence_shape, taken
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
    """Memory of both sublayers; what is between them, (n, source length, features), and its gradient."""

    attention: Any
    network: Any
    middle: Any
    dmiddle: Any


@jit.function
def encoder_size(integers, n):
    """The size of `Memory`'s arrays."""
    steps, features = integers[SOURCE], integers[FEATURES]
    numbers = n * steps * features
    return (taken(attention_sizes(n, steps, steps, features, integers[HEADS]))
            + taken(feed_forward_sizes(n, steps, features, integers[INNER])) + taken((numbers, numbers)))


@jit.function
def encoder_memory(integers, n, work):
    """The arrays of `Memory`, at the end of ``work``."""
    steps, features = integers[SOURCE], integers[FEATURES]
    own = work[work.size - encoder_size(integers, n) :]
    attention, used = attention_memory(own, 0, n, steps, steps, features, integers[HEADS])
    network, used = feed_forward_memory(own, used, n, steps, features, integers[INNER])
    middle, used = values_in(own, used, (n, steps, features))
    dmiddle, used = values_in(own, used, (n, steps, features))
    return Memory(attention, network, middle, dmiddle)


@jit.function
def encoder_weights(integers, theta):
    """theta, or its gradient, as the weights of the two sublayers."""
    attention, used = attention_weights(theta, 0, integers[FEATURES], integers[HEADS])
    return attention, feed_forward_weights(theta, used, integers[FEATURES], integers[INNER])


@jit.forward
def transformer_encoder_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """The source's steps of y are the block's outputs; the target's are those of x."""
    n, rate = x.shape[0], reals[0] if training else 0.0 * reals[0]
    source, target = halves(steps_of(integers, x, integers[FEATURES]), integers[SOURCE])
    out, passed = halves(steps_of(integers, y, integers[FEATURES]), integers[SOURCE])
    keep, _ = masks_of(integers, n, work)
    attention, network = encoder_weights(integers, theta)
    memory = encoder_memory(integers, n, work)
    itself, drops = memory.attention.normalized.y, (Drop(rate, key), Drop(rate, random_bits(key, np.uint64(1))))
    attend(source, itself, attention, memory.attention, keep, 0, drops[0], memory.middle)
    transform(memory.middle, network, memory.network, drops[1], out)
    copy_block(target, passed)


@jit.backward
def transformer_encoder_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta; dx of the source's steps through the block, of the target's as it is."""
    n, rate = x.shape[0], reals[0] if training else 0.0 * reals[0]
    source, _ = halves(steps_of(integers, x, integers[FEATURES]), integers[SOURCE])
    dout, dpassed = halves(steps_of(integers, dy, integers[FEATURES]), integers[SOURCE])
    dsource, dtarget = halves(steps_of(integers, dx, integers[FEATURES]), integers[SOURCE])
    attention, network = encoder_weights(integers, theta)
    dattention, dnetwork = encoder_weights(integers, dtheta)
    memory = encoder_memory(integers, n, work)
    own, drops = memory.attention, (Drop(rate, key), Drop(rate, random_bits(key, np.uint64(1))))
    transform_grad(memory.middle, network, memory.network, drops[1], dout, dnetwork, memory.dmiddle)
    attend_grad(own.normalized.y, attention, own, drops[0], memory.dmiddle, dattention)
    add_to(own.dnormalized, own.dsource)  # in self-attention both are gradients of the same steps
    input_grad(source, attention[0], own, memory.dmiddle, dattention[0], dsource)
    if dx.size > 0:
        copy_block(dpassed, dtarget)


class TransformerEncoder(TransformerBlock):
    """A block over sequences (length, features), with the names of KerasHub's arguments.

    ``intermediate_dim`` hidden units, ``num_heads`` heads that share the features, ``dropout`` of each sublayer's
    result. In an encoder-decoder the first ``source_length`` steps are the source's, and the others are left as they
    are. KerasHub and PyTorch normalise after each sublayer by default, this layer before (``normalize_first=True``,
    ``norm_first=True``). Padding that an `Embedding` with ``mask_zero`` below has marked is looked up by no step.
    """

    forward, backward = transformer_encoder_forward, transformer_encoder_backward

    def __init__(
        self, intermediate_dim: int, num_heads: int, dropout: float = 0.0, source_length: int | None = None,
    ) -> None:
        super().__init__(intermediate_dim, num_heads, dropout, source_length)

    def split(self, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """The steps of source and target, and the features; without ``source_length`` all steps are the source's."""
        if self.all_steps:
            length, features = sequence_shape("TransformerEncoder", input_shape)
            return length, 0, features
        return super().split(input_shape)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights: those of attention, then of the feed-forward network, each with its normalisation."""
        _, _, features = self.split(input_shape)
        self.check_features(features)
        self.add_attention("attention", features)
        self.add_feed_forward(features)
        return input_shape

    def work_size(self, rows: int) -> int:
        """The arrays of `Memory`."""
        return int(encoder_size(np.array(self.integers()), rows))
