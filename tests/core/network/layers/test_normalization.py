"""Batch normalisation: by hand, training and evaluation, its averages in files and resumed trainings; two oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

STATE = [[0.5, -1.0, 2.0], [2.0, 0.5, 1.5]]


def _model(seed: int = 0, learning_rate: float = 0.01) -> st.Sequential:
    model = st.Sequential([st.Dense(4), st.BatchNormalization(momentum=0.8), st.Dense(2)], dtype="float64", seed=seed)
    model.compile(st.Adam(learning_rate), "mse")
    model.build((None, 3))
    return model


def _rows(n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 2))


def test_by_hand(run: Any) -> None:
    """The column (1, 3) has mean 2 and variance 1: with epsilon 3 it becomes (-1/2, 1/2), times 4, plus 10."""
    layer = st.BatchNormalization(momentum=0.5, epsilon=3.0)
    found = run(layer, np.array([[1.0], [3.0]]), theta=[[4.0], [10.0]])
    assert found.y.ravel().tolist() == [8.0, 12.0]
    assert found.state.tolist() == [0.5 * 0 + 0.5 * 2, 0.5 * 1 + 0.5 * 1]
    evaluated = run(layer, np.array([[1.0], [3.0]]), training=False, theta=[[4.0], [10.0]], state=[[1.0], [1.0]])
    assert evaluated.y.ravel().tolist() == [10.0, 14.0] and evaluated.state.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3, 3)])
def test_gradients_are_central_differences(shape: Any, training: bool, differenced: Any) -> None:
    differenced(st.BatchNormalization(), np.random.default_rng(0).normal(size=shape), training, state=STATE)


def test_columns_have_mean_zero_and_variance_one(run: Any) -> None:
    x = np.random.default_rng(2).normal(3.0, 5.0, (200, 6)).astype(np.float32)
    y = run(st.BatchNormalization(), x, theta=[np.ones(6), np.zeros(6)]).y
    assert abs(y.mean(axis=0)).max() < 1e-5 and abs(y.var(axis=0) - 1.0).max() < 1e-3


def test_weights_come_last_and_are_kept_in_files(tmp_path: Any) -> None:
    model = _model()
    model.fit(*_rows(), epochs=3, verbose=0)
    weights = model.get_weights()
    assert [weight.shape for weight in weights] == [(3, 4), (4,), (4,), (4,), (4, 2), (2,), (4,), (4,)]
    assert model.theta.size == sum(weight.size for weight in weights[:-2])
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert (loaded.predict(_rows()[0]) == model.predict(_rows()[0])).all()
    other = _model(seed=5)
    other.set_weights(weights)
    assert (other.predict(_rows()[0]) == model.predict(_rows()[0])).all()
    x = _rows()[0]
    assert (model.program.replica().outputs(x.astype(model.dtype)) == model.predict(x)).all()


def test_three_and_six_epochs_are_nine() -> None:
    whole, parts = _model(), _model()
    whole.fit(*_rows(), epochs=9, verbose=0)
    parts.fit(*_rows(), epochs=3, verbose=0)
    resumed = _model()
    resumed.set_state(parts.get_state())
    resumed.fit(*_rows(), epochs=6, verbose=0)
    assert all((a == b).all() for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True))


def test_a_training_that_diverges_keeps_finite_averages() -> None:
    model, (X, y) = _model(learning_rate=1e200), _rows()
    with pytest.warns(st.DivergenceWarning):
        model.fit(X * 1e150, y, epochs=3, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 2, 3)])
def test_outputs_gradients_and_averages_are_pytorchs(shape: Any, training: bool, run: Any, torch: Any) -> None:
    rng = np.random.default_rng(3)
    x, dy, gamma, beta = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=3), rng.normal(size=3)
    ours = run(st.BatchNormalization(0.9, 0.01), x, dy, training, [gamma, beta], STATE)
    X, G, B, mean, variance = (torch.tensor(part, dtype=torch.float64) for part in (x, gamma, beta, *STATE))
    for part in (X, G, B):
        part.requires_grad_()
    rows = X.reshape(-1, 3)
    y = torch.nn.functional.batch_norm(rows, mean, variance, G, B, training, 0.1, 0.01).reshape(shape)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.dtheta, torch.cat([G.grad, B.grad]).numpy(), rtol=1e-9, atol=1e-12)
    if training:  # PyTorch's average of the variance divides by n - 1
        n = len(rows)
        np.testing.assert_allclose(ours.state[:3], mean.numpy(), rtol=1e-12)
        theirs = 0.9 * np.array(STATE[1]) + (variance.numpy() - 0.9 * np.array(STATE[1])) * (n - 1) / n
        np.testing.assert_allclose(ours.state[3:], theirs, rtol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_averages_are_kerass(training: bool, run: Any, keras: Any) -> None:
    rng = np.random.default_rng(4)
    x, gamma, beta = rng.normal(size=(4, 3, 2, 3)), rng.normal(size=3), rng.normal(size=3)
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.01, dtype="float64")
    theirs.build(x.shape)
    theirs.set_weights([gamma, beta, *map(np.array, STATE)])
    expected = keras.ops.convert_to_numpy(theirs(x, training=training))
    ours = run(st.BatchNormalization(0.9, 0.01), x, None, training, [gamma, beta], STATE)
    np.testing.assert_allclose(ours.y, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.state, np.concatenate(theirs.get_weights()[2:]), rtol=1e-10)


# Over the features ----------------------------------------------------------------------------------------------------


def test_layers_by_hand(run: Any) -> None:
    """The row (1, 3) has mean 2 and variance 1: with epsilon 3 it becomes (-1/2, 1/2), times (4, 2), plus (10, 20)."""
    found = run(st.LayerNormalization(epsilon=3.0), np.array([[1.0, 3.0]]), theta=[[4.0, 2.0], [10.0, 20.0]])
    assert found.y.ravel().tolist() == [8.0, 21.0]


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 2, 3, 1)])
def test_layers_gradients_are_central_differences(shape: Any, differenced: Any) -> None:
    differenced(st.LayerNormalization(), np.random.default_rng(0).normal(size=shape))


def test_each_step_has_mean_zero_and_variance_one(run: Any) -> None:
    x = np.random.default_rng(2).normal(3.0, 5.0, (20, 7, 64))
    y = run(st.LayerNormalization(), x, theta=[np.ones(64), np.zeros(64)]).y
    assert abs(y.mean(axis=-1)).max() < 1e-14 and abs(y.var(axis=-1) - 1.0).max() < 1e-3


def test_a_single_feature_becomes_the_shift(run: Any) -> None:
    assert (run(st.LayerNormalization(), np.array([[[3.0], [5.0]]]), theta=[[2.0], [7.0]]).y == 7.0).all()


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 5)])
def test_layers_outputs_and_gradients_are_pytorchs(shape: Any, run: Any, torch: Any) -> None:
    rng = np.random.default_rng(3)
    x, dy, gamma, beta = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=5), rng.normal(size=5)
    ours = run(st.LayerNormalization(0.01), x, dy, theta=[gamma, beta])
    X, G, B = (torch.tensor(part, requires_grad=True) for part in (x, gamma, beta))
    y = torch.nn.functional.layer_norm(X, (5,), G, B, 0.01)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.dtheta, torch.cat([G.grad, B.grad]).numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind, arguments, message", [
    (st.BatchNormalization, {"momentum": 1.5}, "momentum is 1.5"),
    (st.BatchNormalization, {"epsilon": 0.0}, "epsilon is 0.0"), (st.LayerNormalization, {"epsilon": -1}, "epsilon is"),
])
def test_bad_arguments(kind: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)
