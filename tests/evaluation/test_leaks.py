"""Leaks: what overlaps is told at once, also through the weights that a training goes on from."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.evaluation.leaks import LeakError, Ledger, check_disjoint
from scratchtune.evaluation.splits import KFold


def test_folds_that_share_rows_are_errors() -> None:
    check_disjoint(list(KFold(3).split(np.zeros((9, 1)))))
    with pytest.raises(LeakError, match="fold 1 trains on row 2 and validates on it, and so on 2 rows in all"):
        check_disjoint([(np.array([0]), np.array([1])), (np.array([1, 2, 3]), np.array([2, 3, 4]))])


def test_the_rows_of_ancestors_count() -> None:
    ledger = Ledger(10)
    ledger.trained(("a", 0), np.array([0, 1, 2]))
    ledger.trained(("b", 0), np.array([3]), parent=("a", 0))
    ledger.trained(("c", 0), np.array([4]), parent=("b", 0))
    ledger.validated(("c", 0), np.array([5, 6]))
    with pytest.raises(LeakError, match="validated on row 1, .* and so on 2 rows"):
        ledger.validated(("c", 0), np.array([1, 4, 9]))
    ledger.validated(("a", 0), np.array([3, 4]))
