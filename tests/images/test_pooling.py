"""Pooling and flattening: by hand, ties, windows over the edge; PyTorch and Keras as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.images.pooling import window_maximum, window_mean, window_share

CASES = [  # rows, columns, channels, pool_size, strides, padding
    (4, 4, 1, 2, None, "valid"), (5, 7, 3, 2, None, "valid"), (7, 6, 2, (2, 3), 2, "same"),
    (5, 5, 4, 3, (1, 2), "same"),
    (6, 4, 2, 3, 1, "valid"), (3, 9, 1, (1, 4), None, "same"), (4, 4, 17, 4, None, "valid"), (5, 3, 2, 2, 3, "valid"),
]
KINDS = [st.MaxPooling2D, st.AveragePooling2D]


def test_windows_by_hand() -> None:
    """The image (1 5; 3 2) over the upper edge: only its first row is in the window that begins at row -1."""
    x, y = np.array([[1.0, 5.0], [3.0, 2.0]])[..., None], np.empty(1)
    jit.plain(window_maximum)(x, 0, 0, 2, 2, y)
    assert y[0] == 5.0
    jit.plain(window_mean)(x, -1, 0, 2, 2, y)
    assert y[0] == 3.0 and jit.plain(window_share)(-1, 0, 2, 2, 2, 2) == 0.5


def test_the_first_of_equal_numbers_gets_all(run: Any) -> None:
    found = run(st.MaxPooling2D(), np.ones((1, 2, 2, 1)), np.full((1, 1, 1, 1), 3.0))
    assert found.dx.ravel().tolist() == [3.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_central_differences(kind: Any, case: Any, differenced: Any) -> None:
    rows, columns, channels, *arguments = case
    x = np.random.default_rng(0).normal(size=(2, rows, columns, min(channels, 3)))
    differenced(kind(*arguments), x)


def test_the_whole_image_and_the_flat_one(run: Any, differenced: Any) -> None:
    x = np.random.default_rng(1).normal(size=(3, 4, 5, 2))
    np.testing.assert_allclose(run(st.GlobalAveragePooling2D(), x).y, x.mean(axis=(1, 2)), rtol=1e-12)
    assert (run(st.Flatten(), x).y == x.reshape(3, 40)).all()
    differenced(st.GlobalAveragePooling2D(), x)
    differenced(st.Flatten(), x)


def test_a_dense_layer_takes_what_flatten_gives() -> None:
    model = st.Sequential([st.Flatten(), st.Dense(3)])
    model.build((None, 4, 5, 2))
    assert [weight.shape for weight in model.get_weights()] == [(40, 3), (3,)]


def test_a_maximum_scales_and_is_above_the_mean(run: Any) -> None:
    x = np.random.default_rng(2).normal(size=(3, 6, 6, 5))
    assert (run(st.MaxPooling2D(), 2 * x).y == 2 * run(st.MaxPooling2D(), x).y).all()
    assert (run(st.MaxPooling2D(), x).y >= run(st.AveragePooling2D(), x).y).all()


@pytest.mark.parametrize("case", CASES)
def test_maxima_are_pytorchs(case: Any, run: Any, torch: Any) -> None:
    rows, columns, channels, *arguments = case
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, (3, rows, columns, channels)).astype(np.float64)  # many ties
    layer = st.MaxPooling2D(*arguments)
    layer.start(x.shape[1:])
    *_, k, j, s, r, t, q = layer.integers()
    dy = rng.normal(size=(3, *layer.output_shape))
    ours = run(layer, x, dy)
    X = torch.tensor(x, requires_grad=True)
    low = float("-inf")
    padded = torch.nn.functional.pad(X.permute(0, 3, 1, 2), (q, j, t, k), value=low)
    m, n = layer.output_shape[:2]
    y = torch.nn.functional.max_pool2d(padded, (k, j), (s, r))[:, :, :m, :n].permute(0, 2, 3, 1)
    (y * torch.tensor(dy)).sum().backward()
    assert (ours.y == y.detach().numpy()).all()
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_kerass(kind: Any, case: Any, run: Any, keras: Any) -> None:
    rows, columns, channels, *arguments = case
    x = np.random.default_rng(4).normal(size=(3, rows, columns, channels))
    if kind is st.AveragePooling2D and arguments[2] == "same":  # on PyTorch alone Keras repeats the edge instead
        pytest.importorskip("jax")
        from keras.src.backend.jax.nn import average_pool

        size, strides, padding = arguments
        expected, tolerance = np.asarray(average_pool(x.astype(np.float32), size, strides or size, padding)), 1e-5
    else:
        theirs = getattr(keras.layers, kind.__name__)(*arguments, dtype="float64")
        expected, tolerance = keras.ops.convert_to_numpy(theirs(x)), 1e-12
    np.testing.assert_allclose(run(kind(*arguments), x).y, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_means_are_pytorchs(case: Any, run: Any, torch: Any) -> None:
    """Sums over zeros outside, divided by sums of ones."""
    rows, columns, channels, *arguments = case
    rng = np.random.default_rng(5)
    layer = st.AveragePooling2D(*arguments)
    layer.start((rows, columns, channels))
    *_, k, j, s, r, t, q = layer.integers()
    m, n, _ = layer.output_shape
    x, dy = rng.normal(size=(3, rows, columns, channels)), rng.normal(size=(3, *layer.output_shape))
    ours = run(layer, x, dy)
    X = torch.tensor(x, requires_grad=True)

    def mean(images: Any) -> Any:
        padded = torch.nn.functional.pad(images.permute(0, 3, 1, 2), (q, j, t, k))
        return torch.nn.functional.avg_pool2d(padded, (k, j), (s, r))[:, :, :m, :n].permute(0, 2, 3, 1)

    y = mean(X) / mean(torch.ones_like(X))
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.MaxPooling2D(0), ValueError, "pool_size is 0"),
    (lambda: st.AveragePooling2D(2, padding="full"), ValueError, "padding is 'full'"),
    (lambda: st.Sequential([st.MaxPooling2D(5)]).build((None, 4, 9, 1)), ValueError, "MaxPooling2D has a window of 5"),
    (lambda: st.Sequential([st.GlobalAveragePooling2D()]).build((None, 4)), ValueError, "GlobalAveragePooling2D gets"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
