"""Random numbers: known ones of SplitMix64, their spread, and every order of a shuffle equally often."""

from __future__ import annotations

import itertools
import warnings

import numpy as np

from scratchtune import jit
from scratchtune.core.network.engine import epoch_order
from scratchtune.core.network.random_numbers import random_bits, shuffle, uniform


def _bits(key: int, count: int) -> list[int]:
    return [int(random_bits(np.uint64(key), np.uint64(i))) for i in range(count)]


def _shuffled(n: int, key: int) -> list[int]:
    order = np.full(n, -1)
    shuffle(order, np.uint64(key))
    return order.tolist()


def test_the_published_numbers_of_splitmix64() -> None:
    """The first numbers for two seeds, as the generator's reference implementation prints them."""
    assert _bits(0, 1) == [0xE220A8397B1DCDAF]
    assert _bits(1234567, 5) == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]


def test_bits_become_a_number_below_one_by_hand() -> None:
    assert float(uniform(np.uint64(0))) == 0.0
    assert float(uniform(np.uint64(2**63))) == 0.5
    assert float(uniform(np.uint64(2**64 - 1))) == 1.0 - 2.0**-53


def test_a_shuffle_by_hand() -> None:
    """Three cards: the last changes places with card j of 0..2, then the middle one with card j of 0..1."""
    key = 5
    drawn = _bits(key, 3)
    first, second = int(float(uniform(np.uint64(drawn[2]))) * 3), int(float(uniform(np.uint64(drawn[1]))) * 2)
    cards = [0, 1, 2]
    cards[2], cards[first] = cards[first], cards[2]
    cards[1], cards[second] = cards[second], cards[1]
    assert _shuffled(3, key) == cards


def test_the_smallest_shuffles() -> None:
    assert _shuffled(0, 1) == [] and _shuffled(1, 1) == [0]


def test_uniform_numbers_are_spread_evenly() -> None:
    u = np.array([float(uniform(np.uint64(bits))) for bits in _bits(7, 20000)])
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / u.size)
    assert abs(u.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / u.size)
    assert np.abs(np.histogram(u, 20, (0, 1))[0] - 1000).max() < 5 * np.sqrt(1000)
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 5 / np.sqrt(u.size)


def test_one_bit_of_key_or_counter_flips_half_of_the_bits() -> None:
    for flip_key, flip_counter in itertools.product([0, 1, 2**40], [0, 1, 2**40]):
        if flip_key or flip_counter:
            flipped = [
                (int(random_bits(np.uint64(key ^ flip_key), np.uint64(3 ^ flip_counter)))
                 ^ int(random_bits(np.uint64(key), np.uint64(3)))).bit_count() for key in range(500)]
            assert abs(np.mean(flipped) - 32) < 5 * 4 / np.sqrt(500)


def test_every_order_of_four_comes_equally_often() -> None:
    orders = [tuple(_shuffled(4, key)) for key in range(12000)]
    counts = [orders.count(order) for order in itertools.permutations(range(4))]
    assert sum(counts) == 12000 and max(abs(count - 500) for count in counts) < 5 * np.sqrt(500)


def test_an_epochs_order_depends_on_seed_and_epoch_alone() -> None:
    seed = np.uint64(3)
    first = epoch_order(50, 0, seed).tolist()
    epoch_order(50, 1, seed)
    assert epoch_order(50, 0, seed).tolist() == first
    assert sorted(first) == list(range(50))
    others = [epoch_order(50, 1, seed).tolist(), epoch_order(50, 0, np.uint64(4)).tolist()]
    assert first not in others and others[0] != others[1]


def test_plain_python_draws_the_same_bits() -> None:
    """And without a word: the integers wrap around by intention."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = [int(jit.plain(random_bits)(np.uint64(9), np.uint64(i))) for i in range(20)]
        last = int(jit.plain(random_bits)(np.uint64(2**64 - 1), np.uint64(2**64 - 1)))
    assert plain == _bits(9, 20)
    assert last == int(random_bits(np.uint64(2**64 - 1), np.uint64(2**64 - 1)))
