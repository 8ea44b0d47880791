"""Normalisation gives numbers mean 0 and variance 1, then applies a learned scale and shift.

Batch normalisation does so with each channel over the batch. Evaluation uses moving averages of the batches' means and
variances, so that the prediction for a row does not depend on the rest of the batch. Layer normalisation does so with
the features of each row, or of each step of a sequence, in training and in evaluation.

Implements sections 6.1 and 6.2 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import column_sums, column_sums_of_products
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import bias_grad

# Over the batch -------------------------------------------------------------------------------------------------------


@jit.function_noalias
def batch_normalization(x, gamma, beta, epsilon, mean, variance, y):
    """Normalise each column by its mean and variance over the rows, then scale and shift it.

    Formula [batch_normalization]
        μⱼ = meanₙ[xₙⱼ] ; vⱼ = meanₙ[(xₙⱼ − μⱼ)²] ; yₙⱼ = γⱼ · (xₙⱼ − μⱼ) / √(vⱼ + ε) + βⱼ
    Where
        x: x, (n, j), real, a row for each pixel of each image, a column for each channel
        γ: gamma, (j,), real, the scale
        β: beta, (j,), real, the shift
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        μ: mean, (j,), written
        v: variance, (j,), written
        y: y, (n, j), written
    Variant
        The variance divides by n; so does Keras. PyTorch divides by n too, but by n − 1 for its moving average.
    Source
        Ioffe and Szegedy (2015), "Batch normalization", algorithm 1.
    """
    total, count = np.zeros(mean.size, np.float64), np.float64(x.shape[0])  # sums are taken in double precision
    column_sums(x, total)
    for j in range(mean.size):
        mean[j] = total[j] / count
    column_sums_of_products(x, mean, x, mean, total)
    for j in range(mean.size):
        variance[j] = total[j] / count
    normalise(x, mean, variance, gamma, beta, epsilon, y)


@jit.function_noalias
def normalise(x, mean, variance, gamma, beta, epsilon, y):
    """Normalise each column by a given mean and variance, then scale and shift it.

    Formula [normalise]
        yₙⱼ = γⱼ · (xₙⱼ − μⱼ) / √(vⱼ + ε) + βⱼ
    Where
        x: x, (n, j), real
        μ: mean, (j,), real
        v: variance, (j,), >= 0
        γ: gamma, (j,), real, the scale
        β: beta, (j,), real, the shift
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        y: y, (n, j), written
    Source
        Ioffe and Szegedy (2015), "Batch normalization", algorithm 2.
    """
    scale = np.empty(mean.size, x.dtype)
    for j in range(mean.size):
        scale[j] = gamma[j] / np.sqrt(variance[j] + epsilon)
    for n in range(x.shape[0]):
        for j in range(mean.size):
            y[n, j] = scale[j] * (x[n, j] - mean[j]) + beta[j]


@jit.function_noalias
def scale_grad(x, mean, variance, epsilon, dy, dgamma):
    """Gradient with respect to the scale: dy times the normalised inputs, summed over the rows.

    Formula [scale_grad]
        dⱼ = Σₙ[gₙⱼ · (xₙⱼ − μⱼ) / √(vⱼ + ε)]
    Gradient of
        [normalise] in gamma
    Where
        x: x, (n, j), real
        μ: mean, (j,), real
        v: variance, (j,), >= 0
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        g: dy, (n, j), real, dJ/dy
        d: dgamma, (j,), written
    Variant
        The same for the batch's mean and variance and for given ones: neither depends on the scale.
    Source
        Ioffe and Szegedy (2015), "Batch normalization", section 3.
    """
    total = np.zeros(mean.size, np.float64)  # sums are taken in double precision
    column_sums_of_products(x, mean, dy, np.zeros(mean.size, x.dtype), total)
    for j in range(mean.size):
        dgamma[j] = total[j] / np.sqrt(variance[j] + epsilon)


@jit.function_noalias
def batch_normalization_grad(x, mean, variance, gamma, epsilon, dy, dx):
    """Gradient with respect to x for the batch's mean and variance, which depend on x too.

    Formula [batch_normalization_grad]
        dₙⱼ = γⱼ / √(vⱼ + ε) · (gₙⱼ − meanₘ[gₘⱼ] − (xₙⱼ − μⱼ) / (vⱼ + ε) · meanₘ[gₘⱼ · (xₘⱼ − μⱼ)])
    Gradient of
        [batch_normalization] in x
    Where
        x: x, (n, j), real
        μ: mean, (j,), real, the batch's mean
        v: variance, (j,), >= 0, the batch's variance
        γ: gamma, (j,), real, the scale
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        g: dy, (n, j), real, dJ/dy
        d: dx, (n, j), written
    Source
        Ioffe and Szegedy (2015), "Batch normalization", section 3, its chain of derivatives combined.
    """
    sums, products = np.empty(mean.size, np.float64), np.empty(mean.size, np.float64)
    column_sums(dy, sums)
    column_sums_of_products(x, mean, dy, np.zeros(mean.size, x.dtype), products)
    count = np.float64(x.shape[0])
    scale, mean_dy = np.empty(mean.size, dy.dtype), np.empty(mean.size, dy.dtype)
    coefficient = np.empty(mean.size, dy.dtype)  # of x − μ
    for j in range(mean.size):
        scale[j] = gamma[j] / np.sqrt(variance[j] + epsilon)
        mean_dy[j] = sums[j] / count
        coefficient[j] = products[j] / count / (variance[j] + epsilon)
    for n in range(x.shape[0]):
        for j in range(mean.size):
            dx[n, j] = scale[j] * (dy[n, j] - mean_dy[j] - (x[n, j] - mean[j]) * coefficient[j])


@jit.function
def moving_average(average, value, momentum):
    """Update of an exponential moving average.

    Formula [moving_average]
        y = ρ · a + (1 − ρ) · b
    Where
        a: average, scalar, real
        b: value, scalar, real, the new value
        ρ: momentum, scalar, in [0, 1], the weight of the old average
    Variant
        PyTorch's momentum is 1 − ρ.
    Source
        Keras, layers.BatchNormalization.
    Example
        >>> float(moving_average(1.0, 2.0, 0.75))
        1.25
    """
    return momentum * average + (1.0 - momentum) * value


# Over the features ----------------------------------------------------------------------------------------------------


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


# The layers -----------------------------------------------------------------------------------------------------------


EPSILON, MOMENTUM = range(2)  # of a kernel's reals; its theta is gamma, then beta


@jit.function
def by_feature(features, x):
    """View a batch as a matrix, a column for each number of the last axis."""
    return x.reshape((x.size // features, features))


class Normalization(Layer):
    """What both layers have in common: gamma and beta, a scale and a shift for each index of the last axis."""

    def __init__(self, epsilon: float = 0.001) -> None:
        self.epsilon = checks.real("epsilon", epsilon, 0.0, open_low=True)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape; the weights gamma and beta are (last axis,) each."""
        self.add_weight("gamma", input_shape[-1:], "ones")
        self.add_weight("beta", input_shape[-1:], "zeros", is_bias=True)
        return input_shape

    def reals(self) -> list[float]:
        """Epsilon."""
        return [self.epsilon]


@jit.forward
def batch_normalization_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y by the batch's moments, which ``work`` keeps and which update the averages (``state``); else by these."""
    channels = theta.size // 2
    gamma, beta, rows, out = theta[:channels], theta[channels:], by_feature(channels, x), by_feature(channels, y)
    if training:
        mean, variance = work[:channels], work[channels : 2 * channels]
        batch_normalization(rows, gamma, beta, reals[EPSILON], mean, variance, out)
        for j in range(2 * channels):
            state[j] = moving_average(state[j], work[j], reals[MOMENTUM])
    else:
        normalise(rows, state[:channels], state[channels:], gamma, beta, reals[EPSILON], out)


@jit.backward
def batch_normalization_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dgamma, dbeta and dx; in training the batch's moments depend on x too, in evaluation dx is dy, scaled."""
    channels, moments = theta.size // 2, work if training else state
    gamma, rows, out_grad = theta[:channels], by_feature(channels, x), by_feature(channels, dy)
    mean, variance = moments[:channels], moments[channels : 2 * channels]
    scale_grad(rows, mean, variance, reals[EPSILON], out_grad, dtheta[:channels])
    bias_grad(out_grad, dtheta[channels:])
    if dx.size > 0 and training:
        batch_normalization_grad(rows, mean, variance, gamma, reals[EPSILON], out_grad, by_feature(channels, dx))
    elif dx.size > 0:
        zeros = np.zeros(channels, x.dtype)
        normalise(out_grad, zeros, variance, gamma, zeros, reals[EPSILON], by_feature(channels, dx))


class BatchNormalization(Normalization):
    """Normalises each channel (the last axis) over the batch; arguments have Keras's names and defaults.

    The moving averages are not part of theta; `Sequential.get_weights` lists them last. A batch with a single value for
    each channel has variance 0; the output is then the shift.
    """

    forward, backward = batch_normalization_forward, batch_normalization_backward

    def __init__(self, momentum: float = 0.99, epsilon: float = 0.001) -> None:
        super().__init__(epsilon)
        self.momentum = checks.real("momentum", momentum, 0.0, 1.0)

    def reals(self) -> list[float]:
        """Epsilon, and the momentum of the moving averages."""
        return [self.epsilon, self.momentum]

    def work_size(self, rows: int) -> int:
        """The batch's means and variances."""
        return 2 * self.input_shape[-1]

    def state(self) -> list[float]:
        """Moving averages of the means, at first 0, then of the variances, at first 1."""
        return [0.0] * self.input_shape[-1] + [1.0] * self.input_shape[-1]

    def state_shapes(self) -> list[tuple[int, ...]]:
        """The means and the variances, (channels,) each."""
        return [self.input_shape[-1:]] * 2

    def check_state(self, state: np.ndarray) -> None:
        """Raise a ValueError for a variance below 0."""
        smallest = state[self.input_shape[-1] :].min()
        if smallest < 0.0:
            raise ValueError(f"a moving variance is {smallest:g}; it must be at least 0")


@jit.forward
def layer_normalization_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y, each step normalised; ``work`` keeps the means, then the variances, for the backward pass."""
    features = theta.size // 2
    count = x.size // features
    layer_normalization(by_feature(features, x), theta[:features], theta[features:], reals[EPSILON], work[:count],
                        work[count : 2 * count], by_feature(features, y))


@jit.backward
def layer_normalization_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dgamma, dbeta and dx."""
    features = theta.size // 2
    count, rows, out_grad = x.size // features, by_feature(features, x), by_feature(features, dy)
    mean, variance = work[:count], work[count : 2 * count]
    layer_normalization_scale_grad(rows, mean, variance, reals[EPSILON], out_grad, dtheta[:features])
    bias_grad(out_grad, dtheta[features:])
    if dx.size > 0:
        layer_normalization_grad(
            rows, mean, variance, theta[:features], reals[EPSILON], out_grad, by_feature(features, dx))


class LayerNormalization(Normalization):
    """Normalises the last axis of each row, such as each step of a sequence; ``epsilon`` has Keras's default.

    Rows are (features,) or have more axes, such as (length, features). Weights are gamma (features,) and beta
    (features,), a scale and a shift for each feature. Keras's ``axis`` is -1 here.
    """

    forward, backward = layer_normalization_forward, layer_normalization_backward

    def work_size(self, rows: int) -> int:
        """The mean and the variance of each step of each row."""
        return 2 * math.prod(self.input_shape[:-1]) * rows
