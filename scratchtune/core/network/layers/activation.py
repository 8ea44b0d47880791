"""Two layers without weights: `Activation`, a function of each number, and `Flatten`, each row as one vector."""

from __future__ import annotations

import math

from scratchtune.core import checks
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.losses import FUSED


class Activation(Layer):
    """Applies the activation of the given name: linear, relu, leaky_relu, elu, gelu, sigmoid, tanh or softmax."""

    def __init__(self, activation: str) -> None:
        self.name = checks.choice("activation", activation, ACTIVATIONS)
        self.forward, self.backward = ACTIVATIONS[self.name]
        self.fused_losses = FUSED.get(self.name, {})

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape, which the outputs have too; softmax takes (classes,)."""
        if self.name == "softmax" and len(input_shape) > 1:
            raise ValueError(f"the activation 'softmax' gets rows of shape {tuple(input_shape)}; it takes (classes,): "
                             f"put Flatten() or GlobalAveragePooling2D() before it")
        return input_shape

    def work_size(self, rows: int) -> int:
        """For softmax, the logarithm of each row's denominator."""
        return rows if self.name == "softmax" else 0


class Flatten(Layer):
    """Reshapes inputs of any shape to vectors, in C order: of an image row by row, a pixel's channels together."""

    forward, backward = ACTIVATIONS["linear"]  # y = x: rows are stored flat in any case

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape; the outputs are vectors of as many numbers."""
        return (math.prod(input_shape),)
