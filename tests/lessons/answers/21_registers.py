"""Exercise 21: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def add_panel(out, a, b, first, depth):
    for k in range(first, min(first + depth, a.shape[1])):
        out += a[:, k : k + 1] * b[k]


def out_unchanged(out, a, b, first, depth):
    for k in range(first, min(first + depth, a.shape[1])):
        out = out + a[:, k : k + 1] * b[k]


def earlier_panels_lost(out, a, b, first, depth):
    out[:] = a[:, first : first + depth] @ b[first : first + depth]


def always_from_the_first_term(out, a, b, first, depth):
    for k in range(min(depth, a.shape[1])):
        out += a[:, k : k + 1] * b[k]


def no_shorter_panel(out, a, b, first, depth):
    if first + depth <= a.shape[1]:
        add_panel(out, a, b, first, depth)


def panel_summed_from_0(out, a, b, first, depth):
    out += a[:, first : first + depth] @ b[first : first + depth]


def from_last_to_first(out, a, b, first, depth):
    for k in reversed(range(first, min(first + depth, a.shape[1]))):
        out += a[:, k : k + 1] * b[k]


def in_float64(out, a, b, first, depth):
    total = out.astype(np.float64)
    add_panel(total, a, b, first, depth)
    out[:] = total


SOLUTION = add_panel
WRONG = [
    ("change it in place", out_unchanged),
    ("terms of earlier panels are lost", earlier_panels_lost),
    ("begin with k = first", always_from_the_first_term),
    ("last panel has fewer terms", no_shorter_panel),
    ("panel was summed alone", panel_summed_from_0),
    ("added in another order", from_last_to_first),
    ("or in float64", in_float64),
]
