"""A trial with given parameters, outside any study; and what an objective can't write into its trial."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(("name", "instead"), [
    ("state", "return the value"), ("value", "return the value"), ("number", "use trial.set_user_attr"),
    ("why", "use trial.set_user_attr"), ("params", "change the dict that trial.params returns, a copy"),
    ("reports", r"use trial.report\(value, step\)"), ("score", "use trial.set_user_attr")])
def test_an_objective_cannot_write_to_its_trial(name: str, instead: str) -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random")
    study.run(lambda trial: setattr(trial, name, None) if trial.number == 1 else 0.5, 3, progress=False)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete"]
    assert re.fullmatch(f"AttributeError: trial.{name} can't be set: .*{instead}.*", str(study.trials[1].error))


@pytest.mark.parametrize(("step", "value"), [
    (0, "0.5"), (0, np.array([0.5])), (0, None), (0, float("nan")), ("0", 0.5), (-1, 0.5), (1.0, 0.5), (True, 0.5)])
def test_a_report_that_is_no_number_fails_its_trial_alone(step: Any, value: Any, tmp_path: Path) -> None:
    def objective(trial: st.Trial) -> float:
        trial.reports[np.int64(0)] = np.float32(0.5)  # type: ignore[index]
        if trial.number == 1:
            trial.reports[step] = value
        return 0.5

    st.tune(objective, {"x": st.Float(0.0, 1.0)}, "random", 3, storage=tmp_path / "a.db", progress=False)
    trials = st.load_study(tmp_path / "a.db").trials
    assert [trial.state for trial in trials] == ["complete", "failed", "complete"]
    assert trials[0].reports == {0: 0.5} and "must be a finite number at an integer" in str(trials[1].error)


@pytest.mark.parametrize("value", ["12", b"12", 3])
def test_scores_of_the_folds_are_a_list_and_no_text(value: Any) -> None:
    with pytest.raises(TypeError, match="scores is "):
        st.FixedTrial({}).report_scores(value)


@pytest.mark.parametrize("value", [{"a": object()}, {1: [object(), 2]}, [1, {"b": {1, 2}}]])
def test_an_attribute_that_is_plain_in_parts_only_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="attribute"):
        st.FixedTrial({}).set_user_attr("k", value)
