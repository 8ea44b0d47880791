"""The claims of lesson 16, training, validation and held-out curves: each number is the mean of two draws of rows."""

from functools import cache

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(16, "curves")
EPOCHS = 48


@cache
def _curves(draw, **changes):
    """Log loss and accuracy on training, validation and held-out rows after each epoch: (epochs, 3, 2)."""
    return np.mean([lesson.curves(seed, epochs=EPOCHS, **changes) for seed in (2 * draw, 2 * draw + 1)], axis=0)


def _stopped(draw, **changes):
    curve = _curves(draw, **changes)
    return curve[curve[:, 1, 0].argmin()]


@claim("16a")
def they_turn(draw):
    """Validation and held-out loss end at least a third above their lowest value, and the training loss below 0.1."""
    losses = _curves(draw)[:, :, 0]
    ratio = min(losses[-1, 1:] / losses[:, 1:].min(axis=0))
    return ratio > 4 / 3 and losses[-1, 0] < 0.1, ratio


@claim("16b")
def stopping_helps(draw):
    """Stopped at the lowest validation loss, the held-out loss is lower than at the end."""
    gain = _curves(draw)[-1, 2, 0] - _stopped(draw)[2, 0]
    return gain > 0, gain


@claim("16c")
def large_and_stopped(draw):
    """Each stopped at its best epoch, 64 units have a lower validation loss than 4 units."""
    gain = _stopped(draw, units=4)[1, 0] - _stopped(draw)[1, 0]
    return gain > 0, gain


@claim("16d")
def more_rows(draw):
    """Stopped by validation, 800 rows have a lower held-out loss and a higher accuracy than 200."""
    more, fewer = _stopped(draw, rows=800)[2], _stopped(draw, rows=200)[2]
    return more[0] < fewer[0] and more[1] > fewer[1], 100 * (more[1] - fewer[1])
