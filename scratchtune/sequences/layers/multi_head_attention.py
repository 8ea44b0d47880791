"""Multi-head self-attention as a layer; `scratchtune.sequences.multi_head_attention` has its formulas.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune.core import checks, jit
from scratchtune.sequences.layers.attention import SelfAttention
from scratchtune.sequences.layers.sequences import mask_of
from scratchtune.sequences.multi_head_attention import (
    add_to,
    heads_shapes,
    multi_head_attention,
    multi_head_attention_grad,
    scratch_shapes,
)

LENGTH, FEATURES, HEADS, SIZE, HAS_BIAS, CAUSAL, HAS_MASK = range(7)  # of a kernel's integers


class Memory(NamedTuple):
    """`Heads`, `Scratch`, and the gradient of the steps as source, (n, length, features)."""

    heads: Any
    scratch: Any
    dsource: Any


@jit.function
def memory_shapes(integers, n):
    """The shapes of `Memory`."""
    length, features, heads, size = integers[LENGTH], integers[FEATURES], integers[HEADS], integers[SIZE]
    return Memory(heads_shapes(n, length, length, heads, size),
                  scratch_shapes(n, length, length, heads, size, features), (n, length, features))


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


@jit.forward
def multi_head_attention_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = multi-head attention of each row's sequence to itself; ``work`` keeps what the backward pass needs."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out = x.reshape((n, length, features)), y.reshape((n, length, features))
    kernels, biases = kernels_and_biases(integers, theta)
    multi_head_attention(
        steps, steps, kernels, biases, mask_of(integers[HAS_MASK], n, length, work), integers[CAUSAL],
        jit.views(work, memory_shapes(integers, n)).heads, out)


@jit.backward
def multi_head_attention_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, and dx: the sum of the gradients of the steps as queries and as source."""
    n, length, features = x.shape[0], integers[LENGTH], integers[FEATURES]
    steps, out_grad = x.reshape((n, length, features)), dy.reshape((n, length, features))
    kernels, _ = kernels_and_biases(integers, theta)
    dkernels, dbiases = kernels_and_biases(integers, dtheta)
    memory, passed = jit.views(work, memory_shapes(integers, n)), dx.shape[0]
    dquery, dsource = dx.reshape((passed, length, features)), memory.dsource[:passed]
    multi_head_attention_grad(
        steps, steps, kernels, memory.heads, out_grad, dkernels, dbiases, (dquery, dsource, memory.scratch))
    if passed > 0:
        add_to(dquery, dsource)


class MultiHeadAttention(SelfAttention):
    """Multi-head attention of a sequence (length, features) to itself: query, key and value are the sequence.

    Arguments have Keras's names and defaults. Padding that an `Embedding` with ``mask_zero`` below has marked is looked
    up by no step; what the layer returns for padding itself means nothing. Weights are kernels (features, heads,
    key_dim) and biases (heads, key_dim) of queries, keys and values, then the output's kernel (heads, key_dim,
    features) and bias (features,). For ``use_causal_mask`` see `SelfAttention`.
    """

    forward, backward = multi_head_attention_forward, multi_head_attention_backward
    shapes = staticmethod(memory_shapes)

    def __init__(
        self, num_heads: int, key_dim: int, use_bias: bool = True, use_causal_mask: bool = False,
    ) -> None:
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        self.key_dim = checks.integer("key_dim", key_dim, 1)
        self.use_bias = checks.boolean("use_bias", use_bias)
        self.use_causal_mask = checks.boolean("use_causal_mask", use_causal_mask)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (length, features); weights are a kernel and a bias of each of the four projections."""
        output_shape = super().build(input_shape)
        heads, size, features = self.num_heads, self.key_dim, self.features
        for name in ("query", "key", "value"):
            self._add_projection(name, (features, heads, size), (heads, size), (features, heads * size))
        self._add_projection("attention_output", (heads, size, features), (features,), (heads * size, features))
        return output_shape

    def _add_projection(
        self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...], fans: tuple[int, int],
    ) -> None:
        """Add a kernel and, if the layer has them, a bias."""
        self.add_weight(f"{name}_kernel", kernel, "glorot_uniform", fans)
        if self.use_bias:
            self.add_weight(f"{name}_bias", bias, "zeros", is_bias=True)

    def sizes(self) -> list[int]:
        """Heads, key_dim, and whether there are biases."""
        return [self.num_heads, self.key_dim, int(self.use_bias)]
