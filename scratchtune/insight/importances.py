"""What hyper-parameters do to the value: importances, by functional ANOVA, and partial dependences.

The *marginal* of some parameters is the mean over all values of the others. The variance of the marginal of one
parameter is that parameter's main effect. The variance of the marginal of two, minus both main effects, is their
interaction. Divided by the variance of the values, these are shares. The shares of all subsets of the parameters sum to
1, so what main effects and pairs leave is due to interactions of three parameters or more.

An importance is such a share. Where the study has evaluated every point of a grid, the decomposition is exact; each
value of the grid counts equally. Otherwise the predictions of the `response` are decomposed over the whole space, in
the units of the values.

The whole space includes where training fails, so the shares are mostly about what separates failures from the rest. A
parameter with a small share may still matter among the good trials. A parameter that is absent, because its condition
does not hold, is treated as one that has no effect there; so the share of a parameter that is rarely present is small.

A partial dependence is such a marginal in the units of the values: the mean prediction over all other parameters, at
each value of one or two. Neither the mean nor the interval leaves the observed range. All values of the other
parameters count equally, also those with few trials near them. The interval is for the *mean* over them, and not for
the value of a new trial, which varies more. It has the quantiles of random functions from the posterior, which are
spread twice as wide as with fitted parameters that are known exactly. It is still somewhat too narrow:
benchmarks/results/importance_errors.md has its coverage.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search import Categorical, Float, GridSearch
from scratchtune.core.study import Trial
from scratchtune.core.study.trial import configuration
from scratchtune.insight import drawing
from scratchtune.insight.drawing import TrialTable, check_study
from scratchtune.insight.response import Response, check_enough, comparable_trials, concentration, fit_response

Name = str | tuple[str, str]
MOST_POINTS = 1_000_000  # of a grid that is decomposed exactly
MAIN_POINTS, TOTAL_POINTS = 256, 2048  # of the space, for a curve's means, and for the whole variance
MAIN_NODES, PAIR_NODES = 32, (4, 16)  # on a range, for its own curve; for a table of a pair, at least and at most
PAIR_PREDICTIONS, PAIR_POINTS = 130_000, (16, 64)  # for all pairs, about; points of the space for a table's means
SMALL = 0.01  # share
NODES = {1: 50, 2: 24}  # on each continuous axis of a partial dependence, by the number of axes
POINTS, INTERVAL_POINTS = {1: 512, 2: 256}, 64  # of the space, over which the mean and its interval are taken


# Functional ANOVA -----------------------------------------------------------------------------------------------------


class Shares(NamedTuple):
    """Shares of the variance: ``main`` (d,), and ``pairs`` by the two axes, the lower one first."""

    main: np.ndarray
    pairs: dict[tuple[int, int], float]


def marginal_variance(marginal: np.ndarray, weight: np.ndarray) -> float:
    """Variance of a marginal over the cells of its axes.

    Formula [marginal_variance]
        V = Σᵢ[wᵢ · (aᵢ − Σₖ[wₖ · aₖ])²]
    Where
        a: marginal, (i,), real; sampled in [-1, 1], the mean of the function in each cell
        w: weight, (i,), probabilities, the share of each cell in the axis; on a grid all are equal
    Returns
        V, a scalar >= 0, in the squared units of the function.
    Variant
        Σᵢ[wᵢ · aᵢ²] minus the square of the mean is the same number, but loses digits where the mean is large.
    Source
        Hutter, Hoos and Leyton-Brown (2014), the variance of a marginal prediction.
    Example
        >>> float(marginal_variance(np.array([1.0, 3.0]), np.array([0.5, 0.5])))
        1.0
    """
    return (weight * (marginal - (weight * marginal).sum()) ** 2).sum()


def interaction_variance(both: float, first: float, second: float) -> float:
    """Variance that is due to two parameters together: that of their marginal, minus both main effects.

    Formula [interaction_variance]
        V = b − f − s
    Where
        b: both, scalar, >= 0, [marginal_variance] of the two parameters' marginal
        f: first, scalar, >= 0, [marginal_variance] of the first parameter's marginal
        s: second, scalar, >= 0, of the second one's
    Returns
        V, a scalar >= 0, apart from rounding.
    Source
        Sobol (1993), "Sensitivity estimates for nonlinear mathematical models"; Hutter et al. (2014).
    Example
        >>> interaction_variance(1.0, 0.5, 0.25)
        0.25
    """
    return both - first - second


def decompose_grid(values: Any) -> Shares:
    """Decompose the variance of a function whose values on a full grid are given, one axis for each parameter.

    All values of a parameter have the same weight. A TypeError or ValueError where the values are not finite numbers,
    or all equal.

    >>> decompose_grid([[0.0, 1.0], [2.0, 3.0]])  # the sum of two parameters' effects, the first is twice as large
    Shares(main=array([0.8, 0.2]), pairs={(0, 1): 0.0})
    """
    array = checks.matrix("values", values).astype(np.float64)
    if array.min() == array.max():
        raise ValueError(f"values are all {array.flat[0]:g}; they must differ, or there is no variance to share")
    array = np.ldexp(array, -int(np.frexp(np.abs(array).max())[1]))  # so that no square overflows or underflows
    axes = range(array.ndim)
    tables = {kept: array.mean(axis=tuple(axis for axis in axes if axis not in kept))
              for kept in (*combinations(axes, 1), *combinations(axes, 2))}
    return decompose_tables(tables, variance(array))


def decompose_tables(tables: Mapping[tuple[int, ...], np.ndarray], total: float) -> Shares:
    """Decompose the variance ``total`` of a function by its marginals: a curve for each axis, a table for each pair.

    All cells of a table have the same weight. An interaction is the variance of a table minus those of its own two
    margins, so it is 0 where the table is a sum, also if the curves are from other cells.
    """
    d = sum(len(kept) == 1 for kept in tables)
    pairs = {(j, k): interaction_variance(variance(tables[j, k]), variance(tables[j, k].mean(axis=1)),
                                          variance(tables[j, k].mean(axis=0))) for j, k in combinations(range(d), 2)}
    main = np.array([variance(tables[(j,)]) for j in range(d)])
    return Shares(main / total, {pair: max(float(part / total), 0.0) for pair, part in pairs.items()})


def variance(table: np.ndarray) -> float:
    """The [marginal_variance] of a table whose cells have the same weight."""
    return float(marginal_variance(table.ravel(), np.full(table.size, 1.0 / table.size)))


# Importances ----------------------------------------------------------------------------------------------------------


class Importance(dict[Name, float]):
    """Shares of the variance by parameter and by pair of parameters, the largest first.

    ``basis`` says what they were computed from: the model, how many trials, and which were left out.
    """

    def __init__(self, shares: Mapping[Name, float], basis: str) -> None:
        super().__init__(sorted(shares.items(), key=lambda item: -item[1]))
        self.basis = basis

    def __str__(self) -> str:
        shown = [(name if isinstance(name, str) else " x ".join(name), share) for name, share in self.items()
                 if isinstance(name, str) or share >= SMALL / 2.0]
        width = max((len(name) for name, _ in shown), default=0)
        return "\n".join([self.basis, *(f"{name:{width}}  {share:6.1%}" for name, share in shown)])

    def without_visible_effect(self, least: float = SMALL) -> list[str]:
        """The parameters whose shares, those of their pairs included, sum to less than ``least``.

        They may have an effect among the good trials: look at their slices before fixing them.
        """
        names = [name for name in self if isinstance(name, str)]
        return [name for name in names if sum(share for key, share in self.items() if name == key or (
            isinstance(key, tuple) and name in key)) < least]


def importance(study: TrialTable, method: str = "fanova") -> Importance:
    """Share of each hyper-parameter, and of each pair's interaction, in the variance of the study's values.

    Only complete trials of the largest budget count; the others are counted in ``basis``. 1 minus the sum of the shares
    is due to interactions of three parameters or more. ``method`` "fanova", the only one, is exact on a full grid;
    otherwise it decomposes the predictions of a model (`response`) over the whole space, bad regions included.

    A searcher that concentrates on good values leaves few trials elsewhere, where every model extrapolates: ``basis``
    names ranges of which less than half is covered. benchmarks/results/importance_errors.md has the errors for
    functions whose shares are known. A ValueError if fewer than two parameters, too few trials, equal values or only
    one configuration are there.

    >>> from scratchtune.core.study import Study
    >>> study = Study({"a": [0, 1], "b": [0, 1]}, searcher="grid")
    >>> _ = study.run(lambda trial: 2.0 * trial.params["a"] + trial.params["b"], progress=False)
    >>> importance(study)
    {'a': 0.8, 'b': 0.2, ('a', 'b'): 0.0}
    """
    check_study(study)
    checks.choice("method", method, ("fanova",))
    if len(study.space.names) < 2:
        raise ValueError(f"study has one parameter, {study.space.names[0]!r}; an importance compares two or more")
    found = comparable_trials(study, "an importance")
    if (grid := _grid_of_values(study, found.trials)) is not None:
        return Importance(_by_name(decompose_grid(grid), study.space.names),
                          f"Shares of the variance, exact on a full grid: {found.basis}.")
    check_enough(study, found, "an importance", ", or a full grid")
    response = fit_response(study.space, found)
    return Importance(_by_name(decompose_response(response), study.space.names),
                      f"Shares of the variance over the whole space, bad trials included, of {response.said}: "
                      f"{found.basis}.{concentration(response.encoding, response.process.rows)}")


@lru_cache(maxsize=1)
def decompose_response(response: Response) -> Shares:
    """Decompose the variance of a model's predictions over the whole space; all shares are 0 where it is constant."""
    axes = range(len(response.tried))
    points, pairs = response.points(TOTAL_POINTS), list(combinations(axes, 2))
    each = PAIR_PREDICTIONS // len(pairs)
    most = int(np.clip(math.sqrt(each / PAIR_POINTS[1]), *PAIR_NODES))
    few = points[:int(np.clip(each // most**2, *PAIR_POINTS))]
    tables: dict[tuple[int, ...], np.ndarray] = {
        (j,): response.table([j], [response.nodes(j, MAIN_NODES)], points[:MAIN_POINTS]) for j in axes}
    for j, k in pairs:
        tables[j, k] = response.table([j, k], [response.nodes(j, most), response.nodes(k, most)], few)
    total = variance(response.predict(points))
    shares = decompose_tables(tables, total or 1.0)
    whole = max(float(shares.main.sum()) + sum(shares.pairs.values()), 1.0)  # above 1 by the error of a finite sample
    return Shares(shares.main / whole, {pair: share / whole for pair, share in shares.pairs.items()})


def _by_name(shares: Shares, names: Sequence[str]) -> dict[Name, float]:
    main: dict[Name, float] = {name: float(share) for name, share in zip(names, shares.main, strict=True)}
    return main | {(names[j], names[k]): share for (j, k), share in shares.pairs.items()}


def _grid_of_values(study: TrialTable, trials: Sequence[Trial]) -> np.ndarray | None:
    """The values on the study's grid, one axis for each parameter; None if there is no grid, or a point is missing."""
    levels = _levels(study, len(trials))
    if levels is None:
        return None
    space = study.space
    found: dict[Any, list[float]] = {}
    for trial in trials:
        found.setdefault(space.key(configuration(trial)), []).append(trial.value or 0.0)
    values = []
    for point in product(*levels):
        params: dict[str, Any] = {}
        for name, value in zip(space.names, point, strict=True):
            if space.is_active(name, params):
                params[name] = value
        here = found.get(space.key(params))
        if here is None:
            return None
        values.append(sum(one / len(here) for one in here))
    return np.array(values).reshape([len(level) for level in levels])


def _levels(study: TrialTable, trials: int) -> list[Sequence[Any]] | None:
    """The values of each parameter on the study's grid; None if a range is continuous, or the trials are too few."""
    searcher, levels, points = getattr(study, "searcher", None), [], 1
    resolution = searcher.resolution if isinstance(searcher, GridSearch) else 0
    most = MOST_POINTS if any(study.space.conditions.values()) else trials
    for parameter in study.space.parameters.values():
        count = parameter.count or 0  # 0: continuous
        if not (count or resolution) or (isinstance(parameter, Float) and count > MOST_POINTS):
            return None
        levels.append(parameter.grid(resolution or count))
        points *= len(levels[-1])
        if points > most:
            return None
    return levels


# Partial dependences --------------------------------------------------------------------------------------------------


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


def partial_dependence(study: TrialTable, params: str | Sequence[str]) -> PartialDependence:
    """Mean of the predicted value over all other parameters, by one or two parameters, with an interval.

    A parameter that is absent counts as one without
    effect there. Raises a ValueError for an unknown parameter, more than two, equal values or too few trials.
    """
    check_study(study)
    names = drawing.chosen_names(study, params, len(study.space.names))
    if len(names) not in (1, 2):
        raise ValueError(f"params holds {len(names)} parameters; a partial dependence has one or two")
    return dependences(study, [names])[0]


def dependences(study: TrialTable, groups: Sequence[Sequence[str]]) -> list[PartialDependence]:
    """The dependence on each group of one or two parameters; one model, fitted once, is used for all groups."""
    found = comparable_trials(study, "a partial dependence")
    check_enough(study, found, "a partial dependence")
    response = fit_response(study.space, found)
    others, out = response.points(max(POINTS.values())), []
    for names in groups:
        columns = [study.space.names.index(name) for name in names]
        at, shown = zip(*(_nodes(response, j, NODES[len(names)]) for j in columns), strict=True)
        mean = response.table(columns, at, others[:POINTS[len(names)]])
        lower, upper = response.interval(columns, at, others[:INTERVAL_POINTS])
        mean, lower, upper = (np.clip(response.scale.restored(part), found.values.min(), found.values.max())
                              for part in (mean, mean + np.minimum(lower, 0.0), mean + np.maximum(upper, 0.0)))
        out.append(PartialDependence(tuple(names), shown, mean, lower, upper,
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
