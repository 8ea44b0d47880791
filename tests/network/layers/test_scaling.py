"""The scaling layer: by hand, gradients, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st


def test_by_hand(run: Any) -> None:
    assert run(st.layers.Scaling(), np.array([[3.0, 5.0]]), theta=[[2.0, -1.0]]).y.tolist() == [[6.0, -5.0]]


def test_gradients_are_central_differences(differenced: Any) -> None:
    differenced(st.layers.Scaling(), np.random.default_rng(0).normal(size=(5, 3)))


def test_it_changes_nothing_at_first() -> None:
    model = st.Sequential([st.layers.Scaling()])
    model.build((None, 2))
    assert model.predict([[3.0, 5.0]]).tolist() == [[3.0, 5.0]]
    with pytest.raises(ValueError, match=r"Scaling gets rows of shape \(2, 3\)"):
        st.Sequential([st.layers.Scaling()]).build((None, 2, 3))
