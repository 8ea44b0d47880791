"""Sinusoidal positions tell a layer that treats all steps alike, such as attention, where in a sequence each step is.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.sequences import sequence_shape


@jit.function
def add_positions(x, y):
    """Add to each step of a sequence a vector of sines and cosines of its index, of wavelengths from 2π to 10,000 · 2π.

    Formula [add_positions]
        yᵢⱼ = xᵢⱼ + (sin(i / 10000^(j / #j)) if 2 · floor(j / 2) = j else cos(i / 10000^((j − 1) / #j)))
    Where
        x: x, (i, j), real, a row for each step, a column for each feature
        y: y, (i, j), written
    Variant
        Sine and cosine alternate, as in the paper. KerasHub's SinePositionEncoding returns only the vectors, which its
        user adds. Other implementations have all sines first, then all cosines. The paper multiplies embeddings by the
        root of the number of features before; this layer does not.
    Source
        Vaswani et al. (2017), "Attention is all you need", section 3.5.
    """
    for j in range(x.shape[1]):
        wavelength = 10000.0 ** ((j - j % 2) / x.shape[1])
        for i in range(x.shape[0]):
            angle = i / wavelength
            position = np.cos(angle) if j % 2 else np.sin(angle)
            y[i, j] = x[i, j] + x.dtype.type(position)


@jit.forward
def positions_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x plus ``reals``, the positions of all steps, for each row."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] + reals[j]


@jit.backward
def positions_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy."""
    if dx.size > 0:
        copy_to(dy, dx)


class SinusoidalPositions(Layer):
    """Adds sines and cosines of each step's index to a sequence (length, features); it has no weights."""

    forward, backward = positions_forward, positions_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows (length, features), which the outputs are too."""
        self.length, self.features = sequence_shape("SinusoidalPositions", input_shape)
        return input_shape

    def reals(self) -> list[float]:
        """The positions, computed once."""
        positions = np.zeros((self.length, self.features))
        add_positions(np.zeros_like(positions), positions)
        return [float(number) for number in positions.ravel()]
