"""The floor is the indispensable part of a training step: its matrix products and one update, in one compiled loop.

The products are the library's own, called as its dense layer calls them: y = x @ kernel and dkernel = xᵀ @ dy for each
layer, dx = dy @ kernelᵀ for all but the first; then Adam over all of theta. No gather, no bias, no activation, no loss,
no call through a pointer. A narrow last layer multiplies with its transposed kernel; making the transposes
is not in the floor, but can be added.
"""

from __future__ import annotations

import numpy as np

import scratchtune as st
from scratchtune import jit
from scratchtune.network import engine
from scratchtune.network.engine import matrix
from scratchtune.network.layers.dense import NARROW
from scratchtune.network.matmul import multiply, multiply_transposed, transpose
from scratchtune.network.optimizers import adam


@jit.function
def kernel_of(network, vector, i):
    """The kernel of dense layer ``i``, or its gradient, in theta or in the gradient, (inputs, units)."""
    inputs, units = network.at.widths[i], network.at.widths[i + 1]
    return vector[network.at.theta[i] : network.at.theta[i] + inputs * units].reshape((inputs, units))


@jit.function
def turned_of(network, which, i):
    """Scratch for the transposed kernel (which = 0) or its gradient (1) of a narrow layer, (units, inputs)."""
    inputs, units = network.at.widths[i], network.at.widths[i + 1]
    start = network.at.work[i] + which * inputs * units
    return network.work[start : start + inputs * units].reshape((units, inputs))


@jit.loop
def forward_products(network, layers, rows, transposes):
    """y = x @ kernel, layer by layer."""
    for i in range(layers):
        x, y = matrix(network.values, network.at, i, rows), matrix(network.values, network.at, i + 1, rows)
        if y.shape[1] < NARROW:
            turned = turned_of(network, 0, i)
            if transposes:
                transpose(kernel_of(network, network.theta, i), turned)
            multiply_transposed(x, turned, y)
        else:
            multiply(x, kernel_of(network, network.theta, i), y)


@jit.loop
def backward_products(network, layers, rows, transposes):
    """dkernel = xᵀ @ dy and, but in the first layer, dx = dy @ kernelᵀ."""
    for i in range(layers - 1, -1, -1):
        x, dy = matrix(network.values, network.at, i, rows), matrix(network.value_grads, network.at, i + 1, rows)
        dx = matrix(network.value_grads, network.at, i, rows)
        if dy.shape[1] < NARROW:
            dturned = turned_of(network, 1, i)
            multiply(dy.T, x, dturned)
            if transposes:
                transpose(dturned, kernel_of(network, network.gradient, i))
            if i > 0:
                multiply(dy, turned_of(network, 0, i), dx)
        else:
            multiply(x.T, dy, kernel_of(network, network.gradient, i))
            if i > 0:
                multiply_transposed(dy, kernel_of(network, network.theta, i), dx)


@jit.loop
def floor_epochs(network, layers, slots, batch_size, n, epochs, transposes):
    """As many steps as ``epochs`` passes over n rows have, the smaller last batch included."""
    step = 0
    for _ in range(epochs):
        for start in range(0, n, batch_size):
            rows = min(batch_size, n - start)
            forward_products(network, layers, rows, transposes)
            backward_products(network, layers, rows, transposes)
            step += 1
            adam(network.theta, network.gradient, slots[0], slots[1], 1e-9, (0.9, 0.999), 1e-8, step)
    return step


class Floor:
    """The loop for one network, with random numbers where values and gradients would be."""

    def __init__(self, widths: list[int], batch_size: int, n: int, transposes: bool) -> None:
        model = st.Sequential([st.Dense(width) for width in widths[1:]])
        model.compile("adam", "mean_squared_error")
        model.build((None, widths[0]))
        network = model.program.network(batch_size)
        rng = np.random.default_rng(0)
        for vector in (network.values, network.value_grads, network.work):
            vector[:] = 0.01 * rng.standard_normal(vector.size)
        slots = engine.aligned(2 * (-(-model.theta.size // 16) * 16), "float32").reshape(2, -1)
        self.arguments = (network, len(widths) - 1, slots, batch_size, n)
        self.transposes = transposes

    def __call__(self, epochs: int) -> None:
        floor_epochs(*self.arguments, epochs, self.transposes)
