"""Cross-validation: whose clone is trained, what is scored, and scikit-learn's scores."""

from __future__ import annotations

import _thread
import time
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import GroupKFold, KFold, cross_val_score, cross_validate
from scratchtune.core.evaluation.cross_validation import FitFailedWarning, folds_for
from scratchtune.core.evaluation.models import check_model, clone, fresh, is_classification
from scratchtune.core.evaluation.scoring import resolve_scoring
from scratchtune.core.network.sequential import Sequential
from scratchtune.layers import Dense


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


def test_splits_that_do_not_fit_the_rows_are_errors_before_any_training() -> None:
    X, y = np.arange(6.0)[:, None], np.array([0, 1] * 3)
    with pytest.raises(ValueError, match="split 1 of cv, test, names row 6; X has 6 rows, 0 to 5"):
        folds_for([([0, 1], [2]), ([0, 1], [6])], Nearest(), X, y)
    with pytest.raises(ValueError, match="split 0 of cv, train, is a mask of 5 rows; X has 6"):
        folds_for([(np.arange(5) < 4, np.arange(6) >= 4)], Nearest(), X, y)
    ((train, test),) = folds_for([(np.arange(6) < 4, np.arange(6) >= 4)], Nearest(), X, y)  # a mask means its rows
    assert (train.tolist(), test.tolist()) == ([0, 1, 2, 3], [4, 5])


def test_a_fold_that_fails_scores_nan_with_a_warning_and_all_together_are_an_error() -> None:
    with pytest.warns(FitFailedWarning, match="1 of 2 trainings failed and score NaN; the first with RuntimeError: no"):
        scores = cross_validate(Nearest(fail=True), X, y, cv=2)["test_score"]
    assert np.isnan(scores).tolist() == [False, True]
    with pytest.raises(ValueError, match="all 2 trainings failed, the first with RuntimeError: no luck"):
        cross_validate(Nearest(fail=True), np.zeros((20, 1)), y, cv=2)


def test_one_score_that_fails_is_nan_and_the_others_stay() -> None:
    with pytest.warns(FitFailedWarning, match="2 of 2 trainings failed.*no predict_proba"):
        scores = cross_validate(Nearest(), X, y, cv=2, scoring=["accuracy", "neg_log_loss"])
    assert scores["test_accuracy"].tolist() == [0.7, 0.8] and np.isnan(scores["test_neg_log_loss"]).all()


def test_the_score_of_a_failure_can_be_chosen() -> None:
    begun = time.perf_counter()
    with pytest.warns(FitFailedWarning, match="1 of 2 trainings failed and score -1"):
        scores = cross_validate(Nearest(fail=True), X, y, cv=2, error_score=-1.0, return_train_score=True)
    assert scores["test_score"].tolist() == [0.7, -1.0] and scores["train_score"].tolist() == [1.0, -1.0]
    assert 0.0 < scores["fit_time"].sum() <= time.perf_counter() - begun  # also of what failed, until then
    with pytest.raises(RuntimeError, match="no luck"):
        cross_validate(Nearest(fail=True), X, y, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="error_score is 'rise'.*did you mean 'raise'"):
        cross_validate(Nearest(), X, y, cv=2, error_score="rise")


def test_warnings_point_at_the_line_of_the_call() -> None:
    with pytest.warns(FitFailedWarning) as caught:
        cross_validate(Nearest(fail=True), X, y, cv=2)
    with pytest.warns(UserWarning, match="smallest class has 2 rows") as rare:
        cross_validate(Nearest(), X, np.array([0] * 18 + [1] * 2), cv=3)
    assert {warning.filename for warning in [*caught, *rare]} == {__file__}


def test_groups_go_to_the_splitter() -> None:
    groups = np.arange(20) // 4
    indices = cross_validate(Nearest(), X, y, groups=groups, cv=GroupKFold(5), return_indices=True)["indices"]
    assert sorted(sorted(set(groups[test].tolist())) for test in indices["test"]) == [[0], [1], [2], [3], [4]]
    with pytest.raises(ValueError, match="groups has 3 rows and X has 20"):
        cross_validate(Nearest(), X, y, groups=[1, 2, 3], cv=GroupKFold(2))
    with pytest.raises(ValueError, match="groups is None"):
        cross_validate(Nearest(), X, y, cv=GroupKFold(2))

    class OfOneArgument:
        def split(self, X: Any, y: Any) -> Any:
            yield np.arange(10), np.arange(10, 20)

    assert len(cross_validate(Nearest(), X, y, cv=OfOneArgument())["test_score"]) == 1


def test_an_interruption_waits_for_what_runs_and_for_nothing_else() -> None:
    begun = []

    def scorer(model: Any, X: Any, y: Any) -> float:
        begun.append(1)
        if len(begun) == 2:
            _thread.interrupt_main()
        if len(begun) >= 2:
            time.sleep(0.5)  # the main thread has seconds to notice, however busy the machine is
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        cross_validate(Nearest(), X, y, cv=KFold(20), scoring=scorer, n_jobs=2)
    assert len(begun) < 15


def test_three_kinds_of_models() -> None:
    class Network:
        def configured(self, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            return Network(), {"epochs": params.get("epochs")}

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


def network() -> Any:
    model = Sequential([Dense(4, activation="relu"), Dense(1)], seed=3)
    model.compile(loss="mse", optimizer="adam")
    return model


def test_a_function_that_returns_the_same_model_each_time_starts_afresh_each_time() -> None:
    one, estimator = network(), Nearest()
    target = X[:, 0] / 10.0
    ours = cross_validate(lambda params: one, X / 10.0, target, cv=4, params={"epochs": 3})["test_score"]
    assert ours.tolist() == cross_validate(one, X / 10.0, target, cv=4, params={"epochs": 3})["test_score"].tolist()
    assert not one.built
    kept = cross_validate(lambda params: estimator, X, y, cv=2, return_estimator=True)["estimator"]
    assert kept[0] is not kept[1] and estimator not in kept


def test_integers_are_values_to_a_function_whose_models_have_a_loss_of_values() -> None:
    counts = np.repeat([0, 1], 10)
    assert folds_for(2, network(), X, counts)[0][1].tolist() == list(range(10))
    assert folds_for(2, lambda params: network(), X, counts)[0][1].tolist() == list(range(10))
    assert folds_for(2, lambda params: Nearest(), X, counts)[0][1].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    assert folds_for(2, lambda params: params["units"], X, counts)[0][1][-1] == 14  # it can't be told: as y looks


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
    assert clone(LogisticRegression) is LogisticRegression  # a class is no model


@pytest.mark.parametrize("scoring", [
    None, "accuracy", "neg_log_loss", "roc_auc_ovr", ["accuracy", "f1_macro", "neg_log_loss"], {"hits": "accuracy"},
    lambda model, X, y: {"one": 1.0, "score": model.score(X, y)}, "neg_mean_squared_error", ("r2",)])
def test_scores_are_scikit_learn_s(scoring: Any) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_diabetes, load_iris
    from sklearn.naive_bayes import GaussianNB
    from sklearn.tree import DecisionTreeRegressor

    regression = scoring in ("neg_mean_squared_error", ("r2",))
    data = (load_diabetes if regression else load_iris)(return_X_y=True)
    model = DecisionTreeRegressor(max_depth=3, random_state=0) if regression else GaussianNB()
    assert is_classification(model, data[1]) is not regression
    options = {"scoring": scoring, "cv": 4, "return_train_score": True, "return_estimator": True}
    ours = cross_validate(model, *data, n_jobs=2, return_indices=True, **options)
    theirs = selection.cross_validate(model, *data, return_indices=True, **options)
    assert set(ours) == set(theirs)
    for name, column in theirs.items():
        if name.startswith(("test", "train")):
            assert ours[name] == pytest.approx(column, rel=1e-9), name
    for part in ("train", "test"):
        assert all(map(np.array_equal, ours["indices"][part], theirs["indices"][part]))
    for mine, other in zip(ours["estimator"], theirs["estimator"], strict=True):
        assert (mine.predict(data[0]) == other.predict(data[0])).all()


def test_scores_over_groups_are_scikit_learn_s() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    data, groups = load_iris(return_X_y=True), np.random.default_rng(0).integers(20, size=150)
    for splitters in ((GroupKFold(4), selection.GroupKFold(4)), (selection.LeaveOneGroupOut(),) * 2):
        ours = cross_val_score(SVC(), *data, groups=groups, cv=splitters[0])
        assert ours.tolist() == selection.cross_val_score(SVC(), *data, groups=groups, cv=splitters[1]).tolist()


def test_f1_with_text_labels_is_refused_as_in_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    from sklearn.svm import SVC

    with pytest.raises(ValueError, match="pos_label"):
        cross_val_score(SVC(), X, np.where(y, "yes", "no"), cv=2, scoring="f1")
