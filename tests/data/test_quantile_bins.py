"""Quantile bins: by hand, weights as repeated rows."""

from __future__ import annotations

import numpy as np

from scratchtune.data.quantile_bins import quantile_edges


def test_by_hand() -> None:
    assert quantile_edges(np.array([5.0, 5.0, 5.0, 7.0]), np.ones(4), 4) == [5.0, 7.0]
    assert quantile_edges(np.arange(9.0), np.ones(9), 1) == [0.0, 8.0]
    assert quantile_edges(np.array([2.0]), np.ones(1), 4) == [2.0]


def test_a_weight_is_a_number_of_rows() -> None:
    rng = np.random.default_rng(0)
    values, weight = rng.normal(size=200), rng.integers(1, 4, 200)
    repeated = np.repeat(values, weight)
    assert quantile_edges(values, weight / 3.0, 16) == quantile_edges(repeated, np.ones(len(repeated)), 16)
