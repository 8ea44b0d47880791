"""The best split of a column: the gain that is said is that of the side that is said, and no other side has more."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scratchtune.tables.trees.split import LEAST_ROWS, Limits, category_split, number_split, side_gain

LIMITS = Limits(max_leaves=8, max_depth=9, min_samples_leaf=5, columns=1, l2=1.0, rate=0.1)


def histogram(seed: int, rows: list[int]) -> np.ndarray:
    """Sums of gradients and of Hessians, and the number of rows, by bin."""
    rng = np.random.default_rng(seed)
    return np.array([[rng.normal() * n, n * rng.uniform(0.5, 1.0), n] for n in rows], dtype=float)


def gain_of(bins: np.ndarray, left: list[int]) -> float:
    return float(side_gain(*bins[left].sum(axis=0), bins.sum(axis=0), LIMITS))


@pytest.mark.parametrize("seed", range(8))
def test_rare_categories_go_with_the_larger_side_and_their_sums_count(seed: int) -> None:
    bins = histogram(seed, [40, 3, 25, 30, 0, 9, 10 + seed])
    order, ranks = np.zeros(256, np.int64), np.zeros(256)
    gain, count, rare = category_split(bins, bins.sum(axis=0), LIMITS, order, ranks)
    frequent, others = [0, 2, 3, 6], [1, 4, 5]
    assert all((bins[b, 2] >= LEAST_ROWS) == (b in frequent) for b in range(7)) and sorted(order[:4]) == frequent
    first = [int(b) for b in order[:count]]
    assert rare == (2 * bins[first, 2].sum() > bins[frequent, 2].sum())
    assert gain == pytest.approx(gain_of(bins, first + others * rare))
    prefixes = [list(map(int, order[:k])) for k in range(1, 4)]
    assert gain >= max(gain_of(bins, some + others * int(2 * bins[some, 2].sum() > bins[frequent, 2].sum()))
                       for some in prefixes) - 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_the_best_split_of_numbers_is_that_found_by_trying_all(seed: int) -> None:
    """Missing values, in the last bin, go to whichever side is better; without any, to the side with more rows."""
    bins = histogram(seed, [9, 4, 0, 20, 6, 11, 8 * (seed % 2)])
    gain, last, missing = number_split(bins, bins.sum(axis=0), LIMITS)
    tried = {(k, m): gain_of(bins, [*range(k + 1), *[6] * m])
             for k, m in itertools.product(range(6), range(1 + seed % 2))}
    assert gain == pytest.approx(max(tried.values())) and tried[last, missing * (seed % 2)] == pytest.approx(gain)
    assert seed % 2 or missing == (2 * bins[: last + 1, 2].sum() > bins[:, 2].sum())
