"""What is the overhead of a study: trials per second with an objective that costs nothing, ours and Optuna's.

Each kind of storage runs in its own process, on one core; random search, three parameters. Trials per second are those
of a complete study of 100, 1,000 or 10,000 trials. The cost of a trial at number n is the mean over the hundred trials
before it. Then: the memory of 50,000 trials; how many trials per second the coordinator alone submits and stores, with
workers that answer immediately; and the speed-up of two threads in tuning a real network.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from argparse import Namespace
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import Worker, bar, table, verdict

SIZES, ROUNDS = (100, 1000, 10_000), 3
WAYS = ("ours, memory", "ours, SQLite", "Optuna, memory", "Optuna, SQLite", "Optuna, journal")
LONGEST = {"Optuna, SQLite": 1000, "Optuna, journal": 1000}  # a run to 10,000 would take minutes
IN_SQLITE, IN_MEMORY, FLAT, COORDINATOR = 20.0, 3.0, 2.0, 1000.0
HELD = 50_000
SPEED_UPS = {"random": 1.6, "genetic": 1.4, "gp, parallel=4": 1.4}


# One study ------------------------------------------------------------------------------------------------------------


def ours(path: str | None, trials: int) -> list[float]:
    """The times at which our trials end."""
    import scratchtune as st

    space = {"x": st.Float(-1.0, 1.0), "rate": st.Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c"]}
    moments: list[float] = [time.perf_counter()]
    st.Study(space, "random", storage=path).run(
        lambda trial: trial.params["x"], trials, progress=False,
        callbacks=[lambda study, trial: moments.append(time.perf_counter())])
    return moments


def optunas(storage: Any, trials: int) -> list[float]:
    """The times at which Optuna's trials end."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    moments: list[float] = [time.perf_counter()]

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1.0, 1.0)
        trial.suggest_float("rate", 1e-4, 1.0, log=True)
        trial.suggest_categorical("kind", ["a", "b", "c"])
        return float(x)

    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=trials, callbacks=[lambda *_: moments.append(time.perf_counter())])
    return moments


def answer(way: str, trials: int) -> dict[str, Any]:
    """Trials per second of one study, and microseconds of a trial at each hundred trials."""
    with tempfile.TemporaryDirectory() as folder:
        if way == "ours, memory":
            moments = ours(None, trials)
        elif way == "ours, SQLite":
            moments = ours(f"{folder}/a.db", trials)
        elif way == "Optuna, journal":
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend

            moments = optunas(JournalStorage(JournalFileBackend(f"{folder}/a.log")), trials)
        else:
            moments = optunas(None if way == "Optuna, memory" else f"sqlite:///{folder}/a.db", trials)
    at = {n: 1e6 * (moments[n] - moments[n - 100]) / 100 for n in SIZES if n <= trials}
    return {"rate": trials / (moments[-1] - moments[0]), "at": at}


# The rest, ours alone -------------------------------------------------------------------------------------------------


def held(what: str) -> dict[str, Any]:
    """The memory of trials, per thousand: the growth of the process in kilobytes."""
    import scratchtune as st

    space = {"x": st.Float(-1.0, 1.0), "rate": st.Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c"]}
    study, marks = st.Study(space, "random"), [resident()]
    for trials in range(HELD // 5, HELD + 1, HELD // 5):
        study.run(lambda trial: trial.params["x"], trials, progress=False)
        marks.append(resident())
    return {"grown": [(b - a) * 1024.0 / (HELD // 5) for a, b in zip(marks, marks[1:], strict=False)]}


def resident() -> float:
    """Kilobytes of this process in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        return float(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


class AtOnce(Executor):
    """Workers that answer immediately with a value, as if a trial cost nothing."""

    _max_workers = 64

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        trial = args[-1]
        trial.seconds = 0.0
        trial.finish(trial.params["x"], None)
        future.set_result(trial.outcome())
        return future


def coordinator(what: str) -> dict[str, Any]:
    """Trials per second that are submitted, collected and stored, for 64 workers."""
    import scratchtune as st

    space = {"x": st.Float(-1.0, 1.0), "rate": st.Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c"]}
    with tempfile.TemporaryDirectory() as folder:
        study = st.Study(space, "random", storage=f"{folder}/a.db")
        begun = time.perf_counter()
        study.run(_nothing, 5000, executor=AtOnce(), progress=False)
        return {"rate": 5000 / (time.perf_counter() - begun)}


def _nothing(trial: Any) -> float:
    return 0.0


def speed_up(what: str) -> dict[str, Any]:
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


TASKS = {"study": answer, "held": held, "coordinator": coordinator, "speed_up": speed_up}


def asked(task: str, **question: Any) -> dict[str, Any]:
    """Answer one question in a worker."""
    return TASKS[task](**question)


# Report ---------------------------------------------------------------------------------------------------------------


def measured(ways: list[str], rounds: int) -> tuple[dict[str, dict[int, float]], dict[str, dict[str, float]]]:
    """Medians over the rounds: trials a second by way and size, and microseconds of a trial at each of the sizes."""
    core, env = harness.pinned_core(), harness.environment(1, PYTHONHASHSEED="0")
    workers = {way: Worker(asked, way, env, core) for way in ways}
    rates: dict[str, dict[int, list[float]]] = {way: {} for way in ways}
    costs: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for way, worker in workers.items():
        worker.ask(task="study", way=way, trials=100)  # imports
    turns = [(way, size) for _ in range(rounds) for size in SIZES for way in ways
             if size <= LONGEST.get(way, size)]
    for way, size in tqdm(turns, desc="studies", disable=None):
        given = workers[way].ask(task="study", way=way, trials=size)
        rates[way].setdefault(size, []).append(given["rate"])
        if size == max(SIZES):
            for at, cost in given["at"].items():
                costs[way].setdefault(at, []).append(cost)
    for worker in workers.values():
        worker.close()
    return (
        {way: {size: statistics.median(values) for size, values in found.items()} for way, found in rates.items()},
        {way: {at: statistics.median(values) for at, values in found.items()} for way, found in costs.items()})


def alone(task: str, what: str = "", threads: int | None = None) -> dict[str, Any]:
    """One measurement in its own process."""
    return harness.alone(asked, harness.environment(threads, PYTHONHASHSEED="0"), task=task, what=what)


def measure(given: Namespace) -> dict[str, Any]:
    """Trials a second, memory, the coordinator alone, and real tunings on two threads."""
    ways = [way for way in WAYS if way.startswith("ours") or "missing" not in harness.versions("optuna")]
    rounds = 1 if given.quick else ROUNDS
    rates, costs = measured(ways, rounds)
    return {"rates": rates, "costs": costs, "memory": alone("held")["grown"],
            "hands": statistics.median(alone("coordinator")["rate"] for _ in range(ROUNDS)),
            "ups": {what: [alone("speed_up", what, 1) for _ in range(rounds)] for what in SPEED_UPS}}


def report(found: dict[str, Any], _: Namespace) -> list[str]:
    """The tables, and the bars."""
    rates, costs, memory, hands, ups = found.values()
    rows = [[way, *(f"{found[size]:,.0f}" if size in found else "" for size in SIZES),
             *(f"{costs[way][str(size)]:,.0f}" if costs[way] else "" for size in SIZES)]
            for way, found in rates.items()]
    lines = []
    for own, other, wanted in (("ours, SQLite", "Optuna, SQLite", IN_SQLITE),
                               ("ours, memory", "Optuna, memory", IN_MEMORY)):
        ratio = rates[own][1000] / rates[other][1000] if other in rates else None
        lines.append(bar(f"{own} / {other}, 1,000 trials", ratio, wanted, why="Optuna is not installed"))
    for way in ("ours, memory", "ours, SQLite"):
        lines.append(bar(f"{way}: a trial at 10,000 / one at 100", costs[way]["10000"] / costs[way]["100"], FLAT,
                         at_most=True, digits=2))
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
        table(["trials a second of a study of", *map(str, SIZES), *(f"us at {size}" for size in SIZES)], rows),
        f"Memory of a trial, by ten thousands of {HELD:,}: {', '.join(f'{grown:,.0f}' for grown in memory)} bytes. The "
        f"coordinator alone submits and stores {hands:,.0f} trials a second; so it keeps {hands:,.0f} workers busy "
        "with trials of one second, and proportionally more with longer trials.",
        table(["real tuning, digits, 24 trials", "s a trial", "speed-up, 2 threads", "idle"], rows_of_ups),
        "\n".join(lines)]


ANSWER = (
    "Won: 1,427 trials a second in SQLite, 30.0 times Optuna's, and two threads are 1.82 to 1.90 times as fast; "
    "lost: each trial written to disk takes 638 us, 42 us in memory.")
BENCHMARK = Benchmark("What a study costs", measure, report, ("optuna",), quick="one round")
