"""The learning rate of an estimator's training, by its schedule, and the weight decay, by the batches of an epoch.

Implements section 2.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scratchtune.core import checks
from scratchtune.core.network.schedules import CosineDecay, CosineLogDecay, PolynomialDecay, Schedule
from scratchtune.core.network.sequential import Sequential

SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "cosine": CosineDecay, "cosine_log": CosineLogDecay,
    "linear": lambda learning_rate, steps: PolynomialDecay(learning_rate, steps, end_learning_rate=0.0)}
AUTO = "auto"
NORMALIZED, EPOCHS = 2.9, 20  # of "auto": with batches of 32, 0.10 for 1,300 rows and 0.018 for 43,000


def schedule_of(schedule: str | None, learning_rate: Any, steps: int | None) -> Any:
    """The learning rate over so many steps; a constant without a schedule, or if the number of steps is unknown."""
    return learning_rate if schedule is None or steps is None else SCHEDULES[schedule](float(learning_rate), steps)


def normalized_weight_decay(normalized, batch_size, rows, epochs):
    """The weight decay for a whole training: the more steps a training has, the smaller its weight decay.

    Formula [normalized_weight_decay]
        w = n · √(b / (B · T))
    Where
        n: normalized, scalar, >= 0, the weight decay of a training with one step
        b: batch_size, scalar, integer >= 1, the rows per step
        B: rows, scalar, integer >= 1, the training rows
        T: epochs, scalar, integer >= 1, the passes over them
    Source
        Loshchilov and Hutter (2019), "Decoupled weight decay regularization", appendix B.1.
    Example
        >>> normalized_weight_decay(2.0, 32, 640, 20)
        0.1
    """
    return normalized * math.sqrt(batch_size / (rows * epochs))


def weight_decay_of(weight_decay: Any, batch_size: int, rows: int) -> float:
    """Return a number unchanged; for "auto", [normalized_weight_decay] for `EPOCHS` epochs, not the training's own.

    The first epochs of a training then do not depend on its number of epochs, which is unknown in `partial_fit` and
    with early stopping.
    """
    if not isinstance(weight_decay, str):
        return checks.real("weight_decay", weight_decay, 0.0)
    if weight_decay != AUTO:
        raise ValueError(f"weight_decay is {weight_decay!r}; it must be {AUTO!r} or a finite number >= 0")
    return normalized_weight_decay(NORMALIZED, min(batch_size, rows), rows, EPOCHS)


def with_constant_rate(model: Sequential, learning_rate: float) -> Sequential:
    """The trained model with a constant learning rate from here on; its optimizer keeps its moments and steps."""
    assert model.optimizer is not None
    if isinstance(model.optimizer.learning_rate, Schedule):
        state = model.get_state()
        model.compile(
            model.optimizer.fresh(learning_rate=learning_rate), model.loss, model.metrics, model.penalty)
        model.set_state(state)
    return model
