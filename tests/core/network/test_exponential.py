"""The exponential of numbers that are not above zero, and tanh: units in the last place, and sane at the edges."""

import math

import numpy as np
import pytest

from scratchtune.core.network.activations import exp_in_place, exp_nonpositive, expm1_nonpositive, vector_tanh


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("function", "exact"), [(expm1_nonpositive, math.expm1), (vector_tanh, math.tanh)])
def test_minus_one_and_tanh_are_right_to_four_units_in_the_last_place(function, exact, dtype):
    x = -np.exp(np.random.default_rng(1).uniform(-30.0, 3.0, 2_000)).astype(dtype)
    wanted = np.array([exact(float(value)) for value in x])
    found = np.array([function(value) for value in x])
    assert np.max(np.abs(found - wanted) / np.spacing(np.abs(wanted).astype(dtype)).astype(float)) <= 4.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_is_odd_and_saturates_and_nan_stays_nan(dtype):
    assert [float(vector_tanh(dtype(x))) for x in (-np.inf, -1e4, 0.0, 50.0, np.inf)] == [-1.0, -1.0, 0.0, 1.0, 1.0]
    assert float(vector_tanh(dtype(0.3))) == -float(vector_tanh(dtype(-0.3)))
    assert math.isnan(vector_tanh(dtype(np.nan))) and math.isnan(expm1_nonpositive(dtype(np.nan)))
