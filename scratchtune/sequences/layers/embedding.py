"""An embedding maps each token of a sequence, an integer, to a vector of its own that is learned.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer

MOST_TOKENS = 2**24  # a token is a float, and in float32 all integers are exact up to here


@jit.function_noalias
def embedding(tokens, table, y):
    """Look up the vector of each token. One outside the table has the vector 0; `Embedding.check_inputs` refuses it.

    Formula [embedding]
        yₙₜⱼ = w[xₙₜ, j]
    Where
        x: tokens, (n, t), real; sampled as integer in [-1, 3]
        w: table, (v, j), real
        y: y, (n, t, j), written
    Source
        Bengio et al. (2003), "A neural probabilistic language model"; Keras, layers.Embedding.
    """
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            token = int(tokens[n, t])
            is_known = token >= 0 and token < table.shape[0]
            for j in range(y.shape[2]):
                y[n, t, j] = table[token, j] if is_known else 0.0


@jit.function_noalias
def embedding_grad(tokens, dy, dtable):
    """Gradient with respect to the table: a vector's gradient is the sum over the steps that hold its token, in order.

    Formula [embedding_grad]
        dᵥⱼ = Σₙₜ[gₙₜⱼ if xₙₜ = v else 0]
    Gradient of
        [embedding] in table
    Where
        x: tokens, (n, t), real; sampled as integer in [-1, 3]
        g: dy, (n, t, j), real, dJ/dy
        d: dtable, (v, j), written
    Source
        Calculus.
    """
    dtable[:] = 0.0
    for n in range(dy.shape[0]):
        for t in range(dy.shape[1]):
            token = int(tokens[n, t])
            if token >= 0 and token < dtable.shape[0]:
                for j in range(dy.shape[2]):
                    dtable[token, j] += dy[n, t, j]


@jit.function_noalias
def padding_mask(tokens, mask):
    """The mask of sequences that are padded with the token 0.

    Formula [padding_mask]
        mₙₜ = 0 if xₙₜ = 0 else 1
    Where
        x: tokens, (n, t), real; sampled as integer in [0, 3]
        m: mask, (n, t), written
    Source
        Keras, layers.Embedding with mask_zero=True.
    """
    for n in range(mask.shape[0]):
        for t in range(mask.shape[1]):
            mask[n, t] = 0.0 if tokens[n, t] == 0.0 else 1.0


@jit.forward
def embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the vector of each token; ``work`` gets the mask, if integers[1] is 1. integers[0] is the vectors' size."""
    rows, length = x.shape
    size = integers[0]
    embedding(x, theta.reshape((theta.size // size, size)), y.reshape((rows, length, size)))
    if integers[1]:
        padding_mask(x, work[: rows * length].reshape((rows, length)))


@jit.backward
def embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta is the gradient of the table; tokens have none, so dx is 0."""
    size = integers[0]
    embedding_grad(x, dy.reshape((x.shape[0], x.shape[1], size)), dtheta.reshape((theta.size // size, size)))
    dx[:] = 0.0


class Embedding(Layer):
    """Maps tokens, integers from 0 up to ``input_dim`` - 1, to vectors of ``output_dim`` numbers; Keras's arguments.

    A row (length,) becomes (length, output_dim). With ``mask_zero`` the token 0 is padding: recurrent layers above skip
    it, also where layers such as dropout, which keep the number of steps, are between.
    """

    forward, backward = embedding_forward, embedding_backward

    def __init__(self, input_dim: int, output_dim: int, mask_zero: bool = False) -> None:
        self.input_dim = checks.integer("input_dim", input_dim, 1, MOST_TOKENS)
        self.output_dim = checks.integer("output_dim", output_dim, 1)
        self.mask_zero = checks.boolean("mask_zero", mask_zero)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length,), the outputs (length, output_dim); the weights are a table (input_dim, output_dim)."""
        if len(input_shape) != 1:
            raise ValueError(f"Embedding gets rows of shape {tuple(input_shape)}; it takes sequences of tokens "
                             f"(length,)")
        self.add_weight("embeddings", (self.input_dim, self.output_dim), "uniform")
        return (input_shape[0], self.output_dim)

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError unless all tokens are integers from 0 up to ``input_dim`` - 1."""
        wrong = X[(X < 0) | (X >= self.input_dim) | (X != np.floor(X))]
        if wrong.size > 0:
            raise ValueError(f"{name} holds the token {wrong[0]:g}; tokens must be integers from 0 to "
                             f"{self.input_dim - 1} for Embedding(input_dim={self.input_dim})")

    def integers(self) -> list[int]:
        """The size of a vector, and whether there is a mask."""
        return [self.output_dim, int(self.mask_zero)]

    def makes_mask(self) -> bool:
        """If ``mask_zero``."""
        return self.mask_zero

    def work_size(self, rows: int) -> int:
        """The mask."""
        return rows * self.input_shape[0] if self.mask_zero else 0
