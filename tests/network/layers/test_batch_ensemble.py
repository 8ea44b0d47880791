"""Batch ensembles: gradients by central differences, members as networks of their own, losses of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.network.layers import BatchEnsembleDense, MemberDense, MemberMean, RepeatMembers


@pytest.mark.parametrize("layer", [BatchEnsembleDense(2), MemberDense(2), MemberMean(), MemberMean("softmax")])
def test_gradients_are_central_differences(layer: Any, differenced: Any) -> None:
    differenced(layer, np.random.default_rng(0).normal(size=(4, 3, 5)))


def test_repeated_rows(differenced: Any) -> None:
    differenced(RepeatMembers(3), np.random.default_rng(0).normal(size=(4, 2)))


def _model(output: str, loss: str, dtype: str = "float64") -> st.Sequential:
    model = st.Sequential([
        RepeatMembers(3), BatchEnsembleDense(4, random_signs=True), st.Activation("tanh"), MemberDense(2),
        MemberMean(output)], dtype=dtype)
    model.compile("sgd", loss)
    model.build((None, 5))
    return model


@pytest.mark.parametrize("output, loss", [("softmax", "categorical_crossentropy"), ("linear", "mse")])
def test_the_loss_is_the_mean_of_the_members_losses(output: str, loss: str) -> None:
    rng = np.random.default_rng(0)
    model, X = _model(output, loss), rng.normal(size=(6, 5))
    y = np.eye(2)[rng.integers(0, 2, 6)] if output == "softmax" else rng.normal(size=(6, 2))
    model.theta[:] = rng.normal(size=model.theta.size)
    r, w, s, b, kernel, bias = model.get_weights()
    outputs = [np.tanh((X * r[m]) @ w * s[m] + b[m]) @ kernel[m] + bias[m] for m in range(3)]
    if output == "softmax":
        outputs = [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in outputs]
        losses = [-(y * np.log(p)).sum(axis=1).mean() for p in outputs]
    else:
        losses = [((p - y) ** 2).mean() for p in outputs]
    np.testing.assert_allclose(model.predict(X), np.mean(outputs, axis=0), rtol=1e-10)
    assert model.objective(X, y) == pytest.approx(np.mean(losses), rel=1e-10)
    gradient = model.gradient(X, y)
    for i in range(0, model.theta.size, 7):
        kept, ends = model.theta[i], []
        for step in (1e-6, -1e-6):
            model.theta[i] = kept + step
            ends.append(model.objective(X, y))
        model.theta[i] = kept
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-9)


def test_bad_shapes() -> None:
    for layer in (BatchEnsembleDense(2), MemberDense(2), MemberMean()):
        with pytest.raises(ValueError, match=rf"{type(layer).__name__} gets rows of shape \(2,\)"):
            st.Sequential([layer]).build((None, 2))
