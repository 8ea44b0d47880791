"""Embedding: by hand, its gradient, the mask that layers above receive, bad tokens; PyTorch and Keras. Positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.layers.embedding import add_positions

slow = pytest.mark.slow  # the kernels, of recurrent layers too, take long to compile

X = np.array([[1, 3, 1], [0, 2, 2]])


@slow
def test_by_hand(run: Any) -> None:
    """Each token gets its row of the table; the gradient of token 1, which occurs twice, is a sum of two."""
    table = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])
    dy = np.arange(12.0).reshape(2, 3, 2)
    found = run(st.Embedding(4, 2), X.astype(float), dy, theta=[table])
    assert found.y.tolist() == table[X].tolist()
    assert found.dtheta.reshape(4, 2).tolist() == [[6.0, 7.0], [4.0, 6.0], [18.0, 20.0], [2.0, 3.0]]
    assert not found.dx.any()


@slow
def test_the_first_vectors_are_keras_uniform() -> None:
    model = st.Sequential([st.Embedding(1000, 20)])
    model.build((None, 3))
    table = model.get_weights()[0]
    assert 0.0499 < abs(table).max() <= 0.05 and table.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.02)


@slow
def test_gradient_is_pytorchs(run: Any, torch: Any) -> None:
    rng = np.random.default_rng(0)
    x, table, dy = rng.integers(0, 6, (7, 5)), rng.normal(size=(6, 3)), rng.normal(size=(7, 5, 3))
    found = run(st.Embedding(6, 3), x.astype(float), dy, theta=[table])
    weight = torch.tensor(table, requires_grad=True)
    y = torch.nn.functional.embedding(torch.tensor(x), weight)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(found.y, y.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found.dtheta.reshape(6, 3), weight.grad.numpy(), rtol=1e-10, atol=1e-12)


@slow
def test_gradient_is_kerass(sequences: Any, keras: Any, torch: Any) -> None:
    ours = sequences.model_of(st.Embedding(5, 3), shape=(4,))
    sequences.check_keras(torch, ours, [keras.layers.Embedding(5, 3, dtype="float64")], sequences.tokens(4, 4))


@slow
@pytest.mark.parametrize("between", [(), (st.Dropout(0.5),), (st.Activation("tanh"), st.BatchNormalization())])
def test_the_mask_passes_layers_that_keep_the_steps(between: Any, sequences: Any) -> None:
    """Padding at the end changes nothing."""
    layers = [layer.fresh() for layer in between]
    model = sequences.model_of(st.Embedding(5, 3, mask_zero=True), *layers, st.GRU(4), shape=(6,))
    weights = model.get_weights()
    short = sequences.model_of(st.Embedding(5, 3), *(layer.fresh() for layer in between), st.GRU(4), shape=(2,))
    short.set_weights(weights)
    np.testing.assert_allclose(
        model.predict([[3, 4, 0, 0, 0, 0]]), short.predict([[3, 4]]), rtol=1e-12, atol=1e-14)


@slow
def test_the_mask_ends_where_the_steps_do() -> None:
    layers = [st.Embedding(5, 3, mask_zero=True), st.GRU(4, return_sequences=True), st.Dropout(0.1), st.LSTM(3),
              st.Dense(2)]
    st.Sequential(layers).build((None, 6))
    assert [layer.mask_from is layers[0] for layer in layers] == [False, True, False, True, False]
    without = [st.Embedding(5, 3), st.GRU(4)]
    st.Sequential(without).build((None, 6))
    assert without[1].mask_from is None


@slow
@pytest.mark.parametrize("token", [-1, 5, 1.5])
def test_bad_tokens_are_refused_before_any_work(token: float) -> None:
    model = st.Sequential([st.Embedding(5, 2), st.Flatten(), st.Dense(1)])
    model.compile(loss="mse")
    message = f"X holds the token {token:g}; tokens must be integers from 0 to 4"
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=message):
            call([[1, token]], [0.0])
    model.build((None, 2))
    for use in (model.predict, model):
        with pytest.raises(ValueError, match=message):
            use([[1, token]])
    with pytest.raises(ValueError, match=f"validation_data {message}"):
        model.fit([[1, 2]], [0.0], validation_data=([[1, token]], [0.0]))


@slow
def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="input_dim is 0"):
        st.Embedding(0, 2)
    with pytest.raises(ValueError, match="output_dim is 0"):
        st.Embedding(2, 0)
    with pytest.raises(TypeError, match="mask_zero is 1"):
        st.Embedding(2, 2, mask_zero=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Embedding gets rows of shape \(3, 2\)"):
        st.Sequential([st.Embedding(2, 2)]).build((None, 3, 2))


def test_positions_by_hand(run: Any) -> None:
    """Features 0 and 1 have the wavelength 2 pi: (0, 1), then (sin 1, cos 1); features 2 and 3 a hundred times that."""
    y = run(st.SinusoidalPositions(), np.zeros((1, 2, 4))).y[0]
    expected = [[0.0, 1.0, 0.0, 1.0], [np.sin(1.0), np.cos(1.0), np.sin(0.01), np.cos(0.01)]]
    np.testing.assert_allclose(y, expected, rtol=1e-14)


@pytest.mark.parametrize("features", [1, 6, 7])
def test_positions_are_numpys(features: int) -> None:
    """Vectorised, in the manner of KerasHub's layer."""
    y, index = np.empty((50, features)), np.arange(features)
    add_positions(np.ones((50, features)), y)
    angles = np.arange(50)[:, None] * 10000.0 ** (-(2 * (index // 2)) / features)
    np.testing.assert_allclose(y, 1.0 + np.where(index % 2, np.cos(angles), np.sin(angles)), rtol=1e-12, atol=1e-13)


def test_rows_that_are_no_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match="SinusoidalPositions gets rows"):
        st.Sequential([st.SinusoidalPositions()]).build((None, 3))
