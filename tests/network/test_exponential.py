"""The exponential of numbers that are not above zero: within two units in the last place, and sane at the edges."""

import math

import numpy as np
import pytest

from scratchtune.network.exponential import exp_in_place, exp_nonpositive


def test_by_hand():
    assert float(exp_nonpositive(0.0)) == 1.0 and float(exp_nonpositive(-0.0)) == 1.0
    assert float(exp_nonpositive(-math.log(2.0))) == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(("dtype", "lowest"), [("float64", -708.0), ("float32", -87.0)])
def test_it_is_right_to_two_units_in_the_last_place(dtype, lowest):
    x = np.random.default_rng(0).uniform(lowest, 0.0, (1, 20_000)).astype(dtype)
    exact = np.array([[math.exp(value) for value in x[0].astype(float)]])
    y = x.copy()
    exp_in_place(y)
    assert y.dtype == dtype
    assert np.max(np.abs(y - exact) / np.spacing(exact.astype(dtype)).astype(float)) <= 2.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_too_small_is_zero_and_nan_stays_nan(dtype):
    assert [float(exp_nonpositive(dtype(x))) for x in (-750.0, -1e4, -1e30, -np.inf)] == [0.0] * 4
    assert math.isnan(exp_nonpositive(dtype(np.nan)))
