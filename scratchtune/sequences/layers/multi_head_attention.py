"""Multi-head self-attention as a layer; `scratchtune.sequences.multi_head_attention` has its formulas.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks, jit
from scratchtune.network import initializers
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.sequences import mask_of, refuse_arguments, sequence_shape
from scratchtune.sequences.multi_head_attention import (
    add_to,
    multi_head_attention,
    multi_head_attention_grad,
    multi_head_scratch,
    multi_head_scratch_size,
    multi_head_work,
    multi_head_work_size,
)

LENGTH, FEATURES, HEADS, SIZE, HAS_BIAS, CAUSAL, HAS_MASK = range(7)  # of a kernel's integers


@jit.function
def kernels_and_biases(integers, theta):
    """Views of theta, or of its gradient: kernels and biases of queries, keys, values and output, in Keras's order."""
    features, heads, size = integers[FEATURES], integers[HEADS], integers[SIZE]
    kernel, bias = features * heads * size, heads * size * integers[HAS_BIAS]
    both, shape, rows = kernel + bias, (features, heads, size), (heads * integers[HAS_BIAS], size)
    kernels = (theta[:kernel].reshape(shape), theta[both : both + kernel].reshape(shape),
               theta[2 * both : 2 * both + kernel].reshape(shape),
               theta[3 * both : 3 * both + kernel].reshape((heads, size, features)))
    biases = (theta[kernel:both].reshape(rows), theta[both + kernel : 2 * both].reshape(rows),
              theta[2 * both + kernel : 3 * both].reshape(rows), theta[3 * both + kernel :])
    return kernels, biases


@jit.function
def own_size(integers, n):
    """The size of what the backward pass needs, of its scratch, and of the gradient of the steps as source."""
    length, features, heads, size = integers[LENGTH], integers[FEATURES], integers[HEADS], integers[SIZE]
    return (multi_head_work_size(n, length, length, heads, size)
            + multi_head_scratch_size(n, length, length, heads, size, features) + n * length * features)


@jit.function
def own_part(integers, n, work):
    """The layer's own memory, at the end of the workspace."""
    return work[work.size - own_size(integers, n) :]


@jit.forward
def multi_head_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = multi-head attention of each row's sequence to itself; ``work`` keeps what the backward pass needs."""
    n, length, heads, size = x.shape[0], integers[LENGTH], integers[HEADS], integers[SIZE]
    steps, out = x.reshape((n, length, integers[FEATURES])), y.reshape((n, length, integers[FEATURES]))
    kernels, biases = kernels_and_biases(integers, theta)
    keep = mask_of(integers[HAS_MASK], n, length, work)
    multi_head_attention(
        steps, steps, kernels, biases, keep, integers[CAUSAL],
        multi_head_work(own_part(integers, n, work), n, length, length, heads, size), out)


@jit.backward
def multi_head_attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, and dx: the sum of the gradients of the steps as queries and as source."""
    n, length, heads, size, features = x.shape[0], integers[LENGTH], integers[HEADS], integers[SIZE], integers[FEATURES]
    steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
    kernels, _ = kernels_and_biases(integers, theta)
    dkernels, dbiases = kernels_and_biases(integers, dtheta)
    own = own_part(integers, n, work)
    kept, passed = multi_head_work_size(n, length, length, heads, size), dx.size
    scratch = own[kept : kept + multi_head_scratch_size(n, length, length, heads, size, features)]
    rest = own[kept + scratch.size :]
    dquery = dx.reshape((dx.shape[0], length, features))
    dsource = rest[:passed].reshape((dx.shape[0], length, features))
    multi_head_attention_grad(
        steps, steps, kernels, multi_head_work(own, n, length, length, heads, size), out_grad, dkernels, dbiases,
        (dquery, dsource, multi_head_scratch(scratch, n, length, length, heads, size)))
    if passed > 0:
        add_to(dquery, dsource)


class MultiHeadAttention(Layer):
    """Multi-head attention of a sequence (length, features) to itself: query, key and value are the sequence.

    Arguments have Keras's names and defaults; of those that change the shapes or drop weights, only the defaults are
    supported. Keras's ``use_causal_mask`` is an argument of the call; here it is one of the layer: with it each step
    sees itself and the steps before. Padding that an `Embedding` with ``mask_zero`` below has marked is looked up by no
    step; what the layer returns for padding itself means nothing. Weights are kernels (features, heads, key_dim) and
    biases (heads, key_dim) of queries, keys and values, then the output's kernel (heads, key_dim, features) and bias
    (features,).
    """

    forward, backward = multi_head_attention_forward, multi_head_attention_backward
    uses_mask = True

    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,
        output_shape: Any = None, attention_axes: Any = None, kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros", use_causal_mask: bool = False,
    ) -> None:
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        self.key_dim = checks.integer("key_dim", key_dim, 1)
        if value_dim != key_dim:
            refuse_arguments("MultiHeadAttention", {"value_dim": (value_dim, None)})
        refuse_arguments("MultiHeadAttention", {
            "dropout": (dropout, 0.0), "output_shape": (output_shape, None), "attention_axes": (attention_axes, None)})
        self.use_bias = checks.boolean("use_bias", use_bias)
        self.use_causal_mask = checks.boolean("use_causal_mask", use_causal_mask)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (length, features)."""
        self.length, self.features = sequence_shape("MultiHeadAttention", input_shape)
        heads, size, features = self.num_heads, self.key_dim, self.features
        for name in ("query", "key", "value"):
            self._add_projection(name, (features, heads, size), (heads, size), (features, heads * size))
        self._add_projection("attention_output", (heads, size, features), (features,), (heads * size, features))
        return input_shape

    def _add_projection(
        self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...], fans: tuple[int, int],
    ) -> None:
        """Add a kernel and, if the layer has them, a bias."""
        self.add_weight(f"{name}_kernel", kernel, self.kernel_initializer, fans)
        if self.use_bias:
            self.add_weight(f"{name}_bias", bias, self.bias_initializer, is_bias=True)

    def integers(self) -> list[int]:
        """Length, features, heads, key_dim; whether there are biases, later steps are masked, and there is a mask."""
        return [self.length, self.features, self.num_heads, self.key_dim, int(self.use_bias),
                int(self.use_causal_mask), int(self.mask_from is not None)]

    def work_size(self, rows: int) -> int:
        """See `own_size`."""
        return int(own_size(np.array(self.integers()), rows))
