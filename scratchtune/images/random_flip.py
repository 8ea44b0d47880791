"""A random flip mirrors images at random, so that the network learns to be invariant to reflection.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.images.images import image_shape
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.network.random_numbers import random_bits, uniform

NEEDS_INPUT_GRAD = 3  # position in a kernel's integers, after the sizes
_ONE, _TWO = np.uint64(1), np.uint64(2)


@jit.function
def mirrored(j, n, u, p):
    """The source index of a pixel in a row that is flipped with probability p.

    Formula [mirrored]
        y = n − 1 − j if u < p else j
    Where
        j: j, scalar, integer >= 0; sampled in [0, 9], the pixel's index
        n: n, scalar, integer >= 1; sampled in [1, 9], pixels in the row
        u: u, scalar, in [0, 1), a uniform random number
        p: p, scalar, in [0, 1], the probability
    Source
        Keras, layers.RandomFlip.
    Example
        >>> mirrored(1, 5, 0.3, 0.5), mirrored(1, 5, 0.7, 0.5)
        (3, 1)
    """
    return n - 1 - j if u < p else j


@jit.function_noalias
def flip(integers, reals, source, into, key):
    """Flip images, each a vector, at random by the key; a second call with the same key restores them."""
    height, width, channels = integers[:NEEDS_INPUT_GRAD]
    images = source.reshape((source.shape[0], height, width, channels))
    out = into.reshape(images.shape)
    for i in range(source.shape[0]):
        counter = _TWO * np.uint64(i)
        u, v = uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE))
        for m in range(height):
            row = mirrored(m, height, u, reals[0])
            for n in range(width):
                column = mirrored(n, width, v, reals[1])
                for e in range(channels):
                    out[i, m, n, e] = images[i, row, column, e]


@jit.forward
def random_flip_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, with images flipped at random in training."""
    if training:
        flip(integers, reals, x, y, key)
    else:
        copy_to(x, y)


@jit.backward
def random_flip_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """The same key flips the gradient back."""
    if dx.size > 0 and integers[NEEDS_INPUT_GRAD]:
        if training:
            flip(integers, reals, dy, dx, key)
        else:
            copy_to(dy, dx)


class RandomFlip(Layer):
    """Flips each image in training, with probability 1/2 along each axis of ``mode``.

    ``mode`` is "horizontal" (left and right are exchanged), "vertical" or "horizontal_and_vertical", as in Keras.
    """

    forward, backward = random_flip_forward, random_flip_backward

    def __init__(self, mode: str = "horizontal_and_vertical") -> None:
        self.mode = checks.choice("mode", mode, ("horizontal", "vertical", "horizontal_and_vertical"))

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels), the outputs too."""
        self._image = image_shape("RandomFlip", input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """Height, width, channels, and whether a layer below has weights, so that dx is needed."""
        return [*self._image, int(self.needs_input_grad)]

    def reals(self) -> list[float]:
        """The probabilities of a vertical and of a horizontal flip."""
        return [0.5 * ("vertical" in self.mode), 0.5 * ("horizontal" in self.mode)]
