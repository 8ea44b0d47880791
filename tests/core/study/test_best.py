"""The best trial: the rule by hand and against a plain oracle, in memory, while trials finish, and from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Suggestion
from scratchtune.core.study.best import best_first, of_largest_budget, repeats, said_repeats, so_far
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study
from scratchtune.core.study.trial import View, record


def trial_of(number: int, value: float | None, budget: float | None = None, x: float = 0.0) -> st.Trial:
    """A complete trial, or with None a failed one."""
    made = st.Trial(View(0), number, Suggestion({"x": x}, {}, budget, None))
    record(made, values=None if value is None else (value,), state="failed" if value is None else "complete")
    return made


def numbers(trials: list[st.Trial]) -> list[int]:
    return [trial.number for trial in trials]


def test_only_the_largest_budget_of_a_complete_trial_counts_and_whole_evaluations_do() -> None:
    trials = [trial_of(0, 0.1, 1.0), trial_of(1, 0.5, 9.0), trial_of(2, 0.4), trial_of(3, None, 27.0),
              trial_of(4, 0.4, 9.0)]
    assert numbers(of_largest_budget(trials)) == [1, 2, 4]  # the failed trial's budget is no largest one
    assert numbers(best_first(trials, "minimize")) == [2, 4, 1]  # of equal ones the earlier first
    assert numbers(best_first(trials, "maximize")) == [1, 2, 4]
    assert numbers(so_far(trials, "minimize")) == [1, 2, 2]
    assert best_first([], "minimize") == so_far([], "minimize") == []


def test_without_budgets_it_is_the_best_complete_trial() -> None:
    trials = [trial_of(k, value) for k, value in enumerate([3.0, None, 1.0, 1.0, 2.0])]
    assert numbers(best_first(trials, "minimize")) == [2, 3, 4, 0]
    assert numbers(so_far(trials, "maximize")) == [0, 0, 0, 0]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_first_one_is_the_best_of_a_plain_oracle(direction: str) -> None:
    rng, sign = np.random.default_rng(0), 1.0 if direction == "minimize" else -1.0
    for _ in range(200):
        values = [float(rng.integers(4)) if rng.random() < 0.8 else None for _ in range(8)]
        trials = [trial_of(k, value, [None, -1.0, 0.0, 9.0][rng.integers(4)]) for k, value in enumerate(values)]
        complete = [one for one in trials if one.state == "complete"]
        largest = max((one.budget for one in complete if one.budget is not None), default=None)
        counting = [one for one in complete if one.budget in (None, largest)]
        wanted = min(counting, key=lambda one: (sign * one.value, one.number), default=None)  # type: ignore
        assert next(iter(best_first(trials, direction)), None) is wanted


def test_a_file_has_the_same_best_trial(tmp_path: Path) -> None:
    def noisier_if_short(trial: st.Trial) -> float:
        return trial.params["x"] + float(np.random.default_rng(trial.number).normal(0.0, 1.0 / float(trial.budget)))

    study = st.Study({"x": st.Float(0.0, 1.0)}, st.Hyperband(9), storage=tmp_path / "a.db")
    study.run(noisier_if_short, progress=False).close()
    with File(tmp_path / "a.db", reading=True) as storage:
        stored = read_study(storage, "study")
    assert study.best_trial.budget == 9.0 and study.best_value > min(trial.value for trial in study.trials)
    assert stored.best_trial.number == best_first(stored.trials, "minimize")[0].number == study.best_trial.number


# A configuration that is evaluated several times ---------------------------------------------------------------------


def repeated_study(**options: Any) -> st.Study:
    """A study whose best configuration was evaluated three times, once with a small budget."""
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random", "maximize", **options)
    for x, value in ((0.25, 0.5), (0.75, 0.9), (0.75, 0.7)):
        study.enqueue({"x": x}, again=True)
        study.tell(study.ask(), value)
    return study


def test_repeats_are_those_that_can_be_compared() -> None:
    space = st.search.Space({"x": st.Float(0.0, 1.0)})
    trials = [trial_of(0, 0.1, 1.0, 0.5), trial_of(1, 0.5, 9.0, 0.5), trial_of(2, 0.4, None, 0.5),
              trial_of(3, None, 9.0, 0.5), trial_of(4, 0.3, 9.0, 0.25)]
    assert repeats(trials, trials[1], space) == [0.5, 0.4]
    assert said_repeats([0.5, 0.4]) == "its configuration was evaluated 2 times: mean 0.45"
    assert said_repeats([0.5]) == said_repeats([]) == ""


def test_repeats_are_said_where_the_best_trial_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    from scratchtune.cli import main

    said = "its configuration was evaluated 2 times: mean 0.8"
    study = repeated_study(storage=tmp_path / "a.db")
    assert f"best value 0.9 (trial 1; {said})" in repr(study) and said in study.recommended().reason
    study.close()
    assert main(["show", str(tmp_path / "a.db")]) == 0
    assert f"trial 1 is the best; {said}" in capsys.readouterr().out
    assert main(["studies", str(tmp_path / "a.db")]) == 0
    assert " 0.9 " in capsys.readouterr().out
    assert "(trial 0)" in repr(st.tune(lambda trial: 1.0, {"x": [1]}, "grid", progress=False))


def test_the_space_may_be_learned_from_trials() -> None:
    study = st.tune(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=3, progress=False)
    assert repeats(study.trials, study.best_trial, study.space) == [study.best_value]
