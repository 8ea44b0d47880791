"""Cross-attention of an encoder-decoder in several heads, each on projections of its own.

The outputs are the decoder's state and what it looks up, side by side, as those of `CrossAttention`.
`scratchtune.sequences.multi_head_attention` has the formulas.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_block
from scratchtune.sequences.layers.multi_head_attention import kernels_and_biases
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, TARGET, PairLayer, halves, masks_of, steps_of
from scratchtune.sequences.layers.sequences import take, taken
from scratchtune.sequences.multi_head_attention import (
    add_to,
    multi_head_attention,
    multi_head_attention_grad,
    multi_head_scratch,
    multi_head_scratch_size,
    multi_head_work,
    multi_head_work_size,
)

HEADS = 4  # of integers, after those of all layers for pairs


class Memory(NamedTuple):
    """``work`` and ``scratch`` of multi-head attention; its result or the gradient of it, and that of the queries, both
    (n, target length, units); the gradient of the source's states, (n, source length, units).
    """

    work: Any
    out: Any
    dquery: Any
    dsource: Any
    scratch: Any


@jit.function
def memory_sizes(integers, n):
    """The sizes of the arrays of `Memory`, in its order."""
    source, target, units, heads = integers[SOURCE], integers[TARGET], integers[FEATURES], integers[HEADS]
    size = units // heads
    return (multi_head_work_size(n, target, source, heads, size), n * target * units, n * target * units,
            n * source * units, multi_head_scratch_size(n, target, source, heads, size, units))


@jit.function
def memory_in(integers, n, work):
    """The arrays of `Memory`, at the end of ``work``."""
    source, target, units, heads = integers[SOURCE], integers[TARGET], integers[FEATURES], integers[HEADS]
    sizes, size = memory_sizes(integers, n), units // heads
    own = work[work.size - taken(sizes) :]
    kept, used = take(own, 0, sizes[0])
    out, used = take(own, used, sizes[1])
    dquery, used = take(own, used, sizes[2])
    dsource, used = take(own, used, sizes[3])
    scratch, used = take(own, used, sizes[4])
    return Memory(
        multi_head_work(kept, n, target, source, heads, size), out.reshape((n, target, units)),
        dquery.reshape((n, target, units)), dsource.reshape((n, source, units)),
        multi_head_scratch(scratch, n, target, source, heads, size))


@jit.function
def weights_in(integers, theta):
    """theta, or its gradient, as kernels and biases: see `multi_head_attention.kernels_and_biases`."""
    units, heads = integers[FEATURES], integers[HEADS]
    return kernels_and_biases(np.array([0, units, heads, units // heads, 1, 0, 0]), theta)


@jit.forward
def multi_head_cross_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y (n, target length, 2 units): the target's states, and what each of them looks up among the source's."""
    n, units = x.shape[0], integers[FEATURES]
    source, target = halves(steps_of(integers, x, units), integers[SOURCE])
    keep, _ = masks_of(integers, n, work)
    kernels, biases = weights_in(integers, theta)
    memory, both = memory_in(integers, n, work), y.reshape((n, integers[TARGET], 2 * units))
    multi_head_attention(target, source, kernels, biases, keep, 0, memory.work, memory.out)
    copy_block(target, both[:, :, :units])
    copy_block(memory.out, both[:, :, units:])


@jit.backward
def multi_head_cross_attention_backward(
    integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key,
):
    """dtheta, and dx: the target's states are queries, and are passed on; the source's are keys and values."""
    n, units = x.shape[0], integers[FEATURES]
    source, target = halves(steps_of(integers, x, units), integers[SOURCE])
    dsource, dtarget = halves(steps_of(integers, dx, units), integers[SOURCE])
    kernels, _ = weights_in(integers, theta)
    dkernels, dbiases = weights_in(integers, dtheta)
    memory, dboth = memory_in(integers, n, work), dy.reshape((n, integers[TARGET], 2 * units))
    copy_block(dboth[:, :, units:], memory.out)
    multi_head_attention_grad(
        target, source, kernels, memory.work, memory.out, dkernels, dbiases,
        (memory.dquery, memory.dsource, memory.scratch))
    if dx.size > 0:
        copy_block(memory.dsource, dsource)
        copy_block(dboth[:, :, :units], dtarget)
        add_to(dtarget, memory.dquery)


class MultiHeadCrossAttention(PairLayer):
    """Looks up the source's states for each of the target's in ``num_heads`` heads, which share the units."""

    forward, backward = multi_head_cross_attention_forward, multi_head_cross_attention_backward

    def __init__(self, source_length: int, num_heads: int) -> None:
        super().__init__(source_length)
        self.num_heads = checks.integer("num_heads", num_heads, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are pairs (source length + target length, units), the outputs (target length, 2 units)."""
        _, target, units = self.split(input_shape)
        heads, size = self.num_heads, units // self.num_heads
        if units % heads > 0:
            raise ValueError(f"MultiHeadCrossAttention gets {units} features; with num_heads={heads} it takes a "
                             f"multiple of {heads}")
        for name in ("query", "key", "value"):
            self.add_weight(f"{name}_kernel", (units, heads, size), "glorot_uniform", (units, units))
            self.add_weight(f"{name}_bias", (heads, size), "zeros", is_bias=True)
        self.add_weight("output_kernel", (heads, size, units), "glorot_uniform", (units, units))
        self.add_weight("output_bias", (units,), "zeros", is_bias=True)
        return (target, 2 * units)

    def integers(self) -> list[int]:
        """Those of all layers for pairs, and the heads."""
        return [*super().integers(), self.num_heads]

    def work_size(self, rows: int) -> int:
        """The arrays of `Memory`."""
        return int(taken(memory_sizes(np.array(self.integers()), rows)))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, target length, source length), the mean of all heads, of the last forward pass."""
        return np.array(memory_in(np.array(self.integers()), rows, work).work[3]).mean(axis=1)
