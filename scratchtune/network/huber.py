"""The Huber loss: squared for small errors, absolute for large ones, so that outliers have a bounded gradient.

δ, the limit between small and large errors, is a constant in the kernel's code, so each δ has a kernel of its own.

Implements section 4.1 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from scratchtune import jit


@jit.function
def huber(a, t, delta):
    """Huber loss of one row of outputs, their mean: half the squared error up to δ, with gradient ±δ beyond it.

    Formula [huber]
        L = meanₖ[(aₖ − tₖ)² / 2 if |aₖ − tₖ| < δ else δ · (|aₖ − tₖ| − δ / 2)]
    Computed as
        meanₖ[cₖ · (|aₖ − tₖ| − cₖ / 2)] with cₖ = min(|aₖ − tₖ|, δ), without a branch
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
        δ: delta, scalar, > 0, the largest error that counts as small
    Variant
        As Keras and PyTorch's HuberLoss. PyTorch's SmoothL1Loss is this divided by δ.
    Source
        Huber (1964), "Robust estimation of a location parameter"; Keras, losses.Huber.
    Example
        >>> float(huber(np.array([1.0, 4.0]), np.array([0.0, 0.0]), 2.0))
        3.25
    """
    total = 0.0
    for k in range(a.size):
        error = abs(a[k] - t[k])
        clipped = min(error, delta)
        total += clipped * (error - a.dtype.type(0.5) * clipped)
    return total / a.dtype.type(a.size)  # so that float32 stays float32


@jit.function
def huber_grad(a, t, delta, g):
    """Gradient of the Huber loss: the errors, clipped to [−δ, δ], divided by their number.

    Formula [huber_grad]
        gₖ = max(min(aₖ − tₖ, δ), −δ) / #k
    Gradient of
        [huber] in a
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
        δ: delta, scalar, > 0, the largest error that counts as small
        g: g, (k,), written
    Source
        Calculus.
    """
    scale = 1.0 / a.dtype.type(a.size)  # so that float32 stays float32
    for k in range(a.size):
        g[k] = scale * max(min(a[k] - t[k], delta), -delta)


class HuberKernel(jit.Kernel):
    """The kernel of one δ; a copy in another process is made there from δ."""

    def __init__(self, py_func: Callable[..., Any], delta: float) -> None:
        super().__init__(py_func, "loss")
        self.delta = delta

    def __reduce__(self) -> tuple[Any, ...]:
        return huber_kernel, (self.delta,)


@cache
def huber_kernel(delta: float) -> HuberKernel:
    """The kernel of a batch's Huber loss with this δ: the weighted sum over the rows, divided by their number."""

    def kernel(y, target, weight, dy):
        limit = y.dtype.type(delta)
        total = 0.0
        for i in range(y.shape[0]):
            total += weight[i] * huber(y[i], target[i], limit)
            huber_grad(y[i], target[i], limit, dy[i])
            share = weight[i] / weight.dtype.type(y.shape[0])
            for k in range(y.shape[1]):
                dy[i, k] *= share
        return total / y.shape[0]

    return HuberKernel(kernel, delta)
