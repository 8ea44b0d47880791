"""Batch normalisation gives each channel mean 0 and variance 1 over the batch, then applies a learned scale and shift.

Training uses the batch's mean and variance and updates moving averages of them. Evaluation uses the averages, so that
the prediction for a row does not depend on the rest of the batch.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import bias_grad
from scratchtune.network.sums import column_sums, column_sums_of_products


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
def normalise_grad(variance, gamma, epsilon, dy, dx):
    """Gradient with respect to x for a given mean and variance: dy, scaled.

    Formula [normalise_grad]
        dₙⱼ = γⱼ / √(vⱼ + ε) · gₙⱼ
    Gradient of
        [normalise] in x
    Where
        v: variance, (j,), >= 0
        γ: gamma, (j,), real, the scale
        ε: epsilon, scalar, > 0; sampled in [0.001, 1]
        g: dy, (n, j), real, dJ/dy
        d: dx, (n, j), written
    Source
        Calculus.
    """
    scale = np.empty(variance.size, dy.dtype)
    for j in range(variance.size):
        scale[j] = gamma[j] / np.sqrt(variance[j] + epsilon)
    for n in range(dy.shape[0]):
        for j in range(variance.size):
            dx[n, j] = scale[j] * dy[n, j]


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


CHANNELS, HAS_GAMMA, HAS_BETA = range(3)  # of a kernel's integers
MOMENTUM, EPSILON = range(2)  # of its reals


@jit.called
def _scale_and_shift(integers, theta, channels):
    """gamma and beta; ones and zeros if the layer has none."""
    gamma, beta = np.ones(channels, theta.dtype), np.zeros(channels, theta.dtype)
    if integers[HAS_GAMMA]:
        copy_to(theta[:channels], gamma)
    if integers[HAS_BETA]:
        copy_to(theta[integers[HAS_GAMMA] * channels :], beta)
    return gamma, beta


@jit.forward
def batch_normalization_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y from the batch's mean and variance, which ``work`` keeps, or in evaluation mode from those in ``state``.

    Both hold the means, then the variances. Training updates ``state``, the moving averages.
    """
    channels, momentum, epsilon = integers[CHANNELS], reals[MOMENTUM], reals[EPSILON]
    rows, out = x.reshape((x.size // channels, channels)), y.reshape((x.size // channels, channels))
    gamma, beta = _scale_and_shift(integers, theta, channels)
    if training:
        mean, variance = work[:channels], work[channels : 2 * channels]
        batch_normalization(rows, gamma, beta, epsilon, mean, variance, out)
        for j in range(2 * channels):
            state[j] = moving_average(state[j], work[j], momentum)
    else:
        normalise(rows, state[:channels], state[channels:], gamma, beta, epsilon, out)


@jit.backward
def batch_normalization_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dgamma and dbeta, as far as the layer has them, and dx; in training the batch's moments depend on x too."""
    channels, epsilon = integers[CHANNELS], reals[EPSILON]
    rows, out_grad = x.reshape((x.size // channels, channels)), dy.reshape((x.size // channels, channels))
    gamma, beta = _scale_and_shift(integers, theta, channels)
    moments = work if training else state
    mean, variance = moments[:channels], moments[channels : 2 * channels]
    if integers[HAS_GAMMA]:
        scale_grad(rows, mean, variance, epsilon, out_grad, dtheta[:channels])
    if integers[HAS_BETA]:
        bias_grad(out_grad, dtheta[integers[HAS_GAMMA] * channels :])
    if dx.size > 0:
        row_grad = dx.reshape((x.size // channels, channels))
        if training:
            batch_normalization_grad(rows, mean, variance, gamma, epsilon, out_grad, row_grad)
        else:
            normalise_grad(variance, gamma, epsilon, out_grad, row_grad)


class BatchNormalization(Layer):
    """Normalises each channel (the last axis) over the batch; arguments have Keras's names and defaults.

    The moving averages are not part of theta; `Sequential.get_weights` lists them last. A batch with a single value for
    each channel has variance 0; the output is then the shift.
    """

    forward, backward = batch_normalization_forward, batch_normalization_backward

    def __init__(
        self, momentum: float = 0.99, epsilon: float = 0.001, center: bool = True, scale: bool = True,
    ) -> None:
        self.momentum = checks.real("momentum", momentum, 0.0, 1.0)
        self.epsilon = checks.real("epsilon", epsilon, 0.0, open_low=True)
        self.center, self.scale = checks.boolean("center", center), checks.boolean("scale", scale)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows of any shape, whose last axis is the channels; add gamma and beta, a number for each channel."""
        self.channels = input_shape[-1]
        if self.scale:
            self.add_weight("gamma", (self.channels,), "ones")
        if self.center:
            self.add_weight("beta", (self.channels,), "zeros", is_bias=True)
        return input_shape

    def integers(self) -> list[int]:
        """The number of channels, and whether the layer has gamma and beta."""
        return [self.channels, int(self.scale), int(self.center)]

    def reals(self) -> list[float]:
        """Momentum of the moving averages, and epsilon."""
        return [self.momentum, self.epsilon]

    def work_size(self, rows: int) -> int:
        """The batch's means and variances."""
        return 2 * self.channels

    def state(self) -> list[float]:
        """Moving averages of the means, at first 0, then of the variances, at first 1."""
        return [0.0] * self.channels + [1.0] * self.channels

    def state_shapes(self) -> list[tuple[int, ...]]:
        """The means and the variances, (channels,) each."""
        return [(self.channels,), (self.channels,)]
