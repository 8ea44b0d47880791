"""Leaks: what overlaps is told at once, also through the weights that a training goes on from."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import comparison
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


def test_a_promotion_with_another_folds_weights_ends_the_comparison() -> None:
    X, y = st.datasets.load_digits()
    job = comparison.TunedTraining(comparison.network(64, 10), X[:200] / 16, y[:200])
    study = st.Study(comparison.SPACE, st.Hyperband(max_budget=9), direction="maximize")
    job.run(study, 3, 1, False)
    job._states[0, 0] = job._states[0, 1]  # the weights of fold 1, which have seen the test rows of fold 0
    promoted = st.Trial(study._core.context, 3, st.Suggestion(study.trials[0].params, {}, 3, 0))
    job._ledger.trained((0, 0), job.folds[1][0])
    with pytest.raises(LeakError):
        job.scored(promoted, 0)
