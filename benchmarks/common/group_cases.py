"""The cases of `benchmarks.search_groups`: noise, many dimensions, conditions, eight workers, and budgets.

Functions are those of COCO's noiseless suite, from the package `ioh`, in an instance that no other benchmark uses, and
for conditions and budgets functions that are defined here. None of them was used to choose anything, but similar ones
were: other instances of some functions, and other spaces with conditions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.askers import Domain
from benchmarks.common.black_boxes import Axis

INSTANCE = 3
PROBES = 500

Loss = Callable[[dict[str, Any], float], float]  # of params and the share of the full budget


class GroupCase(NamedTuple):
    """A domain, its true loss, the least one, and the conditions of a search: trials, workers, and noise.

    ``noise`` is in units of the distance of the quartiles of the loss at random points.
    """

    name: str
    group: str
    domain: Domain
    loss: Loss
    least: float
    trials: int = 100
    workers: int = 1
    noise: float = 0.0


def bbob(function: int, dimension: int) -> tuple[Domain, Loss, float]:
    """A function of COCO, on [-5, 5] to the dimension."""
    import ioh

    problem = ioh.get_problem(function, INSTANCE, dimension, ioh.ProblemClass.BBOB)
    axes = tuple(Axis(f"x{i}", "real", -5.0, 5.0) for i in range(dimension))
    return (Domain(axes, {}), lambda params, share: float(problem([params[axis.name] for axis in axes])),
            float(problem.optimum.y))


def rastrigin_in_branches(seed: int) -> tuple[Domain, Loss, float]:
    """Three branches with 2, 3 and 4 parameters of their own, and one that all have; the last branch is the best."""
    rng = np.random.default_rng(seed)
    best = {f"{branch}{i}": float(rng.uniform(0.2, 0.8)) for branch, count in zip("abc", (2, 3, 4), strict=True)
            for i in range(count)}
    worst = dict(zip("abc", (0.3, 0.15, 0.0), strict=True))
    axes = (Axis("branch", "choice", choices=tuple("abc")), Axis("shared", "real", 0.0, 1.0),
            *(Axis(name, "real", 0.0, 1.0) for name in best))
    when = {name: ("branch", name[0]) for name in best}

    def loss(params: dict[str, Any], share: float) -> float:
        steps = [(params[name] - best[name], 0.02) for name in best if name in params]
        waves = sum(step**2 + wave * (1.0 - math.cos(20.0 * step)) for step, wave in steps)
        return worst[params["branch"]] + waves + (params["shared"] - 0.3) ** 2

    return Domain(axes, when), loss, 0.0


def optimizer_and_depth(seed: int) -> tuple[Domain, Loss, float]:
    """Like a training: an optimizer with or without momentum, and layers of which some exist."""
    rng = np.random.default_rng(100 + seed)
    rate, momentum = rng.uniform(0.3, 0.7), rng.uniform(0.6, 0.9)
    axes = (Axis("optimizer", "choice", choices=("adam", "sgd")), Axis("rate", "real", 0.0, 1.0),
            Axis("momentum", "real", 0.0, 1.0), Axis("depth", "choice", choices=("shallow", "deep")),
            Axis("units", "whole", 1, 64), Axis("second", "whole", 1, 64), Axis("dropout", "real", 0.0, 1.0))
    when = {"momentum": ("optimizer", "sgd"), "second": ("depth", "deep"), "dropout": ("depth", "deep")}

    def loss(params: dict[str, Any], share: float) -> float:
        is_sgd, is_deep = params["optimizer"] == "sgd", params["depth"] == "deep"
        found = 0.1 + 2.0 * (params["rate"] - rate) ** 2 if not is_sgd else (
            8.0 * (params["rate"] - rate - 0.2 * (params["momentum"] - momentum)) ** 2
            + 2.0 * (params["momentum"] - momentum) ** 2)
        found += ((params["units"] - 40) / 64.0) ** 2
        if not is_deep:
            return found + 0.1
        return found + ((params["second"] - 0.5 * params["units"]) / 64.0) ** 2 + (params["dropout"] - 0.2) ** 2

    return Domain(axes, when), loss, 0.0


def learning_curve(function: int, dimension: int) -> tuple[Domain, Loss, float]:
    """A function of COCO seen through trainings of which a share is done: what is missing differs from point to point.

    The loss of a share s is the full one plus the quartile distance times 2 · h · (1 − s)², where h, between 0 and 1,
    is the first coordinate's distance from its upper bound: slow learners, which small budgets underrate.
    """
    domain, full, least = bbob(function, dimension)
    scale = quartile_distance(domain, full)

    def loss(params: dict[str, Any], share: float) -> float:
        slow = 0.5 - 0.1 * params["x0"]
        return full(params, 1.0) + 2.0 * scale * slow * (1.0 - share) ** 2

    return domain, loss, least


def random_params(domain: Domain, rng: np.random.Generator) -> dict[str, Any]:
    """Uniform random params."""
    params: dict[str, Any] = {}
    for axis in domain.axes:
        if domain.exists(axis.name, params):
            params[axis.name] = (
                axis.choices[int(rng.integers(len(axis.choices)))] if axis.kind == "choice" else
                int(rng.integers(int(axis.low), int(axis.high) + 1)) if axis.kind == "whole" else
                float(rng.uniform(axis.low, axis.high)))
    return params


def quartile_distance(domain: Domain, loss: Loss) -> float:
    """Distance of the quartiles of the true loss at random points."""
    rng = np.random.default_rng(0)
    low, high = np.quantile([loss(random_params(domain, rng), 1.0) for _ in range(PROBES)], [0.25, 0.75])
    return float(high - low)


@cache
def cases() -> dict[str, GroupCase]:
    """All cases, by name."""
    found = []
    for noise in (0.05, 0.15, 0.4):
        found += [GroupCase(f"f{function:02d} d4, noise {noise}", f"noise {noise}", *bbob(function, 4), noise=noise)
                  for function in (1, 8, 10, 15, 20)]
    for dimension in (20, 40):
        found += [GroupCase(f"f{function:02d} d{dimension}", f"{dimension} dimensions", *bbob(function, dimension))
                  for function in (1, 6, 8, 14, 20)]
    found += [GroupCase(f"branches {seed}", "conditions", *rastrigin_in_branches(seed)) for seed in range(3)]
    found += [GroupCase(f"optimizer {seed}", "conditions", *optimizer_and_depth(seed)) for seed in range(2)]
    found += [GroupCase(f"f{function:02d} d5, 8 workers", "8 at a time", *bbob(function, 5), workers=8)
              for function in (1, 6, 8, 15, 21)]
    found += [GroupCase(f"f{function:02d} d4, budgets", "budgets", *learning_curve(function, 4), trials=30)
              for function in (1, 6, 8, 15, 21)]
    return {case.name: case for case in found}
