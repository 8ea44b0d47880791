"""Exercise 42: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def never_skips(before, skips, emitted):
    y = before.copy()
    y[1:] += before[:-1]
    return y * emitted


def always_skips(before, skips, emitted):
    y = before.copy()
    y[1:] += before[:-1]
    y[2:] += before[:-2]
    return y * emitted


def skip_of_the_state_that_is_left(before, skips, emitted):
    y = before.copy()
    y[1:] += before[:-1]
    y[2:] += before[:-2] * skips[:-2]
    return y * emitted


def cannot_stay(before, skips, emitted):
    y = np.zeros_like(before)
    y[1:] += before[:-1]
    y[2:] += before[:-2] * skips[2:]
    return y * emitted


def emission_forgotten(before, skips, emitted):
    y = before.copy()
    y[1:] += before[:-1]
    y[2:] += before[:-2] * skips[2:]
    return y


def emission_of_the_state_before(before, skips, emitted):
    weighted = before * emitted
    y = weighted.copy()
    y[1:] += weighted[:-1]
    y[2:] += weighted[:-2] * skips[2:]
    return y


def backwards(before, skips, emitted):
    y = before.copy()
    y[:-1] += before[1:]
    y[:-2] += before[2:] * skips[2:]
    return y * emitted


def wraps_round(before, skips, emitted):
    return (before + np.roll(before, 1) + np.roll(before, 2) * skips) * emitted


def best_instead_of_sum(before, skips, emitted):
    one, two = np.zeros_like(before), np.zeros_like(before)
    one[1:] = before[:-1]
    two[2:] = before[:-2] * skips[2:]
    return np.maximum(np.maximum(before, one), two) * emitted


def updated_in_place(before, skips, emitted):
    for s in range(len(before)):
        total = before[s]
        if s >= 1:
            total += before[s - 1]
        if s >= 2 and skips[s]:
            total += before[s - 2]
        before[s] = total * emitted[s]
    return before


WRONG = [
    ("The skips are missing", never_skips),
    ("Skipping is allowed everywhere", always_skips),
    ("`skips` belongs to the state that a path comes to", skip_of_the_state_that_is_left),
    ("A path may also stay in its state", cannot_stay),
    ("The probabilities of this frame's symbols are missing", emission_forgotten),
    ("Each sum is multiplied by the probability of the state that a path comes to", emission_of_the_state_before),
    ("These paths move from right to left", backwards),
    ("The first states have no states before them", wraps_round),
    ("This keeps the best of the paths", best_instead_of_sum),
    ("`before` itself is overwritten", updated_in_place),
]
