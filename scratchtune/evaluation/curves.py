"""A curve is the training score and the validation score as a function of the training set's size or a hyper-parameter.

If both scores are low, the model underfits; if the training score is high and the validation score low, it overfits.

Implements section 9.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.cross_validation import (
    NAN,
    FoldScore,
    Scoring,
    checked_error_score,
    fit_and_score,
    folds_for,
    raise_at_once,
    report_failures,
    score_table,
    single,
)
from scratchtune.evaluation.models import check_model
from scratchtune.evaluation.parallel import in_order
from scratchtune.evaluation.rows import generator
from scratchtune.evaluation.scoring import resolve_scoring
from scratchtune.evaluation.splits import Split

FIVE = tuple(np.linspace(0.1, 1.0, 5))
Training = tuple[Mapping[str, Any], Split]  # the params and the split of one training


def learning_curve(
    estimator: Any, X: Any, y: Any = None, *, groups: Any = None, train_sizes: Any = FIVE,
    cv: Any = None, scoring: Any = None, n_jobs: int | None = None, shuffle: bool = False, random_state: Any = None,
    error_score: float | str = NAN, return_times: bool = False, params: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, ...]:
    """Scores of one model trained on more and more rows: (sizes, train_scores, test_scores), the scores (sizes, folds).

    ``train_sizes`` are shares of a fold's training rows (floats) or numbers of rows (ints). The first rows are used;
    with ``shuffle`` they are drawn at random. ``return_times`` adds the times of fit and of scoring. ``params`` are
    arguments of fit.
    """
    check_model(estimator)
    folds = folds_for(cv, estimator, X, y, groups)
    sizes = absolute_sizes(train_sizes, len(folds[0][0]))
    if checks.boolean("shuffle", shuffle):
        rng = generator(random_state)
        folds = [(rng.permutation(train), test) for train, test in folds]
    trainings: list[Training] = [({}, (train[:size], test)) for train, test in folds for size in sizes]
    outcomes = _scored(estimator, X, y, trainings, scoring, n_jobs, error_score, params)
    columns = [score_table(outcomes, "score", "train"), score_table(outcomes, "score")]
    if return_times:
        columns += [np.array([o.fit_time for o in outcomes]), np.array([o.score_time for o in outcomes])]
    return sizes, *(column.reshape(len(folds), len(sizes)).T for column in columns)


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
    trainings: list[Training] = [({param_name: value}, split) for split in folds for value in values]
    outcomes = _scored(estimator, X, y, trainings, scoring, n_jobs, error_score, params)
    seen, unseen = score_table(outcomes, "score", "train"), score_table(outcomes, "score")
    return seen.reshape(len(folds), len(values)).T, unseen.reshape(len(folds), len(values)).T


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
    estimator: Any, X: Any, y: Any, trainings: Sequence[Training], scoring: Any, n_jobs: Any, error_score: Any,
    fit_params: Mapping[str, Any] | None,
) -> list[FoldScore]:
    """Train and score with all params on their splits."""
    scoring_of_fold = Scoring(resolve_scoring(single(scoring)), train_scores=True)
    error_score = checked_error_score(error_score)

    def train_and_score(training: Training) -> FoldScore:
        params, split = training
        outcome = fit_and_score(estimator, params, X, y, split, fit_params or {}, scoring_of_fold)
        return raise_at_once(outcome, error_score)

    outcomes = in_order(train_and_score, trainings, n_jobs)
    report_failures(outcomes, error_score)
    return outcomes
