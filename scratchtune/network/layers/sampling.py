"""An image moved by parts of a pixel: each new pixel is read between four old ones, which may lie beyond the edge.

`RandomTranslation` and `RandomRotation` differ only in where a new pixel comes from; here is what they have in common.
Six numbers say it: the new pixel (m, n) comes from the row f₀ + f₁ · m + f₂ · n, and the column f₃ + f₄ · m + f₅ · n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.images import image_shape

OUTSIDE = -1  # the place of a pixel that is not there
FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")
_CONSTANT, _NEAREST, _REFLECT = (FILL_MODES.index(mode) for mode in ("constant", "nearest", "reflect"))


@jit.function
def uniform_between(low, high, u):
    """A uniform random number between two limits, from one between 0 and 1.

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
def nearest_place(i, n):
    """The pixel in the image that is nearest to a place: fill_mode "nearest", a a a | a b c | c c c.

    Formula [nearest_place]
        y = max(0, min(i, n − 1))
    Where
        i: i, scalar, integer in [-9, 9], a place
        n: n, scalar, integer in [1, 5], pixels
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [nearest_place(i, 3) for i in (-1, 1, 4)]
        [0, 1, 2]
    """
    return max(0, min(i, n - 1))


@jit.function
def wrapped_place(i, n):
    """The pixel at a place where the image repeats itself: fill_mode "wrap", a b c | a b c | a b c.

    Formula [wrapped_place]
        y = i − n · floor(i / n)
    Where
        i: i, scalar, integer in [-9, 9], a place
        n: n, scalar, integer in [1, 5], pixels
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [wrapped_place(i, 3) for i in (-1, 1, 4)]
        [2, 1, 1]
    """
    return i - n * (i // n)


@jit.function
def reflected_place(i, n):
    """The pixel at a place where mirrors stand at the edges: fill_mode "reflect", c b a | a b c | c b a.

    Formula [reflected_place]
        w = i − 2 · n · floor(i / (2 · n)) ; y = min(w, 2 · n − 1 − w)
    Where
        i: i, scalar, integer in [-9, 9], a place
        n: n, scalar, integer in [1, 5], pixels
    Variant
        NumPy's pad calls this "symmetric"; its "reflect" does not repeat the edge.
    Source
        Keras, layers.RandomTranslation.
    Example
        >>> [reflected_place(i, 3) for i in (-1, 1, 4)]
        [0, 1, 1]
    """
    w = wrapped_place(i, 2 * n)
    return min(w, 2 * n - 1 - w)


@jit.function
def place(i, n, mode):
    """The pixel that stands for place i of n, by the number of a fill mode; `OUTSIDE` where there is none."""
    if i >= 0 and i < n:
        return i
    if mode == _CONSTANT:
        return OUTSIDE
    if mode == _NEAREST:
        return nearest_place(i, n)
    return reflected_place(i, n) if mode == _REFLECT else wrapped_place(i, n)


@jit.function
def bilinear(p, q, r, s, a, b):
    """A number between four neighbouring pixels: between the left and the right ones first, then between those.

    Formula [bilinear]
        y = (1 − a) · ((1 − b) · p + b · q) + a · ((1 − b) · r + b · s)
    Where
        p: p, scalar, real, the upper left pixel
        q: q, scalar, real, the upper right one
        r: r, scalar, real, the lower left one
        s: s, scalar, real, the lower right one
        a: a, scalar, in [0, 1], how far below the upper two the place is
        b: b, scalar, in [0, 1], how far right of the left two
    Source
        Press et al. (2007), "Numerical Recipes", section 3.6.1.
    Example
        >>> float(bilinear(0.0, 1.0, 2.0, 3.0, 0.5, 0.25))
        1.25
    """
    return (1.0 - a) * ((1.0 - b) * p + b * q) + a * ((1.0 - b) * r + b * s)


@jit.function
def bilinear_grad(a, b):
    """Gradient of `bilinear` in the upper left pixel: what that pixel weighs. For the others, mirror a, b or both.

    Formula [bilinear_grad]
        d = (1 − a) · (1 − b)
    Gradient of
        [bilinear] in p
    Where
        a: a, scalar, in [0, 1], how far below the upper two the place is
        b: b, scalar, in [0, 1], how far right of the left two
    Source
        Calculus.
    """
    return (1.0 - a) * (1.0 - b)


@jit.function
def pixel(x, row, column, e, fill):
    """One number of an image, ``fill`` where row or column is `OUTSIDE`."""
    return x[row, column, e] if row >= 0 and column >= 0 else fill


@jit.function
def bilinear_corners(f, m, n, height, width, mode, is_bilinear):
    """The two rows and two columns around where (m, n) comes from, and its distance from the first of each."""
    row, column = f[0] + f[1] * m + f[2] * n, f[3] + f[4] * m + f[5] * n
    if not is_bilinear:
        row, column = np.floor(row + 0.5), np.floor(column + 0.5)  # at integers one pixel has all the weight
    upper, left = int(np.floor(row)), int(np.floor(column))
    return (place(upper, height, mode), place(upper + 1, height, mode),
            place(left, width, mode), place(left + 1, width, mode), row - upper, column - left)


@jit.function_of_separate_arrays
def sample(x, f, mode, is_bilinear, fill, y):
    """Compute the moved image ``y`` (h, v, e) from ``x`` (h, v, e)."""
    height, width, channels = x.shape
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode, is_bilinear)
            below, beside = x.dtype.type(a), x.dtype.type(b)
            for e in range(channels):
                y[m, n, e] = bilinear(
                    pixel(x, upper, left, e, fill), pixel(x, upper, right, e, fill),
                    pixel(x, lower, left, e, fill), pixel(x, lower, right, e, fill), below, beside)


@jit.function_of_separate_arrays
def sample_grad(f, mode, is_bilinear, dy, dx):
    """Distribute ``dy`` of the moved image over the pixels it came from, by their weights, into ``dx`` (h, v, e)."""
    height, width, channels = dx.shape
    dx[:] = 0.0
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode, is_bilinear)
            for row, below in ((upper, a), (lower, 1.0 - a)):
                for column, beside in ((left, b), (right, 1.0 - b)):
                    if row >= 0 and column >= 0:
                        weight = dx.dtype.type(bilinear_grad(below, beside))
                        for e in range(channels):
                            dx[row, column, e] += weight * dy[m, n, e]


# The layers -----------------------------------------------------------------------------------------------------------


HEIGHT, WIDTH, CHANNELS, FILL_MODE, INTERPOLATION, NEEDS_INPUT_GRAD = range(6)  # of a kernel's integers


def moving(drawn: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """The two kernels of a layer that moves each image by an amount of its own.

    ``drawn(integers, reals, i, key)`` gives image i its six numbers. ``integers`` holds height, width, channels, fill
    mode, interpolation and whether dx is needed; the last of ``reals`` is the fill value.
    """

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        if training:
            images = x.reshape((x.shape[0], integers[HEIGHT], integers[WIDTH], integers[CHANNELS]))
            moved = y.reshape(images.shape)
            for i in range(x.shape[0]):
                f = drawn(integers, reals, i, key)
                sample(images[i], f, integers[FILL_MODE], integers[INTERPOLATION], reals[reals.size - 1], moved[i])
        else:
            y[:] = x

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        """The same key draws the same amounts as forwards."""
        if dx.size > 0 and training and integers[NEEDS_INPUT_GRAD]:
            moved_grad = dy.reshape((x.shape[0], integers[HEIGHT], integers[WIDTH], integers[CHANNELS]))
            image_grad = dx.reshape(moved_grad.shape)
            for i in range(x.shape[0]):
                f = drawn(integers, reals, i, key)
                sample_grad(f, integers[FILL_MODE], integers[INTERPOLATION], moved_grad[i], image_grad[i])
        elif dx.size > 0 and integers[NEEDS_INPUT_GRAD]:
            dx[:] = dy

    return forward, backward


class Moving(Layer):
    """Base of the layers that move images in training; a subclass sets the kernels and gives the ends of its amounts.

    ``fill_mode`` says what comes in at the edge: "reflect" (c b a | a b c | c b a), "nearest" (a a a | a b c | c c c),
    "wrap" (a b c | a b c | a b c) or "constant" (``fill_value``). ``interpolation`` is "bilinear" or "nearest".
    """

    def __init__(self, ends: Sequence[float], fill_mode: str, interpolation: str, fill_value: float) -> None:
        self._ends = ends
        mode = FILL_MODES.index(checks.choice("fill_mode", fill_mode, FILL_MODES))
        is_bilinear = INTERPOLATIONS.index(checks.choice("interpolation", interpolation, INTERPOLATIONS))
        self._modes, self._fill = (mode, is_bilinear), checks.real("fill_value", fill_value)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        self._image = image_shape(type(self).__name__, input_shape)
        return input_shape

    def integers(self) -> list[int]:
        return [*self._image, *self._modes, int(self.needs_input_grad)]

    def reals(self) -> list[float]:
        return [*self._ends, self._fill]


def limits(name: str, factor: Any, low: float, high: float) -> tuple[float, float]:
    """The two ends of a random amount: (-factor, factor), or a pair as it is given."""
    if isinstance(factor, (tuple, list)):
        if len(factor) != 2:
            raise ValueError(f"{name} is {factor!r}; it must be a number, or two, (lower, upper)")
        ends = checks.real(name, factor[0], low, high), checks.real(name, factor[1], low, high)
        if ends[0] > ends[1]:
            raise ValueError(f"{name} is {factor!r}; the lower end must not be above the upper one")
        return ends
    end = checks.real(name, factor, 0.0, high)
    return -end, end
