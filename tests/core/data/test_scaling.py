"""Scalers: standard scores and ranges by hand, in parts, with gaps, constant columns; scikit-learn as the oracle."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from scratchtune.core.data import MinMaxScaler, StandardScaler, scaling, transformer


def _table(rows: int = 500, gaps: float = 0.0, dtype: Any = np.float64) -> np.ndarray:
    """Columns of every size: usual, huge, tiny with a huge mean, constant, whole numbers, all equal but one."""
    rng = np.random.default_rng(rows)
    X = rng.normal(size=(rows, 6)) * [1, 1e6, 1e-3, 0, 1, 0] + [0, 1e8, 1e5, 0.1, 0, 7]
    X[:, 4] = rng.integers(-3, 4, rows)
    X[0, 5] = 9.0
    X[rng.uniform(size=X.shape) < gaps] = np.nan
    return X.astype(dtype)


# By hand --------------------------------------------------------------------------------------------------------------


def test_standard_scores_by_hand() -> None:
    """1, 2, 6: mean 3, squared distances 4, 1, 9, variance 14/3."""
    scaler = StandardScaler().fit([[1.0], [2.0], [6.0]])
    assert scaler.mean_.tolist() == [3.0] and scaler.var_.tolist() == [pytest.approx(14 / 3)]
    assert scaler.n_samples_seen_ == 3
    np.testing.assert_allclose(scaler.transform([[3.0], [3.0 + np.sqrt(14 / 3)]]), [[0.0], [1.0]], rtol=1e-15)


def test_weights_are_repetitions() -> None:
    X = np.array([[1.0, 5.0], [2.0, 0.0], [6.0, 1.0]])
    weighted = StandardScaler().fit(X, sample_weight=[2, 0, 3])
    repeated = StandardScaler().fit(X[[0, 0, 2, 2, 2]])
    np.testing.assert_allclose([weighted.mean_, weighted.var_], [repeated.mean_, repeated.var_], rtol=1e-15)
    assert weighted.n_samples_seen_ == 5


def test_ranges_by_hand() -> None:
    """2, 3, 6 to -1..1: slope 2/4, so 3 becomes -0.5."""
    scaler = MinMaxScaler((-1, 1)).fit([[2.0], [3.0], [6.0]])
    assert scaler.transform([[2.0], [3.0], [6.0], [8.0]]).tolist() == [[-1.0], [-0.5], [1.0], [2.0]]


# Properties -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_scores_have_mean_0_and_deviation_1(gaps: float) -> None:
    X = _table(gaps=gaps)
    z = StandardScaler().fit_transform(X)
    assert (np.isnan(z) == np.isnan(X)).all()
    np.testing.assert_allclose(np.nanmean(z, axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(np.nanstd(z, axis=0)[[0, 1, 2, 4, 5]], 1.0, rtol=1e-9)
    assert set(z[~np.isnan(z[:, 3]), 3]) == {0.0}  # a constant column


@pytest.mark.parametrize(("roundings", "scale"), [(9, 1.0), (11, 1.0 / (11 * np.finfo(float).eps))])
def test_a_range_of_less_than_ten_roundings_is_constant(roundings: int, scale: float) -> None:
    assert MinMaxScaler().fit([[0.0], [roundings * np.finfo(float).eps]]).scale_ == pytest.approx([scale])


@pytest.mark.parametrize("scaler", [StandardScaler(), StandardScaler(with_mean=False), MinMaxScaler(),
                                    MinMaxScaler((-3, 5))], ids=repr)
def test_the_inverse_gives_the_rows_back(scaler: Any) -> None:
    X = _table(gaps=0.1)
    np.testing.assert_allclose(scaler.fit(X).inverse_transform(scaler.transform(X)), X, rtol=1e-12, atol=1e-12)


def test_parts_and_chunks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    X, w = _table(1000, gaps=0.1), np.random.default_rng(0).uniform(size=1000)
    X[:300, 0] = np.nan  # a part without any value
    whole, parts = StandardScaler().fit(X, sample_weight=w), StandardScaler()
    monkeypatch.setattr(transformer, "CHUNK", 6 * 7)
    for rows in (slice(0, 300), slice(300, 301), slice(301, 1000)):
        parts.partial_fit(X[rows], sample_weight=w[rows])
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-8, atol=1e-25)
    whole, parts = MinMaxScaler().fit(X), MinMaxScaler().partial_fit(X[:300]).partial_fit(X[300:])
    assert (parts.data_min_ == whole.data_min_).all() and (parts.scale_ == whole.scale_).all()


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.3, 1e-300, -7.7])
@pytest.mark.parametrize("weight", [None, 1e-9, 3.7])
def test_a_constant_column_becomes_zeros(value: float, weight: float | None) -> None:
    X = np.full((10_001, 1), value)
    w = None if weight is None else np.random.default_rng(0).uniform(size=len(X)) * weight
    scaler = StandardScaler().fit(X, sample_weight=w)
    assert scaler.scale_.tolist() == [1.0] and set(scaler.transform(X).ravel()) == {0.0}


def test_fitting_needs_no_copy_of_the_table() -> None:
    X = np.random.default_rng(0).normal(size=(200_000, 20))
    tracemalloc.start()
    try:
        StandardScaler().fit(X)
        MinMaxScaler().fit(X)
        assert tracemalloc.get_traced_memory()[1] < 0.6 * X.nbytes
        StandardScaler(copy=False).fit(X).transform(X)
        assert tracemalloc.get_traced_memory()[1] < 0.6 * X.nbytes
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=1e-12)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()], ids=repr)
def test_what_is_wrong_is_said(scaler: Any) -> None:
    with pytest.raises(ValueError, match="is not fitted yet"):
        scaler.transform([[1.0]])
    for bad, what in (
        ([[1.0, np.inf]], r"X holds infinity, first at \[0, 1\]"), ([1.0, 2.0], "X has shape .*Reshape your data"),
        (np.zeros((0, 2)), "X has 0 sample"), ([["a"]], "X can't be converted to numbers .* it must be a table of"),
    ):
        with pytest.raises(ValueError, match=what):
            scaler.fit(bad)
    scaler.fit(np.eye(3))
    with pytest.raises(ValueError, match="X has 2 features, but .* is expecting 3"):
        scaler.transform(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="'copi' is unknown to"):
        scaler.set_params(copi=True)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()], ids=repr)
def test_what_is_too_large_is_said_and_leaves_all_as_it_was(scaler: Any) -> None:
    huge = [[-1.7e308], [1.7e308]]
    with pytest.raises(ValueError, match=r"X holds 1.7e\+308, too large to scale"):
        scaler.fit(huge)
    with pytest.raises(ValueError, match="is not fitted yet"):
        scaler.transform(huge)
    scaler.fit([[1.0, 2.0], [3.0, 4.0]])
    before = scaler.transform([[1.0, 2.0]]).tolist()
    for fail in (scaler.fit, scaler.partial_fit):
        with pytest.raises(ValueError, match="too large to scale"):
            fail([[-1.7e308, 0.0], [1.7e308, 0.0]])
        assert scaler.transform([[1.0, 2.0]]).tolist() == before


def test_arguments_are_checked_in_fit() -> None:
    with pytest.raises(ValueError, match=r"sample_weight holds 1e\+308, and its sum overflows float64"):
        StandardScaler().fit([[1.0], [2.0]], sample_weight=[1e308, 1e308])
    with pytest.raises(ValueError, match="feature_range is .*low below high"):
        MinMaxScaler((1, 1)).fit([[1.0]])
    with pytest.raises(TypeError, match="with_mean is 'yes'"):
        StandardScaler(with_mean="yes").fit([[1.0]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sample_weight"):
        StandardScaler().fit([[1.0]], sample_weight=[-1.0])


# Oracle ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("options", [{}, {"with_mean": False}], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_standard_scaler_is_scikit_learns(dtype: Any, gaps: float, options: dict[str, bool], weighted: bool) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = _table(gaps=gaps, dtype=dtype)
    weight = np.random.default_rng(1).uniform(size=len(X)) if weighted else None
    ours = StandardScaler(**options).fit(X, sample_weight=weight)
    theirs = preprocessing.StandardScaler(**options).fit(X, sample_weight=weight)
    tolerance = 1e-6 if weighted and dtype is np.float32 else 1e-12  # there theirs computes in float32
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=tolerance, atol=1e-25)
    assert ours.transform(X).dtype == dtype
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-5 if dtype is np.float32 else 1e-9,
                               atol=1e-3 if dtype is np.float32 else 1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("options", [{}, {"feature_range": (-2, 3.5)}], ids=str)
def test_min_max_scaler_is_scikit_learns_bit_for_bit(dtype: Any, options: dict[str, Any]) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = _table(dtype=dtype)
    ours, theirs = MinMaxScaler(**options).fit(X[::2]), preprocessing.MinMaxScaler(**options).fit(X[::2])
    for name in ("data_min_", "data_max_", "data_range_", "scale_", "min_", "n_samples_seen_"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name))
    assert np.array_equal(ours.transform(X), theirs.transform(X))
    assert np.array_equal(ours.inverse_transform(X), theirs.inverse_transform(X))


def test_it_is_at_least_as_exact_as_numpy() -> None:
    """Mean 10^9, deviation 10^-3: an unstable formula has no digit left."""
    X = np.random.default_rng(0).normal(1e9, 1e-3, (100_000, 1))
    np.testing.assert_allclose(StandardScaler().fit(X).var_, (X - 1e9).var(axis=0), rtol=1e-9)
    assert scaling.EPSILON == 2.0**-52
