"""A run: what ends it, what it says of idle workers, and what odd objectives do to it."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.study.storage import Storage

SPACE = {"x": st.Float(0.0, 1.0)}


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class NoNumber:
    def __float__(self) -> float:
        raise RuntimeError("no number")

    def item(self) -> float:
        raise RuntimeError("no item")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("what", [Mute(), NoNumber()])
@pytest.mark.parametrize("raised", [True, False])
def test_an_outcome_that_cannot_even_be_described_fails_its_trial_alone(what: Any, raised: bool) -> None:
    def objective(trial: st.Trial) -> Any:
        if trial.number == 1:
            if raised and isinstance(what, Exception):
                raise what
            return what
        return 1.0

    study = st.Study(SPACE, "random").run(objective, 3, progress=False)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete"] and study.trials[1].error


def test_an_objective_that_tells_its_own_trial_is_taken_at_its_word() -> None:
    study = st.Study(SPACE, "random")
    study.run(lambda trial: study.tell(trial, 7.0).number, 3, progress=False)
    assert [trial.value for trial in study.trials] == [7.0] * 3


def test_too_many_failures_end_the_run_with_the_first_traceback() -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number % 2:
            raise ZeroDivisionError(f"number {trial.number}")
        return 1.0

    study = st.Study(SPACE, "random")
    with pytest.raises(RuntimeError, match="2 trials have failed.*max_failures=2.*trial 1: .*number 1(.|\n)*Traceback"):
        study.run(objective, 20, progress=False, max_failures=2)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete", "failed"]
    assert len(study.run(objective, 6, progress=False).trials) == 6


def test_idle_workers_are_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchtune.study.running.LONG", 0.0)
    study = st.Study(SPACE, st.BayesianSearch(initial=1)).run(lambda trial: time.sleep(0.02) or 1.0, 8, n_jobs=4)
    assert study.idle_share is not None and 0.5 < study.idle_share < 0.99
    assert "the 4 workers were idle for" in capsys.readouterr().err
    assert st.Study(SPACE, "random").run(lambda trial: time.sleep(0.02) or 1.0, 3, progress=False).idle_share < 0.2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda study: pickle.loads(pickle.dumps(study))])
def test_a_copy_made_while_trials_run_runs_them_itself(copied: Any) -> None:
    study = st.Study(SPACE, "bayesian")
    study.ask()
    other = copied(study).run(lambda trial: trial.params["x"], 4, progress=False)
    whole = st.Study(SPACE, "bayesian").run(lambda trial: trial.params["x"], 4, progress=False)
    assert [t.value for t in other.trials] == [t.value for t in whole.trials] and study.trials[0].state == "running"


# In a file, and from several sides at once ---------------------------------------------------------------------------


def table(study: st.Study) -> list[tuple[object, ...]]:
    return [(trial.number, trial.params, trial.value, trial.state) for trial in study.trials]


def test_what_other_threads_tell_while_a_run_writes_is_written_too(tmp_path: Path) -> None:
    telling = st.Study(SPACE, "random", storage=tmp_path / "a.db")
    telling.run(lambda trial: telling.tell(trial, trial.params["x"]), 80, n_jobs=4, progress=False)
    assert table(st.Study(SPACE, "random", storage=tmp_path / "a.db")) == table(telling)
    study = st.Study(SPACE, "random", storage=tmp_path / "b.db")
    asking = threading.Thread(target=lambda: [study.tell(study.ask(), 0.5) for _ in range(20)])
    asking.start()
    study.run(lambda trial: trial.params["x"], 60, progress=False)
    asking.join()
    assert table(st.Study(SPACE, "random", storage=tmp_path / "b.db")) == table(study)


def test_an_interruption_at_any_moment_leaves_a_study_that_goes_on(tmp_path: Path) -> None:
    whole = table(st.Study(SPACE, "bayesian", seed=2).run(lambda trial: trial.params["x"], 9, progress=False))
    for moment in range(20, 2000, 97):
        path, left = tmp_path / f"{moment}.db", [moment]

        def tick(frame: Any, event: str, argument: Any, left: list[int] = left) -> Any:
            if "scratchtune/study" in frame.f_code.co_filename and event == "line":
                left[0] -= 1
                if left[0] == 0:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return tick

        study = st.Study(SPACE, "bayesian", seed=2, storage=path)
        sys.settrace(tick)
        try:
            study.run(lambda trial: trial.params["x"], 9, progress=False)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        assert table(study.run(lambda trial: trial.params["x"], 9, progress=False)) == whole
        del study
        assert table(st.Study(SPACE, "bayesian", seed=2, storage=path)) == whole


def test_a_trial_that_is_told_while_its_worker_is_out_is_not_begun_again() -> None:
    class Slow(Executor):
        _max_workers = 2

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
            future: Future = Future()
            if args[-1].number == 0:
                threading.Timer(0.2, future.set_exception, [ConnectionError("gone")]).start()
            else:
                future.set_result(fn(*args, **kwargs))
            return future

    study = st.Study(SPACE, "random")
    study.run(first_told, 4, executor=Slow(), progress=False, callbacks=[
        lambda study, trial: study.tell(0, state="failed") if trial.number == 1 else None])
    assert [(t.state, t.attempts) for t in study.trials] == [("failed", 1)] + [("complete", 1)] * 3
    assert not study._held


def first_told(trial: st.Trial) -> float:
    return float(trial.params["x"])


def test_a_callback_finds_its_trial_on_the_disk(tmp_path: Path) -> None:
    states = []
    st.Study(SPACE, "random", storage=tmp_path / "a.db").run(
        lambda trial: 1.0, 4, progress=False, n_jobs=2,
        callbacks=[lambda study, trial: states.append(
            Storage(tmp_path / "a.db", reading=True).row("study", trial.number).state)])
    assert states == ["complete"] * 4


def test_enqueuing_from_a_callback_goes_on_after_taking_up(tmp_path: Path) -> None:
    def enqueue(study: st.Study, trial: st.Trial) -> None:
        if trial.number % 4 == 0:
            study.enqueue({"x": trial.number / 40})

    whole = st.Study(SPACE, "random").run(lambda trial: trial.params["x"], 12, progress=False, callbacks=[enqueue])
    for trials in (6, 12):
        study = st.Study(SPACE, "random", storage=tmp_path / "a.db")
        study.run(lambda trial: trial.params["x"], trials, progress=False, callbacks=[enqueue])
    assert table(study) == table(whole)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_hold_its_parents_right_to_write(tmp_path: Path) -> None:
    study = st.Study(SPACE, "random", storage=tmp_path / "a.db")
    trial = study.ask()
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        said = pool.submit(asks_another, str(tmp_path / "a.db")).result()
    assert "is being written by process" in said
    study.tell(trial, 1.0)


def asks_another(path: str) -> str:
    try:
        st.Study(SPACE, "random", storage=path, name="inner").ask()
    except st.StorageError as error:
        return str(error)
    return "it wrote"


def test_an_executor_that_is_shut_down_is_one_sentence() -> None:
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    pool.shutdown()
    study = st.Study(SPACE, "random")
    with pytest.raises(RuntimeError, match="the executor takes no trials .* Nothing is lost"):
        study.run(first_told, 3, executor=pool, progress=False)
    assert len(study.run(first_told, 3, progress=False).trials) == 3
