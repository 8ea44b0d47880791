"""A cross-validated prediction of a row is made by a model that was not trained on this row.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.evaluation.cross_validation import folds_for, rows_of
from scratchtune.core.evaluation.models import check_model, is_classification, is_network, train
from scratchtune.core.evaluation.parallel import in_order
from scratchtune.core.evaluation.rows import number_of_rows, take_rows
from scratchtune.core.evaluation.scoring import Answers
from scratchtune.core.evaluation.splits import Split

# The value of a class that is missing in a fold's training rows.
UNSEEN = {"predict_proba": 0.0, "predict_log_proba": -np.inf, "decision_function": -np.inf}


def cross_val_predict(
    estimator: Any, X: Any, y: Any = None, *, groups: Any = None, cv: Any = None, n_jobs: int | None = None,
    params: Mapping[str, Any] | None = None, method: str = "predict",
) -> np.ndarray:
    """Predict all rows, in their order, each by the model of the fold that tests it; the folds must test each row once.

    ``method`` is "predict", "predict_proba", "predict_log_proba" or "decision_function"; columns are the classes in
    sorted order. A network has the first two; its "predict" gives labels if its loss is a cross-entropy. Other
    arguments are those of `cross_validate`. A TypeError where a model has no such method.
    """
    check_model(estimator)
    checks.choice("method", method, ["predict", *UNSEEN])
    folds = folds_for(cv, estimator, X, y, groups)
    tested = np.concatenate([test for _, test in folds])
    if not np.array_equal(np.sort(tested), np.arange(number_of_rows(X))):
        raise ValueError("cv does not test every row exactly once, as cross_val_predict needs; KFold does, for example")
    classes = np.unique(y) if method in UNSEEN and y is not None and np.ndim(y) == 1 else None

    def one(split: Split) -> np.ndarray:
        rows, held_out = split
        fit_params = rows_of(params or {}, rows, number_of_rows(X))
        trained = train(estimator, {}, take_rows(X, rows), take_rows(y, rows), fit_params)
        outputs = _predicted(trained, method, take_rows(X, held_out), take_rows(y, held_out))
        return _with_all_classes(outputs, trained, classes, method)

    return np.concatenate(in_order(one, folds, n_jobs))[np.argsort(tested, kind="stable")]


def _predicted(model: Any, method: str, X: Any, y: Any) -> np.ndarray:
    """Return what a method of a trained model gives; of a network as in a scorer."""
    answers = Answers(model, X)
    if is_network(model) and method == "predict_proba":
        return answers.probabilities()
    if is_network(model) and method == "predict":
        return np.asarray(answers.labels() if is_classification(model, y) else answers.values(y))
    if not hasattr(model, method):
        raise TypeError(f"{type(model).__name__} has no {method}; take another method")
    return np.asarray(answers.of(method))


def _with_all_classes(outputs: np.ndarray, model: Any, classes: np.ndarray | None, method: str) -> np.ndarray:
    """Return the outputs with one column for each class in the whole data.

    Classes that are missing in the fold's training rows get a constant, with a warning.
    """
    seen = getattr(model, "classes_", None)
    if classes is None or seen is None or len(seen) == len(classes):
        return outputs
    found = f"a fold's training rows have {len(seen)} of the {len(classes)} classes"
    if outputs.ndim == 1 or outputs.shape[1] != len(seen):
        raise ValueError(f"{found}, and its {method} has shape {outputs.shape}, without a column for each; take a "
                         f"stratified cv, such as StratifiedKFold, or a method other than {method!r}")
    checks.warn(f"{found}; take a stratified cv, such as StratifiedKFold, in which every class of two rows or more is "
                "in all training sets", RuntimeWarning)
    lowest = max(UNSEEN[method], float(np.finfo(outputs.dtype).min))  # finite instead of -inf, as in scikit-learn
    filled = np.full((len(outputs), len(classes)), lowest, outputs.dtype)
    filled[:, np.searchsorted(classes, seen)] = outputs
    return filled
