"""Partial dependence: the mean prediction over all other parameters, at each value of one or two parameters.

It is the marginal of `variance_decomposition`, in the units of the values. The model is that of `importance`, the
`response`: neither the mean nor the interval leaves the observed range. All values of the
other parameters count equally, also those with few trials near them.

The interval is for the *mean* over the other parameters, and not for the value of a new trial, which varies more. It
has the quantiles of random functions from the posterior, which are spread twice as wide as with fitted parameters that
are known exactly. It is still somewhat too narrow: benchmarks/results/importance_errors.md has its coverage.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.comparable import check_enough, check_study, comparable_trials, values_that_differ
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.response import Response, fit_response
from scratchtune.search import Categorical

NODES = {1: 50, 2: 24}  # on each continuous axis, by the number of axes
POINTS, INTERVAL_POINTS = {1: 512, 2: 256}, 64  # of the space, over which the mean and its interval are taken


class PartialDependence(NamedTuple):
    """The mean prediction at points of one or two axes; ``mean``, ``lower`` and ``upper`` have the axes' lengths.

    ``points`` are the values of each parameter; of a choice, those that were tried. ``basis`` names the model and the
    trials.
    """

    params: tuple[str, ...]
    points: tuple[list[Any], ...]
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    basis: str


def partial_dependence(study: TrialTable, params: str | Sequence[str], level: float = 0.95) -> PartialDependence:
    """Mean of the predicted value over all other parameters, by one or two parameters, with an interval.

    ``level`` is the interval's probability, between 0.5 and 0.999. A parameter that is absent counts as one without
    effect there. Raises a ValueError for an unknown parameter, more than two, equal values or too few trials.
    """
    check_study(study)
    names = drawing.chosen_names(study, params, len(study.space.names))
    if len(names) not in (1, 2):
        raise ValueError(f"params holds {len(names)} parameters; a partial dependence has one or two")
    return dependences(study, [names], checks.real("level", level, 0.5, 0.999))[0]


def dependences(
    study: TrialTable, groups: Sequence[Sequence[str]], level: float = 0.95,
) -> list[PartialDependence]:
    """The dependence on each group of one or two parameters; one model, fitted once, is used for all groups."""
    found = comparable_trials(study, "a partial dependence")
    values = values_that_differ(found, "a partial dependence")
    check_enough(study, found, "a partial dependence")
    response = fit_response(study.space, found, values)
    others, low, high, out = response.points(max(POINTS.values())), values.min(), values.max(), []
    for names in groups:
        columns = [study.space.names.index(name) for name in names]
        at, shown = zip(*(_nodes(response, j, NODES[len(names)]) for j in columns), strict=True)
        mean = response.table(columns, at, others[:POINTS[len(names)]])
        lower, upper = response.interval(columns, at, others[:INTERVAL_POINTS], level)
        parts = [np.clip(response.scale.restored(part), low, high)
                 for part in (mean, mean + np.minimum(lower, 0.0), mean + np.maximum(upper, 0.0))]
        out.append(PartialDependence(tuple(names), shown, parts[0], parts[1], parts[2],
                                     f"The mean of {response.said}: {found.basis}."))
    return out


def _nodes(response: Response, j: int, most: int) -> tuple[np.ndarray, list[Any]]:
    """Unit values of an axis, both ends included, and the parameter's values there."""
    parameter = response.encoding.parameters[j]
    if isinstance(parameter, Categorical):
        units = response.nodes(j, most)
        return units, [parameter.from_unit(float(unit)) for unit in units]
    values: list[Any] = sorted({parameter.from_unit(float(unit)) for unit in np.linspace(0.0, 1.0, most)})
    return np.array([parameter.to_unit(value) for value in values]), values
