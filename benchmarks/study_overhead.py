"""What is the overhead of a study: trials per second with an objective that costs nothing, ours and Optuna's.

Each kind of storage runs in its own process, on one core; random search, three parameters. Trials per second are those
of a complete study of 100, 1,000 or 10,000 trials. The cost of a trial at number n is the mean over the hundred trials
before it. Then: the memory of 50,000 trials; how many trials per second the coordinator alone submits and stores, with
workers that answer immediately; and the speed-up of two threads in tuning a real network.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import bar, table, verdict
from benchmarks.common.memory import proportional
from scratchtune.core.study.trial import judged

SIZES, ROUNDS = (100, 1000, 10_000), 3
LEFT_OUT = {("10000", "Optuna, SQLite"), ("10000", "Optuna, journal")}  # they would take minutes
IN_SQLITE, IN_MEMORY, FLAT, COORDINATOR = 20.0, 3.0, 2.0, 1000.0
HELD = 50_000
SPEED_UPS = {"random": 1.6, "genetic": 1.4, "gp, parallel=4": 1.4}


# One study ------------------------------------------------------------------------------------------------------------


def a_space() -> dict[str, Any]:
    """Three parameters."""
    import scratchtune as st

    return {"x": st.Float(-1.0, 1.0), "rate": st.Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c"]}


def study(library: str, trials: int, seed: int) -> speeds.Answer:
    """A study of so many trials: seconds of a trial, and microseconds of one at each size."""
    with tempfile.TemporaryDirectory() as folder:
        moments = [time.perf_counter()]
        run = ours if library.startswith("ours") else optunas
        run(library, f"{folder}/a", trials, seed, lambda *_: moments.append(time.perf_counter()))
    at = {f"us at {n}": 1e6 * (moments[n] - moments[n - 100]) / 100 for n in SIZES if n <= trials}
    return {"seconds": (moments[-1] - moments[0]) / trials, **at}


def ours(library: str, path: str, trials: int, seed: int, ended: Callable[..., None]) -> None:
    """A study of ours, in memory or in a file."""
    import scratchtune as st

    storage = f"{path}.db" if "SQLite" in library else None
    st.Study(a_space(), "random", seed=seed, storage=storage).run(
        lambda trial: trial.params["x"], trials, progress=False, callbacks=[ended])


def optunas(library: str, path: str, trials: int, seed: int, ended: Callable[..., None]) -> None:
    """A study of Optuna, in memory, in SQLite or in a journal."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1.0, 1.0)
        trial.suggest_float("rate", 1e-4, 1.0, log=True)
        trial.suggest_categorical("kind", ["a", "b", "c"])
        return float(x)

    storage = {"memory": None, "SQLite": f"sqlite:///{path}.db", "journal": JournalStorage(
        JournalFileBackend(f"{path}.log"))}[library.rpartition(" ")[2]]
    optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=seed)).optimize(
        objective, n_trials=trials, callbacks=[ended])


LIBRARIES: dict[str, speeds.Library] = dict.fromkeys(
    ("ours, memory", "ours, SQLite", "Optuna, memory", "Optuna, SQLite", "Optuna, journal"), study)


# The rest, ours alone -------------------------------------------------------------------------------------------------


def held() -> speeds.Answer:
    """The bytes of a trial: the growth of the process, by fifths of `HELD` trials."""
    import scratchtune as st

    study, marks = st.Study(a_space(), "random"), [proportional(os.getpid())]
    for trials in range(HELD // 5, HELD + 1, HELD // 5):
        study.run(lambda trial: trial.params["x"], trials, progress=False)
        marks.append(proportional(os.getpid()))
    return {"grown": [(b - a) * 2**20 / (HELD // 5) for a, b in zip(marks, marks[1:], strict=False)]}


class AtOnce(Executor):
    """Workers that answer immediately with a value, as if a trial cost nothing."""

    _max_workers = 64

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        trial = args[-1]
        future.set_result(judged(trial, trial.params["x"], seconds=0.0))
        return future


def coordinator() -> speeds.Answer:
    """Trials per second that are submitted, collected and stored, for 64 workers."""
    import scratchtune as st

    with tempfile.TemporaryDirectory() as folder:
        study = st.Study(a_space(), "random", storage=f"{folder}/a.db")
        begun = time.perf_counter()
        study.run(_nothing, 5000, executor=AtOnce(), progress=False)
        return {"rate": 5000 / (time.perf_counter() - begun)}


def _nothing(trial: Any) -> float:
    return 0.0


def speed_up(what: str) -> speeds.Answer:
    """Seconds of one real tuning run on one and on two threads, and of a trial."""
    import scratchtune as st

    X, y = st.datasets.load_digits()
    X, Xv, y, yv = st.train_test_split(X / 16.0, y, train_size=1200, stratify=y, random_state=0)
    space = {"learning_rate": st.Float(1e-3, 1e-1, log=True), "units": st.Int(128, 160),
             "l2": st.Float(1e-6, 1e-3, log=True)}

    def objective(trial: Any) -> float:
        p = trial.params
        model = st.Sequential([st.Dense(p["units"], activation="relu"), st.Dense(10, activation="softmax")])
        model.compile(st.Adam(p["learning_rate"]), "categorical_crossentropy", penalty=st.L2(p["l2"]))
        model.fit(X, y, batch_size=32, epochs=170, verbose=0)
        return float(model.evaluate(Xv, yv)["loss"])

    searcher = {"random": st.RandomSearch(), "genetic": st.GeneticSearch(),
                "gp, parallel=4": st.BayesianSearch(model="gp", parallel=4)}[what]
    st.Study(space, searcher).run(objective, 1, progress=False)
    seconds = {}
    for jobs in (1, 2):
        study = st.Study(space, searcher)
        begun = time.perf_counter()
        study.run(objective, 24, n_jobs=jobs, progress=False)
        seconds[jobs] = time.perf_counter() - begun
    return {"one": seconds[1], "two": seconds[2], "idle": study.idle_share,
            "trial": statistics.median(trial.seconds or 0.0 for trial in study.trials)}


# Report ---------------------------------------------------------------------------------------------------------------


def alone(function: speeds.Library, threads: int | None = None, **question: Any) -> speeds.Answer:
    """One measurement in its own process."""
    return harness.alone(function, harness.environment(threads, PYTHONHASHSEED="0"), **question)


def measure(given: Namespace) -> dict[str, Any]:
    """Trials a second, memory, the coordinator alone, and real tunings on two threads."""
    has_optuna, rounds = "missing" not in harness.versions("optuna"), 1 if given.quick else ROUNDS
    libraries = {way: library for way, library in LIBRARIES.items() if way.startswith("ours") or has_optuna}
    studies = speeds.in_turns(libraries, {str(size): {"trials": size} for size in SIZES}, rounds, {"trials": 100},
                              left_out=LEFT_OUT)
    return {"studies": studies, "memory": alone(held)["grown"],
            "hands": statistics.median(alone(coordinator)["rate"] for _ in range(ROUNDS)),
            "ups": {what: [alone(speed_up, 1, what=what) for _ in range(rounds)] for what in SPEED_UPS}}


def line(studies: speeds.Found, way: str) -> list[str]:
    """Trials a second by size, and microseconds of a trial at each number of trials, in the largest study."""
    rates = [f"{1.0 / statistics.median(speeds.values(studies, str(size), way)):,.0f}"
             if (str(size), way) in studies else "" for size in SIZES]
    return [way, *rates, *(f"{cost:,.0f}" if (cost := cost_at(studies, way, size)) else "" for size in SIZES)]


def cost_at(studies: speeds.Found, way: str, size: int) -> float:
    """Microseconds of a trial after so many, in the largest study; 0 without one."""
    largest = str(SIZES[-1])
    if (largest, way) not in studies:
        return 0.0
    return statistics.median(speeds.values(studies, largest, way, f"us at {size}"))


def report(found: dict[str, Any], _: Namespace) -> list[str]:
    """The tables, and the bars."""
    studies, memory, hands, ups = found.values()
    lines = []
    for own, other, wanted in (("ours, SQLite", "Optuna, SQLite", IN_SQLITE),
                               ("ours, memory", "Optuna, memory", IN_MEMORY)):
        ratio = speeds.ratio(studies, "1000", other, own) if ("1000", other) in studies else None
        lines.append(bar(f"{own} / {other}, 1,000 trials", ratio, wanted, why="Optuna is not installed"))
    for way in ("ours, memory", "ours, SQLite"):
        lines.append(bar(f"{way}: a trial at 10,000 / one at 100",
                         cost_at(studies, way, SIZES[-1]) / cost_at(studies, way, SIZES[0]), FLAT, at_most=True,
                         digits=2))
    lines.append(bar("the last 10,000 of 50,000 trials / the first 10,000, memory of a trial", memory[-1] / memory[0],
                     1.1, at_most=True, digits=2))
    lines.append(bar("coordinator alone, 64 workers, SQLite", hands, COORDINATOR, " trials a second", digits=0))
    rows_of_ups = []
    for what, runs in ups.items():
        ratio = statistics.median(run["one"] / run["two"] for run in runs)
        trial, idle = (statistics.median(run[name] for run in runs) for name in ("trial", "idle"))
        rows_of_ups.append([what, f"{trial:.2f}", f"{ratio:.2f}", f"{idle:.0%}"])
        lines.append(bar(f"{what}: two threads / one", ratio, SPEED_UPS[what], digits=2))
        lines.append(verdict(trial >= 0.2, f"{what}: a trial takes at least 0.2 s: {trial:.2f}"))
    return [
        table(["trials a second of a study of", *map(str, SIZES), *(f"us at {size}" for size in SIZES)],
              [line(studies, way) for way in dict.fromkeys(way for _, way in studies)]),
        f"Memory of a trial, by ten thousands of {HELD:,}: {', '.join(f'{grown:,.0f}' for grown in memory)} bytes. The "
        f"coordinator alone submits and stores {hands:,.0f} trials a second; so it keeps {hands:,.0f} workers busy "
        "with trials of one second, and proportionally more with longer trials.",
        table(["real tuning, digits, 24 trials", "s a trial", "speed-up, 2 threads", "idle"], rows_of_ups),
        "\n".join(lines)]


ANSWER = (
    "Won: 1,427 trials a second in SQLite, 30.0 times Optuna's, and two threads are 1.82 to 1.90 times as fast; "
    "lost: each trial written to disk takes 638 us, 42 us in memory.")
BENCHMARK = Benchmark("What a study costs", measure, report, ("optuna",), quick="one round")
