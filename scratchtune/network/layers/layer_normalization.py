"""Layer normalisation gives the features of each row, or of each step of a sequence, mean 0 and variance 1.

Then it applies a learned scale and shift. Unlike batch normalisation it uses no other rows, so it computes the same in
training and in evaluation, and keeps no moving averages.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import bias_grad


@jit.function_noalias
def layer_normalization(x, gamma, beta, epsilon, mean, variance, y):
    """Normalise each row by its mean and variance over the features, then scale and shift each feature.

    Formula [layer_normalization]
        μₙ = meanⱼ[xₙⱼ] ; vₙ = meanⱼ[(xₙⱼ − μₙ)²] ; yₙⱼ = γⱼ · (xₙⱼ − μₙ) / √(vₙ + ε) + βⱼ
    Where
        x: x, (n, j), real, a row for each step of each sequence, a column for each feature
        γ: gamma, (j,), real, the scale
        β: beta, (j,), real, the shift
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        μ: mean, (n,), written
        v: variance, (n,), written
        y: y, (n, j), written
    Variant
        As Keras, whose ε is 0.001 by default; PyTorch's is 0.00001. Both divide the variance by the number of features.
    Source
        Ba, Kiros and Hinton (2016), "Layer normalization", equations 3 and 4.
    """
    real = x.dtype.type
    one, count, epsilon = real(1), real(x.shape[1]), real(epsilon)  # so that float32 stays float32
    for n in range(x.shape[0]):
        total = real(0)
        for j in range(x.shape[1]):
            total += x[n, j]
        mean[n] = total / count
        total = real(0)
        for j in range(x.shape[1]):
            centred = x[n, j] - mean[n]
            total += centred * centred
        variance[n] = total / count
        inverse = one / np.sqrt(variance[n] + epsilon)
        for j in range(x.shape[1]):
            y[n, j] = gamma[j] * ((x[n, j] - mean[n]) * inverse) + beta[j]


@jit.function_noalias
def layer_normalization_scale_grad(x, mean, variance, epsilon, dy, dgamma):
    """Gradient with respect to the scale: dy times the normalised features, summed over the rows.

    Formula [layer_normalization_scale_grad]
        dⱼ = Σₙ[gₙⱼ · (xₙⱼ − μₙ) / √(vₙ + ε)]
    Gradient of
        [layer_normalization] in gamma
    Where
        x: x, (n, j), real
        μ: mean, (n,), real
        v: variance, (n,), >= 0
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        g: dy, (n, j), real, dJ/dy
        d: dgamma, (j,), written
    Source
        Calculus.
    """
    one, epsilon = x.dtype.type(1), x.dtype.type(epsilon)
    dgamma[:] = 0.0
    for n in range(x.shape[0]):
        inverse = one / np.sqrt(variance[n] + epsilon)
        for j in range(x.shape[1]):
            dgamma[j] += dy[n, j] * ((x[n, j] - mean[n]) * inverse)


@jit.function_noalias
def layer_normalization_grad(x, mean, variance, gamma, epsilon, dy, dx):
    """Gradient with respect to x, on which the mean and the variance of its row depend too.

    Formula [layer_normalization_grad]
        dₙⱼ = (γⱼ · gₙⱼ − meanₖ[γₖ · gₙₖ] − (xₙⱼ − μₙ) / (vₙ + ε) · meanₖ[γₖ · gₙₖ · (xₙₖ − μₙ)]) / √(vₙ + ε)
    Gradient of
        [layer_normalization] in x
    Where
        x: x, (n, j), real
        μ: mean, (n,), real
        v: variance, (n,), >= 0
        γ: gamma, (j,), real, the scale
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        g: dy, (n, j), real, dJ/dy
        d: dx, (n, j), written
    Source
        As [batch_normalization_grad], with sums over the features instead of the rows.
    """
    real = x.dtype.type
    one, count, epsilon = real(1), real(x.shape[1]), real(epsilon)  # so that float32 stays float32
    for n in range(x.shape[0]):
        total, product = real(0), real(0)
        for j in range(x.shape[1]):
            total += gamma[j] * dy[n, j]
            product += gamma[j] * dy[n, j] * (x[n, j] - mean[n])
        inverse = one / np.sqrt(variance[n] + epsilon)
        mean_dy, coefficient = total / count, product / count * inverse * inverse
        for j in range(x.shape[1]):
            dx[n, j] = (gamma[j] * dy[n, j] - mean_dy - (x[n, j] - mean[n]) * coefficient) * inverse


FEATURES, HAS_GAMMA, HAS_BETA = range(3)  # of a kernel's integers


@jit.called
def scale_and_shift(integers, theta):
    """gamma and beta; ones and zeros if the layer has none."""
    features = integers[FEATURES]
    gamma, beta = np.ones(features, theta.dtype), np.zeros(features, theta.dtype)
    if integers[HAS_GAMMA]:
        copy_to(theta[:features], gamma)
    if integers[HAS_BETA]:
        copy_to(theta[integers[HAS_GAMMA] * features :], beta)
    return gamma, beta


@jit.forward
def layer_normalization_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y, each step normalised; ``work`` keeps the means, then the variances, for the backward pass."""
    features, count = integers[FEATURES], x.size // integers[FEATURES]
    gamma, beta = scale_and_shift(integers, theta)
    layer_normalization(
        x.reshape((count, features)), gamma, beta, reals[0], work[:count], work[count : 2 * count],
        y.reshape((count, features)))


@jit.backward
def layer_normalization_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dgamma and dbeta, as far as the layer has them, and dx."""
    features, count = integers[FEATURES], x.size // integers[FEATURES]
    rows, out_grad = x.reshape((count, features)), dy.reshape((count, features))
    mean, variance = work[:count], work[count : 2 * count]
    gamma, _ = scale_and_shift(integers, theta)
    if integers[HAS_GAMMA]:
        layer_normalization_scale_grad(rows, mean, variance, reals[0], out_grad, dtheta[:features])
    if integers[HAS_BETA]:
        bias_grad(out_grad, dtheta[integers[HAS_GAMMA] * features :])
    if dx.size > 0:
        layer_normalization_grad(rows, mean, variance, gamma, reals[0], out_grad, dx.reshape((count, features)))


class LayerNormalization(Layer):
    """Normalises the last axis of each row, such as each step of a sequence; arguments have Keras's defaults.

    Rows are (features,) or have more axes, such as (length, features). Weights are gamma (features,) and beta
    (features,), a scale and a shift for each feature. Keras's ``axis`` is -1 here.
    """

    forward, backward = layer_normalization_forward, layer_normalization_backward

    def __init__(self, epsilon: float = 0.001, center: bool = True, scale: bool = True) -> None:
        self.epsilon = checks.real("epsilon", epsilon, 0.0, open_low=True)
        self.center, self.scale = checks.boolean("center", center), checks.boolean("scale", scale)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape, whose last axis is the features; add gamma and beta."""
        self.features, self.steps = input_shape[-1], math.prod(input_shape[:-1])
        if self.scale:
            self.add_weight("gamma", (self.features,), "ones")
        if self.center:
            self.add_weight("beta", (self.features,), "zeros", is_bias=True)
        return input_shape

    def integers(self) -> list[int]:
        """The number of features, and whether the layer has gamma and beta."""
        return [self.features, int(self.scale), int(self.center)]

    def reals(self) -> list[float]:
        """Epsilon."""
        return [self.epsilon]

    def work_size(self, rows: int) -> int:
        """The mean and the variance of each step of each row."""
        return 2 * self.steps * rows
