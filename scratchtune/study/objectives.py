"""The objectives of a study: their directions, their names, and what one value or several values may be.

With several objectives a trial has several values, in the order of the objectives, and there is no best trial but a
Pareto front: the trials that no other one dominates, `pareto_optimal`.

Implements section 7.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.search import Searcher
from scratchtune.search.genetic.fronts import pareto_front

DIRECTIONS = ("minimize", "maximize")


class Objectives(NamedTuple):
    """The direction of each objective, and the names of all, or no names."""

    directions: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether there is more than one objective."""
        return len(self.directions) > 1

    @property
    def labels(self) -> tuple[str, ...]:
        """What the objectives are called: their names, or "objective 0", "objective 1", and so on."""
        return self.names or tuple(f"objective {number}" for number in range(len(self.directions)))

    @property
    def direction(self) -> str:
        """The direction of the only objective; a ValueError where there are several."""
        if self.several:
            raise self.no_single("direction", "use directions, or in a plot target=lambda trial: trial.values[0]")
        return self.directions[0]

    @property
    def sign(self) -> float | tuple[float, ...]:
        """The factor that turns a value in the user's direction into a loss, and back; of several objectives each."""
        signs = tuple(1.0 if direction == "minimize" else -1.0 for direction in self.directions)
        return signs if self.several else signs[0]

    def no_single(self, what: str, instead: str) -> ValueError:
        """The error of what exists only where there is one objective."""
        return ValueError(f"a study of {len(self.directions)} objectives ({', '.join(self.directions)}) has no single "
                          f"{what}; {instead}")

    def as_stored(self) -> Any:
        """As a file stores them: one direction, a list of directions, or a list of pairs of a name and a direction."""
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


def value_columns(objectives: Objectives) -> list[str]:
    """The names of the columns of values in a table: "value", or one for each of several objectives."""
    if not objectives.several:
        return ["value"]
    return [f"values_{name}" for name in objectives.names or range(len(objectives.directions))]


# Values --------------------------------------------------------------------------------------------------------------


def in_order(value: Any, objectives: Objectives) -> tuple[list[Any], str | None]:
    """Return ([a value for each objective], None) from what an objective has returned, else ([], what is wrong)."""
    count, labels = len(objectives.directions), objectives.labels
    if isinstance(value, Mapping):
        if not objectives.names:
            return [], f"value is a dict, and the objectives have no names; return {count} numbers in order"
        if set(value) != set(labels):
            return [], f"value has the names {', '.join(map(repr, value))}; it must have {', '.join(map(repr, labels))}"
        return [value[name] for name in labels], None
    try:
        values = [] if isinstance(value, (str, bytes, set, frozenset)) else list(value)
    except Exception:
        values = []
    if not values:
        return [], f"value is {_short(value)}; it must be {count} finite numbers, one for each objective"
    if len(values) != count:
        return [], f"value holds {checks.counted(len(values), 'number')}; it must hold {count}, one for each objective"
    return values, None


def only_entry(value: Any) -> Any:
    """What an objective has returned in a study of one objective, without a dict, list, tuple or array around it.

    >>> only_entry({"accuracy": 0.9}), only_entry([0.9]), only_entry(0.9), only_entry([0.9, 0.8])
    (0.9, 0.9, 0.9, [0.9, 0.8])
    """
    if isinstance(value, Mapping) and len(value) == 1:
        return next(iter(value.values()))
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return value[0] if len(value) == 1 else value
    return value


def losses_of(values: Sequence[float], sign: float | tuple[float, ...]) -> tuple[float, ...]:
    """Values in the user's directions as losses, where smaller is better."""
    signs = sign if isinstance(sign, tuple) else (sign,)
    return tuple(one * value for one, value in zip(signs, values, strict=True))


def pareto_optimal(trials: Sequence[Any], objectives: Objectives) -> list[Any]:
    """The complete trials that no other one dominates, in order of number.

    Any objects with ``state`` and ``values`` are trials. Those with equal values are all among them.
    """
    complete = [trial for trial in trials if trial.state == "complete" and trial.values is not None]
    if not complete:
        return []
    losses = np.array([losses_of(trial.values, objectives.sign) for trial in complete])
    return [complete[k] for k in pareto_front(losses)]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
