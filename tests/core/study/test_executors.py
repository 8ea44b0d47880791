"""Trials elsewhere: the same tables on threads, in processes, on Dask and on Ray; workers that die; what is sent."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core import shipping
from scratchtune.core.study import executors
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File
from scratchtune.interop import clusters

SPACE = {
    "x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "rate": st.Float(1e-3, 1.0, log=True, when={"kind": ["a"]}),
    "n": st.Int(1, 8)}
SEARCHERS: dict[str, Any] = {
    "grid": st.GridSearch(resolution=2), "random": st.RandomSearch(), "halton": st.RandomSearch("halton"),
    "gp": st.BayesianSearch(model="gp", parallel=4), "tpe": st.BayesianSearch(model="tpe", parallel=4),
    "genetic": st.GeneticSearch(population=8), "hyperband": st.Hyperband(max_budget=9)}
TRIALS = 16


def objective(trial: st.Trial) -> float:
    """A value of the params alone, in a time that depends on nothing else; some fail, promoted trials go on."""
    time.sleep(float(np.random.default_rng().random()) * 0.003)
    p = trial.params
    if p["n"] == 8:
        raise ValueError("eight")
    before = trial.load()
    total = 0.0 if before is None else float(before["total"])
    trial.save({"total": np.array(total + (trial.budget or 1))})
    trial.report(p["x"] ** 2, step=0)
    return p["x"] ** 2 + p["n"] / 10 + (abs(np.log10(p["rate"]) + 1) if "rate" in p else 0.5) + total / 100


def exported(path: Path, searcher: Any, **options: Any) -> tuple[str, str]:
    """The tables, without times, of a study that is run so."""
    study = st.Study(SPACE, searcher, seed=3, storage=path, stopping=st.MedianStopping())
    study.run(objective, n_trials=TRIALS, progress=False, **options)
    storage = File(path, reading=True)
    return as_csv(storage, "study"), as_json(storage, "study")


FAST = "fork" if hasattr(os, "fork") else "spawn"  # the way to start a process that takes the least time


@pytest.fixture(scope="module", params=[FAST, pytest.param("spawn", marks=pytest.mark.slow)])
def processes(request: pytest.FixtureRequest) -> Any:
    with pool_of(2, request.param) as pool:
        yield pool


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in ("random", "tpe", "hyperband"))) for name in SEARCHERS])
def test_tables_are_the_same_bytes_for_any_number_of_threads_and_for_processes(
    name: str, tmp_path: Path, processes: Executor,
) -> None:
    one = exported(tmp_path / "1.db", SEARCHERS[name])
    for jobs in (2, 4, 8):
        assert exported(tmp_path / f"{jobs}.db", SEARCHERS[name], n_jobs=jobs) == one
    assert exported(tmp_path / "processes.db", SEARCHERS[name], executor=processes) == one
    with ThreadPoolExecutor(3) as pool:
        assert exported(tmp_path / "threads.db", SEARCHERS[name], executor=pool) == one


def assert_the_same_there(pool: Any, folder: Path) -> None:
    """On a cluster the tables are the same bytes as here, also where a worker is killed in the middle of a trial."""
    for name in ("random", "tpe", "hyperband"):  # without a model, with one, with promoted trials
        here = exported(folder / f"{name}.db", SEARCHERS[name])
        assert exported(folder / f"{name}-there.db", SEARCHERS[name], executor=pool) == here
    whole = st.Study(SPACE, "random", seed=3).run(objective, 8, progress=False)
    killed = folder / "killed"
    study = st.Study(SPACE, "random", seed=3).run(Killing(killed), 8, progress=False, executor=pool)
    assert killed.exists() and values(study) == values(whole)
    assert_only_the_culprit_fails(pool, retries=1)


def assert_only_the_culprit_fails(pool: Any, retries: int = 2, at: int = 5) -> st.Study:
    """A trial that always ends its worker fails after ``retries``; all others are as in a study without it."""
    whole = st.Study(SPACE, "random", seed=3).run(objective, 10, progress=False)
    study = st.Study(SPACE, "random", seed=3)
    study.run(Ending(at), 10, progress=False, executor=pool, retries=retries)
    failed = study.trials[at]
    assert failed.state == "failed" and failed.value is None
    times = f"{retries + 1} times, at last" if retries else "once"
    assert str(failed.error).startswith(f"RuntimeError: its worker was lost {times} with ")
    assert values(study)[:at] + values(study)[at + 1 :] == values(whole)[:at] + values(whole)[at + 1 :]
    return study


@pytest.mark.slow
def test_dask_gives_the_same_bytes_and_a_worker_that_dies_changes_nothing(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, \
            distributed.Client(cluster) as client, client.get_executor() as pool:
        assert_the_same_there(pool, tmp_path)


@pytest.mark.slow
def test_ray_gives_the_same_bytes_and_a_worker_that_dies_changes_nothing(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        pool = st.RayExecutor()
        assert executors.capacity(pool, 1) == 2
        assert_the_same_there(pool, tmp_path)
    finally:
        ray.shutdown()


class Killing:
    """The objective, whose worker dies in the middle of trial 3, the first time."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, trial: st.Trial) -> float:
        if trial.number == 3 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return objective(trial)


class Ending:
    """The objective, whose worker process ends in the middle of some trials, each time."""

    def __init__(self, *trials: int) -> None:
        self.trials = trials

    def __call__(self, trial: st.Trial) -> float:
        if trial.number in self.trials:
            os._exit(7)
        return objective(trial)


class Raising(Ending):
    """The same with an exception in its place."""

    def __call__(self, trial: st.Trial) -> float:
        if trial.number in self.trials:
            raise ValueError("in its place")
        return objective(trial)


def values(study: st.Study) -> list[Any]:
    return [(trial.number, trial.params, trial.value, trial.state, trial.error) for trial in study.trials]


# Workers that are lost -----------------------------------------------------------------------------------------------


class Losing(Executor):
    """Runs at once, and loses a trial's worker as often as it is told."""

    def __init__(self, lost: dict[int, int]) -> None:
        self.lost, self._max_workers = lost, 2

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        trial = args[-1]
        if self.lost.get(trial.number, 0) > 0:
            self.lost[trial.number] -= 1
            future.set_exception(ConnectionError("the worker is gone"))
        else:
            future.set_result(fn(*pickle.loads(pickle.dumps(args)), **kwargs))
        return future


def test_a_trial_whose_worker_is_lost_begins_again_and_after_too_many_times_has_failed() -> None:
    study = st.Study(SPACE, "random", seed=3)
    study.run(objective, 6, progress=False, executor=Losing({1: 2, 4: 3}))
    whole = st.Study(SPACE, "random", seed=3).run(objective, 6, progress=False)
    assert study.trials[1].value == whole.trials[1].value and study.trials[1].attempts == 3
    assert study.trials[4].state == "failed" and "its worker was lost 3 times" in str(study.trials[4].error)
    assert [t.value for t in study.trials[:4]] == [t.value for t in whole.trials[:4]]


def pool_of(workers: int, start: str = FAST, **options: Any) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context(start), **options)


def test_a_process_that_dies_once_changes_nothing(tmp_path: Path) -> None:
    with pool_of(2) as pool:
        study = st.Study(SPACE, "random", seed=3)
        study.run(Killing(tmp_path / "killed"), 6, progress=False, executor=pool)
        again = st.Study(SPACE, "random", seed=3).run(objective, 6, progress=False, executor=pool)  # it is broken now
    whole = st.Study(SPACE, "random", seed=3).run(objective, 6, progress=False)
    assert values(study) == values(again) == values(whole) and (tmp_path / "killed").exists()
    assert max(trial.attempts for trial in study.trials) <= 3


@pytest.mark.parametrize(("start", "workers"), [
    pytest.param("spawn", 2, marks=pytest.mark.slow), (FAST, 1), (FAST, 3)])
def test_a_trial_that_ends_its_process_fails_and_no_other_is_charged(start: str, workers: int) -> None:
    with pool_of(workers, start) as pool:
        study = assert_only_the_culprit_fails(pool, retries=1)
    attempts = [trial.attempts for trial in study.trials]
    assert attempts.pop(5) == 3  # the death that broke the pool does not count
    assert max(attempts) <= 2 and sum(attempts) <= 9 + workers - 1


@pytest.mark.parametrize("name", [
    "tpe", *(pytest.param(name, marks=pytest.mark.slow) for name in ("genetic", "hyperband"))])
def test_what_follows_a_trial_that_ends_its_process_is_as_if_the_trial_had_failed_here(name: str) -> None:
    here = st.Study(SPACE, SEARCHERS[name], seed=3).run(Raising(2, 5), TRIALS, progress=False)
    with pool_of(3) as pool:
        there = st.Study(SPACE, SEARCHERS[name], seed=3)
        there.run(Ending(2, 5), TRIALS, progress=False, executor=pool, retries=0)
    assert [row[:4] for row in values(there)] == [row[:4] for row in values(here)]
    assert there.trials[2].state == there.trials[5].state == "failed"


def test_notes_name_the_trials_that_ran_as_a_pool_broke(capsys: pytest.CaptureFixture[str]) -> None:
    with pool_of(2) as pool:
        st.Study(SPACE, "random", seed=3).run(Late(1), 4, executor=pool, retries=0)
    said = capsys.readouterr().err
    assert ("a worker process died while trials 0 and 1 ran, and its process pool broke: from here on each trial runs "
            "in a process pool of its own, at first trials 0 and 1 once more") in said
    assert "trial 1 failed: RuntimeError: its worker was lost once with BrokenProcessPool" in said


class Late(Ending):
    """Ends its processes while the other trials are still running."""

    def __call__(self, trial: st.Trial) -> float:
        time.sleep(0.3 if trial.number in self.trials else 0.8)
        return super().__call__(trial)


def test_trials_that_end_their_processes_count_against_max_failures() -> None:
    study = st.Study(SPACE, "random", seed=3)
    with pool_of(2) as pool, pytest.raises(RuntimeError, match="2 trials have failed"):
        study.run(Ending(*range(10)), 10, progress=False, executor=pool, retries=0, max_failures=2)
    assert [trial.state for trial in study.trials].count("failed") == 2


def test_after_a_pool_broke_no_more_processes_run_than_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = []
    made = executors.SingleWorkerPools.submit

    def counted(self: Any, *args: Any, **kwargs: Any) -> Future:
        future = made(self, *args, **kwargs)
        under_way.append(sum(not future.done() for future in self._busy))
        return future

    monkeypatch.setattr(executors.SingleWorkerPools, "submit", counted)
    whole = st.Study(SPACE, "random", seed=3).run(objective, 10, progress=False)
    with pool_of(2) as pool:
        study = st.Study(SPACE, "random", seed=3).run(Ending(5), 10, progress=False, executor=pool, n_jobs=5)
    assert max(under_way) <= 2 and values(study)[6:] == values(whole)[6:]


def test_a_pool_that_does_not_say_how_it_was_made_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with pool_of(2) as pool, executors.Sender(pool, objective, 2) as sender:
        monkeypatch.delattr(pool, "_initargs")
        assert sender.separate() == 0
        monkeypatch.undo()
        assert sender.separate() == 2 and sender.separate() == 0


def test_processes_that_die_before_they_begin_end_the_run_and_fail_no_trial() -> None:
    study = st.Study(SPACE, "random", seed=3)
    with pool_of(2, initializer=os._exit, initargs=(3,)) as pool, \
            pytest.raises(RuntimeError, match="('s worker processes die| takes no trials).* [Nn]othing is lost"):
        study.run(objective, 6, progress=False, executor=pool, retries=0)
    whole = st.Study(SPACE, "random", seed=3).run(objective, 6, progress=False)
    assert values(study.run(objective, 6, progress=False)) == values(whole)


class Sharing(Executor):
    """Loses all that is under way together with trial 5, as often as told; with ``breaks`` it takes nothing more then.
    """

    def __init__(self, times: int, breaks: bool = False) -> None:
        self.times, self.breaks, self.broken, self._max_workers = times, breaks, False, 3
        self.under_way: list[tuple[Future, Any, Any]] = []
        self.lock = threading.Lock()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        with self.lock:
            if self.broken:
                raise BrokenExecutor("it is broken")
            if not self.under_way:
                threading.Timer(0.05, self.end).start()
            self.under_way.append((Future(), fn, args))
            return self.under_way[-1][0]

    def end(self) -> None:
        with self.lock:
            ending, self.under_way = self.under_way, []
            lost = self.times > 0 and any(args[-1].number == 5 for _, _, args in ending)
            self.times -= lost
            self.broken = lost and self.breaks
            for future, fn, args in ending:
                if lost:
                    future.set_exception(BrokenExecutor("it broke") if self.breaks else ConnectionError("gone"))
                else:
                    future.set_result(fn(*pickle.loads(pickle.dumps(args))))


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_where_a_lost_worker_takes_other_trials_along_only_the_culprit_fails(retries: int) -> None:
    assert_only_the_culprit_fails(Sharing(100), retries)
    whole = st.Study(SPACE, "random", seed=3).run(objective, 10, progress=False)
    study = st.Study(SPACE, "random", seed=3)
    study.run(objective, 10, progress=False, executor=Sharing(retries), retries=retries)
    assert values(study) == values(whole)


def test_losses_count_over_the_runs_of_a_study_whose_executors_break() -> None:
    whole = st.Study(SPACE, "random", seed=3).run(objective, 10, progress=False)
    study = st.Study(SPACE, "random", seed=3)
    for unfinished in ("trials 3, 4 and 5", "trials 3, 4 and 5", "trials 6, 7 and 8"):  # trial 5 fails in the last one
        with pytest.raises(RuntimeError, match=f"takes no trials .*; not finished: {unfinished}. Nothing is lost"):
            study.run(objective, 10, progress=False, executor=Sharing(100, breaks=True))
    study.run(objective, 10, progress=False)
    assert study.trials[5].error == "RuntimeError: its worker was lost 3 times, at last with BrokenExecutor"
    assert values(study)[:5] + values(study)[6:] == values(whole)[:5] + values(whole)[6:]


def coordinate(pipe: Any, folder: Path) -> None:
    with pool_of(2) as pool:
        st.Study(SPACE, "random").run(Waiting(folder), 6, executor=pool, progress=False)


class Waiting:
    """An objective that names its process in a folder, and soon needs a minute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, trial: st.Trial) -> float:
        (self.folder / f"{os.getpid()}.pid").touch()
        time.sleep(0.2 if trial.number < 2 else 60.0)
        return 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
def test_worker_processes_end_with_a_coordinator_that_was_killed(tmp_path: Path, elsewhere: Callable[..., Any]) -> None:
    coordinator, _ = elsewhere(coordinate, tmp_path)
    assert within(60.0, lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    coordinator.kill()
    coordinator.join()
    assert within(20.0, lambda: not any(is_alive(int(path.stem)) for path in tmp_path.glob("*.pid")))


def within(seconds: float, condition: Any) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of one that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Client:
    """Of Dask's client, what `DaskTasks` needs."""

    def __init__(self, workers: int, outcome: Any = None) -> None:
        self.workers, self.outcome, self.cluster = workers, outcome, self
        self.worker_spec, self.scaled, self.cancelled, self.loop = {0: {}, 1: {}}, 0, False, self

    def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        assert kwargs == {"pure": False, "retries": 1}
        return self

    def __await__(self) -> Any:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome
        yield

    def add_callback(self, function: Any) -> None:
        asyncio.run(function())

    def nthreads(self) -> dict[str, int]:
        if self.workers < 0:
            raise OSError("closed")
        return dict.fromkeys(map(str, range(self.workers)), 1)

    def scale(self, number: int) -> None:
        self.scaled = number


class DaskExecutor:
    """Of Dask's executor, what `DaskTasks` needs."""

    def __init__(self, *of_client: Any) -> None:
        self._client, self._kwargs, self._shutdown = Client(*of_client), {"retries": 1}, False


def test_a_task_of_dask_always_comes_to_an_end() -> None:
    assert clusters.DaskTasks(DaskExecutor(2, 7)).submit(len).result(timeout=5) == 7
    future = clusters.DaskTasks(DaskExecutor(2, KeyError("killed"))).submit(len)
    assert isinstance(future.exception(timeout=5), KeyError)
    future = clusters.DaskTasks(DaskExecutor(2, asyncio.CancelledError())).submit(len)
    assert future.cancelled() and wait([future], timeout=5).done
    closed = DaskExecutor(2)
    closed._shutdown = True
    with pytest.raises(RuntimeError, match="after shutdown"):
        clusters.DaskTasks(closed).submit(len)


def test_a_dask_cluster_that_has_lost_its_workers_is_asked_to_start_them_anew() -> None:
    for workers, lacks, scaled in ((2, False, 0), (0, True, 2), (-1, True, 0)):
        pool = DaskExecutor(workers)
        assert clusters.DaskTasks(pool).lacks_workers() is lacks and pool._client.scaled == scaled


# What is sent --------------------------------------------------------------------------------------------------------


class Counting(Losing):
    """Counts the bytes of the objective that are sent."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[int] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        self.sent.append(len(args[1] or b""))
        return super().submit(fn, *args, **kwargs)


class Heavy:
    """An objective that holds on to a megabyte of rows."""

    def __init__(self) -> None:
        self.rows = np.random.default_rng(0).random(125_000)

    def __call__(self, trial: st.Trial) -> float:
        return float(self.rows[0]) + trial.params["x"]


def test_data_is_sent_once_to_each_worker_and_not_with_each_trial() -> None:
    shipping._received.clear()
    pool = Counting()
    st.Study(SPACE, "random").run(Heavy(), 20, progress=False, executor=pool)
    assert len(pool.sent) == 20 and sum(size > 1_000_000 for size in pool.sent) == 2  # one for each worker


def test_a_worker_that_does_not_know_the_objective_gets_it() -> None:
    shipping._received.clear()

    class Forgetful(Counting):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
            if args[-1].number == 9 and not args[1]:
                shipping._received.clear()
            return super().submit(fn, *args, **kwargs)

    pool = Forgetful()
    study = st.Study(SPACE, "random").run(Heavy(), 12, progress=False, executor=pool)
    assert len(pool.sent) == 13 and sum(size > 0 for size in pool.sent) == 3
    assert [trial.state for trial in study.trials] == ["complete"] * 12


@pytest.mark.parametrize(("options", "message"), [
    ({"executor": 3}, "executor is 3"), ({"executor": Executor()}, "does not say how many workers"),
    ({"retries": -1}, "retries is -1"), ({"max_failures": 0}, "max_failures is 0"), ({"callbacks": [3]}, "holds 3"),
    ({"callbacks": 3}, "holds 3")])
def test_bad_arguments_are_one_clear_sentence(options: Any, message: str) -> None:
    study = st.Study(SPACE, "random")
    with pytest.raises((TypeError, ValueError), match=message):
        study.run(objective, 2, progress=False, **options)
    assert study.trials == []


def test_an_objective_that_cannot_be_sent_is_refused_before_any_work(
    processes: Executor, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cloudpickle", None)  # as if it were not installed
    study = st.Study(SPACE, "random")
    with pytest.raises(TypeError, match="can't be sent to another process"):
        study.run(lambda trial: 1.0, 2, progress=False, executor=processes)
    assert study.trials == []


@pytest.mark.parametrize(("given", "count"), [
    ({"_client": SimpleNamespace(nthreads=lambda: {"a": 2, "b": 3})}, 5), ({"_client": None, "_max_workers": 4}, 4),
    ({"_client": object(), "_max_workers": 4}, 4), ({"_max_workers": None}, None)])
def test_an_executor_says_how_many_workers_it_has_or_n_jobs_does(given: dict[str, Any], count: int | None) -> None:
    executor = SimpleNamespace(submit=print, **given)
    assert executors.capacity(executor, 7) == 7
    if count is None:
        with pytest.raises(ValueError, match="does not say how many workers it has; give n_jobs"):
            executors.capacity(executor, 1)
    else:
        assert executors.capacity(executor, 1) == count
