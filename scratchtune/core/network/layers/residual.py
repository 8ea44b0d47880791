"""A residual connection adds what layers compute to what they read, so that the gradient also reaches that directly.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.copying import copy_to
from scratchtune.core.network.layers.base import InputOf, Layer


@jit.function_noalias
def add_entries(x, z, y):
    """Add two matrices.

    Formula [add_entries]
        yₙⱼ = xₙⱼ + zₙⱼ
    Where
        x: x, (n, j), real
        z: z, (n, j), real
        y: y, (n, j), written
    Source
        He et al. (2016), "Deep residual learning for image recognition", equation 1.
    """
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[n, j] = x[n, j] + z[n, j]


@jit.forward2
def add_forward(integers, reals, theta, state, x, second, y, work, training, step, key):
    """y = x + second."""
    add_entries(x, second, y)


@jit.backward2
def add_backward(integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, key):
    """dx = dy, and dsecond = dy."""
    if dx.size > 0:
        copy_to(dy, dx)
    if dsecond.size > 0:
        copy_to(dy, dsecond)


class Add(Layer):
    """The sum of x and the second input, which have one shape."""

    forward, backward = add_forward, add_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape, which the outputs have too."""
        return input_shape


class Composed(Layer):
    """A layer that consists of others, its ``parts``, which the engine runs as if they were the model's own."""

    parts: Sequence[Layer] = ()

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Build the parts, each for the outputs of the one before."""
        shape = input_shape
        for part in self.parts:
            shape = part.start(shape)
        return shape

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """The first part's check."""
        self.parts[0].check_inputs(name, X)

    def stages(self) -> list[Layer]:
        """The stages of all parts."""
        return [stage for part in self.parts for stage in part.stages()]


class Residual(Composed):
    """y = x + f(x), where f is the stack of ``layers``, which are copied; their outputs must have the shape of x."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            raise TypeError(f"layers is {layers!r:.80}; it must be a list of layers, at least one")
        self.layers = self.config["layers"] = [layer.fresh() for layer in layers]
        self.parts = [*self.layers, Add()]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Build the layers, and let `Add` read their input as its second one; a ValueError if they change the shape."""
        shape = super().build(input_shape)
        if shape != tuple(input_shape):
            raise ValueError(f"the layers of Residual make rows of shape {tuple(input_shape)} to {shape}; their "
                             "outputs must have the shape of their inputs")
        self.parts[-1].second = InputOf(self.stages()[0])
        return shape
