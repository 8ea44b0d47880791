"""Our estimators in scikit-learn: its checks, its pipelines and searches; the package itself never imports it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")
pd = pytest.importorskip("pandas")

import joblib  # noqa: E402
from sklearn import compose, datasets, impute, model_selection, pipeline, preprocessing  # noqa: E402
from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.inspection import permutation_importance  # noqa: E402
from sklearn.utils.estimator_checks import estimator_checks_generator  # noqa: E402

import scratchtune as st  # noqa: E402
from scratchtune.core.data import SimpleImputer, StandardScaler  # noqa: E402
from scratchtune.core.estimators import MLPClassifier, MLPRegressor  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
ARRAY_API = "check_array_api_input"  # skipped unless SCIPY_ARRAY_API is set before SciPy is imported: see below

X, y = datasets.load_iris(return_X_y=True)
VALUES = X @ [1.0, -2.0, 0.5, 3.0] + 10.0
ESTIMATORS = (
    MLPClassifier(), MLPRegressor(), st.HistGradientBoostingClassifier(), st.HistGradientBoostingRegressor())
QUICK = {"epochs": 30, "learning_rate": 0.02, "random_state": 0}


def run(code: str, **variables: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300,
                          cwd=ROOT, env={**os.environ, **variables})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


# scikit-learn's own checks --------------------------------------------------------------------------------------------


def all_checks() -> list[Any]:
    """Each check as one test, but for those that this process's environment would skip."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of skipped checks, and that we do not inherit from BaseEstimator
        return [(model, check) for model in ESTIMATORS
                for model, check in estimator_checks_generator(model) if check.func.__name__ != ARRAY_API]


CHECKS = all_checks()


@pytest.mark.parametrize(("model", "check"), CHECKS, ids=[
    f"{type(model).__name__}-{i}-{check.func.__name__}" for i, (model, check) in enumerate(CHECKS)])
def test_scikit_learns_checks(model: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        check(model)


@pytest.mark.slow
def test_all_checks_in_a_process_of_their_own_that_skips_none() -> None:
    printed = run("""
        import warnings
        warnings.simplefilter("ignore")
        from unittest import SkipTest
        from sklearn.utils.estimator_checks import check_estimator
        import scratchtune as st
        for model in (st.MLPClassifier(), st.MLPRegressor(), st.NetworkClassifier(members=2),
                      st.NetworkRegressor(numeric_embedding="periodic", parametric_activation=True),
                      st.HistGradientBoostingClassifier(), st.HistGradientBoostingRegressor()):
            results = check_estimator(model, on_skip=None, on_fail="raise")
            print(len(results), sorted({result["status"] for result in results}))
    """, SCIPY_ARRAY_API="1")
    for line in printed.splitlines():
        number, statuses = line.split(" ", 1)
        assert int(number) > 50 and statuses == "['passed']"
    assert len(printed.splitlines()) == 6


# Tables ---------------------------------------------------------------------------------------------------------------


def table() -> tuple[Any, Any]:
    """A table with numbers, missing ones among them, and text; the label is text too."""
    rng = np.random.default_rng(0)
    age, city = rng.uniform(20.0, 70.0, 120), rng.choice(["Paris", "Rome", "Oslo"], 120)
    label = np.where((age > 45.0) ^ (city == "Rome"), "buys", "leaves")
    age[::10] = np.nan
    return pd.DataFrame({"age": age, "size": rng.normal(size=120), "city": city}), pd.Series(label)


@pytest.mark.parametrize("parts", [
    (StandardScaler, preprocessing.OneHotEncoder, SimpleImputer),
    (preprocessing.StandardScaler, preprocessing.OneHotEncoder, impute.SimpleImputer)], ids=["ours", "scikit-learn"])
def test_a_table_in_a_pipeline(parts: tuple[Any, Any, Any]) -> None:
    scaler, encoder, imputer = parts
    frame, label = table()
    numbers = pipeline.make_pipeline(imputer(strategy="median"), scaler())
    columns = compose.ColumnTransformer(
        [("numbers", numbers, ["age", "size"]), ("text", encoder(), ["city"])], sparse_threshold=0.0)
    model = pipeline.Pipeline([("columns", columns), ("network", MLPClassifier(**QUICK))]).fit(frame, label)
    assert model.predict(frame).tolist()[0] in ("buys", "leaves") and model.score(frame, label) > 0.75
    assert model.n_features_in_ == 3 and model[-1].n_features_in_ == 5
    again = pickle.loads(pickle.dumps(clone(model).fit(frame, label)))
    assert np.array_equal(model.predict_proba(frame), again.predict_proba(frame))


def test_our_parts_equal_scikit_learns_in_a_pipeline() -> None:
    own = pipeline.make_pipeline(StandardScaler(), MLPClassifier(scale=None, **QUICK)).fit(X, y)
    other = pipeline.make_pipeline(preprocessing.StandardScaler(), MLPClassifier(scale=None, **QUICK)).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), other.predict_proba(X), atol=1e-4)


def test_frames() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = MLPClassifier(**QUICK).fit(frame, pd.Series(y))
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert np.array_equal(model.predict_proba(frame), MLPClassifier(**QUICK).fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        model.predict(frame[["a", "c", "b", "d"]])
    with pytest.raises(ValueError, match="X holds NaN"):
        model.predict(frame.mask(frame > 5.0))


@pytest.mark.parametrize("labels", [
    pd.Series(["x", "y", "z"])[y], pd.Series(["x", "y", "z"], dtype="category")[y], pd.Series(y, dtype="Int64"),
    pd.Series(["x", "y", "z"], dtype=object)[y]], ids=["text", "categories", "Int64", "objects"])
def test_labels_from_a_frame(labels: Any) -> None:
    model = MLPClassifier(**QUICK).fit(X, labels)
    assert len(model.classes_) == 3 and model.score(X, labels) > 0.9
    with pytest.raises(ValueError, match="y holds .*Input y contains NaN"):
        MLPClassifier(**QUICK).fit(X, labels.where(np.arange(150) > 3))


# Searches -------------------------------------------------------------------------------------------------------------


def test_cross_validation_equals_ours() -> None:
    for model, target in ((MLPClassifier(**QUICK), y), (MLPRegressor(**QUICK), VALUES)):
        theirs = model_selection.cross_val_score(model, X, target, cv=3)
        assert np.array_equal(theirs, st.cross_validate(model, X, target, cv=3)["test_score"])
    scoring = ["neg_log_loss", "roc_auc_ovr", "f1_macro", "balanced_accuracy"]
    theirs = model_selection.cross_validate(MLPClassifier(**QUICK), X, y, cv=3, scoring=scoring)
    for name in scoring:
        ours = st.cross_validate(MLPClassifier(**QUICK), X, y, cv=3, scoring=name)["test_score"]
        np.testing.assert_allclose(theirs["test_" + name], ours, rtol=1e-12)


@pytest.mark.parametrize("kind", [model_selection.GridSearchCV, st.GridSearchCV])
def test_a_grid_search(kind: Any) -> None:
    grid = {"units": [4, (8, 8)], "learning_rate": [1e-6, 0.02], "class_weight": [None, "balanced"]}
    search = kind(MLPClassifier(**QUICK), grid, cv=3).fit(X, y)
    assert search.best_params_["learning_rate"] == 0.02 and search.best_score_ > 0.85 and search.score(X, y) > 0.9
    whole = MLPClassifier(**QUICK).set_params(**search.best_params_).fit(X, y)
    assert np.array_equal(search.predict_proba(X), whole.predict_proba(X))


def test_grids_give_the_same_scores() -> None:
    grid = {"learning_rate": [0.001, 0.02], "l2": [0.0, 0.01]}
    ours = st.GridSearchCV(MLPClassifier(**QUICK), grid, cv=3).fit(X, y)
    theirs = model_selection.GridSearchCV(MLPClassifier(**QUICK), grid, cv=3).fit(X, y)

    def scores(search: Any) -> dict[str, float]:
        results = search.cv_results_
        names = [str(sorted(params.items())) for params in results["params"]]
        return dict(zip(names, results["mean_test_score"].tolist(), strict=True))

    assert scores(ours) == scores(theirs)


def test_a_randomized_search_in_a_pipeline() -> None:
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), MLPRegressor(weight_decay=0.0, **QUICK))
    space = {"mlpregressor__learning_rate": [1e-6, 0.02], "mlpregressor__activation": ["tanh", "relu"]}
    search = model_selection.RandomizedSearchCV(model, space, n_iter=3, cv=3, random_state=0).fit(X, VALUES)
    assert search.best_params_["mlpregressor__learning_rate"] == 0.02 and search.best_score_ > 0.5


@pytest.mark.parametrize("kind", [
    MLPClassifier, MLPRegressor, st.NetworkClassifier, st.NetworkRegressor, st.HistGradientBoostingClassifier,
    st.HistGradientBoostingRegressor])
def test_searched_stored_and_inspected_by_scikit_learn(kind: Any, tmp_path: Path) -> None:
    """The third and the fourth column say most about an iris; a stored copy predicts the same bits."""
    target, trees = (y if "Classifier" in kind.__name__ else X[:, 2] * X[:, 3]), "Hist" in kind.__name__
    model = kind(random_state=0, verbose=0, **({"max_iter": 10} if trees else {"epochs": 30}))
    grid = {"learning_rate": [1e-6, 0.1 if trees else 0.02]}
    search = model_selection.GridSearchCV(model, grid, cv=2).fit(X, target, sample_weight=np.linspace(0.5, 1.5, 150))
    assert search.best_params_["learning_rate"] > 0.01
    joblib.dump(search.best_estimator_, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    assert np.array_equal(again.predict(X), search.predict(X)) and repr(clone(again)) == repr(search.best_estimator_)
    gains = permutation_importance(again, X, target, n_repeats=3, random_state=0).importances_mean
    assert gains.argmin() in (0, 1) and gains.argmax() in (2, 3)


# The protocol ---------------------------------------------------------------------------------------------------------


def test_clones_and_kinds() -> None:
    fitted = MLPClassifier(units=(3, 4), class_weight={0: 2.0}, **QUICK).fit(X, y)
    copied = clone(fitted)
    assert repr(copied) == repr(fitted) and not hasattr(copied, "model_")
    assert np.array_equal(copied.fit(X, y).predict_proba(X), fitted.predict_proba(X))
    assert is_classifier(fitted) and is_regressor(MLPRegressor()) and not is_regressor(fitted)


def test_not_fitted_is_scikit_learns_own_exception() -> None:
    with pytest.raises(NotFittedError, match="not fitted yet"):
        MLPClassifier().predict(X)


def test_weights_through_a_pipeline() -> None:
    model = pipeline.make_pipeline(MLPClassifier(**QUICK))
    model.fit(X, y, mlpclassifier__sample_weight=np.where(y == 0, 0.0, 1.0))
    assert set(model.predict(X)) == {1, 2}


def test_nothing_is_imported_without_need() -> None:
    """A day's work, in a process where each of these imports would fail."""
    printed = run("""
        import sys
        for name in ("sklearn", "pandas", "torch", "keras", "jax", "scipy", "matplotlib"):
            sys.modules[name] = None  # an import raises
        import numpy as np
        import scratchtune as st
        X, y = st.datasets.load_digits()
        X, y = X[:200], y[:200]
        model = st.MLPClassifier(epochs=5, random_state=0).fit(X, y)
        model.predict(X), model.predict_proba(X), model.score(X, y), repr(model)
        st.cross_validate(model, X, y, cv=3, scoring="neg_log_loss")
        space = {"l2": st.Float(1e-6, 1e-2, log=True)}
        search = st.RandomizedSearchCV(st.MLPRegressor(epochs=2), space, n_iter=3, cv=3)
        search.fit(X, y.astype(float)).predict(X)
        try:
            st.MLPClassifier().predict(X)
        except ValueError as error:
            print(error)
    """)
    assert printed.endswith("this MLPClassifier is not fitted yet; call fit with training data first")
