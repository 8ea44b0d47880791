"""A cross-validated search is a study whose trials are configurations, and whose values are mean scores over folds.

The classes have scikit-learn's protocol: its names, arguments and results, for our networks, for functions that make
them, and for any estimator of that protocol. Fits run in threads that share the data.

Implements sections 5 and 8.3 of the document.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks, interruption, protocol
from scratchtune.evaluation import cross_validation, models
from scratchtune.evaluation.cross_validation import NAN, FoldScore, Scoring, score_names, score_table
from scratchtune.evaluation.parallel import number_of_workers
from scratchtune.evaluation.rows import generator, number_of_rows
from scratchtune.evaluation.scoring import SeveralScorers, called, resolve_scoring
from scratchtune.evaluation.selection import OneStandardError
from scratchtune.evaluation.splits import Split
from scratchtune.search import BayesianSearch, Exhausted, GeneticSearch, GridSearch, RandomSearch, Searcher, Space
from scratchtune.search.grid import trainings
from scratchtune.search.schedule import s_max
from scratchtune.study.errors import NotReady
from scratchtune.study.fold_run import run_folds, timed
from scratchtune.study.progress import Progress
from scratchtune.study.requests import copied_params
from scratchtune.study.study import Study
from scratchtune.study.trial import Trial

OF_THE_ESTIMATOR = (
    "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform", "inverse_transform",
    "classes_", "n_features_in_", "feature_names_in_")
ROWS = "n_samples"  # the resource of a halving search that is no parameter


def keep_arguments(search: Any, arguments: Mapping[str, Any]) -> None:
    """Store the constructor's ``locals()`` unchanged, as scikit-learn's protocol requires."""
    vars(search).update({name: value for name, value in arguments.items() if name != "self"})


class SearchCV(protocol.Parameters):
    """What the search classes share. A subclass defines the study that proposes configurations, and how many.

    Their common arguments, apart from the estimator and the space:

    - ``cv``: a number of folds, an object with ``split``, or a list of (train, test); ``scoring``: see
      `resolve_scoring`, several at once too; ``n_jobs``: threads, -1 for one on each processor;
    - ``refit``: True fits the best configuration on all rows, False none; with several scores it is the name of the
      one that decides, or False. "one_se" selects, instead of the best, the simplest configuration within one standard
      error of it, as does `OneStandardError`. A function from cv_results_ to an index selects any other;
    - ``return_train_score`` adds the training scores; a fit that fails has ``error_score``, "raise" raises its error.

    After `fit`: ``best_params_``, ``best_score_``, ``best_index_``, ``cv_results_``, ``n_splits_``, ``scorer_``,
    ``multimetric_``, the study as ``study_`` (after Ctrl-C too), with ``refit`` ``best_estimator_``, ``refit_time_``.
    """

    random_state: Any = 0
    n_iter: int | None = None

    def _new_study(self, *data: Any) -> Study:
        """The study; ``data``, which a preview lacks, are X, y and the splits into folds."""
        raise NotImplementedError

    def _configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        """The estimator's arguments from a trial's params, which may be an index of them."""
        return params

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
        self._selector = self._checked_selector(known)
        for params in () if models.is_function(self.estimator) else known:
            models.fresh(self.estimator, params)  # a wrong name is an error before any work
        splits = cross_validation.folds_for(self.cv, self.estimator, X, y, groups, known[0] if known else {})
        self.study_ = self._new_study(X, y, splits)
        with interruption.reachable(self.study_, None, bool(self.verbose)):
            self._record(self._search(X, y, splits, fit_params, on_error, threads, self.n_iter or len(known)))
            if self.refit:
                begun = time.perf_counter()
                self.best_estimator_ = models.train(self.estimator, self.best_params_, X, y, fit_params)
                self.refit_time_ = time.perf_counter() - begun
        return self

    def _search(
        self, X: Any, y: Any, splits: list[Split], fit_params: Mapping[str, Any], on_error: float | None, threads: int,
        n_trials: int,
    ) -> list[list[FoldScore]]:
        """Evaluate trials until the study has ``n_trials``; return the results of the folds of each."""
        def one(trial: Trial, fold: int) -> FoldScore:
            return cross_validation.raise_at_once(cross_validation.fit_and_score(
                self.estimator, self._configuration(trial.params), X, y, splits[fold], fit_params,
                Scoring(self.scorer_, self.return_train_score, weigh=True)), on_error)

        most = min(n_trials, self.study_.space.size or n_trials)  # no point of a finite space is tried twice
        fits = trainings(most - len(self.study_.trials), len(splits))
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
        wanted = self.refit if isinstance(self.refit, str) else getattr(self._selector, "metric", None)
        return wanted if wanted in names else names[0]

    def _record(self, table: list[list[FoldScore]]) -> None:
        """Fill cv_results_ and the best_ attributes from the scores of each trial."""
        configurations = [self._configuration(trial.params) for trial in self.study_.trials]
        outcomes = [outcome for row in table for outcome in row]
        self.n_splits_ = len(table[0])
        self.cv_results_ = results_table(configurations, table, self.return_train_score)
        self.multimetric_ = score_names(outcomes) != ["score"]
        if self.multimetric_:
            self._check_refit_names_one(score_names(outcomes))
        if not self.refit and self.multimetric_:
            return
        metric = self._metric(outcomes)
        means = self.cv_results_[f"mean_test_{metric}"]
        if np.isnan(means).all():
            raise ValueError(
                f"the {metric} of every configuration is NaN, so none is the best; take another scoring or other folds")
        best = self._selector or (lambda results: int(results[f"rank_test_{metric}"].argmin()))
        self.best_index_ = checks.integer("what refit returned", best(self.cv_results_), 0, len(configurations) - 1)
        self.best_params_ = configurations[self.best_index_]
        self.best_score_ = float(means[self.best_index_])

    def _known_configurations(self) -> list[dict[str, Any]]:
        """The configurations that depend on no score, for checks before any work: a second study proposes them."""
        preview = self._new_study()
        known: list[dict[str, Any]] = []
        limit = checks.integer("n_iter", self.n_iter, low=1)
        try:
            while len(known) < limit:
                known.append(self._configuration(preview.ask().params))
        except (Exhausted, NotReady):
            pass
        return known

    def _checked_selector(self, known: list[dict[str, Any]]) -> Any:
        """Check ``refit``; return the function that selects a configuration, None for the best one.

        How many scores a function ``scoring`` returns is known only after its first call.
        """
        several = list(self.scorer_.scorers) if isinstance(self.scorer_, SeveralScorers) else None
        if several is not None:
            self._check_refit_names_one(several)
        selector = OneStandardError() if self.refit == "one_se" else self.refit
        if isinstance(selector, OneStandardError):
            names = [name for params in known for name in params]
            selector.check(dict.fromkeys(names))  # each once, in order
        if several is None and not callable(self.scoring) and not callable(selector):
            checks.choice("refit", self.refit, [True, False, "one_se", self.scoring or "score"])
        return selector if callable(selector) else None

    def _check_refit_names_one(self, names: list[str]) -> None:
        """With several scores, raise unless ``refit`` names the one that decides, is a function or is False."""
        if not self.refit or (callable(self.refit) and not isinstance(self.refit, OneStandardError)):
            return
        wanted = self.refit.metric if isinstance(self.refit, OneStandardError) else self.refit
        if wanted is True or wanted not in names:
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
        metric = self.refit if isinstance(self.refit, str) else getattr(self.refit, "metric", None)
        return float(score[checks.choice("refit", metric, score)])

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

    def _new_study(self, *data: Any) -> Study:
        space = self._space or {"configuration": range(len(self._points))}
        return Study(space, GridSearch(), direction="maximize")

    def _known_configurations(self) -> list[dict[str, Any]]:
        # Several grids are one study, of the positions of their points in a list of all of them.
        self._space, self._points = _grid_points(self.param_grid)
        return [copied_params(params) for params in self._points]

    def _configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        return params if self._space is not None else dict(self._points[params["configuration"]])


class RandomizedSearchCV(SearchCV):
    """``n_iter`` random configurations of a space, each scored by cross-validation; at most all of a finite space.

    ``random_state`` is a seed, a generator that gives one, or None for a new one in every `fit` (it is then
    ``study_.seed``). ``param_distributions`` is scikit-learn's name of ``space``. For the others see `SearchCV`.
    """

    def __init__(
        self, estimator: Any, space: Any = None, n_iter: int = 10, cv: Any = 5, random_state: Any = 0,
        scoring: Any = None, n_jobs: int | None = 1, refit: Any = True, verbose: int = 1,
        return_train_score: bool = False, error_score: float | str = NAN, param_distributions: Any = None,
    ) -> None:
        keep_arguments(self, locals())

    def _searcher(self) -> Searcher:
        return RandomSearch()

    def _new_study(self, *data: Any) -> Study:
        given = [space for space in (self.space, getattr(self, "param_distributions", None)) if space is not None]
        if len(given) != 1:
            raise TypeError("space must be given, or param_distributions, which is another name of it; not both")
        return Study(given[0], self._searcher(), direction="maximize", seed=self._seed)


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


class HalvingGridSearchCV(GridSearchCV):
    """Successive halving of all points of a grid, with scikit-learn's arguments; the others are those of `SearchCV`.

    The first rung evaluates all candidates with ``min_resources``, each next one the best ⌈n / factor⌉ of n with
    ``factor`` times as much, up to ``max_resources``; the best of the last is the best. The ``resource`` is the number
    of rows, "n_samples", or a parameter such as "epochs". ``min_resources`` is a number, "smallest" (two rows of each
    class in each fold, or 1 of a parameter), or "exhaust": as many as make the last rung use ``max_resources``. A
    number of rows must leave one in each part of each fold.
    """

    def __init__(
        self, estimator: Any, param_grid: Any, *, factor: int = 3, resource: str = ROWS, max_resources: Any = "auto",
        min_resources: Any = "exhaust", cv: Any = 5, scoring: Any = None, refit: bool = True, random_state: Any = 0,
        n_jobs: int | None = 1, verbose: int = 1, return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _candidates(self, count: int | None = None) -> list[dict[str, Any]]:
        return list(_grid_points(self.param_grid)[1])

    def _known_configurations(self) -> list[dict[str, Any]]:
        self._space, self._points = None, []  # of all rungs, in one study of their positions
        return [params if self.resource == ROWS else {**params, self.resource: 1} for params in self._candidates(1)]

    def _checked_selector(self, known: list[dict[str, Any]]) -> Any:
        checks.boolean("refit", self.refit)
        if isinstance(self.scorer_, SeveralScorers):
            raise ValueError(f"scoring is {self.scoring!r}; a halving search ranks by one score, give its name")
        return self._best_of_last_rung

    def _best_of_last_rung(self, results: Mapping[str, Any]) -> int:
        ranks, last = results["rank_test_score"], self.n_candidates_[-1]
        return len(ranks) - last + int(ranks[-last:].argmin())

    def _new_study(self, *data: Any) -> Study:
        """Set the candidates, and the sizes and resources of the rungs, as scikit-learn does."""
        X, y, splits = data
        self._rows, least, most = number_of_rows(X), self.min_resources, self.max_resources
        if most == "auto" and self.resource != ROWS:
            raise ValueError(f"max_resources is 'auto' and resource is {self.resource!r}; give the largest value of it")
        if least in ("smallest", "exhaust"):
            example = models.example_of(self.estimator, self._candidates(1)[0])
            has_classes = y is not None and models.is_classification(example, y)
            least = 2 * len(splits) * (len(np.unique(y)) if has_classes else 1) if self.resource == ROWS else 1
        fewest = self._fewest(splits) if self.resource == ROWS else 1
        self.max_resources_ = checks.integer("max_resources", self._rows if most == "auto" else most, low=fewest)
        if least != self.min_resources and least > self.max_resources_:
            raise ValueError(f"max_resources is {self.max_resources_} and min_resources is {self.min_resources!r}, "
                             f"here {least}; raise max_resources to that, or give min_resources a number")
        self.min_resources_ = checks.integer("min_resources", least, low=fewest, high=self.max_resources_)
        self._first = self._candidates()
        if any(self.resource in params for params in self._first):
            raise ValueError(f"resource is {self.resource!r}, which is searched too; take it out of the parameters")
        powers = [checks.integer("factor", self.factor, low=2) ** k for k in range(1, 64)]
        last = s_max(len(self._first), 1, powers)
        if self.min_resources == "exhaust":
            self.min_resources_ = max(self.min_resources_, self.max_resources_ // self.factor**last)
        self.n_iterations_ = 1 + min(last, s_max(self.max_resources_, self.min_resources_, powers))
        self.n_candidates_ = [-(-len(self._first) // self.factor**rung) for rung in range(self.n_iterations_)]
        self.n_resources_ = [self.factor**rung * self.min_resources_ for rung in range(self.n_iterations_)]
        return Study({"configuration": range(sum(self.n_candidates_))}, GridSearch(), "maximize", self._seed)

    def _search(
        self, X: Any, y: Any, splits: list[Split], fit_params: Mapping[str, Any], on_error: float | None, threads: int,
        n_trials: int,
    ) -> list[list[FoldScore]]:
        table, candidates, folds = list[list[FoldScore]](), self._first, splits
        for size, resources in zip(self.n_candidates_, self.n_resources_, strict=True):
            if table:
                scores = [-math.inf if trial.value is None else trial.value
                          for trial in self.study_.trials[-len(candidates) :]]
                candidates = [candidates[k] for k in np.argsort(scores, kind="stable")[-size:]]
            if self.resource == ROWS:
                folds = [(self._share(train, resources), self._share(test, resources)) for train, test in splits]
            else:
                candidates = [{**params, self.resource: resources} for params in candidates]
            self._points = [*self._points, *candidates]
            table += super()._search(X, y, folds, fit_params, on_error, threads, len(self._points))
        return table

    def _share(self, rows: np.ndarray, resources: int) -> np.ndarray:
        """The rows that a rung uses of a fold, drawn as scikit-learn does."""
        order = generator(self._seed).permutation(len(rows))
        return np.asarray(rows)[order[: int(resources / self._rows * len(rows))]]

    def _fewest(self, splits: list[Split]) -> int:
        """The fewest resources of which no part of a fold gets none."""
        smallest = min((part for split in splits for part in split), key=len)
        return next(number for number in range(1, self._rows + 1) if len(self._share(smallest, number)))

    def _record(self, table: list[list[FoldScore]]) -> None:
        super()._record(table)
        self.cv_results_ |= {"iter": np.repeat(range(self.n_iterations_), self.n_candidates_),
                             "n_resources": np.repeat(self.n_resources_, self.n_candidates_)}


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

    def _candidates(self, count: int | None = None) -> list[dict[str, Any]]:
        if self.n_candidates == self.min_resources == "exhaust":
            raise ValueError("n_candidates and min_resources are both 'exhaust'; give a number for one of them")
        if count is None:
            count = self.max_resources_ // self.min_resources_ if self.n_candidates == "exhaust" else self.n_candidates
        study = Study(self.param_distributions, RandomSearch(), seed=self._seed)
        most = checks.integer("n_candidates", count, low=1)
        return [study.ask().params for _ in range(min(most, study.space.size or most))]


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
