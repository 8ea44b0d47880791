"""Dropout sets each input to zero with a given probability in training, which prevents co-adaptation of units.

Implements sections 2.1 and 9.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.random_numbers import random_bits, uniform


@jit.function
def dropout(x, u, rate):
    """Inverted dropout: inputs that are not dropped are divided by 1 − rate, so that the mean is unchanged.

    Formula [dropout]
        y = x / (1 − r) if u >= r else 0
    Where
        x: x, scalar, real
        u: u, scalar, in [0, 1), a uniform random number
        r: rate, scalar, in [0, 1), the probability of being dropped
    Variant
        The paper scales the weights at prediction instead; Keras and PyTorch scale in training, as here.
    Source
        Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting", section 10.
    Example
        >>> float(dropout(3.0, 0.5, 0.25)), float(dropout(3.0, 0.1, 0.25))
        (4.0, 0.0)
    """
    return x / (1.0 - rate) if u >= rate else 0.0 * x


@jit.forward
def dropout_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """Write to y the entries of x after `dropout` in training, unchanged ones otherwise.

    `jit.forward` describes the arguments. ``key`` differs for each step, so the mask does too.
    """
    rate = reals[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            u = uniform(random_bits(key, np.uint64(i * x.shape[1] + j)))
            y[i, j] = dropout(x[i, j], u, rate) if training else x[i, j]


@jit.backward
def dropout_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """Write to dx the gradient: in training dy / (1 − rate) where x was kept, and 0 where it was dropped; else dy.

    The same key draws the same mask as in the forward pass.
    """
    rate = reals[0]
    if dx.size > 0:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                u = uniform(random_bits(key, np.uint64(i * x.shape[1] + j)))
                dx[i, j] = dropout(dy[i, j], u, rate) if training else dy[i, j]


class Dropout(Layer):
    """In training, sets inputs to zero with probability ``rate`` and divides the others by 1 - rate."""

    forward, backward = dropout_forward, dropout_backward

    def __init__(self, rate: float) -> None:
        self.rate = checks.real("rate", rate, 0.0, 1.0, open_high=True)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape, which the outputs have too."""
        return input_shape

    def reals(self) -> list[float]:
        """The rate."""
        return [self.rate]
