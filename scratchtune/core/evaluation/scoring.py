"""A scorer is a function (model, X, y) -> score: it evaluates a trained model's predictions by a metric.

A larger score is always better. `SCORERS` are the scorers by scikit-learn's names, for all kinds of models;
`make_scorer` makes one from a custom metric.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scratchtune.core import checks, metrics
from scratchtune.core.evaluation.models import is_classification, is_network
from scratchtune.core.metrics import class_labels, is_one_hot

ScorerFunction = Callable[..., Any]
RESPONSES = ("predict", "predict_proba", "decision_function")
RESPONSES_FOR = {"probabilities": ["predict_proba"], "decisions": ["decision_function", "predict_proba"]}


class Answers:
    """The predictions of a trained model for some rows; each method of the model is called once."""

    def __init__(self, model: Any, X: Any) -> None:
        self.model, self.X = model, X
        self._known: dict[str, Any] = {}

    def of(self, method: str) -> Any:
        """Return the result of a method of the model for the rows."""
        if not hasattr(self.model, method):
            raise TypeError(f"{type(self.model).__name__} has no {method}, which this scoring needs; take another one")
        if method not in self._known:
            self._known[method] = getattr(self.model, method)(self.X)
        return self._known[method]

    def labels(self) -> Any:
        """Predicted labels, (n,); of a network the argmax of its outputs, or whether its only output is above 1/2."""
        if not is_network(self.model):
            return self.of("predict")
        outputs = np.asarray(self.of("predict"))
        if outputs.ndim == 1 or outputs.shape[1] == 1:
            return (outputs.reshape(-1) > 0.5).astype(np.int64)
        return outputs.argmax(axis=1)

    def values(self, y: Any) -> Any:
        """Predicted values in the shape of y."""
        values = np.asarray(self.of("predict"))
        return values.reshape(np.shape(y)) if values.size == np.size(y) else values

    def probabilities(self) -> np.ndarray:
        """Probabilities of the classes, (n, classes); a network's only output is that of the second of two classes."""
        if not is_network(self.model):
            return np.asarray(self.of("predict_proba"))
        outputs = np.asarray(self.of("predict"), dtype=np.float64)
        second = outputs.reshape(len(outputs), -1)
        return np.column_stack([1.0 - second, second]) if second.shape[1] == 1 else outputs

    def classes(self, y: Any) -> Any:
        """All classes of the model, in the order of the columns of `probabilities`, also those that a fold's y lacks.

        Those of a network are 0, 1, ..., one for each output (0 and 1 for a single output). None if unknown.
        """
        if not is_network(self.model):
            return getattr(self.model, "classes_", None)
        shape = getattr(self.model, "output_shape", None)
        outputs = np.shape(y)[1] if is_one_hot(np.asarray(y)) else int(shape[-1]) if shape else None
        return None if outputs is None else list(range(max(outputs, 2)))


@dataclass(frozen=True, eq=False, repr=False)
class Scorer:
    """A metric, the model's output that it needs, a sign (-1 where a smaller metric is better), and further arguments.

    ``needs`` is "labels", "values", "probabilities" or "decisions" (decision_function, else the second probability),
    or one or several of scikit-learn's response methods, of which the first that the model has is called.
    """

    metric: Callable[..., Any]
    needs: str | Sequence[str]
    sign: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, model: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        return self.score(Answers(model, X), y, sample_weight)

    def score(self, answers: Answers, y: Any, sample_weight: Any = None) -> Any:
        """Return the score of a model's predictions."""
        options, arguments = dict(self.options), _arguments(self.metric)
        if sample_weight is not None and "sample_weight" in arguments:
            options["sample_weight"] = sample_weight
        if self.needs in ("labels", "values"):
            answer = answers.labels() if self.needs == "labels" else answers.values(y)
        else:
            if self.needs == "probabilities" and "labels" in arguments:
                options.setdefault("labels", answers.classes(y))
            answer = self._response(answers, y)
            y = class_labels("y", y) if is_one_hot(np.asarray(y)) and is_classification(answers.model, y) else y
        return self.sign * self.metric(y, answer, **options)

    def _response(self, answers: Answers, y: Any) -> Any:
        """Return probabilities or decision values, or what `predict` returns where ``needs`` names that method."""
        model = answers.model
        methods = RESPONSES_FOR.get(str(self.needs)) or ([self.needs] if isinstance(self.needs, str) else self.needs)
        method = next((each for each in methods if is_network(model) or hasattr(model, each)), methods[-1])
        if method == "predict":
            return answers.values(y) if is_network(model) and not is_classification(model, y) else answers.labels()
        decisions = method == "decision_function" and not is_network(model)
        scores = np.asarray(answers.of(method)) if decisions else answers.probabilities()
        if self.needs == "probabilities" and "multi_class" not in self.options:
            return scores  # log loss takes all columns; of two classes a ranking takes the score of one
        declared = _arguments(self.metric).get("pos_label")
        positive = self.options.get("pos_label", None if declared is None else declared.default)
        return _of_positive(scores, answers.classes(y), positive)

    def __repr__(self) -> str:
        sign = "" if self.sign > 0 else ", greater_is_better=False"
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"<scorer: {getattr(self.metric, '__name__', self.metric)} of {self.needs}{sign}{options}>"


class SeveralScorers:
    """Scorers by name, which share the predictions of a model; a call returns a dict of scores."""

    def __init__(self, scorers: Mapping[str, ScorerFunction]) -> None:
        self.scorers = dict(scorers)

    def __call__(self, model: Any, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        scores = dict(self.each(model, X, y, sample_weight))
        for score in scores.values():
            if isinstance(score, Exception):
                raise score
        return scores

    def each(self, model: Any, X: Any, y: Any, sample_weight: Any = None) -> Iterator[tuple[str, Any]]:
        """Yield (name, score), or (name, exception) if the scorer has raised one."""
        answers = Answers(model, X)
        for name, scorer in self.scorers.items():
            try:
                if isinstance(scorer, Scorer):
                    yield name, scorer.score(answers, y, sample_weight)
                else:
                    yield name, called(scorer, model, X, y, sample_weight)
            except Exception as error:
                yield name, error


def called(scorer: ScorerFunction, model: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
    """Call a scorer, without y if it is None, and without weights if the scorer does not accept them."""
    arguments = (model, X) if y is None else (model, X, y)
    function = getattr(model, "score", scorer) if scorer is own_score else scorer
    if sample_weight is not None and "sample_weight" in _arguments(function):
        return scorer(*arguments, sample_weight=sample_weight)
    return scorer(*arguments)


def own_score(model: Any, X: Any, y: Any = None, **weights: Any) -> Any:
    """Return the model's own score: a network's first compiled metric, else minus its loss; an estimator's score."""
    if not hasattr(model, "score"):
        raise TypeError(f"{type(model).__name__} has no score; give scoring")
    return model.score(X, **weights) if y is None else model.score(X, y, **weights)


def resolve_scoring(scoring: Any) -> ScorerFunction:
    """Return the scorer for ``scoring``.

    None is the model's own score; a name is one of `SCORERS`; a function (model, X, y) is used as it is, and
    may return a dict of scores; a list of names, or a dict from names to any of these, gives several scores.
    """
    if scoring is None:
        return own_score
    if callable(scoring):
        return scoring
    if not isinstance(scoring, (Mapping, list, tuple, set)):
        return SCORERS[checks.choice("scoring", scoring, SCORERS)]
    named = list(scoring.items()) if isinstance(scoring, Mapping) else [(name, name) for name in scoring]
    for name, one in named:
        if not isinstance(name, str):
            raise TypeError(f"scoring holds {name!r}; it must be a list of names, or a dict from names to scorers")
        if not (one is None or isinstance(one, str) or callable(one)):
            raise TypeError(f"scoring holds {one!r}; it must hold names of scores, or functions (model, X, y) by name")
    if len(dict(named)) < len(named) or not named:
        raise ValueError(f"scoring is {scoring!r}; no name may occur twice" if named else
                         "scoring is empty; it must hold at least one name")
    return SeveralScorers({name: resolve_scoring(one) for name, one in named})


def make_scorer(
    score_func: Callable[..., Any], *, response_method: str | Sequence[str] = "predict", greater_is_better: bool = True,
    **kwargs: Any,
) -> Scorer:
    """Make a scorer from a metric ``score_func(y_true, y_pred, **kwargs)``; scikit-learn's arguments.

    ``response_method`` is "predict", "predict_proba" or "decision_function", or a list of them: the first that the
    model has is used. For two classes the metric gets the scores of the positive one, (n,). A network whose loss is a
    cross-entropy has "predict_proba" too, and its "predict" gives labels.

    >>> make_scorer(lambda y, p: abs(y - p).max(), greater_is_better=False)
    <scorer: <lambda> of predict, greater_is_better=False>
    """
    if not callable(score_func):
        raise TypeError(f"score_func is {score_func!r}; it must be a function of y_true and y_pred")
    for method in [response_method] if isinstance(response_method, str) else response_method:
        checks.choice("response_method", method, RESPONSES)
    needs = response_method if isinstance(response_method, str) else tuple(response_method)
    return Scorer(score_func, needs, 1 if checks.boolean("greater_is_better", greater_is_better) else -1, kwargs)


def _of_positive(scores: np.ndarray, classes: Any, positive: Any) -> np.ndarray:
    """Select, of two classes, the scores (n,) of ``positive``, by default the second; of more keep all columns."""
    if classes is not None and len(classes) == 2:
        if positive is not None and positive not in list(classes):
            known = np.asarray(classes).tolist()
            raise ValueError(f"pos_label is {positive!r}; it must be one of the classes, {known}")
        first = positive is not None and positive == classes[0]
        if scores.ndim == 2:
            return scores[:, 0 if first else 1]
        return -scores if first else scores
    if classes is not None and len(classes) == 1:
        only = np.asarray(classes).tolist()
        raise ValueError(f"the model has seen one class only, {only}; this scoring needs two or more")
    return scores


def _arguments(function: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have none
        return {}


SCORERS: dict[str, Scorer] = {name: Scorer(*entry) for name, entry in metrics.SCORED.items()}
