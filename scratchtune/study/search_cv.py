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

from scratchtune import checks, interruption, protocol
from scratchtune.evaluation import cross_validation
from scratchtune.evaluation.cross_validation import NAN, FoldScore, Scoring, score_names, score_table
from scratchtune.evaluation.models import (
    check_model,
    example_of,
    fresh,
    is_classification,
    is_function,
    is_network,
    train,
)
from scratchtune.evaluation.parallel import number_of_workers
from scratchtune.evaluation.rows import generator, number_of_rows, take_rows
from scratchtune.evaluation.scoring import SeveralScorers, called, resolve_scoring
from scratchtune.evaluation.selection import OneStandardError
from scratchtune.evaluation.splits import Split
from scratchtune.search import BayesianSearch, Exhausted, GeneticSearch, GridSearch, RandomSearch, Searcher, Space
from scratchtune.search.grid import trainings
from scratchtune.search.schedule import s_max
from scratchtune.study.core import NotReady
from scratchtune.study.fold_run import run_folds, timed
from scratchtune.study.progress import Progress
from scratchtune.study.study import Study
from scratchtune.study.trial import Trial, copied_params

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

    estimator: Any
    cv: Any
    scoring: Any
    n_jobs: int | None
    refit: Any
    verbose: int
    return_train_score: bool
    error_score: float | str

    def _new_study(self) -> Study:
        raise NotImplementedError

    def _n_trials(self) -> int | None:
        return None

    def _configuration(self, params: dict[str, Any]) -> dict[str, Any]:
        """The estimator's arguments from a trial's params, which may be an index of them."""
        return params

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score every configuration on every fold, and fit the best one on all rows.

        ``groups`` are passed to the splitter, ``fit_params`` to fit; a sample_weight is used in the scores too.
        """
        check_model(self.estimator)
        if is_network(self.estimator):
            protocol.refuse_sparse(X)
            X, y = checks.matrix("X", X), checks.targets("y", y)
            self.estimator.check_data(X, y)
            for name in fit_params:
                checks.choice("argument of fit", name, list(inspect.signature(self.estimator.fit).parameters)[2:])
        self.scorer_ = resolve_scoring(self.scoring)
        on_error, threads = cross_validation.checked_error_score(self.error_score), number_of_workers(self.n_jobs)
        checks.boolean("return_train_score", self.return_train_score)
        known = self._known_configurations()
        self._selector = self._checked_selector(known)
        for params in known if not is_function(self.estimator) else ():  # a wrong name is an error before any work
            fresh(self.estimator, params)
        splits = cross_validation.folds_for(self.cv, self.estimator, X, y, groups, known[0] if known else {})
        self.study_ = self._new_study()
        with interruption.reachable(self.study_, None, bool(self.verbose)):
            self._search(X, y, splits, fit_params, on_error, threads, len(known))
            if self.refit:
                self._refit(X, y, fit_params)
        return self

    def _search(
        self, X: Any, y: Any, splits: list[Split], fit_params: Mapping[str, Any], on_error: float | None, threads: int,
        known: int,
    ) -> None:
        def one(trial: Trial, fold: int) -> FoldScore:
            return cross_validation.raise_at_once(cross_validation.fit_and_score(
                self.estimator, self._configuration(trial.params), X, y, splits[fold], fit_params,
                Scoring(self.scorer_, self.return_train_score, weigh=True)), on_error)

        progress = self._progress(known, len(splits), threads)
        try:
            scores = run_folds(
                self.study_, timed(one, progress.done), len(splits), lambda folds: self._value(folds, on_error),
                self._n_trials(), threads)
        finally:
            progress.close()
        table = list(scores.values())
        cross_validation.report_failures([outcome for row in table for outcome in row], on_error)
        self._record(table)

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
        if self._selector is None:
            self.best_index_ = int(self.cv_results_[f"rank_test_{metric}"].argmin())
        else:
            self.best_index_ = self._selected(len(configurations))
        self.best_params_ = configurations[self.best_index_]
        self.best_score_ = float(means[self.best_index_])

    def _refit(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> None:
        begun = time.perf_counter()
        self.best_estimator_ = train(self.estimator, self.best_params_, X, y, fit_params)
        self.refit_time_ = time.perf_counter() - begun

    def _known_configurations(self) -> list[dict[str, Any]]:
        """The configurations that depend on no score, for checks before any work: a second study proposes them."""
        preview = self._new_study()
        known: list[dict[str, Any]] = []
        limit = self._n_trials()
        try:
            while limit is None or len(known) < limit:
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

    def _selected(self, configurations: int) -> int:
        index = self._selector(self.cv_results_)
        if isinstance(index, (bool, np.bool_)) or not isinstance(index, (int, np.integer)):
            raise TypeError(f"refit returned {index!r}; it must return the index of a configuration, an integer")
        if not 0 <= index < configurations:
            raise IndexError(
                f"refit returned {index}; it must return the index of one of the {configurations} configurations")
        return int(index)

    def _progress(self, known: int, folds: int, threads: int) -> Progress:
        total = trainings(self._n_trials() or known, folds)
        headline = f"{total // folds} configurations x {folds} folds = {total} fits"
        return Progress(total, "fit", threads, bool(self.verbose), headline)

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

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score all combinations on every fold, and fit the best one on all rows; see `SearchCV.fit`."""
        # Several grids are one study, of the positions of their points in a list of all of them.
        self._space, self._points = _grid_points(self.param_grid)
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
    ``study_.seed``). ``param_distributions`` is scikit-learn's name of ``space``. For the others see `SearchCV`.
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


class HalvingGridSearchCV(SearchCV):
    """Successive halving of all points of a grid, with scikit-learn's arguments; the others are those of `SearchCV`.

    The first rung evaluates all candidates with ``min_resources``, each next one the best ⌈n / factor⌉ of n with
    ``factor`` times as much, up to ``max_resources``. The ``resource`` is the number of rows, "n_samples", or a
    parameter such as "epochs". ``min_resources`` is a number, "smallest" (two rows of each class in each fold, or 1 of
    a parameter), or "exhaust": as many as make the last rung use ``max_resources``. The best candidate is that of the
    last rung; `cv_results_` has the columns ``iter``, the rung, and ``n_resources``.
    """

    factor: int
    resource: str
    random_state: Any

    def __init__(
        self, estimator: Any, param_grid: Any, *, factor: int = 3, resource: str = ROWS, max_resources: Any = "auto",
        min_resources: Any = "exhaust", cv: Any = 5, scoring: Any = None, refit: bool = True, random_state: Any = 0,
        n_jobs: int | None = 1, verbose: int = 1, return_train_score: bool = False, error_score: float | str = NAN,
    ) -> None:
        keep_arguments(self, locals())

    def _candidates(self, count: int | None = None) -> Sequence[dict[str, Any]]:
        return list(_grid_points(self.param_grid)[1])

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **fit_params: Any) -> SearchCV:
        """Score the candidates in rungs with more and more resources, and fit the best one of the last on all rows."""
        checks.boolean("refit", self.refit)
        if isinstance(self.scoring, (list, tuple, set, dict)):
            raise ValueError(f"scoring is {self.scoring!r}; a halving search ranks by one score, give its name")
        drawn = not isinstance(self.random_state, (int, np.integer))
        self._seed = int(generator(self.random_state).randint(2**31)) if drawn else self.random_state
        example = self._candidates(1)[0]
        splits = cross_validation.folds_for(self.cv, self.estimator, X, y, groups, example)
        has_classes = y is not None and is_classification(example_of(self.estimator, example), y)
        smallest = 2 * len(splits) * (len(np.unique(np.asarray(y))) if has_classes else 1)
        candidates = self._schedule(number_of_rows(X), smallest if self.resource == ROWS else 1)
        rungs: list[dict[str, Any]] = []
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
        self.cv_results_ = joined | dict(_parameter_columns(params)) | {
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
