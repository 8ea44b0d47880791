"""Layers: a dense layer by hand, dropout's share, mean and memory; odd shapes; PyTorch and Keras as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network import engine
from scratchtune.core.network.random_numbers import random_bits


def _built(*layers: st.Layer, inputs: int = 3, dtype: str = "float64", seed: int = 0) -> st.Sequential:
    model = st.Sequential(layers, dtype=dtype, seed=seed)
    model.compile("sgd", "mse")
    model.build((None, inputs))
    return model


def _dropped(x: np.ndarray, rate: float, seed: int, step: int, training: bool = True) -> np.ndarray:
    """What a dropout layer makes of a batch in one step."""
    layer = st.Dropout(rate)
    layer.start(x.shape[1:])
    nothing = engine.aligned(0, x.dtype)
    network = engine.build_network([layer], nothing, nothing, len(x))
    engine.matrix(network.values, network.at, 0, len(x))[:] = x
    key = np.uint64(random_bits(np.uint64(seed), np.uint64(step)))
    engine.forward_pass(network, 0, 1, len(x), training, step, key)
    return engine.matrix(network.values, network.at, 1, len(x)).copy()


# Dense ----------------------------------------------------------------------------------------------------------------


def test_a_dense_layer_by_hand() -> None:
    """x = (1, 2); kernel (1 3; 2 4), bias (10, 20): y = (1*1 + 2*2 + 10, 1*3 + 2*4 + 20)."""
    model = _built(st.Dense(2), inputs=2)
    model.set_weights([[[1.0, 3.0], [2.0, 4.0]], [10.0, 20.0]])
    assert model.predict([[1.0, 2.0], [0.0, 0.0]]).tolist() == [[15.0, 31.0], [10.0, 20.0]]


def test_backpropagation_through_two_layers_by_hand() -> None:
    """x = 2, hidden h = relu(3 x + 1) = 7, output y = 0.5 h - 1 = 2.5, target 2: J = 0.25, dJ/dy = 1.

    Second layer: dJ/dkernel = h = 7, dJ/dbias = 1. What arrives at h: 0.5, and relu is on.
    First layer: dJ/dkernel = 0.5 * x = 1, dJ/dbias = 0.5.
    """
    model = _built(st.Dense(1, "relu"), st.Dense(1), inputs=1)
    model.theta[:] = [3.0, 1.0, 0.5, -1.0]
    assert model.objective([[2.0]], [2.0]) == 0.25
    assert model.gradient([[2.0]], [2.0]).tolist() == [1.0, 0.5, 7.0, 1.0]


def test_without_bias_there_is_none() -> None:
    model = _built(st.Dense(4, use_bias=False))
    assert [weight.shape for weight in model.get_weights()] == [(3, 4)] and model.theta.size == 12


@pytest.mark.parametrize("units", [1, 3, 5, 15, 16, 17, 20])
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-13), ("float32", 1e-5)])
def test_every_width_is_numpys_product(units: int, dtype: str, tolerance: float) -> None:
    rng = np.random.default_rng(units)
    for inputs in (1, 3, 17):
        model = _built(st.Dense(units, bias_initializer="ones"), inputs=inputs, dtype=dtype)
        kernel, bias = model.get_weights()
        for rows in (1, 2, 5):
            X = rng.normal(size=(rows, inputs))
            np.testing.assert_allclose(model.predict(X), X @ kernel + bias, rtol=tolerance, atol=tolerance)


def test_an_activation_within_is_one_after_it() -> None:
    X = np.random.default_rng(0).normal(size=(4, 3))
    within, after = _built(st.Dense(4, "gelu")), _built(st.Dense(4), st.Activation("gelu"))
    assert (within.predict(X) == after.predict(X)).all()


def test_each_step_of_a_sequence_has_the_same_weights_by_hand() -> None:
    """Steps (1, 2) and (0, 1); kernel (1 3; 2 4), bias (10, 20): (15, 31) and (2 + 10, 4 + 20)."""
    model = st.Sequential([st.Dense(2)], dtype="float64")
    model.build((None, 2, 2))
    model.set_weights([[[1.0, 3.0], [2.0, 4.0]], [10.0, 20.0]])
    assert model.output_shape == (2, 2)
    assert model.predict([[[1.0, 2.0], [0.0, 1.0]]]).tolist() == [[[15.0, 31.0], [12.0, 24.0]]]


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 5, 3)])
def test_any_leading_axes_are_those_of_numpys_product(shape: tuple[int, ...]) -> None:
    X = np.random.default_rng(1).normal(size=(6, *shape))
    model = st.Sequential([st.Dense(5, bias_initializer="ones")], dtype="float64")
    model.build((None, *shape))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(X), X @ kernel + bias, rtol=1e-13, atol=1e-14)


FORGOTTEN = np.random.default_rng(0).normal(size=(8, 2, 3))  # small images, or sequences


@pytest.mark.parametrize("last, loss, y", [
    (st.Dense(4), "mse", np.zeros((8, 4))), (st.Dense(1), "mse", np.zeros(8)),
    (st.Dense(1, "sigmoid"), "binary_crossentropy", np.zeros(8)),
    (st.Dense(10), "categorical_crossentropy", np.arange(8)), (st.Dense(4), "categorical_crossentropy", np.eye(8)),
])
def test_who_forgets_flatten_is_told(last: st.Layer, loss: str, y: np.ndarray) -> None:
    """Each step then has outputs of its own, which the targets do not fit; labels would, by accident."""
    model = st.Sequential([st.Dense(5, "relu"), last.fresh()])
    model.compile("sgd", loss)
    message = r"y has shape \(8.*outputs have shape \(8, 2, .*put Flatten\(\) or a pooling layer before the last Dense"
    with pytest.raises(ValueError, match=message):
        model.fit(FORGOTTEN, y, verbose=0)
    assert not model.built


def test_softmax_of_images_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"rows of shape \(2, 3\).*takes \(features,\): put Flatten\(\)"):
        st.Sequential([st.Dense(5, "softmax")]).build((None, 2, 3))


def test_targets_for_each_step_are_fitted() -> None:
    model = st.Sequential([st.Dense(2)], dtype="float64")
    model.compile(st.Adam(0.1), "mse")
    y = FORGOTTEN @ np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    model.fit(FORGOTTEN, y, epochs=300, verbose=0)
    np.testing.assert_allclose(model.predict(FORGOTTEN), y, atol=1e-2)


# Dropout --------------------------------------------------------------------------------------------------------------


def test_dropout_by_hand() -> None:
    """With rate 1/2 each number is gone or doubled; in evaluation nothing happens."""
    x = np.arange(1.0, 41.0).reshape(4, 10)
    y = _dropped(x, 0.5, seed=0, step=0)
    assert set((y / x).ravel()) == {0.0, 2.0}
    assert (_dropped(x, 0.5, seed=0, step=0, training=False) == x).all()
    assert (_dropped(x, 0.0, seed=0, step=0) == x).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_is_dropped_and_the_mean_kept(rate: float) -> None:
    x = np.ones((200, 100))
    y = _dropped(x, rate, seed=1, step=2)
    deviation = np.sqrt(rate * (1 - rate) / x.size)
    assert abs((y == 0.0).mean() - rate) < 5 * deviation
    assert abs(y.mean() - 1.0) < 5 * deviation / (1 - rate)
    assert (np.abs((y == 0.0).mean(0) - rate) < 6 * np.sqrt(rate * (1 - rate) / 200)).all()


def test_the_mask_depends_on_seed_and_step_alone() -> None:
    x = np.ones((8, 8))
    first = _dropped(x, 0.5, seed=0, step=5)
    _dropped(x, 0.5, seed=0, step=6)
    assert (_dropped(x, 0.5, seed=0, step=5) == first).all()
    assert (_dropped(x[:3] * 7, 0.5, seed=0, step=5) == first[:3] * 7).all()
    assert (_dropped(x.astype(np.float32), 0.5, seed=0, step=5) == first).all()
    assert (_dropped(x, 0.5, seed=0, step=6) != first).any() and (_dropped(x, 0.5, seed=1, step=5) != first).any()


def test_two_dropout_layers_draw_their_own_masks() -> None:
    """Drawn alike, half would be left after both; drawn apart it is a quarter."""
    layers = [st.Dropout(0.5), st.Dropout(0.5)]
    for layer in layers:
        layer.start((100,))
    nothing = engine.aligned(0, np.float64)
    network = engine.build_network(layers, nothing, nothing, 100)
    engine.matrix(network.values, network.at, 0, 100)[:] = 1.0
    engine.forward_pass(network, 0, 2, 100, True, 0, np.uint64(3))
    left = (engine.matrix(network.values, network.at, 2, 100) > 0.0).mean()
    assert abs(left - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 10000)


def test_what_is_dropped_hands_nothing_back_and_each_step_drops_its_own() -> None:
    """Training y = sum of dropped inputs from zero: a weight moves exactly when its input is kept."""
    x = np.ones((1, 40))
    model = _built(st.Dropout(0.5), st.Dense(1, use_bias=False, kernel_initializer="zeros"), inputs=40, seed=3)
    kept = np.zeros(40, bool)
    for step in range(3):
        model.fit(x, [1000.0])
        kept |= _dropped(x, 0.5, seed=3, step=step)[0] > 0.0
        assert ((model.theta != 0.0) == kept).all()
    assert 30 <= kept.sum() < 40


def test_prediction_and_gradient_are_without_dropout() -> None:
    X = np.random.default_rng(0).normal(size=(4, 3))
    with_it, without = _built(st.Dense(3), st.Dropout(0.9), st.Dense(1)), _built(st.Dense(3), st.Dense(1))
    assert (with_it.predict(X) == without.predict(X)).all()
    assert (with_it.gradient(X, np.ones(4)) == without.gradient(X, np.ones(4))).all()


# One layer in several places ------------------------------------------------------------------------------------------


def test_a_layer_that_is_given_to_two_models_harms_neither() -> None:
    """It may be copied or refused; but the first model's weights may not change their shapes."""
    layer = st.Dense(2)
    first = _built(layer, inputs=3)
    try:
        _built(layer, inputs=5)
    except ValueError:
        pass
    assert [weight.shape for weight in first.get_weights()] == [(3, 2), (2,)]


def test_a_layer_that_stands_twice_in_a_model_is_copied_or_refused() -> None:
    layer = st.Dense(2)
    try:
        model = _built(layer, layer, inputs=3)
    except ValueError:
        return
    assert [weight.shape for weight in model.get_weights()] == [(3, 2), (2,), (2, 2), (2,)]
    assert model.predict(np.ones((4, 3))).shape == (4, 2)


# Oracles --------------------------------------------------------------------------------------------------------------


def test_outputs_and_gradients_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    model = _built(st.Dense(17, "relu"), st.Dense(5, "elu"), st.Dense(2))
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    hidden = torch.relu(torch.tensor(X) @ weights[0] + weights[1])
    output = torch.nn.functional.elu(hidden @ weights[2] + weights[3]) @ weights[4] + weights[5]
    ((output - torch.tensor(y)) ** 2).mean().backward()
    np.testing.assert_allclose(model.predict(X), output.detach().numpy(), rtol=1e-12, atol=1e-14)
    theirs = np.concatenate([weight.grad.numpy().ravel() for weight in weights])
    np.testing.assert_allclose(model.gradient(X, y), theirs, rtol=1e-10, atol=1e-14)


def test_weights_have_the_shapes_and_order_of_keras(keras: Any) -> None:
    theirs = keras.Sequential([
        keras.layers.Dense(5, activation="relu"), keras.layers.Dropout(0.5), keras.layers.Dense(2, use_bias=False)])
    theirs.build((None, 3))
    ours = _built(st.Dense(5, activation="relu"), st.Dropout(0.5), st.Dense(2, use_bias=False), dtype="float32")
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    ours.set_weights(theirs.get_weights())
    X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    predicted = keras.ops.convert_to_numpy(theirs(X))
    np.testing.assert_allclose(ours.predict(X), predicted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.Dense(0), ValueError, "units is 0; it must be an integer of at least 1"),
    (lambda: st.Dense(2.5), TypeError, "units is 2.5"),
    (lambda: st.Dense(2, "rellu"), ValueError, "activation is 'rellu'.*did you mean 'relu'"),
    (lambda: st.Dense(2, use_bias=1), TypeError, "use_bias is 1"),
    (lambda: st.Dropout(1.0), ValueError, r"rate is 1.0; it must be a finite number in \[0.0, 1.0\)"),
    (lambda: st.Dropout(-0.1), ValueError, "rate is -0.1"),
    (lambda: st.Activation("soft_max"), ValueError, "did you mean 'softmax'"),
    (lambda: st.Layer().start((3,)), NotImplementedError, "Layer has no method build"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
