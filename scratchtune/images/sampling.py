"""Resampling of an image at fractional coordinates: each new pixel is interpolated between four old ones.

`RandomTranslation` and `RandomRotation` differ only in the source coordinates; this module has the rest. Six numbers
define an affine map: the new pixel (m, n) comes from row f₀ + f₁ · m + f₂ · n and column f₃ + f₄ · m + f₅ · n.

Implements section 6.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks, jit
from scratchtune.images.images import image_shape
from scratchtune.network.copying import copy_to
from scratchtune.network.layers.base import Layer

OUTSIDE = -1  # the index of a pixel outside the image
FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")
_CONSTANT, _NEAREST, _REFLECT = (FILL_MODES.index(mode) for mode in ("constant", "nearest", "reflect"))


@jit.function
def uniform_between(low, high, u):
    """A uniform random number between two limits, from one in [0, 1).

    Formula [uniform_between]
        y = a + (b − a) · u
    Where
        a: low, scalar, real
        b: high, scalar, real
        u: u, scalar, in [0, 1), a uniform random number
    Source
        Probability theory.
    Example
        >>> float(uniform_between(-1.0, 3.0, 0.5))
        1.0
    """
    return low + (high - low) * u


@jit.function
def nearest_index(i, n):
    """The index in the image that is nearest to an index outside: fill_mode "nearest", a a a | a b c | c c c.

    Formula [nearest_index]
        y = max(0, min(i, n − 1))
    Where
        i: i, scalar, integer; sampled in [-9, 9], an index, inside or outside
        n: n, scalar, integer >= 1; sampled in [1, 5], pixels
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [nearest_index(i, 3) for i in (-1, 1, 4)]
        [0, 1, 2]
    """
    return max(0, min(i, n - 1))


@jit.function
def wrapped_index(i, n):
    """The index in an image that repeats periodically: fill_mode "wrap", a b c | a b c | a b c.

    Formula [wrapped_index]
        y = i − n · floor(i / n)
    Where
        i: i, scalar, integer; sampled in [-9, 9], an index, inside or outside
        n: n, scalar, integer >= 1; sampled in [1, 5], pixels
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [wrapped_index(i, 3) for i in (-1, 1, 4)]
        [2, 1, 1]
    """
    return i - n * (i // n)


@jit.function
def reflected_index(i, n):
    """The index in an image that is mirrored at its edges: fill_mode "reflect", c b a | a b c | c b a.

    Formula [reflected_index]
        w = i − 2 · n · floor(i / (2 · n)) ; y = min(w, 2 · n − 1 − w)
    Where
        i: i, scalar, integer; sampled in [-9, 9], an index, inside or outside
        n: n, scalar, integer >= 1; sampled in [1, 5], pixels
    Variant
        NumPy's pad calls this "symmetric"; its "reflect" does not repeat the edge.
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [reflected_index(i, 3) for i in (-1, 1, 4)]
        [0, 1, 1]
    """
    w = wrapped_index(i, 2 * n)
    return min(w, 2 * n - 1 - w)


@jit.function
def source_index(i, n, mode):
    """Return the index in [0, n) of the pixel that index i stands for in a fill mode; `OUTSIDE` if there is none."""
    if i >= 0 and i < n:
        return i
    if mode == _CONSTANT:
        return OUTSIDE
    if mode == _NEAREST:
        return nearest_index(i, n)
    return reflected_index(i, n) if mode == _REFLECT else wrapped_index(i, n)


@jit.function
def bilinear(p, q, r, s, a, b):
    """Bilinear interpolation between four neighbouring pixels: first horizontally, then vertically.

    Formula [bilinear]
        y = (1 − a) · ((1 − b) · p + b · q) + a · ((1 − b) · r + b · s)
    Where
        p: p, scalar, real, the upper left pixel
        q: q, scalar, real, the upper right one
        r: r, scalar, real, the lower left one
        s: s, scalar, real, the lower right one
        a: a, scalar, in [0, 1], the vertical distance from the upper two
        b: b, scalar, in [0, 1], the horizontal distance from the left two
    Source
        Press et al. (2007), "Numerical Recipes", section 3.6.1.
    Example
        >>> float(bilinear(0.0, 1.0, 2.0, 3.0, 0.5, 0.25))
        1.25
    """
    return (1.0 - a) * ((1.0 - b) * p + b * q) + a * ((1.0 - b) * r + b * s)


@jit.function
def bilinear_grad(a, b):
    """Gradient of `bilinear` with respect to the upper left pixel: its weight. The others have 1 − a, 1 − b or both.

    Formula [bilinear_grad]
        d = (1 − a) · (1 − b)
    Gradient of
        [bilinear] in p
    Where
        a: a, scalar, in [0, 1], the vertical distance from the upper two
        b: b, scalar, in [0, 1], the horizontal distance from the left two
    Source
        Calculus.
    """
    return (1.0 - a) * (1.0 - b)


@jit.function
def pixel(x, row, column, e, fill):
    """One entry of an image; ``fill`` if row or column is `OUTSIDE`."""
    return x[row, column, e] if row >= 0 and column >= 0 else fill


@jit.function
def bilinear_corners(f, m, n, height, width, mode, is_bilinear):
    """Return the two rows and the two columns around the source of the new pixel (m, n), and two distances.

    These are the vertical distance from the upper row and the horizontal distance from the left column.
    """
    row, column = f[0] + f[1] * m + f[2] * n, f[3] + f[4] * m + f[5] * n
    if not is_bilinear:
        row, column = np.floor(row + 0.5), np.floor(column + 0.5)  # at integer coordinates one pixel has weight 1
    upper, left = int(np.floor(row)), int(np.floor(column))
    return (source_index(upper, height, mode), source_index(upper + 1, height, mode),
            source_index(left, width, mode), source_index(left + 1, width, mode), row - upper, column - left)


@jit.function_noalias
def sample(x, f, mode, is_bilinear, fill, y):
    """Compute the resampled image ``y`` (h, v, e) from ``x`` (h, v, e)."""
    height, width, channels = x.shape
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode, is_bilinear)
            vertical, horizontal = x.dtype.type(a), x.dtype.type(b)  # so that float32 stays float32
            for e in range(channels):
                y[m, n, e] = bilinear(
                    pixel(x, upper, left, e, fill), pixel(x, upper, right, e, fill),
                    pixel(x, lower, left, e, fill), pixel(x, lower, right, e, fill), vertical, horizontal)


@jit.function_noalias
def sample_grad(f, mode, is_bilinear, dy, dx):
    """Backward pass of `sample`: compute the gradient ``dx`` (h, v, e) of the image from ``dy`` of the resampled image.

    Each pixel of ``dy`` is added to its four source pixels, times their weights in the interpolation. The weight of a
    source pixel depends on its vertical and its horizontal distance from the source coordinates.
    """
    height, width, channels = dx.shape
    dx[:] = 0.0
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode, is_bilinear)
            for row, vertical in ((upper, a), (lower, 1.0 - a)):
                for column, horizontal in ((left, b), (right, 1.0 - b)):
                    if row >= 0 and column >= 0:  # a pixel outside has no gradient
                        weight = dx.dtype.type(bilinear_grad(vertical, horizontal))  # so that float32 stays float32
                        for e in range(channels):
                            dx[row, column, e] += weight * dy[m, n, e]


# The layers -----------------------------------------------------------------------------------------------------------


HEIGHT, WIDTH, CHANNELS, FILL_MODE, INTERPOLATION, NEEDS_INPUT_GRAD = range(6)  # of a kernel's integers


def resampling_kernels(draw_map: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the two kernels of a layer that resamples each image by a random affine map of its own.

    ``draw_map(integers, reals, i, key)`` returns the six numbers of image i's map. ``integers`` and ``reals`` are those
    of `Resampling`.
    """

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        if training:
            images = x.reshape((x.shape[0], integers[HEIGHT], integers[WIDTH], integers[CHANNELS]))
            resampled = y.reshape(images.shape)
            for i in range(x.shape[0]):
                f = draw_map(integers, reals, i, key)
                sample(images[i], f, integers[FILL_MODE], integers[INTERPOLATION], reals[reals.size - 1], resampled[i])
        else:
            copy_to(x, y)

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        """The same key draws the same maps as in the forward pass."""
        if dx.size > 0 and training and integers[NEEDS_INPUT_GRAD]:
            resampled_grad = dy.reshape((x.shape[0], integers[HEIGHT], integers[WIDTH], integers[CHANNELS]))
            image_grad = dx.reshape(resampled_grad.shape)
            for i in range(x.shape[0]):
                f = draw_map(integers, reals, i, key)
                sample_grad(f, integers[FILL_MODE], integers[INTERPOLATION], resampled_grad[i], image_grad[i])
        elif dx.size > 0 and integers[NEEDS_INPUT_GRAD]:
            copy_to(dy, dx)

    return forward, backward


class Resampling(Layer):
    """Base class of the layers that resample images in training; a subclass sets the kernels and the limits.

    ``fill_mode`` fills beyond the edges: "reflect" (c b a | a b c | c b a), "nearest" (a a a | a b c | c c c),
    "wrap" (a b c | a b c | a b c) or "constant" (``fill_value``). ``interpolation`` is "bilinear" or "nearest".
    """

    def __init__(self, bounds: Sequence[float], fill_mode: str, interpolation: str, fill_value: float) -> None:
        self._bounds = bounds
        mode = FILL_MODES.index(checks.choice("fill_mode", fill_mode, FILL_MODES))
        is_bilinear = INTERPOLATIONS.index(checks.choice("interpolation", interpolation, INTERPOLATIONS))
        self._modes, self._fill = (mode, is_bilinear), checks.real("fill_value", fill_value)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels), the outputs too."""
        self._image = image_shape(type(self).__name__, input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """Height, width, channels, fill mode, interpolation, and whether a layer below has weights (dx is needed)."""
        return [*self._image, *self._modes, int(self.needs_input_grad)]

    def reals(self) -> list[float]:
        """The limits of each random amount, then the fill value."""
        return [*self._bounds, self._fill]


def limits(name: str, factor: Any, low: float, high: float) -> tuple[float, float]:
    """Return the limits of a random amount: (-factor, factor), or a given pair."""
    if isinstance(factor, (tuple, list)):
        if len(factor) != 2:
            raise ValueError(f"{name} is {factor!r}; it must be a number, or two, (lower, upper)")
        bounds = checks.real(name, factor[0], low, high), checks.real(name, factor[1], low, high)
        if bounds[0] > bounds[1]:
            raise ValueError(f"{name} is {factor!r}; the lower limit must not be above the upper one")
        return bounds
    bound = checks.real(name, factor, 0.0, high)
    return -bound, bound
