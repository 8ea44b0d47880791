"""The claims of lesson 23, evolution."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

MIXED = {"x": st.Float(-4.0, 4.0), "y": st.Float(-4.0, 4.0), "rate": st.Float(1e-4, 1.0, log=True),
         "units": st.Int(1, 200), "kind": ["a", "b", "c"]}


def _five(trial):
    p = trial.params
    x, y = p["x"], p["y"]
    slanted = 0.3 * (x - 1.0) ** 2 + 2.0 * (y + 0.6 * x) ** 2 + 0.5 * (2.0 - np.cos(3.0 * x) - np.cos(3.0 * y))
    bend = (np.log10(p["rate"]) + 2.0 + 0.2 * x) ** 2
    return float(slanted + bend + abs(p["units"] - 120) / 60 + {"a": 0.0, "b": 0.4, "c": 0.8}[p["kind"]])


def _lowest(space, loss, pairs, draw, **parts):
    studies = [st.Study(space, st.GeneticSearch(**parts), seed=pairs * draw + k) for k in range(pairs)]
    return np.mean([study.run(loss, n_trials=100, progress=False).best_value for study in studies])


@cache
def _without(draw):
    """The mean lowest loss of sixteen searches by the whole, without crossover, and without mutation."""
    return [_lowest(MIXED, _five, 16, draw, brood=1, **parts)
            for parts in ({}, {"crossover_rate": 0.0}, {"mutation_rate": 0.0})]


@claim("23a", draws=10)
def both_parts_help(draw):
    """Without crossover, and without mutation, the mean loss of sixteen searches of 100 trials is higher."""
    whole, no_crossover, no_mutation = _without(draw)
    return min(no_crossover, no_mutation) > whole, min(no_crossover, no_mutation) - whole


@claim("23b", draws=10)
def mutation_is_needed_more(draw):
    """Without mutation it is higher than without crossover."""
    _, no_crossover, no_mutation = _without(draw)
    return no_mutation > no_crossover, no_mutation - no_crossover


@claim("23c", draws=10)
def the_brood_helps_in_a_bowl(draw):
    """In a bowl of ten hyper-parameters, with its lowest point drawn, a brood of four has the lower mean loss."""
    lowest = np.random.default_rng(draw).uniform(0.15, 0.85, 10)

    def loss(trial):
        return float(100.0 * np.sum((np.array(list(trial.params.values())) - lowest) ** 2))

    space = {f"x{i}": st.Float(0.0, 1.0) for i in range(10)}
    alone, brood = (_lowest(space, loss, 10, draw, brood=count) for count in (1, 4))
    return brood < alone, alone - brood
