"""The scaling layer: by hand, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st


def test_by_hand(run: Any) -> None:
    x = np.array([[3.0, 5.0]], np.float32)
    assert run(st.layers.Scaling(), x, theta=[[2.0, -1.0]]).y.tolist() == [[6.0, -5.0]]


def test_it_changes_nothing_at_first() -> None:
    model = st.Sequential([st.layers.Scaling()])
    model.build((None, 2))
    assert model.predict([[3.0, 5.0]]).tolist() == [[3.0, 5.0]]
    with pytest.raises(ValueError, match=r"Scaling gets rows of shape \(2, 3\)"):
        st.Sequential([st.layers.Scaling()]).build((None, 2, 3))
