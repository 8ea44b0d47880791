"""AutoML on public tables: AutoClassifier and AutoRegressor against gradient boosting, networks and FLAML.

20 public tables (`benchmarks.common.public_tables`), of which ten were named beforehand and are not used for any
choice. A fifth of the rows is held out, stratified for classes, with several seeds; each method gets the other rows,
the same seconds and two cores, in a process of its own. What is compared is the log loss for classes and the squared
error for values, shown as R². A method that fails on a table is last there.

Every run is appended to a file (--records) when it ends, and the same command continues after the last one.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from benchmarks.common import harness
from benchmarks.common.automl_report import paragraphs
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.public_tables import ALL, CLASSIFICATION, PublicTable, by_name
from benchmarks.common.table_peers import METHODS, OURS, Task

SEEDS, SECONDS, CORES, TEST_SHARE = 3, 60.0, 2, 0.2
QUICK_TABLES, QUICK_SEEDS, QUICK_SECONDS = ("pbc", "mortgage"), 1, 5.0
PATIENCE = 5.0, 600.0  # a run is ended after so many times its seconds, and so many more


# One run, in a process of its own -------------------------------------------------------------------------------------


def split(one: PublicTable, seed: int) -> tuple[Any, Any, Any, Any]:
    """Training and held-out rows, and their targets."""
    from sklearn.model_selection import train_test_split

    X, y = one.load()
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=TEST_SHARE, random_state=seed, stratify=y if one.task == CLASSIFICATION else None)
    return X.reset_index(drop=True), X_test.reset_index(drop=True), y, y_test


def measured(name: str, method: str, seed: int, seconds: float) -> dict[str, Any]:
    """Train a method on a table, and evaluate it on the held-out rows."""
    one = by_name(name)
    X, X_test, y, y_test = split(one, seed)
    is_classes = one.task == CLASSIFICATION
    for package in METHODS[method].packages:
        importlib.import_module(package)
    begun, before = time.perf_counter(), cpu_seconds()
    fitted = METHODS[method].fit(Task(X, y, is_classes, seconds, seed, CORES, len(y_test)))
    used, cpu = time.perf_counter() - begun, cpu_seconds() - before
    begun = time.perf_counter()
    predictions = fitted.predict(X_test)
    predicting = time.perf_counter() - begun
    return {"used": used, "cpu": cpu, "predicting": predicting, "memory": peak_memory(), "about": fitted.about,
            **scored(is_classes, y, y_test, predictions)}


def scored(is_classes: bool, y: Any, y_test: Any, predictions: Any) -> dict[str, float]:
    """The loss that methods are compared by, and what is shown: log loss, or R² for values."""
    import numpy as np
    from sklearn.metrics import log_loss, mean_squared_error, r2_score

    predictions = np.asarray(predictions, dtype=np.float64)
    if is_classes:
        predictions = predictions / predictions.sum(axis=1, keepdims=True)
        loss = float(log_loss(y_test, predictions, labels=np.unique(y)))
        return {"loss": loss, "shown": loss}
    return {"loss": float(mean_squared_error(y_test, predictions)), "shown": float(r2_score(y_test, predictions))}


def cpu_seconds() -> float:
    """The processor's seconds that this process and its finished children have used."""
    import resource

    return sum(used.ru_utime + used.ru_stime for used in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def peak_memory() -> float:
    """The largest resident memory of this process or of one of its children, in MB."""
    import resource

    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def worker(question: str, answer: str) -> None:
    """Run as a worker: write the result, or the error, to the file ``answer``."""
    import warnings

    warnings.filterwarnings("ignore")
    try:
        result = measured(**json.loads(question))
    except Exception as error:  # whatever a library raises is a result, too
        result = {"error": f"{type(error).__name__}: {error}"[:500]}
    Path(answer).write_text(json.dumps(result, default=str), encoding="utf-8")


# All runs -------------------------------------------------------------------------------------------------------------


def run(key: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One run in a fresh process with two cores, ended if it takes far too long."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    process = subprocess.Popen(
        harness.command(worker, json.dumps(key), str(answer)),
        cwd=harness.ROOT, env=harness.environment(CORES, NUMBA_NUM_THREADS=str(CORES)), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores))
    limit = PATIENCE[0] * key["seconds"] + PATIENCE[1]
    try:
        _, messages = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return {"error": f"ended after {limit:.0f} s"}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not answer.exists():
        last = (messages.strip().splitlines() or [""])[-1]
        return {"error": f"the process ended with code {process.returncode}: {last}"[:500]}
    return dict(json.loads(answer.read_text(encoding="utf-8")))


@functools.cache
def warm_up(method: str, folder: Path) -> None:
    """Run one of our methods on small tables of both tasks, so that its runs find their kernels compiled."""
    for name in ("pbc", "nox"):
        run({"name": name, "method": method, "seed": 0, "seconds": QUICK_SECONDS}, folder)


# The command ----------------------------------------------------------------------------------------------------------


def measure(given: Namespace) -> list[dict[str, Any]]:
    """All runs that were asked for; those in the file are not repeated."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a worker ends with this process
    if given.quick:
        given.tables, given.seeds, given.seconds = list(QUICK_TABLES), QUICK_SEEDS, QUICK_SECONDS
    given.skipped = {method: package for method in given.methods if (
        package := harness.missing(*METHODS[method].packages))}
    given.methods = [method for method in given.methods if method not in given.skipped]
    plan = [{"name": name, "method": method, "seed": seed, "seconds": given.seconds}
            for seed in range(given.seeds) for name in given.tables for method in given.methods]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) if given.quick else harness.RESULTS

        def work(**key: Any) -> dict[str, Any]:
            if key["method"] in OURS:
                warm_up(key["method"], Path(folder))
            return {**run(key, Path(folder)), "processor": harness.machine()}

        given.records = given.records or kept / "automl.jsonl"
        return harness.remembered(given, plan, work)


def report(records: list[dict[str, Any]], given: Namespace) -> list[str]:
    """What was run, and the tables and bars."""
    given.machine = ", ".join(dict.fromkeys(record["processor"] for record in records)) or given.machine
    tables = [by_name(name) for name in given.tables]
    return [
        f"{len(tables)} tables, {given.seeds} seed{'s' * (given.seeds != 1)}, {given.seconds:g} s on {CORES} cores for "
        f"each training; {100 * TEST_SHARE:.0f} % of the rows are held out."
        + "".join(f" Skipped: {method} ({package} is not installed)."
                          for method, package in given.skipped.items()),
        *paragraphs(records, tables, given.methods)]


ANSWER = (
    "Won: AutoML has mean rank 1.55 of eight methods on 20 tables, FLAML 3.65; lost: networks alone are at least as "
    "good as searched gradient boosting on only 10 of 20, and one tuned network on 3 of 20.")
BENCHMARK = Benchmark(
    "AutoML on public tables", measure, report, ("scikit-learn", "flaml", "lightgbm"),
    quick=f"{len(QUICK_TABLES)} small tables, {QUICK_SECONDS:g} s, one seed",
    options={
        "--seeds": {"type": count, "default": SEEDS, "help": "how many, which split the rows and seed the methods"},
        "--seconds": {"type": float, "default": SECONDS, "help": "the time of each training (default: 60)"},
        "--tables": {"nargs": "+", "choices": [one.name for one in ALL], "default": [one.name for one in ALL],
                     "metavar": "NAME"},
        "--methods": {"nargs": "+", "choices": list(METHODS), "default": list(METHODS), "metavar": "NAME",
                      "help": ", ".join(METHODS)},
        "--records": {"type": Path, "help": "the file of all runs (default: benchmarks/results/automl.jsonl)"}})
