"""A dense layer connects every input to every unit: y = x @ kernel + bias.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math

from scratchtune.core import checks, jit
from scratchtune.core.network import initializers, penalties
from scratchtune.core.network.activations import Pair, relu, relu_grad
from scratchtune.core.network.copying import column_sums
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.matmul import multiply, multiply_transposed


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
def dense(x, kernel, bias, y):
    """Weighted sums of the inputs, plus a bias; an empty bias is none.

    Formula [dense]
        yₙⱼ = Σᵢ[xₙᵢ · wᵢⱼ] + bⱼ
    Where
        x: x, (n, i), real
        w: kernel, (i, j), real
        b: bias, (j,), real
        y: y, (n, j), written
    Variant
        NumPy writes x @ kernel + bias. PyTorch keeps the kernel transposed: x @ weight.T + bias.
    Source
        Keras, layers.Dense.
    Example
        >>> y = np.empty((1, 1))
        >>> dense(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]), y)
        >>> y.tolist()
        [[11.5]]
    """
    multiply(x, kernel, y)
    if bias.size > 0:
        add_bias(y, bias)


@jit.function_noalias
def dense_kernel_grad(x, dy, dkernel):
    """Gradient of J with respect to the kernel: each input times each gradient of an output, summed over the rows.

    Formula [dense_kernel_grad]
        dᵢⱼ = Σₙ[xₙᵢ · eₙⱼ]
    Gradient of
        [dense] in kernel
    Where
        x: x, (n, i), real
        e: dy, (n, j), real, dJ/dy
        d: dkernel, (i, j), written, dJ/dkernel
    Source
        Rumelhart, Hinton, Williams (1986), "Learning representations by back-propagating errors", equation 6.
    """
    multiply(x.T, dy, dkernel)


@jit.function_noalias
def dense_input_grad(kernel, dy, dx):
    """Gradient of J with respect to the inputs: what the outputs' gradients are, carried back by the weights.

    Formula [dense_input_grad]
        dₙᵢ = Σⱼ[eₙⱼ · wᵢⱼ]
    Gradient of
        [dense] in x
    Where
        w: kernel, (i, j), real
        e: dy, (n, j), real, dJ/dy
        d: dx, (n, i), written, dJ/dx
    Source
        Rumelhart, Hinton, Williams (1986), equation 7.
    """
    multiply_transposed(dy, kernel, dx)


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
    column_sums(dy, db)


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


@jit.function
def by_last_axis(rows, size):
    """View flat rows (n, numbers) as a matrix with ``size`` columns, a row for each step of each sequence."""
    if rows.shape[1] == size:  # vectors, for which small networks would notice the time of a new view
        return rows
    return rows.reshape((rows.size // size, size))


ACTIVATION, INPUTS, UNITS = range(3)  # of a kernel's integers
RECTIFIED = 1  # ReLU is computed in place by the kernel, so that it takes no array and no call of its own


@jit.forward
def dense_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x @ kernel + bias, then ReLU if integers[ACTIVATION] is `RECTIFIED`."""
    rows, out = by_last_axis(x, integers[INPUTS]), by_last_axis(y, integers[UNITS])
    size = integers[INPUTS] * integers[UNITS]
    kernel, bias = theta[:size].reshape((integers[INPUTS], integers[UNITS])), theta[size:]
    dense(rows, kernel, bias, out)
    if integers[ACTIVATION] == RECTIFIED:
        rectify(y)


@jit.backward
def dense_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """With ReLU dy is first masked in place; dkernel = xᵀ @ dy; dbias = the sum of dy's rows; dx = dy @ kernelᵀ."""
    inputs, units = integers[INPUTS], integers[UNITS]
    rows, out_grad = by_last_axis(x, inputs), by_last_axis(dy, units)
    size = inputs * units
    dkernel, dbias = dtheta[:size].reshape((inputs, units)), dtheta[size:]
    if integers[ACTIVATION] == RECTIFIED:
        rectify_grad(y, dy)
    if dbias.size > 0:
        bias_grad(out_grad, dbias)
    dense_kernel_grad(rows, out_grad, dkernel)
    if dx.size > 0:
        dense_input_grad(theta[:size].reshape((inputs, units)), out_grad, by_last_axis(dx, inputs))


class Dense(Layer):
    """``units`` outputs, each a weighted sum of all inputs plus a bias, then an `Activation`; Keras's arguments.

    If rows have more axes, such as (length, features), the layer acts on the last one; `Flatten` before it connects all
    numbers of a row instead. ``kernel_regularizer`` and ``bias_regularizer``, such as L2(1e-4), penalise this layer's
    kernel or bias, in addition to the penalty of `Sequential.compile`.
    """

    forward, backward = dense_forward, dense_backward

    def __init__(
        self, units: int, activation: str | Pair | None = None, use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform", bias_initializer: str = "zeros",
        kernel_regularizer: penalties.L1L2 | None = None, bias_regularizer: penalties.L1L2 | None = None,
    ) -> None:
        self.units = checks.integer("units", units, 1)
        self.activated = Activation("linear" if activation is None else activation)
        self.use_bias = checks.boolean("use_bias", use_bias)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer = penalties.given(kernel_regularizer, "kernel_regularizer")
        self.bias_regularizer = penalties.given(bias_regularizer, "bias_regularizer")

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (..., features), outputs (..., units); weights: a kernel (features, units) and a bias (units,)."""
        if self.activated.name == "softmax" and len(input_shape) > 1:
            raise ValueError(f"Dense with the activation 'softmax' gets rows of shape {input_shape}; it takes "
                             f"(features,): put Flatten() before it, or reshape X to (n, {math.prod(input_shape)})")
        self.inputs = input_shape[-1]
        shape = (self.inputs, self.units)
        self.add_weight("kernel", shape, self.kernel_initializer, penalty=self.kernel_regularizer)
        if self.use_bias:
            self.add_weight("bias", shape[1:], self.bias_initializer, is_bias=True, penalty=self.bias_regularizer)
        return self.activated.start((*input_shape[:-1], self.units))

    def integers(self) -> list[int]:
        """`RECTIFIED` if the kernel computes ReLU, else 0; the numbers of inputs and of units."""
        return [RECTIFIED if self.activated.name == "relu" else 0, self.inputs, self.units]

    def stages(self) -> list[Layer]:
        """The product, then its activation, unless that is linear or computed by the same kernel."""
        return [self] if self.activated.name in ("linear", "relu") else [self, self.activated]
