"""Masking marks the steps of a sequence that are padding, so that recurrent and attention layers above skip them.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.sequences.layers.sequences import sequence_shape


@jit.function_noalias
def step_mask(x, padding, mask):
    """The mask of sequences whose padding has one value in all features.

    Formula [step_mask]
        mₙₜ = 1 if Σⱼ[0 if xₙₜⱼ = v else 1] > 0 else 0
    Where
        x: x, (n, t, j), real; sampled as integer in [0, 1]
        v: padding, scalar, real; sampled as integer in [0, 1]
        m: mask, (n, t), written
    Source
        Keras, layers.Masking.
    """
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            others = 0
            for j in range(x.shape[2]):
                others += x[n, t, j] != padding
            mask[n, t] = 1.0 if others > 0 else 0.0


@jit.forward
def masking_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x; ``work`` gets the mask."""
    n, length, features = x.shape[0], integers[0], integers[1]
    step_mask(x.reshape((n, length, features)), reals[0], work[: n * length].reshape((n, length)))
    copy_to(x, y)


@jit.backward
def masking_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy."""
    if dx.size > 0:
        copy_to(dy, dx)


class Masking(Layer):
    """Marks as padding the steps of a sequence (length, features) whose features all are ``mask_value``.

    The outputs are the inputs. Recurrent and attention layers above skip these steps, also where layers such as
    dropout, which keep the number of steps, are between.
    """

    forward, backward = masking_forward, masking_backward

    def __init__(self, mask_value: float = 0.0) -> None:
        self.mask_value = checks.real("mask_value", mask_value)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept sequences (length, features), which the outputs are too."""
        self.length, self.features = sequence_shape("Masking", input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """The length and the number of features."""
        return [self.length, self.features]

    def reals(self) -> list[float]:
        """The value of padding."""
        return [self.mask_value]

    def makes_mask(self) -> bool:
        """Always."""
        return True

    def work_size(self, rows: int) -> int:
        """The mask."""
        return rows * self.length
