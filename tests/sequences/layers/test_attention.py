"""Self-attention as layers: by hand, masks of later steps, files; Keras as the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # its kernels take long to compile

LAYERS = {
    "dot": lambda **more: st.Attention(**more), "additive": lambda **more: st.AdditiveAttention(**more),
    "multi-head": lambda **more: st.MultiHeadAttention(2, 3, **more),
    "multi-head, no bias": lambda **more: st.MultiHeadAttention(3, 2, use_bias=False, **more),
}


def test_dot_attention_by_hand(run: Any) -> None:
    """Steps 0 and 1: step 0 has the scores 0 and 0, so the mean 1/2; step 1 has 0 and 1, so e / (1 + e)."""
    y = run(st.Attention(), np.array([[[0.0], [1.0]]])).y
    np.testing.assert_allclose(y.ravel(), [0.5, np.e / (1.0 + np.e)], rtol=1e-15)


def test_additive_attention_by_hand(run: Any) -> None:
    """Step 0 has the scores tanh(0) and tanh(1), times the scale 2."""
    y = run(st.AdditiveAttention(), np.array([[[0.0], [1.0]]]), theta=[[2.0]]).y
    share = 1.0 / (1.0 + np.exp(-2.0 * np.tanh(1.0)))
    np.testing.assert_allclose(y[0, 0, 0], share, rtol=1e-14)


@pytest.mark.parametrize("name", LAYERS)
def test_with_the_causal_mask_later_steps_have_no_influence(name: str, run: Any) -> None:
    rng = np.random.default_rng(1)
    x, layer = rng.normal(size=(2, 5, 3)), LAYERS[name](use_causal_mask=True)
    layer.start(x.shape[1:])
    theta = [rng.normal(size=weight.shape) for weight in layer.weights] or None
    before = run(layer, x, theta=theta).y
    x[:, 3:] += 10.0
    after = run(layer, x, theta=theta).y
    assert (after[:, :3] == before[:, :3]).all() and (after[:, 3:] != before[:, 3:]).any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("length", [1, 7])
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_gradients_and_weights_are_kerass(
    name: str, length: int, causal: bool, run: Any, keras: Any, torch: Any,
) -> None:
    """Keras runs on PyTorch here, which differentiates it."""
    rng, ours = np.random.default_rng(2), LAYERS[name](use_causal_mask=causal)
    theirs = getattr(keras.layers, type(ours).__name__)(
        **{key: value for key, value in ours.config.items() if key != "use_causal_mask"}, dtype="float64")
    x, dy = rng.normal(size=(3, length, 5)), rng.normal(size=(3, length, 5))
    theirs.build(*([x.shape] * 2 if name.startswith("multi") else [[x.shape] * 2]))
    ours.start(x.shape[1:])
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    weights = [rng.normal(size=weight.shape) for weight in ours.weights]
    theirs.set_weights(weights)
    X = torch.tensor(x, requires_grad=True)
    y = theirs(*([X, X] if name.startswith("multi") else [[X, X]]), use_causal_mask=causal)
    (y * torch.tensor(dy)).sum().backward()
    found = run(ours, x, dy, theta=weights or None)
    np.testing.assert_allclose(found.y, y.detach().numpy(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.dx, X.grad.numpy(), rtol=1e-8, atol=1e-10)
    if weights:
        gradients = np.concatenate([weight.value.grad.numpy().ravel() for weight in theirs.trainable_weights])
        np.testing.assert_allclose(found.dtheta, gradients, rtol=1e-8, atol=1e-10)


def test_initial_weights_have_kerass_limits(keras: Any) -> None:
    """Glorot's uniform limits; the fans are those of the matrices that project, (features, heads times key_dim)."""
    model = st.Sequential([st.MultiHeadAttention(8, 16)])
    model.build((None, 3, 32))
    theirs = keras.layers.MultiHeadAttention(8, 16, dtype="float64")  # a float32 default would last
    theirs.build((None, 3, 32), (None, 3, 32))
    for a, b in zip(model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(abs(a).max(), abs(b).max(), rtol=0.02)


@pytest.mark.parametrize("name", LAYERS)
def test_a_model_is_trained_and_kept_in_files(name: str, tmp_path: Any) -> None:
    """Which of six steps has the largest first feature is far from the mean: attention finds it."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(64, 6, 4))
    model = st.Sequential([st.SinusoidalPositions(), st.Dense(4), LAYERS[name](), st.LayerNormalization(), st.Flatten(),
                           st.Dense(2)], dtype="float64")
    model.compile(st.Adam(0.01, global_clipnorm=1.0), "mse")
    history = model.fit(X, X.max(axis=1)[:, :2], epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    model.save(tmp_path / "model.npz")
    assert (st.load_model(tmp_path / "model.npz").predict(X) == model.predict(X)).all()


def test_the_first_layer_may_be_attention() -> None:
    """Then nothing is below it, and the gradient in x is not computed."""
    X = np.random.default_rng(4).normal(size=(5, 3, 4))
    for name in LAYERS:
        first = st.Sequential([LAYERS[name](), st.Flatten(), st.Dense(1)], dtype="float64")
        second = st.Sequential([st.Activation("linear"), LAYERS[name](), st.Flatten(), st.Dense(1)], dtype="float64")
        for model in (first, second):
            model.compile("sgd", "mse")
            model.build((None, 3, 4))
        second.set_weights(first.get_weights())
        assert (first.gradient(X, np.ones(5)) == second.gradient(X, np.ones(5))).all()


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.AdditiveAttention(use_causal_mask=1), TypeError, "use_causal_mask is 1"),
    (lambda: st.MultiHeadAttention(0, 4), ValueError, "num_heads is 0; it must be an integer of at least 1"),
    (lambda: st.MultiHeadAttention(2, 2.5), TypeError, "key_dim is 2.5"),
    (lambda: st.Sequential([st.MultiHeadAttention(2, 4)]).build((None, 3)), ValueError,
     r"MultiHeadAttention gets rows of shape \(3,\); it takes sequences \(length, features\)"),
    (lambda: st.Sequential([st.Attention()]).build((None, 3, 4, 5)), ValueError, r"Attention gets rows of shape \(3,"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


MASKED: dict[str, Callable[[], st.Layer]] = {
    "attention": lambda: st.Attention(), "additive": lambda: st.AdditiveAttention(),
    "multi_head": lambda: st.MultiHeadAttention(2, 3)}


@pytest.mark.parametrize("name", MASKED)
def test_with_padding_a_model_and_its_gradient_are_kerass(name: str, keras: Any, torch: Any) -> None:
    """Embedding with mask_zero, attention, GRU: no step looks up padding, and the GRU skips it."""
    rng, layer = np.random.default_rng(5), MASKED[name]()
    model = st.Sequential([st.Embedding(9, 4, mask_zero=True), layer, st.GRU(3)], "float64")
    model.compile("adam", "mean_squared_error")
    model.build((None, 6))
    model.theta = rng.normal(size=model.theta.size)
    X, y = rng.integers(1, 9, (5, 6)).astype(float), rng.normal(size=(5, 3))
    for row in range(1, 5):
        X[row, 6 - row :] = 0.0
    attention = getattr(keras.layers, type(layer).__name__)(**layer.config, dtype="float64")
    inputs = keras.Input((6,))
    vectors = keras.layers.Embedding(9, 4, mask_zero=True, dtype="float64")(inputs)
    found = attention(vectors, vectors) if name == "multi_head" else attention([vectors, vectors])
    theirs = keras.Model(inputs, keras.layers.GRU(3, dtype="float64")(found))
    theirs.set_weights(model.get_weights())
    outputs = theirs(torch.tensor(X))
    np.testing.assert_allclose(model.predict(X), outputs.detach().numpy(), rtol=1e-8, atol=1e-10)
    ((outputs - torch.tensor(y)) ** 2).mean().backward()
    gradients = np.concatenate([weight.value.grad.numpy().ravel() for weight in theirs.trainable_weights])
    np.testing.assert_allclose(model.gradient(X, y), gradients, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [*MASKED, "transformer"])
def test_more_padding_changes_nothing(name: str) -> None:
    layer = MASKED[name]() if name in MASKED else st.TransformerEncoder(6, 2)
    short = st.Sequential([st.Embedding(9, 4, mask_zero=True), layer, st.GRU(3)], seed=1)
    long = st.Sequential([st.Embedding(9, 4, mask_zero=True), layer.fresh(), st.GRU(3)], seed=1)
    short.build((None, 4))
    long.build((None, 7))
    X = np.random.default_rng(6).integers(1, 9, (6, 4)).astype(float)
    X[2:, 3:] = 0.0
    assert np.abs(long.predict(np.hstack([X, np.zeros((6, 3))])) - short.predict(X)).max() < 1e-6
