"""A random rotation rotates each image by a small random angle around its centre.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune import jit
from scratchtune.images.sampling import HEIGHT, WIDTH, Resampling, limits, resampling_kernels, uniform_between
from scratchtune.network.random_numbers import random_bits, uniform

TURN = 2.0 * math.pi


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
    """Draw the angle of image i; return the six numbers of its affine map (see `sampling`)."""
    turns = uniform_between(reals[0], reals[1], uniform(random_bits(key, np.uint64(i))))
    return rotation(integers[HEIGHT], integers[WIDTH], TURN * turns)


class RandomRotation(Resampling):
    """Rotates each image in training by a random angle around its centre.

    Keras's arguments: ``factor`` is a fraction of a full turn: 0.1 means up to 36 degrees either way, a pair is
    (lower, upper), counter-clockwise is positive; for the rest see `Resampling`.
    """

    forward, backward = resampling_kernels(draw_rotation)

    def __init__(
        self, factor: float | tuple[float, float], fill_mode: str = "reflect", interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__(limits("factor", factor, -1.0, 1.0), fill_mode, interpolation, fill_value)
