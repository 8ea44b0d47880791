"""Successive halving by cross-validation: all candidates with few rows or epochs, the best of them with more.

Each rung is a `GridSearchCV` of its candidates. As in scikit-learn ⌈n / factor⌉ of n candidates are kept; of
`scratchtune.search.SuccessiveHalving` it is ⌊n / eta⌋.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.cross_validation import NAN, folds_for
from scratchtune.evaluation.models import example_of, is_classification
from scratchtune.evaluation.rows import generator, number_of_rows, take_rows
from scratchtune.search import RandomSearch
from scratchtune.search.schedule import s_max
from scratchtune.study.search_cv import GridSearchCV, SearchCV, grid_points, keep_arguments, parameter_columns, ranks
from scratchtune.study.study import Study

ROWS = "n_samples"


class HalvingGridSearchCV(SearchCV):
    """Successive halving of all points of a grid, with scikit-learn's arguments; the others are those of `SearchCV`.

    The first rung evaluates all candidates with ``min_resources``, each next one the best ``1 / factor`` of them with
    ``factor`` times as much, up to ``max_resources``. The ``resource`` is the number of rows, "n_samples", or a
    parameter such as "epochs". ``min_resources`` is a number, "smallest" (two rows of each class in each fold, or 1 of
    a parameter), or "exhaust": as many as make the last rung use ``max_resources``. The best candidate is that of the
    last rung; `cv_results_` has the columns ``iter``, the rung, and ``n_resources``.
    """

    factor: int
    resource: str
    max_resources: int | str
    min_resources: int | str
    random_state: Any

    def __init__(
        self, estimator: Any, param_grid: Any, *, factor: int = 3, resource: str = ROWS, max_resources: Any = "auto",
        min_resources: Any = "exhaust", cv: Any = 5, scoring: Any = None, refit: bool = True, random_state: Any = 0,
        n_jobs: int | None = 1, verbose: int = 1, return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _candidates(self, count: int | None = None) -> Sequence[dict[str, Any]]:
        """The candidates of the first rung, or at least the first one of them."""
        return list(grid_points(self.param_grid)[1])

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score the candidates in rungs with more and more resources, and fit the best one of the last on all rows.

        Raises a ValueError for resources that do not fit together, as GridSearchCV for other arguments.
        """
        checks.boolean("refit", self.refit)
        if isinstance(self.scoring, (list, tuple, set, dict)):
            raise ValueError(f"scoring is {self.scoring!r}; a halving search ranks by one score, give its name")
        drawn = not isinstance(self.random_state, (int, np.integer))
        self._seed = int(generator(self.random_state).randint(2**31)) if drawn else self.random_state
        example = self._candidates(1)[0]
        splits = folds_for(self.cv, self.estimator, X, y, groups, example)
        has_classes = y is not None and is_classification(example_of(self.estimator, example), y)
        smallest = 2 * len(splits) * (len(np.unique(np.asarray(y))) if has_classes else 1)
        candidates = self._schedule(number_of_rows(X), smallest if self.resource == ROWS else 1)
        rungs = []
        for rung, resources in enumerate(self.n_resources_):
            if rung:
                scores = rungs[-1]["mean_test_score"]
                order = np.argsort(np.where(np.isnan(scores), -np.inf, scores), kind="stable")
                candidates = [candidates[k] for k in order[-self.n_candidates_[rung] :]]
            if self.resource != ROWS:
                candidates = [{**params, self.resource: resources} for params in candidates]
            share = resources / number_of_rows(X) if self.resource == ROWS else None
            search = GridSearchCV(
                self.estimator, [{name: [value] for name, value in params.items()} for params in candidates],
                [(self._share(train, share), self._share(test, share)) for train, test in splits], self.scoring,
                self.n_jobs, False, self.verbose, self.return_train_score, self.error_score)
            rungs.append(search.fit(X, y, **fit_params).cv_results_ | {
                "iter": np.full(len(candidates), rung), "n_resources": np.full(len(candidates), resources)})
        self.scorer_, self.n_splits_, self.multimetric_ = search.scorer_, search.n_splits_, search.multimetric_
        self._record_rungs(rungs)
        if self.refit:
            self._refit(X, y, fit_params)
        return self

    def _schedule(self, rows: int, smallest: int) -> Sequence[dict[str, Any]]:
        """Set the sizes and resources of the rungs, and return the candidates; ``smallest`` is the least resource."""
        if self.max_resources == "auto" and self.resource != ROWS:
            raise ValueError(f"max_resources is 'auto' and resource is {self.resource!r}; give the largest value of it")
        most = rows if self.max_resources == "auto" else checks.integer("max_resources", self.max_resources, low=1)
        least = smallest if self.min_resources in ("smallest", "exhaust") else self.min_resources
        self.max_resources_, self.min_resources_ = most, checks.integer("min_resources", least, low=1, high=most)
        candidates = self._candidates()
        if any(self.resource in params for params in candidates):
            raise ValueError(f"resource is {self.resource!r}, which is searched too; take it out of the parameters")
        powers = [checks.integer("factor", self.factor, low=2) ** k for k in range(1, 64)]
        last = s_max(len(candidates), 1, powers)
        if self.min_resources == "exhaust":
            self.min_resources_ = max(self.min_resources_, most // self.factor**last)
        rungs = range(1 + min(last, s_max(most, self.min_resources_, powers)))
        self.n_iterations_ = len(rungs)
        self.n_candidates_ = [-(-len(candidates) // self.factor**rung) for rung in rungs]
        self.n_resources_ = [self.factor**rung * self.min_resources_ for rung in rungs]
        return candidates

    def _share(self, rows: np.ndarray, share: float | None) -> np.ndarray:
        """The rows that a rung uses of a fold, drawn as scikit-learn does; None is all."""
        if share is None:
            return rows
        order = np.arange(len(rows))
        generator(self._seed).shuffle(order)
        return np.asarray(take_rows(rows, order[: int(share * len(rows))]))

    def _record_rungs(self, rungs: list[dict[str, Any]]) -> None:
        """Join the tables of the rungs, and choose the best candidate of the last."""
        params = [params for rung in rungs for params in rung["params"]]
        joined = {name: np.concatenate([rung[name] for rung in rungs]) for name in rungs[0]
                  if name != "params" and not name.startswith("param_")}
        scores = joined["mean_test_score"]
        if np.isnan(scores).all():
            raise ValueError("the score of every candidate is NaN, so none is the best; take another scoring")
        self.cv_results_ = joined | dict(parameter_columns(params)) | {
            "params": params, "rank_test_score": ranks(scores)}
        first = len(scores) - len(rungs[-1]["params"])
        self.best_index_ = first + int(np.argmax(np.where(np.isnan(scores[first:]), -np.inf, scores[first:])))
        self.best_params_, self.best_score_ = params[self.best_index_], float(scores[self.best_index_])


class HalvingRandomSearchCV(HalvingGridSearchCV):
    """Successive halving of ``n_candidates`` random points; the other arguments are those of `HalvingGridSearchCV`.

    "exhaust" is as many as let the last rung use ``max_resources``.
    """

    def __init__(
        self, estimator: Any, param_distributions: Any, *, n_candidates: Any = "exhaust", factor: int = 3,
        resource: str = ROWS, max_resources: Any = "auto", min_resources: Any = "smallest", cv: Any = 5,
        scoring: Any = None, refit: bool = True, random_state: Any = 0, n_jobs: int | None = 1, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _candidates(self, count: int | None = None) -> Sequence[dict[str, Any]]:
        if self.n_candidates == self.min_resources == "exhaust":
            raise ValueError("n_candidates and min_resources are both 'exhaust'; give a number for one of them")
        if count is None:
            count = self.max_resources_ // self.min_resources_ if self.n_candidates == "exhaust" else self.n_candidates
        study = Study(self.param_distributions, RandomSearch(), seed=self._seed)
        most = checks.integer("n_candidates", count, low=1)
        return [study.ask().params for _ in range(most if study.space.size is None else min(most, study.space.size))]
