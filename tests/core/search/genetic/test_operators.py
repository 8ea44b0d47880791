"""The genetic operators, one by one: a worked example, what always holds, and the same numbers from pymoo's SBX."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search.genetic import operators

NAN = float("nan")


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Replacement ---------------------------------------------------------------------------------------------------------


def test_the_fittest_survive_the_earlier_of_equals_first_and_none_that_failed() -> None:
    assert operators.survivors([3.0, 1.0, NAN, 1.0, 2.0], 3) == [1, 3, 4]
    assert operators.survivors([NAN, 5.0, NAN], 3) == [1]
    assert operators.survivors([NAN, 5.0], 1, violations=[0.0, 2.0]) == [1]  # an infeasible one has not failed
    assert operators.survivors([NAN, NAN], 2) == operators.survivors([], 2) == []


def test_elitism_never_loses_the_best() -> None:
    rng, losses = _rng(), np.empty(0)
    for _ in range(50):
        losses = np.append(losses, rng.normal(size=4))
        kept = operators.survivors(losses, 5)
        assert losses[kept[0]] == losses.min() and len(kept) == min(5, len(losses))


# Selection -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_tournament_is_won_as_often_as_the_formula_says(size: int) -> None:
    fitness = np.array([1.0, 4.0, 2.0, 3.0])
    rng = _rng(1)
    won = np.bincount([operators.tournament(fitness, size, rng) for _ in range(4000)], minlength=4) / 4000
    chances = [operators.tournament_probability(rank, 4, size) for rank in (3, 0, 2, 1)]
    assert won == pytest.approx(chances, abs=0.03)
    assert sum(chances) == pytest.approx(1.0)


def test_the_larger_a_tournament_the_more_often_the_fittest_wins() -> None:
    assert [operators.tournament_probability(0, 8, size) for size in (1, 2)] == [0.125, 0.234375]
    best = [operators.tournament_probability(0, 8, size) for size in range(1, 9)]
    assert best == sorted(best) and best[-1] < 1.0


def test_of_equals_the_first_wins() -> None:
    assert operators.tournament(np.zeros(5), 200, _rng()) == 0


def test_the_wheel_stops_as_often_as_the_shares_say() -> None:
    fitness = np.array([-3.0, -1.0, -2.0])  # the least fit has a third of the range, 2 / 3; the others 2 and 1 more
    rng = _rng(2)
    stopped = np.bincount([operators.roulette(fitness, rng) for _ in range(6000)], minlength=3)
    shares = np.array([2 / 3, 8 / 3, 5 / 3]) / 5.0
    assert operators.roulette_shares(fitness, 2 / 3) == pytest.approx(shares)
    chi_square = np.sum((stopped - 6000 * shares) ** 2 / (6000 * shares))
    assert chi_square < 13.8  # its 99.9 % point with two degrees of freedom


@pytest.mark.parametrize("fitness", [[0.0] * 4, [1e308, -1e308, 0.0, 1.0], [1e12, 1e12 + 1, 1e12, 1e12], [-1e-300] * 4])
def test_no_range_of_values_breaks_the_wheel(fitness: list[float]) -> None:
    rng = _rng(3)
    stopped = [operators.roulette(np.array(fitness), rng) for _ in range(200)]
    assert set(stopped) <= {0, 1, 2, 3} and len(set(stopped)) > 1


# Crossover -----------------------------------------------------------------------------------------------------------

X, Y = np.array([0.2, 0.5, 0.9]), np.array([0.6, 0.5, 0.1])


def test_uniform_crossover_takes_each_gene_whole() -> None:
    assert operators.uniform_crossover(X, Y, np.array([0.4, 0.6, 0.6])).tolist() == [0.2, 0.5, 0.1]
    rng = _rng()
    children = np.array([operators.uniform_crossover(X, Y, rng.random(3)) for _ in range(2000)])
    assert ((children == X) | (children == Y)).all()
    assert (children[:, 0] == 0.2).mean() == pytest.approx(0.5, abs=0.05)


def test_blend_reaches_the_share_alpha_beyond_both_parents() -> None:
    ends = [operators.blend_crossover(X, Y, np.full(3, u), 0.5).tolist() for u in (0.0, 1.0)]
    assert ends[0] == pytest.approx([0.0, 0.5, 1.3]) and ends[1] == pytest.approx([0.8, 0.5, -0.3])
    within = operators.blend_crossover(X, Y, _rng().random((1000, 3)), 0.0)
    assert (within >= np.minimum(X, Y) - 1e-15).all() and (within <= np.maximum(X, Y) + 1e-15).all()


def test_sbx_keeps_the_parents_mean_and_is_as_often_inside_as_outside() -> None:
    rng = _rng()
    for x, y, u in rng.random((200, 3)):
        beta = operators.sbx_spread(u, 2.0)
        pair = operators.sbx_child(x, y, beta), operators.sbx_child(y, x, beta)
        assert np.mean(pair) == pytest.approx((x + y) / 2)
        assert abs(pair[0] - pair[1]) == pytest.approx(beta * abs(x - y))
        assert (beta < 1.0) == (u < 0.5)


def test_a_larger_eta_keeps_children_closer_to_their_parents() -> None:
    u = _rng().random(500)
    far = [np.mean([abs(np.log(operators.sbx_spread(v, eta))) for v in u]) for eta in (0.0, 1.0, 5.0, 20.0)]
    assert far == sorted(far, reverse=True)


def test_sbx_is_pymoos_where_no_bound_is_near() -> None:
    module = pytest.importorskip("pymoo.operators.crossover.sbx")
    parents = np.array([[[0.4]], [[0.6]]])
    bounds = np.array([-1e9]), np.array([1e9])
    rng = np.random.default_rng(0)
    theirs = [module.cross_sbx(parents, *bounds, np.array([[3.0]]), np.array([[1.0]]), np.array([[0.0]]),
                               random_state=rng)[:, 0, 0] for _ in range(3000)]
    rng = _rng(1)
    betas = [operators.sbx_spread(u, 3.0) for u in rng.random(3000)]
    ours = [(operators.sbx_child(0.4, 0.6, beta), operators.sbx_child(0.6, 0.4, beta)) for beta in betas]
    quantiles = np.linspace(0.05, 0.95, 10)
    apart = [np.quantile([abs(a - b) for a, b in pairs], quantiles) for pairs in (ours, theirs)]
    assert apart[0] == pytest.approx(apart[1], rel=0.06)


# Mutation ------------------------------------------------------------------------------------------------------------


def test_the_deviation_follows_the_spread_down_to_the_least() -> None:
    assert operators.mutation_std(np.array([0.2, 0.6]), 0.5, 0.05) == pytest.approx(0.1)
    assert operators.mutation_std(np.array([0.4, 0.4]), 0.5, 0.05) == 0.05


def test_gaussian_steps_have_that_deviation() -> None:
    steps = [operators.gaussian_mutation(0.5, 0.1, z) for z in _rng().normal(size=4000)]
    assert np.mean(steps) == pytest.approx(0.5, abs=0.006) and np.std(steps) == pytest.approx(0.1, rel=0.05)


def test_polynomial_mutation_stays_within_the_bounds_and_is_even_between_the_sides() -> None:
    rng = _rng()
    for gene in (0.0, 0.1, 0.5, 1.0):
        deltas = np.array([operators.polynomial_step(u, 3.0) for u in rng.random(1000)])
        mutated = [operators.polynomial_mutation(gene, delta) for delta in deltas]
        assert 0.0 <= min(mutated) and max(mutated) <= 1.0
        assert (deltas < 0.0).mean() == pytest.approx(0.5, abs=0.06)
    assert operators.polynomial_step(0.0, 3.0) == -1.0 and operators.polynomial_step(1.0, 3.0) == 1.0
    assert operators.polynomial_step(0.5, 3.0) == 0.0


def test_mutation_by_category_gives_another_choice_by_the_weights() -> None:
    rng = _rng()
    others = np.bincount([operators.other_choice(1, [1.0, 5.0, 3.0, 0.0], rng) for _ in range(4000)], minlength=4)
    assert others / 4000 == pytest.approx([0.25, 0.0, 0.75, 0.0], abs=0.03)
    assert operators.other_choice(0, [1.0], rng) == 0
    assert operators.other_choice(1, [0.0, 1.0, 0.0], rng) == 1


def test_reflection_brings_every_gene_back_and_leaves_those_within_alone() -> None:
    inside = np.linspace(0.0, 1.0, 11)
    assert [operators.reflected(g) for g in inside] == pytest.approx(inside.tolist(), abs=1e-15)
    assert [operators.reflected(g) for g in (-0.2, 1.2, 2.3, -1.7)] == pytest.approx([0.2, 0.8, 0.3, 0.3])
    assert all(0.0 <= operators.reflected(g) <= 1.0 for g in [1e18, -1e18, -1e-18, *_rng().normal(0, 50, 1000)])
