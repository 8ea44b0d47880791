"""The losses of boosted trees: first and second derivatives of each row's loss with respect to the outputs.

Each kernel writes ``derivatives`` (outputs, n, 2) float32, gradients and Hessians, and returns the weighted
sum of the losses at the outputs (outputs, n) float64.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchtune import jit
from scratchtune.network.losses import sigmoid_crossentropy, sigmoid_crossentropy_grad


@jit.function
def half_squared_error(f, y):
    """Half the squared error of one row, so that its second derivative is 1.

    Formula [half_squared_error]
        L = (f − y)² / 2
    Where
        f: f, scalar, real, the output
        y: y, scalar, real, the target
    Source
        Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 2.
    Example
        >>> half_squared_error(1.0, 4.0)
        4.5
    """
    return 0.5 * (f - y) * (f - y)


@jit.function
def half_squared_error_grad(f, y):
    """Gradient of half the squared error: minus the residual, which the next tree is fitted to.

    Formula [half_squared_error_grad]
        g = f − y
    Gradient of
        [half_squared_error] in f
    Where
        f: f, scalar, real, the output
        y: y, scalar, real, the target
    Source
        Friedman (2001), algorithm 2.
    Example
        >>> half_squared_error_grad(1.0, 4.0)
        -3.0
    """
    return f - y


@jit.function
def probability_hessian(p):
    """Second derivative of the cross-entropy in a logit, for the sigmoid and, on the diagonal, for softmax.

    Formula [probability_hessian]
        h = p · (1 − p)
    Where
        p: p, scalar, in [0, 1], the probability of the logit's class
    Variant
        For softmax the matrix of second derivatives has entries off the diagonal too, −pₖ · pⱼ; they are left out.
    Source
        Friedman (2001), algorithms 5 and 6.
    Example
        >>> probability_hessian(0.5)
        0.25
    """
    return p * (1.0 - p)


@jit.function
def log_odds(p):
    """The logit of a probability: the first output of a boosted binary classifier.

    Formula [log_odds]
        f = log(p / (1 − p))
    Where
        p: p, scalar, in (0, 1), the share of the second class
    Variant
        Friedman's first output is half of this, since his probability is the sigmoid of twice the output.
    Source
        Friedman (2001), algorithm 5.
    Example
        >>> float(log_odds(0.5))
        0.0
    """
    return np.log(p / (1.0 - p))


@jit.function
def write_row(derivatives, i, g, h):
    """Write the derivatives of row i, as float32."""
    derivatives[i, 0], derivatives[i, 1] = g, h


@jit.loop
def squared_error_derivatives(output, target, weight, derivatives):
    """Derivatives and sum of [half_squared_error]."""
    total, f = 0.0, output[0]
    for i in range(target.size):
        total += weight[i] * half_squared_error(f[i], target[i])
        write_row(derivatives[0], i, weight[i] * half_squared_error_grad(f[i], target[i]), weight[i])
    return total


@jit.loop
def log_loss_derivatives(output, target, weight, derivatives):
    """Derivatives and sum of the cross-entropy of the sigmoid; targets are 0 or 1."""
    total, z = 0.0, output[0]
    for i in range(target.size):
        total += weight[i] * sigmoid_crossentropy(z[i], target[i])
        g = sigmoid_crossentropy_grad(z[i], target[i])
        write_row(derivatives[0], i, weight[i] * g, weight[i] * probability_hessian(g + target[i]))
    return total


@jit.loop
def softmax_derivatives(output, target, weight, derivatives):
    """Derivatives and sum of the cross-entropy of softmax; targets are class numbers, from 0."""
    total, classes = 0.0, output.shape[0]
    for i in range(target.size):
        top, mass, own = output[0, i], 0.0, np.int64(target[i])
        for k in range(1, classes):
            top = max(top, output[k, i])
        for k in range(classes):
            mass += np.exp(output[k, i] - top)
        for k in range(classes):
            p = np.exp(output[k, i] - top) / mass
            write_row(derivatives[k], i, weight[i] * (p - (k == own)), weight[i] * probability_hessian(p))
        total += weight[i] * (np.log(mass) + top - output[own, i])
    return total


LOSSES: dict[str, Callable[..., float]] = {
    "squared_error": squared_error_derivatives, "log_loss": log_loss_derivatives, "softmax": softmax_derivatives}


def baseline(loss: str, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """The first outputs, (outputs,): the mean, the [log_odds] of the share of ones, or the logarithms of all shares."""
    if loss == "softmax":
        shares = np.bincount(target.astype(np.int64), weight, outputs) / weight.sum()
        return np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    mean = np.average(target, weights=weight)
    return np.array([mean if loss == "squared_error" else log_odds(mean)])


def loss_of(kind: str, classes: int) -> str:
    """The name of the loss: for values, for two classes, which need one output, and for more, which need one each."""
    return "squared_error" if kind == "regressor" else "log_loss" if classes == 2 else "softmax"


def outputs_of(loss: str, classes: int) -> int:
    """The number of outputs, which is the number of trees of each iteration."""
    return classes if loss == "softmax" else 1


def probabilities(output: Any) -> np.ndarray:
    """Return the probability of each class, (n, classes), from the outputs (outputs, n)."""
    with np.errstate(under="ignore"):
        logits = np.vstack([np.zeros_like(output[0]), output[0]]) if len(output) == 1 else output
        shares = np.exp(logits - logits.max(axis=0))
        return np.ascontiguousarray((shares / shares.sum(axis=0)).T)
