"""Images are (height, width, channels); this module has the checks and sizes that all image layers share.

Implements section 6.1 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchtune.core import checks, jit


@jit.function
def valid_size(n, k, s):
    """Number of windows that fit into a row of pixels: the output size with padding "valid".

    Formula [valid_size]
        o = floor((n − k) / s) + 1
    Where
        n: n, scalar, integer >= 1; sampled in [9, 20], pixels
        k: k, scalar, integer >= 1; sampled in [1, 9], pixels of a window, at most n
        s: s, scalar, integer >= 1; sampled in [1, 5], the stride, in pixels
    Source
        Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationship 5.
    Example
        >>> valid_size(28, 3, 1), valid_size(28, 3, 2)
        (26, 13)
    """
    return (n - k) // s + 1


@jit.function
def same_size(n, s):
    """Number of windows if one begins at every s-th pixel and may extend beyond the edge: padding "same".

    Formula [same_size]
        o = floor((n − 1) / s) + 1
    Where
        n: n, scalar, integer >= 1; sampled in [1, 20], pixels
        s: s, scalar, integer >= 1; sampled in [1, 5], the stride
    Source
        Keras, layers.Conv2D with padding="same".
    Example
        >>> same_size(28, 1), same_size(5, 2)
        (28, 3)
    """
    return (n - 1) // s + 1


@jit.function
def same_padding(n, k, s):
    """Number of zeros before the first pixel with padding "same"; after the last pixel there may be one more.

    Formula [same_padding]
        t = floor(max(floor((n − 1) / s) · s + k − n, 0) / 2)
    Where
        n: n, scalar, integer >= 1; sampled in [1, 20], pixels
        k: k, scalar, integer >= 1; sampled in [1, 9], pixels of a window
        s: s, scalar, integer >= 1; sampled in [1, 5], the stride
    Variant
        PyTorch has padding="same" for stride 1 only, where it is the same.
    Source
        Keras, layers.Conv2D with padding="same".
    Example
        >>> same_padding(28, 3, 1), same_padding(5, 2, 2)
        (1, 0)
    """
    return max((same_size(n, s) - 1) * s + k - n, 0) // 2


PADDINGS, AXES = ("valid", "same"), ("height", "width")


def windows_and_zeros(
    layer: str, lengths: Sequence[int], windows: Sequence[int], strides: Sequence[int], padding: str, axes: Any = AXES,
) -> tuple[list[int], list[int]]:
    """For each axis the numbers of windows and of zeros before the first pixel; a ValueError if no window fits."""
    counts, zeros = [], []
    for name, size, window, stride in zip(axes, lengths, windows, strides, strict=True):
        if padding == "valid" and window > size:
            raise ValueError(f"{layer} has a window of {window} along the {name}, and the images have only {size}; "
                             f"make it smaller, or take padding='same'")
        counts.append(int(same_size(size, stride) if padding == "same" else valid_size(size, window, stride)))
        zeros.append(int(same_padding(size, window, stride)) if padding == "same" else 0)
    return counts, zeros


def image_shape(layer: str, input_shape: Sequence[int]) -> tuple[int, int, int]:
    """Return the shape (height, width, channels) of an input row; raise a ValueError if it is not an image."""
    shape = tuple(input_shape)
    if len(shape) != 3:
        raise ValueError(f"{layer} gets rows of shape {shape}; it takes images of shape (height, width, channels): "
                         f"gray ones have one channel, X[..., None]")
    return shape


def sizes(name: str, value: Any, count: int = 2) -> tuple[int, ...]:
    """Return ``count`` integers of at least 1, such as those for rows and columns; a single one is used for all."""
    if count > 1 and isinstance(value, (tuple, list)):
        if len(value) != count:
            raise ValueError(f"{name} is {value!r}; it must be one integer, or two, (rows, columns)")
        return tuple(checks.integer(name, size, 1) for size in value)
    return (checks.integer(name, value, 1),) * count
