"""Exercise 06: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def last_layer_with_activation(widths, slope):
    return [np.sqrt(3.0 * 2.0 / ((1.0 + slope**2) * fan_in)) for fan_in in widths[:-1]]


def slope_not_squared(widths, slope):
    left = [(1.0 + slope) / 2.0] * (len(widths) - 2) + [1.0]
    return [np.sqrt(3.0 / (fan_in * kept)) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def variance_instead_of_limit(widths, slope):
    left = [(1.0 + slope**2) / 2.0] * (len(widths) - 2) + [1.0]
    return [1.0 / (fan_in * kept) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def number_of_units(widths, slope):
    left = [(1.0 + slope**2) / 2.0] * (len(widths) - 2) + [1.0]
    return [np.sqrt(3.0 / (fan_out * kept)) for fan_out, kept in zip(widths[1:], left, strict=True)]


def first_layer_without_activation(widths, slope):
    left = [1.0] + [(1.0 + slope**2) / 2.0] * (len(widths) - 2)
    return [np.sqrt(3.0 / (fan_in * kept)) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def slope_ignored(widths, slope):
    return [np.sqrt(6.0 / fan_in) for fan_in in widths[:-2]] + [np.sqrt(3.0 / widths[-2])]


def standard_deviation_instead_of_limit(widths, slope):
    left = [(1.0 + slope**2) / 2.0] * (len(widths) - 2) + [1.0]
    return [np.sqrt(1.0 / (fan_in * kept)) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def negative_half_subtracted(widths, slope):
    left = [(1.0 - slope**2) / 2.0] * (len(widths) - 2) + [1.0]
    return [np.sqrt(3.0 / (fan_in * kept)) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def multiplied_by_what_is_left(widths, slope):
    left = [(1.0 + slope**2) / 2.0] * (len(widths) - 2) + [1.0]
    return [np.sqrt(3.0 * kept / fan_in) for fan_in, kept in zip(widths[:-1], left, strict=True)]


def half_not_taken(widths, slope):
    left = [1.0 + slope**2] * (len(widths) - 2) + [1.0]
    return [np.sqrt(3.0 / (fan_in * kept)) for fan_in, kept in zip(widths[:-1], left, strict=True)]


WRONG = [
    ("The last layer has no activation", last_layer_with_activation),
    ("The slope multiplies the signal", slope_not_squared),
    ("These are variances: see [uniform_limit]", variance_instead_of_limit),
    ("fan_out is used where fan_in belongs", number_of_units),
    ("The compensation is a layer late", first_layer_without_activation),
    ("The slope is ignored: what is negative", slope_ignored),
    ("These are standard deviations. Uniform", standard_deviation_instead_of_limit),
    ("What the negative sums leave is", negative_half_subtracted),
    ("What leaky ReLU leaves multiplies", multiplied_by_what_is_left),
    ("Only half of the sums are negative", half_not_taken),
]
