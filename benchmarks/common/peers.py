"""A peer is another library's searcher with its defaults, called as in its documentation.

Each is a function (case, loss, budget, seed): it minimises ``loss``, a function from params to a number, over the
case's axes, and calls it once per trial. The libraries are imported inside the functions, since each is optional. One
default is changed: genetic algorithms with populations of 50 to 300 would be random search for most of 100 trials, so
they get 20. The meaning of a name must not change, since results are cached by name.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any

from benchmarks.common.black_boxes import Axis, Case, Spent

Loss = Callable[[dict[str, Any]], float]
POPULATION = 20


# Optuna ---------------------------------------------------------------------------------------------------------------


def run_optuna(case: Case, loss: Loss, budget: int, sampler: Any) -> None:
    """Optuna's define-by-run loop."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def ask(trial: Any, axis: Axis) -> Any:
        if axis.kind == "real":
            return trial.suggest_float(axis.name, axis.low, axis.high)
        if axis.kind == "whole":
            return trial.suggest_int(axis.name, int(axis.low), int(axis.high))
        return trial.suggest_categorical(axis.name, axis.choices)

    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: loss({axis.name: ask(trial, axis) for axis in case.axes}), n_trials=budget)


def optuna_tpe(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """Optuna's default sampler."""
    import optuna

    run_optuna(case, loss, budget, optuna.samplers.TPESampler(seed=seed))


def optuna_cma(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """CMA-ES; choices are drawn at random, since it does not support them."""
    import optuna

    run_optuna(case, loss, budget, optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False))


def optuna_gp(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """Gaussian process."""
    import optuna

    run_optuna(case, loss, budget, optuna.samplers.GPSampler(seed=seed))


# Others ---------------------------------------------------------------------------------------------------------------


def hyperopt_tpe(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """hyperopt's TPE."""
    import numpy as np
    from hyperopt import fmin, hp, tpe

    def dimension(axis: Axis) -> Any:
        if axis.kind == "real":
            return hp.uniform(axis.name, axis.low, axis.high)
        if axis.kind == "whole":
            return hp.uniformint(axis.name, int(axis.low), int(axis.high))
        return hp.choice(axis.name, axis.choices)

    fmin(loss, {axis.name: dimension(axis) for axis in case.axes}, algo=tpe.suggest, max_evals=budget,
         rstate=np.random.default_rng(seed), show_progressbar=False, verbose=False)


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


def deap_two_point(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """With the two-point crossover of DEAP's overview page."""
    deap_ga(case, loss, budget, seed, "cxTwoPoint")


def deap_blend(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """With DEAP's crossover for real genes, which performs better here."""
    deap_ga(case, loss, budget, seed, "cxBlend", alpha=0.5)


def at(axis: Axis, u: float) -> Any:
    """The value of an axis for a unit value; integers and choices have cells of equal width."""
    if axis.kind == "real":
        return axis.low + u * (axis.high - axis.low)
    count = len(axis.choices) or int(axis.high - axis.low) + 1
    cell = min(math.floor(u * count), count - 1)
    return axis.choices[cell] if axis.choices else int(axis.low) + cell


def skopt_gp(case: Case, loss: Loss, budget: int, seed: int) -> None:
    """scikit-optimize's Gaussian process."""
    from skopt import gp_minimize
    from skopt.space import Categorical, Integer, Real

    def dimension(axis: Axis) -> Any:
        if axis.kind == "choice":
            return Categorical(list(axis.choices), name=axis.name)
        if axis.kind == "whole":
            return Integer(int(axis.low), int(axis.high), name=axis.name)
        return Real(axis.low, axis.high, name=axis.name)

    names = [axis.name for axis in case.axes]
    gp_minimize(lambda x: loss(dict(zip(names, x, strict=True))), [dimension(axis) for axis in case.axes],
                n_calls=budget, random_state=seed)


PEERS: dict[str, tuple[str, Callable[[Case, Loss, int, int], None]]] = {
    "Optuna TPE": ("optuna", optuna_tpe), "Optuna CMA-ES": ("optuna", optuna_cma),
    "hyperopt TPE": ("hyperopt", hyperopt_tpe), "pymoo GA": ("pymoo", pymoo_ga),
    "DEAP GA, two-point": ("deap", deap_two_point), "DEAP GA, blend": ("deap", deap_blend),
    "Optuna GP": ("optuna", optuna_gp), "scikit-optimize GP": ("scikit-optimize", skopt_gp),
}
SLOW = ("Optuna GP", "scikit-optimize GP")
GENETIC = ("pymoo GA", "DEAP GA, two-point", "DEAP GA, blend")


def version(name: str) -> str | None:
    """Package and version of a peer; None if it is not installed."""
    try:
        return f"{PEERS[name][0]} {metadata.version(PEERS[name][0])}"
    except metadata.PackageNotFoundError:
        return None


def minimise(name: str, case: Case, loss: Loss, budget: int, seed: int) -> None:
    """Run a peer; ``loss`` may end it by raising `Spent`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            PEERS[name][1](case, loss, budget, seed)
        except Spent:
            pass
