"""A copy of an array that is quick to compile.

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
