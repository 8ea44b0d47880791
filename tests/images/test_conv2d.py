"""Convolution: by hand, as a plain sum, odd shapes and strides; PyTorch and Keras as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.images.images import same_padding, same_size, valid_size

CASES = [  # rows, columns, channels, filters, kernel, strides, padding
    (5, 5, 1, 1, 3, 1, "valid"), (7, 9, 3, 5, (3, 2), (2, 1), "valid"), (9, 6, 2, 3, (2, 3), (1, 3), "valid"),
    (6, 6, 2, 8, 3, 1, "same"), (5, 7, 2, 9, 2, 3, "same"), (4, 3, 5, 4, (4, 3), 1, "valid"),
    (3, 8, 1, 2, 5, 2, "same"), (2, 2, 3, 17, 1, 2, "valid"),
    (1, 9, 4, 3, (1, 4), (1, 2), "same"), (8, 8, 4, 16, 3, 3, "valid"),
]


def _layer(filters: int, kernel: Any, strides: Any, padding: str, activation: str | None = None) -> st.Conv2D:
    return st.Conv2D(filters, kernel, strides, padding, activation)


def _weights(channels: int, filters: int, kernel: Any, rng: np.random.Generator) -> list[np.ndarray]:
    k, j = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return [rng.normal(size=(k, j, channels, filters)), rng.normal(size=filters)]


def _plain(x: np.ndarray, w: np.ndarray, b: np.ndarray, s: int, r: int, t: int, q: int, shape: Any) -> np.ndarray:
    """The sum of the formula, written out."""
    y = np.empty((len(x), *shape, w.shape[3]))
    padded = np.pad(x, ((0, 0), (t, 20), (q, 20), (0, 0)))
    for m, n in np.ndindex(shape):
        window = padded[:, s * m : s * m + w.shape[0], r * n : r * n + w.shape[1]]
        y[:, m, n] = np.einsum("ikje,kjeo->io", window, w) + b
    return y


def test_a_convolution_by_hand(run: Any) -> None:
    """An image (1 2 3; 4 5 6; 7 8 9), a filter (1 0; 0 -1), bias 10: each pixel less the one below to the right."""
    x, w = np.arange(1.0, 10.0).reshape(1, 3, 3, 1), [[1.0, 0.0], [0.0, -1.0]]
    y = run(st.Conv2D(1, 2), x, theta=[w, [10.0]]).y
    assert y.ravel().tolist() == [1 - 5 + 10, 2 - 6 + 10, 4 - 8 + 10, 5 - 9 + 10]


def test_sizes_by_hand() -> None:
    assert (valid_size(7, 3, 2), same_size(7, 2), same_padding(7, 3, 2)) == (3, 4, 1)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype, tolerance", [
    ("float64", 1e-12), pytest.param("float32", 1e-4, marks=pytest.mark.slow)])
def test_it_is_the_plain_sum(case: Any, dtype: str, tolerance: float) -> None:
    rows, columns, channels, filters, kernel, strides, padding = case
    rng = np.random.default_rng(0)
    model = st.Sequential([_layer(filters, kernel, strides, padding)], dtype=dtype)
    model.build((None, rows, columns, channels))
    w, b = _weights(channels, filters, kernel, rng)
    model.set_weights([w, b])
    x = rng.normal(size=(3, rows, columns, channels))
    *_, s, r, t, q, _, _ = model.layers[0].integers()
    expected = _plain(x, w, b, s, r, t, q, model.output_shape[:2])
    np.testing.assert_allclose(model.predict(x), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_central_differences(case: Any, differenced: Any) -> None:
    rows, columns, channels, filters, kernel, strides, padding = case
    x = np.random.default_rng(1).normal(size=(2, rows, columns, channels))
    differenced(_layer(min(filters, 5), kernel, strides, padding), x)


def test_a_window_that_is_as_large_as_the_image_makes_a_dense_layer(run: Any) -> None:
    rng = np.random.default_rng(2)
    x, (w, b) = rng.normal(size=(4, 3, 5, 2)), _weights(2, 6, (3, 5), rng)
    y = run(st.Conv2D(6, (3, 5)), x, theta=[w, b]).y
    np.testing.assert_allclose(y.reshape(4, 6), x.reshape(4, -1) @ w.reshape(-1, 6) + b, rtol=1e-12)


def test_an_activation_within_is_one_after_it_and_no_bias_is_bias_zero(run: Any) -> None:
    rng = np.random.default_rng(3)
    x, (w, b) = rng.normal(size=(2, 5, 4, 2)), _weights(2, 3, 2, rng)
    plain = run(st.Conv2D(3, 2), x, theta=[w, b]).y
    assert (run(st.Conv2D(3, 2, activation="relu"), x, theta=[w, b]).y == np.maximum(plain, 0.0)).all()
    np.testing.assert_allclose(run(st.Conv2D(3, 2, activation="tanh"), x, theta=[w, b]).y, np.tanh(plain), rtol=1e-12)
    np.testing.assert_allclose(run(st.Conv2D(3, 2, use_bias=False), x, theta=[w]).y, plain - b, atol=1e-12)


def test_an_image_does_not_depend_on_those_beside_it(run: Any) -> None:
    """Bit for bit, whatever the batch, since a kernel reuses the memory of the image before."""
    rng = np.random.default_rng(4)
    x, theta = rng.normal(size=(5, 7, 6, 3)), _weights(3, 4, 3, rng)
    whole = run(st.Conv2D(4, 3), x, theta=theta).y
    assert all((run(st.Conv2D(4, 3), x[i : i + 1], theta=theta).y == whole[i]).all() for i in range(5))


def test_a_stride_beyond_the_image_takes_no_memory(run: Any) -> None:
    x, w = np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 1))
    assert run(st.Conv2D(1, 3, 10**6, "same", use_bias=False), x, theta=[w]).y.tolist() == [[[[9.0]]]]


def test_softmax_over_an_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'softmax' gets rows of shape \(4, 4, 3\); it takes \(classes,\)"):
        st.Sequential([st.Conv2D(3, 1, activation="softmax")]).build((None, 4, 4, 1))


def test_logits_under_a_loss_of_probabilities_are_warned_of() -> None:
    for layers in ([st.Conv2D(2, 4), st.Flatten()], [st.Conv2D(2, 3), st.GlobalAveragePooling2D()]):
        model = st.Sequential(layers, "float64")
        model.compile("sgd", "categorical_crossentropy")
        with pytest.warns(UserWarning, match=r"takes probabilities, add Activation\('softmax'\)"):
            model.fit(np.zeros((2, 4, 4, 1)), [0, 1], verbose=0)


def test_an_activation_is_placed_where_there_is_one() -> None:
    """Not before a layer Activation, and never on what gives the outputs."""
    model = st.Sequential([
        st.Conv2D(2, 1), st.BatchNormalization(), st.Activation("relu"), st.Conv2D(2, 1, activation="relu"),
        st.Conv2D(3, 1), st.GlobalAveragePooling2D(), st.Activation("softmax")])
    model.compile("sgd", "categorical_crossentropy")
    placed, _ = model.configured({"activation": "tanh"})
    names = [getattr(layer, "activated", layer) for layer in placed.layers]
    assert [getattr(name, "name", "") for name in names] == ["linear", "", "tanh", "tanh", "linear", "", "softmax"]


# Oracles --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_pytorchs(case: Any, run: Any, torch: Any) -> None:
    rows, columns, channels, filters, kernel, strides, padding = case
    rng = np.random.default_rng(5)
    layer = _layer(filters, kernel, strides, padding, "relu")
    x, (w, b) = rng.normal(size=(3, rows, columns, channels)), _weights(channels, filters, kernel, rng)
    layer.start((rows, columns, channels))
    *_, t, q, _, _ = layer.integers()
    s, r = layer.strides
    dy = rng.normal(size=(3, *layer.output_shape))
    ours = run(layer, x, dy, theta=[w, b])
    X, W, B = (torch.tensor(part, requires_grad=True) for part in (x, w, b))
    below = max((layer.output_shape[0] - 1) * s + w.shape[0] - rows - t, 0)
    right = max((layer.output_shape[1] - 1) * r + w.shape[1] - columns - q, 0)
    padded = torch.nn.functional.pad(X.permute(0, 3, 1, 2), (q, right, t, below))
    y = torch.relu(torch.nn.functional.conv2d(padded, W.permute(3, 2, 0, 1), B, stride=(s, r))).permute(0, 2, 3, 1)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-10, atol=1e-12)
    theirs = np.concatenate([W.grad.numpy().ravel(), B.grad.numpy()])
    np.testing.assert_allclose(ours.dtheta, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_outputs_are_kerass(case: Any, run: Any, keras: Any) -> None:
    rows, columns, channels, filters, kernel, strides, padding = case
    rng = np.random.default_rng(6)
    x, theta = rng.normal(size=(3, rows, columns, channels)), _weights(channels, filters, kernel, rng)
    theirs = keras.layers.Conv2D(filters, kernel, strides, padding, dtype="float64")
    theirs.build((None, rows, columns, channels))
    theirs.set_weights(theta)
    expected = keras.ops.convert_to_numpy(theirs(x))
    np.testing.assert_allclose(run(_layer(filters, kernel, strides, padding), x, theta=theta).y, expected, atol=1e-11)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.Conv2D(0, 3), ValueError, "filters is 0; it must be an integer of at least 1"),
    (lambda: st.Conv2D(3, (1, 2, 3)), ValueError, r"kernel_size is \(1, 2, 3\); it must be one integer, or two"),
    (lambda: st.Conv2D(3, 2.5), TypeError, "kernel_size is 2.5"),
    (lambda: st.Conv2D(3, 3, strides=0), ValueError, "strides is 0"),
    (lambda: st.Conv2D(3, 3, padding="sane"), ValueError, "padding is 'sane'.*did you mean 'same'"),
    (lambda: st.Conv2D(3, 3, activation="rellu"), ValueError, "did you mean 'relu'"),
    (lambda: st.Sequential([st.Conv2D(3, 3)]).build((None, 28, 28)), ValueError, r"one channel, X\[..., None\]"),
    (lambda: st.Sequential([st.Conv2D(3, 3)]).build((None, 784)), ValueError, r"rows of shape \(784,\)"),
    (lambda: st.Sequential([st.Conv2D(3, 5)]).build((None, 4, 9, 1)), ValueError,
     "window of 5 along the height, and the images have only 4"),
    (lambda: st.Sequential([st.Conv2D(3, (1, 9))]).build((None, 4, 8, 1)), ValueError, "along the width"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_images_of_unequal_size_and_other_channels() -> None:
    model = st.Sequential([st.Conv2D(2, 3), st.Flatten(), st.Dense(2, "softmax")], "float64")
    model.compile("adam", "categorical_crossentropy")
    with pytest.raises(ValueError, match="X has images of unequal size; it must be a rectangular array of numbers"):
        model.fit([np.zeros((5, 5, 1)), np.zeros((5, 6, 1))], [0, 1])
    model.fit(np.zeros((2, 5, 5, 1)), [0, 1], verbose=0)
    with pytest.raises(ValueError, match=r"rows of shape \(5, 5, 3\); this model was built for rows of shape \(5, 5"):
        model.predict(np.zeros((2, 5, 5, 3)))
    with pytest.raises(ValueError, match="y has 3 rows and X has 2"):
        model.fit(np.zeros((2, 5, 5, 1)), [0, 1, 1])
