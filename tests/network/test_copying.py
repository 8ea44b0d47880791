"""copying: copies between arrays of different shapes."""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.network.copying import copy_to


def test_a_copy_of_a_vector_and_of_a_matrix() -> None:
    for x in (np.arange(5.0), np.arange(6, dtype=np.float32).reshape(2, 3)):
        for function in (copy_to, jit.plain(copy_to)):
            out = np.zeros_like(x)
            function(x, out)
            assert (out == x).all()
