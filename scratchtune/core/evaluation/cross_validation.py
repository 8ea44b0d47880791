"""Cross-validation trains on all folds but one and scores on that one, for each fold in turn.

Every training starts from a fresh clone of the model, and everything (weights, scalers, encoders) is fitted on the
training rows alone. `models` defines what a model may be, and `scoring` how it is scored.

Implements sections 9.2 and 9.3 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.models import check_model, example_of, is_classification, train
from scratchtune.core.evaluation.parallel import in_order
from scratchtune.core.evaluation.rows import check_rows, generator, number_of_rows, take_rows
from scratchtune.core.evaluation.scoring import ScorerFunction, SeveralScorers, called, resolve_scoring
from scratchtune.core.evaluation.splits import Split, splits_of
from scratchtune.core.metrics import class_labels, is_one_hot

NAN = float("nan")
FIVE = tuple(np.linspace(0.1, 1.0, 5))
Training = tuple[Mapping[str, Any], Split]  # the params and the split of one training


class Scoring(NamedTuple):
    """What is computed for a trained model: the ``scorer`` on the test rows, and what else.

    With ``train_scores`` the training rows are scored too; with ``weigh`` the ``sample_weight`` of fit, if any, is used
    in the scores; with ``keep`` the result contains the trained model.
    """

    scorer: ScorerFunction
    train_scores: bool = False
    keep: bool = False
    weigh: bool = False


class FitFailedWarning(RuntimeWarning):
    """Some trainings failed; their scores are NaN."""


@dataclass
class FoldScore:
    """The result of one training on one split: scores by name, a single one as "score"; ``error`` if it failed."""

    scores: dict[str, float] = field(default_factory=dict)
    fit_time: float = 0.0
    score_time: float = 0.0
    train_scores: dict[str, float] = field(default_factory=dict)
    error: Exception | None = None
    model: Any = None
    visits: int = 0  # training rows times epochs, if the model has a number of epochs

    @property
    def score(self) -> float:
        """The score if there is a single one; NaN if the training failed."""
        return self.scores.get("score", NAN)


# Folds ---------------------------------------------------------------------------------------------------------------


def folds_for(
    cv: Any, model: Any, X: Any, y: Any, groups: Any = None, params: Mapping[str, Any] | None = None,
) -> list[Split]:
    """Return the (train, test) pairs of ``cv``; if ``model`` is a function, one call with ``params`` shows its kind."""
    check_rows(X, y, groups)
    classes = y is not None and is_classification(example_of(model, params or {}), y)
    return splits_of(cv, X, class_labels("y", y) if classes and is_one_hot(np.asarray(y)) else y, groups, classes)


def fit_and_score(
    model: Any, params: Mapping[str, Any], X: Any, y: Any, split: Split, fit_params: Mapping[str, Any],
    scoring: Scoring,
) -> FoldScore:
    """Train a fresh clone on the split's training rows and score it on its test rows; an exception is its ``error``."""
    rows, held_out = split
    weight = fit_params.get("sample_weight") if scoring.weigh else None
    outcome = FoldScore()
    begun = time.perf_counter()
    try:
        X_train, y_train = take_rows(X, rows), take_rows(y, rows)
        trained = train(model, params, X_train, y_train, rows_of(fit_params, rows, number_of_rows(X)))
        outcome.fit_time = time.perf_counter() - begun
        outcome.visits = epochs_trained(trained) * len(rows)
        X_test, y_test = take_rows(X, held_out), take_rows(y, held_out)
        begun = time.perf_counter()
        outcome.scores = _scores(scoring.scorer, trained, X_test, y_test, take_rows(weight, held_out), outcome)
        outcome.score_time = time.perf_counter() - begun
        if scoring.train_scores:
            outcome.train_scores = _scores(scoring.scorer, trained, X_train, y_train, take_rows(weight, rows), outcome)
        outcome.model = trained if scoring.keep else None
    except Exception as error:
        outcome.error = error
        outcome.fit_time = outcome.fit_time or time.perf_counter() - begun
    return outcome


def epochs_trained(model: Any) -> int:
    """How many epochs a model was trained: its ``n_iter_``, or ``epochs_done`` of a `Sequential`; else 0."""
    epochs = getattr(model, "n_iter_", getattr(model, "epochs_done", 0))
    return int(epochs) if isinstance(epochs, (int, np.integer)) else 0


def _scores(
    scorer: ScorerFunction, model: Any, X: Any, y: Any, weight: Any, outcome: FoldScore,
) -> dict[str, float]:
    """Return the scores by name; of several scorers those that fail give NaN, and the outcome holds the first error."""
    if isinstance(scorer, SeveralScorers):
        scores = dict(scorer.each(model, X, y, weight))
        errors = [score for score in scores.values() if isinstance(score, Exception)]
        outcome.error = outcome.error or next(iter(errors), None)
        return {name: NAN if isinstance(score, Exception) else float(score) for name, score in scores.items()}
    score = called(scorer, model, X, y, weight)
    return {name: float(value) for name, value in (score if isinstance(score, Mapping) else {"score": score}).items()}


def rows_of(fit_params: Mapping[str, Any], rows: np.ndarray, total: int) -> dict[str, Any]:
    """Arguments of fit; those with one entry per row, such as sample_weight, are restricted to the training rows."""
    return {name: take_rows(value, rows) if _has_rows(value, total) else value for name, value in fit_params.items()}


def _has_rows(value: Any, total: int) -> bool:
    sequence = isinstance(value, (list, tuple)) or len(getattr(value, "shape", ())) > 0
    return sequence and number_of_rows(value) == total


# Failures ------------------------------------------------------------------------------------------------------------


def checked_error_score(error_score: Any) -> float | None:
    """Return the score of a training that fails, a number or NaN; None for "raise": the training's error is raised."""
    if isinstance(error_score, str):
        checks.choice("error_score", error_score, ["raise"])
        return None
    if isinstance(error_score, (float, np.floating)) and np.isnan(error_score):
        return NAN
    return checks.real("error_score", error_score)


def raise_at_once(outcome: FoldScore, error_score: float | None) -> FoldScore:
    """Return the outcome; raise its error if ``error_score`` is None."""
    if outcome.error is not None and error_score is None:
        raise outcome.error
    return outcome


def report_failures(outcomes: Sequence[FoldScore], error_score: float | None = NAN) -> None:
    """Warn of trainings that failed, and fill in their scores; if all failed, raise the error of the first."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return
    first = f"{type(errors[0]).__name__}: {errors[0]}"
    if len(errors) == len(outcomes) and all(np.isnan(list(outcome.scores.values())).all() for outcome in outcomes):
        raise ValueError(
            f"all {len(outcomes)} trainings failed, the first with {first}; correct what it names") from errors[0]
    instead = NAN if error_score is None else error_score
    for outcome in (outcome for outcome in outcomes if outcome.error is not None):
        for scores in (outcome.scores, outcome.train_scores):
            scores |= {name: instead for name in score_names(outcomes) if np.isnan(scores.get(name, NAN))}
    shown = "NaN" if np.isnan(instead) else f"{instead:g}"
    message = f"{len(errors)} of {len(outcomes)} trainings failed and score {shown}; the first with {first}"
    checks.warn(message, FitFailedWarning)


def score_names(outcomes: Sequence[FoldScore]) -> list[str]:
    """Names of the scores, in the order of the scorers."""
    return list(next((outcome.scores for outcome in outcomes if outcome.scores), {"score": NAN}))


def score_table(outcomes: Sequence[FoldScore], name: str, part: str = "test") -> np.ndarray:
    """One score of all outcomes, (n,); ``part`` is "test" or "train"."""
    return np.array([(o.scores if part == "test" else o.train_scores).get(name, NAN) for o in outcomes])


# For the user --------------------------------------------------------------------------------------------------------


def cross_validate(
    estimator: Any, X: Any, y: Any = None, *, groups: Any = None, scoring: Any = None, cv: Any = None,
    n_jobs: int | None = None, params: Mapping[str, Any] | None = None, return_train_score: bool = False,
    return_estimator: bool = False, return_indices: bool = False, error_score: float | str = NAN,
) -> dict[str, Any]:
    """Scores of one model on each fold: arrays "fit_time", "score_time", "test_score", one entry a fold.

    ``scoring`` may be several (a list of names, a dict of scorers); the keys are then "test_NAME". ``params`` are
    arguments of fit, ``groups`` is for the splitter. With ``return_train_score``, ``return_estimator`` and
    ``return_indices`` there are "train_score", "estimator" (a list) and "indices" (a dict of "train" and "test") too.
    A fold that fails has NaN, or ``error_score``; "raise" raises its error.
    """
    check_model(estimator)
    scorer, on_error = resolve_scoring(scoring), checked_error_score(error_score)
    folds = folds_for(cv, estimator, X, y, groups)
    computed = Scoring(scorer, return_train_score, keep=return_estimator)
    outcomes = _outcomes(estimator, X, y, [({}, split) for split in folds], params, computed, n_jobs, on_error)
    table: dict[str, Any] = {
        "fit_time": np.array([o.fit_time for o in outcomes]), "score_time": np.array([o.score_time for o in outcomes])}
    if return_estimator:
        table["estimator"] = [outcome.model for outcome in outcomes]
    if return_indices:
        table["indices"] = dict(zip(("train", "test"), zip(*folds, strict=True), strict=True))
    for name in score_names(outcomes):
        table[f"test_{name}"] = score_table(outcomes, name)
        if return_train_score:
            table[f"train_{name}"] = score_table(outcomes, name, "train")
    return table


def _outcomes(
    estimator: Any, X: Any, y: Any, trainings: list[Training], fit_params: Mapping[str, Any] | None, computed: Scoring,
    n_jobs: Any, on_error: float | None,
) -> list[FoldScore]:
    """Train and score with all params on their splits, and report failures."""
    def one(training: Training) -> FoldScore:
        params, split = training
        return raise_at_once(fit_and_score(estimator, params, X, y, split, fit_params or {}, computed), on_error)

    outcomes = in_order(one, trainings, n_jobs)
    report_failures(outcomes, on_error)
    return outcomes


def cross_val_score(
    estimator: Any, X: Any, y: Any = None, *, groups: Any = None, scoring: Any = None, cv: Any = None,
    n_jobs: int | None = None, params: Mapping[str, Any] | None = None, error_score: float | str = NAN,
) -> np.ndarray:
    """Return the score of one model on each fold, (folds,); the arguments are those of `cross_validate`."""
    single(scoring)
    table = cross_validate(
        estimator, X, y, groups=groups, scoring=scoring, cv=cv, n_jobs=n_jobs, params=params, error_score=error_score)
    return table["test_score"] if "test_score" in table else single(table)


def single(scoring: Any) -> Any:
    """Return ``scoring``; raise a ValueError if it gives several scores."""
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError("scoring gives several scores; it must give one here, and cross_validate takes several")
    return scoring


# Curves ---------------------------------------------------------------------------------------------------------------


def learning_curve(
    estimator: Any, X: Any, y: Any = None, *, groups: Any = None, train_sizes: Any = FIVE,
    cv: Any = None, scoring: Any = None, n_jobs: int | None = None, shuffle: bool = False, random_state: Any = None,
    error_score: float | str = NAN, params: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of one model trained on more and more rows: (sizes, train_scores, test_scores), the scores (sizes, folds).

    ``train_sizes`` are shares of a fold's training rows (floats) or numbers of rows (ints). The first rows are used;
    with ``shuffle`` they are drawn at random. ``params`` are arguments of fit.
    """
    check_model(estimator)
    folds = folds_for(cv, estimator, X, y, groups)
    sizes = absolute_sizes(train_sizes, len(folds[0][0]))
    if checks.boolean("shuffle", shuffle):
        rng = generator(random_state)
        folds = [(rng.permutation(train), test) for train, test in folds]
    trainings: list[list[Training]] = [[({}, (train[:size], test)) for train, test in folds] for size in sizes]
    return sizes, *_scored(estimator, X, y, trainings, scoring, n_jobs, error_score, params)


def validation_curve(
    estimator: Any, X: Any, y: Any = None, *, param_name: str, param_range: Iterable[Any], groups: Any = None,
    cv: Any = None, scoring: Any = None, n_jobs: int | None = None, error_score: float | str = NAN,
    params: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores for each value of one hyper-parameter: (train_scores, test_scores), both (values, folds)."""
    check_model(estimator)
    values = list(param_range)
    if not values:
        raise ValueError("param_range is empty; it must hold at least one value")
    folds = folds_for(cv, estimator, X, y, groups, {param_name: values[0]})
    trainings: list[list[Training]] = [[({param_name: value}, split) for split in folds] for value in values]
    return _scored(estimator, X, y, trainings, scoring, n_jobs, error_score, params)


def absolute_sizes(train_sizes: Any, rows: int) -> np.ndarray:
    """Return numbers of rows, from shares of ``rows`` or from numbers, in ascending order, without duplicates.

    >>> absolute_sizes([0.5, 1.0], 10)
    array([ 5, 10])
    """
    sizes = np.asarray(train_sizes)
    shares = sizes.dtype.kind == "f"
    most = 1.0 if shares else rows
    if sizes.ndim != 1 or sizes.size == 0 or sizes.dtype.kind not in "iuf" or sizes.min() <= 0 or sizes.max() > most:
        raise ValueError(
            f"train_sizes is {train_sizes!r}; it must hold shares in (0, 1], or integers from 1 to {rows}")
    wanted = np.clip((sizes * rows).astype(int), 1, rows) if shares else sizes
    found = np.unique(wanted)
    if len(found) < len(sizes):
        checks.warn(
            f"train_sizes has {len(sizes)} entries that give {len(found)} different numbers of rows", RuntimeWarning)
    return found


def _scored(
    estimator: Any, X: Any, y: Any, trainings: list[list[Training]], scoring: Any, n_jobs: Any, error_score: Any,
    fit_params: Mapping[str, Any] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Train and score with all params on their splits: the training and the test scores, (points, folds)."""
    computed = Scoring(resolve_scoring(single(scoring)), train_scores=True)
    in_turn = [each for row in zip(*trainings, strict=True) for each in row]
    outcomes = _outcomes(estimator, X, y, in_turn, fit_params, computed, n_jobs, checked_error_score(error_score))
    if score_names(outcomes) != ["score"]:
        single(score_names(outcomes))
    seen, unseen = (score_table(outcomes, "score", part).reshape(-1, len(trainings)).T for part in ("train", "test"))
    return seen, unseen

