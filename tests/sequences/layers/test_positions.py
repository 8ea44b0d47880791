"""Positions: by hand, and as NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.layers.positions import add_positions


def test_positions_by_hand(run: Any) -> None:
    """Features 0 and 1 have the wavelength 2 pi: (0, 1), then (sin 1, cos 1); features 2 and 3 a hundred times that."""
    y = run(st.SinusoidalPositions(), np.zeros((1, 2, 4))).y[0]
    expected = [[0.0, 1.0, 0.0, 1.0], [np.sin(1.0), np.cos(1.0), np.sin(0.01), np.cos(0.01)]]
    np.testing.assert_allclose(y, expected, rtol=1e-14)


@pytest.mark.parametrize("features", [1, 6, 7])
def test_positions_are_numpys(features: int) -> None:
    """Vectorised, in the manner of KerasHub's layer."""
    y, index = np.empty((50, features)), np.arange(features)
    add_positions(np.ones((50, features)), y)
    angles = np.arange(50)[:, None] * 10000.0 ** (-(2 * (index // 2)) / features)
    np.testing.assert_allclose(y, 1.0 + np.where(index % 2, np.cos(angles), np.sin(angles)), rtol=1e-12, atol=1e-13)


def test_rows_that_are_no_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match="SinusoidalPositions gets rows"):
        st.Sequential([st.SinusoidalPositions()]).build((None, 3))
