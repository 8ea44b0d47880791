"""Piecewise linear embeddings: by hand, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers import PiecewiseEmbedding

EDGES = [[0.0, 1.0, 3.0], [-1.0, 0.5], []]


def test_by_hand(run: Any) -> None:
    """2 is past the first bin and half through the second: 1 * 10 + 1/2 * 20 + 5 = 25; -7 is below: the bias, 5."""
    found = run(PiecewiseEmbedding(EDGES[:1], 2), np.array([[2, 9], [-7, 9]], np.float32), theta=[[10.0, 20.0], [5.0]])
    assert found.y.tolist() == [[2, 9, 25], [-7, 9, 5]]


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="it must have a list of increasing numbers for each column"):
        PiecewiseEmbedding([[1.0, 1.0]])
    with pytest.raises(ValueError, match=r"gets rows of shape \(2,\); with 3 columns"):
        st.Sequential([PiecewiseEmbedding(EDGES)]).build((None, 2))
