"""Pooling reduces each window of an image to one pixel: its maximum, or its mean.

The maximum keeps whether a feature is present, and not its exact position. A window may extend beyond the image; only
the pixels inside count.

Implements section 6.1 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.layers.base import Layer
from scratchtune.images.images import PADDINGS, image_shape, sizes, windows_and_zeros

# The maximum ----------------------------------------------------------------------------------------------------------


@jit.function_noalias
def window_maximum(x, first_row, first_column, window_rows, window_columns, y):
    """The maximum of a window of an image, in each channel; the part of the window outside the image is ignored.

    Formula [window_maximum]
        yₑ = maxₕᵥ[xₕᵥₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else x[max(a, 0), max(c, 0), e]]
    Where
        x: x, (h, v, e), real, an image
        a: first_row, scalar, integer; sampled in [-1, 0], the first row of the window
        c: first_column, scalar, integer; sampled in [-1, 0], its first column
        k: window_rows, scalar, integer >= 1; sampled in [2, 4], its rows
        j: window_columns, scalar, integer >= 1; sampled in [2, 4], its columns
        y: y, (e,), written
    Source
        Keras, layers.MaxPooling2D; Riesenhuber, Poggio (1999), "Hierarchical models of object recognition in cortex".
    """
    for e in range(y.size):
        y[e] = x[max(first_row, 0), max(first_column, 0), e]
    for h in range(max(first_row, 0), min(first_row + window_rows, x.shape[0])):
        for v in range(max(first_column, 0), min(first_column + window_columns, x.shape[1])):
            for e in range(y.size):
                y[e] = y[e] if y[e] >= x[h, v, e] else x[h, v, e]


@jit.function_noalias
def window_maximum_grad(x, first_row, first_column, window_rows, window_columns, dy, scratch, dx):
    """Gradient with respect to the image: dy is routed to the pixel of the maximum, the first one in case of ties.

    In the formula, p is the index of that pixel, counted row by row.

    Formula [window_maximum_grad]
        iₕᵥ = (h >= a) · (h < a + k) · (v >= c) · (v < c + j) ;
            yₑ = maxₕᵥ[xₕᵥₑ if iₕᵥ = 1 else x[max(a, 0), max(c, 0), e]] ;
            pₑ = minₕᵥ[h · #v + v if iₕᵥ · (xₕᵥₑ = yₑ) = 1 else #h · #v] ;
            d'ₕᵥₑ = dₕᵥₑ + (gₑ if h · #v + v = pₑ else 0)
    Gradient of
        [window_maximum] in x
    Where
        x: x, (h, v, e), real, an image
        a: first_row, scalar, integer; sampled in [-1, 0], the first row of the window
        c: first_column, scalar, integer; sampled in [-1, 0], its first column
        k: window_rows, scalar, integer >= 1; sampled in [2, 4], its rows
        j: window_columns, scalar, integer >= 1; sampled in [2, 4], its columns
        g: dy, (e,), real, dJ/dy
        s: scratch, (2, e), scratch, the maxima, and the part of dy that is not routed yet
        d: dx, (h, v, e), real, dJ/dx so far: windows may overlap
    Source
        Keras and PyTorch.
    """
    top, remaining = scratch[0], scratch[1]
    window_maximum(x, first_row, first_column, window_rows, window_columns, top)
    for e in range(dy.size):
        remaining[e] = dy[e]
    for h in range(max(first_row, 0), min(first_row + window_rows, x.shape[0])):
        for v in range(max(first_column, 0), min(first_column + window_columns, x.shape[1])):
            for e in range(dy.size):
                routed = remaining[e] if x[h, v, e] == top[e] else 0.0
                dx[h, v, e] += routed
                remaining[e] -= routed  # 0 after the first maximum


# The mean -------------------------------------------------------------------------------------------------------------


@jit.function
def window_share(first_row, first_column, window_rows, window_columns, height, width):
    """The weight of each pixel in the mean of a window; the part of the window outside the image is ignored.

    Formula [window_share]
        y = 1 / ((min(a + k, h) − max(a, 0)) · (min(c + j, v) − max(c, 0)))
    Where
        a: first_row, scalar, integer; sampled in [-1, 3], the first row of the window
        c: first_column, scalar, integer; sampled in [-1, 3], its first column
        k: window_rows, scalar, integer >= 1; sampled in [2, 4], its rows
        j: window_columns, scalar, integer >= 1; sampled in [2, 4], its columns
        h: height, scalar, integer >= 1; sampled in [4, 9], the image's rows
        v: width, scalar, integer >= 1; sampled in [4, 9], its columns
    Variant
        PyTorch counts its padding as zeros; Keras does as here.
    Source
        Keras, layers.AveragePooling2D.
    Example
        >>> window_share(0, 0, 2, 2, 5, 5), window_share(-1, 0, 2, 2, 5, 5)
        (0.25, 0.5)
    """
    rows = min(first_row + window_rows, height) - max(first_row, 0)
    columns = min(first_column + window_columns, width) - max(first_column, 0)
    return 1.0 / (rows * columns)


@jit.function_noalias
def window_mean(x, first_row, first_column, window_rows, window_columns, y):
    """The mean of a window of an image, in each channel; the part of the window outside the image is ignored.

    Formula [window_mean]
        s = 1 / ((min(a + k, #h) − max(a, 0)) · (min(c + j, #v) − max(c, 0))) ;
            yₑ = s · Σₕᵥ[xₕᵥₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else 0]
    Where
        x: x, (h, v, e), real, an image
        a: first_row, scalar, integer; sampled in [-1, 0], the first row of the window
        c: first_column, scalar, integer; sampled in [-1, 0], its first column
        k: window_rows, scalar, integer >= 1; sampled in [2, 4], its rows
        j: window_columns, scalar, integer >= 1; sampled in [2, 4], its columns
        y: y, (e,), written
    Source
        Keras, layers.AveragePooling2D; LeCun et al. (1998), "Gradient-based learning applied to document recognition".
    """
    share = window_share(first_row, first_column, window_rows, window_columns, x.shape[0], x.shape[1])
    share = x.dtype.type(share)  # so that float32 stays float32
    for e in range(y.size):
        y[e] = 0.0
    for h in range(max(first_row, 0), min(first_row + window_rows, x.shape[0])):
        for v in range(max(first_column, 0), min(first_column + window_columns, x.shape[1])):
            for e in range(y.size):
                y[e] += share * x[h, v, e]


@jit.function_noalias
def window_mean_grad(first_row, first_column, window_rows, window_columns, dy, dx):
    """Gradient with respect to the image: each pixel of the window gets an equal share of dy.

    Formula [window_mean_grad]
        s = 1 / ((min(a + k, #h) − max(a, 0)) · (min(c + j, #v) − max(c, 0))) ;
            d'ₕᵥₑ = dₕᵥₑ + (s · gₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else 0)
    Gradient of
        [window_mean] in x
    Where
        a: first_row, scalar, integer; sampled in [-1, 0], the first row of the window
        c: first_column, scalar, integer; sampled in [-1, 0], its first column
        k: window_rows, scalar, integer >= 1; sampled in [2, 4], its rows
        j: window_columns, scalar, integer >= 1; sampled in [2, 4], its columns
        g: dy, (e,), real, dJ/dy
        d: dx, (h, v, e), real, dJ/dx so far: windows may overlap
    Source
        Calculus.
    """
    share = window_share(first_row, first_column, window_rows, window_columns, dx.shape[0], dx.shape[1])
    share = dx.dtype.type(share)  # so that float32 stays float32
    for h in range(max(first_row, 0), min(first_row + window_rows, dx.shape[0])):
        for v in range(max(first_column, 0), min(first_column + window_columns, dx.shape[1])):
            for e in range(dy.size):
                dx[h, v, e] += share * dy[e]


@jit.inlined
def window_mean_grad_of(x, first_row, first_column, window_rows, window_columns, dy, scratch, dx):
    """`window_mean_grad` with the arguments of `window_maximum_grad`, so that `pooling_kernels` can call either."""
    window_mean_grad(first_row, first_column, window_rows, window_columns, dy, dx)


# The layers -----------------------------------------------------------------------------------------------------------


def pooling_kernels(reduce: Any, reduce_grad: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a layer from the function of a window and its gradient; see `Pooling.integers`."""

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        height, width, channels, rows, columns, k, j, stride_rows, stride_columns, pad_top, pad_left = integers
        images, out = x.reshape((x.shape[0], height, width, channels)), y.reshape((y.shape[0], rows, columns, channels))
        for i in range(x.shape[0]):
            for m in range(rows):
                for n in range(columns):
                    row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                    reduce(images[i], row, column, k, j, out[i, m, n])

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        """dx is the sum of the gradients of all windows."""
        height, width, channels, rows, columns, k, j, stride_rows, stride_columns, pad_top, pad_left = integers
        if dx.size > 0:
            form = (x.shape[0], height, width, channels)
            images, image_grad = x.reshape(form), dx.reshape(form)
            out_grad, scratch = dy.reshape((x.shape[0], rows, columns, channels)), np.empty((2, channels), x.dtype)
            dx[:] = 0.0
            for i in range(x.shape[0]):
                for m in range(rows):
                    for n in range(columns):
                        row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                        reduce_grad(images[i], row, column, k, j, out_grad[i, m, n], scratch, image_grad[i])

    return forward, backward


class Pooling(Layer):
    """Base class of the layers that reduce each window to one pixel; a subclass sets the two kernels.

    ``pool_size`` and ``strides`` are integers or pairs, (rows, columns); the default ``strides`` is ``pool_size``. With
    ``padding`` "same" windows may extend beyond the image, and only the pixels inside count.
    """

    def __init__(
        self, pool_size: int | tuple[int, int] = 2, strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
    ) -> None:
        self.pool_size = sizes("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else sizes("strides", strides)
        self.padding = checks.choice("padding", padding, PADDINGS)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels); the outputs are (rows, columns, channels)."""
        image = image_shape(type(self).__name__, input_shape)
        counts, zeros = windows_and_zeros(
            type(self).__name__, image[:2], self.pool_size, self.strides, self.padding)
        self._numbers = [*image, *counts, *self.pool_size, *self.strides, *zeros]
        return (*counts, image[2])

    def integers(self) -> list[int]:
        """Height, width, channels; rows and columns of outputs, of windows, of strides; zeros above and to the left."""
        return self._numbers


class MaxPooling2D(Pooling):
    """The maximum of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = pooling_kernels(window_maximum, window_maximum_grad)


class AveragePooling2D(Pooling):
    """The mean of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = pooling_kernels(window_mean, window_mean_grad_of)


class GlobalAveragePooling2D(AveragePooling2D):
    """The mean of each channel of images (height, width, channels): one window, as large as the image."""

    def __init__(self) -> None:
        super().__init__()

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The outputs are (channels,)."""
        self.pool_size = self.strides = tuple(input_shape[:2])
        return super().build(input_shape)[2:]
