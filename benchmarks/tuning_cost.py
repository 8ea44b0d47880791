"""How many epochs does a searcher need until it is as good as random search at the end of its budget?

An `MLPClassifier` on the digits, seven hyper-parameters, the validation loss. Random search gets 40 trainings of 27
epochs, 1,080 epochs; the target is its mean final loss over the seeds. For every searcher and seed the cost is the
number of epochs until its best loss so far is at most the target; the bar is a median of half of random search's
budget. The cost of random search itself is reported too. All of this was fixed before the first result.

A trial of fewer epochs counts like any other, since its network can be used. A promoted trial continues from its
parent's network and pays only for the additional epochs; that this equals training without interruption is checked bit
for bit before the start. A searcher whose schedule ends before the budget starts again, in a study with another seed
that starts from the trials so far.
"""

from __future__ import annotations

import math
import os
import pickle
import statistics
import time
import warnings
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import bar, table, verdict
from scratchtune.network.training import DivergenceWarning
from scratchtune.search import BayesianSearch, Exhausted, GeneticSearch, Hyperband, RandomSearch, Searcher
from scratchtune.study.trial import evaluate

EPOCHS, ETA, TRAININGS = 27, 3, 40  # of a full training; how Hyperband divides; random's budget in full trainings
BUDGET = EPOCHS * TRAININGS
SEEDS, QUICK_SEEDS = 20, 4
SHARE = 0.5
SPACE = {
    "units": st.Int(16, 256, log=True),
    "dropout": st.Float(0.0, 0.7),
    "l2": st.Float(1e-6, 1e-1, log=True),
    "batch_size": [16, 32, 64, 128, 256],
    "optimizer": ["sgd", "adam"],
    "learning_rate": st.Float(1e-4, 1.0, log=True),
    "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]}),
}
BARS = ("bayesian", "hyperband", "BOHB")

Course = list[tuple[int, float]]  # after each trial: epochs so far, and the best loss so far


# The job --------------------------------------------------------------------------------------------------------------


def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A training set of 1,000 rows and a validation set of 797; the same for all."""
    X, y = st.datasets.load_digits()
    X, Xv, y, yv = st.train_test_split(X, y, train_size=1000, stratify=y, random_state=0)
    return X, Xv, y, yv


class Job:
    """The objective: trains a network for as many epochs as the trial's budget, and returns its validation loss."""

    def __init__(self) -> None:
        self.X, self.Xv, self.y, self.yv = rows()
        # A training that diverges is a failed trial; all its epochs count.
        warnings.filterwarnings("ignore", category=DivergenceWarning)

    def __call__(self, trial: Any) -> float:
        saved = trial.load()
        network = None if saved is None else pickle.loads(saved["network"].tobytes())
        network = self.trained(trial.params, int(trial.budget or EPOCHS), trial.seed, network)
        if trial.budget is not None:
            trial.save({"network": np.frombuffer(pickle.dumps(network), np.uint8)})
        return float(st.metrics.log_loss(self.yv, network.predict_proba(self.Xv)))

    def trained(self, params: dict[str, Any], epochs: int, seed: int, network: Any = None) -> st.MLPClassifier:
        """A network after ``epochs`` in total, continuing from ``network`` if one is given."""
        if network is None:
            return st.MLPClassifier(**params, epochs=epochs, random_state=seed, verbose=0).fit(self.X, self.y)
        for _ in range(epochs - network.n_iter_):
            network.partial_fit(self.X, self.y)
        return network

    def resumes_exactly(self) -> bool:
        """Whether 3 epochs and 6 more give the same bits as 9."""
        params = {"units": 32, "dropout": 0.3, "optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9}
        parts = pickle.loads(pickle.dumps(self.trained(params, 3, seed=1)))
        parts, whole = self.trained(params, 9, seed=1, network=parts), self.trained(params, 9, seed=1)
        return bool(np.array_equal(parts.model_.theta, whole.model_.theta))


# Searchers ------------------------------------------------------------------------------------------------------------


def hyperband(proposer: Searcher | None = None) -> Hyperband:
    """Hyperband up to a full training."""
    return Hyperband(max_budget=EPOCHS, eta=ETA, proposer=proposer)


SEARCHERS: dict[str, Callable[[], Searcher]] = {  # how each is made, with its defaults
    "random": RandomSearch,
    "bayesian": BayesianSearch,
    "bayesian:gp": lambda: BayesianSearch(model="gp"),
    "bayesian:tpe": lambda: BayesianSearch(model="tpe"),
    "genetic": GeneticSearch,
    "hyperband": hyperband,
    "BOHB": lambda: hyperband(BayesianSearch(model="tpe")),
}


def run(job: Job, make: Callable[[], Searcher], seed: int) -> Course:
    """Studies one after the other until the budget is spent: the best loss by epochs."""
    costs, losses = [], []
    study = None
    for again in range(BUDGET):
        study = st.Study(SPACE, make(), seed=1000 * again + seed, start_from=study)
        while sum(costs) < BUDGET:
            try:
                trial = study.ask()
            except Exhausted:
                break
            study.tell(trial, evaluate(job, trial))
            parent = 0 if trial.load() is None else int(study.trials[trial.parent].budget)
            costs.append(int(trial.budget or EPOCHS) - parent)
            losses.append(math.inf if trial.value is None else trial.value)
        if sum(costs) >= BUDGET:
            break
    return [(spent, best) for spent, best in zip(accumulate(costs), accumulate(losses, min), strict=True)
            if spent <= BUDGET]


def searched(job: Job, names: Sequence[str], seeds: int, jobs: int) -> tuple[dict[str, list[Course]], dict[str, float]]:
    """Every searcher's paths, one per seed, on so many threads; and the total seconds of each."""
    paths: dict[str, list[Course]] = {}
    seconds = {}
    with ThreadPoolExecutor(jobs) as pool:
        for name in names:
            begun = time.perf_counter()
            given = pool.map(run, [job] * seeds, [SEARCHERS[name]] * seeds, range(seeds))
            paths[name] = list(tqdm(given, desc=name, total=seeds, disable=None, unit="seed"))
            seconds[name] = time.perf_counter() - begun
    return paths, seconds


# Report ---------------------------------------------------------------------------------------------------------------


def best_at(path: Course, cost: float) -> float:
    """The best loss after so many epochs."""
    return min((best for spent, best in path if spent <= cost), default=math.inf)


def cost_to(path: Course, target: float) -> float:
    """The epochs until the best loss is at most the target; infinity if it never is."""
    return next((float(spent) for spent, best in path if best <= target), math.inf)


def table_of_costs(paths: dict[str, list[Course]], target: float, seconds: dict[str, float]) -> str:
    """A row for each searcher."""
    rows = []
    for name, runs in paths.items():
        costs = sorted(cost_to(path, target) for path in runs)
        reached = sum(map(math.isfinite, costs))
        low, middle, high = (np.quantile(costs, share, method="inverted_cdf") for share in (0.25, 0.5, 0.75))
        half, whole = (statistics.fmean(best_at(path, share * BUDGET) for path in runs) for share in (SHARE, 1.0))
        rows.append([name, f"{statistics.median(costs):.0f}", f"{low:.0f} to {high:.0f}", f"{reached} of {len(runs)}",
                     f"{half:.4f}", f"{whole:.4f}", f"{seconds[name] / len(runs):.1f}"])
    return table(["searcher", "median epochs to target", "quartiles", "reached it", f"loss at {SHARE * BUDGET:.0f}",
                  f"loss at {BUDGET}", "s a seed"], rows)


def plot(paths: dict[str, list[Course]], target: float, path: Path) -> None:
    """Plot the median of the best losses by epochs."""
    with harness.drawn(path, figsize=(8, 4.6)) as axes:
        costs = np.arange(EPOCHS, BUDGET + 1)
        for name, runs in paths.items():
            middle = np.median([[best_at(path, cost) for cost in costs] for path in runs], axis=0)
            axes.plot(costs, middle, color="0.4" if name == "random" else None, label=name)
        axes.axhline(target, color="0.4", ls=":", label="random's mean final loss")
        axes.axvline(SHARE * BUDGET, color="0.7", lw=1.0, label="half of random's budget")
        axes.set(yscale="log", xlabel="epochs", ylabel="median of the best validation loss", title="What tuning costs")
        axes.grid(True, alpha=0.3, which="both")
        axes.legend(fontsize="small")


def measure(given: Namespace) -> dict[str, Any]:
    """Every searcher's paths and seconds, and whether a training that continues is exact."""
    job = Job()
    names = list(dict.fromkeys(["random", *(given.searcher or SEARCHERS)]))
    paths, seconds = searched(job, names, given.seeds or (QUICK_SEEDS if given.quick else SEEDS), given.jobs)
    return {"exact": job.resumes_exactly(), "paths": paths, "seconds": seconds, "rows": (len(job.y), len(job.yv))}


def report(found: dict[str, Any], given: Namespace) -> list[str]:
    """The costs of each searcher, the picture, and the bars."""
    paths, (rows, validation) = found["paths"], found["rows"]
    target = statistics.fmean(best_at(path, BUDGET) for path in paths["random"])
    plot(paths, target, given.picture)
    lines = [bar(f"{name}: median epochs to random's mean final loss", statistics.median(
        cost_to(path, target) for path in paths[name]), SHARE * BUDGET, " epochs", at_most=True, digits=0)
        for name in BARS if name in paths]
    lines.append(verdict(found["exact"], "3 epochs and 6 more equal 9, bit for bit"))
    return [
        f"Digits, {rows} rows to train on, {validation} to "
        f"validate on; {len(SPACE)} parameters ({', '.join(SPACE)}; momentum only with sgd); {len(paths['random'])} "
        f"seeds. Random's budget: {TRAININGS} trainings of {EPOCHS} epochs, {BUDGET} epochs; its mean final validation "
        f"loss is {target:.4f}, the target.",
        table_of_costs(paths, target, found["seconds"]), harness.shown(given.picture), "\n".join(lines)]


BENCHMARK = Benchmark("What tuning costs", measure, report, quick=f"{QUICK_SEEDS} seeds", options={
    "--searcher": {"nargs": "+", "metavar": "NAME", "choices": SEARCHERS, "help": f"of {', '.join(SEARCHERS)} (all)"},
    "--seeds": {"type": count, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick)"},
    "--jobs": {"type": count, "default": len(os.sched_getaffinity(0)), "help": "seeds at a time (%(default)s)"}})
