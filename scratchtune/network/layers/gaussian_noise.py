"""Gaussian noise on the inputs in training is a regulariser: the network cannot memorise single rows.

For tables it serves as data augmentation on the scaled rows: each epoch sees them with different noise.

Implements sections 2.1 and 9.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.network.random_numbers import normal, random_bits, uniform

_ONE, _TWO = np.uint64(1), np.uint64(2)


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


@jit.backward
def gaussian_noise_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """The noise does not depend on x, so dx = dy."""
    if dx.size > 0:
        copy_to(dy, dx)


class GaussianNoise(Layer):
    """Adds normal noise with standard deviation ``stddev`` to its inputs in training."""

    forward, backward = gaussian_noise_forward, gaussian_noise_backward

    def __init__(self, stddev: float) -> None:
        self.stddev = checks.real("stddev", stddev, 0.0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape, which the outputs have too."""
        return input_shape

    def reals(self) -> list[float]:
        """The standard deviation."""
        return [self.stddev]
