"""Exercise 07: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def cosine_from_the_first_step(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 + np.cos(np.pi * min(step / steps, 1.0))) / 2.0


def length_with_the_warmup(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 + np.cos(np.pi * min((step - warmup) / steps, 1.0))) / 2.0


def divides_by_no_warmup(step, alpha, warmup, steps):
    x = min(max((step - warmup) / (steps - warmup), 0.0), 1.0)
    return alpha * min(step / warmup, 1.0) * (1.0 + np.cos(np.pi * x)) / 2.0


def warmup_begins_above_0(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * (step + 1) / warmup
    return alpha * (1.0 + np.cos(np.pi * min((step - warmup) / (steps - warmup), 1.0))) / 2.0


def rises_after_the_end(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 + np.cos(np.pi * (step - warmup) / (steps - warmup))) / 2.0


def a_whole_wave(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 + np.cos(2.0 * np.pi * min((step - warmup) / (steps - warmup), 1.0))) / 2.0


def a_quarter_of_a_wave(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * np.cos(np.pi / 2.0 * min((step - warmup) / (steps - warmup), 1.0))


def not_halved(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 + np.cos(np.pi * min((step - warmup) / (steps - warmup), 1.0)))


def product_of_both(step, alpha, warmup, steps):
    rise = min(step / warmup, 1.0) if warmup else 1.0
    return alpha * rise * (1.0 + np.cos(np.pi * min(step / steps, 1.0))) / 2.0


def straight_line_down(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    return alpha * (1.0 - min((step - warmup) / (steps - warmup), 1.0))


WRONG = [
    ("The wave should begin where the", cosine_from_the_first_step),
    ("The wave ends `warmup` steps too", length_with_the_warmup),
    ("Where `warmup` is 0, step / warmup", divides_by_no_warmup),
    ("The first step should have the", warmup_begins_above_0),
    ("After the last step the rate rises", rises_after_the_end),
    ("The cosine runs through a whole", a_whole_wave),
    ("The cosine runs through a quarter", a_quarter_of_a_wave),
    ("The wave begins at twice alpha", not_halved),
    ("The rise is multiplied by a wave", product_of_both),
    ("This is a straight line down, not", straight_line_down),
]
