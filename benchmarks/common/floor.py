"""The floor is the indispensable part of a training step: its matrix products and one update, in one compiled loop.

The products are the library's own, called as its dense layer calls them: y = x @ kernel and dkernel = xᵀ @ dy for each
layer, dx = dy @ kernelᵀ for all but the first; then Adam over all of theta. No gather, no bias, no activation, no loss,
no call through a pointer.
"""

from __future__ import annotations

import numpy as np

import scratchtune as st
from scratchtune import jit
from scratchtune.core.network import engine
from scratchtune.core.network.engine import matrix
from scratchtune.core.network.matmul import multiply, multiply_transposed
from scratchtune.core.network.optimizers import adam


@jit.function
def kernel_of(network, vector, i):
    """The kernel of dense layer ``i``, or its gradient, in theta or in the gradient, (inputs, units)."""
    inputs, units = network.at.widths[i], network.at.widths[i + 1]
    return vector[network.at.theta[i] : network.at.theta[i] + inputs * units].reshape((inputs, units))


@jit.loop
def forward_products(network, layers, rows):
    """y = x @ kernel, layer by layer."""
    for i in range(layers):
        x, y = matrix(network.values, network.at, i, rows), matrix(network.values, network.at, i + 1, rows)
        multiply(x, kernel_of(network, network.theta, i), y)


@jit.loop
def backward_products(network, layers, rows):
    """dkernel = xᵀ @ dy and, but in the first layer, dx = dy @ kernelᵀ."""
    for i in range(layers - 1, -1, -1):
        x, dy = matrix(network.values, network.at, i, rows), matrix(network.value_grads, network.at, i + 1, rows)
        multiply(x.T, dy, kernel_of(network, network.gradient, i))
        if i > 0:
            dx = matrix(network.value_grads, network.at, i, rows)
            multiply_transposed(dy, kernel_of(network, network.theta, i), dx)


@jit.loop
def floor_epochs(network, layers, slots, batch_size, n, epochs):
    """As many steps as ``epochs`` passes over n rows have, the smaller last batch included."""
    step = 0
    for _ in range(epochs):
        for start in range(0, n, batch_size):
            rows = min(batch_size, n - start)
            forward_products(network, layers, rows)
            backward_products(network, layers, rows)
            step += 1
            adam(network.theta, network.gradient, slots[0], slots[1], 1e-9, (0.9, 0.999), 1e-8, step)
    return step


class Floor:
    """The loop for one network, with random numbers where values and gradients would be."""

    def __init__(self, widths: list[int], batch_size: int, n: int) -> None:
        model = st.Sequential([st.Dense(width) for width in widths[1:]])
        model.compile("adam", "mean_squared_error")
        model.build((None, widths[0]))
        network = model.program.network(batch_size)
        rng = np.random.default_rng(0)
        for vector in (network.values, network.value_grads):
            vector[:] = 0.01 * rng.standard_normal(vector.size)
        slots = engine.aligned(2 * (-(-model.theta.size // 16) * 16), "float32").reshape(2, -1)
        self.arguments = (network, len(widths) - 1, slots, batch_size, n)

    def __call__(self, epochs: int) -> None:
        floor_epochs(*self.arguments, epochs)
