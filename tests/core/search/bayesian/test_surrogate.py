"""The surrogate: losses of any size are compressed and standardised, and pending trials keep the mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian import surrogate
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.space import Float, Space


@pytest.mark.parametrize("losses", [
    [1.0, 2.0, 3.0, 4.0], [3.0, 1e12, 1.0, 2.0, 2.0], [1e-12, 3e-12, 1e12, 2e-12], [-1e308, 1e308, 0.0],
    [5.0, 5.0, 6.0], [0.0, 5e-324], [1e-310, 2e-310, 3e-310, 1.0], [1e-161, 2e-161, 3e-161, 4e-161]])
def test_standardised_values_keep_their_order_and_have_mean_0_and_std_1(losses: list[float]) -> None:
    found = surrogate.compress_and_standardize(np.array(losses))
    assert np.isfinite(found.values).all() and math.isfinite(found.factor)
    assert found.values.mean() == pytest.approx(0.0, abs=1e-12) and found.values.std() == pytest.approx(1.0)
    assert (np.diff(found.values[np.argsort(losses, kind="stable")]) >= -1e-12).all()


def test_losses_of_any_size_are_standardised() -> None:
    rng, special = np.random.default_rng(0), [0.0, 5e-324, 1e-162, 1.0, 1e300, 1.79e308, -1.79e308]
    for _ in range(3000):
        losses = rng.choice(special, rng.integers(2, 12))
        losses[0] = rng.normal() * 10.0 ** rng.uniform(-323, 307)
        found = surrogate.compress_and_standardize(losses)
        assert np.isfinite([*found.values, found.offset, math.log(found.factor)]).all(), losses.tolist()
        assert (np.diff(found.values[np.argsort(losses, kind="stable")]) >= -1e-9).all(), losses.tolist()


def test_the_better_half_keeps_its_shape_and_its_units() -> None:
    losses = np.array([1.0, 2.0, 4.0, 8.0, 1e9, 1e12])
    found = surrogate.compress_and_standardize(losses)
    assert found.offset + found.factor * found.values[:3] == pytest.approx(losses[:3])
    assert np.ptp(found.values[:4]) > 0.5  # 1e12 does not flatten them


def test_failures_are_as_bad_as_the_worst_and_constants_are_zero() -> None:
    values = surrogate.compress_and_standardize(np.array([1.0, math.nan, 3.0, 2.0, math.inf])).values
    assert values[1] == values[4] == values[2] == values.max()
    assert surrogate.compress_and_standardize(np.full(3, math.nan)).values.tolist() == [0.0] * 3
    assert surrogate.compress_and_standardize(np.full(3, 7.0)).values.tolist() == [0.0] * 3
    assert surrogate.compress_and_standardize(np.array([7.0, math.nan])).values.tolist() == [0.0, 1.0]


def test_of_many_trials_the_best_and_some_of_the_others_are_used() -> None:
    losses = np.random.default_rng(0).permutation(1000).astype(float)
    losses[losses > 900] = math.nan
    kept = surrogate.subsample(losses, 100)
    assert len(set(kept.tolist())) == 100 and (np.diff(kept) > 0).all()
    assert set(range(50)) <= set(losses[kept].tolist()) and np.isnan(losses[kept]).any()
    assert surrogate.subsample(losses[:100], 100).tolist() == list(range(100))


def test_many_equal_lowest_losses_do_not_make_the_others_equal() -> None:
    values = surrogate.compress_and_standardize(np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 1e12])).values
    assert np.diff(values[3:]).min() > 0.1


def test_pending_trials_keep_the_mean_and_shrink_the_std() -> None:
    rows = np.random.default_rng(0).random((10, 2))
    process = gp.condition(rows, rows[:, 0], np.zeros(2), np.log([0.5, 0.5, 1.0, 1e-9, 1e-6]))
    running = np.array([[0.5, 0.5], [0.9, 0.1]])
    after = surrogate.with_pending(process, running)
    points = np.random.default_rng(1).random((50, 2))
    before_mean, before_variance = gp.predict(process, points)
    mean, variance = gp.predict(after, points)
    np.testing.assert_allclose(mean, before_mean, atol=1e-3)
    assert (variance <= before_variance + 1e-9).all() and gp.predict(after, running)[1].max() < 1e-5
    assert surrogate.with_pending(process, np.empty((0, 2))) is process


# Decisions by hand ---------------------------------------------------------------------------------------------------


def test_theta_is_fitted_to_the_best_and_some_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of eight values the two lowest, rows 1 and 3, and the ends of the other ranks, rows 5 and 0, as in `subsample`.
    monkeypatch.setattr(surrogate, "FITTED_TRIALS", 4)
    encoding = Encoding(Space({"x": Float(0.0, 1.0)}))
    rows, values = np.arange(8.0)[:, None] / 8.0, np.array([7.0, 0.0, 6.0, 1.0, 5.0, 2.0, 4.0, 3.0]) / 4.0
    kept = np.array([0, 1, 3, 5])
    found = surrogate.fitted_theta(encoding, rows, values)
    assert found.tolist() == surrogate.fitted_theta(encoding, rows[kept], values[kept]).tolist()
    assert found.tolist() != surrogate.fitted_theta(encoding, rows[:4], values[:4]).tolist()


def test_theta_is_fitted_from_the_prior_s_mean_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # The only density that is computed is that of the start: length scales 0.4 · √2, variances 1, 0.01 and 0.001.
    monkeypatch.setattr(surrogate, "EVALUATIONS", 1)
    encoding = Encoding(Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}))
    found = surrogate.fitted_theta(encoding, np.array([[0.1, 0.2], [0.9, 0.3]]), np.array([-1.0, 1.0]))
    assert np.exp(found) == pytest.approx([0.4 * math.sqrt(2.0)] * 2 + [1.0, 1e-2, 1e-3])


def test_of_two_fits_the_more_probable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    mean, noisy = surrogate.starts(2)
    assert noisy[:3].tolist() == mean[:3].tolist() and np.exp(noisy[3:]) == pytest.approx([1e-3, 0.1])
    for densities, right in (([-5.0, -4.0], noisy), ([-4.0, -5.0], mean), ([-4.0, -4.0], mean)):
        given = iter(densities)
        monkeypatch.setattr(surrogate, "_fitted", lambda e, r, v, start, given=given: (start, next(given)))
        encoding = Encoding(Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}))
        found = surrogate.theta_of_noisy_values(encoding, np.zeros((1, 2)), np.zeros(1))
        assert found.tolist() == right.tolist()
