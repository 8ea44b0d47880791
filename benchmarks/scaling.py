"""How do time and memory grow with trials, parameters, rows, units and workers: ours beside a peer?

Each point is measured in a fresh process, with one thread on one core (workers: on all cores), and the libraries take
turns. Shown are medians over the rounds, and the *exponent* of each curve: b in value = a · size^b, by least squares on
the logarithms of the larger half of the sizes. 1 is proportional, 0 is constant. A library whose last point took more
than `LONGEST` seconds is not measured at larger sizes.

- trials: seconds of a study of a function that costs nothing, with five mixed parameters, and the memory it keeps.
- parameters: milliseconds of a suggestion around trial 100, for a sum of squares.
- rows: seconds of an epoch over 20 columns in a memory-mapped file (a network of 64 units, batches of 128), and the
  memory beyond the file's pages at the highest. PyTorch reads the same file in batches of the same size.
- units: microseconds of a step of the network 64-units-units-10, batches of 128.
- workers: trials a second, each waiting for 20 ms, by the number of workers: threads, processes, Dask and Ray on this
  machine; and of 16 to 1,000 simulated workers that answer at once, which shows what the coordinator costs.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import table
from benchmarks.common.memory import Watch

LONGEST = 60.0  # seconds of a point, after which a library is not measured at larger sizes
COLUMNS, BATCH, STEPS, WAIT = 20, 128, 200, 0.02
ROUNDS = 3

Answer = dict[str, float]


# Trials and parameters ------------------------------------------------------------------------------------------------


def trials_of_ours(searcher: str, size: int) -> Answer:
    """Seconds of a study of so many trials, and the memory in megabytes that it has added."""
    from benchmarks.common import black_boxes
    from benchmarks.search_quality import run_ours

    case = black_boxes.mixed_bowl()
    run_ours(searcher, case, black_boxes.Recorder(case, min(size, 150)), min(size, 150), 1)  # to compile
    return grown(lambda: run_ours(searcher, case, black_boxes.Recorder(case, size), size, 0))


def trials_of_peer(searcher: str, size: int) -> Answer:
    """The same of a peer."""
    from benchmarks.common import black_boxes, peers

    case = black_boxes.mixed_bowl()
    peers.minimise(searcher, case, black_boxes.Recorder(case, 15), 15, 1)
    return grown(lambda: peers.minimise(searcher, case, black_boxes.Recorder(case, size), size, 0))


def grown(run: Callable[[], object]) -> Answer:
    """Seconds of a run, and megabytes of the process after it beyond those before."""
    before, begun = anonymous(), time.perf_counter()
    run()
    return {"seconds": time.perf_counter() - begun, "megabytes": max(anonymous() - before, 0.0)}


def anonymous() -> float:
    """Megabytes of this process that are not pages of a file (Linux), or those of the highest so far."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("RssAnon"))


def sphere(dimensions: int) -> Any:
    """A sum of squares over so many real parameters, shifted from the centre."""
    from benchmarks.common.black_boxes import Axis, Case

    axes = tuple(Axis(f"x{i}", "real", -5.0, 5.0) for i in range(dimensions))
    return Case("sphere", axes, lambda params: sum((value - 1.0) ** 2 for value in params.values()), None)


def suggestion(searcher: str, size: int) -> Answer:
    """Milliseconds of a suggestion, the mean over trials 91 to 110."""
    from benchmarks.common import black_boxes, peers
    from benchmarks.search_quality import run_ours

    case, loss = sphere(size), None
    for seed, budget in ((1, 30), (0, 110)):  # the first run compiles
        loss = black_boxes.Recorder(case, budget)
        if searcher in peers.PEERS:
            peers.minimise(searcher, case, loss, budget, seed)
        else:
            run_ours(searcher, case, loss, budget, seed)
    assert loss is not None
    return {"seconds": sum(loss.gaps), "milliseconds": 1000.0 * statistics.fmean(loss.gaps[90:])}


# Rows and units -------------------------------------------------------------------------------------------------------


@contextmanager
def rows_on_disk(size: int) -> Iterator[tuple[Any, Any]]:
    """Memory-mapped rows (n, 20) and labels (n,); they are written in blocks."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        shapes = {"X": (np.float32, (size, COLUMNS)), "y": (np.int64, (size,))}
        files = {name: np.lib.format.open_memmap(f"{folder}/{name}.npy", "w+", *shape)
                 for name, shape in shapes.items()}
        rng = np.random.default_rng(0)
        for start in range(0, size, 10_000):
            block = rng.normal(size=(min(10_000, size - start), COLUMNS))
            files["X"][start:start + len(block)], files["y"][start:start + len(block)] = block, block[:, 0] > 0.0
        for file in files.values():
            file.flush()
        files.clear()
        yield np.load(f"{folder}/X.npy", mmap_mode="r"), np.load(f"{folder}/y.npy", mmap_mode="r")


def epoch_of_ours(size: int) -> Answer:
    """Seconds of our epoch over so many rows, and its highest memory."""
    import scratchtune as st

    model = st.Sequential([st.Dense(64, activation="relu"), st.Dense(2, activation="softmax")], "float32", 0)
    model.compile(st.Adam(0.001), "categorical_crossentropy")
    with rows_on_disk(size) as (X, y):
        model.fit(X[:1000], y[:1000], batch_size=BATCH, verbose=0)
        return highest(lambda: model.fit(X, y, batch_size=BATCH, verbose=0))


def epoch_of_torch(size: int) -> Answer:
    """Seconds of PyTorch's epoch over the same rows, in random order, and its highest memory."""
    import numpy as np
    import torch

    torch.set_num_threads(1)
    network = torch.nn.Sequential(torch.nn.Linear(COLUMNS, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimizer, loss = torch.optim.Adam(network.parameters(), 0.001), torch.nn.CrossEntropyLoss()

    def epoch(X: Any, y: Any) -> None:
        order = np.random.default_rng(0).permutation(len(X))
        for start in range(0, len(X), BATCH):
            chosen = order[start:start + BATCH]
            optimizer.zero_grad(set_to_none=True)
            loss(network(torch.from_numpy(X[chosen])), torch.from_numpy(y[chosen])).backward()
            optimizer.step()

    with rows_on_disk(size) as (X, y):
        epoch(X[:1000], y[:1000])
        return highest(lambda: epoch(X, y))


def highest(run: Callable[[], object]) -> Answer:
    """Seconds of a run, and the highest memory in it beyond that before, in megabytes, looked at every 5 ms."""
    before, watch = anonymous(), Watch(anonymous, 0.005)
    begun = time.perf_counter()
    run()
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "megabytes": watch.most() - before}


def step_of_ours(size: int) -> Answer:
    """Microseconds of our step."""
    import numpy as np

    import scratchtune as st

    X = np.random.default_rng(0).normal(size=(BATCH * STEPS, 64)).astype("float32")
    layers = [st.Dense(size, activation="relu"), st.Dense(size, activation="relu"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, "float32", 0)
    model.compile(st.Adam(0.001), "categorical_crossentropy")
    y = np.arange(len(X)) % 10
    model.fit(X[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)
    return per_step(lambda: model.fit(X, y, batch_size=BATCH, shuffle=False, verbose=0))


def step_of_torch(size: int) -> Answer:
    """Microseconds of PyTorch's step."""
    import torch

    torch.set_num_threads(1)
    X, y = torch.randn(BATCH * STEPS, 64), torch.arange(BATCH * STEPS) % 10
    network = torch.nn.Sequential(torch.nn.Linear(64, size), torch.nn.ReLU(), torch.nn.Linear(size, size),
                                  torch.nn.ReLU(), torch.nn.Linear(size, 10))
    optimizer, loss = torch.optim.Adam(network.parameters(), 0.001), torch.nn.CrossEntropyLoss()

    def steps(count: int) -> None:
        for start in range(0, count * BATCH, BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss(network(X[start:start + BATCH]), y[start:start + BATCH]).backward()
            optimizer.step()

    steps(2)
    return per_step(lambda: steps(STEPS))


def per_step(run: Callable[[], object]) -> Answer:
    """Seconds of a run, and microseconds of each of its steps."""
    begun = time.perf_counter()
    run()
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "microseconds": 1e6 * seconds / STEPS}


# Workers --------------------------------------------------------------------------------------------------------------


def waiting(trial: Any) -> float:
    """A trial that costs time, but no computing."""
    time.sleep(WAIT)
    return float(trial.params["x"])


def at_once(trial: Any) -> float:
    """A trial that costs nothing."""
    return float(trial.params["x"])


class Simulated(Executor):
    """Workers that answer at once, so that only what the coordinator does takes time."""

    def __init__(self, workers: int) -> None:
        self._max_workers = workers

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        """The outcome of the call, computed here."""
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def executor_of(kind: str, workers: int) -> Any:
    """So many workers of a kind."""
    import scratchtune as st

    if kind == "threads":
        return ThreadPoolExecutor(workers)
    if kind == "processes":
        return ProcessPoolExecutor(workers)
    if kind == "simulated":
        return Simulated(workers)
    if kind == "Dask":
        from dask.distributed import Client, LocalCluster

        return Client(LocalCluster(workers, threads_per_worker=1, dashboard_address=None)).get_executor()
    import ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    return st.RayExecutor()


def trials_a_second(kind: str, size: int) -> Answer:
    """Trials a second of random search on so many workers, after a first run that starts them."""
    import scratchtune as st

    space = {"x": st.Float(-1.0, 1.0), "rate": st.Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c"]}
    objective, each = (at_once, 10) if kind == "simulated" else (waiting, 50)
    executor = executor_of(kind, size)
    st.Study(space, "random", seed=1).run(objective, 2 * size, executor=executor, progress=False)
    trials = max(each * size, 100)
    begun = time.perf_counter()
    st.Study(space, "random").run(objective, trials, executor=executor, progress=False)
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "trials a second": trials / seconds}


# Sweeps ---------------------------------------------------------------------------------------------------------------


class Sweep(NamedTuple):
    """What grows, its sizes (the last ones are left out by ``--quick``), and how each library is measured."""

    title: str
    units: tuple[str, ...]
    sizes: tuple[int, ...]
    quick: int
    ways: dict[str, Callable[[int], Answer]]
    needs: dict[str, str]


def of(function: Callable[[str, int], Answer], *names: str) -> dict[str, Callable[[int], Answer]]:
    """A way for each name."""
    return {name: lambda size, name=name: function(name, size) for name in names}  # type: ignore[misc]


OPTUNA = {"Optuna TPE": "optuna", "Optuna CMA-ES": "cmaes", "Optuna GP": "optuna"}
SWEEPS = {
    "trials": Sweep("Trials of a study", ("seconds", "megabytes"), (10, 100, 1000, 10_000), 2, {
        **of(trials_of_ours, "random", "bayesian", "bayesian:tpe", "genetic"),
        **of(trials_of_peer, "Optuna TPE", "Optuna CMA-ES")}, OPTUNA),
    "parameters": Sweep("Parameters", ("milliseconds",), (1, 3, 10, 30, 100), 2, of(
        suggestion, "random", "bayesian", "bayesian:tpe", "genetic", "Optuna TPE", "Optuna GP"), OPTUNA),
    "rows": Sweep("Rows of a memory-mapped file", ("seconds", "megabytes"), (1000, 10_000, 100_000, 1_000_000), 2, {
        "ours": epoch_of_ours, "PyTorch": epoch_of_torch}, {"PyTorch": "torch"}),
    "units": Sweep("Units of both hidden layers", ("microseconds",), (16, 32, 64, 128, 256, 512, 1024, 2048), 4, {
        "ours": step_of_ours, "PyTorch": step_of_torch}, {"PyTorch": "torch"}),
    "workers": Sweep("Workers that wait for 20 ms", ("trials a second",), (1, 2, 4, 8), 2, of(
        trials_a_second, "threads", "processes", "Dask", "Ray"), {"Dask": "distributed", "Ray": "ray"}),
    "simulated workers": Sweep("Simulated workers", ("trials a second",), (1, 16, 128, 1000), 2, of(
        trials_a_second, "simulated"), {}),
}
ON_ALL_CORES = ("workers",)


def answer(sweep: str, way: str, size: int) -> Answer:
    """One point, in a process of its own."""
    return SWEEPS[sweep].ways[way](size)


def exponent(points: dict[int, float]) -> float:
    """b in value = a · size^b, by least squares on the logarithms of the larger half of the sizes (two at least)."""
    sizes = sorted(points)[-max(2, (len(points) + 1) // 2):]
    x, y = [math.log(size) for size in sizes], [math.log(max(points[size], 1e-9)) for size in sizes]
    mean = statistics.fmean(x)
    spread = sum((one - mean) ** 2 for one in x)
    return sum((one - mean) * value for one, value in zip(x, y, strict=True)) / spread if spread else math.nan


def missing(sweep: Sweep, way: str) -> bool:
    """Whether the package that a way needs is not installed."""
    return way in sweep.needs and "missing" in harness.versions(sweep.needs[way])


Found = dict[str, dict[str, dict[int, list[Answer]]]]  # by sweep, way and size


def measure(given: Namespace) -> Found:
    """The answers of all rounds."""
    found: Found = {}
    turns = [(name, size, turn, way) for name in given.sweeps
             for size in SWEEPS[name].sizes[:SWEEPS[name].quick if given.quick else None]
             for turn in range(1 if given.quick else given.rounds)
             for way in SWEEPS[name].ways if not missing(SWEEPS[name], way)]
    for name, size, turn, way in tqdm(turns, desc="points", disable=None):
        points = found.setdefault(name, {}).setdefault(way, {})
        before = [one["seconds"] for other in points if other < size for one in points[other]]
        if (before and max(before) > LONGEST) or (turn and points[size][0]["seconds"] > LONGEST):
            continue
        core = None if name in ON_ALL_CORES else harness.pinned_core()
        points.setdefault(size, []).append(harness.alone(
            answer, harness.environment(1, PYTHONWARNINGS="ignore"), core, sweep=name, way=way, size=size))
    return found


# The report -----------------------------------------------------------------------------------------------------------


def tables(name: str, found: dict[str, dict[int, list[Answer]]], quick: bool) -> list[str]:
    """A table for each unit of a sweep: medians by way and size, the largest spread, and the exponent."""
    sweep = SWEEPS[name]
    sizes = sweep.sizes[:sweep.quick if quick else None]
    parts = [f"## {sweep.title}"]
    for unit in sweep.units:
        rows = []
        for way, points in found.items():
            middle = {size: statistics.median(one[unit] for one in answers) for size, answers in points.items()}
            spreads = [harness.spread([one[unit] for one in answers]) / max(middle[size], 1e-9)
                       for size, answers in points.items()]
            cells = [f"{middle[size]:,.4g}" if size in middle else f"over {LONGEST:g} s" for size in sizes]
            rows.append([way, *cells, f"{exponent(middle):.2f}", f"{100.0 * max(spreads):.0f} %"])
        parts.append(table([unit, *(f"{size:,}" for size in sizes), "exponent", "spread"], rows))
    skipped = [f"{way} ({sweep.needs[way]} is not installed)" for way in sweep.ways if missing(sweep, way)]
    return [*parts, *[f"Skipped: {', '.join(skipped)}."] * bool(skipped)]


def plot(found: dict[str, dict[str, dict[int, list[Answer]]]], path: Path) -> None:
    """One panel for each sweep, both axes logarithmic."""
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    with harness.drawn(path, rows, columns, figsize=(4.5 * columns, 3.6 * rows), squeeze=False) as panels:
        for panel in panels.flat[len(found):]:
            panel.set_axis_off()
        for panel, (name, ways) in zip(panels.flat, found.items(), strict=False):
            unit = SWEEPS[name].units[0]
            for way, points in ways.items():
                look = {"ls": "--", "marker": "s"} if way in SWEEPS[name].needs else {"ls": "-", "marker": "o"}
                middle = [statistics.median(one[unit] for one in answers) for answers in points.values()]
                panel.plot(list(points), middle, label=way, **look)
            panel.set(xscale="log", yscale="log", title=SWEEPS[name].title, xlabel=name, ylabel=unit)
            sizes = sorted({size for points in ways.values() for size in points})
            panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
            panel.set_xticks([], minor=True)
            panel.legend(fontsize="x-small")


def report(found: Found, given: Namespace) -> list[str]:
    """The tables of all sweeps, and the picture."""
    plot(found, given.picture)
    return [f"One thread on core {harness.pinned_core()}, workers on all {os.cpu_count()}.",
            *(part for name in found for part in tables(name, found[name], given.quick)), harness.shown(given.picture)]


BENCHMARK = Benchmark(
    "Scaling", measure, report, ("optuna", "torch", "distributed", "ray"), quick="the small sizes, one round",
    options={"--sweeps": {"nargs": "+", "choices": list(SWEEPS), "default": list(SWEEPS), "help": "these, not all"},
             "--rounds": {"type": count, "default": ROUNDS, "help": f"measurements of each point ({ROUNDS})"}})
