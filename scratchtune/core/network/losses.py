"""A loss measures how far a network's output is from the target; training minimises its mean over the rows.

Each function takes one row and is followed by its gradient. The kernels at the end take a batch. If the last layer is
softmax or sigmoid, cross-entropy and activation are computed together from the logits, the inputs of the activation:
only this is exact for logits of any size. `FUSED` lists these pairs.

Numbers that are not of the arrays' type, such as counts, are cast to it (``dtype.type``): float32 must stay float32.

Implements section 4.1 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.activations import sigmoid, softmax, zero_like

EPSILON = 1e-7  # probabilities are clipped to [EPSILON, 1 - EPSILON] before a logarithm, as in Keras


@jit.function
def mean_squared_error(a, t):
    """Mean squared error of one row of outputs.

    Formula [mean_squared_error]
        L = meanₖ[(aₖ − tₖ)²]
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
    Variant
        No 1/2. The mean over outputs, as in Keras; PyTorch's MSELoss takes the same mean over rows and outputs at once.
    Source
        Keras, losses.MeanSquaredError.
    Example
        >>> float(mean_squared_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
        2.0
    """
    total = 0.0
    for k in range(a.size):
        total += (a[k] - t[k]) * (a[k] - t[k])
    return total / a.dtype.type(a.size)  # so that float32 stays float32


@jit.function
def mean_squared_error_grad(a, t, g):
    """Gradient of the mean squared error.

    Formula [mean_squared_error_grad]
        gₖ = 2 · (aₖ − tₖ) / #k
    Gradient of
        [mean_squared_error] in a
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
        g: g, (k,), written
    Source
        Calculus.
    """
    scale = 2.0 / a.dtype.type(a.size)  # so that float32 stays float32
    for k in range(a.size):
        g[k] = scale * (a[k] - t[k])


@jit.function
def mean_absolute_error(a, t):
    """Mean absolute error of one row of outputs.

    Formula [mean_absolute_error]
        L = meanₖ[|aₖ − tₖ|]
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
    Source
        Keras, losses.MeanAbsoluteError; PyTorch's L1Loss.
    Example
        >>> float(mean_absolute_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
        1.0
    """
    total = 0.0
    for k in range(a.size):
        total += abs(a[k] - t[k])
    return total / a.dtype.type(a.size)  # so that float32 stays float32


@jit.function
def mean_absolute_error_grad(a, t, g):
    """Gradient of the mean absolute error; zero where output and target are equal.

    Formula [mean_absolute_error_grad]
        gₖ = sign(aₖ − tₖ) / #k
    Gradient of
        [mean_absolute_error] in a
    Where
        a: a, (k,), real, the output
        t: t, (k,), real, the target
        g: g, (k,), written
    Variant
        Zero where both are equal, as in PyTorch; JAX, and Keras on it, give −1/k there.
    Source
        Calculus.
    """
    scale = 1.0 / a.dtype.type(a.size)  # so that float32 stays float32
    for k in range(a.size):
        g[k] = scale * np.sign(a[k] - t[k])


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
        total += clipped * (error - 0.5 * clipped)  # a literal has the arrays' type (`jit`)
    return total / a.dtype.type(a.size)  # an integer has not: float32 would become float64


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


@jit.function
def binary_crossentropy(p, t):
    """Binary cross-entropy of one probability.

    Formula [binary_crossentropy]
        L = −(t · log(p) + (1 − t) · log(1 − p))
    Where
        p: p, scalar, in (0, 1), the probability of class 1
        t: t, scalar, in [0, 1], the target
    Source
        Keras, losses.BinaryCrossentropy.
    Example
        >>> round(float(binary_crossentropy(0.5, 1.0)), 4)
        0.6931
    """
    return -(t * np.log(p) + (1.0 - t) * np.log1p(-p))


@jit.function
def binary_crossentropy_grad(p, t):
    """Gradient of binary cross-entropy with respect to the probability.

    Formula [binary_crossentropy_grad]
        g = (1 − t) / (1 − p) − t / p
    Gradient of
        [binary_crossentropy] in p
    Where
        p: p, scalar, in (0, 1), the probability of class 1
        t: t, scalar, in [0, 1], the target
    Source
        Calculus.
    Example
        >>> float(binary_crossentropy_grad(0.5, 1.0))
        -2.0
    """
    return (1.0 - t) / (1.0 - p) - t / p


@jit.function
def sigmoid_crossentropy(z, t):
    """Binary cross-entropy of the sigmoid of a logit.

    Formula [sigmoid_crossentropy]
        L = −(t · log(1 / (1 + exp(−z))) + (1 − t) · log(1 − 1 / (1 + exp(−z))))
    Computed as
        max(z, 0) − z · t + log(1 + exp(−|z|)): exact for logits of any size
    Where
        z: z, scalar, logits
        t: t, scalar, in [0, 1], the target
    Variant
        Keras, without from_logits=True, clips p to [1e-7, 1 − 1e-7]: its loss is at most 16.1 per row, and a row that
        is confidently wrong has a gradient of zero. Here, as in PyTorch, both are exact.
    Source
        PyTorch, BCEWithLogitsLoss.
    Example
        >>> round(float(sigmoid_crossentropy(0.0, 1.0)), 4)
        0.6931
    """
    return max(z, zero_like(z)) - z * t + np.log1p(np.exp(-abs(z)))


@jit.function
def sigmoid_crossentropy_grad(z, t):
    """Gradient of the sigmoid's cross-entropy with respect to the logit: the probability minus the target.

    Formula [sigmoid_crossentropy_grad]
        g = 1 / (1 + exp(−z)) − t
    Gradient of
        [sigmoid_crossentropy] in z
    Where
        z: z, scalar, logits
        t: t, scalar, in [0, 1], the target
    Source
        Calculus.
    Example
        >>> float(sigmoid_crossentropy_grad(0.0, 1.0))
        -0.5
    """
    return sigmoid(z) - t


@jit.function
def categorical_crossentropy(p, t):
    """Cross-entropy of one row of class probabilities.

    Formula [categorical_crossentropy]
        L = −Σₖ[tₖ · log(pₖ)]
    Where
        p: p, (k,), probabilities
        t: t, (k,), probabilities; sampled as one-hot, the target: the class, or a probability for each class
    Source
        Keras, losses.CategoricalCrossentropy.
    Example
        >>> round(float(categorical_crossentropy(np.array([0.25, 0.75]), np.array([1.0, 0.0]))), 4)
        1.3863
    """
    total = 0.0
    for k in range(p.size):
        total -= t[k] * np.log(p[k])
    return total


@jit.function
def categorical_crossentropy_grad(p, t, g):
    """Gradient of cross-entropy with respect to the probabilities.

    Formula [categorical_crossentropy_grad]
        gₖ = −tₖ / pₖ
    Gradient of
        [categorical_crossentropy] in p
    Where
        p: p, (k,), probabilities
        t: t, (k,), probabilities; sampled as one-hot, the target
        g: g, (k,), written
    Source
        Calculus.
    """
    for k in range(p.size):
        g[k] = -t[k] / p[k]


@jit.function
def softmax_crossentropy(z, t, s):
    """Cross-entropy of the softmax of a row of logits.

    Formula [softmax_crossentropy]
        L = Σₖ[tₖ · (s − zₖ)]
    Where
        z: z, (k,), logits
        t: t, (k,), probabilities; sampled as one-hot, the target
        s: s, scalar, real, log Σⱼ[exp(zⱼ)], which `softmax` computes
    Variant
        The same as [categorical_crossentropy] of [softmax], since log(pₖ) = zₖ − s; exact where pₖ underflows.
        Keras clips p, as for [sigmoid_crossentropy].
    Source
        PyTorch, CrossEntropyLoss.
    """
    total = 0.0
    for k in range(z.size):
        total += t[k] * (s - z[k])
    return total


@jit.function
def softmax_crossentropy_grad(p, t, w, g):
    """Gradient of the softmax's cross-entropy with respect to the logits: the probabilities minus the target.

    Formula [softmax_crossentropy_grad]
        gₖ = w · (pₖ · Σⱼ[tⱼ] − tₖ)
    Where
        p: p, (k,), probabilities, softmax of the logits
        t: t, (k,), in [0, 1], the target
        w: w, scalar, >= 0, the weight of the row
        g: g, (k,), written
    Source
        Calculus: the chain rule through [softmax_grad] and [categorical_crossentropy_grad].
    """
    total = 0.0
    for k in range(t.size):
        total += t[k]
    for k in range(p.size):
        g[k] = w * (p[k] * total - t[k])


@jit.function
def clipped_probabilities(y, low, high, p):
    """Probabilities from a row of outputs: each divided by their sum, then clipped.

    Formula [clipped_probabilities]
        pₖ = min(max(yₖ / Σⱼ[yⱼ], l), h)
    Where
        y: y, (k,), >= 0; sampled > 0, outputs
        l: low, scalar, in [0, 1]; sampled in [0, 0.25], the lower limit
        h: high, scalar, in [0, 1]; sampled in [0.5, 1], the upper limit, at least l
        p: p, (k,), written
    Variant
        The division has no effect on the outputs of a softmax layer, whose sum is 1. PyTorch's losses do neither.
    Source
        Keras, losses.CategoricalCrossentropy with from_logits=False; its limits are 1e-7 and 1 − 1e-7.
    Example
        >>> p = np.empty(2)
        >>> clipped_probabilities(np.array([1.0, 7.0]), 0.25, 0.75, p)
        >>> p.tolist()
        [0.25, 0.75]
    """
    total = y.sum()
    for k in range(y.size):
        p[k] = min(max(y[k] / total, low), high)


@jit.function  # g and d may be one array
def clipped_probabilities_grad(y, low, high, g, d):
    """Gradient of J with respect to the outputs, from the one with respect to the probabilities.

    Formula [clipped_probabilities_grad]
        qₖ = yₖ / Σⱼ[yⱼ] ; cₖ = gₖ if min(max(qₖ, l), h) = qₖ else 0 ; dₖ = (cₖ − Σⱼ[cⱼ · qⱼ]) / Σⱼ[yⱼ]
    Gradient of
        [clipped_probabilities] in y
    Where
        y: y, (k,), >= 0; sampled > 0, outputs
        l: low, scalar, in [0, 1]; sampled in [0, 0.25], the lower limit
        h: high, scalar, in [0, 1]; sampled in [0.5, 1], the upper limit, at least l
        g: g, (k,), real, dJ/dp
        d: d, (k,), written, dJ/dy
    Source
        Calculus: a clipped number has gradient 0; the rest is the quotient rule.
    """
    total = y.sum()
    mean = zero_like(total)
    for k in range(y.size):
        q = y[k] / total
        d[k] = g[k] if min(max(q, low), high) == q else zero_like(mean)
        mean += d[k] * y[k] / total
    for k in range(y.size):
        d[k] = (d[k] - mean) / total


# The kernels: each takes a batch, and divides by its number of rows --------------------------------------------------


@jit.inlined
def _scale_row(dy, i, factor):
    for k in range(dy.shape[1]):
        dy[i, k] *= factor


def _rowwise(value: Any, gradient: Any) -> jit.Kernel:
    """Make a batch's kernel from one row's loss and gradient: a weighted sum, divided by the number of rows."""

    @jit.loss
    def kernel(y, target, weight, dy):
        total = 0.0
        for i in range(y.shape[0]):
            total += weight[i] * value(y[i], target[i])
            gradient(y[i], target[i], dy[i])
            _scale_row(dy, i, weight[i] / weight.dtype.type(y.shape[0]))
        return total / y.shape[0]

    return kernel


class HuberKernel(jit.Kernel):
    """The kernel of one δ, a constant in its code; a copy in another process is made there from δ."""

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
            _scale_row(dy, i, weight[i] / weight.dtype.type(y.shape[0]))
        return total / y.shape[0]

    return HuberKernel(kernel, delta)


@jit.loss
def binary_crossentropy_loss(y, target, weight, dy):
    """Return the binary cross-entropy of probabilities y, clipped as in Keras; write its gradient to dy."""
    low, high = y.dtype.type(EPSILON), y.dtype.type(1.0 - EPSILON)
    total = 0.0
    for i in range(y.shape[0]):
        share = weight[i] / weight.dtype.type(y.size)  # of this row's outputs in the mean
        for k in range(y.shape[1]):
            p = min(max(y[i, k], low), high)
            total += share * binary_crossentropy(p, target[i, k])
            dy[i, k] = share * binary_crossentropy_grad(p, target[i, k]) if p == y[i, k] else zero_like(share)
    return total


@jit.loss
def sigmoid_crossentropy_loss(y, target, weight, dy):
    """Return the binary cross-entropy of sigmoid(y), the weighted mean over all outputs; write its gradient to dy."""
    total = 0.0
    for i in range(y.shape[0]):
        share = weight[i] / weight.dtype.type(y.size)
        for k in range(y.shape[1]):
            total += share * sigmoid_crossentropy(y[i, k], target[i, k])
            dy[i, k] = share * sigmoid_crossentropy_grad(y[i, k], target[i, k])
    return total


@jit.loss
def categorical_crossentropy_loss(y, target, weight, dy):
    """Return the cross-entropy of rows y, each divided by its sum and clipped as in Keras; write its gradient to dy."""
    low, high = y.dtype.type(EPSILON), y.dtype.type(1.0 - EPSILON)
    p = np.empty(y.shape[1], y.dtype)
    total = 0.0
    for i in range(y.shape[0]):
        clipped_probabilities(y[i], low, high, p)
        total += weight[i] * categorical_crossentropy(p, target[i])
        categorical_crossentropy_grad(p, target[i], dy[i])  # dJ/dp, which the next line replaces by dJ/dy
        clipped_probabilities_grad(y[i], low, high, dy[i], dy[i])
        _scale_row(dy, i, weight[i] / weight.dtype.type(y.shape[0]))
    return total / y.shape[0]


@jit.loss
def softmax_crossentropy_loss(y, target, weight, dy):
    """Return the cross-entropy of softmax(y), the weighted sum over rows divided by their number; and its gradient."""
    s = np.empty(y.shape[0], y.dtype)  # log Σ exp of each row of logits
    p = dy  # the probabilities are computed in dy, where each row is then replaced by the row's gradient
    softmax(y, p, s)
    total = 0.0
    for i in range(y.shape[0]):
        total += weight[i] * softmax_crossentropy(y[i], target[i], s[i])
        softmax_crossentropy_grad(p[i], target[i], weight[i] / weight.dtype.type(y.shape[0]), dy[i])
    return total / y.shape[0]


PADDING = 0  # the token that fills up a sequence; as a target it does not count


@jit.loss
def token_crossentropy_loss(y, target, weight, dy):
    """Return the cross-entropy of the tokens of sequences, and write its gradient with respect to y to dy.

    ``target`` (n, length) holds tokens as floats, y (n, length · vocabulary) logits for each of them. A row's loss is
    the mean over its tokens, in which `PADDING` does not count; then the mean over the rows is taken.
    """
    n, length = target.shape
    vocabulary = y.shape[1] // length
    z, p = y.reshape((n * length, vocabulary)), dy.reshape((n * length, vocabulary))
    s = np.empty(n * length, y.dtype)
    total = 0.0
    for i in range(n):
        tokens = 0
        for k in range(length):
            tokens += target[i, k] != PADDING
        share = weight[i] / weight.dtype.type(n * max(tokens, 1))
        for k in range(length):
            row, token = i * length + k, int(target[i, k])
            one = slice(row, row + 1)  # row by row, since a row of a large vocabulary fills the fastest cache
            softmax(z[one], p[one], s[one])  # the probabilities are computed in dy, and replaced by the gradient
            kept = share if token != PADDING else zero_like(share)
            total += kept * (s[row] - z[row, token])
            for j in range(vocabulary):
                p[row, j] *= kept
            p[row, token] -= kept
    return total


def smoothed_labels(t, smoothing):
    """Label smoothing: a part of each row's target probability is divided evenly among all classes.

    Formula [smoothed_labels]
        sₙₖ = (1 − ε) · tₙₖ + ε / #k
    Where
        t: t, (n, k), in [0, 1], one-hot rows or probabilities of the classes
        ε: smoothing, scalar, in [0, 1), the part
    Returns
        s, (n, k); a row's sum and its largest class are those of t.
    Variant
        Cross-entropy with s is smallest at finite logits, so no weight grows for ever. As in Keras and PyTorch; Keras's
        BinaryCrossentropy has ε / 2 in place of ε / #k, the same with the other class counted.
    Source
        Szegedy et al. (2016), "Rethinking the Inception architecture for computer vision", section 7.
    Example
        >>> smoothed_labels(np.array([[0.0, 1.0]]), 0.5).tolist()
        [[0.25, 0.75]]
    """
    return (1.0 - smoothing) * t + smoothing / t.shape[1]


class Loss(NamedTuple):
    """A loss: its name, its kernel, the kind of its targets, how far labels of classes are smoothed, and Huber's δ.

    The kinds are "values", "probabilities", "classes", and those in `ENCODERS`. ``delta`` is None except for `Huber`.
    """

    name: str
    kernel: jit.Kernel
    targets: str
    label_smoothing: float = 0.0
    delta: float | None = None


def _tokens(name: str, y: np.ndarray, outputs: int) -> np.ndarray:
    vocabulary, left = divmod(outputs, y.shape[1])
    if left:
        raise ValueError(
            f"{name} has {y.shape[1]} tokens per row and the network has {outputs} outputs, no multiple of it; "
            "there must be one output for each token of the vocabulary and each position")
    wrong = (y < 0) | (y >= vocabulary) | (y != np.floor(y))
    if wrong.any():
        raise ValueError(f"{name} holds the token {y[wrong][0]:g}; tokens must be integers from 0 to {vocabulary - 1}")
    return y


# Losses by name, to which an application may add its own, and the functions that check targets of other kinds than
# numbers for each output: of the argument's name, the rows (n, numbers) and the number of outputs.
LOSSES = {loss.name: loss for loss in (
    Loss("mean_squared_error", _rowwise(mean_squared_error, mean_squared_error_grad), "values"),
    Loss("mean_absolute_error", _rowwise(mean_absolute_error, mean_absolute_error_grad), "values"),
    Loss("huber", huber_kernel(1.0), "values", delta=1.0),
    Loss("binary_crossentropy", binary_crossentropy_loss, "probabilities"),
    Loss("categorical_crossentropy", categorical_crossentropy_loss, "classes"),
    Loss("token_crossentropy", token_crossentropy_loss, "tokens"))}
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error",
           "sparse_categorical_crossentropy": "categorical_crossentropy"}
ENCODERS: dict[str, Callable[[str, np.ndarray, int], np.ndarray]] = {"tokens": _tokens}

# By the last layer's activation and the loss, the kernel that computes both from the logits.
FUSED = {"softmax": {"categorical_crossentropy": softmax_crossentropy_loss},
         "sigmoid": {"binary_crossentropy": sigmoid_crossentropy_loss}}


@checks.refusing
def CategoricalCrossentropy(label_smoothing: float = 0.0) -> Loss:
    """Cross-entropy of classes with `smoothed_labels`, in training, validation and metrics; Keras's argument."""
    return LOSSES["categorical_crossentropy"]._replace(
        label_smoothing=checks.real("label_smoothing", label_smoothing, 0.0, 1.0, open_high=True))


@checks.refusing
def Huber(delta: float = 1.0) -> Loss:
    """The Huber loss (`huber`): squared for errors up to ``delta``, above 0, and absolute beyond; Keras's argument."""
    delta = checks.real("delta", delta, 0.0, open_low=True)
    return LOSSES["huber"]._replace(kernel=huber_kernel(delta), delta=delta)


def get(loss: str | Loss) -> Loss:
    """Return the loss of that name (Keras's names), or the given one; a ValueError with the nearest name otherwise."""
    if isinstance(loss, Loss):
        return loss
    name = checks.choice("loss", loss, [*LOSSES, *ALIASES])
    return LOSSES[ALIASES.get(name, name)]


def encode(loss: Loss, y: Any, outputs: int, rows: int | None = None, name: str = "y") -> np.ndarray:
    """Convert the targets to rows of numbers, (n, outputs) float64; class labels become one-hot rows.

    Raises
        TypeError or ValueError if ``y`` does not fit the loss and the number of outputs.
    """
    y = checks.targets(name, y, rows)
    if loss.targets == "classes":
        rows_of_classes = _one_hot(y, outputs, name)
        return smoothed_labels(rows_of_classes, loss.label_smoothing) if loss.label_smoothing else rows_of_classes
    y = y.reshape(len(y), -1).astype(np.float64)
    if loss.targets in ENCODERS:
        return ENCODERS[loss.targets](name, y, outputs)
    if y.shape[1] != outputs:
        raise ValueError(
            f"{name} has {y.shape[1]} values per row and the network has {outputs} outputs; the numbers must be equal")
    if loss.targets == "probabilities" and (y.min() < 0.0 or y.max() > 1.0):
        raise ValueError(f"{name} holds {y.min() if y.min() < 0 else y.max():g}; {loss.name} takes labels from 0 to 1")
    return y


def _one_hot(y: np.ndarray, classes: int, name: str) -> np.ndarray:
    """Return labels as one-hot rows, (n, classes) float64; rows of probabilities are returned as they are."""
    if y.ndim == 2 and y.shape[1] == classes and classes > 1:
        if (outside := y[(y < 0.0) | (y > 1.0)]).size:
            raise ValueError(
                f"{name} holds {outside[0]:g}; a row of {classes} values is one-hot, or holds the probabilities of the "
                "classes, so every value must be from 0 to 1")
        return y.astype(np.float64)
    if y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1):
        raise ValueError(
            f"{name} has shape {y.shape}; with {classes} outputs the network takes labels (n,) or rows (n, {classes})")
    labels = y.ravel()
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.floor(labels)):
        broken = labels[labels != np.floor(labels)][0]
        raise ValueError(f"{name} holds {broken:g}; class labels must be integers from 0")
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        raise ValueError(f"{name} holds the label {labels[outside][0]:g}; the network has {classes} outputs, so labels "
                         f"must be from 0 to {classes - 1}")
    return np.eye(classes)[labels.astype(np.int64)]
