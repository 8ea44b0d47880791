"""A model, for an evaluation, is anything that can be cloned, trained and used to predict; there are three kinds.

- a network: it has ``configured(params)``, which returns a fresh compiled clone and the params that fit takes;
- an estimator with scikit-learn's protocol: ``get_params``, ``set_params``, ``fit``;
- a function from params to a compiled network or an estimator. Its result is cloned too, without its weights, so
  that the function may return the same object twice.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Mapping
from typing import Any

from scratchtune.core.evaluation.rows import are_classes
from scratchtune.core.network.sequential import FIT_ARGUMENTS


def is_network(model: Any) -> bool:
    """Whether a model is one of our networks."""
    return hasattr(model, "configured") and not inspect.isclass(model)


def is_function(model: Any) -> bool:
    """Whether a model is a function that makes models."""
    return callable(model) and not is_network(model) and not hasattr(model, "fit")


def check_model(model: Any) -> None:
    """Raise a TypeError if a model is of none of the three kinds."""
    if inspect.isclass(model):
        raise TypeError(f"the estimator is the class {model.__name__}; it must be an object, {model.__name__}(...)")
    if not (is_network(model) or hasattr(model, "fit") or callable(model)):
        raise TypeError(
            f"the estimator is {model!r}; it must be a compiled Sequential, an object with fit and get_params, "
            "or a function from params to a compiled Sequential")


def fresh(model: Any, params: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return an untrained clone of a model with the params set, and those of the params that fit takes."""
    if is_network(model):
        return model.configured(dict(params))
    if hasattr(model, "fit"):
        made = clone(model)
        if params:
            made.set_params(**{name: clone(value) for name, value in params.items()})
        return made, {}
    made = model(dict(params))
    if not hasattr(made, "fit"):
        raise TypeError(
            f"the model function returned {made!r}; it must return a compiled Sequential or an estimator with fit")
    if is_network(made):
        return made.configured({})[0], {name: value for name, value in params.items() if name in FIT_ARGUMENTS}
    return clone(made), {}


def clone(value: Any) -> Any:
    """Copy without the results of training: estimators are constructed from their parameters, all else is copied."""
    if hasattr(value, "__sklearn_clone__") and not inspect.isclass(value):
        return value.__sklearn_clone__()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(clone(item) for item in value)
    if not hasattr(value, "get_params") or inspect.isclass(value):
        return copy.deepcopy(value)
    made = type(value)(**{name: clone(item) for name, item in value.get_params(deep=False).items()})
    for name in ("_metadata_request", "_sklearn_output_config"):  # made by set_fit_request and set_output
        if hasattr(value, name):
            setattr(made, name, copy.deepcopy(getattr(value, name)))
    return made


def train(model: Any, params: Mapping[str, Any], X: Any, y: Any, fit_params: Mapping[str, Any]) -> Any:
    """Return a fresh clone with the params, trained on the given rows."""
    made, arguments = fresh(model, params)
    if is_network(made):
        callbacks = {"callbacks": [_own_copy(callback) for callback in fit_params.get("callbacks") or ()]}
        made.fit(X, y, **{"verbose": 0, **fit_params, **callbacks, **arguments})
    elif y is None:
        made.fit(X, **fit_params)
    else:
        made.fit(X, y, **fit_params)
    return made


def _own_copy(callback: Any) -> Any:
    """A copy of a callback for one training, since several run at a time; its last training's model is not copied."""
    watched = getattr(callback, "model", None)
    return copy.deepcopy(callback, {id(watched): watched})


def is_classification(model: Any, y: Any) -> bool:
    """Whether y holds classes: by the type of an estimator, or by the loss of a network and y."""
    kind = _estimator_type(model)
    if kind is not None:
        return kind == "classifier" and are_classes(y, floats=True)
    if is_network(model) and getattr(model, "loss", None) is not None:
        loss = str(getattr(model.loss, "name", model.loss)).lower()
        return "crossentropy" in loss and are_classes(y, floats=True)
    inner = getattr(model, "estimator", None)  # of a search
    return are_classes(y) if inner is None else is_classification(inner, y)


def example_of(model: Any, params: Mapping[str, Any]) -> Any:
    """Return a model that a function makes, to find out its kind; the function itself if the call fails."""
    if not is_function(model):
        return model
    try:
        return fresh(model, params)[0]
    except Exception:  # reported later, as a training that failed
        return model


def _estimator_type(model: Any) -> str | None:
    """"classifier" or "regressor", as scikit-learn's estimators declare it; this does not import scikit-learn."""
    if hasattr(model, "_estimator_type"):
        return model._estimator_type
    if "sklearn" in sys.modules and hasattr(model, "__sklearn_tags__"):
        try:
            return model.__sklearn_tags__().estimator_type
        except (AttributeError, ImportError):
            pass
    return None
