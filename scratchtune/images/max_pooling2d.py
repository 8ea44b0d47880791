"""Max pooling computes the maximum of each window: whether a feature is present is kept, its exact position is not.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.images.images import Pooling


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


@jit.forward
def max_pooling2d_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y (rows, columns, channels) is the maximum of each window of x; ``integers`` as `Pooling.integers`."""
    height, width, channels, rows, columns = integers[:5]
    window_rows, window_columns, stride_rows, stride_columns, pad_top, pad_left = integers[5:]
    images, out = x.reshape((x.shape[0], height, width, channels)), y.reshape((y.shape[0], rows, columns, channels))
    for i in range(x.shape[0]):
        for m in range(rows):
            for n in range(columns):
                row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                window_maximum(images[i], row, column, window_rows, window_columns, out[i, m, n])


@jit.backward
def max_pooling2d_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is the sum of the windows' gradients: each passes dy to the pixel of its maximum."""
    height, width, channels, rows, columns = integers[:5]
    window_rows, window_columns, stride_rows, stride_columns, pad_top, pad_left = integers[5:]
    if dx.size > 0:
        form = (x.shape[0], height, width, channels)
        images, image_grad = x.reshape(form), dx.reshape(form)
        out_grad = dy.reshape((x.shape[0], rows, columns, channels))
        scratch = np.empty((2, channels), x.dtype)
        dx[:] = 0.0
        for i in range(x.shape[0]):
            for m in range(rows):
                for n in range(columns):
                    row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                    window_maximum_grad(
                        images[i], row, column, window_rows, window_columns, out_grad[i, m, n], scratch, image_grad[i])


class MaxPooling2D(Pooling):
    """The maximum of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = max_pooling2d_forward, max_pooling2d_backward
