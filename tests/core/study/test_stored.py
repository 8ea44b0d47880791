"""A study read from a file: its space with conditions and priors, its searcher, its reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.search import SuccessiveHalving
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import StoredStudy, read_study

from ...forging import forge

SPACE = {
    "optimizer": st.Categorical(["sgd", "adam"], prior=[3, 1]),
    "momentum": st.Float(0.0, 0.9, when={"optimizer": "sgd"}),
    "rate": st.Float(1e-4, 1.0, log=True, prior=(0.01, 0.2)), "units": st.Int(8, 64, step=8),
    "flag": [True, None, 2.5],
}


def read(path: Path, name: str = "study") -> StoredStudy:
    with File(path, reading=True) as storage:
        return read_study(storage, name)


def stored(tmp_path: Path, n_trials: int = 6, **arguments: Any) -> tuple[st.Study, StoredStudy]:
    study = st.Study(arguments.pop("space", SPACE), storage=tmp_path / "a.db", **arguments)
    study.run(lambda trial: float(trial.number), n_trials, progress=False)
    study.close()
    return study, read(tmp_path / "a.db", study.name)


SEARCHERS = [
    st.GridSearch(3), st.RandomSearch("halton"), st.BayesianSearch("tpe", 2, initial=4),
    st.GeneticSearch(6, elitism=False),
    st.Hyperband(4, 2, proposer=st.BayesianSearch("gp", 1, kappa=1.5), random_share=0.25), SuccessiveHalving(8, 4, 2)]


@pytest.mark.parametrize("searcher", SEARCHERS, ids=lambda searcher: type(searcher).__name__)
def test_a_stored_study_has_the_definition_of_the_study(searcher: st.Searcher, tmp_path: Path) -> None:
    study, found = stored(tmp_path, searcher=searcher, seed=7, direction="maximize", stopping=st.MedianStopping(3))
    assert found.space.parameters == study.space.parameters and found.space.conditions == study.space.conditions
    assert repr(found.searcher) == repr(searcher) == found.text("searcher") and type(found.searcher) is type(searcher)
    assert found.seed == 7 and repr(found.stopping) == repr(study.stopping) == found.text("stopping")
    assert [found.why(number) for number in range(6)] == [study.why(number) for number in range(6)]
    assert found.why(2) == study.why(2) and not found.has_constraint
    assert [found.why(number, brief=True) for number in range(6)] == [study.why(n, brief=True) for n in range(6)]
    assert [trial.seed for trial in found.trials] == [trial.seed for trial in study.trials]
    assert (found.best_value, found.best_params, found.best_trial.number) == (
        study.best_value, study.best_params, study.best_trial.number)


class Own(st.Searcher):
    def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> st.Suggestion:
        return st.Suggestion(space.from_unit(rng.random(len(space.names))))


def test_a_searcher_of_the_user_is_a_text(tmp_path: Path) -> None:
    _, found = stored(tmp_path, searcher=Own(), constraint=lambda params: True)
    assert found.searcher is None and found.text("searcher") == "Own()" and found.stopping is None
    assert found.has_constraint and found.why(0) == "Trial 0: No reason was recorded."
    assert found.why(1, brief=True) == "Trial 1 (the 2nd of 6 trials): No reason was recorded."
    with pytest.raises(ValueError, match="trial 6 is not one of this study, which has 6 trials"):
        found.why(6)


def test_the_seed_of_a_promoted_trial_is_its_ancestors(tmp_path: Path) -> None:
    study, found = stored(tmp_path, 7, searcher=SuccessiveHalving(4, 4, 2))
    assert found.trials[6].parent is not None
    assert [trial.seed for trial in found.trials] == [trial.seed for trial in study.trials]


def test_conditions_on_choices_without_a_literal(tmp_path: Path) -> None:
    space = {"a": st.Categorical([float("nan"), "b"]), "x": st.Float(0.0, 1.0, when={"a": ["b"]}),
             "kind": st.Categorical([int, float], when={"a": [float("nan")]}, prior=[1, 2]),
             "y": st.Int(1, 3, when={"kind": [int]})}
    _, found = stored(tmp_path, space=space, searcher="random")
    parameters = found.space.parameters
    assert repr(parameters["a"].choices) == "(nan, 'b')" and parameters["x"].when == {"a": ("b",)}
    assert parameters["kind"].choices == ("<class 'int'>", "<class 'float'>") and parameters["kind"].prior == (1.0, 2.0)
    assert repr(parameters["kind"].when) == "{'a': (nan,)}" and parameters["y"].when == {"kind": ("<class 'int'>",)}


def change(path: Path, **parts: Any) -> None:
    with File(path, reading=True) as file:
        definition = json.dumps(file.definition("study") | parts)
    for table in ("studies", "spares"):
        forge(path, f"UPDATE {table} SET definition = ?", definition)


@pytest.mark.parametrize("forged", [
    {"os.system": {"command": "false"}}, {"repr": "RandomSearch()"}, {"RandomSearch": {"sequence": "none"}},
    {"MedianStopping": {"warmup": 5, "first_step": 0, "parallel": 8}}, {"Hyperband": {"max_budget": -1}},
    {"RandomSearch": {"sequence": "uniform", "more": 1}}, {"RandomSearch": 3}, {"Hyperband": {"proposer": "me"}},
    {"tuple": [1]}, {"dict": 3}, {"a": 1, "b": 2}, {}, [], "RandomSearch()", 3, None])
def test_a_forged_searcher_is_none(forged: Any, tmp_path: Path) -> None:
    stored(tmp_path, searcher="random")
    change(tmp_path / "a.db", searcher=forged)
    found = read(tmp_path / "a.db")
    assert found.searcher is None and isinstance(found.text("searcher"), str)


def test_damaged_parts_are_named(tmp_path: Path) -> None:
    stored(tmp_path, searcher="random")
    packed = {"Float": {"low": 0.0, "high": 1.0, "when": {"dict": [["gone", {"tuple": [0]}]]}}}
    change(tmp_path / "a.db", space=[["x", packed]])
    with pytest.raises(StorageError, match="is damaged: the study 'study' can't be read: .*'gone'"):
        read(tmp_path / "a.db")


def test_a_circle_of_parents_is_damage(tmp_path: Path) -> None:
    stored(tmp_path, searcher="random")
    parent = "replace(record, '\"parent\": null', '\"parent\": 3')"
    forge(tmp_path / "a.db", f"UPDATE trials SET record = {parent} WHERE id % 4294967296 = 3")
    with pytest.raises(StorageError, match="trial 3 continues trial 3"):
        read(tmp_path / "a.db")
