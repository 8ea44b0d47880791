"""Calibration: by hand, by property, against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.metrics import reliability
from scratchtune.metrics.calibration import expected_error

Y, P = [0, 0, 1, 1, 1], [0.1, 0.3, 0.3, 0.8, 0.9]


def test_two_bins_by_hand() -> None:
    bins = reliability(Y, P, n_bins=2)
    assert bins.counts.tolist() == [3, 2] and bins.shares.tolist() == [1 / 3, 1.0]
    assert bins.means == pytest.approx([0.7 / 3, 0.85])
    assert bins.lows.tolist() == [0.0, 0.5] and bins.highs.tolist() == [0.5, 1.0]
    assert expected_error(bins.counts, bins.shares, bins.means) == pytest.approx(0.6 * (1 - 0.7) / 3 + 0.4 * 0.15)


def test_frequencies_are_calibrated() -> None:
    y, p = np.arange(1000) % 4 == 0, np.full(1000, 0.25)
    for predicted, expected in ((p, 0.0), (np.full(1000, 0.75), 0.5)):
        bins = reliability(y, predicted)
        assert expected_error(bins.counts, bins.shares, bins.means) == expected


def test_quantile_bins_have_equal_counts() -> None:
    rng = np.random.default_rng(0)
    bins = reliability(rng.integers(2, size=1000), rng.random(1000) ** 4, strategy="quantile")
    assert bins.counts.tolist() == [100] * 10
    assert len(reliability([0, 1], [0.0, 1.0], n_bins=50).counts) == 2  # empty bins are left out


@pytest.mark.parametrize("y, p, options, message", [
    ([0, 1], [0.1, 1.5], {}, "y_prob holds 1.5; it must hold probabilities"),
    ([0, 1], [-0.1, 1.0], {}, "y_prob holds -0.1; it must hold probabilities"),
    ([0, 1], [0.1, 0.2], {"n_bins": 0}, "n_bins is 0"),
    ([0, 1], [0.1, 0.2], {"strategy": "quantil"}, "did you mean 'quantile'"),
    (["a", "b"], [0.1, 0.2], {}, "pos_label must name the positive one"),
])
def test_bad_input_is_one_clear_sentence(y: Any, p: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reliability(y, p, **options)


def test_the_curve_agrees_with_scikit_learn_on_100_cases() -> None:
    reference = pytest.importorskip("sklearn.calibration").calibration_curve
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 30))
        y, p = np.append([0, 1], rng.integers(2, size=n)), rng.random(n + 2)
        p = np.round(p, 1) if rng.integers(2) else p
        options: Any = {"n_bins": int(rng.integers(1, 12)), "strategy": ("uniform", "quantile")[rng.integers(2)]}
        for ours, theirs in zip(reliability(y, p, **options)[:2], reference(y, p, **options), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
