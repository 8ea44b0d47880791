"""A random translation moves each image a little, up or down and to a side, so that places are not learnt by heart."""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.images import image_shape
from scratchtune.network.layers.sampling import filling, limits, sample, sample_grad, uniform_between
from scratchtune.network.random_numbers import random_bits, uniform

_ONE, _TWO = np.uint64(1), np.uint64(2)


@jit.function
def drawn_translation(shape, settings, i, key):
    """Draw how far image i is moved, and say where its pixels come from (see `sampling`)."""
    counter = _TWO * np.uint64(i)
    down, right = uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE))
    rows = np.float64(shape[0] * uniform_between(settings[0], settings[1], down))
    columns = np.float64(shape[1] * uniform_between(settings[2], settings[3], right))
    one, zero = np.float64(1.0), np.float64(0.0)
    return -rows, one, zero, -columns, zero, one


@jit.forward
def random_translation_forward(shape, settings, theta, state, x, y, work, training, step, key):
    if training:
        images = x.reshape((x.shape[0], shape[0], shape[1], shape[2]))
        moved = y.reshape(images.shape)
        for i in range(x.shape[0]):
            f = drawn_translation(shape, settings, i, key)
            sample(images[i], f, shape[3], shape[4], settings[4], moved[i])
    else:
        y[:] = x


@jit.backward
def random_translation_backward(shape, settings, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """The same key draws the same moves as forwards."""
    if dx.size > 0 and training and shape[5]:
        slopes = dy.reshape((x.shape[0], shape[0], shape[1], shape[2]))
        spread = dx.reshape(slopes.shape)
        for i in range(x.shape[0]):
            f = drawn_translation(shape, settings, i, key)
            sample_grad(f, shape[3], shape[4], slopes[i], spread[i])
    elif dx.size > 0 and shape[5]:
        dx[:] = dy


class RandomTranslation(Layer):
    """Moves each image in training by a random share of its height and width; else does nothing.

    Keras's arguments: ``height_factor=0.1`` moves by up to a tenth of the height, up or down; (lower, upper) are the
    ends themselves, down and right are positive. ``fill_mode`` says what comes in at the edge: "reflect"
    (c b a | a b c | c b a), "nearest", "wrap" or "constant" (``fill_value``). ``interpolation`` is "bilinear" or
    "nearest".
    """

    forward, backward = random_translation_forward, random_translation_backward

    def __init__(
        self, height_factor: float | tuple[float, float], width_factor: float | tuple[float, float],
        fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0,
    ) -> None:
        self._ends = [*limits("height_factor", height_factor, -1.0, 1.0),
                      *limits("width_factor", width_factor, -1.0, 1.0)]
        self._modes, self._fill = filling(fill_mode, interpolation, fill_value)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        self._image = image_shape("RandomTranslation", input_shape)
        return input_shape

    def shape(self) -> list[int]:
        return [*self._image, *self._modes, int(self.hands_back)]

    def settings(self) -> list[float]:
        return [*self._ends, self._fill]
