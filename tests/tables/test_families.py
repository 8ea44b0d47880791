"""The portfolio: valid configurations, each family early, and trees of their own for large tables."""

from __future__ import annotations

import pytest

from scratchtune.core.search import Space
from scratchtune.tables.families import FAMILIES, FAMILY, MANY, in_turn, joint_space, portfolio


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("rows", [100, MANY + 1])
def test_every_configuration_is_in_the_space_and_none_is_there_twice(classes: int, rows: int) -> None:
    found = portfolio(tuple(FAMILIES), classes, rows)
    space = Space(joint_space(tuple(FAMILIES)))
    assert [space.check(params) for params in found] == found
    assert len({repr(sorted(params.items())) for params in found}) == len(found) > 10


@pytest.mark.parametrize("rows", [100, MANY + 1])
def test_each_family_is_among_the_first_three(rows: int) -> None:
    assert {params[FAMILY] for params in portfolio(tuple(FAMILIES), 2, rows)[:3]} == set(FAMILIES)


def test_a_large_table_gets_other_trees_in_turn_with_networks() -> None:
    small, large = (portfolio(tuple(FAMILIES), 0, rows) for rows in (MANY, MANY + 1))
    assert [params for params in small if params[FAMILY] == "trees"] != [
        params for params in large if params[FAMILY] == "trees"]
    assert [params[FAMILY] for params in large[:5]] == ["linear", "trees", "network", "trees", "network"]


def test_only_the_wanted_families_are_tried() -> None:
    assert {params[FAMILY] for params in portfolio(("network",), 2, 10**6)} == {"network"}


def test_in_turn_keeps_all() -> None:
    assert in_turn([1, 2], [3, 4, 5, 6]) == [1, 3, 2, 4, 5, 6] and in_turn([], [1]) == [1]
