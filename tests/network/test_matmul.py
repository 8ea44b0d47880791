"""Matrix products: one by hand, every remainder of the tiles, nothing written beside the result; NumPy as oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.network.matmul import (
    add_shifted_products,
    multiply,
    multiply_shifted,
    multiply_transposed,
    transpose,
)

SIZES = [1, 2, 3, 4, 5, 8, 17, 20]


def _random(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return rng.normal(size=shape).astype(dtype)


def test_products_by_hand() -> None:
    """(1 2; 3 4) times (5 6; 7 8) is (1*5 + 2*7, 1*6 + 2*8; 3*5 + 4*7, 3*6 + 4*8)."""
    a, b, out = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.full((2, 2), np.nan)
    multiply(a, b, out)
    assert out.tolist() == [[19.0, 22.0], [43.0, 50.0]]
    multiply_transposed(a, b, out)
    assert out.tolist() == [[17.0, 23.0], [39.0, 53.0]]
    transpose(a, out)
    assert out.tolist() == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_every_remainder_of_the_tiles_is_numpys_product(dtype: Any, tolerance: float) -> None:
    rng = np.random.default_rng(0)
    for i in SIZES:
        for k in SIZES:
            for j in SIZES:
                a, b, out = _random(rng, (i, k), dtype), _random(rng, (k, j), dtype), np.full((i, j), np.nan, dtype)
                multiply(a, b, out)
                np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)
                multiply(np.ascontiguousarray(a.T).T, b, out)
                np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)
                multiply_transposed(a, np.ascontiguousarray(b.T), out)
                np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(6, 300, 33), (5, 130, 1030), (3, 700, 520), (33, 257, 600)])
def test_sizes_beyond_a_block(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    i, k, j = shape
    a, b, out = _random(rng, (i, k), np.float64), _random(rng, (k, j), np.float64), np.full((i, j), np.nan)
    multiply(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)
    multiply_transposed(a, np.ascontiguousarray(b.T), out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)


def test_nothing_is_written_beside_the_result() -> None:
    rng = np.random.default_rng(2)
    for i in SIZES:
        for j in SIZES:
            a, b = _random(rng, (i, 5), np.float64), _random(rng, (5, j), np.float64)
            for product in (lambda out, a=a, b=b: multiply(a, b, out),
                            lambda out, a=a, b=b: multiply_transposed(a, np.ascontiguousarray(b.T), out),
                            lambda out, a=a, b=b: transpose(np.ascontiguousarray((a @ b).T), out)):
                memory = np.full(i * j + 64, -7.0)
                product(memory[32 : 32 + i * j].reshape(i, j))
                assert (memory[:32] == -7.0).all() and (memory[32 + i * j :] == -7.0).all()
                np.testing.assert_allclose(memory[32 : 32 + i * j].reshape(i, j), a @ b, atol=1e-13)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_pieces_of_one_memory_are_rows_of_a_matrix(dtype: Any, tolerance: float) -> None:
    """They overlap, stand in any order, and come twice; every remainder of the tiles."""
    rng = np.random.default_rng(3)
    for i in SIZES:
        for k in SIZES:
            for j in SIZES:
                memory, starts = rng.normal(size=40).astype(dtype), rng.integers(0, 41 - j, k)
                b = np.stack([memory[start : start + j] for start in starts])
                a, out = _random(rng, (i, k), dtype), np.full((i, j), np.nan, dtype)
                multiply_shifted(a, memory, starts, out)
                np.testing.assert_allclose(out, a @ b, rtol=tolerance, atol=tolerance)
                a, out = _random(rng, (i, j), dtype), np.ones((i, k), dtype)
                add_shifted_products(a, memory, starts, out)
                np.testing.assert_allclose(out, 1 + a @ b.T, rtol=tolerance, atol=tolerance)


def test_transpose_is_exact_for_every_remainder() -> None:
    for rows in (*SIZES, 33):
        for columns in SIZES:
            a = np.arange(rows * columns, dtype=np.float64).reshape(rows, columns)
            out = np.full((columns, rows), np.nan)
            transpose(a, out)
            assert (out == a.T).all()


def test_nan_and_infinity_reach_their_row_or_column_alone() -> None:
    a, b = np.ones((5, 6)), np.ones((6, 7))
    a[1, 2], b[3, 4] = np.nan, np.inf
    for out in (np.zeros((5, 7)), np.zeros((5, 7))):
        multiply(a, b, out)
        np.testing.assert_array_equal(out, a @ b)
        multiply_transposed(a, np.ascontiguousarray(b.T), out)
        np.testing.assert_array_equal(out, a @ b)
