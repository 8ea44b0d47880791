"""Searchers on development functions: spaces with conditions, 20 and 40 dimensions, and small tables.

The functions are defined here, need no further package, and are none of the cases of `benchmarks.search_quality`, so
that a searcher's options can be chosen on them. The score is that of `benchmarks.search_quality`: 1 - median regret /
random search's, from -1 to 1, with the same seeds for all. Examples:

    python -m benchmarks.search_development --groups branches tables --seeds 5
    python -m benchmarks.search_development --groups 20 --searcher bayesian:tpe "Optuna TPE"
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.search_quality import our_searcher, score

OURS = ("bayesian", "bayesian:tpe", "genetic")
PEER = "Optuna TPE"
SEEDS = 5


class Problem(NamedTuple):
    """A function to be minimised, whose least value is about 0, its space, and how many trials a search has."""

    name: str
    space: Mapping[str, Any]
    loss: Callable[[dict[str, Any]], float]
    trials: int


# Spaces with conditions -----------------------------------------------------------------------------------------------


def branches() -> list[Problem]:
    """Three branches of four parameters, five of two, a network of one to three layers, and five switches."""
    return [Problem("3 branches of 4", branch_space("abc", 4), branch_loss("abc", 4, 0), 100),
            Problem("5 branches of 2", branch_space("vwxyz", 2), branch_loss("vwxyz", 2, 1), 100),
            Problem("network", network_space(), network_loss, 100),
            Problem("5 switches", switch_space(), switch_loss, 100)]


def branch_space(names: str, parameters: int) -> dict[str, Any]:
    """A choice, and for each of its values some ranges."""
    space: dict[str, Any] = {"branch": list(names)}
    for name, j in itertools.product(names, range(parameters)):
        space[f"{name}{j}"] = st.Float(0.0, 1.0, when={"branch": [name]})
    return space


def branch_loss(names: str, parameters: int, seed: int) -> Callable[[dict[str, Any]], float]:
    """A bowl in each branch; the best branch has the steepest one."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0.2, 0.8, (len(names), parameters))
    least, steep = 0.2 * np.arange(len(names)), np.linspace(2.0, 0.5, len(names))

    def loss(params: dict[str, Any]) -> float:
        k = names.index(params["branch"])
        x = np.array([params[f"{names[k]}{j}"] for j in range(parameters)])
        return float(least[k] + steep[k] * np.sum((x - centres[k]) ** 2))

    return loss


def network_space() -> dict[str, Any]:
    """Learning rate and dropout of all, momentum of SGD, beta of Adam, and the units of each layer that exists."""
    return {
        "rate": st.Float(1e-5, 1.0, log=True), "dropout": st.Float(0.0, 0.8), "optimizer": ["sgd", "adam"],
        "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]}),
        "beta": st.Float(0.5, 0.99, when={"optimizer": ["adam"]}), "layers": st.Int(1, 3), "units1": st.Int(8, 256),
        "units2": st.Int(8, 256, when={"layers": [2, 3]}), "units3": st.Int(8, 256, when={"layers": [3]})}


def network_loss(p: dict[str, Any]) -> float:
    """A made-up validation loss: Adam with two layers is the best; each optimizer has its own best learning rate."""
    sgd, layers = p["optimizer"] == "sgd", p["layers"]
    own = 0.15 + 1.5 * (p["momentum"] - 0.9) ** 2 if sgd else 0.6 * (p["beta"] - 0.85) ** 2
    rate = 0.25 * abs(math.log10(p["rate"]) - (-1.3 if sgd else -2.7)) ** 1.5
    units = sum((math.log2(p[f"units{i + 1}"]) - best) ** 2 for i, best in enumerate((6.5, 5.0, 4.0)[:layers]))
    return float(own + rate + (p["dropout"] - 0.35) ** 2 + (0.2, 0.0, 0.05)[layers - 1] + 0.08 * units / layers)


def switch_space() -> dict[str, Any]:
    """Five parts that may be left out, each with a parameter: 32 branches."""
    space: dict[str, Any] = {"shared": st.Float(0.0, 1.0)}
    for k in range(5):
        space |= {f"use{k}": [False, True], f"amount{k}": st.Float(0.0, 1.0, when={f"use{k}": [True]})}
    return space


def switch_loss(p: dict[str, Any]) -> float:
    """Three of the parts help, where their amount is right, and two do harm."""
    loss = 0.6 + (p["shared"] - 0.4) ** 2
    for k, (gain, best) in enumerate(((0.3, 0.7), (0.2, 0.2), (0.1, 0.5), (-0.05, 0.5), (-0.2, 0.9))):
        if p[f"use{k}"]:
            loss += (p[f"amount{k}"] - best) ** 2 - gain
    return loss


# Many dimensions ------------------------------------------------------------------------------------------------------


def many(dimensions: int) -> list[Problem]:
    """A rotated ellipsoid, Rastrigin's function, and a function of which five parameters matter."""
    rng = np.random.default_rng(dimensions)
    best = rng.uniform(0.2, 0.8, dimensions)
    rotation, _ = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))
    scales = 10.0 ** np.linspace(0.0, 2.0, dimensions)

    def ellipsoid(x: np.ndarray) -> float:
        return float(np.sum(scales * (rotation @ x) ** 2))

    def rastrigin(x: np.ndarray) -> float:
        return float(np.sum(100.0 * x**2 + 10.0 * (1.0 - np.cos(20.0 * math.pi * x))))

    def sparse(x: np.ndarray) -> float:
        return float(np.abs(x[:5]).sum() + 0.01 * np.abs(x[5:]).sum())

    names = [f"x{j}" for j in range(dimensions)]
    space = {name: st.Float(0.0, 1.0) for name in names}

    def centred(function: Callable[[np.ndarray], float]) -> Callable[[dict[str, Any]], float]:
        return lambda params: function(np.array([params[name] for name in names]) - best)

    return [Problem(f"{function.__name__}, {dimensions}", space, centred(function), 300)
            for function in (ellipsoid, rastrigin, sparse)]


# Small tables ---------------------------------------------------------------------------------------------------------


def tables() -> list[Problem]:
    """Interactions of choices (an NK landscape), and a table of numbers and choices with noise in each cell."""
    rng = np.random.default_rng(7)
    terms = rng.random((5, 4, 4, 4))
    partners = [rng.choice([j for j in range(5) if j != i], 2, replace=False).tolist() for i in range(5)]

    def interacting(cell: tuple[int, ...]) -> float:
        return float(np.mean([terms[i, cell[i], cell[a], cell[b]] for i, (a, b) in enumerate(partners)]))

    rough = 0.03 * rng.normal(size=(6, 6, 4, 3))

    def rounded(cell: tuple[int, ...]) -> float:
        a, b, c, kind = cell
        return float(0.1 * abs(a - b - kind) + 0.05 * (c - 1) ** 2 + (0.1, 0.0, 0.05)[kind] + rough[a, b, c, kind])

    return [table_of("choices", interacting, {f"c{i}": list("abcd") for i in range(5)}, 80),
            table_of("numbers and choices", rounded, {
                "a": st.Int(0, 5), "b": st.Int(0, 5), "c": st.Int(0, 3), "kind": ["x", "y", "z"]}, 60)]


def table_of(
    name: str, function: Callable[[tuple[int, ...]], float], space: dict[str, Any], trials: int,
) -> Problem:
    """A function of the indices of the values, less its least value."""
    parameters: Mapping[str, Any] = st.search.Space(space).parameters
    counts = [range(parameter.count) for parameter in parameters.values()]
    least = min(function(cell) for cell in itertools.product(*counts))

    def loss(params: dict[str, Any]) -> float:
        return function(tuple(parameters[key].index(value) for key, value in params.items())) - least

    return Problem(name, space, loss, trials)


GROUPS: dict[str, Callable[[], list[Problem]]] = {
    "branches": branches, "20": lambda: many(20), "40": lambda: many(40), "tables": tables}


# Runs -----------------------------------------------------------------------------------------------------------------


def best_of(searcher: str, problem: Problem, seed: int) -> float:
    """The least loss of one run of a searcher of ours, or of Optuna's TPE."""
    if searcher == PEER:
        return best_of_optuna(problem, seed)
    study = st.Study(problem.space, searcher=our_searcher(searcher), seed=seed)
    losses = []
    for _ in range(problem.trials):
        trial = study.ask()
        losses.append(problem.loss(trial.params))
        study.tell(trial, losses[-1])
    return min(losses)


def best_of_optuna(problem: Problem, seed: int) -> float:
    """The same with Optuna's default sampler, define by run."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parameters: Mapping[str, Any] = st.search.Space(problem.space).parameters
    space = st.search.Space(problem.space)

    def objective(trial: Any) -> float:
        params: dict[str, Any] = {}
        for name, parameter in parameters.items():
            if not space.is_active(name, params):
                continue
            if isinstance(parameter, st.Categorical):
                params[name] = trial.suggest_categorical(name, list(parameter.choices))
            else:
                suggest = trial.suggest_int if isinstance(parameter, st.Int) else trial.suggest_float
                params[name] = suggest(name, parameter.low, parameter.high, log=parameter.log)
        return problem.loss(params)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=problem.trials)
    return float(study.best_value)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.search_development", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", nargs="+", default=list(GROUPS), choices=list(GROUPS), metavar="GROUP",
                        help=f"of {', '.join(GROUPS)} (all)")
    parser.add_argument("--searcher", nargs="+", metavar="NAME", help=f"ours, as in benchmarks.search_quality, and "
                        f"{PEER!r} (default: {', '.join(OURS)}, and this one where it is installed)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="(%(default)s)")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/search_development.md")
    options = parser.parse_args()
    before = harness.load()
    chosen = options.searcher or [*OURS, *([PEER] if importlib.util.find_spec("optuna") else [])]
    names = list(dict.fromkeys(["random", *chosen]))
    problems = [problem for group in options.groups for problem in GROUPS[group]()]
    jobs = [(problem, name, seed) for problem in problems for name in names for seed in range(options.seeds)]
    best: dict[tuple[str, str], list[float]] = {}
    for problem, name, seed in tqdm(jobs, desc="runs", disable=None):
        best.setdefault((problem.name, name), []).append(best_of(name, problem, seed))
    rows = [[problem.name, str(problem.trials), *(cell(best, problem.name, name) for name in chosen)]
            for problem in problems]
    harness.report("Searchers on development functions", "search_development", [
        f"{harness.machine()}; {before}.", harness.versions("scratchtune", "numpy", "optuna") + f". {options.seeds} "
        "seeds. Score, and in brackets the median and the mean of the regrets. Options of the searchers were chosen on "
        "these functions, so this is no fair comparison.",
        harness.table(["function", "trials", *chosen], rows)], options.save)


def cell(best: dict[tuple[str, str], list[float]], problem: str, name: str) -> str:
    """A searcher's score, and the median and mean of its regrets."""
    regrets = np.array(best[problem, name])
    value = float(score(regrets, np.array(best[problem, "random"])))
    return f"{value:+.2f} ({np.median(regrets):.2g}, {regrets.mean():.2g})"


if __name__ == "__main__":
    main()
