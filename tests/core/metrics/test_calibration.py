"""Calibration: by hand, by property, against scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from scratchtune.core.metrics import calibration_curve, expected_calibration_error

Y, P = [0, 0, 1, 1, 1], [0.1, 0.3, 0.3, 0.8, 0.9]


def test_two_bins_by_hand() -> None:
    shares, means = calibration_curve(Y, P, n_bins=2)
    assert shares.tolist() == [1 / 3, 1.0] and means == pytest.approx([0.7 / 3, 0.85])
    assert expected_calibration_error(Y, P, n_bins=2) == pytest.approx(0.6 * (1 - 0.7) / 3 + 0.4 * 0.15)
    texts = ["ill" if y else "well" for y in Y]
    assert calibration_curve(texts, P, pos_label="ill", n_bins=2)[0].tolist() == shares.tolist()


def test_frequencies_are_calibrated_and_their_error_is_the_distance_of_other_probabilities() -> None:
    y = np.arange(1000) % 4 == 0
    for probability in (0.0, 0.25, 0.75, 1.0):
        assert expected_calibration_error(y, np.full(1000, probability)) == abs(probability - 0.25)


def test_quantile_bins_have_equal_counts_and_empty_bins_are_left_out() -> None:
    rng = np.random.default_rng(0)
    p = np.sort(rng.random(1000) ** 4)
    means = calibration_curve(rng.integers(2, size=1000), p, n_bins=10, strategy="quantile")[1]
    assert means == pytest.approx(p.reshape(10, 100).mean(axis=1))
    assert len(calibration_curve([0, 1], [0.0, 1.0], n_bins=50)[0]) == 2


@pytest.mark.parametrize("y, p, options, message", [
    ([0, 1], [0.1, 1.5], {}, "y_prob holds 1.5; it must hold probabilities"),
    ([0, 1], [-0.1, 1.0], {}, "y_prob holds -0.1; it must hold probabilities"),
    ([0, 1], [[0.1, 0.9], [0.2, 0.8]], {}, "y_prob has 2 columns"),
    ([0, 1], [0.1], {}, "y_true has 2 rows and y_prob has 1"),
    ([0, 1], [0.1, 0.2], {"n_bins": 0}, "n_bins is 0"),
    ([0, 1], [0.1, 0.2], {"strategy": "quantil"}, "did you mean 'quantile'"),
    (["a", "b"], [0.1, 0.2], {}, "pos_label must name the positive one"),
])
def test_bad_input_is_one_clear_sentence(y: Any, p: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibration_curve(y, p, **options)


def test_the_curve_agrees_with_scikit_learn_on_100_cases() -> None:
    reference = pytest.importorskip("sklearn.calibration").calibration_curve
    assert list(inspect.signature(calibration_curve).parameters) == list(inspect.signature(reference).parameters)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 30))
        y, p = np.append([0, 1], rng.integers(2, size=n)), rng.random(n + 2)
        p = np.round(p, 1) if rng.integers(2) else p
        options: Any = {"n_bins": int(rng.integers(1, 12)), "strategy": ("uniform", "quantile")[rng.integers(2)]}
        for ours, theirs in zip(calibration_curve(y, p, **options), reference(y, p, **options), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
