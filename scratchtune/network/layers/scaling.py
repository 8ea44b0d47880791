"""A scaling layer multiplies each input by a learned number, so that training can weight columns, also by almost 0.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit
from scratchtune.network.layers.base import Layer


@jit.function_noalias
def column_scale(x, s, y):
    """Multiply each column by a number of its own.

    Formula [column_scale]
        yₙⱼ = xₙⱼ · sⱼ
    Where
        x: x, (n, j), real
        s: s, (j,), real
        y: y, (n, j), written
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section 3.2: the scaling layer.
    """
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[n, j] = x[n, j] * s[j]


@jit.function_noalias
def column_scale_weight_grad(x, dy, ds):
    """Gradient with respect to the scales.

    Formula [column_scale_weight_grad]
        dⱼ = Σₙ[gₙⱼ · xₙⱼ]
    Gradient of
        [column_scale] in s
    Where
        x: x, (n, j), real; sampled in [0.1, 2]
        g: dy, (n, j), real; sampled in [0.1, 2], dJ/dy
        d: ds, (j,), written
    Source
        Calculus.
    """
    ds[:] = 0.0
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            ds[j] += dy[n, j] * x[n, j]


@jit.forward
def scaling_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x times the scales, theta."""
    column_scale(x, theta, y)


@jit.backward
def scaling_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, and dx = dy times the scales."""
    column_scale_weight_grad(x, dy, dtheta)
    if dx.size > 0:
        column_scale(dy, theta, dx)


class Scaling(Layer):
    """Multiplies each number of a row (features,) by a learned scale, initially 1 (RealMLP's scaling layer)."""

    forward, backward = scaling_forward, scaling_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows and outputs are (features,); the weights are as many scales."""
        if len(input_shape) != 1:
            raise ValueError(f"Scaling gets rows of shape {tuple(input_shape)}; it takes (features,)")
        self.add_weight("scale", input_shape, "ones")
        return input_shape
