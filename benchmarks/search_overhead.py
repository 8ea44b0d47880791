"""What does a suggestion cost, and how does that grow with the trials: ours and other libraries', in one run.

The function has five mixed parameters and costs nothing. The time from the end of one evaluation to the start of the
next is measured, with one thread on one core: telling the value, asking for the next point, and the loop around it. The
cost at trial n is the mean over the ten trials before n and the ten from n on, so that the cost of a generation is
shared by its trials, and then the median over the rounds, in which the searchers take turns. Each has its own process
and runs once before its clock starts, so that nothing is imported or compiled while it is timed.
"""

from __future__ import annotations

import math
import statistics
from argparse import Namespace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import Worker, bar, table
from benchmarks.common.regrets import reporting

TRIALS, AROUND = (20, 50, 100, 200, 500, 1000), 10
PEERS = (*peers.FAST, *peers.SLOW)
OURS = ("random", "bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
LIMITS = {"SMAC3": 200, "Optuna GP": 500}  # a longer run would take most of an hour
ROUNDS, QUICK_LIMIT = 3, 100
WARM, WARM_SLOW = 150, 30  # trials of the run before the clock starts: beyond all first, random points
SHARE_OF_OPTUNA_GP, GP_AT_500, TPE_AT_500, AT_1000 = 0.1, 80.0, 8.0, 50.0

Times = dict[str, dict[int, float]]  # searcher to trial to milliseconds


@reporting
def answer(searcher: str, seed: int, budget: int) -> dict[str, Any]:
    """Milliseconds before each trial of one run."""
    case = black_boxes.mixed_bowl()
    loss = black_boxes.Recorder(case, budget)
    peers.minimise(searcher, case, loss, budget, seed)
    return {"milliseconds": [1000.0 * gap for gap in loss.gaps]}


def at_trials(milliseconds: list[float]) -> dict[int, float]:
    """The mean around each of the trials that the run has reached."""
    return {trial: statistics.fmean(milliseconds[trial - AROUND : trial + AROUND])
            for trial in TRIALS if trial + AROUND <= len(milliseconds)}


def measure(given: Namespace) -> tuple[Times, list[str]]:
    """The median over the rounds, and notes on searchers that failed; the slow ones have one round."""
    names = given.searcher or [*OURS, *(name for name in (peers.FAST if given.quick else PEERS)
                                        if not peers.missing(name))]
    rounds, limit = given.rounds or (1 if given.quick else ROUNDS), QUICK_LIMIT if given.quick else max(TRIALS)
    env = harness.environment(1, PYTHONWARNINGS="ignore")
    core = harness.pinned_core()
    workers = {name: Worker(answer, name, env, core) for name in names}
    found: dict[str, list[dict[int, float]]] = {name: [] for name in names}
    notes = {}
    turns = [(i, name) for i in range(rounds) for name in names if i == 0 or name not in peers.SLOW]
    for i, name in tqdm(turns, desc="runs", disable=None):
        if name in notes:
            continue
        if i == 0:  # import and compile
            workers[name].ask(searcher=name, seed=0, budget=WARM_SLOW if name in peers.SLOW else WARM)
        result = workers[name].ask(searcher=name, seed=i, budget=min(limit, LIMITS.get(name, limit)) + AROUND)
        if "error" in result:
            notes[name] = f"- {name}: {result['error']}"
        else:
            found[name].append(at_trials(result["milliseconds"]))
    for worker in workers.values():
        worker.close()
    times = {name: {trial: statistics.median(run[trial] for run in runs) for trial in runs[0]}
             for name, runs in found.items() if runs}
    return times, list(notes.values())


def bars(times: Times) -> list[str]:
    """The bars of the Gaussian process and of TPE."""
    def at(name: str, trial: int) -> float:
        return times.get(name, {}).get(trial, math.nan)

    def line(what: str, measured: float, wanted: float, unit: str = "x", digits: int = 2) -> str:
        return bar(what, None if math.isnan(measured) else measured, wanted, unit, True, digits,
                   "not run, or not for so many trials")

    gp, tpe = "bayesian:gp", "bayesian:tpe"
    return [
        line("bayesian:gp / Optuna GP at trial 100", at(gp, 100) / at("Optuna GP", 100), SHARE_OF_OPTUNA_GP, digits=3),
        line("bayesian:tpe / Optuna TPE at trial 100", at(tpe, 100) / at("Optuna TPE", 100), 1.0),
        line("bayesian:gp at trial 500", at(gp, 500), GP_AT_500, " ms"),
        line("bayesian:tpe at trial 500", at(tpe, 500), TPE_AT_500, " ms"),
        *(line(f"{name} at trial 1,000", at(name, 1000), AT_1000, " ms") for name in ("bayesian", gp, tpe))]


def plot(times: Times, path: Path) -> None:
    """The growth, both axes logarithmic; ours solid, the others dashed."""
    with harness.drawn(path, figsize=(8, 5)) as axes:
        for name, points in times.items():
            look = {"color": f"C{PEERS.index(name)}", "ls": "--", "marker": "s"} if name in PEERS else {
                "ls": "-", "marker": "o", "lw": 2.0}
            axes.plot(list(points), list(points.values()), label=name, **look)
        axes.set(xscale="log", yscale="log", xlabel="trial", ylabel="milliseconds a suggestion",
                 xticks=TRIALS, xticklabels=TRIALS, title="What a suggestion costs")
        axes.minorticks_off()
        axes.grid(True, alpha=0.3)
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def report(found: tuple[Times, list[str]], given: Namespace) -> list[str]:
    """Milliseconds of each searcher as the trials grow, the picture, and the bars."""
    times, notes = found
    plot(times, given.picture)
    rows = [[name, *(f"{points[trial]:.2f}" if trial in points else "" for trial in TRIALS)]
            for name, points in times.items()]
    return [f"One thread on core {harness.pinned_core()}.",
            table(["milliseconds at trial", *map(str, TRIALS)], rows), harness.shown(given.picture),
            "\n".join(bars(times)), *["\n".join(notes)] * bool(notes)]


ANSWER = (
    "Won: at trial 100 BayesianSearch takes 7.58 ms, its TPE 1.55 ms against 2.66 of Optuna's TPE, and its Gaussian "
    "process 12.64 ms. Lost: Optuna's CMA-ES takes 0.62 ms and pymoo's genetic algorithm 0.11.")
BENCHMARK = Benchmark(
    "Cost of a suggestion", measure, report, ("optuna", "torch", "hyperopt", "pymoo", "deap", "smac"),
    quick=f"one round of {QUICK_LIMIT} trials, no slow searcher", options={
        "--searcher": {"nargs": "+", "metavar": "NAME", "help": "ours and peers by name, instead of all"},
        "--rounds": {"type": count, "help": f"rounds ({ROUNDS}, or 1 with --quick)"}})
