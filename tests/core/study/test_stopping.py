"""Stopping rules: the median, a pure function; asynchronous halving, replayed; what becomes of a stopped trial."""

from __future__ import annotations

import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import BayesianSearch, Float, Hyperband, Int
from scratchtune.core.study import NotReady, Study, Trial, load_study, tune
from scratchtune.core.study.stopping import (
    Arrived,
    AsyncHalving,
    MedianStopping,
    Others,
    Stopping,
    behind,
    running_average,
)
from scratchtune.core.study.study import core_of
from scratchtune.core.study.trial import detached, evaluate

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


def told(study: Study, trial: Trial, losses: Sequence[float], first: int = 1) -> list[bool]:
    """Report losses at steps from ``first`` on, until the trial should stop; what it was answered."""
    answers = []
    for step, loss in enumerate(losses, first):
        trial.report(loss, step)
        answers.append(trial.should_stop())
    return answers


def test_asynchronous_halving_by_hand() -> None:
    """With eta 2 the rungs are the steps 2, 4, 8: at each the best half of those that have come so far continue."""
    study = Study(SPACE, "random", stopping=AsyncHalving(min_steps=2, eta=2))
    a, b, c, d = (study.ask() for _ in range(4))
    assert told(study, a, [9.0, 5.0]) == [False, False]  # the first of a rung is its best
    assert told(study, b, [0.0, 6.0]) == [False, True]  # 2nd of 2, of which 1 is kept; step 1 is no rung
    assert told(study, c, [9.0, 5.0]) == [False, False]  # level with the best of 3, of which 1 is kept
    assert told(study, d, [9.0, 5.5]) == [False, True]  # 3rd of 4, of which 2 are kept
    assert told(study, a, [7.0, 7.0, 1.0], 3) == [False, False, False]  # kept at step 2, and alone at step 4
    assert told(study, c, [8.0, 8.0], 3) == [False, True]
    assert a.why["halving"] == [{"step": 2, "loss": 5.0, "place": 1, "of": 1, "kept": 1},
                              {"step": 4, "loss": 7.0, "place": 1, "of": 1, "kept": 1}]
    for trial in (a, b, c, d):
        study.tell(trial, None if trial is not a else 1.0)
    assert [t.state for t in study.trials] == ["complete", "stopped", "stopped", "stopped"]
    assert study.why(3).endswith("It was the 3rd best of 4 at step 2 (kept: 2), and stopped.")
    assert study.why(0).endswith("It was the best of 1 at step 2 (kept: 1), the best of 1 at step 4 (kept: 1).")


def test_a_report_may_jump_over_rungs_and_counts_at_each() -> None:
    study = Study(SPACE, "random", direction="maximize", stopping=AsyncHalving(min_steps=1, eta=3))
    first, second, third = (study.ask() for _ in range(3))
    assert told(study, first, [0.5], 10) == [False] and [one["step"] for one in first.why["halving"]] == [1, 3, 9]
    second.report(0.9, 1)
    second.report(0.4, 2)  # it is asked at step 2, and its first report from step 1 on counts
    assert not second.should_stop() and second.why["halving"][0]["loss"] == -0.9
    assert told(study, third, [0.8], 1) == [True] and told(study, second, [0.4], 3) == [True]
    assert not study.ask().should_stop()  # nothing was reported


# Properties ----------------------------------------------------------------------------------------------------------


def curves(seed: int, count: int = 40, steps: int = 10) -> list[list[float]]:
    """Losses by trial and step, from 0 to 0.9 in tenths, so that some are equal."""
    rng = random.Random(seed)
    return [[rng.randrange(10) / 10 for _ in range(steps)] for _ in range(count)]


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_halving_never_stops_the_best_and_decides_by_those_that_came_before(seed: int, eta: int) -> None:
    rows, reached = curves(seed), dict[int, list[float]]()
    study = Study(SPACE, "random", stopping=AsyncHalving(eta=eta))

    def objective(trial: Trial) -> Any:
        for step, loss in enumerate(rows[trial.number], 1):
            trial.report(loss, step)
            if step in (1, eta, eta * eta):
                reached.setdefault(step, []).append(loss)
                best = sorted(reached[step])[: max(len(reached[step]) // eta, 1)]
                assert trial.should_stop() == (loss > best[-1])
                assert loss > min(reached[step]) or not trial.should_stop()
            if trial.should_stop():
                return None
        return loss

    states = [t.state for t in study.run(objective, len(rows), progress=False).trials]
    assert "failed" not in states and states.count("stopped") > 10 and states.count("complete") > 2


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("eta", [2, 3, 4])
def test_halving_decides_as_optuna_does_on_the_same_reports(eta: int, direction: str) -> None:
    """Four trials report in turn, in a random order; with equal values, too."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows, rng = curves(eta, 60, 18), random.Random(eta)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=eta)
    theirs = optuna.create_study(direction=direction, pruner=pruner)
    ours = Study(SPACE, "random", direction=direction, stopping=AsyncHalving(min_steps=2, eta=eta))
    running, decided, begun = [], 0, 0
    while running or begun < len(rows):
        while len(running) < 4 and begun < len(rows):
            running.append((ours.ask(), theirs.ask(), iter(enumerate(rows[begun], 1))))
            begun += 1
        mine, yours, left = one = rng.choice(running)
        step, value = next(left)
        mine.report(value, step)
        yours.report(value, step)
        stops = yours.should_prune()
        assert mine.should_stop() == stops
        decided += stops
        if stops or step == 18:
            running.remove(one)
            ours.tell(mine, value)
            theirs.tell(yours, *(() if stops else (value,)), state=optuna.trial.TrialState.PRUNED if stops else None)
    assert decided > 20


@pytest.mark.parametrize("rule", [AsyncHalving(), MedianStopping(warmup=2, parallel=1)])
def test_a_killed_study_is_decided_as_an_uninterrupted_one(rule: Stopping, tmp_path: Path) -> None:
    """A copy of its files in the middle of a trial is what a kill leaves; one worker runs on."""
    moments = [(5, 1), (5, 3), (9, 2), (14, 9)]

    def objective(trial: Trial) -> Any:
        for step, loss in enumerate(rows[trial.number], 1):
            trial.report(loss, step)
            stops = trial.should_stop()
            if (trial.number, step) in moments and not (tmp_path / f"{trial.number}-{step}").exists():
                shutil.copytree(tmp_path / "whole", tmp_path / f"{trial.number}-{step}")
            if stops:
                return None
        return loss

    rows = curves(1, 20)
    rows[5], rows[9], rows[14] = [0.0] * 10, [0.0] * 10, [0.0] * 10  # so that all moments come
    (tmp_path / "whole").mkdir()
    whole = Study(SPACE, "random", stopping=rule, storage=tmp_path / "whole" / "a.db")
    whole.run(objective, 20, progress=False)
    assert {t.state for t in whole.trials} == {"complete", "stopped"}
    for number, step in moments:
        with load_study(tmp_path / f"{number}-{step}" / "a.db") as again:
            assert again.trials[-1].number == number and again.trials[-1].state == "running"
            again.run(objective, 20, progress=False)
            assert [t.why for t in again.trials] == [t.why for t in whole.trials] and table(again) == table(whole)


def test_a_trial_keeps_its_decision_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    study = Study(SPACE, "random", stopping=AsyncHalving(eta=2), storage=tmp_path / "before" / "a.db")
    first, second, third = (study.ask() for _ in range(3))
    assert told(study, first, [0.6]) == [False] and told(study, third, [0.7]) == [True]
    shutil.copytree(tmp_path / "before", tmp_path / "after")  # all three are running
    again = load_study(tmp_path / "after" / "a.db")
    first, second, third = (again.ask() for _ in range(3))
    assert told(again, second, [0.1]) == [False] and second.why["halving"][0]["of"] == 3  # the other two are counted
    assert told(again, first, [0.6, 0.6]) == [False, False]  # by itself the second of three would be stopped
    assert told(again, third, [0.0]) == [True]
    assert again.why(2).endswith("It was the 2nd best of 2 at step 1 (kept: 1), and stopped.")


KILLED = """
import os, random, signal, sys, time
import scratchtune as st
path, workers, left = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def objective(trial):
    global left
    rng = random.Random(trial.number)
    for step in range(1, 28):
        trial.report(rng.random(), step)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(random.random() / 300 * (workers > 1))
        if trial.should_stop():
            return None
    return trial.reports[step]
st.Study({"x": st.Float(0.0, 1.0)}, "random", stopping=st.AsyncHalving(), storage=path).run(
    objective, 40, n_jobs=workers, progress=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
def test_a_study_that_is_killed_many_times_keeps_its_decisions(workers: int, tmp_path: Path) -> None:
    """Killed by SIGKILL at random reports, then completed; with one worker, as if it had never been killed."""
    def ends(name: str, after: int) -> int:
        return subprocess.run([sys.executable, "-c", KILLED, tmp_path / name, str(workers), str(after)]).returncode

    rng, known = random.Random(workers), dict[int, list[Any]]()
    for after in (*(rng.randrange(5, 30) for _ in range(6)), 0):
        assert ends("killed.db", after) == (-signal.SIGKILL if after else 0)
        with load_study(tmp_path / "killed.db") as study:
            now = {t.number: list(t.why.get("halving", ())) for t in study.trials}
        assert all(now[number][: len(rungs)] == rungs for number, rungs in known.items())
        known = now
    assert ends("whole.db", 0) == 0
    with load_study(tmp_path / "killed.db") as study, load_study(tmp_path / "whole.db") as whole:
        assert len(study.trials) == 40 and {t.state for t in study.trials} == {"complete", "stopped"}
        for t in study.trials:
            assert (t.state == "stopped") == (t.why["halving"][-1]["place"] > t.why["halving"][-1]["kept"])
        if workers == 1:
            assert table(study) == table(whole) and [t.why for t in study.trials] == [t.why for t in whole.trials]


def test_in_another_process_a_trial_sees_what_was_decided_before_it_was_sent() -> None:
    study = Study(SPACE, "random", stopping=AsyncHalving(eta=2))
    first, second, third = (study.ask() for _ in range(3))
    told(study, first, [0.5])
    sent = pickle.loads(pickle.dumps(detached(second)))
    told(study, third, [0.1])
    outcome = evaluate(lambda trial: told(study, trial, [0.2, 0.2])[0] or 0.2, sent)
    core_of(study).finish(second, outcome)
    assert second.state == "complete" and second.why["halving"][0]["of"] == 2
    assert told(study, study.ask(), [0.15]) == [False] and study.trials[3].why["halving"][0]["of"] == 4


def test_the_reasons_of_a_searcher_with_rungs_stay_as_they_are() -> None:
    alone = tune(curve, SPACE, Hyperband(max_budget=4, eta=2), seed=1, progress=False)
    study = Study(SPACE, Hyperband(max_budget=4, eta=2), seed=1, stopping=AsyncHalving()).run(curve, progress=False)
    assert study.trials[0].why == {**alone.trials[0].why, "halving": study.trials[0].why["halving"]}
    assert study.why(0).startswith(alone.why(0)) and "stopped" in {t.state for t in study.trials}


def test_threads_arrive_one_after_another() -> None:
    def slow(trial: Trial) -> Any:
        time.sleep(random.random() / 300)
        return curve(trial)

    for _ in range(3):
        study = Study(SPACE, "random", stopping=AsyncHalving(eta=2)).run(slow, 40, n_jobs=8, progress=False)
        rungs = [one for t in study.trials for one in t.why["halving"]]
        for step in (1, 2, 4):
            arrived = sorted((one for one in rungs if one["step"] == step), key=lambda one: one["of"])
            assert [one["of"] for one in arrived] == [*range(1, len(arrived) + 1)]
            for number, one in enumerate(arrived, 1):
                assert one["place"] == sum(other["loss"] < one["loss"] for other in arrived[:number]) + 1
        for t in study.trials:
            assert (t.state == "stopped") == (t.why["halving"][-1]["place"] > t.why["halving"][-1]["kept"])


@pytest.mark.parametrize("rule", [AsyncHalving(eta=2), MedianStopping(warmup=2, parallel=1)])
def test_an_interruption_at_any_line_of_a_rule_changes_nothing(rule: Stopping) -> None:
    whole = tune(curve, SPACE, "random", 12, stopping=rule, progress=False)
    moment, comes = 0, True
    while comes:
        moment, left = moment + 23, moment + 23

        def tick(frame: Any, event: str, argument: Any) -> Any:
            nonlocal left
            left -= event == "line"
            if event == "line" and left == 0:
                raise KeyboardInterrupt
            return tick if frame.f_code.co_filename.endswith("stopping.py") else None

        study, before = Study(SPACE, "random", stopping=rule), sys.gettrace()
        sys.settrace(tick)
        try:
            study.run(curve, 12, progress=False)
        except KeyboardInterrupt:
            sys.settrace(before)
            study.run(curve, 12, progress=False)
        finally:
            sys.settrace(before)
        comes = left <= 0
        assert table(study) == table(whole) and [t.why for t in study.trials] == [t.why for t in whole.trials]
    assert moment > 200


def test_sorted_averages_are_those_of_the_trials_that_are_seen_in_any_order() -> None:
    """Trials before and after one another ask, as threads do; the median is that of the definition."""
    rng = random.Random(5)
    trials = [SimpleNamespace(number=number, state=rng.choice(["complete", "complete", "stopped", "failed"]), reports={
        step: rng.randrange(6) / 6 for step in range(rng.randrange(3), rng.randrange(3, 9))}) for number in range(60)]
    others, rule = Others(), MedianStopping(warmup=3)
    for needs in [0, *(max(number + rng.randrange(-7, 1), 0) for number in range(60) for _ in range(2))]:
        others.see(trials, needs, -1.0)
        seen = [{step: -value for step, value in t.reports.items()} for t in trials[:needs] if t.state == "complete"]
        assert list(others) == seen == others[:] and len(others) == len(seen)
        for step in range(9):
            own = {step: -rng.random()}
            averages = [running_average(np.array([loss for at, loss in one.items() if at <= step]))
                        for one in seen if min(one) <= step <= max(one)]
            expected = len(averages) >= 3 and own[step] > median(averages)
            assert rule.stops(own, others) == rule.stops(own, seen) == expected


def test_a_trial_that_begins_while_others_are_looked_at_is_not_missed() -> None:
    def trial(loss: float) -> SimpleNamespace:
        return SimpleNamespace(state="running", why={"halving": [{"step": 1, "loss": loss}]})

    class Growing(list[Any]):
        def __getitem__(self, index: Any) -> Any:
            if len(self) == 1:
                self.append(trial(0.5))
            return super().__getitem__(index)

    trials, arrived = Growing([trial(0.7)]), Arrived()
    for expected in ([0.7], [0.5, 0.7], [0.5, 0.7]):
        arrived.see(trials, 0, 1.0)
        assert arrived.losses == {1: expected}


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


@pytest.mark.parametrize("rule", [AsyncHalving(), MedianStopping(warmup=1, parallel=1)])
def test_after_its_end_a_trial_neither_reports_nor_is_decided_on(rule: Stopping) -> None:
    study = Study(SPACE, "random", stopping=rule)
    for value in (0.5, 0.9):
        second = study.ask()
        second.report(value, 1)
        study.tell(second, value)
    assert not second.should_stop() and second.state == "complete" and "halving" not in second.why
    with pytest.raises(ValueError, match="trial 1 is complete; values are reported while it runs"):
        second.report(0.1, 2)
    assert second.reports == {1: 0.9}


def test_a_report_that_is_no_number_fails_its_trial_and_counts_nowhere() -> None:
    study = Study(SPACE, "random", stopping=AsyncHalving()).run(
        lambda t: t.report(float("nan"), 1), 3, progress=False, max_failures="unlimited")
    assert [t.state for t in study.trials] == ["failed"] * 3 and "nan" in str(study.trials[0].error)
    last = study.ask()
    assert told(study, last, [5.0]) == [False] and last.why["halving"][0]["of"] == 1


@pytest.mark.parametrize("call, message", [
    (lambda: MedianStopping(warmup=0), "warmup is 0"),
    (lambda: MedianStopping(first_step=-1), "first_step is -1"),
    (lambda: MedianStopping(parallel=0), "parallel is 0"),
    (lambda: AsyncHalving(min_steps=0), "min_steps is 0"),
    (lambda: AsyncHalving(eta=1), "eta is 1"),
    (lambda: Study(SPACE, "random", stopping="median"), "stopping is 'median'; it must be a rule such as"),
])
def test_bad_arguments_are_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
