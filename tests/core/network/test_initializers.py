"""Initialisers: limits by hand, the variance that each promises, and the spread of Keras's weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network import initializers

VARIANCES = {"glorot": lambda i, o: 2 / (i + o), "he": lambda i, o: 2 / i, "lecun": lambda i, o: 1 / i}
DRAWN = [f"{scheme}_{kind}" for scheme in VARIANCES for kind in ("uniform", "normal")]


def _drawn(name: str, inputs: int = 300, outputs: int = 100) -> np.ndarray:
    return initializers.get(name)((inputs, outputs), (inputs, outputs), np.random.default_rng(0))


def test_the_limit_of_glorot_uniform_by_hand() -> None:
    """3 inputs, 5 units: variance 2 / (3 + 5) = 1/4, a uniform distribution up to sqrt(3/4) = 0.866 has it."""
    weights = [_model(seed, "glorot_uniform").get_weights()[0] for seed in range(200)]
    assert 0.86 < np.abs(weights).max() <= np.sqrt(0.75)


def _model(seed: int, initializer: str, dtype: str = "float64") -> st.Sequential:
    model = st.Sequential([st.Dense(5, kernel_initializer=initializer), st.Dense(5)], dtype=dtype, seed=seed)
    model.build((None, 3))
    return model


def test_constants() -> None:
    assert (_drawn("zeros") == 0.0).all() and (_drawn("ones") == 1.0).all()
    assert (_model(0, "glorot_uniform").get_weights()[1] == 0.0).all()


@pytest.mark.parametrize("inputs, outputs", [(5, 15), (15, 5), (7, 7), (1, 3)])
def test_orthogonal_has_orthonormal_rows_or_columns(inputs: int, outputs: int) -> None:
    weights = _drawn("orthogonal", inputs, outputs)
    product = weights @ weights.T if inputs <= outputs else weights.T @ weights
    np.testing.assert_allclose(product, np.eye(min(inputs, outputs)), atol=1e-12)


def test_orthogonal_has_no_preferred_sign() -> None:
    """Without the correction by the signs of R's diagonal the first number would always be negative."""
    draw = initializers.get("orthogonal")
    first = [draw((2, 2), (2, 2), np.random.default_rng(seed))[0, 0] for seed in range(99)]
    assert 30 < sum(number > 0 for number in first) < 70


def test_uniform_and_the_forget_gates_bias() -> None:
    weights = _drawn("uniform")
    assert 0.0499 < np.abs(weights).max() <= 0.05 and abs(weights.mean()) < 1e-3
    assert _drawn("unit_forget_bias", 1, 8).ravel().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("name", DRAWN)
def test_mean_and_variance_are_as_promised(name: str) -> None:
    weights, wanted = _drawn(name), VARIANCES[name.split("_")[0]](300, 100)
    assert abs(weights.mean()) < 5 * np.sqrt(wanted / weights.size)
    assert weights.var() == pytest.approx(wanted, rel=0.03)
    limit = np.sqrt(3 * wanted) if name.endswith("uniform") else 2 * np.sqrt(wanted) / 0.8796256610342398
    assert 0.98 * limit < np.abs(weights).max() <= limit


def test_same_seed_same_weights_and_each_array_its_own() -> None:
    first, again, other = _model(0, "he_normal"), _model(0, "he_normal"), _model(1, "he_normal")
    assert (first.theta == again.theta).all()
    assert not (first.get_weights()[0] == other.get_weights()[0]).any()
    assert not (first.get_weights()[0].ravel() == first.get_weights()[2].ravel()[:15]).any()


def test_float32_weights_are_the_rounded_float64_ones() -> None:
    narrow, wide = _model(0, "he_normal", "float32"), _model(0, "he_normal", "float64")
    assert narrow.theta.dtype == np.float32 and (narrow.theta == wide.theta.astype(np.float32)).all()


@pytest.mark.parametrize("name", DRAWN)
def test_spread_is_that_of_keras(name: str, keras: Any) -> None:
    initializer = type(keras.initializers.get(name))(seed=0)
    theirs = keras.ops.convert_to_numpy(initializer((300, 100)))
    ours = _drawn(name)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)
    np.testing.assert_allclose(np.quantile(np.abs(ours), 0.99), np.quantile(np.abs(theirs), 0.99), rtol=0.02)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="kernel_initializer is 'glorot_unifrom'.*did you mean 'glorot_uniform'"):
        st.Dense(3, kernel_initializer="glorot_unifrom")
    with pytest.raises(ValueError, match="bias_initializer is 'zero'.*did you mean 'zeros'"):
        st.Dense(3, bias_initializer="zero")
