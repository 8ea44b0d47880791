"""Studies of several objectives: values, the best trials, what has no meaning there, the file, other processes."""

from __future__ import annotations

import csv
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.cli import main
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study

from ...forging import forge

SPACE = {"x": st.Float(0.0, 1.0), "units": [8, 16, 32]}
NAMED = {"accuracy": "maximize", "seconds": "minimize"}


def objective(trial: Any) -> tuple[float, float]:
    x, units = trial.params["x"], trial.params["units"]
    return x * units, units + abs(x - 0.5)


def study_of(
    directions: Any = ("maximize", "minimize"), trials: int = 20, searcher: Any = "random", **options: Any,
) -> st.Study:
    return st.Study(SPACE, searcher, directions=directions, **options).run(objective, trials, progress=False)


# Values --------------------------------------------------------------------------------------------------------------


def test_four_trials_by_hand() -> None:
    study = st.Study({"x": [0, 1, 2, 3]}, "grid", directions=("maximize", "minimize"))
    values = [(0.9, 10.0), (0.8, 2.0), (0.85, 12.0), (0.8, 2.0)]
    study.run(lambda trial: values[trial.params["x"]], progress=False)
    # (0.85, 12) is worse than (0.9, 10) in both; the two (0.8, 2) are equal, and nothing is better than they.
    assert [trial.values for trial in study.trials] == values
    assert [trial.number for trial in study.best_trials] == [0, 1, 3]
    assert study.directions == ("maximize", "minimize") and "maximize, minimize" in repr(study)
    assert [trial.number for trial in study.at(3).best_trials] == [0, 1]


def test_of_one_objective_everything_is_as_ever() -> None:
    for study in (st.Study(SPACE, "random", directions=["maximize"]), st.Study(SPACE, "random", "maximize")):
        study.run(lambda trial: trial.params["x"], 5, progress=False)
        assert study.direction == "maximize" and study.directions == ("maximize",)
        assert study.best_trials == [study.best_trial] and study.best_trial.values == (study.best_value,)


@pytest.mark.parametrize("returned", [{"accuracy": 0.5}, [0.5], (np.float32(0.5),), np.array([0.5]), 0.5])
def test_the_only_value_may_be_in_a_dict_or_list(returned: Any, tmp_path: Path) -> None:
    study = st.Study(SPACE, "random", directions={"accuracy": "maximize"}, storage=tmp_path / "a.db")
    assert study.tell(study.ask(), returned).values == (0.5,)
    study.close()
    study = st.load_study(tmp_path / "a.db")
    assert study.tell(study.ask(), returned).value == study.best_value == 0.5


@pytest.mark.parametrize("returned", [(0.5, 2), [np.float32(0.5), np.int64(2)], np.array([0.5, 2.0]),
                                      {"seconds": 2.0, "accuracy": 0.5}])
def test_what_an_objective_may_return(returned: Any) -> None:
    study = st.Study(SPACE, "random", directions=NAMED)
    assert study.tell(study.ask(), returned).values == (0.5, 2.0)


@pytest.mark.parametrize("returned, error", [
    (0.5, "value is 0.5; it must be 2 finite numbers, one for each objective"),
    (None, "value is None; it must be 2 finite numbers, one for each objective"),
    ("ab", "value is 'ab'; it must be 2 finite numbers, one for each objective"),
    ({1.0, 2.0}, "value is {1.0, 2.0}; it must be 2 finite numbers, one for each objective"),
    ((1.0,), "value holds 1 number; it must hold 2, one for each objective"),
    ((1.0, float("nan")), "seconds: value is nan; it must be a finite number"),
    (("a", 1.0), "accuracy: value is 'a'; it must be a finite number"),
    ({"accuracy": 1.0}, "value has the names 'accuracy'; it must have 'accuracy', 'seconds'"),
    (ValueError("bad"), "ValueError: bad"),
])
def test_anything_else_makes_a_failed_trial(returned: Any, error: str) -> None:
    study = st.Study(SPACE, "random", directions=NAMED)
    trial = study.tell(study.ask(), returned)
    assert (trial.state, trial.values, trial.value, trial.error) == ("failed", None, None, error)


def test_a_dict_needs_names() -> None:
    study = st.Study(SPACE, "random", directions=("maximize", "minimize"))
    trial = study.tell(study.ask(), {"accuracy": 0.5, "seconds": 2.0})
    assert trial.error == "value is a dict, and the objectives have no names; return 2 numbers in order"


# What has no meaning -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["best_trial", "best_value", "best_params", "direction"])
def test_there_is_no_single_best(name: str) -> None:
    with pytest.raises(ValueError, match=r"a study of 2 objectives \(maximize, minimize\) has no single .*; use "):
        getattr(study_of(), name)


def test_a_trial_has_no_single_value_and_can_not_be_pruned() -> None:
    study = study_of()
    with pytest.raises(ValueError, match="trial 4 has 2 values, one for each objective; use trial.values"):
        study.trials[4].value  # noqa: B018
    study.run(lambda trial: (float(trial.should_stop()), 1.0), 21, progress=False)
    assert "has no single value to stop a trial by; train each trial to its end" in str(study.trials[20].error)


def test_pruning_needs_one_objective() -> None:
    def pruned(trial: st.Trial) -> Any:
        trial.report(1.0, step=0)
        raise st.TrialPruned

    study = st.Study(SPACE, "random", directions=("maximize", "minimize")).run(pruned, 1, progress=False)
    told = study.tell(study.ask(), state="stopped")
    for trial in (study.trials[0], told):
        assert trial.state == "failed" and trial.error == (
            "a trial can be stopped early (pruned) only in a study of one objective, and this one has 2; train each "
            "trial to its end, and return 2 finite numbers")
    assert study.tell(study.ask(), (1.0, 2.0), state="stopped").state == "stopped"


@pytest.mark.parametrize("options, message", [
    ({"searcher": "bayesian"}, "searcher is BayesianSearch.*searches one objective, and this study has 2; use NSGA2"),
    ({"searcher": "genetic"}, "searcher is GeneticSearch.*; use NSGA2"),
    ({"searcher": st.Hyperband(9)}, "searcher is Hyperband.*; use NSGA2"),
    ({"stopping": st.MedianStopping()}, "stopping is MedianStopping.*; use stopping=None"),
    ({"direction": "maximize"}, "direction is 'maximize' and directions is .*; give one of the two"),
    ({"directions": []}, "directions is .*; it must hold a direction for each objective"),
    ({"directions": ["max", "minimize"]}, "directions is 'max'; it must be one of 'minimize', 'maximize'"),
    ({"start_from": True}, "start_from has the direction 'minimize'; it must be maximize, minimize"),
])
def test_definitions_that_are_refused(options: dict[str, Any], message: str) -> None:
    if "start_from" in options:
        options = {"start_from": st.Study(SPACE, "random")}
    with pytest.raises(ValueError, match=message):
        st.Study(SPACE, **{"directions": ("maximize", "minimize")} | options)


@pytest.mark.parametrize("directions", ["minimize", 2, {1: "minimize"}, {"": "minimize"}])
def test_directions_of_a_wrong_type(directions: Any) -> None:
    with pytest.raises(TypeError, match="directions "):
        st.Study(SPACE, directions=directions)


@pytest.mark.parametrize("name", [
    "importance", "optimism", "verdict", "gain", "plot_optimization_history", "plot_slice", "plot_contour", "plot_rank",
    "plot_parallel_coordinate", "plot_edf", "plot_family", "plot_param_importances", "report"])
def test_what_looks_at_one_value_says_so(name: str, tmp_path: Path) -> None:
    study = study_of(searcher="nsga2")
    more = (tmp_path / "a.html",) if name == "report" else ()
    with pytest.raises(ValueError, match="2 objectives .* has no single|has 2 values, one for each objective"):
        getattr(insight, name)(study, *more)
    if name in ("plot_optimization_history", "plot_slice"):
        getattr(insight, name)(study, target=lambda trial: trial.values[0], target_name="accuracy")


def test_commands_that_show_one_objective_say_what_to_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "a.db", tmp_path / "a.png"
    study_of(storage=path).close()
    for kind in ("slice", "param_importances", "optimization_history", "posterior"):
        assert main(["plot", str(path), "--kind", kind, "-o", str(out)]) == 2 and not out.exists()
        assert (f"the study 'study' has 2 objectives (maximize, minimize), and --kind {kind} shows one; use "
                "scratchtune show, or scratchtune plot with --kind pareto_front or timeline") in capsys.readouterr().err
    assert main(["plot", str(path), "--kind", "timeline", "-o", str(out)]) == 0
    page = tmp_path / "a.html"
    assert main(["report", str(path), "-o", str(page)]) == 2 and not page.exists()
    assert "and a report shows one; use scratchtune show" in capsys.readouterr().err
    st.Study(SPACE, "random", storage=path, name="other").run(lambda trial: 1.0, 2, progress=False).close()
    assert main(["report", str(path), "-o", str(page)]) == 1 and page.exists()
    assert "the study 'study' is left out: the study 'study' has 2 objectives" in capsys.readouterr().err


# Searchers, copies, files ---------------------------------------------------------------------------------------------


def test_nsga2_is_the_default_and_grid_and_random_search_work() -> None:
    assert repr(st.Study(SPACE, directions=NAMED).searcher) == repr(st.search.NSGA2())
    assert len(st.tune(objective, SPACE, "grid", directions=NAMED, progress=False).trials) == 15
    assert study_of().best_trials


def test_a_copy_continues_in_the_same_way_and_another_searcher_sees_the_trials() -> None:
    study = study_of(searcher=st.search.NSGA2(6, 3))
    again = study.at(11).run(objective, 20, progress=False)
    assert [(t.values, t.why) for t in again.trials] == [(t.values, t.why) for t in study.trials]
    later = st.Study(SPACE, st.search.NSGA2(6, 3), directions=("maximize", "minimize"), start_from=study)
    assert later.ask().why["parents"][0]["earlier_study"]


@pytest.mark.parametrize("directions", [("maximize", "minimize"), NAMED])
def test_it_is_stored_resumed_and_read(directions: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.db"
    study = study_of(directions, storage=path)
    study.to_csv(tmp_path / "a.csv")
    study.close()
    assert [t.values for t in study_of(directions, storage=path).trials] == [t.values for t in study.trials]
    other = {"accuracy": "minimize", "seconds": "minimize"} if directions is NAMED else ("minimize", "minimize")
    for wrong in (None, other, dict(reversed(NAMED.items()))):
        with pytest.raises(st.StorageError, match="has direction .*; this one has"):
            st.Study(SPACE, "random", directions=wrong, storage=path)
    with File(path, reading=True) as storage:
        found = read_study(storage, "study")
    assert [t.values for t in found.trials] == [t.values for t in study.trials]
    assert [t.number for t in found.best_trials] == [t.number for t in study.best_trials]
    assert found.objectives == study.objectives
    columns = ["values_accuracy", "values_seconds"] if directions is NAMED else ["values_0", "values_1"]
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(float(row[columns[0]]), float(row[columns[1]])) for row in rows] == [t.values for t in study.trials]
    assert main(["studies", str(path)]) == 0 and f"front of {len(study.best_trials)}" in capsys.readouterr().out
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert all(f"{t.values[0]:.6g}, {t.values[1]:.6g}" in shown for t in study.best_trials)
    assert main(["why", str(path), "3"]) == 0 and f"values {study.trials[3].values[0]}, " in capsys.readouterr().out
    assert main(["export", str(path)]) == 0 and columns[1] in capsys.readouterr().out
    assert main(["export", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"][2]["value"] == list(study.trials[2].values)
    assert main(["plot", str(path), "--kind", "pareto_front", "-o", str(tmp_path / "a.png")]) == 0
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_damaged_values_are_named(tmp_path: Path) -> None:
    study_of(storage=tmp_path / "a.db").close()
    forge(tmp_path / "a.db", "UPDATE trials SET record = json_set(record, '$.values', json('[1.0]')) "
          "WHERE id % 4294967296 = 7")
    with pytest.raises(st.StorageError, match="trial 7 .* it has 1 values for 2 objectives"):
        study_of(storage=tmp_path / "a.db")


@pytest.mark.slow
def test_another_process_returns_all_values() -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        study = st.Study(SPACE, st.search.NSGA2(6, 3), directions=NAMED)
        study.run(objective, 15, executor=executor, progress=False)
    assert [t.values for t in study.trials] == [
        t.values for t in study_of(NAMED, 15, st.search.NSGA2(6, 3)).trials]
