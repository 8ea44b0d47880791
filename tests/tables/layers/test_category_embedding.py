"""Category embedding: by hand, unknown codes, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers.category_embedding import CategoryEmbedding


def test_by_hand(run: Any) -> None:
    """Column 0 has two categories: one-hot; column 2 has three: vectors of one number, 7 for unknown codes."""
    layer = CategoryEmbedding([0, 2], [2, 3], output_dim=1, most_one_hot=2)
    x = np.array([[1.0, 0.5, 2.0], [0.0, 0.25, 3.0], [-1.0, 4.0, 0.0]], np.float32)
    found = run(layer, x, theta=[[10.0, 20.0, 30.0], [7.0]])
    assert found.y.tolist() == [[0.5, 0, 1, 30], [0.25, 1, 0, 7], [4, 0, 0, 10]]


def test_the_vector_of_unknown_codes_is_zero_at_first() -> None:
    model = st.Sequential([CategoryEmbedding([0], [20])])
    model.build((None, 1))
    assert model.predict([[20.0]]).tolist() == [[0.0] * 8] and model.predict([[19.0]]).std() > 0.1


def test_bad_arguments_and_inputs() -> None:
    with pytest.raises(ValueError, match=r"columns is \[0, 0\]"):
        CategoryEmbedding([0, 0], [2, 2])
    with pytest.raises(ValueError, match=r"gets rows of shape \(2,\)"):
        st.Sequential([CategoryEmbedding([2], [3])]).build((None, 2))
    model = st.Sequential([CategoryEmbedding([0], [3])])
    model.build((None, 1))
    with pytest.raises(ValueError, match="X holds the code 1.5 of a category"):
        model.predict([[1.5]])
