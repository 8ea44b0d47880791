"""The variance decomposition on full grids: by hand, against all ANOVA components, against known integrals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from scratchtune.insight.importances import decompose_grid


def on_grid(function: Callable[..., np.ndarray], axes: int, n: int) -> np.ndarray:
    """The values of a function at the middles of the cells of the unit cube."""
    middles = (np.arange(n) + 0.5) / n
    return function(*np.meshgrid(*[middles] * axes, indexing="ij"))


def ishigami(u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Ishigami's function, a = 7, b = 0.1, of x = pi * (2 u - 1)."""
    x, y, z = (np.pi * (2.0 * unit - 1.0) for unit in (u, v, w))
    return np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def sobol_g(*units: np.ndarray) -> np.ndarray:
    """Sobol's g function, a = 0, 1, 4.5, 9."""
    weights = (0.0, 1.0, 4.5, 9.0)
    return np.prod([(abs(4.0 * u - 2.0) + weights[j]) / (1.0 + weights[j]) for j, u in enumerate(units)], axis=0)


def components(values: np.ndarray) -> dict[tuple[int, ...], float]:
    """The shares of all subsets, from the components themselves: each is a mean minus all components within it."""
    parts: dict[tuple[int, ...], np.ndarray] = {}
    for size in range(values.ndim + 1):
        for kept in combinations(range(values.ndim), size):
            part = values.mean(axis=tuple(j for j in range(values.ndim) if j not in kept), keepdims=True)
            for inner in range(size):
                for within in combinations(kept, inner):
                    part = part - parts[within]
            parts[kept] = part
    return {kept: float((part**2).mean() / values.var()) for kept, part in parts.items() if kept}


@pytest.mark.parametrize("function, axes, n", [(ishigami, 3, 40), (sobol_g, 4, 16)])
def test_equals_the_components_of_all_subsets(function: Callable[..., np.ndarray], axes: int, n: int) -> None:
    values = on_grid(function, axes, n)
    truth = components(values)
    assert sum(truth.values()) == pytest.approx(1.0, abs=1e-12)
    shares = decompose_grid(values)
    np.testing.assert_allclose(shares.main, [truth[j,] for j in range(axes)], atol=1e-12)
    for pair, share in shares.pairs.items():
        assert share == pytest.approx(truth[pair], abs=1e-12)


def test_an_additive_function_and_a_pure_interaction() -> None:
    added = decompose_grid(on_grid(lambda u, v, w: 3.0 * u + 2.0 * v + w, 3, 9))
    np.testing.assert_allclose(added.main, np.array([9.0, 4.0, 1.0]) / 14.0, atol=1e-14)
    assert max(added.pairs.values()) < 1e-14
    product = decompose_grid(on_grid(lambda u, v: (u - 0.5) * (v - 0.5), 2, 9))
    np.testing.assert_allclose(product.main, 0.0, atol=1e-14)
    assert product.pairs[0, 1] == pytest.approx(1.0, abs=1e-14)


def test_fine_grids_reach_the_integrals() -> None:
    """Ishigami's: V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225. Sobol's: Vj = 1 / (3 (1 + aj)^2).

    The midpoint rule leaves an error of order 1 / n^2 on a grid of n values an axis.
    """
    first, second, third = 0.5 * (1.0 + 0.02 * np.pi**4) ** 2, 49.0 / 8.0, 0.08 * np.pi**8 / 225.0
    shares, total = decompose_grid(on_grid(ishigami, 3, 100)), first + second + third
    np.testing.assert_allclose(shares.main, np.array([first, second, 0.0]) / total, atol=4e-4)
    assert shares.pairs[0, 2] == pytest.approx(third / total, abs=4e-4)
    shares, (first, second) = decompose_grid(on_grid(sobol_g, 2, 1000)), (1.0 / 3.0, 1.0 / 12.0)
    total = (1.0 + first) * (1.0 + second) - 1.0
    np.testing.assert_allclose(shares.main, np.array([first, second]) / total, atol=1e-6)
    assert shares.pairs[0, 1] == pytest.approx(first * second / total, abs=1e-6)


def test_huge_and_tiny_values_have_the_same_shares() -> None:
    values = on_grid(ishigami, 3, 8)
    for scale in (2.0**1000, 2.0**-1040):
        np.testing.assert_allclose(decompose_grid(values * scale).main, decompose_grid(values).main, atol=1e-7)


def test_bad_values_are_refused() -> None:
    with pytest.raises(ValueError, match="values are all 2; they must differ"):
        decompose_grid(np.full((3, 3), 2.0))
    with pytest.raises(ValueError, match="values holds NaN"):
        decompose_grid([[1.0, np.nan]])
