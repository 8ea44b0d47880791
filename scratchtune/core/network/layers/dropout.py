"""Noise in training is a regulariser: dropout prevents co-adaptation of units, and Gaussian noise memorising rows.

Implements sections 2.1 and 9.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.copying import copy_to
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.random_numbers import normal, random_bits, uniform

_ONE, _TWO = np.uint64(1), np.uint64(2)


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
    """y = `dropout` of x in training, x otherwise; ``key`` differs for each step, so the mask does too."""
    rate = reals[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            u = uniform(random_bits(key, np.uint64(i * x.shape[1] + j)))
            y[i, j] = dropout(x[i, j], u, rate) if training else x[i, j]


@jit.backward
def dropout_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx: in training dy / (1 − rate) where x was kept, 0 where it was dropped, by the same key; else dy."""
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


@jit.function
def gaussian_noise(x, z, stddev):
    """Additive noise: a number plus a normal random number with a given standard deviation.

    Formula [gaussian_noise]
        y = x + σ · z
    Where
        x: x, scalar, real
        z: z, scalar, real, a standard normal random number
        σ: stddev, scalar, >= 0, the standard deviation
    Variant
        The derivative with respect to x is 1, so dx = dy. Keras's layer accepts no stddev above 1.
    Source
        Keras, layers.GaussianNoise; Bishop (1995), "Training with noise is equivalent to Tikhonov regularization".
    Example
        >>> float(gaussian_noise(3.0, -2.0, 0.5))
        2.0
    """
    return x + stddev * z


@jit.forward
def gaussian_noise_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x plus noise in training; ``reals`` holds the standard deviation."""
    stddev, before, after = reals[0], x.reshape(x.size), y.reshape(y.size)
    if training and stddev > 0.0:
        for i in range(before.size):
            counter = _TWO * np.uint64(i)
            z = normal(uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE)))
            after[i] = gaussian_noise(before[i], z, stddev)
    else:
        copy_to(before, after)


class GaussianNoise(Layer):
    """Adds normal noise with standard deviation ``stddev`` to its inputs in training."""

    forward, backward = gaussian_noise_forward, ACTIVATIONS["linear"][1]  # dx = dy

    def __init__(self, stddev: float) -> None:
        self.stddev = checks.real("stddev", stddev, 0.0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape, which the outputs have too."""
        return input_shape

    def reals(self) -> list[float]:
        """The standard deviation."""
        return [self.stddev]
