"""A run: what ends it, what it says of idle workers, and what odd objectives do to it."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.study.export import as_json
from scratchtune.core.study.file import File

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


def test_too_many_failures_end_the_run_with_the_first_error() -> None:
    def objective(trial: st.Trial) -> float:
        if trial.number % 2:
            raise ZeroDivisionError(f"number {trial.number}")
        return 1.0

    study = st.Study(SPACE, "random")
    with pytest.raises(RuntimeError, match="2 trials have failed.*max_failures=2.*trial 1: .*number 1") as caught:
        study.run(objective, 20, progress=False, max_failures=2)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete", "failed"]
    assert len(study.run(objective, 6, progress=False).trials) == 6


def test_idle_workers_are_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchtune.core.study.run.LONG", 0.0)
    searcher = st.BayesianSearch(initial=1, parallel=1)
    study = st.Study(SPACE, searcher).run(lambda trial: time.sleep(0.02) or 1.0, 8, n_jobs=4)
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


# Threads and processes alike ------------------------------------------------------------------------------------------


class Elsewhere(Executor):
    """Runs what it is sent on a copy, as another process would."""

    _max_workers = 2

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        future.set_result(fn(*pickle.loads(pickle.dumps(args))))
        return future


def grows(trial: st.Trial) -> float:
    params = trial.params
    params["hidden"].append(10)
    params["shape"]["units"].append(1)
    return float(len(params["hidden"]) + len(params["shape"]["units"]) + params["x"])


def test_an_objective_that_changes_what_its_params_hold_changes_nothing_else() -> None:
    space = {"hidden": [[64], [32, 16]], "shape": [{"units": [1]}, {"units": [2, 3]}], "x": st.Float(0.0, 1.0)}
    here, elsewhere = st.Study(space, "random"), st.Study(space, "random")
    here.run(grows, 8, progress=False, n_jobs=2, callbacks=[lambda study, trial: trial.params["hidden"].append(9)])
    elsewhere.run(grows, 8, progress=False, executor=Elsewhere())
    here.best_params["hidden"].append(11)
    assert table(here) == table(elsewhere)
    assert here.space.parameters["hidden"].choices == ([64], [32, 16]) and space["hidden"] == [[64], [32, 16]]


def test_a_choice_that_cannot_be_copied_is_itself() -> None:
    study = st.Study({"module": [pickle, copy], "f": [len]}, "grid")
    study.run(lambda trial: float(trial.params["f"]("ab")), progress=False)
    assert [trial.params["module"] for trial in study.trials] == [pickle, copy]


class Thing:
    """Neither a number nor anything with a name of its own."""


def fails(trial: st.Trial) -> Any:
    if trial.number == 0:
        return Thing()
    try:
        raise ZeroDivisionError(f"no {Thing()}")
    except ZeroDivisionError as error:
        if trial.number == 1:
            raise
        raise KeyError(lambda: 0) from error


def test_failed_trials_read_alike_from_threads_and_processes(tmp_path: Path) -> None:
    exports = []
    with ProcessPoolExecutor(1, mp_context=get_context("fork" if hasattr(os, "fork") else "spawn")) as pool:
        for name, options in (("thread.db", {}), ("process.db", {"executor": pool})):
            st.Study(SPACE, "random", storage=tmp_path / name).run(fails, 3, progress=False, **options)
            exports.append(as_json(File(tmp_path / name, reading=True), "study"))
    assert exports[0] == exports[1] and "raise ZeroDivisionError" in exports[0] and "at 0x..." in exports[0]


FAILING = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import scratchtune as st
from scratchtune.core.study.export import as_json
from scratchtune.core.study.file import File

class Thing: ...
class Own(Exception): ...

def inner(thing):
    raise Own(f"no {thing}")

def objective(trial):
    if trial.number == 0:
        return Thing()
    try:
        inner(Thing())
    except Own as error:
        if trial.number == 1:
            raise
        raise KeyError(lambda: 0) from error

if __name__ == "__main__":
    exports = []
    for file in sys.argv[1:]:
        study = st.Study({"x": st.Float(0.0, 1.0)}, "random", storage=file)
        if exports:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                study.run(objective, 3, executor=pool, progress=False)
        else:
            study.run(objective, 3, progress=False)
        exports.append(as_json(File(file, reading=True), "study"))
    print(exports[0] == exports[1], "raise Own" in exports[1], "at 0x..." in exports[1])
"""


@pytest.mark.slow
def test_failed_trials_of_a_script_read_alike_from_threads_and_processes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(FAILING)
    command = [sys.executable, "script.py", "thread.db", "process.db"]
    said = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == "True True True\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_sys_exit_ends_the_run_and_the_next_one_goes_on(
    jobs: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[int] = []

    def objective(trial: st.Trial) -> float:
        if trial.number == 3 and not asked:
            asked.append(3)
            sys.exit(2)
        return float(trial.params["x"])

    study = st.Study(SPACE, "random", storage=tmp_path / "a.db")
    with pytest.raises(SystemExit) as caught:
        study.run(objective, 6, n_jobs=jobs)
    assert caught.value.code == 2 and "sys.exit() was called, which ends the run" in capsys.readouterr().err
    assert [trial.state for trial in study.trials[:4]] == ["complete"] * 3 + ["running"]
    assert table(study.run(objective, 6, progress=False)) == table(st.Study(SPACE, "random").run(
        objective, 6, progress=False))


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
    assert not study._core.order.owners


def first_told(trial: st.Trial) -> float:
    return float(trial.params["x"])


def test_a_callback_finds_its_trial_on_the_disk(tmp_path: Path) -> None:
    states = []
    st.Study(SPACE, "random", storage=tmp_path / "a.db").run(
        lambda trial: 1.0, 4, progress=False, n_jobs=2,
        callbacks=[lambda study, trial: states.append(
            File(tmp_path / "a.db", reading=True).rows("study")[trial.number]["state"])])
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


# study.stop ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["objective", "callback"])
def test_a_stopped_run_begins_no_further_trial_and_can_be_continued(where: str, capsys: Any) -> None:
    """Trial 2 stops the run, so that three trials are made; the next run makes those that an unstopped one makes."""
    study = st.Study(SPACE, "random")

    def objective(trial: st.Trial) -> float:
        if where == "objective" and trial.number == 2 and len(study.trials) < 4:
            study.stop()
        return float(trial.params["x"])

    def callback(study: st.Study, trial: st.Trial) -> None:
        if where == "callback" and trial.number == 2:
            study.stop()

    study.run(objective, 6, callbacks=[callback])
    assert [trial.state for trial in study.trials] == ["complete"] * 3
    assert "stop was called: the run ends with 3 trials; the next run continues" in capsys.readouterr().err
    whole = st.Study(SPACE, "random").run(lambda trial: trial.params["x"], 6, progress=False)
    where = "done"
    assert [trial.value for trial in study.run(objective, 6, progress=False).trials] == [
        trial.value for trial in whole.trials]


def test_trials_that_run_when_stop_is_called_are_finished() -> None:
    """Trial 1 has begun on the second worker when trial 0 stops the run; it ends, and trial 2 does not begin."""
    study, begun = st.Study({"x": [1, 2, 3, 4]}, "grid"), threading.Event()

    def objective(trial: st.Trial) -> float:
        if trial.number == 1:
            begun.set()
            time.sleep(0.05)
        else:
            begun.wait(10.0)
            study.stop()
        return float(trial.params["x"])

    study.run(objective, n_jobs=2, progress=False)
    assert [(trial.number, trial.state) for trial in study.trials] == [(0, "complete"), (1, "complete")]


def test_stop_outside_a_run_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="the study 'study' is not being run in this process; call stop from"):
        st.Study({"x": [1]}, "grid").stop()


OF_PARENT: dict[str, st.Study] = {}  # what worker processes have inherited


def stopping_from_a_worker(trial: st.Trial) -> float:
    OF_PARENT["study"].stop()
    return 1.0


def changing_from_a_worker(trial: st.Trial) -> float:
    if trial.number == 0:
        OF_PARENT["study"].set_user_attr("at", 0)
    OF_PARENT["study"].enqueue({"x": 0.5})
    return 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("storage", [None, "a.db"])
@pytest.mark.parametrize("objective, said", [
    (stopping_from_a_worker, "is not being run in this process; call stop from a callback"),
    (changing_from_a_worker, "is being run in another process, and can't be changed in this one; return the values")])
def test_a_study_is_not_changed_from_a_forked_worker(
    objective: Any, said: str, storage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = st.Study(SPACE, "random", storage=None if storage is None else tmp_path / storage)
    monkeypatch.setitem(OF_PARENT, "study", study)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        study.run(objective, 2, executor=pool, progress=False)
    assert all(said in str(trial.error) for trial in study.trials)
    assert len(study.trials) == 2 and not study.is_stopping and study.user_attrs == {}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_clock_that_is_set_back_gives_no_negative_seconds(monkeypatch: pytest.MonkeyPatch, n_jobs: int) -> None:
    times = itertools.count(1000.0, -1.0)
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    study = st.Study(SPACE, "random").run(lambda trial: trial.params["x"], 4, progress=False, n_jobs=n_jobs)
    assert [trial.seconds for trial in study.trials] == [0.0] * 4 and 0.0 <= study.idle_share <= 1.0
