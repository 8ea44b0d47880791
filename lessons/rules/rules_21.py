"""The claims of lesson 21, two densities."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.core.search.bayesian import parzen
from scratchtune.core.search.searcher import Result

LINE = st.search.Space({"x": st.Float(0.0, 1.0)})


def _searched(loss, key, with_g=True):
    """The unit values of 40 trials: ten at random, then of TPE, or of the candidates with the highest l."""
    seen = []
    for number in range(40):
        rng = np.random.default_rng([*key, number])
        if number < 10:
            x = float(rng.random())
        elif with_g:
            x = parzen.propose(LINE, seen, [], number, rng)[0]["x"]
        else:
            density = parzen.fitted_densities(LINE, seen, []).good_density
            candidates = density.draw(48, rng)
            x = float(candidates[density.log_density(candidates).argmax(), 0])
        seen.append(Result(number, {"x": x}, float(loss(x)), "done"))
    return np.array([trial.params["x"] for trial in seen])


@cache
def _lowest(draw):
    """The lowest losses of random search and of TPE, on 40 landscapes with a wide and a deeper, narrow valley."""
    lowest = []
    for k in range(40):
        rng = np.random.default_rng([draw, k])
        wide, deep = rng.permutation([rng.uniform(0.15, 0.4), rng.uniform(0.65, 0.9)])

        def loss(x, wide=wide, deep=deep):
            return 1.0 - 0.7 * np.exp(-(((x - wide) / 0.15) ** 2)) - np.exp(-(((x - deep) / 0.08) ** 2))

        lowest.append((loss(rng.random(40)).min(), loss(_searched(loss, [draw, k])).min()))
    return np.array(lowest).T


@claim("21a")
def random_finds_the_deep_valley(draw):
    """Random search finds the deep, narrow valley in more of 40 searches than TPE."""
    by_chance, by_tpe = (np.mean(each < 0.2) for each in _lowest(draw))
    return by_chance > by_tpe, by_chance - by_tpe


@claim("21b")
def tpe_has_the_lower_median(draw):
    """On the same 40 landscapes TPE has the lower median of the lowest loss."""
    by_chance, by_tpe = (np.median(each) for each in _lowest(draw))
    return by_tpe < by_chance, by_chance - by_tpe


@claim("21c")
def without_g_the_trials_hardly_spread(draw):
    """Without g, trials 20 to 40 have less than a fifth of the standard deviation, over 15 searches."""

    def loss(x):
        return 1.0 - 0.7 * np.exp(-(((x - 0.3) / 0.15) ** 2)) - np.exp(-(((x - 0.78) / 0.08) ** 2))

    spreads = [np.mean([_searched(loss, [draw, k], with_g)[20:].std() for k in range(15)]) for with_g in (True, False)]
    return spreads[1] < 0.2 * spreads[0], spreads[1] / spreads[0]
