"""Studies: the table of trials, the contract of determinism, failures, and what each call refuses."""

from __future__ import annotations

import csv
import math
import pickle
import random
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.core import interruption
from scratchtune.core.search import (
    SEARCHERS,
    BayesianSearch,
    Exhausted,
    Float,
    GridSearch,
    Int,
    RandomSearch,
    Searcher,
    Space,
    Suggestion,
)
from scratchtune.core.study import NotReady, Study, Trial, create_study, interrupted_study, load_study, tune
from scratchtune.core.study.study import core_of

SPACE = {"x": Float(-2.0, 2.0), "k": Int(1, 3), "how": ["square", "absolute"]}


def bowl(trial: Trial) -> float:
    params = trial.params
    return (abs(params["x"]) if params.get("how") == "absolute" else params["x"] ** 2) + params["k"]


class Halving(Searcher):
    """Looks around the best so far; needs the generation before."""

    def __init__(self, generation: int = 4) -> None:
        self.generation = generation

    def needs(self, number: int) -> int:
        return number // self.generation * self.generation

    def suggest(self, space: Space, seen: Any, pending: Any, number: int, rng: Any) -> Suggestion:
        assert [result.number for result in seen] == list(range(self.needs(number)))
        assert len(pending) == number - self.needs(number)
        known = [result for result in seen if not math.isnan(result.value)]
        centre = min(known, key=lambda result: result.value).params["x"] if known else 0.9
        return Suggestion({"x": float(np.clip(centre + rng.normal(0, 0.5), -2, 2))}, why={"around": centre})


def table(study: Study) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.value, t.state, t.error, t.why) for t in study.trials]


# Worked examples -----------------------------------------------------------------------------------------------------


def test_a_grid_by_hand() -> None:
    study = tune(lambda trial: (trial.params["x"] - 2) ** 2, {"x": [0, 1, 2, 3]}, "grid", progress=False)
    assert [t.value for t in study.trials] == [4.0, 1.0, 0.0, 1.0]
    assert study.best_params == {"x": 2} and study.best_value == 0.0 and study.best_trial.number == 2
    assert study.why(2) == "Trial 2: Point 3 of 4 of the grid, in its fixed order, independent of earlier results."


def test_ask_and_tell() -> None:
    study = Study({"x": [1, 2, 3]}, "grid", direction="maximize")
    first, second = study.ask(), study.ask()
    assert (first.number, second.number, first.state) == (0, 1, "running")
    study.tell(second, 5)
    study.tell(0, np.float32(0.5))
    assert study.best_trial is second and second.state == "complete" and first.value == 0.5
    with pytest.raises(ValueError, match="trial 1 is complete already"):
        study.tell(1, 2.0)
    with pytest.raises(ValueError, match="trial 7 is not one of this study"):
        study.tell(7, 2.0)
    with pytest.raises(ValueError, match="state is 'done'"):
        study.tell(study.ask(), 1.0, state="done")
    with pytest.raises(Exhausted, match="all 3 points"):
        study.ask()


def test_the_direction_is_the_user_s_and_searchers_minimise() -> None:
    seen: list[float] = []

    class Watching(Searcher):
        def needs(self, number: int) -> int:
            return number

        def suggest(self, space: Space, seen_: Any, pending: Any, number: int, rng: Any) -> Suggestion:
            seen[:] = [result.value for result in seen_]
            return Suggestion({"x": number})

    study = Study({"x": Int(0, 9)}, Watching(), direction="maximize").run(lambda t: t.params["x"], 4, progress=False)
    assert study.best_value == 3.0 and seen == [0.0, -1.0, -2.0]


def test_enqueued_points_come_first_and_a_grid_does_not_repeat_them() -> None:
    study = Study({"x": [1, 2, 3]}, "grid")
    study.enqueue({"x": 2})
    study.run(lambda trial: trial.params["x"], progress=False)
    assert [t.params["x"] for t in study.trials] == [2, 1, 3] and "queue by the user" in study.why(0)
    with pytest.raises(ValueError, match="x is 4"):
        study.enqueue({"x": 4})
    off_grid = Study({"x": Float(0.0, 1.0)}, GridSearch(resolution=3))
    off_grid.enqueue({"x": 0.3})
    off_grid.enqueue({"x": 1.0})
    assert [t.params["x"] for t in off_grid.run(lambda t: t.params["x"], progress=False).trials] == [0.3, 1.0, 0.0, 0.5]


@pytest.mark.parametrize("searcher", [*SEARCHERS, RandomSearch("halton"), RandomSearch("latin_hypercube")], ids=str)
def test_n_trials_is_what_the_study_has_in_the_end(searcher: Any) -> None:
    space = {name: SPACE[name] for name in ("x", "k")} if searcher == "cmaes" else SPACE  # which refuses choices
    whole = Study(space, searcher).run(bowl, 12, progress=False)
    parts = Study(space, searcher)
    for n_trials in (6, 12, 12):
        parts.run(bowl, n_trials, progress=False)
    assert table(whole) == table(parts) and len(whole.trials) == 12


def test_without_n_trials_a_study_has_fifty() -> None:
    assert len(Study(SPACE, "random").run(bowl, progress=False).trials) == 50


def test_a_timeout_alone_is_the_only_limit_of_optimize() -> None:
    study = Study(SPACE, "random")
    for _ in range(2):
        study.optimize(lambda trial: study.stop() if trial.number % 60 == 59 else 1.0, timeout=60.0)
    assert len(study.trials) == 120
    study.optimize(bowl, timeout=0.0)
    assert len(study.trials) == 120


# The contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("searcher", ["random", GridSearch(resolution=4), Halving()], ids=repr)
def test_the_table_is_the_same_for_any_number_of_threads(searcher: Any) -> None:
    def slow(trial: Trial) -> float:
        time.sleep(random.random() / 300)
        if trial.number % 5 == 3:
            raise ValueError(f"unlucky {trial.number}")
        return trial.params["x"] ** 2

    space = SPACE if searcher != "random" and "Halving" not in repr(searcher) else {"x": Float(-2.0, 2.0)}
    tables = [table(Study(space, searcher, seed=3).run(slow, 24, n_jobs=jobs, progress=False)) for jobs in (1, 2, 4, 8)]
    assert tables[0] == tables[1] == tables[2] == tables[3] and len(tables[0]) == 24


def test_trials_run_side_by_side() -> None:
    barrier = threading.Barrier(4, timeout=10)
    study = Study(SPACE, "random").run(lambda trial: float(barrier.wait()), 4, n_jobs=4, progress=False)
    assert [t.state for t in study.trials] == ["complete"] * 4


def test_not_ready_names_the_trial_that_is_awaited() -> None:
    study = Study({"x": Float(-2.0, 2.0)}, Halving(generation=2))
    first, second = study.ask(), study.ask()
    study.tell(second, 1.0)
    with pytest.raises(NotReady, match="the result of trial 0") as caught:
        study.ask()
    assert caught.value.awaited == 0
    with pytest.raises(NotReady):
        study.run(bowl, 4, progress=False)
    study.tell(first, 2.0)
    assert study.ask().number == 2


def test_a_seed_belongs_to_a_trial_s_number() -> None:
    seeds = [t.seed for t in Study(SPACE, "random", seed=1).run(bowl, 30, progress=False).trials]
    again = [t.seed for t in Study(SPACE, "grid", seed=1).run(bowl, 30, progress=False).trials]
    assert seeds == again and len(set(seeds)) == 30 and all(isinstance(seed, int) for seed in seeds)


def test_an_earlier_study_is_seen_first() -> None:
    earlier = Study({"x": Int(0, 3)}, "random").run(lambda t: t.params["x"], 2, progress=False)
    later = Study({"x": Int(0, 3)}, "random", start_from=earlier).run(lambda t: t.params["x"], progress=False)
    assert sorted(t.params["x"] for t in earlier.trials + later.trials) == [0, 1, 2, 3]
    with pytest.raises(Exhausted, match="all 4 points"):  # two are those of the first study
        Study({"x": Int(0, 3)}, "random", start_from=later).ask()
    with pytest.raises(ValueError, match="start_from has the direction 'minimize'"):
        Study({"x": Int(0, 3)}, direction="maximize", start_from=earlier)


def test_an_earlier_study_without_a_space_may_have_failed_trials() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number == 1:
            raise ValueError("no luck")
        return x + trial.suggest_float("y", 0.0, 1.0)

    earlier = Study(None, "random").run(objective, 4, progress=False)
    later = Study({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, "random", start_from=earlier)
    assert [result.number for result in core_of(later).definition.earlier] == [0, 2, 3]
    with pytest.raises(ValueError, match="trial 0 of start_from: params lacks 'z'; every parameter"):
        Study({name: Float(0.0, 1.0) for name in "xyz"}, "random", start_from=earlier)


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad, error", [
    (math.nan, "value is nan"), (math.inf, "value is inf"), (-np.float64("inf"), "value is"), (None, "value is None"),
    (10**400, "value is too large for a float"), (Fraction(10**400, 3), "too large"), ([10**5000] * 2, "of type list"),
    ("0.5", "value is '0.5'"), ([1.0, 2.0], "value is"), (np.array([1.0, 2.0]), "value is"), (1j, "value is 1j"),
    (RuntimeError("boom"), "RuntimeError: boom"),
])
@pytest.mark.parametrize("way", ["return", "tell", "report"])
def test_a_bad_value_is_a_failed_trial_and_the_study_goes_on(way: str, bad: Any, error: str) -> None:
    def objective(trial: Trial) -> Any:
        if trial.number != 1:
            return 1.0
        if isinstance(bad, Exception) and way == "return":
            raise bad
        if way == "report":
            trial.report(bad, step=0)
        return bad

    study = Study(SPACE, "random")
    if way == "tell":
        for _ in range(3):
            trial = study.ask()
            study.tell(trial, objective(trial))
    else:
        study.run(objective, 3, progress=False)
    assert [t.state for t in study.trials] == ["complete", "failed", "complete"]
    assert error in (study.trials[1].error or "") and study.trials[1].value is None


@pytest.mark.parametrize("good", [1, np.float32(1.0), np.int64(1), np.array(1.0), True])
def test_numbers_of_other_libraries_are_numbers(good: Any) -> None:
    study = Study(SPACE, "random").run(lambda trial: good, 1, progress=False)
    assert study.best_value == 1.0 and type(study.best_value) is float


def test_best_without_a_complete_trial_is_a_value_error() -> None:
    study = Study(SPACE, "random")
    for name in ("best_trial", "best_params", "best_value"):
        with pytest.raises(ValueError, match="no trial of 0 is complete"):
            getattr(study, name)
    study.run(lambda trial: 1 / 0, 2, progress=False)
    with pytest.raises(ValueError, match="trial 0 failed: ZeroDivisionError: division by zero"):
        assert study.best_params
    assert "1 / 0" in (study.trials[0].traceback or "")


def _interrupted_in_trial_3(trial: Trial) -> float:
    if trial.number == 3:
        raise KeyboardInterrupt
    return trial.params["x"] ** 2


def test_an_interrupted_study_without_a_name_can_be_read_and_continued(capsys: pytest.CaptureFixture[str]) -> None:
    space = {"x": Float(-1.0, 1.0)}
    whole = tune(lambda trial: trial.params["x"] ** 2, space, "random", 6, progress=False)
    for said in (True, False):
        with pytest.raises(KeyboardInterrupt):
            tune(_interrupted_in_trial_3, space, "random", 6, progress=said)
        line = "scratchtune: interrupted; 3 trials finished; st.interrupted_study() returns the study\n"
        assert capsys.readouterr().err.count(line) == said
        study = interrupted_study()
        assert [trial.state for trial in study.trials] == ["complete"] * 3 + ["running"]
        study.optimize(lambda trial: trial.params["x"] ** 2, 2)
        assert [trial.value for trial in study.trials] == [trial.value for trial in whole.trials]


def test_of_nested_studies_the_outer_one_is_left() -> None:
    def nested(trial: Trial) -> float:
        return tune(_interrupted_in_trial_3, {"x": [0.0, 1.0, 2.0, 3.0]}, "grid", progress=False).best_value

    study = Study({"x": [1, 2]}, "grid")
    with pytest.raises(KeyboardInterrupt):
        study.run(nested, progress=False)
    assert interrupted_study() is study


def test_no_study_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "latest", [])
    with pytest.raises(ValueError, match="no study was interrupted in this process"):
        interrupted_study()


def test_an_interruption_leaves_trials_that_are_handed_out_again() -> None:
    def objective(trial: Trial) -> float:
        if trial.number == 3 and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return bowl(trial)

    for jobs in (1, 2):
        interrupted: list[bool] = []
        study = Study(SPACE, "random")
        with pytest.raises(KeyboardInterrupt):
            study.run(objective, 8, n_jobs=jobs, progress=False)
        assert study.trials[3].state == "running"
        study.run(objective, 8, n_jobs=jobs, progress=False)
        assert table(study) == table(Study(SPACE, "random").run(bowl, 8, progress=False))


def test_a_callback_sees_each_recorded_trial_and_one_that_raises_loses_none() -> None:
    heard = []

    def callback(study: Study, trial: Trial) -> None:
        heard.append((trial.number, trial.state, len(study.trials)))
        if len(heard) == 3:
            raise RuntimeError("enough")

    study = Study(SPACE, "random")
    with pytest.raises(RuntimeError, match="enough"):
        study.run(bowl, 8, n_jobs=2, callbacks=[callback], progress=False)
    assert all(study.trials[number].state == "complete" for number, _, _ in heard)  # one that had not begun may wait
    study.run(bowl, 8, progress=False)
    assert table(study) == table(Study(SPACE, "random").run(bowl, 8, progress=False))


def test_after_the_timeout_no_trial_begins() -> None:
    assert Study(SPACE, "random").run(bowl, 8, timeout=0.0, progress=False).trials == []


def test_a_finite_space_ends_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    study = Study({"x": [1, 2, 3]}, "random").run(lambda t: t.params["x"], 10)
    assert len(study.trials) == 3
    assert "the study ends after 3 trials: all 3 points of the space" in capsys.readouterr().err


def test_a_grid_says_how_many_trials_there_are_and_about_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    Study({"x": [1, 2, 3, 4]}, "grid").run(lambda t: t.params["x"])
    said = capsys.readouterr()
    assert said.err == "GridSearch(resolution=5): 4 trials\n4 trials, about 0.1 s\n" and said.out == ""
    Study({"x": [1, 2, 3, 4]}, "grid").run(lambda t: t.params["x"], progress=False)
    assert capsys.readouterr().err == ""


def test_waiting_for_results_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    Study({"x": Float(-2.0, 2.0)}, Halving()).run(lambda t: t.params["x"], 16, n_jobs=8)
    assert capsys.readouterr().err.count("not all of the 8 workers are busy") == 1
    Study({"x": Float(-2.0, 2.0)}, BayesianSearch(parallel=1)).run(lambda t: t.params["x"], 9, n_jobs=2)
    assert capsys.readouterr().err.count("; BayesianSearch(parallel=2) proposes as many trials at a time") == 1


def test_a_constraint_is_kept() -> None:
    study = Study({"a": Int(1, 3), "b": Int(1, 3)}, "grid", constraint=lambda p: p["a"] < p["b"])
    assert len(study.run(lambda t: t.params["a"], progress=False).trials) == 3
    with pytest.raises(ValueError, match="no point of the space satisfies"):
        Study({"a": [1]}, "random", constraint=lambda p: False).run(bowl, 3, progress=False)


class Outside(Searcher):
    def suggest(self, space: Space, seen: Any, pending: Any, number: int, rng: Any) -> Any:
        return Suggestion({"x": 7}) if number else {"x": 1}


@pytest.mark.parametrize("call, message", [
    (lambda: Study({}), "space is empty"),
    (lambda: Study(SPACE, "gradient"), "searcher is 'gradient'"),
    (lambda: Study(SPACE, direction="min"), "direction is 'min'"),
    (lambda: Study(SPACE, seed=-1), "seed is -1"),
    (lambda: Study(SPACE, seed="0"), "seed is '0'"),
    (lambda: Study(SPACE, start_from="study"), "start_from is 'study'"),
    (lambda: Study(SPACE).run(3), "objective is 3"),
    (lambda: Study(SPACE).run(bowl, 0), "n_trials is 0"),
    (lambda: Study(SPACE).run(bowl, 5, n_jobs=0), "n_jobs is 0"),
    (lambda: Study(SPACE).run(bowl, 5, timeout=-1.0), "timeout is -1.0"),
    (lambda: Study(SPACE).run(bowl, executor=object()), "executor is <object"),
    (lambda: Study({"x": [1, 2]}, Outside()).ask(), "it must return a Suggestion"),
    (lambda: Study(SPACE).ask().report(1.0, step=-1), "step is -1"),
    (lambda: Study(SPACE).ask().save([1.0]), "arrays is list"),
])
def test_bad_arguments_are_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_searcher_cannot_leave_the_space() -> None:
    study = Study({"x": [1, 2]}, Outside())
    study.enqueue({"x": 1})
    study.tell(study.ask(), 0.0)
    with pytest.raises(ValueError, match="x is 7; it must be one of 1, 2"):
        study.ask()


# Around it -----------------------------------------------------------------------------------------------------------


def test_the_table_as_csv(tmp_path: Path) -> None:
    study = Study({"x": [1, None], "m": Float(0.0, 1.0, when={"x": [1]})}, GridSearch(resolution=2))
    study.run(lambda t: t.params.get("m", math.nan), progress=False).to_csv(tmp_path / "trials.csv")
    rows = list(csv.DictReader(open(tmp_path / "trials.csv", encoding="utf-8")))
    assert [(r["param_x"], r["param_m"], r["state"], r["value"]) for r in rows] == [
        ("1", "0.0", "complete", "0.0"), ("1", "1.0", "complete", "1.0"), ("None", "", "failed", "")]
    assert list(rows[0]) == ["number", "state", "value", "param_x", "param_m", "budget", "parent", "error", "seconds"]


def test_reports_stop_and_saved_arrays() -> None:
    study = Study(SPACE)
    trial = study.ask()
    trial.report(3.0, step=0)
    trial.report(np.float32(2.0), step=1)
    assert trial.should_stop() is False and trial.reports == {0: 3.0, 1: 2.0} and trial.load() is None
    weights = np.ones(3)
    trial.save({"theta": weights})
    weights[:] = 0.0
    study.tell(trial, state="stopped")
    assert trial.state == "stopped" and trial.value == 2.0
    child = Trial(study._core.context, 1, Suggestion(trial.params, parent=0))
    assert (child.load() or {})["theta"].tolist() == [1.0, 1.0, 1.0] and child.seed == trial.seed


def test_an_objective_may_take_the_params_apart() -> None:
    study = Study(SPACE, "random").run(lambda trial: trial.params.pop("x"), 2, progress=False)
    assert all("x" in trial.params for trial in study.trials)


def test_a_study_can_be_pickled() -> None:
    study = Study(SPACE, "random").run(bowl, 3, progress=False)
    copy = pickle.loads(pickle.dumps(study))
    assert table(copy) == table(study)
    assert table(copy.run(bowl, 5, progress=False)) == table(study.run(bowl, 5, progress=False))


def test_a_table_is_written_whole_and_a_file_named_part_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "a.csv.part").write_text("mine")
    study = Study({"x": [1, 2]}, "grid").run(lambda trial: trial.params["x"], progress=False)
    study.to_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv.part").read_text() == "mine"
    assert (tmp_path / "a.csv").read_bytes().startswith(b"number,state,value,param_x,budget,parent,error,seconds\r\n0,")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("call", "message"), [
    (lambda: tune(bowl, SPACE, sampler="random"), r"^tune\(\) has no argument 'sampler', did you mean 'searcher'\?$"),
    (lambda: tune(bowl, SPACE, searchr="random"), r"^tune\(\) has no argument 'searchr', did you mean 'searcher'\?$"),
    (lambda: tune(bowl, SPACE, xyzzy=1), r"^tune\(\) has no argument 'xyzzy'; it has 'objective', 'space', "),
    (lambda: create_study(searcher="random"), r"^create_study\(\) has no argument 'searcher', did you mean"),
    (lambda: create_study(study_nam="a"), r"^create_study\(\) has no argument 'study_nam', did you mean 'study_na"),
])
def test_a_misspelt_argument_is_named_with_the_function_and_what_is_meant(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_without_a_seed_a_study_draws_one_and_keeps_it(tmp_path: Path) -> None:
    studies = [tune(bowl, SPACE, "random", 3, seed=None, progress=False) for _ in range(2)]
    assert studies[0].seed != studies[1].seed and f"seed {studies[0].seed}, " in repr(studies[0])
    again = tune(bowl, SPACE, "random", 3, seed=studies[0].seed, progress=False)
    assert [trial.params for trial in again.trials] == [trial.params for trial in studies[0].trials]
    kept = [Study(SPACE, "random", seed=None, storage=tmp_path / "a.db").run(bowl, n, progress=False) for n in (2, 4)]
    assert kept[0].seed == kept[1].seed == load_study(tmp_path / "a.db").seed and len(kept[1].trials) == 4


@pytest.mark.parametrize(("given", "said"), [
    ({"sercher": "grid"}, "Study() has no argument 'sercher', did you mean 'searcher'?"),
    ({"sampler": "grid"}, "did you mean 'searcher'?"),
    ({"n_trials": 3}, "Study() has no argument 'n_trials'; it has 'space', 'searcher', 'direction'")])
def test_an_argument_that_a_study_does_not_have(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        Study({"x": [1, 2]}, **given)
    assert said in str(caught.value)


def test_who_has_enqueued_a_configuration_is_kept_in_the_file(tmp_path: Path) -> None:
    for _ in range(2):  # the script is run again
        study = Study({"x": [1, 2, 3]}, "random", storage=tmp_path / "a.db")
        study.enqueue({"x": 3}, by="a colleague")
        study.close()
    study = load_study(tmp_path / "a.db").run(lambda trial: 1.0, 2, progress=False)
    assert study.waiting == [] and study.why(0) == "Trial 0: put into the queue by a colleague."
    with pytest.raises(TypeError, match="by is 3"):
        study.enqueue({"x": 1}, by=3)
