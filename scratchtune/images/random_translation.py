"""A random translation shifts each image a little, so that the network learns to be invariant to position.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.images.sampling import HEIGHT, WIDTH, Resampling, limits, resampling_kernels, uniform_between
from scratchtune.network.random_numbers import random_bits, uniform

_ONE, _TWO = np.uint64(1), np.uint64(2)


@jit.function
def draw_translation(integers, reals, i, key):
    """Draw the shift of image i; return the six numbers of its affine map (see `sampling`)."""
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
        fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0,
    ) -> None:
        bounds = [*limits("height_factor", height_factor, -1.0, 1.0), *limits("width_factor", width_factor, -1.0, 1.0)]
        super().__init__(bounds, fill_mode, interpolation, fill_value)
