"""Augmentation changes images at random in training, so that a network learns what does not matter.

`RandomFlip` mirrors an image. `RandomTranslation` and `RandomRotation` resample it at fractional coordinates: each new
pixel is interpolated between four old ones. Six numbers define such an affine map: the new pixel (m, n) comes from row
f₀ + f₁ · m + f₂ · n and column f₃ + f₄ · m + f₅ · n.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_to
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.random_numbers import random_bits, uniform
from scratchtune.images.images import image_shape

OUTSIDE = -1  # the index of a pixel outside the image
FILL_MODES = ("constant", "nearest", "reflect", "wrap")
_CONSTANT, _NEAREST, _REFLECT = (FILL_MODES.index(mode) for mode in ("constant", "nearest", "reflect"))
TURN = 2.0 * math.pi
HEIGHT, WIDTH, CHANNELS, NEEDS_INPUT_GRAD, FILL_MODE = range(5)  # of a kernel's integers
_ONE, _TWO = np.uint64(1), np.uint64(2)


def in_training(change: Any, change_grad: Any, needs_input_grad: int) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a layer that changes its rows in training alone.

    ``change(integers, reals, x, y, work, key)`` fills y, ``change_grad(integers, reals, dy, dx, work, key)`` fills dx;
    the same key draws the same changes in both. ``integers[needs_input_grad]`` is 1 if dx is needed.
    """

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        if training:
            change(integers, reals, x, y, work, key)
        else:
            copy_to(x, y)

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        if dx.size > 0 and integers[needs_input_grad]:
            if training:
                change_grad(integers, reals, dy, dx, work, key)
            else:
                copy_to(dy, dx)

    return forward, backward


@jit.function
def as_images(integers, rows):
    """View flat rows as images (n, height, width, channels)."""
    return rows.reshape((rows.shape[0], integers[HEIGHT], integers[WIDTH], integers[CHANNELS]))


class Augmentation(Layer):
    """Base class of the layers that change images in training."""

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels), the outputs too."""
        self._image = image_shape(type(self).__name__, input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """Height, width, channels, and whether a layer below has weights, so that dx is needed."""
        return [*self._image, int(self.needs_input_grad)]


# Flips ----------------------------------------------------------------------------------------------------------------


@jit.function
def mirrored(j, n, u, p):
    """The source index of a pixel in a row that is flipped with probability p.

    Formula [mirrored]
        y = n − 1 − j if u < p else j
    Where
        j: j, scalar, integer >= 0; sampled in [0, 9], the pixel's index
        n: n, scalar, integer >= 1; sampled in [1, 9], pixels in the row
        u: u, scalar, in [0, 1), a uniform random number
        p: p, scalar, in [0, 1], the probability
    Source
        Keras, layers.RandomFlip.
    Example
        >>> mirrored(1, 5, 0.3, 0.5), mirrored(1, 5, 0.7, 0.5)
        (3, 1)
    """
    return n - 1 - j if u < p else j


@jit.function_noalias
def flip(integers, reals, source, into, work, key):
    """Flip images, each a row, at random by the key; as the same key flips them back, it also takes dy to dx."""
    images, out = as_images(integers, source), as_images(integers, into)
    _, height, width, channels = images.shape
    for i in range(source.shape[0]):
        counter = _TWO * np.uint64(i)
        u, v = uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE))
        for m in range(height):
            row = mirrored(m, height, u, reals[0])
            for n in range(width):
                column = mirrored(n, width, v, reals[1])
                for e in range(channels):
                    out[i, m, n, e] = images[i, row, column, e]


class RandomFlip(Augmentation):
    """Flips each image in training, with probability 1/2 along each axis of ``mode``.

    ``mode`` is "horizontal" (left and right are exchanged), "vertical" or "horizontal_and_vertical", as in Keras.
    """

    forward, backward = in_training(flip, flip, NEEDS_INPUT_GRAD)

    def __init__(self, mode: str = "horizontal_and_vertical") -> None:
        self.mode = checks.choice("mode", mode, ("horizontal", "vertical", "horizontal_and_vertical"))

    def reals(self) -> list[float]:
        """The probabilities of a vertical and of a horizontal flip."""
        return [0.5 * ("vertical" in self.mode), 0.5 * ("horizontal" in self.mode)]


# Resampling -----------------------------------------------------------------------------------------------------------


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
def pixel(x, row, column, e):
    """Channel e of a pixel of image x; 0 if its row or column is `OUTSIDE`."""
    return x[row, column, e] if row >= 0 and column >= 0 else x.dtype.type(0)


@jit.function
def bilinear_corners(f, m, n, height, width, mode):
    """Return the two rows and the two columns around the source of the new pixel (m, n), and two distances.

    ``f`` are the six numbers of the affine map. The distances are from the upper row and from the left column.
    """
    row, column = f[0] + f[1] * m + f[2] * n, f[3] + f[4] * m + f[5] * n
    upper, left = int(np.floor(row)), int(np.floor(column))
    return (source_index(upper, height, mode), source_index(upper + 1, height, mode),
            source_index(left, width, mode), source_index(left + 1, width, mode), row - upper, column - left)


@jit.function_noalias
def sample(x, f, mode, y):
    """Fill ``y`` with ``x``, both (height, width, channels), resampled by the six numbers ``f`` of an affine map."""
    height, width, channels = x.shape
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode)
            vertical, horizontal = x.dtype.type(a), x.dtype.type(b)  # so that float32 stays float32
            for e in range(channels):
                y[m, n, e] = bilinear(
                    pixel(x, upper, left, e), pixel(x, upper, right, e), pixel(x, lower, left, e),
                    pixel(x, lower, right, e), vertical, horizontal)


@jit.function_noalias
def sample_grad(f, mode, dy, dx):
    """Backward pass of `sample`: each pixel of ``dy`` is added to its four source pixels in ``dx``, weighted."""
    height, width, channels = dx.shape
    dx[:] = 0.0
    for m in range(height):
        for n in range(width):
            upper, lower, left, right, a, b = bilinear_corners(f, m, n, height, width, mode)
            for row, vertical in ((upper, a), (lower, 1.0 - a)):
                for column, horizontal in ((left, b), (right, 1.0 - b)):
                    if row >= 0 and column >= 0:  # a pixel outside has no gradient
                        weight = dx.dtype.type(bilinear_grad(vertical, horizontal))  # so that float32 stays float32
                        for e in range(channels):
                            dx[row, column, e] += weight * dy[m, n, e]


# The layers that resample ---------------------------------------------------------------------------------------------


def resampling_kernels(draw_map: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of a layer that resamples image i by six numbers, ``draw_map(integers, reals, i, key)``."""

    @jit.inlined
    def resample(integers, reals, x, y, work, key):
        images, resampled = as_images(integers, x), as_images(integers, y)
        for i in range(x.shape[0]):
            f = draw_map(integers, reals, i, key)
            sample(images[i], f, integers[FILL_MODE], resampled[i])

    @jit.inlined
    def resample_grad(integers, reals, dy, dx, work, key):
        resampled_grad, image_grad = as_images(integers, dy), as_images(integers, dx)
        for i in range(dy.shape[0]):
            f = draw_map(integers, reals, i, key)
            sample_grad(f, integers[FILL_MODE], resampled_grad[i], image_grad[i])

    return in_training(resample, resample_grad, NEEDS_INPUT_GRAD)


class Resampling(Augmentation):
    """Base class of the layers that resample images in training; a subclass sets the kernels and the limits.

    ``fill_mode`` fills beyond the edges: "reflect" (c b a | a b c | c b a), "nearest" (a a a | a b c | c c c),
    "wrap" (a b c | a b c | a b c) or "constant" (with zeros).
    """

    def __init__(self, bounds: Sequence[float], fill_mode: str) -> None:
        self._bounds = bounds
        self._mode = FILL_MODES.index(checks.choice("fill_mode", fill_mode, FILL_MODES))

    def integers(self) -> list[int]:
        """Those of `Augmentation`, then the fill mode."""
        return [*super().integers(), self._mode]

    def reals(self) -> list[float]:
        """The limits of each random amount."""
        return list(self._bounds)


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


@jit.function
def draw_translation(integers, reals, i, key):
    """Draw the shift of image i; return the six numbers of its affine map."""
    counter = _TWO * np.uint64(i)
    down, right = uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE))
    rows = np.float64(integers[HEIGHT] * uniform_between(reals[0], reals[1], down))
    columns = np.float64(integers[WIDTH] * uniform_between(reals[2], reals[3], right))
    one, zero = np.float64(1.0), np.float64(0.0)
    return -rows, one, zero, -columns, zero, one


class RandomTranslation(Resampling):
    """Shifts each image in training by a random fraction of its height and width.

    Keras's arguments: ``height_factor=0.1`` shifts by up to a tenth of the height, up or down; a pair is
    (lower, upper), down and right are positive; for the rest see `Resampling`.
    """

    forward, backward = resampling_kernels(draw_translation)

    def __init__(
        self, height_factor: float | tuple[float, float], width_factor: float | tuple[float, float],
        fill_mode: str = "reflect",
    ) -> None:
        bounds = [*limits("height_factor", height_factor, -1.0, 1.0), *limits("width_factor", width_factor, -1.0, 1.0)]
        super().__init__(bounds, fill_mode)


@jit.function
def rotation(height, width, angle):
    """The source coordinates of the pixels of an image that is rotated around its centre, counter-clockwise.

    Formula [rotation]
        a = (h − 1) / 2 ; b = (v − 1) / 2 ;
            f₀ = a − a · cos(φ) − b · sin(φ) ; f₁ = cos(φ) ; f₂ = sin(φ) ;
            f₃ = b + a · sin(φ) − b · cos(φ) ; f₄ = −sin(φ) ; f₅ = cos(φ)
    Where
        h: height, scalar, integer >= 1; sampled in [1, 3], the image's rows
        v: width, scalar, integer >= 1; sampled in [4, 9], its columns
        φ: angle, scalar, real; sampled in [-1.5, 1.25], in radians; some larger ones cancel to nearly 0
    Returns
        f₀ to f₅: the pixel (m, n) comes from the row f₀ + f₁ · m + f₂ · n, the column f₃ + f₄ · m + f₅ · n.
    Variant
        Rows are counted downwards, so a geometry book writes this matrix for the opposite direction.
    Source
        Keras, layers.RandomRotation: a positive angle turns counter-clockwise.
    """
    sine, cosine = np.sin(angle), np.cos(angle)
    a, b = 0.5 * (height - 1), 0.5 * (width - 1)
    return a - a * cosine - b * sine, cosine, sine, b + a * sine - b * cosine, -sine, cosine


@jit.function
def draw_rotation(integers, reals, i, key):
    """Draw the angle of image i; return the six numbers of its affine map."""
    turns = uniform_between(reals[0], reals[1], uniform(random_bits(key, np.uint64(i))))
    return rotation(integers[HEIGHT], integers[WIDTH], TURN * turns)


class RandomRotation(Resampling):
    """Rotates each image in training by a random angle around its centre.

    Keras's arguments: ``factor`` is a fraction of a full turn: 0.1 means up to 36 degrees either way, a pair is
    (lower, upper), counter-clockwise is positive; for the rest see `Resampling`.
    """

    forward, backward = resampling_kernels(draw_rotation)

    def __init__(self, factor: float | tuple[float, float], fill_mode: str = "reflect") -> None:
        super().__init__(limits("factor", factor, -1.0, 1.0), fill_mode)
