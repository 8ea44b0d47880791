"""Columns of category codes become numbers: one-hot columns for few categories, learned vectors for many.

A code outside 0, 1, ..., k - 1 is unknown: its one-hot columns are 0, or it has the learned vector of unknown codes.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.layers.base import Layer

MOST_CODES = 2**24  # a code is a float, and in float32 all integers are exact up to here
NUMERIC, CATEGORICAL, COLUMNS = range(3)  # of a kernel's integers; from COLUMNS on the numeric columns
COLUMN, CATEGORIES, SIZE, PER_COLUMN = range(4)  # then for each categorical column; a size of 0 means one-hot


@jit.function_noalias
def category_one_hot(codes, y):
    """One-hot vector of each code; zeros for one outside the categories.

    Formula [category_one_hot]
        yₙₖ = 1 if k = xₙ else 0
    Where
        x: codes, (n,), real; sampled as integer in [-1, 4]
        y: y, (n, k), written
    Source
        The document, section 2.1; scikit-learn, preprocessing.OneHotEncoder with handle_unknown="ignore".
    """
    for n in range(y.shape[0]):
        for k in range(y.shape[1]):
            y[n, k] = 1.0 if codes[n] >= k and codes[n] < k + 1 else 0.0


@jit.function_noalias
def category_embedding(codes, table, y):
    """Look up the learned vector of each code; the last one of the table is that of all codes outside the categories.

    Formula [category_embedding]
        rₙ = xₙ if max(min(xₙ, #v − 1), 0) = xₙ else #v − 1 ; yₙⱼ = w[rₙ, j]
    Where
        x: codes, (n,), real; sampled as integer in [-1, 4]
        w: table, (v, j), real
        y: y, (n, j), written
    Source
        Guo and Berkhahn (2016), "Entity embeddings of categorical variables", section 3.
    """
    for n in range(y.shape[0]):
        is_known = codes[n] >= 0 and codes[n] < table.shape[0]
        row = int(codes[n]) if is_known else table.shape[0] - 1
        for j in range(y.shape[1]):
            y[n, j] = table[row, j]


@jit.function_noalias
def category_embedding_grad(codes, dy, dtable):
    """Gradient with respect to the table: a vector's gradient is the sum over the rows that have it.

    Formula [category_embedding_grad]
        rₙ = xₙ if max(min(xₙ, #v − 1), 0) = xₙ else #v − 1 ; dᵥⱼ = Σₙ[gₙⱼ if rₙ = v else 0]
    Gradient of
        [category_embedding] in table
    Where
        x: codes, (n,), real; sampled as integer in [-1, 4]
        g: dy, (n, j), real, dJ/dy
        d: dtable, (v, j), written
    Source
        Calculus.
    """
    dtable[:] = 0.0
    for n in range(dy.shape[0]):
        is_known = codes[n] >= 0 and codes[n] < dtable.shape[0]
        row = int(codes[n]) if is_known else dtable.shape[0] - 1
        for j in range(dy.shape[1]):
            dtable[row, j] += dy[n, j]


@jit.function
def kind_of(integers, c):
    """The index in x, the number of categories and the vectors' size (0: one-hot) of categorical column ``c``."""
    start = COLUMNS + integers[NUMERIC] + c * PER_COLUMN
    return integers[start + COLUMN], integers[start + CATEGORIES], integers[start + SIZE]


@jit.forward
def category_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the numeric columns in their order, then the vectors of each categorical column."""
    at, used = integers[NUMERIC], 0
    for n in range(x.shape[0]):
        for j in range(at):
            y[n, j] = x[n, integers[COLUMNS + j]]
    for c in range(integers[CATEGORICAL]):
        column, categories, size = kind_of(integers, c)
        if size == 0:
            category_one_hot(x[:, column], y[:, at : at + categories])
            at += categories
        else:
            last = used + (categories + 1) * size
            category_embedding(x[:, column], theta[used:last].reshape((categories + 1, size)), y[:, at : at + size])
            at, used = at + size, last


@jit.backward
def category_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta of the vectors; dx of numeric columns is their part of dy, that of codes is 0."""
    at, used = integers[NUMERIC], 0
    dx[:] = 0.0
    for n in range(dx.shape[0]):
        for j in range(at):
            dx[n, integers[COLUMNS + j]] = dy[n, j]
    for c in range(integers[CATEGORICAL]):
        column, categories, size = kind_of(integers, c)
        if size == 0:
            at += categories
        else:
            last = used + (categories + 1) * size
            dtable = dtheta[used:last].reshape((categories + 1, size))
            category_embedding_grad(x[:, column], dy[:, at : at + size], dtable)
            at, used = at + size, last


class CategoryEmbedding(Layer):
    """Replaces columns of category codes; the numeric columns come first in the output, unchanged and in their order.

    ``columns`` are the indices of the columns with codes, ``categories`` their numbers of categories. A column of at
    most ``most_one_hot`` categories becomes as many one-hot columns; any other becomes a learned vector of
    ``output_dim`` numbers, initially standard normal; that of unknown codes is initially 0.
    """

    forward, backward = category_embedding_forward, category_embedding_backward

    def __init__(
        self, columns: Sequence[int], categories: Sequence[int], output_dim: int = 8, most_one_hot: int = 8,
    ) -> None:
        self.columns = [checks.integer("columns", column, 0) for column in columns]
        self.categories = [checks.integer("categories", number, 1, MOST_CODES) for number in categories]
        if len(set(self.columns)) < len(self.columns) or len(self.columns) != len(self.categories):
            raise ValueError(f"columns is {self.columns} and categories {self.categories}; there must be one number of "
                             "categories for each column, and each column once")
        self.output_dim = checks.integer("output_dim", output_dim, 1)
        self.most_one_hot = checks.integer("most_one_hot", most_one_hot, 0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,); weights: for each embedded column a table (categories, output_dim), and one vector."""
        if len(input_shape) != 1 or max(self.columns, default=0) >= input_shape[0]:
            raise ValueError(f"CategoryEmbedding gets rows of shape {tuple(input_shape)}; with columns={self.columns} "
                             f"it takes (features,), at least {max(self.columns, default=0) + 1}")
        self.sizes = [0 if number <= self.most_one_hot else self.output_dim for number in self.categories]
        for column, number, size in zip(self.columns, self.categories, self.sizes, strict=True):
            if size > 0:
                self.add_weight(f"embeddings_{column}", (number, size), "standard_normal")
                self.add_weight(f"unknown_{column}", (size,), "zeros")
        widths = [size or number for number, size in zip(self.categories, self.sizes, strict=True)]
        return (input_shape[0] - len(self.columns) + sum(widths),)

    def integers(self) -> list[int]:
        """The numbers of numeric and of categorical columns, the numeric ones, then what `kind_of` returns of each."""
        numeric = [column for column in range(self.input_shape[0]) if column not in self.columns]
        kinds = zip(self.columns, self.categories, self.sizes, strict=True)
        return [len(numeric), len(self.columns), *numeric, *(number for kind in kinds for number in kind)]

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError unless the codes are integers; those that are no category are unknown."""
        codes = X[:, self.columns]
        wrong = codes[codes != np.floor(codes)]
        if wrong.size > 0:
            raise ValueError(f"{name} holds the code {wrong[0]:g} of a category; codes must be integers")
