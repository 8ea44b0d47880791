"""Sinusoidal positions tell a layer that treats all steps alike, such as attention, where in a sequence each step is.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import checks, jit
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
    """y = x times reals[0], plus the positions of its steps, which ``reals`` has next; integers[0] is the features.

    Outside training, ``step`` is the index of a row's first step.
    """
    first = 1 if training else 1 + step * integers[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = reals[0] * x[i, j] + reals[first + j]


@jit.backward
def positions_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy times reals[0]."""
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[i, j] = reals[0] * dy[i, j]


class SinusoidalPositions(Layer):
    """Adds sines and cosines of each step's index to a sequence (length, features); it has no weights.

    With ``scale`` the sequence is multiplied by the root of its features before: vectors of tokens begin small, with a
    standard deviation of about 0.03, and positions would hide them (Vaswani et al. 2017, section 3.4). ``steps``: how
    many steps have positions, where later steps are computed one by one; None: those of a row.
    """

    forward, backward = positions_forward, positions_backward

    def __init__(self, scale: bool = False, steps: int | None = None) -> None:
        self.scale, self.steps = checks.boolean("scale", scale), steps

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows (length, features), which the outputs are too."""
        self.length, self.features = sequence_shape("SinusoidalPositions", input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """The number of features."""
        return [self.features]

    def reals(self) -> list[float]:
        """The factor of x, then the positions, computed once."""
        positions = np.zeros((self.steps or self.length, self.features))
        add_positions(np.zeros_like(positions), positions)
        return [math.sqrt(self.features) if self.scale else 1.0, *(float(number) for number in positions.ravel())]
