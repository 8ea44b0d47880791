"""The parts of a Transformer block, for all steps of a batch at once.

A block is a sequence of sublayers. Each one normalises its input, computes something from it, and adds the result to
the input, after dropout:

    y = x + dropout(sublayer(normalise(x)))

so x itself reaches the next sublayer unchanged, and so does the gradient on its way back. The sublayers are multi-head
attention (`scratchtune.sequences.multi_head_attention`), by which steps look up other steps, and a network with one
hidden layer (`feed_forward`), which each step goes through alone.

The paper normalises after the addition, which needs a learning rate that rises slowly at first; normalising before
does not (Xiong et al. 2020, "On layer normalization in the Transformer architecture").

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.network.layers.dense import add_bias, bias_grad, rectify
from scratchtune.network.layers.dropout import dropout
from scratchtune.network.layers.layer_normalization import (
    layer_normalization,
    layer_normalization_grad,
    layer_normalization_scale_grad,
)
from scratchtune.network.matmul import multiply, multiply_transposed
from scratchtune.network.random_numbers import random_bits, uniform
from scratchtune.sequences.layers.sequences import take
from scratchtune.sequences.multi_head_attention import (
    add_to,
    multi_head_attention,
    multi_head_attention_grad,
    multi_head_scratch,
    multi_head_scratch_size,
    multi_head_work,
    multi_head_work_size,
)

EPSILON = 1e-5  # of layer normalisation, as PyTorch's

# The feed-forward network ---------------------------------------------------------------------------------------------


@jit.function
def feed_forward(x, weights, hidden, y):
    """A network with one hidden layer of ReLUs, which every step goes through alone.

    Formula [feed_forward]
        hᵢₖ = max(0, Σⱼ[xᵢⱼ · Aⱼₖ] + aₖ) ; yᵢₒ = Σₖ[hᵢₖ · Bₖₒ] + bₒ
    Where
        x: x, (i, j), real, a row for each step
        A: weights[0], (j, k), real
        a: weights[1], (k,), real
        B: weights[2], (k, o), real
        b: weights[3], (o,), real
        h: hidden, (i, k), written
        y: y, (i, o), written
    Source
        Vaswani et al. (2017), "Attention is all you need", equation 2.
    """
    first, first_bias, second, second_bias = weights
    multiply(x, first, hidden)
    add_bias(hidden, first_bias)
    rectify(hidden)
    multiply(hidden, second, y)
    add_bias(y, second_bias)


@jit.function
def feed_forward_hidden_grad(hidden, second, dy, dhidden):
    """Gradient with respect to the hidden layer's sums, before ReLU.

    Formula [feed_forward_hidden_grad]
        dᵢₖ = Σₒ[gᵢₒ · Bₖₒ] if hᵢₖ > 0 else 0
    Where
        h: hidden, (i, k), real, as [feed_forward] has written it
        B: second, (k, o), real, the second kernel
        g: dy, (i, o), real, dJ/dy
        d: dhidden, (i, k), written
    Source
        Calculus.
    """
    multiply_transposed(dy, second, dhidden)
    for i in range(hidden.shape[0]):
        for k in range(hidden.shape[1]):
            dhidden[i, k] = dhidden[i, k] if hidden[i, k] > 0.0 else 0.0


@jit.function
def feed_forward_grad(x, hidden, weights, dy, dweights, dhidden, dx):
    """Gradients of `feed_forward` with respect to x and to all its weights.

    Formula [feed_forward_grad]
        eᵢₖ = Σₒ[gᵢₒ · Bₖₒ] if hᵢₖ > 0 else 0 ; Uⱼₖ = Σᵢ[xᵢⱼ · eᵢₖ] ; uₖ = Σᵢ[eᵢₖ] ; Vₖₒ = Σᵢ[hᵢₖ · gᵢₒ] ;
            vₒ = Σᵢ[gᵢₒ] ; dᵢⱼ = Σₖ[eᵢₖ · Aⱼₖ]
    Gradient of
        [feed_forward] in x
    Where
        x: x, (i, j), real; sampled in [-1, 1]
        h: hidden, (i, k), real; sampled in [-1, 1], as [feed_forward] has written it
        A: weights[0], (j, k), real; sampled in [-1, 1]
        a: weights[1], (k,), real; sampled in [-1, 1]
        B: weights[2], (k, o), real; sampled in [-1, 1]
        b: weights[3], (o,), real; sampled in [-1, 1]
        g: dy, (i, o), real; sampled in [-1, 1], dJ/dy
        U: dweights[0], (j, k), written
        u: dweights[1], (k,), written
        V: dweights[2], (k, o), written
        v: dweights[3], (o,), written
        e: dhidden, (i, k), written
        d: dx, (i, j), written
    Source
        Calculus.
    """
    feed_forward_hidden_grad(hidden, weights[2], dy, dhidden)
    multiply(x.T, dhidden, dweights[0])
    bias_grad(dhidden, dweights[1])
    multiply(hidden.T, dy, dweights[2])
    bias_grad(dy, dweights[3])
    multiply_transposed(dhidden, weights[0], dx)


# Normalisation and dropout --------------------------------------------------------------------------------------------


class Normalized(NamedTuple):
    """A sublayer's input x after normalisation, y (n, steps, features), with mean and variance (n · steps,)."""

    y: Any
    mean: Any
    variance: Any


class Drop(NamedTuple):
    """The rate of dropout, 0 outside training, and the key of its random numbers."""

    rate: Any
    key: Any


@jit.function
def by_step(x):
    """(n, steps, features) as a matrix with a row for each step."""
    return x.reshape((x.shape[0] * x.shape[1], x.shape[2]))


@jit.called
def normalize(x, weights, normalized):
    """Fill ``normalized`` by layer normalisation with ``weights``, gamma and beta."""
    gamma, beta = weights
    layer_normalization(
        by_step(x), gamma, beta, EPSILON, normalized.mean, normalized.variance, by_step(normalized.y))


@jit.called
def normalize_grad(x, weights, normalized, dnormalized, dweights, dx):
    """From dJ/d(normalised x): fill dweights, and dx unless its size is 0."""
    rows, out_grad = by_step(x), by_step(dnormalized)
    mean, variance = normalized.mean, normalized.variance
    layer_normalization_scale_grad(rows, mean, variance, EPSILON, out_grad, dweights[0])
    bias_grad(out_grad, dweights[1])
    if dx.size > 0:
        layer_normalization_grad(rows, mean, variance, weights[0], EPSILON, out_grad, by_step(dx))


@jit.function_noalias
def drop_entries(x, drop, into):
    """into = dropout(x); the same key drops the same entries, so this is also the gradient."""
    for i in range(x.size):
        into[i] = dropout(x[i], uniform(random_bits(drop.key, np.uint64(i))), drop.rate)


@jit.function_noalias
def add_entries(x, z, y):
    """y = x + z."""
    for i in range(x.size):
        y[i] = x[i] + z[i]


@jit.called
def add_residual(x, out, drop, y):
    """y = x + dropout(out), for arrays of one shape."""
    if drop.rate > 0.0:
        drop_entries(out.reshape(out.size), drop, y.reshape(y.size))
        add_to(y, x)
    else:
        add_entries(x.reshape(x.size), out.reshape(out.size), y.reshape(y.size))


@jit.called
def residual_grad(dy, drop, memory):
    """The gradient of what `add_residual` added: dropout(dy), in ``memory``, or dy itself."""
    if drop.rate > 0.0:
        drop_entries(dy.reshape(dy.size), drop, memory.reshape(memory.size))
        return memory
    return dy


# Sublayers ------------------------------------------------------------------------------------------------------------


class Attention(NamedTuple):
    """Memory of a sublayer of attention; ``work`` and ``scratch`` are those of `multi_head_attention`.

    ``out`` is what multi-head attention returns, or its gradient, (n, queries, features). Gradients of the normalised
    input and of the source: ``dnormalized`` (n, queries, features), ``dsource`` (n, keys, features).
    """

    normalized: Any
    work: Any
    out: Any
    dnormalized: Any
    dsource: Any
    scratch: Any


class FeedForward(NamedTuple):
    """Memory of a feed-forward sublayer: hidden (n · steps, inner); out and dnormalized (n, steps, features)."""

    normalized: Any
    hidden: Any
    dhidden: Any
    out: Any
    dnormalized: Any


@jit.loop_in_order
def attend(x, source, weights, memory, keep, causal, drop, y):
    """y = x + dropout(attention of the normalised x to ``source``); if that is ``memory.normalized.y``, to itself."""
    norm, kernels, biases = weights
    normalize(x, norm, memory.normalized)
    multi_head_attention(memory.normalized.y, source, kernels, biases, keep, causal, memory.work, memory.out)
    add_residual(x, memory.out, drop, y)


@jit.loop_in_order
def attend_grad(source, weights, memory, drop, dy, dweights):
    """Fill ``memory.dnormalized``, ``memory.dsource``, and the gradients of kernels and biases."""
    dout = residual_grad(dy, drop, memory.out)
    multi_head_attention_grad(
        memory.normalized.y, source, weights[1], memory.work, dout, dweights[1], dweights[2],
        (memory.dnormalized, memory.dsource, memory.scratch))


@jit.loop_in_order
def transform(x, weights, memory, drop, y):
    """y = x + dropout(the feed-forward network of the normalised x)."""
    norm, network = weights
    normalize(x, norm, memory.normalized)
    feed_forward(by_step(memory.normalized.y), network, memory.hidden, by_step(memory.out))
    add_residual(x, memory.out, drop, y)


@jit.loop_in_order
def transform_grad(x, weights, memory, drop, dy, dweights, dx):
    """Fill dx and the gradients of all weights of the sublayer."""
    dout = residual_grad(dy, drop, memory.out)
    feed_forward_grad(
        by_step(memory.normalized.y), memory.hidden, weights[1], by_step(dout), dweights[1], memory.dhidden,
        by_step(memory.dnormalized))
    input_grad(x, weights[0], memory, dy, dweights[0], dx)


@jit.function
def input_grad(x, norm, memory, dy, dnorm, dx):
    """Fill dnorm and dx, from ``memory.dnormalized`` and from dy, which reaches x directly too."""
    normalize_grad(x, norm, memory.normalized, memory.dnormalized, dnorm, dx)
    if dx.size > 0:
        add_to(dx, dy)


# Weights --------------------------------------------------------------------------------------------------------------


@jit.function
def norm_weights(theta, start, features):
    """gamma and beta of a normalisation, which begin at ``start``, and where the next weights do."""
    middle, stop = start + features, start + 2 * features
    return (theta[start:middle], theta[middle:stop]), stop


@jit.function
def attention_weights(theta, start, features, heads):
    """The weights of `attend`, which begin at ``start``, and where the next ones do.

    They are gamma and beta; then kernels and biases of queries, keys, values and outputs. Each head has
    features / heads of the features.
    """
    norm, a = norm_weights(theta, start, features)
    size, square = features // heads, features * features
    one = square + features
    b, c, d, stop = a + one, a + 2 * one, a + 3 * one, a + 4 * one
    into, biases = (features, heads, size), (heads, size)
    return (norm, (theta[a : a + square].reshape(into), theta[b : b + square].reshape(into),
                   theta[c : c + square].reshape(into), theta[d : d + square].reshape((heads, size, features))),
            (theta[a + square : b].reshape(biases), theta[b + square : c].reshape(biases),
             theta[c + square : d].reshape(biases), theta[d + square : stop])), stop


@jit.function
def feed_forward_weights(theta, start, features, inner):
    """The weights of `transform`, which begin at ``start``: gamma and beta, two kernels with their biases."""
    norm, a = norm_weights(theta, start, features)
    b = a + features * inner
    c = b + inner
    d = c + inner * features
    return norm, (theta[a:b].reshape((features, inner)), theta[b:c], theta[c:d].reshape((inner, features)),
                  theta[d : d + features])


# Memory ---------------------------------------------------------------------------------------------------------------


@jit.function
def attention_sizes(n, queries, keys, features, heads):
    """The sizes of the arrays of `Attention`, in the order of `attention_memory`."""
    size, steps, numbers = features // heads, n * queries, n * queries * features
    return (numbers, steps, steps, multi_head_work_size(n, queries, keys, heads, size), numbers, numbers,
            n * keys * features, multi_head_scratch_size(n, queries, keys, heads, size, features))


@jit.function
def attention_memory(own, start, n, queries, keys, features, heads):
    """The arrays of `Attention` in ``own``, from ``start`` on, and where the next ones begin."""
    shape, size = (n, queries, features), features // heads
    sizes = attention_sizes(n, queries, keys, features, heads)
    y, used = take(own, start, sizes[0])
    mean, used = take(own, used, sizes[1])
    variance, used = take(own, used, sizes[2])
    work, used = take(own, used, sizes[3])
    out, used = take(own, used, sizes[4])
    dnormalized, used = take(own, used, sizes[5])
    dsource, used = take(own, used, sizes[6])
    scratch, used = take(own, used, sizes[7])
    return Attention(
        Normalized(y.reshape(shape), mean, variance), multi_head_work(work, n, queries, keys, heads, size),
        out.reshape(shape), dnormalized.reshape(shape), dsource.reshape((n, keys, features)),
        multi_head_scratch(scratch, n, queries, keys, heads, size)), used


@jit.function
def feed_forward_sizes(n, steps, features, inner):
    """The sizes of the arrays of `FeedForward`, in the order of `feed_forward_memory`."""
    rows = n * steps
    return rows * features, rows, rows, rows * inner, rows * inner, rows * features, rows * features


@jit.function
def feed_forward_memory(own, start, n, steps, features, inner):
    """The arrays of `FeedForward` in ``own``, from ``start`` on, and where the next ones begin."""
    shape, sizes = (n, steps, features), feed_forward_sizes(n, steps, features, inner)
    y, used = take(own, start, sizes[0])
    mean, used = take(own, used, sizes[1])
    variance, used = take(own, used, sizes[2])
    hidden, used = take(own, used, sizes[3])
    dhidden, used = take(own, used, sizes[4])
    out, used = take(own, used, sizes[5])
    dnormalized, used = take(own, used, sizes[6])
    return FeedForward(
        Normalized(y.reshape(shape), mean, variance), hidden.reshape((n * steps, inner)),
        dhidden.reshape((n * steps, inner)), out.reshape(shape), dnormalized.reshape(shape)), used


@jit.function
def values_in(own, start, shape):
    """An array of this shape, (n, steps, features), in ``own`` from ``start`` on, and where the next one begins."""
    n, steps, features = shape
    values, used = take(own, start, n * steps * features)
    return values.reshape((n, steps, features)), used
