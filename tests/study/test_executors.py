"""Trials elsewhere: the same tables on threads, in processes, on Dask and on Ray; workers that die; what is sent."""

from __future__ import annotations

import os
import pickle
import signal
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import shipping
from scratchtune.study import executors
from scratchtune.study.export import as_csv, as_json
from scratchtune.study.storage import Storage

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
    storage = Storage(path, reading=True)
    return as_csv(storage, "study"), as_json(storage, "study")


@pytest.fixture(scope="module")
def processes() -> Any:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", SEARCHERS)
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
    for name, searcher in SEARCHERS.items():
        here = exported(folder / f"{name}.db", searcher)
        assert exported(folder / f"{name}-there.db", searcher, executor=pool) == here
    whole = st.Study(SPACE, "random", seed=3).run(objective, 8, progress=False)
    killed = folder / "killed"
    study = st.Study(SPACE, "random", seed=3).run(Killing(killed), 8, progress=False, executor=pool)
    assert killed.exists() and values(study) == values(whole)


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


def test_a_broken_pool_is_one_sentence_and_nothing_is_lost(tmp_path: Path) -> None:
    study = st.Study(SPACE, "random", seed=3, storage=tmp_path / "a.db")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool, \
            pytest.raises(RuntimeError, match="executor is broken .* Nothing is lost"):
        study.run(Killing(tmp_path / "killed"), 6, progress=False, executor=pool)
    whole = st.Study(SPACE, "random", seed=3).run(objective, 6, progress=False)
    assert values(study.run(objective, 6, progress=False)) == values(whole)


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
