"""The harness is what all benchmarks share: workers that are asked for one measurement at a time, tables, and reports.

The process that is started measures nothing and imports no numerical library. Each library lives in a worker process of
its own, with a clean environment, and waits while another one is measured; so their settings cannot meet, and their
measurements can be interleaved.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_DISABLE_JIT", "KERAS_BACKEND", "XLA_FLAGS")


# Workers --------------------------------------------------------------------------------------------------------------


def environment(threads: int | None = None, **extra: str) -> dict[str, str]:
    """A worker's environment: nothing that tunes a library; ``threads`` for linear algebra, or its default."""
    kept = {name: value for name, value in os.environ.items() if name not in (*UNSET, *THREAD_VARIABLES)}
    if threads is not None:
        kept |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    return kept | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"} | extra


class Worker:
    """A process that runs ``python -m module --worker name`` and answers one question at a time."""

    def __init__(self, module: str, name: str, env: dict[str, str], core: int | None = None) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--worker", name], cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )

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
        """Tell it that there are no more questions."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def serve(answer: Callable[..., dict[str, Any]]) -> None:
    """Be a worker: one answer on stdout for each question on stdin; whatever else is printed goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=answers, flush=True)


def pinned_core() -> int:
    """The core that all measurements with one thread share: the last one that we may use."""
    return max(os.sched_getaffinity(0))


# Tables and reports ---------------------------------------------------------------------------------------------------


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values that were measured in the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def spread(values: Sequence[float]) -> float:
    """The standard deviation, 0 for a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], sides: str = "") -> str:
    """A table that reads well in a terminal and as markdown; ``sides`` holds l or r for each column, else lrrr..."""
    sides = sides or "l".ljust(len(headings), "r")
    widths = [max(3, *(len(line[k]) for line in (headings, *rows))) for k in range(len(headings))]
    lines = [[cell.ljust(width) if side == "l" else cell.rjust(width)
              for cell, width, side in zip(line, widths, sides, strict=True)] for line in (headings, *rows)]
    rule = ["-" * width if side == "l" else "-" * (width - 1) + ":" for width, side in zip(widths, sides, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:]))


def bar(what: str, measured: float, wanted: float, unit: str = "x", at_most: bool = False, digits: int = 1) -> str:
    """One line that holds a measurement against its bar."""
    met = measured <= wanted if at_most else measured >= wanted
    side = "at most" if at_most else "at least"
    return (f"- {'PASS' if met else 'FAIL'}: {what}: bar {side} {wanted:g}{unit}, "
            f"measured {measured:.{digits}f}{unit}")


def verdict(met: bool, text: str) -> str:
    """One line of PASS or FAIL."""
    return f"- {'PASS' if met else 'FAIL'}: {text}"


def versions(*packages: str) -> str:
    """Name and version of Python and of some packages."""
    known = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            known.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            known.append(f"{package} missing")
    return ", ".join(known)


def machine() -> str:
    """The processor, and how many cores we may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = next((line for line in lines if line.startswith("flags")), "")
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{model or platform.machine()} ({vectors}), {len(os.sched_getaffinity(0))} cores, {platform.system()}"


def load() -> str:
    """How busy the machine is with other work."""
    return f"load average over the minute before the start {os.getloadavg()[0]:.2f}"


def picture(name: str, save: bool, folder: Path) -> Path:
    """Where a benchmark's picture goes: beside its report if that is saved, else into ``folder``."""
    return (RESULTS if save else folder) / f"{name}{'_quick' if '--quick' in sys.argv else ''}.png"


def shown(path: Path) -> str:
    """A picture in a report: shown where both lie in one folder, else named."""
    return f"![{path.stem}]({path.name})" if path.parent == RESULTS else f"The picture is in {path}."


def report(title: str, name: str, paragraphs: Sequence[str], save: bool, module: str = "") -> None:
    """Print a module's report; with ``save``, write it to benchmarks/results too, a quick run's under its own name."""
    command = " ".join([module or name, *sys.argv[1:]])
    text = "\n\n".join([f"# {title}", f"`python -m benchmarks.{command}`, {date.today().isoformat()}.", *paragraphs])
    print(text, flush=True)
    if save:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}{'_quick' if '--quick' in sys.argv else ''}.md"
        path.write_text(text + "\n")
        print(f"saved to {path.relative_to(ROOT)}", file=sys.stderr)
