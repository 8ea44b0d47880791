"""The normal distribution: against scipy, in the far tail, and truncated to the unit interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchtune.core.search import normal


def test_the_standard_values() -> None:
    assert normal.normal_cdf(0.0) == 0.5
    assert normal.normal_pdf(0.0) == pytest.approx(1.0 / math.sqrt(2.0 * math.pi))
    assert normal.normal_cdf(1.959963984540054) == pytest.approx(0.975)


def test_the_logarithm_stays_finite_and_keeps_falling_in_the_tail() -> None:
    values = np.array([normal.log_normal_cdf(z) for z in -np.logspace(0.0, 8.0, 200)])
    assert np.isfinite(values).all() and (np.diff(values) < 0.0).all()


def test_the_two_computations_agree_where_they_meet() -> None:
    for function in (normal.log_normal_cdf, normal.log_normal_cdf_grad):
        below, above = function(normal.TAIL), function(np.nextafter(normal.TAIL, 0.0))
        assert above == pytest.approx(below, rel=1e-13)


def test_a_truncated_density_has_the_integral_1() -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    for m, s in ((0.5, 0.2), (0.0, 1.0), (0.95, 0.05)):
        mass = normal.normal_mass(0.0, 1.0, m, s)
        assert np.exp([normal.log_truncated_normal(x, m, s, mass) for x in u]).mean() == pytest.approx(1.0, rel=1e-6)


def test_truncated_draws_and_quantiles_have_the_same_distribution() -> None:
    drawn = normal.draw_truncated_normals(np.full(50_000, 0.9), np.full(50_000, 0.3), np.random.default_rng(0))
    assert ((drawn >= 0.0) & (drawn <= 1.0)).all()
    for u in (0.1, 0.5, 0.9):
        assert (drawn < normal.truncated_normal_quantile(u, 0.9, 0.3)).mean() == pytest.approx(u, abs=0.01)


def test_the_logarithm_as_scipys() -> None:
    special = pytest.importorskip("scipy.special")
    for z in np.linspace(-37.0, 8.0, 91):
        assert normal.log_normal_cdf(z) == pytest.approx(special.log_ndtr(z), rel=1e-12)
