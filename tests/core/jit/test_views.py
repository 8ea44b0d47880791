"""The arrays of a workspace: sizes by hand, arrays that do not overlap, the same in compiled code, nested shapes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit


class Memory(NamedTuple):
    """Two arrays, and two more in a tuple."""

    mean: Any
    weights: Any
    rest: Any


@jit.function
def shapes(rows, steps):
    """Declared once."""
    return Memory(mean=(rows,), weights=(rows, steps, 3), rest=((steps, steps), (0, rows)))


@jit.called
def fill(work, rows, steps):
    """Write a number of its own to each array; return the size."""
    memory = jit.views(work, shapes(rows, steps))
    memory.mean[:] = 1.0
    memory.weights[:] = 2.0
    memory.weights[rows - 1, steps - 1, 2] = 3.0
    memory.rest[0][:] = 4.0
    return jit.size_of(shapes(rows, steps))


@jit.called
def weights_in(work, rows, steps):
    """One of the arrays, which refers to the workspace."""
    return jit.views(work, shapes(rows, steps)).weights


def test_arrays_are_at_the_end_in_order_and_have_their_shapes() -> None:
    work = np.zeros(100)
    memory = jit.views(work, jit.plain(shapes)(5, 2))
    assert isinstance(memory, Memory)
    assert [array.shape for array in (memory.mean, memory.weights, *memory.rest)] == [(5,), (5, 2, 3), (2, 2), (0, 5)]
    jit.plain(fill)(work, 5, 2)
    assert (work[:36] == 0.0).all() and (work[36:41] == 1.0).all() and (work[41:52] == 0.0).all()
    assert (work[52:81] == 2.0).all() and work[81] == 3.0 and (work[84:88] == 4.0).all() and work[88:].sum() == 0.0


def test_compiled_code_has_the_same_arrays() -> None:
    for dtype in (np.float32, np.float64):
        compiled, plain = np.zeros(100, dtype), np.zeros(100, dtype)
        assert fill(compiled, 5, 2) == jit.plain(fill)(plain, 5, 2) == 64
        assert (compiled == plain).all()


def test_an_array_keeps_its_workspace() -> None:
    weights = weights_in(np.arange(64.0), 5, 2)
    assert weights.shape == (5, 2, 3) and weights.ravel().tolist() == list(range(16, 46))
