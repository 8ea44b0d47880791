"""CMA-ES: an update by hand, the numbers of the package `cmaes`, margins, restarts, and what every searcher owes."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import CMAESSearch, Exhausted, Float, Int, RandomSearch, Result, Seen, Space, cmaes
from scratchtune.core.study import Study
from tests.core.search.replaying import assert_plain, assert_replayed, table

RANGES: dict[str, Any] = {
    "x": Float(-5.0, 5.0, prior=(1.0, 0.3)), "rate": Float(1e-4, 1e-1, log=True), "units": Int(8, 512, log=True),
    "depth": Int(2, 30), "l2": Float(0.0, 1.0, step=0.05)}


def make() -> CMAESSearch:
    return CMAESSearch(population=5)


def allowed(params: dict[str, Any]) -> bool:
    return params["x"] < 4.0


def value_of(params: dict[str, Any]) -> float:
    if params["l2"] > 0.8:
        raise ArithmeticError("it diverged")
    loss = (params["x"] - 1.0) ** 2 + abs(params["l2"] - 0.3) + abs(params["depth"] - 8) / 10.0
    return math.nan if params["depth"] % 7 == 0 else loss


def objective(trial: Any) -> float:
    return value_of(trial.params)


def study_of(make: Any = make, seed: int = 5, **more: Any) -> Study:
    return Study(RANGES, make(), seed=seed, constraint=allowed, **more)


# The update ----------------------------------------------------------------------------------------------------------


def test_an_update_by_hand() -> None:
    """One axis, m = 0, sigma = 1, C = 1, four trials, of which those at 1 and 0.5 are the best.

    v = log(2.5 / rank) = 0.916, 0.223, -0.182, -0.470. So the weights of the best are 0.8042 and 0.1958, and
    mu_eff = 1 / (0.8042^2 + 0.1958^2) = 1.460. The mean moves to 0.8042 * 1 + 0.1958 * 0.5 = 0.9021.
    c_sigma = 3.460 / 7.460 = 0.4638, and the path is sqrt(0.4638 * 1.5362 * 1.460) * 0.9021 = 0.9200; damping is
    1.4638, chi = 1 - 1/4 + 1/21 = 0.7976, so sigma = exp(0.4638 / 1.4638 * (0.9200 / 0.7976 - 1)) = 1.0498.
    """
    state = cmaes.updated(cmaes.fresh(np.zeros(1), 1.0, np.eye(1), 4),
                          np.array([[1.0], [0.5], [-0.5], [-1.0]]), np.ones(1))
    assert state.mean.round(4).tolist() == [0.9021] and state.step_path.round(4).tolist() == [0.92]
    assert round(state.sigma, 4) == 1.0498 and state.generation == 1
    rank_one, rank_mu = 2 / (2.3**2 + 1.46), 2 * (1.46 - 2 + 1 / 1.46) / (3**2 + 1.46)
    assert cmaes.learning_rates(1, 1.46)[3:] == pytest.approx((rank_one, rank_mu), rel=1e-12)
    c = (4 + 1.46) / (1 + 4 + 2 * 1.46)
    path = math.sqrt(c * (2 - c) * 1.46) * 0.9021
    negative_mass = 0.652**2 / (0.182**2 + 0.470**2)
    alpha = min(1 + rank_one / rank_mu, 1 + 2 * negative_mass / 3.46, (1 - rank_one - rank_mu) / rank_mu)
    negative = alpha * np.array([0.182, 0.470]) / 0.652  # each step scaled to length sqrt(n) = 1
    expected = (1 - rank_one - rank_mu * (1 - alpha)) + rank_one * path**2 + rank_mu * (
        0.8042 + 0.1958 * 0.25 - negative.sum())
    assert float(state.matrix[0, 0]) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("n, size", [(1, 4), (2, 6), (3, 40), (5, 13), (10, 10)])
def test_the_numbers_are_those_of_the_package_cmaes_step_by_step(n: int, size: int) -> None:
    package = pytest.importorskip("cmaes")
    rotation = np.random.default_rng(n).normal(size=(n, n))
    theirs = package.CMA(np.full(n, 0.5), 0.3, seed=1, population_size=size)
    ours = cmaes.fresh(np.full(n, 0.5), 0.3, np.eye(n), size)._replace(generation=1)  # it counts one more
    for _ in range(40):
        points = [theirs.ask() for _ in range(size)]
        losses = [float(np.sum((rotation @ (point - 0.2)) ** 2)) for point in points]
        ranked = np.array(points)[np.argsort(losses, kind="stable")]
        theirs.tell(list(zip(points, losses, strict=True)))
        ours = cmaes.updated(ours, (ranked - ours.mean) / ours.sigma, np.ones(n))
        for one, other in ((ours.mean, theirs._mean), (ours.sigma, theirs._sigma), (ours.matrix, theirs._C),
                           (ours.step_path, theirs._p_sigma), (ours.covariance_path, theirs._pc)):
            assert np.allclose(one, other, rtol=1e-9, atol=1e-9 * float(np.max(np.abs(other))))


def test_eigenvectors_restore_the_matrix_and_are_orthonormal() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 20, 90):
        root = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-4, 4, n)
        matrix = root @ root.T
        values, vectors = cmaes.eigenvectors(matrix)
        assert np.allclose(vectors * values @ vectors.T, matrix, rtol=1e-12, atol=1e-12 * np.abs(matrix).max())
        assert np.allclose(vectors.T @ vectors, np.eye(n), atol=1e-13)
        assert np.allclose(np.sort(values), np.linalg.eigvalsh(matrix), rtol=1e-9, atol=1e-12 * values.max())


# The search ----------------------------------------------------------------------------------------------------------


def test_only_ranks_count() -> None:
    def loss_by(transform: Any) -> Any:
        return lambda trial: transform(abs(trial.params["x"] - 0.2) + abs(trial.params["y"]))

    losses = [loss_by(transform) for transform in (float, math.log, math.exp, lambda loss: 1e-20 * loss)]
    one, *others = (Study({"x": Float(-1, 1), "y": Float(-1, 1)}, "cmaes").run(loss, 90, progress=False)
                    for loss in losses)
    assert all([t.params for t in study.trials] == [t.params for t in one.trials] for study in others)


def test_a_rotated_valley_is_followed_to_its_end() -> None:
    def valley(trial: Any) -> float:
        x, y = trial.params["x"], trial.params["y"]
        return (x - y) ** 2 * 1000.0 + (x + y - 0.5) ** 2

    space = {"x": Float(-1, 1), "y": Float(-1, 1)}
    best = [Study(space, "cmaes", seed=seed).run(valley, 400, progress=False).best_value for seed in range(5)]
    assert max(best) < 1e-6


def test_an_integer_keeps_its_margin_when_its_std_is_tiny() -> None:
    space, size = Space({"x": Float(0.0, 1.0), "k": Int(0, 9), "log": Int(1, 100, log=True)}), 6
    state = cmaes.fresh(np.array([0.5, 0.449, 0.5]), 1e-9, np.eye(3), size)
    margins = cmaes._margins(space, state)
    points = np.concatenate([cmaes._draws(state, margins, np.random.default_rng(seed)) for seed in range(200)])
    least = 1.0 / (2 * 3 * size)  # of each neighbour
    assert np.std(points[:, 0]) < 1e-8
    for name, middle in (("k", 4), ("log", 7)):
        drawn = np.array([space.from_unit(point)[name] for point in points])
        assert least < np.mean(drawn != middle) < 0.5 and np.mean(drawn == middle + 1) > 0.8 * least
    assert np.mean([space.from_unit(point)["k"] == 3 for point in points]) > 0.8 * least


def test_margins_by_hand() -> None:
    """Ten cells of 0.1: 0.08 from 0.02 or 0.98 to the only border within, 0.07 from 0.43 to the farther one, 0.5.

    On the log scale of 1 to 100 the cell of 7, from 6.5 to 7.5, has its borders at log(13) / log(201) = 0.4836 and
    log(15) / log(201) = 0.5106. With n = 5 and populations of 10 the quantile is at 1 - 1 / 100: 2.3263.
    """
    space = Space({"a": Int(0, 9), "b": Int(0, 9), "c": Int(0, 9), "d": Int(1, 100, log=True), "e": Float(0.0, 1.0)})
    state = cmaes.fresh(np.array([0.02, 0.98, 0.43, 0.5, 0.5]), 1e-3, np.diag([1.0, 4.0, 1.0, 1.0, 1.0]), 10)
    distances = np.array([0.08, 0.08 / 2.0, 0.07, 0.5 - 0.48364])
    found = cmaes._margins(space, state)
    assert found[:4] == pytest.approx(distances / (2.32635 * 1e-3), rel=1e-3) and found[4] == 1.0
    wide = state._replace(matrix=1e6 * state.matrix)
    assert cmaes._margins(space, wide).tolist() == [1.0] * 5
    assert cmaes._margins(Space({"one": Int(3, 3)}), cmaes.fresh(np.array([0.5]), 1e-9, np.eye(1), 4)).tolist() == [1.0]


def test_the_step_of_an_integer_is_that_of_its_draw_not_of_its_rounded_value() -> None:
    space, margins = Space({"k": Int(0, 3), "x": Float(0.0, 1.0)}), np.array([2.0, 1.0])
    state = cmaes.fresh(np.array([0.4, 0.5]), 0.1, np.eye(2), 4)
    drawn = cmaes._draws(state, margins, np.random.default_rng(np.random.SeedSequence(7, spawn_key=(3,))))[1]
    step = cmaes._step(space, 7, state, margins, Result(3, space.from_unit(drawn), 0.0, ""))
    assert step == pytest.approx((drawn - state.mean) / np.array([0.2, 0.1]), rel=1e-12)
    enqueued = cmaes._step(space, 7, state, margins, Result(3, {"k": 1, "x": 0.55}, 0.0, ""))
    assert enqueued == pytest.approx([(0.375 - 0.4) / 0.2, 0.5])
    assert cmaes._step(space, 7, state, margins, Result(3, {"k": 1}, 0.0, "")) == pytest.approx([-0.125, 0.0])


def test_draws_are_inside_and_the_last_one_is_clipped() -> None:
    state, ones = cmaes.fresh(np.array([0.02, 0.5]), 0.1, np.array([[1.0, 0.5], [0.5, 4.0]]), 4), np.ones(2)
    points = cmaes._draws(state, ones, np.random.default_rng(0))
    assert 30 < len(points) < 101 and ((points >= 0.0) & (points <= 1.0)).all()
    far = cmaes._draws(state._replace(mean=np.array([-9.0, 0.5])), ones, np.random.default_rng(0))
    assert far.shape == (1, 2) and far[0, 0] == 0.0 and 0.0 < far[0, 1] < 1.0
    inner = state._replace(mean=np.array([0.5, 0.5]), sigma=0.01)
    many = np.concatenate([cmaes._draws(inner, ones, np.random.default_rng(seed))[:-1] for seed in range(100)])
    assert np.cov(many.T) == pytest.approx(1e-4 * state.matrix, rel=0.1)


def test_when_it_restarts_by_hand() -> None:
    """Two axes and populations of 4: all losses of the latest 10 + 30 * 2 / 4 = 25 populations, 100 trials, equal."""
    state = cmaes.fresh(np.full(2, 0.5), 0.1, np.eye(2), 4)._replace(generation=25, first=104)

    def converged(losses: list[float], **changes: Any) -> bool:
        own = [Result(k, {}, value, "") for k, value in enumerate(losses)]
        return cmaes._has_converged(state._replace(**changes), Seen(own))

    ones, nan = [1.0] * 100, math.nan
    assert converged([3.0] * 4 + ones) and converged([3.0] * 4 + [nan] + ones[1:])
    assert converged([3.0] * 4 + ones + [2.0])  # of a population that is not finished
    assert not converged([3.0] * 4 + ones, generation=24) and not converged([3.0] * 5 + ones[1:])
    various = list(range(104))
    for matrix, sigma, expected in ((np.eye(2), 0.9e-12, True), (np.eye(2), 1.1e-12, False),
                                    (np.diag([1.0, 4.0]), 0.9e-12, False), (np.diag([1.0, 1.1e14]), 0.1, True),
                                    (np.diag([1.0, 0.9e14]), 0.1, False)):
        changed = cmaes.fresh(state.mean, sigma, matrix, 4)
        assert converged(various, eigen=changed.eigen, matrix=matrix, sigma=sigma) is expected


def test_one_searcher_serves_two_studies() -> None:
    searcher, space = CMAESSearch(population=4), {"x": Float(0.0, 1.0)}
    line, earlier = Space(space), [Result(0, {"x": 0.75}, 1.0, "")]
    assert [searcher.state(line, Seen((), one)).mean[0] for one in ([], earlier, [])] == [0.5, 0.75, 0.5]
    first = Study(space, searcher).run(lambda trial: trial.params["x"], 3, progress=False)
    for more in ({"start_from": first}, {"seed": 1}):
        shared, alone = (Study(space, one, **more).run(lambda trial: trial.params["x"], 12, progress=False)
                         for one in (searcher, CMAESSearch(population=4)))
        assert table(shared) == table(alone)
    other = Study({"x": Float(0.0, 1.0, prior=(0.2, 0.01))}, searcher).run(lambda trial: 1.0, 1, progress=False)
    assert other.trials[0].why["mean"] == pytest.approx({"x": 0.2})


def test_a_flat_function_restarts_with_twice_the_population() -> None:
    study = Study({"x": Float(0.0, 1.0)}, CMAESSearch(population=4)).run(lambda trial: 1.0, 4 * 40, progress=False)
    seen = Seen([Result(trial.number, trial.params, 1.0, trial.state) for trial in study.trials])
    state = CMAESSearch(population=4).state(study.space, seen)
    assert (state.restarts, state.size, state.first % 4) == (1, 8, 0)
    again = CMAESSearch(population=4).state(study.space, Seen(seen[:72]))  # after 10 + 30 / 4 populations
    assert (again.restarts, again.first, again.generation, again.sigma) == (1, 72, 0, 0.3) and again.mean[0] != 0.5
    assert "after 1 restart, 1 of 8" in study.why(next(t.number for t in study.trials if t.why["restarts"]))


def test_after_convergence_it_finds_another_basin() -> None:
    def two_basins(trial: Any) -> float:
        x, y = trial.params["x"], trial.params["y"]
        return min((x - 0.45) ** 2 + (y - 0.5) ** 2 + 0.1, 3.0 * ((x - 0.9) ** 2 + (y - 0.1) ** 2))

    study = Study({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, "cmaes").run(two_basins, 1200, progress=False)
    assert study.trials[-1].why["restarts"] >= 1 and study.best_value < 0.1


def test_failed_trials_rank_last_and_a_population_of_failures_changes_nothing() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    searcher = CMAESSearch(population=4)

    def after(values: list[float]) -> cmaes.State:
        points = [0.2, 0.4, 0.6, 0.8]
        own = [Result(k, {"x": x}, value, "") for k, (x, value) in enumerate(zip(points, values, strict=True))]
        return searcher.state(space, Seen(own))

    def mean_after(values: list[float]) -> float:
        return float(after(values).mean[0])

    nan = math.nan
    assert after([3.0, nan, 1.0, 2.0]).parents == (2, 3) and after([nan] * 4).parents == ()
    assert mean_after([nan, nan, nan, nan]) == 0.5
    assert mean_after([nan, nan, 2.0, 1.0]) == mean_after([9.0, 9.0, 2.0, 1.0]) > 0.7
    assert mean_after([1.0, 2.0, nan, nan]) < 0.3


def test_infeasible_trials_rank_by_their_violations_after_feasible_and_before_failed_ones() -> None:
    one = Result(0, {}, 1.0, "")
    order = [one, one._replace(value=2.0, constraints=(-1.0,)), one._replace(value=-9.0, constraints=(0.5,)),
             one._replace(value=-8.0, constraints=(0.5, 0.0)), one._replace(value=-99.0, constraints=(0.25, 0.5)),
             one._replace(value=math.nan)]
    assert sorted(order[::-1], key=lambda result: result.order) == order

    def objective(trial: Any) -> float:
        trial.set_constraint(0.5 - trial.params["x"])
        return (trial.params["x"] - 0.1) ** 2 + (trial.params["y"] - 0.2) ** 2

    study = Study({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, "cmaes").run(objective, 150, progress=False)
    assert study.best_params == pytest.approx({"x": 0.5, "y": 0.2}, abs=0.05)


def test_an_enqueued_trial_far_away_moves_the_mean_by_a_likely_step_only() -> None:
    space, searcher = Space({"x": Float(0.0, 1.0)}), CMAESSearch(population=4, sigma=0.001)
    own = [Result(k, {"x": x}, x, "") for k, x in enumerate((1.0, 0.5, 0.6, 0.7))]
    own[0] = own[0]._replace(value=0.0)
    state = searcher.state(space, Seen(own))
    assert 0.5 < state.mean[0] < 0.5 + 0.001 * (1.0 + 2.0 / 3.0) and state.sigma < 0.002


def test_it_begins_at_the_best_trial_of_an_earlier_study_and_at_priors() -> None:
    space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0, prior=(0.2, 0.01))}
    first = Study(space, "random").run(lambda trial: trial.params["x"], 10, progress=False)
    study = Study(space, "cmaes", start_from=first).run(lambda trial: trial.params["x"], 1, progress=False)
    assert study.trials[0].why["mean"] == pytest.approx(first.best_params)
    failed = Study(space, "random").run(lambda trial: math.nan, 5, progress=False)
    study = Study(space, "cmaes", start_from=failed).run(lambda trial: 1.0, 1, progress=False)
    assert study.trials[0].why["mean"] == pytest.approx({"x": 0.5, "y": 0.2})
    stds = Study(space, "cmaes").run(lambda trial: 1.0, 1, progress=False).trials[0].why
    assert stds["mean"] == pytest.approx({"x": 0.5, "y": 0.2}) and stds["stds"] == pytest.approx({"x": 0.3, "y": 0.01})


# Regrets on ten functions, and those of the package cmaes -------------------------------------------------------------


def axes_of(z: np.ndarray, condition: float) -> float:
    return float(np.sum(condition ** np.linspace(0.0, 1.0, len(z)) * z * z))


def turned(z: np.ndarray) -> Any:
    return np.linalg.qr(np.random.default_rng(len(z)).normal(size=(len(z), len(z))))[0] @ z


def ackley(z: np.ndarray) -> float:
    return float(20.0 - 20.0 * np.exp(-0.2 * np.sqrt(np.mean(z * z))) + math.e - np.exp(
        np.mean(np.cos(2.0 * math.pi * z))))


FUNCTIONS: dict[str, tuple[int, Any]] = {  # dimensions, and the loss at a distance z from the optimum in (0, 1)ⁿ
    "sphere": (5, lambda z: axes_of(z, 1.0)),
    "ellipsoid": (4, lambda z: axes_of(z, 1e4)),
    "rotated ellipsoid": (4, lambda z: axes_of(turned(z), 1e4)),
    "rotated cigar": (3, lambda z: axes_of(turned(z), 1e6)),
    "Rosenbrock": (3, lambda z: float(np.sum(100.0 * (z[1:] - (z[:-1] + 1.0) ** 2 + 1.0) ** 2 + z[:-1] ** 2))),
    "different powers": (5, lambda z: float(np.sum(np.abs(z) ** np.linspace(2.0, 6.0, len(z))))),
    "Rastrigin": (2, lambda z: float(np.sum(z * z - 10.0 * np.cos(2.0 * math.pi * z) + 10.0))),
    "Ackley": (4, ackley),
    "steps": (5, lambda z: float(np.sum(np.floor(8.0 * np.abs(z))))),
    "beyond the border": (4, lambda z: float(np.sum(np.abs(z + 4.0) * (1.0 + np.arange(len(z))))))}
SEEDS, POPULATIONS = range(30), 25


def loss(name: str, point: np.ndarray) -> float:
    n, function = FUNCTIONS[name]
    return float(function(10.0 * (point - np.linspace(0.3, 0.7, n))))


def ours(name: str, seed: int) -> float:
    """The best loss of a run, by the searcher alone as a study calls it."""
    n, own = FUNCTIONS[name][0], []
    space = Space({f"x{j}": Float(0.0, 1.0) for j in range(n)})
    searcher: Any = CMAESSearch().for_space(space)
    for k in range(POPULATIONS * searcher.population):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        params = searcher.suggest(space, Seen(own[: searcher.needs(k)], seed=seed), [], k, rng).params
        own.append(Result(k, params, loss(name, np.array([*params.values()])), "complete"))
    return min(result.value for result in own)


def theirs(name: str, seed: int) -> float:
    n, best = FUNCTIONS[name][0], math.inf
    peer = pytest.importorskip("cmaes").CMA(np.full(n, 0.5), 0.3, np.array([[0.0, 1.0]] * n), seed=seed)
    for _ in range(POPULATIONS):
        told = [(point, loss(name, point)) for point in (peer.ask() for _ in range(peer.population_size))]
        peer.tell(told)
        best = min(best, *(value for _, value in told))
    return best


def p_value(name: str, seeds: Any = SEEDS) -> float:
    """Of the Mann-Whitney test that regrets of both have one distribution; the one of Kolmogorov-Smirnov if smaller."""
    stats = pytest.importorskip("scipy.stats")
    samples = [[function(name, seed) for seed in seeds] for function in (ours, theirs)]
    found = float(min(stats.mannwhitneyu(*samples).pvalue, stats.ks_2samp(*samples).pvalue))
    print(f"{name}: medians {np.median(samples[0]):.3g}, of cmaes {np.median(samples[1]):.3g}; p = {found:.3f}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_regrets_are_distributed_as_those_of_the_package_cmaes(name: str) -> None:
    assert p_value(name) > 0.05 / len(FUNCTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name, rate, factor", [
    ("sphere", "damping", 2.0), ("sphere", "damping", 0.5), ("Ackley", "damping", 2.0),
    ("rotated cigar", "rank_mu", 0.1)])
def test_a_wrong_rate_is_caught(name: str, rate: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right, position = cmaes.learning_rates, ["s", "damping", "c", "rank_one", "rank_mu"].index(rate)

    def wrong(n: int, mass: float) -> tuple[float, ...]:
        return tuple(one * factor if k == position else one for k, one in enumerate(right(n, mass)))

    monkeypatch.setattr(cmaes, "learning_rates", wrong)
    assert p_value(name) < 0.05 / len(FUNCTIONS)


# What every searcher owes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_every_trial_is_replayed_from_its_record_and_says_why(direction: str) -> None:
    study = study_of(direction=direction).run(objective, 32, progress=False)
    assert {trial.state for trial in study.trials} == {"complete", "failed"}
    assert_replayed(study, make, numbers=np.random.default_rng(0).permutation(32).tolist())
    for trial in study.trials:
        assert repr(study.space.check(trial.params)) == repr(trial.params)
        assert study.why(trial.number).startswith(f"Trial {trial.number}: Population ")
        assert_plain(trial.why)


def test_tables_are_the_same_on_any_number_of_threads_and_in_parts() -> None:
    whole = study_of().run(objective, 22, progress=False)
    for n_jobs in (2, 8):
        assert table(study_of().run(objective, 22, n_jobs=n_jobs, progress=False)) == table(whole)
    parts = pickle.loads(pickle.dumps(study_of().run(objective, 7, progress=False)))
    assert table(parts.run(objective, 22, progress=False)) == table(whole)


def test_populations_run_side_by_side() -> None:
    assert [make().needs(number) for number in range(11)] == [0] * 5 + [5] * 5 + [10]
    assert [CMAESSearch().needs(number) for number in range(3)] == [0, 1, 2]
    study = Study({"x": Float(0.0, 1.0), "k": Int(1, 9)}, "cmaes")
    assert repr(study.searcher) == "CMAESSearch(population=6, sigma=0.3)"


def test_a_stored_study_continues_it(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    space = {"x": Float(0.0, 1.0), "k": Int(1, 9)}
    whole = Study(space, "cmaes", seed=1).run(lambda t: t.params["x"] + t.params["k"], 20, progress=False)
    Study(space, "cmaes", seed=1, storage=path).run(lambda t: t.params["x"] + t.params["k"], 8, progress=False)
    again = st.load_study(path).run(lambda t: t.params["x"] + t.params["k"], 20, progress=False)
    assert table(again) == table(whole)


def test_enqueued_trials_come_first_and_the_earlier_ones_of_another_study_are_seen() -> None:
    def run(n_jobs: int) -> Study:
        first = study_of(seed=11).run(objective, 6, progress=False)
        study = study_of(start_from=first)
        study.enqueue({"x": 0.1, "rate": 0.01, "units": 8, "depth": 3, "l2": 0.5})
        return study.run(objective, 18, n_jobs=n_jobs, progress=False)

    study = run(1)
    assert study.trials[0].params["x"] == 0.1 and table(run(4)) == table(study)
    assert_replayed(study, make, study._core.definition.earlier)


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_in_a_finite_space_every_point_comes_once_and_then_the_study_ends(n_jobs: int) -> None:
    study = Study({"a": Int(1, 4), "b": Float(0.0, 0.4, step=0.1)}, make(), constraint=lambda p: p["b"] != 0.2)
    study.run(lambda trial: trial.params["a"], 30, n_jobs=n_jobs, progress=False)
    assert {study.space.key(p) for p in study.space.points()} == {study.space.key(t.params) for t in study.trials}
    assert len(study.trials) == 16 and any("drawn" in trial.why for trial in study.trials)
    with pytest.raises(Exhausted, match="all 16 points"):
        study.ask()
    assert_replayed(study, make)


def test_extreme_values_and_spaces() -> None:
    space = {"x": Float(-8e307, 8e307), "l": Float(5e-324, 1.7e308, log=True), "k": Int(0, 2**50 - 1), "one": Int(3, 3)}
    values = (1e308, -1e308, 0.0, 5e-324, math.nan)
    study = Study(space, make(), seed=1).run(lambda t: values[t.number % 5], 40, progress=False)
    assert_replayed(study, make)
    failing = Study(RANGES, make()).run(lambda t: math.nan, 12, progress=False)
    assert [trial.state for trial in failing.trials] == ["failed"] * 12
    with pytest.raises(ValueError, match="constraint"):
        Study({"x": Float(0.0, 1.0)}, make(), constraint=lambda p: False).run(objective, 3, progress=False)


@pytest.mark.parametrize("space, sentence", [
    ({"c": ["a", "b"]}, r"'c' is a choice without an order; use \"bayesian\" or \"genetic\", or make it a Float"),
    ({"k": Int(0, 1), "x": Float(0.0, 1.0, when={"k": 1})}, r"'x' is conditional; use \"bayesian\"")])
def test_a_space_that_it_cannot_search_is_one_clear_sentence(space: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Study(space, "cmaes")


def test_a_study_without_a_space_learns_the_ranges_from_its_first_trial() -> None:
    def requesting(trial: Any) -> float:
        x = trial.suggest_float("x", -1.0, 1.0)
        if trial.number in (0, 11):
            raise ArithmeticError("it ends before it requests the others")
        return (x - 0.3) ** 2 + abs(trial.suggest_int("k", 1, 20) - 7)

    study = Study(searcher="cmaes").run(requesting, 80, progress=False)
    assert study.best_value < 0.1 and "Population 4, 1 of 6" in study.why(24) and table(study) == table(
        Study(searcher="cmaes").run(requesting, 80, n_jobs=3, progress=False))
    with pytest.raises(ValueError, match="'c' is a choice without an order"):
        Study(searcher="cmaes").run(lambda trial: trial.suggest_categorical("c", [1, 2]), 3, progress=False)


@pytest.mark.parametrize("arguments, sentence", [
    ({"population": 3}, "population is 3; it must be an integer of at least 4"),
    ({"sigma": 0.0}, "sigma is 0.0"), ({"popsize": 8}, "popsize")])
def test_a_bad_argument_is_one_clear_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        CMAESSearch(**arguments)


def test_its_identity_is_its_class_and_its_arguments() -> None:
    study = study_of().run(objective, 8, progress=False)
    assert repr(study.searcher) == repr(make()) == repr(pickle.loads(pickle.dumps(study.searcher)))
    assert isinstance(st.Study({"x": Float(0.0, 1.0)}, RandomSearch()).searcher, RandomSearch)
