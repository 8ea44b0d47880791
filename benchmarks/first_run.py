"""How long does the first `scratchtune compare` compile, and how long does everything take from then on?

Compiled code is cached, so each run begins with an empty folder for it. Compiling is timed where it happens: the calls
of `jit.prepare`, each of which shows a progress bar and works in two processes, and what is compiled outside of them.
Processor seconds are those of both processes, the start of the second one included: other work on the machine hardly
changes them. The table by kernel is measured in one process, which compiles one kernel after the other, in processor
seconds; functions that several kernels call are counted with the first of them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import bar, table

COMPILED, RUNS = 15.0, 5


# In the worker --------------------------------------------------------------------------------------------------------


def compared() -> dict[str, Any]:
    """One `scratchtune compare`: seconds of each `jit.prepare`, and of what is compiled outside of them."""
    from scratchtune import cli, jit

    original, prepared, others, processor = jit.prepare, [], _Others(), 0.0

    def timed(jobs: Sequence[Any]) -> None:
        nonlocal processor
        missing, begun, used = [job.name for job in jobs if not job.is_ready()], time.perf_counter(), used_seconds()
        others.paused = True
        original(jobs)
        others.paused = False
        if missing:
            prepared.append((len(missing), time.perf_counter() - begun))
            processor += used_seconds() - used

    jit.prepare = timed
    begun = time.perf_counter()
    cli.main(["compare"])
    return {"prepared": prepared, "others": others.seconds, "processor": processor,
            "all": time.perf_counter() - begun}


def used_seconds() -> float:
    """Processor seconds of this process and of those that it has ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class _Others:
    """Listens to numba: seconds of the functions that are compiled while ``paused`` is False."""

    def __init__(self) -> None:
        from numba.core import event

        self.paused, self.seconds, self._begun = False, 0.0, [0.0]
        listener: Any = type("Listener", (event.Listener,), {"on_start": self._start, "on_end": self._end})()
        event.register("numba:compile", listener)

    def _start(self, event: Any) -> None:
        self._begun.append(time.perf_counter())

    def _end(self, event: Any) -> None:
        begun = self._begun.pop()
        if len(self._begun) == 1 and not self.paused:  # not within another function that is compiled
            self.seconds += time.perf_counter() - begun


def kernels() -> dict[str, Any]:
    """Processor seconds of each kernel of `scratchtune compare`, compiled in this process."""
    from scratchtune import cli, jit

    found: list[tuple[str, float]] = []

    def one_by_one(jobs: Sequence[Any]) -> None:
        for job in jobs:
            missing, begun = not job.is_ready(), time.process_time()
            job.compile()
            if missing:
                found.append((job.name, time.process_time() - begun))

    jit.prepare = one_by_one
    cli.main(["compare"])
    return {"kernels": found}


TASKS = {"compared": compared, "kernels": kernels}


def answer(task: str, folder: str) -> dict[str, Any]:
    """Answer one question in a worker, which writes its files into ``folder``."""
    os.chdir(folder)
    return TASKS[task]()


# The report -----------------------------------------------------------------------------------------------------------


def environment(folder: str) -> dict[str, str]:
    """A process that keeps its compiled code in ``folder``."""
    return harness.environment(NUMBA_CACHE_DIR=folder, MPLBACKEND="Agg")


def warm_seconds(folder: str, *arguments: str) -> float:
    """Seconds of a whole Python process whose code is in the cache: the fastest of three."""
    env = environment(folder) | {"PYTHONPATH": str(harness.ROOT)}
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, env=env, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def run_table(runs: list[dict[str, Any]]) -> str:
    """Seconds of each part of each run."""
    numbers = [f"{count} kernels" for count, _ in runs[0]["prepared"]]
    rows = [[str(number), *(f"{seconds:.1f}" for _, seconds in run["prepared"]), f"{run['others']:.1f}",
             f"{compiling(run):.1f}", f"{run['processor']:.1f}", f"{run['all']:.1f}"]
            for number, run in enumerate(runs, 1)]
    return table(["run", *numbers, "other functions", "all compiling", "processor seconds", "the whole command"], rows)


def compiling(run: dict[str, Any]) -> float:
    """Seconds that a run waits for the compiler."""
    return float(sum(seconds for _, seconds in run["prepared"]) + run["others"])


def measure(given: Namespace) -> tuple[list[dict[str, Any]], list[tuple[str, float]]]:
    """The first runs, each in a folder of its own, and the seconds of each kernel."""
    runs = []
    for _ in range(1 if given.quick else RUNS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(harness.alone(answer, environment(folder), task="compared", folder=folder))
            runs[-1]["import"] = warm_seconds(folder, "-c", "import scratchtune")
            runs[-1]["warm"] = warm_seconds(folder, "-m", "scratchtune", "compare")
    with tempfile.TemporaryDirectory() as folder:
        return runs, harness.alone(answer, environment(folder), task="kernels", folder=folder)["kernels"]


def report(found: tuple[list[dict[str, Any]], list[tuple[str, float]]], _: Namespace) -> list[str]:
    """Seconds of the first runs, of later ones, and of each kernel."""
    runs, kernels = found
    median = {name: statistics.median(run[name] for run in runs) for name in ("import", "warm")}
    return [
        "Seconds of `scratchtune compare` where nothing is compiled yet:", run_table(runs),
        f"With everything compiled, `import scratchtune` takes {median['import']:.2f} s and `scratchtune compare` "
        f"{median['warm']:.1f} s, the start of Python included.",
        "Processor seconds of each kernel:",
        table(["kernel", "seconds"], [[name, f"{seconds:.2f}"] for name, seconds in
                                      sorted(kernels, key=lambda pair: -pair[1])]
              + [["all", f"{sum(seconds for _, seconds in kernels):.2f}"]]),
        "Against the bar:",
        bar("the first comparison compiles, median", statistics.median(compiling(run) for run in runs), COMPILED, " s",
            at_most=True)]


ANSWER = (
    "Won: the first comparison compiles for 9.4 to 11.3 s in five runs, and later ones take 6.6 s in all; lost: "
    "the very first command takes up to 18.2 s.")
BENCHMARK = Benchmark("The first run", measure, report, quick="one run")
