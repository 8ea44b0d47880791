"""Random search against a grid at equal cost, for 2 to 6 parameters of which two matter: where does random overtake?

The functions are bowls, cones and rippled bowls over two of the parameters. Which two they are, the optimum, and the
rotation and scaling of the bowl are drawn independently for each function; the other parameters have no effect. Both
searchers get the same number of trials and are compared by the best loss; that of the optimum is 0. Either each
parameter has 3 values, and the cost is 3 to the power of their number; or the cost is always 64 trials, and each has
fewer values. There are two grids: one that includes the bounds of the ranges, as `GridSearch(resolution=...)` does, and
one at the middles of equal cells, the best choice without prior knowledge. Random search must be better than both.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import table, verdict
from benchmarks.common.regrets import all_jobs, run
from scratchtune.core.search.random import SEQUENCES

PARAMETERS, VALUES = (2, 3, 4, 5, 6), 3
WAYS: dict[str, dict[int, tuple[int, ...]]] = {  # the shapes of the grids
    f"{VALUES} values each": {d: (VALUES,) * d for d in PARAMETERS},
    "64 trials in all": {2: (8, 8), 3: (4, 4, 4), 4: (4, 4, 2, 2), 5: (4, 2, 2, 2, 2), 6: (2, 2, 2, 2, 2, 2)}}
SEEDS, QUICK_SEEDS = 100, 10
GRIDS = ("grid, end to end", "grid, middles")
MATTERING = 2

Best = dict[str, dict[int, np.ndarray]]  # searcher to number of parameters to the best loss on each function


# Functions ------------------------------------------------------------------------------------------------------------


def bowl(p: np.ndarray, q: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A stretched square of the distance."""
    return square


def cone(p: np.ndarray, q: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A stretched distance."""
    return np.sqrt(square)


def ripples(p: np.ndarray, q: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A bowl with many valleys."""
    return square + 0.05 * (2.0 - np.cos(8.0 * np.pi * p) - np.cos(8.0 * np.pi * q))


FAMILIES: tuple[Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], ...] = (bowl, cone, ripples)


@dataclass
class Landscape:
    """A function on the unit cube, of two of its axes."""

    family: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    axes: np.ndarray  # (2,) which matter
    optimum: np.ndarray  # (2,) in the unit square
    angle: float
    stretch: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Losses, (n,), at points (n, d); at the optimum 0."""
        p, q = (points[:, self.axes] - self.optimum).T
        along = np.cos(self.angle) * p + np.sin(self.angle) * q
        across = np.cos(self.angle) * q - np.sin(self.angle) * p
        return self.family(p, q, along**2 + self.stretch * across**2)


def landscapes(d: int, seed: int) -> list[Landscape]:
    """One of each family; all have the same optimum."""
    rng = np.random.default_rng([d, seed])
    axes, optimum = rng.choice(d, MATTERING, replace=False), rng.random(MATTERING)
    angle, stretch = np.pi * rng.random(), 10.0 ** rng.random()
    return [Landscape(family, axes, optimum, angle, stretch) for family in FAMILIES]


# Searchers ------------------------------------------------------------------------------------------------------------


def asked(space: dict[str, object], searcher: st.search.Searcher, trials: int, seed: int = 0) -> np.ndarray:
    """The points that a searcher proposes, (trials, d); neither grid nor random search needs a loss."""
    study = st.Study(space, searcher, seed=seed)
    return np.array([list(study.ask().params.values()) for _ in range(trials)])


def grid_points(shape: Sequence[int], middles: bool, seed: int) -> np.ndarray:
    """All points of a grid; the numbers of values are assigned to the parameters at random, as by the other grid."""
    shape = [int(count) for count in np.random.default_rng([len(shape), seed, 1]).permutation(shape)]
    values = [[(k + 0.5) / n if middles else k / (n - 1) for k in range(n)] for n in shape]
    return asked({f"x{i}": listed for i, listed in enumerate(values)}, st.GridSearch(), int(np.prod(shape)))


def answer(searcher: str, case: str, seed: int) -> dict[str, Any]:
    """The best losses of a searcher on a function of each family."""
    way, _, d = case.rpartition(", ")
    shape = WAYS[way][int(d)]
    if searcher in GRIDS:
        points = grid_points(shape, searcher == GRIDS[1], seed)
    else:
        space: dict[str, object] = {f"x{i}": st.Float(0.0, 1.0) for i in range(len(shape))}
        points = asked(space, st.RandomSearch(sequences()[searcher]), int(np.prod(shape)), seed)
    return {"values": [float(loss(points).min()) for loss in landscapes(len(shape), seed)]}


def sequences() -> dict[str, str]:
    """The random searchers: their names here, and their sequences."""
    names = {"uniform": "random", "halton": "random, Halton", "latin_hypercube": "random, Latin hypercube"}
    return {names.get(sequence, f"random, {sequence}"): sequence for sequence in SEQUENCES}


def measure(given: Namespace) -> dict[str, Best]:
    """Best losses of each number of trials."""
    given.seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    names = (*GRIDS, *sequences())
    answers, _ = run(answer, all_jobs(names, [f"{way}, {d}" for way in WAYS for d in PARAMETERS], given.seeds))
    seeds = range(given.seeds)
    return {way: {name: {d: np.concatenate([answers[name, f"{way}, {d}", seed]["values"] for seed in seeds])
                         for d in PARAMETERS} for name in names} for way in WAYS}


# Report ---------------------------------------------------------------------------------------------------------------


def lead(best: Best, d: int) -> tuple[float, float]:
    """The mean lead of random search over the better grid (positive: random is better), and its standard error."""
    grid = min((best[name][d] for name in GRIDS), key=np.mean)
    seeds = (grid - best["random"][d]).reshape(-1, len(FAMILIES)).mean(axis=1)  # the families share an optimum
    return float(seeds.mean()), float(seeds.std(ddof=1) / np.sqrt(len(seeds)))


def table_of_losses(best: Best, shapes: Mapping[int, Sequence[int]]) -> str:
    """Mean best losses, one row for each number of parameters."""
    rows = []
    for d, shape in shapes.items():
        ahead, error = lead(best, d)
        wins = np.mean(best["random"][d] < np.minimum(*(best[name][d] for name in GRIDS)))
        rows.append([str(d), " x ".join(map(str, shape)), str(int(np.prod(shape))),
                     *(f"{best[name][d].mean():.4f}" for name in best), f"{ahead:+.4f} ± {error:.4f}", f"{wins:.0%}"])
    return table(["parameters", "grid", "trials", *best, "random ahead by", "better than both"], rows)


def crossing(best: Best) -> int | None:
    """The number of parameters from which random search is better than both grids, by more than two standard errors."""
    ahead = [d for d in PARAMETERS if lead(best, d)[0] > 2.0 * lead(best, d)[1]]
    return ahead[0] if ahead and ahead == [d for d in PARAMETERS if d >= ahead[0]] else None


def overtaking(best: Best, what: str) -> str:
    """Whether random search overtakes the grids, and where."""
    first = crossing(best)
    if first is None:
        return verdict(False, f"{what}: random does not overtake for good between {PARAMETERS[0]} and {PARAMETERS[-1]} "
                              "parameters")
    before = " and behind with fewer" if first > PARAMETERS[0] and lead(best, first - 1)[0] < 0.0 else ""
    return verdict(True, f"{what}: random is ahead of both grids from {first} parameters on{before}")


def plot(found: dict[str, Best], path: Path) -> None:
    """Mean best losses by the number of parameters, one panel for each budget."""
    with harness.drawn(path, 1, len(found), figsize=(11, 4.4), sharey=True) as panels:
        for axes, (way, best) in zip(panels, found.items(), strict=True):
            for name, losses in best.items():
                style = "s--" if name in GRIDS else "o-"
                axes.plot(list(losses), [values.mean() for values in losses.values()], style, label=name)
            first = crossing(best)
            if first is not None:
                axes.axvline(first - 0.5, color="0.6", lw=1.0)
                axes.text(first - 0.45, 0.96, "random ahead", transform=axes.get_xaxis_transform(), color="0.4",
                          va="top")
            axes.set(yscale="log", xticks=PARAMETERS, title=way, xlabel="parameters, two of which matter")
            axes.set_xticklabels([f"{d}\n({np.prod(shape)} trials)" for d, shape in WAYS[way].items()])
            axes.grid(True, alpha=0.3)
        panels[0].set_ylabel("mean best loss (the optimum has 0)")
        panels[-1].legend(fontsize="small", loc="lower left")


def report(found: dict[str, Best], given: Namespace) -> list[str]:
    """A table and a bar for each number of trials, and the picture."""
    plot(found, given.picture)
    paragraphs = [f"{given.seeds} seeds x {len(FAMILIES)} functions. Numbers are mean best losses, smaller is better; "
                  "a lead is over the better grid, with its standard error."]
    for way, best in found.items():
        paragraphs += [f"## {way}", table_of_losses(best, WAYS[way])]
    return [*paragraphs, harness.shown(given.picture),
            "\n".join(overtaking(best, way) for way, best in found.items())]


ANSWER = (
    "Won: random search is ahead of both grids from 3 parameters on, if two matter. Lost: with 2 parameters a grid has "
    "the better loss.")
BENCHMARK = Benchmark("Random search against a grid", measure, report, quick=f"{QUICK_SEEDS} seeds", options={
    "--seeds": {"type": count, "help": f"seeds, each with {len(FAMILIES)} functions ({SEEDS})"}})
