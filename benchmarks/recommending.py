"""Is the searcher that `st.recommend` names the best one, on cases that its rules were not made from?

A case is a function with a known optimum (continuous, discrete, with choices or with conditions), a noise level, a
number of trials and a number of workers. Every searcher searches each case with the same seeds; what counts is the true
value of the configuration that it would recommend, the one with the best observed value. Regrets (true value minus
optimum) are averaged over the seeds and divided by random search's: 0 is the optimum, 1 is random search, and 2 is the
most that is counted. The winner of a case is the searcher with the smallest mean regret; a recommendation within 5 % of
random search's regret of the winner counts as near it.

With w workers, w trials are proposed before the first of them is finished, and one more whenever one is. Noise is
Gaussian, its standard deviation a share of the distance between the quartiles of the function.

The rules rest on earlier measurements and on the cases of ``--development``; those of the saved result are others:

    python -m benchmarks recommending --development
"""

from __future__ import annotations

import statistics
import warnings
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table
from scratchtune.search.grid import finest_grid
from scratchtune.search.space import Space

SEEDS, QUICK_SEEDS, NEAR, MOST = {10: 15, 30: 8, 100: 5}, 2, 0.05, 2.0  # seeds by the number of trials
NOISES, BUDGETS, WORKERS = (0.0, 0.15, 0.4), (10, 30, 100), (1, 4, 8)
EACH = 3  # cases of a function
SAMPLES = 400  # random points that the quartiles of a function come from

Loss = Callable[[dict[str, Any]], float]


@dataclass(frozen=True)
class Function:
    """A function of a space, and its minimum."""

    name: str
    space: dict[str, Any]
    loss: Loss
    best: float = 0.0


@dataclass(frozen=True)
class Case:
    """A function with a noise level, a number of trials, and a number of workers."""

    function: Function
    noise: float
    trials: int
    workers: int

    @property
    def name(self) -> str:
        """What it is called in the tables."""
        return f"{self.function.name}, noise {self.noise:g}, {self.trials} trials, {self.workers} at a time"


# Functions ------------------------------------------------------------------------------------------------------------


def continuous(name: str, d: int, of: Callable[[np.ndarray], float], seed: int = 0) -> Function:
    """A function of d numbers from 0 to 1; ``of`` has its minimum 0 at 0, which is shifted into the cube."""
    optimum = np.random.default_rng([seed, d]).uniform(0.15, 0.85, d)
    space = {f"x{k}": st.Float(0.0, 1.0) for k in range(d)}
    return Function(f"{name}-d{d}", space, lambda params: float(of(np.array(list(params.values())) - optimum)))


def ellipsoid(z: np.ndarray) -> float:
    """A stretched bowl."""
    return float((100.0 ** np.linspace(0.0, 1.0, len(z)) * z**2).sum())


def rastrigin(z: np.ndarray) -> float:
    """A bowl with many valleys."""
    return float((16.0 * z**2 + 1.0 - np.cos(8.0 * np.pi * z)).sum())


def valley(z: np.ndarray) -> float:
    """Rosenbrock's curved valley."""
    z = 2.0 * z + 1.0
    return float((100.0 * (z[1:] - z[:-1] ** 2) ** 2 + (1.0 - z[:-1]) ** 2).sum())


def few_matter(z: np.ndarray) -> float:
    """A bowl of two numbers; the others have no effect."""
    return float(z[0] ** 2 + 3.0 * (z[1] - 0.5 * z[0]) ** 2)


def ackley(z: np.ndarray) -> float:
    """A deep hole in a rippled plain."""
    z = 8.0 * z
    return float(20.0 - 20.0 * np.exp(-0.2 * np.sqrt((z**2).mean())) + np.e - np.exp(np.cos(2.0 * np.pi * z).mean()))


def powers(z: np.ndarray) -> float:
    """A sum of powers from 2 to 6: flat near its minimum."""
    return float((np.abs(z) ** np.linspace(2.0, 6.0, len(z))).sum())


def griewank(z: np.ndarray) -> float:
    """A bowl with ripples that are products."""
    z = 20.0 * z
    return float((z**2).sum() / 400.0 + 1.0 - np.cos(z / np.sqrt(np.arange(1, len(z) + 1))).prod())


def steps(z: np.ndarray) -> float:
    """A bowl in steps: constant almost everywhere."""
    return float((np.floor(np.abs(z) / 0.06) ** 2).sum())


def rotated(z: np.ndarray) -> float:
    """A bowl with a narrow direction that is parallel to no axis."""
    return float(30.0 * (z - z.mean()) @ (z - z.mean()) + len(z) * z.mean() ** 2)


def sharp(z: np.ndarray) -> float:
    """A ridge: one number counts linearly, the rest by their distance."""
    return float(abs(z[0]) + 3.0 * np.sqrt((z[1:] ** 2).sum()))


def synthetic_table(name: str, sizes: Sequence[int], roughness: float, seed: int) -> Function:
    """A table of random values: smooth along each parameter, with interactions, and rough by so much."""
    rng = np.random.default_rng(seed)
    optimum = rng.random(len(sizes))
    weights = rng.gamma(0.7, size=len(sizes)) + 0.05
    mixed = rng.normal(size=(len(sizes), len(sizes))) / len(sizes)
    values = {}
    for index in product(*map(range, sizes)):
        z = np.array(index) / np.maximum(np.array(sizes) - 1, 1) - optimum
        values[index] = float(weights @ z**2 + (mixed @ z) @ (mixed @ z) + roughness * rng.normal())
    space = {f"x{k}": st.Int(0, size - 1) for k, size in enumerate(sizes)}
    return Function(f"{name}-{'x'.join(map(str, sizes))}", space, lambda p: values[tuple(p.values())],
                    min(values.values()))


def choices(name: str, numbers: int, sizes: Sequence[int], seed: int) -> Function:
    """Choices without an order, each of which shifts the optimum of some numbers and adds a penalty."""
    rng = np.random.default_rng(seed)
    shifts = [rng.uniform(-0.15, 0.15, (size, numbers)) for size in sizes]
    costs = [rng.permutation(np.linspace(0.0, 0.3, size)) for size in sizes]
    space: dict[str, Any] = {f"c{k}": [f"choice {i}" for i in range(size)] for k, size in enumerate(sizes)}
    space |= {f"x{k}": st.Float(0.0, 1.0) for k in range(numbers)}

    def loss(params: dict[str, Any]) -> float:
        chosen = [int(str(params[f"c{k}"]).split()[1]) for k in range(len(sizes))]
        centre = 0.5 + sum(shift[i] for shift, i in zip(shifts, chosen, strict=True)) / len(sizes)
        z = np.array([params[f"x{k}"] for k in range(numbers)]) - centre
        return float(z @ z + sum(cost[i] for cost, i in zip(costs, chosen, strict=True)))

    return Function(f"{name}-{numbers}+{len(sizes)}", space, loss)


def branches(name: str, sizes: Sequence[int], seed: int, of: Callable[[np.ndarray], float]) -> Function:
    """A choice of branches, each with parameters of its own and a loss of its own; the best one has the minimum 0."""
    rng = np.random.default_rng(seed)
    optima = [rng.uniform(0.2, 0.8, size) for size in sizes]
    bases = rng.permutation(np.linspace(0.0, 0.3, len(sizes)))
    space: dict[str, Any] = {"branch": [f"b{i}" for i in range(len(sizes))]}
    for i, size in enumerate(sizes):
        space |= {f"b{i}_{k}": st.Float(0.0, 1.0, when={"branch": [f"b{i}"]}) for k in range(size)}

    def loss(params: dict[str, Any]) -> float:
        i = int(params["branch"][1:])
        return float(bases[i] + of(np.array([params[f"b{i}_{k}"] for k in range(sizes[i])]) - optima[i]))

    return Function(f"{name}-{'+'.join(map(str, sizes))}", space, loss)


@cache
def trained_table() -> Function:
    """Networks trained on the digits with all combinations of 4 x 4 x 3 x 3 hyper-parameters: validation log losses."""
    X, y = st.datasets.load_digits()
    X, Xv, y, yv = st.train_test_split(X, y, train_size=600, test_size=600, stratify=y, random_state=0)
    space: dict[str, list[Any]] = {
        "learning_rate": [0.0003, 0.001, 0.003, 0.03], "units": [8, 16, 32, 64], "batch_size": [16, 64, 256],
        "l2": [0.0, 0.001, 0.01]}
    values = {}
    for row in product(*space.values()):
        model = st.MLPClassifier(**dict(zip(space, row, strict=True)), epochs=8, random_state=0, verbose=0).fit(X, y)
        values[row] = float(st.metrics.log_loss(yv, model.predict_proba(Xv)))
    return Function("digits-4x4x3x3", space, lambda params: values[tuple(params.values())], min(values.values()))


def development() -> list[Function]:
    """The functions that the rules were made from."""
    return [
        continuous("ellipsoid", 2, ellipsoid), continuous("ellipsoid", 8, ellipsoid),
        continuous("rastrigin", 3, rastrigin), continuous("rastrigin", 6, rastrigin),
        continuous("valley", 4, valley), continuous("few matter", 12, few_matter), continuous("ackley", 5, ackley),
        synthetic_table("rough table", (4, 4, 4, 4), 0.05, 1), synthetic_table("smooth table", (3, 4, 2), 0.0, 2),
        choices("choices", 3, (3, 4), 3), branches("branches", (2, 3, 4), 4, lambda z: float(z @ z)),
        branches("branches", (1, 1), 5, lambda z: float(np.abs(z).sum()))]


def others() -> list[Function]:
    """The functions of the saved result."""
    return [
        continuous("powers", 2, powers, 1), continuous("griewank", 4, griewank, 1), continuous("steps", 5, steps, 1),
        continuous("rotated", 8, rotated, 1), continuous("sharp", 3, sharp, 1), continuous("rotated", 12, rotated, 1),
        continuous("powers", 6, powers, 1), trained_table(), synthetic_table("other table", (5, 3, 6, 2, 3), 0.03, 11),
        choices("more choices", 4, (5, 2, 3), 13), branches("deep branches", (3, 1, 2, 2), 14, ackley),
        branches("two branches", (4, 2), 15, lambda z: float(5.0 * z @ z))]


def cases(functions: Sequence[Function]) -> list[Case]:
    """Three cases for each function: all combinations of noise, trials and workers in a random order, in turns."""
    every = [(noise, trials, workers) for noise in NOISES for trials in BUDGETS for workers in WORKERS]
    order = [*np.random.default_rng(0).permutation(len(every)), *np.random.default_rng(1).permutation(len(every))]
    return [Case(function, *every[order[EACH * k + i]]) for k, function in enumerate(functions) for i in range(EACH)]


# Searchers ------------------------------------------------------------------------------------------------------------


def searchers(case: Case) -> dict[str, Any]:
    """The candidates for a case, each told how many trials run at the same time."""
    return {
        "grid": finest_grid(Space(case.function.space), case.trials), "random": st.RandomSearch(),
        "bayesian": st.BayesianSearch(parallel=case.workers),
        "bayesian:gp": st.BayesianSearch(model="gp", parallel=case.workers),
        "bayesian:tpe": st.BayesianSearch(model="tpe", parallel=case.workers),
        "genetic": st.GeneticSearch(offspring=max(4, case.workers))}


def run(case: Case, searcher: Any, seed: int, scale: float) -> float:
    """One study: the true regret of the configuration with the best observed value."""
    study = st.Study(case.function.space, searcher, seed=seed)
    noise = case.noise * scale * np.random.default_rng([seed, 7]).normal(size=case.trials)
    waiting: list[Any] = []
    asked = 0
    while asked < case.trials or waiting:
        if asked < case.trials and len(waiting) < case.workers:
            try:
                waiting.append(study.ask())
                asked += 1
                continue
            except st.Exhausted:
                asked = case.trials
                continue
            except st.NotReady:
                pass
        trial = waiting.pop(0)
        study.tell(trial, case.function.loss(trial.params) + float(noise[trial.number]))
    return case.function.loss(study.best_params) - case.function.best


def scale_of(function: Function) -> float:
    """The distance between the quartiles of a function at random points."""
    space, rng = Space(function.space), np.random.default_rng(0)
    values = [function.loss(space.from_unit(rng.random(len(space.names)))) for _ in range(SAMPLES)]
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low)


def key_of(searcher: Any) -> str:
    """The name of the candidate that a searcher is."""
    if isinstance(searcher, st.BayesianSearch):
        return "bayesian" if searcher.model == "auto" else f"bayesian:{searcher.model}"
    return {st.GridSearch: "grid", st.RandomSearch: "random", st.GeneticSearch: "genetic"}[type(searcher)]


def measured(case: Case, seeds: int, bar: Any) -> dict[str, float]:
    """Each candidate's mean regret, divided by random search's; 1 where both are 0."""
    scale, means = scale_of(case.function), {}
    for name, searcher in searchers(case).items():
        means[name] = statistics.fmean(max(run(case, searcher, seed, scale), 0.0) for seed in range(seeds))
        bar.update()
    least = means["random"]
    return {name: min(mean / least, MOST) if least > 0.0 else (1.0 if mean == 0.0 else MOST)
            for name, mean in means.items()}


def recommended(case: Case) -> str:
    """What `st.recommend` names for a case; noise is declared where there is some."""
    return key_of(st.recommend(case.function.space, case.trials, n_jobs=case.workers, noisy=case.noise > 0.0).searcher)


# Report ---------------------------------------------------------------------------------------------------------------


Found = tuple[dict[str, dict[str, float]], dict[str, str], dict[str, Case]]


def summary(results: dict[str, dict[str, float]], advice: dict[str, str]) -> str:
    """Hit rate, near hits and mean regret of the recommendation, and of each searcher if it were always taken."""
    policies = {"st.recommend": advice} | {
        f"always {name}": dict.fromkeys(results, name) for name in next(iter(results.values()))}
    rows = []
    for policy, chosen in policies.items():
        regrets = [results[case][name] for case, name in chosen.items()]
        least = [min(results[case].values()) for case in chosen]
        rows.append([policy, f"{np.mean([r == b for r, b in zip(regrets, least, strict=True)]):.0%}",
                     f"{np.mean([r <= b + NEAR for r, b in zip(regrets, least, strict=True)]):.0%}",
                     f"{statistics.fmean(regrets):.3f}", f"{statistics.median(regrets):.3f}"])
    rows.append(["the winner of each case", "100%", "100%",
                 f"{statistics.fmean(min(row.values()) for row in results.values()):.3f}",
                 f"{statistics.median(min(row.values()) for row in results.values()):.3f}"])
    return table(["policy", "winner", "near it", "mean regret", "median regret"], rows)


def groups(results: dict[str, dict[str, float]], of: dict[str, Case]) -> str:
    """Mean regrets by noise, number of trials, workers and kind of space."""
    def kind(case: Case) -> str:
        if Space(case.function.space).size is not None:
            return "finite"
        if any(getattr(p, "when", None) for p in case.function.space.values()):
            return "conditional"
        return "choices" if any(isinstance(p, list) for p in case.function.space.values()) else "continuous"

    by: dict[str, list[str]] = {}
    for name, case in of.items():
        for group in (f"noise {case.noise:g}", f"{case.trials} trials", f"{case.workers} at a time", kind(case)):
            by.setdefault(group, []).append(name)
    names = list(next(iter(results.values())))
    rows = [[group, str(len(members)),
             *(f"{statistics.fmean(results[case][name] for case in members):.2f}" for name in names)]
            for group, members in sorted(by.items())]
    return table(["mean regret where", "cases", *names], rows)


def every_case(results: dict[str, dict[str, float]], advice: dict[str, str]) -> str:
    """All regrets, and the recommendation."""
    rows = [[name, *(f"{value:.2f}" for value in row.values()), advice[name]] for name, row in results.items()]
    return table(["regret on", *next(iter(results.values())), "st.recommend"], rows, "l" + "r" * 6 + "l")


def compared(results: dict[str, dict[str, float]], advice: dict[str, str]) -> str:
    """The mean difference to always taking BayesianSearch, with a bootstrap interval over the cases."""
    gains = np.array([results[case]["bayesian"] - results[case][name] for case, name in advice.items()])
    draws = np.random.default_rng(0).choice(gains, (4000, len(gains))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    other = sum(name != "bayesian" for name in advice.values())
    return (f"st.recommend names another searcher than BayesianSearch() in {other} of {len(advice)} cases; its mean "
            f"regret is smaller by {gains.mean():+.3f} ({low:+.3f} to {high:+.3f}, 95 % interval over the cases).")


def measure(given: Namespace) -> Found:
    """Mean regrets of all candidates on all cases, the recommendations, and the cases."""
    warnings.simplefilter("ignore")
    every = cases(development() if given.development else others())
    of = {case.name: case for case in every[:: 4 if given.quick else 1]}
    with tqdm(total=6 * len(of), desc="searches", disable=None) as bar:
        results = {name: measured(case, QUICK_SEEDS if given.quick else SEEDS[case.trials], bar)
                   for name, case in of.items()}
    return results, {name: recommended(case) for name, case in of.items()}, of


def report(found: Found, given: Namespace) -> list[str]:
    """The recommendation beside each searcher, by group, and on every case."""
    results, advice, of = found
    return [
        f"{len(of)} cases; "
        + (f"{QUICK_SEEDS} seeds. " if given.quick else
           ", ".join(f"{seeds} seeds with {trials} trials" for trials, seeds in SEEDS.items()) + ". ")
        + ("These are the cases that the rules were made from." if given.development else
           "The rules rest on other functions, tables and spaces."),
        summary(results, advice), compared(results, advice), groups(results, of), every_case(results, advice)]


BENCHMARK = Benchmark(
    "Recommendation of a searcher", measure, report, quick=f"every fourth case, {QUICK_SEEDS} seeds",
    variant=lambda given: replace(BENCHMARK, name="recommending_development") if given.development else BENCHMARK,
    options={"--development": {"action": "store_true", "help": "the cases that the rules were made from"}})
