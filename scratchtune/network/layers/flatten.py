"""Flatten turns an image into a vector: row by row, pixel by pixel, the channels of a pixel together."""

from __future__ import annotations

import math

from scratchtune import jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer


@jit.forward
def flatten_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x: rows are stored flat in any case."""
    copy_to(x, y)


@jit.backward
def flatten_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy."""
    if dx.size > 0:
        copy_to(dy, dx)


class Flatten(Layer):
    """Reshapes inputs of any shape to vectors, as a dense layer needs them, in C order."""

    forward, backward = flatten_forward, flatten_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape; the outputs are vectors of as many numbers."""
        return (math.prod(input_shape),)
