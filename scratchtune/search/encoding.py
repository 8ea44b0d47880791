"""An encoding is how a model sees a space: a row of numbers for each point, one column a parameter.

A range has its place in the unit cube (`Space.to_unit`), so log ranges are seen on their log scale. Choices have their
number, and are compared by equality only. A parameter that is absent stands at a fixed place: a range in its middle, so
that it is as near as can be to all that it may be, and choices at the number −1, which equals none of them.

Everything here works on many rows at once; a row that comes out of `snapped` is where a point of the space really is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.search.parameters import prior_in_unit
from scratchtune.search.space import Categorical, Float, Int, Space, same

ABSENT_PLACE, ABSENT_CHOICE = 0.5, -1.0
LEAST_WEIGHT = 1e-6  # a choice of weight 0 is as good as never proposed by belief, and yet has a logarithm


class Encoding:
    """The columns of a space. ``overlap`` (d,) is 1.0 for choices; ``counts`` (d,) is 0 for continuous ranges."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.parameters = list(space.parameters.values())
        self.overlap = np.array([float(isinstance(p, Categorical)) for p in self.parameters])
        self.counts = np.array([p.count or 0 for p in self.parameters])
        self.continuous = self.counts == 0
        self.has_prior = any(p.prior is not None for p in self.parameters)
        self._conditions = [self._allowed(name) for name in space.names]

    def _allowed(self, name: str) -> list[tuple[int, np.ndarray]]:
        """For each parent of a parameter its column, and which of its values, by number, the condition allows."""
        found = []
        for parent, values in self.space.conditions[name].items():
            column = self.space.names.index(parent)
            parameter = self.parameters[column]
            allowed = [any(same(parameter.value(k), value) for value in values) for k in range(parameter.count or 0)]
            found.append((column, np.array(allowed)))
        return found

    def rows(self, points: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Rows of points of the space, (n, d)."""
        out = np.empty((len(points), len(self.parameters)))
        for row, params in zip(out, points, strict=True):
            for j, (name, parameter) in enumerate(self.space.parameters.items()):
                if name not in params:
                    row[j] = ABSENT_CHOICE if self.overlap[j] else ABSENT_PLACE
                else:
                    row[j] = parameter.index(params[name]) if self.overlap[j] else parameter.to_unit(params[name])
        return self.snapped(out)  # to the bit what a move to the same values gives

    def params(self, row: np.ndarray) -> dict[str, Any]:
        """The point of the space at a row; whatever stands in the column of an absent parameter."""
        return self.space.from_unit([
            (max(u, 0.0) + 0.5) / n if choice else u
            for u, n, choice in zip(row.tolist(), self.counts.tolist(), self.overlap.tolist(), strict=True)])

    def from_unit(self, cube: np.ndarray) -> np.ndarray:
        """Rows, (n, d), at points of the unit cube; they are snapped."""
        choice = self.overlap == 1.0
        rows = np.where(choice, np.minimum(np.floor(cube * self.counts), self.counts - 1), cube)
        return self.snapped(rows)

    def snapped(self, rows: np.ndarray) -> np.ndarray:
        """The same rows where the space has points: on the steps, and at the fixed places of what is absent."""
        return self.snapped_and_active(rows)[0]

    def active(self, rows: np.ndarray) -> np.ndarray:
        """Which entries belong to parameters that exist there, booleans (n, d)."""
        return self.snapped_and_active(rows)[1]

    def snapped_and_active(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The answers of both; parents come before those whose existence they decide."""
        out = np.clip(rows, 0.0, np.where(self.overlap == 1.0, self.counts - 1.0, 1.0))
        active = np.ones(out.shape, dtype=bool)
        for j, conditions in enumerate(self._conditions):
            for parent, allowed in conditions:
                active[:, j] &= active[:, parent] & allowed[self.numbers(out[:, parent], parent)]
            column = self.places(self.numbers(out[:, j], j), j) if self.counts[j] else out[:, j]
            out[:, j] = np.where(active[:, j], column, ABSENT_CHOICE if self.overlap[j] else ABSENT_PLACE)
        return out, active

    def numbers(self, column: np.ndarray, j: int) -> np.ndarray:
        """Number of the value at each entry of column j, of a parameter that has a number of values."""
        parameter = self.parameters[j]
        if self.overlap[j]:
            return np.maximum(column, 0.0).astype(np.int64)
        if isinstance(parameter, Int) and parameter.log:
            low, high = np.log(parameter.low - 0.5), np.log(parameter.high + 0.5)
            value = np.floor(np.exp(low + column * (high - low)) + 0.5).astype(np.int64)
            return np.clip(value, parameter.low, parameter.high) - parameter.low
        return np.minimum(column * self.counts[j], self.counts[j] - 1).astype(np.int64)

    def places(self, numbers: np.ndarray, j: int) -> np.ndarray:
        """Entries of column j for values by their number; the inverse of `numbers`."""
        parameter = self.parameters[j]
        if self.overlap[j]:
            return numbers.astype(np.float64)
        if isinstance(parameter, Int) and parameter.log:
            low, high = np.log(parameter.low - 0.5), np.log(parameter.high + 0.5)
            ends = np.log(np.stack([numbers - 0.5, numbers + 0.5]) + parameter.low)
            return (ends.mean(axis=0) - low) / (high - low)
        return (numbers + 0.5) / self.counts[j]

    def neighbours(self, row: np.ndarray, most: int = 12) -> np.ndarray:
        """Rows that differ in one stepped or chosen parameter: all its values where they are few, else the next ones.

        The others keep their entries, so a range that comes to exist begins in its middle, and a choice at its first.
        """
        found = [np.empty((0, len(row)))]
        for j in np.flatnonzero(self.counts > 1).tolist():
            here, n = int(self.numbers(row[j : j + 1], j)[0]), int(self.counts[j])
            others = np.arange(n) if n <= most or self.overlap[j] else here + np.array([-3, -2, -1, 1, 2, 3])
            others = others[(others >= 0) & (others < n) & (others != here)]
            moved = np.repeat(row[None], len(others), axis=0)
            moved[:, j] = self.places(others, j)
            found.append(moved)
        around = self.snapped(np.concatenate(found))
        return around[(around != row).any(axis=1)]  # a move of what is absent is none

    def prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre (d,) and 1 / spread² (d,), 0 where the user has given none, of the beliefs about ranges."""
        centre, sharpness = np.full(len(self.parameters), 0.5), np.zeros(len(self.parameters))
        for j, parameter in enumerate(self.parameters):
            if isinstance(parameter, (Float, Int)) and parameter.prior is not None and parameter.low < parameter.high:
                centre[j], spread = prior_in_unit(parameter)
                sharpness[j] = spread ** -2
        return centre, sharpness

    def log_beliefs(self, rows: np.ndarray) -> np.ndarray:
        """Logarithm of the user's prior at some snapped rows, (n,): 0 at the likeliest point, less elsewhere."""
        centre, sharpness = self.prior()
        active = self.active(rows)
        out = -0.5 * np.where(active, sharpness * (rows - centre) ** 2, 0.0).sum(axis=1)
        for j, parameter in enumerate(self.parameters):
            if isinstance(parameter, Categorical) and parameter.prior is not None:
                shares = np.maximum(np.array(parameter.prior) / max(parameter.prior), LEAST_WEIGHT)
                out += np.where(active[:, j], np.log(shares)[self.numbers(rows[:, j], j)], 0.0)
        return out
