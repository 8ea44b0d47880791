"""No row may be validated by a model that has trained on it: here that is asserted while trainings run.

Folds that are disjoint are not enough where a training goes on from another one's weights, as a promoted trial of
Hyperband does: then the rows of both count. A `Ledger` books them.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence

import numpy as np

from scratchtune.evaluation.splits import Split


class LeakError(AssertionError):
    """A row would be validated by a model that has trained on it: the score would be too good, so nothing goes on."""


def check_apart(splits: Sequence[Split]) -> None:
    """Raise a LeakError where a fold's training and test rows overlap."""
    for number, (train, test) in enumerate(splits):
        both = np.intersect1d(train, test)
        if len(both):
            raise LeakError(f"fold {number} trains on row {both[0]} and validates on it, and so on {len(both)} rows in "
                            "all; the two parts of a fold must not share any")


class Ledger:
    """Books which rows each model has been trained on, its ancestors' included; safe to use from several threads.

    >>> ledger = Ledger(4)
    >>> ledger.trained("a", np.array([0, 1]))
    >>> ledger.trained("b", np.array([1, 2]), goes_on_from="a")
    >>> ledger.validated("b", np.array([3]))
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._seen: dict[Hashable, np.ndarray] = {}
        self._lock = threading.Lock()

    def trained(self, model: Hashable, rows: np.ndarray, goes_on_from: Hashable | None = None) -> None:
        """A model is trained on some rows, perhaps going on from another model's weights."""
        with self._lock:
            before = self._seen.get(goes_on_from)
            seen = np.zeros(self._rows, dtype=bool) if before is None else before.copy()
            seen[rows] = True
            self._seen[model] = seen

    def validated(self, model: Hashable, rows: np.ndarray) -> None:
        """A model is about to be scored on some rows; a LeakError where it has trained on any of them."""
        with self._lock:
            known = rows[self._seen[model][rows]]
        if len(known):
            raise LeakError(f"model {model!r} would be validated on row {known[0]}, which it or an ancestor has "
                            f"trained on, and so on {len(known)} rows in all")
