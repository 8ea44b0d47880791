"""Attention is a look-up: a query is compared with all keys, and the result is the mean of the values, by the scores.

For one row's sequences, with a query, a key or a value in each row of a matrix, it is softmax(QKᵀ/√d)V:

| step | here | shape |
|---|---|---|
| scores of each query with each key | `dot_scores` or `additive_scores` | (queries, keys) |
| weights, which sum to 1 over the keys | `look_up`, by `masked_softmax` | (queries, keys) |
| weighted sum of the values | `look_up` | (queries, features of a value) |

In self-attention one sequence gives queries, keys and values. In cross-attention the queries are from another sequence,
such as the decoder's. `look_ups` makes the functions for both, for a batch and either kind of scores.

A mask ``keep`` has a number for each key: 1 to keep it, 0 for padding, which then has the weight 0 exactly. A causal
mask keeps the keys up to the query's own index. A query without a key that is kept has only weights 0, so its weighted
sum and all its gradients are 0.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.activations import exp_nonpositive
from scratchtune.core.network.matmul import multiply, multiply_transposed
from scratchtune.sequences.layers.sequences import accumulate

# Scores by products ---------------------------------------------------------------------------------------------------


@jit.function
def rescale(x, factor):
    """Multiply a matrix by a number, in place.

    Formula [rescale]
        x'ᵢⱼ = c · xᵢⱼ
    Where
        x: x, (i, j), real
        c: factor, scalar, real
    Source
        Linear algebra.
    """
    factor = x.dtype.type(factor)  # so that float32 stays float32
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] *= factor


@jit.function
def dot_scores(query, key, scale, scores):
    """Scores of each query with each key: their dot product, times a scale.

    Formula [dot_scores]
        sᵢⱼ = c · Σₑ[qᵢₑ · kⱼₑ]
    Where
        q: query, (i, e), real
        k: key, (j, e), real
        c: scale, scalar, real, 1 or 1 / √e
        s: scores, (i, j), written
    Variant
        Without a scale (c = 1) the score's variance grows with the number of features. Keras's Attention has c = 1, or
        a learned c with use_scale=True; its MultiHeadAttention and PyTorch have 1 / √e, as `MultiHeadAttention`.
    Source
        Luong et al. (2015), "Effective approaches to attention-based neural machine translation", section 3.1, "dot";
        Vaswani et al. (2017), "Attention is all you need", equation 1, scaled.
    """
    multiply_transposed(query, key, scores)
    rescale(scores, scale)


@jit.function
def dot_scores_grad(query, key, scale, dscores, dquery, dkey):
    """Gradients of the scores with respect to the queries and to the keys.

    Formula [dot_scores_grad]
        fⱼₑ = c · Σᵢ[gᵢⱼ · qᵢₑ] ; dᵢₑ = c · Σⱼ[gᵢⱼ · kⱼₑ]
    Gradient of
        [dot_scores] in query
    Where
        q: query, (i, e), real
        k: key, (j, e), real
        c: scale, scalar, real
        g: dscores, (i, j), real, dJ/dscores
        d: dquery, (i, e), written
        f: dkey, (j, e), written
    Source
        Calculus.
    """
    multiply(dscores, key, dquery)
    rescale(dquery, scale)
    multiply(dscores.T, query, dkey)
    rescale(dkey, scale)


# Scores by a small network --------------------------------------------------------------------------------------------


@jit.function
def additive_scores(query, key, scale, tanhs, scores):
    """Scores of each query with each key: a network with one hidden layer, whose inputs have been projected before.

    Formula [additive_scores]
        tᵢⱼₑ = tanh(qᵢₑ + kⱼₑ) ; sᵢⱼ = Σₑ[wₑ · tᵢⱼₑ]
    Computed as
        tanh(|z|) = (1 − x) / (1 + x) with x = exp(−2 · |z|), which the compiler vectorises
    Where
        q: query, (i, e), real
        k: key, (j, e), real
        w: scale, (e,), real, a weight for each feature
        t: tanhs, (i, j, e), written, for the gradients
        s: scores, (i, j), written
    Variant
        As Keras's AdditiveAttention, which projects neither queries nor keys; the paper does: a dense layer without
        bias for each.
    Source
        Bahdanau, Cho and Bengio (2015), "Neural machine translation by jointly learning to align and translate",
        section A.1.2.
    """
    zero, one = query.dtype.type(0), query.dtype.type(1)
    for i in range(query.shape[0]):
        for j in range(key.shape[0]):
            for e in range(query.shape[1]):
                z = query[i, e] + key[j, e]
                x = exp_nonpositive(-2.0 * abs(z))
                size = (one - x) / (one + x)
                tanhs[i, j, e] = size if z > zero else -size
    for i in range(scores.shape[0]):
        for j in range(scores.shape[1]):
            total = scores.dtype.type(0)
            for e in range(scale.size):
                total += scale[e] * tanhs[i, j, e]
            scores[i, j] = total


@jit.function
def additive_scores_grad(tanhs, scale, dscores, dquery, dkey, dscale):
    """Gradients of additive scores with respect to the queries, the keys and the weights of the features.

    Formula [additive_scores_grad]
        r'ₑ = rₑ + Σᵢⱼ[gᵢⱼ · tᵢⱼₑ] ; fⱼₑ = wₑ · Σᵢ[gᵢⱼ · (1 − tᵢⱼₑ²)] ; dᵢₑ = wₑ · Σⱼ[gᵢⱼ · (1 − tᵢⱼₑ²)]
    Gradient of
        [additive_scores] in query
    Where
        t: tanhs, (i, j, e), in [-1, 1]
        w: scale, (e,), real
        g: dscores, (i, j), real, dJ/dscores
        d: dquery, (i, e), written
        f: dkey, (j, e), written
        r: dscale, (e,), real, to which it is added, since all rows of a batch share the weights
    Source
        Calculus: the derivative of tanh is 1 − tanh².
    """
    one = scale.dtype.type(1)
    dquery[:] = 0.0
    dkey[:] = 0.0
    for i in range(dscores.shape[0]):
        for j in range(dscores.shape[1]):
            for e in range(scale.size):
                dquery[i, e] += dscores[i, j] * (scale[e] * (one - tanhs[i, j, e] * tanhs[i, j, e]))
            for e in range(scale.size):
                dkey[j, e] += dscores[i, j] * (scale[e] * (one - tanhs[i, j, e] * tanhs[i, j, e]))
            for e in range(dscale.size):
                dscale[e] += dscores[i, j] * tanhs[i, j, e]


# Weights --------------------------------------------------------------------------------------------------------------


@jit.function  # scores and weights may be one array
def masked_softmax(scores, keep, causal, weights):
    """Softmax of each query's scores over the keys that are kept; the weight of any other key is 0.

    Formula [masked_softmax]
        aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(sᵢⱼ) ; pᵢⱼ = uᵢⱼ / Σₖ[uᵢₖ] if Σₖ[aᵢₖ] > 0 else 0
    Computed as
        with the largest score that is kept subtracted from all scores: the same quotient, without overflow
    Where
        s: scores, (i, j), logits
        m: keep, (j,), 0 or 1, a number for each key: 1 to keep it, 0 for padding
        c: causal, scalar, integer in [0, 1], 1 to keep for query i only the keys up to index i
        p: weights, (i, j), written
    Variant
        Keras subtracts 10⁹ from a masked score, which makes its weight 0 too, unless all of a query's keys are masked:
        then Keras's weights are a softmax over all keys, PyTorch's are NaN, and here they are 0.
    Source
        Vaswani et al. (2017), "Attention is all you need", section 3.2.3.
    """
    real = scores.dtype.type
    zero, one, lowest = real(0), real(1), real(-np.inf)
    for i in range(scores.shape[0]):
        stop = min(i + 1, keep.size) if causal else keep.size
        largest, total = lowest, zero
        for j in range(stop):
            score = scores[i, j] if keep[j] > zero else lowest
            largest = score if score > largest else largest
        for j in range(stop):
            z = scores[i, j] - largest
            z = zero if z > zero else z  # where the key is not kept
            weights[i, j] = keep[j] * exp_nonpositive(z)
        for j in range(stop):
            total += weights[i, j]
        inverse = one / total if total > zero else zero
        for j in range(stop):
            weights[i, j] *= inverse
        for j in range(stop, keep.size):
            weights[i, j] = zero


@jit.function  # dweights and dscores may be one array
def masked_softmax_grad(weights, dweights, dscores):
    """Gradient of the weights with respect to the scores; it is 0 for a key that is not kept.

    Formula [masked_softmax_grad]
        dᵢⱼ = pᵢⱼ · (gᵢⱼ − Σₖ[gᵢₖ · pᵢₖ])
    Gradient of
        [masked_softmax] in scores
    Where
        p: weights, (i, j), in [0, 1]
        g: dweights, (i, j), real, dJ/dweights
        d: dscores, (i, j), written
    Source
        As [softmax_grad].
    """
    for i in range(weights.shape[0]):
        mean = weights.dtype.type(0)
        for j in range(weights.shape[1]):
            mean += dweights[i, j] * weights[i, j]
        for j in range(weights.shape[1]):
            dscores[i, j] = weights[i, j] * (dweights[i, j] - mean)


@jit.function
def clear_padding(weights, keep):
    """In self-attention, set the rows of queries that are padding to 0: their weights, and what they have looked up.

    Formula [clear_padding]
        p'ᵢⱼ = pᵢⱼ if mᵢ > 0 else 0
    Where
        p: weights, (i, j), in [0, 1]
        m: keep, (i,), 0 or 1, a number for each query: 0 for padding
    Variant
        As Keras's Attention and AdditiveAttention; its MultiHeadAttention and PyTorch return some vector for padding.
    Source
        Keras, layers.Attention, query mask.
    """
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            weights[i, j] = weights[i, j] if keep[i] > 0.0 else 0.0


# All of it ------------------------------------------------------------------------------------------------------------


@jit.function  # scores and weights may be one array
def look_up(scores, value, keep, causal, weights, out):
    """Attention from the scores on, as in softmax(QKᵀ/√d)V: for each query the mean of the values, by softmax of scores.

    Formula [look_up]
        aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(sᵢⱼ) ; pᵢⱼ = uᵢⱼ / Σₗ[uᵢₗ] if Σₗ[aᵢₗ] > 0 else 0 ; yᵢₒ = Σⱼ[pᵢⱼ · vⱼₒ]
    Computed as
        p by [masked_softmax], which subtracts the largest score first
    Where
        s: scores, (i, j), logits
        v: value, (j, o), real
        m: keep, (j,), 0 or 1, a number for each key
        c: causal, scalar, integer in [0, 1]
        p: weights, (i, j), written
        y: out, (i, o), written
    Source
        As [masked_softmax].
    """  # noqa: E501  (a formula is one line)
    masked_softmax(scores, keep, causal, weights)
    multiply(weights, value, out)


@jit.function
def dot_product_attention(query, key, value, scale, keep, causal, weights, out):
    """Attention, softmax(QKᵀ/√d)V: the mean of the values, weighted by the softmax of scaled dot products with the keys.

    Formula [dot_product_attention]
        aᵢⱼ = mⱼ if c = 0 else mⱼ if j <= i else 0 ; uᵢⱼ = aᵢⱼ · exp(b · Σₑ[qᵢₑ · kⱼₑ]) ; pᵢⱼ = uᵢⱼ / Σₗ[uᵢₗ] if Σₗ[aᵢₗ] > 0 else 0 ; yᵢₒ = Σⱼ[pᵢⱼ · vⱼₒ]
    Where
        q: query, (i, e), real; sampled in [-1, 1]
        k: key, (j, e), real; sampled in [-1, 1]
        v: value, (j, o), real
        b: scale, scalar, real; sampled in [-1, 1]
        m: keep, (j,), 0 or 1, a number for each key
        c: causal, scalar, integer in [0, 1]
        p: weights, (i, j), written
        y: out, (i, o), written
    Source
        Vaswani et al. (2017), "Attention is all you need", equation 1.
    """  # noqa: E501  (a formula is one line)
    dot_scores(query, key, scale, weights)
    look_up(weights, value, keep, causal, weights, out)


@jit.function
def dot_product_attention_value_grad(weights, dout, dvalue):
    """Gradient of attention with respect to the values.

    Formula [dot_product_attention_value_grad]
        dⱼₒ = Σᵢ[pᵢⱼ · gᵢₒ]
    Gradient of
        [dot_product_attention] in value
    Where
        p: weights, (i, j), in [0, 1]
        g: dout, (i, o), real, dJ/dout
        d: dvalue, (j, o), written
    Source
        Calculus.
    """
    multiply(weights.T, dout, dvalue)


@jit.function
def attention_scores_grad(weights, value, dout, dscores):
    """Gradient of attention with respect to the scores, whichever they are: through the values, then the softmax.

    Formula [attention_scores_grad]
        hᵢⱼ = Σₒ[gᵢₒ · vⱼₒ] ; dᵢⱼ = pᵢⱼ · (hᵢⱼ − Σₖ[hᵢₖ · pᵢₖ])
    Where
        p: weights, (i, j), in [0, 1]
        v: value, (j, o), real
        g: dout, (i, o), real, dJ/dout
        d: dscores, (i, j), written
    Source
        [masked_softmax_grad] of the gradient of the weighted sum.
    """
    multiply_transposed(dout, value, dscores)
    masked_softmax_grad(weights, dscores, dscores)


# A batch --------------------------------------------------------------------------------------------------------------


class Memory(NamedTuple):
    """The weights (n, queries, keys); for additive scores the hidden layer, (n, queries, keys, features), else none.

    The rest is for one row: dscores (queries, keys), dquery (queries, features), dkey (keys, features).
    """

    weights: Any
    tanhs: Any
    dscores: Any
    dquery: Any
    dkey: Any


@jit.function
def look_up_shapes(rows, queries, keys, features, hidden):
    """The shapes of `Memory` for so many rows; ``hidden`` is ``features`` for additive scores, else 0."""
    return Memory(
        weights=(rows, queries, keys), tanhs=(rows, queries, keys, hidden), dscores=(queries, keys),
        dquery=(queries, features), dkey=(keys, features))


@jit.function
def score_by_dot(query, key, scale, tanhs, scores):
    """`dot_scores` with scale 1, and the arguments of `additive_scores`, so that `look_ups` can call either."""
    dot_scores(query, key, 1.0, scores)


@jit.function
def score_by_dot_grad(query, key, scale, tanhs, memory, dscale):
    """Fill ``memory.dquery`` and ``memory.dkey`` from ``memory.dscores``; ``dscale`` is not used."""
    dot_scores_grad(query, key, 1.0, memory.dscores, memory.dquery, memory.dkey)


@jit.function
def score_by_sum_grad(query, key, scale, tanhs, memory, dscale):
    """`additive_scores_grad` with the arguments of `score_by_dot_grad`; it adds to ``dscale``."""
    additive_scores_grad(tanhs, scale, memory.dscores, memory.dquery, memory.dkey, dscale)


SCORES = {"dot": (score_by_dot, score_by_dot_grad), "additive": (additive_scores, score_by_sum_grad)}


def look_ups(scores: str) -> tuple[Any, Any]:
    """Make attention for a batch with "dot" or "additive" scores, and its gradient.

    - ``attend(query, source, scale, keep, causal, memory, out)``: each of the queries (n, queries, features) looks up
      the source (n, keys, features), which is keys and values; ``keep`` is (n, keys), ``out`` as ``query``.
    - ``attend_grad(query, source, scale, memory, dout, dscale, into)`` adds to ``dscale``; ``into`` is dquery, to which
      it adds, and dsource, which it writes before: in self-attention both are one array. Of size 0, they are left out.

    ``scale`` has a weight for each feature for additive scores, and the size 0 for dot scores.
    """
    score, score_grad = SCORES[scores]

    @jit.function
    def attend(query, source, scale, keep, causal, memory, out):
        for n in range(query.shape[0]):
            weights = memory.weights[n]
            score(query[n], source[n], scale, memory.tanhs[n], weights)
            look_up(weights, source[n], keep[n], causal, weights, out[n])

    @jit.function
    def attend_grad(query, source, scale, memory, dout, dscale, into):
        dquery, dsource = into
        for n in range(query.shape[0]):
            attention_scores_grad(memory.weights[n], source[n], dout[n], memory.dscores)
            score_grad(query[n], source[n], scale, memory.tanhs[n], memory, dscale)
            if dsource.size > 0:
                dot_product_attention_value_grad(memory.weights[n], dout[n], dsource[n])
                accumulate(memory.dquery, dquery[n])
                accumulate(memory.dkey, dsource[n])

    return attend, attend_grad
