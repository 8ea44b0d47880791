"""Studies of Optuna: Optuna reads again what was written; one is read with a space that contains its trials."""

from __future__ import annotations

import builtins
import contextlib
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

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
    assert optuna.get_all_study_names(f"sqlite:///{path}") == ["ours"]


@pytest.mark.parametrize("storage, said", [
    ("own.db", "a file of studies of scratchtune"), ("sqlite:///own.db", "a file of studies of scratchtune"),
    ("junk.db", "no SQLite file"), ("other.db", "an SQLite file of another program"), ("", "a folder"),
    ("absent/a.db", "there is no folder"), ("a?b.db", "has one of"), ("http://x/y", "which Optuna can't open")])
def test_no_file_but_one_of_optuna_is_written_or_read(
    optuna: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    own = st.tune(lambda trial: 1.0, {"x": [1]}, "grid", progress=False, storage="own.db")
    (tmp_path / "junk.db").write_bytes(b"junk" * 999)
    with contextlib.closing(sqlite3.connect("other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for call in (lambda: own.to_optuna(storage), lambda: st.from_optuna(storage)):
        with pytest.raises(ValueError, match=said):
            call()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_absent_or_empty_can_be_written_and_not_read(optuna: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name, said in (("empty.db", "is empty"), ("absent.db", "is not there; it must be a study of Optuna")):
        with pytest.raises(ValueError, match=said):
            st.from_optuna(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]
    made().to_optuna(tmp_path / "empty.db")
    with pytest.warns(UserWarning, match="1 of 7 trials of the Optuna study are left out"):
        assert len(st.from_optuna(tmp_path / "empty.db").trials) == 6


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "optuna":
            raise ImportError("No module named 'optuna'")
        return known(name, *rest, **more)

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


# Reading --------------------------------------------------------------------------------------------------------------


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
        assert trial.seconds == (other.datetime_complete - other.datetime_start).total_seconds()
    assert study.best_params == given.best_params and study.direction == "minimize" and study.name == "theirs"
    assert study.why(2) == "Trial 2: trial 2 of the Optuna study 'theirs'."


def test_a_failed_trial_is_kept_where_a_pruned_one_has_its_parameters(optuna: Any) -> None:
    study, states = optuna.create_study(), optuna.trial.TrialState
    ranges = dict.fromkeys("xy", optuna.distributions.FloatDistribution(0.0, 1.0)) | {
        "kind": optuna.distributions.CategoricalDistribution(["x", "y"])}
    for state, params in ((states.PRUNED, {"kind": "x", "x": 0.5}), (states.FAIL, {"kind": "x", "x": 0.25}),
                          (states.FAIL, {"kind": "x"}), (states.COMPLETE, {"kind": "y", "y": 0.5})):
        study.add_trial(optuna.trial.create_trial(
            state=state, params=params, value=1.0 if state == states.COMPLETE else None, intermediate_values={0: 2.0},
            distributions={name: ranges[name] for name in params}))
    with pytest.warns(UserWarning, match="^1 of 4 trials of the Optuna study are left out"):
        found = st.from_optuna(study).trials
    assert [(trial.state, trial.params) for trial in found] == [
        ("stopped", {"kind": "x", "x": 0.5}), ("failed", {"kind": "x", "x": 0.25}),
        ("complete", {"kind": "y", "y": 0.5})]


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


def test_constraints_keep_their_order(optuna: Any) -> None:
    many = tuple(-float(k) for k in range(12))
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random")
    study.run(lambda trial: trial.set_constraint(many) or trial.params["x"], 1, progress=False)
    assert st.from_optuna(study.to_optuna()).trials[0].constraints == many


def test_ranges_that_differ_between_trials_and_trials_that_have_not_ended(optuna: Any) -> None:
    study = optuna.create_study()
    for low, high in ((0.0, 1.0), (-1.0, 0.5)):
        study.add_trial(optuna.trial.create_trial(
            params={"x": 0.25}, distributions={"x": optuna.distributions.FloatDistribution(low, high)}, value=1.0))
    study.ask()
    with pytest.warns(UserWarning, match="1 of 3 trials of the Optuna study are left out: they have not ended"):
        found = st.from_optuna(study)
    assert dict(found.space.parameters) == {"x": st.Float(-1.0, 1.0)} and len(found.trials) == 2


def test_what_a_trial_without_a_finite_value_becomes(optuna: Any) -> None:
    study, states = optuna.create_study(), optuna.trial.TrialState
    for state, value, reports in (
        (states.COMPLETE, 1.0, {}), (states.COMPLETE, np.inf, {}), (states.FAIL, None, {0: 3.0}),
        (states.PRUNED, None, {0: 3.0, 4: 2.0, 5: np.inf}), (states.PRUNED, None, {}),
    ):
        study.add_trial(optuna.trial.create_trial(
            state=state, value=value, intermediate_values=reports, params={"x": 1.0},
            distributions={"x": optuna.distributions.FloatDistribution(0.0, 1.0)}))
    found = st.from_optuna(study)
    assert [(trial.state, trial.value, trial.error) for trial in found.trials] == [
        ("complete", 1.0, None), ("failed", None, "value is [inf]; it must be a finite number"),
        ("failed", None, "failed in Optuna"), ("stopped", 2.0, None),
        ("failed", None, "value is None; it must be a finite number")]
    both = optuna.create_study(directions=["minimize", "minimize"])
    both.add_trial(optuna.trial.create_trial(
        values=[1.0, np.inf], params={"x": 1.0}, distributions={"x": optuna.distributions.FloatDistribution(0.0, 1.0)}))
    assert st.from_optuna(both).trials[0].state == "failed"


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
    with pytest.raises(ValueError, match="'y' is missing in trial 1, and no other parameter says in which"):
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
