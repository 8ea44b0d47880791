"""The claims of lesson 25, crossing curves of the trainings."""

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(25, "race")
SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}


def _crossing(curves):
    """The share of pairs whose order after three epochs is not that at the end."""
    a, b = np.triu_indices(len(curves), 1)
    return np.mean((curves[a, 2] - curves[b, 2]) * (curves[a, -1] - curves[b, -1]) < 0)


@claim("25a")
def good_curves_cross(draw):
    """Of pairs of the best quarter more than 40 % cross after three epochs, of all pairs fewer than 30 %."""
    curves = st.datasets.load_trainings().validation.reshape(-1, 27).astype(int)
    curves = curves[np.random.default_rng(draw).choice(len(curves), 300, replace=False)]
    of_best = _crossing(curves[curves[:, -1] >= np.quantile(curves[:, -1], 0.75)])
    return of_best > 0.4 and _crossing(curves) < 0.3, of_best


def _mean_regret(draw, n, epochs, races, searches):
    """The mean regret of the best of several races from so many epochs on."""
    lesson.rng = np.random.default_rng([draw, n, races])
    return np.mean([max((lesson.race(n, epochs) for _ in range(races)), key=lambda won: won[0])[1]
                    for _ in range(searches)])


@claim("25b")
def begin_early_with_little(draw):
    """With one race of 81 epochs the mean regret of 4000 is lower from the first epoch on than from the third."""
    gain = _mean_regret(draw, 12, 3, 1, 4000) - _mean_regret(draw, 27, 1, 1, 4000)
    return gain > 0, gain


@claim("25c")
def begin_late_with_much(draw):
    """With ten races the mean regret of 700 searches is lower from the third epoch on than from the first."""
    gain = _mean_regret(draw, 27, 1, 10, 700) - _mean_regret(draw, 12, 3, 10, 700)
    return gain > 0, gain


@claim("25d")
def halving_is_cheap_and_risky(draw):
    """Asynchronous halving takes fewer than half of the epochs of median stopping; its mean regret of 80 is higher."""
    epochs, regrets = [], []
    for rule in (st.AsyncHalving(min_steps=1, eta=3), st.MedianStopping(parallel=1)):
        trainings = st.datasets.load_trainings()
        studies = [st.Study(SPACE, "random", direction="maximize", seed=seed, stopping=rule).run(
            trainings.objective(), 27, progress=False) for seed in range(80 * draw, 80 * (draw + 1))]
        epochs.append(sum(len(trial.reports) for study in studies for trial in study.trials))
        regrets.append(np.mean([trainings.regret(study.best_params) for study in studies]))
    return epochs[0] < 0.5 * epochs[1] and regrets[0] > regrets[1], regrets[0] - regrets[1]
