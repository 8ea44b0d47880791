"""Cross-attention: each step looks up the steps of another sequence, the second input, such as the encoder's states.

The steps are the queries, those of the second input both keys and values. `scratchtune.sequences.attention` and
`scratchtune.sequences.multi_head_attention` have the formulas.

Outside training, ``step`` is the number of steps that were computed before: `MultiHeadCrossAttention` then uses the
keys and values that it has projected before.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_block, copy_to
from scratchtune.core.network.layers.base import Layer
from scratchtune.sequences.attention import SCORES, dot_product_attention, look_up_shapes, look_ups
from scratchtune.sequences.layers.multi_head_attention import MultiHeadAttention, kernels_and_biases
from scratchtune.sequences.layers.sequences import mask_of, sequence_shape
from scratchtune.sequences.multi_head_attention import (
    add_to,
    as_matrix,
    as_vector,
    heads_shapes,
    look_up_in_heads,
    multi_head_attention,
    multi_head_attention_grad,
    project,
    scratch_shapes,
)

LENGTH, FEATURES = range(2)  # the first of all integers


class Crosses(Layer):
    """Base class of cross-attention: the second input is (keys, features), and its mask says which keys are kept."""

    uses_mask = uses_second_mask = True

    def keys(self) -> int:
        """The number of steps of the second input, which has been built before."""
        assert isinstance(self.second, Layer)
        return self.second.output_shape[0]

    def memory(self, rows: int, work: np.ndarray) -> Any:
        """The arrays that the last forward pass has left in the workspace, as `shapes` names them."""
        return jit.views(work, jit.plain(self.shapes)(self.integers(), rows))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys) of the last forward pass, the mean of all heads."""
        raise NotImplementedError


# Dot and additive scores ----------------------------------------------------------------------------------------------

KEYS, HIDDEN, HAS_MASK = range(2, 5)  # of integers


@jit.function
def cross_shapes(integers, rows):
    """The shapes of the workspace's arrays, `sequences.attention.Memory`, for so many rows."""
    return look_up_shapes(rows, integers[LENGTH], integers[KEYS], integers[FEATURES], integers[HIDDEN])


def cross_kernels(scores: str) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a layer with "dot" or "additive" scores."""
    attend, attend_grad = look_ups(scores)

    @jit.forward2
    def forward(integers, reals, theta, state, x, second, y, work, training, step, key):
        """y: each step of x and, beside it, what it looks up in the second input."""
        n, length, keys, features = x.shape[0], integers[LENGTH], integers[KEYS], integers[FEATURES]
        steps, out = x.reshape((n, length, features)), y.reshape((n, length, 2 * features))
        copy_block(steps, out[:, :, :features])
        attend(steps, second.reshape((n, keys, features)), theta, mask_of(integers[HAS_MASK], n, keys, work), 0,
               jit.views(work, cross_shapes(integers, n)), out[:, :, features:])

    @jit.backward2
    def backward(integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key):
        """dx, the gradients of the steps as outputs and as queries; dsecond; dtheta."""
        n, length, keys, features = x.shape[0], integers[LENGTH], integers[KEYS], integers[FEATURES]
        dout, dsteps = dy.reshape((n, length, 2 * features)), dx.reshape((n, length, features))
        dtheta[:] = 0.0
        copy_block(dout[:, :, :features], dsteps)
        attend_grad(
            x.reshape((n, length, features)), second.reshape((n, keys, features)), theta,
            jit.views(work, cross_shapes(integers, n)), dout[:, :, features:], dtheta,
            (dsteps, dsecond.reshape((n, keys, features))))

    return forward, backward


KERNELS = {scores: cross_kernels(scores) for scores in SCORES}


class CrossAttention(Crosses):
    """Looks up the steps of the second input, which have as many features, with "dot" or "additive" ``scores``.

    The outputs are each step and what it has looked up, side by side. Dot scores are not scaled (Luong et al. 2015,
    "dot"); additive ones have a weight for each feature.
    """

    shapes = staticmethod(cross_shapes)

    def __init__(self, scores: str = "dot") -> None:
        self.scores = checks.choice("scores", scores, SCORES)
        self.forward, self.backward = KERNELS[scores]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs (length, 2 features)."""
        length, features = sequence_shape("CrossAttention", input_shape)
        if self.scores == "additive":
            self.add_weight("scale", (features,), "glorot_uniform")
        return length, 2 * features

    def integers(self) -> list[int]:
        """Length, features, keys, features of the hidden layer (0 for dot scores), and whether there is a mask."""
        hidden = self.input_shape[1] if self.scores == "additive" else 0
        return [*self.input_shape, self.keys(), hidden, int(self.mask_from is not None)]

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys) of the last forward pass."""
        return np.array(self.memory(rows, work).weights)


# Several heads --------------------------------------------------------------------------------------------------------

HEADS, SIZE, HAS_BIAS, SOURCE, MASKED, JOINS = range(2, 8)  # of integers; SOURCE: the keys


class Memory(NamedTuple):
    """`Heads`, `Scratch` and, with ``joins``, what was looked up, (n, length, features), or later its gradient."""

    heads: Any
    scratch: Any
    out: Any


@jit.function
def memory_shapes(integers, n):
    """The shapes of `Memory`; ``out`` is empty unless the steps and what they look up are joined (integers[JOINS])."""
    length, features, source = integers[LENGTH], integers[FEATURES], integers[SOURCE]
    heads, size = integers[HEADS], integers[SIZE]
    return Memory(heads_shapes(n, length, source, heads, size),
                  scratch_shapes(n, length, source, heads, size, features), (n, length, features * integers[JOINS]))


@jit.forward2
def multi_head_cross_attention_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
    """y: what each step of x looks up, beside the step if joined. Keys and values of step 0 are kept for later ones."""
    n, features = x.shape[0], integers[FEATURES]
    query = x.reshape((n, integers[LENGTH], features))
    both = y.reshape((n, integers[LENGTH], y.shape[1] // integers[LENGTH]))
    source, keep = second.reshape((n, integers[SOURCE], features)), mask_of(integers[MASKED], n, integers[SOURCE], work)
    kernels, biases = kernels_and_biases(integers, theta)
    memory = jit.views(work, memory_shapes(integers, n))
    out = memory.out if integers[JOINS] else both
    if training or step == 0:
        multi_head_attention(query, source, kernels, biases, keep, 0, memory.heads, out)
    else:
        look_up_in_heads(query, kernels, biases, keep, 0, memory.heads, out)
    if integers[JOINS]:
        copy_block(query, both[:, :, :features])
        copy_block(out, both[:, :, features:])


@jit.backward2
def multi_head_cross_attention_backward(
    integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key,
):
    """dtheta, dx and dsecond."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    query, source = x.reshape((n, length, features)), second.reshape((n, integers[SOURCE], features))
    dquery = dx.reshape((dx.shape[0], length, features))
    dsource = dsecond.reshape((dsecond.shape[0], integers[SOURCE], features))
    kernels, _ = kernels_and_biases(integers, theta)
    dkernels, dbiases = kernels_and_biases(integers, dtheta)
    memory, both = jit.views(work, memory_shapes(integers, n)), dy.reshape((n, length, dy.shape[1] // length))
    dout = memory.out if integers[JOINS] else both
    if integers[JOINS]:
        copy_block(both[:, :, features:], dout)
    multi_head_attention_grad(
        query, source, kernels, memory.heads, dout, dkernels, dbiases, (dquery, dsource, memory.scratch))
    if integers[JOINS] and dx.size > 0:
        copy_block(both[:, :, :features], dout)
        add_to(dquery, dout)


class MultiHeadCrossAttention(Crosses, MultiHeadAttention):
    """Looks up the steps of the second input, which have as many features, in several heads.

    The first arguments are those of `MultiHeadAttention`. With ``joins`` the outputs are each step and what it has
    looked up, side by side, as those of `CrossAttention`.
    """

    forward, backward = multi_head_cross_attention_forward, multi_head_cross_attention_backward
    shapes = staticmethod(memory_shapes)

    def __init__(self, num_heads: int, key_dim: int, joins: bool = False) -> None:
        super().__init__(num_heads, key_dim)
        self.joins = joins

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs too or, if they are joined, (length, 2 features)."""
        length, features = super().build(input_shape)
        return length, (1 + self.joins) * features

    def integers(self) -> list[int]:
        """Length, features, heads, key_dim, whether there are biases, the keys, whether there is a mask, `joins`."""
        return [*self.input_shape, *self.sizes(), self.keys(), int(self.mask_from is not None), int(self.joins)]

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys) of the last forward pass, the mean of all heads."""
        return np.array(self.memory(rows, work).heads.weights).mean(axis=1)

    def cache(self, rows: int, work: np.ndarray) -> list[np.ndarray]:
        """What later steps read: keys and values, for each row."""
        heads = self.memory(rows, work).heads
        return [heads.keys, heads.values]


# One step after the other ---------------------------------------------------------------------------------------------

MOST = 5  # of integers, in place of SOURCE: how many steps there may be


class Cache(NamedTuple):
    """Keys and values of the steps so far, (n, most, heads, size), and their mask (n, most).

    ``projected`` (4, n, heads * size): the query, the key and the value of this step, and the weighted sums of all
    heads. The weights are those of one head.
    """

    keys: Any
    values: Any
    keep: Any
    projected: Any
    weights: Any


@jit.function
def cache_shapes(integers, n):
    """The shapes of `Cache`."""
    most, heads, size = integers[MOST], integers[HEADS], integers[SIZE]
    return Cache(keys=(n, most, heads, size), values=(n, most, heads, size), keep=(n, most),
                 projected=(4, n, heads * size), weights=(most,))


@jit.forward
def cached_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y: what x, the one step with index ``step``, looks up in itself and the steps before; ``work`` is the `Cache`."""
    n, heads, size = x.shape[0], integers[HEADS], integers[SIZE]
    (kernels, biases), features = kernels_and_biases(integers, theta), heads * size
    keys, values, keep, projected, weights = jit.views(work, cache_shapes(integers, n))
    project(x, as_matrix(kernels[0], features), as_vector(biases[0]), projected[0])
    project(x, as_matrix(kernels[1], features), as_vector(biases[1]), projected[1])
    project(x, as_matrix(kernels[2], features), as_vector(biases[2]), projected[2])
    mask, stop = mask_of(integers[MASKED], n, 1, work), step + 1
    for r in range(n):
        keep[r, step] = mask[r, 0]
        copy_to(projected[1, r], as_vector(keys[r, step]))
        copy_to(projected[2, r], as_vector(values[r, step]))
        query, sums = projected[0, r].reshape((heads, 1, size)), projected[3, r].reshape((heads, 1, size))
        for h in range(heads):
            dot_product_attention(
                query[h], keys[r, :stop, h], values[r, :stop, h], 1.0 / np.sqrt(size), keep[r, :stop], 0,
                weights[:stop].reshape((1, stop)), sums[h])
    project(projected[3], as_matrix(kernels[3], x.shape[1]), biases[3], y)


class CachedAttention(MultiHeadAttention):
    """Causal self-attention of a row's one step to the steps before it, whose keys and values the workspace keeps.

    It is for at most ``most`` steps, the first of which has the index 0, and is not trained.
    """

    forward = cached_attention_forward
    shapes = staticmethod(cache_shapes)

    def __init__(self, num_heads: int, key_dim: int, most: int) -> None:
        super().__init__(num_heads, key_dim)
        self.most = checks.integer("most", most, 1)

    def integers(self) -> list[int]:
        """Length, features, heads, key_dim, whether there are biases, the most steps, whether there is a mask."""
        return [*self.input_shape, *self.sizes(), self.most, int(self.mask_from is not None)]

    def cache(self, rows: int, work: np.ndarray) -> list[np.ndarray]:
        """What later steps read: keys, values and mask of the steps so far, for each row."""
        return list(jit.views(work, jit.plain(self.shapes)(self.integers(), rows))[:3])
