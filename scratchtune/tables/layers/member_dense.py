"""A dense layer of its own for each member of a batch ensemble: the last one, where members share no kernel."""

from __future__ import annotations

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.tables.layers.batch_ensemble import INPUTS, MEMBERS, UNITS, members_shape
from scratchtune.tables.layers.columns import (
    column_linear,
    column_linear_bias_grad,
    column_linear_grad,
    column_linear_kernel_grad,
)


@jit.function
def kernel_and_bias(integers, theta):
    """Views of theta, or of its gradient: kernel (members, inputs, units), bias (members, units)."""
    m, i, j = integers[MEMBERS], integers[INPUTS], integers[UNITS]
    return theta[: m * i * j].reshape((m, i, j)), theta[m * i * j :].reshape((m, j))


@jit.forward
def member_dense_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the linear map of each member's features."""
    kernel, bias = kernel_and_bias(integers, theta)
    column_linear(x.reshape((x.shape[0], integers[MEMBERS], integers[INPUTS])), kernel, bias,
                  y.reshape((x.shape[0], integers[MEMBERS], integers[UNITS])))


@jit.backward
def member_dense_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta and dx of the linear maps."""
    kernel, _ = kernel_and_bias(integers, theta)
    dkernel, dbias = kernel_and_bias(integers, dtheta)
    inputs = (x.shape[0], integers[MEMBERS], integers[INPUTS])
    above = dy.reshape((x.shape[0], integers[MEMBERS], integers[UNITS]))
    column_linear_kernel_grad(x.reshape(inputs), above, dkernel)
    column_linear_bias_grad(above, dbias)
    if dx.size > 0:
        column_linear_grad(above, kernel, dx.reshape(inputs))


class MemberDense(Layer):
    """``units`` outputs of each member, from rows (members, features); every member has a kernel of its own."""

    forward, backward = member_dense_forward, member_dense_backward

    def __init__(self, units: int) -> None:
        self.units = checks.integer("units", units, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (members, features), outputs (members, units)."""
        self.members, self.inputs = members_shape("MemberDense", input_shape)
        self.add_weight("kernel", (self.members, self.inputs, self.units), "glorot_uniform", (self.inputs, self.units))
        self.add_weight("bias", (self.members, self.units), "zeros", is_bias=True)
        return (self.members, self.units)

    def integers(self) -> list[int]:
        """The numbers of members, of inputs and of units."""
        return [self.members, self.inputs, self.units]
