"""Cross-validation: whose clone is trained, what is scored, and scikit-learn's scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.evaluation import cross_validate
from scratchtune.evaluation.cross_validation import (
    FitFailedWarning,
    check_model,
    clone,
    folds_for,
    fresh,
    is_classification,
    resolve_scoring,
)


class Nearest:
    """An estimator of scikit-learn's protocol, by hand: the mean of each class, shrunk."""

    def __init__(self, shrink: float = 0.0, fail: bool = False) -> None:
        self.shrink, self.fail = shrink, fail

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"shrink": self.shrink, "fail": self.fail}

    def set_params(self, **params: Any) -> Nearest:
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Nearest:
        if self.fail and X[0, 0] == 0.0:
            raise RuntimeError("no luck")
        self.weights_ = sample_weight
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == c].mean(axis=0) * (1.0 - self.shrink) for c in self.classes_])
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[np.linalg.norm(X[:, None] - self.means_, axis=2).argmin(axis=1)]

    def score(self, X: Any, y: Any) -> float:
        return float((self.predict(X) == y).mean())


X = np.arange(20.0).reshape(20, 1)
y = (np.arange(20) >= 10).astype(int)


def test_folds_are_stratified_for_classes_and_plain_for_values() -> None:
    for classes in (y, np.eye(2)[y], y.astype(str)):
        assert folds_for(2, Nearest(), X, classes)[0][1].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    assert folds_for(2, Nearest(), X, y + 0.5)[0][1].tolist() == list(range(10))


def test_each_fold_trains_a_fresh_clone() -> None:
    model = Nearest()
    scores = cross_validate(model, X, y, cv=2, return_train_score=True)
    assert scores["test_score"].tolist() == [0.7, 0.8] and scores["train_score"].tolist() == [1.0, 1.0]
    assert not hasattr(model, "means_")


def test_arguments_of_fit_with_a_row_each_are_cut_to_the_training_rows() -> None:
    seen = []

    def scorer(model: Any, X: Any, y: Any) -> float:
        seen.append(model.weights_)
        return 0.0

    cross_validate(Nearest(), X, y, cv=2, scoring=scorer, params={"sample_weight": np.arange(20)})
    assert seen[0].tolist() == [5, 6, 7, 8, 9, 15, 16, 17, 18, 19]


def test_a_fold_that_fails_scores_nan_with_a_warning_and_all_together_are_an_error() -> None:
    with pytest.warns(FitFailedWarning, match="1 of 2 trainings failed and score NaN; the first with RuntimeError: no"):
        scores = cross_validate(Nearest(fail=True), X, y, cv=2)["test_score"]
    assert np.isnan(scores).tolist() == [False, True]
    with pytest.raises(ValueError, match="all 2 trainings failed; the first with RuntimeError: no luck"):
        cross_validate(Nearest(fail=True), np.zeros((20, 1)), y, cv=2)


def test_three_kinds_of_models() -> None:
    class Network:
        def configured(self, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            return Network(), {"epochs": params["epochs"]}

        def fit(self, X: Any, y: Any) -> None:
            pass

    assert fresh(Network(), {"epochs": 3})[1] == {"epochs": 3}
    assert fresh(lambda params: Network(), {"epochs": 3, "depth": 2})[1] == {"epochs": 3}
    made, arguments = fresh(Nearest(), {"shrink": 0.5})
    assert made.shrink == 0.5 and arguments == {}
    for wrong, message in ((Nearest, "is the class Nearest"), (3, "the estimator is 3")):
        with pytest.raises(TypeError, match=message):
            check_model(wrong)
    with pytest.raises(TypeError, match="the model function returned None"):
        fresh(lambda params: None, {})


def test_bad_input_is_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        resolve_scoring("acuracy")
    with pytest.raises(ValueError, match="y has 3 rows and X has 20"):
        folds_for(5, Nearest(), X, y[:3])
    with pytest.raises(ValueError, match="X is empty"):
        folds_for(5, Nearest(), X[:0], y[:0])


def test_cloning_is_scikit_learn_s() -> None:
    sklearn = pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C=3.0)).fit(X, y)
    copy = clone(pipeline)
    assert copy is not pipeline and repr(copy) == repr(sklearn.clone(pipeline))
    assert not hasattr(copy[-1], "coef_") and copy[0] is not pipeline[0]


@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss", "neg_mean_squared_error"])
def test_scores_are_scikit_learn_s(scoring: str | None) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_diabetes, load_iris
    from sklearn.linear_model import LinearRegression, LogisticRegression

    regression = scoring == "neg_mean_squared_error"
    data = (load_diabetes if regression else load_iris)(return_X_y=True)
    model = LinearRegression() if regression else LogisticRegression(max_iter=500)
    assert is_classification(model, data[1]) is not regression
    ours = cross_validate(model, *data, scoring=scoring, cv=4, n_jobs=2)["test_score"]
    assert ours == pytest.approx(selection.cross_validate(model, *data, scoring=scoring, cv=4)["test_score"], rel=1e-9)
