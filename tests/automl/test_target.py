"""The scale of the target: the logarithm of a positive, skewed one."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.automl.target import LINEAR, LOGARITHM, TargetScale, scales_for, skewness

PRICES = np.exp(np.random.default_rng(0).normal(size=500))


def test_the_skewness_equals_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert skewness(PRICES) == pytest.approx(stats.skew(PRICES))


def test_only_a_positive_and_skewed_target_has_two_scales() -> None:
    assert scales_for(PRICES) == [LINEAR, LOGARITHM]
    assert scales_for(PRICES - 1.0) == scales_for(np.linspace(1.0, 2.0, 50)) == [LINEAR]


def test_the_inverse_is_exact_and_limited() -> None:
    scale = TargetScale(LOGARITHM).fit(PRICES)
    np.testing.assert_allclose(scale.inverse(scale.forward(PRICES)), PRICES, rtol=1e-12)
    assert scale.inverse(np.array([1000.0]))[0] < 10.0 * PRICES.max()
    assert (TargetScale(LINEAR).fit(PRICES).inverse(PRICES) == PRICES).all()
