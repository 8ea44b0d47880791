"""A periodic embedding appends to each number a linear map of cosine waves of it, whose frequencies are learned.

A multilayer perceptron learns smooth functions of a number more easily than steps, which are frequent in tables; high
frequencies are features from which it can learn them (Gorishniy, Rubachev and Babenko 2022).

Implements section 2.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.random_numbers import cosine_of_turn
from scratchtune.tables.layers.columns import (
    COLUMNS,
    ENCODING,
    OUTPUTS,
    append_columns,
    appended_grads,
    column_linear,
    column_linear_bias_grad,
    column_linear_grad,
    column_linear_kernel_grad,
    embedded_columns,
    pass_through_grad,
)

QUARTER = 0.25  # of a turn
PHASE_SCALE = 10.0  # times the initialiser's range from -0.05 to 0.05: phases from minus half a turn to half a turn


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
def weights_of(integers, theta):
    """Views of theta, or of its gradient: frequencies (j, 1, k), phases (j, k), kernel (j, k, m), bias (j, m)."""
    j, m, k = integers[COLUMNS], integers[OUTPUTS], integers[ENCODING]
    kernel = 2 * j * k + j * k * m
    return (theta[: j * k].reshape((j, 1, k)), theta[j * k : 2 * j * k].reshape((j, k)),
            theta[2 * j * k : kernel].reshape((j, k, m)), theta[kernel:].reshape((j, m)))


@jit.function
def workspace_of(integers, n, work):
    """Four parts: x (n, j, 1), phases and waves (n, j, k), and the embeddings (n, j, m)."""
    j, m, k = integers[COLUMNS], integers[OUTPUTS], integers[ENCODING]
    waves, last = n * j * (1 + k), n * j * (1 + 2 * k)
    return (work[: n * j].reshape((n, j, 1)), work[n * j : waves].reshape((n, j, k)),
            work[waves:last].reshape((n, j, k)), work[last : last + n * j * m].reshape((n, j, m)))


@jit.forward
def periodic_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, then for each embedded column a linear map of its waves; ``work`` keeps phases and waves."""
    frequencies, phases, kernel, bias = weights_of(integers, theta)
    columns, turns, waves, embedded = workspace_of(integers, x.shape[0], work)
    embedded_columns(x, columns)
    column_linear(columns, frequencies, phases, turns)
    flat, out = turns.reshape(turns.size), waves.reshape(waves.size)
    for i in range(flat.size):
        out[i] = periodic(flat[i])
    column_linear(waves, kernel, bias, embedded)
    append_columns(x, embedded, y)


@jit.backward
def periodic_embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, through the linear maps, the waves and the phases; dx."""
    frequencies, _, kernel, _ = weights_of(integers, theta)
    dfrequencies, dphases, dkernel, dbias = weights_of(integers, dtheta)
    columns, turns, waves, embedded = workspace_of(integers, x.shape[0], work)
    appended_grads(dy, embedded)
    column_linear_kernel_grad(waves, embedded, dkernel)
    column_linear_bias_grad(embedded, dbias)
    column_linear_grad(embedded, kernel, waves)  # the waves are not read any more
    flat, grads = turns.reshape(turns.size), waves.reshape(waves.size)
    for i in range(flat.size):
        grads[i] *= periodic_grad(flat[i])
    column_linear_kernel_grad(columns, waves, dfrequencies)
    column_linear_bias_grad(waves, dphases)
    if dx.size > 0:
        column_linear_grad(waves, frequencies, columns)
        pass_through_grad(dy, columns, dx)


class PeriodicEmbedding(Layer):
    """Appends to a row, for each of its first ``columns`` numbers x, a linear map of the waves cos(2 pi (c x + b)).

    ``columns=None`` embeds all numbers. Each column has ``frequencies`` learned frequencies c, initially normal with
    standard deviation ``frequency_scale``, phases b, and a linear map to ``output_dim`` - 1 numbers: with x itself
    there are ``output_dim`` numbers for each column ("PBLD" of Holzmüller et al. 2024; the defaults are theirs).
    """

    forward, backward = periodic_embedding_forward, periodic_embedding_backward
    rate_group = "embedding"

    def __init__(
        self, output_dim: int = 4, frequencies: int = 16, frequency_scale: float = 0.1, columns: int | None = None,
    ) -> None:
        self.output_dim = checks.integer("output_dim", output_dim, 2)
        self.frequencies = checks.integer("frequencies", frequencies, 1)
        self.frequency_scale = checks.real("frequency_scale", frequency_scale, 0.0, open_low=True)
        self.columns = None if columns is None else checks.integer("columns", columns, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,), outputs (features + columns * (output_dim - 1),)."""
        if len(input_shape) != 1 or (self.columns or 0) > input_shape[0]:
            raise ValueError(f"PeriodicEmbedding gets rows of shape {tuple(input_shape)}; with columns={self.columns} "
                             "it takes (features,), at least so many")
        columns, outputs, waves = self.columns or input_shape[0], self.output_dim - 1, self.frequencies
        self.embedded = columns
        self.add_weight("frequencies", (columns, waves), "standard_normal", scale=self.frequency_scale)
        self.add_weight("phases", (columns, waves), "uniform", is_bias=True, scale=PHASE_SCALE)
        self.add_weight("kernel", (columns, waves, outputs), "lecun_uniform", (waves, outputs))
        self.add_weight("bias", (columns, outputs), "zeros", is_bias=True)
        return (input_shape[0] + columns * outputs,)

    def integers(self) -> list[int]:
        """The columns that are embedded, the numbers appended for each, and its frequencies."""
        return [self.embedded, self.output_dim - 1, self.frequencies]

    def work_size(self, rows: int) -> int:
        """See `workspace_of`."""
        return rows * self.embedded * (1 + 2 * self.frequencies + self.output_dim - 1)
