"""The objectives of a study: their directions and their names.

With several objectives there is no best trial but a Pareto front, `pareto_optimal`.

Implements section 7.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Searcher
from scratchtune.core.search.genetic.fronts import pareto_front

DIRECTIONS = ("minimize", "maximize")


@dataclass(frozen=True)
class Objectives:
    """The direction of each objective, and the names of all, or no names.

    ``several``: whether there is more than one; ``sign``: the factor that turns a value into a loss, of several each.
    """

    directions: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        signs = tuple(1.0 if direction == "minimize" else -1.0 for direction in self.directions)
        self.__dict__.update(several=len(signs) > 1, sign=signs if len(signs) > 1 else signs[0])

    several = False
    sign: Any = 1.0

    @property
    def labels(self) -> tuple[str, ...]:
        """What the objectives are called: their names, or "objective 0", "objective 1", and so on."""
        return self.names or tuple(f"objective {number}" for number in range(len(self.directions)))

    @property
    def direction(self) -> str:
        """The direction of the only objective; a ValueError where there are several."""
        if self.several:
            raise self.no_single("direction", "use directions, or target=lambda trial: trial.values[0] in "
                                 "plot_optimization_history and plot_slice")
        return self.directions[0]

    def no_single(self, what: str, instead: str) -> ValueError:
        """The error of what exists only where there is one objective."""
        return ValueError(f"a study of {len(self.directions)} objectives ({', '.join(self.directions)}) has no single "
                          f"{what}; {instead}")

    def columns(self) -> list[str]:
        """The names of the columns of values in a table: "value", or one for each of several objectives."""
        return [f"values_{name}" for name in self.names or range(len(self.directions))] if self.several else ["value"]

    def as_stored(self) -> Any:
        """One direction, a list of directions, or a list of pairs of a name and a direction."""
        if not self.several:
            return self.directions[0]
        return [list(pair) for pair in zip(self.names, self.directions, strict=False)] or list(self.directions)

    def __str__(self) -> str:
        if not self.names:
            return ", ".join(self.directions)
        return ", ".join(f"{direction} {name}" for name, direction in zip(self.names, self.directions, strict=True))


def as_objectives(direction: Any, directions: Any) -> Objectives:
    """The objectives from the arguments of `Study`: one direction; or several, in order or by name."""
    if directions is None:
        return Objectives((checks.choice("direction", direction, DIRECTIONS),))
    if direction != "minimize":
        raise ValueError(f"direction is {direction!r} and directions is {directions!r}; give one of the two")
    if isinstance(directions, (str, bytes)) or not isinstance(directions, (Mapping, Sequence)):
        raise TypeError(f"directions is {directions!r}; it must be a sequence such as ('maximize', 'minimize'), or a "
                        "dict from names to directions")
    if not directions:
        raise ValueError(f"directions is {directions!r}; it must hold a direction for each objective, at least one")
    names = tuple(directions) if isinstance(directions, Mapping) else ()
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"directions has the name {name!r}; a name must be text")
    given = directions.values() if isinstance(directions, Mapping) else directions
    checked = tuple(checks.choice("directions", one, DIRECTIONS) for one in given)
    return Objectives(checked, names if len(checked) > 1 else ())


def stored_objectives(stored: Any) -> Objectives:
    """The objectives from `Objectives.as_stored`; a ValueError or TypeError where it is something else."""
    if isinstance(stored, list) and stored and all(isinstance(pair, list) and len(pair) == 2 for pair in stored):
        return as_objectives("minimize", {str(name): direction for name, direction in stored})
    return as_objectives("minimize", stored) if isinstance(stored, list) else as_objectives(stored, None)


def check_several(objectives: Objectives, searcher: Searcher, stopping: object) -> None:
    """Raise a ValueError where a searcher or a stopping rule has to rank trials by one value, and there are several."""
    if not objectives.several:
        return
    count = len(objectives.directions)
    if not searcher.several_objectives:
        raise ValueError(f"searcher is {searcher!r}, which searches one objective, and this study has {count}; use "
                         "NSGA2() for a Pareto front, or RandomSearch() or GridSearch()")
    if stopping is not None:
        raise ValueError(f"stopping is {stopping!r}, which compares one reported value, and this study has {count} "
                         "objectives; use stopping=None, and train for fewer epochs where a cost is an objective")


def pareto_optimal(trials: Sequence[Any], objectives: Objectives) -> list[Any]:
    """The feasible complete trials that no other one dominates, in order of number; those with equal values all are."""
    complete = [trial for trial in trials
                if trial.state == "complete" and trial.values is not None and not trial.violation]
    if not complete:
        return []
    return [complete[k] for k in pareto_front(np.array([trial.values for trial in complete]) * objectives.sign)]
