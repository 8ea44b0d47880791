"""A parametric activation interpolates between the identity and an activation function, with a learned share per unit.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from typing import Any

from scratchtune.core import checks, jit
from scratchtune.core.network import activations
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import by_last_axis


@jit.function_noalias
def parametric_activation(x, a, alpha, y):
    """Mix each number with its activation; the share of the activation is learned for each unit.

    Formula [parametric_activation]
        yₙⱼ = xₙⱼ + αⱼ · (aₙⱼ − xₙⱼ)
    Where
        x: x, (n, j), real
        a: a, (n, j), real, the activation of x
        α: alpha, (j,), real
        y: y, (n, j), written
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section 3.2.
    """
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[n, j] = x[n, j] + alpha[j] * (a[n, j] - x[n, j])


@jit.function_noalias
def parametric_activation_share_grad(x, a, dy, dalpha):
    """Gradient with respect to the shares.

    Formula [parametric_activation_share_grad]
        dⱼ = Σₙ[gₙⱼ · (aₙⱼ − xₙⱼ)]
    Gradient of
        [parametric_activation] in alpha
    Where
        x: x, (n, j), real; sampled in [-2, -1]
        a: a, (n, j), real; sampled in [0.1, 2], the activation of x
        g: dy, (n, j), real; sampled in [0.1, 2], dJ/dy
        d: dalpha, (j,), written
    Source
        Calculus.
    """
    dalpha[:] = 0.0
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            dalpha[j] += dy[n, j] * (a[n, j] - x[n, j])


def _kernels(activation: Any, derivative: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels from an activation and its derivative; ``work`` keeps the activations, then takes a gradient."""

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        units, before, a = theta.size, x.reshape(x.size), work[: x.size]
        for i in range(before.size):
            a[i] = activation(before[i])
        parametric_activation(
            by_last_axis(x, units), by_last_axis(a.reshape(x.shape), units), theta, by_last_axis(y, units))

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        units, before, above, a = theta.size, x.reshape(x.size), dy.reshape(x.size), work[: x.size]
        shares = by_last_axis(a.reshape(x.shape), units)
        parametric_activation_share_grad(by_last_axis(x, units), shares, by_last_axis(dy, units), dtheta)
        if dx.size > 0:
            for i in range(before.size):
                a[i] = above[i] * derivative(before[i])  # dx = dy + alpha (this - dy)
            parametric_activation(by_last_axis(dy, units), shares, theta, by_last_axis(dx, units))

    return forward, backward


KERNELS = {name: _kernels(getattr(activations, name), getattr(activations, f"{name}_grad"))
           for name in ("relu", "elu", "gelu", "sigmoid", "tanh")}


class ParametricActivation(Layer):
    """x + alpha (activation(x) - x), with a learned alpha for each unit (the last axis of a row), initially 1.

    ``activation`` is "relu", "elu", "gelu", "sigmoid" or "tanh".
    """

    def __init__(self, activation: str) -> None:
        self.name = checks.choice("activation", activation, KERNELS)
        self.forward, self.backward = KERNELS[self.name]

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of any shape, which the outputs have too; the weights are one share for each unit."""
        self.add_weight("alpha", (input_shape[-1],), "ones")
        return input_shape

    def work_size(self, rows: int) -> int:
        """How many numbers ``work`` holds: the activations of so many rows."""
        return rows * math.prod(self.input_shape)
