"""A piecewise linear embedding encodes a number by its position in each bin of its column: 0 below, 1 above.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from scratchtune import checks, jit
from scratchtune.tables.layers.columns import (
    COLUMNS,
    ENCODING,
    ColumnEmbedding,
    append_columns,
    appended_grads,
    column_linear,
    column_linear_bias_grad,
    column_linear_grad,
    column_linear_kernel_grad,
    kernel_and_bias,
    pass_through_grad,
    workspace_of,
)

NEVER = 1e30  # where a missing bin begins: no number reaches it


@jit.function_noalias
def piecewise_encoding(x, low, width, v):
    """Position of a number in each bin of its column: 0 below the bin, 1 above it, linear within.

    Formula [piecewise_encoding]
        vₙⱼₖ = min(max((xₙⱼ − lⱼₖ) / wⱼₖ, 0), 1)
    Where
        x: x, (n, j), real
        l: low, (j, k), real, where the bins begin
        w: width, (j, k), > 0; sampled in [0.5, 2], the bins' widths
        v: v, (n, j, k), written
    Variant
        In the paper, values below the first bin and above the last one are not clipped.
    Source
        Gorishniy, Rubachev and Babenko (2022), "On embeddings for numerical features in tabular deep learning", eq. 1.
    """
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for n in range(v.shape[0]):
        for j in range(v.shape[1]):
            for k in range(v.shape[2]):
                v[n, j, k] = min(max((x[n, j] - low[j, k]) / width[j, k], zero), one)


@jit.function_noalias
def piecewise_encoding_grad(x, low, width, g, d):
    """Gradient with respect to x: only the bin that contains the number contributes.

    Formula [piecewise_encoding_grad]
        qₙⱼₖ = (xₙⱼ − lⱼₖ) / wⱼₖ ; dₙⱼ = Σₖ[gₙⱼₖ / wⱼₖ if min(max(qₙⱼₖ, 0), 1) = qₙⱼₖ else 0]
    Gradient of
        [piecewise_encoding] in x
    Where
        x: x, (n, j), real
        l: low, (j, k), real, where the bins begin
        w: width, (j, k), > 0; sampled in [0.5, 2], the bins' widths
        g: g, (n, j, k), real; sampled in [0.1, 2], dJ/dv
        d: d, (n, j), written
    Source
        Calculus; for a number on an edge, both of its bins contribute.
    """
    for n in range(g.shape[0]):
        for j in range(g.shape[1]):
            total = x.dtype.type(0)
            for k in range(g.shape[2]):
                through = (x[n, j] - low[j, k]) / width[j, k]
                total += g[n, j, k] / width[j, k] if through >= 0 and through <= 1 else x.dtype.type(0)
            d[n, j] = total


@jit.function
def bins_of(integers, reals):
    """Where the bins of each column begin, and their widths, (j, k) each."""
    shape, size = (integers[COLUMNS], integers[ENCODING]), integers[COLUMNS] * integers[ENCODING]
    return reals[:size].reshape(shape), reals[size:].reshape(shape)


@jit.forward
def piecewise_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, then for each embedded column a linear map of its encoding; ``work`` keeps the encoding."""
    kernel, bias = kernel_and_bias(integers, theta)
    low, width = bins_of(integers, reals)
    _, encoding, embedded, _ = workspace_of(integers, x.shape[0], work)
    piecewise_encoding(x, low, width, encoding)
    column_linear(encoding, kernel, bias, embedded)
    append_columns(x, embedded, y)


@jit.backward
def piecewise_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, and dx through the linear maps and the encoding."""
    kernel, _ = kernel_and_bias(integers, theta)
    dkernel, dbias = kernel_and_bias(integers, dtheta)
    low, width = bins_of(integers, reals)
    columns, encoding, embedded, _ = workspace_of(integers, x.shape[0], work)
    appended_grads(dy, embedded)
    column_linear_kernel_grad(encoding, embedded, dkernel)
    column_linear_bias_grad(embedded, dbias)
    if dx.size > 0:
        column_linear_grad(embedded, kernel, encoding)  # the encoding is not read any more
        piecewise_encoding_grad(x, low, width, encoding, columns.reshape((x.shape[0], integers[COLUMNS])))
        pass_through_grad(dy, columns, dx)


class PiecewiseEmbedding(ColumnEmbedding):
    """Appends to a row, for each of its first columns, a linear map of its number's positions in the bins.

    ``edges`` has a list for each embedded column: the increasing edges of its bins, such as quantiles of the training
    rows (fewer than two: no bins). There are ``output_dim`` numbers for each column, its own number among them.
    """

    forward, backward = piecewise_embedding_forward, piecewise_embedding_backward

    def __init__(self, edges: Sequence[Sequence[float]], output_dim: int = 4) -> None:
        self.edges = [[checks.real("edges", edge) for edge in column] for column in edges]
        if not self.edges or any(low >= high for column in self.edges for low, high in pairwise(column)):
            raise ValueError(f"edges is {self.edges}; it must have a list of increasing numbers for each column")
        self.output_dim = checks.integer("output_dim", output_dim, 2)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,), outputs (features + columns * (output_dim - 1),)."""
        self.check_columns(input_shape, len(self.edges))
        self.bins = max(1, *(len(column) - 1 for column in self.edges))
        return self.add_maps(input_shape, len(self.edges), self.bins)

    def reals(self) -> list[float]:
        """Where the bins begin, then their widths; a column with fewer bins gets some that no number reaches."""
        low, width = [], []
        for column in self.edges:
            missing = self.bins - max(len(column) - 1, 0)
            low += [*column[:-1], *[NEVER] * missing]
            width += [*(high - start for start, high in pairwise(column)), *[1.0] * missing]
        return [*low, *width]
