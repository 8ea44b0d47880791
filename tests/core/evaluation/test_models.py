"""Models: which of the three kinds one is, and whether it is trained on classes."""

from __future__ import annotations

from typing import Any

import pytest

import scratchtune as st
from scratchtune.core.evaluation.models import is_classification, is_function, train


class CallableEstimator:
    """An estimator that is called, too, as some libraries' are."""

    def __call__(self, params: Any) -> None: ...

    def fit(self, X: Any, y: Any) -> None: ...


def network(loss: str | None) -> st.Sequential:
    model = st.Sequential([st.Dense(2, activation="softmax")])
    if loss is not None:
        model.compile(loss=loss)
    return model


def test_what_can_be_fitted_is_no_function() -> None:
    assert is_function(lambda params: None)
    assert not is_function(CallableEstimator()) and not is_function(network(None)) and not is_function(5)


@pytest.mark.parametrize(("model", "integers", "thirds"), [
    (st.MLPClassifier(), True, False), (st.MLPRegressor(), False, False),
    (network("categorical_crossentropy"), True, False), (network("mse"), False, False), (network(None), True, False),
    (st.GridSearchCV(st.MLPRegressor(), {}), False, False), (st.GridSearchCV(st.MLPClassifier(), {}), True, False),
    (CallableEstimator(), True, False)])
def test_a_model_without_a_kind_or_a_loss_is_judged_by_y(model: Any, integers: bool, thirds: bool) -> None:
    """Integers may be classes, and thirds never are; in a search it is the estimator inside that decides."""
    assert is_classification(model, [0, 1, 2]) is is_classification(model, [[0], [1], [2]]) is integers
    assert is_classification(model, [0.0, 1 / 3, 2 / 3]) is thirds


def test_a_tuned_argument_of_fit_comes_before_a_fixed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(st.Sequential, "fit", lambda self, X, y, **arguments: given.update(arguments))
    train(network("mse"), {"epochs": 2}, [[0.0]], [0.0], {"epochs": 5, "batch_size": 8})
    assert (given["epochs"], given["batch_size"]) == (2, 8)
