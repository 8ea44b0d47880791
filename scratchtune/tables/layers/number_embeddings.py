"""Embeddings of numbers: the numbers of a row stay, and for each of its first columns some more are appended.

A row (features,) becomes (features + j · m,): all its numbers, then m numbers for each of its first j columns. The last
step of an embedding is a separate linear map for each column, of the k numbers that encode it: cosine waves with
learned frequencies (periodic), or the positions of the number in each bin of its column (piecewise linear). A
multilayer perceptron learns smooth functions of a number more easily than steps, which are frequent in tables; from
such features it can learn them (Gorishniy, Rubachev and Babenko 2022).

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_matrix
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.random_numbers import cosine_of_turn

COLUMNS, ENCODING, OUTPUTS = range(3)  # of a kernel's integers: j, k, m
QUARTER = 0.25  # of a turn
PHASE_SCALE = 10.0  # times the initialiser's range from -0.05 to 0.05: phases from minus half a turn to half a turn
NEVER = 1e30  # where a missing bin begins: no number reaches it


@jit.function_noalias
def append_columns(x, embedded, y):
    """Write x (n, features) and the embeddings (n, j, m) to y, (n, features + j · m)."""
    features = x.shape[1]
    copy_matrix(x, y[:, :features])
    copy_matrix(embedded.reshape((x.shape[0], y.shape[1] - features)), y[:, features:])


@jit.function_noalias
def appended_grads(dy, embedded):
    """Copy the gradient with respect to the embeddings from the end of dy to ``embedded``, (n, j, m)."""
    appended = embedded.shape[1] * embedded.shape[2]
    copy_matrix(dy[:, dy.shape[1] - appended :], embedded.reshape((dy.shape[0], appended)))


@jit.function_noalias
def pass_through_grad(dy, dcolumns, dx):
    """dx is the part of dy of the numbers that stay, plus the gradient through their embeddings, (n, j, 1)."""
    copy_matrix(dy, dx)
    for n in range(dx.shape[0]):
        for j in range(dcolumns.shape[1]):
            dx[n, j] += dcolumns[n, j, 0]


@jit.function_noalias
def column_linear(v, w, b, y):
    """Linear map of the k numbers that encode column j to m numbers, with separate weights for each column.

    Formula [column_linear]
        yₙⱼₘ = Σₖ[vₙⱼₖ · wⱼₖₘ] + bⱼₘ
    Where
        v: v, (n, j, k), real; sampled in [0.1, 2]
        w: w, (j, k, m), real; sampled in [0.1, 2]
        b: b, (j, m), real
        y: y, (n, j, m), written
    Source
        Gorishniy, Rubachev and Babenko (2022), "On embeddings for numerical features in tabular deep learning", 3.4.
    """
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            for m in range(y.shape[2]):
                y[n, j, m] = b[j, m]
            for k in range(v.shape[2]):
                for m in range(y.shape[2]):
                    y[n, j, m] += v[n, j, k] * w[j, k, m]


@jit.function_noalias
def column_linear_kernel_grad(v, dy, dw):
    """Gradient with respect to the weights.

    Formula [column_linear_kernel_grad]
        dⱼₖₘ = Σₙ[vₙⱼₖ · gₙⱼₘ]
    Gradient of
        [column_linear] in w
    Where
        v: v, (n, j, k), real; sampled in [0.1, 2]
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        d: dw, (j, k, m), written
    Source
        Calculus.
    """
    dw[:] = 0.0
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for k in range(v.shape[2]):
                for m in range(dy.shape[2]):
                    dw[j, k, m] += v[n, j, k] * dy[n, j, m]


@jit.function_noalias
def column_linear_bias_grad(dy, db):
    """Gradient with respect to the biases.

    Formula [column_linear_bias_grad]
        dⱼₘ = Σₙ[gₙⱼₘ]
    Gradient of
        [column_linear] in b
    Where
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        d: db, (j, m), written
    Source
        Calculus.
    """
    db[:] = 0.0
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for m in range(dy.shape[2]):
                db[j, m] += dy[n, j, m]


@jit.function_noalias
def column_linear_grad(dy, w, dv):
    """Gradient with respect to the inputs.

    Formula [column_linear_grad]
        dₙⱼₖ = Σₘ[gₙⱼₘ · wⱼₖₘ]
    Gradient of
        [column_linear] in v
    Where
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        w: w, (j, k, m), real; sampled in [0.1, 2]
        d: dv, (n, j, k), written
    Source
        Calculus.
    """
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for k in range(dv.shape[2]):
                total = dy.dtype.type(0)
                for m in range(dy.shape[2]):
                    total += dy[n, j, m] * w[j, k, m]
                dv[n, j, k] = total


@jit.function
def kernel_and_bias(integers, theta):
    """Views of theta, or of its gradient: kernel (j, k, m), bias (j, m)."""
    j, k, m = integers[COLUMNS], integers[ENCODING], integers[OUTPUTS]
    return theta[: j * k * m].reshape((j, k, m)), theta[j * k * m :].reshape((j, m))


@jit.function
def embedding_shapes(integers, n):
    """The workspace: x (n, j, 1), its encoding (n, j, k) twice, the embeddings (n, j, m)."""
    j, encoding = integers[COLUMNS], (n, integers[COLUMNS], integers[ENCODING])
    return (n, j, 1), encoding, encoding, (n, j, integers[OUTPUTS])


class ColumnEmbedding(Layer):
    """The base class of embeddings of a row's first columns: ``output_dim`` numbers for each, its own included."""

    shapes = staticmethod(embedding_shapes)
    output_dim: int

    def check_columns(self, input_shape: tuple[int, ...], columns: int) -> None:
        """Raise a ValueError unless rows are (features,), at least so many columns."""
        if len(input_shape) != 1 or columns > input_shape[0]:
            raise ValueError(f"{type(self).__name__} gets rows of shape {tuple(input_shape)}; with {columns} columns "
                             "it takes (features,), at least so many")

    def add_maps(self, input_shape: tuple[int, ...], columns: int, encoding: int) -> tuple[int, ...]:
        """Add the weights of the linear maps; return the shape of an output row."""
        outputs = self.output_dim - 1
        self.sizes = [columns, encoding, outputs]
        self.add_weight("kernel", (columns, encoding, outputs), "lecun_uniform", (encoding, outputs))
        self.add_weight("bias", (columns, outputs), "zeros", is_bias=True)
        return (input_shape[0] + columns * outputs,)

    def integers(self) -> list[int]:
        """The columns that are embedded, the numbers that encode each, and those that are appended for it."""
        return self.sizes


# Periodic -------------------------------------------------------------------------------------------------------------


@jit.function
def periodic(t):
    """Cosine wave of a phase, counted in turns.

    Formula [periodic]
        v = cos(2 · π · t)
    Computed as
        [cosine_of_turn] of t − floor(t)
    Where
        t: t, scalar, real, the phase: c · x + b with frequency c
    Variant
        Holzmüller et al.: a cosine with a learned phase b, in radians. Gorishniy et al.: cosine and sine, without b.
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section 3.2.
    Example
        >>> round(float(periodic(2.5)), 12)
        -1.0
    """
    return cosine_of_turn(t - np.floor(t))


@jit.function
def periodic_grad(t):
    """Derivative of the wave with respect to the phase.

    Formula [periodic_grad]
        d = −2 · π · sin(2 · π · t)
    Computed as
        [cosine_of_turn], a quarter of a turn back
    Gradient of
        [periodic] in t
    Where
        t: t, scalar, real; sampled in [-1.45, -1.05], the phase
    Source
        Calculus.
    Example
        >>> round(float(periodic_grad(0.25)) / np.pi, 12)
        -2.0
    """
    before = t - QUARTER
    return -2.0 * np.pi * cosine_of_turn(before - np.floor(before))


@jit.function
def waves_of(integers, theta):
    """Views of theta, or of its gradient: frequencies (j, 1, k), phases (j, k), and what `kernel_and_bias` divides."""
    j, k = integers[COLUMNS], integers[ENCODING]
    return theta[: j * k].reshape((j, 1, k)), theta[j * k : 2 * j * k].reshape((j, k)), theta[2 * j * k :]


@jit.forward
def periodic_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, then for each embedded column a linear map of its waves; ``work`` keeps phases and waves."""
    frequencies, phases, maps = waves_of(integers, theta)
    kernel, bias = kernel_and_bias(integers, maps)
    columns, waves, phase, embedded = jit.views(work, embedding_shapes(integers, x.shape[0]))
    turns, out = phase.reshape(phase.size), waves.reshape(waves.size)
    copy_matrix(x, columns[:, :, 0])
    column_linear(columns, frequencies, phases, phase)
    for i in range(out.size):
        out[i] = periodic(turns[i])
    column_linear(waves, kernel, bias, embedded)
    append_columns(x, embedded, y)


@jit.backward
def periodic_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, through the linear maps, the waves and the phases; dx."""
    frequencies, _, maps = waves_of(integers, theta)
    dfrequencies, dphases, dmaps = waves_of(integers, dtheta)
    dkernel, dbias = kernel_and_bias(integers, dmaps)
    columns, waves, phase, embedded = jit.views(work, embedding_shapes(integers, x.shape[0]))
    appended_grads(dy, embedded)
    column_linear_kernel_grad(waves, embedded, dkernel)
    column_linear_bias_grad(embedded, dbias)
    column_linear_grad(embedded, kernel_and_bias(integers, maps)[0], waves)  # the waves are not read any more
    turns, grads = phase.reshape(phase.size), waves.reshape(waves.size)
    for i in range(grads.size):
        grads[i] *= periodic_grad(turns[i])
    column_linear_kernel_grad(columns, waves, dfrequencies)
    column_linear_bias_grad(waves, dphases)
    if dx.size > 0:
        column_linear_grad(waves, frequencies, columns)
        pass_through_grad(dy, columns, dx)


class PeriodicEmbedding(ColumnEmbedding):
    """Appends to a row, for each of its first ``columns`` numbers x, a linear map of the waves cos(2 pi (c x + b)).

    ``columns=None`` embeds all numbers. Each column has ``frequencies`` learned frequencies c, initially normal with
    standard deviation ``frequency_scale``, phases b, and a linear map to ``output_dim`` - 1 numbers beside x itself
    ("PBLD" of Holzmüller et al. 2024; the defaults are theirs).
    """

    forward, backward = periodic_embedding_forward, periodic_embedding_backward

    def __init__(
        self, output_dim: int = 4, frequencies: int = 16, frequency_scale: float = 0.1, columns: int | None = None,
    ) -> None:
        self.output_dim = checks.integer("output_dim", output_dim, 2)
        self.frequencies = checks.integer("frequencies", frequencies, 1)
        self.frequency_scale = checks.real("frequency_scale", frequency_scale, 0.0, open_low=True)
        self.columns = None if columns is None else checks.integer("columns", columns, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,), outputs (features + columns * (output_dim - 1),)."""
        columns = input_shape[0] if self.columns is None else self.columns
        self.check_columns(input_shape, columns)
        waves = (columns, self.frequencies)
        self.add_weight("frequencies", waves, "standard_normal", scale=self.frequency_scale)
        self.add_weight("phases", waves, "uniform", is_bias=True, scale=PHASE_SCALE)
        return self.add_maps(input_shape, *waves)


# Piecewise linear -----------------------------------------------------------------------------------------------------


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
    _, encoding, _, embedded = jit.views(work, embedding_shapes(integers, x.shape[0]))
    piecewise_encoding(x, low, width, encoding)
    column_linear(encoding, kernel, bias, embedded)
    append_columns(x, embedded, y)


@jit.backward
def piecewise_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, and dx through the linear maps and the encoding."""
    kernel, _ = kernel_and_bias(integers, theta)
    dkernel, dbias = kernel_and_bias(integers, dtheta)
    low, width = bins_of(integers, reals)
    columns, encoding, _, embedded = jit.views(work, embedding_shapes(integers, x.shape[0]))
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
    rows (fewer than two: no bins). There are ``output_dim`` - 1 numbers for each column beside its own.
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
