"""scikit-learn's own checks of both AutoML estimators, with two configurations each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import scratchtune as st

pytestmark = pytest.mark.usefixtures("few_resamples")
checks = pytest.importorskip("sklearn.utils.estimator_checks")
ESTIMATORS = [kind(n_trials=2, random_state=0, cv=2, families=("trees", "linear"), n_jobs=1)
              for kind in (st.AutoClassifier, st.AutoRegressor)]


@pytest.mark.slow
@checks.parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_checks(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
