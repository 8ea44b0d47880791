"""Averages of theta and learning rates for each array of weights: by hand, properties, early stopping; Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.network.optimizer_parts import gradient_descent_parts

OPTIMIZERS: dict[str, Any] = {
    "sgd": (st.SGD, {}), "momentum": (st.SGD, {"momentum": 0.9}),
    "nesterov": (st.SGD, {"momentum": 0.9, "nesterov": True}), "rmsprop": (st.RMSprop, {}),
    "rmsprop_momentum": (st.RMSprop, {"momentum": 0.5}), "adam": (st.Adam, {})}
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))


def fitted(optimizer: Any, epochs: int = 6, dtype: str = "float64") -> st.Sequential:
    """Some epochs of one full batch each."""
    model = st.Sequential([st.Dense(4, "tanh"), st.Dense(2)], dtype=dtype, seed=1)
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=12, epochs=epochs, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_average_is_that_of_the_thetas_after_each_step(name: str) -> None:
    make, options = OPTIMIZERS[name]
    thetas = [fitted(make(0.01, **options), steps).theta.copy() for steps in range(1, 7)]
    average = thetas[0]
    for theta in thetas[1:]:
        average = 0.75 * average + 0.25 * theta
    averaged = fitted(make(0.01, **options, use_ema=True, ema_momentum=0.75))
    np.testing.assert_allclose(averaged.theta, average, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_factor_is_one_of_the_learning_rate(name: str) -> None:
    make, options = OPTIMIZERS[name]
    same, half = fitted(make(0.01, **options)), fitted(make(0.005, **options))
    for factor, wanted in ((1.0, same), (0.5, half)):
        np.testing.assert_allclose(
            fitted(make(0.01, **options, rate_factors=[factor] * 4)).theta, wanted.theta, rtol=1e-12)


def test_a_factor_of_zero_keeps_an_array() -> None:
    model = fitted(st.Adam(0.01, rate_factors=[0.0, 1.0, 1.0, 1.0]))
    first = st.Sequential([st.Dense(4, "tanh"), st.Dense(2)], dtype="float64", seed=1)
    first.build((None, 3))
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), first.get_weights(), strict=True)]
    assert same == [True, False, False, False]


def test_the_average_is_evaluated_and_restored_by_early_stopping() -> None:
    model = st.Sequential([st.Dense(8, "relu"), st.Dense(2)], "float64", seed=1)
    model.compile(st.Adam(0.05, use_ema=True, ema_momentum=0.5), "mse")
    history = model.fit(X[:8], Y[:8], batch_size=2, epochs=30, validation_data=(X[8:], Y[8:]), verbose=0,
                        callbacks=[st.EarlyStopping(patience=3, restore_best_weights=True)]).history
    assert model.evaluate(X[8:], Y[8:])["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-6)
    assert len(history["loss"]) < 30


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_files_and_workers(dtype: str, tmp_path: Path) -> None:
    model = fitted(st.Adam(0.01, use_ema=True, rate_factors=[1.0, 0.1, 1.0, 0.1]), dtype=dtype)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    for part in (model, loaded):
        part.fit(X, Y, epochs=2, verbose=0)
    assert np.array_equal(model.theta, loaded.theta)


class Own(st.Optimizer):
    """A user's optimizer, with a kernel of its own."""

    update = gradient_descent_parts


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_factors has 3 numbers; it must have one for each of 4 arrays"):
        fitted(st.Adam(0.01, rate_factors=[1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="use_ema and rate_factors are for SGD, RMSprop and Adam"):
        fitted(Own(0.01, use_ema=True))
    with pytest.raises(ValueError, match=r"ema_momentum is 1.0; it must be a finite number in \[0.0, 1.0\)"):
        st.SGD(0.01, use_ema=True, ema_momentum=1.0)
    with pytest.raises(ValueError, match="rate_factors is -1.0; it must be"):
        st.SGD(0.01, rate_factors=[-1.0])


def test_the_average_is_that_of_keras(keras: Any) -> None:
    start, gradients = rng.normal(size=5), rng.normal(size=(7, 5))
    variable = keras.Variable(start, dtype="float64")
    theirs = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.75)
    theta, slots = start.copy(), np.zeros((1, 16))
    for step, gradient in enumerate(gradients, 1):
        theirs.apply([keras.ops.convert_to_tensor(gradient, "float64")], [variable])
        gradient_descent_parts(theta, gradient, slots, np.array([0, 0, 0, 0.75, 0, 5, 1.0]), 0.1, step)
    theirs.finalize_variable_values([variable])
    np.testing.assert_allclose(slots[0, :5], keras.ops.convert_to_numpy(variable.value), rtol=1e-6)
