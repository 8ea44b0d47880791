"""Self-attention whose scores are computed by a small network: the sum of query and key, tanh, and a weighted sum.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.network.matmul import multiply
from scratchtune.sequences.attention import (
    additive_scores,
    additive_scores_key_grad,
    additive_scores_query_grad,
    additive_scores_scale_grad,
    attention_scores_grad,
    clear_padding,
    dot_product_attention_value_grad,
    masked_softmax,
)
from scratchtune.sequences.layers.sequences import mask_of, refuse_arguments, sequence_shape
from scratchtune.sequences.multi_head_attention import add_to

LENGTH, FEATURES, CAUSAL, HAS_MASK = range(4)  # of a kernel's integers


@jit.function
def weights_and_tanhs(work, n, length, features):
    """The end of the workspace: weights (n, length, length) and tanhs (n, length, length, features)."""
    size = n * length * length
    own = work[work.size - size * (1 + features) :]
    return own[:size].reshape((n, length, length)), own[size:].reshape((n, length, length, features))


@jit.function
def scale_or_ones(theta, features):
    """The learned weight of each feature; ones if the layer has none."""
    scale = np.ones(features, theta.dtype)
    if theta.size > 0:
        copy_to(theta, scale)
    return scale


@jit.forward
def additive_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = attention of each row's sequence to itself; ``work`` keeps the weights and the hidden layer."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out = x.reshape((n, length, features)), y.reshape((n, length, features))
    weights, tanhs = weights_and_tanhs(work, n, length, features)
    scale, keep = scale_or_ones(theta, features), mask_of(integers[HAS_MASK], n, length, work)
    for r in range(n):
        additive_scores(steps[r], steps[r], scale, tanhs[r], weights[r])
        masked_softmax(weights[r], keep[r], integers[CAUSAL], weights[r])
        clear_padding(weights[r], keep[r])
        multiply(weights[r], steps[r], out[r])


@jit.backward
def additive_attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx, to which the steps as queries, as keys and as values contribute, and the gradient of the scale."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
    weights, tanhs = weights_and_tanhs(work, n, length, features)
    scale = scale_or_ones(theta, features)
    dscores, part = np.empty((length, length), x.dtype), np.empty((length, features), x.dtype)
    dtheta[:] = 0.0
    for r in range(n):
        attention_scores_grad(weights[r], steps[r], out_grad[r], dscores)
        if theta.size > 0:
            additive_scores_scale_grad(tanhs[r], dscores, dtheta)
        if dx.size > 0:
            total = dx[r].reshape((length, features))
            dot_product_attention_value_grad(weights[r], out_grad[r], total)
            additive_scores_query_grad(tanhs[r], scale, dscores, part)
            add_to(total, part)
            additive_scores_key_grad(tanhs[r], scale, dscores, part)
            add_to(total, part)


class AdditiveAttention(Layer):
    """Additive attention of a sequence (length, features) to itself: query, key and value are the sequence.

    Arguments have Keras's names and defaults. With ``use_scale`` the layer has a weight for each feature, scale
    (features,). Keras's ``use_causal_mask`` is an argument of the call; here it is one of the layer: with it each step
    sees itself and the steps before. Padding is treated as by `Attention`.
    """

    forward, backward = additive_attention_forward, additive_attention_backward
    uses_mask = True

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, use_causal_mask: bool = False) -> None:
        self.use_scale = checks.boolean("use_scale", use_scale)
        refuse_arguments("AdditiveAttention", {"dropout": (dropout, 0.0)})
        self.use_causal_mask = checks.boolean("use_causal_mask", use_causal_mask)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (length, features); the only weight is the scale, if there is one."""
        self.length, self.features = sequence_shape("AdditiveAttention", input_shape)
        if self.use_scale:
            self.add_weight("scale", (self.features,), "glorot_uniform")
        return input_shape

    def integers(self) -> list[int]:
        """The length, the number of features, whether later steps are masked, whether there is a mask of padding."""
        return [self.length, self.features, int(self.use_causal_mask), int(self.mask_from is not None)]

    def work_size(self, rows: int) -> int:
        """The weights of each row, and the hidden layer that computes them."""
        return rows * self.length * self.length * (1 + self.features)
