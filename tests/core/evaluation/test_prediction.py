"""Predictions of rows that a model has not seen: by hand, of networks and estimators, against scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.evaluation import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_predict
from scratchtune.core.network.optimizers import Adam
from scratchtune.core.network.sequential import Sequential
from scratchtune.layers import Dense


class Mean:
    """Predicts the mean of what it was trained on."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def fit(self, X: Any, y: Any) -> Mean:
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


X, y = np.zeros((6, 1)), np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0])


def test_predictions_by_hand() -> None:
    assert cross_val_predict(Mean(), X, y, cv=2).tolist() == [8.0, 8.0, 8.0, 2.0, 2.0, 2.0]
    shuffled = cross_val_predict(Mean(), X, y, cv=[([0], [5, 3, 1]), ([1], [0, 2, 4])], n_jobs=2)
    assert shuffled.tolist() == [2.0, 0.0, 2.0, 0.0, 2.0, 0.0]


def test_the_target_of_a_row_does_not_change_its_own_prediction() -> None:
    before = cross_val_predict(Mean(), X, y, cv=KFold(3, shuffle=True, random_state=0))
    for row in range(6):
        changed = y.copy()
        changed[row] += 100.0
        after = cross_val_predict(Mean(), X, changed, cv=KFold(3, shuffle=True, random_state=0))
        assert after[row] == before[row] and (after != before).sum() == 4  # the rows of the two other folds


def test_labels_and_probabilities_of_a_network_and_of_an_estimator() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(60, 3))
    labels = (data[:, 0] > 0.0).astype(int)
    network = Sequential([Dense(1, activation="sigmoid")])
    network.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.1))
    for model in (network, st.MLPClassifier(epochs=20, random_state=0)):
        options: dict[str, Any] = {"cv": 3, "params": {"epochs": 20}} if model is network else {"cv": 3}
        predicted = cross_val_predict(model, data, labels, **options)
        assert predicted.shape == (60,) and st.metrics.accuracy_score(labels, predicted) > 0.75
        p = cross_val_predict(model, data, labels, method="predict_proba", **options)
        assert p.shape == (60, 2) and p.sum(axis=1) == pytest.approx(1.0)
        assert st.metrics.roc_auc_score(labels, p[:, 1]) > 0.75
    network.compile(loss="mean_squared_error", optimizer="adam")
    assert cross_val_predict(network, data, data[:, 0], cv=3).shape == (60,)


@pytest.mark.parametrize("options, message", [
    ({"cv": TimeSeriesSplit(2)}, "does not test every row exactly once"),
    ({"method": "predict_proba"}, "Mean has no predict_proba"),
    ({"method": "proba"}, "method is 'proba'"),
])
def test_bad_input_is_one_clear_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        cross_val_predict(Mean(), X, y, **options)


# scikit-learn --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
@pytest.mark.parametrize("cv", [3, KFold(3), StratifiedKFold(4, shuffle=True, random_state=0)])
def test_predictions_are_scikit_learn_s(method: str, cv: Any) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import SVC

    data, codes = load_iris(return_X_y=True)
    if isinstance(cv, KFold) and not isinstance(cv, StratifiedKFold):
        codes = np.roll(codes, 20)  # without shuffling a fold lacks rows of a class, yet has some
    labels = np.array(["x", "b", "m"])[codes]
    model = SVC() if method == "decision_function" else GaussianNB()
    ours = cross_val_predict(model, data, labels, cv=cv, method=method, n_jobs=2)
    theirs = selection.cross_val_predict(model, data, labels, cv=cv, method=method)
    assert (ours == theirs).all() if method == "predict" else ours == pytest.approx(theirs, rel=1e-6)


def test_a_class_that_a_fold_has_not_seen_has_a_column_as_in_scikit_learn() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import SVC

    data, codes = load_iris(return_X_y=True)  # sorted by class: each of three folds lacks one
    for method in ("predict_proba", "predict_log_proba"):
        with pytest.warns(RuntimeWarning, match="have 2 of the 3 classes"):
            ours = cross_val_predict(GaussianNB(), data, codes, cv=KFold(3), method=method)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = selection.cross_val_predict(GaussianNB(), data, codes, cv=KFold(3), method=method)
        assert ours == pytest.approx(theirs, rel=1e-6)
    with pytest.raises(ValueError, match=r"decision_function has shape \(50,\), without a column for each"):
        cross_val_predict(SVC(), data, codes, cv=KFold(3), method="decision_function")
