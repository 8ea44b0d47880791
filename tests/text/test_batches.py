"""Batches of similar length: every row once, little padding, an order that depends on seed and epoch alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.text import length_batches

LENGTHS = np.random.default_rng(0).integers(1, 13, 103)


def orders(*arguments: Any, **named: Any) -> list[list[int]]:
    return [batch.tolist() for batch in length_batches(*arguments, **named)]


def test_by_hand() -> None:
    found = orders([5, 1, 5, 1, 9], batch_size=2)
    assert sorted(sorted(batch) for batch in found) == [[0, 2], [1, 3], [4]]


@pytest.mark.parametrize("size", [1, 10, 103, 200])
@pytest.mark.parametrize("epoch", range(3))
def test_every_row_is_in_one_batch(size: int, epoch: int) -> None:
    batches = length_batches(LENGTHS, size, seed=1, epoch=epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(103))
    assert sorted(map(len, batches))[1:] == [size] * (len(batches) - 1)


def test_the_lengths_of_a_batch_are_consecutive() -> None:
    batches = length_batches(LENGTHS, 10)
    ranges = sorted((LENGTHS[batch].min(), LENGTHS[batch].max()) for batch in batches)
    assert all(high <= low for (_, high), (low, _) in zip(ranges, ranges[1:], strict=False))
    padded = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    assert padded < 1.1 * LENGTHS.sum() < 103 * LENGTHS.max()


def test_pairs_are_sorted_by_the_first_length_then_the_second() -> None:
    pairs = np.array([[3, 9], [3, 1], [2, 5], [3, 2], [2, 1], [3, 8]])
    assert sorted(sorted(batch) for batch in orders(pairs, 2)) == [[0, 5], [1, 3], [2, 4]]


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    np.random.seed(5)
    first = orders(LENGTHS, 10, seed=1, epoch=2)
    np.random.seed(6)
    assert orders(LENGTHS.tolist(), 10, seed=1, epoch=2) == first
    different = [first, orders(LENGTHS, 10, seed=1, epoch=3), orders(LENGTHS, 10, seed=2, epoch=1), orders(LENGTHS, 10)]
    assert len({str(order) for order in different}) == 4
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in different[1]}


@pytest.mark.parametrize("lengths, arguments, message", [
    ([], {}, "lengths is empty"),
    ([1.5], {}, "lengths holds float64 numbers, .* integers of at least 0"),
    ([-1], {}, "the least is -1; it must hold integers of at least 0"),
    ([[1, 2, 3]], {}, r"lengths has shape \(1, 3\); it must be \(n,\), or \(n, 2\) for pairs"),
    ([1], {"batch_size": 0}, "batch_size is 0"),
    ([1], {"seed": -1}, "seed is -1"),
    ([1], {"epoch": -1}, "epoch is -1"),
])
def test_bad_input(lengths: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        length_batches(lengths, **{"batch_size": 2, **arguments})
