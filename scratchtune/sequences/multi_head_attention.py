"""Multi-head attention: several attentions side by side, each on projections of its own of queries, keys and values.

The functions are for a batch, since then each projection is one matrix product. ``query`` is (n, queries, features)
and ``source`` (n, keys, features): the sequence that gives keys and values. In self-attention it is the same array.

| part | position in its tuple | shape |
|---|---|---|
| ``kernels`` of queries, keys and values | 0 to 2 | (features, heads, size) |
| ``kernels``: of the output | 3 | (heads, size, features) |
| ``biases`` of the same; arrays of size 0 for none | 0 to 3 | (heads, size) three times; (features,) |

The arrays of ``work`` are those of `Heads`. The size is Keras's ``key_dim``; that of the values is the same.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.layers.dense import add_bias, bias_grad
from scratchtune.core.network.matmul import multiply, multiply_transposed
from scratchtune.sequences.attention import (
    attention_scores_grad,
    dot_product_attention,
    dot_product_attention_value_grad,
    dot_scores_grad,
)


@jit.function
def as_matrix(x, columns):
    """View a contiguous array as a matrix with so many columns."""
    return x.reshape((x.size // columns, columns))


@jit.function
def as_vector(x):
    """View a contiguous array as a vector."""
    return x.reshape(x.size)


# The next three are called for each of the four kernels, and are not inlined: that halves the time of compiling.


@jit.loop_in_order
def project(x, kernel, bias, out):
    """out = x @ kernel + bias, a vector that is added to each row; of size 0, it is left out."""
    multiply(x, kernel, out)
    if bias.size > 0:
        add_bias(out, bias)


@jit.loop_in_order
def project_grad(x, dout, dkernel, dbias):
    """dkernel = xᵀ @ dout; dbias = the sum of dout's rows, unless its size is 0."""
    multiply(x.T, dout, dkernel)
    if dbias.size > 0:
        bias_grad(dout, dbias)


@jit.loop_in_order
def project_input_grad(dout, kernel, dx):
    """dx = dout @ kernelᵀ."""
    multiply_transposed(dout, kernel, dx)


@jit.function
def add_to(total, x):
    """Add an array to another one of the same size, in place; both are contiguous."""
    into, numbers = total.reshape(total.size), x.reshape(x.size)
    for i in range(into.size):
        into[i] += numbers[i]


@jit.called
def multi_head_attention(query, source, kernels, biases, keep, causal, work, y):
    """Attention in several heads, whose weighted sums are projected together.

    Formula [multi_head_attention]
        Qₙᵢₕₖ = Σₑ[xₙᵢₑ · Aₑₕₖ] + aₕₖ ; Kₙⱼₕₖ = Σᵤ[sₙⱼᵤ · Bᵤₕₖ] + bₕₖ ; Vₙⱼₕₖ = Σᵤ[sₙⱼᵤ · Cᵤₕₖ] + cₕₖ ; Uₙₕᵢⱼ = (mₙⱼ if z = 0 else mₙⱼ if j <= i else 0) · exp(Σₖ[Qₙᵢₕₖ · Kₙⱼₕₖ] / √#k) ; Pₙₕᵢⱼ = Uₙₕᵢⱼ / Σₗ[Uₙₕᵢₗ] if Σₗ[Uₙₕᵢₗ] > 0 else 0 ; Oₙᵢₕₖ = Σⱼ[Pₙₕᵢⱼ · Vₙⱼₕₖ] ; yₙᵢₒ = Σₕₖ[Oₙᵢₕₖ · Dₕₖₒ] + dₒ
    Where
        x: query, (n, i, e), real; sampled in [-1, 1]
        s: source, (n, j, u), real; sampled in [-1, 1], gives keys and values
        A: kernels[0], (e, h, k), real; sampled in [-1, 1], projects to queries
        B: kernels[1], (u, h, k), real; sampled in [-1, 1], to keys
        C: kernels[2], (u, h, k), real; sampled in [-1, 1], to values
        D: kernels[3], (h, k, o), real; sampled in [-1, 1], to outputs
        a: biases[0], (h, k), real; sampled in [-1, 1]
        b: biases[1], (h, k), real; sampled in [-1, 1]
        c: biases[2], (h, k), real; sampled in [-1, 1]
        d: biases[3], (o,), real; sampled in [-1, 1]
        m: keep, (n, j), 0 or 1, a number for each key: 1 to keep it, 0 for padding
        z: causal, scalar, integer in [0, 1], 1 to keep for query i only the keys up to index i
        Q: work[0], (n, i, h, k), written
        K: work[1], (n, j, h, k), written
        V: work[2], (n, j, h, k), written
        P: work[3], (n, h, i, j), written
        O: work[4], (n, i, h, k), written
        y: y, (n, i, o), written
    Variant
        As Keras's MultiHeadAttention where key and value are one sequence. PyTorch has the same with one matrix for all
        heads, k = e / h.
    Source
        Vaswani et al. (2017), "Attention is all you need", section 3.2.2.
    """  # noqa: E501  (a formula is one line)
    queries, keys, values, _, _ = work
    features, s = queries.shape[2] * queries.shape[3], as_matrix(source, source.shape[2])
    project(s, as_matrix(kernels[1], features), as_vector(biases[1]), as_matrix(keys, features))
    project(s, as_matrix(kernels[2], features), as_vector(biases[2]), as_matrix(values, features))
    look_up_in_heads(query, kernels, biases, keep, causal, work, y)


@jit.called
def look_up_in_heads(query, kernels, biases, keep, causal, work, y):
    """`multi_head_attention` from projected keys and values on, which ``work`` has."""
    queries, keys, values, weights, sums = work
    features, size = queries.shape[2] * queries.shape[3], queries.shape[3]
    project(as_matrix(query, query.shape[2]), as_matrix(kernels[0], features), as_vector(biases[0]),
            as_matrix(queries, features))
    for n in range(queries.shape[0]):
        for h in range(queries.shape[2]):
            dot_product_attention(
                queries[n, :, h], keys[n, :, h], values[n, :, h], 1.0 / np.sqrt(size), keep[n], causal, weights[n, h],
                sums[n, :, h])
    outputs = y.shape[2]
    project(as_matrix(sums, features), as_matrix(kernels[3], outputs), biases[3], as_matrix(y, outputs))


@jit.called
def multi_head_attention_grad(query, source, kernels, work, dy, dkernels, dbiases, into):
    """Gradients of `multi_head_attention` with respect to its kernels, its biases, ``query`` and ``source``.

    ``work`` is as the forward pass has left it; a key that was not kept has the weight 0 there, so the mask is not
    needed again. ``dkernels`` and ``dbiases`` have the shapes of kernels and biases, and are written. ``into`` is
    (dquery, dsource, scratch): dquery and dsource have the shapes of query and source, and are written unless their
    size is 0; scratch is a `Scratch`.
    """
    queries, keys, values, weights, sums = work
    dquery, dsource, (dqueries, dkeys, dvalues, dsums, dscores, part) = into
    features, outputs, scale = queries.shape[2] * queries.shape[3], dy.shape[2], 1.0 / np.sqrt(queries.shape[3])
    out_grad, x, s = as_matrix(dy, outputs), as_matrix(query, query.shape[2]), as_matrix(source, source.shape[2])
    project_grad(as_matrix(sums, features), out_grad, as_matrix(dkernels[3], outputs), dbiases[3])
    project_input_grad(out_grad, as_matrix(kernels[3], outputs), as_matrix(dsums, features))
    for n in range(queries.shape[0]):
        for h in range(queries.shape[2]):
            attention_scores_grad(weights[n, h], values[n, :, h], dsums[n, :, h], dscores)
            dot_product_attention_value_grad(weights[n, h], dsums[n, :, h], dvalues[n, :, h])
            dot_scores_grad(queries[n, :, h], keys[n, :, h], scale, dscores, dqueries[n, :, h], dkeys[n, :, h])
    project_grad(x, as_matrix(dqueries, features), as_matrix(dkernels[0], features), as_vector(dbiases[0]))
    project_grad(s, as_matrix(dkeys, features), as_matrix(dkernels[1], features), as_vector(dbiases[1]))
    project_grad(s, as_matrix(dvalues, features), as_matrix(dkernels[2], features), as_vector(dbiases[2]))
    if dquery.size > 0:
        project_input_grad(
            as_matrix(dqueries, features), as_matrix(kernels[0], features), as_matrix(dquery, x.shape[1]))
    if dsource.size > 0:
        by_values = as_matrix(part[: dsource.size], s.shape[1])
        project_input_grad(
            as_matrix(dkeys, features), as_matrix(kernels[1], features), as_matrix(dsource, s.shape[1]))
        project_input_grad(as_matrix(dvalues, features), as_matrix(kernels[2], features), by_values)
        add_to(dsource, by_values)


# Memory ---------------------------------------------------------------------------------------------------------------


class Heads(NamedTuple):
    """What the backward pass needs: projected queries, keys and values, the weights, the weighted sums of all heads."""

    queries: Any
    keys: Any
    values: Any
    weights: Any
    sums: Any


class Scratch(NamedTuple):
    """Gradients of projected queries, keys, values, weighted sums, of one head's scores; ``part`` of the source's."""

    dqueries: Any
    dkeys: Any
    dvalues: Any
    dsums: Any
    dscores: Any
    part: Any


@jit.function
def heads_shapes(n, queries, keys, heads, size):
    """The shapes of `Heads`."""
    return Heads(
        queries=(n, queries, heads, size), keys=(n, keys, heads, size), values=(n, keys, heads, size),
        weights=(n, heads, queries, keys), sums=(n, queries, heads, size))


@jit.function
def scratch_shapes(n, queries, keys, heads, size, inputs):
    """The shapes of `Scratch`; ``inputs`` are the features of the source."""
    return Scratch(
        dqueries=(n, queries, heads, size), dkeys=(n, keys, heads, size), dvalues=(n, keys, heads, size),
        dsums=(n, queries, heads, size), dscores=(queries, keys), part=(n * keys * inputs,))
