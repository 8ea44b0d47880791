"""Learning and validation curves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import learning_curve, validation_curve
from scratchtune.core.evaluation.cross_validation import absolute_sizes
from scratchtune.core.network.optimizers import Adam
from scratchtune.core.network.sequential import Sequential
from scratchtune.layers import Dense


class Mean:
    """Predicts the mean of what it was trained on, plus a shift."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"shift": self.shift}

    def set_params(self, shift: float) -> Mean:
        self.shift = shift
        return self

    def fit(self, X: Any, y: Any) -> Mean:
        self.mean_ = float(np.mean(y)) + self.shift
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)

    def score(self, X: Any, y: Any) -> float:
        return -float(np.abs(self.predict(X) - y).mean())


X, y = np.zeros((6, 1)), np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0])


def test_a_learning_curve_by_hand() -> None:
    # The first fold trains on 6, 8, 10 and tests 0, 2, 4; the second one the other way round.
    sizes, seen, unseen = learning_curve(Mean(), X, y, train_sizes=[1, 3], cv=2)
    assert sizes.tolist() == [1, 3]
    assert seen.tolist() == [[0.0, 0.0], [-4 / 3, -4 / 3]] and unseen.tolist() == [[-4.0, -8.0], [-6.0, -6.0]]


def test_a_validation_curve_by_hand() -> None:
    seen, unseen = validation_curve(Mean(), X, y, param_name="shift", param_range=[0.0, -6.0], cv=[([3, 4, 5], [0, 1])])
    assert seen.tolist() == [[-4 / 3], [-6.0]] and unseen.tolist() == [[-7.0], [-1.0]]


def test_curves_of_a_network() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(90, 3))
    labels = (data[:, 0] > 0.0).astype(int) + (data[:, 1] > 0.0)
    model = Sequential([Dense(16, activation="relu"), Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.02), metrics=["accuracy"])
    sizes, _, unseen = learning_curve(model, data, labels, cv=3, params={"epochs": 40}, train_sizes=[0.1, 1.0])
    assert sizes.tolist() == [6, 60] and unseen[0].mean() < unseen[1].mean()
    seen, _ = validation_curve(
        model, data, labels, param_name="epochs", param_range=[1, 60], cv=3, scoring="neg_log_loss", n_jobs=2)
    assert seen[0].mean() < seen[1].mean() and not model.built


@pytest.mark.parametrize("call, message", [
    (lambda: learning_curve(Mean(), X, y, train_sizes=[1.5], cv=2), "train_sizes is"),
    (lambda: learning_curve(Mean(), X, y, train_sizes=[4], cv=2), "integers from 1 to 3"),
    (lambda: learning_curve(Mean(), X, y, cv=2, train_sizes=[1], scoring=["r2"]), "it must give one here"),
    (lambda: learning_curve(Mean(), X, y, cv=2, train_sizes=[1], scoring=lambda *_: {"a": 1}), "it must give one here"),
    (lambda: validation_curve(Mean(), X, y, param_name="shift", param_range=[]), "param_range is empty"),
    (lambda: validation_curve(3, X, y, param_name="shift", param_range=[1]), "estimator is 3"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


# scikit-learn --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {}, {"train_sizes": [5, 80, 80]}, {"train_sizes": [0.05, 0.5]}, {"shuffle": True, "random_state": 3, "cv": 4},
    {"scoring": "neg_log_loss", "train_sizes": [0.7, 1.0], "shuffle": True, "random_state": 0}])
def test_learning_curves_are_scikit_learn_s(options: dict[str, Any]) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(random_state=0) if options.get("scoring") else SVC()
    data = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = learning_curve(model, *data, **options), selection.learning_curve(model, *data, **options)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(other, nan_ok=True)


def test_sizes_are_scikit_learn_s() -> None:
    validation = pytest.importorskip("sklearn.model_selection._validation")
    for rows in range(1, 120):
        shares = np.linspace(0.1, 1.0, 5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert absolute_sizes(shares, rows).tolist() == validation._translate_train_sizes(shares, rows).tolist()


def test_validation_curves_are_scikit_learn_s() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    options: dict[str, Any] = {"param_name": "C", "param_range": np.logspace(-2, 2, 4), "scoring": "f1_macro", "cv": 3}
    ours = validation_curve(SVC(), *load_iris(return_X_y=True), n_jobs=2, **options)
    theirs = selection.validation_curve(SVC(), *load_iris(return_X_y=True), **options)
    assert ours[0] == pytest.approx(theirs[0]) and ours[1] == pytest.approx(theirs[1])
