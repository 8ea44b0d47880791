"""Positions of an encoder-decoder: each step of source and target learns where it is in its own sequence.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import jit
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, PairLayer, halves, steps_of
from scratchtune.sequences.layers.positions import add_positions


@jit.function
def scaled_with_positions(x, scale, positions, y):
    """y = x · scale + the position of each step, for sequences (n, steps, features)."""
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                y[n, i, j] = scale * x[n, i, j] + positions[i, j]


@jit.forward
def pair_positions_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x times the root of the number of features, plus the positions; these are in ``reals`` after the root."""
    features = integers[FEATURES]
    source, target = halves(steps_of(integers, x, features), integers[SOURCE])
    into_source, into_target = halves(steps_of(integers, y, features), integers[SOURCE])
    positions = reals[1:].reshape(((reals.size - 1) // features, features))
    scaled_with_positions(source, reals[0], positions, into_source)
    scaled_with_positions(target, reals[0], positions, into_target)


@jit.backward
def pair_positions_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy times the root of the number of features."""
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[i, j] = reals[0] * dy[i, j]


class PairPositions(PairLayer):
    """Multiplies vectors of tokens by the root of their size, and adds `SinusoidalPositions`; it has no weights.

    The vectors begin small, with a standard deviation of about 0.03; the root keeps the positions from hiding them
    (Vaswani et al. 2017, "Attention is all you need", sections 3.4 and 3.5).
    """

    forward, backward = pair_positions_forward, pair_positions_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept pairs of sequences, which the outputs are too."""
        self.split(input_shape)
        return input_shape

    def reals(self) -> list[float]:
        """The root, then the positions, computed once."""
        source, target, features = self.split(self.input_shape)
        positions = np.zeros((max(source, target), features))
        jit.plain(add_positions)(np.zeros_like(positions), positions)
        return [math.sqrt(features), *(float(number) for number in positions.ravel())]
