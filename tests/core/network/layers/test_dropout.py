"""Gaussian noise: normal numbers by hand and in distribution, training only, repeatable; Keras's names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.network import engine
from scratchtune.core.network.random_numbers import cosine_of_turn, log_of_fraction, normal, random_bits, uniform
from scratchtune.core.network.sequential import Sequential
from scratchtune.layers import Dense, GaussianNoise


def _noisy(x: np.ndarray, stddev: float, seed: int = 0, step: int = 0, training: bool = True) -> np.ndarray:
    """What the layer makes of a batch in one step."""
    layer = GaussianNoise(stddev)
    layer.start(x.shape[1:])
    nothing = engine.aligned(0, x.dtype)
    network = engine.build_network([layer], nothing, nothing, len(x))
    engine.matrix(network.values, network.at, 0, len(x))[:] = x
    key = _bits(np.uint64(seed), step)
    engine.forward_pass(network, 0, 1, len(x), training, step, key)
    return engine.matrix(network.values, network.at, 1, len(x)).copy()


def _model(*layers: object, dtype: str = "float64", seed: int = 0) -> Sequential:
    model = Sequential(layers, dtype=dtype, seed=seed)
    model.compile("sgd", "mse")
    model.build((None, 3))
    return model


def _bits(key: np.uint64, counter: int) -> np.uint64:
    return np.uint64(random_bits(key, np.uint64(counter)))


def test_a_normal_number_by_hand() -> None:
    """u = 1 - e^-2 gives the radius √(−2 · (−2)) = 2; a third of a turn has the cosine −1/2."""
    assert float(normal(1.0 - np.exp(-2.0), 1.0 / 3.0)) == pytest.approx(-1.0, rel=1e-14)
    assert float(normal(0.0, 0.4)) == 0.0 and np.isfinite(normal(1.0 - 2.0**-53, 0.0))


def test_logarithm_and_cosine_are_the_librarys() -> None:
    rng = np.random.default_rng(0)
    for x in [*rng.uniform(size=300), *2.0 ** -rng.uniform(0, 53, 300), 2.0**-53, 1.0 - 2.0**-53, 1.0]:
        assert float(log_of_fraction(x)) == pytest.approx(np.log(x), rel=2e-15, abs=0.0)
        assert float(cosine_of_turn(x)) == pytest.approx(np.cos(2 * np.pi * x), rel=0.0, abs=2e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_noise_is_normal_and_as_large_as_told(dtype: str) -> None:
    """Moments, and the share within one and two deviations; columns and rows are not alike."""
    x = np.full((400, 100), 5.0, dtype)
    z = (_noisy(x, 0.5, seed=1, step=2).astype(float) - 5.0) / 0.5
    bound = 5 / np.sqrt(z.size)
    assert abs(z.mean()) < bound and abs(z.var() - 1) < bound * np.sqrt(2) and abs((z**3).mean()) < bound * np.sqrt(15)
    assert abs((z**4).mean() - 3) < bound * np.sqrt(96)
    assert abs((abs(z) < 1).mean() - 0.6827) < bound and abs((abs(z) < 2).mean() - 0.9545) < bound
    lag_columns, lag_rows = (z[:, 1:] * z[:, :-1]).mean(), (z[1:] * z[:-1]).mean()
    assert max(abs(lag_columns), abs(lag_rows)) < bound


def test_it_is_active_in_training_only() -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert (_noisy(x, 0.5, training=False) == x).all() and (_noisy(x, 0.0) == x).all()
    with_it, without = _model(GaussianNoise(0.9), Dense(2)), _model(Dense(2))
    without.set_weights(with_it.get_weights())
    assert (with_it.predict(x) == without.predict(x)).all()
    assert (with_it.gradient(x, np.ones((5, 2))) == without.gradient(x, np.ones((5, 2)))).all()


def test_it_depends_on_seed_and_step_alone() -> None:
    x = np.zeros((8, 8))
    first = _noisy(x, 1.0, seed=0, step=5)
    assert (_noisy(x, 1.0, seed=0, step=5) == first).all()
    np.testing.assert_allclose(_noisy(x[:3] + 7, 1.0, seed=0, step=5), first[:3] + 7, rtol=1e-14)
    assert (_noisy(x.astype(np.float32), 1.0, seed=0, step=5) == first.astype(np.float32)).all()
    assert (_noisy(x, 1.0, seed=0, step=6) != first).all() and (_noisy(x, 1.0, seed=1, step=5) != first).all()


def test_each_number_is_made_of_its_own_index() -> None:
    step_key = _bits(np.uint64(0), 0)
    layer_key = _bits(step_key, 0)
    z = [normal(uniform(_bits(layer_key, 2 * i)), uniform(_bits(layer_key, 2 * i + 1))) for i in range(6)]
    np.testing.assert_allclose(_noisy(np.zeros((2, 3)), 1.0).ravel(), z, rtol=1e-12)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-5)])
def test_training_takes_the_gradient_at_the_moved_inputs(dtype: str, tolerance: float) -> None:
    """y = w x without bias, w = 0, loss (y - t)² with t = 1: the step is alpha · 2 · x', x' the moved input."""
    x = np.array([[1.0, 2.0, 3.0]], dtype)
    model = _model(GaussianNoise(0.5), Dense(1, use_bias=False, kernel_initializer="zeros"), dtype=dtype, seed=3)
    model.fit(x, [1.0])
    np.testing.assert_allclose(model.theta, 0.01 * 2 * _noisy(x, 0.5, seed=3)[0], rtol=tolerance)


def test_the_gradient_passes_through_it() -> None:
    """Two linear layers with noise between them: the first one's step is that without the noise times nothing else."""
    x = np.array([[1.0, 2.0, 3.0]])
    layers = Dense(1, use_bias=False, kernel_initializer="zeros"), Dense(1, kernel_initializer="ones")
    model = _model(layers[0], GaussianNoise(0.5), layers[1], seed=3)
    model.fit(x, [1.0])
    moved = model.theta[3] - 1.0  # the second kernel's step: 0.01 · 2 · (1 - z) · z
    step = model.theta[:3]
    assert moved != 0.0
    np.testing.assert_allclose(step / step[0], x[0], rtol=1e-12)


@pytest.mark.parametrize("stddev, problem", [(-0.1, ValueError), (np.nan, ValueError), ("a lot", TypeError)])
def test_a_deviation_must_be_a_number_that_is_not_negative(stddev: object, problem: type[Exception]) -> None:
    with pytest.raises(problem, match="stddev is .*; it must be a finite number of at least 0"):
        GaussianNoise(stddev)  # type: ignore[arg-type]


def test_name_and_argument_are_keras(keras: Any) -> None:
    theirs, ours = keras.layers.GaussianNoise(0.3), GaussianNoise(stddev=0.3)
    assert type(ours).__name__ == type(theirs).__name__ and ours.config["stddev"] == theirs.get_config()["stddev"]
    moved = np.asarray(theirs(np.zeros((200, 50), np.float32), training=True))
    assert abs(moved.std() - _noisy(np.zeros((200, 50)), 0.3).std()) < 5 * 0.3 / np.sqrt(10000)
