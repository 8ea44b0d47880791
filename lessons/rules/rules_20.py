"""The claims of lesson 20, explore or exploit."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson
from scratchtune.core.search.bayesian import acquisition
from scratchtune.core.search.bayesian import gaussian_process as gp

lesson = of_lesson(20, "search", "process", "valleys", "SCORES")
LINE, STARTS = lesson.line[:, None], 40
MAP = np.array([(i / 10, j / 5) for i in range(11) for j in range(6)])


def _gap(rows, losses, length, score, start, trials):
    return losses[lesson.search(rows, losses, length, score, start, trials)].min() - losses.min()


@cache
def _on_valleys(draw):
    """The mean gap to the lowest loss of each score, over landscapes with two valleys; three random trials first."""
    gaps = {score: [] for score in lesson.SCORES}
    for k in range(STARTS):
        rng = np.random.default_rng([draw, k])
        losses, start = lesson.valleys(rng), rng.choice(201, 3, replace=False)
        for score, found in gaps.items():
            found.append(_gap(LINE, losses, 0.12, score, start, 20))
    return {score: float(np.mean(found)) for score, found in gaps.items()}


@claim("20a")
def improvement_is_best_with_two_valleys(draw):
    """With two valleys and 20 trials, expected improvement has a lower mean gap than the lowest mean or largest std."""
    gaps = _on_valleys(draw)
    return gaps["expected improvement"] < min(gaps["lowest mean"], gaps["largest std"]), gaps["expected improvement"]


@claim("20b")
def the_mean_is_best_with_one_valley(draw):
    """On the trainings' map of rate and batch size, with 15 trials, the lowest mean has the lowest mean gap."""
    rng = np.random.default_rng(draw)
    errors = 100.0 * (1.0 - st.datasets.load_trainings().expected[:, :, 0, 0, 1]).ravel()
    starts = [rng.choice(66, 3, replace=False) for _ in range(STARTS)]
    gaps = {score: np.mean([_gap(MAP, errors, 0.4, score, start, 15) for start in starts]) for score in lesson.SCORES}
    lead = gaps["expected improvement"] - gaps["lowest mean"]
    return lead > 0 and gaps["lowest mean"] < gaps["largest std"], lead


@claim("20c")
def improvement_underflows(draw):
    """After 20 trials with two valleys, the expected improvement is exactly 0 at more than one point in ten."""
    shares = []
    for k in range(5):
        rng = np.random.default_rng([draw, k])
        losses = lesson.valleys(rng)
        tried = lesson.search(LINE, losses, 0.12, "expected improvement", rng.choice(201, 3, replace=False), 20)
        process = lesson.process(LINE[tried], losses[tried], 0.12)
        mean, variance = gp.predict(process, LINE)
        shares.append(np.mean([acquisition.expected_improvement(m, s, process.values.min()) == 0.0
                               for m, s in zip(mean, np.sqrt(variance), strict=True)]))
    return np.mean(shares) > 0.1, np.mean(shares)
