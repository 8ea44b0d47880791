"""A cross-validated search is a study whose trials are configurations, and whose values are mean scores over folds.

The classes have scikit-learn's protocol: its names, arguments and results, for our networks, for functions that make
them, and for any estimator of that protocol. Fits run in threads that share the data.

Implements sections 5 and 8.3 of the document.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks, interruption, protocol
from scratchtune.core.evaluation import cross_validation, models
from scratchtune.core.evaluation.cross_validation import NAN, FoldScore, Scoring, score_names, score_table
from scratchtune.core.evaluation.parallel import number_of_workers
from scratchtune.core.evaluation.rows import generator
from scratchtune.core.evaluation.scoring import SeveralScorers, called, resolve_scoring
from scratchtune.core.evaluation.splits import Split
from scratchtune.core.search import Exhausted, GridSearch, Searcher, Space
from scratchtune.core.search.grid import trainings
from scratchtune.core.search.searcher import TRIALS
from scratchtune.core.study.errors import NotReady
from scratchtune.core.study.fold_run import run_folds, timed
from scratchtune.core.study.progress import Progress
from scratchtune.core.study.requests import copied_params
from scratchtune.core.study.study import Study
from scratchtune.core.study.trial import Trial

OF_THE_ESTIMATOR = (
    "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform", "inverse_transform",
    "classes_", "n_features_in_", "feature_names_in_")
ROWS = "n_samples"  # the resource that is no parameter


def keep_arguments(search: Any, arguments: Mapping[str, Any]) -> None:
    """Store the constructor's ``locals()`` unchanged, as scikit-learn's protocol requires."""
    vars(search).update({name: value for name, value in arguments.items() if name != "self"})


class SearchCV(protocol.Parameters):
    """Configurations that any searcher proposes, each scored by cross-validation.

    - ``space``: a dict from names to lists, Float, Int or Categorical; ``searcher``: a name ("grid", "random",
      "bayesian", "genetic", ..) or a `Searcher`, such as ``BayesianSearch(model="tpe")``; ``n_iter``: how many
      configurations, None for the searcher's whole schedule if it has one, else 50;
    - ``cv``: a number of folds, an object with ``split``, or a list of (train, test); ``scoring``: see
      `resolve_scoring`, several at once too; ``n_jobs``: threads, -1 for one on each processor;
    - ``random_state``: a seed, a generator that gives one, or None for a new one in every `fit` (``study_.seed``);
    - ``resource``: what the budgets of `Hyperband` and `SuccessiveHalving` are: a parameter such as "epochs", or
      "n_samples", the number of training rows in each fold. The best configuration is one of the largest budget;
    - ``refit``: True fits the best configuration on all rows, False none; with several scores it is the name of the
      one that decides, or False. A function from cv_results_ to an index selects any other;
    - ``return_train_score`` adds the training scores; a fit that fails has ``error_score``, "raise" raises its error.

    After `fit`: ``best_params_``, ``best_score_``, ``best_index_``, ``cv_results_``, ``n_splits_``, ``scorer_``,
    ``multimetric_``, the study as ``study_`` (after Ctrl-C too), with ``refit`` ``best_estimator_``, ``refit_time_``.
    """

    def __init__(
        self, estimator: Any, space: Any, searcher: str | Searcher = "bayesian", n_iter: int | None = None, cv: Any = 5,
        random_state: Any = 0, scoring: Any = None, n_jobs: int | None = 1, refit: Any = True, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN, resource: str | None = None,
    ) -> None:
        keep_arguments(self, locals())

    def _new_study(self) -> Study:
        return Study(self._space_searched(), self.searcher, direction="maximize", seed=self._seed)

    def _space_searched(self) -> Any:
        return self.space

    def _configuration(self, trial: Trial) -> dict[str, Any]:
        """The estimator's arguments in a trial."""
        if self.resource in (None, ROWS):
            return trial.params
        return {**trial.params, self.resource: trial.budget}

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score every configuration on every fold, and fit the best one on all rows.

        ``groups`` are passed to the splitter, ``fit_params`` to fit; a sample_weight is used in the scores too.
        """
        models.check_model(self.estimator)
        if models.is_network(self.estimator):
            protocol.refuse_sparse(X)
            X, y = checks.matrix("X", X), checks.targets("y", y)
            self.estimator.check_data(X, y)
            for name in fit_params:
                checks.choice("argument of fit", name, list(inspect.signature(self.estimator.fit).parameters)[2:])
        self.scorer_ = resolve_scoring(self.scoring)
        on_error, threads = cross_validation.checked_error_score(self.error_score), number_of_workers(self.n_jobs)
        checks.boolean("return_train_score", self.return_train_score)
        is_seed = isinstance(self.random_state, (int, np.integer))
        self._seed = self.random_state if is_seed else int(generator(self.random_state).randint(2**31))
        known = self._known_configurations()
        self._selector = self._checked_selector()
        for params in () if models.is_function(self.estimator) else known:
            models.fresh(self.estimator, params)  # a wrong name is an error before any work
        splits = cross_validation.folds_for(self.cv, self.estimator, X, y, groups, known[0] if known else {})
        self._check_rows(splits)
        self.study_ = self._new_study()
        with interruption.reachable(self.study_, None, bool(self.verbose)):
            self._record(self._search(X, y, splits, fit_params, on_error, threads))
            if self.refit:
                begun = time.perf_counter()
                self.best_estimator_ = models.train(self.estimator, self.best_params_, X, y, fit_params)
                self.refit_time_ = time.perf_counter() - begun
        return self

    def _search(
        self, X: Any, y: Any, splits: list[Split], fit_params: Mapping[str, Any], on_error: float | None, threads: int,
    ) -> list[list[FoldScore]]:
        """Evaluate all trials; return the results of the folds of each."""
        def one(trial: Trial, fold: int) -> FoldScore:
            return cross_validation.raise_at_once(cross_validation.fit_and_score(
                self.estimator, self._configuration(trial), X, y, self._split(splits[fold], trial), fit_params,
                Scoring(self.scorer_, self.return_train_score, weigh=True)), on_error)

        n_trials = most = self._number_of_trials(self.study_)
        if self.resource is None and self.study_.space.size:
            most = min(n_trials, self.study_.space.size)  # no point of a finite space is tried twice
        fits = trainings(most, len(splits))
        headline = f"{fits // len(splits)} configurations x {len(splits)} folds = {fits} fits"
        progress = Progress(fits, "fit", threads, bool(self.verbose), headline)
        try:
            scores = run_folds(
                self.study_, timed(one, progress.done), len(splits), lambda folds: self._value(folds, on_error),
                n_trials, threads)
        finally:
            progress.close()
        table = list(scores.values())
        cross_validation.report_failures([outcome for row in table for outcome in row], on_error)
        return table

    def _number_of_trials(self, study: Study) -> int:
        """``n_iter``; without it the whole schedule of the searcher, if it has one, else 50."""
        if self.n_iter is not None:
            return checks.integer("n_iter", self.n_iter, low=1)
        return study.searcher.total(study.space) or TRIALS

    def _split(self, split: Split, trial: Trial) -> Split:
        """The split of a trial: of the training rows as many as its budget, drawn at random, if that is in rows."""
        if self.resource != ROWS:
            return split
        train, test = split
        return generator(self._seed).permutation(train)[: trial.budget], test

    def _check_rows(self, splits: list[Split]) -> None:
        most, fewest = getattr(self.searcher, "max_budget", 0), min(len(train) for train, _ in splits)
        if self.resource == ROWS and most > fewest:
            raise ValueError(f"the searcher's max_budget is {most:,} rows and a fold has {fewest:,} training rows; "
                             "lower max_budget to that")

    def _value(self, folds: list[FoldScore], on_error: float | None) -> float | Exception:
        """The mean over the folds of the score that decides, or the error of a fold."""
        metric = self._metric(folds)
        errors = [outcome.error for outcome in folds if outcome.error is not None]
        if errors and (on_error is None or np.isnan(on_error)):
            return errors[0]
        return float(np.mean([outcome.scores.get(metric, on_error) for outcome in folds]))

    def _metric(self, outcomes: list[FoldScore]) -> str:
        """The score that decides: the one that refit names, else the first."""
        names = score_names(outcomes)
        return self.refit if isinstance(self.refit, str) and self.refit in names else names[0]

    def _record(self, table: list[list[FoldScore]]) -> None:
        """Fill cv_results_ and the best_ attributes from the scores of each trial."""
        configurations = [self._configuration(trial) for trial in self.study_.trials]
        outcomes = [outcome for row in table for outcome in row]
        self.n_splits_ = len(table[0])
        self.cv_results_ = results_table(configurations, table, self.return_train_score)
        self.multimetric_ = score_names(outcomes) != ["score"]
        if self.multimetric_:
            self._check_refit_names_one(score_names(outcomes))  # known only now if `scoring` is a function
        if not self.refit and self.multimetric_:
            return  # nothing says which score decides, as in scikit-learn; a single score decides without refit too
        metric = self._metric(outcomes)
        means = self.cv_results_[f"mean_test_{metric}"]
        if np.isnan(means).all():
            raise ValueError(
                f"the {metric} of every configuration is NaN, so none is the best; take another scoring or other folds")
        best = self._selector or (lambda results: self._best_of_largest_budget(results[f"rank_test_{metric}"]))
        self.best_index_ = checks.integer("what refit returned", best(self.cv_results_), 0, len(configurations) - 1)
        self.best_params_ = configurations[self.best_index_]
        self.best_score_ = float(means[self.best_index_])

    def _best_of_largest_budget(self, ranks: np.ndarray) -> int:
        """The index of the best rank; of a searcher with budgets, among the configurations with the largest one."""
        budgets = [trial.budget or 0 for trial in self.study_.trials]
        largest = np.flatnonzero(np.equal(budgets, max(budgets)))
        return int(largest[ranks[largest].argmin()])

    def _known_configurations(self) -> list[dict[str, Any]]:
        """The configurations that depend on no score, for checks before any work: a second study proposes them."""
        preview = self._new_study()
        known: list[dict[str, Any]] = []
        limit = self._number_of_trials(preview)
        try:
            while len(known) < limit:
                trial = preview.ask()
                self._check_resource(trial)
                known.append(self._configuration(trial))
        except (Exhausted, NotReady):
            pass
        return known

    def _check_resource(self, trial: Trial) -> None:
        """Raise unless there is a resource exactly if the searcher gives budgets, and it is not searched too."""
        if (self.resource is None) != (trial.budget is None):
            raise ValueError(
                f"resource is {self.resource!r} and the searcher is {self.searcher!r}; Hyperband and SuccessiveHalving "
                f"need a resource, 'epochs' or another parameter, or {ROWS!r}, and other searchers take none")
        if self.resource in trial.params:
            raise ValueError(f"resource is {self.resource!r}, which is searched too; take it out of the space")

    def _checked_selector(self) -> Any:
        """Check ``refit``; return the function that selects a configuration, None for the best one.

        How many scores a function ``scoring`` returns is known only after its first call.
        """
        several = list(self.scorer_.scorers) if isinstance(self.scorer_, SeveralScorers) else None
        if several is not None:
            self._check_refit_names_one(several)
        if several is None and not callable(self.scoring) and not callable(self.refit):
            checks.choice("refit", self.refit, [True, False, self.scoring or "score"])
        return self.refit if callable(self.refit) else None

    def _check_refit_names_one(self, names: list[str]) -> None:
        """With several scores, raise unless ``refit`` names the one that decides, is a function or is False."""
        if self.refit and not callable(self.refit) and self.refit not in names:
            raise ValueError(
                f"refit is {self.refit!r} and there are several scores; it must be False, a function, or the name of "
                f"the one that decides: {', '.join(map(repr, names))}")

    def _best(self) -> Any:
        if "best_estimator_" in self.__dict__:
            return self.best_estimator_
        if "cv_results_" in self.__dict__:
            raise AttributeError(f"this {type(self).__name__} has no best estimator: it was made with refit=False")
        raise protocol.not_fitted(self)

    def predict(self, X: Any) -> Any:
        """What the best estimator predicts."""
        return self._best().predict(X)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the best estimator's score, by the ``scoring`` of the search; of several by the one that decides."""
        score = called(resolve_scoring(self.scoring), self._best(), X, y)
        if not isinstance(score, Mapping):
            return float(score)
        return float(score[checks.choice("refit", self.refit, score)])

    def __getattr__(self, name: str) -> Any:
        """What only some estimators have: that of the best one, or before `fit` of the given one."""
        if name in OF_THE_ESTIMATOR:
            return getattr(self._best() if "cv_results_" in self.__dict__ else self.__dict__.get("estimator"), name)
        if name == "_estimator_type":
            return getattr(self.__dict__.get("estimator"), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of the estimator."""
        if hasattr(self.estimator, "__sklearn_tags__"):
            return self.estimator.__sklearn_tags__()
        loss = str(getattr(getattr(self.estimator, "loss", None), "name", ""))
        return protocol.tags("classifier" if "crossentropy" in loss else "regressor")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, with ``deep`` the estimator's own too, as estimator__NAME."""
        params = super().get_params()
        if deep and hasattr(self.estimator, "get_params"):
            params |= {f"estimator__{name}": value for name, value in self.estimator.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Any:
        """Change arguments by name; estimator__NAME changes the estimator's."""
        for name in [name for name in params if name.startswith("estimator__")]:
            self.estimator.set_params(**{name.removeprefix("estimator__"): params.pop(name)})
        return super().set_params(**params)


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

    searcher, random_state = "grid", 0
    n_iter = resource = None

    def _space_searched(self) -> Any:
        return self._space or {"configuration": range(len(self._points))}

    def _known_configurations(self) -> list[dict[str, Any]]:
        # Several grids are one study, of the positions of their points in a list of all of them.
        self._space, self._points = _grid_points(self.param_grid)
        return [copied_params(params) for params in self._points]

    def _configuration(self, trial: Trial) -> dict[str, Any]:
        return trial.params if self._space is not None else dict(self._points[trial.params["configuration"]])


class RandomizedSearchCV(SearchCV):
    """``n_iter`` random configurations of a space, each scored by cross-validation; at most all of a finite space.

    ``param_distributions`` is scikit-learn's name of ``space``. For the other arguments see `SearchCV`.
    """

    def __init__(
        self, estimator: Any, space: Any = None, n_iter: int = 10, cv: Any = 5, random_state: Any = 0,
        scoring: Any = None, n_jobs: int | None = 1, refit: Any = True, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN, param_distributions: Any = None,
    ) -> None:
        keep_arguments(self, locals())

    searcher, resource = "random", None

    def _space_searched(self) -> Any:
        given = [space for space in (self.space, self.param_distributions) if space is not None]
        if len(given) != 1:
            raise TypeError("space must be given, or param_distributions, which is another name of it; not both")
        return given[0]


def _grid_points(param_grid: Any) -> tuple[Space | None, Sequence[dict[str, Any]]]:
    """The points of one or several grids, in order, and the space where there is one grid that is not empty."""
    grids = param_grid if isinstance(param_grid, (list, tuple)) else [param_grid]
    spaces = [Space(grid) if grid else None for grid in map(_sorted, grids)]
    if not spaces:
        raise ValueError("param_grid is an empty list; it must hold at least one dict")
    points = [[{}] if space is None else GridSearch().points(space) for space in spaces]
    return (spaces[0], points[0]) if len(points) == 1 else (None, [params for grid in points for params in grid])


def _sorted(grid: Any) -> dict[str, Any]:
    """A grid in alphabetical order; a tuple of numbers is a list of values, as in scikit-learn, and not a range."""
    if not isinstance(grid, Mapping):
        raise TypeError(f"param_grid is {grid!r}; it must be a dict from names to lists of values, or a list of such "
                        "dicts")
    return {name: list(given) if isinstance(given, tuple) and all(isinstance(value, (int, float, np.number))
                                                                  for value in given) else given
            for name, given in sorted(grid.items())}


def results_table(
    configurations: list[dict[str, Any]], table: list[list[FoldScore]], train_scores: bool = False,
) -> dict[str, Any]:
    """The columns of ``cv_results_``, a row for each configuration, from the results of its folds in ``table``."""
    folds = len(table[0])
    outcomes = [outcome for row in table for outcome in row]
    results: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        times = np.array([getattr(outcome, name) for outcome in outcomes]).reshape(-1, folds)
        results[f"mean_{name}"], results[f"std_{name}"] = times.mean(axis=1), times.std(axis=1)
    results |= dict(_parameter_columns(configurations))
    results["params"] = configurations
    for name in score_names(outcomes):
        results |= _score_columns(f"test_{name}", score_table(outcomes, name).reshape(-1, folds))
        results[f"rank_test_{name}"] = ranks(results[f"mean_test_{name}"])
        if train_scores:
            results |= _score_columns(f"train_{name}", score_table(outcomes, name, "train").reshape(-1, folds))
    return results


def ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each score, 1 for the largest, equal ones with the same rank, NaN last."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    return np.array([1 + int((known > score).sum()) for score in known], dtype=np.int32)


def _score_columns(name: str, scores: np.ndarray) -> dict[str, np.ndarray]:
    columns = {f"split{k}_{name}": scores[:, k] for k in range(scores.shape[1])}
    return columns | {f"mean_{name}": scores.mean(axis=1), f"std_{name}": scores.std(axis=1)}


def _parameter_columns(configurations: list[dict[str, Any]]) -> Iterator[tuple[str, np.ma.MaskedArray]]:
    """param_NAME as masked arrays, masked where a configuration lacks the parameter."""
    names = dict.fromkeys(name for params in configurations for name in params)
    for name in names:
        rows = [k for k, params in enumerate(configurations) if name in params]
        values = [configurations[k][name] for k in rows]
        column = np.ma.MaskedArray(np.empty(len(configurations), dtype=_column_type(values)), mask=True)
        for k, value in zip(rows, values, strict=True):
            column[k] = value
        yield f"param_{name}", column


def _column_type(values: list[Any]) -> Any:
    """The type of a column: NumPy's own choice if all values are numbers, else object."""
    kinds = {type(value) for value in values}
    return np.array(values).dtype if all(issubclass(kind, (bool, int, float, np.number)) for kind in kinds) else object
