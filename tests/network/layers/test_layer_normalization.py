"""Layer normalisation: by hand, what each step has afterwards, gradients; PyTorch and Keras as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st


def test_by_hand(run: Any) -> None:
    """The row (1, 3) has mean 2 and variance 1: with epsilon 3 it becomes (-1/2, 1/2), times (4, 2), plus (10, 20)."""
    found = run(st.LayerNormalization(epsilon=3.0), np.array([[1.0, 3.0]]), theta=[[4.0, 2.0], [10.0, 20.0]])
    assert found.y.ravel().tolist() == [8.0, 21.0]


@pytest.mark.parametrize("arguments", [{}, {"center": False}, {"scale": False}, {"center": False, "scale": False}])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 2, 3, 1)])
def test_gradients_are_central_differences(shape: Any, arguments: Any, differenced: Any) -> None:
    differenced(st.LayerNormalization(**arguments), np.random.default_rng(0).normal(size=shape))


def test_each_step_has_mean_zero_and_variance_one(run: Any) -> None:
    x = np.random.default_rng(2).normal(3.0, 5.0, (20, 7, 64))
    y = run(st.LayerNormalization(), x, theta=[np.ones(64), np.zeros(64)]).y
    assert abs(y.mean(axis=-1)).max() < 1e-14 and abs(y.var(axis=-1) - 1.0).max() < 1e-3


def test_a_single_feature_becomes_the_shift(run: Any) -> None:
    assert (run(st.LayerNormalization(), np.array([[[3.0], [5.0]]]), theta=[[2.0], [7.0]]).y == 7.0).all()


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 5)])
def test_outputs_and_gradients_are_pytorchs(shape: Any, run: Any, torch: Any) -> None:
    rng = np.random.default_rng(3)
    x, dy, gamma, beta = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=5), rng.normal(size=5)
    ours = run(st.LayerNormalization(0.01), x, dy, theta=[gamma, beta])
    X, G, B = (torch.tensor(part, requires_grad=True) for part in (x, gamma, beta))
    y = torch.nn.functional.layer_norm(X, (5,), G, B, 0.01)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.dtheta, torch.cat([G.grad, B.grad]).numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("arguments, message", [({"epsilon": 0.0}, "epsilon is 0.0"), ({"epsilon": -1}, "epsilon is")])
def test_bad_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        st.LayerNormalization(**arguments)
    with pytest.raises(TypeError, match="center is 1"):
        st.LayerNormalization(center=1)
