"""The claims of lesson 28: a landscape on which each of the default's two models fails alone."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

PAIRS = 16  # of a draw on the checkerboard


def _valley(x, best):
    return 4.0 * np.mean((x - best) ** 2) + 2.0 * (x[0] - best[0] - x[1] + best[1]) ** 2


def _board(x, best):
    return np.mean(abs(x - best)) + 0.5 * ((np.floor(8.0 * x) + np.floor(8.0 * best)).sum() % 2.0)


@cache
def _best_losses(landscape, model, d, first, count):
    """The mean best loss of 40 trials, over so many searches."""
    found = []
    for seed in range(first, first + count):
        best = np.random.default_rng(seed).uniform(0.15, 0.85, d)
        study = st.Study({f"x{k}": st.Float(0.0, 1.0) for k in range(d)}, st.BayesianSearch(model=model), seed=seed)
        study.run(lambda t, best=best: landscape(np.array(list(t.params.values())), best), 40, progress=False)
        found.append(study.best_value)
    return np.mean(found)


@claim("28a")
def parzen_in_a_valley(draw):
    """On a smooth valley in four dimensions TPE alone has a higher mean best loss than the process and the default."""
    of_tpe, of_process, of_both = (_best_losses(_valley, model, 4, 10 * draw, 4) for model in ("tpe", "gp", "auto"))
    return of_tpe > max(of_process, of_both), of_tpe / max(of_process, of_both)


def _on_board(draw, model):
    return _best_losses(_board, model, 2, PAIRS * draw, PAIRS)


@claim("28b", draws=12)
def process_on_a_board(draw):
    """On a checkerboard the process alone has a higher mean best loss of 16 searches than TPE alone."""
    gain = _on_board(draw, "gp") - _on_board(draw, "tpe")
    return gain > 0, gain


@claim("28c", draws=12)
def default_on_a_board(draw):
    """On a checkerboard the process alone has a higher mean best loss of 16 searches than the default."""
    gain = _on_board(draw, "gp") - _on_board(draw, "auto")
    return gain > 0, gain
