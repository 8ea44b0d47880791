"""What the tests of single layers share: run one forward and backward, difference it, and Keras in double precision."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.network import engine
from scratchtune.network.random_numbers import random_bits

KEY = np.uint64(20)


class Run(NamedTuple):
    """What a layer makes of x, and, of a given dJ/dy, of the gradients."""

    y: np.ndarray
    dx: np.ndarray
    dtheta: np.ndarray
    state: np.ndarray
    key: Any  # what the layer's kernels got


def run_layer(
    layer: st.Layer, x: np.ndarray, dy: np.ndarray | None = None, training: bool = True, theta: Any = None,
    state: Any = None,
) -> Run:
    """One forward and one backward pass through a layer that stands behind another, so that dx is computed too."""
    first, layer = st.Activation("linear"), layer.fresh()
    first.start(x.shape[1:])
    layer.start(x.shape[1:])
    stages = [first, *layer.stages()]
    own = engine.aligned(sum(engine.parameter_count(stage) for stage in stages), x.dtype)
    kept = engine.aligned(len(layer.state()), x.dtype)
    own[:] = 0.0 if theta is None else np.concatenate([np.ravel(part) for part in theta])
    kept[:] = layer.state() if state is None else np.concatenate([np.ravel(part) for part in state])
    for stage in stages:
        jit.prepare([jit.kernel_job(kernel, x.dtype) for kernel in (stage.forward, stage.backward)])
    network = engine.build_network(stages, own, kept, len(x))
    engine.matrix(network.values, network.at, 0, len(x))[:] = x.reshape(len(x), -1)
    engine.forward_pass(network, 0, len(stages), len(x), training, 0, KEY)
    y = engine.matrix(network.values, network.at, len(stages), len(x)).reshape(len(x), *layer.output_shape).copy()
    slopes = engine.matrix(network.value_grads, network.at, len(stages), len(x))
    slopes[:] = 0.0 if dy is None else dy.reshape(len(x), -1)
    engine.backward_pass(network, len(stages), len(x), training, 0, KEY)
    dx = engine.matrix(network.value_grads, network.at, 1, len(x)).reshape(x.shape).copy()
    return Run(y, dx, network.gradient.copy(), kept, np.uint64(random_bits(KEY, np.uint64(1))))


def difference(layer: st.Layer, x: np.ndarray, training: bool = True, seed: int = 0, state: Any = None) -> None:
    """Hold a layer's gradients in x and in theta against central differences of Σ dy · y, in float64."""
    rng = np.random.default_rng(seed)
    built = layer.fresh()
    built.start(x.shape[1:])
    theta = rng.normal(size=engine.parameter_count(built))
    dy = rng.normal(size=(len(x), *built.output_shape))
    found = run_layer(layer, x, dy, training, [theta], state)

    def total(x: np.ndarray, theta: np.ndarray) -> float:
        return float((run_layer(layer, x, None, training, [theta], state).y * dy).sum())

    step = 1e-6
    for given, gradient in ((x, found.dx), (theta, found.dtheta)):
        slopes = np.empty(gradient.shape)
        for place in np.ndindex(gradient.shape):
            above, below = given.copy(), given.copy()
            above[place] += step
            below[place] -= step
            pairs = [(above, theta), (below, theta)] if given is x else [(x, above), (x, below)]
            slopes[place] = (total(*pairs[0]) - total(*pairs[1])) / (2 * step)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=2e-8)


@pytest.fixture
def run() -> Callable[..., Run]:
    """`run_layer`."""
    return run_layer


@pytest.fixture
def differenced() -> Callable[..., None]:
    """`difference`."""
    return difference


@pytest.fixture
def torch() -> Any:
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch")


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch, torch: Any) -> Any:
    """Keras on PyTorch, in double precision: its rule of promotion makes float32 of a product of float64."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    found = pytest.importorskip("keras", exc_type=ImportError)
    if found.backend.backend() != "torch":
        pytest.skip("Keras runs on another backend here")
    from keras.src.backend.common import dtypes

    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    return found
