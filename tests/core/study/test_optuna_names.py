"""Objectives written for Optuna, from its documentation, run with another import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as optuna


def test_the_first_example() -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -10, 10)
        return (x - 2) ** 2

    study = optuna.create_study(sampler="random")
    study.optimize(objective, n_trials=40)
    assert abs(study.best_params["x"] - 2) < 1.0 and study.best_value == study.best_trial.value
    study.optimize(objective, n_trials=10)  # further ones
    assert len(study.trials) == 50 and study.trials[3].number == 3


def test_branches_loops_and_every_kind_of_parameter() -> None:
    """The objectives of "Pythonic Search Space", in one."""
    def objective(trial: Any) -> float:
        optimizer = trial.suggest_categorical("optimizer", ["MomentumSGD", "Adam"])
        num_layers = trial.suggest_int("num_layers", 1, 3)
        trial.suggest_int("num_channels", 32, 512, log=True)
        num_units = trial.suggest_int("num_units", 10, 100, step=5)
        dropout_rate = trial.suggest_float("dropout_rate", 0.0, 1.0)
        learning_rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
        drop_path_rate = trial.suggest_float("drop_path_rate", 0.0, 1.0, step=0.1)
        total = sum(trial.suggest_int(f"n_units_l{i}", 4, 128, log=True) for i in range(num_layers))
        if optimizer == "Adam":
            total += trial.suggest_float("beta", 0.9, 0.999)
        assert num_units % 5 == 0 and 1e-5 <= learning_rate <= 1e-2 and round(10 * drop_path_rate, 9) % 1 == 0
        return total + dropout_rate

    study = optuna.create_study(direction="minimize", sampler=optuna.BayesianSearch(model="tpe"))
    study.optimize(objective, n_trials=25)
    assert all(trial.state == "complete" for trial in study.trials)
    assert study.space.conditions["beta"] == {"optimizer": ("Adam",)}
    assert set(study.space.names) >= {"n_units_l0", "n_units_l1", "n_units_l2"}


def test_pruning() -> None:
    def objective(trial: Any) -> float:
        rate = trial.suggest_float("rate", 0.0, 1.0)
        for step in range(10):
            trial.report(rate * (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return rate * 10

    study = optuna.create_study(sampler="random")
    study.optimize(objective, n_trials=20)
    pruned = [trial for trial in study.trials if trial.state == "stopped"]
    assert pruned and study.best_trial.state == "complete"
    assert all(trial.value == trial.reports[max(trial.reports)] and trial.error is None for trial in pruned)


def test_pruned_before_any_report_is_failed() -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        raise optuna.TrialPruned("too early")

    study = optuna.create_study(sampler="random")
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == "failed" and study.trials[0].error == "TrialPruned: too early"


def test_a_study_in_a_file(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {
        "storage": f"sqlite:///{tmp_path}/example.db", "study_name": "one", "sampler": "random"}
    optuna.create_study(**arguments).optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert (tmp_path / "example.db").exists()
    with pytest.raises(ValueError, match="holds a study of this name; give load_if_exists=True to continue it"):
        optuna.create_study(**arguments)
    assert len(optuna.create_study(**arguments, load_if_exists=True).trials) == 3
    with pytest.raises(ValueError, match="storage is 'mysql://host/db'; it must be the path of an SQLite file"):
        optuna.create_study(storage="mysql://host/db")


@pytest.mark.parametrize(("storage", "error", "said"), [
    ("sqlite:///56.db?timeout=5", ValueError, r"an SQLite file, or sqlite:///FILE without options after a \?"),
    (object(), TypeError, "storage is <object .*>; it must be the path of an SQLite file, sqlite:///FILE, or None"),
    (3, TypeError, "storage is 3; it must be the path")])
def test_wrong_storages(
    storage: Any, error: type[Exception], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said):
        optuna.create_study(storage=storage)
    assert not list(tmp_path.iterdir())


def test_scikit_learn_conditionally() -> None:
    """Optuna's example of scikit-learn: the classifier is chosen first, then the parameters that it has."""
    pytest.importorskip("sklearn")
    from sklearn import datasets, ensemble, model_selection, svm

    def objective(trial: Any) -> float:
        x, y = datasets.load_iris(return_X_y=True)
        classifier_name = trial.suggest_categorical("classifier", ["SVC", "RandomForest"])
        if classifier_name == "SVC":
            classifier_obj = svm.SVC(C=trial.suggest_float("svc_c", 1e-10, 1e10, log=True), gamma="auto")
        else:
            rf_max_depth = trial.suggest_int("rf_max_depth", 2, 32, log=True)
            classifier_obj = ensemble.RandomForestClassifier(max_depth=rf_max_depth, n_estimators=10)
        return model_selection.cross_val_score(classifier_obj, x, y, n_jobs=1, cv=3).mean()

    study = optuna.create_study(direction="maximize", sampler="random")
    study.optimize(objective, n_trials=8)
    assert study.best_value > 0.9


def test_several_directions() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)), n_trials=30)
    assert repr(study.searcher).startswith("NSGA2") and study.stopping is None
    assert 1 <= len(study.best_trials) < 30
