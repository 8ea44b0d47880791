"""The ten landscapes of the race: three of the trainings, seven made ones.

A landscape draws a *game* for each seed: a space, and the loss of each configuration. The position of the optimum is
drawn too, and so are the ends of the ranges, so that no searcher gains by proposing the middle. The regret of a
configuration is its loss without noise less the smallest possible one, in points: 100 is the median regret of a random
configuration of that landscape (`UNITS`), and 0 is the optimum.

A configuration may be measured with a part of its budget of 27. In the trainings these are epochs; elsewhere the value
is noisier, with a standard deviation of 15 · sqrt(27 / budget - 1) points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune.core.search import Space
from scratchtune.play.trainings import VALUES, Trainings

FULL = 27  # the whole budget of a trial
LESS = 15.0  # points, of the noise of a smaller budget
UNITS = {  # of the loss: the median regret of random configurations, by `measured_unit`
    "trainings, five ranges": 0.221, "trainings, rate and batch": 0.170, "trainings, choices": 0.252, "ravine": 8.23,
    "two valleys": 0.807, "conditions": 0.537, "noise": 0.445, "two of twenty": 0.510, "all alike": 0.971,
    "log scale": 0.669}
Params = dict[str, Any]
Rng = np.random.Generator


@dataclass(frozen=True)
class Game:
    """One draw of a landscape.

    ``regret`` is in points, without noise. ``measure(params, budget, root)`` is the value that a searcher sees, smaller
    is better, NaN is a failure; the noise of trial ``root``, which is the first of those that it continues, is its own.
    """

    space: Space
    regret: Callable[[Params], float]
    measure: Callable[[Params, float, int], float]


def game(name: str, seed: int) -> Game:
    """The game of a landscape and a seed."""
    return LANDSCAPES[name](np.random.default_rng([list(LANDSCAPES).index(name), seed]))


# The trainings --------------------------------------------------------------------------------------------------------


@cache
def trainings() -> Trainings:
    """The table of trainings, loaded once."""
    return st.datasets.load_trainings()


def _of_trainings(kept: dict[str, slice], parameters: Params, fixed: Params, key: int, name: str) -> Game:
    """A game of the trainings: the indices that are within the ranges, the space, and the values of the others."""
    table, unit = trainings(), UNITS[name] / 100.0
    best = table.expected[tuple(kept[each] for each in VALUES)].max()

    def regret(params: Params) -> float:
        return float(best - table.expected[table.index(fixed | params)]) / unit

    def measure(params: Params, budget: float, root: int) -> float:
        seed = int(np.random.default_rng([key, root]).integers(5))
        return 1.0 - float(table.curve(fixed | params, seed)[max(round(budget), 1) - 1])

    return Game(Space(parameters), regret, measure)


def _kept(rng: Rng) -> dict[str, slice]:
    """Indices of each of `VALUES`, without some at its ends; all of L2."""
    most = {"learning_rate": (4, 3), "batch_size": (2, 2), "l2": (0, 0), "dropout": (1, 1), "units": (1, 0)}
    return {name: slice(int(rng.integers(low + 1)), len(VALUES[name]) - int(rng.integers(high + 1)))
            for name, (low, high) in most.items()}


def _range(name: str, kept: slice) -> st.Float | st.Int:
    low, high = VALUES[name][kept][0], VALUES[name][kept][-1]
    if name in ("batch_size", "units"):
        return st.Int(int(low), int(high), log=True)
    return st.Float(low, high, log=name == "learning_rate")


def five_ranges(rng: Rng) -> Game:
    """All five hyper-parameters of the trainings, in shifted ranges."""
    kept = _kept(rng)
    space = {name: st.Categorical(VALUES[name]) if name == "l2" else _range(name, kept[name]) for name in VALUES}
    return _of_trainings(kept, space, {}, int(rng.integers(2**31)), "trainings, five ranges")


def rate_and_batch(rng: Rng) -> Game:
    """Learning rate and batch size in shifted ranges; the other three have one random value each."""
    kept = _kept(rng)
    for name in ("l2", "dropout", "units"):
        at = int(rng.integers(len(VALUES[name])))
        kept[name] = slice(at, at + 1)
    fixed = {name: VALUES[name][kept[name]][0] for name in ("l2", "dropout", "units")}
    space = {name: _range(name, kept[name]) for name in ("learning_rate", "batch_size")}
    return _of_trainings(kept, space, fixed, int(rng.integers(2**31)), "trainings, rate and batch")


def choices(rng: Rng) -> Game:
    """All five as lists of choices, in random order: no value is between two others."""
    kept = _kept(rng)
    space = {name: [VALUES[name][k] for k in rng.permutation(range(len(VALUES[name]))[kept[name]])] for name in VALUES}
    return _of_trainings(kept, space, {}, int(rng.integers(2**31)), "trainings, choices")


# Made ones ------------------------------------------------------------------------------------------------------------


def _floats(rng: Rng, d: int, log: bool = False) -> Params:
    """d ranges x0, x1, ... with random ends, as wide as each other."""
    lows = rng.uniform(-6.0, 2.0, d)
    return {f"x{k}": st.Float(10.0**low, 10.0 ** (low + 4.0), log=True) if log else st.Float(low, low + 10.0)
            for k, low in enumerate(lows)}


def _made(rng: Rng, name: str, parameters: Params, loss: Callable[[np.ndarray, Params], float], noise: float = 0.0,
          fails: Callable[[np.ndarray], bool] = lambda u: False) -> Game:
    """A game from a loss of the unit values (NaN where one is absent), 0 at the optimum; ``noise`` in points."""
    space, key, unit = Space(parameters), int(rng.integers(2**31)), UNITS[name] / 100.0

    def regret(params: Params) -> float:
        return loss(space.to_unit(params), params) / unit

    def measure(params: Params, budget: float, root: int) -> float:
        u = space.to_unit(params)
        if fails(u):
            return math.nan
        std = math.hypot(noise, LESS * math.sqrt(FULL / budget - 1.0))
        error = std * np.random.default_rng([key, root, round(budget)]).normal() if std else 0.0
        return loss(u, params) / unit + error

    return Game(space, regret, measure)


def ravine(rng: Rng) -> Game:
    """Three hyper-parameters, of which only one combination is flat: a narrow valley across the axes."""
    d, o = 3, rng.random(3)
    axes, _ = np.linalg.qr(rng.normal(size=(d, d)))
    curvature = np.array([1.0, 30.0, 30.0])
    return _made(rng, "ravine", _floats(rng, d), lambda u, _: float((axes @ (u - o)) ** 2 @ curvature))


def two_valleys(rng: Rng) -> Game:
    """A wide valley and a narrow one, which is deeper."""
    wide, narrow = rng.random(2), rng.random(2)
    while np.linalg.norm(wide - narrow) < 0.4:
        wide, narrow = rng.random(2), rng.random(2)

    def loss(u: np.ndarray, _: Params) -> float:
        in_wide, in_narrow = np.sum((u - wide) ** 2) / 0.3**2, np.sum((u - narrow) ** 2) / 0.1**2
        return 1.0 - max(0.7 * math.exp(-in_wide / 2.0), math.exp(-in_narrow / 2.0))

    return _made(rng, "two valleys", _floats(rng, 2), loss)


def conditions(rng: Rng) -> Game:
    """Three kinds of model, each with two hyper-parameters of its own (`when`), and one that all share."""
    kinds = [("linear", "forest", "network")[k] for k in rng.permutation(3)]
    space = Space({
        "model": kinds, "features": st.Float(0.1, 1.0),
        "l2": st.Float(1e-6, 1.0, log=True, when={"model": "linear"}),
        "scaled": st.Categorical(["yes", "no"], when={"model": "linear"}),
        "trees": st.Int(10, 1000, log=True, when={"model": "forest"}), "depth": st.Int(1, 20, when={"model": "forest"}),
        "learning_rate": st.Float(1e-5, 1.0, log=True, when={"model": "network"}),
        "dropout": st.Float(0.0, 0.6, when={"model": "network"})})
    o = space.to_unit(space.from_unit(rng.random(8)))
    o = np.where(np.isnan(o), rng.random(8), o)
    worth = dict(zip(kinds, rng.permutation([0.0, 0.1, 0.2]), strict=True))
    for k, each in enumerate(space.parameters.values()):  # an optimum that the space has: the middle of a cell
        if not isinstance(each, st.Float):
            o[k] = each.to_unit(each.from_unit(o[k]))

    def loss(u: np.ndarray, params: Params) -> float:
        return worth[params["model"]] + float(np.nansum(((u - o) ** 2)[1:]))

    return _made(rng, "conditions", dict(space.parameters), loss)


def noise(rng: Rng) -> Game:
    """A bowl of three, whose values have noise of 40 points."""
    o = rng.random(3)
    return _made(rng, "noise", _floats(rng, 3), lambda u, _: float(np.sum((u - o) ** 2)), noise=40.0)


def two_of_twenty(rng: Rng) -> Game:
    """Twenty hyper-parameters, of which two matter."""
    o, at = rng.random(2), rng.choice(20, 2, replace=False)
    return _made(rng, "two of twenty", _floats(rng, 20), lambda u, _: float(np.linalg.norm(u[at] - o)))


def all_alike(rng: Rng) -> Game:
    """Six, all of which matter alike."""
    o = rng.random(6)
    return _made(rng, "all alike", _floats(rng, 6), lambda u, _: float(np.linalg.norm(u - o)))


def log_scale(rng: Rng) -> Game:
    """Three on a logarithmic scale; where the first one is too large, the trial fails with NaN."""
    o = rng.random(3)
    return _made(rng, "log scale", _floats(rng, 3, log=True), lambda u, _: float(np.linalg.norm(u - o)),
                 fails=lambda u: bool(u[0] > o[0] + 0.15))


LANDSCAPES: dict[str, Callable[[Rng], Game]] = {
    "trainings, five ranges": five_ranges, "trainings, rate and batch": rate_and_batch, "trainings, choices": choices,
    "ravine": ravine, "two valleys": two_valleys, "conditions": conditions, "noise": noise,
    "two of twenty": two_of_twenty, "all alike": all_alike, "log scale": log_scale}


def measured_unit(name: str, seeds: int = 400, points: int = 20) -> float:
    """100 points of a landscape in units of its loss, measured: the median regret of random configurations."""
    found = []
    for seed in range(10_000, 10_000 + seeds):
        drawn, rng = game(name, seed), np.random.default_rng(seed)
        found += [drawn.regret(drawn.space.from_unit(rng.random(len(drawn.space.names)))) for _ in range(points)]
    return float(np.median(found)) / 100.0 * UNITS[name]
