"""How long does the first `scratchtune compare` compile, and how long does everything take from then on?

Compiled code is cached, so each run begins with an empty folder for it. The first command compiles, the following ones
find what it has compiled; *compiling* is the time of the first less that of the fastest of three later ones. All are
processes of their own, with the start of Python.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from argparse import Namespace

from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import bar, table
from benchmarks.common.speeds import timed

COMPILED, RUNS, LATER = 15.0, 5, 3
COMPARE, IMPORT = ("-m", "scratchtune", "compare"), ("-c", "import scratchtune")


def seconds(folder: str, *arguments: str) -> float:
    """Seconds of a Python process that keeps its compiled code, and writes its files, in a folder."""
    env = harness.environment(NUMBA_CACHE_DIR=folder, MPLBACKEND="Agg", PYTHONPATH=str(harness.ROOT))
    return timed(lambda: subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, check=True, capture_output=True))[0]


def measure(given: Namespace) -> list[dict[str, float]]:
    """The runs, each in a folder of its own."""
    runs = []
    for _ in tqdm(range(1 if given.quick else RUNS), desc="first runs", disable=None):
        with tempfile.TemporaryDirectory() as folder:
            first = seconds(folder, *COMPARE)
            later = min(seconds(folder, *COMPARE) for _ in range(LATER))
            runs.append({"first": first, "later": later, "compiling": first - later,
                         "import": min(seconds(folder, *IMPORT) for _ in range(LATER))})
    return runs


def report(runs: list[dict[str, float]], _: Namespace) -> list[str]:
    """Seconds of the first runs and of later ones, and the bar."""
    compiling = statistics.median(run["compiling"] for run in runs)
    return [
        "Seconds of `scratchtune compare` where nothing is compiled yet, and later; and of `import scratchtune`:",
        table(["run", "first command", "later", "compiling", "import"], [
            [str(number), *(f"{run[what]:.2f}" for what in ("first", "later", "compiling", "import"))]
            for number, run in enumerate(runs, 1)]),
        bar("the first comparison compiles, median", compiling, COMPILED, " s", at_most=True)]


ANSWER = (
    "Won: the first comparison compiles for 9.4 to 11.3 s in five runs, and later ones take 6.6 s in all; lost: "
    "the very first command takes up to 18.2 s.")
BENCHMARK = Benchmark("The first run", measure, report, quick="one run")
