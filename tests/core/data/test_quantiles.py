"""The quantile transform: by hand, properties, weights as repetitions; oracles are SciPy's ranks and scikit-learn."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from scratchtune.core.data import QuantileScaler
from scratchtune.core.data.quantiles import LEAST, quantile_edges, weighted_quantiles


def test_by_hand() -> None:
    """Of 1, 1, 5, 7 the shares are 1/4, 5/8 and 7/8, the middles of [0, 1/2], [1/2, 3/4] and [3/4, 1]."""
    scaler = QuantileScaler().fit([[1.0], [7.0], [1.0], [5.0]])
    assert scaler.quantiles_.ravel().tolist() == [1.0, 5.0, 7.0]
    assert scaler.scores_.ravel().tolist() == [NormalDist().inv_cdf(share) for share in (0.25, 0.625, 0.875)]
    halfway = scaler.scores_[1:].mean()
    assert scaler.transform([[6.0], [99.0], [-99.0]]).ravel().tolist() == pytest.approx(
        [halfway, scaler.scores_[2, 0], scaler.scores_[0, 0]])


def test_only_the_order_matters_and_the_result_is_normal() -> None:
    X = np.random.default_rng(0).lognormal(size=(2000, 1))
    z = QuantileScaler(n_quantiles=2000).fit_transform(X)
    assert np.array_equal(z, QuantileScaler(n_quantiles=2000).fit_transform(np.log(X)))
    assert abs(z.mean()) < 1e-6 and z.std() == pytest.approx(1.0, abs=2e-3)


def test_few_landmarks_are_near_to_all() -> None:
    X = np.random.default_rng(1).lognormal(size=(5000, 2))
    few, whole = QuantileScaler().fit(X), QuantileScaler(n_quantiles=5000).fit(X)
    assert np.array_equal(few.quantiles_, QuantileScaler(n_quantiles=256).fit(X).quantiles_)
    assert few.quantiles_.shape[0] <= 256 and (np.diff(few.scores_, axis=0) >= 0.0).all()
    np.testing.assert_allclose(few.transform(X), whole.transform(X), atol=0.03)


def test_weights_are_repetitions_and_relative() -> None:
    rng = np.random.default_rng(2)
    X, times = rng.normal(size=(40, 2)).round(1), rng.integers(0, 4, 40)
    repeated = QuantileScaler().fit(np.repeat(X, times, axis=0))
    for factor in (1.0, 1.0 / 3.0, 7.1):
        weighted = QuantileScaler().fit(X, sample_weight=factor * times)
        np.testing.assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-12, atol=1e-12)


def test_the_inverse_gaps_and_constant_columns() -> None:
    X = np.column_stack([np.random.default_rng(3).normal(size=50), np.full(50, 4.0), np.full(50, np.nan)])
    X[3, 0] = np.nan
    scaler = QuantileScaler().fit(X)
    z = scaler.transform(X)
    assert np.isnan(z[3, 0]) and np.isnan(z[:, 2]).all() and (z[:, 1] == 0.0).all()
    np.testing.assert_allclose(scaler.inverse_transform(z), X, rtol=1e-12)


def test_scores_are_normal_quantiles_of_scipys_ranks() -> None:
    stats = pytest.importorskip("scipy.stats")
    X = np.random.default_rng(4).normal(size=(200, 3)).round(1)
    wanted = stats.norm.ppf((stats.rankdata(X, axis=0) - 0.5) / len(X))
    np.testing.assert_allclose(QuantileScaler().fit_transform(X), wanted, rtol=1e-12, atol=1e-12)


def test_scikit_learns_transform_but_for_the_ends() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(5).lognormal(size=(5000, 2))
    theirs = preprocessing.QuantileTransformer(output_distribution="normal").fit_transform(X)
    inner = np.abs(theirs) < 2.0
    np.testing.assert_allclose(QuantileScaler().fit_transform(X)[inner], theirs[inner], atol=0.02)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="n_quantiles is 1; it must be an integer of at least 2"):
        QuantileScaler(1).fit([[1.0]])
    with pytest.raises(ValueError, match="not fitted"):
        QuantileScaler().transform([[1.0]])


def test_the_shares_of_light_rows_stay_away_from_0_and_1() -> None:
    scaler = QuantileScaler().fit([[1.0], [2.0], [3.0]], sample_weight=[1e-9, 1.0, 1e-9])
    assert scaler.scores_.ravel().tolist() == pytest.approx([-5.199338, 0.0, 5.199338], abs=1e-6)
    assert NormalDist().cdf(-5.199338) == pytest.approx(LEAST, rel=1e-5)


@pytest.mark.parametrize("factor", [1e-12, 1.0 / 3.0, 1e12])
def test_weighted_quantiles_are_those_of_repeated_rows(factor: float) -> None:
    """At half of the rows 1, 1, 2, 3 the cumulative weight is exactly that of 1: the mean of 1 and 2."""
    x, weight = np.array([3.0, 1.0, 2.0, 9.0]), np.array([1.0, 2.0, 1.0, 0.0])
    assert weighted_quantiles(x, factor * weight, [0.0, 0.4, 0.5, 0.7, 1.0]).tolist() == [1.0, 1.0, 1.5, 2.0, 3.0]


def test_edges_by_hand() -> None:
    assert quantile_edges(np.array([5.0, 5.0, 5.0, 7.0]), np.ones(4), 4) == [5.0, 7.0]
    assert quantile_edges(np.arange(9.0), np.ones(9), 1) == [0.0, 8.0]
    assert quantile_edges(np.array([2.0]), np.ones(1), 4) == [2.0]


def test_a_weight_is_a_number_of_rows() -> None:
    rng = np.random.default_rng(0)
    values, weight = rng.normal(size=200), rng.integers(1, 4, 200)
    repeated = np.repeat(values, weight)
    assert quantile_edges(values, weight / 3.0, 16) == quantile_edges(repeated, np.ones(len(repeated)), 16)
