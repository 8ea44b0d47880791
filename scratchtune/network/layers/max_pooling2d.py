"""Max pooling keeps the largest number of each window: whether a feature is there counts, not where exactly."""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.network.layers.images import Pooling


@jit.function_of_separate_arrays
def window_maximum(x, a, c, k, j, y):
    """The largest number of a window of an image, in each channel; the part of it outside the image does not count.

    Formula [window_maximum]
        yₑ = maxₕᵥ[xₕᵥₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else x[max(a, 0), max(c, 0), e]]
    Where
        x: x, (h, v, e), real, an image
        a: a, scalar, integer in [-1, 0], the first row of the window
        c: c, scalar, integer in [-1, 0], its first column
        k: k, scalar, integer in [2, 4], its rows
        j: j, scalar, integer in [2, 4], its columns
        y: y, (e,), written
    Source
        Keras, layers.MaxPooling2D; Riesenhuber, Poggio (1999), "Hierarchical models of object recognition in cortex".
    """
    for e in range(y.size):
        y[e] = x[max(a, 0), max(c, 0), e]
    for h in range(max(a, 0), min(a + k, x.shape[0])):
        for v in range(max(c, 0), min(c + j, x.shape[1])):
            for e in range(y.size):
                y[e] = y[e] if y[e] >= x[h, v, e] else x[h, v, e]


@jit.function_of_separate_arrays
def window_maximum_grad(x, a, c, k, j, dy, top, rest, dx):
    """Gradient in the image: what arrives goes to where the largest number stands, the first of equal ones.

    In the formula, p is that place, counted row by row.

    Formula [window_maximum_grad]
        iₕᵥ = (h >= a) · (h < a + k) · (v >= c) · (v < c + j) ;
            yₑ = maxₕᵥ[xₕᵥₑ if iₕᵥ = 1 else x[max(a, 0), max(c, 0), e]] ;
            pₑ = minₕᵥ[h · #v + v if iₕᵥ · (xₕᵥₑ = yₑ) = 1 else #h · #v] ;
            d'ₕᵥₑ = dₕᵥₑ + (gₑ if h · #v + v = pₑ else 0)
    Gradient of
        [window_maximum] in x
    Where
        x: x, (h, v, e), real, an image
        a: a, scalar, integer in [-1, 0], the first row of the window
        c: c, scalar, integer in [-1, 0], its first column
        k: k, scalar, integer in [2, 4], its rows
        j: j, scalar, integer in [2, 4], its columns
        g: dy, (e,), real, dJ/dy
        y: top, (e,), scratch, the largest numbers
        r: rest, (e,), scratch, what is still to be given away: nothing, once the first of equal ones has got it
        d: dx, (h, v, e), real, dJ/dx so far: windows may overlap
    Source
        Keras and PyTorch.
    """
    window_maximum(x, a, c, k, j, top)
    for e in range(dy.size):
        rest[e] = dy[e]
    for h in range(max(a, 0), min(a + k, x.shape[0])):
        for v in range(max(c, 0), min(c + j, x.shape[1])):
            for e in range(dy.size):
                given = rest[e] if x[h, v, e] == top[e] else 0.0
                dx[h, v, e] += given
                rest[e] -= given


@jit.forward
def max_pooling2d_forward(shape, settings, theta, state, x, y, work, training, step, key):
    height, width, channels, rows, columns, k, j, s, r, t, q = shape
    images, out = x.reshape((x.shape[0], height, width, channels)), y.reshape((y.shape[0], rows, columns, channels))
    for i in range(x.shape[0]):
        for m in range(rows):
            for n in range(columns):
                window_maximum(images[i], s * m - t, r * n - q, k, j, out[i, m, n])


@jit.backward
def max_pooling2d_backward(shape, settings, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    height, width, channels, rows, columns, k, j, s, r, t, q = shape
    if dx.size > 0:
        form = (x.shape[0], height, width, channels)
        images, slopes, spread = x.reshape(form), dy.reshape((x.shape[0], rows, columns, channels)), dx.reshape(form)
        top, rest = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
        dx[:] = 0.0
        for i in range(x.shape[0]):
            for m in range(rows):
                for n in range(columns):
                    window_maximum_grad(
                        images[i], s * m - t, r * n - q, k, j, slopes[i, m, n], top, rest, spread[i])


class MaxPooling2D(Pooling):
    """The largest number of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = max_pooling2d_forward, max_pooling2d_backward
