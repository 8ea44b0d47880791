"""The last layer of a batch ensemble averages the members' predictions; each member is trained on a loss of its own.

In training the losses `mean_squared_error` and `categorical_crossentropy` are computed from this layer's inputs: the
mean over the members of each one's loss, not the loss of the mean, so that each member learns to predict alone (TabM).

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.activations import softmax, softmax_grad
from scratchtune.network.layers.base import Layer
from scratchtune.network.losses import (
    mean_squared_error,
    mean_squared_error_grad,
    softmax_crossentropy,
    softmax_crossentropy_grad,
)

MEMBERS, IS_SOFTMAX = range(2)  # of a kernel's integers


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
    """Return the mean over rows and members of the cross-entropy of softmax(y), logits (n, members · classes)."""
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
    """Return the mean over rows and members of the mean squared error of y, (n, members · outputs)."""
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


@jit.forward
def member_mean_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the mean of the members' outputs, or of their softmax, which ``work`` keeps."""
    n, outputs = y.shape
    members, p = integers[MEMBERS], work[: x.size]
    if integers[IS_SOFTMAX]:
        rows = (n * members, outputs)
        softmax(x.reshape(rows), p.reshape(rows), work[x.size : x.size + n * members])
        member_mean(p.reshape((n, members, outputs)), y)
    else:
        member_mean(x.reshape((n, members, outputs)), y)


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
            softmax_grad(work[: x.size].reshape(shape), grad, grad)


class MemberMean(Layer):
    """The mean over the members of the rows (members, outputs), or with ``activation="softmax"`` of their softmax."""

    forward, backward = member_mean_forward, member_mean_backward

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
        """The number of members, and whether softmax comes before the mean."""
        return [self.input_shape[0], int(self.activation == "softmax")]

    def work_size(self, rows: int) -> int:
        """The probabilities, and the logarithms of the denominators."""
        return rows * (math.prod(self.input_shape) + self.input_shape[0])
