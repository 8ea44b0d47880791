"""A periodic embedding appends to each number a linear map of cosine waves of it, whose frequencies are learned.

A multilayer perceptron learns smooth functions of a number more easily than steps, which are frequent in tables; high
frequencies are features from which it can learn them (Gorishniy, Rubachev and Babenko 2022).

Implements section 2.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.random_numbers import cosine_of_turn
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
def waves_of(integers, theta):
    """Views of theta, or of its gradient: frequencies (j, 1, k), phases (j, k), and what `kernel_and_bias` divides."""
    j, k = integers[COLUMNS], integers[ENCODING]
    return theta[: j * k].reshape((j, 1, k)), theta[j * k : 2 * j * k].reshape((j, k)), theta[2 * j * k :]


@jit.forward
def periodic_embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, then for each embedded column a linear map of its waves; ``work`` keeps phases and waves."""
    frequencies, phases, maps = waves_of(integers, theta)
    kernel, bias = kernel_and_bias(integers, maps)
    columns, waves, embedded, rest = workspace_of(integers, x.shape[0], work)
    turns, out = rest[: waves.size], waves.reshape(waves.size)
    columns[:, :, 0] = x[:, : columns.shape[1]]
    column_linear(columns, frequencies, phases, turns.reshape(waves.shape))
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
    columns, waves, embedded, rest = workspace_of(integers, x.shape[0], work)
    appended_grads(dy, embedded)
    column_linear_kernel_grad(waves, embedded, dkernel)
    column_linear_bias_grad(embedded, dbias)
    column_linear_grad(embedded, kernel_and_bias(integers, maps)[0], waves)  # the waves are not read any more
    turns, grads = rest[: waves.size], waves.reshape(waves.size)
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
    standard deviation ``frequency_scale``, phases b, and a linear map to ``output_dim`` - 1 numbers: with x itself
    there are ``output_dim`` numbers for each column ("PBLD" of Holzmüller et al. 2024; the defaults are theirs).
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

    def work_size(self, rows: int) -> int:
        """See `workspace_of`; beyond that, the phases."""
        return super().work_size(rows) + rows * self.sizes[COLUMNS] * self.frequencies
