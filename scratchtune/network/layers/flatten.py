"""Flatten makes one row of numbers of an image: row by row, pixel by pixel, the channels of a pixel together."""

from __future__ import annotations

import math

from scratchtune import jit
from scratchtune.network.layers.base import Layer


@jit.forward
def flatten_forward(integers, reals, theta, state, x, y, work, training, step, key):
    y[:] = x


@jit.backward
def flatten_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    if dx.size > 0:
        dx[:] = dy


class Flatten(Layer):
    """Rows of any shape become rows of numbers, which a dense layer takes; the numbers stay in their order."""

    forward, backward = flatten_forward, flatten_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (math.prod(input_shape),)
