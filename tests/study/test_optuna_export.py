"""A study written for Optuna: Optuna itself reads the states, values, parameters, ranges, reports and times again."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.study.optuna_export import storage_url

SPACE = {
    "how": ["square", None, True, 2.5, len], "x": st.Float(0.1, 10.0, log=True, when={"how": "square"}),
    "step": st.Float(0.0, 1.0, step=0.25), "k": st.Int(1, 9, step=2), "units": st.Int(8, 512, log=True)}


def objective(trial: st.Trial) -> float:
    if trial.number == 2:
        raise ValueError("no luck")
    for step in range(3):
        trial.report(trial.params["k"] + step / 10.0, step)
        if trial.number == 4 and step == 1:
            trial._stopping = True  # as if a stopping rule had ended it
            return trial.params["k"] + step / 10.0
    trial.report_scores([1.0, 2.0])
    return float(trial.params["k"])


@pytest.fixture
def optuna() -> Any:
    found = pytest.importorskip("optuna")
    found.logging.set_verbosity(found.logging.ERROR)
    return found


def made() -> st.Study:
    study = st.Study(SPACE, "random", direction="maximize", name="ours", seed=4)
    study.enqueue({"how": "square", "x": 0.5, "step": 0.75, "k": 3, "units": 9})
    study.run(objective, 6, progress=False)
    study.ask()
    return study


def test_a_file_that_optuna_reads(optuna: Any, tmp_path: Path) -> None:
    study = made()
    study.to_optuna(tmp_path / "theirs.db")
    found = optuna.load_study(study_name="ours", storage=f"sqlite:///{tmp_path / 'theirs.db'}")
    assert found.direction.name == "MAXIMIZE" and found.best_value == study.best_value
    assert found.best_trial.number == study.best_trial.number
    states = {"complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED", "running": "RUNNING"}
    for trial, theirs in zip(study.trials, found.trials, strict=True):
        assert (theirs.number, theirs.state.name) == (trial.number, states[trial.state])
        assert theirs.value == trial.value and theirs.intermediate_values == trial.reports
        plain = {name: repr(value) if value is len else value for name, value in trial.params.items()}
        assert theirs.params == plain and list(theirs.distributions) == list(plain)
        assert theirs.datetime_start.timestamp() == pytest.approx(trial.started, abs=1e-5)
        if trial.finished is not None:
            assert theirs.datetime_complete.timestamp() == pytest.approx(trial.finished, abs=1e-5)
        assert theirs.user_attrs["why"] == study.why(trial.number)
    assert found.trials[2].user_attrs["error"] == "ValueError: no luck"
    assert found.trials[0].system_attrs["terminator:cv_scores"] == [1.0, 2.0]
    distributions = optuna.distributions
    assert found.trials[0].distributions == {
        "how": distributions.CategoricalDistribution(["square", None, True, 2.5, repr(len)]),
        "x": distributions.FloatDistribution(0.1, 10.0, log=True),
        "step": distributions.FloatDistribution(0.0, 1.0, step=0.25), "k": distributions.IntDistribution(1, 9, step=2),
        "units": distributions.IntDistribution(8, 512, log=True)}


def test_optuna_continues_it(optuna: Any) -> None:
    """In memory, and with Optuna's own sampler, which sees the trials."""
    study = st.tune(lambda trial: trial.params["x"] ** 2, {"x": st.Float(-1.0, 1.0)}, "random", 12, progress=False)
    theirs = study.to_optuna(name="other")
    theirs.sampler = optuna.samplers.TPESampler(seed=0)
    theirs.optimize(lambda trial: trial.suggest_float("x", -1.0, 1.0) ** 2, n_trials=3)
    assert theirs.study_name == "other" and len(theirs.trials) == 15 and theirs.best_value <= study.best_value


def test_a_name_that_is_taken_and_a_failure_half_way(optuna: Any, tmp_path: Path, monkeypatch: Any) -> None:
    study, path = made(), tmp_path / "theirs.db"
    study.to_optuna(path)
    with pytest.raises(ValueError, match="name is 'ours', and .* holds a study of that name already; give anoth"):
        study.to_optuna(path)
    monkeypatch.setattr(type(study), "why", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        study.to_optuna(path, "second")
    assert optuna.get_all_study_names(storage_url(path)) == ["ours"]


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "optuna":
            raise ImportError("No module named 'optuna'")
        return known(name, *rest)

    study = st.tune(lambda trial: 1.0, {"x": [1]}, "grid", progress=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="to_optuna needs optuna, which is not installed: pip install optuna"):
        study.to_optuna()
    with pytest.raises(ImportError, match="from_optuna needs optuna"):
        st.from_optuna("theirs.db")


def test_an_export_while_other_trials_run(optuna: Any) -> None:
    """Trial 3 has requested y, which no finished trial has; trial 2 has k as another kind than the learned space."""
    study = st.Study(searcher="random")
    for number in range(3):
        trial = study.ask()
        study.tell(trial, trial.suggest_int("k", 1, 5) if number < 2 else 0.5 + trial.suggest_float("x", 0.0, 1.0))
    running = study.ask()
    assert running.suggest_float("y", 0.0, 1.0) >= 0.0
    assert [list(trial.params) for trial in study.to_optuna().trials] == [["k"], ["k"], ["x"], []]


def test_a_parameter_of_two_kinds_keeps_one_and_the_other_is_an_attribute(optuna: Any) -> None:
    study = st.Study(searcher="random")
    first, second = study.ask(), study.ask()
    study.tell(first, first.suggest_int("k", 1, 5))
    study.tell(second, second.suggest_float("k", 0.0, 1.0))
    theirs = study.to_optuna().trials
    assert theirs[0].params == first.params and theirs[1].params == {}
    assert theirs[1].user_attrs["other_params"] == second.params


def test_a_trials_own_attributes_are_kept(optuna: Any) -> None:
    def attributed(trial: st.Trial) -> float:
        for name in ("why", "error", "budget", "parent"):
            trial.set_user_attr(name, "mine")
        return 1.0

    found = st.tune(attributed, {"x": [1]}, "grid", progress=False).to_optuna().trials[0]
    assert found.user_attrs == dict.fromkeys(("why", "error", "budget", "parent"), "mine")


@pytest.mark.parametrize("choices, said", [
    ([(1, 2), "(1, 2)"], r"'c' has the choices \(1, 2\) and '\(1, 2\)', which are equal in Optuna"),
    ([1, True], "'c' has the choices 1 and True, which are equal in Optuna")])
def test_choices_that_are_equal_in_optuna_are_refused(
    optuna: Any, tmp_path: Path, choices: list[Any], said: str,
) -> None:
    study = st.tune(lambda trial: 1.0, {"c": choices}, "grid", progress=False)
    with pytest.raises(ValueError, match=said):
        study.to_optuna(tmp_path / "theirs.db")
    assert not (tmp_path / "theirs.db").exists()
