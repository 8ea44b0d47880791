"""Cells: every one is where it should be, and they share the unit interval without gaps."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search.cells import cell_edges, cell_indices, cell_middles
from scratchtune.core.search.parameters import Float, Int


@pytest.mark.parametrize("parameter", [Int(1, 7), Int(1, 50, log=True), Float(0.0, 1.0, step=0.25)], ids=repr)
def test_cells_cover_the_unit_interval_and_hold_their_middles(parameter: Int | Float) -> None:
    indices = np.arange(parameter.count or 0)
    below, above = cell_edges(parameter, indices)
    np.testing.assert_allclose(below, [0.0, *above[:-1]], atol=1e-12)
    assert above[-1] == pytest.approx(1.0)
    assert cell_indices(parameter, cell_middles(parameter, indices)).tolist() == indices.tolist()
    assert [parameter.index(parameter.from_unit(u)) for u in cell_middles(parameter, indices)] == indices.tolist()
