"""A dense layer connects every input to every unit: y = x @ kernel + bias."""

from __future__ import annotations

import math

from scratchtune import checks, jit
from scratchtune.network import initializers
from scratchtune.network.activations import relu, relu_grad
from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.matmul import multiply, multiply_transposed, transpose


@jit.function_noalias
def add_bias(y, b):
    """Add the bias to every row.

    Formula [add_bias]
        y'ₙⱼ = yₙⱼ + bⱼ
    Where
        y: y, (n, j), real
        b: b, (j,), real
    Source
        Keras, layers.Dense.
    """
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] += b[j]


@jit.function_noalias
def bias_grad(dy, db):
    """Gradient of J with respect to the bias: the sum of dy over the rows.

    Formula [bias_grad]
        dⱼ = Σₙ[eₙⱼ]
    Gradient of
        [add_bias] in b
    Where
        e: dy, (n, j), real, dJ/dy
        d: db, (j,), written, dJ/db
    Source
        Rumelhart, Hinton, Williams (1986), "Learning representations by back-propagating errors", equation 6.
    """
    whole = dy.shape[0] - dy.shape[0] % 4
    for j in range(dy.shape[1]):
        db[j] = 0.0
    for n in range(0, whole, 4):  # four rows at a time, since each addition must wait for the last one
        for j in range(dy.shape[1]):
            db[j] += (dy[n, j] + dy[n + 1, j]) + (dy[n + 2, j] + dy[n + 3, j])
    for n in range(whole, dy.shape[0]):
        for j in range(dy.shape[1]):
            db[j] += dy[n, j]


@jit.function_noalias
def rectify(y):
    """ReLU on all numbers, in place."""
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] = relu(y[n, j])


@jit.function_noalias
def rectify_grad(y, dy):
    """In place: dy *= relu'(x). Using y instead of x is valid, because y > 0 exactly where x > 0."""
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            dy[n, j] *= relu_grad(y[n, j])


NARROW = 16  # units: one vector of float32; with fewer, the inner loop of products is over the inputs
RECTIFIED = 1  # ReLU, the usual activation of hidden layers, is computed in place, which saves a tenth of a small step


@jit.forward
def dense_forward(integers, reals, theta, state, x, y, work, training, step, key):
    inputs, units = x.shape[1], y.shape[1]
    kernel, bias = theta[: inputs * units].reshape((inputs, units)), theta[inputs * units :]
    if units < NARROW:
        turned = work[: inputs * units].reshape((units, inputs))
        transpose(kernel, turned)
        multiply_transposed(x, turned, y)
    else:
        multiply(x, kernel, y)
    if bias.size > 0:
        add_bias(y, bias)
    if integers[0] == RECTIFIED:
        rectify(y)


@jit.backward
def dense_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dkernel = xᵀ @ dy; dbias = the sum of dy's rows; dx = dy @ kernelᵀ."""
    inputs, units = x.shape[1], y.shape[1]
    size = inputs * units
    dkernel, dbias = dtheta[:size].reshape((inputs, units)), dtheta[size:]
    if integers[0] == RECTIFIED:
        rectify_grad(y, dy)
    if dbias.size > 0:
        bias_grad(dy, dbias)
    if units < NARROW:
        turned, dturned = work[:size].reshape((units, inputs)), work[size : 2 * size].reshape((units, inputs))
        multiply(dy.T, x, dturned)
        transpose(dturned, dkernel)
        if dx.size > 0:
            multiply(dy, turned, dx)
    else:
        multiply(x.T, dy, dkernel)
        if dx.size > 0:
            multiply_transposed(dy, theta[:size].reshape((inputs, units)), dx)


class Dense(Layer):
    """``units`` outputs, each a weighted sum of all inputs plus a bias, then an activation; Keras's arguments."""

    forward, backward = dense_forward, dense_backward

    def __init__(
        self, units: int, activation: str | None = None, use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform", bias_initializer: str = "zeros",
    ) -> None:
        self.units = checks.integer("units", units, 1)
        self.activation = Activation(activation or "linear")
        self.use_bias = checks.boolean("use_bias", use_bias)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(input_shape) != 1:
            size = math.prod(input_shape)
            raise ValueError(f"Dense gets rows of shape {input_shape}; it takes (features,): reshape X to (n, {size})")
        inputs = input_shape[0]
        self.add_weight("kernel", (inputs, self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer, is_bias=True)
        self.activation.start((self.units,))
        return (self.units,)

    def work_size(self, rows: int) -> int:
        return 2 * self.input_shape[0] * self.units if self.units < NARROW else 0

    def integers(self) -> list[int]:
        return [RECTIFIED if self.activation.name == "relu" else 0]

    def stages(self) -> list[Layer]:
        return [self] if self.activation.name in ("linear", "relu") else [self, self.activation]
