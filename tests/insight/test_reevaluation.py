"""Re-evaluation: the seeds are paired and fresh, failures are NaN with one warning, threads change nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import reevaluate
from scratchtune.insight.reevaluation import FailedEvaluationWarning, fresh_seeds


def noisy(trial: Any) -> float:
    """A value that depends on the seed."""
    return float(trial.params["x"] + np.random.default_rng(trial.seed).normal())


def study_of(seed: int = 0) -> st.Study:
    return st.Study({"x": st.Float(0.0, 1.0)}, "random", seed=seed).run(noisy, 4, progress=False)


def test_configurations_are_paired_by_seed() -> None:
    values = reevaluate(study_of(), noisy, [{"x": 0.25}, {"x": 0.75}], seeds=6, progress=False)
    assert values.shape == (2, 6) and len(set(values[0])) == 6
    np.testing.assert_allclose(values[1] - values[0], 0.5)


def test_seeds_are_fresh_and_the_first_ones_do_not_depend_on_their_number() -> None:
    study = study_of()
    assert not {trial.seed for trial in study.trials} & set(fresh_seeds(study, 20))
    assert fresh_seeds(study, 3) == fresh_seeds(study, 20)[:3] != fresh_seeds(study_of(1), 3)


def test_threads_change_nothing() -> None:
    given: Any = ([{"x": x} for x in (0.1, 0.2, 0.9)], 4)
    alone, three = (reevaluate(study_of(), noisy, *given, n_jobs=jobs, progress=False) for jobs in (1, 3))
    np.testing.assert_array_equal(alone, three)


@pytest.mark.parametrize("jobs", [1, 3])
def test_failures_are_nan_with_one_warning(jobs: int) -> None:
    study = study_of()
    second = fresh_seeds(study, 2)[1]

    def failing(trial: Any) -> float:
        if trial.params["x"] > 0.5:
            raise RuntimeError("too large")
        return float("inf") if trial.seed == second else 1.0

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = reevaluate(study, failing, [{"x": 0.1}, {"x": 0.9}], seeds=2, n_jobs=jobs, progress=False)
    np.testing.assert_array_equal(values, [[1.0, np.nan], [np.nan, np.nan]])
    (warning,) = caught
    assert warning.category is FailedEvaluationWarning and str(warning.message).startswith("3 of 4 evaluations failed")


def test_a_number_takes_the_best_configurations_each_once() -> None:
    study = st.Study({"x": [1, 2, 3]}, "grid", "maximize").run(lambda trial: trial.params["x"], progress=False)
    study.enqueue({"x": 3})
    study.tell(study.ask(), 2.5)
    values = reevaluate(study, lambda trial: 10.0 * trial.params["x"], 2, seeds=1, progress=False)
    assert values.tolist() == [[30.0], [20.0]]
    with pytest.raises(ValueError, match="configurations is 0"):
        reevaluate(study, noisy, 0)


def test_a_trial_has_the_largest_budget() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.Hyperband(max_budget=9), seed=0)
    study.run(lambda trial: trial.params["x"], 20, progress=False)
    assert reevaluate(study, lambda trial: trial.budget, [{"x": 0.5}], 1, progress=False).tolist() == [[9.0]]


def test_bad_arguments() -> None:
    study = study_of()
    with pytest.raises(ValueError, match="there is no configuration"):
        reevaluate(study, noisy, [])
    with pytest.raises(TypeError, match="objective is 3"):
        reevaluate(study, 3, [{"x": 0.5}])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seeds is 0"):
        reevaluate(study, noisy, [{"x": 0.5}], seeds=0)
    with pytest.raises(ValueError, match="x"):
        reevaluate(study, noisy, [{"x": 7.0}])
