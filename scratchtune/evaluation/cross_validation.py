"""Cross-validation is training on all folds but one and scoring on that one, for each fold in turn.

It works on three kinds of *models*, told apart by what they can do, so that nothing is imported for them:

- a network: it has ``configured(params)``, which gives a fresh compiled clone and the params that fit takes;
- an estimator with scikit-learn's protocol: ``get_params``, ``set_params``, ``fit``;
- a function from params to a compiled network or an estimator.
"""

from __future__ import annotations

import copy
import inspect
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.splits import Split, are_classes, number_of_rows, resolve_folds, take_rows
from scratchtune.metrics import SCORERS, class_labels, is_one_hot

ScorerFunction = Callable[[Any, Any, Any], float]

# What the params of a model function may give to fit.
FIT_ARGUMENTS = ("batch_size", "epochs", "class_weight", "shuffle", "validation_split")


class FitFailedWarning(RuntimeWarning):
    """Some trainings of a search failed; their scores are NaN."""


class FoldScore(NamedTuple):
    """What one training on one split has given; the score is NaN, and ``error`` says why, where it failed."""

    score: float
    fit_time: float
    score_time: float
    train_score: float = float("nan")
    error: Exception | None = None


# Models --------------------------------------------------------------------------------------------------------------


def is_network(model: Any) -> bool:
    """Whether a model is one of our networks."""
    return hasattr(model, "configured") and not inspect.isclass(model)


def check_model(model: Any) -> None:
    """Raise one clear sentence if a model is of none of the three kinds."""
    if inspect.isclass(model):
        raise TypeError(f"the estimator is the class {model.__name__}; it must be an object, {model.__name__}(...)")
    if not (is_network(model) or hasattr(model, "fit") or callable(model)):
        raise TypeError(
            f"the estimator is {model!r}; it must be a compiled Sequential, an object with fit and get_params, "
            "or a function from params to a compiled Sequential")


def fresh(model: Any, params: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return an untrained clone of a model with the params in their places, and those of them that fit takes."""
    if is_network(model):
        return model.configured(dict(params))
    if hasattr(model, "fit"):
        fresh_one = clone(model)
        if params:
            fresh_one.set_params(**{name: clone(value) for name, value in params.items()})
        return fresh_one, {}
    made = model(dict(params))
    if not hasattr(made, "fit"):
        raise TypeError(
            f"the model function returned {made!r}; it must return a compiled Sequential or an estimator with fit")
    arguments = FIT_ARGUMENTS if is_network(made) else ()
    return made, {name: value for name, value in params.items() if name in arguments}


def clone(value: Any) -> Any:
    """Copy without what training has left: estimators are made anew from their parameters, all else is copied."""
    if hasattr(value, "__sklearn_clone__") and not inspect.isclass(value):
        return value.__sklearn_clone__()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(clone(item) for item in value)
    if not hasattr(value, "get_params") or inspect.isclass(value):
        return copy.deepcopy(value)
    made = type(value)(**{name: clone(item) for name, item in value.get_params(deep=False).items()})
    for setting in ("_metadata_request", "_sklearn_output_config"):  # what set_fit_request and set_output have said
        if hasattr(value, setting):
            setattr(made, setting, copy.deepcopy(getattr(value, setting)))
    return made


def train(model: Any, params: Mapping[str, Any], X: Any, y: Any, fit_params: Mapping[str, Any]) -> Any:
    """Return a fresh clone with the params, trained on the rows given."""
    made, arguments = fresh(model, params)
    if is_network(made):
        callbacks = {"callbacks": [_own_copy(callback) for callback in fit_params.get("callbacks") or ()]}
        made.fit(X, y, **{"verbose": 0, **fit_params, **callbacks, **arguments})
    elif y is None:
        made.fit(X, **{**fit_params, **arguments})
    else:
        made.fit(X, y, **{**fit_params, **arguments})
    return made


def _own_copy(callback: Any) -> Any:
    """A callback for one training alone, since several run at a time; the model that it last watched is not copied."""
    watched = getattr(callback, "model", None)
    return copy.deepcopy(callback, {id(watched): watched})


# Scores --------------------------------------------------------------------------------------------------------------


def resolve_scoring(scoring: Any) -> ScorerFunction:
    """Return a function (model, X, y) -> score from a scoring name, such a function, or None: the model's own score."""
    if scoring is None:
        return own_score
    if callable(scoring):
        return scoring
    metric, needs, sign = SCORERS[checks.choice("scoring", scoring, SCORERS)]

    def named(model: Any, X: Any, y: Any) -> float:
        if needs == "probabilities":
            return sign * metric(y, probabilities(model, X), labels=_classes_of(model, y))
        return sign * metric(y, labels(model, X) if needs == "labels" else _values(model, X, y))

    return named


def own_score(model: Any, X: Any, y: Any) -> float:
    """The model's own score: a network's first compiled metric, else minus its loss; an estimator's ``score``."""
    if not hasattr(model, "score"):
        raise TypeError(f"{type(model).__name__} has no score; give scoring")
    return model.score(X) if y is None else model.score(X, y)


def probabilities(model: Any, X: Any) -> Any:
    """Probabilities of the classes, (n, classes), or (n,) of the second of two."""
    if is_network(model):
        return np.asarray(model.predict(X), dtype=np.float64)
    if not hasattr(model, "predict_proba"):
        raise TypeError(f"{type(model).__name__} has no predict_proba, which this scoring needs")
    return model.predict_proba(X)


def labels(model: Any, X: Any) -> Any:
    """Predicted labels, (n,); of a network the number of its largest output, or whether its only one is above 1/2."""
    if not is_network(model):
        return model.predict(X)
    outputs = np.asarray(model.predict(X))
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        return (outputs.reshape(-1) > 0.5).astype(np.int64)
    return outputs.argmax(axis=1)


def _values(model: Any, X: Any, y: Any) -> Any:
    """Predicted values in the shape of y."""
    values = np.asarray(model.predict(X))
    return values.reshape(np.shape(y)) if values.size == np.size(y) else values


def _classes_of(model: Any, y: Any) -> Any:
    """All classes in the order of the columns of the model's probabilities; a fold may lack some."""
    if is_network(model):
        outputs = int(np.asarray(y).shape[1]) if is_one_hot(np.asarray(y)) else _outputs(model)
        return None if outputs is None else list(range(max(outputs, 2)))
    return getattr(model, "classes_", None)


def _outputs(model: Any) -> int | None:
    shape = getattr(model, "output_shape", None)
    return int(shape[-1]) if shape else None


# Folds ---------------------------------------------------------------------------------------------------------------


def folds_for(cv: Any, model: Any, X: Any, y: Any) -> list[Split]:
    """Return the (train, test) pairs that ``cv`` means for a model on these data."""
    check_rows(X, y)
    classes = y is not None and is_classification(model, y)
    splitter = resolve_folds(cv, y, classes)
    targets = class_labels("y", y) if classes and is_one_hot(np.asarray(y)) else y
    return [(np.asarray(train), np.asarray(test)) for train, test in splitter.split(X, targets)]


def check_rows(X: Any, y: Any) -> None:
    """Raise one clear sentence where X and y are empty or differ in their numbers of rows."""
    rows = number_of_rows(X)
    if rows == 0:
        raise ValueError("X is empty; it must have at least one row")
    if y is not None and number_of_rows(y) != rows:
        raise ValueError(f"y has {number_of_rows(y)} rows and X has {rows}; they must be equal in number")


def is_classification(model: Any, y: Any) -> bool:
    """Whether y are classes to this model: as an estimator says of itself, for a network as its loss and y look."""
    kind = _estimator_type(model)
    if kind is not None:
        return kind == "classifier" and (are_classes(y) or _are_whole(y))
    loss = getattr(model, "loss", None)
    name = str(getattr(loss, "name", loss)).lower()
    if is_network(model) and name != "none":
        return "crossentropy" in name and (are_classes(y) or _are_whole(y))
    return are_classes(y)


def _estimator_type(model: Any) -> str | None:
    if hasattr(model, "__sklearn_tags__"):
        try:
            return str(model.__sklearn_tags__().estimator_type)
        except (AttributeError, ImportError):
            pass
    return getattr(model, "_estimator_type", None)


def _are_whole(y: Any) -> bool:
    array = np.asarray(y)
    vector = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
    return vector and array.dtype.kind == "f" and bool((array == np.floor(array)).all())


def fit_and_score(
    model: Any, params: Mapping[str, Any], X: Any, y: Any, split: Split, scorer: ScorerFunction,
    fit_params: Mapping[str, Any], train_scores: bool = False,
) -> FoldScore:
    """Train a fresh clone on the split's training rows, and score it on the others; an exception becomes a NaN."""
    rows, held_out = split
    begun = time.perf_counter()
    try:
        X_train, y_train = take_rows(X, rows), take_rows(y, rows)
        trained = train(model, params, X_train, y_train, _rows_of(fit_params, rows, number_of_rows(X)))
        fitted = time.perf_counter()
        score = _number(scorer(trained, take_rows(X, held_out), take_rows(y, held_out)))
        scored = time.perf_counter()
        train_score = _number(scorer(trained, X_train, y_train)) if train_scores else float("nan")
    except Exception as error:
        return FoldScore(float("nan"), time.perf_counter() - begun, 0.0, error=error)
    return FoldScore(score, fitted - begun, scored - fitted, train_score)


def _rows_of(fit_params: Mapping[str, Any], rows: np.ndarray, total: int) -> dict[str, Any]:
    """Arguments of fit, those with one entry for each row, such as sample_weight, cut to the training rows."""
    return {name: take_rows(value, rows) if _has_rows(value, total) else value for name, value in fit_params.items()}


def _has_rows(value: Any, total: int) -> bool:
    sequence = isinstance(value, (list, tuple)) or len(getattr(value, "shape", ())) > 0
    return sequence and number_of_rows(value) == total


def _number(score: Any) -> float:
    if isinstance(score, Mapping):
        raise TypeError("the scorer returned a dict; it must return one number")
    return float(score)


def cross_validate(
    estimator: Any, X: Any, y: Any = None, *, scoring: Any = None, cv: Any = None, n_jobs: int = 1,
    params: Mapping[str, Any] | None = None, return_train_score: bool = False,
) -> dict[str, np.ndarray]:
    """Scores of one model on each fold: arrays "fit_time", "score_time", "test_score", one entry a fold.

    ``params`` are arguments of fit. The folds are those of `GridSearchCV`, and a fold that fails has NaN.
    """
    check_model(estimator)
    scorer, folds = resolve_scoring(scoring), folds_for(cv, estimator, X, y)

    def one(split: Split) -> FoldScore:
        return fit_and_score(estimator, {}, X, y, split, scorer, params or {}, return_train_score)

    with ThreadPoolExecutor(max(checks.integer("n_jobs", n_jobs, low=1), 1)) as pool:
        outcomes = list(pool.map(one, folds))
    report_failures(outcomes)
    table = {
        "fit_time": np.array([o.fit_time for o in outcomes]), "score_time": np.array([o.score_time for o in outcomes]),
        "test_score": np.array([o.score for o in outcomes])}
    if return_train_score:
        table["train_score"] = np.array([o.train_score for o in outcomes])
    return table


def report_failures(outcomes: Sequence[FoldScore]) -> None:
    """Warn of trainings that have failed; where all have, raise the first one's error."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return
    first = f"{type(errors[0]).__name__}: {errors[0]}"
    if len(errors) == len(outcomes):
        raise ValueError(f"all {len(outcomes)} trainings failed; the first with {first}") from errors[0]
    warnings.warn(
        f"{len(errors)} of {len(outcomes)} trainings failed and score NaN; the first with {first}",
        FitFailedWarning, stacklevel=3)
