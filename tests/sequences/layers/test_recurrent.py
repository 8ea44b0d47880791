"""The step of each cell: one after the other they give the states of the whole sequence; padding keeps the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.layers.recurrent import MOST_COLUMNS, Step, packed_kernel

pytestmark = pytest.mark.slow  # compiles the cells


@pytest.mark.parametrize("layer", [st.GRU(3, True), st.GRU(3, True, reset_after=False), st.LSTM(3, True)], ids=repr)
def test_steps_one_by_one_are_the_sequence(layer: Any, run: Any) -> None:
    rng, cell = np.random.default_rng(0), layer.recurrence.cell
    x, columns = rng.normal(size=(2, 4, 5)), 3 * cell.blocks
    layer.start(x.shape[1:])
    theta = rng.normal(size=sum(int(np.prod(weight.shape)) for weight in layer.weights))
    weights = layer.recurrence.weights(np.array([4, 5, 3]), theta)
    panels = packed_kernel(weights.recurrent, np.empty(columns * (3 + MOST_COLUMNS)))
    state = np.zeros((2, 3 * cell.parts))
    for t, y in enumerate(run(layer, x, theta=[theta]).y.swapaxes(0, 1)):
        inputs, inner = (x[:, t] @ weights.kernel).reshape(2, cell.blocks, 3), np.empty((2, cell.blocks, 3))
        for mask in (np.zeros(2), np.ones(2)):
            now = Step(inputs, inner, mask, state, np.empty((2, cell.gates, 3)), np.empty_like(state))
            cell.step(weights, panels, now)
            assert mask.any() or (now.next_state == state).all()
        np.testing.assert_allclose(now.next_state[:, :3], y, rtol=1e-12)
        state = now.next_state
