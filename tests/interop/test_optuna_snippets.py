"""The topics of Optuna's tutorial and FAQ, a snippet for each, run with Optuna and with its names on this package.

The code of a snippet is the same for both; the assertions after it say what it does. STOPS holds the snippets that stop
here, with their messages.
"""

from __future__ import annotations

import importlib
import io
import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
SNIPPETS: list[Callable[[Any, Path], None]] = []
STOPS = {"one_file_and_two_writers": (RuntimeError, "NotWritable: .* is being written by process")}


def snippet(function: Callable[[Any, Path], None]) -> Callable[[Any, Path], None]:
    """A snippet, which is added to the list."""
    SNIPPETS.append(function)
    return function


@pytest.fixture(params=["scratchtune.interop.optuna", "optuna"])
def library(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each module in turn; a snippet may set the level of our logger."""
    if request.param == "optuna":
        pytest.importorskip("optuna").logging.set_verbosity(logging.ERROR)
    ours = logging.getLogger("scratchtune.core.study")
    level = ours.level
    yield importlib.import_module(request.param)
    ours.setLevel(level)


def parabola(trial: Any) -> float:
    """The objective of Optuna's first page."""
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2


def learning(optuna: Any, exception: Any) -> Callable[[Any], float]:
    """An objective that reports as a training does, and ends by that exception where it should be pruned."""
    def objective(trial: Any) -> float:
        rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
        error = 1.0
        for step in range(10):
            error = abs(np.log10(rate) + 3.0) + 1.0 / (step + 1)
            trial.report(error, step)
            if trial.should_prune():
                raise exception()
        return error

    return objective


# Key features --------------------------------------------------------------------------------------------------------


@snippet
def pythonic_search_space(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> float:
        optimizer = trial.suggest_categorical("optimizer", ["MomentumSGD", "Adam"])
        num_layers = trial.suggest_int("num_layers", 1, 3)
        num_channels = trial.suggest_int("num_channels", 32, 512, log=True)
        num_units = trial.suggest_int("num_units", 10, 100, step=5)
        dropout_rate = trial.suggest_float("dropout_rate", 0.0, 1.0)
        learning_rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
        drop_path_rate = trial.suggest_float("drop_path_rate", 0.0, 1.0, step=0.1)
        units = [trial.suggest_int(f"n_units_l{i}", 4, 128, log=True) for i in range(num_layers)]
        return sum(units) + num_channels + num_units + dropout_rate + learning_rate + drop_path_rate + (
            optimizer == "Adam")

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=12)
    for trial in study.trials:
        assert trial.params["num_units"] % 5 == 0 and 1e-5 <= trial.params["learning_rate"] <= 1e-2
        assert len(trial.params) == 7 + trial.params["num_layers"] == len(trial.distributions)
    assert trial.distributions["num_units"].high == 100 and trial.distributions["num_channels"].log


@snippet
def pruning_by_the_median(optuna: Any, folder: Path) -> None:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=5)
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(learning(optuna, optuna.TrialPruned), n_trials=15)
    states = [trial.state for trial in study.trials]
    assert set(states) == {optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.COMPLETE}
    assert set(states[:3]) == {optuna.trial.TrialState.COMPLETE}
    assert all(min(trial.intermediate_values) == 0 and max(trial.intermediate_values) >= 5 for trial in study.trials)


@snippet
def pruning_by_default(optuna: Any, folder: Path) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(learning(optuna, optuna.exceptions.TrialPruned), n_trials=30)
    pruned_trials = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.PRUNED])
    complete_trials = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    assert len(pruned_trials) + len(complete_trials) == 30 and len(pruned_trials) >= 5 <= len(complete_trials)
    assert all(trial.value == trial.intermediate_values[max(trial.intermediate_values)] for trial in pruned_trials)
    assert study.best_trial.state.name == "COMPLETE" and pruned_trials[0].state.name == "PRUNED"
    study = optuna.create_study(pruner=optuna.pruners.NopPruner(), sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(learning(optuna, optuna.TrialPruned), n_trials=12)
    assert {trial.state for trial in study.trials} == {optuna.trial.TrialState.COMPLETE}


@snippet
def pruner_successive_halving(optuna: Any, folder: Path) -> None:
    study = optuna.create_study(
        pruner=optuna.pruners.SuccessiveHalvingPruner(), sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(learning(optuna, optuna.TrialPruned), n_trials=30)
    assert {trial.state.name for trial in study.trials} == {"COMPLETE", "PRUNED"}


@snippet
def many_workers(optuna: Any, folder: Path) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def objective(trial: Any) -> float:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return parabola(trial)

    study = optuna.create_study()
    study.optimize(parabola, n_trials=2)
    study.optimize(objective, n_trials=14, n_jobs=4)
    assert len(study.trials) == 16 and most == 4


@snippet
def visualization(optuna: Any, folder: Path) -> None:
    from matplotlib import pyplot

    def objective(trial: Any) -> float:
        x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", -1, 1)
        trial.report(x * x, 0)
        return x * x + y

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=12)
    drawn = [
        optuna.visualization.matplotlib.plot_optimization_history(study),
        optuna.visualization.matplotlib.plot_intermediate_values(study),
        optuna.visualization.matplotlib.plot_parallel_coordinate(study, params=["x", "y"]),
        optuna.visualization.matplotlib.plot_contour(study, params=["x", "y"]),
        optuna.visualization.matplotlib.plot_slice(study, params=["x", "y"]),
        optuna.visualization.matplotlib.plot_param_importances(study),
        optuna.visualization.matplotlib.plot_edf(study),
        optuna.visualization.matplotlib.plot_rank(study, params=["x", "y"]),
        optuna.visualization.matplotlib.plot_timeline(study),
        optuna.visualization.matplotlib.plot_optimization_history(
            study, target=lambda t: t.duration.total_seconds(), target_name="duration")]
    assert len(drawn) == 10 and all(one is not None for one in drawn)
    pyplot.close("all")


@snippet
def importances(optuna: Any, folder: Path) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda t: t.suggest_float("a", 0, 1) + 0.1 * t.suggest_float("b", 0, 1), n_trials=40)
    found = optuna.importance.get_param_importances(study)
    assert list(found) == ["a", "b"] and found["a"] > 0.8 and sum(found.values()) == pytest.approx(1.0)


# Recipes -------------------------------------------------------------------------------------------------------------


@snippet
def a_study_in_a_database(optuna: Any, folder: Path) -> None:
    storage_name = f"sqlite:///{folder}/example-study.db"
    study = optuna.create_study(study_name="example-study", storage=storage_name)
    study.optimize(parabola, n_trials=3)
    with pytest.raises(optuna.exceptions.DuplicatedStudyError):
        optuna.create_study(study_name="example-study", storage=storage_name)
    study = optuna.create_study(study_name="example-study", storage=storage_name, load_if_exists=True)
    study.optimize(parabola, n_trials=3)
    again = optuna.load_study(study_name="example-study", storage=storage_name)
    again.optimize(parabola, n_trials=2)
    assert again.study_name == "example-study" and len(again.trials) == 8
    assert [trial.params for trial in again.trials[:6]] == [trial.params for trial in study.trials[:6]]


@snippet
def one_file_and_two_writers(optuna: Any, folder: Path) -> None:
    """The same script in two processes, the second one begun while the first one runs."""
    storage = f"sqlite:///{folder}/distributed.db"
    study = optuna.create_study(study_name="distributed-example", storage=storage)
    script = f"""
import importlib
optuna = importlib.import_module({optuna.__name__!r})
study = optuna.load_study(study_name="distributed-example", storage={storage!r})
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
"""

    def objective(trial: Any) -> float:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.splitlines()[-1])
        return parabola(trial)

    study.optimize(objective, n_trials=1)
    assert len(study.trials) == 2


@snippet
def several_objectives(optuna: Any, folder: Path) -> None:
    from matplotlib import pyplot

    def objective(trial: Any) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 5), trial.suggest_float("y", 0, 3)
        return 4 * x**2 + 4 * y**2, (x - 5) ** 2 + (y - 5) ** 2

    study = optuna.create_study(directions=["minimize", "minimize"])
    study.optimize(objective, n_trials=40)
    front = [tuple(trial.values) for trial in study.best_trials]
    assert 2 <= len(front) < 40
    assert not any(one[0] > other[0] and one[1] > other[1] for one in front for other in front)
    trial_with_lowest = min(study.best_trials, key=lambda t: t.values[1])
    assert trial_with_lowest.values[1] == min(trial.values[1] for trial in study.trials)
    optuna.visualization.matplotlib.plot_pareto_front(study, target_names=["first", "second"])
    pyplot.close("all")


@snippet
def a_callback_that_stops(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> float:
        if trial.number > 4:
            raise optuna.TrialPruned
        return trial.suggest_float("x", 0, 1)

    def stop_where_two_are_pruned(study: Any, trial: Any) -> None:
        states = [trial.state for trial in study.trials]
        if states[-2:] == [optuna.trial.TrialState.PRUNED] * 2:
            study.stop()

    study = optuna.create_study()
    study.optimize(objective, timeout=60, callbacks=[stop_where_two_are_pruned])
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 5 + ["PRUNED"] * 2


@snippet
def a_timeout(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> float:
        time.sleep(0.05)
        return parabola(trial)

    study = optuna.create_study()
    study.optimize(objective, n_trials=1000, timeout=0.2, gc_after_trial=True, show_progress_bar=False)
    assert 1 <= len(study.trials) <= 6
    assert all(trial.duration.total_seconds() >= 0.05 for trial in study.trials)


@snippet
def trials_from_elsewhere(optuna: Any, folder: Path) -> None:
    study = optuna.create_study()
    distributions = {"x": optuna.distributions.FloatDistribution(-10, 10)}
    trial = optuna.trial.create_trial(params={"x": 2.0}, distributions=distributions, value=0.5)
    study.add_trial(trial)
    assert len(study.trials) == 1 and study.best_value == 0.5 and study.best_params == {"x": 2.0}
    study.optimize(lambda trial: 1.0 + parabola(trial), n_trials=3)
    other_study = optuna.create_study()
    for trial in study.trials:
        other_study.add_trial(trial)
    assert len(other_study.trials) == 4 and other_study.best_trial.value == 0.5
    assert [trial.params for trial in other_study.trials] == [trial.params for trial in study.trials]


@snippet
def ask_and_tell(optuna: Any, folder: Path) -> None:
    study = optuna.create_study(direction="maximize")
    for n in range(12):
        trial = study.ask()
        x = trial.suggest_float("x", -1, 1)
        if n == 5:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        elif n == 6:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif n == 7:
            study.tell(trial.number, -x * x)
        else:
            study.tell(trial, -x * x)
    states = [trial.state for trial in study.trials]
    assert states[5:8] == [getattr(optuna.trial.TrialState, name) for name in ("FAIL", "PRUNED", "COMPLETE")]
    assert study.best_value <= 0 and states.count(optuna.trial.TrialState.COMPLETE) == 10


@snippet
def define_and_run(optuna: Any, folder: Path) -> None:
    distributions = {
        "C": optuna.distributions.FloatDistribution(1e-7, 10.0, log=True),
        "layers": optuna.distributions.IntDistribution(1, 3),
        "solver": optuna.distributions.CategoricalDistribution(("newton-cg", "lbfgs"))}
    study = optuna.create_study(direction="maximize")
    for _ in range(5):
        trial = study.ask(distributions)
        assert 1e-7 <= trial.params["C"] <= 10.0 and trial.params["solver"] in ("newton-cg", "lbfgs")
        study.tell(trial, trial.params["C"] + trial.params["layers"])
    assert len(study.trials) == 5 and set(study.best_params) == {"C", "layers", "solver"}


# Samplers ------------------------------------------------------------------------------------------------------------


def searched(optuna: Any, sampler: Any, n_trials: int = 25) -> Any:
    """A study of a small function with that sampler."""
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda t: t.suggest_float("x", -5, 5) ** 2 + t.suggest_int("n", 0, 9), n_trials=n_trials)
    assert len(study.trials) == n_trials and study.best_value < 15.0
    return study


@snippet
def sampler_random(optuna: Any, folder: Path) -> None:
    first, second = (searched(optuna, optuna.samplers.RandomSampler(seed=10)) for _ in range(2))
    assert [trial.params for trial in first.trials] == [trial.params for trial in second.trials]
    other = searched(optuna, optuna.samplers.RandomSampler())
    assert [trial.params for trial in first.trials] != [trial.params for trial in other.trials]


@snippet
def sampler_gp(optuna: Any, folder: Path) -> None:
    if optuna.__name__ == "optuna":
        pytest.importorskip("torch")
    assert searched(optuna, optuna.samplers.GPSampler(seed=1, n_startup_trials=5), 12).best_value < 4.0


@snippet
def sampler_nsga2(optuna: Any, folder: Path) -> None:
    study = optuna.create_study(
        sampler=optuna.samplers.NSGAIISampler(population_size=10, seed=1), directions=["minimize", "maximize"])
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)), n_trials=30)
    assert len(study.trials) == 30 and study.best_trials


@snippet
def sampler_grid(optuna: Any, folder: Path) -> None:
    search_space = {"x": [-50, 0, 50], "y": [-99, 0, 99]}
    study = optuna.create_study(sampler=optuna.samplers.GridSampler(search_space))
    study.optimize(lambda t: t.suggest_float("x", -100, 100) ** 2 + t.suggest_int("y", -100, 100) ** 2)
    assert sorted((t.params["x"], t.params["y"]) for t in study.trials) == [
        (x, y) for x in search_space["x"] for y in search_space["y"]]
    assert study.best_params == {"x": 0, "y": 0}


@snippet
def sampler_qmc(optuna: Any, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = searched(optuna, optuna.samplers.QMCSampler(seed=1), 33)
    counts = np.histogram([trial.params["x"] for trial in study.trials[1:]], bins=4, range=(-5, 5))[0]
    assert counts.min() >= 7 and counts.max() <= 9  # evenly spread


@snippet
def sampler_cmaes(optuna: Any, folder: Path) -> None:
    if optuna.__name__ == "optuna":
        pytest.importorskip("cmaes")
    study = optuna.create_study(sampler=optuna.samplers.CmaEsSampler(seed=1))
    study.optimize(lambda t: t.suggest_float("x", -5, 5) ** 2 + t.suggest_float("y", -5, 5) ** 2, n_trials=60)
    assert study.best_value < 1.0


@snippet
def constraints(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> tuple[float, float]:
        x, y = trial.suggest_float("x", -15, 30), trial.suggest_float("y", -15, 30)
        trial.set_user_attr("constraint", ((x - 5) ** 2 + y**2 - 25, -((x - 8) ** 2) - (y + 3) ** 2 + 7.7))
        return 4 * x**2 + 4 * y**2, (x - 5) ** 2 + (y - 5) ** 2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.NSGAIISampler(
            seed=1, constraints_func=lambda trial: trial.user_attrs["constraint"])
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=60)
    assert study.best_trials and any(max(trial.user_attrs["constraint"]) > 0 for trial in study.trials)
    assert all(max(trial.user_attrs["constraint"]) <= 0 for trial in study.best_trials)


# Questions -----------------------------------------------------------------------------------------------------------


@snippet
def exceptions(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 2 == 0:
            raise ValueError("a typo")
        return x

    study = optuna.create_study()
    with pytest.raises(ValueError, match="^a typo$"):
        study.optimize(objective, n_trials=10)
    assert [trial.state for trial in study.trials] == [optuna.trial.TrialState.FAIL]
    study.optimize(objective, n_trials=10, catch=(ValueError,))
    study.optimize(objective, n_trials=1, catch=ValueError)
    assert len(study.trials) == 12 and study.trials[-1].state == optuna.trial.TrialState.COMPLETE
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), float("nan"))[1], n_trials=1)
    assert study.trials[-1].state == optuna.trial.TrialState.FAIL


@snippet
def a_table(optuna: Any, folder: Path) -> None:
    pytest.importorskip("pandas")
    study = optuna.create_study()
    study.optimize(parabola, n_trials=3)
    df = study.trials_dataframe(attrs=("number", "value", "params", "state"))
    assert list(df.columns) == ["number", "value", "params_x", "state"] and list(df["state"]) == ["COMPLETE"] * 3
    assert {"datetime_start", "datetime_complete", "duration"} < set(study.trials_dataframe().columns)


@snippet
def log_lines(optuna: Any, folder: Path) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    optuna.logging.get_logger("optuna").addHandler(handler)
    try:
        study = optuna.create_study()
        study.optimize(parabola, n_trials=2)
        before = stream.getvalue()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study.optimize(parabola, n_trials=2)
    finally:
        optuna.logging.get_logger("optuna").removeHandler(handler)
    assert "rial 1" in before and "value" in before and stream.getvalue() == before


@snippet
def an_objective_is_tested(optuna: Any, folder: Path) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1.0, 1.0)
        y = trial.suggest_int("y", -5, 5)
        trial.report(x, 0)
        return x + y if not trial.should_prune() else 0.0

    assert objective(optuna.trial.FixedTrial({"x": 1.0, "y": -1})) == 0.0
    assert objective(optuna.trial.FixedTrial({"x": -1.0, "y": -4}, number=3)) == -5.0
    with pytest.raises(ValueError, match="y"):
        objective(optuna.trial.FixedTrial({"x": 1.0}))


SLOW = {"sampler_gp"}  # Optuna's samples with PyTorch


@pytest.mark.parametrize("one", [
    pytest.param(one, id=one.__name__, marks=[pytest.mark.slow] * (one.__name__ in SLOW)) for one in SNIPPETS])
def test_a_snippet_does_the_same(library: Any, one: Callable[[Any, Path], None], tmp_path: Path) -> None:
    if library.__name__ != "optuna" and one.__name__ in STOPS:
        error, message = STOPS[one.__name__]
        with pytest.raises(error, match=message):
            one(library, tmp_path)
    else:
        one(library, tmp_path)
