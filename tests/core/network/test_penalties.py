"""Penalties in a network: J by hand, biases counted or not, the link to weight decay; PyTorch and Keras as oracles."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

X, Y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]), np.array([1.0, 0.0, 2.0])
KERNEL, BIAS = [[1.0], [-2.0]], [0.5]


def _model(penalty: Any = None, optimizer: Any = "sgd", dtype: str = "float64") -> st.Sequential:
    model = st.Sequential([st.Dense(1)], dtype=dtype)
    model.compile(optimizer, "mse", penalty=penalty)
    model.build((None, 2))
    model.set_weights([KERNEL, BIAS])
    return model


@pytest.mark.parametrize("penalty, value, gradient", [
    (st.L1(0.1), 0.1 * 3.5, [0.1, -0.1, 0.1]), (st.L1(0.1, biases=False), 0.1 * 3.0, [0.1, -0.1, 0.0]),
    (st.L2(0.1), 0.1 * 5.25, [0.2, -0.4, 0.1]), (st.L2(0.1, biases=False), 0.1 * 5.0, [0.2, -0.4, 0.0]),
    (st.L1L2(0.1, 0.2), 0.1 * 3.5 + 0.2 * 5.25, [0.5, -0.9, 0.3]), (st.L1L2(), 0.0, [0.0] * 3), (None, 0.0, [0.0] * 3),
], ids=str)
def test_the_penalty_of_three_parameters_by_hand(penalty: Any, value: float, gradient: list[float]) -> None:
    """theta = (1, -2, 0.5): the sum of |theta| is 3.5 (3 without the bias), that of theta^2 5.25 (5)."""
    bare, penalised = _model(), _model(penalty)
    assert penalised.objective(X, Y) - bare.objective(X, Y) == pytest.approx(value, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(penalised.gradient(X, Y) - bare.gradient(X, Y), gradient, atol=1e-14)
    assert penalised.evaluate(X, Y)["loss"] == penalised.objective(X, Y)


def test_history_counts_the_penalty_as_keras_does() -> None:
    model = _model(st.L2(0.1))
    before = model.objective(X, Y)
    assert model.fit(X, Y, batch_size=3).history["loss"] == [pytest.approx(before, rel=1e-12)]


def test_l1_is_flat_at_zero() -> None:
    model = _model(st.L1(0.1))
    model.theta[:] = 0.0
    bare = _model()
    bare.theta[:] = 0.0
    assert (model.gradient(X, Y) == bare.gradient(X, Y)).all()


def test_l2_is_weight_decay_of_twice_lambda_under_gradient_descent_but_not_under_adam() -> None:
    for optimizer, same in [(st.SGD, True), (st.Adam, False)]:
        penalised, decayed = _model(st.L2(0.05), optimizer(0.1)), _model(None, optimizer(0.1, weight_decay=0.1))
        for model in (penalised, decayed):
            model.fit(X, Y, batch_size=2, epochs=3)
        assert np.allclose(penalised.theta, decayed.theta, rtol=1e-12, atol=0) == same


def test_float32_stays_float32() -> None:
    model = _model(st.L1L2(0.1, 0.2), dtype="float32")
    assert model.gradient(X, Y).dtype == np.float32
    np.testing.assert_allclose(model.gradient(X, Y), _model(st.L1L2(0.1, 0.2)).gradient(X, Y), rtol=1e-5)


def test_the_gradient_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    theta = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    error = torch.tensor(X) @ theta[:2] + theta[2] - torch.tensor(Y)
    J = (error**2).mean() + 0.1 * theta.abs().sum() + 0.2 * (theta**2).sum()
    J.backward()
    model = _model(st.L1L2(0.1, 0.2))
    assert model.objective(X, Y) == pytest.approx(J.item(), rel=1e-12)
    np.testing.assert_allclose(model.gradient(X, Y), theta.grad.numpy(), rtol=1e-12)


def test_without_biases_it_is_keras_s_kernel_regularizer(keras: Any) -> None:
    theirs = keras.regularizers.L1L2(l1=0.1, l2=0.2)(np.array(KERNEL, np.float32))
    ours = _model(st.L1L2(0.1, 0.2, biases=False)).objective(X, Y) - _model().objective(X, Y)
    assert ours == pytest.approx(float(keras.ops.convert_to_numpy(theirs)), rel=1e-6)


# Penalties of single layers -------------------------------------------------------------------------------------------

KERNELS = {"kernel_regularizer": st.L1L2(0.1, 0.2)}
BOTH = {"kernel_regularizer": st.L2(0.2), "bias_regularizer": st.L1(0.1)}


def _two(first: dict[str, Any], second: dict[str, Any], penalty: Any = None) -> st.Sequential:
    """A network whose layers have penalties of their own."""
    model = st.Sequential([st.Dense(3, "tanh", **first), st.Dense(1, **second)], dtype="float64", seed=2)
    model.compile("sgd", "mse", penalty=penalty)
    model.build((None, 2))
    model.theta += np.random.default_rng(1).normal(size=model.theta.size) * 0.1  # biases that are not zero
    return model


@pytest.mark.parametrize("penalty", [None, st.L1L2(0.02, 0.03), st.L2(0.05, biases=False)], ids=str)
@pytest.mark.parametrize("first, second", [(KERNELS, {}), ({}, KERNELS), (BOTH, KERNELS)])
def test_a_layers_penalty_is_part_of_j_and_of_its_gradient(first: Any, second: Any, penalty: Any) -> None:
    """By hand from the weights, and by central differences; the penalty of compile is added."""
    model, bare = _two(first, second, penalty), _two({}, {}, penalty)
    regularizers = [layer.get(name) for layer in (first, second) for name in ("kernel_regularizer", "bias_regularizer")]
    own = sum(part.l1 * np.abs(weight).sum() + part.l2 * (weight**2).sum()
              for part, weight in zip(regularizers, model.get_weights(), strict=True) if part is not None)
    J = model.objective(X, Y)
    assert J - bare.objective(X, Y) == pytest.approx(own, rel=1e-12) and model.evaluate(X, Y)["loss"] == J
    gradient = model.gradient(X, Y)
    for i in range(model.theta.size):
        ends = []
        for step in (1e-6, -1e-6):
            model.theta[i] += step
            ends.append(model.objective(X, Y))
            model.theta[i] -= step
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)
    before = model.theta.copy()
    assert model.fit(X, Y, batch_size=3, verbose=0).history["loss"] == [pytest.approx(J, rel=1e-12)]
    np.testing.assert_allclose(model.theta, before - 0.01 * gradient, rtol=1e-12)


def test_a_layers_penalty_is_copied_and_saved(tmp_path: Path) -> None:
    model = _two(BOTH, KERNELS)
    model.save(tmp_path / "model.npz")
    for copy in (st.load_model(tmp_path / "model.npz"), pickle.loads(pickle.dumps(model))):
        assert copy.objective(X, Y) == model.objective(X, Y)
    assert repr(model.fresh().layers[1]) == "Dense(units=1, kernel_regularizer=L1L2(l1=0.1, l2=0.2))"


def test_the_loss_with_layers_penalties_is_that_of_keras(keras: Any) -> None:
    model, terms = _two(BOTH, KERNELS), keras.regularizers
    theirs = keras.Sequential([
        keras.layers.Input((2,)),
        keras.layers.Dense(3, "tanh", kernel_regularizer=terms.L2(0.2), bias_regularizer=terms.L1(0.1)),
        keras.layers.Dense(1, kernel_regularizer=terms.L1L2(0.1, 0.2))])
    theirs.set_weights(model.get_weights())
    theirs.compile("sgd", "mse")
    assert model.objective(X, Y) == pytest.approx(theirs.evaluate(X, Y, verbose=0), rel=1e-5)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.L2(-0.1), ValueError, "lam is -0.1; it must be a finite number of at least 0"),
    (lambda: st.L1(float("nan")), ValueError, "lam is nan"),
    (lambda: st.L1L2(0.1, -1), ValueError, "l2 is -1"),
    (lambda: st.L2(0.1, biases="no"), TypeError, "biases is 'no'"),
    (lambda: st.Dense(1, kernel_regularizer=0.1), TypeError, r"kernel_regularizer is 0.1; it must be L1\(lam\), L2"),
    (lambda: _model(0.1), TypeError, r"penalty is 0.1; it must be L1\(lam\), L2\(lam\), L1L2\(l1, l2\) or None"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
