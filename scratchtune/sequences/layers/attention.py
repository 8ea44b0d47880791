"""Self-attention by dot products: each step of a sequence becomes a weighted mean of all steps.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.matmul import multiply
from scratchtune.sequences.attention import (
    attention_scores_grad,
    clear_padding,
    dot_product_attention_value_grad,
    dot_scores,
    dot_scores_key_grad,
    dot_scores_query_grad,
    dot_scores_scale_grad,
    masked_softmax,
)
from scratchtune.sequences.layers.sequences import mask_of, refuse_arguments, sequence_shape
from scratchtune.sequences.multi_head_attention import add_to

LENGTH, FEATURES, CAUSAL, HAS_MASK = range(4)  # of a kernel's integers


@jit.function
def weights_in(work, n, length):
    """The weights (n, length, length), at the end of the workspace."""
    return work[work.size - n * length * length :].reshape((n, length, length))


@jit.forward
def attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = attention of each row's sequence to itself; ``work`` keeps the weights, (rows, length, length)."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out = x.reshape((n, length, features)), y.reshape((n, length, features))
    weights, keep = weights_in(work, n, length), mask_of(integers[HAS_MASK], n, length, work)
    scale = theta[0] if theta.size > 0 else x.dtype.type(1)
    for r in range(n):
        dot_scores(steps[r], steps[r], scale, weights[r])
        masked_softmax(weights[r], keep[r], integers[CAUSAL], weights[r])
        clear_padding(weights[r], keep[r])
        multiply(weights[r], steps[r], out[r])


@jit.backward
def attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx, to which the steps as queries, as keys and as values contribute, and the gradient of the scale."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
    weights = weights_in(work, n, length)
    scale = theta[0] if theta.size > 0 else x.dtype.type(1)
    dscores, products = np.empty((length, length), x.dtype), np.empty((length, length), x.dtype)
    part = np.empty((length, features), x.dtype)
    dtheta[:] = 0.0
    for r in range(n):
        attention_scores_grad(weights[r], steps[r], out_grad[r], dscores)
        if theta.size > 0:
            dtheta[0] += dot_scores_scale_grad(steps[r], steps[r], dscores, products)
        if dx.size > 0:
            total = dx[r].reshape((length, features))
            dot_product_attention_value_grad(weights[r], out_grad[r], total)
            dot_scores_query_grad(steps[r], scale, dscores, part)
            add_to(total, part)
            dot_scores_key_grad(steps[r], scale, dscores, part)
            add_to(total, part)


class Attention(Layer):
    """Dot-product attention of a sequence (length, features) to itself: query, key and value are the sequence.

    Arguments have Keras's names and defaults. The scores are not divided by the root of the number of features; with
    ``use_scale`` they are multiplied by a learned scale (), at first 1. Keras's ``use_causal_mask`` is an argument of
    the call; here it is one of the layer: with it each step sees itself and the steps before. Padding that an
    `Embedding` with ``mask_zero`` below has marked is looked up by no step, and becomes 0.
    """

    forward, backward = attention_forward, attention_backward
    uses_mask = True

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, use_causal_mask: bool = False,
    ) -> None:
        self.use_scale = checks.boolean("use_scale", use_scale)
        if score_mode == "concat":
            raise ValueError("score_mode is 'concat'; Attention supports 'dot' only, and AdditiveAttention has scores "
                             "of the sum of query and key")
        self.score_mode = checks.choice("score_mode", score_mode, ("dot",))
        refuse_arguments("Attention", {"dropout": (dropout, 0.0)})
        self.use_causal_mask = checks.boolean("use_causal_mask", use_causal_mask)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (length, features); the only weight is the scale, if there is one."""
        self.length, self.features = sequence_shape("Attention", input_shape)
        if self.use_scale:
            self.add_weight("scale", (), "ones", (1, 1))
        return input_shape

    def integers(self) -> list[int]:
        """The length, the number of features, whether later steps are masked, whether there is a mask of padding."""
        return [self.length, self.features, int(self.use_causal_mask), int(self.mask_from is not None)]

    def work_size(self, rows: int) -> int:
        """The weights of each row."""
        return rows * self.length * self.length
