"""Define-by-run: an objective asks for its parameters, and the study is the same however it is run."""

from __future__ import annotations

import enum
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study
from scratchtune.core.study.trial import proposal_of, requests_of

SEARCHERS: dict[str, Callable[[], Any]] = {
    "random": st.RandomSearch, "genetic": lambda: st.GeneticSearch(population=6, offspring=3),
    "tpe": lambda: st.BayesianSearch(model="tpe", parallel=3, initial=4),
    "hyperband": lambda: st.Hyperband(max_budget=4, eta=2)}
TRIALS = 22


def objective(trial: st.Trial) -> float:
    """A branch, a loop, a range that depends on another parameter, a failure; attributes, reports."""
    kind = trial.suggest_categorical("kind", ["svm", "net"])
    trial.set_user_attr("kind", [kind])
    if kind == "svm":
        C = trial.suggest_float("C", 1e-3, 1e3, log=True)
        trial.report(C, step=0)
        return 0.2 + 0.1 * abs(math.log10(C) - 1.0)
    total, layers = 0.0, trial.suggest_int("layers", 1, 3)
    for k in range(layers):
        total += abs(trial.suggest_int(f"units{k}", 4, 64 >> k, log=True) - 8)
    if layers == 3 and total > 60:
        raise ValueError("too large")
    return 0.05 * abs(layers - 2) + total / 100 + trial.suggest_float("rate", 0.0, 1.0, step=0.25) ** 2


def exported(path: Path, searcher: Any, **options: Any) -> tuple[str, str]:
    """The tables, without times, of a study that is run so."""
    study = st.Study(searcher=searcher, seed=3, storage=path)
    study.run(objective, n_trials=TRIALS, progress=False, **options)
    storage = File(path, reading=True)
    return as_csv(storage, "study"), as_json(storage, "study")


@pytest.fixture(scope="module")
def processes() -> Any:
    with ProcessPoolExecutor(2, mp_context=get_context("fork" if hasattr(os, "fork") else "spawn")) as pool:
        yield pool


# A worked example ----------------------------------------------------------------------------------------------------


def test_a_study_learns_its_space_from_what_the_objective_asks_for() -> None:
    study = st.tune(objective, n_trials=50, searcher="random", progress=False)
    assert study.space.parameters["C"] == st.Float(1e-3, 1e3, log=True, when={"kind": ["svm"]})
    assert study.space.parameters["units2"] == st.Int(4, 16, log=True, when={"layers": [3]})
    for trial in study.trials:
        names = ["kind", "C"] if trial.params["kind"] == "svm" else [
            "kind", "layers", *(f"units{k}" for k in range(trial.params["layers"])), "rate"]
        assert list(trial.params) == (names if trial.state == "complete" else names[:-1])
        assert trial.user_attrs == {"kind": [trial.params["kind"]]}
    assert study.best_params == study.best_trial.params and "Drawn at random" in study.why(0)


def test_ask_and_tell() -> None:
    study = st.Study()
    trial = study.ask()
    x = trial.suggest_float("x", 0.0, 1.0)
    assert trial.params == {"x": x} and trial.suggest_float("x", 0.0, 1.0) == x
    study.tell(trial, x)
    assert study.best_params == {"x": x}
    with pytest.raises(ValueError, match="trial 0 is complete; a parameter can be requested only while"):
        trial.suggest_float("y", 0.0, 1.0)


def test_an_enqueued_configuration_is_what_the_objective_gets() -> None:
    study = st.Study(searcher="random")
    study.enqueue({"kind": "svm", "C": 10.0})
    study.enqueue({"kind": "net", "layers": 2, "units0": 8})
    study.enqueue({"kind": "tree"})
    study.run(objective, 4, progress=False)
    assert study.trials[0].params == {"kind": "svm", "C": 10.0} and study.trials[0].value == 0.2
    assert list(study.trials[1].params.items())[:3] == [("kind", "net"), ("layers", 2), ("units0", 8)]
    assert "kind is 'tree'; it must be one of 'svm', 'net'" in str(study.trials[2].error)


def of_branches(value: Callable[[str], Any]) -> float:
    """A function with a branch and a nested one; the minimum, 0, is in the innermost."""
    rate = abs(math.log10(value("rate")) + 2.0) / 10.0
    if value("model") == "line":
        return 0.3 + rate + abs(value("slope") - 0.5)
    if value("layers") == 1:
        return 0.1 + rate + abs(math.log2(value("units0")) - 5.0) / 10.0
    return rate + abs(math.log2(value("units0")) - 4.0) / 10.0 + abs(math.log2(value("units1")) - 3.0) / 10.0


BRANCHES: dict[str, Any] = {
    "rate": st.Float(1e-4, 1.0, log=True), "model": st.Categorical(["line", "layers"]),
    "slope": st.Float(0.0, 1.0, when={"model": ["line"]}), "layers": st.Int(1, 2, when={"model": ["layers"]}),
    "units0": st.Int(2, 64, log=True, when={"model": ["layers"]}),
    "units1": st.Int(2, 64, log=True, when={"layers": [2]})}


def requested(trial: st.Trial) -> float:
    """The same function, whose parameters are requested."""
    def value(name: str) -> Any:
        given = BRANCHES[name]
        if isinstance(given, st.Categorical):
            return trial.suggest_categorical(name, given.choices)
        return (trial.suggest_int if isinstance(given, st.Int) else trial.suggest_float)(
            name, given.low, given.high, log=given.log)

    return of_branches(value)


@pytest.mark.parametrize("name", [pytest.param("tpe", marks=pytest.mark.slow), "genetic"])
def test_the_same_searcher_finds_as_much_as_in_the_declared_space(name: str) -> None:
    def best(objective: Callable[[st.Trial], float], space: Any, searcher: Any) -> float:
        studies = [st.tune(objective, space, searcher, 40, seed=seed, progress=False) for seed in range(seeds)]
        return sum(study.best_value for study in studies) / seeds

    seeds = {"tpe": 20, "genetic": 6}[name]  # TPE may stay in a branch that is not the best, so its best values spread
    searcher = {"tpe": st.BayesianSearch(model="tpe"), "genetic": st.GeneticSearch()}[name]
    declared = best(lambda trial: of_branches(trial.params.__getitem__), BRANCHES, searcher)
    asked, drawn = best(requested, None, searcher), best(requested, None, "random")
    assert asked < declared + 0.03 and asked < 0.75 * drawn


# Properties: the contract of determinism -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in ("tpe", "random"))) for name in SEARCHERS])
def test_the_study_is_the_same_bytes_for_any_number_of_threads_and_for_processes(
    name: str, tmp_path: Path, processes: Any,
) -> None:
    one = exported(tmp_path / "1.db", SEARCHERS[name]())
    assert exported(tmp_path / "8.db", SEARCHERS[name](), n_jobs=8) == one
    assert exported(tmp_path / "processes.db", SEARCHERS[name](), executor=processes) == one


@pytest.mark.parametrize("name", SEARCHERS)
def test_a_study_that_was_cut_short_continues_as_if_it_had_not_been(name: str, tmp_path: Path) -> None:
    whole, path = exported(tmp_path / "whole.db", SEARCHERS[name]()), tmp_path / "cut.db"
    for end in (1, 5, 9):
        with st.Study(searcher=SEARCHERS[name](), seed=3, storage=path) as study:
            study.run(objective, n_trials=end, progress=False)
            study.ask().suggest_categorical("kind", ["svm", "net"])  # a trial that is never told, as after a crash
    assert exported(path, SEARCHERS[name]()) == whole


@pytest.mark.parametrize("name", ["tpe", "genetic"])
def test_time_travel(name: str) -> None:
    study = st.Study(searcher=SEARCHERS[name](), seed=3).run(objective, TRIALS, progress=False)
    again = study.at(9).run(objective, TRIALS, progress=False)
    assert [trial.params for trial in again.trials] == [trial.params for trial in study.trials]
    trial = study.at(15).ask()
    assert proposal_of(trial) == proposal_of(study.trials[15])


def test_a_stored_study_is_read_without_its_objective(tmp_path: Path) -> None:
    with st.Study(storage=tmp_path / "s.db", searcher="random") as study:
        study.set_user_attr("data", {"rows": (1, 2)})
        study.run(objective, 12, progress=False)
        study.backup(tmp_path / "copy.db")
    for file in ("s.db", "copy.db"):
        stored = read_study(File(tmp_path / file, reading=True), "study")
        assert repr(stored.space) == repr(study.space) and stored.best_params == study.best_params
        assert [(t.params, t.user_attrs, proposal_of(t)) for t in stored.trials] == [
            (t.params, t.user_attrs, proposal_of(t)) for t in study.trials]
        assert stored.user_attrs == study.user_attrs == {"data": {"rows": [1, 2]}}
    again = st.Study(storage=tmp_path / "s.db", searcher="random")
    again.set_user_attr("note", "later")
    assert st.Study(storage=tmp_path / "s.db", searcher="random").user_attrs == again.user_attrs == {
        "data": {"rows": [1, 2]}, "note": "later"}


class Name(str, enum.Enum):  # noqa: UP042 - the text of a StrEnum is its value, of this one it is not
    """Names of parameters that are text, and of another type."""

    RATE = "rate"


class OfNumpy(st.RandomSearch):
    """A searcher of the user's own, which proposes NumPy's numbers."""

    def suggest(self, *arguments: Any) -> Any:
        found = super().suggest(*arguments)
        return replace(found, params={name: np.float64(value) for name, value in found.params.items()})


@pytest.mark.parametrize("searcher", [st.RandomSearch(), st.GeneticSearch(), OfNumpy()])
@pytest.mark.parametrize("name", ["x", np.array(["x"])[0], Name.RATE])
def test_values_and_names_of_other_types_are_stored_as_plain_ones(name: Any, searcher: Any, tmp_path: Path) -> None:
    with st.Study(storage=tmp_path / "a.db", searcher=searcher) as study:
        study.enqueue({name: np.float64(0.5)})
        study.run(lambda trial: trial.suggest_float(name, 0, 1), 20, progress=False)
    loaded = st.load_study(tmp_path / "a.db", searcher=searcher)
    assert [trial.params for trial in loaded.trials] == [trial.params for trial in study.trials]
    assert study.trials[0].params == {str.__str__(name): 0.5}
    for trial in study.trials:
        assert trial.state == "complete" and {(type(key), type(one)) for key, one in trial.params.items()} == {
            (str, float)}


def test_attributes_that_a_file_can_not_hold_do_not_stop_later_writes(tmp_path: Path) -> None:
    def attached(trial: st.Trial) -> float:
        if trial.number == 0:
            trial.set_user_attr("\ud800", 1)
        trial.user_attrs["model"] = object() if trial.number == 1 else trial.number
        return trial.suggest_float("x", 0.0, 1.0)

    with st.Study(storage=tmp_path / "a.db", searcher="random") as study:
        study.run(attached, 4, progress=False)
    trials = st.load_study(tmp_path / "a.db").trials
    assert trials[0].error == "ValueError: key is '\\ud800'; it must be valid Unicode, without lone surrogates"
    assert trials[1].user_attrs["model"].startswith("<object object at")
    assert [trial.user_attrs["model"] for trial in trials[2:]] == [2, 3]


@pytest.mark.parametrize("name", ["random", "genetic"])
def test_branches_may_request_one_name_as_an_integer_and_as_a_float(name: str, tmp_path: Path) -> None:
    def mixed(trial: st.Trial) -> float:
        if trial.suggest_categorical("c", ["a", "b"]) == "a":
            return trial.suggest_int("k", 1, 5)
        return trial.suggest_float("k", 0.0, 1.0)

    def ran(n_jobs: int) -> st.Study:
        path = tmp_path / f"{n_jobs}.db"
        with st.Study(storage=path, searcher=name, seed=2) as study:
            return study.run(mixed, 20, n_jobs=n_jobs, progress=False)

    one, four = ran(1), ran(4)
    assert {type(trial.params["k"]) for trial in one.trials if trial.state == "complete"} == {int, float}
    for study in (four, st.load_study(tmp_path / "1.db"), one.at(12).run(mixed, 20, progress=False)):
        assert [(t.state, t.params) for t in study.trials] == [(t.state, t.params) for t in one.trials]
        assert study.space.parameters == one.space.parameters and set(one.space.names) == {"c", "k"}
    one.to_csv(tmp_path / "a.csv")


def test_a_copy_with_running_trials_is_the_same_for_any_number_of_threads() -> None:
    """The trials that were running request ranges and parameters that those after them may not depend on."""
    def growing(trial: st.Trial) -> float:
        time.sleep(0.005)
        x = trial.suggest_float("x", 0.0, 9.0 if trial.number == 21 else 1.0)
        return x + (trial.suggest_float("z", 0.0, 1.0) if trial.number == 22 else 0.0)

    study = st.Study(searcher=st.BayesianSearch(parallel=9), seed=3).run(growing, 20, progress=False)
    for _ in range(8):
        study.ask()
    one, eight = (study.at(28).run(growing, 40, n_jobs=n_jobs, progress=False) for n_jobs in (1, 8))
    assert [(t.params, t.why) for t in one.trials] == [(t.params, t.why) for t in eight.trials]


def test_later_proposals_use_what_earlier_trials_have_shown() -> None:
    def drifting(trial: st.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x if trial.number < 6 else x + trial.suggest_float("new", 0.0, 1.0)

    study = st.tune(drifting, searcher=st.BayesianSearch(model="tpe", initial=3), n_trials=10, progress=False)
    drawn = [asked.drawn for asked in map(requests_of, study.trials) if asked is not None]
    assert drawn == [["x"], [], [], [], [], [], ["new"], [], [], []]


# Errors --------------------------------------------------------------------------------------------------------------


def failed(objective: Callable[[st.Trial], Any], space: Any = None, searcher: Any = "random") -> str:
    """The error of the last of two trials of an objective."""
    return str(st.tune(objective, space, searcher, n_trials=2, progress=False).trials[-1].error)


def test_errors_within_a_trial() -> None:
    said = failed(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("x", 0, 2))
    assert said == ("ValueError: trial 1 has requested 'x' as Float(low=0.0, high=1.0), and now as Float(low=0.0, "
                    "high=2.0); within a trial it must be the same, or have another name")
    assert failed(lambda trial: 1.0) == (
        "the objective has requested no parameter, and the study has no space; call trial.suggest_float, suggest_int "
        "or suggest_categorical in it, or give the study a space")
    assert "KeyError: 'x'; the objective has requested no parameter" in failed(lambda trial: trial.params["x"])
    assert "TypeError: f: choices holds <built-in function len>; in a study without a space" in failed(
        lambda trial: trial.suggest_categorical("f", [len])([1]))
    assert "ValueError: x: low is 2.0 and high is 1.0" in failed(lambda trial: trial.suggest_float("x", 2, 1))
    assert "TypeError: name is 3; a parameter's name must be text" in failed(lambda trial: trial.suggest_int(3, 0, 1))
    said = failed(lambda trial: trial.set_user_attr("a", {1}))
    assert "TypeError: the attribute 'a' can't be written as JSON" in said


def test_choices_that_change_between_trials() -> None:
    said = failed(lambda trial: trial.suggest_categorical("c", [1, 2, trial.number + 3]), searcher="bayesian")
    assert said.startswith("ValueError: 'c' is requested as Categorical(choices=(1, 2, 4)), and was "
                           "Categorical(choices=(1, 2, 3)) in earlier trials; its choices must be the same")
    said = failed(lambda trial: [trial.suggest_float, trial.suggest_int][trial.number]("c", 1, 2), searcher="bayesian")
    assert "'c' is requested as Int(low=1, high=2), and was Float(low=1.0, high=2.0)" in said


def test_in_a_study_with_a_space_the_methods_return_its_values() -> None:
    space = {"x": st.Float(0.0, 1.0), "c": ["a", "b"]}
    study = st.tune(lambda trial: trial.suggest_float("x", 0, 1) + (trial.suggest_categorical("c", ["a", "b"]) == "a"),
                    space, "random", 3, progress=False)
    assert all(trial.value == trial.params["x"] + (trial.params["c"] == "a") for trial in study.trials)
    assert "'y' is requested, and the configuration of trial 1 has 'x', 'c'" in failed(
        lambda trial: trial.suggest_float("y", 0, 1), space)
    assert "the study's space has another range for it" in failed(
        lambda trial: trial.suggest_float("x", 5, 6), space)


def test_choices_that_can_not_be_copied_are_shared() -> None:
    study = st.Study({"module": [math, np]}, "random")
    study.run(lambda trial: len(dir(trial.suggest_categorical("module", [math, np]))), 2, progress=False)
    assert [trial.state for trial in study.trials] == ["complete", "complete"]


@pytest.mark.parametrize("value", [math.inf, math.nan, np.float32("inf"), [1.0, math.inf]])
def test_an_enqueued_value_must_be_finite(value: Any) -> None:
    with pytest.raises(ValueError, match="unused is (inf|nan); it must be finite"):
        st.Study(searcher="random").enqueue({"x": 0.5, "unused": value})


@pytest.mark.parametrize(("arguments", "said"), [
    ({"searcher": "grid"}, "space is None and searcher is GridSearch(resolution=5), which requires a space"),
    ({"searcher": st.RandomSearch("halton")}, "which requires a space"),
    ({"constraint": bool}, "constraint is given without a space"),
    ({"start_from": st.Study({"x": [1]})}, "start_from is given without a space")])
def test_what_requires_a_space(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        st.Study(**arguments)
    assert said in str(caught.value)


def test_attributes_are_set_while_a_trial_runs() -> None:
    trial = st.tune(objective, searcher="random", n_trials=1, progress=False).trials[0]
    with pytest.raises(ValueError, match="trial 0 is complete; its attributes are set while it runs"):
        trial.set_user_attr("a", 1)
