"""The failures of a run: the first is printed with its line, and where all are the same the run ends."""

from __future__ import annotations

import functools
import math
import re
import sys
from concurrent.futures import Executor, Future
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.study.failures import place_in

SPACE = {"x": st.Float(0.0, 1.0)}


def typo(trial: st.Trial) -> float:
    return math.lg(trial.params["x"])  # type: ignore[attr-defined]


LINE = typo.__code__.co_firstlineno + 1  # of its mistake


def x_of(trial: st.Trial) -> float:
    return float(trial.params["x"])


class Elsewhere(Executor):
    """Runs a function at once, as an executor that is no thread of this process."""

    _max_workers = 2

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_what_has_finished_beside_the_trial_whose_callback_raises_is_recorded() -> None:
    def stops(study: st.Study, trial: st.Trial) -> None:
        raise ZeroDivisionError(f"after trial {trial.number}")

    study = st.Study({"x": [1, 2, 3]}, "grid")
    with pytest.raises(ZeroDivisionError, match="after trial 0"):
        study.run(x_of, executor=Elsewhere(), n_jobs=2, callbacks=stops, progress=False)
    assert [(trial.state, trial.value) for trial in study.trials] == [("complete", 1.0), ("complete", 2.0)]


@pytest.mark.parametrize("jobs, ended", [(1, 5), (2, 5), (7, 7)])
def test_the_first_failure_is_printed_once_and_the_same_ones_end_the_run(
    jobs: int, ended: int, capsys: pytest.CaptureFixture[str],
) -> None:
    study = st.Study(SPACE, "random")
    with pytest.raises(RuntimeError, match=f"the first {ended} trials of this run have all failed with the same error, "
                       f"AttributeError: module 'math' has no attribute 'lg', in .*test_failures.py, line {LINE}: retur"
                       ) as caught:
        study.optimize(typo, 100, n_jobs=jobs)
    assert isinstance(caught.value.__cause__, AttributeError)
    said = capsys.readouterr().err
    assert said.count("\n") == said.count(f", line {LINE}: return math.lg(trial.params[") == 1
    assert said.startswith("trial ") and "failed: AttributeError: module 'math' has no attribute 'lg', in " in said
    assert ended <= [trial.state for trial in study.trials].count("failed") < ended + jobs  # those under way end too


def test_a_corrected_script_continues_the_study(tmp_path: Any) -> None:
    for _ in range(2):  # the failed trials of the first run do not count in the second
        with pytest.raises(RuntimeError, match="the first 5 trials of this run"):
            st.tune(typo, SPACE, "random", 20, storage=tmp_path / "a.db", progress=False)
    study = st.tune(lambda trial: trial.params["x"], SPACE, "random", 20, storage=tmp_path / "a.db", progress=False)
    assert [trial.state for trial in study.trials] == ["failed"] * 10 + ["complete"] * 10


def test_a_failure_in_another_process_has_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="the first 5 trials") as caught:
        st.Study(SPACE, "random").run(typo, 20, executor=Elsewhere(), progress=False)
    cause = str(caught.value.__cause__)
    assert "in a worker process" in cause and f"line {LINE}, in typo" in cause


def now_and_then(trial: st.Trial) -> float:
    return typo(trial) if trial.number else 1.0


def pruned_at_once(trial: st.Trial) -> float:
    raise st.TrialPruned("tried before")


@pytest.mark.parametrize("objective", [
    now_and_then, lambda trial: math.nan, lambda trial: int(f"no {trial.number}"), pruned_at_once])
def test_other_failures_do_not_end_the_run(objective: Any) -> None:
    assert len(st.Study(SPACE, "random").run(objective, 12, progress=False).trials) == 12


def test_max_failures_says_otherwise() -> None:
    assert len(st.Study(SPACE, "random").run(typo, 12, progress=False, max_failures="unlimited").trials) == 12
    with pytest.raises(RuntimeError, match="7 trials have failed, which max_failures=7 does not allow; the first, tri"):
        st.Study(SPACE, "random").optimize(typo, 12, max_failures=7)
    for wrong in ("all", 0, True):
        with pytest.raises((TypeError, ValueError), match=f"max_failures is {wrong!r}"):
            st.Study(SPACE, "random").run(typo, 12, max_failures=wrong)


def test_a_forgotten_return_ends_the_run() -> None:
    with pytest.raises(RuntimeError, match="the first 5 trials of this run .* value is None; it must be a finite num"):
        st.Study(SPACE, "random").optimize(lambda trial: None, 100)


def test_the_place_is_the_last_line_that_is_in_no_library() -> None:
    lines = ['  File "/home/me/train.py", line 3, in objective\n    fit(x)\n    ^^^^^^\n',
             f'  File "{sys.modules["json"].__file__}", line 9, in loads\n    x\n',
             '  File "/v/lib/python3.11/site-packages/a.py", line 7, in fit\n    y\n']
    assert place_in("".join(lines)) == ", in /home/me/train.py, line 3: fit(x)" and place_in(lines[2]) == ""
    below = '  File "/home/me/model.py", line 5, in fit\n    z\n'
    assert place_in("".join([lines[0], below, *lines[1:]])) == ", in /home/me/model.py, line 5: z"


# Pruned by Optuna's exception, and budgets that are not read ----------------------------------------------------------


def test_optuna_s_own_trial_pruned_stops_a_trial() -> None:
    theirs = type("TrialPruned", (Exception,), {"__module__": "optuna.exceptions"})

    def objective(trial: st.Trial) -> float:
        trial.report(0.5, 1)
        raise (theirs if trial.number else type("TrialPruned", (Exception,), {}))("bad")

    study = st.Study(SPACE, "random").run(objective, 2, progress=False)
    assert [(trial.state, trial.value) for trial in study.trials] == [("failed", None), ("stopped", 0.5)]


IGNORED = "trial 0 ended without reading trial.budget (1, from Hyperband), so every trial may do the whole work: "


def using(trial: st.Trial, uses: str | None) -> float:
    if uses == "load":
        trial.load()
    return trial.params["x"] + (trial.budget if uses == "budget" else 0.0)


@pytest.mark.parametrize("executor", [None, Elsewhere()])
@pytest.mark.parametrize("uses", ["budget", "load", None])
def test_a_budget_that_is_not_read_is_said(
    uses: str | None, executor: Any, capsys: pytest.CaptureFixture[str],
) -> None:
    st.tune(functools.partial(using, uses=uses), SPACE, st.Hyperband(9), executor=executor)
    said = capsys.readouterr().err
    assert said.count(IGNORED) == (uses is None)


def test_a_budget_that_is_not_read_is_said_without_progress(capsys: pytest.CaptureFixture[str]) -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number == 0:
            raise ValueError("before it could read the budget")
        return trial.params["x"]

    st.Study(SPACE, st.SuccessiveHalving(9, 9)).optimize(objective, n_jobs=2)
    said = capsys.readouterr().err  # of the trial that ends first, with two workers
    assert re.search(r"trial [12] ended without reading trial\.budget \(1, from SuccessiveHalving\)", said)


def test_an_exception_without_a_text_is_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    def pruned(trial: st.Trial) -> float:
        raise st.TrialPruned

    study = st.Study({"x": st.Float(0, 1)}).run(pruned, 6, progress=False)
    assert {trial.error for trial in study.trials} == {"TrialPruned"}
    assert "trial 0 failed: TrialPruned, in " in capsys.readouterr().err
