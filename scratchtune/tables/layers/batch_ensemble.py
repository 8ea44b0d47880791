"""A batch ensemble is several networks in one: the members share the kernels, and each has its own scales and biases.

In `MemberDense`, the last layer, members share no kernel, and `MemberMean` averages their predictions. In training the
losses `mean_squared_error` and `categorical_crossentropy` are the mean over the members of each one's loss, not the
loss of the mean, so that each member learns to predict alone (TabM).

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.activations import softmax, softmax_grad
from scratchtune.core.network.copying import column_scale, column_scale_weight_grad, copy_matrix
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import add_bias, bias_grad
from scratchtune.core.network.losses import (
    mean_squared_error,
    mean_squared_error_grad,
    softmax_crossentropy,
    softmax_crossentropy_grad,
)
from scratchtune.core.network.matmul import multiply, multiply_transposed
from scratchtune.tables.layers.number_embeddings import (
    column_linear,
    column_linear_bias_grad,
    column_linear_grad,
    column_linear_kernel_grad,
    kernel_and_bias,
)

MEMBERS, INPUTS, UNITS = range(3)  # of a kernel's integers; in `kernel_and_bias` members are columns
IS_SOFTMAX, OUTPUTS = 1, 2  # the other integers of `MemberMean`


@jit.forward
def repeat_members_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, once for each member."""
    for j in range(0, y.shape[1], x.shape[1]):
        copy_matrix(x, y[:, j : j + x.shape[1]])


@jit.backward
def repeat_members_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is the sum of dy over the members."""
    if dx.size > 0:
        dx[:] = 0.0
        for j in range(0, dy.shape[1], dx.shape[1]):
            dx += dy[:, j : j + dx.shape[1]]


@jit.function
def batch_ensemble(x, r, w, s, b, z, p, y):
    """Dense layer of each member m: a shared kernel w; scales r of inputs i, scales s of units j, a bias b of its own.

    Formula [batch_ensemble]
        zₙₘᵢ = xₙₘᵢ · rₘᵢ ; pₙₘⱼ = Σᵢ[zₙₘᵢ · wᵢⱼ] ; yₙₘⱼ = pₙₘⱼ · sₘⱼ + bₘⱼ
    Where
        x: x, (n, m, i), real; sampled in [0.1, 2]
        r: r, (m, i), real; sampled in [0.1, 2]
        w: w, (i, j), real; sampled in [0.1, 2]
        s: s, (m, j), real; sampled in [0.1, 2]
        b: b, (m, j), real; sampled in [0.1, 2]
        z: z, (n, m, i), written
        p: p, (n, m, j), written
        y: y, (n, m, j), written
    Source
        Wen, Tran and Ba (2020), "BatchEnsemble", equation 5; Gorishniy et al. (2025), "TabM", section 3.
    """
    n, members, inputs = x.shape
    units = y.shape[2]
    rows, wide = (n, members * inputs), (n, members * units)
    column_scale(x.reshape(rows), r.reshape(r.size), z.reshape(rows))
    multiply(z.reshape((n * members, inputs)), w, p.reshape((n * members, units)))
    column_scale(p.reshape(wide), s.reshape(s.size), y.reshape(wide))
    add_bias(y.reshape(wide), b.reshape(b.size))


@jit.function
def parts_of(integers, theta):
    """Views of theta, or of its gradient, by members, inputs, units: r (m, i), kernel (i, j), s (m, j), bias (m, j)."""
    m, i, j = integers[MEMBERS], integers[INPUTS], integers[UNITS]
    kernel, last = m * i + i * j, m * i + i * j + m * j
    return (theta[: m * i].reshape((m, i)), theta[m * i : kernel].reshape((i, j)),
            theta[kernel:last].reshape((m, j)), theta[last:].reshape((m, j)))


@jit.function
def batch_ensemble_shapes(integers, n):
    """The workspace: scaled inputs and their gradients (n, m · i), and products (n, m · j)."""
    wide = (n, integers[MEMBERS] * integers[INPUTS])
    return wide, wide, (n, integers[MEMBERS] * integers[UNITS])


@jit.forward
def batch_ensemble_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y by `batch_ensemble`; ``work`` keeps the scaled inputs and the products."""
    r, w, s, b = parts_of(integers, theta)
    scaled, _, products = jit.views(work, batch_ensemble_shapes(integers, x.shape[0]))
    inputs = (x.shape[0], integers[MEMBERS], integers[INPUTS])
    units = (x.shape[0], integers[MEMBERS], integers[UNITS])
    batch_ensemble(x.reshape(inputs), r, w, s, b, scaled.reshape(inputs), products.reshape(units), y.reshape(units))


@jit.backward
def batch_ensemble_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta and dx, by the gradients of the three steps of `batch_ensemble`, the last one first."""
    r, w, s, _ = parts_of(integers, theta)
    dr, dw, ds, db = parts_of(integers, dtheta)
    scaled, dscaled, products = jit.views(work, batch_ensemble_shapes(integers, x.shape[0]))
    rows = x.shape[0] * integers[MEMBERS]
    bias_grad(dy, db.reshape(db.size))
    column_scale_weight_grad(products, dy, ds.reshape(ds.size))
    column_scale(dy, s.reshape(s.size), products)  # from here on the gradient with respect to the products
    above = products.reshape((rows, integers[UNITS]))
    multiply(scaled.reshape((rows, integers[INPUTS])).T, above, dw)
    multiply_transposed(above, w, dscaled.reshape((rows, integers[INPUTS])))
    column_scale_weight_grad(x, dscaled, dr.reshape(dr.size))
    if dx.size > 0:
        column_scale(dscaled, r.reshape(r.size), dx)


class RepeatMembers(Layer):
    """Repeats a row (features,) to (members, features), for `BatchEnsembleDense`."""

    forward, backward = repeat_members_forward, repeat_members_backward

    def __init__(self, members: int) -> None:
        self.members = checks.integer("members", members, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,), outputs (members, features)."""
        if len(input_shape) != 1:
            raise ValueError(f"RepeatMembers gets rows of shape {tuple(input_shape)}; it takes (features,)")
        return (self.members, *input_shape)


class OfMembers(Layer):
    """The base class of layers from rows (members, features) to (members, units)."""

    units: int
    add_kernels: Callable[[], None]  # adds the weights before the bias

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (members, features), outputs (members, units)."""
        if len(input_shape) != 2:
            raise ValueError(f"{type(self).__name__} gets rows of shape {tuple(input_shape)}; it takes (members, "
                             "features): put RepeatMembers before the first layer of an ensemble")
        self.members, self.inputs = input_shape
        self.add_kernels()
        self.add_weight("bias", (self.members, self.units), "zeros", is_bias=True)
        return (self.members, self.units)

    def integers(self) -> list[int]:
        """The numbers of members, of inputs and of units."""
        return [self.members, self.inputs, self.units]


class BatchEnsembleDense(OfMembers):
    """A dense layer of each member of a batch ensemble, on rows (members, features), without activation.

    The kernel (features, units) is shared. Each member has scales r (features,) and s (units,) and a bias (units,).
    Scales are initially 1; with ``random_signs`` those of the inputs are initially 1 or -1 at random, which makes the
    members differ from the start. The first layer needs this.
    """

    forward, backward = batch_ensemble_forward, batch_ensemble_backward
    shapes = staticmethod(batch_ensemble_shapes)

    def __init__(self, units: int, random_signs: bool = False) -> None:
        self.units = checks.integer("units", units, 1)
        self.random_signs = checks.boolean("random_signs", random_signs)

    def add_kernels(self) -> None:
        """The scales of the inputs, the kernel, and the scales of the outputs."""
        self.add_weight("input_scale", self.input_shape, "random_sign" if self.random_signs else "ones")
        self.add_weight("kernel", (self.inputs, self.units), "glorot_uniform")
        self.add_weight("output_scale", (self.members, self.units), "ones")


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
    inputs = (x.shape[0], integers[MEMBERS], integers[INPUTS])
    dkernel, dbias = kernel_and_bias(integers, dtheta)
    above = dy.reshape((x.shape[0], integers[MEMBERS], integers[UNITS]))
    column_linear_kernel_grad(x.reshape(inputs), above, dkernel)
    column_linear_bias_grad(above, dbias)
    if dx.size > 0:
        column_linear_grad(above, kernel, dx.reshape(inputs))


class MemberDense(OfMembers):
    """``units`` outputs of each member, from rows (members, features); every member has a kernel of its own."""

    forward, backward = member_dense_forward, member_dense_backward

    def __init__(self, units: int) -> None:
        self.units = checks.integer("units", units, 1)

    def add_kernels(self) -> None:
        """One kernel (features, units) for each member."""
        self.add_weight("kernel", (self.members, self.inputs, self.units), "glorot_uniform", (self.inputs, self.units))


@jit.function_noalias
def member_mean(p, y):
    """Mean of the members' predictions.

    Formula [member_mean]
        yₙₖ = meanₘ[pₙₘₖ]
    Where
        p: p, (n, m, k), real; sampled in [0.1, 2]
        y: y, (n, k), written
    Source
        Gorishniy et al. (2025), "TabM", section 3: the mean of predicted values, or of probabilities.
    """
    members = p.dtype.type(p.shape[1])
    for n in range(y.shape[0]):
        for k in range(y.shape[1]):
            total = p.dtype.type(0)
            for m in range(p.shape[1]):
                total += p[n, m, k]
            y[n, k] = total / members


@jit.loss
def member_softmax_crossentropy_loss(y, target, weight, dy):
    """Return the mean cross-entropy, over rows and members, of softmax(y), (n, members · classes), and write dy."""
    classes = target.shape[1]
    shape = (y.size // classes, classes)
    z, p, s = y.reshape(shape), dy.reshape(shape), np.empty(shape[0], y.dtype)
    members = shape[0] // target.shape[0]
    softmax(z, p, s)  # the probabilities are computed in dy, and replaced by the gradient
    total = 0.0
    for i in range(shape[0]):
        row = i // members
        total += weight[row] * softmax_crossentropy(z[i], target[row], s[i])
        softmax_crossentropy_grad(p[i], target[row], weight[row] / weight.dtype.type(shape[0]), p[i])
    return total / shape[0]


@jit.loss
def member_mean_squared_error_loss(y, target, weight, dy):
    """Return the mean over rows and members of the mean squared error of y, (n, members · outputs), and write dy."""
    outputs = target.shape[1]
    shape = (y.size // outputs, outputs)
    a, grad = y.reshape(shape), dy.reshape(shape)
    members = shape[0] // target.shape[0]
    total = 0.0
    for i in range(shape[0]):
        row = i // members
        total += weight[row] * mean_squared_error(a[i], target[row])
        mean_squared_error_grad(a[i], target[row], grad[i])
        for k in range(outputs):
            grad[i, k] *= weight[row] / weight.dtype.type(shape[0])
    return total / shape[0]


@jit.function
def member_mean_shapes(integers, n):
    """The workspace: the probabilities of each member, and the logarithms of the denominators."""
    return (n * integers[MEMBERS], integers[OUTPUTS]), (n * integers[MEMBERS],)


@jit.forward
def member_mean_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the mean of the members' outputs, or of their softmax, which ``work`` keeps."""
    shape = (y.shape[0], integers[MEMBERS], y.shape[1])
    if integers[IS_SOFTMAX]:
        p, logs = jit.views(work, member_mean_shapes(integers, y.shape[0]))
        softmax(x.reshape(p.shape), p, logs)
        member_mean(p.reshape(shape), y)
    else:
        member_mean(x.reshape(shape), y)


@jit.backward
def member_mean_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """Each member gets an equal share of dy, then the gradient through its softmax."""
    if dx.size > 0:
        n, outputs = dy.shape
        members, shape = integers[MEMBERS], (n * integers[MEMBERS], outputs)
        share, grad = dx.dtype.type(members), dx.reshape(shape)
        for i in range(shape[0]):
            for k in range(outputs):
                grad[i, k] = dy[i // members, k] / share
        if integers[IS_SOFTMAX]:
            softmax_grad(jit.views(work, member_mean_shapes(integers, n))[0], grad, grad)


class MemberMean(Layer):
    """The mean over the members of the rows (members, outputs), or with ``activation="softmax"`` of their softmax."""

    forward, backward = member_mean_forward, member_mean_backward
    shapes = staticmethod(member_mean_shapes)

    def __init__(self, activation: str = "linear") -> None:
        self.activation = checks.choice("activation", activation, ("linear", "softmax"))
        loss = {"linear": ("mean_squared_error", member_mean_squared_error_loss),
                "softmax": ("categorical_crossentropy", member_softmax_crossentropy_loss)}[self.activation]
        self.fused_losses = dict([loss])

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (members, outputs), outputs (outputs,)."""
        if len(input_shape) != 2:
            raise ValueError(f"MemberMean gets rows of shape {tuple(input_shape)}; it takes (members, outputs)")
        return input_shape[1:]

    def integers(self) -> list[int]:
        """The number of members, whether softmax comes before the mean, and the number of outputs."""
        return [self.input_shape[0], int(self.activation == "softmax"), self.input_shape[1]]
