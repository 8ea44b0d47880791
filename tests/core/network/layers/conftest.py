"""What the tests of single layers share: run one forward and backward, differences, oracles."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network import engine

from ..zoo import Run, run_layers, wrong_gradient


def run_layer(
    layer: st.Layer, x: np.ndarray, dy: np.ndarray | None = None, training: bool = True, theta: Any = None,
    state: Any = None,
) -> Run:
    """One forward and one backward pass through a layer that stands behind another, so that dx is computed too."""
    return run_layers([layer], x, dy, training, theta, state)


def difference(layer: st.Layer, x: np.ndarray, training: bool = True, seed: int = 0, state: Any = None) -> None:
    """Compare a layer's gradients in x and in theta with central differences, in float64."""
    rng, built = np.random.default_rng(seed), layer.fresh()
    built.start(x.shape[1:])
    theta = rng.normal(size=engine.parameter_count(built))
    assert wrong_gradient([layer], x, theta, rng.normal(size=(len(x), *built.output_shape)), training, state) < 3e-8


@pytest.fixture
def run() -> Callable[..., Run]:
    """`run_layer`."""
    return run_layer


@pytest.fixture
def differenced() -> Callable[..., None]:
    """`difference`."""
    return difference


# Layers for sequences -------------------------------------------------------------------------------------------------

ORDERS = {"GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3)}  # PyTorch's blocks, by Keras's


def model_of(*layers: st.Layer, shape: tuple[int, ...], seed: int = 0) -> st.Sequential:
    """A model in float64 whose weights are all random, biases too; its outputs are flat."""
    model = st.Sequential([*layers, st.Flatten()], dtype="float64")
    model.compile(loss="mse")
    model.build((None, *shape))
    model.theta[:] = np.random.default_rng(seed).normal(size=model.theta.size) * 0.7
    return model


def tokens(rows: int, length: int, vocabulary: int = 5) -> np.ndarray:
    """Sequences with padding anywhere: the first has none, the last has nothing else."""
    rng = np.random.default_rng(length)
    found = rng.integers(1, vocabulary, (rows, length))
    found[1:][rng.random((rows - 1, length)) < 0.4] = 0
    found[-1] = 0
    return found


def torch_weights(kind: str, weights: Any) -> list[np.ndarray]:
    """Arrays like kernel, recurrent kernel, bias (of each direction) as PyTorch's weight_ih, weight_hh, two biases."""
    found: list[np.ndarray] = []
    for i in range(0, len(weights), 3):
        kernel, recurrent, bias = (
            np.concatenate([np.split(weight, len(ORDERS[kind]), axis=-1)[block] for block in ORDERS[kind]], axis=-1)
            for weight in weights[i : i + 3])
        bias = bias.reshape(-1, bias.shape[-1])
        found += [kernel.T, recurrent.T, bias[0], bias[1] if len(bias) > 1 else 0.0 * bias[0]]
    return found


def torch_layer(torch: Any, kind: str, weights: Any) -> Any:
    """PyTorch's layer with these weights; it is bidirectional if there are twice three arrays."""
    layer = getattr(torch.nn, kind)(
        weights[0].shape[0], weights[1].shape[0], batch_first=True, bidirectional=len(weights) == 6).double()
    with torch.no_grad():
        for parameter, part in zip(layer.parameters(), torch_weights(kind, weights), strict=True):
            parameter[:] = torch.tensor(part)
    return layer


def check_torch(torch: Any, layer: Any, kind: str, length: int) -> None:
    """Compare outputs and all gradients of a layer over sequences with those of PyTorch, to 1e-8."""
    rng = np.random.default_rng(length)
    x = rng.normal(size=(5, length, 3))
    built = layer.fresh()
    built.start(x.shape[1:])
    weights = [rng.normal(size=weight.shape) for weight in built.weights]
    dy = rng.normal(size=(5, *built.output_shape))
    ours, theirs = run_layer(layer, x, dy, theta=weights), torch_layer(torch, kind, weights)
    X = torch.tensor(x, requires_grad=True)
    goes_backwards = getattr(layer, "go_backwards", False)
    states, last = theirs(X.flip(1) if goes_backwards else X)
    last = last[0] if kind == "LSTM" else last
    y = states if len(built.output_shape) == 2 else torch.cat(list(last), 1)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-8, atol=1e-10)
    stops = np.cumsum([0, *(weight.size for weight in weights)])
    found = [ours.dtheta[stops[i] : stops[i + 1]].reshape(weight.shape) for i, weight in enumerate(weights)]
    for part, (name, parameter) in zip(torch_weights(kind, found), theirs.named_parameters(), strict=True):
        if kind == "GRU" or "bias_hh" not in name:  # the gradient of an LSTM's second bias is that of the first
            np.testing.assert_allclose(part, parameter.grad.numpy(), rtol=1e-8, atol=1e-10)


def check_keras(torch: Any, ours: st.Sequential, theirs: Any, X: np.ndarray) -> None:
    """Compare outputs and the gradient of a model with those of Keras's layers with the same weights, to 1e-8."""
    y = np.random.default_rng(2).normal(size=(len(X), ours.output_shape[0]))
    given = torch.tensor(X)
    for layer in theirs:
        layer(given) if not layer.built else None
        given = layer(given)
    weights = [weight for layer in theirs for weight in layer.trainable_weights]
    for weight, array in zip(weights, ours.get_weights(), strict=True):
        weight.assign(array)
    given = torch.tensor(X)
    for layer in theirs:
        given = layer(given)
    flat = given.reshape(len(X), -1)
    ((flat - torch.tensor(y)) ** 2).mean().backward()
    np.testing.assert_allclose(ours.predict(X), flat.detach().numpy(), rtol=1e-8, atol=1e-10)
    gradient = np.concatenate([weight.value.grad.numpy().ravel() for weight in weights])
    np.testing.assert_allclose(ours.gradient(X, y), gradient, rtol=1e-8, atol=1e-10)


def check_packed(torch: Any, model: st.Sequential, kind: str) -> None:
    """Compare an embedding with mask and a layer with PyTorch's packed sequences: padding is at the end."""
    X = np.array([[3, 1, 4, 1, 2], [2, 2, 0, 0, 0], [4, 0, 0, 0, 0], [1, 3, 2, 4, 0]])
    table, *weights = model.get_weights()
    theirs = torch_layer(torch, kind, weights)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(table[X]), (X > 0).sum(1), batch_first=True, enforce_sorted=False)
    last = theirs(packed)[1]
    last = last[0] if kind == "LSTM" else last
    np.testing.assert_allclose(
        model.predict(X), torch.cat(list(last), 1).detach().numpy(), rtol=1e-8, atol=1e-10)


@pytest.fixture
def sequences() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(
        model_of=model_of, tokens=tokens, check_torch=check_torch, check_keras=check_keras, check_packed=check_packed)
