"""The distances of a point to many others at once are those of the formula to the bit, on whole and broken vectors."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search.bayesian.kernels import scaled_distance, scaled_distances


@pytest.mark.parametrize("n", [0, 1, 7, 64, 301])
def test_distances_to_many_points_are_those_of_the_formula_to_the_bit(n: int) -> None:
    rng = np.random.default_rng(n)
    points, length_scales = rng.random((n + 1, 5)), rng.random(5) + 0.1  # 1 / length would be rounded
    is_categorical = np.array([0.0, 1.0, 0.0, 0.0, 1.0])
    points[:, [1, 4]] = rng.integers(0, 3, (n + 1, 2))
    here, others = points[0], points[1:]
    out = np.full(n, np.nan)
    scaled_distances(here, np.ascontiguousarray(others.T), is_categorical, length_scales, out)
    assert out.tolist() == [scaled_distance(here, other, is_categorical, length_scales) for other in others]
