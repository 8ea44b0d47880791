"""The layer `Activation` applies a function to each number, or softmax to a row."""

from __future__ import annotations

from scratchtune.core.network import activations
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.losses import FUSED


class Activation(Layer):
    """Applies the activation of the given name, one of `ACTIVATIONS`, or a pair (function, derivative) of one's own.

    The two are Python functions of one number, which are compiled: ``(lambda z: z * z, lambda z: 2.0 * z)``. A model
    with a pair can be saved once it has a name (`activations.register`).
    """

    def __init__(self, activation: str | activations.Pair) -> None:
        self.name, (self.forward, self.backward) = activations.get(activation)
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
