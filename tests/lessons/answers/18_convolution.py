"""Exercise 18: a right answer, and wrong ones, each with the hint that it must get."""

import math


def receptive_field(layers):
    seen = step = 1
    for window, stride in layers:
        seen += (window - 1) * step
        step *= stride
    return seen


def from_the_end(layers):
    """Right: what one output sees, traced back from the last layer to the image."""
    seen = 1
    for window, stride in reversed(layers):
        seen = (seen - 1) * stride + window
    return seen


def sum_of_windows(layers):
    return sum(window for window, _ in layers)


def product_of_windows(layers):
    return math.prod(window for window, _ in layers)


def begins_with_0(layers):
    return receptive_field(layers) - 1


def stride_ignored(layers):
    return 1 + sum(window - 1 for window, _ in layers)


def stride_too_early(layers):
    seen = step = 1
    for window, stride in layers:
        step *= stride
        seen += (window - 1) * step
    return seen


def only_the_last_stride(layers):
    seen = step = 1
    for window, stride in layers:
        seen += (window - 1) * step
        step = stride
    return seen


def last_layer_first(layers):
    return receptive_field(layers[::-1])


SOLUTION = receptive_field
WRONG = [
    ("adds 2 pixels, not 3", sum_of_windows),
    ("it does not multiply", product_of_windows),
    ("begin with 1", begins_with_0),
    ("the stride is ignored", stride_ignored),
    ("matters to the layers after it", stride_too_early),
    ("strides multiply", only_the_last_stride),
    ("the first layer of the list is the one at the image", last_layer_first),
]
