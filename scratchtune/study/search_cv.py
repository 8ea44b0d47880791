"""A cross-validated search is a study whose trials are configurations, and whose values are mean scores over folds.

The classes have scikit-learn's protocol: its names, arguments and results, for our networks, for functions that make
them, and for any estimator of that protocol. Fits run in threads that share the data.

Implements section 5 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.cross_validation import NAN
from scratchtune.evaluation.rows import generator
from scratchtune.search import BayesianSearch, GeneticSearch, GridSearch, RandomSearch, Searcher, Space
from scratchtune.study.cv_search import SearchCV, keep_arguments
from scratchtune.study.study import Study
from scratchtune.study.trial import copied_params


class GridSearchCV(SearchCV):
    """All combinations of a parameter grid, each scored by cross-validation.

    ``param_grid`` is a dict from names to lists (or to Float, Int, Categorical), or a list of such dicts, tried one
    after the other. As in scikit-learn the names are taken in alphabetical order, and the last one varies fastest; an
    empty dict is one configuration, that of the estimator itself. The other arguments are described at `SearchCV`.
    """

    def __init__(
        self, estimator: Any, param_grid: Any, cv: Any = 5, scoring: Any = None, n_jobs: int | None = 1,
        refit: Any = True, verbose: int = 1, return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score all combinations on every fold, and fit the best one on all rows; see `SearchCV.fit`."""
        grids = self.param_grid if isinstance(self.param_grid, (list, tuple)) else [self.param_grid]
        spaces = [Space(grid) if grid else None for grid in (_sorted("param_grid", grid) for grid in grids)]
        if not spaces:
            raise ValueError("param_grid is an empty list; it must hold at least one dict")
        # Several grids are one study, of the positions of their points in a list of all of them.
        self._space = spaces[0] if len(spaces) == 1 else None
        points = [[{}] if space is None else GridSearch().points(space) for space in spaces]
        self._points = points[0] if len(points) == 1 else [params for of_grid in points for params in of_grid]
        return super().fit(X, y, groups=groups, **fit_params)

    def _new_study(self) -> Study:
        space = self._space or {"configuration": range(len(self._points))}
        return Study(space, GridSearch(), direction="maximize")

    def _known_configurations(self) -> list[dict[str, Any]]:
        return [copied_params(params) for params in self._points]

    def _configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        return params if self._space is not None else dict(self._points[params["configuration"]])


class RandomizedSearchCV(SearchCV):
    """``n_iter`` random configurations of a space, each scored by cross-validation; at most all of a finite space.

    ``random_state`` is a seed, a generator that gives one, or None for a new one in every `fit` (it is then
    ``study_.seed``). ``param_distributions`` is scikit-learn's name of ``space``. The other arguments are described at
    `SearchCV`.
    """

    def __init__(
        self, estimator: Any, space: Any = None, n_iter: int = 10, cv: Any = 5, random_state: Any = 0,
        scoring: Any = None, n_jobs: int | None = 1, refit: Any = True, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN, param_distributions: Any = None,
    ) -> None:
        keep_arguments(self, locals())

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score the configurations on every fold, and fit the best one on all rows; see `SearchCV.fit`."""
        drawn = not isinstance(self.random_state, (int, np.integer))
        self._seed = int(generator(self.random_state).randint(2**31)) if drawn else self.random_state
        return super().fit(X, y, groups=groups, **fit_params)

    def _searcher(self) -> Searcher:
        return RandomSearch()

    def _new_study(self) -> Study:
        given = [space for space in (self.space, getattr(self, "param_distributions", None)) if space is not None]
        if len(given) != 1:
            raise TypeError("space must be given, or param_distributions, which is another name of it; not both")
        return Study(given[0], self._searcher(), direction="maximize", seed=self._seed)

    def _n_trials(self) -> int | None:
        return checks.integer("n_iter", self.n_iter, low=1)


class BayesSearchCV(RandomizedSearchCV):
    """``n_iter`` configurations of a space, each proposed from the scores of all before it (`BayesianSearch`).

    ``model`` is "auto", "gp" or "tpe". Threads share the folds of ``parallel`` configurations, each proposed without
    the scores of the others. A list holds choices, also [0.0, 1.0], which scikit-optimize takes for a range. The other
    arguments are those of `RandomizedSearchCV`.
    """

    def __init__(
        self, estimator: Any, space: Any, n_iter: int = 50, cv: Any = 5, random_state: Any = 0, model: str = "auto",
        parallel: int = 1, scoring: Any = None, n_jobs: int | None = 1, refit: Any = True, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _searcher(self) -> Searcher:
        return BayesianSearch(model=self.model, parallel=self.parallel)


class GeneticSearchCV(RandomizedSearchCV):
    """``n_iter`` configurations of a space, generated by crossover and mutation of the best so far (`GeneticSearch`).

    ``population`` is the size of a generation, None for the searcher's own choice; the configurations of one generation
    run in parallel. The other arguments are those of `RandomizedSearchCV`.
    """

    def __init__(
        self, estimator: Any, space: Any, n_iter: int = 50, cv: Any = 5, random_state: Any = 0,
        population: int | None = None, scoring: Any = None, n_jobs: int | None = 1, refit: Any = True,
        verbose: int = 1, return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _searcher(self) -> Searcher:
        return GeneticSearch(population=self.population)


def _sorted(name: str, grid: Any) -> dict[str, Any]:
    if not isinstance(grid, Mapping):
        raise TypeError(f"{name} is {grid!r}; it must be a dict from names to lists of values, or a list of such dicts")
    return {parameter: _values(given) for parameter, given in sorted(grid.items())}


def _values(given: Any) -> Any:
    """A tuple of numbers as a list of values, as in scikit-learn: in a grid it is not a range."""
    are_numbers = isinstance(given, tuple) and all(isinstance(value, (int, float, np.number)) for value in given)
    return list(given) if are_numbers else given
