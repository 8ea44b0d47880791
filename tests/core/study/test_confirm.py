"""Confirmation: the best candidates are evaluated again; by hand, on workers, after interruptions, and refusals."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.study.errors import NotReady
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File
from scratchtune.core.study.recommended import candidates_of
from scratchtune.core.study.stored import read_study
from scratchtune.core.study.study import core_of
from scratchtune.core.study.trial import results_of

LINE = {"x": st.Float(0.0, 1.0)}
PLANE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}


def noisy(trial: st.Trial) -> float:
    return (trial.params["x"] - 0.3) ** 2 + 0.1 * float(np.random.default_rng(trial.seed).standard_normal())


def told(values: list[float], direction: str = "minimize", **options: Any) -> st.Study:
    """A study of one value at each of several points, too few of them for a model: candidates are ranked by value."""
    study = st.Study(LINE, "random", direction, **options)
    for k, value in enumerate(values):
        study.enqueue({"x": k / 10})
        study.tell(study.ask(), value)
    return study


def answer(study: st.Study, values: list[Any]) -> Any:
    """Tell the values of the trials that wait, and return the recommended trial."""
    for value in values:
        study.tell(study.ask(), value)
    return study.recommended()


def table(study: st.Study) -> list[Any]:
    return [(trial.number, trial.params, trial.values, trial.state, trial.why) for trial in study.trials]


# A worked example ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_best_mean_of_new_values_is_recommended(sign: float) -> None:
    """Trial 2 has the best value by luck; of the new ones, (5, 6), (2, 1) and (3, 4), those of trial 0 are best."""
    study = told([sign * value for value in (2.0, 9.0, 1.0, 3.0, 8.0)], "minimize" if sign > 0 else "maximize")
    found = study.confirm(candidates=3)
    assert found.trial.number == 2 and [trial["x"] for trial in study.waiting] == [0.2, 0.0, 0.3] * 2
    found = answer(study, [sign * value for value in (5.0, 2.0, 3.0, 6.0, 1.0, 4.0)])
    assert [trial.repeat_of for trial in study.trials] == [None] * 5 + [2, 0, 3] * 2
    assert (found.trial.number, found.params, found.observed, found.mean) == (0, {"x": 0.0}, sign * 2.0, sign * 1.5)
    assert found.std is None and found.noise is None
    side = "lowest" if sign > 0 else "highest"
    assert found.ranked == (0, 3, 2) and found.reason == (
        f"Trial 0 (value {sign * 2:g}) has the {side} mean of new values, {sign * 1.5:g} of 2 repeats, of 3 "
        "candidates.")
    assert study.best_trial.number == 2 and study.recommended(noise=True) == found
    assert study.recommended(noise=False).trial is study.best_trial
    assert study.confirm(candidates=3) == found and not study.waiting  # nothing is missing


def test_a_candidate_with_one_infeasible_repeat_comes_after_all_others() -> None:
    study = told([2.0, 1.0])
    study.confirm(candidates=2)
    for value, violation in ((5.0, 0.0), (6.0, 0.0), (1.0, 0.5), (2.0, 0.0)):  # trials 1, 0, 1, 0
        trial = study.ask()
        trial.set_constraint(violation)
        study.tell(trial, value)
    assert study.recommended().ranked == (0, 1)  # the mean of trial 0 is 4, that of trial 1 is 3


def test_more_of_a_confirmation_and_further_trials() -> None:
    study = told([2.0, 9.0, 1.0, 3.0, 8.0])
    study.confirm(candidates=2)
    answer(study, [5.0, 2.0, 6.0, 1.0])
    study.confirm(candidates=3, repeats=3)  # the same candidates and one more
    assert [one.repeat_of for one in core_of(study).order.queue.state.waiting] == [3, 3, 2, 0, 3]
    found = answer(study, [0.5, 0.25, 5.0, 2.0, 0.75])
    assert found.trial.number == 3 and found.mean == 0.5
    study.enqueue({"x": 0.9})
    found = answer(study, [7.0])  # no repeat is the latest trial now: too few for a model, so the best value
    assert found.trial is study.best_trial and found.observed == 0.25
    assert candidates_of(study, 3) == [3, 2, 0]  # trial 3 by its best repeat


def test_searchers_see_a_trial_and_its_repeats_as_one_mean() -> None:
    class Watching(st.search.Searcher):
        def __init__(self) -> None:
            self._seen: dict[int, Any] = {}

        def needs(self, number: int) -> int:
            return max(number - 1, 0)

        def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> Any:
            self._seen[number] = [(one.number, one.value) for one in seen], list(pending), seen.enqueued
            return st.search.Suggestion({"x": round(number / 100, 2)})

    searcher = Watching()
    study = st.Study(LINE, searcher, "maximize")
    study.run(lambda trial: trial.number, 3, progress=False)  # values 0, 1, 2
    study.enqueue({"x": 0.5})
    answer(study, [9.0])
    study.confirm(candidates=2)
    with pytest.raises(NotReady, match=r"trial 8 can't be proposed yet: the result of trial 7 is needed"):
        for trial in [study.ask() for _ in range(4)]:
            if trial.number == 7:
                study.ask()
            study.tell(trial, {4: 1.0, 5: 3.0, 6: 2.0}[trial.number])
    study.tell(7, ValueError("fails"))
    trial = study.ask()  # of those that are no repeats the fifth
    seen, pending, enqueued = searcher._seen[4]
    assert (trial.number, trial.params) == (8, {"x": 0.04}) and enqueued == 1
    assert seen == [(0, 0.0), (1, -1.0), (2, -2.5)]  # (2 + 3) / 2, one repeat has failed; and (9 + 1 + 2) / 3
    assert pending == [{"x": 0.5}]
    study.tell(trial, 0.0)
    study.tell(study.ask(), 0.0)
    assert searcher._seen[5][0] == [(0, 0.0), (1, -1.0), (2, -2.5), (3, -4.0)]
    other = st.Study(LINE, watching := Watching(), "maximize", start_from=study)
    other.ask()
    assert watching._seen[0][0][:4] == searcher._seen[5][0]


def test_a_repeat_that_is_not_complete_does_not_count() -> None:
    study = told([2.0, 9.0, 1.0, 3.0])
    study.confirm(candidates=3, repeats=2)
    first, second, third = (study.ask() for _ in range(3))
    study.tell(first, ValueError("no memory"))  # trial 2
    second.report(0.0, 1)
    study.tell(second, 0.0, state="stopped")  # trial 0
    study.tell(third, 5.0)  # trial 3
    found = answer(study, [7.0, 6.0, 9.0])
    assert (found.trial.number, found.mean) == (0, 6.0) and "of 1 repeat, of 3 candidates" in found.reason
    assert not study.confirm(candidates=3).trial.repeat_of and not study.waiting  # it is not tried again
    lost = told([2.0, 1.0])
    lost.confirm(candidates=2, repeats=1)
    assert answer(lost, [ValueError("a"), ValueError("b")]).reason.startswith("Trial 1 has the lowest value, 1, of 2 ")


def test_an_infeasible_repeat_comes_last() -> None:
    study = told([2.0, 9.0, 1.0])
    study.confirm(candidates=2, repeats=1)
    trial = study.ask()
    trial.set_constraint(1.0)
    study.tell(trial, -5.0)
    found = answer(study, [7.0])
    assert found.trial.number == 0 and found.mean == 7.0


def test_where_there_is_no_noise_the_best_value_is_recommended() -> None:
    study = told([2.0, 9.0, 1.0])
    study.confirm(candidates=2, repeats=1)
    found = answer(study, [1.0, 2.0])
    assert found.trial.number == 2 and "the values have no noise: an evaluation that was repeated gave" in found.reason


# Runs ----------------------------------------------------------------------------------------------------------------


def test_a_run_keeps_its_last_fifth_for_repeats() -> None:
    study = st.Study(PLANE).run(noisy, 60, progress=False, confirm=0.2)
    searching = st.Study(PLANE).run(noisy, 48, progress=False)
    expected = candidates_of(searching, 6)
    assert table(study)[:48] == table(searching) and len(study.trials) == 60
    assert [trial.repeat_of for trial in study.trials[48:]] == expected * 2
    assert expected[0] == searching.recommended().trial.number and len(set(expected)) == 6
    assert all(trial.params == study.trials[trial.repeat_of].params for trial in study.trials[48:])
    means = [np.mean([trial.value for trial in study.trials[48:] if trial.repeat_of == k]) for k in expected]
    found = study.recommended()
    assert found.trial.number == expected[int(np.argmin(means))] and found.mean == pytest.approx(min(means))
    by_hand = searching.confirm(noisy, progress=False)
    assert table(searching) == table(study) and by_hand == searching.recommended()
    assert study.why(50).startswith(f"Trial 50: it repeats trial {expected[2]}, ")
    assert study.why(50, brief=True).startswith(f"Trial 50 (the 51st of 60 trials): it repeats trial {expected[2]}, ")


@pytest.mark.parametrize("searcher", ["random", "genetic", "grid", "cmaes", st.BayesianSearch(model="tpe", parallel=3)])
def test_the_table_does_not_depend_on_workers(searcher: Any) -> None:
    """Nor does that of a search which continues after a confirmation."""
    found = []
    for n_jobs in (1, 3):
        study = st.Study({"x": [k / 20 for k in range(21)]} if searcher == "grid" else PLANE, searcher)
        study.run(noisy, 20, n_jobs=n_jobs, progress=False, confirm=0.3)
        study.run(noisy, 25, n_jobs=n_jobs, progress=False)
        found.append(table(study))
    assert found[0] == found[1] and [row[4].get("repeat_of") is not None for row in found[0]] == (
        [False] * 14 + [True] * 6 + [False] * 5)
    if searcher != "cmaes":  # which may draw a configuration twice
        keys = [str(params) for _, params, _, _, why in found[0] if "repeat_of" not in why]
        assert len(set(keys)) == 19


def test_processes_and_define_by_run() -> None:
    def objective(trial: st.Trial) -> float:
        kind = trial.suggest_categorical("kind", ["a", "b"])
        x = trial.suggest_float("x", 0.0, 1.0) if kind == "a" else trial.suggest_int("n", 1, 9) / 9
        return x + 0.1 * float(np.random.default_rng(trial.seed).standard_normal())

    study = st.tune(objective, n_trials=30, confirm=0.2, progress=False)
    assert all(trial.params == study.trials[trial.repeat_of].params for trial in study.trials[24:])
    assert len({study.trials[24].value, study.trials[27].value, study.trials[study.trials[24].repeat_of].value}) == 3


def test_a_repeat_is_never_stopped() -> None:
    def objective(trial: st.Trial) -> float:
        trial.report(float(trial.number), step=1)  # worse than all before
        return 99.0 if trial.should_stop() else noisy(trial)

    study = st.Study(LINE, "random", stopping=st.MedianStopping(2, parallel=1)).run(objective, 10, progress=False,
                                                                               confirm=0.4)
    assert [trial.state for trial in study.trials] == ["complete"] * 2 + ["stopped"] * 4 + ["complete"] * 4


def test_a_run_without_time_or_that_was_ended_confirms_nothing_yet() -> None:
    study = st.Study(LINE, "random")
    study.run(noisy, 20, progress=False, confirm=0.2, callbacks=[
        lambda study, trial: study.stop() if trial.number == 5 else None])
    assert len(study.trials) == 6 and not study.waiting
    study.run(noisy, 20, timeout=0.0, progress=False, confirm=0.2)
    assert len(study.trials) == 6 and not study.waiting
    study.run(noisy, 20, progress=False, confirm=0.2)
    assert [trial.repeat_of is None for trial in study.trials] == [True] * 16 + [False] * 4


# Interruptions, files and forks --------------------------------------------------------------------------------------


def exported(path: Path) -> tuple[str, str]:
    with contextlib.closing(File(path, reading=True)) as file:
        return as_csv(file, "study"), as_json(file, "study")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupted_confirmation_continues(tmp_path: Path, n_jobs: int) -> None:
    def run(path: Path, interrupted_at: int = -1) -> list[int]:
        """Run the same command, interrupted at a trial; the numbers of the trials that were evaluated to the end."""
        evaluated = []

        def objective(trial: st.Trial) -> float:
            if trial.number == interrupted_at:
                raise KeyboardInterrupt
            evaluated.append(trial.number)
            return noisy(trial)

        study = st.Study(LINE, "random", storage=path)
        study.enqueue({"x": 0.25})
        with contextlib.suppress(KeyboardInterrupt):
            study.run(objective, 12, n_jobs=n_jobs, progress=False, confirm=0.5)
        return evaluated

    run(tmp_path / "whole.db")
    for number in (0, 5, 6, 7, 9, 11):
        path = tmp_path / f"{number}.db"
        assert sorted(run(path, number) + run(path)) == list(range(12)) or n_jobs > 1
        assert run(path) == [] and exported(path) == exported(tmp_path / "whole.db")


def test_files_hold_repeats(tmp_path: Path) -> None:
    study = st.Study(LINE, "random", storage=tmp_path / "a.db").run(noisy, 20, progress=False, confirm=0.4)
    study.to_csv(tmp_path / "a.csv")
    study.backup(tmp_path / "b.db")
    study.close()
    with File(tmp_path / "a.db", reading=True) as file:
        stored = read_study(file, "study")
    assert stored.recommended().reason == study.recommended().reason and stored.why(15) == study.why(15)
    assert [one.repeat_of for one in st.load_study(tmp_path / "b.db").trials] == [one.repeat_of for one in study.trials]
    assert "it repeats trial" in exported(tmp_path / "a.db")[0]


def test_a_table_of_pandas_has_a_row_for_each_repeat() -> None:
    pytest.importorskip("pandas")
    assert len(st.Study(LINE, "random").run(noisy, 20, progress=False, confirm=0.4).to_dataframe()) == 20


def test_time_travel_through_repeats() -> None:
    study = st.Study(LINE, "random").run(noisy, 20, progress=False, confirm=0.4)
    for k in (12, 15, 20):
        again = study.at(k)
        assert table(again.run(noisy, 20, progress=False)) == table(study)
    assert len(results_of(study.trials, 1.0)) == 12


def test_plots_of_a_proposal_after_repeats() -> None:
    study = st.Study(LINE, st.BayesianSearch(model="gp", initial=4)).run(noisy, 12, progress=False, confirm=0.4)
    study.run(noisy, 14, progress=False)
    assert study.trials[13].why["trials"] == 9  # of 8 different ones and trial 12
    assert st.insight.plot_posterior(study, trial=13) is not None


# Refusals ------------------------------------------------------------------------------------------------------------


def test_what_can_not_be_confirmed_is_refused_before_any_trial() -> None:
    several = st.Study(LINE, directions=("minimize", "minimize"))
    budgets = st.Study(LINE, st.Hyperband(9, 3))
    for run in (lambda study: study.run(noisy, 20, confirm=0.2), lambda study: study.confirm(noisy)):
        for study, what in ((several, "minimize, minimize and NSGA2"), (budgets, r"minimize and Hyperband\(")):
            with pytest.raises(ValueError, match=f"only in a study of one objective .* budgets; this study has {what}"):
                run(study)
    study = st.Study(LINE, "random")
    with pytest.raises(ValueError, match="no trial of 0 is complete"):
        study.confirm(noisy)
    for confirm, n_trials, message in (
            (0.6, 20, r"confirm is 0.6; it must be a finite number in \(0.0, 0.5\]"),
            (0.2, None, "n_trials is None .* must be an integer"),
            (0.2, 10, "confirm is 0.2 of 10 trials, and the study has 0; two candidates need 4 repeats")):
        with pytest.raises((TypeError, ValueError), match=message):
            study.run(noisy, n_trials, confirm=confirm)
    assert not study.trials + several.trials + budgets.trials


def test_other_arguments_are_refused() -> None:
    study = st.Study(LINE, "random").run(noisy, 18, progress=False)
    with pytest.raises(ValueError, match=r"of 20 trials, and the study has 18; two candidates need 4 repeats: raise"):
        study.run(noisy, 20, confirm=0.2)
    assert [trial.repeat_of is None for trial in study.run(noisy, 22, progress=False, confirm=0.4).trials] == (
        [True] * 18 + [False] * 4)  # as many as there is room for
    with pytest.raises(TypeError, match=r"confirm\(\) has no argument 'n_trials'"):
        study.confirm(noisy, n_trials=3)
    with pytest.raises(ValueError, match="candidates is 1"):
        study.confirm(noisy, candidates=1)
    with pytest.raises(RuntimeError, match="the study 'study' is being run"):
        study.run(noisy, 23, progress=False, callbacks=[lambda study, trial: study.confirm(noisy)])
    assert not study.waiting
