"""The importance of hyper-parameters: shares of the variance of a study's values, by functional ANOVA.

Where the study has evaluated every point of a grid, the decomposition is exact; each value of the grid counts equally.
Otherwise it is that of a forest on the trials, over the whole space: uniform on each range (on the log scale where the
parameter is logarithmic), and on the choices that were tried.

A parameter that is absent, because its condition does not hold, is treated as one that has no effect there. So its
share is small where it is rarely present.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.forest import decompose_forest, grow_forest
from scratchtune.insight.regression_tree import Axis
from scratchtune.insight.variance_decomposition import Shares, decompose_grid
from scratchtune.search import Categorical, Float, GridSearch, Int, Space
from scratchtune.search.cells import cell_edges
from scratchtune.study import Study, Trial

METHODS = ("fanova",)
LEAST_TRIALS = 10  # for a forest
MOST_EDGES = 1000  # a range with more values is treated as continuous
MOST_POINTS = 1_000_000  # of a grid that is decomposed exactly

Name = str | tuple[str, str]


class Importance(dict[Name, float]):
    """Shares of the variance by parameter and by pair of parameters, the largest first.

    ``basis`` says in one sentence what they were computed from: how many trials, and which were left out.
    """

    def __init__(self, shares: dict[Name, float], basis: str) -> None:
        super().__init__(sorted(shares.items(), key=lambda item: -item[1]))
        self.basis = basis


def importance(study: Study, method: str = "fanova", n_trees: int = 64, seed: int = 0) -> Importance:
    """Share of each hyper-parameter, and of each pair's interaction, in the variance of the study's values.

    Only complete trials count, and where their budgets differ, as with `Hyperband`, only those of the largest budget:
    values of different budgets can't be compared. Failed and stopped trials are left out, and counted in ``basis``.
    What the shares lack to 1 is due to interactions of three parameters or more. The same seed gives the same shares.

    From few trials a forest finds too much interaction, and too little of a small main effect, or of one that rises
    and falls; and a searcher that concentrates on good values leaves few trials elsewhere.

    Raises
        ValueError if fewer than two parameters, too few trials, equal values or only one configuration are there.

    >>> study = Study({"a": [0, 1], "b": [0, 1]}, searcher="grid")
    >>> _ = study.run(lambda trial: 2.0 * trial.params["a"] + trial.params["b"], progress=False)
    >>> importance(study)
    {'a': 0.8, 'b': 0.2, ('a', 'b'): 0.0}
    """
    if not isinstance(study, Study):
        raise TypeError(f"study is {study!r}; it must be a Study")
    checks.choice("method", method, METHODS)
    n_trees, seed = checks.integer("n_trees", n_trees, low=1), checks.integer("seed", seed, low=0)
    if len(study.space.names) < 2:
        raise ValueError(f"study has one parameter, {study.space.names[0]!r}; an importance compares two or more")
    trials, basis = _comparable(study)
    values = np.array([trial.value for trial in trials], dtype=np.float64)
    if values.min() == values.max():
        raise ValueError(f"study has {basis}, all with the value {values[0]:g}; an importance needs different values")
    grid = _grid_of_values(study, trials)
    if grid is not None:
        return _named(decompose_grid(grid), study.space.names, f"Exact, on a full grid: {basis}.")
    if len({study.space.key(trial.shared_params) for trial in trials}) < LEAST_TRIALS:
        raise ValueError(
            f"study has {basis}, too few different configurations; an importance needs {LEAST_TRIALS}, or a full grid")
    rows, axes = _encoded(study.space, [trial.shared_params for trial in trials])
    forest = grow_forest(rows, _standardised(values), axes, n_trees, seed)
    return _named(decompose_forest(forest), study.space.names, f"A forest of {n_trees} trees: {basis}.")


def _comparable(study: Study) -> tuple[list[Trial], str]:
    """The complete trials of the largest budget, and how many there are, and of what."""
    everything = study.trials
    complete = [trial for trial in everything if trial.state == "complete"]
    states = [trial.state for trial in everything]
    others = [f"{states.count(state):,} {state}" for state in ("failed", "stopped", "running") if state in states]
    basis = f"{checks.counted(len(complete), 'complete trial')} of {len(states):,}"
    if others:
        basis += f" ({', '.join(others)})"
    if not complete:
        raise ValueError(f"study has {basis}; an importance needs {LEAST_TRIALS} complete trials, or a full grid")
    budgets = {trial.budget for trial in complete if trial.budget is not None}
    if len(budgets) > 1:
        complete = [trial for trial in complete if trial.budget == max(budgets)]
        basis += f", {len(complete):,} of them with the largest budget, {max(budgets):g}"
    return complete, basis


def _named(shares: Shares, names: Sequence[str], basis: str) -> Importance:
    main: dict[Name, float] = {name: float(share) for name, share in zip(names, shares.main, strict=True)}
    return Importance(main | {(names[j], names[k]): share for (j, k), share in shares.pairs.items()}, basis)


# A full grid ---------------------------------------------------------------------------------------------------------


def _grid_of_values(study: Study, trials: Sequence[Trial]) -> np.ndarray | None:
    """The values on the study's grid, one axis for each parameter; None if there is no grid, or a point is missing."""
    levels = _levels(study, len(trials))
    if levels is None:
        return None
    space = study.space
    found: dict[Any, list[float]] = {}
    for trial in trials:
        found.setdefault(space.key(trial.shared_params), []).append(trial.value or 0.0)
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


def _levels(study: Study, trials: int) -> list[Sequence[Any]] | None:
    """The values of each parameter on the study's grid; None if a range is continuous, or the trials are too few."""
    searcher, levels, points = study.searcher, [], 1
    unconditional = not any(study.space.conditions.values())
    for parameter in study.space.parameters.values():
        count = parameter.count
        if isinstance(searcher, GridSearch) and (count is None or not isinstance(parameter, Categorical)):
            if count is not None and count > MOST_POINTS and not (isinstance(parameter, Int) and parameter.log):
                return None
            levels.append(parameter.grid(searcher.resolution))
        elif count is None or count > MOST_POINTS:
            return None
        else:
            levels.append([parameter.value(k) for k in range(count)])
        points *= len(levels[-1])
        if points > (trials if unconditional else MOST_POINTS):
            return None
    return levels


# Rows for a forest ---------------------------------------------------------------------------------------------------


def _encoded(space: Space, points: Sequence[dict[str, Any]]) -> tuple[np.ndarray, list[Axis]]:
    """The points as rows of the unit cube, NaN where a parameter is absent, and the axes.

    A choice is its index among those that were tried.
    """
    rows, axes = np.full((len(points), len(space.names)), np.nan), []
    for j, (name, parameter) in enumerate(space.parameters.items()):
        present = [i for i, params in enumerate(points) if name in params]
        if isinstance(parameter, Categorical):
            tried, codes = np.unique([parameter.index(points[i][name]) for i in present], return_inverse=True)
            rows[present, j] = codes
            axes.append(Axis(choices=max(len(tried), 1)))
        else:
            rows[present, j] = [parameter.to_unit(points[i][name]) for i in present]
            axes.append(Axis(edges=_edges(parameter)))
    return rows, axes


def _edges(parameter: Float | Int) -> np.ndarray:
    """Where a range with few values may be split: between the cells of its values."""
    count = parameter.count
    return np.empty(0) if count is None or count > MOST_EDGES else cell_edges(parameter, np.arange(count))[0]


def _standardised(values: np.ndarray) -> np.ndarray:
    """The values with mean 0 and standard deviation 1."""
    scaled = np.ldexp(values, -int(np.frexp(np.abs(values).max())[1]))  # so that no square overflows
    centred = scaled - scaled.mean()
    return centred / centred.std()
