"""Robust scaling: by hand, properties, weights as repetitions; oracles are NumPy's quantiles and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.data import RobustSmoothClipScaler
from scratchtune.core.data.quantiles import weighted_quantiles


def test_by_hand() -> None:
    """0, 1, 2, 3, 9: median 2, quartiles 1 and 3. 9 is 3.5 quartile ranges above: 3.5 / sqrt(1 + (3.5 / 3)^2)."""
    scaler = RobustSmoothClipScaler().fit([[0.0], [1.0], [2.0], [3.0], [9.0]])
    assert scaler.center_.tolist() == [2.0] and scaler.factor_.tolist() == [0.5]
    assert scaler.transform([[9.0]])[0, 0] == pytest.approx(3.5 / np.sqrt(1.0 + (3.5 / 3.0) ** 2))


def test_equal_quartiles_and_constant_columns() -> None:
    """With equal quartiles half the range counts; a constant column becomes zeros, also in other rows."""
    X = np.array([[5.0, 1.0], *[[0.0, 1.0]] * 9])
    scaler = RobustSmoothClipScaler().fit(X)
    assert scaler.factor_.tolist() == [2.0 / 5.0, 0.0]
    weighted = RobustSmoothClipScaler().fit([*X, [9.0, 9.0]], sample_weight=[1.0] * 10 + [0.0])
    assert weighted.factor_.tolist() == [2.0 / 5.0, 0.0]  # a row of weight 0 is in no range
    assert scaler.transform([[0.0, 7.0]]).tolist() == [[0.0, 0.0]]


def test_outliers_stay_within_the_limit_and_order_is_kept() -> None:
    X = np.random.default_rng(0).standard_cauchy((500, 3))
    far = np.array([[1e300, -1e300, np.nan]])
    scaler = RobustSmoothClipScaler().fit(X)
    z, extreme = scaler.transform(X), scaler.transform(far)
    assert np.abs(z).max() < 3.0 and (np.argsort(X, axis=0) == np.argsort(z, axis=0)).all()
    assert extreme[0, :2].tolist() == [3.0, -3.0] and np.isnan(extreme[0, 2])
    assert scaler.transform(X.astype("float32")).dtype == np.float32


def test_weights_are_repetitions_and_relative() -> None:
    rng = np.random.default_rng(1)
    X, times = rng.normal(size=(40, 2)), rng.integers(0, 4, 40)
    repeated = RobustSmoothClipScaler().fit(np.repeat(X, times, axis=0))
    for factor in (1.0, 1.0 / 3.0, 7.1):
        weighted = RobustSmoothClipScaler().fit(X, sample_weight=factor * times)
        assert (weighted.center_ == repeated.center_).all() and (weighted.factor_ == repeated.factor_).all()


def test_quantiles_are_numpys_second_definition() -> None:
    rng, shares = np.random.default_rng(2), [0.0, 0.1, 0.25, 0.5, 0.75, 1.0]
    for n in (1, 2, 5, 8, 100):
        x = rng.normal(size=n)
        ours = weighted_quantiles(x, np.ones(n), shares)
        np.testing.assert_allclose(ours, np.quantile(x, shares, method="averaged_inverted_cdf"), rtol=1e-15)


def test_gaps_are_left_out() -> None:
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    scaler = RobustSmoothClipScaler().fit(X)
    assert scaler.center_[0] == 2.0 and np.isnan(scaler.transform(X)[:, 1]).all()


def test_scikit_learns_robust_scaler_before_clipping() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(3).normal(size=(4001, 2))  # an odd number of rows, so that both definitions agree
    theirs = preprocessing.RobustScaler().fit_transform(X)
    np.testing.assert_allclose(
        RobustSmoothClipScaler().fit_transform(X), theirs / np.sqrt(1.0 + (theirs / 3.0) ** 2), rtol=1e-3, atol=1e-3)


def test_wrong_numbers() -> None:
    with pytest.raises(ValueError, match="X holds 1e.308, too large to scale; divide it by a large number"):
        RobustSmoothClipScaler().fit([[1e308], [-1e308]])
    with pytest.raises(ValueError, match="column 1 of X has a range of 1e-310, too small to scale"):
        RobustSmoothClipScaler().fit([[0.0, 0.0], [1.0, 1e-310]])
    with pytest.raises(ValueError, match="not fitted"):
        RobustSmoothClipScaler().transform([[1.0]])
