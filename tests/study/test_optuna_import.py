"""A study of Optuna is read with its trials and a space that contains them, and continued by our searchers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st


@pytest.fixture
def optuna() -> Any:
    found = pytest.importorskip("optuna")
    found.logging.set_verbosity(found.logging.ERROR)
    return found


def conditional(trial: Any) -> float:
    """Momentum exists with sgd alone; trial 3 fails, and trial 5 is pruned."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    momentum = trial.suggest_float("momentum", 0.0, 0.75, step=0.25) if optimizer == "sgd" else 0.0
    units = trial.suggest_int("units", 8, 64, step=8)
    trial.report(rate, 0)
    trial.set_user_attr("note", trial.number)
    if trial.number == 3:
        raise ValueError("no luck")
    if trial.number == 5:
        import optuna
        raise optuna.TrialPruned
    return rate + momentum + units / 64


def theirs(optuna: Any, storage: str | None = None) -> Any:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), study_name="theirs", storage=storage)
    study.optimize(conditional, n_trials=12, catch=ValueError)
    return study


def test_trials_and_space_are_those_of_optuna(optuna: Any) -> None:
    given = theirs(optuna)
    study = st.from_optuna(given)
    assert dict(study.space.parameters) == dict(st.search.Space({
        "optimizer": ["sgd", "adam"], "rate": st.Float(1e-4, 1.0, log=True),
        "momentum": st.Float(0.0, 0.75, step=0.25, when={"optimizer": ["sgd"]}),
        "units": st.Int(8, 64, step=8)}).parameters)
    states = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "stopped"}
    for trial, other in zip(study.trials, given.trials, strict=True):
        assert (trial.number, trial.state, trial.params) == (other.number, states[other.state.name], other.params)
        assert trial.value == (other.value if trial.state == "complete" else other.params["rate"] if
                               trial.state == "stopped" else None)
        assert trial.reports == other.intermediate_values and trial.user_attrs["note"] == other.number
        assert trial.started == other.datetime_start.timestamp()
        assert trial.finished == other.datetime_complete.timestamp()
    assert study.best_params == given.best_params and study.direction == "minimize" and study.name == "theirs"
    assert study.why(2) == "Trial 2: trial 2 of the Optuna study 'theirs'."


def test_it_is_continued_stored_and_resumed(optuna: Any, tmp_path: Path) -> None:
    """From Optuna's file by path; the searcher sees the trials; the stored study is the same one bit for bit."""
    url, path = f"sqlite:///{tmp_path / 'theirs.db'}", tmp_path / "ours.db"
    theirs(optuna, url)

    def objective(trial: st.Trial) -> float:
        return float(trial.params["rate"] + trial.params.get("momentum", 0.0) + trial.params["units"] / 64)

    searcher = st.BayesianSearch("tpe")
    whole = st.from_optuna(tmp_path / "theirs.db", searcher=searcher).run(objective, 16, progress=False)
    assert whole.trials[12].why["model"] == "tpe" and len(whole.trials) == 16
    for n_trials in (14, 16):
        with st.from_optuna(url, "theirs", searcher=searcher, storage=path) as study:
            study.run(objective, n_trials, progress=False)
    loaded = st.load_study(path)
    assert [(trial.params, trial.value, trial.state) for trial in loaded.trials] == [
        (trial.params, trial.value, trial.state) for trial in whole.trials]
    assert loaded.why(2) == whole.why(2) and len(loaded.run(objective, 17, progress=False).trials) == 17


def test_there_and_back_again(optuna: Any) -> None:
    study = st.tune(lambda trial: trial.params["x"] + trial.params["k"], {"x": st.Float(0.0, 1.0), "k": st.Int(0, 3)},
                    "random", 8, direction="maximize", progress=False)
    back = st.from_optuna(study.to_optuna())
    assert [(trial.params, trial.value, trial.started, trial.finished) for trial in back.trials] == [
        (trial.params, trial.value, pytest.approx(trial.started, abs=1e-5), pytest.approx(trial.finished, abs=1e-5))
        for trial in study.trials]
    assert dict(back.space.parameters) == dict(study.space.parameters) and back.direction == "maximize"


def test_ranges_that_differ_between_trials_and_trials_that_have_not_ended(optuna: Any) -> None:
    study = optuna.create_study()
    for low, high in ((0.0, 1.0), (-1.0, 0.5)):
        study.add_trial(optuna.trial.create_trial(
            params={"x": 0.25}, distributions={"x": optuna.distributions.FloatDistribution(low, high)}, value=1.0))
    study.ask()
    with pytest.warns(UserWarning, match="1 of 3 trials of the Optuna study are left out: they have not ended"):
        found = st.from_optuna(study)
    assert dict(found.space.parameters) == {"x": st.Float(-1.0, 1.0)} and len(found.trials) == 2


def test_what_can_not_be_read(optuna: Any) -> None:
    def made(*params: dict[str, float]) -> Any:
        study = optuna.create_study()
        floats = optuna.distributions.FloatDistribution(0.0, 1.0)
        for one in params:
            study.add_trial(optuna.trial.create_trial(params=one, distributions=dict.fromkeys(one, floats), value=0.0))
        return study

    with pytest.raises(ValueError, match="which searches one objective, and this study has 2; use NSGA2"):
        st.from_optuna(optuna.create_study(directions=["minimize", "maximize"]), searcher="bayesian")
    with pytest.raises(ValueError, match="has no finished trial to read a space from; give space="):
        st.from_optuna(made())
    with pytest.raises(ValueError, match=r"'y' is missing in 1 trial \(1, ...\), and no categorical parameter says in"):
        st.from_optuna(made({"x": 0.5, "y": 0.5}, {"x": 0.5}))
    with pytest.raises(ValueError, match="x is 0.5; it must be"):
        st.from_optuna(made({"x": 0.5}), space={"x": st.Float(0.6, 1.0)})
    with pytest.raises(ValueError, match="searcher is GridSearch.*, which has a schedule of its own; it must be one"):
        st.from_optuna(made({"x": 0.5}), searcher="grid")
    with pytest.raises(TypeError, match="study is 3; it must be a study of Optuna, or the path or URL"):
        st.from_optuna(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wider = st.from_optuna(made({"x": 0.5}), space={"x": st.Float(0.0, 2.0)})
    assert wider.space.parameters["x"] == st.Float(0.0, 2.0)


def test_several_objectives_and_attributes_there_and_back(tmp_path: Path, optuna: Any) -> None:
    def objective(trial: st.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("half", x / 2.0)
        return x, (1.0 - x) ** 2

    study = st.Study(searcher="random", directions={"cost": "minimize", "gain": "maximize"}, storage=tmp_path / "s.db")
    study.run(objective, 8, progress=False)
    study.set_user_attr("by", "me")
    loaded = st.load_study(tmp_path / "s.db")
    assert loaded.directions == ("minimize", "maximize") and loaded.objectives.names == ("cost", "gain")
    assert loaded.run(objective, 10, progress=False).trials[9].user_attrs["half"] == pytest.approx(
        loaded.trials[9].values[0] / 2.0)
    theirs = loaded.to_optuna(tmp_path / "theirs.db")
    assert [trial.number for trial in theirs.best_trials] == [trial.number for trial in loaded.best_trials]
    assert theirs.user_attrs["by"] == "me" and theirs.metric_names == ["cost", "gain"]
    back = st.from_optuna(theirs)
    assert [trial.values for trial in back.trials] == [trial.values for trial in loaded.trials]
    assert back.objectives == loaded.objectives and back.trials[3].user_attrs["half"] == loaded.trials[3].values[0] / 2
    pytest.importorskip("pandas")
    frame = back.to_dataframe()
    assert frame["values_gain"].tolist() == [trial.values[1] for trial in loaded.trials]
    assert frame["user_attrs_half"].tolist() == [trial.values[0] / 2.0 for trial in loaded.trials]


def test_steps_from_other_starts_become_a_range_without_steps(optuna: Any) -> None:
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", *((0.0, 1.0) if trial.number else (0.1, 1.1)), step=0.25), 4)
    found = st.from_optuna(study)
    assert found.space.parameters["x"] == st.Float(0.0, 1.1) and len(found.trials) == 4


def test_attributes_that_only_a_study_in_memory_can_have(optuna: Any, tmp_path: Path) -> None:
    def attributed(trial: Any) -> float:
        trial.set_user_attr("pred", np.zeros(2))
        trial.set_user_attr("pair", (1, 2))
        trial.set_user_attr("\ud800", {1, 2})
        return float(trial.suggest_float("x", 0.0, 1.0))

    study = optuna.create_study()
    study.optimize(attributed, 1)
    with st.from_optuna(study, storage=tmp_path / "ours.db") as made:
        assert made.trials[0].user_attrs == {"pred": [0.0, 0.0], "pair": [1, 2], "\\ud800": "{1, 2}"}
    assert st.load_study(tmp_path / "ours.db").trials[0].user_attrs == made.trials[0].user_attrs


def test_a_file_of_several_studies_and_one_that_is_only_read(optuna: Any, tmp_path: Path) -> None:
    theirs(optuna, f"sqlite:///{tmp_path / 'a.db'}")
    before = (tmp_path / "a.db").read_bytes()
    assert len(st.from_optuna(tmp_path / "a.db").trials) == 12 and (tmp_path / "a.db").read_bytes() == before
    with pytest.raises(ValueError, match="name is 'their', and .* holds 'theirs', did you mean 'theirs'?"):
        st.from_optuna(tmp_path / "a.db", "their")
    optuna.create_study(study_name="second", storage=f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(ValueError, match="name is None, and .* holds 'second', 'theirs'; give the name of one"):
        st.from_optuna(tmp_path / "a.db")
