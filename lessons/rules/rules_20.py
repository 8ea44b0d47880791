"""The claims of lesson 20, explore or exploit."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.search.bayesian import acquisition
from scratchtune.search.bayesian import gaussian_process as gp

LINE, STARTS = np.linspace(0.0, 1.0, 201), 40
MAP = np.array([(i / 10, j / 5) for i in range(11) for j in range(6)])


def _log_ei(mean, std, best):
    return np.array([acquisition.log_expected_improvement(m, s, best) for m, s in zip(mean, std, strict=True)])


SCORES = {"mean": lambda mean, std, best: -mean, "std": lambda mean, std, best: std, "improvement": _log_ei}


def _predicted(rows, losses, tried, length):
    """The process's means and standard deviations at all rows, and the best value, standardised."""
    d, seen = rows.shape[1], losses[tried]
    theta = np.log([length] * d + [1.0, 1e-12, 1e-3])
    process = gp.condition(rows[tried], (seen - seen.mean()) / seen.std(), np.zeros(d), theta)
    mean, variance = gp.predict(process, rows)
    return mean, np.sqrt(variance), process.values.min()


def _search(rows, losses, length, score, start, trials):
    tried = list(start)
    while len(tried) < trials:
        scores = SCORES[score](*_predicted(rows, losses, tried, length))
        scores[tried] = -np.inf
        tried.append(int(scores.argmax()))
    return tried


def _valleys(rng):
    wide, deep = rng.permutation([rng.uniform(0.1, 0.35), rng.uniform(0.65, 0.9)])
    return 1.0 - 0.5 * np.exp(-(((LINE - wide) / 0.15) ** 2)) - np.exp(-(((LINE - deep) / 0.06) ** 2))


def _gap(rows, losses, length, score, start, trials):
    return losses[_search(rows, losses, length, score, start, trials)].min() - losses.min()


@cache
def _on_valleys(draw):
    """The mean gap to the lowest loss of each score, over landscapes with two valleys; three random trials first."""
    gaps = {score: [] for score in SCORES}
    for k in range(STARTS):
        rng = np.random.default_rng([draw, k])
        losses, start = _valleys(rng), rng.choice(201, 3, replace=False)
        for score, found in gaps.items():
            found.append(_gap(LINE[:, None], losses, 0.12, score, start, 20))
    return {score: float(np.mean(found)) for score, found in gaps.items()}


@claim("20a")
def improvement_is_best_with_two_valleys(draw):
    """With two valleys and 20 trials, expected improvement has a lower mean gap than the lowest mean or largest std."""
    gaps = _on_valleys(draw)
    return gaps["improvement"] < min(gaps["mean"], gaps["std"]), gaps["improvement"]


@claim("20b")
def the_mean_is_best_with_one_valley(draw):
    """On the trainings' map of rate and batch size, with 15 trials, the lowest mean has the lowest mean gap."""
    rng = np.random.default_rng(draw)
    errors = 100.0 * (1.0 - st.datasets.load_trainings().expected[:, :, 0, 0, 1]).ravel()
    starts = [rng.choice(66, 3, replace=False) for _ in range(STARTS)]
    gaps = {score: np.mean([_gap(MAP, errors, 0.4, score, start, 15) for start in starts]) for score in SCORES}
    return gaps["mean"] < min(gaps["improvement"], gaps["std"]), gaps["improvement"] - gaps["mean"]


@claim("20c")
def improvement_underflows(draw):
    """After 20 trials with two valleys, the expected improvement is exactly 0 at more than one point in ten."""
    shares = []
    for k in range(5):
        rng = np.random.default_rng([draw, k])
        losses = _valleys(rng)
        tried = _search(LINE[:, None], losses, 0.12, "improvement", rng.choice(201, 3, replace=False), 20)
        mean, std, best = _predicted(LINE[:, None], losses, tried, 0.12)
        shares.append(np.mean([acquisition.expected_improvement(m, s, best) == 0.0
                               for m, s in zip(mean, std, strict=True)]))
    return np.mean(shares) > 0.1, np.mean(shares)
