"""copying: copies between arrays of different shapes."""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.core.network.copying import copy_matrix, copy_to


def test_a_copy_of_a_vector_and_of_a_matrix() -> None:
    for x in (np.arange(5.0), np.arange(6, dtype=np.float32).reshape(2, 3)):
        for function in (copy_to, jit.plain(copy_to)):
            out = np.zeros_like(x)
            function(x, out)
            assert (out == x).all()


def test_a_matrix_is_copied_to_and_from_parts_of_others() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for function in (copy_matrix, jit.plain(copy_matrix)):
        out = np.zeros((3, 3, 2))
        function(x[:, ::2], out[:, 1:, 0])
        assert (out[:, 1:, 0] == x[:, ::2]).all() and not out[:, 0].any() and not out[..., 1].any()
