"""cv_results_ is the table of a cross-validated search in scikit-learn's form: a dict of columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchtune.evaluation.cross_validation import FoldScore, score_names, score_table


def results_table(
    configurations: list[dict[str, Any]], table: list[list[FoldScore]], train_scores: bool = False,
) -> dict[str, Any]:
    """Make the columns, one row per configuration, in the order of the trials.

    ``table`` holds the folds of each.
    """
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
    """Rank of each score, 1 for the largest, equal ones with the same rank, NaN last.

    >>> ranks(np.array([0.5, 0.9, np.nan, 0.9])).tolist()
    [3, 1, 4, 1]
    """
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
    """NumPy's own choice for numbers; other values are stored as objects."""
    kinds = {type(value) for value in values}
    return np.array(values).dtype if all(issubclass(kind, (bool, int, float, np.number)) for kind in kinds) else object
