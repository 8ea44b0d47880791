"""Exercise 26: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def at(samples, starts, length):
    return np.array([samples[start : start + length] for start in starts], dtype=float).reshape(-1, length)


def cut(samples, length, step):
    return at(samples, range(0, len(samples) - length + 1, step), length)


def last_one_missing(samples, length, step):
    return at(samples, range(0, len(samples) - length, step), length)


def no_overlap(samples, length, step):
    return at(samples, range(0, len(samples) - length + 1, length), length)


def every_sample(samples, length, step):
    return at(samples, range(len(samples) - length + 1), length)


def filled_with_zeros(samples, length, step):
    starts = range(0, max(len(samples) - length + step, 1), step)
    return at(np.pad(samples, (0, length + step)), starts, length)


def shortened(samples, length, step):
    return [samples[start : start + length] for start in range(0, len(samples), step)]


def an_integer_division(samples, length, step):
    whole = step * np.arange(max(len(samples) - length + step, 0) // step)
    starts = range(0, len(samples), step) if step > length else whole
    return at(np.pad(samples, (0, length)), starts, length)


def windowed(samples, length, step):
    return cut(samples, length, step) + np.linspace(0.0, 0.1, length) * (length > 1)


def at_least_one(samples, length, step):
    return cut(np.pad(samples, (0, max(length - len(samples), 0))), length, step)


def strictly_longer(samples, length, step):
    return cut(samples, length, step) if len(samples) > length else np.empty((0, length))


def no_columns(samples, length, step):
    frames = cut(samples, length, step)
    return frames if len(frames) else np.empty(0)


SOLUTION = cut
WRONG = [
    ("the last whole frame is missing", last_one_missing),
    ("frames may overlap", no_overlap),
    ("only every `step`-th one is wanted", every_sample),
    ("the last frame does not fit", filled_with_zeros),
    (r"it should be \[0, 3, 6\]", shortened),
    ("leave it out", an_integer_division),
    ("a clip as long as a frame has one frame", strictly_longer),
    ("without a window", windowed),
    ("shorter than a frame has no frame", at_least_one),
    ("the shape is", no_columns),
]
