"""Searches with cross-validation against scikit-learn's own: the same results, and at home among its estimators."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import GroupKFold
from scratchtune.core.search import Float
from scratchtune.core.study import GridSearchCV, RandomizedSearchCV

sklearn = pytest.importorskip("sklearn")
selection = pytest.importorskip("sklearn.model_selection")
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.linear_model import Ridge  # noqa: E402
from sklearn.naive_bayes import GaussianNB  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler, StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

IRIS, DIABETES = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
TWO = IRIS[0][:100], np.array(["no", "yes"])[IRIS[1][:100]]
C = {"gamma": [0.01, 0.1, 1.0], "C": [0.1, 1.0, 10.0]}


def quiet(search: Any, *data: Any, **arguments: Any) -> Any:
    search.verbose = 0
    return search.fit(*data, **arguments)


def assert_same_results(ours: Any, theirs: Any) -> None:
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name, column in theirs.cv_results_.items():
        if name.startswith("param_"):
            assert ours.cv_results_[name].tolist() == column.tolist() and ours.cv_results_[name].dtype == column.dtype
        elif "test" in name or "train" in name:
            assert ours.cv_results_[name] == pytest.approx(column, rel=1e-9, abs=1e-12, nan_ok=True), name
    for name in ("best_params_", "best_index_", "best_score_", "n_splits_", "multimetric_"):
        assert hasattr(ours, name) is hasattr(theirs, name) or callable(ours.refit)
        if hasattr(theirs, name):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name


CASES: list[tuple[Any, Any, Any, dict[str, Any]]] = [
    (SVC(), C, IRIS, {"cv": 5, "return_train_score": True}),
    (SVC(), {}, IRIS, {}),
    (SVC(), [{"kernel": ["linear"], "C": [1, 10]}, {"kernel": ["rbf"], "gamma": ["scale", 1.0]}, {}], IRIS, {"cv": 3}),
    (SVC(), C, TWO, {"scoring": "roc_auc"}),
    (SVC(), C, IRIS, {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "return_train_score": True}),
    (SVC(), C, IRIS, {"scoring": {"a": "accuracy", "b": "recall_weighted"}, "refit": False}),
    (SVC(), C, IRIS, {"scoring": ["accuracy"], "refit": "accuracy"}),
    (SVC(), C, IRIS, {"refit": lambda results: int(results["rank_test_score"].argmax())}),
    (SVC(), {"C": [1, 0.5], "shrinking": [True, False], "class_weight": [None, {0: 2.0}]}, IRIS, {"cv": 3}),
    (GaussianNB(), {"var_smoothing": np.logspace(-9, 1, 4)}, IRIS, {"scoring": "neg_log_loss"}),
    (Ridge(), {"alpha": [0.1, 1.0, 10.0]}, DIABETES, {"scoring": "neg_mean_squared_error", "cv": 4}),
    (Ridge(), {"alpha": [0.1, 1.0]}, DIABETES, {"scoring": ["r2", "neg_mean_absolute_error"], "refit": "r2"}),
    (SVC(), {"C": [1.0, -1.0]}, IRIS, {"error_score": 0.5}),
]


@pytest.mark.parametrize("estimator, grid, data, options", CASES)
def test_a_grid_gives_scikit_learn_s_results(estimator: Any, grid: Any, data: Any, options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = quiet(GridSearchCV(estimator, grid, n_jobs=2, **options), *data)
        theirs = selection.GridSearchCV(estimator, grid, **options).fit(*data)
    assert_same_results(ours, theirs)
    if theirs.refit:
        assert (ours.predict(data[0]) == theirs.predict(data[0])).all()
        assert ours.score(*data) == pytest.approx(theirs.score(*data))
        assert hasattr(ours, "decision_function") is hasattr(theirs, "decision_function")


def test_steps_of_a_pipeline_are_tuned() -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    grid = {"model__C": [0.1, 1.0], "scale": [StandardScaler(), MinMaxScaler(), None]}
    ours = quiet(GridSearchCV(pipeline, grid, cv=4, n_jobs=2), *IRIS)
    theirs = selection.GridSearchCV(pipeline, grid, cv=4).fit(*IRIS)
    assert repr(ours.cv_results_["params"]) == repr(theirs.cv_results_["params"])
    assert (ours.cv_results_["mean_test_score"] == theirs.cv_results_["mean_test_score"]).all()
    assert repr(ours.best_params_) == repr(theirs.best_params_)


def test_a_random_search_of_a_finite_space_gives_scikit_learn_s_results() -> None:
    space = {"C": [0.1, 1.0, 10.0], "gamma": [0.1, 1.0]}
    ours = quiet(RandomizedSearchCV(SVC(), space, n_iter=6, n_jobs=-1), *IRIS)
    theirs = selection.RandomizedSearchCV(SVC(), space, n_iter=6, random_state=0).fit(*IRIS)
    scores = [
        {tuple(sorted(params.items())): score for params, score in zip(r["params"], r["mean_test_score"], strict=True)}
        for r in (ours.cv_results_, theirs.cv_results_)]
    assert scores[0] == pytest.approx(scores[1]) and len(scores[0]) == 6
    assert ours.best_score_ == pytest.approx(theirs.best_score_)
    assert scores[1][tuple(sorted(ours.best_params_.items()))] == pytest.approx(theirs.best_score_)


def test_random_settings_score_as_in_scikit_learn() -> None:
    space = {"C": Float(0.1, 10.0, log=True), "gamma": [0.1, 1.0]}
    ours = quiet(RandomizedSearchCV(SVC(), space, n_iter=6, n_jobs=2), *IRIS)
    for params, score in zip(ours.cv_results_["params"], ours.cv_results_["mean_test_score"], strict=True):
        assert score == pytest.approx(selection.cross_val_score(SVC(**params), *IRIS).mean())


def test_groups_and_weights_are_treated_as_in_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    groups, weight = rng.integers(15, size=150), rng.random(150)
    for scoring in (None, "accuracy", "neg_log_loss"):
        options = {"param_grid": {"var_smoothing": [1e-9, 0.1, 1.0]}, "scoring": scoring}
        arguments = {"groups": groups, "sample_weight": weight}
        ours = quiet(GridSearchCV(GaussianNB(), cv=GroupKFold(4), **options), *IRIS, **arguments)
        theirs = selection.GridSearchCV(GaussianNB(), cv=selection.GroupKFold(4), **options).fit(*IRIS, **arguments)
        if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9):  # earlier ones did not weigh the scores
            assert_same_results(ours, theirs)
        assert ours.predict(IRIS[0]).tolist() == theirs.predict(IRIS[0]).tolist()


def test_f1_with_text_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="pos_label"):
        quiet(GridSearchCV(SVC(), {"C": [1.0]}, scoring="f1"), *TWO)


# At home in scikit-learn ---------------------------------------------------------------------------------------------


def test_it_is_an_estimator_among_scikit_learn_s() -> None:
    pandas = pytest.importorskip("pandas")
    data = load_iris(return_X_y=True, as_frame=True)
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1.0]}, verbose=0)
    assert sklearn.base.is_classifier(search) and repr(sklearn.clone(search)) == repr(search)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert selection.cross_val_score(search, *data, cv=3).mean() > 0.9
    search.fit(*data)
    assert search.decision_function(data[0]).shape == (150, 3) and search.classes_.tolist() == [0, 1, 2]
    assert isinstance(data[0], pandas.DataFrame) and list(search.feature_names_in_) == list(data[0].columns)


@pytest.mark.parametrize("loss, outputs, data", [
    ("categorical_crossentropy", 3, IRIS), ("mse", 1, (DIABETES[0][:90], DIABETES[1][:90] / 100.0))])
def test_a_search_of_a_network_works_in_scikit_learn(loss: str, outputs: int, data: Any) -> None:
    from scratchtune.core.network.sequential import Sequential
    from scratchtune.layers import Dense

    model = Sequential([Dense(8, activation="relu"), Dense(outputs, activation="softmax" if outputs > 1 else "linear")])
    model.compile(loss=loss, optimizer="adam")
    search = GridSearchCV(model, {"learning_rate": [0.01, 0.05], "epochs": [10]}, cv=2, verbose=0)
    assert sklearn.base.is_classifier(search) is (outputs > 1)
    copy = sklearn.clone(search)
    assert copy.estimator is not model and copy.param_grid == search.param_grid
    scores = selection.cross_val_score(search, *data, cv=3, error_score="raise")
    assert scores.shape == (3,) and (scores < 0.0).all() and not model.built


def test_a_search_in_a_pipeline_and_in_scikit_learn_s_own_search() -> None:
    inner = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=2, verbose=0)
    outer = selection.GridSearchCV(make_pipeline(StandardScaler(), inner), {"gridsearchcv__cv": [2, 3]}, cv=3)
    assert outer.fit(*IRIS).best_score_ > 0.9
    nested = quiet(GridSearchCV(inner, {"estimator__gamma": [0.1, 1.0]}, cv=2), *IRIS)
    assert nested.best_estimator_.best_estimator_.gamma == nested.best_params_["estimator__gamma"]


def test_scikit_learn_is_not_loaded_for_a_search() -> None:
    code = (
        "import sys, numpy as np, scratchtune as st\n"
        "X = np.random.default_rng(0).normal(size=(40, 2)); y = (X[:, 0] > 0).astype(int)\n"
        "model = st.Sequential([st.Dense(2, activation='softmax')])\n"
        "model.compile(loss='categorical_crossentropy', optimizer='adam')\n"
        "st.GridSearchCV(model, {'epochs': [1, 2]}, cv=2, scoring='roc_auc', verbose=0).fit(X, y).score(X, y)\n"
        "sys.exit('sklearn' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia", "array"])
def test_sparse_rows_are_searched_as_by_scikit_learn(form: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    from sklearn.linear_model import LogisticRegression

    X, y = IRIS[0] * (IRIS[0] > 1.5), IRIS[1]
    given = sparse.csr_array(X) if form == "array" else sparse.csr_matrix(X).asformat(form)
    grid = {"C": [0.1, 10.0]}
    ours = quiet(GridSearchCV(LogisticRegression(), grid, cv=3), given, y)
    theirs = selection.GridSearchCV(LogisticRegression(), grid, cv=3).fit(given, y)
    assert_same_results(ours, theirs)
    assert ours.predict(given).tolist() == theirs.predict(given).tolist()


def test_sparse_rows_stay_sparse_and_are_refused_by_our_networks() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    import scratchtune as st

    y = np.arange(300) % 2  # dense, the rows would take 2.4 GB
    wide = sparse.csr_matrix((np.ones(300), (np.arange(300), 1000 * np.arange(300) + y)), shape=(300, 1_000_000))
    from sklearn.linear_model import SGDClassifier

    search = RandomizedSearchCV(SGDClassifier(max_iter=1, tol=None), {"alpha": [1e-3]}, 1, 3)
    assert quiet(search, wide, y).n_splits_ == 3
    with pytest.raises(ValueError, match="TypeError: X is a sparse csr_matrix; it must be dense, as X.toarray"):
        quiet(RandomizedSearchCV(st.MLPClassifier(), {"units": [4]}, 1, 3), wide, y)
    network = st.Sequential([st.Dense(2, activation="softmax")])
    network.compile(loss="categorical_crossentropy")
    with pytest.raises(TypeError, match="X is a sparse csr_matrix; it must be dense"):
        quiet(RandomizedSearchCV(network, {"batch_size": [4]}, 1, 3), wide, y)
