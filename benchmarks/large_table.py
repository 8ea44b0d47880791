"""`scratchtune auto` on a large table: a million rows of 20 columns from a CSV file, its memory and its time.

The table is generated with a seed: 18 columns of numbers, two of categories, and a target that is a known nonlinear
function of ten of them plus noise, so that the best possible R² is known. The command runs as a process of its own, as
a user's does. Its memory is the largest sum of the resident memory of the process and its children, or, if that is
more, the largest that the system reports for one of them. Bars: 4 GB, and the time budget and a fifth of it, reading
the file included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import bar
from benchmarks.common.memory import Watch, family

ROWS, QUICK_ROWS, MINUTES, QUICK_MINUTES = 1_000_000, 20_000, 2.0, 0.1
NUMBERS, CHUNK, SEED = 18, 50_000, 0
MEMORY, OVERTIME = 4.0, 0.2  # GB, and the share of the budget that may be used in addition
SHOPS, COLOURS = [f"shop {k}" for k in range(40)], ["blue", "green", "red", "white"]
NOISE = 0.5  # standard deviation
INTERVAL = 0.2  # seconds between two looks at the memory


# The table ------------------------------------------------------------------------------------------------------------


def rows(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (count, 18), shops and colours as codes (count,), and the target without and with noise (count,)."""
    x = rng.normal(size=(count, NUMBERS))
    shop, colour = rng.integers(len(SHOPS), size=count), rng.integers(len(COLOURS), size=count)
    signal = (np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3]) + np.maximum(x[:, 4], 0.0) * (colour == 2)
              + 0.5 * x[:, 5] + np.exp(-x[:, 6] ** 2) + 0.5 * np.cos(shop) + 0.3 * x[:, 7] * np.sin(shop))
    return x, shop, colour, signal, signal + rng.normal(scale=NOISE, size=count)


def write(path: Path, count: int) -> float:
    """Write the table as a CSV file, and return the best possible R²."""
    rng = np.random.default_rng(SEED)
    errors, values = 0.0, []
    with path.open("w", encoding="utf-8") as file, tqdm(total=count, desc="writing", disable=None) as progress:
        file.write(",".join([*(f"x{k}" for k in range(NUMBERS)), "shop", "colour", "y"]) + "\n")
        for begin in range(0, count, CHUNK):
            x, shop, colour, signal, y = rows(rng, min(CHUNK, count - begin))
            file.writelines(
                f"{','.join(f'{value:.5g}' for value in line)},{SHOPS[s]},{COLOURS[c]},{target:.6g}\n"
                for line, s, c, target in zip(x.tolist(), shop, colour, y, strict=True))
            errors += float(((y - signal) ** 2).sum())
            values.append(y)
            progress.update(len(y))
    y = np.concatenate(values)
    return 1.0 - errors / float(((y - y.mean()) ** 2).sum())


# The memory of a process and its children -----------------------------------------------------------------------------


def resident(process: int) -> float:
    """The resident memory of a process, in GB; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def measured(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a command: its exit code, output, seconds, and peak memory in GB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=harness.environment(PYTHONPATH=str(harness.ROOT)), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watch = Watch(lambda: sum(map(resident, family(process.pid))), INTERVAL)
    output, messages = process.communicate()
    seconds = time.perf_counter() - begun
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    return {"code": process.returncode, "output": output, "messages": messages, "seconds": seconds,
            "memory": max(watch.most(), largest)}


# The command ----------------------------------------------------------------------------------------------------------


def measure(given: Namespace) -> dict[str, Any]:
    """Write the table, and run the command."""
    if given.quick:
        given.rows, given.minutes = QUICK_ROWS, QUICK_MINUTES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        best = write(path, given.rows)
        command = ["auto", str(path), "--target", "y", "--minutes", f"{given.minutes:g}"]
        found = measured([sys.executable, "-m", "scratchtune", *command], Path(folder))
        output = found["output"] if found["code"] == 0 else found["messages"]
        return {**found, "best": best, "size": path.stat().st_size / 1e6, "shown": output.strip().replace(folder, "")}


def report(found: dict[str, Any], given: Namespace) -> list[str]:
    """The bars, and what the command printed."""
    bars = [harness.verdict(found["code"] == 0, f"exit code {found['code']}"),
            bar("peak memory", found["memory"], MEMORY, " GB", at_most=True, digits=2),
            bar("seconds", None if given.quick else found["seconds"], (1.0 + OVERTIME) * 60.0 * given.minutes, " s",
                at_most=True)]
    shown = "\n".join(found["shown"].splitlines()[-60:])
    return [
        f"{given.rows:,} rows of 20 columns, {found['size']:.0f} MB; `scratchtune auto FILE --target y --minutes "
        f"{given.minutes:g}`. The noise allows an R² of at most {found['best']:.4f}.", "\n".join(bars),
        f"What the command printed:\n\n```\n{shown}\n```"]


ANSWER = (
    "Won: a million rows in 125.4 s and 2.35 GB, with a squared error of 0.28169 where boosted trees alone have "
    "0.60282; lost: it tries only 8 configurations in that time.")
BENCHMARK = Benchmark(
    "AutoML on a million rows", measure, report, quick="20,000 rows and six seconds", options={
        "--rows": {"type": count, "default": ROWS, "help": "the number of rows (default: 1,000,000)"},
        "--minutes": {"type": float, "default": MINUTES, "help": "the time budget (default: 2)"}})
