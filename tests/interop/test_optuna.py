"""What differs from Optuna, Keras Tuner and Ray, as the table in scratchtune/interop/README.md says it."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.interop import optuna


def parabola(trial: Any) -> float:
    return (trial.suggest_float("x", -10, 10) - 2) ** 2


def random_study(**given: Any) -> Any:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **given)


# The module ----------------------------------------------------------------------------------------------------------


def test_a_study_is_one_of_the_package() -> None:
    study = random_study(study_name="one")
    study.optimize(parabola, n_trials=5)
    assert isinstance(study, st.Study) and study.why(3).startswith("Trial 3: ")
    assert study.study_name == study.name == "one" and repr(study.sampler) == "RandomSearch(sequence='uniform')"
    assert study.best_trial.seconds >= 0.0 and study.trials[2].state == "complete" == str(study.trials[2].state)
    again = pickle.loads(pickle.dumps(study))
    again.optimize(parabola, n_trials=1)
    assert len(again.trials) == 6 and copy.copy(again.best_trial).params == again.best_params


def test_the_trials_are_those_of_the_package() -> None:
    study, own = random_study(), st.create_study(sampler="random")
    study.optimize(parabola, n_trials=8)
    own.optimize(parabola, n_trials=8)
    assert [trial.params for trial in study.trials] == [trial.params for trial in own.trials]


def test_a_study_of_one_objective_is_pruned_by_the_median_however_it_was_said() -> None:
    one, named, several = (random_study(**given) for given in (
        {}, {"directions": ["maximize"]}, {"directions": ["maximize", "minimize"]}))
    assert repr(one.stopping) == repr(named.stopping) == repr(st.MedianStopping(parallel=1))
    assert several.stopping is None
    assert named.direction == "maximize"


def test_successive_halving_keeps_a_quarter_of_the_trials_as_in_optuna() -> None:
    assert repr(random_study(pruner=optuna.pruners.SuccessiveHalvingPruner()).stopping) == repr(st.AsyncHalving(eta=4))


def test_a_trial_that_is_told_as_pruned_has_its_last_report() -> None:
    study = random_study()
    with_report, without = study.ask(), study.ask()
    with_report.report(3.0, 0)
    for trial in (with_report, without):
        trial.suggest_float("x", 0.0, 1.0)
        study.tell(trial, state=optuna.TrialState.PRUNED)
    assert [(trial.state.name, trial.value) for trial in study.trials] == [("PRUNED", 3.0), ("PRUNED", None)]


def test_an_argument_without_a_counterpart_is_named() -> None:
    with pytest.warns(UserWarning, match="BayesianSearch has no counterpart of multivariate, gamma, ignored here"):
        optuna.samplers.TPESampler(multivariate=True, gamma=None, seed=3, warn_independent_sampling=False)
    with pytest.raises(ValueError, match="initial is 0"):
        optuna.samplers.TPESampler(n_startup_trials=0)


def test_constraints_are_those_of_the_trial() -> None:
    """They are set where a trial has a value, in a run and where it is told; a failed or pruned one has none."""
    def objective(trial: Any) -> float:
        if trial.number == 1:
            raise optuna.TrialPruned
        return parabola(trial)

    sampler = optuna.samplers.TPESampler(seed=0, constraints_func=lambda trial: (trial.params["x"] - 1.0, -11.0))
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=20)
    for _ in range(2):
        asked = study.ask()
        study.tell(asked, parabola(asked))
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    assert study.best_params["x"] <= 1.0 and any(trial.violation > 0.0 for trial in study.trials)
    assert [trial.constraints for trial in study.trials] == [
        () if trial.number in (1, 22) else (trial.params["x"] - 1.0, -11.0) for trial in study.trials]


def test_an_added_trial_is_checked_before_it_is_there() -> None:
    study, kinds = random_study(), {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}
    with pytest.raises(ValueError, match="x is 2.0"):
        study.add_trial(optuna.trial.create_trial(params={"x": 2.0}, distributions=kinds, value=1.0))
    assert study.trials == []
    study.enqueue_trial({"x": 0.5})
    with pytest.raises(ValueError, match="add_trial was called while enqueued or interrupted trials wait; run these"):
        study.add_trial(optuna.trial.create_trial(params={"x": 0.2}, distributions=kinds, value=1.0))


@pytest.mark.parametrize("name", ["FAIL", "PRUNED"])
def test_a_trial_without_a_value_is_added(name: str) -> None:
    study, state = random_study(), getattr(optuna.trial.TrialState, name)
    study.add_trial(optuna.trial.create_trial(
        state=state, params={"x": 0.5}, distributions={"x": optuna.distributions.FloatDistribution(0.0, 1.0)},
        user_attrs={"from": "paper"}))
    assert study.trials[0].state is state and study.trials[0].user_attrs == {"from": "paper"}
    assert study.trials[0].value is None


def test_trials_are_told_in_any_order_while_others_are_asked() -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    asked = [study.ask() for _ in range(3)]
    for number in (2, 1, 3, 5, 0, 4):
        study.tell(asked[number], parabola(asked[number]))
        asked.append(study.ask())
    assert [trial.state for trial in study.trials] == ["complete"] * 6 + ["running"] * 3


def test_the_error_of_a_worker_ends_the_run() -> None:
    def objective(trial: Any) -> float:
        if trial.number == 3:
            raise KeyError("a typo")
        return parabola(trial)

    study = random_study()
    with pytest.raises(KeyError, match="a typo"):
        study.optimize(objective, n_trials=100, n_jobs=2, catch=[ValueError])
    assert 4 <= len(study.trials) <= 8 and study.trials[3].state.name == "FAIL"


# The table -----------------------------------------------------------------------------------------------------------


def test_what_differs_from_optuna() -> None:
    study = random_study()
    study.optimize(lambda trial: math.inf * (1.0 + trial.suggest_int("x", 0, 1)), n_trials=1)
    study.optimize(lambda trial: 1.0, n_trials=1)
    study.enqueue_trial({"x": 7})
    with pytest.raises(ValueError, match="x"):
        study.optimize(lambda trial: trial.suggest_int("x", 0, 1), n_trials=1)
    assert [trial.state for trial in study.trials] == ["failed"] * 3
    with pytest.raises(AttributeError, match="sampler"):
        study.sampler = optuna.samplers.TPESampler()
    with pytest.raises(ValueError, match="CMAESSearch.* searches ranges that always exist, and 'kind' is a choice"):
        optuna.create_study(sampler=optuna.samplers.CmaEsSampler()).optimize(
            lambda trial: len(trial.suggest_categorical("kind", ["a", "bc"])), n_trials=9)
    with pytest.raises(AttributeError, match="HyperbandPruner"):
        optuna.pruners.HyperbandPruner()


def test_what_the_package_does_where_optuna_does_otherwise() -> None:
    one, two = (st.create_study(sampler="random") for _ in range(2))
    for study in (one, two):
        study.optimize(parabola, n_trials=3)
    assert [trial.params for trial in one.trials] == [trial.params for trial in two.trials]  # seed=0
    one.run(parabola, n_trials=3, progress=False)
    assert len(one.trials) == 3  # the number is the study's
    one.optimize(lambda trial: 1 / (trial.suggest_float("x", -10, 10) > 99), n_trials=2)
    assert [trial.state for trial in one.trials[3:]] == ["failed"] * 2
    assert one.trials[0].reports == {} and one.trials[0].finished >= one.trials[0].started
    names = st.insight.importance(st.tune(
        lambda t: t.suggest_float("a", 0, 1) * t.suggest_float("b", 0, 1), None, "random", 40, progress=False))
    assert ("a", "b") in names


def test_spaces_of_keras_tuner_and_ray() -> None:
    space = {
        "units": st.Int(32, 512, step=32),  # hp.Int("units", 32, 512, step=32)
        "rate": st.Float(1e-4, 1e-1, log=True),  # hp.Float(..., sampling="log"), tune.loguniform(1e-4, 1e-1)
        "again": (1e-4, 1e-1, "log-uniform"),
        "kind": ["cnn", "mlp"],  # hp.Choice, tune.choice
        "filters": st.Int(3, 5, when={"kind": "cnn"}),  # hp.conditional_scope
        "shuffle": [True, False],  # hp.Boolean
        "size": st.Int(0, 9),  # tune.randint(0, 10)
        "part": st.Float(0.0, 1.0, step=0.25)}  # tune.quniform(0, 1, 0.25)
    trials = st.tune(lambda trial: trial.params["size"], space, "random", 60, progress=False).trials
    assert {trial.params["size"] for trial in trials} == set(range(10))
    assert all(trial.params["units"] % 32 == 0 and trial.params["part"] % 0.25 == 0.0 for trial in trials)
    assert all(("filters" in trial.params) == (trial.params["kind"] == "cnn") for trial in trials)


def test_hyperband_asks_for_epochs_and_continues_its_trainings() -> None:
    def objective(trial: Any) -> float:
        saved = trial.load()
        begun = 0 if saved is None else int(saved["epochs"])
        trial.save({"epochs": trial.budget})
        return trial.params["x"] / (begun + trial.budget)

    study = st.tune(objective, {"x": st.Float(0.0, 1.0)}, st.Hyperband(max_budget=9), progress=False)
    assert {trial.budget for trial in study.trials} == {1, 3, 9}


def test_repeats_of_a_configuration_are_scores_of_a_trial() -> None:
    def objective(trial: Any) -> float:
        trial.report_scores([trial.params["x"], trial.params["x"] + 2.0])
        return sum(trial.scores) / len(trial.scores)

    study = st.tune(objective, {"x": [1.0, 3.0]}, "grid", progress=False)
    assert study.best_value == 2.0 and study.best_trial.scores == [1.0, 3.0]


def test_a_study_of_the_same_name_is_continued(tmp_path: Path) -> None:
    for _ in range(2):
        with st.Study(storage=tmp_path / "a.db", name="one", searcher="random") as study:
            study.run(parabola, n_trials=3, progress=False)
    assert len(study.trials) == 3 and all(trial.attempts == 1 for trial in study.trials)


def test_what_is_enqueued_again_is_tried_again_unless_it_exists(tmp_path: Path) -> None:
    stored: dict[str, Any] = {"storage": f"sqlite:///{tmp_path}/a.db", "study_name": "one"}
    for count in (1, 2):
        study = optuna.create_study(**stored, load_if_exists=True)
        study.enqueue_trial({"x": 2.0})
        study.optimize(parabola, n_trials=1)
        assert sum(trial.params["x"] == 2.0 for trial in study.trials) == count
    again = optuna.load_study(**stored)
    again.enqueue_trial({"x": 2.0}, skip_if_exists=True)
    again.optimize(parabola, n_trials=1)
    assert sum(trial.params["x"] == 2.0 for trial in again.trials) == 2
    with pytest.raises(st.StorageError, match="has searcher BayesianSearch.*this one has BayesianSearch"):
        optuna.load_study(**stored, sampler=optuna.samplers.GPSampler())


@pytest.mark.parametrize(("storage", "error"), [("mysql://host/db", ValueError), (object(), TypeError)])
def test_a_storage_that_is_no_file(storage: Any, error: type[Exception]) -> None:
    for call in (optuna.create_study, optuna.load_study):
        with pytest.raises(error, match="storage is .*; it must be the path of an SQLite file"):
            call(study_name="one", storage=storage)
