"""Average pooling keeps the mean of each window."""

from __future__ import annotations

from scratchtune import jit
from scratchtune.network.layers.images import Pooling


@jit.function
def window_share(a, c, k, j, height, width):
    """What share each pixel has in the mean of a window, of which only the part within the image counts.

    Formula [window_share]
        y = 1 / ((min(a + k, h) − max(a, 0)) · (min(c + j, v) − max(c, 0)))
    Where
        a: a, scalar, integer in [-1, 3], the first row of the window
        c: c, scalar, integer in [-1, 3], its first column
        k: k, scalar, integer in [2, 4], its rows
        j: j, scalar, integer in [2, 4], its columns
        h: height, scalar, integer in [4, 9], the image's rows
        v: width, scalar, integer in [4, 9], its columns
    Variant
        PyTorch counts its padding as zeros; Keras does as here.
    Source
        Keras, layers.AveragePooling2D.
    Example
        >>> window_share(0, 0, 2, 2, 5, 5), window_share(-1, 0, 2, 2, 5, 5)
        (0.25, 0.5)
    """
    return 1.0 / ((min(a + k, height) - max(a, 0)) * (min(c + j, width) - max(c, 0)))


@jit.function_of_separate_arrays
def window_mean(x, a, c, k, j, y):
    """The mean of a window of an image, in each channel; the part of it outside the image does not count.

    Formula [window_mean]
        s = 1 / ((min(a + k, #h) − max(a, 0)) · (min(c + j, #v) − max(c, 0))) ;
            yₑ = s · Σₕᵥ[xₕᵥₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else 0]
    Where
        x: x, (h, v, e), real, an image
        a: a, scalar, integer in [-1, 0], the first row of the window
        c: c, scalar, integer in [-1, 0], its first column
        k: k, scalar, integer in [2, 4], its rows
        j: j, scalar, integer in [2, 4], its columns
        y: y, (e,), written
    Source
        Keras, layers.AveragePooling2D; LeCun et al. (1998), "Gradient-based learning applied to document recognition".
    """
    share = x.dtype.type(window_share(a, c, k, j, x.shape[0], x.shape[1]))
    for e in range(y.size):
        y[e] = 0.0
    for h in range(max(a, 0), min(a + k, x.shape[0])):
        for v in range(max(c, 0), min(c + j, x.shape[1])):
            for e in range(y.size):
                y[e] += share * x[h, v, e]


@jit.function_of_separate_arrays
def window_mean_grad(a, c, k, j, dy, dx):
    """Gradient in the image: what arrives is shared out equally to the pixels of the window.

    Formula [window_mean_grad]
        s = 1 / ((min(a + k, #h) − max(a, 0)) · (min(c + j, #v) − max(c, 0))) ;
            d'ₕᵥₑ = dₕᵥₑ + (s · gₑ if (h >= a) · (h < a + k) · (v >= c) · (v < c + j) = 1 else 0)
    Gradient of
        [window_mean] in x
    Where
        a: a, scalar, integer in [-1, 0], the first row of the window
        c: c, scalar, integer in [-1, 0], its first column
        k: k, scalar, integer in [2, 4], its rows
        j: j, scalar, integer in [2, 4], its columns
        g: dy, (e,), real, dJ/dy
        d: dx, (h, v, e), real, dJ/dx so far: windows may overlap
    Source
        Calculus.
    """
    share = dx.dtype.type(window_share(a, c, k, j, dx.shape[0], dx.shape[1]))
    for h in range(max(a, 0), min(a + k, dx.shape[0])):
        for v in range(max(c, 0), min(c + j, dx.shape[1])):
            for e in range(dy.size):
                dx[h, v, e] += share * dy[e]


@jit.forward
def average_pooling2d_forward(shape, settings, theta, state, x, y, work, training, step, key):
    height, width, channels, rows, columns, k, j, s, r, t, q = shape
    images, out = x.reshape((x.shape[0], height, width, channels)), y.reshape((y.shape[0], rows, columns, channels))
    for i in range(x.shape[0]):
        for m in range(rows):
            for n in range(columns):
                window_mean(images[i], s * m - t, r * n - q, k, j, out[i, m, n])


@jit.backward
def average_pooling2d_backward(shape, settings, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    height, width, channels, rows, columns, k, j, s, r, t, q = shape
    if dx.size > 0:
        slopes = dy.reshape((x.shape[0], rows, columns, channels))
        spread = dx.reshape((x.shape[0], height, width, channels))
        dx[:] = 0.0
        for i in range(x.shape[0]):
            for m in range(rows):
                for n in range(columns):
                    window_mean_grad(s * m - t, r * n - q, k, j, slopes[i, m, n], spread[i])


class AveragePooling2D(Pooling):
    """The mean of each window of images (height, width, channels), in each channel; Keras's arguments."""

    forward, backward = average_pooling2d_forward, average_pooling2d_backward
