"""A tile is a small block of a matrix product that is summed in the processor's registers.

**Why registers.** A product of 64 x 64 matrices takes 262,144 multiplications and as many additions. One instruction
multiplies and adds 16 pairs of float32, and the processor starts two of them in each cycle. Memory is slower: even the
nearest cache delivers two vectors in a cycle. The plain loop ``out[i, j] += a[i, k] * b[k, j]`` reads two numbers and
writes one for each multiplication, so it waits for memory most of the time. A tile reads far less. Its sums are in
registers from the first k to the last, and each number that is read is used many times::

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

For each k there are ten loads and 16 multiply-adds of vectors: the loads are no longer what takes the time.

**Why 8 x 2.** A multiply-add takes four cycles until its sum can be used by the next one. With two started in each
cycle, eight sums must be in progress at any time; 16 leave room for the loads to be late. AVX-512 and ARM have 32
registers: 16 for sums, two for the vectors of b, some for numbers of a. AVX2 has 16, and there a tile has six rows:
12 sums, two vectors of b, one number of a.

**What a fused multiply-add rounds.** Its result is a · b + c rounded once; the product itself is not rounded. So it is
at least as accurate as a product that is rounded and then added. It is another number, though: on processors without
the instruction (`vectors.Processor`), the last bits differ.

**The order of the sum.** Each number of the result is one chain: it starts from 0 (or from what was in ``out``), and
k runs in order. The tile's shape, the position in it and the length of a vector do not change this chain. So a
network predicts the same bits for one row as for a thousand.

**Edges.** Where fewer rows are left than a tile has, the last row is also used for the missing ones: it is computed
several times, each time with the same result. Where fewer columns are left, loads and stores are masked, so that no
memory is touched that does not belong to the arrays; one vector suffices where no more columns are left.

| here | computes | used for |
|---|---|---|
| `add_tile` | a @ b | dense layers |
| `add_tile_of_pieces` | a @ b, where row k of b begins anywhere in a vector | convolutions |
| `add_tile_by_pieces` | a @ b, where row i of a begins anywhere in a vector | gradients of filters |
| `copy_square`, `transpose_square` | a, aᵀ | parts of large matrices, copied together |

Implements section 8.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite.ir import IntType
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from scratchtune.jit.vectors import Vectors, processor

ROWS = {True: 8, False: 6}  # by `Processor.many_registers`
VECTORS = 2
BYTE, INDEX = IntType(8), IntType(64)


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

    ``a`` is (rows, k) with any strides, ``b`` (k, columns) and ``out`` (rows, columns) have contiguous rows. Compiled
    code keeps the tile in registers.
    """
    tile, rows = _tile(out, i, j, fresh), a[i : i + tile_rows()]
    for k in range(a.shape[1]):
        tile += rows[:, k : k + 1] * b[k, j : j + tile.shape[1]]


def add_tile_of_pieces(a, memory, starts, out, i, j, fresh):
    """The same where row k of b is the part of the vector ``memory`` that begins at ``starts[k]``."""
    tile, rows = _tile(out, i, j, fresh), a[i : i + tile_rows()]
    for k in range(a.shape[1]):
        tile += rows[:, k : k + 1] * memory[starts[k] + j : starts[k] + j + tile.shape[1]]


def add_tile_by_pieces(memory, starts, b, out, i, j, fresh):
    """The same where row i of a is the part of the vector ``memory`` that begins at ``starts[i]``."""
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
    """The same, transposed."""
    _copy(a[i : i + vector_size(a), j : j + vector_size(a)].T, out[p:, q:])


def _copy(square, out):
    rows, columns = min(square.shape[0], out.shape[0]), min(square.shape[1], out.shape[1])
    out[:rows, :columns] = square[:rows, :columns]


def _tile(out, i, j, fresh):
    """The tile, a view; zero if it is ``fresh``."""
    tile = out[i : i + tile_rows(), j : j + tile_columns(out)]
    if fresh:
        tile[:] = 0.0
    return tile


# In registers ---------------------------------------------------------------------------------------------------------


class View:
    """An array in the code that is generated: its address, its shape and its strides in bytes."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self.builder, self.kind = builder, kind
        self.data = builder.bitcast(array.data, BYTE.as_pointer())
        self.shape = cgutils.unpack_tuple(builder, array.shape)
        self.strides = cgutils.unpack_tuple(builder, array.strides)
        if kind.layout == "C":
            self.strides[-1] = INDEX(kind.dtype.bitwidth // 8)

    def at(self, *indices: Any) -> Any:
        """The address of the number with these indices; the axes that are not given have index 0."""
        offset = INDEX(0)
        for index, stride in zip(indices, self.strides, strict=False):
            offset = self.builder.add(offset, self.builder.mul(index, stride))
        return self.builder.gep(self.data, [offset])

    def number(self, index: Any) -> Any:
        """The number with this index, of a vector of int64."""
        return self.builder.load(self.builder.bitcast(self.at(index), INDEX.as_pointer()))


def smaller(builder: Any, a: Any, b: Any) -> Any:
    """The smaller of two integers."""
    return builder.select(builder.icmp_signed("<", a, b), a, b)


class Tile:
    """The tile of ``out`` at row i and column j, in the code that is generated."""

    def __init__(self, builder: Any, out: View, i: Any, j: Any, fresh: Any) -> None:
        self.builder, self.out, self.fresh = builder, out, fresh
        self.vectors = Vectors(builder, out.kind.dtype)
        last = builder.sub(out.shape[0], INDEX(1))
        self.rows = [smaller(builder, builder.add(i, INDEX(row)), last) for row in range(tile_rows())]
        self.column, self.columns_left = j, builder.sub(out.shape[1], j)

    def add(self, a_rows: list[Any], a_step: Any, b_row: Callable[[Any], Any], depth: Any) -> None:
        """Add a @ b: ``a_rows`` are addresses, of each row's first number; ``b_row(k)`` is the address in row k of b.

        ``a_step`` are the bytes from one number of a row of a to the next, ``depth`` is the number of k.
        """
        builder, size = self.builder, self.vectors.count

        def with_masks(*masks: Any) -> None:
            self._add(masks, a_rows, a_step, b_row, depth)

        with builder.if_else(self._left(VECTORS * size)) as (whole, edge):
            with whole:
                with_masks(*[None] * VECTORS)
            with edge, builder.if_else(self._left(size + 1)) as (two, one):
                with two:
                    with_masks(None, self.vectors.first(builder.sub(self.columns_left, INDEX(size))))
                with one:
                    with_masks(self.vectors.first(self.columns_left))

    def _left(self, count: int) -> Any:
        """Whether at least ``count`` columns are left."""
        return self.builder.icmp_signed(">=", self.columns_left, INDEX(count))

    def _add(self, masks: Any, a_rows: list[Any], a_step: Any, b_row: Callable[[Any], Any], depth: Any) -> None:
        """The same for as many vectors as there are masks; a mask of None is of a whole vector."""
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
        """Set each sum; they are variables here, which the compiler keeps in registers."""
        for row in range(len(sums)):
            for v in range(len(sums[row])):
                self.builder.store(value(row, v), sums[row][v])

    def _at(self, start: Any, vector: int) -> Any:
        return self.builder.gep(start, [INDEX(vector * self.vectors.count * self.vectors.bytes)])


@intrinsic
def _add_tile(typing: Any, a: Any, b: Any, out: Any, i: Any, j: Any, fresh: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, second, result = (View(context, builder, *pair) for pair in zip((a, b, out), values, strict=False))
        tile = Tile(builder, result, *values[3:])
        tile.add([first.at(row) for row in tile.rows], first.strides[1],
                 lambda k: second.at(k, tile.column), first.shape[1])
        return context.get_dummy_value()

    return types.void(a, b, out, types.intp, types.intp, types.boolean), generate


@intrinsic
def _add_tile_of_pieces(
    typing: Any, a: Any, memory: Any, starts: Any, out: Any, i: Any, j: Any, fresh: Any,
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, pieces, indices, result = (
            View(context, builder, *pair) for pair in zip((a, memory, starts, out), values, strict=False))
        tile = Tile(builder, result, *values[4:])
        tile.add([first.at(row) for row in tile.rows], first.strides[1],
                 lambda k: pieces.at(builder.add(indices.number(k), tile.column)), first.shape[1])
        return context.get_dummy_value()

    return types.void(a, memory, starts, out, types.intp, types.intp, types.boolean), generate


@intrinsic
def _add_tile_by_pieces(
    typing: Any, memory: Any, starts: Any, b: Any, out: Any, i: Any, j: Any, fresh: Any,
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pieces, indices, second, result = (
            View(context, builder, *pair) for pair in zip((memory, starts, b, out), values, strict=False))
        tile = Tile(builder, result, *values[4:])
        tile.add([pieces.at(indices.number(row)) for row in tile.rows], pieces.strides[0],
                 lambda k: second.at(k, tile.column), second.shape[0])
        return context.get_dummy_value()

    return types.void(memory, starts, b, out, types.intp, types.intp, types.boolean), generate


class Square:
    """The square of ``a`` at row i and column j, and where it is copied to: row p and column q of ``out``."""

    def __init__(self, builder: Any, a: View, out: View, corners: Any) -> None:
        self.builder, self.a, self.out = builder, a, out
        self.i, self.j, self.p, self.q = corners
        self.vectors = Vectors(builder, a.kind.dtype)

    def copy(self, transpose: bool) -> None:
        """Copy it. A whole square needs no masks; some processors are slow with masked stores."""
        builder, count = self.builder, INDEX(self.vectors.count)
        left = [builder.sub(self.a.shape[0], self.i), builder.sub(self.a.shape[1], self.j)]
        rows, columns = reversed(left) if transpose else left
        rows = smaller(builder, rows, builder.sub(self.out.shape[0], self.p))
        columns = smaller(builder, columns, builder.sub(self.out.shape[1], self.q))
        with builder.if_else(builder.icmp_signed(">=", smaller(builder, rows, columns), count)) as (whole, edge):
            with whole:
                self._copy(count, None, None, transpose)
            with edge:
                masks = self.vectors.first(left[1]), self.vectors.first(columns)
                self._copy(rows, *masks, transpose)

    def _copy(self, rows: Any, load_mask: Any, store_mask: Any, transpose: bool) -> None:
        """Copy the first ``rows`` rows of the result; the last of them is also written instead of the rows after it."""
        builder, vectors = self.builder, self.vectors
        last = builder.sub(self.a.shape[0], INDEX(1))
        addresses = [self.a.at(smaller(builder, builder.add(self.i, INDEX(row)), last), self.j)
                     for row in range(vectors.count)]
        square = [vectors.load(address, load_mask) for address in addresses]
        square = vectors.transposed(square) if transpose else square
        last = builder.sub(builder.add(self.p, rows), INDEX(1))
        for row in reversed(range(vectors.count)):  # backwards, so that the last row is written last by itself
            index = smaller(builder, builder.add(self.p, INDEX(row)), last)
            vectors.store(square[row], self.out.at(index, self.q), store_mask)


def _square_copy(a: Any, out: Any, transpose: bool) -> Any:
    """The signature and the code of a copy of a square."""
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, i, j, second, p, q = values
        views = View(context, builder, a, first), View(context, builder, out, second)
        Square(builder, *views, (i, j, p, q)).copy(transpose)
        return context.get_dummy_value()

    return types.void(a, types.intp, types.intp, out, types.intp, types.intp), generate


@intrinsic
def _copy_square(typing: Any, a: Any, i: Any, j: Any, out: Any, p: Any, q: Any) -> Any:
    return _square_copy(a, out, transpose=False)


@intrinsic
def _transpose_square(typing: Any, a: Any, i: Any, j: Any, out: Any, p: Any, q: Any) -> Any:
    return _square_copy(a, out, transpose=True)


INLINED: Any = {"forceinline": True}
overload(tile_rows)(lambda: _constant(tile_rows()))
overload(vector_size)(lambda out: _constant_of(out, processor().vector_bytes // (out.dtype.bitwidth // 8)))
overload(tile_columns)(lambda out: _constant_of(out, VECTORS * processor().vector_bytes // (out.dtype.bitwidth // 8)))


@overload(add_tile, jit_options=INLINED)
def _compiled_add_tile(a, b, out, i, j, fresh):
    return lambda a, b, out, i, j, fresh: _add_tile(a, b, out, i, j, fresh)  # type: ignore[call-arg]


@overload(add_tile_of_pieces, jit_options=INLINED)
def _compiled_add_tile_of_pieces(a, memory, starts, out, i, j, fresh):
    return lambda a, memory, starts, out, i, j, fresh: _add_tile_of_pieces(  # type: ignore[call-arg]
        a, memory, starts, out, i, j, fresh)


@overload(add_tile_by_pieces, jit_options=INLINED)
def _compiled_add_tile_by_pieces(memory, starts, b, out, i, j, fresh):
    return lambda memory, starts, b, out, i, j, fresh: _add_tile_by_pieces(  # type: ignore[call-arg]
        memory, starts, b, out, i, j, fresh)


@overload(copy_square, jit_options=INLINED)
def _compiled_copy_square(a, i, j, out, p, q):
    return lambda a, i, j, out, p, q: _copy_square(a, i, j, out, p, q)  # type: ignore[call-arg]


@overload(transpose_square, jit_options=INLINED)
def _compiled_transpose_square(a, i, j, out, p, q):
    return lambda a, i, j, out, p, q: _transpose_square(a, i, j, out, p, q)  # type: ignore[call-arg]


def _constant(number: int) -> Callable[[], int]:
    return lambda: number


def _constant_of(out: Any, number: int) -> Callable[[Any], int]:
    return lambda out: number
