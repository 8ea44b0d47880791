"""Output warping: its inverse, its choice by likelihood, and a product whose decomposition is known."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.insight.gaussian_marginals import decompose_each, decompose_gaussian
from scratchtune.insight.regression_tree import Axis
from scratchtune.insight.surrogate_choice import choose
from scratchtune.insight.warping import warps


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_warp_standardises_and_has_an_inverse(sign: float) -> None:
    values = sign * np.random.default_rng(0).exponential(size=50)
    for warp in warps(values - values.mean()):
        warped = warp.forward(values - values.mean())
        assert warp.sign == sign and warped.mean() == pytest.approx(0.0, abs=1e-12)
        assert warp.back(warped) == pytest.approx(values - values.mean())


def test_a_product_is_decomposed_in_its_own_units() -> None:
    """The exponential of 2 a + b: each factor e^(k u) has the squared mean m and the variance v."""
    rows = np.random.default_rng(0).random((50, 2))
    values = np.exp(2.0 * rows[:, 0] + rows[:, 1] + 0.1 * np.random.default_rng(1).standard_normal(50))
    values = (values - values.mean()) / values.std()
    model = choose(rows, values, [Axis(), Axis()], 2, 0, "gp")
    assert model.said == "A Gaussian process of the logarithm" and model.surrogate is not None
    mean = [((np.exp(k) - 1.0) / k) ** 2 for k in (2.0, 1.0)]
    variance = [(np.exp(2.0 * k) - 1.0) / (2.0 * k) - m for k, m in zip((2.0, 1.0), mean, strict=True)]
    parts = np.array([variance[0] * mean[1], variance[1] * mean[0]])
    truth = parts / (parts.sum() + variance[0] * variance[1])
    assert decompose_gaussian(model.surrogate).main == pytest.approx(truth, abs=0.04)
    assert model.alphas is not None
    drawn = [shares.main for shares in decompose_each(model.surrogate, model.alphas)]
    assert np.mean(drawn, axis=0) == pytest.approx(truth, abs=0.05)
