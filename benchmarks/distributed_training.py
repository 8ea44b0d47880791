"""When does sharing one training pay: the time of a step with two threads or two processes, against one thread.

The work of a worker is the number of multiply-adds of the forward pass over its rows of a batch. Each ratio compares
the fastest epoch with one worker and the fastest with two, in runs that take turns; an epoch has a few steps. The
network is dense, float32, with Adam.
"""

from __future__ import annotations

import math
import time
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import Worker, bar, table, verdict

INPUTS, CLASSES = 64, 10
LARGE, LARGE_BATCH, SPEED_UP = (1024, 1024), 512, 1.5
WARNED, NOT_WARNED = 1.1, 0.9  # speed-ups: at most this where fit warns, at least this where it does not
KINDS = ("threads", "processes")
EPOCHS = 13  # short ones, the fastest of which counts: other work on the machine disturbs that one least


class Case(NamedTuple):
    """Hidden widths, and rows in a batch."""

    hidden: tuple[int, ...]
    batch_size: int

    @property
    def network(self) -> str:
        """The widths."""
        return "-".join(map(str, (INPUTS, *self.hidden, CLASSES)))


CASES = tuple(Case(hidden, batch_size) for hidden in ((64,), (256,), (512, 512), LARGE)
              for batch_size in (32, 128, LARGE_BATCH, 2048))
QUICK = (CASES[0], CASES[3], CASES[8], Case(LARGE, LARGE_BATCH))


# In the worker --------------------------------------------------------------------------------------------------------


@contextmanager
def pool(kind: str) -> Iterator[Executor]:
    """Two threads, or two processes."""
    made: Executor = (
        ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=get_context("spawn")))
    with made:
        yield made


def answer(hidden: list[int], batch_size: int, kind: str, repeats: int) -> dict[str, Any]:
    """Milliseconds of a step with one thread and with two workers, and the work of each of the two."""
    import warnings

    import scratchtune as st
    from scratchtune.network.sharing import least_work, work_of_worker

    warnings.simplefilter("ignore", st.EfficiencyWarning)
    model = st.Sequential([*(st.Dense(width, "relu") for width in hidden), st.Dense(CLASSES, "softmax")])
    model.compile(st.Adam(0.001), "categorical_crossentropy")
    model.build((None, INPUTS))
    steps = int(np.clip(1e8 // (model.theta.size * batch_size), 2, 200))
    rng = np.random.default_rng(0)
    X = rng.random((steps * batch_size, INPUTS), np.float32)
    y = rng.integers(0, CLASSES, len(X))

    class Clock(st.Callback):
        """The time at the end of each epoch."""

        def on_train_begin(self) -> None:
            self.times: list[float] = []

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.times.append(time.perf_counter())

    def milliseconds(**shared: Any) -> float:
        clock = Clock()
        model.fit(X, y, batch_size=batch_size, epochs=EPOCHS, verbose=0, callbacks=[clock], **shared)
        return 1000.0 * float(np.diff(clock.times).min()) / steps

    with pool(kind) as executor:
        milliseconds(), milliseconds(executor=executor)  # compiled, processes started
        pairs = [(milliseconds(), milliseconds(executor=executor)) for _ in range(repeats)]
    one, two = (min(times) for times in zip(*pairs, strict=True))
    return {"one": one, "two": two, "parameters": model.theta.size,
            "work": work_of_worker(model.program, batch_size, 2), "least": least_work(model.program, kind)}


# The report -----------------------------------------------------------------------------------------------------------

Found = dict[tuple[Case, str], dict[str, Any]]


def speed_up(given: dict[str, Any]) -> float:
    """How many times as fast two workers are."""
    return float(given["one"] / given["two"])


def warned(given: dict[str, Any]) -> bool:
    """Whether `fit` warns of little work."""
    return bool(given["work"] < given["least"])


def told(given: dict[str, Any]) -> str:
    """A speed-up, and whether `fit` warns."""
    return f"{speed_up(given):.2f}{' (warned)' * warned(given)}"


def speed_table(cases: tuple[Case, ...], found: Found) -> str:
    """A line for each case, by the work of a worker."""
    rows = []
    for case in sorted(cases, key=lambda case: found[case, "threads"]["work"]):
        given = found[case, "threads"]
        rows.append([
            f"{case.network}, batch {case.batch_size}", f"{given['parameters']:,}", f"{given['work']:,}",
            f"{given['one']:.3f}", *(told(found[case, kind]) for kind in KINDS)])
    return table(["network", "parameters", "multiply-adds of a worker", "ms a step, one thread",
                  "two threads, speed-up", "two processes, speed-up"], rows)


def bars(cases: tuple[Case, ...], found: Found) -> list[str]:
    """Speed-up of the large network, and where `fit` warns rightly."""
    lines = [bar(f"{Case(LARGE, LARGE_BATCH).network}, batch {LARGE_BATCH}: two threads / one",
                 speed_up(found[Case(LARGE, LARGE_BATCH), "threads"]), SPEED_UP, digits=2)]
    for kind in KINDS:
        below = [speed_up(found[case, kind]) for case in cases if warned(found[case, kind])]
        above = [speed_up(found[case, kind]) for case in cases if not warned(found[case, kind])]
        lines.append(verdict(
            max(below) <= WARNED and min(above) >= NOT_WARNED if below and above else None,
            f"two {kind}: speed-up at most {max(below, default=math.nan):.2f} where fit warns (bar {WARNED}), at least "
            f"{min(above, default=math.nan):.2f} elsewhere (bar {NOT_WARNED})", "no such case"))
    return lines


def measure(given: Namespace) -> Found:
    """All answers; each kind of workers has a process of its own."""
    found: Found = {}
    workers = {kind: Worker(answer, kind, harness.environment(1)) for kind in KINDS}
    for case in tqdm(QUICK if given.quick else CASES, desc="cases", disable=None):
        for kind, worker in workers.items():
            found[case, kind] = worker.ask(
                hidden=case.hidden, batch_size=case.batch_size, kind=kind, repeats=3 if given.quick else 9)
    for worker in workers.values():
        worker.close()
    return found


def report(found: Found, given: Namespace) -> list[str]:
    """A line for each case, and the bars."""
    cases = QUICK if given.quick else CASES
    return ["float32, Adam; the fastest epochs. A worker's multiply-adds are those of the forward pass over its rows "
            "of a batch.", speed_table(cases, found), "Against the bars:", "\n".join(bars(cases, found))]


ANSWER = (
    "Won: two threads train 64-512-512-10 with batches of 2048 1.80 times as fast; lost: small networks are "
    "slower by them, and two processes help only the two largest, by 1.31 and 1.41.")
BENCHMARK = Benchmark("Sharing one training", measure, report, quick="four cases")
