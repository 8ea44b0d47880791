"""Transformers at home in scikit-learn: clone, Pipeline, ColumnTransformer, pickle, names; nothing of it imported."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from scratchtune.core.data import (
    MinMaxScaler,
    OneHotEncoder,
    QuantileScaler,
    RobustSmoothClipScaler,
    SimpleImputer,
    StandardScaler,
)

ALL = [StandardScaler(), MinMaxScaler(), SimpleImputer()]


def test_what_it_was_made_with_is_shown_and_set() -> None:
    scaler = MinMaxScaler((0, 2))
    assert repr(scaler) == "MinMaxScaler(feature_range=(0, 2))" and repr(MinMaxScaler()) == "MinMaxScaler()"
    assert scaler.get_params() == {"feature_range": (0, 2), "copy": True}
    assert scaler.set_params(copy=False) is scaler and scaler.copy is False


def test_fitting_again_forgets() -> None:
    scaler = StandardScaler().fit(np.eye(3))
    assert scaler.fit(np.zeros((4, 2))).mean_.shape == (2,) and scaler.n_samples_seen_ == 4


def test_numbers_other_than_float32_become_float64() -> None:
    found = [StandardScaler().fit_transform(np.eye(3, dtype=kind)).dtype for kind in ("int8", "float16", "float32")]
    assert found == ["float64", "float64", "float32"]


def test_nothing_of_scikit_learn_is_imported() -> None:
    code = (
        "import sys, scratchtune.core.data as d; s = d.StandardScaler().fit([[1.0], [2.0]]); repr(s); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'sklearn', 'pandas', 'matplotlib'}))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("transformer", [*ALL, OneHotEncoder()], ids=repr)
def test_clone_copy_and_pickle(transformer: Any) -> None:
    base = pytest.importorskip("sklearn.base")
    clone = base.clone(transformer)
    assert clone is not transformer and repr(clone) == repr(transformer) and not vars(clone).get("n_features_in_")
    X = [[1.0], [2.0], [4.0]]
    fitted = clone.fit(X)
    for other in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        assert (other.transform(X) == fitted.transform(X)).all()
    validation = pytest.importorskip("sklearn.utils.validation")
    validation.check_is_fitted(fitted)
    with pytest.raises(pytest.importorskip("sklearn.exceptions").NotFittedError, match="is not fitted"):
        base.clone(fitted).transform(X)


def test_in_a_pipeline_and_a_grid() -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler as Theirs

    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1, 100, 0.01]
    y = (X[:, 1] > 0).astype(int)
    X[rng.uniform(size=X.shape) < 0.05] = np.nan
    grid = {"simpleimputer__strategy": ["mean", "median"]}
    ours = GridSearchCV(make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), grid).fit(X, y)
    theirs = GridSearchCV(make_pipeline(SimpleImputer(), Theirs(), LogisticRegression()), grid).fit(X, y)
    assert ours.best_score_ == theirs.best_score_ > 0.8
    assert ours.best_estimator_[:2].get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c"]
    assert "StandardScaler" in repr(ours.best_estimator_) + ours.best_estimator_._repr_html_()


def test_in_a_column_transformer_with_a_data_frame() -> None:
    pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    from sklearn.compose import make_column_transformer

    frame = pandas.DataFrame({"age": [1.0, 3.0, np.nan], "pay": [5, 5, 8], "city": ["Rome", "Oslo", "Rome"]})
    columns = make_column_transformer(
        (StandardScaler(), ["age", "pay"]), (OneHotEncoder(), ["city"]), verbose_feature_names_out=False)
    out = columns.fit_transform(frame)
    np.testing.assert_allclose(out[:, [0, 2, 3]], [[-1, 0, 1], [1, 1, 0], [np.nan, 0, 1]])
    assert columns.get_feature_names_out().tolist() == ["age", "pay", "city_Oslo", "city_Rome"]
    scaler = columns.named_transformers_["standardscaler"]
    assert scaler.feature_names_in_.tolist() == ["age", "pay"]
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        scaler.transform(frame[["pay", "age"]])


@pytest.mark.parametrize("transformer", [*ALL, QuantileScaler(), RobustSmoothClipScaler()], ids=repr)
def test_a_second_fit_knows_the_names_of_its_own_columns(transformer: Any) -> None:
    pandas = pytest.importorskip("pandas")
    transformer.fit(pandas.DataFrame({"age": [1.0, 3.0, 4.0], "pay": [5.0, 6.0, 8.0]}))
    assert transformer.get_feature_names_out().tolist() == ["age", "pay"]
    assert transformer.fit([[1.0], [2.0]]).get_feature_names_out().tolist() == ["x0"]


@pytest.mark.parametrize("transformer", ALL, ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_in_full(transformer: Any) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    checks.check_estimator(transformer)
