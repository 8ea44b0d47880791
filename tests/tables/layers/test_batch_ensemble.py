"""Batch ensembles: members as networks of their own, losses of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers.batch_ensemble import BatchEnsembleDense, MemberDense, MemberMean, RepeatMembers


def _model(output: str, loss: str) -> st.Sequential:
    model = st.Sequential([
        RepeatMembers(3), BatchEnsembleDense(4, random_signs=True), st.Activation("tanh"), MemberDense(2),
        MemberMean(output)])
    model.compile("sgd", loss)
    model.build((None, 5))
    return model


def _outputs_and_loss(output: str, weights: list[np.ndarray], X: np.ndarray, y: np.ndarray) -> tuple[Any, float]:
    """The mean of the members' outputs, and of their losses, by NumPy in float64."""
    r, w, s, b, kernel, bias = weights
    outputs = [np.tanh((X * r[m]) @ w * s[m] + b[m]) @ kernel[m] + bias[m] for m in range(3)]
    if output == "softmax":
        outputs = [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in outputs]
        losses = [-(y * np.log(p)).sum(axis=1).mean() for p in outputs]
    else:
        losses = [((p - y) ** 2).mean() for p in outputs]
    return np.mean(outputs, axis=0), float(np.mean(losses))


@pytest.mark.parametrize("output, loss", [("softmax", "categorical_crossentropy"), ("linear", "mse")])
def test_the_loss_is_the_mean_of_the_members_losses(output: str, loss: str) -> None:
    """In float32; the gradient is that of central differences of NumPy's loss."""
    rng = np.random.default_rng(0)
    model, X = _model(output, loss), rng.normal(size=(6, 5)).astype(np.float32)
    y = np.eye(2)[rng.integers(0, 2, 6)] if output == "softmax" else rng.normal(size=(6, 2)).astype(np.float32)
    model.theta[:] = rng.normal(size=model.theta.size)
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    outputs, mean_loss = _outputs_and_loss(output, weights, X, y)
    np.testing.assert_allclose(model.predict(X), outputs, rtol=1e-5, atol=1e-5)
    assert model.objective(X, y) == pytest.approx(mean_loss, rel=1e-5)
    differences = []
    for weight in weights:
        for index in np.ndindex(weight.shape):
            kept, ends = weight[index], []
            for step in (1e-6, -1e-6):
                weight[index] = kept + step
                ends.append(_outputs_and_loss(output, weights, X, y)[1])
            weight[index] = kept
            differences.append((ends[0] - ends[1]) / 2e-6)
    np.testing.assert_allclose(model.gradient(X, y), differences, rtol=1e-4, atol=1e-5)


def test_bad_shapes() -> None:
    for layer in (BatchEnsembleDense(2), MemberDense(2), MemberMean()):
        with pytest.raises(ValueError, match=rf"{type(layer).__name__} gets rows of shape \(2,\)"):
            st.Sequential([layer]).build((None, 2))
