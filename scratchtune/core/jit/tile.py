"""A tile is a small block of a matrix product that is summed in the processor's registers.

**Why registers.** The product of two 64 x 64 matrices takes 262,144 multiplications and as many additions. With AVX-512
one instruction multiplies and adds 16 pairs of float32, and a processor starts one or two of them in a cycle, depending
on the model. The nearest cache delivers about as many vectors in a cycle, and it takes half as many. The plain loop
``out[i, j] += a[i, k] * b[k, j]`` over j loads two vectors and stores one for each multiply-add, so loads and stores
limit it. A tile keeps its sums in registers, for up to 256 values of k, and uses each number that is loaded many times.
With float32 and AVX-512::

                            b[k, j] ... b[k, j + 31]
                          +------------+------------+
                          |  vector 0  |  vector 1  |    two vectors are loaded for each k,
                          +------------+------------+    and each is used for all rows
        a[i,     k]   *   | out[i    , j ... j + 31]|
        a[i + 1, k]   *   | out[i + 1, j ... j + 31]|    eight numbers are loaded for each k, and each is
          ...               ...                          repeated in a vector and used for both vectors of b
        a[i + 7, k]   *   | out[i + 7, j ... j + 31]|
                          +------------+------------+
                             16 registers of sums

For each k there are ten loads and 16 multiply-adds: the multiply-adds are now the limit.

**Why 8 x 2.** The next multiply-add can use a sum after four or five cycles. Where two are started in a cycle, eight to
ten sums must be in progress at any time; a tile has 16. AVX-512 and 64-bit ARM have 32 registers: 16 for sums, two for
the vectors of b, the rest for numbers of a. AVX2 has 16, for tiles of six rows: 12 sums, two vectors of b, one of a.

**Rounding.** A fused multiply-add rounds a · b + c once. A processor without the instruction rounds twice
(`vectors.Processor`), so its results differ in the last bits.

**The order of a sum.** Each number of the result is the sum over k in order, which begins at 0 or at the number in
``out``. Neither the shape of a tile nor the position in it nor the length of a vector changes the order. So the
prediction for a row has the same bits in a batch of any size.

**Edges.** Where fewer rows are left than a tile has, the last row is computed several times, each time with the same
result. Where fewer columns are left, the loads and stores are masked: nothing beyond the arrays is read or written.
(SSE and NEON have no masked loads; a test for each number replaces them.) Where at most one vector of columns is left,
only one vector is computed.

Sources: Fog, "Instruction tables" and "The microarchitecture of Intel, AMD and VIA CPUs"; uops.info (a multiply-add
takes four or five cycles; one or two are started in a cycle).

Implements section 8.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite.ir import IntType
from numba.core import cgutils, types
from numba.core.errors import TypingError

from scratchtune.core.jit.functions import generated
from scratchtune.core.jit.vectors import INDEX, Vectors, processor

ROWS = {True: 8, False: 6}  # of a tile, by `Processor.many_registers`
VECTORS = 2  # side by side in a tile; `Tile.add` distinguishes one and two
BYTE = IntType(8)


def tile_rows() -> int:
    """The rows of a tile on this processor."""
    return ROWS[processor().many_registers]


def vector_size(out: np.ndarray) -> int:
    """How many numbers of this array's dtype are in a vector."""
    return processor().vector_bytes // out.itemsize


def tile_columns(out: np.ndarray) -> int:
    """The columns of a tile of this array's dtype."""
    return VECTORS * vector_size(out)


# In Python ------------------------------------------------------------------------------------------------------------


def add_tile(a, b, out, i, j, fresh):
    """Add a @ b to the tile of ``out`` whose first row is i and first column j; with ``fresh``, replace the tile.

    ``a`` is (rows, k) with any strides; ``b`` is (k, columns) and ``out`` (rows, columns), both with contiguous rows.
    All have one dtype, float32 or float64, and ``out`` shares no memory with the others. Compiled code refuses other
    dtypes and Fortran order, but does not see other strides.
    """
    tile, rows = _tile(out, i, j, fresh), a[i : i + tile_rows()]
    for k in range(a.shape[1]):
        tile += rows[:, k : k + 1] * b[k, j : j + tile.shape[1]]


def add_tile_sliced_b(a, memory, starts, out, i, j, fresh):
    """`add_tile` where row k of b is a slice, from int64 ``starts[k]`` on, of ``memory``, a contiguous vector."""
    tile, rows = _tile(out, i, j, fresh), a[i : i + tile_rows()]
    for k in range(a.shape[1]):
        tile += rows[:, k : k + 1] * memory[starts[k] + j : starts[k] + j + tile.shape[1]]


def add_tile_sliced_a(memory, starts, b, out, i, j, fresh):
    """`add_tile` where row i of a is a slice of ``memory``, which begins at ``starts[i]``."""
    tile, rows = _tile(out, i, j, fresh), starts[i : i + tile_rows()]
    for k in range(b.shape[0]):
        tile += memory[rows + k].reshape(-1, 1) * b[k, j : j + tile.shape[1]]


def copy_square(a, i, j, out, p, q):
    """Copy the square of ``a`` whose first row is i and first column j to row p and column q of ``out``.

    The square has as many rows and columns as a vector has numbers; what is outside of ``a`` or ``out`` is left out.
    Both have contiguous rows.
    """
    _copy(a[i : i + vector_size(a), j : j + vector_size(a)], out[p:, q:])


def transpose_square(a, i, j, out, p, q):
    """`copy_square`, transposed."""
    _copy(a[i : i + vector_size(a), j : j + vector_size(a)].T, out[p:, q:])


def _copy(square, out):
    rows, columns = min(square.shape[0], out.shape[0]), min(square.shape[1], out.shape[1])
    out[:rows, :columns] = square[:rows, :columns]


def _tile(out, i, j, fresh):
    """The tile, a view, which is set to 0 if it is ``fresh``."""
    tile = out[i : i + tile_rows(), j : j + tile_columns(out)]
    if fresh:
        tile[:] = 0.0
    return tile


# In registers ---------------------------------------------------------------------------------------------------------
#
# The rest of this file runs while Numba compiles. A function that is given to `generated` gets the types of its
# arguments and returns their signature and a function ``generate``. That one gets LLVM's names for the values of the
# arguments and appends instructions to ``builder``, where plain Python calls the function above. Its Python loops over
# rows and vectors run now, so the code has no loops over them.


class View:
    """An array in the code that is generated: its address, its shape and its strides in bytes."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self.builder, self.kind = builder, kind
        self.data = builder.bitcast(array.data, BYTE.as_pointer())
        self.shape = cgutils.unpack_tuple(builder, array.shape)
        self.strides = cgutils.unpack_tuple(builder, array.strides)
        if kind.layout == "C":
            self.strides[-1] = INDEX(kind.dtype.bitwidth // 8)  # a constant, which makes shorter code

    def at(self, *indices: Any) -> Any:
        """The address of the number with these indices; the axes that are not given have index 0."""
        offset = INDEX(0)
        for index, stride in zip(indices, self.strides, strict=False):
            offset = self.builder.add(offset, self.builder.mul(index, stride))
        return self.builder.gep(self.data, [offset])

    def number(self, index: Any) -> Any:
        """The number with this index, of a one-dimensional array of int64."""
        return self.builder.load(self.builder.bitcast(self.at(index), INDEX.as_pointer()))


def smaller(builder: Any, a: Any, b: Any) -> Any:
    """The smaller of two integers."""
    return builder.select(builder.icmp_signed("<", a, b), a, b)


class Tile:
    """The tile of ``out`` at row i and column j, in the code that is generated."""

    def __init__(self, builder: Any, out: View, i: Any, j: Any, fresh: Any) -> None:
        self.builder, self.out, self.fresh = builder, out, fresh
        self.vectors = Vectors(builder, out.kind.dtype)
        last = builder.sub(out.shape[0], INDEX(1))  # rows beyond it are replaced by it
        self.rows = [smaller(builder, builder.add(i, INDEX(row)), last) for row in range(tile_rows())]
        self.column, self.columns_left = j, builder.sub(out.shape[1], j)

    def add(self, a_rows: list[Any], a_step: Any, b_row: Callable[[Any], Any], depth: Any) -> None:
        """Add a @ b: ``a_rows`` are the addresses of the first numbers of the rows of a, ``b_row(k)`` is one in b.

        ``a_step`` are the bytes from one number of a row of a to the next; ``depth`` is the length of the sums.
        """
        builder, size, add = self.builder, self.vectors.count, partial(self._add, a_rows, a_step, b_row, depth)
        # The code has three copies of the loop: for two whole vectors; for a whole and a masked one; for a masked one.
        with builder.if_else(self._left(VECTORS * size)) as (whole, edge):
            with whole:
                add([None, None])
            with edge, builder.if_else(self._left(size + 1)) as (two, one):
                with two:
                    add([None, self.vectors.first(builder.sub(self.columns_left, INDEX(size)))])
                with one:
                    add([self.vectors.first(self.columns_left)])

    def _left(self, count: int) -> Any:
        """Whether at least ``count`` columns are left."""
        return self.builder.icmp_signed(">=", self.columns_left, INDEX(count))

    def _add(self, a_rows: list[Any], a_step: Any, b_row: Callable[[Any], Any], depth: Any, masks: list[Any]) -> None:
        """`add` for one or two vectors side by side, one for each mask; None is the mask of a whole vector."""
        builder, vectors = self.builder, self.vectors
        sums = [[cgutils.alloca_once(builder, vectors.type) for _ in masks] for _ in self.rows]
        addresses = [[self._at(self.out.at(row, self.column), v) for v in range(len(masks))] for row in self.rows]
        with builder.if_else(self.fresh) as (fresh, started):
            with fresh:
                self._each(sums, lambda row, v: vectors.zero)
            with started:
                self._each(sums, lambda row, v: vectors.load(addresses[row][v], masks[v]))
        with cgutils.for_range(builder, depth) as loop:
            start = b_row(loop.index)
            b = [vectors.load(self._at(start, v), mask) for v, mask in enumerate(masks)]
            offset = builder.mul(loop.index, a_step)
            a = [vectors.broadcast(builder.gep(row, [offset])) for row in a_rows]
            self._each(sums, lambda row, v: vectors.multiply_add(a[row], b[v], builder.load(sums[row][v])))
        for row in range(len(self.rows)):
            for v, mask in enumerate(masks):
                vectors.store(builder.load(sums[row][v]), addresses[row][v], mask)

    def _each(self, sums: list[list[Any]], value: Callable[[int, int], Any]) -> None:
        """Set each sum. The sums are variables in memory as written here; LLVM puts them into registers."""
        for row in range(len(sums)):
            for v in range(len(sums[row])):
                self.builder.store(value(row, v), sums[row][v])

    def _at(self, start: Any, vector: int) -> Any:
        return self.builder.gep(start, [INDEX(vector * self.vectors.count * self.vectors.bytes)])


def check_arrays(numbers: list[Any], with_rows: list[Any], out: Any, starts: Any = None) -> None:
    """Refuse, while compiling, arrays that the code would misread; strides of slices are known at run time only."""
    dtypes = sorted({str(array.dtype) for array in numbers})
    if dtypes not in (["float32"], ["float64"]):
        raise TypingError(f"the arrays have the dtypes {', '.join(dtypes)}; all must be float32 or all float64")
    if any(array.layout == "F" for array in with_rows):
        raise TypingError("an array is in Fortran order; the rows of b, out and copied squares must be contiguous")
    if not out.mutable:
        raise TypingError("out is read-only; it must be an array that can be written")
    if starts is not None and starts.dtype != types.int64:
        raise TypingError(f"starts has the dtype {starts.dtype}; it must be int64")


def _tile_sum(operands: Callable[..., Any], *kinds: Any, starts: Any = None) -> Any:
    """The signature and the code of a sum in a tile; ``operands`` makes what `Tile.add` takes from the arrays."""
    arrays, out = [kind for kind in kinds if kind is not starts], kinds[-1]
    check_arrays(arrays, arrays[1:], out, starts)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        *given, result = (View(context, builder, *pair) for pair in zip(kinds, values, strict=False))
        tile = Tile(builder, result, *values[len(kinds):])
        tile.add(*operands(tile, *given))
        return context.get_dummy_value()

    return types.void(*kinds, types.intp, types.intp, types.boolean), generate


@generated(add_tile)
def _add_tile(typing: Any, a: Any, b: Any, out: Any, i: Any, j: Any, fresh: Any) -> Any:
    return _tile_sum(lambda tile, a, b: (
        [a.at(row) for row in tile.rows], a.strides[1], lambda k: b.at(k, tile.column), a.shape[1]), a, b, out)


@generated(add_tile_sliced_b)
def _add_sliced_b(typing: Any, a: Any, memory: Any, starts: Any, out: Any, i: Any, j: Any, fresh: Any) -> Any:
    return _tile_sum(lambda tile, a, memory, starts: (
        [a.at(row) for row in tile.rows], a.strides[1],
        lambda k: memory.at(tile.builder.add(starts.number(k), tile.column)), a.shape[1]),
        a, memory, starts, out, starts=starts)


@generated(add_tile_sliced_a)
def _add_sliced_a(typing: Any, memory: Any, starts: Any, b: Any, out: Any, i: Any, j: Any, fresh: Any) -> Any:
    return _tile_sum(lambda tile, memory, starts, b: (
        [memory.at(starts.number(row)) for row in tile.rows], memory.strides[0],
        lambda k: b.at(k, tile.column), b.shape[0]), memory, starts, b, out, starts=starts)


def _square_copy(a: Any, out: Any, transpose: bool) -> Any:
    """The signature and the code of a copy of a square: from row i and column j of ``a`` to p and q of ``out``."""
    check_arrays([a, out], [a, out], out)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, i, j = values[:3]
        second, p, q = values[3:]
        source, result = View(context, builder, a, first), View(context, builder, out, second)
        vectors = Vectors(builder, a.dtype)

        def copy(rows: Any, load_mask: Any, store_mask: Any) -> None:
            """Copy the first ``rows`` rows of the result; the last one is also written instead of the rows after it."""
            last = builder.sub(source.shape[0], INDEX(1))
            addresses = [source.at(smaller(builder, builder.add(i, INDEX(row)), last), j)
                         for row in range(vectors.count)]
            square = [vectors.load(address, load_mask) for address in addresses]
            square = vectors.transposed(square) if transpose else square
            last = builder.sub(builder.add(p, rows), INDEX(1))
            for row in reversed(range(vectors.count)):  # backwards, so that the last row is written last by itself
                index = smaller(builder, builder.add(p, INDEX(row)), last)
                vectors.store(square[row], result.at(index, q), store_mask)

        left = [builder.sub(source.shape[0], i), builder.sub(source.shape[1], j)]
        rows, columns = reversed(left) if transpose else left
        rows = smaller(builder, rows, builder.sub(result.shape[0], p))
        columns = smaller(builder, columns, builder.sub(result.shape[1], q))
        is_whole = builder.icmp_signed(">=", smaller(builder, rows, columns), INDEX(vectors.count))
        with builder.if_else(is_whole) as (whole, edge):
            with whole:  # without masks, with which some processors store slowly
                copy(INDEX(vectors.count), None, None)
            with edge:
                copy(rows, vectors.first(left[1]), vectors.first(columns))
        return context.get_dummy_value()

    return types.void(a, types.intp, types.intp, out, types.intp, types.intp), generate


def _constant(number: int, *arguments: Any) -> Any:
    return types.intp(*arguments), lambda context, builder, signature, values: INDEX(number)


generated(copy_square)(lambda typing, a, i, j, out, p, q: _square_copy(a, out, transpose=False))
generated(transpose_square)(lambda typing, a, i, j, out, p, q: _square_copy(a, out, transpose=True))
generated(tile_rows)(lambda typing: _constant(tile_rows()))
generated(vector_size)(lambda typing, out: _constant(Vectors(None, out.dtype).count, out))
generated(tile_columns)(lambda typing, out: _constant(VECTORS * Vectors(None, out.dtype).count, out))
