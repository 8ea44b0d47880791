"""Searches with cross-validation: the protocol, what is said and refused, and scikit-learn's results."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.evaluation import KFold
from scratchtune.evaluation.cross_validation import FitFailedWarning
from scratchtune.search import Categorical, Float, Int
from scratchtune.study import GridSearchCV, RandomizedSearchCV
from scratchtune.study.search_cv import ranks

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2))
y = (X[:, 0] + 0.3 * rng.normal(size=60) > 0.0).astype(int)


class Threshold:
    """The smallest estimator: class 1 where a column is above a threshold."""

    def __init__(self, column: int = 0, at: float = 0.0) -> None:
        self.column, self.at = column, at

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"column": self.column, "at": self.at}

    def set_params(self, **params: Any) -> Threshold:
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"invalid parameter {name!r}")
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any, **arguments: Any) -> Threshold:
        if self.at > 5.0:
            raise RuntimeError("far too high")
        self.seen_ = arguments
        return self

    def predict(self, X: Any) -> Any:
        return (X[:, self.column] > self.at).astype(int)

    def score(self, X: Any, y: Any) -> float:
        return float((self.predict(X) == y).mean())


GRID = {"column": [0, 1], "at": [-1.0, 0.0, 1.0]}


def quiet(search: Any, *data: Any, **arguments: Any) -> Any:
    search.verbose = 0
    return search.fit(*(data or (X, y)), **arguments)


# Worked examples -----------------------------------------------------------------------------------------------------


def test_a_search_by_hand() -> None:
    search = quiet(GridSearchCV(Threshold(), GRID, cv=3), X, y, note="hello")
    assert search.best_params_ == {"at": 0.0, "column": 0} and search.best_index_ == 2
    assert search.best_score_ == search.cv_results_["mean_test_score"][2] > 0.8
    assert search.best_estimator_.get_params() == {"column": 0, "at": 0.0}
    assert search.best_estimator_.seen_ == {"note": "hello"}
    assert (search.predict(X) == search.best_estimator_.predict(X)).all() and search.score(X, y) > 0.8
    assert search.cv_results_["params"][0] == {"at": -1.0, "column": 0}  # names in alphabetical order, the last fastest
    assert search.cv_results_["rank_test_score"].min() == 1 and search.n_splits_ == 3


def test_absent_parameters_are_masked() -> None:
    space = {"at": [0.0, 1.0], "column": Categorical([0, 1], when={"at": [0.0]})}
    results = quiet(GridSearchCV(Threshold(), space, cv=2)).cv_results_
    assert results["param_column"].mask.tolist() == [False, False, True]
    assert results["params"][2] == {"at": 1.0}


def test_a_list_of_grids_is_tried_one_after_the_other() -> None:
    search = quiet(GridSearchCV(Threshold(), [{"at": [1.0, 2.0]}, {"column": [1]}], cv=2))
    assert search.cv_results_["params"] == [{"at": 1.0}, {"at": 2.0}, {"column": 1}]
    assert search.cv_results_["param_at"].mask.tolist() == [False, False, True]


def test_random_settings() -> None:
    space = {"at": Float(-2.0, 2.0), "column": [0, 1]}
    first, second = (quiet(RandomizedSearchCV(Threshold(), space, n_iter=12, cv=3, n_jobs=jobs)) for jobs in (1, 4))
    assert first.cv_results_["params"] == second.cv_results_["params"] and len(first.cv_results_["params"]) == 12
    assert quiet(RandomizedSearchCV(Threshold(), space, n_iter=3, random_state=1)).cv_results_["params"] != (
        first.cv_results_["params"][:3])
    small = quiet(RandomizedSearchCV(Threshold(), {"column": Int(0, 1)}, n_iter=12, cv=3))
    assert sorted(params["column"] for params in small.cv_results_["params"]) == [0, 1]
    assert "stream of random numbers" in first.study_.why(0)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    tables = [quiet(GridSearchCV(Threshold(), GRID, cv=4, n_jobs=jobs)).cv_results_ for jobs in (1, 2, 5)]
    for table in tables[1:]:
        assert table["params"] == tables[0]["params"]
        assert all((table[name] == tables[0][name]).all() for name in table if "test_score" in name)


def test_ranks() -> None:
    assert ranks(np.array([0.5, 0.9, np.nan, 0.9])).tolist() == [3, 1, 4, 1]


# Networks, and functions that make them ------------------------------------------------------------------------------


def network(hidden: int = 1) -> Any:
    module = pytest.importorskip("scratchtune.network.sequential")
    from scratchtune.network.layers import Dense
    from scratchtune.network.optimizers import Adam

    model = module.Sequential([*(Dense(8, activation="relu") for _ in range(hidden)), Dense(2, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.01), metrics=["accuracy"])
    return model


def test_a_network_is_tuned_by_names_of_optimizer_fit_and_layers() -> None:
    model = network()
    grid = {"learning_rate": [0.001, 0.05], "batch_size": [8, 16], "units": [4]}
    search = quiet(GridSearchCV(model, grid, cv=3, n_jobs=2), X, y, epochs=3)
    alone = quiet(GridSearchCV(model, grid, cv=3), X, np.eye(2)[y], epochs=3)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()
    assert set(search.best_params_) == set(grid) and search.predict(X).shape == (60, 2) and not model.built
    assert search.score(X, y) == search.best_estimator_.evaluate(X, y)["accuracy"]


def test_each_training_has_callbacks_of_its_own() -> None:
    from scratchtune.network.callbacks import EarlyStopping

    stopping = EarlyStopping(monitor="loss", patience=1)
    network().fit(X, y, epochs=2, callbacks=[stopping], verbose=0)
    searches = [GridSearchCV(network(), {"learning_rate": [0.01, 0.5]}, cv=3, n_jobs=jobs) for jobs in (1, 3)]
    first, second = (quiet(search, X, y, epochs=30, callbacks=[stopping]) for search in searches)
    assert (first.cv_results_["mean_test_score"] == second.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_a_network_is_scored_by_name(scoring: str) -> None:
    assert np.isfinite(quiet(GridSearchCV(network(), {"epochs": [1, 20]}, cv=3, scoring=scoring)).best_score_)


def test_a_function_from_params_to_a_model() -> None:
    search = quiet(GridSearchCV(lambda params: network(params["hidden"]), {"hidden": [1, 2], "epochs": [2]}, cv=3))
    assert len(search.best_estimator_.layers) == 1 + search.best_params_["hidden"]


def test_what_is_wrong_with_a_network_s_search_is_said_before_any_work() -> None:
    model = network()
    cases: list[tuple[Any, str]] = [
        ({"learning_rat": [0.1]}, "did you mean 'learning_rate'"), ({"learning_rate": [-1.0]}, "-1.0"),
        ({"batch_size": [0]}, "batch_size is 0"), ({"activation": ["rleu"]}, "did you mean 'relu'")]
    for grid, message in cases:
        with pytest.raises(ValueError, match=message):
            quiet(GridSearchCV(model, grid))
    with pytest.raises(ValueError, match="X holds NaN"):
        quiet(GridSearchCV(model, {"epochs": [1]}), np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="y has 3 rows and X has 60"):
        quiet(GridSearchCV(model, {"epochs": [1]}), X, y[:3])


# What is said and refused --------------------------------------------------------------------------------------------


def test_it_says_how_many_trainings_there_are_and_about_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    GridSearchCV(Threshold(), GRID, cv=5).fit(X, y)
    said = capsys.readouterr()
    assert said.err == "6 settings x 5 folds = 30 trainings\n30 trainings, about 0.1 s\n" and said.out == ""
    GridSearchCV(Threshold(), GRID, cv=5, verbose=0).fit(X, y)
    assert capsys.readouterr().err == ""


def test_a_setting_that_fails_ranks_last_with_a_warning_and_all_together_are_an_error() -> None:
    with pytest.warns(FitFailedWarning, match="3 of 6 trainings failed and score NaN; the first with RuntimeError"):
        search = quiet(GridSearchCV(Threshold(), {"at": [9.0, 0.0]}, cv=3))
    assert search.best_params_ == {"at": 0.0} and search.cv_results_["rank_test_score"].tolist() == [2, 1]
    assert search.study_.trials[0].state == "failed"
    with pytest.raises(ValueError, match="all 3 trainings failed; the first with RuntimeError: far too high"):
        quiet(GridSearchCV(Threshold(), {"at": [9.0]}, cv=3))


@pytest.mark.parametrize("make, message", [
    (lambda: GridSearchCV(Threshold, GRID), "is the class Threshold"),
    (lambda: GridSearchCV(Threshold(), {}), "space is empty"),
    (lambda: GridSearchCV(Threshold(), {"at": 1.0}), "at is 1.0; it must be"),
    (lambda: GridSearchCV(Threshold(), "at"), "param_grid is 'at'"),
    (lambda: GridSearchCV(Threshold(), {"att": [1.0]}), "invalid parameter 'att'"),
    (lambda: GridSearchCV(Threshold(), GRID, cv=1), "cv is 1"),
    (lambda: GridSearchCV(Threshold(), GRID, cv=100), "n_splits is 100 and the largest class"),
    (lambda: GridSearchCV(Threshold(), GRID, scoring="acc"), "scoring is 'acc'"),
    (lambda: GridSearchCV(Threshold(), GRID, n_jobs=0), "n_jobs is 0"),
    (lambda: GridSearchCV(Threshold(), GRID, refit="yes"), "refit is 'yes'"),
    (lambda: RandomizedSearchCV(Threshold(), GRID, n_iter=0), "n_iter is 0"),
])
def test_bad_arguments_are_one_clear_sentence(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        quiet(make())


def test_before_fit_and_without_refit_there_is_no_best_estimator() -> None:
    with pytest.raises(AttributeError, match="call fit first"):
        GridSearchCV(Threshold(), GRID).predict(X)
    search = quiet(GridSearchCV(Threshold(), GRID, refit=False))
    assert search.best_score_ > 0.8
    with pytest.raises(AttributeError, match="refit=False"):
        search.predict(X)
    assert not hasattr(search, "predict_proba")


def test_params_copies_and_pickles() -> None:
    search = quiet(GridSearchCV(Threshold(), GRID, cv=KFold(3)))
    assert search.get_params()["estimator__at"] == 0.0
    search.set_params(cv=4, estimator__at=2.0)
    assert search.cv == 4 and search.estimator.at == 2.0
    with pytest.raises(ValueError, match="parameter is 'cvv'"):
        search.set_params(cvv=4)
    for again in (copy.deepcopy(search), pickle.loads(pickle.dumps(search))):
        assert again.best_params_ == search.best_params_ and (again.predict(X) == search.predict(X)).all()


# scikit-learn --------------------------------------------------------------------------------------------------------


def assert_same_results(ours: Any, theirs: Any) -> None:
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name, column in theirs.cv_results_.items():
        if name.startswith("param_"):
            assert ours.cv_results_[name].tolist() == column.tolist()
        elif "test_score" in name:
            assert ours.cv_results_[name] == pytest.approx(column, rel=1e-12, abs=1e-12), name
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    assert (ours.best_params_, ours.best_index_) == (theirs.best_params_, theirs.best_index_)
    assert ours.best_score_ == pytest.approx(theirs.best_score_)


def sklearn_cases() -> Any:
    from sklearn.datasets import load_diabetes, load_iris
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.svm import SVC

    iris, diabetes = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    yield SVC(), {"gamma": [0.01, 0.1, 1.0], "C": [0.1, 1.0, 10.0]}, iris, {"cv": 5}
    yield SVC(), [{"kernel": ["linear"], "C": [1, 10]}, {"kernel": ["rbf"], "gamma": [0.1, 1.0]}], iris, {"cv": 3}
    yield LogisticRegression(max_iter=500), {"C": np.logspace(-2, 1, 4)}, iris, {"scoring": "neg_log_loss"}
    yield Ridge(), {"alpha": [0.1, 1.0, 10.0]}, diabetes, {"scoring": "neg_mean_squared_error", "cv": 4}
    yield pipeline, {"model__C": [0.1, 1.0], "scale": [StandardScaler(), MinMaxScaler(), None]}, iris, {"cv": 4}


def test_results_are_scikit_learn_s() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    for estimator, grid, data, options in sklearn_cases():
        ours = quiet(GridSearchCV(estimator, grid, n_jobs=2, **options), *data)
        theirs = selection.GridSearchCV(estimator, grid, **options).fit(*data)
        if "scale" in grid:  # scalers are compared by what they are, since each search makes clones
            for search in (ours, theirs):
                search.cv_results_ = {**search.cv_results_, "params": None, "param_scale": np.ma.array([0])}
                search.best_params_ = repr(search.best_params_)
        assert_same_results(ours, theirs)
        assert (ours.predict(data[0]) == theirs.predict(data[0])).all()
        assert ours.score(*data) == pytest.approx(theirs.score(*data))


def test_random_settings_score_as_in_scikit_learn() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    data = load_iris(return_X_y=True)
    space = {"C": Float(0.1, 10.0, log=True), "gamma": [0.1, 1.0]}
    ours = quiet(RandomizedSearchCV(SVC(), space, n_iter=6, n_jobs=2), *data)
    for params, score in zip(ours.cv_results_["params"], ours.cv_results_["mean_test_score"], strict=True):
        assert score == pytest.approx(selection.cross_val_score(SVC(**params), *data).mean())


def test_it_is_an_estimator_among_scikit_learn_s() -> None:
    sklearn = pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, verbose=0)
    assert sklearn.base.is_classifier(search) and repr(sklearn.clone(search)) == repr(search)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cross_val_score(search, *data, cv=3).mean() > 0.9
    search.fit(*data)
    assert search.predict_proba(data[0]).shape == (150, 3) and search.classes_.tolist() == [0, 1, 2]
    assert isinstance(data[0], pandas.DataFrame) and list(search.feature_names_in_) == list(data[0].columns)
