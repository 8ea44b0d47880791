"""`Trial.set_constraint`: the best trial, tables, words, files; a run that was killed; threads, processes; errors."""

from __future__ import annotations

import concurrent.futures
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.study import export
from scratchtune.core.study.best import best_first, so_far
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study

SPACE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}


def costs(trial: st.Trial) -> float:
    """The least x² + y² with x + y at least 1; the optimum is 0.5 at (0.5, 0.5). Trial 5 fails after its constraint."""
    trial.set_constraint([1.0 - trial.params["x"] - trial.params["y"], -3.0])
    if trial.number == 5:
        raise ArithmeticError("out of memory")
    return trial.params["x"] ** 2 + trial.params["y"] ** 2


def never_feasible(trial: st.Trial) -> float:
    trial.set_constraint(1.0 + trial.params["x"])
    return trial.params["y"]


def table(study: st.Study) -> list[tuple[Any, ...]]:
    return [(one.number, repr(one.params), one.value, one.state, one.constraints, repr(one.why))
            for one in study.trials]


def told(values: list[tuple[float, Any]], **options: Any) -> st.Study:
    """A study of trials with these values and constraints."""
    study = st.Study(SPACE, "random", **options)
    for value, constraints in values:
        trial = study.ask()
        if constraints is not None:
            trial.set_constraint(constraints)
        study.tell(trial, value)
    return study


def test_the_best_trial_by_hand() -> None:
    study = told([(1.0, 0.5), (5.0, 0.0), (0.0, [-1.0, 0.25, 0.125]), (4.0, [-1.0]), (4.5, None)])
    assert [one.violation for one in study.trials] == [0.5, 0.0, 0.375, 0.0, 0.0]
    assert study.trials[2].constraints == (-1.0, 0.25, 0.125) and study.trials[4].constraints == ()
    assert (study.best_trial.number, study.best_value) == (3, 4.0)
    assert study.recommended().trial.number == 3
    assert [one.number for one in best_first(study.trials, "minimize")] == [3, 4, 1]
    assert [one.number for one in best_first(study.trials, "maximize")] == [1, 4, 3]
    assert [one.number for one in so_far(study.trials, "minimize")] == [1, 3, 3]


def test_the_pareto_front_is_of_feasible_trials() -> None:
    study = told([((0.0, 0.0), 1.0), ((1.0, 2.0), -1.0), ((2.0, 1.0), None), ((3.0, 3.0), -1.0)],
                 directions=("minimize", "minimize"))
    assert [one.number for one in study.best_trials] == [1, 2]
    assert told([((0.0, 0.0), 1.0)], directions=("minimize", "minimize")).best_trials == []


@pytest.mark.parametrize("use", [
    lambda study: study.best_trial, lambda study: study.best_params, lambda study: study.best_value,
    lambda study: study.recommended()])
def test_without_a_feasible_trial_there_is_no_best_one(use: Callable[[st.Study], Any]) -> None:
    study = told([(1.0, 0.5), (5.0, 0.25), (0.0, [0.0, 2.0])])
    with pytest.raises(ValueError, match=r"no trial of 3 is feasible; trial 1 violates its constraints the least, by "
                                         r"0\.25"):
        use(study)
    assert "no trial of 3 is feasible" in repr(study)


def test_no_infeasible_trial_is_ever_preferred() -> None:
    study = st.tune(costs, SPACE, "random", n_trials=60, progress=False)
    assert not any(one.violation for one in best_first(study.trials, "minimize"))
    assert not study.best_trial.violation and not study.recommended().trial.violation
    assert min(study.trials, key=lambda one: (one.value is None, one.value)).violation  # the lowest value of all


def test_words_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    study = told([(1.0, [0.5, -1.0]), (5.0, -2.0), (4.0, None)], storage=path)
    assert study.why(0).endswith(" It is infeasible, by 0.5: 0.5, -1 (at most 0 is feasible).")
    assert study.why(1).endswith(" It is feasible: -2 (at most 0 is feasible).")
    assert "feasible" not in study.why(2)
    study.to_csv(tmp_path / "trials.csv")
    rows = list(csv.reader((tmp_path / "trials.csv").open()))
    assert [row[-2:] for row in rows] == [["constraint_0", "constraint_1"], ["0.5", "-1.0"], ["-2.0", ""], ["", ""]]
    study.close()
    with File(path, reading=True) as file:
        assert read_study(file, "study").why(0) == study.why(0)
        shown = export.table(file, "study").splitlines()
        assert [line.split()[:2] for line in shown[-3:-1]] == [["2", "4"], ["1", "5"]]
        assert shown[-1].startswith("... and 1 infeasible") and "no trial" not in "".join(shown)
        entries = json.loads(export.as_json(file, "study"))["trials"]
        assert [entry.get("constraints") for entry in entries] == [[0.5, -1.0], [-2.0], None]
        assert "constraint_0,constraint_1" in export.as_csv(file, "study").splitlines()[0]
        assert "constraint" not in export.as_csv(file, "study").splitlines()[3]


def test_a_file_without_a_feasible_trial(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    st.tune(never_feasible, SPACE, "random", n_trials=3, progress=False, storage=path)
    with File(path, reading=True) as file:
        assert "no trial of 3 is feasible" in export.table(file, "study")
        assert export.listing(file).splitlines()[1].split()[4:] == ["0", "RandomSearch(sequence='uniform')"]


def test_a_data_frame() -> None:
    pytest.importorskip("pandas")
    frame = told([(1.0, [0.5, -1.0]), (5.0, None)]).to_dataframe()
    assert frame["constraint_0"].tolist()[0] == 0.5 and frame["constraint_1"].isna().tolist() == [False, True]
    assert "constraint_0" not in told([(1.0, None)]).to_dataframe()


@pytest.mark.parametrize("searcher", [
    st.GeneticSearch(6, 3), st.search.NSGA2(6, 3), st.search.SuccessiveHalving(9, 9), st.CMAESSearch(4)])
def test_a_killed_study_continues_with_the_same_trials(tmp_path: Path, searcher: Any) -> None:
    whole = st.tune(costs, SPACE, searcher, n_trials=13, progress=False)
    for count in (4, 8, 13):
        part = st.Study(SPACE, searcher, storage=tmp_path / "studies.db")
        part.run(costs, count, progress=False)
        part.close()
    assert table(st.load_study(tmp_path / "studies.db")) == table(whole)
    assert whole.trials[5].state == "failed" and len(whole.trials[5].constraints) == 2
    assert table(whole.at(7).run(costs, 13, progress=False)) == table(whole)
    assert [one.constraints for one in whole.at(7).trials] == [one.constraints for one in whole.trials[:7]]


def test_a_study_that_starts_from_another_sees_which_trials_were_infeasible() -> None:
    first = st.tune(costs, SPACE, "random", n_trials=20, progress=False)
    second = st.Study(SPACE, st.GeneticSearch(6, 3), start_from=first).run(costs, 1, progress=False)
    feasible = {one.number for one in first.trials if one.state == "complete" and not one.violation}
    assert {parent["number"] for parent in second.trials[0].why["parents"]} <= feasible


def test_processes_and_threads_give_the_same_table() -> None:
    alone = st.tune(costs, SPACE, st.GeneticSearch(6, 3), n_trials=15, progress=False)
    threads = st.tune(costs, SPACE, st.GeneticSearch(6, 3), n_trials=15, n_jobs=3, progress=False)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        processes = st.tune(costs, SPACE, st.GeneticSearch(6, 3), n_trials=15, executor=pool, progress=False)
    assert table(alone) == table(threads) == table(processes)


def test_a_trial_that_begins_again_has_no_constraints(tmp_path: Path) -> None:
    study = st.Study(SPACE, "random", storage=tmp_path / "studies.db")
    study.ask().set_constraint(1.0)
    study.close()
    again = st.Study(SPACE, "random", storage=tmp_path / "studies.db").ask()
    assert (again.number, again.attempts, again.constraints) == (0, 2, ())


@pytest.mark.parametrize(("given", "message"), [
    (True, "a constraint is True; it must be a finite number, at most 0 where the trial is feasible"),
    (float("nan"), "a constraint is nan; it must be a finite number"), ([0.0, "a"], "a constraint is 'a'"),
    (None, "a constraint is None"), (np.array([[0.0]]), "a constraint is"),
    ([1e308, 1e308], r"the constraints are \[1e\+308, 1e\+308\], whose sum above 0 is infinite")])
def test_bad_input(given: Any, message: str) -> None:
    trial = st.Study(SPACE, "random").ask()
    with pytest.raises(ValueError, match=message):
        trial.set_constraint(given)
    assert trial.constraints == ()


def test_constraints_of_a_finished_trial_are_refused() -> None:
    trial = told([(1.0, 0.5)]).trials[0]
    with pytest.raises(ValueError, match="trial 0 is complete; its constraints are set while it runs"):
        trial.set_constraint(0.0)


def test_optuna_has_the_same_convention() -> None:
    pytest.importorskip("optuna")
    study = st.tune(costs, SPACE, "random", n_trials=40, progress=False)
    theirs = study.to_optuna()
    assert theirs.best_trial.number == study.best_trial.number
    again = st.from_optuna(theirs)
    assert [one.constraints for one in again.trials] == [one.constraints for one in study.trials]


def test_constraints_that_optuna_names_are_read() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    theirs = optuna.create_study()

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_constraint("memory", x - 0.5)
        trial.set_constraint("heat", float("inf") if x < 0.25 else -1.0)
        return float(x)

    theirs.optimize(objective, n_trials=20)
    study = st.from_optuna(theirs)
    assert study.best_value == theirs.best_value == min(one.value for one in study.trials if one.params["x"] >= 0.25)
    assert all(one.constraints[1] == one.params["x"] - 0.5 for one in study.trials)  # by name: heat, memory
