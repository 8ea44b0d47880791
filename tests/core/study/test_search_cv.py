"""Searches with cross-validation: what they find, what decides, what is said and refused."""

from __future__ import annotations

import _thread
import copy
import inspect
import pickle
import time
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation import GroupKFold, KFold
from scratchtune.core.evaluation.cross_validation import FitFailedWarning
from scratchtune.core.search import BayesianSearch, Categorical, Float, GeneticSearch, Int
from scratchtune.core.study import GridSearchCV, RandomizedSearchCV, SearchCV, interrupted_study
from scratchtune.core.study.search_cv import ranks

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
    begun = time.perf_counter()
    search = quiet(GridSearchCV(Threshold(), GRID, cv=3), X, y, note="hello")
    assert search.best_params_ == {"at": 0.0, "column": 0} and search.best_index_ == 2
    assert search.best_score_ == search.cv_results_["mean_test_score"][2] > 0.8
    assert search.best_estimator_.get_params() == {"column": 0, "at": 0.0}
    assert search.best_estimator_.seen_ == {"note": "hello"}
    assert (search.predict(X) == search.best_estimator_.predict(X)).all() and search.score(X, y) > 0.8
    assert search.cv_results_["params"][0] == {"at": -1.0, "column": 0}  # names in alphabetical order, the last fastest
    assert search.cv_results_["rank_test_score"].min() == 1 and search.n_splits_ == 3
    assert 0.0 < search.refit_time_ <= time.perf_counter() - begun


@pytest.mark.parametrize(("kind", "n_iter"), [
    (GridSearchCV, None), (RandomizedSearchCV, 10), (SearchCV, None)])
def test_what_is_not_said_is_as_in_scikit_learn_and_repeatable(kind: Any, n_iter: int | None) -> None:
    said = {name: one.default for name, one in inspect.signature(kind).parameters.items()}
    assert (said["cv"], said.get("random_state", 0), said["n_jobs"], said["refit"]) == (5, 0, 1, True)
    assert said["scoring"] is None and np.isnan(said["error_score"]) and said.get("n_iter") == n_iter
    assert (said["verbose"], said["return_train_score"]) == (1, False)  # 1 shows the progress


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
    assert "the random numbers of seed" in first.study_.why(0)


@pytest.mark.parametrize("searcher", [
    "bayesian", "genetic", BayesianSearch(model="tpe", parallel=3), GeneticSearch(population=6)])
def test_settings_that_learn_from_the_scores_before_them(searcher: Any) -> None:
    space = {"at": Float(-2.0, 2.0), "column": [0, 1]}
    first, second = (
        quiet(SearchCV(Threshold(), space, searcher, n_iter=30, cv=3, n_jobs=jobs)) for jobs in (1, 4))
    assert first.cv_results_["params"] == second.cv_results_["params"] and len(first.cv_results_["params"]) == 30
    assert (first.cv_results_["mean_test_score"] == second.cv_results_["mean_test_score"]).all()
    assert first.cv_results_["mean_test_score"][-15:].mean() > 0.6  # at random it is 0.5
    assert abs(first.best_params_["at"]) < 0.7 and first.best_params_["column"] == 0
    assert first.study_.why(29).startswith("Trial 29: ") and "seed" not in first.study_.why(29)


def test_what_a_search_is_asked_for_is_checked_before_any_fit() -> None:
    for search, message in (
        (SearchCV(Threshold(), {"at": Float(0.0, 1.0)}, "forest"), "searcher is 'forest'"),
        (SearchCV(Threshold(), {"at": Float(0.0, 1.0)}, n_iter=0), "n_iter is 0"),
        (GridSearchCV(Threshold(), [{"at": [0.0]}, {"wide": [1]}]), "invalid parameter 'wide'"),
    ):
        with pytest.raises(ValueError, match=message):
            quiet(search)
        assert not hasattr(search, "study_")


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    tables = [quiet(GridSearchCV(Threshold(), GRID, cv=4, n_jobs=jobs)).cv_results_ for jobs in (1, 2, 5)]
    for table in tables[1:]:
        assert table["params"] == tables[0]["params"]
        assert all((table[name] == tables[0][name]).all() for name in table if "test_score" in name)


def test_ranks() -> None:
    assert ranks(np.array([0.5, 0.9, np.nan, 0.9])).tolist() == [3, 1, 4, 1]


def test_an_empty_grid_is_one_setting() -> None:
    search = quiet(GridSearchCV(Threshold(at=0.5), {}, cv=3))
    assert search.cv_results_["params"] == [{}] and search.best_params_ == {} and search.best_estimator_.at == 0.5
    several = quiet(GridSearchCV(Threshold(), [{}, {"at": [1.0, 0.0]}], cv=3))
    assert several.cv_results_["param_at"].mask.tolist() == [True, False, False] and several.best_params_ == {}


def test_without_a_seed_each_fit_draws_anew_and_says_which_seed_it_had() -> None:
    search = RandomizedSearchCV(Threshold(), {"at": Float(-1.0, 1.0)}, n_iter=3, cv=2, random_state=None)
    first, seed = quiet(search).cv_results_["params"], search.study_.seed
    assert quiet(search).cv_results_["params"] != first
    search.random_state = seed
    assert quiet(search).cv_results_["params"] == first
    search.random_state = np.random.RandomState(7)
    assert quiet(search).cv_results_["params"] != quiet(search).cv_results_["params"]


# Several scores, and what decides ------------------------------------------------------------------------------------


def test_several_scores_and_the_one_that_decides() -> None:
    scoring = {"hits": "accuracy", "found": "recall"}
    search = quiet(GridSearchCV(Threshold(), GRID, cv=3, scoring=scoring, refit="found", return_train_score=True))
    results = search.cv_results_
    for name in ("split2_test_hits", "mean_test_found", "std_test_hits", "rank_test_found", "mean_train_hits"):
        assert len(results[name]) == 6
    assert "rank_train_hits" not in results and "mean_test_score" not in results
    assert search.best_params_["at"] == -1.0 and search.best_score_ == results["mean_test_found"].max()
    assert search.multimetric_ and search.study_.best_value == search.best_score_
    assert search.score(X, y) == (search.predict(X)[y == 1] == 1).mean()
    assert quiet(GridSearchCV(Threshold(), GRID, cv=3, scoring=scoring, refit="hits")).best_params_["at"] == 0.0


def test_several_scores_and_none_that_decides() -> None:
    search = quiet(GridSearchCV(Threshold(), GRID, cv=3, scoring=["accuracy", "f1"], refit=False))
    assert not hasattr(search, "best_index_") and "rank_test_f1" in search.cv_results_
    ours = quiet(GridSearchCV(Threshold(), GRID, cv=3, refit=False))
    assert ours.best_index_ == 2  # a single score decides without being asked to


def test_a_scorer_may_return_several_scores() -> None:
    def scorer(model: Any, X: Any, y: Any) -> dict[str, float]:
        return {"own": model.score(X, y), "at": model.at}

    search = quiet(GridSearchCV(Threshold(), GRID, cv=2, scoring=scorer, refit="at"))
    assert search.best_params_["at"] == 1.0 and search.score(X, y) == 1.0
    with pytest.raises(ValueError, match="name of the one that decides: 'own', 'at'"):
        quiet(GridSearchCV(Threshold(), GRID, cv=2, scoring=scorer))
    with pytest.warns(FitFailedWarning):
        failing = quiet(GridSearchCV(Threshold(), {"at": [9.0, 0.0]}, cv=2, scoring=scorer, refit="own"))
    assert np.isnan(failing.cv_results_["mean_test_own"]).tolist() == [True, False]


def test_a_function_decides() -> None:
    seen = []

    def last(results: dict[str, Any]) -> int:
        seen.append(set(results))
        return len(results["params"]) - 1

    search = quiet(GridSearchCV(Threshold(), GRID, cv=2, refit=last))
    assert search.best_index_ == 5 and search.best_estimator_.get_params() == search.cv_results_["params"][5]
    assert search.best_score_ == search.cv_results_["mean_test_score"][5] and "rank_test_score" in seen[0]
    for index, message in ((6, "what refit returned is 6; it must be an integer in .0, 5."), (1.0, "an integer")):
        with pytest.raises((ValueError, TypeError), match=message):
            quiet(GridSearchCV(Threshold(), GRID, cv=2, refit=lambda results, index=index: index))


def test_train_scores() -> None:
    search = quiet(GridSearchCV(Threshold(), GRID, cv=KFold(2), return_train_score=True))
    results = search.cv_results_
    assert (results["split0_train_score"] == results["split1_test_score"]).all()  # trained on what the other one tests
    assert (results["mean_train_score"] == results["mean_test_score"]).all()


def test_the_score_of_a_failure_can_be_chosen() -> None:
    grid = {"at": [9.0, 0.0]}
    with pytest.warns(FitFailedWarning, match="score 0.25") as caught:
        search = quiet(GridSearchCV(Threshold(), grid, cv=2, error_score=0.25))
    assert search.cv_results_["mean_test_score"][0] == 0.25 and caught[0].filename == __file__
    for jobs in (1, 2):
        with pytest.raises(RuntimeError, match="far too high"):
            quiet(GridSearchCV(Threshold(), grid, cv=2, error_score="raise", n_jobs=jobs))


def test_scores_that_are_nan_everywhere_choose_nothing() -> None:
    with pytest.raises(ValueError, match="the score of every configuration is NaN"):
        quiet(GridSearchCV(Threshold(), GRID, cv=2, scoring=lambda *_: float("nan")))


def test_groups_go_to_the_splitter() -> None:
    groups = np.arange(60) % 6
    search = quiet(GridSearchCV(Threshold(), GRID, cv=GroupKFold(3)), X, y, groups=groups)
    assert search.n_splits_ == 3 and search.best_estimator_.seen_ == {}
    with pytest.raises(ValueError, match="groups is None"):
        quiet(GridSearchCV(Threshold(), GRID, cv=GroupKFold(3)))


def test_weights_of_rows_count_in_training_and_in_scores() -> None:
    weight = (X[:, 1] > 0.0).astype(float)
    rows = weight > 0.0
    search = quiet(
        GridSearchCV(Threshold(), GRID, cv=[(np.arange(60), np.arange(60))], scoring="accuracy"), X, y,
        sample_weight=weight)
    for params, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        assert score == pytest.approx(Threshold(**params).score(X[rows], y[rows]))
    assert (search.best_estimator_.seen_["sample_weight"] == weight).all()


def test_an_interrupted_search_leaves_its_study() -> None:
    def scorer(model: Any, X: Any, y: Any) -> float:
        if model.at == 0.0:
            raise KeyboardInterrupt
        return 0.0

    search = GridSearchCV(Threshold(), {"at": [-1.0, 1.0, 0.0]}, cv=2, scoring=scorer)
    with pytest.raises(KeyboardInterrupt):
        quiet(search)
    assert interrupted_study() is search.study_
    assert [trial.state for trial in search.study_.trials] == ["complete", "complete", "running"]


def test_an_interruption_waits_for_what_runs_and_for_nothing_else() -> None:
    begun = []

    def scorer(model: Any, X: Any, y: Any) -> float:
        begun.append(1)
        if len(begun) == 3:
            _thread.interrupt_main()
        if len(begun) >= 3:
            time.sleep(0.5)  # the main thread has seconds to notice, however busy the machine is
        return 0.0

    for jobs in (1, 2):
        begun.clear()
        with pytest.raises(KeyboardInterrupt):
            quiet(GridSearchCV(Threshold(), GRID, cv=10, n_jobs=jobs, scoring=scorer))
        assert len(begun) < 30  # of 60


# Networks, and functions that make them ------------------------------------------------------------------------------


def network(hidden: int = 1) -> Any:
    module = pytest.importorskip("scratchtune.core.network.sequential")
    from scratchtune.core.network.optimizers import Adam
    from scratchtune.layers import Dense

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
    from scratchtune.core.network.callbacks import EarlyStopping

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


def test_several_scores_of_a_network() -> None:
    scoring = ["accuracy", "neg_log_loss", "f1", "roc_auc"]
    search = quiet(GridSearchCV(network(), {"epochs": [1, 30]}, cv=3, scoring=scoring, refit="neg_log_loss", n_jobs=-1))
    assert search.best_params_ == {"epochs": 30} and search.score(X, y) > -0.5
    assert all(np.isfinite(search.cv_results_[f"mean_test_{name}"]).all() for name in scoring)


def test_a_function_that_returns_the_same_model_starts_afresh_each_time() -> None:
    one = network()
    searches = [GridSearchCV(model, {"epochs": [1, 20]}, cv=3) for model in (one, lambda params: one)]
    first, second = (quiet(search) for search in searches)
    assert (first.cv_results_["mean_test_score"] == second.cv_results_["mean_test_score"]).all()
    assert not one.built


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
    assert said.err == "6 configurations x 5 folds = 30 fits\n30 fits, about 0.1 s\n" and said.out == ""
    GridSearchCV(Threshold(), GRID, cv=5, verbose=0).fit(X, y)
    assert capsys.readouterr().err == ""
    RandomizedSearchCV(Threshold(), GRID, n_iter=10, cv=5).fit(X, y)  # of only six points
    assert capsys.readouterr().err.startswith("6 configurations x 5 folds = 30 fits\n")


def test_a_setting_that_fails_ranks_last_with_a_warning_and_all_together_are_an_error() -> None:
    with pytest.warns(FitFailedWarning, match="3 of 6 trainings failed and score NaN; the first with RuntimeError"):
        search = quiet(GridSearchCV(Threshold(), {"at": [9.0, 0.0]}, cv=3))
    assert search.best_params_ == {"at": 0.0} and search.cv_results_["rank_test_score"].tolist() == [2, 1]
    assert search.study_.trials[0].state == "failed"
    with pytest.raises(ValueError, match="all 3 trainings failed, the first with RuntimeError: far too high"):
        quiet(GridSearchCV(Threshold(), {"at": [9.0]}, cv=3))


def test_a_tuple_of_numbers_is_a_list_in_a_grid_and_a_range_elsewhere() -> None:
    search = quiet(GridSearchCV(Threshold(), {"at": (0.0, 1.0)}, cv=3))
    assert search.cv_results_["params"] == [{"at": 0.0}, {"at": 1.0}]
    for given in ((0.0, 1.0), (1e-4, 1e-1, "log-uniform")):
        search = quiet(RandomizedSearchCV(Threshold(), {"at": given}))
        assert all(given[0] <= params["at"] <= given[1] for params in search.cv_results_["params"])


@pytest.mark.parametrize("make, message", [
    (lambda: GridSearchCV(Threshold, GRID), "is the class Threshold"),
    (lambda: GridSearchCV(Threshold(), []), "param_grid is an empty list"),
    (lambda: GridSearchCV(Threshold(), {"at": 1.0}), "at is 1.0; it must be"),
    (lambda: GridSearchCV(Threshold(), "at"), "param_grid is 'at'"),
    (lambda: GridSearchCV(Threshold(), {"att": [1.0]}), "invalid parameter 'att'"),
    (lambda: GridSearchCV(Threshold(), GRID, cv=1), "cv is 1"),
    (lambda: GridSearchCV(Threshold(), GRID, cv=100), "n_splits is 100 and the largest class"),
    (lambda: GridSearchCV(Threshold(), GRID, scoring="acc"), "scoring is 'acc'"),
    (lambda: GridSearchCV(Threshold(), GRID, n_jobs=0), "n_jobs is 0"),
    (lambda: GridSearchCV(Threshold(), GRID, refit="yes"), "refit is 'yes'"),
    (lambda: GridSearchCV(Threshold(), GRID, scoring=["f1", "accuracy"]), "name of the one that decides: 'f1', 'acc"),
    (lambda: GridSearchCV(Threshold(), GRID, return_train_score=1), "return_train_score is 1"),
    (lambda: GridSearchCV(Threshold(), GRID, error_score="rise"), "error_score is 'rise'"),
    (lambda: RandomizedSearchCV(Threshold(), GRID, random_state="x"), "random_state is 'x'"),
    (lambda: RandomizedSearchCV(Threshold(), GRID, n_iter=0), "n_iter is 0"),
])
def test_bad_arguments_are_one_clear_sentence(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        quiet(make())


def test_before_fit_and_without_refit_there_is_no_best_estimator() -> None:
    with pytest.raises(AttributeError, match="not fitted yet; call fit with training data first"):
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
    with pytest.raises(ValueError, match="parameter 'cvv' is unknown to GridSearchCV"):
        search.set_params(cvv=4)
    for again in (copy.deepcopy(search), pickle.loads(pickle.dumps(search))):
        assert again.best_params_ == search.best_params_ and (again.predict(X) == search.predict(X)).all()


def test_param_distributions_is_another_name_of_space() -> None:
    import scratchtune as st

    X, y = st.datasets.load_digits()
    X, y, space = X[:200] / 16.0, y[:200], {"l2": [0.0, 0.01], "learning_rate": [0.01, 0.001]}
    model = st.MLPClassifier(epochs=1, random_state=0, verbose=0)
    one, other = (st.RandomizedSearchCV(model, n_iter=2, cv=2, verbose=0, **given).fit(X, y) for given in (
        {"space": space}, {"param_distributions": space}))
    assert one.cv_results_["params"] == other.cv_results_["params"] and one.best_score_ == other.best_score_
    for given in ({}, {"space": space, "param_distributions": space}):
        with pytest.raises(TypeError, match="space must be given, or param_distributions"):
            st.RandomizedSearchCV(model, **given).fit(X, y)
