"""Stopping rules: the median of running averages, pure, and what becomes of a trial that is stopped."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from scratchtune.search import BayesianSearch, Float, Int
from scratchtune.study import NotReady, Study, Trial, tune
from scratchtune.study.stopping import MedianStopping, Stopping, behind, running_average

SPACE = {"x": Float(0.0, 1.0)}
STEPS = 6


def curve(trial: Trial) -> Any:
    """Falls from 1 to x; returns nothing where it is stopped."""
    for step in range(STEPS):
        value = trial.params["x"] + (1.0 - trial.params["x"]) * 0.5**step
        trial.report(value, step)
        if trial.should_stop():
            return None
    return value


def table(study: Study) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.value, t.state, t.reports) for t in study.trials]


# Worked examples -----------------------------------------------------------------------------------------------------


def test_the_rule_by_hand() -> None:
    rule = MedianStopping(warmup=3)
    others = [{0: 4.0, 1: 2.0}, {0: 3.0, 1: 1.0}, {0: 9.0, 1: 7.0, 2: 0.0}]  # averages up to step 1: 3, 2, 8
    assert running_average(np.array([9.0, 7.0])) == 8.0
    assert rule.stops({0: 5.0, 1: 3.5}, others) and not rule.stops({0: 5.0, 1: 3.0}, others)
    assert not rule.stops({0: 3.0, 1: 99.0}, others)  # its best so far counts
    assert not rule.stops({0: 5.0, 1: 5.0, 2: 5.0}, others)  # only one other has come as far as step 2
    assert not rule.stops({}, others) and not rule.stops({0: 99.0}, [])
    assert not MedianStopping(warmup=3, first_step=2).stops({1: 99.0}, others)
    assert behind(np.array([3.0, 2.0]), 2.0) == 0.0


def test_steps_need_not_be_the_same() -> None:
    rule = MedianStopping(warmup=2)
    assert rule.stops({4: 5.0}, [{0: 1.0, 5: 1.0}, {3: 2.0, 7: 2.0}])
    assert not rule.stops({2: 5.0}, [{0: 1.0, 5: 1.0}, {3: 2.0, 7: 2.0}])  # the second has begun later


def test_when_the_rule_begins_by_hand() -> None:
    rule = MedianStopping(warmup=1, first_step=2, parallel=3)
    others = [{0: 1.0, 3: 1.0}]
    assert [rule.stops({step: 9.0}, others) for step in (1, 2, 3)] == [False, True, True]
    assert [rule.needs(number) for number in range(6)] == [0, 0, 0, 1, 2, 3]  # two others run beside it


def test_a_stopped_trial_keeps_its_last_report_and_is_never_the_best() -> None:
    levels = [0.5, 0.4, 0.9, 0.1]
    rule = MedianStopping(warmup=2, parallel=1)

    def objective(trial: Trial) -> float | None:
        for step in range(3):
            trial.report(levels[trial.number] - 0.01 * step, step)
            if trial.should_stop():
                return None if trial.number == 2 else -1.0
        return levels[trial.number]

    study = Study({"x": Int(0, 10**6)}, "random", stopping=rule).run(objective, 4, progress=False)
    assert [t.state for t in study.trials] == ["complete", "complete", "stopped", "complete"]
    assert study.trials[2].value == 0.9 and study.trials[2].reports == {0: 0.9} and study.best_value == 0.1
    levels[2:] = [0.05, 0.9]
    again = Study({"x": Int(0, 10**6)}, "random", stopping=rule).run(objective, 4, progress=False)
    assert again.trials[3].state == "stopped" and again.trials[3].value == -1.0 and again.best_value == 0.05


def test_in_a_study_that_maximises_the_low_ones_are_stopped() -> None:
    study = Study(SPACE, "random", direction="maximize", stopping=MedianStopping(warmup=4))

    def objective(trial: Trial) -> float:
        trial.report(trial.params["x"], 0)
        trial.should_stop()
        return trial.params["x"]

    study.run(objective, 40, progress=False)
    stopped = [t.params["x"] for t in study.trials if t.state == "stopped"]
    assert len(stopped) > 5 and study.best_value == max(t.params["x"] for t in study.trials) > max(stopped)
    assert min(t.params["x"] for t in study.trials[11:] if t.state == "complete") > min(stopped)


# Properties ----------------------------------------------------------------------------------------------------------


def test_steps_are_saved_and_the_best_is_kept() -> None:
    alone = tune(curve, SPACE, "random", 60, progress=False)
    study = tune(curve, SPACE, "random", 60, stopping=MedianStopping(), progress=False)
    steps = sum(len(t.reports) for t in study.trials)
    assert study.best_params == alone.best_params and steps < 0.85 * 60 * STEPS
    states = [t.state for t in study.trials]
    assert states[:12] == ["complete"] * 12 and states.count("stopped") > 15  # 5 must be seen, of all but 7
    for trial in study.trials:
        assert trial.state == "complete" or trial.params["x"] > min(t.params["x"] for t in study.trials)


@pytest.mark.parametrize("searcher", ["random", BayesianSearch(parallel=1)])
def test_the_table_is_the_same_for_any_number_of_threads(searcher: Any) -> None:
    def slow(trial: Trial) -> Any:
        time.sleep(random.random() / 300)
        return curve(trial)

    rule = MedianStopping(warmup=3, parallel=4)
    tables = []
    for jobs in (1, 2, 4, 8):
        study = Study(SPACE, searcher, seed=3, stopping=rule)
        study.enqueue({"x": 0.9})
        tables.append(table(study.run(slow, 24, n_jobs=jobs, progress=False)))
    assert tables[0] == tables[1] == tables[2] == tables[3]
    assert len(tables[0]) == 24 and ("stopped" in {row[3] for row in tables[0]} or searcher != "random")


def test_a_run_in_two_parts_equals_one() -> None:
    whole = tune(curve, SPACE, "random", 30, stopping=MedianStopping(), progress=False)
    parts = Study(SPACE, "random", stopping=MedianStopping())
    for n_trials in (11, 20, 30):
        parts.run(curve, n_trials, progress=False)
    assert table(whole) == table(parts)


def test_a_rule_of_one_s_own_sees_the_trials_that_it_needs() -> None:
    class Watching(Stopping):
        def needs(self, number: int) -> int:
            return number // 3 * 3

        def stops(self, own: Mapping[int, float], others: Sequence[Mapping[int, float]]) -> bool:
            counts.append(len(others))
            return False

    counts: list[int] = []
    study = Study(SPACE, "random", stopping=Watching()).run(
        lambda t: [t.report(1.0, 0), t.should_stop(), 1.0][2], 7, progress=False)
    assert counts == [0, 0, 0, 3, 3, 3, 6] and repr(study.stopping) == "Watching()"
    waiting = Study(SPACE, "random", stopping=Watching())
    for _ in range(3):
        waiting.ask()
    with pytest.raises(NotReady, match="the result of trial 0"):
        waiting.ask()


# What goes wrong -----------------------------------------------------------------------------------------------------


def test_an_error_in_a_trial_that_should_stop_is_a_failure() -> None:
    def objective(trial: Trial) -> float:
        trial.report(float(trial.number > 1), 0)
        if trial.should_stop():
            raise ValueError("broken")
        return 0.0

    study = Study(SPACE, "random", stopping=MedianStopping(warmup=1, parallel=1)).run(objective, 3, progress=False)
    assert [t.state for t in study.trials] == ["complete", "complete", "failed"]


@pytest.mark.parametrize("call, message", [
    (lambda: MedianStopping(warmup=0), "warmup is 0"),
    (lambda: MedianStopping(first_step=-1), "first_step is -1"),
    (lambda: MedianStopping(parallel=0), "parallel is 0"),
    (lambda: Study(SPACE, "random", stopping="median"), "stopping is 'median'; it must be a rule such as"),
])
def test_bad_arguments_are_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
