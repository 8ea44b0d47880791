"""The beginning of an encoder-decoder: the tokens of source and target become vectors, by a table for each language.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.sequences.layers.embedding import MOST_TOKENS, embedding, embedding_grad, padding_mask
from scratchtune.sequences.layers.pairs import PairLayer, halves

LENGTH, TOKENS, SIZE = range(3)  # of a kernel's integers: the source's steps and tokens, and the numbers of a vector


@jit.function
def tables(integers, theta):
    """theta, or its gradient, as the source's and the target's table, a row for each token."""
    size = integers[SIZE]
    first = integers[TOKENS] * size
    return (theta[:first].reshape((integers[TOKENS], size)),
            theta[first:].reshape(((theta.size - first) // size, size)))


@jit.forward
def pair_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the vector of each token; ``work`` gets the masks, the sources' first."""
    (rows, length), source = x.shape, integers[LENGTH]
    first, second = halves(y.reshape((rows, length, integers[SIZE])), source)
    masks = halves(work[: rows * length].reshape((rows, length, 1)), source)
    of_source, of_target = tables(integers, theta)
    embedding(x[:, :source], of_source, first)
    embedding(x[:, source:], of_target, second)
    padding_mask(x[:, :source], masks[0][:, :, 0])
    padding_mask(x[:, source:], masks[1][:, :, 0])


@jit.backward
def pair_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta is the gradient of both tables; tokens have none, so dx is 0."""
    (rows, length), source = x.shape, integers[LENGTH]
    first, second = halves(dy.reshape((rows, length, integers[SIZE])), source)
    of_source, of_target = tables(integers, dtheta)
    embedding_grad(x[:, :source], first, of_source)
    embedding_grad(x[:, source:], second, of_target)
    dx[:] = 0.0


class PairEmbedding(PairLayer):
    """Maps the source's tokens below ``source_tokens`` and the target's below ``target_tokens`` to vectors.

    The token 0 is padding: the layers above skip it.
    """

    forward, backward = pair_embedding_forward, pair_embedding_backward
    uses_mask = False  # it makes one

    def __init__(self, source_tokens: int, target_tokens: int, size: int, source_length: int) -> None:
        super().__init__(source_length)
        self.source_tokens = checks.integer("source_tokens", source_tokens, 2, MOST_TOKENS)
        self.target_tokens = checks.integer("target_tokens", target_tokens, 2, MOST_TOKENS)
        self.size = checks.integer("size", size, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (source length + target length,); the outputs have ``size`` numbers for each step."""
        if len(input_shape) != 1 or input_shape[0] <= self.source_length:
            raise ValueError(f"PairEmbedding gets rows of shape {tuple(input_shape)}; with source_length="
                             f"{self.source_length} it takes tokens (source length + target length,)")
        self.add_weight("source_table", (self.source_tokens, self.size), "uniform")
        self.add_weight("target_table", (self.target_tokens, self.size), "uniform")
        return (input_shape[0], self.size)

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError unless all tokens are integers that the tables have."""
        for part, columns, tokens in (("source", X[:, : self.source_length], self.source_tokens),
                                      ("target", X[:, self.source_length :], self.target_tokens)):
            wrong = columns[(columns < 0) | (columns >= tokens) | (columns != np.floor(columns))]
            if wrong.size > 0:
                raise ValueError(f"{name} holds the token {wrong[0]:g} in its {part}; tokens must be integers from 0 "
                                 f"to {tokens - 1} there")

    def integers(self) -> list[int]:
        """The source's steps and tokens, and the numbers of a vector."""
        return [self.source_length, self.source_tokens, self.size]

    def makes_mask(self) -> bool:
        """Always."""
        return True

    def work_size(self, rows: int) -> int:
        """The mask."""
        return rows * self.input_shape[0]
