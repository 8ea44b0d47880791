"""Exercise 50: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def panel_summed_first(out, a, b, first, depth):
    out += a[:, first : first + depth] @ b[first : first + depth]


def panel_summed_in_order_first(out, a, b, first, depth):
    partial = np.zeros_like(out)
    for k in range(first, min(first + depth, len(b))):
        partial += a[:, k, None] * b[k]
    out += partial


def beyond_the_end(out, a, b, first, depth):
    for k in range(first, first + depth):
        out += a[:, k, None] * b[k]


def until_depth(out, a, b, first, depth):
    for k in range(first, min(depth, len(b))):
        out += a[:, k, None] * b[k]


def one_term_too_few(out, a, b, first, depth):
    for k in range(first, min(first + depth, len(b)) - 1):
        out += a[:, k, None] * b[k]


def out_begins_at_zero(out, a, b, first, depth):
    out[:] = 0.0
    for k in range(first, min(first + depth, len(b))):
        out += a[:, k, None] * b[k]


def new_array_bound_to_out(out, a, b, first, depth):
    for k in range(first, min(first + depth, len(b))):
        out = out + a[:, k, None] * b[k]


def in_double_precision(out, a, b, first, depth):
    total = out.astype(float)
    for k in range(first, min(first + depth, len(b))):
        total += a[:, k, None].astype(float) * b[k]
    out[:] = total


def last_term_first(out, a, b, first, depth):
    for k in reversed(range(first, min(first + depth, len(b)))):
        out += a[:, k, None] * b[k]


def number_of_the_panel(out, a, b, first, depth):
    for k in range(first * depth, min((first + 1) * depth, len(b))):
        out += a[:, k, None] * b[k]


WRONG = [
    ("The panel is summed alone", panel_summed_first),
    ("The panel is summed alone", panel_summed_in_order_first),
    ("The last panel may have fewer than `depth` terms", beyond_the_end),
    ("`depth` is the number of terms", until_depth),
    ("The last of the terms is missing", one_term_too_few),
    ("The terms of earlier panels are lost", out_begins_at_zero),
    ("`out = out + ...` makes a new array", new_array_bound_to_out),
    ("The sum is in float64 and rounded at the end", in_double_precision),
    ("The terms are added from the last to the first", last_term_first),
    ("`first` is the first k of the panel", number_of_the_panel),
]
