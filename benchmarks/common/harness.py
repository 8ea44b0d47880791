"""The code that all benchmarks share: workers that make one measurement at a time, tables and bars.

The main process measures nothing. Each library runs in its own worker process, with a clean environment, and is idle
while another one is measured: so their configurations cannot interfere, and their measurements can be interleaved.
"""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(os.environ.get("SCRATCHTUNE_RESULTS") or ROOT / "benchmarks" / "results")  # `suite` sets it
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}  # t, 97.5 %
SHORT = "this run is too short"  # why a bar is not measured by --quick
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_DISABLE_JIT", "KERAS_BACKEND", "XLA_FLAGS")


# Workers --------------------------------------------------------------------------------------------------------------


def environment(threads: int | None = None, **extra: str) -> dict[str, str]:
    """A worker's environment, without variables that tune a library; ``threads`` for linear algebra, or its default."""
    kept = {name: value for name, value in os.environ.items() if name not in (*UNSET, *THREAD_VARIABLES)}
    if threads is not None:
        kept |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    return kept | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"} | extra


def command(function: Callable[..., Any], *arguments: str) -> list[str]:
    """The command of a new process that calls a module's function with texts; it runs in `ROOT`."""
    call = "import importlib, sys; getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(*sys.argv[3:])"
    return [sys.executable, "-c", call, function.__module__, function.__name__, *arguments]


class Worker:
    """A process that answers one question at a time, by a function of a module; ``name`` is for messages."""

    def __init__(self, answer: Callable[..., dict[str, Any]], name: str, env: dict[str, str], core: int | None = None,
                 ) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command(serve, answer.__module__, answer.__name__, name), cwd=ROOT, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}))

    def ask(self, **question: Any) -> dict[str, Any]:
        """Send a question and wait for its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker {self.name} ended with code {self.process.wait()}; its messages are above")
        return dict(json.loads(line))

    def close(self) -> None:
        """End the worker."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def alone(answer: Callable[..., dict[str, Any]], env: dict[str, str], core: int | None = None, **question: Any,
          ) -> dict[str, Any]:
    """The answer of a new worker, which then ends."""
    worker = Worker(answer, answer.__name__, env, core)
    try:
        return worker.ask(**question)
    finally:
        worker.close()


def serve(module: str, function: str, _: str) -> None:
    """Run as a worker: one answer on stdout for each question on stdin; other output goes to stderr."""
    answer = getattr(import_module(module), function)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=answers, flush=True)


def kept_runs(path: Path) -> list[dict[str, Any]]:
    """The runs in a file, a JSON object each line; a last line that was cut off is removed from the file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def remembered(given: Namespace, plan: Sequence[Mapping[str, Any]], work: Callable[..., Mapping[str, Any]],
               ) -> list[dict[str, Any]]:
    """The run of each question of a plan: from the file ``given.records``, or made now and appended as it ends.

    A run holds its question, whose names are those of the first one, and the answer; so the same command continues
    where an earlier one was interrupted. ``given.kept`` is set to the number of runs that were in the file.
    """
    path = given.records
    names = list(plan[0]) if plan else []
    known = {tuple(run.get(name) for name in names): run for run in kept_runs(path)}
    path.parent.mkdir(parents=True, exist_ok=True)
    todo = [one for one in plan if tuple(one.values()) not in known]
    given.kept = len(plan) - len(todo)
    for question in tqdm(todo, unit="run", disable=None):
        run = known[tuple(question.values())] = {**question, **work(**question)}
        with path.open("a", encoding="utf-8") as file:
            print(json.dumps(run), file=file)
    return [known[tuple(question.values())] for question in plan]


def pinned_core() -> int:
    """The core on which all measurements with one thread run: the last available one."""
    return max(os.sched_getaffinity(0))


# Tables and reports ---------------------------------------------------------------------------------------------------


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values that were measured in the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def spread(values: Sequence[float]) -> float:
    """The standard deviation, 0 for a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and the ends of its 95 % interval by Student's t."""
    mean, n = statistics.fmean(values), len(values)
    half = STUDENT[n] * statistics.stdev(values) / math.sqrt(n)
    return mean, mean - half, mean + half


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], sides: str = "") -> str:
    """A table for the terminal and for Markdown; ``sides`` aligns each column by l or r, by default lrrr..."""
    sides = sides or "l".ljust(len(headings), "r")
    widths = [max(3, *(len(line[k]) for line in (headings, *rows))) for k in range(len(headings))]
    lines = [[cell.ljust(width) if side == "l" else cell.rjust(width)
              for cell, width, side in zip(line, widths, sides, strict=True)] for line in (headings, *rows)]
    rule = ["-" * width if side == "l" else "-" * (width - 1) + ":" for width, side in zip(widths, sides, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:]))


def bar(what: str, measured: float | None, wanted: float, unit: str = "x", at_most: bool = False, digits: int = 1,
        why: str = SHORT) -> str:
    """One line that compares a measurement with its bar; None was not measured, and ``why`` says the reason."""
    line = f"{what}: bar {'at most' if at_most else 'at least'} {wanted:g}{unit}"
    if measured is None:
        return verdict(None, line, why)
    return verdict(measured <= wanted if at_most else measured >= wanted,
                   f"{line}, measured {measured:.{digits}f}{unit}")


def verdict(met: bool | None, text: str, why: str = SHORT) -> str:
    """One line of PASS or FAIL, or of what was not measured and the reason."""
    return f"- NOT MEASURED: {text} ({why})" if met is None else f"- {'PASS' if met else 'FAIL'}: {text}"


def versions(*packages: str) -> str:
    """Names and versions of Python and of the packages."""
    known = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            known.append(f"{package} {_our_version() if package == 'scratchtune' else metadata.version(package)}")
        except metadata.PackageNotFoundError:
            known.append(f"{package} missing")
    return ", ".join(known)


def _our_version() -> str:
    """The version of our package, which may run from its folder without being installed; no peer's worker loads it."""
    from scratchtune import __version__

    return __version__


def missing(*modules: str) -> str:
    """The first of some modules that cannot be imported, or nothing."""
    for name in modules:
        try:
            if find_spec(name) is None:
                return name
        except ModuleNotFoundError:  # the package that it is in
            return name
    return ""


def machine() -> str:
    """The processor, and the number of available cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = next((line for line in lines if line.startswith("flags")), "")
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{model or platform.machine()} ({vectors}), {len(os.sched_getaffinity(0))} cores, {platform.system()}"


def load() -> str:
    """The load of the machine by other work."""
    return f"load average over the minute before the start {os.getloadavg()[0]:.2f}"


@contextmanager
def drawn(path: Path, *shape: int, **how: Any) -> Iterator[Any]:
    """The axes of a picture, which is saved when the block ends."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(*shape, layout="constrained", **how)
    yield axes
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def shown(path: Path) -> str:
    """A picture in a report: embedded if both are in one folder, else its path."""
    return f"![{path.stem}]({path.name})" if path.parent == RESULTS else f"The picture is in {path}."
