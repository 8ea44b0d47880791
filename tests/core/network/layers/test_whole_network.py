"""A whole convolutional network in float64: outputs, gradient and updates beside PyTorch's and Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st

SHAPE, CLASSES = (9, 8, 2), 4


def _ours() -> st.Sequential:
    model = st.Sequential([
        st.Conv2D(6, 3, padding="same"), st.BatchNormalization(momentum=0.9), st.Activation("relu"), st.MaxPooling2D(2),
        st.Conv2D(5, (2, 3), (1, 2), activation="relu"), st.AveragePooling2D(2, 1, "same"), st.Flatten(),
        st.Dense(7, "relu"), st.Dense(CLASSES, "softmax")], dtype="float64", seed=1)
    model.compile(st.SGD(0.1), "categorical_crossentropy", ["accuracy"])
    model.build((None, *SHAPE))
    rng = np.random.default_rng(7)
    weights = [weight + 0.1 * rng.normal(size=weight.shape) for weight in model.get_weights()]
    model.set_weights([*weights[:-1], np.abs(weights[-1])])
    return model


def _rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    return rng.normal(size=(12, *SHAPE)), rng.integers(0, CLASSES, 12)


def _torch_outputs(torch: Any, x: Any, w: list[Any], training: bool) -> Any:
    """The same network, its weights ours: kernel and bias, gamma and beta, kernel and bias, .., two averages."""
    f = torch.nn.functional
    h = f.conv2d(x.permute(0, 3, 1, 2), w[0].permute(3, 2, 0, 1), w[1], padding=1)
    h = f.batch_norm(h, w[10], w[11], w[2], w[3], training, 0.1, 0.001)
    h = f.max_pool2d(torch.relu(h), 2)
    h = torch.relu(f.conv2d(h, w[4].permute(3, 2, 0, 1), w[5], stride=(1, 2)))
    h = f.pad(h, (0, 1, 0, 1))
    ones = f.pad(torch.ones(h.shape[2] - 1, h.shape[3] - 1, dtype=h.dtype), (0, 1, 0, 1))[None, None]
    h = f.avg_pool2d(h, 2, 1) / f.avg_pool2d(ones, 2, 1)  # what is outside does not count
    h = torch.relu(h.permute(0, 2, 3, 1).flatten(1) @ w[6] + w[7])
    return h @ w[8] + w[9]


def _torch_weights(torch: Any, model: st.Sequential) -> list[Any]:
    weights = [torch.tensor(weight) for weight in model.get_weights()]
    for weight in weights[:-2]:
        weight.requires_grad_()
    return weights


def test_the_gradient_in_evaluation_is_pytorchs(torch: Any) -> None:
    model, (X, y) = _ours(), _rows()
    weights = _torch_weights(torch, model)
    logits = _torch_outputs(torch, torch.tensor(X), weights, training=False)
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    np.testing.assert_allclose(model.predict(X), torch.softmax(logits, 1).detach().numpy(), rtol=1e-9, atol=1e-12)
    theirs = np.concatenate([weight.grad.numpy().ravel() for weight in weights[:-2]])
    np.testing.assert_allclose(model.gradient(X, y), theirs, rtol=1e-8, atol=1e-10)


def test_five_updates_in_training_are_pytorchs(torch: Any) -> None:
    model, (X, y) = _ours(), _rows()
    weights = _torch_weights(torch, model)
    optimizer = torch.optim.SGD(weights[:-2], 0.1)
    for _ in range(5):
        optimizer.zero_grad()
        logits = _torch_outputs(torch, torch.tensor(X), weights, training=True)
        torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
        optimizer.step()
    model.fit(X, y, batch_size=12, epochs=5, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights()[:-1], weights[:-1], strict=True):  # the last is n / (n - 1) of ours
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-8, atol=1e-10)


def _keras_model(keras: Any, ours: st.Sequential) -> Any:
    layers = keras.layers
    model = keras.Sequential([
        layers.Conv2D(6, 3, padding="same"), layers.BatchNormalization(momentum=0.9), layers.Activation("relu"),
        layers.MaxPooling2D(2), layers.Conv2D(5, (2, 3), (1, 2), activation="relu"),
        layers.AveragePooling2D(2, 1, "same"), layers.Flatten(), layers.Dense(7, "relu"),
        layers.Dense(CLASSES, "softmax")])
    model.build((None, *SHAPE))
    weights = ours.get_weights()
    model.set_weights([*weights[:4], *weights[-2:], *weights[4:-2]])
    return model


def test_outputs_and_updates_are_kerass(keras: Any, torch: Any) -> None:
    before, policy = keras.backend.floatx(), keras.config.dtype_policy()
    keras.backend.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # else Keras keeps that of the first layer of this process
    try:
        ours, (X, y) = _ours(), _rows()
        theirs = _keras_model(keras, ours)
        expected = keras.ops.convert_to_numpy(theirs(X, training=False))
        np.testing.assert_allclose(ours.predict(X), expected, rtol=1e-9, atol=1e-12)
        theirs.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        theirs.fit(X, y, batch_size=12, epochs=5, shuffle=False, verbose=0)
        ours.fit(X, y, batch_size=12, epochs=5, shuffle=False, verbose=0)
        mine, their_weights = ours.get_weights(), theirs.get_weights()
        theirs_ordered = [*their_weights[:4], *their_weights[6:], *their_weights[4:6]]
        for a, b in zip(mine, theirs_ordered, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
    finally:
        keras.backend.set_floatx(before)
        keras.config.set_dtype_policy(policy)


def test_below_the_first_weights_nothing_is_handed_back() -> None:
    """Layers that say so save the time; the gradient in theta is as if they did."""
    layers = [st.RandomFlip(), st.RandomRotation(0.1), st.Conv2D(2, 2), st.RandomTranslation(0.1, 0.1), st.Flatten(),
              st.Dense(3)]
    model = st.Sequential(layers, dtype="float64")
    model.compile("sgd", "mse")
    model.build((None, 4, 4, 1))
    assert [stage.needs_input_grad for stage in model.program.stages] == [False, False, False, True, True, True]
    X, y = np.random.default_rng(0).normal(size=(5, 4, 4, 1)), np.ones((5, 3))
    sparing = model.gradient(X, y)
    for stage in model.program.stages:
        stage.needs_input_grad = True
    assert (model.gradient(X, y) == sparing).all()


def test_a_small_network_learns_what_is_where(run: Any) -> None:
    """Bars that stand or lie, anywhere in the image: a dense layer on a few pixels would not do."""
    rng = np.random.default_rng(9)
    X, y = np.zeros((300, 8, 8, 1)), rng.integers(0, 2, 300)
    for image, label in zip(X, y, strict=True):
        row, column = rng.integers(0, 6, 2)
        image[(slice(row, row + 3), column) if label else (row, slice(column, column + 3))] = 1.0
    model = st.Sequential([st.Conv2D(4, 3, activation="relu"), st.GlobalAveragePooling2D(), st.Dense(2, "softmax")],
                          "float64")
    model.compile(st.Adam(0.05), "categorical_crossentropy", ["accuracy"])
    model.fit(X[:200], y[:200], epochs=30, verbose=0)
    assert model.evaluate(X[200:], y[200:])["accuracy"] == 1.0


# Each layer beside Keras's, and beside PyTorch's where its own test does not ------------------------------------------


LAYERS = [
    ("Conv2D", {"filters": 4, "kernel_size": (3, 2), "strides": (2, 1)}),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}),
    ("MaxPooling2D", {"pool_size": (2, 3), "strides": 2}), ("AveragePooling2D", {"pool_size": (3, 2)}),
    ("GlobalAveragePooling2D", {}), ("Flatten", {}), ("BatchNormalization", {"momentum": 0.9, "epsilon": 0.01}),
    ("LayerNormalization", {"epsilon": 0.01}),
    ("Dense", {"units": 5}), ("Dense", {"units": 17, "use_bias": False, "activation": "relu"}),
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name, arguments", LAYERS)
def test_outputs_and_gradients_are_kerass(
    name: str, arguments: dict[str, Any], training: bool, run: Any, keras: Any, torch: Any,
) -> None:
    """Keras runs on PyTorch here, which differentiates it."""
    rng = np.random.default_rng(11)
    theirs, ours = getattr(keras.layers, name)(**arguments, dtype="float64"), getattr(st, name)(**arguments)
    x = rng.normal(size=(4, 7, 6, 3))
    X = torch.tensor(x, requires_grad=True)
    theirs.build(x.shape)
    weights = [rng.normal(size=weight.shape) for weight in theirs.trainable_weights]
    state = [np.abs(rng.normal(size=weight.shape)) for weight in theirs.non_trainable_weights]
    theirs.set_weights([*weights, *state])
    y = theirs(X, training=training) if state else theirs(X)
    dy = rng.normal(size=tuple(y.shape))
    (y * torch.tensor(dy)).sum().backward()
    found = run(ours, x, dy, training, weights or None, state or None)
    np.testing.assert_allclose(found.y, y.detach().numpy(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.dx, X.grad.numpy(), rtol=1e-8, atol=1e-10)
    if weights:
        slopes = np.concatenate([weight.value.grad.numpy().ravel() for weight in theirs.trainable_weights])
        np.testing.assert_allclose(found.dtheta, slopes, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("layer, theirs", [
    (st.GlobalAveragePooling2D(), lambda X: X.mean(dim=(1, 2))), (st.Flatten(), lambda X: X.flatten(1)),
])
def test_simple_layers_are_pytorchs(layer: st.Layer, theirs: Any, run: Any, torch: Any) -> None:
    rng = np.random.default_rng(12)
    x = rng.normal(size=(4, 5, 6, 3))
    X = torch.tensor(x, requires_grad=True)
    y = theirs(X)
    dy = rng.normal(size=tuple(y.shape))
    (y * torch.tensor(dy)).sum().backward()
    found = run(layer, x, dy)
    np.testing.assert_allclose(found.y, y.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found.dx, X.grad.numpy(), rtol=1e-12)


def test_a_flip_is_pytorchs(run: Any, torch: Any) -> None:
    rng = np.random.default_rng(13)
    x, dy = rng.normal(size=(8, 5, 6, 3)), rng.normal(size=(8, 5, 6, 3))
    found, X = run(st.RandomFlip("horizontal"), x, dy), torch.tensor(x, requires_grad=True)
    flipped = (found.y != x).any(axis=(1, 2, 3))
    assert 0 < flipped.sum() < 8
    y = torch.stack([torch.flip(image, [1]) if turned else image for image, turned in zip(X, flipped, strict=True)])
    (y * torch.tensor(dy)).sum().backward()
    assert (found.y == y.detach().numpy()).all() and (found.dx == X.grad.numpy()).all()
