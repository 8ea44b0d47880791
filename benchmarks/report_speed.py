"""How long does the report of a study take, and how large is the page?

A study of 1,000 trials of random search over ten parameters, two of them conditional; some trials fail, some are
stopped by `MedianStopping`. Seconds are those of writing the page in a process of its own, on one core: the first page
includes what is done once in a process, such as importing matplotlib; the second is the same page again.
"""

from __future__ import annotations

import math
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark

TRIALS, QUICK_TRIALS = 1000, 100
SECONDS, MEGABYTES = 10.0, 5.0
SPACE = {
    "learning_rate": st.Float(1e-5, 1e-1, log=True), "batch_size": st.Int(8, 256, log=True),
    "dropout": st.Float(0.0, 0.6), "layers": st.Int(1, 6), "units": st.Int(16, 512, step=16),
    "activation": ["relu", "tanh", "gelu"], "optimizer": ["sgd", "adam"],
    "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]}),
    "beta_2": st.Float(0.9, 0.9999, when={"optimizer": ["adam"]}), "weight_decay": st.Float(1e-6, 1e-1, log=True)}


def objective(trial: st.Trial) -> float | None:
    """A loss that depends on the parameters; every twentieth trial fails."""
    params, chance = trial.params, (trial.number * 0.6180339887) % 1.0
    if chance < 0.05:
        raise RuntimeError("out of memory")
    loss = 0.3 + 0.1 * (math.log10(params["learning_rate"]) + 2.7) ** 2 + 0.1 * params["dropout"] + 0.02 * chance
    for step in range(1, 6):
        trial.report(loss + math.exp(-step * (0.5 + chance)), step)
        if trial.should_stop():
            return None
    return loss


def answer(trials: int) -> dict[str, Any]:
    """Seconds of the first and of the second page, its megabytes, and how many trials are in each state."""
    study = st.Study(SPACE, "random", seed=0, stopping=st.MedianStopping(warmup=20, first_step=3)).run(
        objective, trials, progress=False)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        for _ in range(2):
            begin = time.perf_counter()
            st.insight.report(study, page)
            seconds.append(time.perf_counter() - begin)
        size = page.stat().st_size / 1e6
    states = [trial.state for trial in study.trials]
    return {"seconds": seconds, "size": size, "states": {state: states.count(state) for state in sorted(set(states))}}


def measure(given: Namespace) -> dict[str, Any]:
    """The answer of a process of its own, on one core."""
    return harness.alone(answer, harness.environment(1), harness.pinned_core(),
                         trials=QUICK_TRIALS if given.quick else TRIALS)


def report(found: dict[str, Any], _: Namespace) -> list[str]:
    """Seconds and megabytes, and the bars."""
    counts = ", ".join(f"{count:,} {state}" for state, count in found["states"].items())
    first, second = found["seconds"]
    return [
        f"{sum(found['states'].values()):,} trials ({counts}) over ten parameters.",
        harness.table(["first page, s", "second page, s", "size, MB"], [[f"{first:.1f}", f"{second:.1f}",
                                                                       f"{found['size']:.2f}"]]),
        "\n".join([harness.bar("the first page", first, SECONDS, " s", at_most=True),
                   harness.bar("its size", found["size"], MEGABYTES, " MB", at_most=True, digits=2)])]


ANSWER = (
    "Won: the page of 1,000 trials takes 5.7 s the first time, 3.1 s the second, and has 1.30 MB; lost: nothing here.")
BENCHMARK = Benchmark("The report of a study: seconds and size", measure, report, ("matplotlib",),
                      quick=f"{QUICK_TRIALS} trials")
