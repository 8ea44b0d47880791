"""A forest: the same seed, absent parameters."""

from __future__ import annotations

import numpy as np

from scratchtune.insight.forest import decompose_forest, grow_forest
from scratchtune.insight.regression_tree import Axis


def test_the_seed_decides_all() -> None:
    rng = np.random.default_rng(0)
    rows, values, axes = rng.random((50, 3)), rng.normal(size=50), [Axis(), Axis(), Axis()]
    one, same, other = (decompose_forest(grow_forest(rows, values, axes, 4, seed)) for seed in (0, 0, 1))
    assert (one.main == same.main).all() and one.pairs == same.pairs
    assert (one.main != other.main).any()
    first = grow_forest(rows, values, axes, 2, 0)[1]
    assert (first.value == grow_forest(rows, values, axes, 4, 0)[1].value).all()  # more trees: the first are the same


def test_an_absent_parameter_has_no_effect() -> None:
    rng = np.random.default_rng(0)
    kind, x = rng.integers(2, size=300), rng.random(300)
    rows = np.column_stack([kind, np.where(kind == 1, x, np.nan)])
    values = np.where(kind == 1, x, 0.5)  # where kind is 0, x is absent; the extended function has only x's effect
    shares = decompose_forest(grow_forest(rows, values, [Axis(choices=2), Axis()], 8, 0))
    assert abs(shares.main[1] - 0.5) < 0.05 and abs(shares.pairs[0, 1] - 0.5) < 0.05  # half, and half only with kind
    assert shares.main[0] < 0.05
