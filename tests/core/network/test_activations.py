"""Activations: kernels over whole batches by hand, at the edges and in odd shapes; the oracle is PyTorch's autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.network import engine
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.layers import Activation

SHAPES = [(1, 1), (1, 3), (3, 1), (5, 3), (2, 17), (3, 20)]


def _through(name: str, x: Any, dy: Any = None, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """The layer's outputs for a batch ``x``, and what it hands back of ``dy``; a linear layer stands before it."""
    x = np.asarray(x, dtype)
    stages = [Activation("linear"), Activation(name)]
    for stage in stages:
        stage.start(x.shape[1:])
    rows, nothing, key = len(x), engine.aligned(0, dtype), np.uint64(0)
    network = engine.build_network(stages, nothing, nothing, rows)
    engine.matrix(network.values, network.at, 0, rows)[:] = x
    engine.forward_pass(network, 0, 2, rows, True, 0, key)
    engine.matrix(network.value_grads, network.at, 2, rows)[:] = 1.0 if dy is None else dy
    engine.backward_pass(network, 2, rows, True, 0, key)
    at = network.at
    return engine.matrix(network.values, at, 2, rows).copy(), engine.matrix(network.value_grads, at, 1, rows).copy()


def test_relu_over_a_batch_by_hand() -> None:
    y, dx = _through("relu", [[-1.0, 2.0], [0.0, 3.0]], [[5.0, 6.0], [7.0, 8.0]])
    assert y.tolist() == [[0.0, 2.0], [0.0, 3.0]]
    assert dx.tolist() == [[0.0, 6.0], [0.0, 8.0]]


def test_softmax_over_a_batch_by_hand() -> None:
    """Logits (0, log 3): p = (1/4, 3/4). With dy = (4, 0) the mean is 1, so dx = (1/4 * (4 - 1), 3/4 * (0 - 1))."""
    y, dx = _through("softmax", [[0.0, np.log(3.0)], [5.0, 5.0]], [[4.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(y, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-15)
    np.testing.assert_allclose(dx, [[0.75, -0.75], [0.0, 0.0]], atol=1e-15)


def test_the_slope_of_leaky_relu_is_keras_s() -> None:
    y, dx = _through("leaky_relu", [[-10.0, 10.0]])
    assert y.tolist() == [[-2.0, 10.0]] and dx.tolist() == [[0.2, 1.0]]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_overflows_and_nan_stays_nan(name: str, dtype: str) -> None:
    """NaN must not turn into a harmless zero, or a diverging training would look healthy."""
    y, dx = _through(name, [[-1e4, 1e4, 0.0], [-100.0, 88.0, 1.0]], dtype=dtype)
    assert y.dtype == dx.dtype == dtype and np.isfinite(y).all() and np.isfinite(dx).all()
    assert np.isnan(_through(name, [[np.nan, np.nan]], dtype=dtype)[0]).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_rows_are_probabilities_and_know_no_shift(shape: tuple[int, int]) -> None:
    z = np.random.default_rng(0).normal(size=shape) * 5
    y, dx = _through("softmax", z)
    assert (y > 0.0).all() and np.allclose(y.sum(1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(_through("softmax", z + 1000.0)[0], y, rtol=1e-12)
    np.testing.assert_allclose(dx, 0.0, atol=1e-15)  # dy = 1 for all: their sum is 1 whatever z is


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 2e-6)])
def test_values_and_gradients_are_pytorchs(name: str, dtype: str, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    theirs = {
        "linear": lambda z: z * 1.0, "relu": torch.relu, "elu": torch.nn.functional.elu, "sigmoid": torch.sigmoid,
        "tanh": torch.tanh, "gelu": torch.nn.functional.gelu, "softmax": lambda z: torch.softmax(z, 1),
        "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.2),
    }[name]
    rng = np.random.default_rng(1)
    for shape in SHAPES:
        x, dy = (rng.normal(size=shape) * 3).astype(dtype), rng.normal(size=shape).astype(dtype)
        x[0, 0] = 0.0
        z = torch.tensor(x, requires_grad=True)
        a = theirs(z)
        a.backward(torch.tensor(dy))
        y, dx = _through(name, x, dy, dtype)
        np.testing.assert_allclose(y, a.detach().numpy(), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(dx, z.grad.numpy(), rtol=tolerance, atol=tolerance)
