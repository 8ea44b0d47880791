"""Cholesky's factor, and the solutions and the inverse that are computed from it, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search.bayesian.cholesky import cholesky, inverse, solve_lower, solve_lower_vector, solve_upper


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_factor_and_the_solutions(n: int) -> None:
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, n + 3))
    a = a @ a.T + 0.1 * np.eye(n)
    upper = a.copy()
    assert cholesky(upper)
    np.testing.assert_allclose(np.triu(upper).T @ np.triu(upper), a, rtol=1e-12, atol=1e-12)
    b = rng.standard_normal((n, 5))
    z = b.copy()
    solve_lower(upper, z)
    np.testing.assert_allclose(np.triu(upper).T @ z, b, rtol=1e-9, atol=1e-9)
    for k, column in enumerate(b.T.copy()):
        solve_lower_vector(upper, column)
        assert column.tolist() == z[:, k].tolist()  # to the same bits
    x = b[:, 0].copy()
    solve_upper(upper, x)
    np.testing.assert_allclose(np.triu(upper) @ x, b[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(inverse(upper) @ a, np.eye(n), atol=1e-8)


def test_a_matrix_that_is_not_positive_definite_has_no_factor() -> None:
    assert not cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not cholesky(np.array([[np.nan]]))
