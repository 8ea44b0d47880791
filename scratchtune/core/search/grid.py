"""Grid search tries all combinations of given values, in a fixed order.

It is simple and expensive: the number of combinations is a product, which each further parameter multiplies.

Implements section 3.1 of the document.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.core.search.searcher import Exhausted, Pending, Result, Rng, Searcher, Suggestion, Taken, as_seen
from scratchtune.core.search.space import Categorical, Int, Parameter, Space, same

MOST_CHECKED = 10_000_000  # the largest grid whose points are checked by a constraint, which takes about a minute


def trainings(configurations: int, folds: int) -> int:
    """Cost of a search with cross-validation: every configuration is trained once for each fold.

    Formula [search_trainings]
        T = s · k
    Where
        s: configurations, scalar, integer >= 1
        k: folds, scalar, integer >= 1
    Returns
        T, a number of trainings, without the last one of the best configuration on all rows.
    Source
        Kohavi (1995), section 2.2.
    Example
        >>> trainings(9, 5)
        45
    """
    return configurations * folds


class GridSearch(Searcher):
    """All combinations of the values of each parameter, the last parameter varying fastest, as in `itertools.product`.

    Choices, integers and ranges with a step have all of their values; a continuous range has ``resolution`` values,
    evenly spaced from low to high (on a log scale by equal factors), and a log range of integers at most so many.
    Parameters are in the order of the space. One whose condition does not hold is absent and multiplies nothing. A
    point of the grid that was enqueued, or is among the trials of ``start_from``, is not proposed again.

    >>> grid = GridSearch(resolution=3)
    >>> [tuple(params.values()) for params in grid.points(Space({"a": [1, 2], "b": ["x", "y"]}))]
    [(1, 'x'), (1, 'y'), (2, 'x'), (2, 'y')]
    """

    several_objectives = True

    def __init__(self, resolution: int = 5) -> None:
        self.resolution = checks.integer("resolution", resolution, low=1)
        self._memo: tuple[Space, Sequence[dict[str, Any]]] | None = None

    @property
    def requires_space(self) -> bool:
        """True: the grid's points are all listed before the first trial."""
        return True

    def needs(self, number: int) -> int:
        """0: it reads no results, so no trial waits for another one."""
        return 0

    def total(self, space: Space) -> int:
        """Number of points of the grid."""
        return len(self.points(space))

    def points(self, space: Space) -> Sequence[dict[str, Any]]:
        """All points of the grid, in order; they are computed on access, so that a large grid takes no memory."""
        if self._memo is None or self._memo[0] is not space:
            self._memo = space, _Points(self._thinned(space))
        return self._memo[1]

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Suggest the first point, in order, that is not among the earlier trials."""
        points = self.points(space)
        taken = Taken(space, seen, pending)
        # Each trial that was not enqueued has taken the first point left, so the points before `start` are all taken.
        enqueued = as_seen(seen, self.needs(number), rng).enqueued
        start = 0 if enqueued is None else number - enqueued
        for index in range(start, len(points)):
            params = points[index]
            if params not in taken:
                return Suggestion(params, why={"searcher": "grid", "index": index, "of": len(points)})
        if not points:
            raise ValueError("no point of the grid satisfies the constraint; loosen it, or raise the resolution")
        raise Exhausted(f"all {len(points)} points of the grid have been proposed; nothing is left")

    def explain(self, why: dict[str, Any]) -> str:
        """Say which point of the grid it is."""
        number, total = why["index"] + 1, why["of"]
        return f"Point {number} of {total} of the grid, in its fixed order, independent of earlier results."

    def _thinned(self, space: Space) -> Space:
        """The space of the grid's values, without the parameters whose condition none of them fulfils."""
        thin: dict[str, Parameter] = {}
        for name, parameter in space.parameters.items():
            condition = {
                parent: [value for value in allowed if parent in thin and _holds(thin[parent], value)]
                for parent, allowed in space.conditions[name].items()}
            if all(condition.values()):
                thin[name] = _thinned(parameter, self.resolution, condition)
        return Space(thin, space.constraint)


def _thinned(parameter: Parameter, resolution: int, condition: dict[str, Any]) -> Parameter:
    """Return the parameter itself if the grid has all of its values, else a `Categorical` of those that it has."""
    if parameter.count is None or (isinstance(parameter, Int) and parameter.log and parameter.count > resolution):
        return Categorical(parameter.grid(resolution), when=condition or None)
    return dataclasses.replace(parameter, when=condition or None)


def _holds(parameter: Parameter, value: Any) -> bool:
    """Whether the grid has a value of the whole space: it has all values of a range that is no `Categorical`."""
    return not isinstance(parameter, Categorical) or any(same(value, choice) for choice in parameter.choices)


class _Points(Sequence[dict[str, Any]]):
    """The points of a finite space that its constraint allows, as a sequence."""

    def __init__(self, space: Space) -> None:
        self._space = space
        if (space.size or 0) > sys.maxsize:
            raise ValueError(f"the grid has {space.size:.1e} points; a lower resolution makes it smaller")
        if space.constraint is not None and (space.size or 0) > MOST_CHECKED:
            raise ValueError(
                f"the grid has {space.size:.1e} points, and the constraint must be called for each; "
                "a lower resolution or a larger step makes it smaller")
        every = range(space.size or 0)
        self._numbers: Sequence[int] = every
        if space.constraint is not None:
            self._numbers = [number for number, params in enumerate(space.every_point()) if space.allows(params)]

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._space.points()

    def __getitem__(self, index: Any) -> Any:
        return self._space.point(self._numbers[index])


def finest_grid(space: Space, trials: int) -> GridSearch:
    """The grid of the finest resolution that fits into so many trials."""
    resolution = 1
    while GridSearch(resolution=resolution).total(space) < GridSearch(resolution=resolution + 1).total(space) <= trials:
        resolution += 1
    return GridSearch(resolution=resolution)
