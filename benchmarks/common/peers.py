"""The other libraries' searchers by name, each with its defaults, and the loop that minimises with any searcher.

Those without ask and tell are here: each is a function (case, loss, budget, seed) that calls ``loss`` once per trial.
One default is changed: genetic algorithms with populations of 50 to 300 would be random search for most of 100 trials,
so they get 20. The meaning of a name must not change, since results are kept by name.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from functools import cache, partial
from importlib import metadata
from typing import Any

from benchmarks.common import age, askers
from benchmarks.common.black_boxes import Axis, Case, Spent

Loss = Callable[[dict[str, Any]], float]
POPULATION = 20


def pymoo_ga(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """pymoo's GA; its mixed variant if not all variables are real."""
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.mixed import MixedVariableGA
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.variable import Choice, Integer, Real
    from pymoo.optimize import minimize

    def variable(axis: Axis) -> Any:
        if axis.kind == "choice":
            return Choice(options=list(axis.choices))
        return (Real if axis.kind == "real" else Integer)(bounds=(axis.low, axis.high))

    mixed = any(axis.kind != "real" for axis in case.axes)
    names = [axis.name for axis in case.axes]

    class Problem(ElementwiseProblem):
        def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            out["F"] = loss(dict(x) if mixed else dict(zip(names, map(float, x), strict=True)))

    if mixed:
        problem = Problem(vars={axis.name: variable(axis) for axis in case.axes})
    else:
        bounds = {"xl": [axis.low for axis in case.axes], "xu": [axis.high for axis in case.axes]}
        problem = Problem(n_var=len(names), n_obj=1, **bounds)
    minimize(problem, (MixedVariableGA if mixed else GA)(POPULATION), ("n_eval", budget), seed=seed, verbose=False)


def deap_ga(case: Case, loss: Loss, budget: int, seed: int, mate: str, **arguments: float) -> None:
    """DEAP's eaSimple on the unit cube: tournaments of 3, a crossover, Gaussian mutation; rates 0.5 and 0.2."""
    from deap import algorithms, base, creator, tools

    if not hasattr(creator, "Individual"):
        creator.create("Least", base.Fitness, weights=(-1.0,))
        creator.create("Individual", list, fitness=creator.Least)
    random.seed(seed)

    def evaluate(genes: list[float]) -> tuple[float]:
        genes[:] = [min(max(gene, 0.0), 1.0) for gene in genes]
        return (loss({axis.name: at(axis, gene) for axis, gene in zip(case.axes, genes, strict=True)}),)

    box = base.Toolbox()
    box.register("individual", tools.initRepeat, creator.Individual, random.random, len(case.axes))
    box.register("population", tools.initRepeat, list, box.individual)
    box.register("evaluate", evaluate)
    box.register("select", tools.selTournament, tournsize=3)
    box.register("mate", getattr(tools, mate), **arguments)
    box.register("mutate", tools.mutGaussian, mu=0.0, sigma=0.2, indpb=0.2)
    algorithms.eaSimple(box.population(POPULATION), box, 0.5, 0.2, budget, verbose=False)


def at(axis: Axis, u: float) -> Any:
    """The value of an axis for a unit value; integers and choices have cells of equal width."""
    if axis.kind == "real":
        return axis.low + u * (axis.high - axis.low)
    count = len(axis.choices) or int(axis.high - axis.low) + 1
    cell = min(math.floor(u * count), count - 1)
    return axis.choices[cell] if axis.choices else int(axis.low) + cell


MINIMISERS: dict[str, Callable[[Case, Loss, int, int], None]] = {
    "pymoo GA": pymoo_ga,
    "DEAP GA, two-point": partial(deap_ga, mate="cxTwoPoint"),  # the crossover of DEAP's overview page
    "DEAP GA, blend": partial(deap_ga, mate="cxBlend", alpha=0.5)}  # for real genes, which performs better here
PEERS: dict[str, tuple[str, ...]] = {  # the packages of each: results are kept by the version of the first
    "Optuna TPE": ("optuna",), "Optuna CMA-ES": ("optuna", "cmaes"), "hyperopt TPE": ("hyperopt",),
    "pymoo GA": ("pymoo",), "DEAP GA, two-point": ("deap",), "DEAP GA, blend": ("deap",), "Optuna GP": ("optuna",),
    "Optuna TPE, grouped": ("optuna",), "SMAC3": ("smac",)}
GENETIC = ("pymoo GA", "DEAP GA, two-point", "DEAP GA, blend")
FAST, SLOW = ("Optuna TPE", "Optuna CMA-ES", "hyperopt TPE", *GENETIC), ("Optuna GP", "SMAC3")


def missing(name: str) -> str:
    """The package that a searcher needs and that is not installed, or nothing."""
    for package in PEERS.get(name, ()):
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            return package
    return ""


@cache
def _version_of_ours() -> str:
    return f"scratchtune {age.Code().digest('benchmarks.common.askers')}"


def version(name: str) -> str:
    """Package and version of a peer, or the digest of our code; a searcher that is not installed has none."""
    if name not in PEERS:
        return _version_of_ours()
    return "" if missing(name) else f"{PEERS[name][0]} {metadata.version(PEERS[name][0])}"


def minimise(name: str, case: Case, loss: Loss, budget: int, seed: int) -> None:
    """Minimise a loss by any searcher, one trial after the other; ``loss`` may end it by raising `Spent`."""
    with warnings.catch_warnings():
        if name in PEERS:
            warnings.simplefilter("ignore")
        try:
            if name in MINIMISERS:
                MINIMISERS[name](case, loss, budget, seed)
            else:
                askers.evaluated(askers.asker(name, case, budget, seed), lambda params, share: loss(params), budget, 1)
        except Spent:
            pass
