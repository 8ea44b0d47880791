"""The pace of a network is the seconds that an epoch takes for each row; it tells how many epochs the time allows.

A training that is cut off ends while its learning rate is still high. So the pace is measured on a few rows first, and
the network gets only as many epochs as it has time for: its schedule then ends with the training.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

ROWS = 1_000  # of which an epoch is timed
WORTH = 100_000  # visits of rows by all epochs: fewer are not timed
USED = 0.9  # of the time: the pace of all rows may be slower than that of a few


def within(estimator: Any, X: np.ndarray, y: np.ndarray, seconds: float, longest: float = math.inf) -> Any:
    """Return the estimator, with fewer epochs where all of them would not end within so many seconds; at least one.

    Raises
        TimeoutError if a single epoch takes more than ``longest`` seconds.
    """
    epochs = estimator.get_params(deep=False).get("epochs")
    if epochs is None or epochs * len(X) < WORTH:
        return estimator
    needed = seconds_a_row(estimator, X, y) * len(X)  # for an epoch
    if needed > longest:
        raise TimeoutError(f"an epoch takes about {needed:.1f} s, and {max(longest, 0.0):.1f} s of the time budget are "
                           "left")
    return estimator.set_params(epochs=max(1, min(epochs, int(USED * seconds / needed))))


def seconds_a_row(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the seconds that an epoch takes for each row, measured on at most `ROWS` rows."""
    some = rows_of_all(y, min(ROWS, len(X)))
    params = estimator.get_params(deep=False)
    taken = []
    for _ in range(2):  # what is compiled or loaded the first time is not counted
        fresh = type(estimator)(**{**params, "epochs": 1})
        begun = time.perf_counter()
        fresh.fit(X[some], y[some])
        taken.append(time.perf_counter() - begun)
    return min(taken) / len(some)


def rows_of_all(y: np.ndarray, count: int) -> np.ndarray:
    """Return at most so many indices of rows, evenly spread over the sorted targets; the first and last are among them.

    So there are at least two classes, without which a classifier can't be trained.
    """
    order = np.argsort(y, kind="stable")
    return np.sort(order[np.unique(np.linspace(0, len(y) - 1, count).astype(int))])
