"""The parametric activation: by hand; the plain activation at first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers.parametric_activation import ParametricActivation


def test_by_hand(run: Any) -> None:
    """A share of 1/4 of ReLU leaves 3/4 of a negative number."""
    x = np.array([[4.0, -4.0]], np.float32)
    assert run(ParametricActivation("relu"), x, theta=[[0.25, 0.25]]).y.tolist() == [[4.0, -3.0]]


def test_it_is_the_activation_at_first() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    both = [st.Sequential([layer]) for layer in (ParametricActivation("relu"), st.Activation("relu"))]
    for model in both:
        model.build((None, 3))
    np.testing.assert_allclose(both[0].predict(x), both[1].predict(x), rtol=1e-6)
    with pytest.raises(ValueError, match="activation is 'softmax'"):
        ParametricActivation("softmax")
