"""Average pooling computes the mean of each window of an image.

Implements section 6.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit
from scratchtune.images.images import Pooling


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


@jit.forward
def average_pooling2d_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y (rows, columns, channels) is the mean of each window of x; ``integers`` as `Pooling.integers`."""
    height, width, channels, rows, columns = integers[:5]
    window_rows, window_columns, stride_rows, stride_columns, pad_top, pad_left = integers[5:]
    images, out = x.reshape((x.shape[0], height, width, channels)), y.reshape((y.shape[0], rows, columns, channels))
    for i in range(x.shape[0]):
        for m in range(rows):
            for n in range(columns):
                row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                window_mean(images[i], row, column, window_rows, window_columns, out[i, m, n])


@jit.backward
def average_pooling2d_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is the sum of the windows' gradients, in which each pixel has an equal share of dy."""
    height, width, channels, rows, columns = integers[:5]
    window_rows, window_columns, stride_rows, stride_columns, pad_top, pad_left = integers[5:]
    if dx.size > 0:
        out_grad = dy.reshape((x.shape[0], rows, columns, channels))
        image_grad = dx.reshape((x.shape[0], height, width, channels))
        dx[:] = 0.0
        for i in range(x.shape[0]):
            for m in range(rows):
                for n in range(columns):
                    row, column = stride_rows * m - pad_top, stride_columns * n - pad_left
                    window_mean_grad(row, column, window_rows, window_columns, out_grad[i, m, n], image_grad[i])


class AveragePooling2D(Pooling):
    """The mean of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = average_pooling2d_forward, average_pooling2d_backward
