"""The importance of hyper-parameters: shares of the variance of a study's values, by functional ANOVA.

Where the study has evaluated every point of a grid, the decomposition is exact; each value of the grid counts equally.
Otherwise a model of the values is fitted to the trials, and its predictions are decomposed over the whole space. All
values of a range count equally (on the log scale where the parameter is logarithmic), and so do all choices that were
tried. The model is a Gaussian process or a forest (`surrogate_choice`).

A parameter that is absent, because its condition does not hold, is treated as one that has no effect there. So the
share of a parameter that is rarely present is small. `ped_anova` answers another question: which parameters matter for
being among the best trials?

Implements section 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.comparable import (
    LEAST_TRIALS,
    check_enough,
    check_study,
    comparable_trials,
    encoded,
    standardised,
    values_that_differ,
)
from scratchtune.insight.drawing import TrialTable
from scratchtune.insight.forest import decompose_forest
from scratchtune.insight.gaussian_draws import draw_shares
from scratchtune.insight.gaussian_marginals import decompose_gaussian
from scratchtune.insight.ped_anova import Name, top_importances
from scratchtune.insight.surrogate_choice import choose
from scratchtune.insight.variance_decomposition import Shares, decompose_grid
from scratchtune.search import Categorical, GridSearch, Int, Space
from scratchtune.study import Trial

METHODS = ("fanova", "fanova-forest", "fanova-gp", "ped-anova")
MOST_POINTS = 1_000_000  # of a grid that is decomposed exactly
LEVEL = 0.95  # of the intervals


class Importance(dict[Name, float]):
    """Shares of the variance by parameter and by pair of parameters, the largest first.

    ``basis`` says in one sentence what they were computed from: the model, how many trials, and which were left out.
    ``interval`` has (lower, upper) of each share: 95 % of the functions drawn from the Gaussian process's posterior
    have a share inside. It treats the fitted parameters of the process as known, so it is too narrow, above all where a
    searcher left few trials in most of the space. On a full grid both ends are the share itself; for a forest and for
    PED-ANOVA ``interval`` is empty.
    """

    def __init__(
        self, shares: Mapping[Name, float], basis: str, interval: Mapping[Name, tuple[float, float]] | None = None,
    ) -> None:
        super().__init__(sorted(shares.items(), key=lambda item: -item[1]))
        self.basis = basis
        self.interval = {name: (interval or {})[name] for name in self if name in (interval or {})}


def importance(study: TrialTable, method: str = "fanova", n_trees: int = 64, seed: int = 0) -> Importance:
    """Share of each hyper-parameter, and of each pair's interaction, in the variance of the study's values.

    Only complete trials count, and where their budgets differ, as with `Hyperband`, only those of the largest budget:
    values of different budgets can't be compared. Failed and stopped trials are left out, and counted in ``basis``.
    1 minus the sum of the shares is due to interactions of three parameters or more. The same seed gives the same
    shares.

    ``method``: "fanova" is exact on a full grid; otherwise it fits a Gaussian process and a forest, and uses the one
    that predicts held-out trials better, above 1,000 trials the forest. "fanova-gp" and "fanova-forest" use one of
    them. "ped-anova" has no pairs, and answers another question: how much does each parameter matter for being among
    the best tenth of the trials?

    From few trials a forest overestimates interactions, and underestimates small main effects and those that rise and
    fall. A Gaussian process has smaller errors where the value is a smooth function of the parameters. A searcher that
    concentrates on good values leaves few trials elsewhere: there both models extrapolate, and errors are larger.
    ``python -m benchmarks.importance_errors`` measures all of this.

    Raises
        ValueError if fewer than two parameters, too few trials, equal values or only one configuration are there.

    >>> from scratchtune.study import Study
    >>> study = Study({"a": [0, 1], "b": [0, 1]}, searcher="grid")
    >>> _ = study.run(lambda trial: 2.0 * trial.params["a"] + trial.params["b"], progress=False)
    >>> importance(study)
    {'a': 0.8, 'b': 0.2, ('a', 'b'): 0.0}
    """
    check_study(study)
    checks.choice("method", method, METHODS)
    n_trees, seed = checks.integer("n_trees", n_trees, low=1), checks.integer("seed", seed, low=0)
    if len(study.space.names) < 2:
        raise ValueError(f"study has one parameter, {study.space.names[0]!r}; an importance compares two or more")
    found = comparable_trials(study, "an importance")
    values = values_that_differ(found, "an importance")
    if method == "ped-anova":
        check_enough(study, found, f"an importance by PED-ANOVA needs {LEAST_TRIALS}")
        return Importance(top_importances(study, found.trials, values), f"PED-ANOVA: {found.basis}.")
    grid = _grid_of_values(study, found.trials) if method == "fanova" else None
    if grid is not None:
        shares = _named(decompose_grid(grid), study.space.names)
        return Importance(shares, f"Exact, on a full grid: {found.basis}.", {
            name: (share, share) for name, share in shares.items()})
    check_enough(study, found, f"an importance needs {LEAST_TRIALS}, or a full grid")
    return _of_model(study.space, found.trials, values, found.basis, (method, n_trees, seed))


def _of_model(
    space: Space, trials: Sequence[Trial], values: np.ndarray, basis: str, options: tuple[str, int, int],
) -> Importance:
    """The decomposition of the model that ``options`` (method, n_trees, seed) choose."""
    method, n_trees, seed = options
    rows, axes, _ = encoded(space, [trial.shared_params for trial in trials])
    heights = standardised(values)[0]
    model = choose(rows, heights, axes, n_trees, seed, {"fanova": "best"}.get(method, method[7:]))
    if model.surrogate is None:
        return Importance(_named(decompose_forest(model.forest), space.names), f"{model.said}: {basis}.")
    shares = _named(decompose_gaussian(model.surrogate), space.names)
    drawn = [_named(one, space.names) for one in
             draw_shares(model.surrogate, np.random.default_rng([seed, 0xD5]))]
    return Importance(shares, f"{model.said}: {basis}.", _intervals(shares, drawn))


def _intervals(shares: Mapping[Name, float], drawn: list[dict[Name, float]]) -> dict[Name, tuple[float, float]]:
    """Quantiles of the drawn shares, widened to include the share itself."""
    found = {}
    for name, share in shares.items():
        ends = (1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0  # "weibull": that share of further draws is beyond, on average
        low, high = np.quantile([one[name] for one in drawn], ends, method="weibull")
        found[name] = min(float(low), share), max(float(high), share)
    return found


def _named(shares: Shares, names: Sequence[str]) -> dict[Name, float]:
    main: dict[Name, float] = {name: float(share) for name, share in zip(names, shares.main, strict=True)}
    return main | {(names[j], names[k]): share for (j, k), share in shares.pairs.items()}


# A full grid ---------------------------------------------------------------------------------------------------------


def _grid_of_values(study: TrialTable, trials: Sequence[Trial]) -> np.ndarray | None:
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


def _levels(study: TrialTable, trials: int) -> list[Sequence[Any]] | None:
    """The values of each parameter on the study's grid; None if a range is continuous, or the trials are too few."""
    searcher, levels, points = getattr(study, "searcher", None), [], 1
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
