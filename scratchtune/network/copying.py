"""Copies of arrays that are quick to compile.

In ``out[:] = x`` Numba compiles the text of an error about unequal shapes, too. That takes longer than a small kernel.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from scratchtune import jit


@jit.function
def copy_to(x, out):
    """out[:] = x, for contiguous arrays of one size."""
    source, target = x.flat, out.flat
    for i in range(out.size):
        target[i] = source[i]


@jit.function_noalias
def copy_block(x, out):
    """out[:] = x, for arrays of one shape with three axes, contiguous or not."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[i, j, k] = x[i, j, k]
