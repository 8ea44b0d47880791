"""Matrix products, in which most of the time of a training is spent.

All of them compute the plain sum of `multiply`'s formula, tile by tile: `jit.add_tile` keeps a small block of the
result in the processor's registers. Each sum is over k in order, so a row of the result has the same bits whatever the
number of rows.

- `multiply` reads ``b`` in place if it has at most `SMALL` numbers. A larger ``b`` exceeds the nearest caches, and its
  rows are far apart. So a part of it at a time is copied to *panels*: blocks as wide as a tile, each contiguous in
  memory.
- `multiply_transposed` always copies panels, because tiles need the rows of bᵀ, which are the columns of ``b``.

The rows of ``b`` and of the result are contiguous; ``a`` may be a transposed view. All arrays have one dtype, float32
or float64. ``out`` shares no memory with the others, which compiled code does not check.

Implements section 8.3 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import jit

SMALL = 256 * 256  # numbers
DEPTH = 256  # values of k; a panel of ``b`` is then 8 to 32 KiB, by the length of a vector: at most the first cache
WIDTH = 256  # columns of ``b`` that are copied together
BAND = 128  # rows of ``a`` that are multiplied by all panels before the next: 128 KiB of float32, for the second cache


@jit.loop_in_order
def multiply(a, b, out):
    """Matrix product.

    Formula [matmul]
        cᵢⱼ = Σₖ[aᵢₖ · bₖⱼ]
    Where
        a: a, (i, k), real
        b: b, (k, j), real
        c: out, (i, j), written
    Variant
        NumPy writes a @ b; a transposed view for a (x.T) gives xᵀ @ b without a copy.
    Source
        Goto and van de Geijn (2008), "Anatomy of high-performance matrix multiplication", for tiles and panels.
    """
    if b.size > SMALL:
        multiply_panels(a[:, 0:], b[:, 0:], out[:, 0:])  # of one type whatever the layouts, so it is compiled once
    else:
        for j in range(0, out.shape[1], jit.tile_columns(out)):
            for i in range(0, out.shape[0], jit.tile_rows()):
                jit.add_tile(a, b, out, i, j, True)


@jit.loop_in_order
def multiply_panels(a, b, out):
    """`multiply` for a large ``b``: `DEPTH` values of k and `WIDTH` columns of ``b`` are copied to panels together."""
    columns = jit.tile_columns(out)
    panels = np.empty((WIDTH // columns, DEPTH, columns), out.dtype)
    for p in range(0, b.shape[0], DEPTH):
        for first in range(0, b.shape[1], WIDTH):
            copy_panels(b[p : p + DEPTH, first : first + WIDTH], panels)
            for start in range(0, a.shape[0], BAND):
                band = a[start : start + BAND, p : p + DEPTH]
                into = out[start : start + BAND, first : first + WIDTH]
                for j in range(0, into.shape[1], columns):
                    for i in range(0, into.shape[0], jit.tile_rows()):
                        jit.add_tile(band, panels[j // columns], into[:, j : j + columns], i, 0, p == 0)


@jit.loop_in_order
def copy_panels(part, panels):
    """Copy a part of a matrix to panels, each of which has as many columns as a tile."""
    columns, step = panels.shape[2], jit.vector_size(panels)
    for k in range(0, part.shape[0], step):
        for j in range(0, part.shape[1], step):
            jit.copy_square(part, k, j, panels[j // columns], k, j % columns)


@jit.loop_in_order
def multiply_transposed(a, b, out):
    """Matrix product with the second matrix transposed.

    Formula [matmul_transposed]
        cᵢⱼ = Σₖ[aᵢₖ · bⱼₖ]
    Where
        a: a, (i, k), real
        b: b, (j, k), real
        c: out, (i, j), written
    Variant
        NumPy writes a @ b.T.
    Source
        Linear algebra.
    """
    columns = jit.tile_columns(out)
    panel = np.empty((min(DEPTH, b.shape[1]), columns), out.dtype)
    for p in range(0, max(b.shape[1], 1), DEPTH):  # once if there is no k, since then all sums are 0
        for j in range(0, out.shape[1], columns):
            transpose(b[j : j + columns, p : p + DEPTH], panel)
            for i in range(0, out.shape[0], jit.tile_rows()):
                jit.add_tile(a[:, p : p + DEPTH], panel, out[:, j : j + columns], i, 0, p == 0)


@jit.loop_in_order
def transpose(a, out):
    """Copy the transposed matrix; ``out`` may be larger, and then its other entries stay as they are.

    Formula [transpose]
        cⱼᵢ = aᵢⱼ
    Where
        a: a, (i, j), real
        c: out, (j, i), written
    Source
        Linear algebra.
    """
    for i in range(0, a.shape[0], jit.vector_size(out)):
        for j in range(0, a.shape[1], jit.vector_size(out)):
            jit.transpose_square(a, i, j, out, j, i)


# Several products with one matrix -------------------------------------------------------------------------------------


@jit.loop_in_order
def pack_transposed(b, panels):
    """Copy bᵀ to panels for `multiply_packed`, as `copy_panels` copies b."""
    columns = panels.shape[2]
    for j in range(0, b.shape[0], columns):
        transpose(b[j : j + columns], panels[j // columns])


@jit.loop_in_order
def multiply_packed(a, panels, out, fresh):
    """`multiply` for a b that serves several products: a @ b is added to ``out``, or with ``fresh`` replaces it.

    ``panels`` (blocks, k, `jit.tile_columns`) holds b, as `copy_panels` or `pack_transposed` has filled them.
    """
    columns = panels.shape[2]
    for p in range(0, a.shape[1], DEPTH):
        for j in range(0, out.shape[1], columns):
            panel, into = panels[j // columns, p : p + DEPTH], out[:, j : j + columns]
            for i in range(0, out.shape[0], jit.tile_rows()):
                jit.add_tile(a[:, p : p + DEPTH], panel, into, i, 0, fresh and p == 0)


# One matrix is given as slices of one vector --------------------------------------------------------------------------


@jit.loop_in_order
def multiply_shifted(a, memory, starts, out):
    """The product a @ b for a convolution (`conv2d`): row k of b is the slice of ``memory`` from ``starts[k]`` on.

    ``memory`` is a vector, ``starts`` (k,) int64. Slices may overlap; each has as many numbers as a row of ``out`` and
    must be inside ``memory``.
    """
    for j in range(0, out.shape[1], jit.tile_columns(out)):
        for i in range(0, out.shape[0], jit.tile_rows()):
            jit.add_tile_sliced_b(a, memory, starts, out, i, j, True)


@jit.loop_in_order
def add_shifted_products(memory, starts, b, out):
    """Add a @ b to ``out`` (`conv2d_kernel_grad`): row i of a is the slice of ``memory`` from ``starts[i]`` on."""
    for j in range(0, out.shape[1], jit.tile_columns(out)):
        for i in range(0, out.shape[0], jit.tile_rows()):
            jit.add_tile_sliced_a(memory, starts, b, out, i, j, False)
