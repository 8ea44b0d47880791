"""Cross-attention: each step looks up the steps of another sequence, the second input, such as the encoder's states.

The steps are the queries, those of the second input both keys and values. `scratchtune.sequences.attention` and
`scratchtune.sequences.multi_head_attention` have the formulas.

Outside training, ``step`` is the number of steps that were computed before: `MultiHeadCrossAttention` then uses the
keys and values that it has projected before.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_block
from scratchtune.network.layers.base import Layer
from scratchtune.network.matmul import multiply
from scratchtune.sequences.attention import (
    additive_scores,
    additive_scores_key_grad,
    additive_scores_query_grad,
    additive_scores_scale_grad,
    attention_scores_grad,
    dot_product_attention,
    dot_product_attention_value_grad,
    dot_scores,
    dot_scores_key_grad,
    dot_scores_query_grad,
    masked_softmax,
)
from scratchtune.sequences.layers.multi_head_attention import MultiHeadAttention, kernels_and_biases
from scratchtune.sequences.layers.sequences import mask_of, padded, sequence_shape
from scratchtune.sequences.multi_head_attention import (
    add_to,
    as_matrix,
    as_vector,
    multi_head_attention,
    multi_head_attention_grad,
    multi_head_scratch,
    multi_head_scratch_size,
    multi_head_work,
    multi_head_work_size,
    project,
)

SCORES = ("dot", "additive")
LENGTH, FEATURES, SOURCE, HAS_MASK, ADDITIVE = range(5)  # of a kernel's integers


class Crosses(Layer):
    """What the layers have in common: the second input is (keys, features), and its mask says which are kept."""

    uses_mask = uses_second_mask = True

    def second_shape(self) -> tuple[int, ...]:
        """The shape of a row of the second input, which is built before."""
        assert isinstance(self.second, Layer)
        return self.second.output_shape

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys) in the workspace of the last forward pass, the mean of all heads."""
        raise NotImplementedError


# Dot and additive scores ----------------------------------------------------------------------------------------------


@jit.function
def weights_and_tanhs(integers, n, work):
    """The end of the workspace: weights (n, queries, keys); for additive scores tanhs (n, queries, keys, features)."""
    length, source, features = integers[LENGTH], integers[SOURCE], integers[FEATURES] * integers[ADDITIVE]
    size = n * length * source
    own = work[work.size - padded(size) - padded(size * features) :]
    tanhs = own[padded(size) : padded(size) + size * features]
    return own[:size].reshape((n, length, source)), tanhs.reshape((n, length, source, features))


@jit.forward2
def cross_attention_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
    """y: the steps of x, and what each of them looks up in the second input."""
    n, features = x.shape[0], integers[FEATURES]
    queries, out = x.reshape((n, integers[LENGTH], features)), y.reshape((n, integers[LENGTH], 2 * features))
    keys, keep = second.reshape((n, integers[SOURCE], features)), mask_of(integers[HAS_MASK], n, integers[SOURCE], work)
    weights, tanhs = weights_and_tanhs(integers, n, work)
    copy_block(queries, out[:, :, :features])
    for r in range(n):
        if integers[ADDITIVE]:
            additive_scores(queries[r], keys[r], theta, tanhs[r], weights[r])
        else:
            dot_scores(queries[r], keys[r], 1.0, weights[r])
        masked_softmax(weights[r], keep[r], 0, weights[r])
        multiply(weights[r], keys[r], out[r, :, features:])


@jit.backward2
def cross_attention_backward(
    integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key,
):
    """dx; dsecond, to which keys and values contribute; and for additive scores dtheta."""
    n, length, source, features = x.shape[0], integers[LENGTH], integers[SOURCE], integers[FEATURES]
    queries, both = x.reshape((n, length, features)), dy.reshape((n, length, 2 * features))
    keys, dqueries = second.reshape((n, source, features)), dx.reshape((n, length, features))
    dkeys = dsecond.reshape((n, source, features))
    weights, tanhs = weights_and_tanhs(integers, n, work)
    dscores, part = np.empty((length, source), x.dtype), np.empty((max(length, source), features), x.dtype)
    dquery, dkey = part[:length], part[:source]
    dtheta[:] = 0.0
    copy_block(both[:, :, :features], dqueries)
    for r in range(n):
        dout = both[r, :, features:]
        attention_scores_grad(weights[r], keys[r], dout, dscores)
        dot_product_attention_value_grad(weights[r], dout, dkeys[r])
        if integers[ADDITIVE]:
            additive_scores_scale_grad(tanhs[r], dscores, dtheta)
            additive_scores_query_grad(tanhs[r], theta, dscores, dquery)
            add_to(dqueries[r], dquery)
            additive_scores_key_grad(tanhs[r], theta, dscores, dkey)
        else:
            dot_scores_query_grad(keys[r], 1.0, dscores, dquery)
            add_to(dqueries[r], dquery)
            dot_scores_key_grad(queries[r], 1.0, dscores, dkey)
        add_to(dkeys[r], dkey)


class CrossAttention(Crosses):
    """Looks up the steps of the second input, which have as many features, with "dot" or "additive" ``scores``.

    The outputs are each step and what it has looked up, side by side.
    Dot scores are not scaled (Luong et al. 2015, "dot"); additive ones have a weight for each feature.
    """

    forward, backward = cross_attention_forward, cross_attention_backward

    def __init__(self, scores: str = "dot") -> None:
        self.scores = checks.choice("scores", scores, SCORES)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs (length, 2 features)."""
        length, features = sequence_shape("CrossAttention", input_shape)
        if self.scores == "additive":
            self.add_weight("scale", (features,), "glorot_uniform")
        return length, 2 * features

    def integers(self) -> list[int]:
        """The length, the features, the keys, whether there is a mask, whether scores are additive."""
        return [*self.input_shape, self.second_shape()[0], int(self.mask_from is not None), SCORES.index(self.scores)]

    def work_size(self, rows: int) -> int:
        """The weights, and what additive scores are computed by."""
        size = rows * self.input_shape[0] * self.second_shape()[0]
        return int(padded(size) + padded(size * self.input_shape[1] * (self.scores == "additive")))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys) in the workspace of the last forward pass."""
        return np.array(weights_and_tanhs(np.array(self.integers()), rows, work)[0])


# Several heads --------------------------------------------------------------------------------------------------------

HEADS, SIZE, HAS_BIAS, KEYS, MASKED, JOINS = range(2, 8)  # of integers, after length and features


@jit.function
def look_up_again(query, kernels, biases, keep, work, y):
    """`multi_head_attention` whose keys and values are in ``work`` already."""
    queries, keys, values, weights, sums = work
    features, size = queries.shape[2] * queries.shape[3], queries.shape[3]
    project(as_matrix(query, query.shape[2]), as_matrix(kernels[0], features), as_vector(biases[0]),
            as_matrix(queries, features))
    for n in range(queries.shape[0]):
        for h in range(queries.shape[2]):
            dot_product_attention(
                queries[n, :, h], keys[n, :, h], values[n, :, h], 1.0 / np.sqrt(size), keep[n], 0, weights[n, h],
                sums[n, :, h])
    project(as_matrix(sums, features), as_matrix(kernels[3], y.shape[2]), biases[3], as_matrix(y, y.shape[2]))


@jit.function
def work_and_scratch(integers, n, work):
    """``work`` of `multi_head_attention` and the scratch of its gradient, at the end of the workspace."""
    length, keys, heads, size = integers[LENGTH], integers[KEYS], integers[HEADS], integers[SIZE]
    kept = multi_head_work_size(n, length, keys, heads, size)
    own = work[work.size - kept - multi_head_scratch_size(n, length, keys, heads, size, integers[FEATURES]) :]
    return (multi_head_work(own, n, length, keys, heads, size),
            multi_head_scratch(own[kept:], n, length, keys, heads, size))


@jit.forward2
def multi_head_cross_attention_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
    """y: what each step of x looks up in the second input; keys and values are those of an earlier step if any."""
    n, features = x.shape[0], integers[FEATURES]
    query = x.reshape((n, integers[LENGTH], features))
    both = y.reshape((n, integers[LENGTH], y.shape[1] // integers[LENGTH]))
    out = np.empty_like(query) if integers[JOINS] else both
    source, keep = second.reshape((n, integers[KEYS], features)), mask_of(integers[MASKED], n, integers[KEYS], work)
    kernels, biases = kernels_and_biases(integers, theta)
    kept, _ = work_and_scratch(integers, n, work)
    if training or step == 0:
        multi_head_attention(query, source, kernels, biases, keep, 0, kept, out)
    else:
        look_up_again(query, kernels, biases, keep, kept, out)
    if integers[JOINS]:
        copy_block(query, both[:, :, :features])
        copy_block(out, both[:, :, features:])


@jit.backward2
def multi_head_cross_attention_backward(
    integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key,
):
    """dtheta, dx and dsecond."""
    n, features = x.shape[0], integers[FEATURES]
    query, source = x.reshape((n, integers[LENGTH], features)), second.reshape((n, integers[KEYS], features))
    dquery, dsource = dx.reshape((dx.shape[0], integers[LENGTH], features)), dsecond.reshape(
        (dsecond.shape[0], integers[KEYS], features))
    kernels, _ = kernels_and_biases(integers, theta)
    dkernels, dbiases = kernels_and_biases(integers, dtheta)
    kept, scratch = work_and_scratch(integers, n, work)
    both = dy.reshape((n, integers[LENGTH], dy.shape[1] // integers[LENGTH]))
    dout = np.empty_like(query) if integers[JOINS] else both
    if integers[JOINS]:
        copy_block(both[:, :, features:], dout)
    multi_head_attention_grad(
        query, source, kernels, kept, dout, dkernels, dbiases, (dquery, dsource, scratch))
    if integers[JOINS] and dx.size > 0:
        copy_block(both[:, :, :features], dout)
        add_to(dquery, dout)


class MultiHeadCrossAttention(Crosses, MultiHeadAttention):
    """Looks up the steps of the second input, which have as many features, in several heads.

    The first arguments are those of `MultiHeadAttention`. With ``joins`` the outputs are each step and what it has
    looked up, side by side, as those of `CrossAttention`.
    """

    forward, backward = multi_head_cross_attention_forward, multi_head_cross_attention_backward

    def __init__(self, num_heads: int, key_dim: int, joins: bool = False) -> None:
        super().__init__(num_heads, key_dim)
        self.joins = joins

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, features), the outputs too or, if they are joined, (length, 2 features)."""
        length, features = super().build(input_shape)
        return length, (1 + self.joins) * features

    def integers(self) -> list[int]:
        """Length, features, heads, key_dim, whether there are biases, the keys, whether there is a mask, `joins`."""
        return [*self.input_shape, self.num_heads, self.key_dim, int(self.use_bias), self.second_shape()[0],
                int(self.mask_from is not None), int(self.joins)]

    def _sizes(self, rows: int) -> tuple[int, int, int, int, int]:
        return rows, self.input_shape[0], self.second_shape()[0], self.num_heads, self.key_dim

    def work_size(self, rows: int) -> int:
        """See `work_and_scratch`."""
        sizes = self._sizes(rows)
        return int(multi_head_work_size(*sizes) + multi_head_scratch_size(*sizes, self.input_shape[1]))

    def attention_weights(self, rows: int, work: np.ndarray) -> np.ndarray:
        """The weights (rows, queries, keys), the mean of all heads, of the last forward pass."""
        return np.array(work_and_scratch(np.array(self.integers()), rows, work)[0][3]).mean(axis=1)

    def cache(self, rows: int, work: np.ndarray) -> list[np.ndarray]:
        """What later steps read: keys and values, for each row."""
        return list(work_and_scratch(np.array(self.integers()), rows, work)[0][1:3])


# One step after the other ---------------------------------------------------------------------------------------------

MOST = 5  # of integers: how many steps there may be


@jit.function
def cached(integers, n, work):
    """At the end of the workspace: keys and values (n, most, heads, size) and mask (n, most) of the steps so far;
    the query, the sums and the new key and value (n, features); the weights of one query, (most,).
    """
    most, heads, size = integers[MOST], integers[HEADS], integers[SIZE]
    rows, all_steps = n * heads * size, n * most * heads * size
    own = work[work.size - 2 * all_steps - n * most - 4 * rows - most :]
    a, b, c = all_steps, 2 * all_steps, 2 * all_steps + n * most
    shape = (n, most, heads, size)
    return (own[:a].reshape(shape), own[a:b].reshape(shape), own[b:c].reshape((n, most)),
            own[c : c + 4 * rows].reshape((4, n, heads * size)), own[c + 4 * rows :])


@jit.forward
def cached_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y: what the one step of x, whose index is ``step``, looks up in itself and the steps before."""
    n, heads, size = x.shape[0], integers[HEADS], integers[SIZE]
    (kernels, biases), features = kernels_and_biases(integers, theta), heads * size
    keys, values, keep, rows, weights = cached(integers, n, work)
    project(x, as_matrix(kernels[0], features), as_vector(biases[0]), rows[0])
    project(x, as_matrix(kernels[1], features), as_vector(biases[1]), rows[1])
    project(x, as_matrix(kernels[2], features), as_vector(biases[2]), rows[2])
    mask, stop = mask_of(integers[MASKED], n, 1, work), step + 1
    for r in range(n):
        keep[r, step] = mask[r, 0]
        as_vector(keys[r, step])[:] = rows[1, r]
        as_vector(values[r, step])[:] = rows[2, r]
        query, sums = rows[0, r].reshape((heads, 1, size)), rows[3, r].reshape((heads, 1, size))
        for h in range(heads):
            dot_product_attention(
                query[h], keys[r, :stop, h], values[r, :stop, h], 1.0 / np.sqrt(size), keep[r, :stop], 0,
                weights[:stop].reshape((1, stop)), sums[h])
    project(rows[3], as_matrix(kernels[3], x.shape[1]), biases[3], y)


class CachedAttention(MultiHeadAttention):
    """Causal self-attention of a row's one step to the steps before it, whose keys and values the workspace keeps.

    It is for at most ``most`` steps, the first of which has the index 0, and is not trained.
    """

    forward, backward = cached_attention_forward, multi_head_cross_attention_backward

    def __init__(self, num_heads: int, key_dim: int, most: int) -> None:
        super().__init__(num_heads, key_dim)
        self.most = checks.integer("most", most, 1)

    def integers(self) -> list[int]:
        """Length, features, heads, key_dim, whether there are biases, the most steps, whether there is a mask."""
        return [*self.input_shape, self.num_heads, self.key_dim, int(self.use_bias), self.most,
                int(self.mask_from is not None)]

    def work_size(self, rows: int) -> int:
        """See `cached`."""
        size = self.num_heads * self.key_dim
        return rows * (2 * self.most * size + self.most + 4 * size) + self.most

    def cache(self, rows: int, work: np.ndarray) -> list[np.ndarray]:
        """What later steps read: keys, values and mask of the steps so far, for each row."""
        return list(cached(np.array(self.integers()), rows, work)[:3])
