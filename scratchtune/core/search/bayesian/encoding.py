"""An encoding represents a space for a model: one row of numbers for each point, one column for each parameter.

A range is encoded by its unit value (`Space.to_unit`), so that of a log range is on the log scale. A choice is encoded
by its index; indices are compared by equality only. A parameter that is absent has a fixed entry: a range 0.5, in the
middle, so that it is as near as possible to all of its values, and choices the index −1, which equals none of them.

Everything here works on many rows at once. `snapped` moves rows to the nearest points of the space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core.search.cells import cell_indices, cell_middles
from scratchtune.core.search.parameters import prior_in_unit
from scratchtune.core.search.space import Categorical, Float, Int, Space

ABSENT_UNIT, ABSENT_CHOICE = 0.5, -1.0
LEAST_WEIGHT = 1e-6  # of a choice with the prior weight 0: its logarithm must exist


class Encoding:
    """The columns of a space; ``is_categorical`` (d,) is 1 for choices, ``counts`` (d,) is 0 for continuous ranges."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.parameters = list(space.parameters.values())
        self.is_categorical = np.array([float(isinstance(p, Categorical)) for p in self.parameters])
        self.counts = np.array([p.count or 0 for p in self.parameters])
        self.continuous = self.counts == 0
        self._highest = np.where(self.is_categorical == 1.0, self.counts - 1.0, 1.0)
        self._absent = np.where(self.is_categorical == 1.0, ABSENT_CHOICE, ABSENT_UNIT)
        self.has_prior = any(p.prior is not None for p in self.parameters)
        self._conditions = [space.parents(name) for name in space.names]

    def rows(self, points: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Encode points of the space as rows, (n, d)."""
        out = np.empty((len(points), len(self.parameters)))
        for row, params in zip(out, points, strict=True):
            for j, (name, parameter) in enumerate(self.space.parameters.items()):
                if name not in params:
                    row[j] = self._absent[j]
                else:
                    here = params[name]
                    row[j] = parameter.index(here) if self.is_categorical[j] else parameter.to_unit(here)
        return self.snapped(out)  # the same bits as for candidates that are snapped to these values

    def params(self, row: np.ndarray) -> dict[str, Any]:
        """Return the point of the space at a row; entries of absent parameters are ignored."""
        return self.space.from_unit([
            (max(u, 0.0) + 0.5) / n if choice else u
            for u, n, choice in zip(row.tolist(), self.counts.tolist(), self.is_categorical.tolist(), strict=True)])

    def from_unit(self, cube: np.ndarray) -> np.ndarray:
        """Snapped rows, (n, d), at points of the unit cube."""
        choice = self.is_categorical == 1.0
        rows = np.where(choice, np.minimum(np.floor(cube * self.counts), self.counts - 1), cube)
        return self.snapped(rows)

    def snapped(self, rows: np.ndarray) -> np.ndarray:
        """The rows moved to the nearest points of the space; absent parameters get their fixed entries."""
        return self.snapped_and_active(rows)[0]

    def active(self, rows: np.ndarray) -> np.ndarray:
        """Which entries belong to active parameters, booleans (n, d)."""
        return self.snapped_and_active(rows)[1]

    def snapped_and_active(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both `snapped` and `active`; parents come before the parameters that depend on them."""
        out = np.minimum(np.maximum(rows, 0.0), self._highest)
        active = np.ones(out.shape, dtype=bool)
        for j, conditions in enumerate(self._conditions):
            for parent, allowed in conditions:
                active[:, j] &= active[:, parent] & np.isin(self.indices(out[:, parent], parent), allowed)
            if self.counts[j]:
                out[:, j] = self.unit_values(self.indices(out[:, j], j), j)
            if conditions:
                out[~active[:, j], j] = self._absent[j]
        return out, active

    def indices(self, column: np.ndarray, j: int) -> np.ndarray:
        """Return the index of the value at each entry of column j, whose parameter has a finite number of values."""
        parameter = self.parameters[j]
        if isinstance(parameter, Categorical):
            return np.maximum(column, 0.0).astype(np.int64)
        return cell_indices(parameter, column)

    def unit_values(self, indices: np.ndarray, j: int) -> np.ndarray:
        """Entries of column j for values by their index; the inverse of `indices`."""
        parameter = self.parameters[j]
        if isinstance(parameter, Categorical):
            return indices.astype(np.float64)
        return cell_middles(parameter, indices)

    def neighbours(self, rows: np.ndarray) -> list[np.ndarray]:
        """For each row, (m, d), those that differ in one parameter with steps or choices.

        These are all of its values if they are few, else the nearest. Other entries are unchanged, so a range that
        becomes active is 0.5, and a choice is the first one.
        """
        around = [self._with_other_values(row) for row in rows]
        snapped = self.snapped(np.concatenate([*around, rows[:0]]))
        parts = np.split(snapped, np.cumsum([len(others) for others in around])[:-1])
        # changing an absent parameter changes nothing
        return [others[(others != row).any(axis=1)] for row, others in zip(rows, parts, strict=False)]

    def _with_other_values(self, row: np.ndarray, most: int = 12) -> np.ndarray:
        """Copies of a row, each with another value in one column; `snapped` removes those that change nothing."""
        columns, entries = [], []
        for j in np.flatnonzero(self.counts > 1).tolist():
            here, n = int(self.indices(row[j : j + 1], j)[0]), int(self.counts[j])
            near = range(n) if n <= most or self.is_categorical[j] else range(max(here - 3, 0), min(here + 4, n))
            others = np.array([index for index in near if index != here])
            columns += [j] * len(others)
            entries.append(self.unit_values(others, j))
        found = np.repeat(row[None], len(columns), axis=0)
        found[np.arange(len(columns)), columns] = np.concatenate([*entries, []])
        return found

    def prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre (d,) and precision 1 / std² (d,) of the user's priors of ranges; precision 0 for none."""
        centre, precision = np.full(len(self.parameters), 0.5), np.zeros(len(self.parameters))
        for j, parameter in enumerate(self.parameters):
            if isinstance(parameter, (Float, Int)) and parameter.prior is not None and parameter.low < parameter.high:
                centre[j], spread = prior_in_unit(parameter)
                precision[j] = spread ** -2
        return centre, precision

    def log_prior(self, rows: np.ndarray) -> np.ndarray:
        """Logarithm of the user's prior at `snapped` rows, (n,), minus its maximum: 0 at the most probable point.

        Parameters without a prior, and absent ones, contribute 0.
        """
        centre, precision = self.prior()
        active = self.active(rows)
        out = -0.5 * np.where(active, precision * (rows - centre) ** 2, 0.0).sum(axis=1)
        for j, parameter in enumerate(self.parameters):
            if isinstance(parameter, Categorical) and parameter.prior is not None:
                shares = np.maximum(np.array(parameter.prior) / max(parameter.prior), LEAST_WEIGHT)
                out += np.where(active[:, j], np.log(shares)[self.indices(rows[:, j], j)], 0.0)
        return out
