"""Halving searches with cross-validation: a schedule by hand, and scikit-learn's survivors and scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

X, Y = st.datasets.load_digits()
X, Y = X[:400], Y[:400]


class Constant:
    """An estimator whose parameter decides its score, which is below 0: the survivors are known in advance."""

    def __init__(self, level: float = 0.0, epochs: int = 1) -> None:
        self.level, self.epochs = level, epochs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"level": self.level, "epochs": self.epochs}

    def set_params(self, **params: Any) -> Constant:
        vars(self).update(params)
        return self

    def fit(self, X: Any, y: Any) -> Constant:
        if self.level == 3:
            raise ValueError("level 3 is wrong")
        self.rows_ = len(X)
        return self

    def score(self, X: Any, y: Any) -> float:
        return self.level * self.epochs - 100.0


LEVELS = {"level": [5, 1, 4, 2, 3, 0, 6]}


def test_a_schedule_by_hand() -> None:
    """7 candidates, 1 to 4 epochs, factor 2: 7, then ⌈7/2⌉ = 4, then ⌈7/4⌉ = 2; the failed one counts as the worst."""
    search = st.HalvingGridSearchCV(Constant(), LEVELS, factor=2, resource="epochs", max_resources=4, cv=2, verbose=0)
    with pytest.warns(Warning, match="2 of 14 trainings failed"):
        search.fit(X[:20], Y[:20])
    results = search.cv_results_
    assert results["iter"].tolist() == [0] * 7 + [1] * 4 + [2] * 2
    assert results["n_resources"].tolist() == [1] * 7 + [2] * 4 + [4] * 2
    assert [params["level"] for params in results["params"]] == [5, 1, 4, 2, 3, 0, 6, 2, 4, 5, 6, 5, 6]
    assert results["params"][-1] == {"level": 6, "epochs": 4} == search.best_params_
    assert (search.best_index_, search.best_score_, search.best_estimator_.epochs) == (12, -76.0, 4)
    assert (search.n_candidates_, search.n_resources_, search.n_iterations_) == ([7, 4, 2], [1, 2, 4], 3)
    assert [trial.value for trial in search.study_.trials[7:]] == [-96.0, -92.0, -90.0, -88.0, -80.0, -76.0]


def test_the_rows_of_a_rung() -> None:
    """Of 400 rows in 4 folds, 300 are for training: with 100 rows in all 75 of them, with 400 all 300."""
    used: list[tuple[int, ...]] = []

    class Noting(Constant):
        def fit(self, X: Any, y: Any) -> Constant:
            used.append(tuple(X[:, 0]))
            return super().fit(X, y)

    rows = np.arange(400.0)[:, None]
    search = st.HalvingGridSearchCV(Noting(), {"level": [1, 2, 4, 5]}, factor=4, cv=4, refit=False, verbose=0)
    search.fit(rows, np.zeros(400))
    assert search.n_resources_ == [100, 400]
    assert [len(of_fold) for of_fold in used] == [75] * 16 + [300] * 4
    assert len(set(used)) == 8 and all(len(set(of_fold)) == len(of_fold) for of_fold in used)  # the same in a rung


def test_a_network_with_epochs_as_the_resource() -> None:
    def build(params: dict[str, Any]) -> st.Sequential:
        model = st.Sequential([st.layers.Dense(params["units"], activation="relu"),
                               st.layers.Dense(10, activation="softmax")])
        model.compile(st.Adam(), "categorical_crossentropy", ["accuracy"])
        return model

    space = {"units": st.Int(4, 32), "batch_size": [16, 32]}
    arguments: dict[str, Any] = {"n_candidates": 4, "factor": 2, "resource": "epochs", "max_resources": 4, "cv": 2,
                                 "verbose": 0}
    search = st.HalvingRandomSearchCV(build, space, **arguments).fit(X[:80], Y[:80])
    assert search.n_candidates_ == [4, 2, 1] and search.best_params_["epochs"] == 4
    threads = st.HalvingRandomSearchCV(build, space, n_jobs=2, **arguments).fit(X[:80], Y[:80])
    assert threads.cv_results_["params"] == search.cv_results_["params"]
    np.testing.assert_array_equal(threads.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"resource": "epochs"}, "max_resources is 'auto' and resource is 'epochs'; give the largest"),
    ({"resource": "level", "max_resources": 3}, "resource is 'level', which is searched too"),
    ({"min_resources": 30}, "min_resources is 30; it must be an integer"),
    ({"min_resources": 1}, r"min_resources is 1; it must be an integer in \[2, 20\]"),  # a fold tests 10 of 20 rows
    ({"max_resources": 1}, "max_resources is 1; it must be an integer of at least 2"),
    ({"max_resources": 3}, "max_resources is 3 and min_resources is 'exhaust', here 40; raise max_resources to that"),
    ({"factor": 1, "min_resources": 5}, "factor is 1"),
    ({"refit": "one_se"}, "refit is 'one_se'"),
    ({"scoring": ["accuracy", "f1_macro"], "refit": False, "min_resources": 5}, "ranks by one score"),
])
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.HalvingGridSearchCV(Constant(), {"level": [1, 2]}, cv=2, verbose=0, **arguments).fit(X[:20], Y[:20])


def test_a_resource_that_is_no_parameter_is_refused_before_any_work() -> None:
    with pytest.raises(ValueError, match="rounds"):
        st.HalvingGridSearchCV(st.MLPClassifier(), {"units": [4, 8]}, resource="rounds", max_resources=3).fit(X, Y)


def test_either_the_candidates_or_the_resources_are_given() -> None:
    with pytest.raises(ValueError, match="both 'exhaust'"):
        st.HalvingRandomSearchCV(Constant(), LEVELS, min_resources="exhaust", cv=2, verbose=0).fit(X[:20], Y[:20])


def test_of_a_finite_space_there_are_at_most_all_points() -> None:
    search = st.HalvingRandomSearchCV(Constant(), {"level": [0, 1, 2]}, n_candidates=9, cv=2, verbose=0)
    assert sorted(search.fit(X, Y).cv_results_["param_level"][:3]) == [0, 1, 2] and search.n_candidates_[0] == 3


@pytest.mark.parametrize("arguments", [{"cv": 3}, *(pytest.param(arguments, marks=pytest.mark.slow) for arguments in (
    {"factor": 2}, {"min_resources": "smallest", "cv": 4, "scoring": "neg_mean_absolute_error"},
    {"min_resources": 50, "max_resources": 200, "random_state": 3}, {"resource": "max_iter", "max_resources": 40},
    {"scoring": "neg_mean_absolute_error"}))])
@pytest.mark.filterwarnings("ignore")
def test_the_survivors_and_scores_of_scikit_learn(arguments: dict[str, Any]) -> None:
    """With real-valued scores: which of two candidates with equal ones is kept, NumPy's sort decides there."""
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_diabetes
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.linear_model import SGDRegressor
    from sklearn.model_selection import HalvingGridSearchCV

    grid = {"alpha": np.logspace(-4, 1, 6).tolist(), "fit_intercept": [True, False], "eta0": [0.01, 0.1]}
    model, arguments = SGDRegressor(max_iter=20, random_state=0), {"random_state": 0, **arguments}
    rows = load_diabetes(return_X_y=True)
    ours = st.HalvingGridSearchCV(model, grid, verbose=0, return_train_score=True, **arguments).fit(*rows)
    theirs = HalvingGridSearchCV(model, grid, **arguments).fit(*rows)
    for name in ("n_candidates_", "n_resources_", "n_iterations_", "min_resources_", "max_resources_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    assert ours.cv_results_["params"] == [dict(params) for params in theirs.cv_results_["params"]]
    for name in ("iter", "n_resources", "mean_test_score", "mean_train_score", "rank_test_score"):
        np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], err_msg=name)
    assert (ours.best_params_, ours.best_index_, ours.best_score_) == (
        theirs.best_params_, theirs.best_index_, pytest.approx(theirs.best_score_))


@pytest.mark.slow
@pytest.mark.parametrize(("data", "arguments"), [
    ("iris", {}), ("wine", {"min_resources": 25}), ("breast_cancer", {"factor": 2}),
    ("diabetes", {"n_candidates": 20, "min_resources": "exhaust"})])
def test_the_schedule_and_the_range_of_scores_of_scikit_learn(data: str, arguments: dict[str, Any]) -> None:
    """Random candidates differ, so the best of them do: the mean scores of three seeds are near each other."""
    pytest.importorskip("sklearn")
    import scipy.stats
    from sklearn import datasets, tree
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV, cross_val_score

    rows = getattr(datasets, f"load_{data}")(return_X_y=True)
    kind = tree.DecisionTreeRegressor if data == "diabetes" else tree.DecisionTreeClassifier
    space = {"max_depth": scipy.stats.randint(1, 13), "min_samples_leaf": scipy.stats.randint(1, 61)}
    means, schedules = [], set()
    for search_cv, others in ((st.HalvingRandomSearchCV, {"verbose": 0}), (HalvingRandomSearchCV, {})):
        found = [search_cv(kind(random_state=0), space, random_state=seed, **arguments, **others).fit(*rows)
                 for seed in range(3)]
        means.append(np.mean([cross_val_score(kind(random_state=0, **one.best_params_), *rows, cv=5) for one in found]))
        schedules |= {(tuple(one.n_candidates_), tuple(one.n_resources_)) for one in found}
    assert len(schedules) == 1 and means[0] == pytest.approx(means[1], abs=0.05)


@pytest.mark.filterwarnings("ignore")
def test_random_candidates_of_scikit_learn_have_the_same_survivors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes: the smallest number of rows counts them, and the candidates are as many as exhaust the rows."""
    pytest.importorskip("sklearn")
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV
    from sklearn.naive_bayes import GaussianNB

    space = {"var_smoothing": np.logspace(-9, 3, 200).tolist()}
    theirs = HalvingRandomSearchCV(GaussianNB(), space, random_state=5, cv=3).fit(X, Y)
    ours = st.HalvingRandomSearchCV(GaussianNB(), space, random_state=5, cv=3, verbose=0).fit(X, Y)
    assert (ours.n_candidates_, ours.n_resources_) == (theirs.n_candidates_, theirs.n_resources_)
    assert len({params["var_smoothing"] for params in ours.cv_results_["params"]}) == theirs.n_candidates_[0]
    first = [dict(params) for params in theirs.cv_results_["params"][: theirs.n_candidates_[0]]]
    monkeypatch.setattr(st.HalvingRandomSearchCV, "_candidates", lambda self, count=None: first)
    scores = ours.fit(X, Y).cv_results_["mean_test_score"]
    kept = np.flatnonzero(ours.cv_results_["iter"] == 1)
    assert min(scores[[first.index(ours.cv_results_["params"][k]) for k in kept]]) >= sorted(scores[: len(first)])[
        -len(kept)]
