"""No row may be used to validate a model that was trained on it: this module asserts it while trainings run.

Disjoint folds are not sufficient if a training continues from the weights of another one, as a promoted trial of
Hyperband does: then the training rows of both count. A `Ledger` records them.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence

import numpy as np

from scratchtune.evaluation.splits import Split


class LeakError(AssertionError):
    """A model would be validated on a row that it was trained on: the score would be too optimistic."""


def check_disjoint(splits: Sequence[Split]) -> None:
    """Raise a LeakError if the training and test rows of a fold overlap."""
    for number, (train, test) in enumerate(splits):
        both = np.intersect1d(train, test)
        if len(both):
            raise LeakError(f"fold {number} trains on row {both[0]} and validates on it, and so on {len(both)} rows in "
                            "all; the two parts of a fold must not share any")


class Ledger:
    """Records the rows that each model and its ancestors were trained on; thread-safe.

    >>> ledger = Ledger(4)
    >>> ledger.trained("a", np.array([0, 1]))
    >>> ledger.trained("b", np.array([1, 2]), parent="a")
    >>> ledger.validated("b", np.array([3]))
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        # for each model: whether it or an ancestor was trained on each of the rows
        self._seen: dict[Hashable, np.ndarray] = {}
        self._lock = threading.Lock()

    def trained(self, model: Hashable, rows: np.ndarray, parent: Hashable | None = None) -> None:
        """Record that a model is trained on some rows; it starts from the weights of its ``parent``, if it has one."""
        with self._lock:
            before = self._seen.get(parent)
            seen = np.zeros(self._rows, dtype=bool) if before is None else before.copy()
            seen[rows] = True
            self._seen[model] = seen

    def validated(self, model: Hashable, rows: np.ndarray) -> None:
        """Raise a LeakError if a model that is about to be scored on some rows was trained on any of them."""
        with self._lock:
            known = rows[self._seen[model][rows]]
        if len(known):
            raise LeakError(f"model {model!r} would be validated on row {known[0]}, which it or an ancestor has "
                            f"trained on, and so on {len(known)} rows in all")
