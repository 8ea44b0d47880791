"""The layer `Flatten` makes each row one vector."""

from __future__ import annotations

import math

from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.layers.base import Layer


class Flatten(Layer):
    """Reshapes inputs of any shape to vectors, in C order: of an image row by row, a pixel's channels together."""

    forward, backward = ACTIVATIONS["linear"]  # y = x: rows are stored flat in any case

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape; the outputs are vectors of as many numbers."""
        return (math.prod(input_shape),)
