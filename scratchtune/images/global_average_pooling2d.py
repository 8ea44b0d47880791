"""Global average pooling reduces each channel to one number, its mean over the image."""

from __future__ import annotations

from scratchtune import jit
from scratchtune.images.average_pooling2d import window_mean, window_mean_grad
from scratchtune.images.images import image_shape
from scratchtune.network.layers.base import Layer


@jit.forward
def global_average_pooling2d_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y (channels,) is the mean of each channel of x."""
    height, width, channels = integers
    images = x.reshape((x.shape[0], height, width, channels))
    for i in range(x.shape[0]):
        window_mean(images[i], 0, 0, height, width, y[i])


@jit.backward
def global_average_pooling2d_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx: each pixel of a channel has an equal share of its dy."""
    height, width, channels = integers
    if dx.size > 0:
        image_grad = dx.reshape((x.shape[0], height, width, channels))
        dx[:] = 0.0
        for i in range(x.shape[0]):
            window_mean_grad(0, 0, height, width, dy[i], image_grad[i])


class GlobalAveragePooling2D(Layer):
    """The mean of each channel of images (height, width, channels): one window, as large as the image."""

    forward, backward = global_average_pooling2d_forward, global_average_pooling2d_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels); the outputs are (channels,)."""
        self._image = image_shape("GlobalAveragePooling2D", input_shape)
        return (self._image[2],)

    def integers(self) -> list[int]:
        """Height, width, channels."""
        return list(self._image)
