"""A trial with given parameters, outside any study."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st


def objective(trial: st.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    if trial.suggest_categorical("how", ["square", "line"]) == "line":
        return x
    trial.report(x, 0)
    if trial.should_stop() or trial.should_prune():
        return 99.0
    trial.set_user_attr("times", trial.suggest_int("n", 1, 9, step=2))
    trial.save({"x": np.array([x])})
    assert trial.load() is None
    return x ** 2 * trial.user_attrs["times"]


def test_an_objective_is_evaluated_with_given_parameters() -> None:
    trial = st.FixedTrial({"x": 0.5, "how": "square", "n": 3}, number=7)
    assert objective(trial) == 0.75
    assert (trial.number, trial.params, trial.reports, trial.user_attrs) == (
        7, {"x": 0.5, "how": "square", "n": 3}, {0: 0.5}, {"times": 3})
    assert objective(st.FixedTrial({"x": 0.5, "how": "line"})) == 0.5


def test_it_gives_the_value_of_the_study_again() -> None:
    study = st.tune(objective, n_trials=8, progress=False)
    assert [objective(st.FixedTrial(trial.params)) for trial in study.trials] == [t.value for t in study.trials]


@pytest.mark.parametrize(("params", "message"), [
    ({"X": 0.5}, r"'x' is requested, and params has \['X'\]: add a value for it"),
    ({}, r"'x' is requested, and params has \[\]: add a value for it"),
    ({"x": 2.0}, r"x is 2.0; it must be a finite number in \[-1.0, 1.0\]"),
    ({"x": 0.0, "how": "cube"}, "how is 'cube'; it must be one of 'square', 'line'"),
])
def test_a_value_that_is_missing_or_out_of_range_is_an_error(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        objective(st.FixedTrial(params))


def test_parameters_that_are_no_dict_are_refused() -> None:
    with pytest.raises(TypeError, match="params is None; it must be a dict from names to values"):
        st.FixedTrial(None)  # type: ignore[arg-type]


def test_its_parameters_are_not_the_callers() -> None:
    given = {"sizes": [8, 4]}
    trial = st.FixedTrial(given)
    trial.suggest_categorical("sizes", [[8, 4], [2]]).append(1)
    trial.params["sizes"].append(2)
    assert given == {"sizes": [8, 4]} and trial.params == given
