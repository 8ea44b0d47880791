"""Nested cross-validation: the whole tuning is run inside each outer fold, whose test rows it never sees.

It evaluates the procedure of tuning, not one configuration. With the search classes, such as `GridSearchCV`, it is one
line: ``cross_validate(search, X, y)``. Here it is for studies.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from scratchtune.evaluation.selection import corrected_standard_error
from scratchtune.evaluation.student import student_quantile
from scratchtune.insight.fold_scores import contenders

LEVEL = 0.95


class Nested(NamedTuple):
    """The scores (k,) on the outer folds, the best values (k,) of the searches inside, and the configurations chosen.

    ``mean`` is that of the scores, with a 95% interval (``low``, ``high``). ``optimism`` is by how much the best values
    of the searches are better than these scores, on average.
    """

    scores: np.ndarray
    inner: np.ndarray
    params: list[dict[str, Any]]
    mean: float
    low: float
    high: float
    optimism: float


def nested_cross_validation(
    tune: Callable[[np.ndarray], Any], evaluate: Callable[[dict[str, Any], np.ndarray, np.ndarray], float],
    folds: Iterable[tuple[Any, Any]],
) -> Nested:
    """Tune on the training rows of each outer fold, and evaluate the best configuration on its test rows.

    ``tune(rows)`` runs a study on the rows with these indices, and returns it. ``evaluate(params, train, test)`` trains
    with the configuration on the rows ``train``, and returns the score on the rows ``test``, in the study's direction.
    ``folds`` are (train, test) pairs of row indices, as from ``KFold(5).split(X)``.

    Raises
        ValueError where there are fewer than two folds, or a study has no complete trial.
    """
    pairs = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    if len(pairs) < 2:
        raise ValueError(f"folds has {len(pairs)} (train, test); it must have at least two")
    scores, inner, params, sign = [], [], [], 1.0
    for train, test in pairs:
        compared = contenders(tune(train), with_scores=False)
        sign, chosen = compared.sign, compared.trials[compared.best].params
        scores.append(float(evaluate(chosen, train, test)))
        inner.append(compared.best_value())
        params.append(chosen)
    return _summary(np.array(scores), np.array(inner), params, sign, pairs)


def _summary(
    scores: np.ndarray, inner: np.ndarray, params: list[dict[str, Any]], sign: float,
    pairs: list[tuple[np.ndarray, np.ndarray]],
) -> Nested:
    train, test = (float(np.mean([len(pair[part]) for pair in pairs])) for part in (0, 1))
    reach = student_quantile(LEVEL, len(scores) - 1) * corrected_standard_error(scores, train, test)
    mean = float(scores.mean())
    return Nested(scores, inner, params, mean, mean - reach, mean + reach,
                  float(sign * (inner - scores).mean()))
