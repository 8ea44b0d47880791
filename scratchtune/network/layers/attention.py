"""Self-attention by dot products: each step of a sequence becomes a weighted mean of all steps.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.attention import (
    attention_scores_grad,
    dot_product_attention,
    dot_product_attention_value_grad,
    dot_scores_key_grad,
    dot_scores_query_grad,
    dot_scores_scale_grad,
)
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.sequences import refuse_arguments, sequence_shape
from scratchtune.network.multi_head_attention import add_to

LENGTH, FEATURES, CAUSAL = range(3)  # of a kernel's integers


@jit.forward
def attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = attention of each row's sequence to itself; ``work`` keeps the weights, (rows, length, length)."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out = x.reshape((n, length, features)), y.reshape((n, length, features))
    weights = work[: n * length * length].reshape((n, length, length))
    keep = np.ones(length, x.dtype)
    scale = theta[0] if theta.size > 0 else x.dtype.type(1)
    for r in range(n):
        dot_product_attention(steps[r], steps[r], steps[r], scale, keep, integers[CAUSAL], weights[r], out[r])


@jit.backward
def attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx, to which the steps as queries, as keys and as values contribute, and the gradient of the scale."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
    weights = work[: n * length * length].reshape((n, length, length))
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
    the call; here it is one of the layer: with it each step sees itself and the steps before.
    """

    forward, backward = attention_forward, attention_backward
    refuses_mask = True

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
        """The length, the number of features, and whether later steps are masked."""
        return [self.length, self.features, int(self.use_causal_mask)]

    def work_size(self, rows: int) -> int:
        """The weights of each row."""
        return rows * self.length * self.length
