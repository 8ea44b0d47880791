"""A cross-validated search is a study whose trials are settings, and whose values are mean scores over folds.

The classes have scikit-learn's protocol: its names, arguments and results, for our networks, for functions that make
them, and for any estimator of that protocol. Trainings run on threads that share the data; the folds of all settings
under way go into one queue, so that no thread waits for a setting to end, and no result depends on ``n_jobs``.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.cross_validation import (
    FoldScore,
    check_model,
    fit_and_score,
    folds_for,
    fresh,
    is_network,
    report_failures,
    resolve_scoring,
    train,
)
from scratchtune.evaluation.splits import Split
from scratchtune.search import Exhausted, GridSearch, RandomSearch, Searcher, Space
from scratchtune.search.grid import trainings
from scratchtune.study.progress import Progress
from scratchtune.study.study import NotReady, Study, number_of_workers
from scratchtune.study.trial import Trial

OF_THE_ESTIMATOR = (
    "predict_proba", "predict_log_proba", "decision_function", "transform", "classes_", "n_features_in_",
    "feature_names_in_")


class SearchCV:
    """What the search classes share. A subclass says which study makes the settings, and how many.

    After `fit`: ``best_params_``, ``best_score_``, ``best_index_``, ``cv_results_``, ``n_splits_``, the study itself as
    ``study_``, and with ``refit`` ``best_estimator_`` and ``refit_time_``.
    """

    estimator: Any
    cv: Any
    scoring: Any
    n_jobs: int
    refit: bool
    verbose: int

    # The search ------------------------------------------------------------------------------------------------------

    def _new_study(self) -> Study:
        raise NotImplementedError

    def _n_trials(self) -> int | None:
        return None

    def _setting(self, params: dict[str, Any]) -> dict[str, Any]:
        """The estimator's params from those of a trial."""
        return params

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> SearchCV:
        """Score every setting on every fold, and train the best one on all rows; ``fit_params`` go to fit."""
        check_model(self.estimator)
        checks.boolean("refit", self.refit)
        if is_network(self.estimator):
            X, y = checks.matrix("X", X), checks.targets("y", y)
            self.estimator.check_data(X, y)
            for name in fit_params:
                checks.choice("argument of fit", name, list(inspect.signature(self.estimator.fit).parameters)[2:])
        scorer = resolve_scoring(self.scoring)
        splits = folds_for(self.cv, self.estimator, X, y)
        workers = number_of_workers(self.n_jobs)
        settings = self._known_settings()
        for params in settings:
            self._check_setting(params)
        progress = self._progress(len(settings), len(splits), workers)
        table: dict[int, list[FoldScore]] = {}

        def score(split: Split, params: dict[str, Any]) -> FoldScore:
            begun = time.perf_counter()
            outcome = fit_and_score(self.estimator, params, X, y, split, scorer, fit_params)
            progress.done(time.perf_counter() - begun)
            return outcome

        with ThreadPoolExecutor(workers, "training") as pool:

            def objective(trial: Trial) -> float:
                params = self._setting(trial.params)
                table[trial.number] = list(pool.map(lambda split: score(split, params), splits))
                return float(np.mean([outcome.score for outcome in table[trial.number]]))

            try:
                self.study_ = self._new_study().run(objective, self._n_trials(), n_jobs=workers, progress=False)
            finally:
                progress.close()
        self._record(table, len(splits))
        if self.refit:
            self._refit(X, y, fit_params)
        return self

    def _known_settings(self) -> list[dict[str, Any]]:
        """The settings that are certain beforehand: a searcher is a pure function, so an idle study tells them."""
        preview = self._new_study()
        settings: list[dict[str, Any]] = []
        limit = self._n_trials()
        try:
            while limit is None or len(settings) < limit:
                settings.append(self._setting(preview.ask().params))
        except (Exhausted, NotReady):
            pass
        return settings

    def _check_setting(self, params: dict[str, Any]) -> None:
        """Make the model once for nothing, so that a name or a value that is wrong is an error before any work."""
        if is_network(self.estimator) or hasattr(self.estimator, "fit"):
            fresh(self.estimator, params)

    def _progress(self, settings: int, folds: int, workers: int) -> Progress:
        total = trainings(self._n_trials() or settings, folds)
        settings = total // folds
        headline = f"{settings} settings x {folds} folds = {total} trainings"
        return Progress(total, "training", workers, bool(self.verbose), headline)

    def _record(self, table: dict[int, list[FoldScore]], folds: int) -> None:
        """Fill cv_results_ and the best_ attributes from the scores of each trial."""
        report_failures([outcome for number in sorted(table) for outcome in table[number]])
        settings = [self._setting(trial.params) for trial in self.study_.trials]
        self.n_splits_ = folds
        self.cv_results_ = results_table(settings, [table[number] for number in range(len(settings))])
        self.best_index_ = int(self.cv_results_["rank_test_score"].argmin())
        self.best_params_ = settings[self.best_index_]
        self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])

    def _refit(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> None:
        begun = time.perf_counter()
        self.best_estimator_ = train(self.estimator, self.best_params_, X, y, fit_params)
        self.refit_time_ = time.perf_counter() - begun

    # The best estimator's own ----------------------------------------------------------------------------------------

    def _best(self) -> Any:
        if not hasattr(self, "best_estimator_"):
            reason = "it was made with refit=False" if hasattr(self, "cv_results_") else "call fit first"
            raise AttributeError(f"this {type(self).__name__} has no best estimator: {reason}")
        return self.best_estimator_

    def predict(self, X: Any) -> Any:
        """What the best estimator predicts."""
        return self._best().predict(X)

    def score(self, X: Any, y: Any = None) -> float:
        """The best estimator's score, by the ``scoring`` of the search."""
        return float(resolve_scoring(self.scoring)(self._best(), X, y))

    def __getattr__(self, name: str) -> Any:
        """What only some estimators have is there if the best one, or before `fit` the given one, has it."""
        if name in OF_THE_ESTIMATOR:
            return getattr(self.__dict__.get("best_estimator_", self.__dict__.get("estimator")), name)
        if name in ("_estimator_type", "__sklearn_tags__"):
            return getattr(self.__dict__.get("estimator"), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # scikit-learn's protocol -----------------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, with ``deep`` the estimator's own too, as estimator__NAME."""
        params = {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}
        if deep and hasattr(self.estimator, "get_params"):
            params |= {f"estimator__{name}": value for name, value in self.estimator.get_params().items()}
        return params

    def set_params(self, **params: Any) -> SearchCV:
        """Change arguments by name; estimator__NAME changes the estimator's."""
        own = list(inspect.signature(type(self)).parameters)
        for name, value in params.items():
            if name.startswith("estimator__"):
                self.estimator.set_params(**{name.removeprefix("estimator__"): value})
            else:
                setattr(self, checks.choice("parameter", name, own), value)
        return self

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params(deep=False).items())
        return f"{type(self).__name__}({arguments})"


class GridSearchCV(SearchCV):
    """All combinations of a parameter grid, each scored by cross-validation.

    ``param_grid`` is a dict from names to lists (or to Float, Int, Categorical), or a list of such dicts, tried one
    after the other. As in scikit-learn the names are taken in alphabetical order, and the last one varies fastest.
    """

    def __init__(
        self, estimator: Any, param_grid: Any, cv: Any = 5, scoring: Any = None, n_jobs: int = 1, refit: bool = True,
        verbose: int = 1,
    ) -> None:
        self.estimator = estimator
        self.param_grid = param_grid
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.verbose = verbose

    def _new_study(self) -> Study:
        grids = self.param_grid if isinstance(self.param_grid, (list, tuple)) else [self.param_grid]
        spaces = [Space(_sorted("param_grid", grid)) for grid in grids]
        self._union: list[dict[str, Any]] | None = None
        if len(spaces) == 1:
            return Study(spaces[0], GridSearch(), direction="maximize")
        self._union = [params for space in spaces for params in GridSearch().points(space)]
        return Study({"setting": range(len(self._union))}, GridSearch(), direction="maximize")

    def _setting(self, params: dict[str, Any]) -> dict[str, Any]:
        return params if self._union is None else dict(self._union[params["setting"]])


class RandomizedSearchCV(SearchCV):
    """``n_iter`` random settings of a space, each scored by cross-validation; all of a finite space at most."""

    def __init__(
        self, estimator: Any, space: Any, n_iter: int = 10, cv: Any = 5, random_state: int = 0, scoring: Any = None,
        n_jobs: int = 1, refit: bool = True, verbose: int = 1,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_iter = n_iter
        self.cv = cv
        self.random_state = random_state
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.verbose = verbose

    def _searcher(self) -> Searcher:
        return RandomSearch()

    def _new_study(self) -> Study:
        return Study(self.space, self._searcher(), direction="maximize", seed=self.random_state)

    def _n_trials(self) -> int | None:
        return checks.integer("n_iter", self.n_iter, low=1)


def results_table(settings: list[dict[str, Any]], table: list[list[FoldScore]]) -> dict[str, Any]:
    """cv_results_ in scikit-learn's form: one row for each setting, in the order of the trials."""
    scores = np.array([[outcome.score for outcome in row] for row in table])
    results: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        times = np.array([[getattr(outcome, name) for outcome in row] for row in table])
        results[f"mean_{name}"], results[f"std_{name}"] = times.mean(axis=1), times.std(axis=1)
    results |= dict(_parameter_columns(settings))
    results["params"] = settings
    results |= {f"split{k}_test_score": scores[:, k] for k in range(scores.shape[1])}
    results["mean_test_score"], results["std_test_score"] = scores.mean(axis=1), scores.std(axis=1)
    results["rank_test_score"] = ranks(results["mean_test_score"])
    return results


def ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each score, 1 for the largest, equal ones with the same rank, NaN last.

    >>> ranks(np.array([0.5, 0.9, np.nan, 0.9])).tolist()
    [3, 1, 4, 1]
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    return np.array([1 + int((known > score).sum()) for score in known], dtype=np.int32)


def _parameter_columns(settings: list[dict[str, Any]]) -> Iterator[tuple[str, np.ma.MaskedArray]]:
    """param_NAME as masked arrays, masked where a setting lacks the parameter."""
    names = dict.fromkeys(name for setting in settings for name in setting)
    for name in names:
        values = [setting.get(name) for setting in settings]
        missing = [name not in setting for setting in settings]
        column = np.ma.MaskedArray(np.empty(len(settings), dtype=_column_type(values)), mask=missing)
        for k, value in enumerate(values):
            if not missing[k]:
                column[k] = value
        yield f"param_{name}", column


def _column_type(values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 and kinds <= {int, float, bool} and None not in values else object


def _sorted(name: str, grid: Any) -> dict[str, Any]:
    if not isinstance(grid, Mapping):
        raise TypeError(f"{name} is {grid!r}; it must be a dict from names to lists of values, or a list of such dicts")
    return dict(sorted(grid.items()))
