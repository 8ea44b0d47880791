"""Matrix products: by hand, every shape, one order of the sums, nothing touched beside the arrays; NumPy as oracle."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numba.core.errors import TypingError

from scratchtune import jit
from scratchtune.core.jit.vectors import processor
from scratchtune.core.network.matmul import (
    add_shifted_products,
    copy_panels,
    multiply,
    multiply_packed,
    multiply_shifted,
    multiply_transposed,
    pack_transposed,
    transpose,
)

SIZES = [1, 2, 5, 6, 8, 9, 16, 17, 31, 32, 33, 64, 70]  # around the rows and the columns of tiles
PRECISION = pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
GUARD = -7.0


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return rng.normal(size=shape).astype(dtype)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NumPy's product, in float64."""
    return np.asarray(a.astype(np.float64) @ b.astype(np.float64))


def _error(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference from NumPy's product, relative to the sum of the absolute values of the terms."""
    return float(np.max(np.abs(out - _product(a, b)) / _product(np.abs(a), np.abs(b))))


def _inner(array: np.ndarray) -> np.ndarray:
    """A copy of a matrix in the middle of a larger one that is NaN around it.

    Each layout of the arguments is compiled separately: these tests have two of them, whole arrays and such views.
    """
    around = np.full((array.shape[0] + 2, array.shape[1] + 3), np.nan, array.dtype)
    around[1:-1, 1:-2] = array
    return around[1:-1, 1:-2]


class Products:
    """The four ways to compute a @ b, for all or the first columns of b; each writes to ``out``, a view or whole."""

    def __init__(self, a: np.ndarray, b: np.ndarray, views: bool = False) -> None:
        self.a, self.b, self.views = a, b, views
        self.memory, self.starts = b.ravel(), np.arange(b.shape[0]) * b.shape[1]

    def all(self) -> tuple[Callable[[np.ndarray], None], ...]:
        """From matrices as they are, b transposed, slices of a vector; as views a transposed view of a too."""
        if not self.views:
            return (lambda out: multiply(self.a, np.ascontiguousarray(self.b[:, : out.shape[1]]), out),
                    lambda out: multiply_transposed(self.a, np.ascontiguousarray(self.b[:, : out.shape[1]].T), out),
                    lambda out: multiply_shifted(self.a, self.memory, self.starts, out))
        a, a_view, b, b_t = _inner(self.a), _inner(self.a.T).T, _inner(self.b), _inner(self.b.T)
        return (lambda out: multiply(a, b[:, : out.shape[1]], out),
                lambda out: multiply(a_view, b[:, : out.shape[1]], out),
                lambda out: multiply_transposed(a, b_t[: out.shape[1]], out),
                lambda out: multiply_shifted(self.a, self.memory, self.starts, out))


def test_products_by_hand() -> None:
    """(1 2; 3 4) times (5 6; 7 8) is (1*5 + 2*7, 1*6 + 2*8; 3*5 + 4*7, 3*6 + 4*8)."""
    a, b, out = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.full((2, 2), np.nan)
    multiply(a, b, out)
    assert out.tolist() == [[19.0, 22.0], [43.0, 50.0]]
    multiply_transposed(a, b, out)
    assert out.tolist() == [[17.0, 23.0], [39.0, 53.0]]
    starts = np.array([0, 1])
    multiply_shifted(a, np.array([5.0, 6.0, 7.0]), starts, out)  # b is (5 6; 6 7)
    assert out.tolist() == [[17.0, 20.0], [39.0, 46.0]]
    add_shifted_products(np.array([1.0, 2.0, 3.0]), starts, b, out)  # a is (1 2; 2 3)
    assert out.tolist() == [[17.0 + 19.0, 20.0 + 22.0], [39.0 + 31.0, 46.0 + 36.0]]


def _panels(k: int, j: int, dtype: Any) -> np.ndarray:
    """Memory for panels of a matrix (k, j), full of guard values."""
    columns = jit.tile_columns(np.empty(0, dtype))
    return np.full((-(-j // columns), k, columns), GUARD, dtype)


@PRECISION
def test_packed_products_are_numpys(dtype: Any, tolerance: float) -> None:
    """Written to, or added to, a part of a larger array; the bits are those of `multiply`."""
    rng = np.random.default_rng(3)
    for i, k, j in [(1, 1, 1), (2, 3, 5), (7, 33, 31), (32, 64, 192), (9, 300, 33), (8, 17, 32)]:
        a, b = _random(rng, (i, k), dtype), _random(rng, (k, j), dtype)
        panels, transposed, plain = _panels(k, j, dtype), _panels(k, j, dtype), np.empty((i, j), dtype)
        copy_panels(b, panels)
        pack_transposed(np.ascontiguousarray(b.T), transposed)
        multiply(a, b, plain)
        for packed in (panels, transposed):
            around = np.full((i, j + 5), GUARD, dtype)
            out = around[:, 2 : 2 + j]
            multiply_packed(a, packed, out, True)
            assert (out == plain).all() and (np.delete(around, np.s_[2 : 2 + j], 1) == GUARD).all()
            multiply_packed(a, packed, out, False)
            assert _error(out / 2, a, b) < tolerance


def _check_shapes(sizes: Sequence[int], dtype: Any, tolerance: float) -> None:
    """All products of these rows, k and columns: of whole arrays, and in the middle of guard values, which must stay.

    NumPy and so Numba take a single row for a whole array, also in the middle of others: views have no size of 1.
    """
    rng = np.random.default_rng(0)
    largest = max(sizes)
    for i, k in product(sizes, sizes):
        a, b = _random(rng, (i, k), dtype), _random(rng, (k, largest), dtype)
        exact, bound = _product(a, b), tolerance * _product(np.abs(a), np.abs(b))
        around = np.full((i + 2, largest + 6), GUARD, dtype)
        for views in (False, True)[: 1 if min(i, k) == 1 else 2]:
            for write, j in product(Products(a, b, views).all(), sizes[views:]):
                out = around[1:-1, 3 : 3 + j] if views else np.empty((i, j), dtype)
                write(out)
                assert (np.abs(out - exact[:, :j]) <= bound[:, :j]).all(), (i, k, j)
                out[:] = GUARD
                assert (around == GUARD).all(), (i, k, j)


@pytest.mark.slow
@PRECISION
def test_every_remainder_of_the_tiles_is_numpys_product(dtype: Any, tolerance: float) -> None:
    _check_shapes([1, 7, 8, 17, 33] if jit.DISABLED else SIZES, dtype, tolerance)


@pytest.mark.slow
@PRECISION
def test_every_shape_from_1_to_70(dtype: Any, tolerance: float) -> None:
    _check_shapes(range(1, 71), dtype, tolerance)


def _check_larger(count: int, largest: int, dtype: Any, tolerance: float) -> None:
    rng = np.random.default_rng(1)
    for number in range(count):
        i, k, j = (int(size) for size in np.exp(rng.uniform(np.log(60), np.log(largest), 3)))
        a, b = _random(rng, (i, k), dtype), _random(rng, (k, j), dtype)
        for views in (False, True):
            for write in Products(a, b, views).all():
                out = np.full((i, j), np.nan, dtype)
                out = _inner(out) if views else out
                write(out)
                assert _error(out, a, b) < tolerance, (number, i, k, j)


@PRECISION
def test_sizes_beyond_a_panel(dtype: Any, tolerance: float) -> None:
    _check_larger(3, 500, dtype, tolerance)


@pytest.mark.slow
@PRECISION
def test_a_hundred_larger_shapes(dtype: Any, tolerance: float) -> None:
    _check_larger(100, 900, dtype, tolerance)


@PRECISION
def test_views_with_any_strides(dtype: Any, tolerance: float) -> None:
    """Every second row and third column of a, backwards; rows of b and of the result in the middle of longer ones."""
    rng = np.random.default_rng(2)
    for i, k, j in product([2, 9, 40], [3, 50, 300], [5, 32, 45, 300]):
        a = _random(rng, (2 * i, 3 * k), dtype)[::-2, ::-3]
        b = _random(rng, (2 * k, j + 9), dtype)[::2, 4 : 4 + j]
        out = np.full((2 * i, j + 5), np.nan, dtype)[::2, 2 : 2 + j]
        multiply(a, b, out)
        assert _error(out, a, b) < tolerance
        b = _random(rng, (2 * j, k + 9), dtype)[::2, 4 : 4 + k]
        multiply_transposed(a, b, out)
        assert _error(out, a, b.T) < tolerance


@PRECISION
def test_pieces_of_one_memory_are_rows_of_a_matrix(dtype: Any, tolerance: float) -> None:
    """They overlap, are in any order, and some occur twice."""
    rng = np.random.default_rng(3)
    for i, k, j in product(SIZES[:8], SIZES[:8], SIZES):
        memory, starts = _random(rng, (90,), dtype), rng.integers(0, 91 - j, k)
        b = np.stack([memory[start : start + j] for start in starts])
        a, out = _random(rng, (i, k), dtype), np.full((i, j), np.nan, dtype)
        multiply_shifted(a, memory, starts, out)
        assert _error(out, a, b) < tolerance
        c, out = _random(rng, (j, i), dtype), np.full((k, i), 1.0, dtype)
        add_shifted_products(memory, starts, c, out)
        ones_b, c_ones = np.hstack([b, np.ones((k, 1), dtype)]), np.vstack([c, np.ones((1, i), dtype)])
        assert _error(out, ones_b, c_ones) < tolerance


@PRECISION
def test_a_row_has_the_same_bits_whatever_the_number_of_rows(dtype: Any, tolerance: float) -> None:
    rng = np.random.default_rng(4)
    for k, j in [(3, 1), (64, 10), (64, 64), (70, 33), (300, 300)]:
        a, b = _random(rng, (40, k), dtype), _random(rng, (k, j), dtype)
        together = np.empty((40, j), dtype)
        multiply(a, b, together)
        for count in (1, 7, 8, 9, 30):
            for views in (False, True)[: 1 if min(count, j) == 1 else 2]:
                for write in Products(a[:count], b, views).all():
                    some = np.empty((count, j), dtype)
                    some = _inner(some) if views else some
                    write(some)
                    assert (some == together[:count]).all()


@pytest.mark.parametrize("shape", [(40, 20, 33), (10, 300, 300)])  # the second one takes two panels
def test_each_sum_is_one_chain_in_the_order_written(shape: tuple[int, int, int]) -> None:
    """Of multiply-adds that round once, or twice where the processor has no other ones.

    In float64 the product of two float32 is exact, but its sum with a third is rounded to float64 and then to float32,
    which changes about one in a thousand of the fused sums.
    """
    rng = np.random.default_rng(5)
    i, inner, j = shape
    a, b = _random(rng, (i, inner), np.float32), _random(rng, (inner, j), np.float32)
    out, chain = np.empty((i, j), np.float32), np.zeros((i, j), np.float32)
    multiply(a, b, out)
    fused = processor().fused and not jit.DISABLED
    for k in range(inner):
        exact = a[:, k : k + 1].astype(np.float64) * b[k]
        chain = (chain + (exact if fused else exact.astype(np.float32))).astype(np.float32)
    assert (out != chain).mean() <= (0.01 if fused else 0.0)


def test_an_empty_sum_is_zero() -> None:
    for write in Products(np.empty((3, 0)), np.empty((0, 5))).all():
        out = np.full((3, 5), np.nan)
        write(out)
        assert (out == 0.0).all()


@pytest.mark.needs_compiler  # plain Python takes any arrays
def test_arrays_that_would_be_misread_are_refused() -> None:
    a, b, out = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32), np.empty((3, 5), np.float32)
    read_only = out.copy()
    read_only.flags.writeable = False
    for arrays, message in [
        ((a, b.astype(np.float64), out), "float32, float64; all must be float32 or all float64"),
        ((a.astype(int), b.astype(int), out.astype(int)), "int64; all must be"),
        ((a, np.asfortranarray(b), out), "Fortran order"), ((a, b, np.asfortranarray(out)), "Fortran order"),
        ((a, b, read_only), "out is read-only"),
    ]:
        with pytest.raises(TypingError, match=message):
            multiply(*arrays)
    with pytest.raises(TypingError, match="starts has the dtype int32; it must be int64"):
        multiply_shifted(a, b.ravel(), np.zeros(4, np.int32), out)


AT_THE_END_OF_MEMORY = """
import ctypes, mmap
import numpy as np
from scratchtune.core.network.matmul import add_shifted_products, multiply, multiply_shifted, multiply_transposed

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)

def at_the_end(array):
    '''A copy whose last byte is the last one of a page; the next page can't be read.'''
    pages = -(-array.nbytes // PAGE)
    memory = mmap.mmap(-1, (pages + 1) * PAGE)
    whole = np.frombuffer(memory, np.uint8)
    assert libc.mprotect(ctypes.c_void_p(whole.ctypes.data + pages * PAGE), PAGE, 0) == 0
    copy = whole[pages * PAGE - array.nbytes : pages * PAGE].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy

rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for i, k, j in [(1, 1, 1), (3, 5, 7), (9, 17, 33), (8, 64, 10), (33, 300, 301), (6, 16, 16)]:
        a, b = at_the_end(rng.normal(size=(i, k)).astype(dtype)), at_the_end(rng.normal(size=(k, j)).astype(dtype))
        out, starts = at_the_end(np.zeros((i, j), dtype)), np.arange(k) * j
        multiply(a, b, out)
        np.testing.assert_allclose(out, a @ b, rtol=1e-3, atol=1e-3)
        multiply(at_the_end(a.T).T, b, out)
        multiply_transposed(a, at_the_end(b.T), out)
        multiply_shifted(a, b.ravel(), starts, out)
        add_shifted_products(a.ravel(), np.arange(i) * k, b, out)
        np.testing.assert_allclose(out, 2 * (a @ b), rtol=1e-3, atol=1e-3)
print("no page fault")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is protected by a function of Linux")
def test_no_memory_beyond_the_arrays_is_read() -> None:
    """In another process, because a read of a protected page would end this one."""
    run = subprocess.run([sys.executable, "-c", AT_THE_END_OF_MEMORY], capture_output=True, text=True)
    assert run.stdout == "no page fault\n", run.stderr


def test_nan_and_infinity_reach_their_row_or_column_alone() -> None:
    a, b = np.ones((5, 6)), np.ones((6, 7))
    a[1, 2], b[3, 4] = np.nan, np.inf
    for views in (False, True):
        for write in Products(a, b, views).all():
            out = _inner(np.zeros((5, 7))) if views else np.zeros((5, 7))
            write(out)
            np.testing.assert_array_equal(out, a @ b)


@PRECISION
def test_transpose_writes_the_transposed_matrix_and_nothing_else(dtype: Any, tolerance: float) -> None:
    for rows, columns in product((*SIZES[1:], 100), SIZES[1:]):
        a = np.arange(2.0 * rows * columns, dtype=dtype).reshape(rows, 2 * columns)[:, 1 : 1 + columns]
        around = np.full((columns + 2, rows + 5), GUARD, dtype)
        out = around[1:-1, 3 : 3 + rows]
        transpose(a, out)
        assert (out == a.T).all()
        out[:] = GUARD
        assert (around == GUARD).all()
        part = around[:, :-1]  # as everywhere here no whole array, and larger than a
        transpose(a, part)
        assert (around[:columns, :rows] == a.T).all()
        assert (around[columns:] == GUARD).all() and (around[:, rows:] == GUARD).all()


@PRECISION
def test_transpose_of_a_single_row_or_column(dtype: Any, tolerance: float) -> None:
    for rows, columns in [(1, 1), *((1, size) for size in SIZES), *((size, 1) for size in SIZES)]:
        a, out = np.arange(1.0 * rows * columns, dtype=dtype).reshape(rows, columns), np.empty((columns, rows), dtype)
        transpose(a, out)
        assert (out == a.T).all()
