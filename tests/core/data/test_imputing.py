"""Imputing: each strategy by hand, columns of gaps only; scikit-learn as the oracle."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from scratchtune.core.data import SimpleImputer
from scratchtune.core.data.imputing import STRATEGIES, fill_value_of

NAN = np.nan


@pytest.mark.parametrize("strategy, value", [("mean", 3.0), ("median", 2.0), ("most_frequent", 1.0)])
def test_strategies_by_hand(strategy: str, value: float) -> None:
    """Of 1, 1, 2, 4, 7 the mean is 15/5, the median 2, the most frequent 1."""
    X = np.array([[1.0, 1.0, 2.0, NAN, 4.0, 7.0]]).T
    assert SimpleImputer(strategy=strategy).fit_transform(X).ravel().tolist() == [1.0, 1.0, 2.0, value, 4.0, 7.0]


def test_texts_take_the_most_frequent_and_of_several_the_first() -> None:
    assert fill_value_of(np.array(["b", "a", "c", "b", "a"], object), "most_frequent") == "a"
    X = np.array([["b", "x"], [None, "x"], ["b", NAN]], dtype=object)
    filled = SimpleImputer(strategy="most_frequent").fit_transform(X)
    assert filled.tolist() == [["b", "x"], ["b", "x"], ["b", "x"]]


def test_what_is_learnt_comes_from_fit_alone() -> None:
    imputer = SimpleImputer().fit([[1.0], [3.0]])
    assert imputer.transform([[100.0], [NAN]]).tolist() == [[100.0], [2.0]]


def test_the_callers_array_stays_as_it_is_unless_it_may_be_written_to() -> None:
    for copy in (True, False):
        X = np.array([[1.0], [NAN]])
        SimpleImputer(copy=copy).fit_transform(X)
        assert np.isnan(X[1, 0]) == copy


@pytest.mark.parametrize("copy", [True, False])
def test_a_column_of_gaps_only_is_left_out_with_a_warning(copy: bool) -> None:
    imputer = SimpleImputer(copy=copy).fit([[1.0, NAN], [2.0, NAN]])
    with pytest.warns(UserWarning, match="without any value in fit, and left out: 'x1'"):
        assert imputer.transform([[NAN, 5.0]]).tolist() == [[1.5]]
    assert imputer.get_feature_names_out().tolist() == ["x0"]


@pytest.mark.parametrize("strategy", ["mean", "median"])
@pytest.mark.parametrize("size", [1.7e308, -1.7e308, 5e-324, 0.0])
def test_numbers_of_every_size(strategy: str, size: float) -> None:
    imputer = SimpleImputer(strategy=strategy)
    assert imputer.fit_transform([[size], [NAN], [size]]).tolist() == [[size]] * 3


def test_errors() -> None:
    with pytest.raises(ValueError, match="strategy is 'mode'; it must be one of 'mean'"):
        SimpleImputer(strategy="mode").fit([[1.0]])
    with pytest.raises(ValueError, match="strategy is 'mean' and X holds texts"):
        SimpleImputer().fit([["a"], ["b"]])
    with pytest.raises(ValueError, match="was fitted to numbers"):
        SimpleImputer().fit([[1.0]]).transform([["a"]])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_scikit_learns(strategy: str, dtype: Any) -> None:
    impute = pytest.importorskip("sklearn.impute")
    rng = np.random.default_rng(0)
    X = rng.integers(0, 6, (80, 5)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.3] = NAN
    X[:, 1], X[:, 3] = 2.0, NAN
    ours, theirs = SimpleImputer(strategy=strategy).fit(X), impute.SimpleImputer(strategy=strategy).fit(X)
    new = rng.normal(size=(20, 5)).astype(dtype)
    new[rng.uniform(size=new.shape) < 0.3] = NAN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for rows in (X, new):
            np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-6)
            assert ours.transform(rows).dtype == theirs.transform(rows).dtype
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()


def test_texts_are_scikit_learns() -> None:
    impute = pytest.importorskip("sklearn.impute")
    rng = np.random.default_rng(1)
    X = rng.choice(np.array(["a", "b", "c", NAN], object), (50, 3))
    ours, theirs = (kind(strategy="most_frequent") for kind in (SimpleImputer, impute.SimpleImputer))
    assert ours.fit_transform(X).tolist() == theirs.fit_transform(X).tolist()
