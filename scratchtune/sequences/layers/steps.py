"""Some successive steps of a sequence, such as the source's part of a row that holds a source and a target.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer


@jit.forward
def steps_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """Copy to y as many columns of x as y has, from column integers[0] on."""
    first = integers[0]
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] = x[n, first + j]


@jit.backward
def steps_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is dy in these columns, and 0 elsewhere."""
    first = integers[0]
    for n in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[n, j] = 0.0
        for j in range(dy.shape[1]):
            dx[n, first + j] = dy[n, j]


class Steps(Layer):
    """The steps of a row from ``start`` up to, but not including, ``stop``; None: up to the last one."""

    forward, backward = steps_forward, steps_backward

    def __init__(self, start: int, stop: int | None = None) -> None:
        self.start_at = checks.integer("start", start, 0)
        self.stop = None if stop is None else checks.integer("stop", stop, start + 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, ...), where ``stop`` is at most the length."""
        stop = self.stop or input_shape[0]
        if not self.start_at < stop <= input_shape[0]:
            raise ValueError(f"{self!r} gets rows of shape {tuple(input_shape)}; they must have more than "
                             f"{max(stop - 1, self.start_at)} steps")
        return (stop - self.start_at, *input_shape[1:])

    def integers(self) -> list[int]:
        """The first column of x that is copied: a step takes as many columns as it has numbers."""
        return [self.start_at * math.prod(self.input_shape[1:])]

    def keeps_mask(self) -> bool:
        """True for the first steps, such as an LSTM's states without the last cell, of which the mask has none."""
        return self.start_at == 0
